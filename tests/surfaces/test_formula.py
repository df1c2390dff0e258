"""Reading formulas: what is accepted, what it means, and that nothing else gets through."""

import ast
import builtins
import os
import signal
import warnings

import numpy as np
import pytest
import sympy as sp

from trajectories import SURFACES, FormulaError, Surface

X, Y = sp.symbols("x y", real=True)


def read(text):
    """Return the SymPy expression of a formula."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The formula .* is constant")
        return Surface(text).expression


# --- what is accepted


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("x^2", X**2),
        ("x²+y³", X**2 + Y**3),
        ("-x^2", -(X**2)),
        ("x^y^2", X ** (Y**2)),
        ("1E-3*x", sp.Float(1e-3) * X),
        ("0.1*x", sp.Float(0.1) * X),
        ("pi*x + e*y", sp.pi * X + sp.E * Y),
        ("e**x", sp.exp(X)),
        ("Sin(x) + EXP(y)", sp.sin(X) + sp.exp(Y)),
        ("Abs(x)*Max(x, y)", sp.Abs(X) * sp.Max(X, Y)),
        ("atan2(y, x)", sp.atan2(Y, X)),
        ("cbrt(x)", sp.sign(X) * sp.Abs(X) ** sp.Rational(1, 3)),
        ("max(min(x, y), 1)", sp.Max(sp.Min(X, Y), 1)),
        ("2**10*x + (-1/2)**3", 1024 * X - sp.Rational(1, 8)),
        ("x**(sign(3) - sign(-2))", X**2),
        ("x*y**(65*sign(0))", X),
    ],
)
def test_accepted(text, expression):
    assert read(text) == expression


@pytest.mark.parametrize(
    "text",
    [
        "x" + " " * 499,
        "(" * 30 + "x" + ")" * 30,
        "+" * 200 + "x",
        "x**64 + y**-64",
        "x + 1000000000000000",
        "1e15*1e15*x",
        "x**64*y*x**64",
        "+".join(f"sin({i}*x)" for i in range(1, 50)),
        "sin(" * 30 + "x" + ")" * 30,
    ],
    ids=lambda text: text.strip()[:20],
)
def test_accepted_at_the_limits(text):
    assert np.isfinite(Surface(text).value((0.5, 0.5)))


# --- what is refused

#: Two blanks lie between two formulas.
BLOCKS = {
    "malformed": r"""
        x +  * x  (x  x)  ()  x y  1 2  2x  2(x + 1)  (x)(y)  1.2.3*x  x.5  1ex  0x10*x  0777*x
        x // y  x % y  x & y  x | y  x << 2  ~x  x == y  x < y  x < y < 1  x != y  not x
        x**²  x and y  x if y else 1  x in y  x is y  x, y  (x,)  [x]  {x}  {x: y}  x[0]  x[0:1]
        x;y  1e5or x  x = 1  (x := 1)  x # y  x!  x?  $x$  …  ...  ｘ + y  ｓｉｎ(x)  x × y  √x  x₁
    """,
    "code": r"""
        __import__('os').system('true')  __import__(os)  eval('x')  exec(x)  open(x)  x.real
        x.__class__.__bases__  ().__class__.__base__.__subclasses__()  sin.__globals__
        sin(x).evalf()  sin.func(x)  (lambda: x)()  lambda x: x  [x for x in y]  (x for x in y)
        f'{x}'  f(x)  'x'  "x" + "y"  b'x'  await x  yield x  import os  del x  __builtins__
        os  sin(*x)  sin(**x)  sin(x, evaluate=x)  max(x, y, key=x)  sin(x)(y)  x(y)  e(x)  pi()
    """,
    "unknown": r"""
        z  X  x1  xy  i  I*x  1j*x  1e5j*x  oo  zoo  nan  inf  True  None  Symbol(x)  Integer(3)*x
        gamma(x)  factorial(100000000)  floor(x)  sum(x)  Integral(x, x)  sin  sin + x  sin()
        sin(x, y)  max(x)  max(x, y, 1)  atan2(x)
    """,
    "not real": r"""
        1/0  x/0  x*(1/0)  (x - x)**-1  1/(x - x)  0**-1*x  log(0)*x  log(-1)  log(x - x)
        sqrt(-1)*x  (-1)**0.5*x  (-8)**(1/3)*x  asin(2)*x  acos(2 + x - x)  x + tan(pi/2)
        x + atan(tan(pi/2))  max(x, tan(pi/2))  x*1e999  1e300*1e300*x  x/1e-300/1e-300
        1000000000000001*x  1.001e15*1e15*x  1e-200*1e-200*x  sqrt(-x**2)**2 + y  (-1)**x
        (-2.5)**y  (-exp(x))**(1/3)
    """,
    "bombs": r"""
        9**9**9*x  10**(10**10)  x**(10**10)  2**2**2**2**2**2  x**65  x**64.5  x**(65*sign(-2))
        x**(24*e)  x**(-21*pi)  (x + 1)**1000000  exp(exp(exp(10)))  exp(1000)*x  sinh(sinh(5))*x
        (((999999999999998/999999999999999)**64)**64)**64*x  ((((1/2)**64)**64)**64)**64*x
    """,
}
REFUSED = [text for block in BLOCKS.values() for text in block.replace("\n", "  ").split("  ")]
REFUSED = [text for text in REFUSED if text] + ["", " \t ", "x\ny", "x\\\n+ y", "x\x00"]
REFUSED += ["x\u2028y", "9" * 400 + "*x", "x" * 10_000, "x+" * 5_000 + "x", "x**" * 160 + "x"]
REFUSED += ["(" * n + "x" + ")" * n for n in (31, 250)]
REFUSED += ["sin(" * 60 + "x" + ")" * 60, "-" * 499 + "x", "x" + "+x" * 249, "x**y**" * 63 + "x"]
REFUSED += ["*".join(f"{name}(x - {i})" for i in range(39)) for name in ("", "sin")]


@pytest.fixture
def one_second():
    """Interrupt the test after a second of processor time: a bomb must not hang the suite."""

    def ring(*_):
        raise TimeoutError("took more than a second")

    previous = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, 1.0)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
    signal.signal(signal.SIGVTALRM, previous)


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:40]))
def test_refused_at_once_in_one_line(text, one_second):
    with pytest.raises(FormulaError) as caught:
        Surface(text)
    message = str(caught.value)
    assert message.isprintable()
    assert 0 < len(message) < 300


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("max(2**(999999999999999 + y), 1)", None),
        ("max(sqrt(2) + sqrt(3), sqrt(5 + 2*sqrt(6)))*x", None),
        ("sign(sqrt(2) + sqrt(3) - sqrt(5 + 2*sqrt(6)))*x + y", None),
        ("cos(pi*999999999999989/999999999999947)*x", None),
        ("((x**64)**64)**64", None),
        ("abs(" * 20 + "x" + " - 1)" * 20, None),
        ("tanh(" * 28 + "x*y" + ")" * 28, None),
        ("".join(f"max(x*{i}, " for i in range(28)) + "y" + ")" * 28, None),
        ("(99/100)**64*x", 0.99**64),
        ("(2**39/(2**39 + 1))**25*x", 1.0),
        ("((99/100)**64)**64*x", 0.99**4096),
        ("(999999999999998/999999999999999)**64*x", 1 - 64e-15),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_could_take_long_is_refused_or_computed_at_once(text, slope, one_second):
    try:
        surface = Surface(text)
    except FormulaError:
        return
    surface.value((1, 2))
    found = surface.gradient((1, 1))
    assert slope is None or found == pytest.approx([slope, 0])


def towers(x, y):
    """Return sines within sines, so many deep, as summands."""
    heights = [("x", height) for height in x] + [("y", height) for height in y]
    return "".join(" + " + "sin(" * height + name + ")" * height for name, height in heights)


def test_second_derivatives_take_at_most_20_000_operations(one_second):
    """What was accepted once, and may be in a file by now, is accepted for good."""
    text = "(x*y)**x**y*(x + 2)**3/(x - y)**0.5*(x*x+y)**-2.5"
    Surface(text + towers([1, 4, 17, 26, 28], [1]))
    with pytest.raises(FormulaError, match=r"at most 20,000 operations\. .* about 20,001\."):
        Surface(text + towers([1, 2, 5, 10, 28], [1, 28]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2x", r"lacks an operator: write `2\*x`, not `2x`"),
        ("foo + x", "Got the unknown name 'foo'; known: x, y, pi, e"),
        ("sin", r"The function 'sin' lacks its argument: write `sin\(\.\.\.\)`"),
        ("max(x)", r"`max` takes 2 argument\(s\)\. Got 1\."),
        ("x**65", r"Exponents must be at most 64 in size\. Got 65\."),
        ("(" * 31 + "x" + ")" * 31, r"nest at most 30 deep\. Got 31\."),
        ("+" * 201 + "x", r"at most 200 operations\. Got 201\."),
        ("x +", r"The formula 'x \+' cannot be read: check operators and parentheses\."),
        ("x!", "has '!', which has no place in a formula"),
        ("", "The formula is empty"),
        ("1/0*x", r"Constant parts of a formula must be real and at most 1e\+30"),
        ("(2**30*2**46/(2**30*2**46 + 1))**13*x", "A power in the formula has too many digits"),
        ("x/0", "divides by zero, or has a part that is not real"),
        (X + sp.Symbol("z"), "in x and y alone. Got z as well"),
        (X * sp.I, "finite and real"),
        (X * sp.Integer(10) ** 400, "finite and real"),
        (sp.Mul(*(sp.sin(X - i) for i in range(39))), "second derivatives must take at most"),
        *((f(X), f"unknown function '{f.__name__}'") for f in (sp.gamma, sp.asinh, sp.floor)),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_message_says_what_is_wrong(text, message):
    with pytest.raises(FormulaError, match=message):
        Surface(text)


def test_reading_evaluates_no_text(monkeypatch):
    compile_ = builtins.compile

    def no_code(*_, **__):
        raise AssertionError("text was evaluated")

    def only_to_a_tree(source, filename, mode, flags=0, *rest, **options):
        assert flags & ast.PyCF_ONLY_AST, "text was compiled"
        return compile_(source, filename, mode, flags, *rest, **options)

    sp.core.cache.clear_cache()
    formulas = [SURFACES[name].formula for name in list(SURFACES)[::4]]
    formulas += ["0.1*x + max(x, 1)*abs(y)^2.5", "cbrt(x)*atan2(y, x)", "sign(x) + tanh(y)/3"]
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "compile", only_to_a_tree)
        patch.setattr(builtins, "eval", no_code)
        patch.setattr(builtins, "exec", no_code)
        patch.setattr(os, "system", no_code)
        # Where SymPy's functions end up when they are handed text.
        patch.setattr("sympy.parsing.sympy_parser.parse_expr", no_code)
        patch.setattr("sympy.parsing.sympy_parser.eval_expr", no_code)
        for formula in formulas:
            Surface(formula).gradient((1.5, 0.5))


# --- what is written reads back


@pytest.mark.parametrize(
    "expression",
    [
        sp.Float(-1e-7) * X**2 + sp.Float(1.2345678901234567e22) * Y,
        X / 3 - sp.Rational(22, 7) * Y,
        X ** sp.Float(-0.3) + X ** sp.Rational(1, 3),
        sp.exp(-X) + sp.E * Y,
        sp.sign(X) * sp.Abs(Y) + sp.atan2(Y, X),
        sp.sin(X) ** 2 * sp.log(Y) / sp.cosh(X * Y),
        # SymPy flattens nested maxima.
        sp.Max(X, sp.Max(Y, 1)) + sp.Min(X, Y, X * Y),
        sp.sin(X) * (X + Y) * 2,
        -(sp.exp(X) * (X + Y)) / 2,
        (X + Y) * 0.1 / Y,
        sp.tan(X + sp.pi / 2) + sp.sec(Y) * sp.coth(X),
    ],
    ids=str,
)
def test_a_sympy_expression_reads_back_from_its_formula(expression):
    surface = Surface(expression)
    again = Surface(surface.formula)
    assert again == surface
    expected = sp.lambdify((X, Y), expression, "numpy")(0.7, 1.3)
    assert again.value((0.7, 1.3)) == pytest.approx(expected, rel=1e-13)
