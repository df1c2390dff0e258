"""Decks: what is asked for, PowerPoint files as python-pptx reads them, and HTML as it stands."""

import base64
import hashlib
import html
import io
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from trajectories import compare
from trajectories.plotting.scene import Scene
from trajectories.plotting.writers import slides as reveal
from trajectories.plotting.writers.deck import deck
from trajectories.plotting.writers.formats import write_mp4, write_webm
from trajectories.plotting.writers.gif import Stream, timing, write_gif
from trajectories.plotting.writers.page import page_html

NIGHT, PAPER = (17, 22, 29), (255, 255, 255)
RECIPE = (
    '{"trajectories":"0.1.0","format":1,"kind":"animation",'
    '"surface":{"formula":"x**2/20 + y**2","name":"bowl"},'
    '"descent":{"start":[-7.0,2.0],"steps":30},'
    '"paths":[{"label":"SGD","optimizer":{"name":"sgd","lr":0.95}},'
    '{"label":"<Adam> & co","optimizer":{"name":"adam","lr":0.3}}]}'
)
NOTES = [
    "Surface: Bowl, f(x, y) = x**2/20 + y**2",
    "SGD: lr = 0.95",
    "<Adam> & co: lr = 0.3",
    "Start: (-7, 2)",
    "Steps: 30",
]
INCH = 914_400


