"""Calls as text, read as data: exact, and nothing but numbers, names and calls."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.checks import Call, build, read, split

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
counts = st.integers(-(10**300), 10**300)
floats = st.floats(allow_nan=False, allow_infinity=False)


def extend(values):
    return st.builds(
        Call,
        names,
        st.lists(values, max_size=3).map(tuple),
        st.dictionaries(names, values, max_size=2),
    )


calls = st.recursive(counts | floats, extend, max_leaves=5)


def write(value):
    """Write a value as `read` takes it."""
    if not isinstance(value, Call):
        return repr(value)
    arguments = [write(argument) for argument in value.arguments]
    arguments += [f"{name}={write(argument)}" for name, argument in value.keywords.items()]
    return f"{value.name}({', '.join(arguments)})"


# --- reading


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60", 60),
        ("-60", -60),
        ("+60", 60),
        ("007", 7),
        ("0.9", 0.9),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.5e-3", -0.0005),
        ("1E+5", 1e5),
        ("1e5", 1e5),
        (" 0.9\n", 0.9),
        ("9007199254740993", 9007199254740993),  # One more than a float can hold.
        ("5e-324", 5e-324),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("f()", Call("f")),
        ("f( )", Call("f")),
        ("f(1)", Call("f", (1,))),
        ("f(1, 2.5)", Call("f", (1, 2.5))),
        ("f(a=1)", Call("f", (), {"a": 1})),
        ("f(1, a=-1)", Call("f", (1,), {"a": -1})),
        (" f ( 1 ,\n\ta = 2 ) ", Call("f", (1,), {"a": 2})),
        ("one-cycle(start-factor=1)", Call("one-cycle", (), {"start-factor": 1})),
        ("f(g(h(1), 2), a=g())", Call("f", (Call("g", (Call("h", (1,)), 2)),), {"a": Call("g")})),
        ("lambda(1)", Call("lambda", (1,))),  # Names that mean something elsewhere are names.
        ("__import__(1)", Call("__import__", (1,))),
    ],
)
def test_what_is_read(text, value):
    found = read(text)
    assert found == value
    assert type(found) is type(value)


@given(value=calls)
def test_what_is_written_reads_back_exactly(value):
    text = write(value)
    if len(text) <= 1000:
        found = read(text)
        assert found == value
        assert write(found) == text  # Integers stay integers, and zeros keep their signs.


@given(value=calls, blanks=st.sampled_from(["", " ", "\n", " \t "]))
def test_blanks_do_not_count(value, blanks):
    text = write(value).replace(" ", "")
    for mark in "(),=":
        text = text.replace(mark, blanks + mark + blanks)
    if len(text) <= 1000:
        assert read(text) == value


HOSTILE = [
    "",
    " ",
    "()",
    "(0.9)",
    "0.9,",
    "0.9, 60",
    "f",
    "f(",
    "f)",
    "f(1",
    "f(1))",
    "f((1)",
    "f((1))",
    "(f)(1)",
    "f(1)(2)",
    "f(1)+g(2)",
    "f(1)g(2)",
    "f(1) g(2)",
    ")f(1)(",
    "f(,)",
    "f(1,)",
    "f(,1)",
    "f(1,,2)",
    "f(=1)",
    "f(a=)",
    "f(a==1)",
    "f(a=b=1)",
    "f(a=1, 2)",
    "f(a=1, a=2)",
    "f(a)",
    "f(1=1)",
    "f(*g(1))",
    "f(**g(1))",
    "f(*[1])",
    "f(**{'a': 1})",
    "f(a:=1)",
    "f[1]",
    "f{1}",
    "f.g(1)",
    "().__class__",
    "().__class__.__bases__[0].__subclasses__()",
    "f(().__class__)",
    "__import__('os').system('true')",
    "eval('1')",
    "f('1')",
    'f("1")',
    "f(b'1')",
    "f(f'{1}')",
    'f"{1}"',
    "'0.9'",
    "lambda: 1",
    "f(lambda x: 1)",
    "[x for x in (1, 2)]",
    "f(x for x in g(1))",
    "f([1])",
    "f({1})",
    "f((1, 2))",
    "1 if 2 else 3",
    "f(1 or 2)",
    "f(not 1)",
    "f(await g(1))",
    "f(yield)",
    "f(...)",
    "1 + 1",
    "2**10**10",
    "2 * 3",
    "1/0",
    "--1",
    "+-1",
    "- 1",
    "~1",
    "1e",
    "1e5.5",
    "1.2.3",
    ".",
    "-",
    "1_000",
    "0x10",
    "0b1",
    "0o7",
    "1j",
    "1n",
    "1f(2)",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "1e999",
    "-1e999",
    "f(1e999)",
    "9" * 400,
    "True",
    "None",
    "f(True)",
    "f(a=None)",
    "f(1) # comment",
    "f(1); g(2)",
    "f(1)\ng(2)",
    "f(1)\\",
    "f\0(1)",
    "f(1\0)",
    "import os",
    "x = 1",
    "@f",
    "f(1) -> 2",
    "ｆ(1)",
    "f(１)",
    "f(٣)",
    "é(1)",
    "f(µ=1)",
    "f(1\u200b)",
    "f(1\u2028)g",
    "$(true)",
    "`true`",
    "%s",
    "{0.__class__}",
    "../../etc/passwd",
    "<script>f(1)</script>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_else_is_read(text):
    with pytest.raises(ValueError, match="must be|Expected|must not") as caught:
        read(text)
    assert type(caught.value) is ValueError
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@given(text=st.text(max_size=50) | st.text(alphabet="f1.-=(),* e\"'[]", max_size=30))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        value = read(text)
    except ValueError as error:
        message = str(error)
    else:
        message = ""
        assert read(write(value)) == value
    assert not message or message.isprintable()


@pytest.mark.parametrize("thing", [None, 0.9, b"0.9", ["0.9"], ("f", 1)])
def test_what_is_no_text_is_refused(thing):
    with pytest.raises(TypeError, match="`text` must be a number or a call, written as text. Got"):
        read(thing)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "Expected a number or a call such as cosine(0.9, steps=60). Got 'abc' instead."),
        (
            "f(1, g(abc))",
            "Expected a number or a call such as cosine(0.9, steps=60). Got 'abc' instead, in "
            "'f(1, g(abc))'.",
        ),
        ("1e999", "Expected a finite number. Got '1e999' instead."),
        (
            "f(a=1, 2)",
            "An argument by place must not follow one by name. Got '2' instead, in 'f(a=1, 2)'.",
        ),
        ("f(a=1, a=2)", "`a` must be given once. Got 'f(a=1, a=2)' instead."),
    ],
)
def test_the_message_says_where(text, message):
    with pytest.raises(ValueError, match="Got") as caught:
        read(text)
    assert str(caught.value) == message


# --- limits


def test_texts_up_to_the_limits_are_read():
    assert read("0" * 999 + "7") == 7
    nested = "f(" * 20 + "1" + ")" * 20
    value = read(nested)
    for _ in range(20):
        (value,) = value.arguments
    assert value == 1
    assert len(read("f(" + ",".join("1" * 400) + ")").arguments) == 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0" * 1001, "`text` must be at most 1000 characters long. Got '000"),
        ("f(" * 21 + "1" + ")" * 21, "`text` must be nested at most 20 deep. Got 'f("),
        ("f(" * 10**6 + ")" * 10**6, "`text` must be at most 1000 characters long."),
        ("(" * 1000, "Expected a number or a call"),
        ("f(" * 500, "Expected a number or a call"),
        ("f(" * 333 + ")" * 333, "`text` must be nested at most 20 deep."),
        ("-" * 1000, "Expected a number or a call"),
        ("f" * 1000, "Expected a number or a call"),
        ("f(" + " " * 998, "Expected a number or a call"),
        ("1" * 998 + "x", "Expected a number or a call"),
        ("f(" + "," * 996 + ")", "Expected a number or a call"),
        ("9" * 10**7, "`text` must be at most 1000 characters long. Got '999"),
    ],
    ids=lambda text: text[:8],
)
def test_texts_past_the_limits_are_refused_at_once(text, message):
    begun = time.perf_counter()
    with pytest.raises(ValueError, match="Expected|must be") as caught:
        read(text)
    assert time.perf_counter() - begun < 2
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 250


# --- splitting


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("a", ["a"]),
        (",", ["", ""]),
        ("a, b,", ["a", " b", ""]),
        ("f(1, 2), 3", ["f(1, 2)", " 3"]),
        ("f(g(1, 2), 3),(4, 5)", ["f(g(1, 2), 3)", "(4, 5)"]),
    ],
)
def test_split(text, parts):
    assert split(text) == parts


@pytest.mark.parametrize("text", ["(", ")", ")(", "f(1", "f(1))", "a, b), (c", "(" * 10**5])
def test_a_parenthesis_without_a_partner_is_refused(text):
    with pytest.raises(
        ValueError, match="^Every parenthesis must have its partner. Got "
    ) as caught:
        split(text)
    assert len(str(caught.value)) < 150


@given(text=st.text(alphabet="ab,()", max_size=20))
def test_parts_join_to_what_was_split(text):
    marks = "".join(mark for mark in text if mark in "()")
    while "()" in marks:
        marks = marks.replace("()", "")
    if marks:
        with pytest.raises(ValueError, match="Every parenthesis must have its partner"):
            split(text)
    else:
        assert ",".join(split(text)) == text
        assert all(split(part) == [part] for part in split(text))


@given(values=st.lists(calls, min_size=1, max_size=4))
def test_split_finds_the_arguments(values):
    assert split(",".join(map(write, values))) == [write(value) for value in values]


# --- building


def scale(base, factor=2):
    return ("scale", base, factor)


def point(x, y=0):
    if not math.isfinite(x):
        raise ValueError("`x` must be finite.")
    return ("point", x, y)


def picky(count):
    raise TypeError("`count` must be an integer.")


KNOWN = {"scale": scale, "point": point, "big_point": point, "picky": picky}


@pytest.mark.parametrize(
    ("text", "built"),
    [
        ("point(1)", ("point", 1, 0)),
        ("point(1, y=2)", ("point", 1, 2)),
        ("point(y=1, x=2)", ("point", 2, 1)),
        ("Point(1, Y=2)", ("point", 1, 2)),
        ("big-point(1)", ("point", 1, 0)),
        ("scale(point(1), factor=3)", ("scale", ("point", 1, 0), 3)),
        ("scale(base=scale(2))", ("scale", ("scale", 2, 2), 2)),
    ],
)
def test_build(text, built):
    assert build("shape", read(text), KNOWN) == built


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pont(1)", "Unknown shape 'pont'. Did you mean 'point'? Known: scale, point, big_point"),
        ("scale(pont(1))", "Unknown shape 'pont'. Did you mean 'point'?"),
        ("eval(1)", "Unknown shape 'eval'."),
        ("__import__(1)", "Unknown shape '__import__'."),
        ("point(1, z=2)", "Unknown argument of point 'z'. Known: x, y."),
        ("scale(1, facto=2)", "Unknown argument of scale 'facto'. Did you mean 'factor'?"),
        ("point()", "point(x, y): missing a required argument: 'x'."),
        ("point(1, 2, 3)", "point(x, y): too many positional arguments."),
        ("point(1, x=2)", "point(x, y): multiple values for argument 'x'."),
        ("point(x=1, X=2)", "`x` must be given once. Got 'point(x, X)' instead."),
        ("picky(1)", "`count` must be an integer."),
        ("scale(picky(1))", "`count` must be an integer."),
    ],
)
def test_build_refuses(text, message):
    with pytest.raises(ValueError, match=".") as caught:
        build("shape", read(text), KNOWN)
    assert str(caught.value).startswith(message)


def test_nothing_is_called_before_the_names_are_known():
    called = []
    known = {"f": called.append}
    for text in ("g(1)", "f(1, 2)", "f()"):
        with pytest.raises(ValueError, match="Unknown|argument"):
            build("function", read(text), known)
    assert called == []
