"""Fuzz formulas: ``python tests/fuzz/fuzz_formulas.py -runs=100000``, with libFuzzer's options."""

import sys
import warnings

try:
    import atheris
except ImportError:
    sys.exit("Fuzzing needs Atheris: pip install atheris")

with atheris.instrument_imports(include=["trajectories"]):
    import trajectories as tj

    tj.Surface("x*y").gradient((1, 1))

WORDS = "x y pi e E + - * / ** ^ ( ) , . 0 1 2 0.5 1e300 1e-300 999999999999999 _ = [ ] { } ' \" \\"
WORDS += " ; : @ % & | ~ < > ! # $ ` \n \0 lambda __import__('os').system('true') .__class__ ² ³ ·"
WORDS += " **64 **-64 **0.5 1/3 (x-x) (x-y) oo nan I zoo 1j True None if else for in not x[0] sin("
WORDS += " cos( tan( asin( acos( atan( atan2(x, sinh( tanh( exp( log( sqrt( cbrt( abs( sign( min(x,"
WORDS = [*WORDS.split(" "), " ", *(surface.formula for surface in tj.SURFACES.values())]


def formula_of(data):
    """Return a text of words that formulas are made of, and of any others."""
    provider, text = atheris.FuzzedDataProvider(data), ""
    while provider.remaining_bytes():
        new = provider.ConsumeIntInRange(0, 20) == 0
        text += provider.ConsumeUnicode(4) if new else provider.PickValueInList(WORDS)
    return text


def check(data):
    """Make sure that a formula is refused in one line, or is one that reads as it is written."""
    text = formula_of(data)
    try:
        surface = tj.Surface(text)
    except tj.FormulaError as error:
        surface, told = None, str(error)
    if surface is None:
        assert told.isprintable() and len(told) < 2000, repr(text)  # noqa: PT018
    else:
        assert tj.Surface(surface.formula).formula == surface.formula, repr(text)


warnings.simplefilter("ignore", UserWarning)  # A constant is a surface, too.
atheris.Setup([sys.argv[0], "-timeout=5", "-len_control=0", "-max_len=200", *sys.argv[1:]], check)
atheris.Fuzz()
