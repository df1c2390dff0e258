"""Recipes: what made a picture, as text and back, bit for bit."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patheffects import Stroke

import trajectories as tj
from trajectories.optimizers import ALL_OPTIMIZERS
from trajectories.optimizers.schedules import SCHEDULES, as_schedule
from trajectories.plotting.recipes.recipe import KINDS, MOST_TEXT
from trajectories.replay import Recipe, make_recipe
from trajectories.surfaces.catalogue import SURFACES, quadratic
from trajectories.surfaces.least_squares import least_squares

BOWL = "x**2/20 + y**2"
RNG = np.random.default_rng(0)
TIMES = RNG.uniform(-1, 1, 40)
SAMPLES = np.stack([TIMES, 2 * TIMES - 1 + 0.3 * RNG.standard_normal(40)], axis=1)
TEXTS = [
    "constant(0.1)",
    "step(0.9, every=7)",
    "exponential(0.9, factor=0.97)",
    "inverse_time(0.5, rate=0.1)",
    "cosine(0.9, steps=60)",
    "warmup(cosine(0.3, steps=30), steps=5)",
    "one_cycle(0.3, steps=30)",
    "cosine_restarts(0.3, period=9)",
    "sequence(0.1, 5, cosine(0.3, steps=9))",
]


def relaxed(examples):
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True)


def again(paths, **kwargs):
    """Return the recipe of paths, and the paths of the recipe."""
    recipe = Recipe.of(make_recipe(paths, settings={}, **kwargs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return recipe, recipe.trajectories()


def same(one, other):
    """Tell whether paths are the same, and made in the same way."""
    assert [path.label for path in one] == [path.label for path in other]
    for mine, theirs in zip(one, other, strict=True):
        assert mine == theirs
        for name in ("positions", "values", "gradients", "recorded"):
            a, b = getattr(mine, name), getattr(theirs, name)
            assert a.dtype == b.dtype
            assert a.tobytes() == b.tobytes()
        assert mine.surface.to_dict() == theirs.surface.to_dict()
    return True


def held(text):
    return [path["holds"] for path in json.loads(text)["paths"]]


@pytest.mark.parametrize("name", ALL_OPTIMIZERS)
@pytest.mark.parametrize("how", [{}, {"noise": 0.3, "rng": 5}], ids=["exact", "noise"])
def test_every_optimizer_goes_the_same_way_again(name, how):
    path = tj.descend(BOWL, ALL_OPTIMIZERS[name](0.1), start=(-7, 2), steps=30, **how)
    recipe, paths = again(path)
    assert held(recipe.text) == ["descent"]
    assert same(paths, [path])
    assert paths[0].made.to_dict() == {**path.made.to_dict(), "seed": paths[0].made.seed}


@pytest.mark.parametrize("name", ALL_OPTIMIZERS)
def test_every_optimizer_goes_through_the_same_minibatches_again(name):
    surface = least_squares(SAMPLES, batch_size=7, name="line")
    path = tj.descend(surface, ALL_OPTIMIZERS[name](0.1), steps=20, noise=0.01, rng=3)
    recipe, paths = again(path)
    assert held(recipe.text) == ["descent"]
    assert same(paths, [path])
    assert paths[0].surface.batch_size == 7


@pytest.mark.parametrize("text", TEXTS)
def test_every_schedule_gives_the_same_rates_again(text):
    path = tj.descend(BOWL, tj.Momentum(as_schedule(text)), steps=40)
    recipe, paths = again(path)
    assert held(recipe.text) == ["descent"]
    assert same(paths, [path])


def test_all_schedules_are_tested():
    assert {text.partition("(")[0] for text in TEXTS} == set(SCHEDULES)


@pytest.mark.parametrize("name", SURFACES)
def test_every_surface_is_the_same_again(name):
    path = tj.descend(name, "adam:0.05", steps=5)
    assert same(again(path)[1], [path])


SURFACE = st.one_of(
    st.sampled_from([BOWL, "rosenbrock", "abs(x) + 3*abs(y)", "sin(x)*cos(y)"]),
    st.builds(quadratic, st.floats(1, 1e6), st.floats(-720, 720)),
    st.builds(
        lambda size, spread: least_squares(SAMPLES * spread, batch_size=size),
        st.integers(1, 40),
        st.floats(0.1, 10),
    ),
    st.builds(
        lambda name, x: tj.Surface(BOWL, name=name, domain=((x, x + 3), (-1, 2)), start=(x, 1)),
        st.text(max_size=20),
        st.floats(-1e6, 1e6),
    ),
)
RATE = st.one_of(
    st.floats(1e-6, 3),
    st.lists(st.floats(1e-6, 3), min_size=1, max_size=4).map(np.array),
    st.sampled_from(TEXTS),
)
STARTS = st.one_of(
    st.none(),
    st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
    st.integers(1, 4).map(lambda n: np.random.default_rng(n).uniform(-3, 3, (n, 1, 2))),
)


@relaxed(60)
@given(
    surface=SURFACE,
    rules=st.lists(
        st.tuples(st.sampled_from(sorted(ALL_OPTIMIZERS)), RATE), min_size=1, max_size=3
    ),
    start=STARTS,
    steps=st.integers(1, 12),
    noise=st.sampled_from([0.0, 0.1, 3.7]),
    seed=st.integers(0, 2**64),
    tolerance=st.one_of(st.none(), st.floats(1e-9, 10)),
    record=st.one_of(st.sampled_from(["all", "last"]), st.integers(1, 20)),
    labels=st.lists(st.text(max_size=15), min_size=3, max_size=3, unique=True),
)
def test_any_paths_come_again_from_their_text(
    surface, rules, start, steps, noise, seed, tolerance, record, labels
):
    optimizers = {
        label: ALL_OPTIMIZERS[name](rate)
        for label, (name, rate) in zip(labels, rules, strict=False)
    }
    how = {"noise": noise, "rng": seed, "tolerance": tolerance, "record": record}
    paths = tj.compare(surface, optimizers, start, steps, **how)
    recipe, remade = again(paths)
    assert held(recipe.text) == ["descent"] * len(paths)
    assert same(remade, paths)
    assert recipe.text.isascii()
    # From the paths that came again comes the same text.
    assert make_recipe(remade, settings={}) == recipe.text


@relaxed(60)
@given(
    rate=st.lists(st.floats(0.01, 1), min_size=2, max_size=5).map(np.array),
    index=st.one_of(st.integers(0, 1), st.just(slice(1, None)), st.just(([0, 1, 1],))),
    noise=st.sampled_from([0.0, 0.2]),
    starts=st.booleans(),
)
def test_parts_of_a_batch_come_again(rate, index, noise, starts):
    if starts:
        whole = tj.descend(BOWL, "adam:0.3", np.stack([rate, rate], -1), 9, noise=noise, rng=1)
    else:
        whole = tj.descend(BOWL, tj.Adam(rate), steps=9, noise=noise, rng=1)
    part = whole[index]
    recipe, paths = again([part, whole])
    assert same(paths, [part, whole])
    # Of a batch of optimizers, that met noise, only those that are left are known.
    assert held(recipe.text)[0] == ("arrays" if noise and not starts else "descent")


def test_paths_of_one_batch_are_run_together(monkeypatch):
    starts = np.random.default_rng(0).uniform(-3, 3, (500, 2))
    whole = tj.descend(BOWL, "adam:0.3", starts, 5, noise=0.1, rng=1)
    recipe = Recipe.of(make_recipe([whole[i] for i in range(20)], settings={}))
    paths = recipe.trajectories(most_work=2500)
    assert same(paths, [whole[i] for i in range(20)])


def test_what_is_the_same_for_all_paths_is_written_once(zigzag):
    data = json.loads(make_recipe(zigzag, settings={"layout": "grid"}))
    assert data["descent"] == {"start": [-7.0, 2.0], "steps": 30}
    assert [set(path) for path in data["paths"]] == [{"label", "optimizer", "holds", "digest"}] * 4
    assert data["trajectories"] == tj.__version__
    assert len(json.dumps(data)) < 1000


def test_text_does_not_depend_on_a_seed_that_makes_no_difference():
    texts = [make_recipe(tj.descend(BOWL, "sgd:0.9", rng=i), settings={}) for i in (1, 2)]
    assert texts[0] == texts[1]
    texts = [make_recipe(tj.descend(BOWL, "sgd:0.9", rng=i, noise=1), settings={}) for i in (1, 2)]
    assert texts[0] != texts[1]


def test_starts_by_the_thousand_are_compressed():
    starts = np.round(np.random.default_rng(0).uniform(-3, 3, (3000, 2)), 2)
    paths = tj.compare(BOWL, ["sgd:0.9", "adam:0.3"], starts, 20, record="last")
    recipe, remade = again(paths)
    assert same(remade, paths)
    assert len(recipe.text) < 3000 * 24


class Mine(tj.SGD):
    """A rule of the user's own."""


