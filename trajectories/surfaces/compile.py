"""SymPy expressions compiled to lists of NumPy calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from trajectories.records import aligned
from trajectories.surfaces.formula import (
    FormulaError,
    RealAbs,
    RealCbrt,
    RealCosh,
    RealMax,
    RealMin,
    RealSign,
    RealSinh,
    RealTanh,
    Step,
    X,
    Y,
)

#: Elements in a block: 64 kB a buffer, so that a formula's buffers stay in the second-level cache.
BLOCK = 8192

_UNARY: dict[Any, np.ufunc] = {
    RealAbs: np.absolute,
    RealCbrt: np.cbrt,
    RealCosh: np.cosh,
    RealSign: np.sign,
    RealSinh: np.sinh,
    RealTanh: np.tanh,
    sp.acos: np.arccos,
    sp.asin: np.arcsin,
    sp.atan: np.arctan,
    sp.cos: np.cos,
    sp.exp: np.exp,
    sp.log: np.log,
    sp.sin: np.sin,
    sp.tan: np.tan,
}
_BINARY: dict[Any, np.ufunc] = {sp.atan2: np.arctan2, RealMax: np.maximum, RealMin: np.minimum}
#: Calls whose result can be NaN at a finite point where the formula itself has a limit.
_SINGULAR = frozenset({np.divide, np.power, np.log, np.arctan2})
#: Calls with a deprecated third positional argument; for others a keyword is a fifth slower.
_OUT_BY_NAME = frozenset({np.maximum, np.minimum})


def _partial(ufunc: np.ufunc, operands: Iterable[np.ndarray], out: np.ndarray) -> Callable[[], Any]:
    """Return a call with all its arguments."""
    if ufunc in _OUT_BY_NAME:
        return partial(ufunc, *operands, out=out)
    return partial(ufunc, *operands, out)


class _Constant(NamedTuple):
    """A constant operand, of a type of its own, as value number 2 is not 2.0."""

    number: float


_Operand: TypeAlias = int | _Constant
_ONE = _Constant(1.0)


class _Call(NamedTuple):
    ufunc: np.ufunc
    operands: tuple[_Operand, ...]


class Program:
    """Several expressions of x and y, compiled to one list of ufunc calls."""

    def __init__(self, expressions: Sequence[sp.Expr]) -> None:
        self._calls: list[_Call] = []
        self._known: dict[_Call, int] = {}
        self._values: dict[sp.Basic, _Operand] = {X: 0, Y: 1}
        shared, reduced = sp.cse(list(expressions), order="canonical")
        self._shared = [symbol for symbol, _ in shared]
        for symbol, expression in shared:
            self._values[symbol] = self._emit(expression)
        self._results = [self._emit(expression) for expression in reduced]
        self.count = len(self._results)
        self.singular = any(
            call.ufunc in _SINGULAR and not isinstance(call.operands[-1], _Constant)
            for call in self._calls
        )
        self._slots, self._buffers = self._allocate()
        # Arrays without dimensions: Python numbers take NumPy twice as long.
        self._constants: dict[_Operand, np.ndarray] = {
            operand: np.array(operand.number)
            for operand in (*(o for call in self._calls for o in call.operands), *self._results)
            if isinstance(operand, _Constant)
        }
        del self._known, self._values, self._shared

    def __call__(self, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
        """Evaluate at the points of two vectors, block by block."""
        size = x.shape[0]
        work = aligned((self._buffers, min(size, BLOCK)))
        for begin in range(0, size, BLOCK):
            part = slice(begin, begin + BLOCK)
            self._bind(x[part], y[part], out[:, part], work)()

    def bind(self, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> Callable[[], None]:
        """Return a function that evaluates at the current values of `x` and `y`."""
        return self._bind(x, y, out, aligned((self._buffers, x.shape[0])))

    def _bind(
        self, x: np.ndarray, y: np.ndarray, out: np.ndarray, work: np.ndarray
    ) -> Callable[[], None]:
        size = x.shape[0]
        rows, views = list(out), list(work[:, :size])
        values = {0: x, 1: y} | self._constants
        bound: list[Callable[[], Any]] = []
        for number, (call, slot) in enumerate(zip(self._calls, self._slots, strict=True), start=2):
            values[number] = rows[-1 - slot] if slot < 0 else views[slot]
            bound.append(_partial(call.ufunc, [values[o] for o in call.operands], values[number]))
        for row, result in zip(rows, self._results, strict=True):
            if values[result] is not row:
                bound.append(_partial(np.positive, [values[result]], row))

        def run() -> None:
            for call in bound:
                call()

        return run

    def _allocate(self) -> tuple[list[int], int]:
        """Give each value a slot: a result row (-1 - row), or the number of a free buffer."""
        last_use = {}
        for number, call in enumerate(self._calls, start=2):
            last_use.update({o: number for o in call.operands if isinstance(o, int)})
        rows = {result: -1 - row for row, result in reversed(list(enumerate(self._results)))}
        slots: list[int] = []
        free: list[int] = []
        buffers = 0
        for number, call in enumerate(self._calls, start=2):
            if number in rows:
                slots.append(rows[number])
            elif free:
                slots.append(free.pop())
            else:
                slots.append(buffers)
                buffers += 1
            # After the slot of the call, so that none works in place: on one point that takes
            # three times as long, and on many it gains nothing.
            for operand in {o for o in call.operands if isinstance(o, int) and o >= 2}:
                if last_use[operand] == number and operand not in rows:
                    free.append(slots[operand - 2])
        return slots, buffers

    def _call(self, ufunc: np.ufunc, *operands: _Operand) -> int:
        call = _Call(ufunc, operands)
        if call not in self._known:
            self._calls.append(call)
            self._known[call] = len(self._calls) + 1
        return self._known[call]

    def _emit(self, expression: sp.Basic) -> _Operand:
        """Append the calls of an expression; return the number of its value, or a constant."""
        if expression not in self._values:
            self._values[expression] = self._lower(expression)
        return self._values[expression]

    def _lower(self, expression: sp.Basic) -> _Operand:
        if not expression.free_symbols:
            return _Constant(float(expression))
        if expression.is_Add:
            return self._sum(expression)
        if expression.is_Mul:
            return self._product(expression)
        if expression.is_Pow:
            return self._power(*expression.as_base_exp())
        if expression.func is Step:
            return self._call(np.heaviside, self._emit(expression.args[0]), _Constant(0.5))
        function = _UNARY.get(expression.func) or _BINARY.get(expression.func)
        if function is None:
            raise FormulaError(
                f"The formula calls {expression.func.__name__!r}, which cannot be computed."
            )
        return self._call(function, *(self._emit(part) for part in expression.args))

    def _sum(self, expression: sp.Basic) -> _Operand:
        """Add the terms that have a plus sign first, then subtract the others."""
        plus: list[sp.Basic] = []
        minus: list[sp.Basic] = []
        for term in sp.Add.make_args(expression):
            negative = term.as_coeff_Mul()[0].is_negative
            (minus if negative else plus).append(-term if negative else term)
        # Variables before constants: a constant is then added once, at the end.
        plus.sort(key=lambda term: not term.free_symbols)
        total = (
            self._emit(plus.pop(0)) if plus else self._call(np.negative, self._emit(minus.pop(0)))
        )
        for term in plus:
            total = self._call(np.add, total, self._emit(term))
        for term in minus:
            total = self._call(np.subtract, total, self._emit(term))
        return total

    def _product(self, expression: sp.Basic) -> _Operand:
        """Multiply numerators, divide by denominators: x/10 stays one exactly rounded division."""
        constant, product = expression.as_independent(X, Y, *self._shared, as_Add=False)
        if constant == -1:
            return self._call(np.negative, self._emit(product))
        above: _Operand = _ONE
        below: _Operand = _ONE
        for factor in sp.Mul.make_args(product):
            base, exponent = factor.as_base_exp()
            if exponent.is_number and exponent.is_negative:
                below = self._times(below, self._power(base, -exponent))
            else:
                above = self._times(above, self._emit(factor))
        if constant.is_Rational and constant.q & (constant.q - 1):
            above = self._times(above, _Constant(float(constant.p)))
            below = self._times(below, _Constant(float(constant.q)))
        else:  # A power of two below divides exactly as a factor too, and a product is faster.
            above = self._times(above, _Constant(float(constant)))
        return above if below == _ONE else self._call(np.divide, above, below)

    def _times(self, left: _Operand, right: _Operand) -> _Operand:
        if isinstance(left, _Constant) and isinstance(right, _Constant):
            return _Constant(left.number * right.number)
        if left == _ONE:
            return right
        if right == _ONE:
            return left
        if left == right:
            return self._call(np.multiply, left, left)  # Faster than np.square on one point.
        return self._call(np.multiply, left, right)

    def _power(self, base: sp.Basic, exponent: sp.Basic) -> _Operand:
        if base is sp.E:
            return self._call(np.exp, self._emit(exponent))
        if not exponent.is_number:
            return self._call(np.power, self._emit(base), self._emit(exponent))
        number = float(exponent)
        if number < 0:
            return self._call(np.divide, _ONE, self._power(base, -exponent))
        value = self._emit(base)
        integer = int(number)
        if number == integer:
            return self._integer_power(value, integer)
        if number == integer + 0.5:
            return self._times(self._integer_power(value, integer), self._call(np.sqrt, value))
        return self._call(np.power, value, _Constant(number))

    def _integer_power(self, value: _Operand, exponent: int) -> _Operand:
        """Square and multiply: numpy.power takes some 80 times as long for a cube."""
        result: _Operand = _ONE
        square = value
        while exponent:
            if exponent & 1:
                result = self._times(result, square)
            exponent >>= 1
            if exponent:
                square = self._times(square, square)
        return result


Array = NDArray[np.float64]
#: The slope of the lines through the four points of `mend_gradient`: of few bits, so that they are
#: exactly symmetric, and unlikely to lie on a kink.
_SLOPE = 40503 / 65536


def mend_gradient(value: Program, gradient: Program, x: Array, y: Array, out: Array) -> None:
    """Replace gradients that are not finite, where f is, by the mean of four close by."""
    finite = np.isfinite(out)
    if finite.all():
        return
    broken = np.flatnonzero(~finite.all(axis=0) & np.isfinite(x) & np.isfinite(y))
    if not broken.size:
        return
    x, y = x[broken], y[broken]
    f = np.empty((1, x.size))
    value(x, y, f)
    # A power of two as distance, so that the four points are exactly symmetric.
    step = np.exp2(np.ceil(np.log2(np.maximum(1.0, np.maximum(abs(x), abs(y))))) - 24)
    mean = np.zeros((2, x.size))
    around = np.empty_like(mean)
    for right, up in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
        gradient(x + right * step, y + up * _SLOPE * step, around)
        mean += around / 4
    mended = np.isfinite(f[0]) & np.isfinite(mean).all(axis=0)
    out[:, broken[mended]] = mean[:, mended]
