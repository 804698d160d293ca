"""From text to a template: Python's `ast`, cut down to what a rule may say. Nothing is ever evaluated."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import lru_cache

from adm_notebook.components.expressions.errors import ExpressionError
from adm_notebook.components.expressions.lexer import MAX_DEPTH, check_words
from adm_notebook.components.expressions.nodes import (
    COLUMNS,
    And,
    Arithmetic,
    Call,
    Compare,
    Constant,
    Cross,
    Expression,
    Function,
    Negative,
    Not,
    Number,
    Op,
    Or,
    Parameter,
    Price,
    Shift,
    Sign,
    is_condition,
    walk,
)

__all__ = ["Template", "parse", "parse_condition"]

_ARITHMETIC: dict[type[ast.operator], Sign] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARE: dict[type[ast.cmpop], Op] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False}


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed expression whose parameters are still names.

    names  (name -> first position) of what may be a parameter; indicators' names are not among them
    """

    text: str
    root: Expression
    names: dict[str, int]


def parse_condition(text: str) -> Template:
    """The template of a condition: something that is true or false at each bar.

    Raises
    ------
    ExpressionError
        where the text can't be read, or is a number rather than a condition.
    """
    template = parse(text)
    if not is_condition(template.root):
        raise ExpressionError(
            f"is a number, not a condition; compare it with something, such as `{template.text} > 0`",
            text,
            template.root.at,
        )
    return template


@lru_cache(maxsize=4_096)
def parse(text: str) -> Template:
    """The template of any expression; parsed once for each text."""
    check_words(text)
    if not text.strip():
        raise ExpressionError("is empty; write a condition such as `close > sma(20)`", text, 0)
    flat = "".join(" " if c.isspace() else c for c in text)
    start = len(flat) - len(flat.lstrip())
    try:
        tree = ast.parse(flat.strip(), mode="eval").body
    except SyntaxError as error:
        raise _unreadable(error, text, start) from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError(f"is nested more than {MAX_DEPTH} deep", text, start) from None
    root = _Reader(text, start).read(tree, 0)
    names: dict[str, int] = {}
    for node in walk(root):
        if isinstance(node, Parameter):
            names.setdefault(node.name, node.at)
    return Template(text.strip(), root, names)


def _unreadable(error: SyntaxError, text: str, start: int) -> ExpressionError:
    at = start + error.offset - 1 if error.offset and error.lineno == 1 else len(text)
    message = error.msg or ""
    if "never closed" in message:
        return ExpressionError(f"`{text[at : at + 1]}` is never closed", text, at)
    if "unmatched" in message or "does not match" in message:
        return ExpressionError(f"`{text[at : at + 1]}` closes nothing that is open", text, at)
    if at >= len(text.rstrip()):
        return ExpressionError("ends too early; something is missing here", text, len(text.rstrip()))
    if "comma" in message:
        return ExpressionError("something is missing here: an operator or a comma between two values", text, at)
    return ExpressionError("can't be read from here on; an operator or a value is missing, or one too many", text, at)


