"""Least squares on samples, with gradients of minibatches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from trajectories.checks import floats, integer, must
from trajectories.surfaces.formula import FormulaError
from trajectories.surfaces.surface import Array, Surface

Rectangle = tuple[tuple[float, float], tuple[float, float]]
#: The largest ratio of the product of the diagonal to the determinant of the normal equations: past
#: it, rounding the coefficients to float64 cancels the determinant.
_MAX_CONDITION = 10**14
#: The half width of the default domain, in that of the ellipse where f exceeds its minimum by the
#: variance of the targets.
_MARGIN = 1.5
#: The requirement of samples in error messages.
SIZE = "of a size whose squares are in float64's range"


class Fit(NamedTuple):
    """f = xx (x - x0)² + xy (x - x0)(y - y0) + yy (y - y0)² + floor, and where (x0, y0) is."""

    xx: float
    xy: float
    yy: float
    minimum: tuple[float, float]
    floor: float
    singular: bool

    @property
    def formula(self) -> str:
        """The formula as text, written around the minimum."""
        u, v = (_shifted(name, offset) for name, offset in zip("xy", self.minimum, strict=True))
        text = ""
        for number, factor in (
            (self.xx, f"*{u}**2"),
            (self.xy, f"*{u}*{v}"),
            (self.yy, f"*{v}**2"),
            (self.floor, ""),
        ):
            if number:
                sign = ("-" if number < 0 else "") if not text else (" - " if number < 0 else " + ")
                text += f"{sign}{abs(number)!r}{factor}"
        return text

    def domain(self, targets: Array, samples: object) -> Rectangle:
        """Return a rectangle around the ellipse f = floor + variance of the targets."""
        with np.errstate(all="ignore"):
            level = float(np.var(targets))
            if not level > 1e-12 * float(np.mean(np.square(targets))):
                level = float(np.mean(np.square(targets))) or 1.0
            values, vectors = np.linalg.eigh([[self.xx, self.xy / 2], [self.xy / 2, self.yy]])
            if self.singular:
                values[0] = values[1]
            middle = np.array(self.minimum)
            half = _MARGIN * np.sqrt(np.square(vectors) @ (level / values))
            half = np.maximum(half, 1e-6 * abs(middle))
        if not np.isfinite([middle - half, middle + half]).all():
            raise must("samples", SIZE, samples)
        (x0, y0), (x1, y1) = (middle - half).tolist(), (middle + half).tolist()
        return (x0, x1), (y0, y1)


def fitted(features: Array, targets: Array, samples: object) -> Fit:
    """Solve the normal equations in exact arithmetic."""
    count = len(targets)
    (a, b, s), unit = _integers([*features, targets])
    xx, xy, yy = _product(a, a), _product(a, b), _product(b, b)
    xs, ys, ss = _product(a, s), _product(b, s), _product(s, s)
    trace, determinant = xx + yy, xx * yy - xy * xy
    if trace == 0:
        raise must("samples", "such that f depends on x or y: not all a and b 0", samples)
    if determinant == 0:
        x0, y0 = Fraction(xs, trace), Fraction(ys, trace)
    elif xx * yy > _MAX_CONDITION * determinant:
        raise must(
            "samples", "clearly of two directions (t, 1) or (a, b), or exactly of one", samples
        )
    else:
        x0 = Fraction(yy * xs - xy * ys, determinant)
        y0 = Fraction(xx * ys - xy * xs, determinant)
    scale = Fraction(unit * unit, count)
    numbers = (xx * scale, 2 * xy * scale, yy * scale, x0, y0, (ss - x0 * xs - y0 * ys) * scale)
    try:
        c_xx, c_xy, c_yy, x, y, floor = map(float, numbers)
        float(ss * scale)
    except OverflowError:
        c_xx = c_yy = 0.0
    if max(c_xx, c_yy) < 1e-290:
        raise must("samples", SIZE, samples)
    return Fit(c_xx, c_xy, c_yy, (x, y), floor, determinant == 0)


def _integers(columns: Sequence[Array]) -> tuple[list[list[int]], Fraction]:
    """Return floats as integer multiples of one power of two, and that power."""
    ratios = [[number.as_integer_ratio() for number in column.tolist()] for column in columns]
    unit = max(d for column in ratios for _, d in column)
    return [[n * (unit // d) for n, d in column] for column in ratios], Fraction(1, unit)


def _product(left: list[int], right: list[int]) -> int:
    return sum(one * other for one, other in zip(left, right, strict=True))


def _shifted(name: str, offset: float) -> str:
    if offset == 0:
        return name
    return f"({name} {'-' if offset > 0 else '+'} {abs(offset)!r})"


class LeastSquares(Surface):
    """The mean squared residual of a line through samples, a sum of one loss per sample.

    With samples (t, s), x is the slope of a line and y its intercept, and the residual of a sample
    is x t + y - s. With samples (a, b, s) it is a x + b y - s, for a plane through the origin or
    any other two features. The loss of a sample is the square of its residual over the number of
    samples, so that all losses sum up to f.

    As a surface it is the loss of all samples together: value, gradient and Hessian are exact. The
    minibatch gradients of `bind_minibatch_gradient` are those of stochastic gradient descent:
    unbiased, with a spread that comes from the data, depends on the position and vanishes at the
    minimum of a perfect fit.

    Parameters
    ----------
    samples : array_like, shape (n, 2) or (n, 3)
        Rows (t, s) or (a, b, s), finite.
    batch_size : int, optional
        The number of samples in a minibatch, from 1 to n; by default n.
    name, domain, start, about, source
        As for `Surface`; the default domain has the minimum in its middle, and a half width of 1.5
        times that of the ellipse on which f exceeds its minimum by the variance of s.

    Attributes
    ----------
    samples : numpy.ndarray, shape (n, 2) or (n, 3)
        Read-only.
    batch_size : int or None
        As given.

    Notes
    -----
    The coefficients and the minimum are computed in exact arithmetic and rounded once, and so are
    equal on every machine. The formula is written around the minimum, so that no digits cancel near
    it.

    One sample, or several whose (t, 1) or (a, b) are all multiples of one pair, do not determine
    both x and y: f has a line of minima, of which the one nearest to (0, 0) is declared.
    Samples that determine them only by their last digits, such as t = 1e8 and t = 1e8 + 1, are
    rejected.

    References
    ----------
    A. M. Legendre: Nouvelles méthodes pour la détermination des orbites des comètes, 1805.
    H. Robbins, S. Monro: A Stochastic Approximation Method, Annals of Mathematical Statistics
    22(3), 1951.

    Examples
    --------
    >>> line = least_squares([(0, 1), (1, 3), (2, 5)], batch_size=1)
    >>> line.minima
    array([[2., 1.]])
    >>> line.losses((1, 1)) * 3, line.value((1, 1)) * 3
    (array([0., 1., 4.]), np.float64(5.0))
    """

    batch_size: int | None

    def __init__(
        self,
        samples: ArrayLike,
        batch_size: int | None = None,
        *,
        name: str | None = None,
        domain: Sequence[Sequence[float]] | None = None,
        start: Sequence[float] | None = None,
        about: str | None = None,
        source: str = "",
    ) -> None:
        self._store(_samples(samples))
        count = len(self.samples)
        self.batch_size = None if batch_size is None else integer("batch_size", batch_size, 1)
        if self.batch_size is not None and self.batch_size > count:
            raise must("batch_size", f"at most the number of samples, {count}", batch_size)
        fit = fitted(self._features, self._targets, samples)
        through = (
            "a line through" if self.samples.shape[1] == 2 else "a plane through (0, 0, 0) and"
        )
        domain = fit.domain(self._targets, samples) if domain is None else domain
        try:
            super().__init__(
                fit.formula,
                name=f"least squares of {count} samples" if name is None else name,
                domain=domain,
                minima=[fit.minimum],
                start=start,
                about=f"{through} {count} samples" if about is None else about,
                source=source,
            )
        except FormulaError:  # The products of its coefficients overflow.
            raise must("samples", SIZE, samples) from None

    def losses(self, p: ArrayLike) -> Array:
        """Return the loss of each sample at `p`; they sum up to f.

        Parameters
        ----------
        p : array_like, shape (..., 2)
            Positions.
        """
        with np.errstate(all="ignore"):
            return np.square(self._residuals(p)) / len(self.samples)

    def sample_gradients(self, p: ArrayLike) -> Array:
        """Return the gradient of each sample's loss at `p`; they sum up to the gradient of f.

        Parameters
        ----------
        p : array_like, shape (..., 2)
            Positions.
        """
        with np.errstate(all="ignore"):
            slopes: Array = (2.0 / len(self.samples)) * self._residuals(p)
            return slopes[..., None] * self._features.T

    def bind_minibatch_gradient(
        self, x: Array, y: Array, out: Array, rng: np.random.Generator
    ) -> Callable[[], None]:
        """Return a function that writes the gradient of a new minibatch into `out`.

        Each of the m paths goes through all samples in an order of its own, which it shuffles after
        every epoch. The gradient is the sum of the gradients of the batch's samples times n over
        the batch size: on average that of f. If the batch size does not divide n, the last batch of
        an epoch is smaller, and scaled by its own size.

        Parameters
        ----------
        x, y : numpy.ndarray, shape (m,)
            Coordinates, float64 and contiguous.
        out : numpy.ndarray, shape (2, m)
            Takes the derivatives by x and by y.
        rng : numpy.random.Generator
            Generator of the orders.

        Returns
        -------
        callable
            Takes no arguments and returns nothing. It allocates no memory that grows with m or n;
            the m times n orders are shuffled in place.
        """
        count, size = len(self.samples), self.batch_size
        if size is None or size == count:
            return self.bind_gradient(x, y, out)
        paths = x.shape[0]
        orders = np.empty((paths, count), np.min_scalar_type(count - 1))
        orders[:] = np.arange(count)
        work = np.empty((4, paths * size))
        indices = np.empty(paths * size, np.intp)
        a, b = self._features
        targets = self._targets
        column_x, column_y = x[:, None], y[:, None]
        begin = 0

        def run() -> None:
            nonlocal begin
            if begin == 0:
                rng.permuted(orders, axis=1, out=orders)
            end = min(begin + size, count)
            batch = end - begin
            shape = (paths, batch)
            one, two, residual, part = (row[: paths * batch].reshape(shape) for row in work)
            rows = indices[: paths * batch].reshape(shape)
            rows[:] = orders[:, begin:end]
            begin = 0 if end == count else end
            # No index is out of range; with `mode` numpy.take writes directly into `out`.
            np.take(a, rows, out=one, mode="clip")
            np.take(b, rows, out=two, mode="clip")
            np.take(targets, rows, out=part, mode="clip")
            np.multiply(one, column_x, out=residual)
            np.subtract(residual, part, out=residual)
            np.multiply(two, column_y, out=part)
            np.add(residual, part, out=residual)
            for row, feature in zip(out, (one, two), strict=True):
                np.multiply(feature, residual, out=feature)
                np.add.reduce(feature, axis=1, out=row)
            np.multiply(out, 2.0 / batch, out=out)

        return run

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments of the surface as plain data for JSON."""
        return {
            **super().to_dict(),
            "samples": self.samples.tolist(),
            "batch_size": self.batch_size,
        }

    @property
    def samples(self) -> Array:
        """The rows of samples, read-only."""
        return self._samples

    def _store(self, samples: Array) -> None:
        """Store samples, and their two features and targets as contiguous columns."""
        samples.setflags(write=False)
        self._samples = samples
        first = samples[:, 0]
        second = samples[:, 1] if samples.shape[1] == 3 else np.ones(len(samples))
        self._features = np.stack([first, second])
        self._targets = samples[:, -1].copy()

    def _residuals(self, p: ArrayLike) -> Array:
        positions = floats("p", p)
        if positions.ndim == 0 or positions.shape[-1] != 2:
            raise must("p", "of shape (..., 2)", positions.shape)
        a, b = self._features
        residuals: Array = positions[..., :1] * a + positions[..., 1:] * b - self._targets
        return residuals

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same samples and batch size."""
        return (
            isinstance(other, LeastSquares)
            and self.batch_size == other.batch_size
            and np.array_equal(self.samples, other.samples)
        )

    def __hash__(self) -> int:
        """Hash by the samples and the batch size."""
        return hash((self.samples.shape, self.samples.tobytes(), self.batch_size))

    def __repr__(self) -> str:
        """Show the numbers of samples, and the name if it has one of its own."""
        count = len(self.samples)
        name = "" if self.name == f"least squares of {count} samples" else f", name={self.name!r}"
        batch = "" if self.batch_size is None else f", batch_size={self.batch_size}"
        return f"LeastSquares({count} samples{batch}{name})"

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the samples read-only again, which pickling forgets."""
        super().__setstate__(state)
        self._samples.setflags(write=False)


