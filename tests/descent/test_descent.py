"""descend and compare."""

import numpy as np
import pytest

import trajectories as tj

BOWL = "x**2/20 + y**2"
#: Paths that go through all their steps together. With noise, it must stay what it is: each block
#: draws from a seed of its own, and another division would give other paths than saved ones.
BLOCK = 8192
SIX = [
    tj.SGD(0.95),
    tj.Momentum(0.1),
    tj.AdaGrad(1.5),
    tj.Adam(0.3),
    tj.Nesterov(0.1),
    tj.RMSProp(0.1),
]


def same_path(one, other):
    """Tell whether two paths are the same bit for bit, whatever their labels."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("positions", "values", "gradients", "diverged_at", "converged_at")
    ) and np.array_equal(one.status, other.status)


# --- one path


@pytest.mark.parametrize(
    ("rule", "after_29", "value", "crossings", "after_30"),
    [
        (tj.SGD(0.95), (-0.38717, -0.09420), 0.0164, 29, (-0.35039, 0.08478)),
        (tj.Momentum(0.1), (0.81411, 0.27288), 0.108, 4, (0.89641, 0.08809)),
        (tj.AdaGrad(1.5), (-0.13619, 0.0), 9.27e-4, 0, (-0.12016, 0.0)),
        (tj.Adam(0.3), (0.02015, 0.32196), 0.104, 2, (0.13601, 0.31825)),
        (tj.Nesterov(0.1), (0.61927, 0.00737), 0.0192, 4, (0.68961, -0.00068)),
        (tj.RMSProp(0.1), (-0.74816, 0.0), 0.0280, 0, (-0.69742, 0.0)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_golden_numbers(rule, after_29, value, crossings, after_30):
    path = tj.descend(BOWL, rule, start=(-7, 2), steps=30)
    assert path.positions.shape == (31, 2)
    assert path.positions[29] == pytest.approx(after_29, abs=6e-6)
    assert path.positions[30] == pytest.approx(after_30, abs=6e-6)
    assert path.values[29] == pytest.approx(value, rel=6e-3)
    assert np.sum(np.diff(np.sign(path.positions[:30, 1])) != 0) == crossings
    assert str(path.status) == "finished"
    p, fresh = np.array([-7.0, 2.0]), rule.fresh()
    for position in path.positions:
        assert np.array_equal(position, p)
        fresh.update({"p": p}, {"p": path.surface.gradient(p)})


@pytest.mark.parametrize("name", list(tj.SURFACES)[::3])
def test_values_and_gradients_are_those_of_the_surface(name):
    surface = tj.SURFACES[name]
    path = tj.descend(name, "adam:lr=0.1", np.random.default_rng(0).normal(size=(7, 2)), steps=20)
    assert path.surface is surface
    assert np.array_equal(path.values, surface.value(path.positions))
    assert np.array_equal(path.gradients, surface.gradient(path.positions))


def test_the_callers_arrays_and_optimizer_are_left_alone():
    start, rates = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.1, 0.2])
    rule = tj.Momentum(rates)
    rule.update({"other": np.ones(2)}, {"other": np.ones(2)})
    path = tj.descend("sphere", rule, start, steps=3)
    start[:] = 9
    assert path.optimizer is not rule
    assert (rule.steps_taken, path.optimizer.steps_taken) == (1, 0)
    assert path.start.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert same_path(path, tj.descend("sphere", tj.Momentum(rates), path.start, steps=3))


def test_nothing_is_clipped():
    path = tj.descend("sphere", tj.SGD(1.5), start=(1, -1), steps=20)
    # Each step doubles both coordinates and turns their signs, far out of the domain.
    factors = (-2.0) ** np.arange(21)
    assert np.array_equal(path.positions, np.stack([factors, -factors], axis=-1))
    assert str(path.status) == "finished"


# --- how a path ends


def test_converged_rows_stay():
    free = tj.descend("sphere", tj.SGD(0.25), start=(1, 0), steps=20)
    path = tj.descend("sphere", tj.SGD(0.25), start=(1, 0), steps=20, tolerance=0.1)
    # The gradient is 2, and halves in each step: 2 / 2**5 is the first below 0.1.
    at = int(path.converged_at)
    assert (str(path.status), at, int(path.diverged_at)) == ("converged", 5, -1)
    for name in ("positions", "values", "gradients"):
        held, moving = getattr(path, name), getattr(free, name)
        assert np.array_equal(held[: at + 1], moving[: at + 1])
        assert (held[at:] == held[at]).all()


@pytest.mark.parametrize(
    ("surface", "start", "tolerance", "how", "status"),
    [
        ("sphere", (0, 0), 1e-9, {}, "converged"),
        ("ackley", (0, 0), 1e-9, {}, "converged"),
        ("sphere", (1.5, 2), 5.0, {}, "converged"),  # The gradient's norm is the tolerance.
        ("sphere", (0, 0), 1e-9, {"noise": 5.0, "rng": 0}, "converged"),  # Judged without noise.
        ("sphere", (0, 0), None, {}, "finished"),
        ("log(x) + y", (-1, 0), None, {}, "diverged"),
        ("sqrt(x) + y", (0, 0), None, {}, "diverged"),  # f is finite there, its gradient is not.
    ],
)
def test_a_start_may_be_the_end(surface, start, tolerance, how, status):
    path = tj.descend(surface, tj.SGD(0.1), start, steps=3, tolerance=tolerance, **how)
    assert str(path.status) == status
    assert int(path.converged_at) == (0 if status == "converged" else -1)
    assert int(path.diverged_at) == (0 if status == "diverged" else -1)
    expected = np.nan if status == "diverged" else np.array(start)
    assert np.array_equal(path.positions, np.full((4, 2), expected), equal_nan=True)


def test_diverged_rows_are_nan():
    path = tj.descend("rosenbrock", tj.SGD(0.01), start=(-1.2, 1), steps=50)
    at = int(path.diverged_at)
    assert str(path.status) == "diverged"
    assert 0 < at < 20
    for name in ("positions", "values", "gradients"):
        rows = getattr(path, name)
        assert np.isfinite(rows[:at]).all()
        assert np.isnan(rows[at:]).all()
    assert np.array_equal(path.final, path.positions[at - 1])


def test_what_comes_back_has_diverged_all_the_same():
    # Steps of 1/x: to -1.5, where the logarithm is undefined, and past 0 again two steps later.
    path = tj.descend("log(x)", tj.SGD(1.0), start=(0.5, 0), steps=5)
    assert int(path.diverged_at) == 1
    assert np.isnan(path.positions[1:]).all()
    assert np.isnan(path.values[1:]).all()


def test_what_has_diverged_does_not_converge_later():
    # The first step leads to minus infinity, where the gradient of exp is 0.
    path = tj.descend("exp(x)", tj.SGD(1e10), start=(700, 0), steps=5, tolerance=1e-6)
    assert (str(path.status), int(path.diverged_at), int(path.converged_at)) == ("diverged", 1, -1)


# --- many paths

MIXED = tj.SGD(np.array([0.2, 2.0, 1e-3]))
DENT = "x**2 + y**2 + x**4"


def test_a_batch_of_mixed_endings_equals_the_single_paths():
    batch = tj.descend(DENT, MIXED, start=(1, 1), steps=200, tolerance=1e-6)
    assert batch.status.tolist() == ["converged", "diverged", "finished"]
    for i, lr in enumerate(MIXED.lr):
        alone = tj.descend(DENT, tj.SGD(float(lr)), start=(1, 1), steps=200, tolerance=1e-6)
        assert same_path(batch[i], alone)
        assert batch[i] == alone


@pytest.mark.parametrize(
    ("lr", "decay", "start", "batch"),
    [
        ((), (), (), ()),
        ((3,), (), (), (3,)),
        ((), (), (4,), (4,)),
        ((3,), (2, 1), (), (2, 3)),
        ((3,), (2, 1), (2, 3), (2, 3)),
        ((3,), (), (2, 1), (2, 3)),
        ((), (), (2, 3, 4), (2, 3, 4)),
    ],
)
def test_hyperparameters_and_starts_broadcast(lr, decay, start, batch):
    rng = np.random.default_rng(0)
    rule = tj.RMSProp(rng.uniform(0.1, 0.5, lr), decay_rate=rng.uniform(0.5, 0.9, decay))
    starts = rng.normal(size=(*start, 2))
    path = tj.descend(BOWL, rule, starts, steps=3)
    assert path.batch_shape == path.status.shape == path.diverged_at.shape == batch
    assert path.positions.shape == path.gradients.shape == (4, *batch, 2)
    assert path.values.shape == (4, *batch)
    for index in np.ndindex(batch):
        alone = tj.RMSProp(
            float(np.broadcast_to(rule.lr, batch)[index]),
            decay_rate=float(np.broadcast_to(rule.decay_rate, batch)[index]),
        )
        start_there = np.broadcast_to(starts, (*batch, 2))[index]
        expected = tj.descend(BOWL, alone, start_there, steps=3)
        assert np.array_equal(path.positions[(slice(None), *index)], expected.positions)


@pytest.mark.parametrize("name", [*tj.OPTIMIZERS, *tj.SURFACE_OPTIMIZERS])
def test_a_block_in_the_arrays_of_the_one_before_knows_nothing_of_it(name):
    starts = np.random.default_rng(0).uniform(-3, 3, size=(2 * BLOCK, 2))
    rule = {**tj.OPTIMIZERS, **tj.SURFACE_OPTIMIZERS}[name]("exponential(0.05, 0.9)")
    batch = tj.descend("beale", rule, starts, steps=2, record="last")
    for i in (0, BLOCK, 2 * BLOCK - 1):
        assert same_path(batch[i], tj.descend("beale", rule, starts[i], steps=2, record="last"))


@pytest.mark.parametrize("count", [BLOCK + 7, 2 * BLOCK])
def test_starts_and_hyperparameters_are_divided_into_blocks_with_their_paths(count):
    starts = np.random.default_rng(0).uniform(-3, 3, size=(count, 2))
    rates = np.linspace(0.01, 0.4, count)
    batch = tj.descend("beale", tj.Adam(rates, beta1=rates), starts, steps=3, tolerance=0.5)
    for i in (0, 1, count // 2 - 1, count // 2 + 4, BLOCK - 1, BLOCK, count - 1):
        rule = tj.Adam(float(rates[i]), beta1=float(rates[i]))
        assert batch[i] == tj.descend("beale", rule, starts[i], steps=3, tolerance=0.5)


# --- noise


def test_noise_is_added_to_the_gradients_alone():
    # The slope of a plane is (1, 1) everywhere: the rest is noise.
    path = tj.descend("x + y", tj.SGD(0.1), start=np.zeros((200, 2)), steps=40, noise=0.5, rng=0)
    noise = path.gradients - 1
    assert noise.mean() == pytest.approx(0, abs=0.015)
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    assert len(np.unique(noise)) == noise.size
    assert np.array_equal(path.values, path.surface.value(path.positions))
    steps = path.positions[:-1] - path.positions[1:]
    assert steps == pytest.approx(0.1 * path.gradients[:-1])


def test_noise_is_reproduced_by_its_seed():
    def run(**seed):
        return tj.descend(BOWL, "sgd:0.1", steps=5, noise=0.3, **seed).gradients.tolist()

    assert run(rng=1) == run(rng=1) != run(rng=2)
    assert run() != run()
    assert run(rng=np.random.default_rng(1)) == run(rng=np.random.default_rng(1))
    generator = np.random.default_rng(1)
    assert run(rng=generator) != run(rng=generator)
    assert tj.descend(BOWL, "adam", rng=1) == tj.descend(BOWL, "adam")  # There is no noise.


@pytest.mark.parametrize("count", [BLOCK + 3, 2 * BLOCK])
def test_blocks_with_noise_stay_what_they_are(count):
    batch = tj.descend("x + y", "sgd", np.zeros((count, 2)), steps=1, noise=1.0, rng=5)
    seed = int(np.random.default_rng(5).integers(2**63))
    for number, part in enumerate((slice(0, BLOCK), slice(BLOCK, count))):
        rng = np.random.default_rng((seed, number))
        noise = rng.standard_normal((2, part.stop - part.start))
        assert np.array_equal(batch.gradients[0, part], (1 + noise).T)


def test_a_block_in_arrays_used_before_takes_its_own_batches():
    surface = tj.least_squares([(0, 1), (1, 3), (2, 5), (3, 6)], batch_size=1)
    batch = tj.descend(surface, tj.SGD(0.01), np.zeros((2 * BLOCK, 2)), steps=2, rng=0)
    one, other = batch.gradients[:, :BLOCK], batch.gradients[:, BLOCK:]
    assert not np.array_equal(one, other)
    assert np.array_equal(np.unique(one[0], axis=0), np.unique(other[0], axis=0))


# --- several optimizers


def test_compare_descends_with_each():
    how = {"start": (-7, 2), "steps": 10, "tolerance": 0.1}
    paths = tj.compare(BOWL, SIX, **how)
    assert [path.label for path in paths] == [type(rule).__name__ for rule in SIX]
    for path, rule in zip(paths, SIX, strict=True):
        assert path == tj.descend(BOWL, rule, **how)
    for one in ("adam:0.3", tj.Adam(0.3), {1: tj.Adam(0.3)}.values(), {"Adam": tj.Adam(0.3)}):
        assert tj.compare(BOWL, one, **how) == [tj.descend(BOWL, tj.Adam(0.3), **how)]
    assert tj.compare(BOWL, [tj.SGD])[0] == tj.descend(BOWL, tj.SGD(), steps=50)


def test_compare_adds_the_same_noise_for_each():
    generator = np.random.default_rng(3)
    one, two = (tj.compare("x + y", SIX, steps=9, noise=0.5, rng=rng) for rng in (3, generator))
    for paths in (one, two, tj.compare("x + y", SIX, steps=9, noise=0.5)):
        for path in paths[1:]:
            assert np.array_equal(path.gradients, paths[0].gradients)
    assert one == two
    (other,) = tj.compare("x + y", "sgd", steps=9, noise=0.5, rng=4)
    assert not np.array_equal(other.gradients, one[0].gradients)


CONSTANT, OTHER = (lambda step: 0.1), (lambda step: 0.1)


@pytest.mark.parametrize(
    ("optimizers", "labels"),
    [
        (["sgd:0.1", "sgd:0.9", "adam"], ["SGD lr=0.1", "SGD lr=0.9", "Adam"]),
        (["adam:1,beta1=0.5", "adam:2"], ["Adam lr=1.0, beta1=0.5", "Adam lr=2.0, beta1=0.9"]),
        (["sgd:cosine(0.1,steps=5)", "sgd:2"], ["SGD lr=cosine(0.1, steps=5)", "SGD lr=2.0"]),
        (["sgd", "sgd", "adam", "sgd"], ["SGD", "SGD (2)", "Adam", "SGD (3)"]),
        ({"slow": "sgd:0.1", "fast": "sgd:0.1"}, ["slow", "fast"]),
        ([tj.SGD(CONSTANT), tj.SGD(OTHER)], ["SGD", "SGD (2)"]),
        ([tj.SGD(CONSTANT), tj.SGD(0.1)], ["SGD", "SGD lr=0.1"]),
    ],
)
def test_labels(optimizers, labels):
    assert [path.label for path in tj.compare(BOWL, optimizers, steps=1)] == labels


# --- refusals


def test_compare_without_optimizers():
    with pytest.raises(ValueError, match="`optimizers` must be at least one"):
        tj.compare("sphere", [])
    with pytest.raises(TypeError, match="`optimizers` must be optimizers or spec strings"):
        tj.compare("sphere", 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"start": [(1, 2), (3,)]}, TypeError, "`start` must be numbers"),
        ({"start": (np.nan, 1)}, ValueError, r"`start` must be finite. Got \(nan, 1\) instead"),
        ({"start": (1, 2, 3)}, ValueError, r"`start` must be of shape \(\.\.\., 2\)"),
        ({"start": np.ones((0, 2))}, ValueError, "not empty"),
        ({"steps": 0}, ValueError, "`steps` must be at least 1. Got 0 instead"),
        ({"steps": 30.0}, TypeError, "`steps` must be an integer. Got 30.0 instead"),
        ({"noise": -0.1}, ValueError, "`noise` must be zero or positive. Got -0.1 instead"),
        ({"tolerance": 0}, ValueError, "`tolerance` must be positive. Got 0 instead"),
        ({"rng": "seed"}, ValueError, "`rng` must be a seed, a Generator or None"),
        ({"surface": "spere"}, ValueError, "Did you mean 'sphere'"),
        ({"surface": "x +"}, tj.FormulaError, "cannot be read"),
        ({"rule": "adm"}, ValueError, "Did you mean 'adam'"),
        ({"rule": tj.SGD([1, 2]), "start": np.ones((3, 2))}, ValueError, r"shapes \(3,\) and \(2"),
        ({"rule": tj.Adam([1, 2], beta1=[0, 0, 0])}, ValueError, r"Got lr \(2,\), beta1 \(3,\)"),
    ],
)
def test_bad_argument(arguments, error, message):
    how = {"surface": "sphere", "rule": "sgd", **arguments}
    given = how.pop("surface"), how.pop("rule")
    for function in (tj.descend, tj.compare):
        with pytest.raises(error, match=message):
            function(*given, **how)
