"""descend and compare."""

import tracemalloc

import numpy as np
import pytest

from trajectories import SURFACES, FormulaError, Surface, compare, descend
from trajectories.descent import BLOCK, run
from trajectories.optimizers import ALL_OPTIMIZERS
from trajectories.optimizers.adam import Adam
from trajectories.optimizers.adaptive import AdaGrad, RMSProp
from trajectories.optimizers.gradient import SGD, Momentum, Nesterov
from trajectories.surfaces.least_squares import least_squares

BOWL = "x**2/20 + y**2"
SIX = [SGD(0.95), Momentum(0.1), AdaGrad(1.5), Adam(0.3), Nesterov(0.1), RMSProp(0.1)]


def same_path(one, other):
    """Tell whether two paths are the same bit for bit, whatever their labels."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("positions", "values", "gradients", "diverged_at", "converged_at")
    ) and np.array_equal(one.status, other.status)


# --- one path


@pytest.mark.parametrize(
    ("rule", "last", "value", "crossings"),
    [
        (SGD(0.95), (-0.38717, -0.09420), 0.0164, 29),
        (Momentum(0.1), (0.81411, 0.27288), 0.108, 4),
        (AdaGrad(1.5), (-0.13619, 0.0), 9.27e-4, 0),
        (Adam(0.3), (0.02015, 0.32196), 0.104, 2),
        (Nesterov(0.1), (0.61927, 0.00737), 0.0192, 4),
        (RMSProp(0.1), (-0.74816, 0.0), 0.0280, 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_golden_numbers(rule, last, value, crossings):
    path = descend(BOWL, rule, start=(-7, 2), steps=29)
    assert path.positions.shape == (30, 2)
    assert path.positions[0].tolist() == [-7.0, 2.0]
    assert path.positions[-1] == pytest.approx(last, abs=6e-6)
    assert path.values[-1] == pytest.approx(value, rel=6e-3)
    assert np.sum(np.diff(np.sign(path.positions[:, 1])) != 0) == crossings
    assert str(path.status) == "stopped"


@pytest.mark.parametrize("rule", SIX, ids=lambda rule: rule.name)
def test_it_is_the_optimizer_that_moves(rule):
    surface = Surface(BOWL)
    path = descend(surface, rule, start=(-7, 2), steps=20)
    p, fresh = np.array([-7.0, 2.0]), rule.fresh()
    for step in range(21):
        assert np.array_equal(path.positions[step], p)
        fresh.update({"p": p}, {"p": surface.gradient(p)})


@pytest.mark.parametrize("name", SURFACES)
def test_values_and_gradients_are_those_of_the_surface(name):
    surface = SURFACES[name]
    starts = np.random.default_rng(0).normal(size=(7, 2))
    path = descend(name, "adam:lr=0.1", starts, steps=20)
    assert np.array_equal(path.values, surface.value(path.positions))
    assert np.array_equal(path.gradients, surface.gradient(path.positions))


def test_defaults():
    path = descend("rosenbrock", "sgd")
    assert path.surface is SURFACES["rosenbrock"]
    assert path.optimizer == SGD()
    assert path.label == "SGD"
    assert path.steps == 50
    assert path.start.tolist() == [-1.2, 1.0]


def test_nothing_is_clipped():
    path = descend("sphere", SGD(1.5), start=(1, -1), steps=20)
    # Each step doubles both coordinates and turns their signs, far out of the domain.
    factors = (-2.0) ** np.arange(21)
    assert np.array_equal(path.positions, np.stack([factors, -factors], axis=-1))
    assert str(path.status) == "stopped"


def test_the_callers_arrays_and_optimizer_are_left_alone():
    start, rates = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.1, 0.2])
    rule = Momentum(rates)
    path = descend("sphere", rule, start, steps=3)
    start[:] = 9
    assert rule.steps_taken == path.optimizer.steps_taken == 0
    assert path.optimizer is not rule
    assert path.start.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_a_used_optimizer_starts_anew():
    rule = Adam(0.3)
    rule.update({"other": np.ones(5)}, {"other": np.ones(5)})
    path = descend(BOWL, rule, steps=5)
    assert same_path(path, descend(BOWL, rule, steps=5))
    assert same_path(path, descend(BOWL, Adam(0.3), steps=5))
    assert rule.steps_taken == 1


def test_a_schedule_is_asked_for_each_step():
    asked = []

    def schedule(step):
        asked.append(step)
        return 0.5 / (step + 1)

    path = descend("sphere", SGD(schedule), start=(1, 1), steps=4)
    assert asked == [0, 1, 2, 3]
    assert path.positions[:, 0] == pytest.approx([1, 0, 0, 0, 0])


@pytest.mark.parametrize(("count", "blocks"), [(1, 1), (BLOCK, 1), (BLOCK + 1, 2)])
def test_paths_descend_together_in_as_few_blocks_as_may_be(count, blocks):
    asked = []

    def schedule(step):
        asked.append(step)
        return 0.1

    descend("sphere", SGD(schedule), np.ones((count, 2)), steps=2)
    assert asked == [0, 1] * blocks


def test_a_label_of_ones_own():
    assert descend("sphere", "sgd", steps=1, label="mine").label == "mine"


# --- how a path ends


def test_stopped():
    path = descend("sphere", SGD(0.1), start=(1, 1), steps=3, tolerance=1e-9)
    assert (str(path.status), int(path.converged_at), int(path.diverged_at)) == ("stopped", -1, -1)


def test_converged_rows_stay():
    free = descend("sphere", SGD(0.25), start=(1, 0), steps=20)
    path = descend("sphere", SGD(0.25), start=(1, 0), steps=20, tolerance=0.1)
    # The gradient is 2, and halves in each step: 2 / 2**5 is the first below 0.1.
    at = int(path.converged_at)
    assert (str(path.status), at, int(path.diverged_at)) == ("converged", 5, -1)
    for name in ("positions", "values", "gradients"):
        held, moving = getattr(path, name), getattr(free, name)
        assert np.array_equal(held[: at + 1], moving[: at + 1])
        assert (held[at:] == held[at]).all()


def test_converged_at_the_start_and_on_the_boundary():
    at_minimum = descend("sphere", SGD(0.1), start=(0, 0), steps=3, tolerance=1e-9)
    assert (str(at_minimum.status), int(at_minimum.converged_at)) == ("converged", 0)
    norm_is_tolerance = descend("sphere", SGD(0.1), start=(1.5, 2), steps=3, tolerance=5.0)
    assert int(norm_is_tolerance.converged_at) == 0
    assert (norm_is_tolerance.positions == (1.5, 2)).all()
    assert (norm_is_tolerance.gradients == (3, 4)).all()


def test_without_tolerance_nothing_converges():
    path = descend("sphere", SGD(0.1), start=(0, 0), steps=3)
    assert (str(path.status), int(path.converged_at)) == ("stopped", -1)


def test_diverged_rows_are_nan():
    path = descend("rosenbrock", SGD(0.01), start=(-1.2, 1), steps=50)
    at = int(path.diverged_at)
    assert str(path.status) == "diverged"
    assert 0 < at < 20
    for name in ("positions", "values", "gradients"):
        rows = getattr(path, name)
        assert np.isfinite(rows[:at]).all()
        assert np.isnan(rows[at:]).all()
    assert np.array_equal(path.final, path.positions[at - 1])


def test_the_last_step_of_all_may_be_the_one_that_diverges():
    rule = SGD([0.01, 1e-4])
    at = int(descend("rosenbrock", rule, start=(-1.2, 1), steps=50).diverged_at[0])
    paths = descend("rosenbrock", rule, start=(-1.2, 1), steps=at)
    assert paths.status.tolist() == ["diverged", "stopped"]
    assert paths.diverged_at.tolist() == [at, -1]
    assert descend("rosenbrock", rule, start=(-1.2, 1), steps=at - 1).diverged_at.max() == -1


def test_what_comes_back_has_diverged_all_the_same():
    # Steps of 1/x: to -1.5, where the logarithm is undefined, and past 0 again two steps later.
    path = descend("log(x)", SGD(1.0), start=(0.5, 0), steps=5)
    assert int(path.diverged_at) == 1
    assert np.isnan(path.positions[1:]).all()
    assert np.isnan(path.values[1:]).all()


def test_a_start_where_the_surface_is_undefined_has_diverged_at_once():
    path = descend("log(x) + y", "sgd", start=(-1, 0), steps=3)
    assert (str(path.status), int(path.diverged_at)) == ("diverged", 0)
    assert np.isnan(path.positions).all()


def test_a_start_that_is_finite_with_an_infinite_gradient_has_diverged():
    path = descend("sqrt(x) + y", "sgd", start=(0, 0), steps=3)
    assert int(path.diverged_at) == 0


def test_the_tip_of_ackley_is_no_divergence():
    path = descend("ackley", "sgd", start=(0, 0), steps=3, tolerance=1e-9)
    assert str(path.status) == "converged"


def test_what_has_diverged_does_not_converge_later():
    # The first step leads to minus infinity, where the gradient of exp is 0.
    path = descend("exp(x)", SGD(1e10), start=(700, 0), steps=5, tolerance=1e-6)
    assert (str(path.status), int(path.diverged_at), int(path.converged_at)) == ("diverged", 1, -1)


# --- many paths

MIXED = SGD(np.array([0.2, 2.0, 1e-3]))
DENT = "x**2 + y**2 + x**4"


def test_a_batch_of_mixed_endings_equals_the_single_paths():
    batch = descend(DENT, MIXED, start=(1, 1), steps=200, tolerance=1e-6)
    assert batch.status.tolist() == ["converged", "diverged", "stopped"]
    for i, lr in enumerate(MIXED.lr):
        alone = descend(DENT, SGD(float(lr)), start=(1, 1), steps=200, tolerance=1e-6)
        assert same_path(batch[i], alone)
        assert batch[i] == alone


@pytest.mark.parametrize("rule", SIX, ids=lambda rule: rule.name)
def test_many_starts_equal_the_single_paths_across_blocks(rule):
    count = BLOCK + 7
    starts = np.random.default_rng(0).uniform(-3, 3, size=(count, 2))
    batch = descend("beale", rule, starts, steps=4, tolerance=0.5)
    for i in (0, 1, count // 2 - 1, count // 2 + 4, BLOCK - 1, BLOCK, count - 1):
        assert same_path(batch[i], descend("beale", rule, starts[i], steps=4, tolerance=0.5))


@pytest.mark.parametrize("cls", ALL_OPTIMIZERS.values(), ids=ALL_OPTIMIZERS)
def test_a_block_in_the_arrays_of_the_one_before_knows_nothing_of_it(cls):
    starts = np.random.default_rng(0).uniform(-3, 3, size=(2 * BLOCK, 2))
    rule = cls("exponential(0.05, 0.9)")
    batch = descend("beale", rule, starts, steps=3, record="last")
    for i in (0, BLOCK - 1, BLOCK, 2 * BLOCK - 1):
        assert same_path(batch[i], descend("beale", rule, starts[i], steps=3, record="last"))


@pytest.mark.parametrize("count", [BLOCK + 7, 2 * BLOCK])
def test_hyperparameters_are_divided_into_blocks_with_their_paths(count):
    rates = np.linspace(0.01, 0.4, count)
    batch = descend("sphere", Adam(rates, beta1=rates), start=(1, 2), steps=3)
    for i in (0, count // 2 - 1, count // 2, count // 2 + 4, BLOCK - 1, BLOCK, count - 1):
        rate = float(rates[i])
        assert batch[i] == descend("sphere", Adam(rate, beta1=rate), start=(1, 2), steps=3)


@pytest.mark.parametrize(
    ("lr", "decay", "start", "batch"),
    [
        ((), (), (), ()),
        ((3,), (), (), (3,)),
        ((), (), (4,), (4,)),
        ((3,), (2, 1), (), (2, 3)),
        ((3,), (2, 1), (2, 3), (2, 3)),
        ((2, 1), (), (3,), (2, 3)),
        ((3,), (), (2, 1), (2, 3)),
        ((1,), (), (), (1,)),
        ((), (), (2, 3, 4), (2, 3, 4)),
    ],
)
def test_hyperparameters_and_starts_broadcast(lr, decay, start, batch):
    rng = np.random.default_rng(0)
    rule = RMSProp(rng.uniform(0.1, 0.5, lr), decay_rate=rng.uniform(0.5, 0.9, decay))
    starts = rng.normal(size=(*start, 2))
    path = descend(BOWL, rule, starts, steps=3)
    assert path.batch_shape == path.status.shape == path.diverged_at.shape == batch
    assert path.positions.shape == path.gradients.shape == (4, *batch, 2)
    assert path.values.shape == (4, *batch)
    for index in np.ndindex(batch):
        alone = RMSProp(
            float(np.broadcast_to(rule.lr, batch)[index]),
            decay_rate=float(np.broadcast_to(rule.decay_rate, batch)[index]),
        )
        start_there = np.broadcast_to(starts, (*batch, 2))[index]
        expected = descend(BOWL, alone, start_there, steps=3)
        assert np.array_equal(path.positions[(slice(None), *index)], expected.positions)


def test_a_descent_takes_little_more_memory_than_its_path():
    descend("sphere", "sgd", np.ones((2000, 2)), steps=1)
    tracemalloc.start()
    path = descend("sphere", "sgd", np.ones((2000, 2)), steps=500)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = path.positions.nbytes + path.gradients.nbytes + path.values.nbytes
    assert kept == 501 * 2000 * 5 * 8
    assert peak < 1.25 * kept


def test_shapes_that_do_not_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"must broadcast together. Got the shapes \(3,\) and \(2"):
        descend("sphere", SGD([0.1, 0.2]), start=np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"must broadcast together. Got lr \(2,\), beta1 \(3,\)"):
        descend("sphere", Adam([0.1, 0.2], beta1=[0.1, 0.2, 0.3]))


# --- noise


def test_noise_is_added_to_the_gradients_alone():
    # The slope of a plane is (1, 1) everywhere: the rest is noise.
    path = descend("x + y", SGD(0.1), start=np.zeros((500, 2)), steps=40, noise=0.5, rng=0)
    noise = path.gradients - 1
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(0.5, rel=0.01)
    assert len(np.unique(noise)) == noise.size
    assert np.array_equal(path.values, path.surface.value(path.positions))
    steps = path.positions[:-1] - path.positions[1:]
    assert steps == pytest.approx(0.1 * path.gradients[:-1])


def test_noise_is_reproduced_by_its_seed():
    def run(**seed):
        return descend(BOWL, "sgd:0.1", steps=5, noise=0.3, **seed).gradients.tolist()

    assert run(rng=1) == run(rng=1) != run(rng=2)
    assert run() != run()
    assert run(rng=np.random.default_rng(1)) == run(rng=np.random.default_rng(1))
    generator = np.random.default_rng(1)
    assert run(rng=generator) != run(rng=generator)


def test_a_seed_stays_what_it_is():
    path = descend("x + y", "sgd", steps=1, noise=0.3, rng=5)
    assert path.made.seed == np.random.default_rng(5).integers(2**63)


def test_without_noise_the_seed_does_not_matter():
    assert descend(BOWL, "adam", rng=1) == descend(BOWL, "adam", rng=2) == descend(BOWL, "adam")


def test_noise_differs_between_blocks():
    starts = np.zeros((BLOCK + 3, 2))
    gradients = descend("x + y", "sgd", starts, steps=1, noise=1.0, rng=0).gradients
    assert len(np.unique(gradients)) == gradients.size


@pytest.mark.parametrize("count", [8195, 16384])
def test_blocks_with_noise_stay_what_they_are(count):
    # Each draws from a seed of its own, so that another division would give other paths than
    # those that have been saved.
    batch = descend("x + y", "sgd", np.zeros((count, 2)), steps=1, noise=1.0, rng=0)
    for number, part in enumerate((slice(0, 8192), slice(8192, count))):
        rng = np.random.default_rng((batch.made.seed, number))
        noise = rng.standard_normal((2, part.stop - part.start))
        assert np.array_equal(batch.gradients[0, part], (1 + noise).T)


def test_a_block_in_arrays_used_before_takes_its_own_batches():
    surface = least_squares([(0, 1), (1, 3), (2, 5), (3, 6)], batch_size=1)
    batch = descend(surface, SGD(0.01), np.zeros((2 * BLOCK, 2)), steps=2, rng=0)
    one, other = batch.gradients[:, :BLOCK], batch.gradients[:, BLOCK:]
    assert not np.array_equal(one, other)
    assert np.array_equal(np.unique(one[0], axis=0), np.unique(other[0], axis=0))


def test_convergence_is_judged_without_the_noise():
    path = descend("sphere", SGD(0.1), start=(0, 0), steps=3, noise=5.0, rng=0, tolerance=1e-9)
    assert int(path.converged_at) == 0


def test_what_was_picked_of_many_is_run_again_alone():
    rule = Momentum(np.array([0.05, 0.1]))
    paths = descend(BOWL, rule, np.ones((3, 1, 2)), steps=5, noise=0.5, rng=0)
    for index in np.ndindex(3, 2):
        again = run(paths.surface, rule, paths[index].made)
        assert again.batch_shape == ()
        assert same_path(again, paths[index])
    assert same_path(run(paths.surface, rule, paths.made), paths)


# --- several optimizers


def test_compare_descends_with_each():
    paths = compare(BOWL, SIX, start=(-7, 2), steps=10)
    assert [path.label for path in paths] == [type(rule).__name__ for rule in SIX]
    for path, rule in zip(paths, SIX, strict=True):
        assert path == descend(BOWL, rule, start=(-7, 2), steps=10)


@pytest.mark.parametrize(
    "optimizers", ["adam:0.3", Adam(0.3), {1: Adam(0.3)}.values(), {"Adam": Adam(0.3)}]
)
def test_compare_takes_one_optimizer_a_view_or_a_mapping(optimizers):
    assert compare(BOWL, optimizers, steps=3) == [descend(BOWL, Adam(0.3), steps=3)]


def test_compare_takes_classes():
    labels = [path.label for path in compare(BOWL, [SGD, Adam], steps=1)]
    assert labels == ["SGD", "Adam"]


def test_compare_adds_the_same_noise_for_each():
    paths = compare("x + y", SIX, steps=20, noise=0.5, rng=3)
    for path in paths[1:]:
        assert np.array_equal(path.gradients, paths[0].gradients)
    alike = compare("x + y", ["sgd"], steps=20, noise=0.5, rng=3)
    assert np.array_equal(alike[0].gradients, paths[0].gradients)
    other = compare("x + y", ["sgd"], steps=20, noise=0.5, rng=4)
    assert not np.array_equal(other[0].gradients, paths[0].gradients)


def test_compare_adds_the_same_noise_when_no_seed_is_given():
    one, two = compare("x + y", ["sgd", "adam"], steps=5, noise=0.5)
    assert np.array_equal(one.gradients, two.gradients)


def test_compare_with_a_generator():
    one, two = compare("x + y", ["sgd", "adam"], steps=5, noise=0.5, rng=np.random.default_rng(0))
    again = compare("x + y", "sgd", steps=5, noise=0.5, rng=np.random.default_rng(0))
    assert np.array_equal(one.gradients, two.gradients)
    assert np.array_equal(one.gradients, again[0].gradients)


def test_one_optimizer_object_may_come_twice():
    rule = Momentum(0.1)
    one, two = compare(BOWL, {"first": rule, "second": rule}, steps=10)
    assert same_path(one, two)
    assert rule.steps_taken == 0


def test_compare_takes_50_steps_as_descend_does():
    assert compare("sphere", ["sgd"])[0].steps == descend("sphere", "sgd").steps == 50


def test_compare_passes_everything_on():
    (path,) = compare("sphere", {"a": SGD(0.25)}, start=(1, 0), steps=9, tolerance=0.1)
    assert path == descend("sphere", SGD(0.25), start=(1, 0), steps=9, tolerance=0.1, label="a")


@pytest.mark.parametrize(
    ("optimizers", "labels"),
    [
        (["sgd", "adam"], ["SGD", "Adam"]),
        (["sgd:0.1", "sgd:0.9", "adam"], ["SGD lr=0.1", "SGD lr=0.9", "Adam"]),
        (
            ["adam:0.1,beta1=0.5", "adam:0.1,beta1=0.8"],
            ["Adam beta1=0.5", "Adam beta1=0.8"],
        ),
        (
            ["adam:0.1,beta1=0.5", "adam:0.2,beta1=0.8"],
            ["Adam lr=0.1, beta1=0.5", "Adam lr=0.2, beta1=0.8"],
        ),
        (
            ["sgd:lr=cosine(0.1,steps=5)", "sgd:0.1"],
            ["SGD lr=cosine(0.1, steps=5)", "SGD lr=0.1"],
        ),
        (["sgd", "sgd", "adam", "sgd"], ["SGD", "SGD (2)", "Adam", "SGD (3)"]),
        ({"slow": "sgd:0.1", "fast": "sgd:0.9"}, ["slow", "fast"]),
        ({"one": "sgd", "two": "sgd"}, ["one", "two"]),
    ],
)
def test_labels(optimizers, labels):
    assert [path.label for path in compare(BOWL, optimizers, steps=1)] == labels


@pytest.mark.parametrize(
    "optimizers",
    [
        ["sgd", "sgd"],
        ["sgd:0.1", "sgd:0.1", "sgd:0.2"],
        [SGD(0.1), SGD(0.1 + 1e-9)],
        [SGD([0.1, 0.2]), SGD([0.3, 0.4])],
        [SGD(lambda step: 0.1), SGD(lambda step: 0.2)],
        [SGD(lambda step: 0.1), SGD(0.1)],
    ],
    ids=["equal", "two equal of three", "nearly equal", "arrays", "schedules", "schedule"],
)
def test_labels_are_unique(optimizers):
    labels = [path.label for path in compare(BOWL, optimizers, steps=1)]
    assert len(set(labels)) == len(labels)
    assert all(label.startswith("SGD") for label in labels)


# --- refusals


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"start": "ab"}, TypeError, "`start` must be numbers"),
        ({"start": ("1", "2")}, TypeError, "`start` must be numbers"),
        ({"start": [(1, 2), (3,)]}, TypeError, "`start` must be numbers"),
        ({"start": [1j, 2]}, TypeError, "`start` must be numbers"),
        ({"start": np.array([1j, 2])}, TypeError, "`start` must be numbers"),
        ({"start": (np.nan, 1)}, ValueError, r"`start` must be finite. Got \(nan, 1\) instead"),
        ({"start": [(1, 2), (np.inf, 1)]}, ValueError, "`start` must be finite"),
        ({"start": (None, 1)}, (TypeError, ValueError), "`start` must be"),
        ({"start": (10**400, 1)}, ValueError, "`start` must be in float64's range"),
        ({"start": 3}, ValueError, r"`start` must be of shape \(\.\.\., 2\)"),
        ({"start": (1, 2, 3)}, ValueError, r"`start` must be of shape \(\.\.\., 2\)"),
        ({"start": np.ones((2, 3))}, ValueError, r"`start` must be of shape \(\.\.\., 2\)"),
        ({"start": np.ones((0, 2))}, ValueError, "not empty"),
        ({"start": []}, ValueError, "not empty"),
        ({"steps": 0}, ValueError, "`steps` must be at least 1. Got 0 instead"),
        ({"steps": -3}, ValueError, "`steps` must be at least 1"),
        ({"steps": 2.5}, TypeError, "`steps` must be an integer. Got 2.5 instead"),
        ({"steps": 30.0}, TypeError, "`steps` must be an integer"),
        ({"steps": True}, TypeError, "`steps` must be an integer"),
        ({"steps": "30"}, TypeError, "`steps` must be an integer"),
        ({"steps": None}, TypeError, "`steps` must be an integer"),
        ({"noise": -0.1}, ValueError, "`noise` must be zero or positive. Got -0.1 instead"),
        ({"noise": np.nan}, ValueError, "`noise` must be zero or positive and finite"),
        ({"noise": "0.1"}, TypeError, "`noise` must be a number"),
        ({"noise": None}, TypeError, "`noise` must be a number"),
        ({"noise": [0.1, 0.2]}, (TypeError, ValueError), "`noise` must be"),
        ({"tolerance": 0}, ValueError, "`tolerance` must be positive. Got 0 instead"),
        ({"tolerance": -1e-3}, ValueError, "`tolerance` must be positive"),
        ({"tolerance": np.inf}, ValueError, "`tolerance` must be positive and finite"),
        ({"tolerance": "1e-3"}, TypeError, "`tolerance` must be a number"),
        ({"tolerance": [0.1, 0.2]}, (TypeError, ValueError), "`tolerance` must be"),
        ({"noise": 0.1, "rng": "seed"}, ValueError, "`rng` must be a seed, a Generator or None"),
        ({"noise": 0.1, "rng": -1}, ValueError, "`rng` must be a seed"),
        ({"rng": "seed"}, ValueError, "`rng` must be a seed"),
    ],
)
@pytest.mark.parametrize("function", [descend, compare])
def test_bad_argument(function, arguments, error, message):
    with pytest.raises(error, match=message):
        function("sphere", "sgd", **arguments)


@pytest.mark.parametrize("function", [descend, compare])
def test_bad_surface_or_optimizer(function):
    with pytest.raises(ValueError, match="Did you mean 'sphere'"):
        function("spere", "sgd")
    with pytest.raises(FormulaError, match="cannot be read"):
        function("x +", "sgd")
    with pytest.raises(ValueError, match="Did you mean 'adam'"):
        function("sphere", "adm")
    with pytest.raises(TypeError, match="`surface` must be|`formula` must be"):
        function(None, "sgd")


def test_compare_without_optimizers():
    with pytest.raises(ValueError, match="`optimizers` must be at least one"):
        compare("sphere", [])
    with pytest.raises(TypeError, match="`optimizer` must be an Optimizer or a spec string"):
        compare("sphere", [SGD(), 3])


@pytest.mark.slow
def test_a_map_of_paths_equals_its_single_paths():
    """A map of 200 x 200 learning rates and decays, sampled."""
    rule = Momentum(np.geomspace(1e-4, 1, 200), momentum=np.linspace(0, 0.99, 200)[:, None])
    batch = descend("rosenbrock", rule, steps=300, tolerance=1e-3)
    assert batch.batch_shape == (200, 200)
    assert set(np.unique(batch.status)) == {"converged", "diverged", "stopped"}
    for i, j in np.random.default_rng(0).integers(200, size=(40, 2)):
        alone = Momentum(float(rule.lr[j]), momentum=float(rule.momentum[i, 0]))
        assert batch[i, j] == descend("rosenbrock", alone, steps=300, tolerance=1e-3)
