"""The HTML page, as text: what it holds, how many bytes it takes, and what it keeps out."""

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.path import Path

from trajectories import Surface, compare, descend
from trajectories.plotting.scene import Scene
from trajectories.plotting.theme import THEMES, look
from trajectories.plotting.writers.metadata import BoundedFile, page_comments
from trajectories.plotting.writers.page import (
    GRAIN,
    Take,
    ground,
    looks_for,
    pack,
    packed_values,
    page_html,
    unit,
)

BOWL = "x**2/20 + y**2"
RULES = ["sgd:lr=0.95", "momentum:lr=0.1", "adagrad:lr=1.5", "adam:lr=0.3"]
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def unpack(text):
    """Read what `pack` writes; None for a full stop."""
    numbers, value, scale = [], 0, 1
    for digit in text:
        if digit == ".":
            numbers.append(None)
            continue
        code = DIGITS.index(digit)
        value += code % 32 * scale
        scale *= 32
        if code < 32:
            numbers.append(-(value + 1) // 2 if value % 2 else value // 2)
            value, scale = 0, 1
    return numbers


class Reader(HTMLParser):
    """Collects elements by their id or name, and all addresses."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.addresses, self.policy = [], {}, [], ""
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.addresses += [found[key] for key in ("src", "href", "action") if key in found]
        self._open = found.get("id") or tag
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]

    def handle_data(self, data):
        self.texts[self._open] = self.texts.get(self._open, "") + data


def recipe_in(page):
    """Return the recipe that a page holds, or "" if it holds none, as the package reads it."""
    return "".join(page_comments(BoundedFile(io.BytesIO(page.encode()))))


def data_of(page):
    def refused(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(Reader(page).texts["data"], parse_constant=refused)


def positions_of(data, take=0, track=0, path=0):
    numbers = unpack(data["takes"][take]["tracks"][track]["paths"][path][0])
    rows, at = [], np.array(data["origin"], dtype=float)
    while numbers:
        if numbers[0] is None:
            rows.append([np.nan, np.nan])
            numbers.pop(0)
            continue
        at = at + numbers[:2]
        rows.append(at * 10.0 ** np.array(data["units"]))
        del numbers[:2]
    return np.array(rows)


@pytest.fixture(scope="module")
def scene(zigzag):
    return Scene.of(zigzag, aspect=1.44)


@pytest.fixture(scope="module")
def page(scene):
    return page_html(scene, layout="race")


@given(st.lists(st.integers(-(2**52), 2**52)))
def test_integers_are_read_back(numbers):
    assert unpack(pack(numbers)) == numbers


@pytest.mark.parametrize("value", [0.0, 1.0, -1.25e-7, 6.0221e23, 1e300, 12345.678])
def test_values_keep_their_digits(value):
    mantissa, power = unpack(packed_values(np.array([value]), 7))
    assert float(f"{mantissa}e{power}") == float(f"{value:.6e}")


@pytest.mark.parametrize("span", [1e-300, 3e-7, 0.5, 1.0, 9.5, 1e5, 1e300])
def test_units_divide_a_span_into_enough_parts(span):
    assert 0.999 * 2000 <= span / 10.0 ** unit(span, 2000) < 20_010


def test_positions_are_those_of_the_paths_to_a_hundred_thousandth(scene, page):
    data = data_of(page)
    for i, track in enumerate(scene.tracks):
        found = positions_of(data, track=i)
        assert abs(found - track.positions[:, 0]).max() <= 0.51 * 10.0 ** max(data["units"])
    assert all(
        span <= 10.0**power * 1e6 for span, power in zip((9.5, 6.6), data["units"], strict=True)
    )


def test_page_asks_nothing_of_anyone(page):
    found = Reader(page)
    assert found.addresses == ["data:,"]
    assert {"link", "iframe", "img", "object", "audio", "video"} & set(found.tags) == {"link"}
    assert found.policy.startswith("default-src 'none';")
    for tag in ("script", "style"):
        text = re.search(rf"<{tag}(?: type=\"module\")?>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in found.policy
    known = {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"https?://[^\s\"'`)]+", page)) == known
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|eval\(|innerHTML", page)


def test_nothing_that_users_write_becomes_markup(scene):
    evil = "</script><img src=x onerror=alert(1)>"
    surface = Surface(BOWL, name=f"a{evil}")
    paths = compare(surface, {evil: "sgd:lr=0.9"}, start=(-7, 2), steps=3)
    text = page_html(Scene.of(paths), title=evil, recipe=json.dumps({"label": evil}))
    assert "img" not in Reader(text).tags
    assert "<img" not in text
    assert data_of(text)["tracks"][0]["label"] == evil
    assert json.loads(recipe_in(text)) == {"label": evil}


def test_recipe_is_read_back():
    paths = compare(BOWL, ["adam:lr=0.3"], start=(-7, 2), steps=3)
    recipe = '{"formula": "x**2", "text": "$data </script> \\u00e9"}'
    text = page_html(Scene.of(paths), recipe=recipe)
    assert json.loads(recipe_in(text)) == json.loads(recipe)
    assert recipe_in(page_html(Scene.of(paths))) == ""
    assert recipe_in("<html></html>") == ""


@pytest.mark.parametrize("layout", ["overlay", "grid", "race"])
def test_small_page_is_small(scene, layout):
    assert len(page_html(scene, layout=layout).encode()) <= 120_000


@pytest.mark.parametrize("surface", ["rosenbrock", "himmelblau", "rastrigin"])
def test_page_of_two_hundred_steps_is_small(surface):
    paths = compare(
        surface, ["sgd:0.0005", "momentum:0.0005", "rmsprop:0.02", "adam:0.1"], steps=200
    )
    text = page_html(Scene.of(paths, aspect=1.3), layout="race")
    assert len(text.encode()) <= 200_000
    assert data_of(text)["times"] == 201


def test_long_paths_are_thinned_but_keep_their_frames_and_ends(handmade):
    angle = np.linspace(0, 300, 40_001)
    path = handmade(np.stack([angle / 60 * np.cos(angle), angle / 200 * np.sin(angle)], axis=1))
    frames = [round(i * 40_000 / 299) for i in range(300)]
    text = page_html(Scene.of(path), frame_steps=frames)
    data = data_of(text)
    assert len(text.encode()) < 300_000
    assert data["frames"] == frames
    assert {0, 40_000, *frames} <= set(data["times"])


def test_contours_are_where_f_is(scene):
    """Points are inside as many areas as there are levels below them."""
    random = np.random.default_rng(5)
    for relief, limits in [(scene.relief, scene.limits), _himmelblau()]:
        areas = ground(relief, limits)["areas"]
        assert len(areas) == len(relief.levels)
        (x0, x1), (y0, y1) = limits
        rows, columns = random.integers(0, 301, (2, 400))
        points = np.stack([relief.x[columns], relief.y[rows]], axis=1)
        marks = (points - [x0, y0]) / [x1 - x0, y1 - y0] * [1, -1] * GRAIN + [0, GRAIN]
        heights = relief.z[rows, columns]
        for level, text in zip(relief.levels, areas, strict=True):
            inside = np.zeros(len(points), bool)
            for line in text.split("."):
                corners = np.cumsum(np.reshape(unpack(line), (-1, 2)), axis=0)
                inside ^= Path(corners).contains_points(marks)
            clear = abs(heights - level) > 0.03 * (abs(level) + np.ptp(heights) * 1e-3)
            assert (inside == (heights > level))[clear].all()


def _himmelblau():
    found = Scene.of(compare("himmelblau", ["adam:0.1"], steps=5), limits=((-5, 5), (-5, 5)))
    return found.relief, found.limits


def test_ground_ends_where_f_does():
    paths = compare("log(x)**2 + y**2", ["sgd:lr=0.1"], start=(2, 1), steps=5)
    found = Scene.of(paths, limits=((-1, 3), (-1.5, 1.5)))
    written = ground(found.relief, found.limits)
    assert set(written) == {"areas", "base", "lines"}
    assert len(written["lines"]) == len(found.relief.levels)
    corners = np.cumsum(np.reshape(unpack(written["base"][0].split(".")[0]), (-1, 2)), axis=0)
    assert corners[:, 0].min() > 0.24 * GRAIN


def test_flat_ground_has_no_contours():
    paths = compare(BOWL, ["sgd:lr=0.1"], start=(-7, 2), steps=1)
    found = Scene.of(paths, limits=((1e9, 1e9 + 1e-3), (0, 1e-9)))
    assert data_of(page_html(found))["ground"]["areas"] == [] or len(found.relief.levels)


def test_exits_and_losses_go_into_the_page(leaving):
    found = Scene.of(leaving, aspect=1.3)
    data = data_of(page_html(found))
    out, lost, stays = (track["exits"][0] for track in data["takes"][0]["tracks"])
    assert out[0] == found.tracks[0].exits[0].step
    assert lost[3:] == [0.0, 0.0]
    assert stays is None
    assert np.isfinite(positions_of(data)[: out[0] + 1]).all()
    assert len(positions_of(data)) == out[0] + 1


def test_batches_of_starts_have_a_path_each(many):
    data = data_of(page_html(Scene.of(many)))
    assert len(data["takes"][0]["tracks"][0]["paths"]) == 6
    assert data["tracks"][0]["mark"] is None


def test_colors_are_the_themes(scene):
    text = Reader(page_html(scene, looks=looks_for(None))).texts["style"]
    first, second = text.split("@media (prefers-color-scheme: dark) { :root { --page")
    for name, part in (("light", first), ("dark", second)):
        with look(name).applied():
            cycle = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
        for i in range(4):
            assert f"--t{i}: {to_hex(cycle[i], keep_alpha=True)}" in part
        ramp = THEMES[name].colormap()(np.linspace(0, 1, len(scene.relief.levels) + 1))
        for i, color in enumerate(ramp):
            assert f"--g{i}: {to_hex(color, keep_alpha=True)}" in part


@pytest.mark.parametrize(("theme", "scheme"), [("slides", "light"), ("dark", "dark")])
def test_a_theme_that_was_asked_for_is_fixed(scene, theme, scheme):
    text = Reader(page_html(scene, looks=looks_for(theme))).texts["style"]
    assert f"color-scheme: {scheme};" in text
    assert "prefers-color-scheme" not in text


def test_lines_are_as_they_were_asked_for(scene):
    style = {"linewidth": 5, "linestyle": "--", "marker": "*", "color": "red", "alpha": 0.5}
    text = page_html(scene, line=style)
    track = data_of(text)["tracks"][2]
    assert (track["line"]["width"], track["line"]["alpha"]) == (5.0, 0.5)
    assert len(track["line"]["dashes"]) == 2
    assert track["head"]["path"].count("L") == 9
    assert "--t2: #ff0000ff" in text


def test_dashes_of_ones_own_are_as_long_as_in_the_other_pictures(scene):
    text = page_html(scene, line={"linestyle": (2, (1, 3)), "linewidth": 2})
    line = data_of(text)["tracks"][0]["line"]
    assert (line["dashes"], line["offset"]) == ([2.0, 6.0], 4.0)
    with mpl.rc_context({"lines.scale_dashes": False}):
        line = data_of(page_html(scene, line={"dashes": (5, 1), "linewidth": 2}))["tracks"][0][
            "line"
        ]
    assert line["dashes"] == [5.0, 1.0]


def test_settings_of_the_user_show(scene):
    with mpl.rc_context({"axes.facecolor": "#abcdef", "lines.linewidth": 7}):
        text = page_html(scene)
    assert "--plot: #abcdefff" in text
    assert data_of(text)["tracks"][0]["line"]["width"] == 7


def test_takes_share_limits_and_the_losses_axis(scene):
    takes = []
    for rate in (0.1, 1.04):
        paths = compare(BOWL, [f"sgd:lr={rate}"] * 4, start=(-7, 2), steps=30)
        tracks = Scene.of(paths, limits=scene.limits, resolution=3).tracks
        takes.append(Take(tracks, learning_rate=rate))
    data = data_of(page_html(scene, takes=takes, first=1))
    assert [take["rate"] for take in data["takes"]] == [0.1, 1.04]
    assert data["first"] == 1
    lowest = min(float(np.nanmin(track.values)) for take in takes for track in take.tracks)
    assert data["losses"]["range"][0] < lowest < data["losses"]["range"][1]


def test_hundreds_of_starts_are_small(scene):
    starts = np.stack(np.meshgrid(np.linspace(-7, 1, 18), np.linspace(-3, 3, 12)), -1).reshape(
        -1, 2
    )
    every = [descend(BOWL, rule, starts, steps=30) for rule in RULES[:2]]
    takes = []
    for i, start in enumerate(starts.tolist()):
        tracks = Scene.of([path[i] for path in every], limits=scene.limits, resolution=3).tracks
        takes.append(Take(tracks, start=tuple(start)))
    shown = Scene.of([path[0] for path in every], limits=scene.limits)
    assert len(page_html(shown, takes=takes).encode()) <= 200_000


def test_takes_that_are_not_alike_are_refused(scene):
    with pytest.raises(ValueError, match="each with a learning rate, or each with a start"):
        page_html(scene, takes=[Take(scene.tracks)])
    with pytest.raises(ValueError, match="as many tracks"):
        page_html(scene, takes=[Take(scene.tracks[:1], learning_rate=0.1)])
    with pytest.raises(ValueError, match="`first` must be from 0 to 0"):
        page_html(scene, first=1)
    with pytest.raises(ValueError, match="`looks`"):
        page_html(scene, looks=())
