"""Decks for reveal.js: what they hold, what they say, and which files are no pictures."""

import base64
import hashlib
import html
import json
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

import trajectories as tj
from tests.plotting.reading import NIGHT, RECIPE, Film, bar, gif_with

EVERYTHING = ("zigzag.gif", "race.mp4", "race.webm", "tall.png", "tall.jpg", "tall.webp",
              "moving.apng", "drawing.svg", "page.html")  # fmt: skip
SGD = {"label": "SGD", "optimizer": {"name": "sgd", "lr": 0.95}}
ADAM = {
    "label": "Adam",
    "optimizer": {"name": "adam", "lr": 0.3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
}
BOWL = {"formula": "x**2/20 + y**2", "name": "x**2/20 + y**2", "start": [0.5, 0.5]}
PILLOW = {"gif": "GIF", "png": "PNG", "jpg": "JPEG", "webp": "WEBP", "apng": "PNG"}


def sections(fragment):
    return re.findall("(?s)<section.*?</section>", re.sub("(?s)<!--.*?-->", "", fragment, count=1))


class Said:
    """What a slide says."""

    def __init__(self, section):
        find = lambda pattern: [html.unescape(one) for one in re.findall(pattern, section)]  # noqa: E731
        self.section = section
        (self.title,) = find("(?s)<h2[^>]*>(.*?)</h2>")
        self.notes = find("<p>(.*?)</p>")
        self.recipe = "".join(find("(?s)<pre>(.*?)</pre>"))
        (self.about,) = find(' (?:alt|aria-label|title)="([^"]*)"')
        self.ground = "".join(find('data-background-color="#(.{6})"'))
        self.size = [int(side) for side in find(r' (?:width|height)="(\d+)"')]


@pytest.fixture(scope="module")
def fragment(album, tmp_path_factory):
    path = tmp_path_factory.mktemp("deck") / "talk.html"
    return tj.deck([album / name for name in EVERYTHING], path).read_text("ascii")


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    """Return a function that makes a deck of one file, and returns what its slide says."""
    folder = tmp_path_factory.mktemp("show")

    def shown(path, **how):
        text = tj.deck(path, folder / "talk.html", **how).read_text("ascii")
        return Said(*sections(text))

    return shown


@pytest.fixture(scope="module")
def say(show, tmp_path_factory):
    """Return a function that tells what is said of a GIF with a recipe."""
    path = tmp_path_factory.mktemp("say") / "zigzag.gif"

    def said(text=None, title=None, **changes):
        data = {"surface": BOWL, "descent": {"start": [-7.0, 2.0], "steps": 30}}
        data = {"trajectories": "0.1.0", **data, "paths": [SGD, ADAM], **changes}
        Film(bar(1), json.dumps(data) if text is None else text).save(path)
        return show(path, titles=title)

    return said


def test_media_are_held_byte_for_byte(fragment, album):
    found = sections(fragment)
    assert len(found) == len(EVERYTHING)
    for name, section in zip(EVERYTHING[:-1], found, strict=False):
        ((kind, data),) = re.findall('src="data:([a-z/+0-9]+);base64,([^"]*)"', section)
        assert base64.b64decode(data) == (album / name).read_bytes()
        wanted = {"jpg": "jpeg", "svg": "svg+xml"}.get(name[-3:], name.rpartition(".")[2])
        assert kind.partition("/")[2] == wanted
    for word in ("<html", "<body", "<head", "http:"):
        assert word not in re.sub('srcdoc="[^"]*"', "", fragment)


def test_titles_notes_words_and_grounds(fragment):
    first, *_, page = (Said(section) for section in sections(fragment))
    assert first.title == "Bowl: SGD, <Adam> & co"
    assert first.notes[0] == "zigzag.gif"
    assert first.recipe == RECIPE
    assert "<Adam>" not in first.section
    plain = Said(sections(fragment)[3])
    assert (plain.notes, plain.recipe, plain.about) == (["tall.png"], "", "Picture: tall")
    assert (first.ground, plain.ground, page.ground) == ("FFFFFF", "11161D", "FFFFFF")
    assert "--ink: #EDF1F5" in plain.section
    assert page.about.startswith("Interactive picture: the paths of")


def test_page_stands_in_a_frame_that_cannot_reach_the_deck(fragment, album):
    (tag,) = re.findall("<iframe [^>]*>", sections(fragment)[-1])
    assert ' sandbox="allow-scripts"' in tag
    page = html.unescape(re.search('srcdoc="([^"]*)"', tag)[1])
    original = (album / "page.html").read_text("utf-8")
    scripts = "(?s)<script.*?</script>"
    assert re.findall(scripts, original) == re.findall(scripts, page)
    # It has one ground now; its policy knows the style sheet that says so.
    style = re.search("(?s)<style>(.*?)</style>", page)[1]
    assert "prefers-color-scheme: dark" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page


def test_page_of_another_make_stays_as_it_is(show, tmp_path):
    text = "<!-- made\nby hand --> <HTML lang=en>"
    text += '<style>@media (prefers-color-scheme: dark) {}</style><p title="ä&amp;">'
    (tmp_path / "a.html").write_text(text, encoding="utf-8-sig")
    section = show(tmp_path / "a.html").section
    assert html.unescape(re.search('srcdoc="([^"]*)"', section)[1]) == text


# --- files: their sizes and grounds


def frames(count, ground=NIGHT):
    return bar(count, (96, 54), ground, ground)


def saved(path, count):
    first, *others = map(Image.fromarray, frames(count))
    more = {"save_all": True, "append_images": others, "duration": 100} if others else {}
    first.save(path, PILLOW[path.suffix[1:]], **more)
    return path


def test_picture_is_known_by_size_ground_and_motion(show, tmp_path):
    for suffix in PILLOW:
        for count in (1, 3)[: 1 + (suffix != "jpg")]:
            said = show(saved(tmp_path / f"a.{suffix}", count))
            assert said.size == [96, 54]
            ground = np.frombuffer(bytes.fromhex(said.ground), np.uint8).astype(int)
            assert np.abs(ground - NIGHT).max() <= 3
            assert said.about == ("Picture: a" if count == 1 else "Moving picture: a")


@pytest.mark.parametrize("theme", [None, "dark"])
def test_drawing_and_page_have_the_ground_of_their_figure(theme, short, show, tmp_path):
    tj.plot(short, theme=theme, size=(160, 120)).figure.savefig(tmp_path / "a.svg")
    tj.animate(short, theme=theme).save(tmp_path / "a.html")
    for name in ("a.svg", "a.html"):
        assert show(tmp_path / name).ground == ("11161D" if theme else "FFFFFF")


@pytest.mark.parametrize("suffix", ["mp4", "webm"])
def test_ground_of_a_video_is_that_of_its_last_frame_or_poster(suffix, show, tmp_path, monkeypatch):
    pytest.importorskip("av", reason="PyAV writes the videos")
    path = tmp_path / f"a.{suffix}"
    Film([*frames(30, (255, 255, 255)), *frames(10)]).save(path, fps=10, poster=False)
    # A picture that has another shape, or is none, is none of its own.
    Image.new("RGB", (100, 100), "red").save(tmp_path / "a.png")
    (tmp_path / "a.poster.png").write_bytes(b"no picture")
    said = show(path)
    assert said.size == [96, 54]
    ground = np.frombuffer(bytes.fromhex(said.ground), np.uint8).astype(int)
    assert np.abs(ground - NIGHT).max() <= 2
    for name, color in (("a.png", (7, 8, 9)), ("a.poster.png", (9, 8, 7))):
        Image.new("RGB", (192, 108), color).save(tmp_path / name)
        assert show(path).ground == bytes(color).hex().upper()
        assert show(path).size == [96, 54]
        (tmp_path / name).unlink()
    monkeypatch.setitem(sys.modules, "av", None)
    said = show(path)
    assert (said.size, said.ground) == ([96, 54] if suffix == "mp4" else [], "FFFFFF")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gif", b"GIF89a"),
        ("a.png", b"\x89PNG\r\n\x1a\nand no more"),
        ("a.jpg", b"text"),
        ("a.webm", b"\x1a\x45\xdf\xa3and no more"),
        ("a.svg", b"<svg"),
        ("a.html", b"<html>\xff\xfe"),
    ],
)
def test_damaged_file_is_refused_by_name(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.\w+' cannot be read as \.\w+: \S") as caught:
        tj.deck(tmp_path / name, tmp_path / "talk.html")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.gif", "a.jpg", "a.webp", "a.mp4"])
def test_file_that_was_cut_off_is_refused(name, tmp_path):
    path = tmp_path / name
    if path.suffix == ".mp4":
        pytest.importorskip("av", reason="PyAV writes the videos")
        Film(frames(40)).save(path, poster=False)
    else:
        saved(path, 1 if path.suffix == ".jpg" else 5)
    content = path.read_bytes()
    for part in (0.3, 0.8):
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(ValueError, match="cannot be read"):
            tj.deck(path, tmp_path / "talk.html")


def test_suffix_must_tell_the_truth(tmp_path):
    saved(tmp_path / "a.png", 1).rename(tmp_path / "a.gif")
    with pytest.raises(ValueError, match=r"a\.gif' cannot be read as \.gif: it is PNG"):
        tj.deck(tmp_path / "a.gif", tmp_path / "talk.html")


# --- words


def test_recipe_is_told_to_people(say):
    said = say()
    assert said.title == "x²/20 + y²: SGD, Adam"
    assert said.notes == [
        "zigzag.gif",
        "Surface: f(x, y) = x**2/20 + y**2",
        "SGD: lr = 0.95",
        "Adam: lr = 0.3, beta1 = 0.9, beta2 = 0.999, eps = 1e-08",
        "Start: (-7, 2)",
        "Steps: 30",
    ]
    assert said.about == (
        "Picture: the paths of SGD, Adam over the contours of "
        "f(x, y) = x**2/20 + y**2 from (-7, 2) in 30 steps"
    )
    said = say(title="  Why\nmomentum  helps ")
    assert said.title == "Why momentum helps"
    assert said.notes[1].startswith("Surface")


def test_what_is_particular_is_told(say):
    said = say(surface={"formula": "(1 - x)**2 + 100*(y - x**2)**2", "name": "rosen_brock"})
    assert said.title == "Rosen brock: SGD, Adam"
    assert said.notes[1] == "Surface: Rosen brock, f(x, y) = (1 - x)**2 + 100*(y - x**2)**2"
    slow = {**SGD, "label": "slow", "descent": {"start": [1.0, 2.0], "steps": 9}}
    own = {"label": "mine", "optimizer": {"own": "Mine", "lr": "cosine(0.1, steps=60)"}}
    notes = say(paths=[slow, own], descent={"noise": 0.1, "seed": 3, "tolerance": 1e-3}).notes
    assert notes[2] == "slow (SGD): lr = 0.95, start = (1, 2), steps = 9"
    assert notes[3] == "mine (Mine): lr = cosine(0.1, steps=60)"
    assert notes[4:] == ["Noise: 0.1", "Seed: 3", "Tolerance: 0.001"]


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ({"shape": [200, 2], "float64": "eJwDAAAAAAE="}, "200 x 2 values"),
        ([[1.0, 2.0], [3.0, 4.0]], "(1, 2), (3, 4)"),
        ([[1.0, 2.0]] * 9, "9 values"),
    ],
)
def test_several_starts_and_long_arrays_are_counted_or_listed(start, words, say):
    assert f"Start: {words}" in say(descent={"start": start}).notes


