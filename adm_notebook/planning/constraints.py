"""Constraints drop combinations before they run: conditions over parameters, such as `fast < slow`."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from adm_notebook.errors import ConfigError, Problem, shown
from adm_notebook.market.arrays import F64, Bool

__all__ = ["Constraint", "parse_constraint"]

_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A condition over parameters of one combination.

    path   where it stands in the config
    text   as the user wrote it
    names  the parameters it speaks of
    holds  whether it is met by a combination's parameters
    """

    path: str
    text: str
    names: frozenset[str]
    holds: Callable[[Values], bool]
    tree: ast.expr = field(repr=False, compare=False)

    def where(self, columns: Mapping[str, F64]) -> Bool | None:
        """Whether it is met, of many combinations at once; None where each has to be asked by itself.

        columns
            (n,) or a number, for each parameter that it speaks of: plain numbers alone.
        """
        met: Bool | None = _whole(self.tree, columns)
        return met


def parse_constraint(text: object, path: str) -> Constraint:
    """A constraint from its text: comparisons, `and`, `or`, `not`, + - * / // %, numbers, quoted text, parameters.

    Raises
    ------
    ConfigError
        pointing at the column, where the text holds anything else.
    """
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(Problem(path, f"must be a condition such as `fast < slow`, but was {shown(text)}"))
    if len(text) > 1000:
        raise ConfigError(Problem(path, f"has {len(text):,} characters; a condition has at most 1,000"))
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = getattr(error, "offset", None)
        single = re.search(r"(?<![<>=!:])=(?!=)", text)
        message = "has a single `=`, which compares nothing; write `==`" if single else "can't be read as a condition"
        raise ConfigError(_pointed(path, text, message, single.start() + 1 if single else column)) from None
    names: set[str] = set()
    try:
        value = _compile(tree, names, text, path)
    except RecursionError:
        raise ConfigError(Problem(path, "is nested too deeply; split it into several constraints")) from None
    _must_be_condition(tree, text, path)
    if not names:
        raise ConfigError(
            _pointed(path, text, "speaks of no parameter; names stand without quotes, e.g. `fast < slow`", 1)
        )
    return Constraint(path, text.strip(), frozenset(names), value, tree)


def _compile(node: ast.expr, names: set[str], text: str, path: str) -> Callable[[Values], Any]:
    """The node as a function of the parameters; only what is listed here can be in it, so nothing is ever evaluated."""

    def below(child: ast.expr) -> Callable[[Values], Any]:
        return _compile(child, names, text, path)

    match node:
        case ast.Constant(value=bool() | int() | float() | str() as constant):
            return lambda _: constant
        case ast.Name(id=name):
            names.add(name)
            return lambda values: values[name]
        case ast.Attribute(value=ast.Name(id=member), attr=attribute):  # `MEMBER.PARAM` of an ensemble
            names.add(dotted := f"{member}.{attribute}")
            return lambda values: values[dotted]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _must_be_condition(operand, text, path)
            inner = below(operand)
            return lambda values: not inner(values)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = below(operand)
            return lambda values: -_number(inner(values))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            compute, a, b = _ARITHMETIC[type(op)], below(left), below(right)
            return lambda values: compute(_number(a(values)), _number(b(values)))
        case ast.BoolOp(op=op, values=parts):
            for part in parts:
                _must_be_condition(part, text, path)
            conditions = [below(part) for part in parts]
            combine = all if isinstance(op, ast.And) else any
            return lambda values: combine(condition(values) for condition in conditions)
        case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(op) in _COMPARE for op in ops):
            terms = [below(left), *map(below, rest)]
            tests = [_COMPARE[type(op)] for op in ops]

            def chained(values: Values) -> bool:
                seen = [term(values) for term in terms]
                return all(test(seen[i], seen[i + 1]) for i, test in enumerate(tests))

            return chained
        case _:
            message = (
                "has something a condition can't hold; use parameters, numbers, + - * /, < <= > >= == !=, and, or, not"
            )
            raise ConfigError(_pointed(path, text, message, node.col_offset + 1))


def _whole(node: ast.expr, columns: Mapping[str, F64]) -> Any:
    """The node over whole columns; None for what numpy does not do as Python does (division, text)."""
    match node:
        case ast.Constant(value=int() | float() as constant) if not isinstance(constant, bool):
            return float(constant)
        case ast.Name(id=name):
            return columns[name]
        case ast.Attribute(value=ast.Name(id=member), attr=attribute):
            return columns[f"{member}.{attribute}"]
        case ast.UnaryOp(op=ast.Not() | ast.USub() as op, operand=operand):
            inner = _whole(operand, columns)
            return None if inner is None else np.logical_not(inner) if isinstance(op, ast.Not) else -inner
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
            a, b = _whole(left, columns), _whole(right, columns)
            return None if a is None or b is None else _ARITHMETIC[type(op)](a, b)
        case ast.BoolOp(op=op, values=parts):
            found = [_whole(part, columns) for part in parts]
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return None if any(part is None for part in found) else reduce(join, found)
        case ast.Compare(left=left, ops=ops, comparators=rest):
            terms = [_whole(left, columns), *(_whole(term, columns) for term in rest)]
            if any(term is None for term in terms):
                return None
            return reduce(np.logical_and, [_COMPARE[type(o)](terms[i], terms[i + 1]) for i, o in enumerate(ops)])
        case _:
            return None


def _must_be_condition(node: ast.expr, text: str, path: str) -> None:
    if isinstance(node, (ast.Compare, ast.BoolOp)) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return
    message = "is not a condition; compare something, e.g. `fast < slow`"
    raise ConfigError(_pointed(path, text, message, node.col_offset + 1))


def _number(value: Any) -> float:
    """A value as arithmetic takes it; text and whole numbers of any length would be computed with, at any cost."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15:
        return value
    raise TypeError(f"{shown(value)} is no number to compute with")


def _pointed(path: str, text: str, message: str, column: int | None) -> Problem:
    where = f" at column {column}" if column else ""
    return Problem(path, f"{shown(text)} {message}{where}")
