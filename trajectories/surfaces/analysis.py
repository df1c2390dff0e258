"""Analysis of a point: curvature, condition and stable learning rates."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.checks import FRACTION, floats, scalar

if TYPE_CHECKING:
    from trajectories.surfaces.surface import Surface

Array = NDArray[np.float64]

#: An eigenvalue below this fraction of the larger one is rounding error.
_ROUNDING = 1e-14
#: The distance that counts as at a stationary point, in diagonals of the domain.
_NEAR = 1e-6


@dataclass(frozen=True, eq=False)
class Analysis:
    """The curvature of a surface at one point or several, as `Surface.analysis` returns it.

    Parameters
    ----------
    point : numpy.ndarray, shape (..., 2)
        The points.
    value : float or numpy.ndarray, shape (...)
        f there.
    gradient_norm : float or numpy.ndarray, shape (...)
        The length of the gradient.
    eigenvalues : numpy.ndarray, shape (..., 2)
        Of the Hessian, in ascending order: the smallest and the largest curvature of all
        directions. NaN where the Hessian is not finite.
    eigenvectors : numpy.ndarray, shape (..., 2, 2)
        In their columns the directions of these curvatures, of length 1.
    kind : str or numpy.ndarray of str, shape (...)
        ``"slope"`` where the gradient is not small; otherwise ``"minimum"``, ``"maximum"`` or
        ``"saddle"`` by the signs of the eigenvalues, ``"degenerate"`` where one of them is 0,
        ``"flat"`` where both are; ``"kink"`` where the gradient or the Hessian is not finite, and
        ``"undefined"`` where f is not either.

    Notes
    -----
    The gradient is small if it is at most 1e-6 d times the larger size of an eigenvalue, where d is
    the diagonal of the domain: a Newton step from there is then in general at most 1e-6 d long. An
    eigenvalue counts as 0 if its size is at most 1e-14 times that of the other, the rounding error
    of a true 0. The kinks of ``abs``, ``max`` and the like have a gradient and a Hessian and cannot
    be told from smooth points.

    The limits hold for a quadratic with these eigenvalues, on which a rule is a linear recursion
    in every eigendirection: it converges if and only if both roots of its characteristic
    polynomial lie inside the unit circle. Elsewhere they hold close to the point. A rule that is
    stable along the largest curvature is stable along all smaller ones; directions that curve
    down repel at every learning rate and set no limit.

    References
    ----------
    B. T. Polyak: Some methods of speeding up the convergence of iteration methods, USSR
    Computational Mathematics and Mathematical Physics 4(5), 1964.
    G. Goh: Why Momentum Really Works, Distill, 2017, doi:10.23915/distill.00006.
    I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and momentum
    in deep learning, ICML 2013 (Nesterov's rule as a kind of momentum).

    Examples
    --------
    >>> from trajectories import Surface
    >>> print(Surface("x**2/20 + y**2").analysis((0, 0)))
    minimum: f(0, 0) = 0, gradient norm 0
    curvature 0.1 to 2, condition number 20
    stable learning rates: SGD below 1, Momentum(0.9) below 1.9, Nesterov(0.9) below 0.6786
    """

    point: Array
    value: Any
    gradient_norm: Any
    eigenvalues: Array
    eigenvectors: Array
    kind: Any

    @property
    def condition(self) -> Any:
        """The ratio of the sizes of the eigenvalues, shape (...), at a saddle too.

        Infinite where the Hessian is singular: at least one direction has no curvature.
        """
        sizes = np.sort(abs(self.eigenvalues), axis=-1)
        small, large = sizes[..., 0], sizes[..., 1]
        with np.errstate(all="ignore"):
            return _unwrapped(np.where(small <= _ROUNDING * large, np.inf, large / small))

    @property
    def sgd_limit(self) -> Any:
        """The learning rate below which plain gradient descent is stable: 2 / largest eigenvalue.

        Of shape (...); infinite where no direction curves upwards.
        """
        return self._limit(2.0)

    def momentum_limit(self, momentum: float = 0.9) -> Any:
        """Return the learning rate below which descent with momentum is stable.

        Parameters
        ----------
        momentum : float, default 0.9
            At least 0 and below 1.

        Returns
        -------
        float or numpy.ndarray, shape (...)
            2 (1 + momentum) / largest eigenvalue; infinite where no direction curves upwards.
        """
        momentum = scalar("momentum", momentum, FRACTION)
        return self._limit(2.0 + 2.0 * momentum)

    def nesterov_limit(self, momentum: float = 0.9) -> Any:
        """Return the learning rate below which descent with Nesterov's momentum is stable.

        Parameters
        ----------
        momentum : float, default 0.9
            At least 0 and below 1.

        Returns
        -------
        float or numpy.ndarray, shape (...)
            2 (1 + momentum) / ((1 + 2 momentum) largest eigenvalue), less than without the
            look-ahead; infinite where no direction curves upwards.
        """
        momentum = scalar("momentum", momentum, FRACTION)
        return self._limit((2.0 + 2.0 * momentum) / (1.0 + 2.0 * momentum))

    def _limit(self, product: float) -> Any:
        """Return the learning rate with this product with the largest eigenvalue."""
        largest = self.eigenvalues[..., 1]
        with np.errstate(all="ignore"):
            return _unwrapped(np.where(largest <= 0, np.inf, product / largest))

    def __str__(self) -> str:
        """Return three lines on one point, and the number of each kind for several."""
        if self.point.ndim > 1:
            counts = Counter(self.kind.ravel().tolist()).most_common()
            parts = ", ".join(f"{count} {kind}" for kind, count in counts)
            return f"{self.kind.size} points: {parts}" if counts else "0 points"
        x, y = self.point
        low, high = self.eigenvalues
        return (
            f"{self.kind}: f({x:.4g}, {y:.4g}) = {self.value:.4g}, "
            f"gradient norm {self.gradient_norm:.4g}\n"
            f"curvature {low:.4g} to {high:.4g}, condition number {self.condition:.4g}\n"
            f"stable learning rates: SGD below {self.sgd_limit:.4g}, "
            f"Momentum(0.9) below {self.momentum_limit():.4g}, "
            f"Nesterov(0.9) below {self.nesterov_limit():.4g}"
        )


def analyse(surface: Surface, p: ArrayLike) -> Analysis:
    """Return the analysis of a surface at some points."""
    point = floats("p", p)
    value, gradient, hessian = surface.value(point), surface.gradient(point), surface.hessian(point)
    finite = np.asarray(np.isfinite(hessian).all(axis=(-2, -1)))
    eigenvalues, eigenvectors = np.linalg.eigh(np.where(finite[..., None, None], hessian, 0.0))
    eigenvalues[~finite] = np.nan
    eigenvectors[~finite] = np.nan
    norm = np.hypot(gradient[..., 0], gradient[..., 1])
    diagonal = float(np.hypot(*np.diff(surface.domain).ravel()))
    kind = _kind(value, norm, eigenvalues, _NEAR * diagonal)
    return Analysis(point, value, _unwrapped(norm), eigenvalues, eigenvectors, _unwrapped(kind))


def _kind(value: Array, norm: Array, eigenvalues: Array, reach: float) -> NDArray[np.str_]:
    low, high = eigenvalues[..., 0], eigenvalues[..., 1]
    size = np.maximum(abs(low), abs(high))
    zero = _ROUNDING * size
    conditions = [
        ~np.isfinite(value),
        ~np.isfinite(norm) | np.isnan(size),
        norm > reach * size,
        size == 0,
        (abs(low) <= zero) | (abs(high) <= zero),
        low > 0,
        high < 0,
    ]
    kinds = ["undefined", "kink", "slope", "flat", "degenerate", "minimum", "maximum"]
    return np.select(conditions, [np.array(kind) for kind in kinds], np.array("saddle"))


def _unwrapped(array: Any) -> Any:
    """Return an array, or its only element if it has no axes."""
    return array if np.ndim(array) else np.asarray(array).item()