@pytest.mark.parametrize(
    "rest", ["}", ',"surface":3,"paths":"no"}', "", ',"results":' + "[" * 9999]
)
def test_what_is_no_recipe_is_shown_as_it_is(rest, say):
    text = '{"trajectories":1' + rest
    said = say(text)
    assert (said.title, said.notes, said.recipe) == ("zigzag", ["zigzag.gif"], text)


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("x**2*y**2", "x²·y²"),
        ("x**10 + x**2.5", "x¹⁰ + x^2.5"),
        ("100*(y - x**2)**2", "100·(y - x²)²"),
    ],
)
def test_formula_is_written_as_it_is_read(formula, shown, say):
    assert say(surface={"formula": formula, "name": formula}).title == f"{shown}: SGD, Adam"


def test_hostile_recipe_makes_no_endless_notes(say):
    label = {"label": "x" * 4000, "optimizer": {"name": "y" * 4000, "z" * 4000: 1}}
    said = say(paths=[label] * 150)
    assert len(said.title) <= 120
    assert len(said.notes) <= 100
    assert max(map(len, said.notes)) <= 1000
    assert len(said.about) <= 1020
    assert len(said.recipe) == 20_000


@settings(max_examples=15, deadline=None, database=None, derandomize=True)
@given(st.text(st.characters(codec=None), max_size=30))
def test_nothing_is_said_that_a_slide_cannot_hold(say, text):
    said = say(surface={"name": text}, paths=[{"label": text}], title=text or None)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", said.section)
    codes = [int(code) for code in re.findall(r"&#(\d+);", said.section)]
    assert not [code for code in codes if 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE]
    assert "\n" not in said.title


