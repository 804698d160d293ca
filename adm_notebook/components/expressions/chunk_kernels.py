"""Rules over many combinations at once, compiled: steps of a program, each one pass over a block of bars.

Blocks are outermost: within one, all combinations are evaluated one after the other, so that the block of each series
stays in the processor's cache, and what a combination shares with the one before it is not computed again.
Truth is a small integer, as in `kernels`.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types
from numba.np import arrayobj

from adm_notebook.components.expressions.kernels import order_near
from adm_notebook.jit import by_hand, inlined, inner, jit, on_warmup, readonly
from adm_notebook.market.arrays import F64, I8, I64, Bool

__all__ = ["BLOCK", "I32", "LONG_BLOCK", "OPS", "run_nb"]

I32 = npt.NDArray[np.int32]

BLOCK = 1_024
"""Bars in a block: a hundred series of this length fit the second level of the cache, a combination's own the first."""

LONG_BLOCK = 16 * BLOCK
"""Bars in a block where combinations share no series: nothing stays in the cache for another, and long reads are quick.
"""

OPS = {
    name: code
    for code, name in enumerate(
        ("fill", "+", "-", "*", "/", "negative", "abs", "min", "max",
         "order", "order_with", "look_up", "cross", "and", "or", "not", "constant", "target", "flag")
    )
}  # fmt: skip
"""Kinds of steps; what each does with its fields is said in `run_nb`."""

_FILL, _ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _NEGATIVE, _ABS, _MIN, _MAX = range(9)
_ORDER, _ORDER_WITH, _LOOK_UP, _CROSS, _AND, _OR, _NOT, _CONSTANT, _TARGET, _FLAG = range(9, 19)


# ---- series by address ----------------------------------------------------------------------------------------------
# The series of thousands of indicators lie where they were computed. numba takes no list of arrays without converting
# each at every call; addresses cost nothing. Whoever calls `run_nb` keeps the arrays alive while it runs.


def _in_python(address: int, n: int) -> F64:
    return np.ctypeslib.as_array((ctypes.c_double * int(n)).from_address(int(address)))


def _in_compiled_code(_context: Any, _address: Any, _n: Any) -> Any:
    """The `n` float64 values that begin at an address; int64 both."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, n = arguments
        item = context.get_value_type(types.float64)
        array = numpy_arrays.make_array(signature.return_type)(context, builder)
        width = context.get_constant(types.intp, 8)
        numpy_arrays.populate_array(
            array,
            data=builder.inttoptr(address, item.as_pointer()),
            shape=[n],
            strides=[width],
            itemsize=width,
            meminfo=None,
        )
        return array._getvalue()

    return types.Array(types.float64, 1, "C")(types.int64, types.int64), generate


numpy_arrays: Any = arrayobj  # numba has no types
series_at = by_hand(_in_compiled_code, _in_python)


# ---- steps ----------------------------------------------------------------------------------------------------------


UNSURE = np.int8(-128)  # neither a target, nor an order, nor a truth


@inlined
def order_far(a: float, b: float, close: float, below: np.int8, above: np.int8, unknown: np.int8) -> np.int8:
    """What `order_near` gives for two values that are far enough from each other, and one of them from 0, and where
    one is NaN; UNSURE of any others."""
    size = max(abs(a), abs(b))
    is_far = (abs(a - b) > 1e-12 * size) & (size >= 1e-12 * close)
    differs = above if a > b else below
    known = differs if is_far else UNSURE
    return unknown if (a != a) | (b != b) else known


@inlined
def is_sure(found: I8) -> bool:
    """Whether no bar is left UNSURE."""
    unsure = np.int8(0)
    for t in range(found.shape[0]):
        unsure |= np.int8(found[t] == UNSURE)
    sure: bool = unsure == 0
    return sure


@inner
def compare_nb(
    found: I8, left: F64, right: F64, close: F64, below: np.int8, equal: np.int8, above: np.int8, unknown: np.int8
) -> None:
    """What is given for the order of two series on each bar, rounding forgiven (specification, section 9).

    Most blocks have no values near each other: they are done after a pass that is nearly twice as quick.

    found        (n_bars,)  written
    left, right  (n_bars,)  any unit
    close        (n_bars,)  quote currency; values below 1e-12 of it, in magnitude, count as 0
    """
    for t in range(found.shape[0]):
        found[t] = order_far(left[t], right[t], close[t], below, above, unknown)
    if is_sure(found):
        return
    for t in range(found.shape[0]):
        found[t] = order_near(left[t], right[t], close[t], below, equal, above, unknown)


@inner
def compare_with_nb(
    found: I8, left: F64, right: float, close: F64, below: np.int8, equal: np.int8, above: np.int8, unknown: np.int8
) -> None:
    """The same for a series and a number."""
    for t in range(found.shape[0]):
        found[t] = order_far(left[t], right, close[t], below, above, unknown)
    if is_sure(found):
        return
    for t in range(found.shape[0]):
        found[t] = order_near(left[t], right, close[t], below, equal, above, unknown)


@inner
def look_up_nb(found: I8, order: I8, below: np.int8, equal: np.int8, above: np.int8, unknown: np.int8) -> None:
    """What is given for each order: 0 below, 1 equal, 2 above, 3 unknown."""
    for t in range(found.shape[0]):
        known = below if order[t] == 0 else unknown
        known = equal if order[t] == 1 else known
        found[t] = above if order[t] == 2 else known


@inner
def ratio_into_nb(found: F64, left: F64, right: F64) -> None:
    """left / right; NaN where right is 0. numpy's division neither raises nor asks, so that it runs in vectors."""
    np.true_divide(left, right, found)
    for t in range(found.shape[0]):
        found[t] = np.nan if right[t] == 0.0 else found[t]


