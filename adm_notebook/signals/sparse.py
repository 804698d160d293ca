"""Decisions and regimes as the few bars on which they say something new, and back, bit for bit."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from adm_notebook.components import Decision, Flags, Regimes
from adm_notebook.market.arrays import F64, I8, Bool

__all__ = ["FLAGS", "Rows", "decision_of", "regimes_of", "rows_of", "rows_of_regimes"]

FLAGS = ("long_entry", "long_exit", "short_entry", "short_exit")

I32 = npt.NDArray[np.int32]
Scalar = TypeVar("Scalar", bound=np.generic)


class Rows(NamedTuple):
    """What a strategy yielded, on the bars where it said something new; all arrays (n_rows,).

    bar        strictly increasing; of targets: where target or strength changes, the target before bar 0 being 0;
               of flags: where any is set, or strength changes; with a strength, bar 0 is always among them
    direction  the target; None of flags
    flags      the four, in the order of FLAGS; None of targets
    strength   from this bar on; None where there is none
    """

    bar: I32
    direction: I8 | None
    flags: tuple[Bool, Bool, Bool, Bool] | None
    strength: F64 | None


def rows_of(decision: Decision, n_bars: int) -> Rows:
    """The rows of a decision over `n_bars` bars.

    Raises
    ------
    ValueError
        for arrays that a Decision can't have: of another length or dtype, targets that are not -1, 0 or 1, targets
        beside flags.
    """
    target, flags, strength = decision.target, decision.flags, decision.strength
    if (target is None) == (flags is None):
        raise ValueError("a decision has a target or flags, and not both")
    new = np.zeros(n_bars, np.bool_)
    if target is not None:
        _check("target", target, np.int8, n_bars)
        if n_bars and (target.min() < -1 or target.max() > 1):
            raise ValueError("targets are -1, 0 or 1")
        new[:1] = target[:1] != 0
        new[1:] = target[1:] != target[:-1]
    elif flags is not None:
        for name in FLAGS:
            flag = getattr(flags, name)
            _check(name, flag, np.bool_, n_bars)
            new |= flag
    if strength is not None:
        _check("strength", strength, np.float64, n_bars)
        new[:1] = True
        bits = np.ascontiguousarray(strength).view(np.int64)  # NaN equals NaN, and -0.0 is not 0.0
        new[1:] |= bits[1:] != bits[:-1]
    bar = np.flatnonzero(new)
    return Rows(
        bar=bar.astype(np.int32),
        direction=None if target is None else target[bar],
        flags=None
        if flags is None
        else (flags.long_entry[bar], flags.long_exit[bar], flags.short_entry[bar], flags.short_exit[bar]),
        strength=None if strength is None else strength[bar],
    )


def decision_of(rows: Rows, n_bars: int, lookback: int) -> Decision:
    """The decision that has these rows; the inverse of `rows_of`. Arrays are new, and the caller's own."""
    target = None if rows.direction is None else _carried(rows.bar, rows.direction, n_bars)
    strength = None if rows.strength is None else _carried(rows.bar, rows.strength, n_bars)
    if rows.flags is None:
        return Decision(target, None, strength, lookback)
    whole = []
    for flag in rows.flags:
        spread = np.zeros(n_bars, np.bool_)
        spread[rows.bar] = flag
        whole.append(spread)
    return Decision(None, Flags(*whole), strength, lookback)


def rows_of_regimes(regimes: Regimes, n_bars: int) -> tuple[I32, I8]:
    """Bars on which the regime changes, bar 0 among them, and the codes from there on.

    Raises
    ------
    ValueError
        for codes of another length or dtype, codes without a label, and labels that are there twice.
    """
    codes = regimes.codes
    _check("codes", codes, np.int8, n_bars)
    if len(set(regimes.labels)) < len(regimes.labels):
        raise ValueError(f"labels are there twice: {regimes.labels}")
    if n_bars and (codes.min() < -1 or codes.max() >= len(regimes.labels)):
        raise ValueError(f"codes are -1 or positions in the {len(regimes.labels)} labels")
    new = np.ones(n_bars, np.bool_)
    new[1:] = codes[1:] != codes[:-1]
    bar = np.flatnonzero(new)
    return bar.astype(np.int32), codes[bar]


def regimes_of(bar: I32, codes: I8, labels: tuple[str, ...], n_bars: int, lookback: int) -> Regimes:
    """The inverse of `rows_of_regimes`."""
    return Regimes(labels, _carried(bar, codes, n_bars), lookback)


def _carried(bar: I32, values: npt.NDArray[Scalar], n_bars: int) -> npt.NDArray[Scalar]:
    """(n_bars,) each value from its bar to the next one's; 0 before the first."""
    whole = np.zeros(n_bars, values.dtype)
    if len(bar):
        whole[bar[0] :] = np.repeat(values, np.diff(bar, append=np.int32(n_bars)))
    return whole


def _check(name: str, array: npt.NDArray[np.generic], dtype: type[np.generic], n_bars: int) -> None:
    if array.dtype != dtype or array.shape != (n_bars,):
        said = f"{array.dtype} {array.shape}"
        raise ValueError(f"{name} must be {np.dtype(dtype)} and as long as the {n_bars} bars, but was {said}")
