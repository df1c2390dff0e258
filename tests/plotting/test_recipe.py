"""Recipes: what made a picture, as text and back, bit for bit."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from matplotlib.patheffects import Stroke

import trajectories as tj

BOWL = "x**2/20 + y**2"
OPTIMIZERS = tj.OPTIMIZERS | tj.SURFACE_OPTIMIZERS
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


def text_of(paths, **how):
    return tj.animate(paths, **how).recipe()


def again(paths):
    """Return the recipe of paths, and the paths of the recipe."""
    recipe = tj.Recipe.of(text_of(paths))
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


@pytest.mark.parametrize(
    "how",
    [
        {"surface": BOWL, "start": (-7, 2), "steps": 30},
        {"surface": BOWL, "start": [(-7, 2), (1, 1), (3, -2)], "steps": 9, "noise": 0.3, "rng": 5},
        {"surface": "samples", "steps": 20, "noise": 0.01, "rng": 3},
    ],
    ids=["exact", "noise", "minibatches"],
)
def test_every_optimizer_and_schedule_goes_the_same_way_again(how):
    how = dict(how)
    surface = how.pop("surface")
    if surface == "samples":
        surface = tj.least_squares(SAMPLES, batch_size=7, name="line")
    rules = {name: rule(0.1) for name, rule in OPTIMIZERS.items()}
    rules |= {text: tj.Momentum(text) for text in TEXTS}
    paths = tj.compare(surface, rules, **how)
    recipe, remade = again(paths)
    assert set(held(recipe.text)) == {"descent"}
    assert same(remade, paths)
    assert [path.made.to_dict() for path in remade] == [
        {**path.made.to_dict(), "seed": one.made.seed}
        for path, one in zip(paths, remade, strict=True)
    ]


def test_every_surface_and_every_end_is_the_same_again():
    paths = [tj.descend(name, "adam:0.05", steps=5) for name in tj.SURFACES]
    paths.append(tj.descend("rosenbrock", tj.Adam(np.array([0.01, 0.1, 3e3]))))
    paths.append(tj.descend(BOWL, "sgd:1e200", steps=20))
    paths.append(tj.descend("himmelblau", "newton:1", tolerance=0.1, record=5))
    for path in paths:
        assert same(again(path)[1], [path])


SURFACE = st.one_of(
    st.sampled_from([BOWL, "rosenbrock", "abs(x) + 3*abs(y)", "sin(x)*cos(y)"]),
    st.builds(tj.quadratic, st.floats(1, 1e6), st.floats(-720, 720)),
    st.builds(
        lambda size, spread: tj.least_squares(SAMPLES * spread, batch_size=size),
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


@relaxed(30)
@given(
    surface=SURFACE,
    rules=st.lists(st.tuples(st.sampled_from(sorted(OPTIMIZERS)), RATE), min_size=1, max_size=3),
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
        label: OPTIMIZERS[name](rate) for label, (name, rate) in zip(labels, rules, strict=False)
    }
    how = {"noise": noise, "rng": seed, "tolerance": tolerance, "record": record}
    paths = tj.compare(surface, optimizers, start, steps, **how)
    recipe, remade = again(paths)
    assert held(recipe.text) == ["descent"] * len(paths)
    assert same(remade, paths)
    assert recipe.text.isascii()
    # From the paths that came again comes the same text.
    assert text_of(remade) == recipe.text


@relaxed(20)
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


def test_text_is_short_and_without_what_makes_no_difference(zigzag):
    data = json.loads(text_of(zigzag, layout="grid"))
    assert data["descent"] == {"start": [-7.0, 2.0], "steps": 30}
    assert [set(path) for path in data["paths"]] == [{"label", "optimizer", "holds", "digest"}] * 4
    assert data["trajectories"] == tj.__version__
    assert len(json.dumps(data)) < 1100
    for noise in (0, 1):
        texts = {text_of(tj.descend(BOWL, "sgd:0.9", rng=i, noise=noise)) for i in (1, 2)}
        assert len(texts) == 1 + noise
    starts = np.round(np.random.default_rng(0).uniform(-3, 3, (3000, 2)), 2)
    paths = tj.compare(BOWL, ["sgd:0.9", "adam:0.3"], starts, 20, record="last")
    recipe, remade = again(paths)
    assert same(remade, paths)
    assert len(recipe.text) < 3000 * 24


class Mine(tj.SGD):
    """A rule of the user's own."""