def test_rules_of_the_users_own_are_held_as_paths():
    rule = Mine(0.3)
    paths = [
        tj.descend(BOWL, rule, steps=5, noise=0.1, label="my own"),
        tj.descend(BOWL, "sgd:0.3", steps=5),
        tj.descend(BOWL, tj.SGD(lambda step: 0.5 / (step + 1)), steps=5),
        tj.descend(BOWL, tj.SGD(lambda step: np.array([0.1, 0.2])), start=np.ones((2, 2)), steps=5),
    ]
    recipe, remade = again(paths)
    assert held(recipe.text) == ["arrays", "descent", "arrays", "arrays"]
    assert [record.optimizer for record in recipe.paths] == ["Mine", "sgd", "SGD", "SGD"]
    for one, other in zip(paths, remade, strict=True):
        assert one.positions.tobytes() == other.positions.tobytes()
        assert one.gradients.tobytes() == other.gradients.tobytes()
        assert one.label == other.label
    assert remade[0].optimizer.lr == 0.3
    assert [remade[2].optimizer.lr(step) for step in range(5)] == [0.5 / n for n in range(1, 6)]
    assert remade[3][1].optimizer.label == "SGD"
    assert make_recipe(remade, settings={}) == recipe.text
    # They are drawn like any other, and told in captions as far as they are known.
    assert tj.Scene.of(remade, resolution=3).tracks[2].rates[1:].tolist() == [
        0.5 / n for n in range(1, 6)
    ]
    assert tj.Scene.of(remade, resolution=3).tracks[3].rates is None


