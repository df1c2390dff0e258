"""The named test surfaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from trajectories.names import resolve, unknown

if TYPE_CHECKING:
    from trajectories.surfaces.surface import Surface

__all__ = ["SURFACES", "Catalogue", "Entry", "as_surface"]

_JAMIL = "Jamil & Yang 2013, arXiv:1308.4008"
Point = tuple[float, float]


class Entry(NamedTuple):
    """What the catalogue knows of a surface: the arguments of `Surface`, as data."""

    formula: str
    domain: tuple[Point, Point]
    start: Point
    minima: tuple[Point, ...]
    about: str
    source: str


def _square(half: float) -> tuple[Point, Point]:
    return (-half, half), (-half, half)


ENTRIES: dict[str, Entry] = {
    "book_quadratic": Entry(
        "x**2/20 + y**2",
        _square(10.0),
        (-7.0, 2.0),
        ((0.0, 0.0),),
        "a long bowl, 20 times as steep across as along: why gradient descent zigzags",
        "Deep Learning from Scratch, ch. 6",
    ),
    "sphere": Entry(
        "x**2 + y**2",
        _square(5.12),
        (-4.0, 3.0),
        ((0.0, 0.0),),
        "a round bowl: every gradient points at the minimum",
        _JAMIL,
    ),
    "rosenbrock": Entry(
        "(1 - x)**2 + 100*(y - x**2)**2",
        _square(2.048),
        (-1.2, 1.0),
        ((1.0, 1.0),),
        "a bent, nearly flat valley between steep walls",
        "Rosenbrock 1960; " + _JAMIL,
    ),
    "himmelblau": Entry(
        "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
        _square(5.0),
        (0.0, 0.0),
        (
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.2831859912861696),
            (3.5844283403304917, -1.8481265269644036),
        ),
        "four equal minima: which one is reached depends on the start",
        "Himmelblau 1972; " + _JAMIL,
    ),
    "beale": Entry(
        "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2",
        _square(4.5),
        (1.0, 1.0),
        ((3.0, 0.5),),
        "a flat floor with a saddle beside walls that rise a hundred-thousandfold",
        "Beale 1958; " + _JAMIL,
    ),
    "booth": Entry(
        "(x + 2*y - 7)**2 + (2*x + y - 5)**2",
        _square(10.0),
        (-8.0, -6.0),
        ((1.0, 3.0),),
        "a slanted bowl: the axes of the ellipses are not the axes of x and y",
        _JAMIL,
    ),
    "ackley": Entry(
        "-20*exp(-sqrt((x**2 + y**2)/2)/5) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + e + 20",
        _square(32.768),
        (-3.0, 2.0),
        ((0.0, 0.0),),
        "a funnel covered with dimples, pointed at its minimum",
        "Ackley 1987; " + _JAMIL,
    ),
    "rastrigin": Entry(
        "20 + x**2 - 10*cos(2*pi*x) + y**2 - 10*cos(2*pi*y)",
        _square(5.12),
        (-3.3, 2.3),
        ((0.0, 0.0),),
        "a bowl with a grid of some hundred local minima",
        "Rastrigin 1974; Virtual Library of Simulation Experiments (sfu.ca/~ssurjano)",
    ),
    "saddle": Entry(
        "x**2 - y**2",
        _square(2.0),
        (-1.5, 0.001),
        (),
        "no minimum: how fast is the flat point left behind?",
        "textbook",
    ),
    "six_hump_camel": Entry(
        "(4 - 2.1*x**2 + x**4/3)*x**2 + x*y + (4*y**2 - 4)*y**2",
        ((-3.0, 3.0), (-2.0, 2.0)),
        (-1.5, 1.5),
        (
            (0.08984201310031806, -0.7126564030207396),
            (-0.08984201310031806, 0.7126564030207396),
        ),
        "two equal minima among four others",
        _JAMIL,
    ),
}


class Catalogue(Mapping[str, "Surface"]):
    """Surfaces by name, each built when it is first asked for.

    Parameters
    ----------
    entries : mapping of str to Entry
        What to build.

    Examples
    --------
    >>> SURFACES["rosenbrock"].start
    (-1.2, 1.0)
    >>> len(SURFACES)
    10
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._built: dict[str, Surface] = {}

    def __getitem__(self, name: str) -> Surface:
        """Return the surface of this name; capitals, blanks and hyphens do not count.

        Raises
        ------
        KeyError
            If there is none.
        """
        try:
            name = resolve("surface", name, self._entries)
        except ValueError as error:
            raise KeyError(str(error)) from None
        if name not in self._built:
            from trajectories.surfaces.surface import Surface

            entry = self._entries[name]
            self._built[name] = Surface(name=name, **entry._asdict())
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return the number of surfaces."""
        return len(self._entries)

    def entry(self, name: str) -> Entry:
        """Return what is known of a surface without building it, and so without SymPy."""
        return self._entries[name]


#: The named test surfaces.
SURFACES = Catalogue(ENTRIES)


def as_surface(surface: Any) -> Surface:
    """Return a `Surface` for whatever stands for one.

    Parameters
    ----------
    surface : Surface, str, sympy.Expr or callable
        A surface, a name of the catalogue, or a formula in any form that `Surface` takes.

    Returns
    -------
    Surface

    Raises
    ------
    ValueError
        If it is a single word that is neither a name nor a formula, or a formula that cannot
        be read.

    Examples
    --------
    >>> as_surface("rosenbrock").name
    'rosenbrock'
    >>> as_surface("x*y").name
    'x*y'
    """
    from trajectories.surfaces.formula import FUNCTIONS
    from trajectories.surfaces.surface import Surface

    if isinstance(surface, Surface):
        return surface
    if isinstance(surface, str):
        if surface in SURFACES:
            return SURFACES[surface]
        word = surface.strip()
        if word.isidentifier() and word not in {"x", "y", "e", "E", "pi", *FUNCTIONS}:
            raise unknown("surface", word, SURFACES)
    return Surface(surface)
