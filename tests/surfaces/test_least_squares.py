"""Lines fitted to samples: the loss, its parts, and its minibatches."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from trajectories import LeastSquares, Surface, least_squares

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


@settings(max_examples=30)
@given(samples=SAMPLES, p=POINTS)
def test_it_is_the_mean_squared_residual_by_numpys_means(samples, p):
    matrix = features(samples)
    assume(matrix.any())
    surface, count = least_squares(samples), len(samples)
    expected = np.mean(residuals(samples, p) ** 2, axis=-1)
    assert surface.value(p) == pytest.approx(expected, rel=1e-10, abs=1e-9)
    losses, parts = surface.losses(p), surface.sample_gradients(p)
    assert losses.shape == (len(p), count)
    assert losses.sum(axis=-1) == pytest.approx(expected, rel=1e-12)
    assert (losses >= 0).all()
    assert parts.shape == (len(p), count, 2)
    scale = np.abs(parts).sum(axis=(-2, -1)).max() + 1
    assert parts.sum(axis=-2) == pytest.approx(surface.gradient(p), abs=1e-11 * scale)
    hessian = 2 * matrix.T @ matrix / count
    assert surface.hessian((1, 2)) == pytest.approx(hessian, rel=1e-13, abs=1e-13)

    # Of many minima, the one of least norm.
    (place,) = surface.minima
    lowest = np.linalg.lstsq(matrix, samples[:, -1], rcond=1e-12)[0]
    assert place == pytest.approx(lowest, rel=1e-8, abs=1e-8)
    slope = np.abs(surface.gradient(place)).max()
    assert slope <= 1e-15 * np.abs(surface.hessian((0, 0))).max() * np.abs(place).max()
    best = np.mean(residuals(samples, place) ** 2)
    assert surface.floor == pytest.approx(best, rel=1e-9, abs=1e-12)

    # It lies in the middle of the default domain, and the start away from it.
    low, high = np.transpose(surface.domain)
    assert place == pytest.approx((low + high) / 2, rel=1e-12, abs=1e-12 * np.max(high - low))
    away = np.abs(surface.start - place) / (high - low)
    assert away == pytest.approx([0.35, 0.1], rel=1e-9)
    assert surface.value(surface.start) > surface.floor


def test_the_samples_of_a_line_are_fitted_exactly():
    surface = least_squares([(0, 1), (1, 3), (2, 5), (7, 15)])
    assert surface.minima.tolist() == [[2.0, 1.0]]
    assert surface.floor == 0.0
    assert surface.formula == "13.5*(x - 2.0)**2 + 5.0*(x - 2.0)*(y - 1.0) + 1.0*(y - 1.0)**2"
    t = np.linspace(0, 1, 50)
    domain = least_squares(np.stack([t, 2 * t + 1], axis=-1)).domain
    assert np.array(domain) == pytest.approx(np.array([(-1, 5), (-0.73, 2.73)]), abs=0.1)


def test_the_coefficients_are_exact_where_sums_of_floats_are_not():
    # The determinant of the normal equations is 6, and both its products are 9e12.
    t = np.array([1e6, 1e6 + 1, 1e6 + 2])
    surface = least_squares(np.stack([t, 2 * t - 1e6], axis=-1))
    assert surface.minima.tolist() == [[2.0, -1e6]]
    assert surface.floor == 0.0
    assert np.linalg.eigvalsh(surface.hessian((0, 0)))[0] > 0


# --- what is refused


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.ones((2, 4)), "rows"),
        (np.empty((0, 2)), "rows"),
        (None, "numbers"),
        ([(1, 2), (3,)], "numbers"),
        ([(1, 10**400)], "float64's range"),
        ([(0, 0, 1), (0, 0, 2)], "such that f depends on x or y"),
        ([(1, 0), (1 + 1e-8, 5)], "clearly of two directions"),
        ([(6.7e-151, 1.2e-150)], "of a size whose squares"),
    ],
)
def test_bad_samples(samples, message):
    for how in ({}, {"domain": ((0, 1), (0, 1))}):
        with pytest.raises((TypeError, ValueError), match=f"`samples` must be.*{message}"):
            least_squares(samples, **how)


def test_bad_batch_sizes_and_positions():
    for size in (0, 6, 2.0, "2", True):
        with pytest.raises((TypeError, ValueError), match="`batch_size` must be"):
            least_squares(LINE, size)
    for p in (3.0, (1, 2, 3), "ab"):
        with pytest.raises((TypeError, ValueError), match="`p` must be"):
            least_squares(LINE).losses(p)
        with pytest.raises((TypeError, ValueError), match="`p` must be"):
            least_squares(LINE).sample_gradients(p)


# --- minibatches


@settings(max_examples=15)
@given(samples=SAMPLES, paths=st.integers(1, 5), data=st.data())
def test_over_an_epoch_they_average_to_the_full_gradient(samples, paths, data):
    assume(features(samples).any())
    count = len(samples)
    size = data.draw(st.integers(1, count))
    surface = least_squares(samples, size)
    x, y, out, step = bind(surface, paths)
    before = x.copy(), y.copy()
    full = surface.gradient(np.stack([x, y], axis=-1))
    sizes = [min(size, count - begin) for begin in range(0, count, size)]
    scale = np.abs(surface.sample_gradients(np.stack([x, y], axis=-1))).sum() * count + 1
    for _ in range(3):
        total = np.zeros((paths, 2))
        for batch in sizes:
            step()
            total += batch / count * out.T
        assert total == pytest.approx(full, abs=1e-12 * scale)
    assert np.array_equal(before, (x, y))


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
    surface = powers(11, 4)
    rows = batches(surface, paths, 3 * epochs)
    orders = set()
    for path in range(paths):
        for epoch in range(epochs):
            seen = [rows[3 * epoch + i][path] for i in range(3)]
            assert set.union(*seen) == set(range(11))
            orders.add(tuple(map(frozenset, seen)))
    assert len(orders) == paths * epochs
    assert rows == batches(surface, paths, 3 * epochs) != batches(surface, paths, 12, rng=6)


def test_each_sample_is_drawn_equally_often():
    rows = batches(powers(5, 2), 3000, 1)
    counts = np.bincount([i for seen in rows[0] for i in seen], minlength=5)
    # 3000 draws of 2 in 5: 1200 each, with a standard deviation of 27.
    assert np.max(abs(counts - 1200)) < 140


# --- as an object


def test_equality_and_hash_are_by_samples_and_batch_size():
    surface = least_squares(LINE, 2)
    same = LeastSquares(np.array(LINE), 2, name="mine", domain=((0, 1), (0, 1)))
    assert surface == same
    assert hash(surface) == hash(same)
    plain = Surface(surface.formula)
    for other in (least_squares(LINE), least_squares(LINE, 3), least_squares(LINE[::-1], 2), plain):
        assert surface != other
        assert other != surface
    one, other = least_squares([(0.0, 1.0)]), least_squares([(-0.0, 1.0)])
    assert one == other
    assert hash(one) == hash(other)
    assert repr(surface) == "LeastSquares(5 samples, batch_size=2)"
    assert repr(least_squares(LINE, name="fit")) == "LeastSquares(5 samples, name='fit')"
    assert least_squares([(0, 1), (1, 3)]).about == "a line through 2 samples"


def test_the_samples_are_a_copy_that_cannot_be_changed():
    mine = np.array(LINE, dtype=float)
    surface = least_squares(mine)
    mine[:] = 0
    assert np.array_equal(surface.samples, LINE)
    with pytest.raises(ValueError, match="read-only"):
        surface.samples[0, 0] = 9


@pytest.mark.parametrize("size", [None, 2])
def test_pickles_and_plain_data_read_back(size):
    surface = least_squares(LINE, size, name="fit", domain=((0, 3), (-1, 4)), start=(1, 2))
    data = json.loads(json.dumps(surface.to_dict()))
    assert data["batch_size"] == size
    copies = [pickle.loads(pickle.dumps(surface)), Surface.from_dict(data)]
    surface.value((1, 2)), surface.gradient((1, 2)), surface.hessian((1, 2)), surface.minima
    copies += [pickle.loads(pickle.dumps(surface)), LeastSquares.from_dict(data)]
    for copy in copies:
        assert copy == surface
        assert hash(copy) == hash(surface)
        assert copy.to_dict() == surface.to_dict() == data
        assert np.array_equal(copy.losses((1, 2)), surface.losses((1, 2)))
        assert not copy.samples.flags.writeable
    with pytest.raises(ValueError, match="`data` must be with the key 'samples'"):
        LeastSquares.from_dict({"formula": "x*y"})
