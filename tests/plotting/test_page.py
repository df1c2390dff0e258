"""The HTML page, as text: what it holds, how many bytes it takes, and what it keeps out."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.path import Path

from tests.plotting.reading import page_data, unpack
from trajectories import Scene, Surface, animate, compare, read_recipe

BOWL = "x**2/20 + y**2"
LIMITS = ((-8, 2), (-3, 3))


class Reader(HTMLParser):
    """Collects tags, addresses, texts by element, and the page's policy."""

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


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return a function that saves a page and returns its text."""
    path = tmp_path_factory.mktemp("page") / "a.html"

    def written(paths, fps=10, **how):
        animate(paths, **how).save(path, fps=fps)
        return path.read_text("utf-8")

    return written


@pytest.fixture(scope="module")
def race(zigzag, page):
    return page(zigzag, layout="race", limits=LIMITS)


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


def values_of(data, track=0):
    numbers = unpack(data["takes"][0]["tracks"][track]["paths"][0][1])
    pairs = zip(numbers[::2], np.cumsum(numbers[1::2]), strict=True)
    return [float(f"{mantissa}e{power}") for mantissa, power in pairs]


def test_positions_and_values_are_those_of_the_paths(zigzag, race):
    data = page_data(race)
    assert data["limits"] == [list(pair) for pair in LIMITS]
    assert all(s <= 10.0**u * 1e6 for s, u in zip((10, 6), data["units"], strict=True))
    for i, path in enumerate(zigzag):
        error = abs(positions_of(data, track=i) - path.positions).max()
        assert error <= 0.51 * 10.0 ** max(data["units"])
        assert values_of(data, i) == pytest.approx(path.values, rel=10.0 ** (1 - data["digits"]))


@pytest.mark.parametrize("scale", [3e-7, 1e5, 1e12])
def test_paths_of_any_size_keep_their_digits(scale, handmade, page):
    positions = scale * np.array([(-1, 1), (0.3, -0.7), (0.01, 0.9), (1e-7, 1 / 3)])
    data = page_data(page(handmade(positions), limits=((-2 * scale, scale), (-scale, scale))))
    assert abs(positions_of(data) - positions).max() <= 3e-5 * scale
    values = positions[:, 0] ** 2 / 20 + positions[:, 1] ** 2
    assert values_of(data) == pytest.approx(values, rel=1e-5)


def test_page_asks_nothing_of_anyone(race):
    found = Reader(race)
    assert found.addresses == ["data:,"]
    assert {"link", "iframe", "img", "object", "audio", "video"} & set(found.tags) == {"link"}
    assert found.policy.startswith("default-src 'none';")
    for tag in ("script", "style"):
        text = re.search(rf"<{tag}(?: type=\"module\")?>(.*?)</{tag}>", race, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in found.policy
    assert set(re.findall(r"https?://[^\s\"'`)]+", race)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|eval\(|innerHTML", race)


def test_nothing_that_users_write_becomes_markup(page, tmp_path):
    evil = "</script><img src=x onerror=alert(1)>$data é"
    surface = Surface(BOWL, name=f"a{evil}")
    paths = compare(surface, {evil: "sgd:lr=0.9"}, start=(-7, 2), steps=3)
    text = page(paths)
    assert "img" not in Reader(text).tags
    assert "<img" not in text
    assert page_data(text)["tracks"][0]["label"] == evil
    (tmp_path / "a.html").write_text(text, encoding="utf-8")
    (again,) = read_recipe(tmp_path / "a.html").trajectories()
    assert (again.label, again.surface.name) == (evil, f"a{evil}")


def test_long_paths_are_thinned_but_keep_their_frames_and_ends(handmade, page):
    angle = np.linspace(0, 300, 40_001)
    path = handmade(np.stack([angle / 60 * np.cos(angle), angle / 200 * np.sin(angle)], axis=1))
    text = page(path, frames=300)
    data = page_data(text)
    assert len(text.encode()) < 300_000
    assert data["frames"] == list(animate(path, frames=300).frame_steps)
    assert {0, 40_000, *data["frames"]} <= set(data["times"])


@pytest.mark.parametrize(
    ("surface", "limits"), [(BOWL, LIMITS), ("himmelblau", ((-5, 5), (-5, 5)))]
)
def test_contours_are_where_f_is(surface, limits, page):
    """Points are inside as many areas as there are levels below them."""
    paths = compare(surface, ["adam:0.1"], steps=5)
    data, grid = page_data(page(paths, limits=limits)), Scene.of(paths, limits=limits).contour_grid
    areas, grain = data["ground"]["areas"], data["grain"]
    assert len(areas) == len(grid.levels)
    (x0, x1), (y0, y1) = limits
    rows, columns = np.random.default_rng(5).integers(0, 301, (2, 200))
    points = np.stack([grid.x[columns], grid.y[rows]], axis=1)
    marks = (points - [x0, y0]) / [x1 - x0, y1 - y0] * [1, -1] * grain + [0, grain]
    heights = grid.z[rows, columns]
    for level, text in zip(grid.levels, areas, strict=True):
        inside = np.zeros(len(points), bool)
        for line in text.split("."):
            corners = np.cumsum(np.reshape(unpack(line), (-1, 2)), axis=0)
            inside ^= Path(corners).contains_points(marks)
        clear = abs(heights - level) > 0.03 * (abs(level) + np.ptp(heights) * 1e-3)
        assert (inside == (heights > level))[clear].all()


def test_exits_and_losses_go_into_the_page(leaving, page):
    data = page_data(page(leaving))
    out, lost, stays = (track["exits"][0] for track in data["takes"][0]["tracks"])
    assert out[0] == Scene.of(leaving, limits=data["limits"]).tracks[0].exits[0].step
    assert (out[5], lost[3:]) == (
        f"out of view from step {out[0]}",
        [0.0, 0.0, "diverged at step 1"],
    )
    assert stays is None
    assert np.isfinite(positions_of(data)).all()
    assert len(positions_of(data)) == out[0] + 1


def test_colors_are_those_of_light_and_dark_pictures(zigzag, page):
    text = Reader(page(zigzag)).texts["style"]
    parts = text.split("@media (prefers-color-scheme: dark) { :root { --page")
    assert len(parts) == 2
    for theme, part in zip(("light", "dark"), parts, strict=True):
        figure = animate(zigzag, theme=theme).picture().figure
        ground = mpl.colors.to_hex(figure.get_facecolor(), keep_alpha=True)
        assert f": {ground}" in part
        drawn = {line.get_color() for line in figure.findobj(mpl.lines.Line2D)}
        for i in range(4):
            color = re.search(rf"--t{i}: (#\w+)", part)[1]
            assert color in {mpl.colors.to_hex(one, keep_alpha=True) for one in drawn}


def test_lines_are_as_they_were_asked_for(short, page):
    style = {"linewidth": 5, "linestyle": "--", "marker": "*", "color": "red", "alpha": 0.5}
    text = page(short, **style)
    track = page_data(text)["tracks"][1]
    assert (track["line"]["width"], track["line"]["alpha"]) == (5.0, 0.5)
    assert len(track["line"]["dashes"]) == 2
    assert track["head"]["path"].count("L") == 9
    assert "--t1: #ff0000ff" in text
    with mpl.rc_context({"axes.facecolor": "#abcdef", "lines.linewidth": 7}):
        text = page(short)
    assert "--plot: #abcdefff" in text
    assert page_data(text)["tracks"][0]["line"]["width"] == 7


def test_learning_rates_share_limits_and_the_losses_axis(page):
    paths = compare(BOWL, ["sgd:lr=0.5"] * 2, start=(-7, 2), steps=30)
    text = page(paths, learning_rates=[1.04, 0.1], limits=LIMITS)
    data = page_data(text)
    assert [take["rate"] for take in data["takes"]] == [0.1, 0.5, 1.04]
    assert data["first"] == 1
    values = [compare(BOWL, [f"sgd:{lr}"], (-7, 2), 30)[0].values for lr in (0.1, 0.5, 1.04)]
    lowest, highest = data["losses"]["range"]
    assert lowest < np.min(values)
    assert highest > values[0][0]
    assert page(paths, learning_rates=[1.04, 0.1], limits=LIMITS) == text


def test_a_hundred_starts_are_small_and_run_as_the_paths_were(page):
    paths = compare(BOWL, ["sgd:lr=0.95", "adam:lr=0.3"], start=(-7, 2), steps=12)
    text = page(paths, starts="grid", limits=LIMITS)
    assert len(text.encode()) <= 200_000
    data = page_data(text)
    assert data["first"] == 0
    assert data["takes"][0]["start"] == [-7, 2]
    assert len(data["takes"]) == 109
    start = data["takes"][50]["start"]
    (path,) = compare(BOWL, ["adam:lr=0.3"], start=start, steps=12)
    assert abs(positions_of(data, 50, 1) - path.positions).max() < 0.01
