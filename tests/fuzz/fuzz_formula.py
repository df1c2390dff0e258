"""Fuzz the reading of formulas: ``python tests/fuzz/fuzz_formula.py --inputs 1000000``."""

import random
import sys

from engine import Target, corpus, main

from trajectories.surfaces.formula import FUNCTIONS, FormulaError, parse, to_text

WORDS = "x y pi e E + - * / ** ^ ( ) , . 0 1 2 0.5 1e300 1e-300 999999999999999 _ = [ ] { } ' \" \\"
WORDS += " ; : @ % & | ~ < > ! # $ ` \\n \\0 lambda __import__('os').system('true') .__class__ ²"
WORDS += " ³ · **64 **-64 **0.5 1/3 (x-x) (x-y) x*y -x oo nan I zoo 1j True None if else for in"
WORDS += " not x[0]"


def check(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    expression = parse(text)
    assert to_text(expression).isascii()
    return True


def grow(rng: random.Random, depth: int = 5) -> bytes:
    """Return a random formula that reads well, mostly."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice((b"x", b"y", b"x", b"y", b"2", b"3", b"0.5", b"pi", b"e", b"1e-9", b"7"))
    inner = grow(rng, depth - 1)
    if rng.random() < 0.4:
        name = rng.choice(list(FUNCTIONS))
        more = b", " + grow(rng, depth - 1) if FUNCTIONS[name].arity == 2 else b""
        return name.encode() + b"(" + inner + more + b")"
    sign = rng.choice((b"+", b"-", b"*", b"/", b"**", b"^", b"*", b" - "))
    other = rng.choice((b"2", b"-1", b"1/3", b"64")) if b"*" in sign and rng.random() < 0.5 else b""
    return b"(" + inner + sign + (other or grow(rng, depth - 1)) + b")"


TARGET = Target(
    "formulas",
    check,
    corpus("formulas.txt"),
    [word.encode() for word in [*WORDS.split(), *(f"{name}(" for name in FUNCTIONS), " "]],
    [f"trajectories.surfaces.{name}" for name in ("syntax", "formula", "nonsmooth")],
    refusals=(FormulaError,),
    grow=grow,
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
