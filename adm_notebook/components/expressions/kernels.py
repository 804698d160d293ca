"""Comparisons and targets over whole arrays, compiled. Truth is a small integer: 0 false, 1 unknown, 2 true.

So that `and` is the minimum of two truths, `or` the maximum, `not` the difference to 2 (Kleene's three-valued logic).
"""

from __future__ import annotations

import numpy as np

from adm_notebook.jit import inlined, jit, on_warmup, readonly
from adm_notebook.market.arrays import F64, I8

__all__ = [
    "FALSE",
    "TRUE",
    "UNKNOWN",
    "carry_nb",
    "order_nb",
    "order_near",
    "order_with_nb",
    "ratio_nb",
    "target_nb",
    "truth_nb",
]

FALSE, UNKNOWN, TRUE = 0, 1, 2


@inlined
def order_near(
    a: float, b: float, close: float, below: np.int8, equal: np.int8, above: np.int8, unknown: np.int8
) -> np.int8:
    """What is given for the order of two values, rounding forgiven (specification, section 9).

    a, b   any unit
    close  quote currency, of the same bar; values below 1e-12 of it, in magnitude, count as 0
    """
    tiny = 1e-12 * close
    a = 0.0 if abs(a) < tiny else a
    b = 0.0 if abs(b) < tiny else b
    gap = abs(a - b)
    near = (a == b) | ((gap <= 1e-12 * max(abs(a), abs(b))) & (gap < np.inf))
    differs = above if a > b else below
    known = equal if near else differs
    return unknown if (a != a) | (b != b) else known


@jit
def order_nb(left: F64, right: F64, close: F64) -> I8:
    """How two series stand to each other on each bar, rounding forgiven (specification, section 9).

    left, right  (n_bars,)  any unit
    close        (n_bars,)  quote currency; values below 1e-12 of it, in magnitude, count as 0
    returns      (n_bars,)  0 below, 1 equal within 1e-12 relative, 2 above, 3 unknown: one of them is NaN
    """
    n = left.shape[0]
    order = np.empty(n, np.int8)
    for t in range(n):
        order[t] = order_near(left[t], right[t], close[t], np.int8(0), np.int8(1), np.int8(2), np.int8(3))
    return order


@jit
def order_with_nb(left: F64, right: float, close: F64) -> I8:
    """The same for a series and a number."""
    n = left.shape[0]
    order = np.empty(n, np.int8)
    for t in range(n):
        order[t] = order_near(left[t], right, close[t], np.int8(0), np.int8(1), np.int8(2), np.int8(3))
    return order


@jit
def truth_nb(order: I8, below: np.int8, equal: np.int8, above: np.int8) -> I8:
    """The truth of a comparison, given the order of its sides and its truth for each order.

    order    (n_bars,)  as `order_nb` gives it
    returns  (n_bars,)  truth
    """
    n = order.shape[0]
    truth = np.empty(n, np.int8)
    for t in range(n):
        unless_below = below if order[t] == 0 else np.int8(1)
        unless_equal = equal if order[t] == 1 else unless_below
        truth[t] = above if order[t] == 2 else unless_equal
    return truth


@jit
def target_nb(up: I8, down: I8, rest: np.int8, long: np.int8, short: np.int8) -> I8:
    """The position wanted on each bar.

    up, down     (n_bars,)  truths: where the target is `long`, where it is `short`
    rest         where neither holds: 0, or 2 for "the last target stays"
    long, short  +1 and -1, or 0 for a side that is not traded
    returns      (n_bars,)  target, or 2; 0 where a truth is unknown
    """
    n = up.shape[0]
    target = np.empty(n, np.int8)
    for t in range(n):
        here = short if down[t] == 2 else rest
        here = long if up[t] == 2 else here
        here = np.int8(0) if up[t] == 1 else here
        target[t] = np.int8(0) if down[t] == 1 else here
    return target


@jit
def carry_nb(target: I8) -> I8:
    """Replace each 2 by the target before it, in place; with bits, since a processor mispredicts such branches."""
    last = np.int8(0)
    for t in range(target.shape[0]):
        stay = -np.int8(target[t] == 2)
        last = (last & stay) | (target[t] & ~stay)
        target[t] = last
    return target


@jit
def ratio_nb(left: F64, right: F64) -> F64:
    """left / right, (n_bars,); NaN where right is 0."""
    n = left.shape[0]
    ratio = np.empty(n)
    for t in range(n):
        ratio[t] = left[t] / right[t] if right[t] != 0.0 else np.nan
    return ratio


@on_warmup
def _kernels() -> None:
    """The kernels on three bars."""
    price = readonly(np.ones(3))
    order = order_nb(price, price, price)
    order_with_nb(price, 0.0, price)
    truth = truth_nb(order, np.int8(FALSE), np.int8(FALSE), np.int8(TRUE))
    carry_nb(target_nb(truth, truth, np.int8(2), np.int8(1), np.int8(-1)))
    ratio_nb(price, price)
