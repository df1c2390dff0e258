"""Reading formulas: what is accepted, what it means, and that nothing else gets through."""

import ast
import builtins
import os
import signal

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from trajectories import SURFACES, FormulaError, Surface
from trajectories.surfaces.formula import (
    FUNCTIONS,
    X,
    Y,
    check_expression,
    parse,
    to_real,
    to_sympy,
    to_text,
)

# --- what is accepted


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("x", X),
        ("  x\t", X),
        ("x^2", X**2),
        ("x**2", X**2),
        ("x²+y³", X**2 + Y**3),
        ("2·x − y", 2 * X - Y),
        ("-x^2", -(X**2)),
        ("2^-x", 2**-X),
        ("x^y^2", X ** (Y**2)),
        ("x/y/2", X / (2 * Y)),
        ("x - y - 1", X - Y - 1),
        ("+x", X),
        ("--x", X),
        ("x/3", X / 3),
        ("1e-3*x", sp.Float(1e-3) * X),
        ("1E3*x", sp.Float(1e3) * X),
        (".5*x", sp.Float(0.5) * X),
        ("2.*x", sp.Float(2.0) * X),
        ("0.1*x", sp.Float(0.1) * X),
        ("pi*x + e*y", sp.pi * X + sp.E * Y),
        ("E*x", sp.E * X),
        ("e**x", sp.exp(X)),
        ("Sin(x) + EXP(y)", sp.sin(X) + sp.exp(Y)),
        ("Abs(x)*Max(x, y)", sp.Abs(X) * sp.Max(X, Y)),
        ("atan2(y, x)", sp.atan2(Y, X)),
        ("cbrt(x)", sp.sign(X) * sp.Abs(X) ** sp.Rational(1, 3)),
        ("cbrt(-8)*x", -2 * X),
        ("max(min(x, y), 1)", sp.Max(sp.Min(X, Y), 1)),
        ("((((x))))", X),
        ("max(x, 0)", sp.Max(X, 0)),
        ("max(x, 0.0)", sp.Max(X, 0.0)),
        ("2**10*x + (-1/2)**3", 1024 * X - sp.Rational(1, 8)),
        ("x**(sign(3) - sign(-2))", X**2),
        ("x*y**(65*sign(0))", X),
        ("x**(E + pi)", X ** (sp.E + sp.pi)),
    ],
)
def test_accepted(text, expression):
    assert to_sympy(parse(text)) == expression


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_reads_in_any_case(name):
    arguments = ", ".join("xy"[: FUNCTIONS[name].arity])
    expression = parse(f"{name}({arguments})")
    assert expression == parse(f"{name.upper()}({arguments})")
    assert expression == parse(f"{name.title()} ({arguments})")
    assert expression.free_symbols == set(sp.symbols(arguments, real=True, seq=True))


def test_numbers_are_read_exactly():
    # Decimals become the nearest float64, quotients of integers stay exact.
    assert float(parse("0.1 + x") - X) == 0.1
    assert parse("x/3").coeff(X) == sp.Rational(1, 3)


@pytest.mark.parametrize(
    "text",
    [
        "x" + " " * 499,
        "(" * 30 + "x" + ")" * 30,
        "+" * 200 + "x",
        "x**64",
        "x**-64",
        "x**(64*sign(3))",
        "x + 1000000000000000",
        "1e15*1e15*x",
        "exp(-100)*x",
        "(1000*x)**6",
        "x**64*y*x**64",
        "x*1e29",
        "+".join(f"sin({i}*x)" for i in range(1, 50)),
        "exp(exp(x))",
        "sin(sin(sin(sin(x))))",
        "sin(" * 30 + "x" + ")" * 30,
    ],
    ids=lambda text: text.strip()[:20],
)
def test_accepted_at_the_limits(text):
    assert parse(text).free_symbols
    assert np.isfinite(Surface(text).value((0.5, 0.5)))


# --- what is refused

