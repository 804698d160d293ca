"""What a run is judged by: the best of its rows, how many are ok, what the first says; on a table, or part by part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adm_notebook.market.arrays import F64, Bool

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judged", "best_row", "judge", "ranks_above"]


@dataclass(frozen=True, slots=True)
class Judged:
    """All that the end of a run needs to know of its rows.

    n_rows    that were finished
    n_ok      of them with status ok
    unfilled  of them with orders that gave no trade
    best      label of the best row; None where none is ok, or nothing was simulated
    error     of the first row, empty where it is ok
    """

    n_rows: int
    n_ok: int
    unfilled: int
    best: int | None
    error: str


def judge(parts: Callable[[], Iterable[pd.DataFrame]], objective: str | None, maximise: bool) -> Judged:
    """Judge the rows of `stats`, of which each part holds some.

    Parameters
    ----------
    parts
        called once for each of two passes. Rows within a part stand in the order of their labels; parts may come in
        any order.
    objective
        the metric that rows are ranked by; None where nothing was simulated.
    """
    n_rows = n_ok = unfilled = 0
    first: tuple[int, str] | None = None
    for part in parts():
        if not len(part):
            continue
        n_rows += len(part)
        n_ok += int((part["status"] == "ok").sum())
        if objective is not None:
            unfilled += int((part["n_unfilled"].fillna(0) > 0).sum())
        label = int(part.index.to_numpy()[0])
        if first is None or label < first[0]:
            first = label, str(part["error"].iloc[0])
    best = _best(parts, objective, maximise) if objective is not None and n_ok else None
    return Judged(n_rows, n_ok, unfilled, best, "" if first is None else first[1])


def best_row(stats: pd.DataFrame, objective: str, maximise: bool) -> int | None:
    """Label of the best row with status ok: inf ranks as a number, NaN last; the first of equals, or if all are NaN."""
    return _best(lambda: [stats], objective, maximise)


def _best(parts: Callable[[], Iterable[pd.DataFrame]], objective: str, maximise: bool) -> int | None:
    best = math.nan
    for part in parts():
        ok = (part["status"] == "ok").to_numpy()
        for value in _known(part[objective].to_numpy(float)[ok], maximise):
            best = value if math.isnan(best) else max(best, value) if maximise else min(best, value)
    first: int | None = None
    for part in parts():
        ok = (part["status"] == "ok").to_numpy()
        equal = ok if math.isnan(best) else ok & _equal(part[objective].to_numpy(float), best)
        if equal.any():
            label = int(part.index.to_numpy()[np.argmax(equal)])
            first = label if first is None else min(first, label)
    return first


def _known(values: F64, maximise: bool) -> list[float]:
    """The best of some values; empty where all are NaN."""
    known = values[~np.isnan(values)]
    return [float(known.max() if maximise else known.min())] if len(known) else []


RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""Up to which difference two values count as equal. Without it rounding in the last digit would decide between equals,
differently in each mode."""


def ranks_above(value: float, other: float, maximise: bool, *, earlier: bool) -> bool:
    """Whether a row with `value` is better than one with `other`; of two that count as equal, the earlier row is."""
    if math.isnan(value) or math.isnan(other):
        return math.isnan(other) and not math.isnan(value)
    if value == other or math.isclose(value, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
        return earlier
    return value > other if maximise else value < other


def _equal(values: F64, best: float) -> Bool:
    """Which values count as equal to the best, which is not NaN."""
    equal: Bool
    if math.isinf(best):
        equal = values == best
        return equal
    near = np.maximum(RELATIVE * np.maximum(np.abs(values), abs(best)), ABSOLUTE)
    near[np.isinf(values)] = 0.0
    equal = np.abs(values - best) <= near
    return equal