def test_rules_of_the_users_own_are_held_as_paths():
    paths = [
        tj.descend(BOWL, Mine(0.3), steps=5, noise=0.1, label="my own"),
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
    assert text_of(remade) == recipe.text
    # They are drawn like any other, and told in captions as far as they are known.
    tracks = tj.Scene.of(remade, resolution=3).tracks
    assert tracks[2].rates[1:].tolist() == [0.5 / n for n in range(1, 6)]
    assert tracks[3].rates is None


def test_paths_of_which_it_is_not_known_how_they_were_made_are_held(handmade, tmp_path):
    drawn = handmade([(1, 1), (0.5, 0.3), (np.nan, 2)])
    made = tj.descend(BOWL, "adam:0.3", steps=20, tolerance=0.5, record=3)
    made.save(tmp_path / "a.npz")
    # One that was changed by hand is not taken for one that was made.
    paths = [
        drawn,
        replace(made, positions=made.positions + 1),
        tj.Trajectory.load(tmp_path / "a.npz"),
    ]
    recipe, remade = again(paths)
    assert held(recipe.text)[:2] == ["arrays", "arrays"]
    assert same(remade, paths)


def test_what_is_too_large_is_not_held_and_the_recipe_says_so(handmade):
    large = handmade(np.random.default_rng(0).standard_normal((150_000, 2)), label="by hand")
    text = text_of([large, tj.descend(BOWL, "sgd:0.9", steps=5)])
    assert held(text) == ["nothing", "descent"]
    assert len(text) < 2000
    with pytest.raises(ValueError, match="only the name of the path 'by hand', which is too large"):
        tj.Recipe.of(text).trajectories()
    starts = np.random.default_rng(0).uniform(-1, 1, (150_000, 2))
    text = text_of(tj.descend("sphere", "sgd:0.1", starts, 1, record="last"))
    assert held(text) == ["nothing"]


def test_paths_that_differ_from_those_drawn_are_told_of(zigzag):
    text = text_of(zigzag[:1])
    mark = json.loads(text)["paths"][0]["digest"]
    with pytest.warns(UserWarning, match="'SGD' is not bit for bit the one that was drawn"):
        tj.Recipe.of(text.replace(mark, "0" * 16)).trajectories()


SETTINGS = [
    {"layout": "race", "theme": "slides", "size": (640, 480), "limits": ((-8, 8), (-3.5, 3))},
    {"limits": "domain", "frames": 12, "pace": "length"},
    {"color": "#112233", "linewidth": 2.5, "alpha": np.float64(0.5), "markevery": [0, 3]},
    {"linestyle": (0, (3, 1.5)), "marker": (5, 1, 30), "markerfacecolor": ("red", 0.5)},
    {"learning_rates": (0.1, 0.2), "readout": True, "trail": 5},
    {"limits": np.array([[-1.0, 1.0], [-2.0, 2.0]])},
]


@pytest.mark.parametrize("given", SETTINGS)
def test_settings_come_back_as_they_were(given, short):
    saving = {"fps": 12.5, "end_pause": 0, "loop": 2}
    recipe = tj.Recipe.of(tj.animate(short, **given).recipe(**saving))
    assert recipe.omitted == ()
    for name, value in {**given, **saving}.items():
        found = recipe.settings[name]
        assert np.array_equal(found, value) if isinstance(value, np.ndarray) else found == value
        assert type(found) is type(value) or isinstance(value, np.generic)


def test_short_names_of_settings_are_written_out(short):
    recipe = tj.Recipe.of(tj.plot(short, lw=3, c="red", ls="--", theme=None).figure.recipe)
    wanted = {"linewidth": 3, "color": "red", "linestyle": "--"}
    assert wanted.items() <= recipe.settings.items()
    assert not {"lw", "c", "ls", "theme"} & set(recipe.settings)


def test_what_is_no_plain_data_is_left_out_and_named(short, tmp_path):
    given = {
        "path_effects": [Stroke(linewidth=3)],
        "picker": print,
        "url": "javascript:alert()",
        "linestyle": (0, (1e-9, 1e-9)),
    }
    moving = tj.animate(short, linewidth=3, frames=2, **given)
    recipe = tj.Recipe.of(moving.recipe())
    assert recipe.settings["linewidth"] == 3
    assert set(recipe.omitted) == set(given)
    tj.animate(short, picker=print, size=(200, 150), frames=2).save(tmp_path / "a.gif")
    with pytest.warns(UserWarning, match="could not be kept in the recipe is as usual: picker"):
        tj.replay(tmp_path / "a.gif")