MALFORMED = [
    "",
    " \t ",
    "x +",
    "* x",
    "(x",
    "x)",
    "()",
    "x y",
    "1 2",
    "2x",
    "2(x + 1)",
    "(x)(y)",
    "1.2.3*x",
    "x.5",
    "1ex",
    "0x10*x",
    "0777*x",
    "x // y",
    "x % y",
    "x @ y",
    "x & y",
    "x | y",
    "x << 2",
    "~x",
    "x == y",
    "x < y",
    "x < y < 1",
    "x != y",
    "not x",
    "x and y",
    "1e5or x",
    "x if y else 1",
    "x in y",
    "x is y",
    "x, y",
    "(x,)",
    "[x]",
    "{x}",
    "{x: y}",
    "x[0]",
    "x[0:1]",
    "x;y",
    "x = 1",
    "(x := 1)",
    "x\ny",
    "(x\n+ y)",
    "x # y",
    "x\\\n+ y",
    "x\x00",
    "x\u2028y",
    "x!",
    "x?",
    "$x$",
    "…",
    "...",
    "ｘ + y",
    "ｓｉｎ(x)",
    "x × y",
    "√x",
    "x₁",
    "π*x",
    "x**²",
]
CODE = [
    "__import__('os').system('true')",
    "__import__(os)",
    "eval('x')",
    "exec(x)",
    "open(x)",
    "print(x)",
    "x.real",
    "x.__class__",
    "x.__class__.__bases__",
    "().__class__.__base__.__subclasses__()",
    "sin.__globals__",
    "sin(x).evalf()",
    "sin.func(x)",
    "(lambda: x)()",
    "lambda x: x",
    "[x for x in y]",
    "(x for x in y)",
    "f'{x}'",
    "f(x)",
    "'x'",
    '"x" + "y"',
    "b'x'",
    "await x",
    "yield x",
    "import os",
    "del x",
    "__builtins__",
    "__name__",
    "os",
    "sin(*x)",
    "sin(**x)",
    "sin(x, evaluate=x)",
    "sin(u=x)",
    "max(x, y, key=x)",
    "sin(x)(y)",
    "x(y)",
    "e(x)",
    "pi()",
]
UNKNOWN = [
    "z",
    "X",
    "x1",
    "xy",
    "i",
    "I*x",
    "1j*x",
    "1e5j*x",
    "oo",
    "zoo",
    "nan",
    "inf",
    "True",
    "False",
    "None",
    "Symbol(x)",
    "Integer(3)*x",
    "gamma(x)",
    "factorial(x)",
    "factorial(100000000)",
    "floor(x)",
    "sum(x)",
    "Integral(x, x)",
    "sin",
    "sin + x",
    "sin()",
    "sin(x, y)",
    "max(x)",
    "max(x, y, 1)",
    "atan2(x)",
]
NOT_REAL = [
    "1/0",
    "x/0",
    "x*(1/0)",
    "(x - x)**-1",
    "1/(x - x)",
    "0**-1*x",
    "log(0)*x",
    "log(-1)",
    "log(x - x)",
    "sqrt(-1)*x",
    "(-1)**0.5*x",
    "(-8)**(1/3)*x",
    "asin(2)*x",
    "acos(2 + x - x)",
    "tan(pi/2)",
    "x + tan(pi/2)",
    "x + atan(tan(pi/2))",
    "max(x, tan(pi/2))",
    "1e999",
    "x*1e999",
    "1e300*1e300*x",
    "x/1e-300/1e-300",
    "1000000000000001*x",
    "1.001e15*1e15*x",
    "1e-200*1e-200*x",
    "sqrt(-x**2)**2 + y",
    "9" * 400 + "*x",
    # Real at whole numbers alone, so that the derivative is not.
    "(-1)**x",
    "(-2.5)**y",
    "(-exp(x))**(1/3)",
]
BOMBS = [
    "9**9**9",
    "9**9**9*x",
    "10**(10**10)",
    "x**(10**10)",
    "2**2**2**2**2**2",
    "x**65",
    "x**-65",
    "x**64.5",
    "x**(65*sign(2))",
    "x**(65*sign(-2))",
    "x**(24*e)",
    "x**(-21*pi)",
    "(x + 1)**1000000",
    "exp(exp(exp(10)))",
    "exp(1000)*x",
    "sinh(sinh(5))*x",
    "(((999999999999998/999999999999999)**64)**64)**64*x",
    "((((1/2)**64)**64)**64)**64*x",
    "(" * 31 + "x" + ")" * 31,
    "(" * 100 + "x" + ")" * 100,
    "(" * 250 + ")" * 250,
    "sin(" * 60 + "x" + ")" * 60,
    "-" * 499 + "x",
    "-" * 500 + "x",
    "+" * 201 + "x",
    "x" + "+x" * 249,
    "x" * 10_000,
    "x+" * 5_000 + "x",
    "x**" * 160 + "x",
    "*".join(f"(x - {i})" for i in range(39)),
    "*".join(f"sin(x - {i})" for i in range(30)),
    "x**y" * 3 + "**x**y" * 60,
]
HOSTILE = MALFORMED + CODE + UNKNOWN + NOT_REAL + BOMBS


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