@inner
def extreme_nb(found: F64, left: F64, right: F64, sign: float) -> None:
    """The greater of two values where `sign` is 1, the lesser where it is -1; NaN if either is."""
    for t in range(found.shape[0]):
        a, b = left[t], right[t]
        picked = a if sign * a > sign * b else b
        picked = a if a != a else picked
        found[t] = picked


@inner
def cross_nb(found: I8, order: I8, above: bool) -> None:
    """The truth of a crossing, from orders; of the first bar only what is false is known."""
    was_below, was_above = (np.int8(2), np.int8(0)) if above else (np.int8(0), np.int8(2))
    for t in range(found.shape[0]):
        now = was_above if order[t] == 0 else was_below  # above now is true where it was false a bar before
        now = np.int8(0) if order[t] == 1 else now
        found[t] = np.int8(1) if order[t] == 3 else now
    if found.shape[0] > 0:
        found[0] = min(np.int8(1), found[0])
    for t in range(1, found.shape[0]):
        was = was_below if order[t - 1] == 0 else was_above
        was = np.int8(2) if order[t - 1] == 1 else was
        was = np.int8(1) if order[t - 1] == 3 else was
        found[t] = min(was, found[t])


@inner
def target_into_nb(found: I8, up: I8, down: I8, rest: np.int8, long: np.int8, short: np.int8) -> None:
    """The position wanted, from two truths; as `kernels.target_nb` has it."""
    for t in range(found.shape[0]):
        here = short if down[t] == 2 else rest
        here = long if up[t] == 2 else here
        here = np.int8(0) if up[t] == 1 else here
        found[t] = np.int8(0) if down[t] == 1 else here


@inner
def shifted_nb(found: F64, series: F64, start: int, bars: int) -> None:
    """Values `bars` before, on the bars from `start` on; NaN before the first bar. `series` begins at bar 0."""
    for t in range(found.shape[0]):
        found[t] = series[start + t - bars] if start + t >= bars else np.nan


# ---- all of them ----------------------------------------------------------------------------------------------------


@jit
def run_nb(
    steps: I32,
    result: int,
    keep: bool,
    lead: int,
    block: int,
    again: Bool,
    slots: I32,
    shifts: I64,
    numbers: F64,
    series: I64,
    scratch: I64,
    truths: I8,
    close: F64,
    members: I64,
    out: I8,
) -> None:
    """Evaluate the steps for each combination.

    steps    (n_steps, 8)   kind, register written, two operands, and what is given for below, equal, above, unknown.
                            An operand that is a value: a slot, or ~register. fill, order_with: the second is a number
    result   scalar         register of truths that holds targets or flags in the end
    keep     scalar         whether a target of 2 stands for the one before
    lead     scalar         bars before a block that its steps read: 1 with crossings, else 0
    block    scalar         bars evaluated for all combinations before the next ones
    again    (k, n_steps)   whether a step differs from that of the combination before; the first row is all true
    slots    (k, n_slots)   which of `series` each combination reads
    shifts   (k, n_slots)   by how many bars each is moved, 0 or more
    numbers  (k, n_numbers)
    series   (n_series,)    addresses of float64 arrays of n_bars each
    scratch  (n_registers + n_slots,)  addresses of room for lead + block values each: registers, then moved series
    truths   (n_truths, lead + block)  room
    close    (n_bars,)      quote currency; none is NaN
    members  (k,)           each combination's row in `out`
    out      (m, n_bars)    written
    """
    place, last = np.empty(slots.shape[1], np.int64), np.zeros(slots.shape[0], np.int8)
    run_steps(
        steps,
        result,
        keep,
        lead,
        block,
        again,
        slots,
        shifts,
        numbers,
        series,
        scratch,
        truths,
        close,
        members,
        out,
        place,
        last,
    )


