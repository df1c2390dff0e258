"""Lines fitted to samples: the loss, its parts, and its minibatches."""

import json
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trajectories import Surface
from trajectories.surfaces.least_squares import LeastSquares, least_squares

LINE = [(0, 1), (1, 3), (2, 4), (3, 8), (5, 9)]
# Eighths, so that samples determine a line clearly or not at all.
NUMBERS = st.integers(-80, 80).map(lambda n: n / 8)
SAMPLES = arrays(float, st.tuples(st.integers(1, 12), st.sampled_from([2, 3])), elements=NUMBERS)
POINTS = arrays(float, st.tuples(st.integers(1, 4), st.just(2)), elements=st.floats(-50, 50))


def features(samples):
    samples = np.asarray(samples, dtype=float)
    return samples[:, :-1] if samples.shape[1] == 3 else np.vander(samples[:, 0], 2)


def residuals(samples, p):
    return p @ features(samples).T - np.asarray(samples)[:, -1]


def bind(surface, paths, rng=0):
    x, y = np.random.default_rng(99).normal(size=(2, paths))
    out = np.full((2, paths), np.nan)
    return x, y, out, surface.bind_minibatch_gradient(x, y, out, np.random.default_rng(rng))


# --- the surface


@given(samples=SAMPLES, p=POINTS)
def test_f_is_the_mean_squared_residual_and_the_sum_of_the_losses(samples, p):
    assume(features(samples).any())
    surface = least_squares(samples)
    expected = np.mean(residuals(samples, p) ** 2, axis=-1)
    assert surface.value(p) == pytest.approx(expected, rel=1e-10, abs=1e-9)
    assert surface.losses(p).shape == (len(p), len(samples))
    assert surface.losses(p).sum(axis=-1) == pytest.approx(expected, rel=1e-12)
    assert (surface.losses(p) >= 0).all()


@given(samples=SAMPLES, p=POINTS)
def test_the_gradients_of_the_samples_sum_up_to_that_of_f(samples, p):
    assume(features(samples).any())
    surface = least_squares(samples)
    parts = surface.sample_gradients(p)
    assert parts.shape == (len(p), len(samples), 2)
    scale = np.abs(parts).sum(axis=(-2, -1)).max() + 1
    assert parts.sum(axis=-2) == pytest.approx(surface.gradient(p), abs=1e-11 * scale)


@given(samples=SAMPLES)
def test_the_minimum_is_that_of_lstsq_of_least_norm_if_there_are_many(samples):
    matrix = features(samples)
    assume(matrix.any())
    surface = least_squares(samples)
    expected = np.linalg.lstsq(matrix, samples[:, -1], rcond=1e-12)[0]
    assert surface.minima == pytest.approx(expected[None], rel=1e-8, abs=1e-8)
    curvature = np.abs(surface.hessian((0, 0))).max()
    reach = np.abs(surface.minima).max()
    assert np.abs(surface.gradient(surface.minima)).max() <= 1e-15 * curvature * reach
    best = np.mean(residuals(samples, surface.minima[0]) ** 2)
    assert surface.floor == pytest.approx(best, rel=1e-9, abs=1e-12)
    hessian = 2 * matrix.T @ matrix / len(samples)
    assert surface.hessian((1, 2)) == pytest.approx(hessian, rel=1e-13, abs=1e-13)


@given(samples=SAMPLES)
def test_it_lies_well_inside_the_default_domain_and_the_start_away_from_it(samples):
    assume(features(samples).any())
    surface = least_squares(samples)
    low, high = np.transpose(surface.domain)
    (place,) = surface.minima
    assert place == pytest.approx((low + high) / 2, rel=1e-12, abs=1e-12 * np.max(high - low))
    away = np.abs(surface.start - place) / (high - low)
    assert away == pytest.approx([0.35, 0.1], rel=1e-9)
    assert surface.value(surface.start) > surface.floor


def test_the_default_domain_has_the_size_of_the_problem():
    t = np.linspace(0, 1, 50)
    (x0, x1), (y0, y1) = least_squares(np.stack([t, 2 * t + 1], axis=-1)).domain
    assert (x0, x1) == pytest.approx((-1.0, 5.0), abs=0.1)
    assert (y0, y1) == pytest.approx((-0.73, 2.73), abs=0.1)