def stream(ground, size, count=4, comment=""):
    """Return frames in which a bar goes across a ground."""
    buffer = np.full((size[1], size[0], 4), 255, np.uint8)

    def paint(step):
        buffer[..., :3] = ground
        buffer[8:20, 10 + 5 * step :][:, :8, :3] = (255, 138, 61)
        return buffer

    return Stream(paint, size, range(count), 10.0, comment=comment)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """Return a folder with a file of each kind; the moving ones have a recipe."""
    pytest.importorskip("av", reason="PyAV writes the videos")
    folder = tmp_path_factory.mktemp("album")
    with open(folder / "zigzag.gif", "wb") as file:
        write_gif(file, stream(PAPER, (80, 60), comment=RECIPE))
    with open(folder / "race.mp4", "wb") as file:
        write_mp4(file, stream(NIGHT, (120, 54), comment=RECIPE))
    with open(folder / "race.webm", "wb") as file:
        write_webm(file, stream(NIGHT, (120, 54), comment=RECIPE))
    tall = Image.new("RGB", (50, 100), NIGHT)
    tall.save(folder / "tall.png")
    tall.save(folder / "tall.jpg", quality=95)
    tall.save(folder / "tall.webp", lossless=True)
    moving = {"save_all": True, "append_images": [Image.new("RGB", (50, 100), "red")]}
    tall.save(folder / "moving.png", "PNG", **moving)
    tall.save(folder / "moving.apng", "PNG", **moving)
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60"></svg>'
    (folder / "drawing.svg").write_text(drawing)
    scene = Scene.of(compare("x**2/20 + y**2", ["sgd:0.95"], start=(-7, 2), steps=5))
    (folder / "page.html").write_text(page_html(scene, recipe=RECIPE), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def pptx():
    return pytest.importorskip("pptx", reason="python-pptx reads and writes decks")


@pytest.fixture
def shown(album, pptx, tmp_path):
    """Return a function that makes a deck of files of the album, and reads it."""

    def make(*names, **options):
        path = deck([album / name for name in names], tmp_path / "talk.pptx", **options)
        return pptx.Presentation(str(path))

    return make


def picture(slide):
    (found,) = [shape for shape in slide.shapes if not shape.is_placeholder]
    return found


def background(slide):
    return tuple(slide.background.fill.fore_color.rgb)


def ink(slide):
    (paragraph,) = slide.shapes.title.text_frame.paragraphs
    return tuple(paragraph.font.color.rgb)


# --- PowerPoint


def test_there_is_a_wide_slide_for_each_file_in_order(shown):
    talk = shown("zigzag.gif", "race.mp4", "tall.png", "tall.jpg", "zigzag.gif")
    assert (talk.slide_width, talk.slide_height) == (12_192_000, 6_858_000)
    assert [picture(slide).name for slide in talk.slides] == [
        "zigzag.gif",
        "race.mp4",
        "tall.png",
        "tall.jpg",
        "zigzag.gif",
    ]


@pytest.mark.parametrize(
    ("name", "aspect"), [("zigzag.gif", 80 / 60), ("race.mp4", 120 / 54), ("tall.png", 0.5)]
)
def test_picture_is_as_large_as_there_is_room_and_keeps_its_shape(name, aspect, shown):
    talk = shown(name)
    (slide,) = talk.slides
    shape, title = picture(slide), slide.shapes.title
    assert shape.width / shape.height == pytest.approx(aspect, rel=1e-5)
    assert shape.top >= title.top + title.height
    left, right = shape.left, talk.slide_width - shape.left - shape.width
    above = shape.top - title.top - title.height
    below = talk.slide_height - shape.top - shape.height
    assert abs(left - right) <= 2
    assert min(left, right) >= 0.4 * INCH
    assert min(left, right) < 0.5 * INCH or above + below < 0.4 * INCH
    assert below >= 0.15 * INCH


@pytest.mark.parametrize("name", ["zigzag.gif", "tall.png", "tall.jpg"])
def test_picture_in_the_deck_is_the_file_byte_for_byte(name, shown, album):
    (slide,) = shown(name).slides
    assert picture(slide).image.blob == (album / name).read_bytes()


def test_movie_in_the_deck_is_the_file_and_has_its_last_frame_for_a_poster(shown, album):
    (slide,) = shown("race.mp4").slides
    movie = picture(slide)
    (video,) = [part for part in slide.part.package.iter_parts() if "/media" in part.partname[4:]
                and part.partname.endswith(".mp4")]  # fmt: skip
    assert video.blob == (album / "race.mp4").read_bytes()
    assert video.content_type == "video/mp4"
    assert movie.media_type.name == "MOVIE"
    poster = movie.poster_frame
    assert poster.content_type == "image/png"
    assert poster.size == (120, 54)


def test_movie_plays_by_itself_and_again_and_pauses_on_a_click(shown):
    (slide,) = shown("race.mp4").slides
    find = slide.element.xpath
    movie = str(picture(slide).shape_id)
    assert len(find("p:timing")) == 1
    play = './/p:seq[p:cTn/@nodeType="mainSeq"]//p:cmd[@cmd="playFrom(0.0)"]'
    assert find(f"{play}//p:cTn/@dur") == ["400"]
    assert find(f'{play}/ancestor::p:cTn[@presetClass="mediacall"]/@nodeType') == ["afterEffect"]
    assert find('.//p:cond[@evt="onBegin"]/p:tn/@val') == find('.//p:cTn[@nodeType="mainSeq"]/@id')
    assert find(".//p:video/p:cMediaNode/p:cTn/@repeatCount") == ["indefinite"]
    assert len(find('.//p:seq[p:cTn/@nodeType="interactiveSeq"]//p:cmd[@cmd="togglePause"]')) == 1
    assert set(find(".//p:spTgt/@spid")) == {movie}
    numbers = find(".//p:cTn/@id")
    assert numbers == [str(i + 1) for i in range(len(numbers))]
    # The schema wants the parts of a slide in this order.
    parts = [child.tag.rpartition("}")[2] for child in slide.element]
    assert parts == ["cSld", "clrMapOvr", "timing"]


def test_time_of_a_movie_that_is_not_known_is_indefinite():
    assert 'dur="indefinite" fill="hold"' in timing(4, 0.0)
    assert 'dur="1234"' in timing(4, 1.2341)


def test_still_slides_have_no_timing(shown):
    for slide in shown("zigzag.gif", "tall.png").slides:
        assert slide.element.xpath("p:timing") == []


@pytest.mark.parametrize("name", ["zigzag.gif", "race.mp4"])
def test_title_notes_and_alternative_text_come_from_the_recipe(name, shown):
    (slide,) = shown(name).slides
    assert slide.shapes.title.text_frame.text == "Bowl: SGD, <Adam> & co"
    notes = slide.notes_slide.notes_text_frame.text.split("\n")
    assert notes == [name, *NOTES, "", RECIPE]
    kind = {"zigzag.gif": "Moving picture", "race.mp4": "Video"}[name]
    about = picture(slide).element.nvPicPr.cNvPr.get("descr")
    assert about.startswith(f"{kind}: the paths of SGD, <Adam> & co over the contours of f(x, y)")


def test_file_without_a_recipe_is_called_by_its_name(shown):
    (slide,) = shown("tall.png").slides
    assert slide.shapes.title.text_frame.text == "tall"
    assert slide.notes_slide.notes_text_frame.text == "tall.png"
    assert picture(slide).element.nvPicPr.cNvPr.get("descr") == "Picture: tall"


def test_titles_that_are_given_are_taken(shown):
    talk = shown("zigzag.gif", "tall.png", titles=[None, "A & <b>\n\x0b\x1b wall"])
    titles = [slide.shapes.title.text_frame.text for slide in talk.slides]
    assert titles == ["Bowl: SGD, <Adam> & co", "A & <b> \ufffd\ufffd wall"]


def test_one_file_and_one_title_need_no_list(album, pptx, tmp_path):
    path = deck(album / "tall.png", str(tmp_path / "talk.PPTX"), titles="Tall")
    (slide,) = pptx.Presentation(str(path)).slides
    assert slide.shapes.title.text_frame.text == "Tall"


@pytest.mark.parametrize(
    ("length", "points"), [(5, 32), (46, 32), (50, 29), (60, 22), (130, 22), (200, 18)]
)
def test_long_titles_are_set_smaller(length, points, shown):
    (slide,) = shown("tall.png", titles="x" * length).slides
    assert slide.shapes.title.text_frame.paragraphs[0].font.size.pt == points


def test_names_that_xml_cannot_hold_are_no_harm(pptx, tmp_path):
    files = [tmp_path / "\x01&<\n.png", tmp_path / "\udcff.png"]
    for file in files:
        try:
            Image.new("RGB", (20, 20)).save(file)
        except OSError:
            pytest.skip("no such names here")
    talk = pptx.Presentation(str(deck(files, tmp_path / "\x02.pptx")))
    assert [picture(slide).name for slide in talk.slides] == ["\ufffd&< .png", "\ufffd.png"]
    deck(files, tmp_path / "talk.html")


def test_no_box_is_left_to_be_filled(shown):
    for slide in shown("zigzag.gif", "race.mp4", "tall.png").slides:
        assert [shape.placeholder_format.type.name for shape in slide.placeholders] == ["TITLE"]
        assert slide.shapes.title.text_frame.text


def test_slide_has_the_ground_of_its_picture_and_ink_that_stands_out(shown):
    talk = shown("zigzag.gif", "tall.png", "race.mp4")
    light, dark, video = talk.slides
    assert (background(light), background(dark)) == (PAPER, NIGHT)
    assert np.abs(np.subtract(background(video), NIGHT)).max() <= 2
    assert sum(ink(light)) < 150 < 600 < sum(ink(dark)) == sum(ink(video))


@pytest.mark.parametrize(("theme", "ground"), [("light", PAPER), ("Slides dark", NIGHT)])
def test_theme_gives_all_slides_one_ground(theme, ground, shown):
    for slide in shown("zigzag.gif", "tall.png", theme=theme).slides:
        assert background(slide) == ground
        assert (sum(ink(slide)) < 150) == (ground == PAPER)


@pytest.mark.parametrize("grey", range(0, 256, 15))
def test_title_can_be_read_on_any_ground(grey, pptx, tmp_path):
    Image.new("RGB", (20, 20), (grey, grey, grey)).save(tmp_path / "a.png")
    (slide,) = pptx.Presentation(str(deck([tmp_path / "a.png"], tmp_path / "a.pptx"))).slides

    def light(color):
        linear = [(c / 255 + 0.055) / 1.055 for c in color]
        linear = [c**2.4 if 255 * c > 10.3 else c / 13.7 for c in linear]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    one, other = sorted([light(background(slide)), light(ink(slide))])
    assert (other + 0.05) / (one + 0.05) > 3  # WCAG 2, large type.


def test_same_files_give_the_same_bytes(album, pptx, tmp_path):
    names = ["zigzag.gif", "race.mp4", "tall.png"]
    once, twice = tmp_path / "1" / "talk.pptx", tmp_path / "2" / "talk.pptx"
    for path in (once, twice):
        path.parent.mkdir()
        deck([album / name for name in names], path)
    assert once.read_bytes() == twice.read_bytes()
    with zipfile.ZipFile(once) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist()[0] == "[Content_Types].xml"
        assert archive.testzip() is None


def test_deck_tells_nothing_of_machine_or_template(shown, tmp_path):
    about = shown("zigzag.gif", "race.mp4").core_properties
    assert about.title == "talk"
    told = (about.author, about.last_modified_by, about.comments, about.keywords)
    assert told == ("", "", "", "")
    assert about.created.year == about.modified.year == 1980
    with zipfile.ZipFile(tmp_path / "talk.pptx") as archive:
        names = archive.namelist()
        text = b"".join(archive.read(name) for name in names if name.endswith((".xml", ".rels")))
    assert "ppt/viewProps.xml" in names
    assert not [n for n in names if re.search("printer|thumbnail|docProps/app", n)]
    for word in (b"Steve", b"Macintosh", b"python-pptx", str(tmp_path).encode(), b"4x3"):
        assert word not in text


def test_every_part_that_is_pointed_at_is_there(shown, tmp_path):
    shown("zigzag.gif", "race.mp4", "tall.png")
    with zipfile.ZipFile(tmp_path / "talk.pptx") as archive:
        names = set(archive.namelist())
        kinds = archive.read("[Content_Types].xml").decode()
        for name in names:
            if name.endswith(".rels"):
                folder = name.replace("_rels/", "").rpartition("/")[0]
                for target in re.findall(r'Target="([^"]*)"', archive.read(name).decode()):
                    parts = [] if target.startswith("/") else folder.split("/")
                    for step in target.strip("/").split("/"):
                        parts = parts[:-1] if step == ".." else [*parts, step]
                    assert "/".join(filter(None, parts)) in names, f"{name}: {target}"
        for name in re.findall(r'PartName="/([^"]*)"', kinds):
            assert name in names


def test_layouts_are_as_wide_as_the_slides(shown):
    talk = shown("tall.png")
    for page in (talk.slide_master, *talk.slide_layouts):
        for shape in page.placeholders:
            assert shape.left + shape.width <= talk.slide_width
    widest = max(shape.left + shape.width for shape in talk.slide_master.placeholders)
    assert widest > 0.9 * talk.slide_width


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("drawing.svg", "Slides cannot show .svg, as of .*drawing.svg': use .png"),
        ("tall.webp", "Slides cannot show .webp, as of .*: use .gif or .mp4"),
        ("moving.apng", "Slides cannot show .apng, .*: use .gif or .mp4"),
        ("race.webm", "Slides cannot show .webm, .*: use .gif or .mp4"),
        ("page.html", "Slides cannot show .html, .*: use .gif or .mp4"),
        ("moving.png", "only the first frame of an animated PNG, as .*moving.png' is: use .gif"),
    ],
)
def test_what_powerpoint_cannot_show_is_refused_with_what_it_can(name, words, album, tmp_path):
    with pytest.raises(ValueError, match=words):
        deck([album / "zigzag.gif", album / name], tmp_path / "talk.pptx")
    assert not list(tmp_path.iterdir())


