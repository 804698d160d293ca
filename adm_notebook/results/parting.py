"""Where two equities part, matched bar by bar by their times."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from adm_notebook.market.arrays import F64
from adm_notebook.results.moments import on_one_scale
from adm_notebook.results.tolerance import agree

__all__ = ["Parting", "parting"]


class Parting(NamedTuple):
    """Where two equities part, and by how much.

    bar          position of the first bar where they do: in the old one, unless only the new one has it; None nowhere
    time         its time
    gap          money, new less old, at that bar; NaN where only one has it, or one is no number
    largest_gap  money, over the bars that both have
    n_same       bars of which the equity is the same
    n_all        bars of both together
    exactly      whether they agree in every bit
    odd          what is odd about their times, half a sentence; empty if nothing is
    """

    bar: int | None
    time: Any
    gap: float
    largest_gap: float
    n_same: int
    n_all: int
    exactly: bool
    odd: str


def parting(a: pd.Series[float], b: pd.Series[float], rtol: float) -> Parting:
    """Compare two equities; bars that only one of them has count as parting, and as no gap.

    a, b  money at each close, indexed by time; those of the old and the new result
    """
    old, new, odd = on_one_scale(a.index, b.index)
    if old.equals(new):
        at_old = at_new = np.arange(len(old))
    else:
        together = old.union(new)
        at_old, at_new = old.get_indexer(together), new.get_indexer(together)
    both = (at_old >= 0) & (at_new >= 0)
    x, y = (_taken(series, at) for series, at in ((a, at_old), (b, at_new)))
    apart = ~(both & agree(x, y, rtol, rtol * _reached(x, y)))
    finite = np.isfinite(x) & np.isfinite(y)
    gaps = np.subtract(y, x, out=np.full(len(x), np.nan), where=finite)
    largest = float(np.abs(gaps[finite]).max(initial=0.0))
    n_all = len(both)
    if not apart.any():
        exactly = bool(np.array_equal(x, y, equal_nan=True))
        return Parting(None, None, 0.0, largest, n_all, n_all, exactly, odd)
    first = int(apart.argmax())
    in_old = at_old[first] >= 0
    bar = int(at_old[first] if in_old else at_new[first])
    time = (a if in_old else b).index[bar]
    return Parting(bar, time, float(gaps[first]), largest, n_all - int(apart.sum()), n_all, False, odd)


def _reached(x: F64, y: F64) -> F64:
    """The largest equity up to each bar, at least 1: rounding is of what an account has held, not of what it will."""
    held = [np.where(np.isfinite(values), np.abs(values), 0.0) for values in (x, y)]
    reached: F64 = np.maximum.accumulate(np.maximum(np.maximum(*held), 1.0))
    return reached


def _taken(series: pd.Series[float], at: Any) -> F64:
    """Values at positions; NaN at -1."""
    values: F64 = np.append(series.to_numpy(float), np.nan)[at]
    return values
