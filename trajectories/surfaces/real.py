"""Functions of a real argument: what SymPy need not ask whether it is complex."""

from __future__ import annotations

from typing import Any, ClassVar

import sympy as sp

__all__ = ["Real"]


class Real(sp.Function):
    """A real function that a formula writes by its name in lower case."""

    written: ClassVar[str]

    def _eval_is_real(self) -> bool | None:
        # Else SymPy looks for an imaginary part, and multiplies (abs(y) - 2)**64 out to find none.
        return True if all(part.is_real for part in self.args) else None

    def _sympystr(self, printer: Any) -> str:
        return f"{self.written}({', '.join(printer._print(part) for part in self.args)})"
