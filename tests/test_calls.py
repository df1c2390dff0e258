"""Schedules and ranges as text, read as data: exact, and nothing but numbers, names and calls."""

import time

import pytest
from hypothesis import given, settings, strategies as st

import trajectories as tj

read = tj.schedules.as_schedule


def choice(text):
    """Return what a text is read as where a range or a number may stand, as text."""
    return repr(tj.Space({"lr": text}))


def of_spec(text):
    return tj.descend("sphere", f"momentum:momentum={text}", steps=1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60", 60),
        ("007", 7),
        (".5", 0.5),
        ("-.5e-3", -0.0005),
        ("1E+5", 1e5),
        (" 0.9\n", 0.9),
        ("9007199254740993", 9007199254740993),  # One more than a float can hold.
        ("0" * 999 + "7", 7),
    ],
)
def test_numbers_are_read_as_they_are_written(text, value):
    assert choice(text) == f"Space(lr=choice({value!r}))"


@given(value=st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=30)
def test_numbers_are_exact(value):
    assert choice(repr(value)) == f"Space(lr=choice({value!r}))"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("cosine(0.9, 60)", "Cosine ( lr = 0.9 ,\n\tSTEPS = 60 )"),
        ("one_cycle(1, 60, start_factor=1)", "one-cycle(1, start-factor=1, steps=60)"),
        ("warmup(step(0.9, 5), 7)", " warmup(steps=7, lr=step(0.9, every=5)) "),
    ],
)
def test_blanks_and_the_order_of_names_do_not_count(text, same):
    assert read(text) == read(same)


HOSTILE = """
|()|(0.9)|0.9,|0.9, 60|f|f(|f)|f(1|f(1))|f((1)|f((1))|(f)(1)|f(1)(2)|f(1)+g(2)|f(1)g(2)
f(1) g(2)|)f(1)(|f(,)|f(1,)|f(,1)|f(1,,2)|f(=1)|f(a=)|f(a==1)|f(a=b=1)|f(a=1, 2)|f(a=1, a=2)|f(a)
f(1=1)|f(*g(1))|f(**g(1))|f(*[1])|f(**{'a': 1})|f(a:=1)|f[1]|f{1}|f.g(1)|().__class__
().__class__.__bases__[0].__subclasses__()|f(().__class__)|__import__('os').system('true')
eval('1')|eval(1)|__import__(1)|f('1')|f("1")|f(b'1')|f(f'{1}')|f"{1}"|'0.9'|lambda: 1|lambda(1)
f(lambda x: 1)|[x for x in (1, 2)]|f(x for x in g(1))|f([1])|f({1})|f((1, 2))|1 if 2 else 3
f(1 or 2)|f(not 1)|f(await g(1))|f(yield)|f(...)|1 + 1|2**10**10|2 * 3|1/0|--1|+-1|- 1|~1|1e|1e5.5
1.2.3|.|-|1_000|0x10|0b1|0o7|1j|1n|1f(2)|nan|inf|-inf|Infinity|1e999|-1e999|f(1e999)|True|None
f(True)|f(a=None)|f(1) # comment|f(1); g(2)|f(1)\\|f\0(1)|f(1\0)|import os|x = 1|@f|f(1) -> 2|ｆ(1)
f(１)|f(٣)|é(1)|f(µ=1)|f(1\u200b)|f(1\u2028)g|$(true)|`true`|%s|{0.__class__}|../../etc/passwd
<script>f(1)</script>
""".strip("\n")


def test_nothing_else_is_read():
    texts = [text for line in HOSTILE.split("\n") for text in line.split("|")]
    assert len(texts) > 110
    texts += ["f(1)\ng(2)", "f('|')", "9" * 400, "constant(1)#", "cosine(0.9,60).__class__"]
    texts += ["cosine(" * 10**5, "(" * 10**6, "," * 10**6, "constant(" + "9" * 10**6 + ")"]
    for text in texts:
        for reader in (read, choice, of_spec):
            begun = time.perf_counter()
            with pytest.raises(ValueError, match=".") as caught:
                reader(text)
            assert time.perf_counter() - begun < 2
            assert type(caught.value) is ValueError, text
            assert "\n" not in str(caught.value), text
            assert len(str(caught.value).partition(" Known: ")[0]) < 250, text


@given(text=st.text(max_size=50) | st.text(alphabet="f1.-=(),* e\"'[]", max_size=30))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        choice(text)
    except ValueError as error:
        assert str(error).isprintable()  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "f(1, g(abc))",
            "Expected a number or a call such as cosine(0.9, steps=60). Got 'abc' instead, in "
            "'f(1, g(abc))'.",
        ),
        (
            "f(a=1, 2)",
            "An argument by place must not follow one by name. Got '2' instead, in 'f(a=1, 2)'.",
        ),
        ("f(a=1, a=2)", "`a` must be given once. Got 'f(a=1, a=2)' instead."),
        ("f(1e999)", "Expected a finite number. Got '1e999' instead, in 'f(1e999)'."),
        ("warmup(cosin(0.9, 60), 5)", "Unknown schedule 'cosin'. Did you mean 'cosine'?"),
        ("cosine(1, step=2)", "Unknown argument of cosine 'step'. Did you mean 'steps'?"),
        ("__import__(1)", "Unknown schedule '__import__'. Known: constant, step, "),
        ("cosine(0.9, __class__=60)", "Unknown argument of cosine '__class__'."),
        ("cosine(0.9, 60, constant(1))", "`end` must be a number. Got Constant(lr=1.0) instead."),
        ("warmup(0.9, cosine(1, 2))", "`steps` must be an integer. Got Cosine("),
        ("0.1", "`schedule` must be a call such as cosine(0.9, steps=60). Got '0.1' instead."),
        ("cosine()", "cosine(lr, steps, end): missing a required argument: 'lr'."),
        ("cosine(1, 2, 3, 4)", "cosine(lr, steps, end): too many positional arguments."),
        ("cosine(1, lr=2)", "cosine(lr, steps, end): multiple values for argument 'lr'."),
        ("cosine(lr=1, LR=2)", "`lr` must be given once. Got 'cosine(lr, LR)' instead."),
        ("cosine(1, steps=0.5)", "`steps` must be an integer."),
        ("0" * 1001, "`text` must be at most 1000 characters long. Got '000"),
        ("f(" * 10**6 + ")" * 10**6, "`text` must be at most 1000 characters long."),
        ("f(" * 21 + "1" + ")" * 21, "`text` must be nested at most 20 deep. Got 'f("),
        ("(" * 1000, "Expected a number or a call"),
    ],
    ids=lambda text: text[:20],
)
def test_the_message_says_what_is_wrong_at_once(text, message):
    begun = time.perf_counter()
    with pytest.raises(ValueError, match=".") as caught:
        read(text)
    assert time.perf_counter() - begun < 2
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("text", ["choice(1", "choice(1))", "(", ")(", "(" * 1900])
def test_a_parenthesis_without_a_partner_is_refused(text):
    with pytest.raises(ValueError, match="Every parenthesis must have its partner. Got ") as caught:
        tj.descend("sphere", f"sgd:lr={text}")
    assert len(str(caught.value)) < 300
