"""From a template to a tree that can be evaluated: names become numbers, calls become indicators."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adm_notebook.components.bars import BarsLike
from adm_notebook.components.expressions.errors import ExpressionError
from adm_notebook.components.expressions.nodes import (
    COLUMNS,
    And,
    Arithmetic,
    Call,
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
    Parameter,
    Price,
    Shift,
    columns_read,
    features,
    text_of,
)
from adm_notebook.components.expressions.parser import Template
from adm_notebook.components.expressions.whole import Whole
from adm_notebook.components.indicators import INDICATORS, Indicator, IndicatorFunction, Input, build
from adm_notebook.components.numbers import is_number
from adm_notebook.components.talib_functions import MA_TYPES
from adm_notebook.errors import did_you_mean, shown
from adm_notebook.market.arrays import F64

__all__ = ["Derived", "bind"]

Values = Mapping[str, Any]

_FUNCTIONS = ("abs", "min", "max", "crosses_above", "crosses_below")


@dataclass(frozen=True, slots=True)
class Derived:
    """The values of an expression as an indicator's input: `sma(high - low, 14)`."""

    expression: Expression

    @property
    def key(self) -> str:
        return text_of(self.expression)

    @property
    def lookback(self) -> int:
        return max((i.lookback for i in features(self.expression)), default=0)

    @property
    def measured(self) -> bool:
        return any(i.measured for i in features(self.expression))

    @property
    def columns(self) -> frozenset[str]:
        return columns_read(self.expression)

    def values(self, bars: BarsLike) -> F64:
        return Whole(bars, lambda indicator: indicator.compute(bars)).array(self.expression)


def bind(template: Template, values: Values) -> Expression:
    """The template with its parameters' values: a tree of numbers, prices, indicators and what joins them.

    Parameters
    ----------
    values
        of the named parameters: numbers, or the name of a moving average where an indicator takes one.

    Raises
    ------
    ExpressionError
        pointing at names that are unknown, and at indicators whose parameters are refused.
    """
    return _Binder(template.text, values).bind(template.root)


