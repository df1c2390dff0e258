"""Pages on which the viewer chooses a learning rate or a start, from `animate` to the browser."""

import re

import numpy as np
import pytest

from tests.plotting.reading import page_data, unpack
from trajectories import SGD, animate, compare, descend

BOWL = "x**2/20 + y**2"
START = (-7.0, 2.0)
CALM = {"reduced_motion": "reduce"}


def places(text, data):
    """Read the positions of a path, which are told by the way from each to the next."""
    ways = np.reshape(unpack(text), (-1, 2))
    return data["origin"] + np.cumsum(ways, axis=0)


@pytest.fixture
def data_of(tmp_path):
    """Return a function that saves a page and returns its data, with positions as arrays."""

    def read(paths, **how):
        (path,) = animate(paths, **how).save(tmp_path / "a.html")
        data = page_data(path.read_text("utf-8"))
        grain = 10.0 ** np.array(data["units"])
        for take in data["takes"]:
            take["tracks"] = [
                np.stack([grain * places(text, data) for text, _ in track["paths"]], axis=1)
                for track in take["tracks"]
            ]
        return data

    return read


def same(shown, expected):
    """Compare positions on a page with those of a trajectory, to the grain of the page."""
    np.testing.assert_allclose(shown.reshape(expected.shape), expected, rtol=0, atol=1e-4)


def heads(page):
    """Return the middles of the visible heads in the window, in pixels."""
    script = """all => all.filter(e => e.style.display !== "none").map(e => {
      const m = e.getScreenCTM(); return [m.e, m.f]; })"""
    return page.locator(".head").evaluate_all(script)


def in_parts(point, limits):
    low, high = np.transpose(limits)
    return (np.array(point) - low) / (high - low)


def in_window(page, limits, point):
    """Return where a position must be in the window, in pixels."""
    box = page.locator(".area").first.bounding_box()
    across, up = in_parts(point, limits)
    return box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]


def test_each_rate_is_a_run_of_all_optimizers_with_it(data_of):
    rules = ["momentum:lr=0.1,momentum=0.8", "adam:lr=0.1,beta1=0.5"]
    noise = {"noise": 0.1, "rng": 4}
    paths = compare(BOWL, rules, START, 15, **noise)
    rates = np.array([0.5, 0.02, 0.5, 0.1])
    data = data_of(paths, learning_rates=rates, limits=((-40, 40), (-40, 40)))
    assert [take["rate"] for take in data["takes"]] == [0.02, 0.1, 0.5]
    assert data["first"] == 1
    for take in data["takes"]:
        changed = [rule.replace("lr=0.1", f"lr={take['rate']}") for rule in rules]
        again = compare(BOWL, changed, START, 15, **noise)
        for track, path in zip(take["tracks"], again, strict=True):
            same(track, path.positions)


@pytest.mark.parametrize(
    ("own", "expected", "first"),
    [
        (["sgd:0.3", "adam:0.3"], [0.1, 0.3, 0.9], 1),
        ([SGD(1)], [0.1, 0.9, 1.0], 2),
        (["sgd:lr=cosine(0.3,20)"], [0.1, 0.9], 0),
    ],
)
def test_the_paths_own_rate_is_among_them_if_they_have_one(own, expected, first, data_of):
    data = data_of(compare(BOWL, own, START, 5), learning_rates=(0.1, 0.9))
    assert [take["rate"] for take in data["takes"]] == expected
    assert data["first"] == first


def test_the_paths_own_rate_is_the_paths_themselves(data_of):
    batch = descend(BOWL, "sgd:0.3", [START, (3, 1)], 10, noise=0.5, rng=2)
    for path in (batch, batch[1]):
        data = data_of(path, learning_rates=(0.1, 0.3))
        assert data["first"] == 1
        same(data["takes"][1]["tracks"][0], path.positions)
        for take in data["takes"]:
            same(take["tracks"][0][0], path.start)