def test_without_pyav_a_plain_picture_stands_for_a_movie(album, shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (slide,) = shown("race.mp4", theme="dark").slides
    poster = Image.open(io.BytesIO(picture(slide).poster_frame.blob))
    assert poster.size == (120, 54)
    assert poster.getpixel((0, 0)) == NIGHT
    assert poster.getpixel((60, 27)) == (128, 128, 128)
    (dark,) = shown("race.mp4").slides
    assert background(dark) == PAPER


def test_missing_python_pptx_is_one_line_that_says_how_to_get_it(album, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(ImportError) as caught:
        deck([album / "tall.png"], tmp_path / "talk.pptx")
    wanted = 'Writing .pptx needs python-pptx: pip install "trajectories[slides]"'
    assert str(caught.value) == wanted
    assert not list(tmp_path.iterdir())
    deck([album / "tall.png"], tmp_path / "talk.html")


def test_importing_the_deck_loads_no_python_pptx():
    code = "import sys, trajectories.plotting.decks.deck; print({'av', 'pptx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


# --- what is asked for


@pytest.mark.parametrize(
    ("files", "path", "options", "error", "words"),
    [
        ([], "a.pptx", {}, ValueError, r"`files` must be at least one path\. Got \[\]"),
        (None, "a.pptx", {}, TypeError, "`files` must be a path or several. Got None"),
        ([3], "a.pptx", {}, TypeError, "`files` must be a path or several. Got 3"),
        (["tall.png"], "a.odp", {}, ValueError, r"format of a deck '\.odp'.*\.pptx, \.html"),
        (["tall.png"], "a", {}, ValueError, "Unknown format of a deck ''"),
        (["a.mpg"], "a.pptx", {}, ValueError, r"Unknown kind of picture or video '\.mpg'"),
        (["none.gif"], "a.pptx", {}, FileNotFoundError, "none.gif"),
        (["tall.png"], "no/a.pptx", {}, FileNotFoundError, "the folder .* does not exist"),
        (["tall.png"], "a.pptx", {"theme": "drak"}, ValueError, "Did you mean 'dark'"),
        (["tall.png"], "a.pptx", {"titles": []}, ValueError, "must be as many as the files, 1"),
        (["tall.png"] * 2, "a.html", {"titles": "one"}, ValueError, "as many as the files, 2"),
        (["tall.png"], "a.html", {"titles": [3]}, TypeError, "`titles` must be texts. Got 3"),
        (["tall.png"], "a.html", {"titles": 3}, TypeError, "must be a text for each file"),
        (["tall.png", "page.html"], "page.html", {}, ValueError, "`path` must be another file"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_nothing_written(
    files, path, options, error, words, album, pptx, monkeypatch
):
    monkeypatch.chdir(album)
    before = {file: file.read_bytes() for file in album.iterdir()}
    with pytest.raises(error, match=words) as caught:
        deck(files, path, **options)
    assert "\n" not in str(caught.value)
    assert {file: file.read_bytes() for file in album.iterdir()} == before


@pytest.mark.parametrize("name", ["talk.pptx", "talk.html"])
def test_damaged_picture_leaves_the_old_deck_whole(name, album, pptx, tmp_path):
    (tmp_path / "bad.gif").write_bytes(b"GIF89a")
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(ValueError, match=r"bad\.gif' cannot be read as \.gif"):
        deck([album / "tall.png", tmp_path / "bad.gif"], tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def test_failing_writer_leaves_the_old_deck_whole(album, pptx, tmp_path, monkeypatch):
    monkeypatch.setattr(reveal, "_section", lambda slide: 1 / 0)
    (tmp_path / "talk.html").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        deck([album / "tall.png"], tmp_path / "talk.html")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


# --- reveal.js

EVERYTHING = ("zigzag.gif", "race.mp4", "race.webm", "tall.png", "tall.jpg", "tall.webp",
              "moving.apng", "drawing.svg", "page.html")  # fmt: skip


@pytest.fixture(scope="module")
def fragment(album, tmp_path_factory):
    path = tmp_path_factory.mktemp("deck") / "talk.html"
    return deck([album / name for name in EVERYTHING], path).read_bytes()


def sections(fragment):
    text = re.sub("(?s)<!--.*?-->", "", fragment.decode("ascii"), count=1)
    return re.findall("(?s)<section.*?</section>", text)


def test_fragment_is_sections_in_ascii(fragment):
    found = sections(fragment)
    assert len(found) == len(EVERYTHING)
    for word in (b"<html", b"<body", b"<head", b"http:"):
        assert word not in re.sub(rb'srcdoc="[^"]*"', b"", fragment)


def test_media_are_held_byte_for_byte(fragment, album):
    for name, section in zip(EVERYTHING[:-1], sections(fragment), strict=False):
        (kind, data), = re.findall('src="data:([a-z/+0-9]+);base64,([^"]*)"', section)  # fmt: skip
        assert base64.b64decode(data) == (album / name).read_bytes()
        wanted = {"jpg": "jpeg", "svg": "svg+xml"}.get(name[-3:], name.rpartition(".")[2])
        assert kind.partition("/")[2] == wanted


def test_videos_play_with_their_slide_silently_and_again(fragment):
    for section in sections(fragment)[1:3]:
        (tag,) = re.findall("<video [^>]*>", section)
        assert ' class="r-stretch"' in tag
        for word in ("data-autoplay", "muted", "loop", "playsinline", "controls"):
            assert f" {word}" in tag
        assert ' width="120" height="54"' in tag
        assert "paths of SGD" in re.search('aria-label="([^"]*)"', tag)[1]


def test_every_picture_has_words_for_who_cannot_see(fragment):
    tags = re.findall("<(?:img|video|iframe) [^>]*>", fragment.decode())
    assert len(tags) == len(EVERYTHING)
    for tag in tags:
        assert re.search(' (alt|aria-label|title)="(Picture|Moving picture|Video|Inter)[^"]+"', tag)


def test_notes_are_an_aside_with_the_recipe_beneath(fragment):
    (aside,) = re.findall('<aside class="notes">(.*?)</aside>', sections(fragment)[0])
    lines = [html.unescape(line) for line in re.findall("<p>(.*?)</p>", aside)]
    assert lines == ["zigzag.gif", *NOTES]
    assert html.unescape(re.search("<pre>(.*)</pre>", aside)[1]) == RECIPE
    assert "<Adam>" not in aside
    (plain,) = re.findall('<aside class="notes">(.*?)</aside>', sections(fragment)[3])
    assert plain == "<p>tall.png</p>"


def test_titles_and_grounds_are_those_of_the_other_deck(fragment):
    found = sections(fragment)
    assert "Bowl: SGD, &lt;Adam&gt; &amp; co</h2>" in found[0]
    assert 'data-background-color="#FFFFFF"' in found[0]
    assert 'data-background-color="#11161D"' in found[3]
    assert "--ink: #EDF1F5" in found[3]


def test_page_stands_in_a_frame_that_cannot_reach_the_deck(fragment, album):
    (tag,) = re.findall("<iframe [^>]*>", sections(fragment)[-1])
    assert ' sandbox="allow-scripts"' in tag
    page = html.unescape(re.search('srcdoc="([^"]*)"', tag)[1])
    original = (album / "page.html").read_text("utf-8")
    scripts = re.findall("(?s)<script.*?</script>", original)
    assert scripts == re.findall("(?s)<script.*?</script>", page)
    # It has one ground now; its policy knows the style sheet that says so.
    assert "prefers-color-scheme: dark" not in re.search("(?s)<style>(.*?)</style>", page)[1]
    style = re.search("(?s)<style>(.*?)</style>", page)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page


def test_page_of_another_make_stays_as_it_is(album, tmp_path):
    text = '<!DOCTYPE html><style>@media (prefers-color-scheme: dark) {}</style><p title="ä&amp;">'
    (tmp_path / "a.html").write_text(text, encoding="utf-8-sig")
    fragment = deck([tmp_path / "a.html"], tmp_path / "talk.html").read_text("ascii")
    assert html.unescape(re.search('srcdoc="([^"]*)"', fragment)[1]) == text


@pytest.mark.parametrize("name", ["talk.pptx", "talk.html"])
def test_files_are_left_as_they_are(name, album, pptx, tmp_path):
    before = {file: file.read_bytes() for file in album.iterdir()}
    deck([album / "zigzag.gif", album / "race.mp4", album / "tall.png"], tmp_path / name)
    assert {file: file.read_bytes() for file in album.iterdir()} == before
    assert [file.name for file in tmp_path.iterdir()] == [name]