def test_paths_of_which_it_is_not_known_how_they_were_made_are_held(handmade, tmp_path):
    drawn = handmade([(1, 1), (0.5, 0.3), (np.nan, 2)])
    tj.descend(BOWL, "adam:0.3", steps=20, tolerance=0.5, record=3).save(tmp_path / "a.npz")
    loaded = tj.Trajectory.load(tmp_path / "a.npz")
    recipe, remade = again([drawn, loaded])
    assert held(recipe.text)[0] == "arrays"
    assert same(remade, [drawn, loaded])


def test_path_that_was_changed_by_hand_is_not_taken_for_one_that_was_made():
    from dataclasses import replace

    path = tj.descend(BOWL, "sgd:0.9", steps=5)
    moved = replace(path, positions=path.positions + 1)
    recipe, remade = again(moved)
    assert held(recipe.text) == ["arrays"]
    assert same(remade, [moved])


def test_what_is_too_large_is_not_held_and_the_recipe_says_so(handmade):
    large = handmade(np.random.default_rng(0).standard_normal((200_000, 2)), label="by hand")
    small = tj.descend(BOWL, "sgd:0.9", steps=5)
    text = make_recipe([large, small], settings={})
    assert held(text) == ["nothing", "descent"]
    assert len(text) < 2000
    recipe = Recipe.of(text)
    with pytest.raises(ValueError, match="only the name of the path 'by hand', which is too large"):
        recipe.trajectories()


@pytest.mark.parametrize("count", [1_100_000, 150_000])
def test_more_starts_than_fit_are_not_held(count):
    starts = np.random.default_rng(0).uniform(-1, 1, (count, 2))
    path = tj.descend("sphere", "sgd:0.1", starts, 1, record="last")
    text = make_recipe(path, settings={})
    assert held(text) == ["nothing"]
    assert len(text) < MOST_TEXT
    with pytest.raises(ValueError, match="tells only the name"):
        Recipe.of(text).trajectories()