def test_the_corpus_has_no_repetitions():
    assert len(HOSTILE) == len(set(HOSTILE)) > 180


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:40]))
def test_refused_at_once_in_one_line(text, one_second):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.isprintable()
    assert 0 < len(message) < 300


@pytest.mark.parametrize(
    "text",
    [
        "max(2**(999999999999999 + y), 1)",
        "max((1/3)**(999999999999999 + y), 1)",
        "max(sqrt(2) + sqrt(3), sqrt(5 + 2*sqrt(6)))*x",
        "sign(sqrt(2) + sqrt(3) - sqrt(5 + 2*sqrt(6)))*x + y",
        "sin(999999999999999*pi)*x + y",
        "cos(pi*999999999999989/999999999999947)*x",
        "((x**64)**64)**64",
        "x**y**x**y",
        "cbrt(" * 28 + "x" + ")" * 28,
        "abs(" * 20 + "x" + " - 1)" * 20,
        "tanh(" * 28 + "x*y" + ")" * 28,
        "(" * 30 + "x" + "/(y + 1))" * 30,
        "max(" * 15 + "x" + ", y)" * 15,
        "".join(f"max(x*{i}, " for i in range(28)) + "y" + ")" * 28,
    ],
    ids=lambda text: text[:40],
)
def test_what_could_take_long_is_refused_or_computed_at_once(text, one_second):
    try:
        surface = Surface(text)
    except FormulaError:
        return
    surface.value((1, 2)), surface.gradient((1, 2))


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("(99/100)**64*x", 0.99**64),
        ("((99/100)**64)**64*x", 0.99**4096),
        ("(999999999999998/999999999999999)**64*x", 1 - 64e-15),
    ],
)
def test_a_long_fraction_is_refused_or_right(text, slope, one_second):
    try:
        surface = Surface(text)
    except FormulaError:
        return
    assert surface.gradient((1, 1)) == pytest.approx([slope, 0])


@pytest.mark.parametrize(
    ("bits", "power", "accepted"), [(40, 25, True), (77, 13, False), (91, 11, False)]
)
def test_the_power_of_a_fraction_has_at_most_1000_bits(bits, power, accepted, one_second):
    # 2**76 itself has 77 bits; as a float, the fraction is 1.
    number = f"2**30*2**{bits - 31}"
    for fraction in (f"{number}/({number} + 1)", f"({number} + 1)/({number} - 1)"):
        text = f"({fraction})**{power}*x"
        if accepted:
            assert Surface(text).gradient((1, 1)) == pytest.approx([1, 0])
        else:
            with pytest.raises(FormulaError, match="too many digits"):
                parse(text)


def towers(x, y):
    """Return sines within sines, so many deep, as summands."""
    heights = [("x", height) for height in x] + [("y", height) for height in y]
    return "".join(" + " + "sin(" * height + name + ")" * height for name, height in heights)


#: Formulas that stand for the kinds of parts, with what brings them to the limit, and one beyond.
PARTS = {
    "*".join(f"(x - {i})" for i in range(20)): (([1, 2, 5, 6, 22], [1]), ([4, 7, 22], [])),
    "(x*y)**x**y*(x + 2)**3/(x - y)**0.5*(x*x+y)**-2.5": (
        ([1, 4, 17, 26, 28], [1]),
        ([1, 2, 5, 10, 28], [1, 28]),
    ),
    "(pi*x + sin(2))*sqrt(3)*exp(2*x*y*cos(1))*(e*y + x/3)*abs(x)*max(x, pi*y)": (
        ([3, 5, 10, 28], [28]),
        ([1, 2, 19, 25, 28], [2]),
    ),
    "*".join(f"(x*y + {i})/(y**{i + 2} + x)" for i in range(5)): (
        ([1, 4, 22, 28], [1]),
        ([1, 8, 23, 27], []),
    ),
    "sin(x*cos(y*exp(x*atan2(x, y*tanh(x*y + 1)))))*(x+y)**2": (
        ([1, 28], [1, 28]),
        ([1, 19, 24, 28], []),
    ),
}