def test_maps_and_experiments_are_told_by_what_they_show(show, say, tmp_path):
    found = tj.basins("himmelblau", "sgd:0.01", 30, resolution=4)
    tj.plot_basins([found], size=(300, 200)).savefig(tmp_path / "a.png")
    said = show(tmp_path / "a.png")
    assert said.title == "Himmelblau: SGD"
    assert said.about.startswith("Picture: where each start leads: SGD on f(x, y) = (x**2")
    assert said.notes[1].startswith("Surface: Himmelblau, f(x, y) = ")
    assert said.notes[2:] == ["SGD: lr = 0.01", "Steps: 30"]
    race = {"optimizers": {"SGD 0.1": {"name": "sgd", "lr": 0.1}}, "iterations": 20}
    race["batch_size"] = 128
    told = {"experiment": "zero_weights", "data": {"name": "digits"}, "settings": race}
    told["seeds"] = [0, 1, 2]
    results = [{"kind": "experiment", "told": told}]
    said = say(json.dumps({"trajectories": "0.1.0", "results": results}))
    assert said.title == "Zero weights on digits: SGD 0.1"
    assert said.about == "Picture: networks in training: Zero weights on digits"
    shown = ["Zero weights on digits", "lr = 0.1", "20", "128", "0, 1, 2"]
    assert [note.partition(": ")[2] for note in said.notes[1:]] == shown


def test_races_are_told_by_their_surface_and_optimizers(show, tmp_path):
    race = tj.tune("sphere", ["sgd", "adam"], (1, 2), 5, trials=2, noise=0.5, rng=0)
    tj.plot_tuning(race).savefig(tmp_path / "a.png")
    said = show(tmp_path / "a.png")
    assert said.title == "Sphere: SGD, Adam"
    assert {"Start: (1, 2)", "Noise: 0.5"} <= set(said.notes)


@pytest.mark.parametrize("results", [5, [7], [{"kind": []}], [{"kind": "basins", "told": 3}]])
def test_results_of_any_form_break_nothing(results, show, tmp_path):
    text = json.dumps({"trajectories": "0.1.0", "results": results})
    Image.new("RGB", (3, 3)).save(tmp_path / "a.gif", comment=text)
    assert gif_with(text)[13:-1] in (tmp_path / "a.gif").read_bytes()
    assert show(tmp_path / "a.gif").title == "a"
