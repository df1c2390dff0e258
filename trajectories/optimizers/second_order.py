"""Optimizers that evaluate the surface: Newton, damped Newton, backtracking."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from trajectories.checks import NON_NEGATIVE, POSITIVE, Interval
from trajectories.optimizers.base import Array, Hyperparameter, Rule, hyperparameter

#: The range of the factor and of the slope of a line search.
OPEN = Interval(0.0, 1.0, "neither", "between 0 and 1, without the ends")
#: The most cuts of a step, by a half to some 1e-18 of its length; then it is 0.
_MAX_CUTS = 60


class SurfaceLike(Protocol):
    """The methods of a surface that these rules call."""

    def __call__(self, x: Any, y: Any) -> Any:
        """Return f."""

    def hessian(self, p: Any) -> Array:
        """Return the second derivatives."""


@dataclass(eq=False)
class SurfaceOptimizer(Rule, ABC):
    """The base of the rules that evaluate the surface itself, and so work on surfaces only.

    Like an `Optimizer`, a rule is a dataclass of hyperparameters that may be arrays, with a
    learning rate that may be a schedule. Unlike one it has no state, and moves positions instead
    of parameters of any shape.

    Parameters
    ----------
    lr : float, array, str or callable, default 1
        The length of a full step, positive.

    Examples
    --------
    >>> from trajectories import Newton
    >>> issubclass(Newton, SurfaceOptimizer), Newton().lr
    (True, 1.0)
    """

    lr: Any = hyperparameter(1.0, POSITIVE)

    def bind(self, surface: SurfaceLike, p: Array, g: Array) -> Callable[[], None]:
        """Return a function that makes one step of all positions.

        Parameters
        ----------
        surface : Surface
            The surface to descend.
        p : numpy.ndarray, shape (2, n)
            Positions, x first; each call changes them in place.
        g : numpy.ndarray, shape (2, n)
            The gradients there, which the caller updates before each call.

        Returns
        -------
        callable
            Takes no arguments and returns nothing.

        Examples
        --------
        >>> from trajectories import Surface
        >>> bowl = Surface("x**2/20 + y**2")
        >>> p = np.array([[-7.0], [2.0]])
        >>> Newton().bind(bowl, p, bowl.gradient(p.T).T)()
        >>> bool(abs(p).max() < 1e-15)
        True
        """

        def step() -> None:
            lr = self.learning_rate()
            self.steps_taken += 1
            np.subtract(p, self._move(surface, p, g, lr), out=p)

        return step

    @abstractmethod
    def _move(self, surface: SurfaceLike, p: Array, g: Array, lr: Hyperparameter) -> Array:
        """Return what to subtract from the positions, shape (2, n)."""


@dataclass(eq=False)
class Newton(SurfaceOptimizer):
    r"""Newton's method: the step to where the gradient of the local parabola is zero.

    .. math:: p \leftarrow p - \eta\, H^{-1} g

    Parameters
    ----------
    lr : float, array, str or callable, default 1
        Learning rate :math:`\eta`; 1 is Newton's own step, less is the relaxed method.

    Notes
    -----
    H is the Hessian at p. On a quadratic surface one step arrives, whatever the condition number,
    and near a minimum with a definite Hessian the number of right digits doubles with each step.
    Weakness: it goes to any point of zero gradient, a saddle or a maximum as well; far from one it
    may leap anywhere; and where H is singular the path counts as diverged.

    References
    ----------
    Nocedal, J. and Wright, S. (2006). Numerical optimization, 2nd ed., eq. 3.30.

    Examples
    --------
    >>> import trajectories as tj
    >>> tj.descend("x**2 - y**2", tj.Newton(), start=(-1.5, 0.1), steps=1).final.tolist()
    [0.0, 0.0]
    """

    name: ClassVar[str] = "newton"
    formula: ClassVar[str] = "p -= lr H^-1 g"

    def _move(self, surface: SurfaceLike, p: Array, g: Array, lr: Hyperparameter) -> Array:
        a, b, c = _second_derivatives(surface, p)
        determinant = a * c - b * b
        step = np.stack([c * g[0] - b * g[1], a * g[1] - b * g[0]])
        return np.asarray(lr * step / determinant)


@dataclass(eq=False)
class DampedNewton(SurfaceOptimizer):
    r"""Damped Newton: Newton's direction made to lead down, and a step cut until f falls enough.

    .. math:: p \leftarrow p - t\, d, \qquad d = |H|_\delta^{-1} g
    .. math:: t = \eta\, s^k \text{ with the least } k = 0, 1, \ldots \text{ such that }
        f(p - t\, d) \le f(p) - c\, t\, g \cdot d

    Parameters
    ----------
    lr : float, array, str or callable, default 1
        Learning rate :math:`\eta`: the step that is tried first.
    damping : float or array, default 1e-6
        The least curvature :math:`\delta`, zero or positive: :math:`|H|_\delta` has the
        eigenvectors of H and the larger of :math:`|\lambda|` and :math:`\delta` as eigenvalues.
    shrink : float or array, default 0.5
        The factor s by which a step is cut, between 0 and 1.
    slope : float or array, default 1e-4
        The part c of the fall predicted by the gradient that f must reach, between 0 and 1.

    Notes
    -----
    A saddle repels it, as a negative curvature counts by its size. Where f does not fall within
    60 cuts (with noise, or at the limit of precision) it stays where it is. Weakness: an
    eigenvalue problem per step, too expensive in a million dimensions.

    References
    ----------
    Boyd, S. and Vandenberghe, L. (2004). Convex optimization, algorithm 9.5. Dauphin, Y. et al.
    (2014). Identifying and attacking the saddle point problem in high-dimensional non-convex
    optimization. NeurIPS, arXiv:1406.2572, for the absolute eigenvalues.

    Examples
    --------
    >>> import trajectories as tj
    >>> tj.descend("rosenbrock", tj.DampedNewton(), steps=30).final.round(6).tolist()
    [1.0, 1.0]
    """

    name: ClassVar[str] = "dampednewton"
    formula: ClassVar[str] = "p -= t |H|^-1 g, t = lr shrink^k with which f falls enough"

    damping: Hyperparameter = hyperparameter(1e-6, NON_NEGATIVE)
    shrink: Hyperparameter = hyperparameter(0.5, OPEN)
    slope: Hyperparameter = hyperparameter(1e-4, OPEN)

    def _move(self, surface: SurfaceLike, p: Array, g: Array, lr: Hyperparameter) -> Array:
        direction = _damped_direction(surface, p, g, self.damping)
        return _line_search(surface, p, g, direction, lr, self.shrink, self.slope)


@dataclass(eq=False)
class Backtracking(SurfaceOptimizer):
    r"""Gradient descent with a line search: each step is cut until f falls enough.

    .. math:: p \leftarrow p - t\, g, \qquad t = \eta\, s^k \text{ with the least }
        k = 0, 1, \ldots \text{ such that } f(p - t\, g) \le f(p) - c\, t\, g \cdot g

    Parameters
    ----------
    lr : float, array, str or callable, default 1
        Learning rate :math:`\eta`: the step that is tried first, anew each time.
    shrink : float or array, default 0.5
        The factor s by which a step is cut, between 0 and 1.
    slope : float or array, default 1e-4
        The part c of the fall predicted by the gradient that f must reach, between 0 and 1.

    Notes
    -----
    f never rises, and no learning rate is too large. Where f does not fall within 60 cuts (with
    noise, or at the limit of precision) it stays where it is. Weakness: the direction is still
    the gradient's, so that a narrow valley makes it zigzag; and every trial costs a value of f.

    References
    ----------
    Armijo, L. (1966). Minimization of functions having Lipschitz continuous first partial
    derivatives. Pacific Journal of Mathematics 16(1), 1-3. Nocedal, J. and Wright, S. (2006).
    Numerical optimization, 2nd ed., algorithm 3.1.

    Examples
    --------
    >>> import trajectories as tj
    >>> path = tj.descend("rosenbrock", tj.Backtracking(), steps=100)
    >>> bool((np.diff(path.values) <= 0).all())
    True
    """

    name: ClassVar[str] = "backtracking"
    formula: ClassVar[str] = "p -= t g, t = lr shrink^k with which f falls enough"

    shrink: Hyperparameter = hyperparameter(0.5, OPEN)
    slope: Hyperparameter = hyperparameter(1e-4, OPEN)

    def _move(self, surface: SurfaceLike, p: Array, g: Array, lr: Hyperparameter) -> Array:
        return _line_search(surface, p, g, g, lr, self.shrink, self.slope)


def _second_derivatives(surface: SurfaceLike, p: Array) -> tuple[Array, Array, Array]:
    """Return the derivatives by xx, xy and yy."""
    hessian = surface.hessian(p.T)
    return hessian[:, 0, 0], hessian[:, 0, 1], hessian[:, 1, 1]


def _damped_direction(surface: SurfaceLike, p: Array, g: Array, damping: Hyperparameter) -> Array:
    """Return the gradient divided by the absolute curvature along each of its axes."""
    hessian = surface.hessian(p.T)
    finite = np.isfinite(hessian).all(axis=(1, 2))
    hessian[~finite] = 0.0
    curvatures, axes = np.linalg.eigh(hessian)
    sizes = np.maximum(abs(curvatures), np.broadcast_to(damping, p.shape[1])[:, None])
    along = np.einsum("nij,in->nj", axes, g) / sizes
    direction = np.einsum("nij,nj->in", axes, along)
    direction[:, ~finite] = np.nan
    return np.asarray(direction)


def _line_search(
    surface: SurfaceLike,
    p: Array,
    g: Array,
    direction: Array,
    lr: Hyperparameter,
    shrink: Hyperparameter,
    slope: Hyperparameter,
) -> Array:
    """Return the direction times the first length at which f falls enough, or 0."""
    length = np.broadcast_to(np.asarray(lr, dtype=float), p.shape[1]).copy()
    here = surface(*p)
    fall = slope * (g * direction).sum(axis=0)
    for _ in range(_MAX_CUTS):
        too_long = ~(surface(*(p - length * direction)) <= here - length * fall)
        if not too_long.any():
            break
        length = np.where(too_long, length * shrink, length)
    else:
        length[too_long] = 0.0
    # A direction of NaN stays NaN at any length, even 0: the path has diverged.
    return np.asarray(length * direction)