@pytest.mark.parametrize("text", PARTS, ids=lambda text: text[:20])
def test_second_derivatives_take_at_most_20_000_operations(text, one_second):
    """What was accepted once, and may be in a file by now, is accepted for good."""
    most, more = PARTS[text]
    parse(text + towers(*most))
    with pytest.raises(FormulaError, match=r"at most 20,000 operations\. .* about 20,001\."):
        parse(text + towers(*more))


@pytest.mark.parametrize("thing", [None, True, 3, 2.5, 1j, b"x", ["x"], X, ast.parse("x")])
def test_what_is_no_text_is_refused(thing):
    with pytest.raises(TypeError, match="`formula` must be text"):
        parse(thing)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2x", r"lacks an operator: write `2\*x`, not `2x`"),
        ("x(y)", "calls the unknown function 'x'; known: abs, acos"),
        ("foo + x", "Got the unknown name 'foo'; known: x, y, pi, e"),
        ("sin", r"The function 'sin' lacks its argument: write `sin\(\.\.\.\)`"),
        ("max(x)", r"`max` takes 2 argument\(s\)\. Got 1\."),
        ("x**65", r"Exponents must be at most 64 in size\. Got 65\."),
        ("x" * 501, r"at most 500 characters\. Got 501\."),
        ("(" * 31 + "x" + ")" * 31, r"nest at most 30 deep\. Got 31\."),
        ("**".join("x" * 32), r"Powers and calls .* at most 30 deep\. Got 31\."),
        ("sin(" * 15 + "**".join("x" * 17) + ")" * 15, r"at most 30 deep\. Got 31\."),
        ("+" * 201 + "x", r"at most 200 operations\. Got 201\."),
        ("x +", r"The formula 'x \+' cannot be read: check operators and parentheses\."),
        ("x!", "has '!', which has no place in a formula"),
        ("x.real", "'Attribute', which has no place"),
        ("", "The formula is empty"),
        ("1/0*x", r"Constant parts of a formula must be real and at most 1e\+30"),
        ("x/0", "divides by zero, or has a part that is not real"),
        ("1e999*x", "must be finite. One overflows float64"),
        ("1000000000000001*x", r"Integers in a formula must be at most 1e\+15"),
        ("z" * 60, f"the unknown name '{'z' * 60}'; known"),
        ("z" * 61, rf"the unknown name '{'z' * 57}\.\.\.'; known"),
        ("f" * 61 + "(x)", rf"the unknown function '{'f' * 57}\.\.\.'; known"),
        ("x+" * 31, rf"The formula '{'x+' * 28}x\.\.\.' cannot be read".replace("+", r"\+")),
    ],
)
def test_the_message_says_what_is_wrong(text, message):
    with pytest.raises(FormulaError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (X + sp.Symbol("z"), "in x and y alone. Got z as well"),
        (X * sp.I, "finite and real"),
        (X + sp.oo, "finite and real"),
        (X * sp.Integer(10) ** 400, "finite and real"),
        (X / sp.Integer(10) ** 400, "finite and real"),
        (sp.Mul(*(sp.sin(X - i) for i in range(39))), "second derivatives must take at most"),
    ],
)
def test_sympy_expressions_are_held_to_the_same_limits(expression, message):
    with pytest.raises(FormulaError, match=message):
        check_expression(expression)


def test_reading_evaluates_no_text(monkeypatch):
    compile_ = builtins.compile

    def no_code(*_, **__):
        raise AssertionError("text was evaluated")

    def only_to_a_tree(source, filename, mode, flags=0, *rest, **options):
        assert flags & ast.PyCF_ONLY_AST, "text was compiled"
        return compile_(source, filename, mode, flags, *rest, **options)

    sp.core.cache.clear_cache()
    formulas = [SURFACES.entry(name).formula for name in SURFACES]
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
            assert parse(formula).free_symbols
            Surface(formula).gradient((1.5, 0.5))


