"""The third evaluator: rules of many combinations at once, as steps over blocks of bars.

A template is lowered once, parameters and calls still open, to steps that read *slots* (a price, or an output of an
indicator, perhaps some bars before) and *numbers*; what stands in them differs from one combination to the next. The
steps mean what `Whole` does with the bound tree: the same operations in the same order, on each bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from adm_notebook.components.expressions.chunk_kernels import BLOCK, I32, LONG_BLOCK, OPS, run_nb
from adm_notebook.components.expressions.nodes import (
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
    children,
    is_condition,
)
from adm_notebook.jit import readonly
from adm_notebook.market.arrays import F64, I8, I64, Bool

__all__ = ["ONE", "Chunks", "Series", "lowered_flags", "lowered_target", "run", "scalar_values"]

ONE = "one"
"""The series that is 1 on every bar: a number some bars before is unknown before the first bar, as anything is."""

_F, _U, _T = 0, 1, 2
_TRUTH: Mapping[str, tuple[int, int, int]] = {
    "<": (_T, _F, _F), "<=": (_T, _T, _F), "==": (_F, _T, _F),
    ">": (_F, _F, _T), ">=": (_F, _T, _T), "!=": (_T, _F, _T),
}  # fmt: skip
_MIRRORED: Mapping[Op, Op] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

Pair = tuple[Expression, Expression]
Step = tuple[int, int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Series:
    """What a slot holds.

    source  the name of a price column, ONE, or the call of an indicator
    bars    by how many bars it is moved, whatever the combination
    by      names of the parameters by which it is moved on top of that
    """

    source: str | Call
    bars: int = 0
    by: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Chunks:
    """Rules as steps, parameters still open.

    gives          whether they end in targets or in flags, four bits: long_entry 1, long_exit 2, short_entry 4,
                   short_exit 8
    steps          (n_steps, 8)  as `run_nb` reads them
    slots          what each slot holds
    numbers        what each number is: an expression of numbers and parameters
    divisors       which of them must not be 0
    reads_slots    (n_steps, n_slots)    what a step depends on, by way of other steps too
    reads_numbers  (n_steps, n_numbers)  likewise
    n_values, n_truths  registers
    result         register of truths that holds the result
    keep           whether a target of 2 stands for the one before
    lead           bars before a block that are needed: 1 with crossings
    """

    gives: Literal["targets", "flags"]
    steps: I32
    slots: tuple[Series, ...]
    numbers: tuple[Expression, ...]
    divisors: tuple[int, ...]
    reads_slots: Bool
    reads_numbers: Bool
    n_values: int
    n_truths: int
    result: int
    keep: bool
    lead: int


def lowered_target(up: Expression, down: Expression, keep: bool, long: bool, short: bool) -> Chunks:
    """Steps to a target: +1 where `up` holds, -1 where `down` does.

    keep
        whether elsewhere the last target stays; else it is 0.
    long, short
        which sides are traded; a target on the other one is 0.
    """
    lowering = _Lowering(up, down)
    above, below, rest = int(long), -int(short), 2 if keep else 0
    if isinstance(up, Compare) and isinstance(down, Compare) and _pair(up)[0] == _pair(down)[0]:
        pair, op = _pair(up)
        truths = zip(_TRUTH[op], _TRUTH[_pair(down)[1]], strict=True)
        given = (above if u == _T else below if d == _T else rest for u, d in truths)
        result = lowering.order(pair, (*given, 0))  # one pass: whatever the order says is the target
    else:
        result = lowering.step("target", lowering.truth(up), lowering.truth(down), (rest, above, below, 0))
    return lowering.finished("targets", result, keep)


def lowered_flags(*conditions: Expression | None) -> Chunks:
    """Steps to flags, a bit for each condition; None is never."""
    lowering = _Lowering(*(c for c in conditions if c is not None))
    bits: dict[int, int] = {}  # by register, so that one pass sets all flags that have a condition in common
    for position, condition in enumerate(conditions):
        if condition is not None:
            register = lowering.truth(condition)
            bits[register] = bits.get(register, 0) | 1 << position
    result = lowering.step("constant", 0, 0, (0, 0, 0, 0))
    for register, mask in bits.items():
        result = lowering.step("flag", result, register, (mask, 0, 0, 0))
    return lowering.finished("flags", result, False)


class _Lowering:
    """Writes steps; each register is written once, so that it still holds what combinations have in common."""

    def __init__(self, *conditions: Expression) -> None:
        self.steps: list[Step] = []
        self.slots: dict[Series, int] = {}
        self.numbers: dict[Expression, int] = {}
        self.divisors: set[int] = set()
        self.n_values = self.n_truths = self.lead = 0
        self.reads: list[tuple[frozenset[int], frozenset[int]]] = []  # slots and numbers, of each step
        self._by_value: dict[int, int] = {}  # the step that writes a register
        self._by_truth: dict[int, int] = {}
        self._values: dict[tuple[Expression, int, tuple[str, ...]], int] = {}
        self._truths: dict[object, int] = {}
        asked: dict[Pair, set[object]] = {}
        for node in (n for c in conditions for n in _conditions(c)):
            if isinstance(node, Compare):
                pair, op = _pair(node)
                asked.setdefault(pair, set()).add(op)
        self._shared = {pair for pair, ways in asked.items() if len(ways) > 1}

    def finished(self, gives: Literal["targets", "flags"], result: int, keep: bool) -> Chunks:
        reads_slots = np.zeros((len(self.steps), len(self.slots)), np.bool_)
        reads_numbers = np.zeros((len(self.steps), len(self.numbers)), np.bool_)
        for i, (slots, numbers) in enumerate(self.reads):
            reads_slots[i, list(slots)] = True
            reads_numbers[i, list(numbers)] = True
        return Chunks(
            gives,
            readonly(np.array(self.steps, np.int32).reshape(-1, 8)),
            tuple(self.slots),
            tuple(self.numbers),
            tuple(sorted(self.divisors)),
            reads_slots,
            reads_numbers,
            self.n_values,
            self.n_truths,
            result,
            keep,
            self.lead,
        )

    # ---- conditions -------------------------------------------------------------------------------------------------

    def truth(self, node: Expression) -> int:
        """The register that holds a condition."""
        found = self._truths.get(node)
        if found is None:
            found = self._truths[node] = self._truth(node)
        return found

    def _truth(self, node: Expression) -> int:
        match node:
            case Compare():
                pair, op = _pair(node)
                given = (*_TRUTH[op], _U)
                if pair in self._shared:
                    return self.step("look_up", self.order(pair, (0, 1, 2, 3)), 0, given)
                return self.order(pair, given)
            case Cross(above=above, left=left, right=right):
                self.lead = 1
                pair, op = _pair(Compare(">" if above else "<", left, right))
                return self.step("cross", self.order(pair, (0, 1, 2, 3)), int(op == ">"))
            case And(operands=operands) | Or(operands=operands):
                kind = "and" if isinstance(node, And) else "or"
                result = self.truth(operands[0])
                for operand in operands[1:]:
                    result = self.step(kind, result, self.truth(operand))
                return result
            case Not(operand=operand):
                return self.step("not", self.truth(operand))
            case Constant(value=value):
                return self.step("constant", 0, 0, (_T if value else _F, 0, 0, 0))
            case _:
                raise TypeError(f"{type(node).__name__} is a number, not a condition")

    def order(self, pair: Pair, given: tuple[int, ...]) -> int:
        """The register with what is given for each order of two sides."""
        key = (pair, given)
        found = self._truths.get(key)
        if found is None:
            left, right = pair
            a = self.value(left)
            if _is_scalar(right):
                found = self.step("order_with", a, self.number(right), given)
            else:
                found = self.step("order", a, self.value(right), given)
            self._truths[key] = found
        return found

    # ---- values -----------------------------------------------------------------------------------------------------

    def value(self, node: Expression, bars: int = 0, by: tuple[str, ...] = ()) -> int:
        """A slot, or ~register, with a value as it was some bars before."""
        key = (node, bars, by)
        found = self._values.get(key)
        if found is None:
            found = self._values[key] = self._value(node, bars, by)
        return found

    def _value(self, node: Expression, bars: int, by: tuple[str, ...]) -> int:
        if _is_scalar(node):
            number = self.step("fill", 0, self.number(node))
            return self.step("*", self._slot(ONE, bars, by), number) if bars or by else number
        match node:
            case Price(column=column):
                return self._slot(column, bars, by)
            case Call():
                return self._slot(node, bars, by)
            case Shift(operand=operand, bars=Parameter(name=name)):
                return self.value(operand, bars, tuple(sorted((*by, name))))
            case Shift(operand=operand, bars=int() as more):
                return self.value(operand, bars + more, by)
            case Negative(operand=operand):
                return self.step("negative", self.value(operand, bars, by))
            case Arithmetic(op=op, left=left, right=right):
                if op == "/" and _is_scalar(right) and _is_folded(right):
                    self.divisors.add(self.number(right))
                return self.step(op, self.value(left, bars, by), self.value(right, bars, by))
            case Function(name="abs", operands=operands):
                return self.step("abs", self.value(operands[0], bars, by))
            case Function(name=name, operands=operands):
                result = self.value(operands[0], bars, by)
                for operand in operands[1:]:
                    result = self.step(name, result, self.value(operand, bars, by))
                return result
            case _:
                raise TypeError(f"{type(node).__name__} is a condition, not a number")

    def _slot(self, source: str | Call, bars: int, by: tuple[str, ...]) -> int:
        return self.slots.setdefault(Series(source, bars, by), len(self.slots))

    def number(self, node: Expression) -> int:
        return self.numbers.setdefault(node, len(self.numbers))

    # ---- steps ------------------------------------------------------------------------------------------------------

    def step(self, kind: str, a: int, b: int | None = None, given: tuple[int, ...] = (0, 0, 0, 0)) -> int:
        """Write a step; its register of truths, or ~register of values."""
        is_value = OPS[kind] < OPS["order"]
        reads: list[tuple[frozenset[int], frozenset[int]]] = []
        if kind in ("fill", "order_with"):
            reads.append((frozenset(), frozenset([b or 0])))
        if is_value or kind in ("order", "order_with"):
            operands = () if kind == "fill" else (a,) if kind == "order_with" or b is None else (a, b)
            for operand in operands:
                if operand >= 0:
                    reads.append((frozenset([operand]), frozenset()))
                else:
                    reads.append(self.reads[self._by_value[~operand]])
        elif kind != "constant":
            truths = (a,) if kind in ("look_up", "cross", "not") else (a, b or 0)
            reads += [self.reads[self._by_truth[truth]] for truth in truths]
        self.reads.append((frozenset().union(*(r[0] for r in reads)), frozenset().union(*(r[1] for r in reads))))
        into = self.n_values if is_value else self.n_truths
        if b is None:
            b = a if is_value else 0
        self.steps.append((OPS[kind], into, a, b, *given))  # type: ignore[arg-type]  # four of them
        if is_value:
            self._by_value[into] = len(self.steps) - 1
            self.n_values += 1
            return ~into
        self._by_truth[into] = len(self.steps) - 1
        self.n_truths += 1
        return into


def _conditions(node: Expression) -> Iterator[Expression]:
    """The distinct comparisons that a condition asks for; what a crossing needs is the order itself."""
    if isinstance(node, Cross):
        yield Compare(">", node.left, node.right)
        yield Compare("<", node.left, node.right)
    elif is_condition(node):
        yield node
        for child in children(node):
            yield from _conditions(child)


def _pair(node: Compare) -> tuple[Pair, Op]:
    """The sides of a comparison, a number on the right."""
    if _is_scalar(node.left):
        return (node.right, node.left), _MIRRORED[node.op]
    return (node.left, node.right), node.op


# ---- numbers --------------------------------------------------------------------------------------------------------


def _is_scalar(node: Expression) -> bool:
    """Whether a value is the same on all bars."""
    match node:
        case Number() | Parameter():
            return True
        case Negative() | Arithmetic() | Function():
            return all(map(_is_scalar, children(node)))
        case _:
            return False


def _is_folded(node: Expression) -> bool:
    """Whether binding makes a number of it; functions of numbers are left for the bars."""
    return not isinstance(node, Function) and all(map(_is_folded, children(node)))


def scalar_values(node: Expression, parameters: Mapping[str, F64], n: int) -> tuple[F64, Bool]:
    """A number in `n` combinations, and where binding refuses it.

    parameters  (n,) or (1,) of each name; NaN where the value is no number

    Returns
    -------
    (n,) values; (n,) whether one of its parameters is no number, or it divides by zero, or it is too large.
    """
    refused = np.zeros(n, np.bool_)
    with np.errstate(all="ignore"):
        values = _scalar(node, parameters, refused)
    return np.broadcast_to(values, (n,)), refused


def _scalar(node: Expression, parameters: Mapping[str, F64], refused: Bool) -> F64:
    match node:
        case Number(value=value):
            return np.array([value])
        case Parameter(name=name):
            values = parameters[name]
            refused |= ~np.isfinite(values)
            return values
        case Negative(operand=operand):
            return -_scalar(operand, parameters, refused)
        case Arithmetic(op=op, left=left, right=right):
            a, b = _scalar(left, parameters, refused), _scalar(right, parameters, refused)
            if op == "/" and _is_folded(right):
                refused |= b == 0
            result: F64 = a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b
            if op == "/":
                result = np.where(b == 0, np.nan, result)
            if _is_folded(node):
                refused |= ~np.isfinite(result)
            return result
        case Function(name=name, operands=operands):
            found = [_scalar(operand, parameters, refused) for operand in operands]
            if name == "abs":
                return np.abs(found[0])
            picked = found[0]
            for other in found[1:]:
                picked = np.minimum(picked, other) if name == "min" else np.maximum(picked, other)
            return picked
        case _:
            raise TypeError(f"{type(node).__name__} differs from bar to bar")


# ---- running --------------------------------------------------------------------------------------------------------


def run(
    chunks: Chunks, slots: I32, shifts: I64, numbers: F64, series: list[F64], close: F64, members: I64, out: I8
) -> None:
    """Evaluate the steps for k combinations, into their rows of `out`. The GIL is released.

    slots    (k, n_slots)    positions in `series`
    shifts   (k, n_slots)    bars
    numbers  (k, n_numbers)
    series   each (n_bars,)  float64, contiguous
    close    (n_bars,)       none is NaN
    members  (k,)            rows of `out`
    out      (m, n_bars)     written
    """
    block = BLOCK if np.unique(slots).size <= len(slots) else LONG_BLOCK
    room = block + chunks.lead
    scratch = np.empty((chunks.n_values + len(chunks.slots), room))
    beginnings = _address(scratch) + scratch.strides[0] * np.arange(len(scratch), dtype=np.int64)
    addresses = np.array([_address(array) for array in series], np.int64)
    run_nb(
        chunks.steps,
        chunks.result,
        chunks.keep,
        chunks.lead,
        block,
        readonly(_again(chunks, slots, shifts, numbers)),
        readonly(slots),
        readonly(shifts),
        readonly(numbers),
        readonly(addresses),
        readonly(beginnings),
        np.empty((chunks.n_truths, room), np.int8),
        readonly(close),
        readonly(members),
        out,
    )
    del scratch, series  # held to here: the kernel knows only where they are


def _address(array: F64) -> int:
    """Where an array begins; `array.ctypes` tells it as well, but makes an object for it."""
    return int(array.__array_interface__["data"][0])


def _again(chunks: Chunks, slots: I32, shifts: I64, numbers: F64) -> Bool:
    """(k, n_steps) whether a step has other slots or numbers than for the combination before."""
    again = np.ones((len(slots), len(chunks.steps)), np.bool_)
    moved = (slots[1:] != slots[:-1]) | (shifts[1:] != shifts[:-1])
    other = numbers[1:] != numbers[:-1]
    for i in range(len(chunks.steps)):
        again[1:, i] = moved[:, chunks.reads_slots[i]].any(axis=1) | other[:, chunks.reads_numbers[i]].any(axis=1)
    return again
