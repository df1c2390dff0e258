"""Surfaces: value, gradient and Hessian of a function of x and y."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from trajectories.checks import floats, must, rectangle, unknown
from trajectories.records import read_only
from trajectories.surfaces.analysis import Analysis, analyse
from trajectories.surfaces.compile import Program, mend_gradient
from trajectories.surfaces.formula import (
    FormulaError,
    X,
    Y,
    check_expression,
    parse,
    to_real,
    to_sympy,
    to_text,
)
from trajectories.surfaces.typesetting import to_latex


def as_formula(formula: Any) -> tuple[str, sp.Expr]:
    """Return the text and the expression of a formula of any form."""
    if isinstance(formula, str):
        text = " ".join(formula.split())
        return text, _canonical(parse(text))
    text = to_text(_symbolic(formula))
    return text, parse(text)


def _canonical(expression: sp.Expr) -> sp.Expr:
    """Return the expression that is parsed from an expression's own text."""
    try:
        return parse(to_text(expression))
    except FormulaError:  # Its numbers are past the limits only when printed.
        return expression


def _symbolic(formula: Any) -> sp.Expr:
    """Return the expression of a SymPy object or of a function of two symbols."""
    if callable(formula) and not isinstance(formula, sp.Basic):
        try:
            formula = formula(X, Y)
        except Exception as error:
            raise TypeError(
                "`formula` must be a function that SymPy symbols can go through (use sympy.sin, "
                f"not math.sin or numpy.sin). It failed with: {error}"
            ) from error
    if isinstance(formula, (int, float)) and not isinstance(formula, bool):
        formula = sp.Integer(formula) if isinstance(formula, int) else sp.Float(formula)
    if not isinstance(formula, sp.Expr):
        raise must(
            "formula", "text, a SymPy expression or a function of x and y", formula, kind=TypeError
        )
    own = {"x": X, "y": Y}
    expression = formula.xreplace({s: own[s.name] for s in formula.free_symbols if s.name in own})
    real = to_real(expression)
    check_expression(real)
    return real


Array = NDArray[np.float64]

_RESOLUTION = 161
_ITERATIONS = 40


def local_minima(z: Array) -> NDArray[np.intp]:
    """Return the row and column of every inner grid point below its eight neighbours."""
    inner = z[1:-1, 1:-1]
    lowest = np.isfinite(inner)
    rows, columns = z.shape
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            if (down, right) != (1, 1):
                # Equality is allowed on one side only: a flat pair of points counts once.
                neighbour = z[down : rows - 2 + down, right : columns - 2 + right]
                lowest &= inner < neighbour if (down, right) < (1, 1) else inner <= neighbour
    indices = np.argwhere(lowest) + 1
    return indices[np.argsort(z[indices[:, 0], indices[:, 1]], kind="stable")]


@np.errstate(all="ignore")
def find_minima(
    value: Callable[[Any], Any],
    gradient: Callable[[Any], Array],
    hessian: Callable[[Any], Array],
    domain: tuple[tuple[float, float], tuple[float, float]],
) -> Array:
    """Return the global minima: those of a grid, refined by Newton's method."""
    x, y = (np.linspace(low, high, _RESOLUTION) for low, high in domain)
    z = value(np.stack(np.meshgrid(x, y), axis=-1))
    if not np.isfinite(z).any():
        return np.empty((0, 2))
    indices = local_minima(z)
    p = np.stack([x[indices[:, 1]], y[indices[:, 0]]], axis=-1)
    cell = np.array([x[1] - x[0], y[1] - y[0]])
    refined = _newton(value, gradient, hessian, p, reach=2 * cell)
    values = value(refined)
    lowest = min((v for v in values if np.isfinite(v)), default=np.inf)
    spread = np.nanmax(z[np.isfinite(z)]) - lowest
    if not lowest <= np.nanmin(z) + 1e-12 * spread:
        return np.empty((0, 2))
    minima = np.empty((0, 2))
    for point in refined[values <= lowest + 1e-9 * spread]:
        if not (abs(point - minima) < cell).all(axis=1).any():
            minima = np.append(minima, point[None], axis=0)
    return minima[np.lexsort(minima.T[::-1])]