def test_each_start_of_the_grid_is_a_run_from_there(data_of):
    rules = ["momentum:0.1", "adam:0.3"]
    data = data_of(compare(BOWL, rules, START, 10), starts="grid")
    takes = data["takes"]
    assert data["first"] == 0
    assert len(takes) == 109
    assert takes[0]["start"] == list(START)
    parts = in_parts([take["start"] for take in takes[1:]], data["limits"])
    assert ((parts > 0) & (parts < 1)).all()
    # No place in the picture is farther from a start than half the grid's spacing.
    places = np.random.default_rng(0).uniform(0, 1, (500, 2))
    away = abs(places[:, None] - parts)
    assert ((away <= np.array([0.5 / 12, 0.5 / 9]) + 1e-9).all(axis=2)).any(axis=1).all()
    for take in (takes[0], takes[1], takes[57], takes[-1]):
        for track, rule in zip(take["tracks"], rules, strict=True):
            same(track, descend(BOWL, rule, take["start"], 10).positions)


def test_several_starts_and_paths_not_made_by_descend_are_refused(many, handmade, tmp_path):
    here, there = descend(BOWL, "sgd", (1, 1)), descend(BOWL, "adam", (2, 1))
    for paths in (many, [here, there]):
        with pytest.raises(ValueError, match="`starts` must be left out for paths from several"):
            animate(paths, starts="grid").save(tmp_path / "a.html")
    path = handmade([(1, 1), (0.5, 0.5)])
    for how in ({"learning_rates": [0.5]}, {"starts": "grid"}):
        with pytest.raises(ValueError, match="`trajectories` must be made by `descend`"):
            animate(path, **how).save(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        *(
            ({"learning_rates": rates}, ValueError, "`learning_rates`")
            for rates in ([], [0.1, 0.0], [float("nan")], np.linspace(0.1, 1, 61))
        ),
        *(({"learning_rates": rates}, TypeError, "`learning_rates`") for rates in (0.1, [None])),
        *(({"starts": starts}, ValueError, "`starts` must be") for starts in ("gird", True)),
        ({"starts": "grid", "learning_rates": [0.1]}, ValueError, "there are learning rates"),
    ],
)
def test_bad_rates_and_starts_are_refused_at_once(how, error, words, short):
    with pytest.raises(error, match=words):
        animate(short, **how)


def test_the_slider_swaps_in_what_descend_gives(visit_file, tmp_path):
    rates = [0.1, 0.5, 0.95]
    paths = compare(BOWL, ["sgd:0.5", "momentum:0.5"], START, 30)
    moving = animate(paths, layout="race", learning_rates=rates)
    (path,) = moving.save(tmp_path / "a.html")
    page = visit_file(path, **CALM)
    limits = moving.picture().scene.limits
    slider = page.get_by_role("slider", name="learning rate")
    assert slider.get_attribute("aria-valuetext") == "0.5"
    for take, rate in enumerate(rates):
        slider.focus()
        page.keyboard.press("Home")
        for _ in range(take):
            page.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == str(rate)
        page.evaluate("player.seek(7)")
        again = compare(BOWL, [f"sgd:{rate}", f"momentum:{rate}"], START, 30)
        inside = [path.positions[7] for path in again]
        inside = [place for place in inside if (abs(in_parts(place, limits) - 0.5) <= 0.5).all()]
        expected = [in_window(page, limits, place) for place in inside]
        np.testing.assert_allclose(heads(page)[: len(expected)], expected, atol=0.6)
        assert expected


def test_a_click_begins_at_the_nearest_start(visit_file, data_of, tmp_path):
    data = data_of(compare(BOWL, ["sgd:0.9", "adam:0.3"], START, 30), starts="grid", trail=4)
    assert data["trail"] == 4
    starts, limits = [take["start"] for take in data["takes"]], data["limits"]
    page = visit_file(tmp_path / "a.html", **CALM)
    low, high = np.transpose(limits)
    for place in (low + [0.93, 0.12] * (high - low), low + [0.4, 0.6] * (high - low), START):
        page.mouse.click(*in_window(page, limits, place))
        page.evaluate("player.seek(5)")
        spots = np.array([in_window(page, limits, start) for start in starts])
        nearest = starts[np.hypot(*(spots - in_window(page, limits, place)).T).argmin()]
        said = page.get_by_role("slider", name="start").get_attribute("aria-valuetext")
        numbers = re.findall(r"-?[\d.]+(?:e-?\d+)?", said.replace("\N{MINUS SIGN}", "-"))
        np.testing.assert_allclose([float(n) for n in numbers], nearest, rtol=5e-3, atol=5e-4)
        expected = [
            in_window(page, limits, descend(BOWL, rule, nearest, 30).positions[5])
            for rule in ("sgd:0.9", "adam:0.3")
        ]
        np.testing.assert_allclose(heads(page), expected, atol=0.6)