class _Binder:
    def __init__(self, text: str, values: Values) -> None:
        self.text, self.values = text, values

    def error(self, sentence: str, at: int) -> ExpressionError:
        return ExpressionError(sentence, self.text, at)

    def bind(self, node: Expression) -> Expression:
        match node:
            case Number() | Price() | Constant() | Feature():
                return node
            case Compare():
                return Compare(node.op, self.bind(node.left), self.bind(node.right), node.at)
            case Call():
                return self.feature(node)
            case Parameter():
                return self.parameter(node)
            case And():
                return And(tuple(map(self.bind, node.operands)), node.at)
            case Or():
                return Or(tuple(map(self.bind, node.operands)), node.at)
            case Not():
                return Not(self.bind(node.operand), node.at)
            case Shift():
                return self.shift(node)
            case Arithmetic():
                return self.arithmetic(node)
            case Negative():
                operand = self.bind(node.operand)
                return (
                    Number(-operand.value, operand.name, node.at)
                    if isinstance(operand, Number)
                    else Negative(operand, node.at)
                )
            case Function():
                return Function(node.name, tuple(map(self.bind, node.operands)), node.at)
            case Cross():
                return Cross(node.above, self.bind(node.left), self.bind(node.right), node.at)

    def arithmetic(self, node: Arithmetic) -> Expression:
        left, right = self.bind(node.left), self.bind(node.right)
        if node.op == "/" and isinstance(right, Number) and right.value == 0:
            raise self.error("divides by zero", right.at)
        if not (isinstance(left, Number) and isinstance(right, Number)):
            return Arithmetic(node.op, left, right, node.at)
        a, b = left.value, right.value
        value = a + b if node.op == "+" else a - b if node.op == "-" else a * b if node.op == "*" else a / b
        if not math.isfinite(value):
            raise self.error("is too large a number", node.at)
        return Number(value, at=node.at)

    def parameter(self, node: Parameter) -> Number:
        value = self.value_of(node)
        if not is_number(value):
            raise self.error(f"`{node.name}` must be a number here, but was {shown(value)}", node.at)
        return Number(float(value), node.name, node.at)

    def value_of(self, node: Parameter) -> Any:
        if node.name in self.values:
            return self.values[node.name]
        raise self.unknown(node)

    def unknown(self, node: Parameter) -> ExpressionError:
        name = node.name
        function = INDICATORS.find(name)
        if function is not None:
            example = f"{name}({', '.join(function.shown(tuple(function.defaults.values())))})"
            return self.error(f"`{name}` is an indicator; write it with parentheses: {example}", node.at)
        if name.lower() in _FUNCTIONS:
            return self.error(f"`{name}` is a function; write it with parentheses", node.at)
        guess = did_you_mean(name, [*self.values, *COLUMNS])
        own = f" If it is a parameter of your own, give it a value beside the rule: `{name}: 10`"
        return self.error(f"unknown name `{name}`.{guess}{own}", node.at)

    def shift(self, node: Shift) -> Expression:
        bars = node.bars
        if isinstance(bars, Parameter):
            value = self.value_of(bars)
            if (
                isinstance(value, bool)
                or not isinstance(value, (int, float))
                or value != value
                or value != int(value)
                or value < 0
            ):
                raise self.error(
                    f"`{bars.name}` counts bars before: a whole number from 0, but was {shown(value)}", bars.at
                )
            bars = int(value)
        operand = self.bind(node.operand)
        return Shift(operand, bars, node.at) if bars else operand

    # ---- indicators -----------------------------------------------------------------------------------------------

    def feature(self, node: Call) -> Feature:
        function = INDICATORS.find(node.name)
        if function is None:
            guess = did_you_mean(node.name, [*INDICATORS.all_names(), *_FUNCTIONS])
            raise self.error(f"unknown indicator `{node.name}`.{guess or ' `%adm indicators` lists them'}", node.at)
        series: list[str | Input] = []
        numbers: list[Any] = []
        for argument in node.arguments:
            value = self.argument(argument)
            if isinstance(value, (str, Derived)) and not (isinstance(argument, Parameter)):
                if numbers:
                    raise self.error(f"give {node.name} its series first, then its numbers", argument.at)
                series.append(value)
            else:
                numbers.append(value)
        named = {key: self.argument(value) for key, value in node.named}
        for (key, value), (_, argument) in zip(named.items(), node.named, strict=True):
            if isinstance(value, Derived) or (isinstance(value, str) and not isinstance(argument, Parameter)):
                raise self.error(f"{node.name}'s {key} must be a number", argument.at)
        output, column = self.output(function, node)
        kinds = tuple(map(type, (*numbers, *named.values())))
        try:
            indicator = _built(
                function,
                tuple(numbers),
                tuple(named.items()),
                tuple(series),
                column,
                kinds,
            )
        except ValueError as error:
            raise self.error(str(error), node.at) from None
        return Feature(indicator, output, node.at)

    def argument(self, node: Expression) -> Any:
        """A number, the name of a moving average, the name of a price column, or an expression as input."""
        if isinstance(node, Parameter):
            if node.name in self.values:
                return self.values[node.name]
            if node.name.lower() in MA_TYPES:
                return node.name.lower()
        bound = self.bind(node)
        if isinstance(bound, Number):
            return int(bound.value) if bound.value.is_integer() else bound.value
        return bound.column if isinstance(bound, Price) else Derived(bound)

    def output(self, function: IndicatorFunction, node: Call) -> tuple[int, str]:
        """Position of the output that is meant; of a user's function, whose columns nobody knows yet, its name."""
        names = function.outputs
        if not names:
            return 0, node.output
        short = _short_names(names, function.name.lower())
        if not node.output:
            if len(names) == 1:
                return 0, ""
            example = f"{node.name}({', '.join(map(text_of, node.arguments))}).{short[0][-1]}"
            listed = ", ".join(s[-1] for s in short)
            raise self.error(f"{node.name} gives {listed}; say which: {example}", node.at)
        for position, known in enumerate(short):
            if node.output in known:
                return position, ""
        listed = ", ".join(s[-1] for s in short)
        guess = did_you_mean(node.output, [n for s in short for n in s])
        raise self.error(f"{node.name} has no output `{node.output}`; it gives {listed}.{guess}", node.output_at)


@lru_cache(maxsize=16_384)
def _built(
    function: IndicatorFunction,
    numbers: tuple[Any, ...],
    named: tuple[tuple[str, Any], ...],
    series: tuple[str | Input, ...],
    column: str,
    _types: tuple[type, ...],
) -> Indicator:
    """Equal calls give one object; types are part of the key, since True, 1 and 1.0 are equal."""
    return build(function, numbers, dict(named), series, column)


@lru_cache(maxsize=1_024)
def _short_names(names: tuple[str, ...], function: str) -> tuple[tuple[str, ...], ...]:
    """For each output the names it goes by, the short one last: `upperband` is `upper`, `macdsignal` is `signal`."""
    every: list[list[str]] = []
    for name in names:
        short = [name, name.removesuffix("band")]
        short += [
            name.removeprefix(prefix) for prefix in (function, function.rstrip("f"), "slow", "fast") if name != prefix
        ]
        every.append(list(dict.fromkeys(s for s in short if s)))
    counts: dict[str, int] = {}
    for known in every:
        for name in known:
            counts[name] = counts.get(name, 0) + 1
    return tuple(tuple(n for n in known if n == known[0] or counts[n] == 1) for known in every)
