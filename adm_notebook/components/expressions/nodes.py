"""The tree of an expression: small frozen values, equal where they mean the same.

Parsing gives a *template*, in which Parameter, Call and Shift by a name are still open; binding it to parameter values
gives a *bound* tree without them, in which each indicator is a Feature. Only bound trees are evaluated.
`at` is the position in the text, for errors; it takes no part in equality.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from adm_notebook.components.indicators import Indicator
from adm_notebook.components.talib_functions import number_text

__all__ = [
    "COLUMNS",
    "And",
    "Arithmetic",
    "Call",
    "Compare",
    "Constant",
    "Cross",
    "Expression",
    "Feature",
    "Function",
    "Negative",
    "Not",
    "Number",
    "Op",
    "Or",
    "Parameter",
    "Price",
    "Shift",
    "Sign",
    "children",
    "columns_read",
    "features",
    "is_condition",
    "text_of",
    "walk",
]

COLUMNS = ("open", "high", "low", "close", "volume")

Op = Literal["<", "<=", ">", ">=", "==", "!="]
Sign = Literal["+", "-", "*", "/"]


def _place() -> int:
    return field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A constant; `name` is the parameter that it came from, for sentences about it."""

    value: float
    name: str = field(default="", compare=False)
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Price:
    """A column of the bars."""

    column: str
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Feature:
    """One output of an indicator."""

    indicator: Indicator
    output: int = 0
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Shift:
    """A value some bars before; NaN before the first bar. In a template `bars` may be a Parameter."""

    operand: Expression
    bars: int | Parameter
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Negative:
    operand: Expression
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """+ - * / of floats; x / 0 is NaN."""

    op: Sign
    left: Expression
    right: Expression
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Function:
    """abs of one value, min and max of two or more; NaN if any of them is."""

    name: Literal["abs", "min", "max"]
    operands: tuple[Expression, ...]
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Constant:
    """True or False."""

    value: bool
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison; unknown where either side is NaN."""

    op: Op
    left: Expression
    right: Expression
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Cross:
    """Left was at or below (above) right on the bar before, and is above (below) it now."""

    above: bool
    left: Expression
    right: Expression
    at: int = _place()


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Expression, ...]
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Expression, ...]
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name whose value binding looks up. Only in templates."""

    name: str
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Call:
    """An indicator by name, as it was typed. Only in templates."""

    name: str
    arguments: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...] = ()
    output: str = ""
    at: int = _place()
    output_at: int = _place()


Expression = (
    Number | Price | Feature | Shift | Negative | Arithmetic | Function
    | Constant | Compare | Cross | And | Or | Not | Parameter | Call
)  # fmt: skip


def is_condition(node: Expression) -> bool:
    """Whether it is true, false or unknown at a bar, rather than a number."""
    return isinstance(node, (Constant, Compare, Cross, And, Or, Not))


def children(node: Expression) -> tuple[Expression, ...]:
    """The nodes right below."""
    match node:
        case Arithmetic() | Compare() | Cross():
            return node.left, node.right
        case And() | Or() | Function():
            return node.operands
        case Not() | Negative():
            return (node.operand,)
        case Shift():
            return (node.operand, node.bars) if isinstance(node.bars, Parameter) else (node.operand,)
        case Call():
            return (*node.arguments, *(value for _, value in node.named))
        case _:
            return ()


def walk(node: Expression) -> Iterator[Expression]:
    """The node and all below it, in reading order."""
    yield node
    for child in children(node):
        yield from walk(child)


def features(*nodes: Expression | None) -> tuple[Indicator, ...]:
    """The distinct indicators of bound trees, in reading order."""
    found: dict[Indicator, None] = {}
    for node in nodes:
        if node is not None:
            found.update((part.indicator, None) for part in walk(node) if isinstance(part, Feature))
    return tuple(found)


def columns_read(node: Expression) -> frozenset[str]:
    """Price columns that a bound tree and its indicators read."""
    own = {part.column for part in walk(node) if isinstance(part, Price)}
    return frozenset(own.union(*(indicator.columns for indicator in features(node))))


_EXTREMES = {"MAX": "highest", "MIN": "lowest"}
_BINDING = {Or: 1, And: 2, Not: 3, Compare: 4, Arithmetic: 5, Negative: 7}


def text_of(node: Expression) -> str:
    """A bound tree as text that parses back to it: `rsi(14) < 30`."""

    def below(child: Expression, least: int) -> str:
        text = text_of(child)
        binds = 6 if isinstance(child, Arithmetic) and child.op in "*/" else _BINDING.get(type(child), 9)
        return text if binds >= least else f"({text})"

    match node:
        case Number(value=value):
            return number_text(value)
        case Constant(value=value):
            return str(value)
        case Price(column=column):
            return column
        case Feature(indicator=indicator, output=output):
            names = indicator.function.outputs
            if indicator.function.name in _EXTREMES:  # max(a, b) is another thing in a rule
                return indicator.key.replace(indicator.function.name, _EXTREMES[indicator.function.name], 1).lower()
            return indicator.key.lower() + (f".{names[output]}" if len(names) > 1 else "")
        case Shift(operand=operand, bars=bars):
            return f"{below(operand, 9)}[{bars.name if isinstance(bars, Parameter) else bars}]"
        case Negative(operand=operand):
            return f"-{below(operand, 7)}"
        case Arithmetic(op=op, left=left, right=right):
            least = 6 if op in "*/" else 5
            return f"{below(left, least)} {op} {below(right, least + 1)}"
        case Function(name=name, operands=operands):
            return f"{name}({', '.join(map(text_of, operands))})"
        case Compare(op=op, left=left, right=right):
            return f"{below(left, 5)} {op} {below(right, 5)}"
        case Cross(above=above, left=left, right=right):
            return f"crosses_{'above' if above else 'below'}({text_of(left)}, {text_of(right)})"
        case And(operands=operands):
            return " and ".join(below(o, 3) for o in operands)
        case Or(operands=operands):
            return " or ".join(below(o, 2) for o in operands)
        case Not(operand=operand):
            return f"not {below(operand, 3)}"
        case Parameter(name=name):
            return name
        case Call(name=name, arguments=arguments, named=named, output=output):
            given = [*map(text_of, arguments), *(f"{key}={text_of(value)}" for key, value in named)]
            return f"{name}({', '.join(given)})" + (f".{output}" if output else "")