# --- what is written reads back


@pytest.mark.parametrize(
    "expression",
    [
        X,
        -X,
        X - Y,
        sp.Float(0.1) * X,
        sp.Float(-1e-7) * X**2,
        sp.Float(1.2345678901234567e22) * Y,
        X / 3 - sp.Rational(22, 7) * Y,
        X ** sp.Rational(1, 3),
        X ** sp.Float(-0.3),
        sp.sqrt(X**2 + Y**2) / sp.pi,
        sp.exp(-X) + sp.E * Y,
        sp.sign(X) * sp.Abs(Y) + sp.atan2(Y, X),
        sp.sin(X) ** 2 * sp.log(Y) / sp.cosh(X * Y),
        -(X**2) / (1 + Y) ** 3,
        # SymPy flattens nested maxima.
        sp.Max(X, sp.Max(Y, 1)),
        sp.Min(X, Y, X * Y),
        sp.Max(X, Y, sp.Min(X, Y, 1)),
    ],
    ids=str,
)
def test_written_formula_reads_back(expression):
    expression = to_real(expression)
    assert parse(to_text(expression)) == expression


@pytest.mark.parametrize(
    "expression",
    [sp.sin(X) * (X + Y) * 2, (X + 1) / Y * 3, -(sp.exp(X) * (X + Y)) / 2, (X + Y) * 0.1 / Y],
    ids=str,
)
def test_written_formula_reads_back_to_the_same_function(expression):
    # A number before a sum is multiplied into it as soon as these two are read.
    assert sp.expand(parse(to_text(expression)) - expression) == 0


LEAVES = st.sampled_from(["x", "y", "2", "3", "7", "0.5", "1.25", "1e-3", "pi", "e"])
POWERS = st.sampled_from(["2", "3", "-1", "0.5", "(1/3)"])
UNARY = st.sampled_from([name for name in FUNCTIONS if FUNCTIONS[name].arity == 1])
BINARY = st.sampled_from([name for name in FUNCTIONS if FUNCTIONS[name].arity == 2])


def larger(parts):
    """Put smaller formulas together, in parentheses throughout."""
    return st.one_of(
        st.builds("-({})".format, parts),
        st.builds("({} {} {})".format, parts, st.sampled_from("+-*/"), parts),
        st.builds("({})**{}".format, parts, POWERS),
        st.builds("{}({})".format, UNARY, parts),
        st.builds("{}({}, {})".format, BINARY, parts, parts),
    )


FORMULAS = st.recursive(LEAVES, larger, max_leaves=6)


@st.composite
def surfaces(draw):
    """Draw a surface by its SymPy expression, as formulas from Python functions come."""
    try:
        expression = parse(draw(FORMULAS))
        assume(expression.free_symbols)
        return Surface(expression)
    except FormulaError:
        return reject()


@given(surface=surfaces())
def test_a_surface_reads_back_from_its_formula(surface):
    assert Surface(surface.formula) == surface


@np.errstate(all="ignore")
def slope_and_bend(surface, p, h):
    """Return central differences, and how much the slopes on both sides differ."""
    left, right = surface.value(p - np.eye(2) * h), surface.value(p + np.eye(2) * h)
    return (right - left) / (2 * h), abs(right - 2 * surface.value(p) + left) / h


@given(surface=surfaces(), p=st.tuples(st.floats(0.1, 2), st.floats(0.1, 2)))
def test_the_gradient_is_the_slope(surface, p):
    coarse, coarse_bend = slope_and_bend(surface, p, 1e-4)
    slope, bend = slope_and_bend(surface, p, 5e-5)
    assume(np.isfinite([coarse, coarse_bend, slope, bend]).all())
    tolerance = 1e-5 * (1 + abs(slope) + abs(surface.value(p)))
    # Where half the distance does not give the same slope with half the bend, there is a kink, a
    # pole, or too large a value to say.
    assume((abs(slope - coarse) < tolerance).all())
    assume((bend < 0.75 * coarse_bend + tolerance).all())
    assert (abs(surface.gradient(p) - slope) < 10 * tolerance).all()