def test_more_work_than_is_allowed_is_refused_before_it_is_begun():
    text = make_recipe(tj.descend(BOWL, "sgd:0.9", [(1, 2)] * 10, 50), settings={})
    with pytest.raises(
        ValueError, match="^recipe: 500 steps of paths are to be made again, and at"
    ):
        Recipe.of(text).trajectories(most_work=499)
    assert len(Recipe.of(text).trajectories(most_work=500)) == 1


def test_paths_that_differ_from_those_drawn_are_told_of(zigzag):
    text = make_recipe(zigzag[:1], settings={})
    mark = json.loads(text)["paths"][0]["digest"]
    recipe = Recipe.of(text.replace(mark, "0" * 16))
    with pytest.warns(UserWarning, match="'SGD' is not bit for bit the one that was drawn"):
        recipe.trajectories()


SETTINGS = [
    {},
    {"layout": "race", "theme": "slides", "size": (640, 480), "limits": ((-8, 8), (-3.5, 3))},
    {"limits": "domain", "frames": 12, "fps": 12.5, "hold": 0, "loop": 2, "pace": "length"},
    {"color": "#112233", "linewidth": 2.5, "alpha": np.float64(0.5), "markevery": [0, 3]},
    {"linestyle": (0, (3, 1.5)), "marker": (5, 1, 30), "markerfacecolor": ("red", 0.5)},
    {"color": (0.1, 0.2, 0.3), "markevery": (2, 5), "fillstyle": "none", "zorder": 4},
    {"learning_rates": (0.1, 0.2), "captions": True, "tail": 5},
    {"limits": np.array([[-1.0, 1.0], [-2.0, 2.0]])},
]


@pytest.mark.parametrize("given", SETTINGS)
def test_settings_come_back_as_they_were(given, short):
    recipe = Recipe.of(make_recipe(short, settings=given))
    assert recipe.omitted == ()
    assert set(recipe.settings) == set(given)
    for name, value in given.items():
        found = recipe.settings[name]
        if isinstance(value, np.ndarray):
            assert np.array_equal(found, value)
        else:
            assert found == value
            assert type(found) is type(value) or isinstance(value, np.generic)


def test_short_names_of_settings_are_written_out(short):
    recipe = Recipe.of(
        make_recipe(short, settings={"lw": 3, "c": "red", "ls": "--", "theme": None})
    )
    assert recipe.settings == {"linewidth": 3, "color": "red", "linestyle": "--"}


def test_what_is_no_plain_data_is_left_out_and_named(short):
    given = {
        "linewidth": 3,
        "path_effects": [Stroke(linewidth=3)],
        "picker": print,
        "alpha": np.nan,
        "url": "javascript:alert()",
        "linestyle": (0, (1e-9, 1e-9)),
    }
    recipe = Recipe.of(make_recipe(short, settings=given))
    assert recipe.settings == {"linewidth": 3}
    assert set(recipe.omitted) == set(given) - {"linewidth"}


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.shows != "results"])
def test_every_kind_of_picture_has_its_recipe(kind, short):
    source = tj.Surface(BOWL) if kind == "plot_gradient" else short
    recipe = Recipe.of(make_recipe(source, kind=kind, settings={"theme": "dark"}))
    assert recipe.kind == kind
    assert recipe.settings == {"theme": "dark"}
    assert recipe.version == tj.__version__
    if kind == "plot_gradient":
        assert recipe.surface == source
        assert recipe.trajectories() == []
    else:
        assert same(recipe.trajectories(), short)


def test_unknown_kind_is_refused(short):
    with pytest.raises(ValueError, match="Unknown kind of recipe 'plot_gird'. Did you mean"):
        make_recipe(short, kind="plot_gird", settings={})


def test_recipes_are_equal_by_their_text(short):
    text = make_recipe(short, settings={})
    assert Recipe.of(text) == Recipe.of(text)
    assert Recipe.of(text) != Recipe.of(make_recipe(short, settings={"layout": "race"}))
    assert "settings" not in repr(Recipe.of(text)).replace(text, "")
