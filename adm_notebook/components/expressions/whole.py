"""The first evaluator: a bound expression over all bars at once, in arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.components.expressions.kernels import (
    FALSE,
    TRUE,
    UNKNOWN,
    order_nb,
    order_with_nb,
    ratio_nb,
    truth_nb,
)
from adm_notebook.components.expressions.nodes import (
    And,
    Arithmetic,
    Compare,
    Constant,
    Cross,
    Expression,
    Feature,
    Function,
    Negative,
    Not,
    Number,
    Or,
    Price,
    Shift,
    text_of,
)
from adm_notebook.errors import DataError
from adm_notebook.jit import readonly
from adm_notebook.market.arrays import F64, I8, Bool

__all__ = ["Whole"]

_F, _T = FALSE, TRUE
_TRUTH: Mapping[str, Any] = {
    op: tuple(map(np.int8, truths))
    for op, truths in {
        "<": (_T, _F, _F), "<=": (_T, _T, _F), "==": (_F, _T, _F),
        ">": (_F, _F, _T), ">=": (_F, _T, _T), "!=": (_T, _F, _T),
    }.items()
}  # fmt: skip
"""Truth of each comparison, by order: below, equal, above."""

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {"+": np.add, "-": np.subtract, "*": np.multiply}


class Whole:
    """Evaluates over the bars at hand, all of which have a close.

    feature
        hands over an indicator's outputs over these bars.
    """

    def __init__(self, bars: BarsLike, feature: FeatureOf) -> None:
        self._prices, self._feature = bars.prices, feature
        self._close = readonly(bars.prices.close)
        self._orders: dict[tuple[Expression, Expression], I8] = {}  # what several conditions share is computed once
        self._values: dict[Expression, F64 | float] = {}

    def flag(self, node: Expression | None) -> Bool:
        """(n_bars,) true where the condition is true: neither false nor unknown. Nothing is false everywhere."""
        if node is None:
            return np.zeros(len(self._close), np.bool_)
        result: Bool = self.truth(node) == TRUE
        return result

    def truth(self, node: Expression) -> I8:
        """(n_bars,) 0 false, 1 unknown, 2 true."""
        match node:
            case Compare(op=op, left=left, right=right):
                return self._compared(op, left, right)
            case And(operands=operands):
                return reduce(np.minimum, map(self.truth, operands))
            case Or(operands=operands):
                return reduce(np.maximum, map(self.truth, operands))
            case Not(operand=operand):
                return np.subtract(np.int8(TRUE), self.truth(operand))
            case Cross(above=above, left=left, right=right):
                was = self._compared("<=" if above else ">=", left, right)
                now = self._compared(">" if above else "<", left, right)
                before = np.full_like(was, UNKNOWN)
                before[1:] = was[:-1]
                return np.minimum(before, now)
            case Constant(value=value):
                return np.full(len(self._close), TRUE if value else FALSE, np.int8)
            case _:
                raise TypeError(f"{text_of(node)} is a number, not a condition")

    def _compared(self, op: str, left: Expression, right: Expression) -> I8:
        if isinstance(left, Number):
            left, right, op = right, left, _MIRRORED[op]
        order = self._orders.get((left, right))
        if order is None:
            number = self.value(right)
            if isinstance(number, float):
                order = order_with_nb(readonly(self.array(left)), number, self._close)
            else:
                order = order_nb(readonly(self.array(left)), readonly(number), self._close)
            self._orders[left, right] = order
        return truth_nb(order, *_TRUTH[op])

    def array(self, node: Expression) -> F64:
        """(n_bars,) values, NaN where unknown."""
        value = self.value(node)
        return np.full(len(self._close), value) if isinstance(value, float) else value

    def value(self, node: Expression) -> F64 | float:
        """The same; a plain number where it is the same on all bars."""
        match node:
            case Feature(indicator=indicator, output=output):
                return self._feature(indicator)[output]
            case Price(column=column):
                array: F64 | None = getattr(self._prices, column)
                if array is None:
                    raise DataError(
                        "the rule reads volume, but these prices have none", "Give prices with a volume column."
                    )
                return array
            case Number(value=number):
                return number
            case Shift() | Negative() | Arithmetic() | Function():
                found = self._values.get(node)
                if found is None:
                    found = self._values[node] = self._computed(node)
                return found
            case _:
                raise TypeError(f"{text_of(node)} is a condition, not a number")

    def _computed(self, node: Shift | Negative | Arithmetic | Function) -> F64 | float:
        match node:
            case Shift(operand=operand, bars=int() as bars):
                values = self.array(operand)
                shifted = np.empty(len(values))
                shifted[:bars] = np.nan
                shifted[bars:] = values[: max(0, len(values) - bars)]
                return shifted
            case Negative(operand=operand):
                return -self.value(operand)
            case Arithmetic(op=op, left=left, right=right):
                return self._arithmetic(op, left, right)
            case Function(name="abs", operands=operands):
                return np.abs(self.array(operands[0]))
            case Function(name=name, operands=operands):
                pick = np.minimum if name == "min" else np.maximum
                return reduce(pick, map(self.array, operands))
            case _:
                raise TypeError(f"{text_of(node)} is not bound to its parameters")

    def _arithmetic(self, op: str, left: Expression, right: Expression) -> F64:
        if op == "/":
            return ratio_nb(readonly(self.array(left)), readonly(self.array(right)))
        a, b = self.value(left), self.value(right)
        if isinstance(a, float) and isinstance(b, float):
            a = self.array(left)
        with np.errstate(all="ignore"):  # infinities of both signs, and overflow
            return _ARITHMETIC[op](a, b)  # type: ignore[no-any-return]  # float64 in, float64 out
