"""The second evaluator: a bound expression bar by bar, in plain Python; written apart from the first."""

from __future__ import annotations

import math

from adm_notebook.components.bars import BarsLike, FeatureOf
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
    features,
    text_of,
)
from adm_notebook.components.indicators import Indicator
from adm_notebook.errors import DataError

__all__ = ["ByBar"]

NAN = math.nan


class ByBar:
    """Evaluates at one bar of those at hand, all of which have a close; truths are True, False, or None for unknown.

    nodes
        all that will be asked for: their indicators are fetched once.
    """

    def __init__(self, bars: BarsLike, feature: FeatureOf, *nodes: Expression | None) -> None:
        self._prices = {name: None if a is None else a.tolist() for name, a in bars.prices._asdict().items()}
        self._close: list[float] = bars.prices.close.tolist()
        self._features: dict[Indicator, list[list[float]]] = {
            indicator: [column.tolist() for column in feature(indicator)] for indicator in features(*nodes)
        }

    def truth(self, node: Expression, t: int) -> bool | None:
        """Whether the condition holds at bar t; None where that is unknown."""
        match node:
            case Compare(op=op, left=left, right=right):
                return compare(op, self.value(left, t), self.value(right, t), self._close[t])
            case And(operands=operands):
                truths = [self.truth(o, t) for o in operands]
                return False if False in truths else None if None in truths else True
            case Or(operands=operands):
                truths = [self.truth(o, t) for o in operands]
                return True if True in truths else None if None in truths else False
            case Not(operand=operand):
                truth = self.truth(operand, t)
                return None if truth is None else not truth
            case Cross(above=above, left=left, right=right):
                was = None if t == 0 else self.truth(Compare("<=" if above else ">=", left, right), t - 1)
                now = self.truth(Compare(">" if above else "<", left, right), t)
                return False if was is False or now is False else None if was is None or now is None else True
            case Constant(value=value):
                return value
            case _:
                raise TypeError(f"{text_of(node)} is a number, not a condition")

    def value(self, node: Expression, t: int) -> float:
        """The value at bar t; NaN where it is unknown, and before the first bar."""
        if t < 0:
            return NAN
        match node:
            case Feature(indicator=indicator, output=output):
                return self._features[indicator][output][t]
            case Price(column=column):
                values = self._prices[column]
                if values is None:
                    raise DataError(
                        "the rule reads volume, but these prices have none", "Give prices with a volume column."
                    )
                value: float = values[t]
                return value
            case Number(value=number):
                return number
            case Shift(operand=operand, bars=int() as bars):
                return self.value(operand, t - bars)
            case Negative(operand=operand):
                return -self.value(operand, t)
            case Arithmetic(op=op, left=left, right=right):
                return arithmetic(op, self.value(left, t), self.value(right, t))
            case Function(name=name, operands=operands):
                found = [self.value(o, t) for o in operands]
                if any(math.isnan(v) for v in found):
                    return NAN
                return abs(found[0]) if name == "abs" else min(found) if name == "min" else max(found)
            case _:
                raise TypeError(f"{text_of(node)} is a condition, not a number")


def arithmetic(op: str, a: float, b: float) -> float:
    """+ - * / of floats; x / 0 is unknown rather than infinite."""
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    if op == "*":
        return a * b
    return NAN if b == 0 else a / b


def compare(op: str, a: float, b: float, close: float) -> bool | None:
    """A comparison as the specification has it (section 9): rounding is no difference, NaN is unknown."""
    if math.isnan(a) or math.isnan(b):
        return None
    if abs(a) < 1e-12 * close:
        a = 0.0
    if abs(b) < 1e-12 * close:
        b = 0.0
    equal = a == b or (math.isfinite(a - b) and abs(a - b) <= 1e-12 * max(abs(a), abs(b)))
    if op in ("==", "!="):
        return equal if op == "==" else not equal
    if equal:
        return op in ("<=", ">=")
    return a < b if op in ("<", "<=") else a > b