def test_the_samples_of_a_line_are_fitted_exactly():
    surface = least_squares([(0, 1), (1, 3), (2, 5), (7, 15)])
    assert surface.minima.tolist() == [[2.0, 1.0]]
    assert surface.floor == 0.0
    assert surface.formula == "13.5*(x - 2.0)**2 + 5.0*(x - 2.0)*(y - 1.0) + 1.0*(y - 1.0)**2"


def test_the_coefficients_are_exact_where_sums_of_floats_are_not():
    # The determinant of the normal equations is 6, and both its products are 9e12.
    t = np.array([1e6, 1e6 + 1, 1e6 + 2])
    surface = least_squares(np.stack([t, 2 * t - 1e6], axis=-1))
    assert surface.minima.tolist() == [[2.0, -1e6]]
    assert surface.floor == 0.0
    assert np.linalg.eigvalsh(surface.hessian((0, 0)))[0] > 0


@pytest.mark.parametrize(
    ("samples", "minimum"),
    [
        ([(3, 10)], (3.0, 1.0)),
        ([(3, 10), (3, 20)], (4.5, 1.5)),
        ([(1, 2, 5), (2, 4, 10), (-3, -6, -15)], (1.0, 2.0)),
        ([(0, 0, 7), (0, 2, 4)], (0.0, 2.0)),
        ([(0, 5)], (0.0, 5.0)),
    ],
)
def test_of_a_line_of_minima_the_one_nearest_to_the_origin_is_declared(samples, minimum):
    surface = least_squares(samples)
    assert surface.declared_minima == (minimum,)
    along = np.linalg.svd(features(samples))[2][1]
    assert surface.value(minimum + 5 * along) == pytest.approx(surface.floor, abs=1e-12)


def test_huge_and_tiny_samples():
    for scale in (1e-140, 1e-70, 1e100, 1e140):
        surface = least_squares(np.array(LINE) * [1.0, scale])
        slope, intercept = surface.minima[0] / scale
        assert (slope, intercept) == pytest.approx(least_squares(LINE).minima[0])
        assert surface.value(surface.start) > surface.floor


def test_its_formula_is_that_of_an_ordinary_surface():
    surface = least_squares(LINE)
    plain = Surface(surface.formula)
    p = np.random.default_rng(0).normal(size=(20, 2))
    assert np.array_equal(plain.value(p), surface.value(p))
    assert plain.minima == pytest.approx(surface.minima, abs=1e-9)


# --- what is refused


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], "rows"),
        ([1, 2], "rows"),
        ([[1], [2]], "rows"),
        (np.ones((2, 4)), "rows"),
        (np.empty((0, 2)), "rows"),
        ("abc", "numbers"),
        (None, "numbers"),
        ([(1, 2), (3,)], "numbers"),
        ([(1, np.nan)], "finite throughout"),
        ([(np.inf, 1)], "finite throughout"),
        ([(1, 10**400)], "float64's range"),
        ([(0, 0, 1), (0, 0, 2)], "such that f depends on x or y"),
        ([(1, 0), (1 + 1e-8, 5)], "clearly of two directions"),
        ([(1e200, 1), (1, 2)], "of a size whose squares"),
        ([(6.7e-151, 1.2e-150)], "of a size whose squares"),
        ([(1, 1e200), (2, 1)], "of a size whose squares"),
        ([(1e-200, 0, 1), (0, 1e-200, 2)], "of a size whose squares"),
    ],
)
def test_bad_samples(samples, message):
    with pytest.raises((TypeError, ValueError), match=f"`samples` must be.*{message}"):
        least_squares(samples)


def test_targets_whose_squares_overflow_are_refused_in_any_domain():
    with pytest.raises(ValueError, match="`samples` must be of a size whose squares"):
        least_squares([(1, 1e200), (2, 1)], domain=((0, 1), (0, 1)))


@pytest.mark.parametrize("size", [0, -1, 6, 2.0, "2", True])
def test_bad_batch_size(size):
    with pytest.raises((TypeError, ValueError), match="`batch_size` must be"):
        least_squares(LINE, size)