def _newton(
    value: Callable[[Any], Any],
    gradient: Callable[[Any], Array],
    hessian: Callable[[Any], Array],
    start: Array,
    reach: Array,
) -> Array:
    """Refine points by Newton steps, halved until f does not rise, each within `reach`."""
    p = start.copy()
    for _ in range(_ITERATIONS):
        g, h = gradient(p), hessian(p)
        (a, b), (_, c) = np.moveaxis(h, (-2, -1), (0, 1))
        determinant = a * c - b * b
        step = np.stack([b * g[:, 1] - c * g[:, 0], b * g[:, 0] - a * g[:, 1]], axis=-1)
        step /= determinant[:, None]
        convex = (determinant > 0) & (a > 0) & np.isfinite(step).all(axis=-1)
        step = np.where(convex[:, None], step, -g * reach / (abs(g).max(axis=-1)[:, None] + 1e-300))
        step = np.clip(np.nan_to_num(step), -reach, reach)
        here = value(p)
        for _ in range(30):
            worse: Any = np.logical_not(value(p + step) <= here)
            if not worse.any():
                break
            step[worse] /= 2
        step[worse] = 0.0
        p += step
    inside: Any = (abs(p - start) <= 2 * reach).all(axis=-1)
    return np.where(inside[:, None], p, start)


Domain = tuple[tuple[float, float], tuple[float, float]]

DEFAULT_DOMAIN: Domain = ((-10.0, 10.0), (-10.0, 10.0))
#: The default start, in half widths of the domain from its middle.
DEFAULT_START = (-0.7, 0.2)


