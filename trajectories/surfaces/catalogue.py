"""The catalogue of named surfaces, and the families with parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from trajectories.checks import (
    Call,
    Interval,
    build,
    must,
    normalise,
    read,
    resolve,
    scalar,
    unknown,
)

if TYPE_CHECKING:
    from trajectories.surfaces.surface import Surface

_JAMIL = "Jamil & Yang 2013, arXiv:1308.4008"
_LIBRARY = "Virtual Library of Simulation Experiments (sfu.ca/~ssurjano)"
Point = tuple[float, float]


class Entry(NamedTuple):
    """An entry of the catalogue: arguments of `Surface`, and its kinks and minima at edges."""

    formula: str
    domain: tuple[Point, Point]
    start: Point
    minima: tuple[Point, ...]
    about: str
    source: str
    kinks: tuple[Point, ...] = ()
    edge: tuple[Point, ...] = ()


def _square(half: float) -> tuple[Point, Point]:
    return (-half, half), (-half, half)


def _corners(x: float, y: float) -> tuple[Point, ...]:
    return (x, y), (x, -y), (-x, y), (-x, -y)


#: The coordinates of shubert's minima, one of each tuple in either order: one factor of f is
#: then at its highest and the other at its lowest.
_SHUBERT_HIGH = (-7.0835064076515595, -0.8003211004719731, 5.482864206707613)
_SHUBERT_LOW = (-7.708313735499347, -1.425128428319761, 4.858056878859825)

ENTRIES: dict[str, Entry] = {
    # Bowls
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
    "sum_squares": Entry(
        "x**2 + 2*y**2",
        _square(10.0),
        (-8.0, 6.0),
        ((0.0, 0.0),),
        "a slightly oval bowl: the mildest case of two different curvatures",
        _LIBRARY,
    ),
    "booth": Entry(
        "(x + 2*y - 7)**2 + (2*x + y - 5)**2",
        _square(10.0),
        (-8.0, -6.0),
        ((1.0, 3.0),),
        "a slanted bowl: the axes of the ellipses are not the axes of x and y",
        _JAMIL,
    ),
    "matyas": Entry(
        "0.26*(x**2 + y**2) - 0.48*x*y",
        _square(10.0),
        (-8.0, 6.0),
        ((0.0, 0.0),),
        "a flat trough along the diagonal, 25 times as steep across: scaling x or y is no help",
        _JAMIL,
    ),
    "trid": Entry(
        "(x - 1)**2 + (y - 1)**2 - x*y",
        _square(4.0),
        (-3.0, 3.0),
        ((2.0, 2.0),),
        "a bowl whose product term pulls the minimum away from (1, 1)",
        _LIBRARY,
    ),
    "zakharov": Entry(
        "x**2 + y**2 + (x/2 + y)**2 + (x/2 + y)**4",
        ((-5.0, 10.0), (-5.0, 10.0)),
        (-4.0, 8.0),
        ((0.0, 0.0),),
        "a bowl with walls of the fourth power: a step that suits the floor is too long at the rim",
        _JAMIL,
    ),
    # Valleys
    "rosenbrock": Entry(
        "(1 - x)**2 + 100*(y - x**2)**2",
        _square(2.048),
        (-1.2, 1.0),
        ((1.0, 1.0),),
        "a bent, nearly flat valley between steep walls",
        "Rosenbrock 1960; " + _JAMIL,
    ),
    "winding_ravine": Entry(
        "10*(y - sin(x))**2 + x**2/20",
        ((-10.0, 10.0), (-4.0, 4.0)),
        (-8.0, 1.0),
        ((0.0, 0.0),),
        "a narrow ravine with bends: the speed gained on one stretch runs up the next wall",
        "made for this package",
    ),
    "dixon_price": Entry(
        "(x - 1)**2 + 2*(2*y**2 - x)**2",
        _square(10.0),
        (-4.0, 3.0),
        ((1.0, 0.7071067811865476), (1.0, -0.7071067811865476)),
        "a horseshoe valley with a minimum on each arm",
        _LIBRARY,
    ),
    "beale": Entry(
        "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2",
        _square(4.5),
        (1.0, 1.0),
        ((3.0, 0.5),),
        "a flat floor with a saddle beside walls that rise a hundred-thousandfold",
        "Beale 1958; " + _JAMIL,
    ),
    "freudenstein_roth": Entry(
        "(x - 13 + ((5 - y)*y - 2)*y)**2 + (x - 29 + ((y + 1)*y - 14)*y)**2",
        _square(10.0),
        (0.5, -2.0),
        ((5.0, 4.0),),
        "a steep valley that leads from the start to a local minimum outside the domain",
        _JAMIL,
    ),
    # Several minima
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
    "three_hump_camel": Entry(
        "2*x**2 - 1.05*x**4 + x**6/6 + x*y + y**2",
        _square(5.0),
        (-1.8, 2.0),
        ((0.0, 0.0),),
        "a local minimum on either side of the global one",
        _JAMIL,
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
    "branin": Entry(
        "(y - 5.1*x**2/(4*pi**2) + 5*x/pi - 6)**2 + 10*(1 - 1/(8*pi))*cos(x) + 10",
        ((-5.0, 10.0), (0.0, 15.0)),
        (0.0, 10.0),
        (
            (-3.141592653589793, 12.275),
            (3.141592653589793, 2.275),
            (9.42477796076938, 2.475),
        ),
        "three equal minima, strung along a curved valley with low passes",
        "Branin 1972; " + _LIBRARY,
    ),
    "goldstein_price": Entry(
        "(1 + (x + y + 1)**2*(19 - 14*x + 3*x**2 - 14*y + 6*x*y + 3*y**2))"
        "*(30 + (2*x - 3*y)**2*(18 - 32*x + 12*x**2 + 48*y - 36*x*y + 27*y**2))",
        _square(2.0),
        (-1.5, 1.0),
        ((0.0, -1.0),),
        "values from 3 to a million: the learning rate for the walls is far too small for the well",
        "Goldstein & Price 1971; " + _JAMIL,
    ),
    "styblinski_tang": Entry(
        "(x**4 - 16*x**2 + 5*x + y**4 - 16*y**2 + 5*y)/2",
        _square(5.0),
        (0.5, 4.0),
        ((-2.903534027771177, -2.903534027771177),),
        "four wells of different depths, one in each quadrant",
        _JAMIL,
    ),
    "mccormick": Entry(
        "sin(x + y) + (x - y)**2 - 1.5*x + 2.5*y + 1",
        ((-1.5, 4.0), (-3.0, 4.0)),
        (3.0, 3.0),
        ((-0.5471975511965977, -1.5471975511965979),),
        "a trough that falls in waves: further minima, ever lower, lie outside the domain",
        _JAMIL,
    ),
    "peaks": Entry(
        "3*(1 - x)**2*exp(-x**2 - (y + 1)**2) - 10*(x/5 - x**3 - y**5)*exp(-x**2 - y**2)"
        " - exp(-(x + 1)**2 - y**2)/3",
        _square(3.0),
        (0.0, 1.2),
        ((0.22827892055636909, -1.6255349574999964),),
        "three hills and three wells in a plain: the start on a slope decides",
        "MATLAB documentation, peaks",
    ),
    # Many minima
    "rastrigin": Entry(
        "20 + x**2 - 10*cos(2*pi*x) + y**2 - 10*cos(2*pi*y)",
        _square(5.12),
        (-3.3, 2.3),
        ((0.0, 0.0),),
        "a bowl with a grid of some hundred local minima",
        "Rastrigin 1974; " + _LIBRARY,
    ),
    "bohachevsky1": Entry(
        "x**2 + 2*y**2 - 0.3*cos(3*pi*x) - 0.4*cos(4*pi*y) + 0.7",
        _square(100.0),
        (-1.5, 1.2),
        ((0.0, 0.0),),
        "a bowl with shallow ripples: smooth from afar, many minima near the bottom",
        _JAMIL,
    ),
    "griewank": Entry(
        "(x**2 + y**2)/4000 - cos(x)*cos(y/sqrt(2)) + 1",
        _square(600.0),
        (-4.0, 6.0),
        ((0.0, 0.0),),
        "a wide, shallow bowl under waves that hide its slope: thousands of local minima",
        _JAMIL,
    ),
    "levy": Entry(
        "sin(pi*(x + 3)/4)**2 + (x - 1)**2/16*(1 + 10*sin(pi*(x + 3)/4 + 1)**2)"
        " + (y - 1)**2/16*(1 + sin(pi*(y + 3)/2)**2)",
        _square(10.0),
        (-7.0, 6.0),
        ((1.0, 1.0),),
        "waves that grow with the distance from the minimum, and are stronger across x than y",
        _LIBRARY,
    ),
    "levy13": Entry(
        "sin(3*pi*x)**2 + (x - 1)**2*(1 + sin(3*pi*y)**2) + (y - 1)**2*(1 + sin(2*pi*y)**2)",
        _square(10.0),
        (-7.0, 6.0),
        ((1.0, 1.0),),
        "a bowl with fine waves that grow with the distance: descents get caught far out",
        _JAMIL,
    ),
    "shubert": Entry(
        "(cos(2*x + 1) + 2*cos(3*x + 2) + 3*cos(4*x + 3) + 4*cos(5*x + 4) + 5*cos(6*x + 5))"
        "*(cos(2*y + 1) + 2*cos(3*y + 2) + 3*cos(4*y + 3) + 4*cos(5*y + 4) + 5*cos(6*y + 5))",
        _square(10.0),
        (-1.0, -1.0),
        tuple(
            sorted(
                point
                for high in _SHUBERT_HIGH
                for low in _SHUBERT_LOW
                for point in ((high, low), (low, high))
            )
        ),
        "18 equal minima among some 760 local ones",
        _JAMIL,
    ),
    "drop_wave": Entry(
        "-(1 + cos(12*sqrt(x**2 + y**2)))/((x**2 + y**2)/2 + 2)",
        _square(5.12),
        (-2.0, 1.5),
        ((0.0, 0.0),),
        "rings of waves around the minimum: a descent stops in the ring that it starts in",
        _LIBRARY,
        kinks=((0.0, 0.0),),
    ),
    "schaffer2": Entry(
        "0.5 + (sin(x**2 - y**2)**2 - 0.5)/(1 + 0.001*(x**2 + y**2))**2",
        _square(100.0),
        (-2.0, 1.0),
        ((0.0, 0.0),),
        "waves that grow finer outwards, with a cross of valleys through the minimum",
        _JAMIL,
    ),
    "schaffer4": Entry(
        "0.5 + (cos(sin(abs(x**2 - y**2)))**2 - 0.5)/(1 + 0.001*(x**2 + y**2))**2",
        _square(100.0),
        (-2.0, 1.0),
        (
            (0.0, 1.2531318314637332),
            (0.0, -1.2531318314637332),
            (1.2531318314637332, 0.0),
            (-1.2531318314637332, 0.0),
        ),
        "four equal minima close together, in the innermost of many fine waves",
        _JAMIL,
    ),
    "michalewicz": Entry(
        "-sin(x)*sin(x**2/pi)**20 - sin(y)*sin(2*y**2/pi)**20",
        ((0.0, 3.141592653589793), (0.0, 3.141592653589793)),
        (1.8, 1.2),
        ((2.2029055201726093, 1.5707963267948966),),
        "narrow trenches in a plain without slope: most starts never move",
        _LIBRARY,
    ),
    "schwefel": Entry(
        "837.9657745448678 - x*sin(sqrt(abs(x))) - y*sin(sqrt(abs(y)))",
        _square(500.0),
        (-100.0, 200.0),
        ((420.96874635998205, 420.96874635998205),),
        "the lowest well is near a corner, far away from the second lowest",
        _JAMIL,
    ),
    # Kinks and edges
    "ackley": Entry(
        "-20*exp(-sqrt((x**2 + y**2)/2)/5) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + e + 20",
        _square(32.768),
        (-3.0, 2.0),
        ((0.0, 0.0),),
        "a funnel covered with dimples, pointed at its minimum",
        "Ackley 1987; " + _JAMIL,
        kinks=((0.0, 0.0),),
    ),
    "bukin6": Entry(
        "100*sqrt(abs(y - 0.01*x**2)) + 0.01*abs(x + 10)",
        ((-15.0, -5.0), (-3.0, 3.0)),
        (-13.0, 2.0),
        ((-10.0, 1.0),),
        "a crease for a valley, infinitely steep at its bottom: no learning rate settles in it",
        _JAMIL,
        kinks=((-10.0, 1.0),),
    ),
    "cross_in_tray": Entry(
        "-0.0001*(abs(sin(x)*sin(y)*exp(abs(100 - sqrt(x**2 + y**2)/pi))) + 1)**0.1",
        _square(10.0),
        (-4.0, 3.0),
        _corners(1.3494066171539107, 1.3494066171539107),
        "four equal minima, in a lattice of sharp ridges that part one cell from the next",
        _JAMIL,
    ),
    "holder_table": Entry(
        "-abs(sin(x)*cos(y)*exp(abs(1 - sqrt(x**2 + y**2)/pi)))",
        _square(10.0),
        (-6.0, 5.0),
        _corners(8.055023475736563, 9.664590019241272),
        "the lowest wells are the outermost, one at each corner of a table of shallow ones",
        _JAMIL,
    ),
    "eggholder": Entry(
        "-(y + 47)*sin(sqrt(abs(x/2 + y + 47))) - x*sin(sqrt(abs(x - (y + 47))))",
        _square(512.0),
        (-200.0, 100.0),
        ((512.0, 404.2318051137578),),
        "deep, irregular wells, the lowest of them cut off by the edge of the domain",
        _JAMIL,
        edge=((512.0, 404.2318051137578),),
    ),
    "adjiman": Entry(
        "cos(x)*sin(y) - x/(y**2 + 1)",
        ((-1.0, 2.0), (-1.0, 1.0)),
        (0.0, -0.5),
        ((2.0, 0.1057834694517169),),
        "a slope that goes on past the edge: lowest on the border, with no minimum inside",
        _JAMIL,
        edge=((2.0, 0.1057834694517169),),
    ),
    # Plains
    "plateau": Entry(
        "1 - exp(-(x**2/8 + y**2/4))",
        _square(8.0),
        (-5.0, 3.0),
        ((0.0, 0.0),),
        "one well in a plain: the gradient fades away far from the minimum",
        "made for this package",
    ),
    "easom": Entry(
        "-exp(-(x - pi)**2 - (y - pi)**2)*cos(x)*cos(y)",
        _square(100.0),
        (2.0, 2.0),
        ((3.141592653589793, 3.141592653589793),),
        "a pinhole in a plain so flat that gradients underflow to 0",
        _JAMIL,
    ),
    # Saddles
    "saddle": Entry(
        "x**2 - y**2",
        _square(2.0),
        (-1.5, 0.001),
        (),
        "no minimum: how fast is the flat point left behind?",
        "textbook",
    ),
    "monkey_saddle": Entry(
        "x**3 - 3*x*y**2",
        _square(2.0),
        (1.5, 0.1),
        (),
        "no minimum: at the flat point there is no curvature either, so it is left more slowly",
        "textbook",
    ),
}

_CONDITION = Interval(1.0, 1e12, "both", "between 1 and 1e12")
_REAL = Interval(-math.inf, math.inf, "neither", "finite")
#: The default start, along the flat axis and across it, as of book_quadratic.
_QUADRATIC_START = (-7.0, 2.0)


def quadratic(condition: float = 20.0, angle: float = 0.0) -> Surface:
    """Return a quadratic bowl of a given condition number, turned by an angle.

    f = (u²/condition + v²)/2, where u and v are the coordinates along the flat axis of its ellipses
    and across it. The eigenvalues of its Hessian are 1 and 1/condition, so that plain gradient
    descent is stable up to a learning rate of 2, and faster the smaller the condition number.

    Parameters
    ----------
    condition : float, default 20
        How many times as steep it is across as along: from 1 (round) to 1e12.
    angle : float, default 0
        The degrees from the x axis to the flat axis, counter-clockwise. Rules that scale every
        coordinate by itself, such as AdaGrad or Adam, suit 0 and 90 only.

    Returns
    -------
    Surface
        With its minimum at (0, 0).

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range.

    References
    ----------
    N. Hansen, S. Finck, R. Ros, A. Auger: Real-Parameter Black-Box Optimization Benchmarking 2009:
    Noiseless Functions Definitions, INRIA RR-6829, 2009 (the rotated ellipsoid).

    Examples
    --------
    >>> import numpy as np
    >>> bowl = quadratic(20, angle=30)
    >>> bowl.name, bowl.formula[:33]
    ('quadratic(20, 30)', '((x*cos(pi/6) + y*sin(pi/6))**2/2')
    >>> np.linalg.eigvalsh(bowl.hessian((0, 0))).round(12)
    array([0.05, 1.  ])
    """
    from trajectories.surfaces.surface import Surface

    condition = scalar("condition", condition, _CONDITION)
    angle = scalar("angle", angle, _REAL) + 0.0  # Not -0.0.
    degrees = round(angle % 180.0, 12) % 180.0  # -1e-20 % 180 is 180.
    radians = math.radians(degrees)
    along, across = _QUADRATIC_START
    cos, sin = (0.0, 1.0) if degrees == 90.0 else (math.cos(radians), math.sin(radians))
    arguments = _text(condition) + (f", {_text(angle)}" if angle else "")
    return Surface(
        _formula(_text(condition), degrees),
        name=f"quadratic({arguments})",
        domain=((-10.0, 10.0), (-10.0, 10.0)),
        minima=((0.0, 0.0),),
        start=(along * cos - across * sin, along * sin + across * cos),
        about=_about(condition, degrees),
        source="Hansen et al. 2009, INRIA RR-6829",
    )


def _about(condition: float, degrees: float) -> str:
    if condition == 1.0:
        return "a round bowl: every gradient points at the minimum"
    rotation = f", turned by {degrees:g} degrees" if degrees else ""
    return f"a bowl {condition:g} times as steep across as along{rotation}"


def _formula(condition: str, degrees: float) -> str:
    if degrees == 0.0:
        return f"(x**2/{condition} + y**2)/2"
    if degrees == 90.0:
        return f"(x**2 + y**2/{condition})/2"
    if degrees == int(degrees):
        part = Fraction(int(degrees), 180)
        times = "" if part.numerator == 1 else f"{part.numerator}*"
        a = f"{times}pi/{part.denominator}"
    else:
        a = f"{_text(degrees)}*pi/180"
    return f"((x*cos({a}) + y*sin({a}))**2/{condition} + (y*cos({a}) - x*sin({a}))**2)/2"


def _text(number: float) -> str:
    """Write a number that reads back bit for bit, without a trailing .0."""
    return repr(number).removesuffix(".0")


#: The families by name, for text such as ``"quadratic(100, angle=30)"``.
FAMILIES: dict[str, Callable[..., Surface]] = {"quadratic": quadratic}


class Catalogue(Mapping[str, "Surface"]):
    """Surfaces by name, each built on first use."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._built: dict[str, Surface] = {}

    def __getitem__(self, name: str) -> Surface:
        """Return the surface of a name; case, blanks, hyphens and underscores are ignored."""
        try:
            name = resolve("surface", name, self._entries)
        except ValueError as error:
            raise KeyError(str(error)) from None
        if name not in self._built:
            from trajectories.surfaces.surface import Surface

            entry = self._entries[name]
            self._built[name] = Surface(
                entry.formula,
                name=name,
                domain=entry.domain,
                minima=entry.minima,
                start=entry.start,
                about=entry.about,
                source=entry.source,
            )
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return the number of surfaces."""
        return len(self._entries)

    def entry(self, name: str) -> Entry:
        """Return the entry of a surface, without SymPy."""
        return self._entries[name]


#: The named test surfaces.
SURFACES = Catalogue(ENTRIES)


def as_surface(surface: Any) -> Surface:
    """Return the `Surface` of a name, a formula, or a surface itself."""
    from trajectories.surfaces.formula import FUNCTIONS
    from trajectories.surfaces.surface import Surface

    if isinstance(surface, Surface):
        return surface
    if isinstance(surface, str):
        if surface in SURFACES:
            return SURFACES[surface]
        call = _family_call(surface)
        if call is not None:
            return build("surface", call, FAMILIES)
        word = surface.strip()
        if word.isidentifier() and word not in {"x", "y", "e", "E", "pi", *FUNCTIONS}:
            raise unknown("surface", word, [*SURFACES, *FAMILIES])
    return Surface(surface)


def _family_call(text: str) -> Call | None:
    """Return the call in a text that begins with a family's name, as no formula does."""
    name, parenthesis, _ = text.partition("(")
    if normalise(name) not in map(normalise, FAMILIES):
        return None
    if not parenthesis:
        return Call(name.strip())
    try:
        call = read(text)
    except ValueError:
        call = 0
    if not isinstance(call, Call):
        raise must("surface", "a family with numbers, such as quadratic(20, angle=30)", text)
    return call