class _Reader:
    """Turns Python's nodes into ours, and refuses all others."""

    def __init__(self, text: str, start: int) -> None:
        self.text, self.start = text, start

    def error(self, sentence: str, node: ast.expr | int) -> ExpressionError:
        return ExpressionError(sentence, self.text, node if isinstance(node, int) else self.start + node.col_offset)

    def read(self, node: ast.expr, depth: int) -> Expression:
        at = self.start + node.col_offset
        if depth > MAX_DEPTH:
            raise self.error(f"is nested more than {MAX_DEPTH} deep", at)
        match node:
            case ast.Constant(value=bool() as truth):
                return Constant(truth, at)
            case ast.Constant(value=int() | float() as number):
                if not abs(number) <= sys.float_info.max:
                    raise self.error("is too large a number", at)
                return Number(float(number), at=at)
            case ast.Name(id=name):
                return self.name(name, at)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.condition(operand, depth, "not"), at)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Negative(self.number(operand, depth, "-"), at)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.number(operand, depth, "+")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                sign = _ARITHMETIC[type(op)]
                return Arithmetic(sign, self.number(left, depth, sign), self.number(right, depth, sign), at)
            case ast.BoolOp(op=ast.And(), values=values):
                return And(tuple(self.condition(v, depth, "and") for v in values), at)
            case ast.BoolOp(op=ast.Or(), values=values):
                return Or(tuple(self.condition(v, depth, "or") for v in values), at)
            case ast.Compare():
                return self.comparison(node, depth)
            case ast.Call():
                return self.call(node, depth)
            case ast.Attribute():
                return self.output(node, depth)
            case ast.Subscript():
                return self.shift(node, depth)
            case ast.Tuple():
                raise self.error("holds several values; a rule is one condition, joined by `and` or `or`", at)
            case _:
                raise self.error("is not part of the rule language", at)

    def name(self, name: str, at: int) -> Expression:
        if name.lower() in COLUMNS:
            return Price(name.lower(), at)
        if name in _CONSTANTS:
            return Constant(_CONSTANTS[name], at)
        return Parameter(name, at)

    def number(self, node: ast.expr, depth: int, beside: str) -> Expression:
        read = self.read(node, depth + 1)
        if is_condition(read):
            raise self.error(f"is a condition, but `{beside}` needs a number here", read.at)
        return read

    def condition(self, node: ast.expr, depth: int, beside: str) -> Expression:
        read = self.read(node, depth + 1)
        if not is_condition(read):
            raise self.error(f"is a number, but `{beside}` needs a condition here; compare it with something", read.at)
        return read

    def comparison(self, node: ast.Compare, depth: int) -> Expression:
        terms = [node.left, *node.comparators]
        values = [
            self.number(term, depth, _COMPARE.get(type(op), "in"))
            for term, op in zip(terms, [node.ops[0], *node.ops], strict=True)
        ]
        at = self.start + node.col_offset
        parts = []
        for i, op in enumerate(node.ops):
            if type(op) not in _COMPARE:
                raise self.error("compare with <, <=, >, >=, == or !=", at)
            parts.append(Compare(_COMPARE[type(op)], values[i], values[i + 1], at))
        return parts[0] if len(parts) == 1 else And(tuple(parts), at)

    def call(self, node: ast.Call, depth: int) -> Expression:
        at = self.start + node.col_offset
        if not isinstance(node.func, ast.Name):
            raise self.error("only indicators and functions are called, by their names", at)
        name = node.func.id.lower()
        for argument in (*node.args, *(k.value for k in node.keywords)):
            if isinstance(argument, ast.Starred):
                raise self.error("is not part of the rule language", argument)
        if name in ("abs", "min", "max", "crosses_above", "crosses_below"):
            return self.function(node, name, depth)
        arguments = tuple(self.number(a, depth, f"{name}( )") for a in node.args)
        named: list[tuple[str, Expression]] = []
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.error("is not part of the rule language", keyword.value)
            if any(keyword.arg.lower() == key for key, _ in named):
                raise self.error(f"{name} is given `{keyword.arg}` twice", keyword.value)
            named.append((keyword.arg.lower(), self.number(keyword.value, depth, f"{name}( )")))
        return Call(name, arguments, tuple(named), at=at)

    def function(self, node: ast.Call, name: str, depth: int) -> Expression:
        at = self.start + node.col_offset
        if node.keywords:
            raise self.error(f"{name} takes its values without names", node.keywords[0].value)
        operands = tuple(self.number(a, depth, f"{name}( )") for a in node.args)
        if name == "abs":
            if len(operands) != 1:
                raise self.error(f"abs takes one value, but {len(operands)} were given", at)
            return Function("abs", operands, at)
        if name in ("min", "max"):
            if len(operands) < 2:
                other = "lowest(low, 20)" if name == "min" else "highest(high, 20)"
                raise self.error(f"{name} takes two or more values; for that of the last 20 bars write {other}", at)
            return Function("min" if name == "min" else "max", operands, at)
        if len(operands) != 2:
            raise self.error(
                f"{name} takes two values, but {len(operands)} {'was' if len(operands) == 1 else 'were'} given", at
            )
        return Cross(name == "crosses_above", operands[0], operands[1], at)

    def output(self, node: ast.Attribute, depth: int) -> Expression:
        inner = self.read(node.value, depth + 1)
        point = self.start + (node.value.end_col_offset or node.value.col_offset) + 1
        if isinstance(inner, Shift) and isinstance(inner.operand, Call):
            raise self.error(f"name the output before the bar: {inner.operand.name}(...).{node.attr}[1]", point)
        if not isinstance(inner, Call) or inner.output:
            raise self.error("only indicators have outputs, such as bbands(20, 2, 2).upper", point)
        return Call(inner.name, inner.arguments, inner.named, node.attr.lower(), inner.at, point)

    def shift(self, node: ast.Subscript, depth: int) -> Expression:
        operand = self.read(node.value, depth + 1)
        at = self.start + node.slice.col_offset
        if is_condition(operand) or isinstance(operand, (Number, Parameter)):
            raise self.error(
                "only prices and indicators have a bar before, such as close[1]", self.start + node.col_offset
            )
        match node.slice:
            case ast.Constant(value=int() as bars) if not isinstance(bars, bool) and bars <= 1_000_000:
                return Shift(operand, bars, at) if bars else operand
            case ast.Name(id=name) if name.lower() not in COLUMNS and name not in _CONSTANTS:
                return Shift(operand, Parameter(name, at), at)
            case ast.UnaryOp(op=ast.USub()):
                raise self.error("looks into the future; close[1] is the bar before, and no bar after can be read", at)
            case _:
                raise self.error(
                    "the number of bars before must be a whole number or a parameter, such as close[1]", at
                )