class Surface:
    """A function of x and y, with symbolic derivatives that are compiled on first use.

    Parameters
    ----------
    formula : str, sympy.Expr or callable
        Text such as ``"x**2/20 + y**2"`` (see `trajectories.surfaces.formula.parse`), a SymPy
        expression in symbols named x and y, or a Python function of two SymPy symbols.
    name : str, optional
        Its name; by default the formula.
    domain : ((float, float), (float, float)), default ((-10, 10), (-10, 10))
        The lowest and highest x, and the same for y, of drawings. It does not bound optimizers.
    minima : sequence of (float, float), optional
        The positions of the global minimum, if known; otherwise `minima` searches for them.
    start : (float, float), optional
        The default start of descents; otherwise, from the middle of the domain, 0.7 of the distance
        to the left edge and 0.2 of that to the upper, which is (-7, 2) in the default domain.
    about : str, optional
        One line on what the surface tests.
    source : str, optional
        Its publication.

    Attributes
    ----------
    formula : str
        The formula as text, from which an equal surface can be built.
    declared_minima : tuple of (float, float)
        The argument `minima`.

    Raises
    ------
    FormulaError
        If the formula cannot be read, has other symbols, or is past the limits.
    TypeError, ValueError
        If another argument is invalid.

    Warns
    -----
    UserWarning
        If the formula is constant: no optimizer can move on it.

    Notes
    -----
    ``abs``, ``max`` and the like have the derivative that holds almost everywhere, and at the kink
    the mean of both sides. Where a derivative is 0/0 or infinite at a point at which the formula
    itself is finite (the tip of `ackley`, the crease of `bukin6`), the gradient is the mean of the
    gradients at four points close by, symmetric around it: a subgradient where f is convex, and 0
    across a symmetric crease. If one of those four is not finite either, the gradient overflows or
    f ends there: it is unchanged, and a descent counts as diverged.

    Examples
    --------
    >>> bowl = Surface("x**2/20 + y**2")
    >>> bowl.value((-7, 2)), bowl.gradient((-7, 2))
    (np.float64(6.45), array([-0.7,  4. ]))
    >>> bowl.hessian([(-7, 2), (0, 0)]).shape
    (2, 2, 2)
    >>> bowl == Surface(lambda x, y: y**2 + x**2 / 20)
    True
    """

    #: The subclass of surfaces with samples, which registers itself.
    _fitted: ClassVar[type[Surface]]

    formula: str

    def __init__(
        self,
        formula: str | sp.Expr | Callable[[sp.Symbol, sp.Symbol], sp.Expr],
        *,
        name: str | None = None,
        domain: Sequence[Sequence[float]] = DEFAULT_DOMAIN,
        minima: Sequence[Sequence[float]] = (),
        start: Sequence[float] | None = None,
        about: str = "",
        source: str = "",
    ) -> None:
        self.formula, self._real = as_formula(formula)
        self.name = self.formula if name is None else name
        if not isinstance(self.name, str):
            raise must("name", "text", name, kind=TypeError)
        self.domain = rectangle("domain", domain)
        self.start = self._default_start() if start is None else _point("start", start)
        if not isinstance(minima, Iterable):
            raise must("minima", "places (x, y)", minima, kind=TypeError)
        self.declared_minima = tuple(_point("minima", point) for point in minima)
        self.about = about
        self.source = source
        for field, line in (("about", about), ("source", source)):
            if not isinstance(line, str):
                raise must(field, "text", line, kind=TypeError)
        if not self._real.free_symbols:
            warnings.warn(
                f"The formula {self.formula!r} is constant: it has no slope, "
                "so no optimizer moves on it.",
                stacklevel=2,
            )

    def value(self, p: ArrayLike) -> Any:
        """Return f at `p`.

        Parameters
        ----------
        p : array_like, shape (..., 2)
            Positions.

        Returns
        -------
        numpy.ndarray, shape (...)
            A float for one position.
        """
        return self._evaluate(self._value_program, p)[0][()]

    def gradient(self, p: ArrayLike) -> Array:
        """Return the gradient of f at `p`.

        Parameters
        ----------
        p : array_like, shape (..., 2)
            Positions.
        """
        return np.moveaxis(self._evaluate(self._gradient_program, p, self._mend), 0, -1)

    def hessian(self, p: ArrayLike) -> Array:
        """Return the matrix of second derivatives of f at `p`.

        Parameters
        ----------
        p : array_like, shape (..., 2)
            Positions.
        """
        xx, xy, yy = self._evaluate(self._hessian_program, p)
        return np.stack([np.stack([xx, xy], axis=-1), np.stack([xy, yy], axis=-1)], axis=-2)

    def __call__(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return f at the points whose coordinates are `x` and `y`, broadcast against each other.

        Examples
        --------
        >>> Surface("x*y")(np.arange(3), np.arange(2)[:, None])
        array([[0., 0., 0.],
               [0., 1., 2.]])
        """
        return self.value(np.stack(np.broadcast_arrays(floats("x", x), floats("y", y)), axis=-1))

    def value_at(self, x: Array, y: Array) -> Array:
        """Return f at the points of two vectors.

        As `value`, without its checks and copies.

        Parameters
        ----------
        x, y : numpy.ndarray, shape (n,)
            Coordinates, float64 and contiguous.
        """
        out = np.empty((1, x.size))
        with np.errstate(all="ignore"):
            self._value_program(x, y, out)
        return np.asarray(out[0])

    def bind_gradient(self, x: Array, y: Array, out: Array) -> Callable[[], None]:
        """Return a function that writes the gradient at the current `x` and `y` into `out`.

        For loops that change `x` and `y` in place, without allocations.

        Parameters
        ----------
        x, y : numpy.ndarray, shape (n,)
            Coordinates, float64 and contiguous.
        out : numpy.ndarray, shape (2, n)
            Takes the derivatives by x and by y.

        Returns
        -------
        callable
            Takes no arguments and returns nothing.
        """
        run = self._gradient_program.bind(x, y, out)
        if not self._gradient_program.singular:
            return run

        def run_and_mend() -> None:
            run()
            self._mend(x, y, out)

        return run_and_mend

    def analysis(self, p: ArrayLike) -> Analysis:
        """Return the curvature of f at `p`, and the stable learning rates there.

        Parameters
        ----------
        p : array_like, shape (..., 2)
            Positions.

        Examples
        --------
        >>> Surface("x**2/20 + y**2").analysis((-7, 2)).sgd_limit
        1.0
        """
        return analyse(self, p)

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments of the surface as plain data for JSON.

        Examples
        --------
        >>> Surface("x*y", start=(1, 2)).to_dict()["start"]
        [1.0, 2.0]
        """
        return {
            "formula": self.formula,
            "name": self.name,
            "domain": [list(side) for side in self.domain],
            "minima": [list(point) for point in self.declared_minima],
            "start": list(self.start),
            "about": self.about,
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Surface:
        """Return the surface of a mapping such as `to_dict` returns; missing keys have defaults.

        Parameters
        ----------
        data : mapping of str
            With a formula or, for a `LeastSquares`, with samples.

        Raises
        ------
        TypeError, ValueError
            If a key is unknown or missing, or a value is invalid.

        Examples
        --------
        >>> Surface.from_dict({"formula": "x**2 + y**2", "name": "bowl"})
        Surface('x**2 + y**2', name='bowl')
        """
        if not isinstance(data, Mapping):
            raise must("data", "a mapping, as of to_dict()", data, kind=TypeError)
        fitted = "samples" in data or issubclass(cls, Surface._fitted)
        needed = "samples" if fitted else "formula"
        known = ["formula", "name", "domain", "minima", "start", "about", "source"]
        known += ["samples", "batch_size"] if fitted else []
        for key in data:
            if key not in known:
                raise unknown("key of a surface", key, known)
        if needed not in data:
            raise must("data", f"with the key {needed!r}", list(data))
        arguments = dict(data)
        if fitted:  # The formula and the minima follow from the samples.
            arguments.pop("formula", None)
            arguments.pop("minima", None)
            return Surface._fitted(**arguments)
        if not isinstance(data["formula"], str):
            raise must("formula", "text", data["formula"], kind=TypeError)
        return Surface(**arguments)

    @cached_property
    def minima(self) -> Array:
        """Positions of the global minimum, shape (k, 2), read-only.

        If none were declared, they are searched on a grid over the domain and refined by Newton's
        method; there are none if f falls towards the edge of the domain.
        """
        if self.declared_minima:
            return read_only(self.declared_minima)
        return read_only(find_minima(self.value, self.gradient, self.hessian, self.domain))

    @cached_property
    def floor(self) -> float | None:
        """The lowest value of f in its domain; None if `minima` is empty."""
        return float(np.min(self.value(self.minima))) if len(self.minima) else None

    @property
    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""
        return to_latex(self.formula)

    @property
    def expression(self) -> sp.Expr:
        """The formula as a SymPy expression in the real symbols x and y."""
        return to_sympy(self._real)

    @property
    def gradient_expressions(self) -> tuple[sp.Expr, sp.Expr]:
        """The symbolic derivatives by x and by y."""
        by_x, by_y = self._derivatives
        return to_sympy(by_x), to_sympy(by_y)

    @cached_property
    def _derivatives(self) -> tuple[sp.Expr, sp.Expr]:
        return self._real.diff(X), self._real.diff(Y)

    @cached_property
    def _value_program(self) -> Program:
        return Program([self._real])

    @cached_property
    def _gradient_program(self) -> Program:
        return Program(self._derivatives)

    @cached_property
    def _hessian_program(self) -> Program:
        by_x, by_y = self._derivatives
        return Program([by_x.diff(X), by_x.diff(Y), by_y.diff(Y)])

    def _evaluate(
        self,
        program: Program,
        p: ArrayLike,
        mend: Callable[[Array, Array, Array], None] | None = None,
    ) -> Array:
        """Run a program at positions of any shape; the first axis is that of its results."""
        positions = floats("p", p)
        if positions.ndim == 0 or positions.shape[-1] != 2:
            raise must("p", "of shape (..., 2)", positions.shape)
        batch = positions.shape[:-1]
        x, y = np.ascontiguousarray(positions.reshape(-1, 2).T)
        out = np.empty((program.count, x.size))
        with np.errstate(all="ignore"):
            program(x, y, out)
            if mend is not None and program.singular:
                mend(x, y, out)
        return out.reshape(program.count, *batch)

    def _mend(self, x: Array, y: Array, gradient: Array) -> None:
        mend_gradient(self._value_program, self._gradient_program, x, y, gradient)

    def _default_start(self) -> tuple[float, float]:
        (x0, x1), (y0, y1) = self.domain
        sx, sy = DEFAULT_START
        return (x0 + x1 + sx * (x1 - x0)) / 2, (y0 + y1 + sy * (y1 - y0)) / 2

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same formula."""
        return isinstance(other, Surface) and self._real == other._real

    def __hash__(self) -> int:
        """Hash by the formula."""
        return hash(self._real)

    def __repr__(self) -> str:
        """Show the formula, and the name if it has one of its own."""
        name = "" if self.name == self.formula else f", name={self.name!r}"
        return f"Surface({self.formula!r}{name})"

    def __getstate__(self) -> dict[str, Any]:
        """Omit compiled programs, which are compiled again on first use."""
        return {key: item for key, item in self.__dict__.items() if not key.endswith("_program")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make computed minima read-only again, which pickling forgets."""
        self.__dict__.update(state)
        if "minima" in state:
            self.__dict__["minima"] = read_only(state["minima"])


def _point(name: str, value: ArrayLike) -> tuple[float, float]:
    """Return one finite position as two floats."""
    point = floats(name, value)
    if point.shape != (2,) or not np.isfinite(point).all():
        raise must(name, "two finite numbers (x, y)", value)
    return float(point[0]), float(point[1])