Surface._fitted = LeastSquares


def least_squares(
    samples: ArrayLike,
    batch_size: int | None = None,
    *,
    name: str | None = None,
    domain: Sequence[Sequence[float]] | None = None,
    start: Sequence[float] | None = None,
    about: str | None = None,
    source: str = "",
) -> LeastSquares:
    """Return the loss of a line fitted to samples, as a surface of its slope x and intercept y.

    Parameters
    ----------
    samples, batch_size, name, domain, start, about, source
        As for `LeastSquares`.

    Examples
    --------
    >>> least_squares([(0, 1), (1, 3), (2, 5), (3, 6)], batch_size=2)
    LeastSquares(4 samples, batch_size=2)
    """
    return LeastSquares(
        samples, batch_size, name=name, domain=domain, start=start, about=about, source=source
    )


def _samples(value: ArrayLike) -> Array:
    samples = floats("samples", value)
    if samples.ndim != 2 or samples.shape[1] not in (2, 3) or len(samples) == 0:
        raise must("samples", "rows (t, s) or (a, b, s), at least one", samples.shape)
    if not np.isfinite(samples).all():
        raise must("samples", "finite throughout", samples[~np.isfinite(samples)][0])
    return samples + 0.0  # Turns -0.0 into 0.0, so that equal samples have equal hashes.