@pytest.mark.parametrize("p", [3.0, (1,), (1, 2, 3), "ab"])
@pytest.mark.parametrize("method", ["losses", "sample_gradients"])
def test_bad_positions(method, p):
    with pytest.raises((TypeError, ValueError), match="`p` must be"):
        getattr(least_squares(LINE), method)(p)


# --- minibatches


@settings(max_examples=50)
@given(samples=SAMPLES, paths=st.integers(1, 5), data=st.data())
def test_over_an_epoch_they_average_to_the_full_gradient(samples, paths, data):
    assume(features(samples).any())
    count = len(samples)
    size = data.draw(st.integers(1, count))
    surface = least_squares(samples, size)
    x, y, out, step = bind(surface, paths)
    full = surface.gradient(np.stack([x, y], axis=-1))
    sizes = [min(size, count - begin) for begin in range(0, count, size)]
    scale = np.abs(surface.sample_gradients(np.stack([x, y], axis=-1))).sum() * count + 1
    for _ in range(3):
        total = np.zeros((paths, 2))
        for batch in sizes:
            step()
            total += batch / count * out.T
        assert total == pytest.approx(full, abs=1e-12 * scale)


def batches(surface, paths, steps, rng=0):
    """Return which samples each step of each path saw: the samples are (0, 2**i)."""
    x, y = np.zeros((2, paths))
    out = np.empty((2, paths))
    step = surface.bind_minibatch_gradient(x, y, out, np.random.default_rng(rng))
    count = len(surface.samples)
    rows = []
    for number in range(steps):
        step()
        begin = number * surface.batch_size % (-(-count // surface.batch_size) * surface.batch_size)
        size = min(surface.batch_size, count - begin)
        sums = np.rint(out[1] * size / -2).astype(int)
        rows.append([{i for i in range(count) if total >> i & 1} for total in sums])
        assert [len(seen) for seen in rows[-1]] == [size] * paths
    return rows


def powers(count, size):
    return least_squares([(0, 2**i) for i in range(count)], size)


def test_an_epoch_shows_each_sample_once_in_an_order_of_each_path():
    paths, epochs = 6, 4
    rows = batches(powers(11, 4), paths, 3 * epochs)
    orders = set()
    for path in range(paths):
        for epoch in range(epochs):
            seen = [rows[3 * epoch + i][path] for i in range(3)]
            assert set.union(*seen) == set(range(11))
            orders.add(tuple(map(frozenset, seen)))
    assert len(orders) == paths * epochs


def test_each_sample_is_drawn_equally_often():
    rows = batches(powers(5, 2), 3000, 1)
    counts = np.bincount([i for seen in rows[0] for i in seen], minlength=5)
    # 3000 draws of 2 in 5: 1200 each, with a standard deviation of 27.
    assert np.max(abs(counts - 1200)) < 140


def test_the_same_generator_gives_the_same_batches():
    surface = powers(9, 4)
    assert batches(surface, 3, 8, rng=5) == batches(surface, 3, 8, rng=5)
    assert batches(surface, 3, 8, rng=5) != batches(surface, 3, 8, rng=6)


def test_a_minibatch_is_the_mean_of_its_samples_at_what_the_arrays_hold_then():
    surface = powers(6, 3)
    seen = batches(surface, 4, 5, rng=3)
    x, y, out = np.zeros(4), np.zeros(4), np.empty((2, 4))
    step = surface.bind_minibatch_gradient(x, y, out, np.random.default_rng(3))
    for number in range(5):
        x += 0.5
        y -= np.arange(4)
        step()
        parts = surface.sample_gradients(np.stack([x, y], axis=-1))
        for path in range(4):
            expected = 2 * parts[path, sorted(seen[number][path])].sum(axis=0)
            assert out[:, path] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("size", [None, 5])
def test_the_whole_set_is_no_chance(size):
    surface = least_squares(LINE, size)
    x, y, out, step = bind(surface, 7)
    step()
    assert np.array_equal(out.T, surface.gradient(np.stack([x, y], axis=-1)))


def test_drawing_leaves_the_positions_alone():
    surface = least_squares(LINE, 2)
    x, y, _, step = bind(surface, 3)
    before = x.copy(), y.copy()
    for _ in range(7):
        step()
    assert np.array_equal(before, (x, y))


def test_a_step_allocates_nothing_that_grows():
    rng = np.random.default_rng(0)
    surface = least_squares(rng.normal(size=(4000, 2)), 100)
    _, _, _, step = bind(surface, 300)
    step()
    tracemalloc.start()
    for _ in range(50):  # With the shuffle of a new epoch.
        step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # One array of a batch's samples would take 240 kB, the orders 2.4 MB.
    assert peak < 120_000


# --- as an object


def test_equality_and_hash_are_by_samples_and_batch_size():
    surface = least_squares(LINE, 2)
    same = LeastSquares(np.array(LINE), 2, name="mine", domain=((0, 1), (0, 1)))
    assert surface == same
    assert hash(surface) == hash(same)
    assert surface != least_squares(LINE)
    assert surface != least_squares(LINE, 3)
    assert surface != least_squares(LINE[::-1], 2)
    plain = Surface(surface.formula)
    assert surface != plain
    assert plain != surface
    assert least_squares([(0.0, 1.0)]) == least_squares([(-0.0, 1.0)])
    assert hash(least_squares([(0.0, 1.0)])) == hash(least_squares([(-0.0, 1.0)]))


@pytest.mark.parametrize("used", [False, True])
def test_pickling(used):
    surface = least_squares(LINE, 2, name="fit", start=(1, 2), about="?", source="!")
    if used:
        surface.value((1, 2)), surface.gradient((1, 2)), surface.hessian((1, 2)), surface.minima
    copy = pickle.loads(pickle.dumps(surface))
    assert copy == surface
    assert hash(copy) == hash(surface)
    assert copy.to_dict() == surface.to_dict()
    assert np.array_equal(copy.losses((1, 2)), surface.losses((1, 2)))
    assert not copy.samples.flags.writeable


def test_the_samples_are_a_copy_that_cannot_be_changed():
    mine = np.array(LINE, dtype=float)
    surface = least_squares(mine)
    mine[:] = 0
    assert np.array_equal(surface.samples, LINE)
    with pytest.raises(ValueError, match="read-only"):
        surface.samples[0, 0] = 9
    with pytest.raises(AttributeError):
        surface.samples = mine


@pytest.mark.parametrize("size", [None, 2])
@pytest.mark.parametrize("kind", [Surface, LeastSquares])
def test_plain_data_and_back(kind, size):
    surface = least_squares(LINE, size, name="fit", domain=((0, 3), (-1, 4)), start=(1, 2))
    data = json.loads(json.dumps(surface.to_dict()))
    copy = kind.from_dict(data)
    assert copy == surface
    assert copy.to_dict() == surface.to_dict() == data
    assert data["batch_size"] == size


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"samples": [[0, 1]], "batchsize": 1}, "Did you mean 'batch_size'"),
        ({"samples": [[0, None]]}, "`samples` must be"),
        ({"samples": LINE, "batch_size": 9}, "`batch_size` must be"),
        ({"samples": LINE, "domain": 3}, "`domain` must be"),
        ({"formula": "x*y", "batch_size": 1}, "Unknown key of a surface 'batch_size'"),
    ],
)
def test_bad_data(data, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Surface.from_dict(data)


def test_data_without_samples_is_no_least_squares():
    with pytest.raises(ValueError, match="`data` must be with the key 'samples'"):
        LeastSquares.from_dict({"formula": "x*y"})


@pytest.mark.parametrize(
    ("surface", "text"),
    [
        (least_squares(LINE), "LeastSquares(5 samples)"),
        (least_squares(LINE, 2), "LeastSquares(5 samples, batch_size=2)"),
        (least_squares(LINE, name="fit"), "LeastSquares(5 samples, name='fit')"),
    ],
)
def test_repr(surface, text):
    assert repr(surface) == text


def test_what_it_is_of_is_told():
    assert least_squares([(0, 1), (1, 3)]).about == "a line through 2 samples"
    plane = least_squares([(1, 2, 3), (2, 1, 0)])
    assert plane.about == "a plane through (0, 0, 0) and 2 samples"
