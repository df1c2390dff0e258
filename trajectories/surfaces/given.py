"""A formula as it is given, as text, in SymPy or as a function: its text and its expression."""

from __future__ import annotations

from typing import Any

import sympy as sp

from trajectories.surfaces.formula import X, Y, check_expression, parse, to_text
from trajectories.surfaces.nonsmooth import to_real
from trajectories.surfaces.syntax import FormulaError
from trajectories.validation import must

__all__ = ["as_formula"]


def as_formula(given: Any) -> tuple[str, sp.Expr]:
    """Take a formula however it is given."""
    if isinstance(given, str):
        text = " ".join(given.split())
        return text, _canonical(parse(text))
    text = to_text(_symbolic(given))
    return text, parse(text)


def _canonical(expression: sp.Expr) -> sp.Expr:
    """Return the form in which an expression's own text is read."""
    try:
        return parse(to_text(expression))
    except FormulaError:  # Written out, its numbers are too long; as it was typed, they were not.
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
    ours = {"x": X, "y": Y}
    expression = formula.xreplace({s: ours[s.name] for s in formula.free_symbols if s.name in ours})
    real = to_real(expression)
    check_expression(real)
    return real
