"""Pages on which the viewer chooses a learning rate or a start, from `animate` to the browser."""

import json
import re

import numpy as np
import pytest

from trajectories import SGD, animate, compare, descend
from trajectories.plotting.animation import checked_rates, checked_starts, rate_takes, start_takes
from trajectories.plotting.scene import Scene, in_parts

BOWL = "x**2/20 + y**2"
START = (-7.0, 2.0)
CALM = {"reduced_motion": "reduce"}


def scene_of(paths):
    return Scene.of(paths, resolution=3)


def heads(page):
    """Return the middles of the visible heads in the window, in pixels."""
    script = """all => all.filter(e => e.style.display !== "none").map(e => {
      const m = e.getScreenCTM(); return [m.e, m.f]; })"""
    return page.locator(".head").evaluate_all(script)


def in_window(page, scene, point):
    """Return where a position must be in the window, in pixels."""
    box = page.locator(".area").first.bounding_box()
    across, up = in_parts(np.array(point), scene.limits)
    return box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]


def test_each_rate_is_a_run_of_all_optimizers_with_it():
    rules = ["momentum:lr=0.1,momentum=0.8", "adam:lr=0.1,beta1=0.5"]
    paths = compare(BOWL, rules, START, 15, noise=0.1, rng=4)
    takes, first = rate_takes(paths, (0.02, 0.1, 0.5), scene_of(paths))
    assert [take.learning_rate for take in takes] == [0.02, 0.1, 0.5]
    assert first == 1
    for take in takes:
        again = compare(
            BOWL,
            [rule.replace("lr=0.1", f"lr={take.learning_rate}") for rule in rules],
            START,
            15,
            noise=0.1,
            rng=4,
        )
        for track, path in zip(take.tracks, again, strict=True):
            np.testing.assert_array_equal(track.positions[:, 0], path.positions)
    for track, path in zip(takes[1].tracks, paths, strict=True):
        np.testing.assert_array_equal(track.positions[:, 0], path.positions)


@pytest.mark.parametrize(
    ("own", "rates", "expected", "first"),
    [
        (["sgd:0.3"], (0.1, 0.9), [0.1, 0.3, 0.9], 1),
        (["sgd:0.3", "adam:0.3"], (0.1, 0.9), [0.1, 0.3, 0.9], 1),
        ([SGD(1)], (0.1, 0.9), [0.1, 0.9, 1.0], 2),
        (["sgd:0.3", "adam:0.05"], (0.1, 0.9), [0.1, 0.9], 0),
        (["sgd:lr=cosine(0.3,20)"], (0.1, 0.9), [0.1, 0.9], 0),
    ],
)
def test_the_paths_own_rate_is_among_them_if_they_have_one(own, rates, expected, first):
    paths = compare(BOWL, own, START, 5)
    takes, chosen = rate_takes(paths, rates, scene_of(paths))
    assert [take.learning_rate for take in takes] == expected
    assert chosen == first


def test_the_paths_own_rate_is_the_paths_themselves():
    batch = descend(BOWL, "sgd:0.3", [START, (3, 1)], 10, noise=0.5, rng=2)
    for path in (batch, batch[1]):
        takes, first = rate_takes([path], (0.1, 0.3), scene_of(path))
        assert first == 1
        np.testing.assert_array_equal(
            takes[1].tracks[0].positions, path.positions.reshape(11, -1, 2)
        )
        for take in takes:
            start = take.tracks[0].positions[0]
            np.testing.assert_array_equal(start, path.start.reshape(-1, 2))


def test_each_start_of_the_grid_is_a_run_from_there():
    paths = compare(BOWL, ["momentum:0.1", "adam:0.3"], START, 10)
    scene = scene_of(paths)
    takes, first = start_takes(paths, scene)
    assert first == 0
    assert len(takes) == 109
    assert takes[0].start == START
    starts = np.array([take.start for take in takes[1:]])
    parts = in_parts(starts, scene.limits)
    assert ((parts > 0) & (parts < 1)).all()
    # No place in the picture is farther from a start than half the grid's spacing.
    places = np.random.default_rng(0).uniform(0, 1, (500, 2))
    away = abs(places[:, None] - parts)
    assert ((away <= np.array([0.5 / 12, 0.5 / 9]) + 1e-9).all(axis=2)).any(axis=1).all()
    for take in (takes[0], takes[1], takes[57], takes[-1]):
        for track, rule in zip(take.tracks, ["momentum:0.1", "adam:0.3"], strict=True):
            alone = descend(BOWL, rule, take.start, 10)
            np.testing.assert_allclose(track.positions[:, 0], alone.positions, rtol=1e-12)


def test_a_rule_that_looks_at_the_surface_has_takes_too():
    paths = compare("rosenbrock", ["newton", "backtracking"], steps=6)
    assert len(rate_takes(paths, (0.5, 1.0), scene_of(paths))[0]) in (2, 3)
    assert len(start_takes(paths, scene_of(paths))[0]) == 109


def test_several_starts_cannot_be_moved(many):
    with pytest.raises(ValueError, match="`starts` must be left out for paths from several starts"):
        start_takes([many], scene_of(many))
    here, there = descend(BOWL, "sgd", (1, 1)), descend(BOWL, "adam", (2, 1))
    with pytest.raises(ValueError, match="`starts`"):
        start_takes([here, there], scene_of([here, there]))