@inner
def run_steps(
    steps: I32,
    result: int,
    keep: bool,
    lead: int,
    block: int,
    again: Bool,
    slots: I32,
    shifts: I64,
    numbers: F64,
    series: I64,
    scratch: I64,
    truths: I8,
    close: F64,
    members: I64,
    out: I8,
    place: I64,
    last: I8,
) -> None:
    """`run_nb`, with its arrays on loan.

    place  (n_slots,)  addresses of what the slots of a combination hold in a block; written
    last   (k,)        each combination's target at the end of the block before, at first 0; written
    """
    k, n_steps, n_slots, n_bars = slots.shape[0], steps.shape[0], slots.shape[1], close.shape[0]
    n_registers = scratch.shape[0] - n_slots
    for first in range(0, n_bars, block):
        start, end = max(0, first - lead), min(n_bars, first + block)
        n, skip = end - start, first - start
        prices = close[start:end]
        for r in range(k):
            for slot in range(n_slots):
                bars = shifts[r, slot]
                if bars <= start:
                    place[slot] = series[slots[r, slot]] + 8 * (start - bars)
                else:
                    place[slot] = scratch[n_registers + slot]
                    shifted_nb(series_at(place[slot], n), series_at(series[slots[r, slot]], n_bars), start, bars)
            for i in range(n_steps):
                if not again[r, i]:
                    continue
                kind, into, a, b = steps[i, 0], steps[i, 1], steps[i, 2], steps[i, 3]
                if kind >= _ORDER:
                    found = truths[into, :n]
                    below, equal = np.int8(steps[i, 4]), np.int8(steps[i, 5])
                    above, unknown = np.int8(steps[i, 6]), np.int8(steps[i, 7])
                    if kind == _ORDER:
                        left = series_at(place[a] if a >= 0 else scratch[~a], n)
                        right = series_at(place[b] if b >= 0 else scratch[~b], n)
                        compare_nb(found, left, right, prices, below, equal, above, unknown)
                    elif kind == _ORDER_WITH:
                        left = series_at(place[a] if a >= 0 else scratch[~a], n)
                        compare_with_nb(found, left, numbers[r, b], prices, below, equal, above, unknown)
                    elif kind == _LOOK_UP:
                        look_up_nb(found, truths[a, :n], below, equal, above, unknown)
                    elif kind == _CROSS:
                        cross_nb(found, truths[a, :n], b == 1)
                    elif kind == _AND:
                        for t in range(n):
                            found[t] = min(truths[a, t], truths[b, t])
                    elif kind == _OR:
                        for t in range(n):
                            found[t] = max(truths[a, t], truths[b, t])
                    elif kind == _NOT:
                        for t in range(n):
                            found[t] = np.int8(2) - truths[a, t]
                    elif kind == _CONSTANT:
                        found[:] = below
                    elif kind == _TARGET:
                        target_into_nb(found, truths[a, :n], truths[b, :n], below, equal, above)
                    else:  # _FLAG: the bits of `a`, and those of `below` where `b` is true
                        for t in range(n):
                            found[t] = truths[a, t] | (below if truths[b, t] == 2 else np.int8(0))
                    continue
                values = series_at(scratch[into], n)
                if kind == _FILL:
                    values[:] = numbers[r, b]
                    continue
                left = series_at(place[a] if a >= 0 else scratch[~a], n)
                right = series_at(place[b] if b >= 0 else scratch[~b], n)
                if kind == _ADD:
                    for t in range(n):
                        values[t] = left[t] + right[t]
                elif kind == _SUBTRACT:
                    for t in range(n):
                        values[t] = left[t] - right[t]
                elif kind == _MULTIPLY:
                    for t in range(n):
                        values[t] = left[t] * right[t]
                elif kind == _DIVIDE:
                    ratio_into_nb(values, left, right)
                elif kind == _NEGATIVE:
                    for t in range(n):
                        values[t] = -left[t]
                elif kind == _ABS:
                    for t in range(n):
                        values[t] = abs(left[t])
                else:
                    extreme_nb(values, left, right, -1.0 if kind == _MIN else 1.0)
            row = out[members[r], first:end]
            _finish_nb(row, truths[result, skip:n], last, r, keep)


@inner
def _finish_nb(row: I8, found: I8, last: I8, r: int, keep: bool) -> None:
    """Copy a block's targets or flags to their row; with `keep` each 2 becomes the target before it.

    last  (k,)  the target at the end of the block before; written
    """
    for t in range(row.shape[0]):
        row[t] = found[t]
    if not keep:
        return
    stays = np.int8(0)
    for t in range(row.shape[0]):
        stays |= np.int8(found[t] == 2)
    if stays != 0:  # rare where prices are not flat
        before = last[r]
        for t in range(row.shape[0]):
            stay = -np.int8(row[t] == 2)
            before = (before & stay) | (row[t] & ~stay)
            row[t] = before
    last[r] = row[row.shape[0] - 1]


@on_warmup
def _kernels() -> None:
    """The kernel on three bars, without a step but one."""
    close, room = np.ones(3), np.empty((1, BLOCK + 1))
    steps = np.zeros((1, 8), np.int32)
    steps[0, 0] = _CONSTANT
    run_nb(
        readonly(steps),
        0,
        False,
        0,
        BLOCK,
        readonly(np.ones((1, 1), np.bool_)),
        readonly(np.zeros((1, 0), np.int32)),
        readonly(np.zeros((1, 0), np.int64)),
        readonly(np.zeros((1, 0))),
        readonly(np.array([close.ctypes.data], np.int64)),
        readonly(np.array([room.ctypes.data], np.int64)),
        np.empty((1, BLOCK + 1), np.int8),
        readonly(close),
        readonly(np.zeros(1, np.int64)),
        np.empty((1, 3), np.int8),
    )