def test_paths_that_were_not_made_by_descend_cannot_be_run_anew(handmade, tmp_path):
    path = handmade([(1, 1), (0.5, 0.5)])
    for how in ({"learning_rates": [0.5]}, {"starts": "grid"}):
        with pytest.raises(ValueError, match="`trajectories` must be made by `descend`"):
            animate(path, **how).save(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []


def test_rates_are_sorted_and_each_is_there_once():
    assert checked_rates([0.5, 0.1, 0.5, 1]) == (0.1, 0.5, 1.0)
    assert checked_rates(np.array([0.2, 0.1])) == (0.1, 0.2)
    assert checked_rates(None) is None
    assert checked_starts("grid") == "grid"
    assert checked_starts(None) is None


@pytest.mark.parametrize(
    ("rates", "error"),
    [
        ([], ValueError),
        ([0.1, 0.0], ValueError),
        ([-1], ValueError),
        ([float("nan")], ValueError),
        (np.linspace(0.1, 1, 61), ValueError),
        (0.1, TypeError),
        ("fast", TypeError),
        (["fast"], TypeError),
        ([None], TypeError),
    ],
)
def test_bad_rates_are_refused_at_once(rates, error, short):
    with pytest.raises(error, match="`learning_rates`"):
        animate(short, learning_rates=rates)


@pytest.mark.parametrize("starts", ["gird", 12, True, (1, 2), "", 0, False])
def test_bad_starts_are_refused_at_once(starts, short):
    with pytest.raises(ValueError, match="`starts` must be"):
        animate(short, starts=starts)


def test_one_page_has_rates_or_starts_and_not_both(short):
    with pytest.raises(
        ValueError, match="`starts` must be left out where there are learning rates"
    ):
        animate(short, starts="grid", learning_rates=[0.1])


def test_other_formats_show_the_paths_given(short, tmp_path):
    for name, how in {"a": {}, "b": {"learning_rates": [0.1]}, "c": {"starts": "grid"}}.items():
        frames = list(animate(short, size=(200, 150), **how).frames())
        if name == "a":
            plain = frames
        np.testing.assert_array_equal(frames, plain)


def test_pages_are_small_enough(tmp_path):
    rules = ["sgd:0.0015", "momentum:0.0003", "adagrad:0.4", "adam:0.05"]
    sizes = {}
    for steps, most in ((29, 120_000), (199, 200_000), (200, 300_000)):
        paths = compare("rosenbrock", rules, steps=steps)
        (path,) = animate(paths).save(tmp_path / f"{steps}.html")
        sizes[steps] = path.stat().st_size
        assert sizes[steps] < most
    paths = compare("rosenbrock", rules, steps=200)
    for how in ({"learning_rates": [0.0005, 0.001, 0.002, 0.005]}, {"starts": "grid"}):
        (path,) = animate(paths, **how).save(tmp_path / "a.html")
        assert path.stat().st_size < 300_000, how


@pytest.mark.parametrize("layout", ["overlay", "race"])
def test_the_slider_swaps_in_what_descend_gives(layout, visit_file, tmp_path):
    rates = [0.1, 0.5, 0.95]
    paths = compare(BOWL, ["sgd:0.5", "momentum:0.5"], START, 30)
    moving = animate(paths, layout=layout, learning_rates=rates)
    (path,) = moving.save(tmp_path / "a.html")
    page = visit_file(path, **CALM)
    scene = moving.picture().scene
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
        seen = heads(page)[:2]
        inside = [p.positions[7] for p in again]
        inside = [p for p in inside if (abs(in_parts(p, scene.limits) - 0.5) <= 0.5).all()]
        expected = [in_window(page, scene, p) for p in inside]
        np.testing.assert_allclose(seen[: len(expected)], expected, atol=0.6)
        assert expected


def test_a_click_begins_at_the_nearest_start(visit_file, tmp_path):
    paths = compare(BOWL, ["sgd:0.9", "adam:0.3"], START, 30)
    moving = animate(paths, starts="grid")
    (path,) = moving.save(tmp_path / "a.html")
    page = visit_file(path, **CALM)
    scene = moving.picture().scene
    takes, _ = start_takes(paths, scene)
    (x0, x1), (y0, y1) = scene.limits
    inside = [(x0 + a * (x1 - x0), y0 + b * (y1 - y0)) for a, b in ((0.93, 0.12), (0.4, 0.6))]
    for place in (*inside, START):
        page.mouse.click(*in_window(page, scene, place))
        page.evaluate("player.seek(5)")
        spots = np.array([in_window(page, scene, take.start) for take in takes])
        nearest = takes[np.hypot(*(spots - in_window(page, scene, place)).T).argmin()]
        said = page.get_by_role("slider", name="start").get_attribute("aria-valuetext")
        numbers = re.findall(r"-?[\d.]+(?:e-?\d+)?", said.replace("\N{MINUS SIGN}", "-"))
        np.testing.assert_allclose([float(n) for n in numbers], nearest.start, rtol=5e-3, atol=5e-4)
        expected = [
            in_window(page, scene, descend(BOWL, rule, nearest.start, 30).positions[5])
            for rule in ("sgd:0.9", "adam:0.3")
        ]
        np.testing.assert_allclose(heads(page), expected, atol=0.6)


def test_the_tail_of_the_page_is_that_of_the_picture(visit_file, tmp_path):
    paths = compare(BOWL, ["sgd:0.9", "adam:0.3"], START, 30)
    (path,) = animate(paths, tail=4, starts="grid").save(tmp_path / "a.html")
    page = visit_file(path, **CALM)
    data = json.loads(page.locator("#data").inner_text() or page.locator("#data").inner_html())
    assert data["tail"] == 4
    assert len(data["takes"]) == 109
