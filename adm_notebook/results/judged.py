"""What a run is judged by: the best of its rows, how many are ok, what the first says; noted while rows pass by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adm_notebook.market.arrays import F64, I64, Bool

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judged", "Judging", "best_row", "ranks_above"]


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


class Judging:
    """Judges the rows of `stats` part by part, in any order, as the whole table would be; no row is kept but those
    that may yet turn out best.

    Parameters
    ----------
    objective
        the metric that rows are ranked by; None where nothing was simulated.
    """

    def __init__(self, objective: str | None, maximise: bool) -> None:
        self._objective, self._maximise = objective, maximise
        self._n_rows = self._n_ok = self._unfilled = 0
        self._first: tuple[int, str] | None = None
        self._first_ok: int | None = None
        self._labels: I64 = np.zeros(0, np.int64)
        self._values: F64 = np.zeros(0)

    def add(self, part: pd.DataFrame) -> None:
        """Look at some rows, which stand in the order of their labels."""
        if not len(part):
            return
        self._n_rows += len(part)
        label = int(part.index.to_numpy()[0])
        if self._first is None or label < self._first[0]:
            self._first = label, str(part["error"].iloc[0])
        if self._objective is not None:
            self._unfilled += int((part["n_unfilled"].fillna(0) > 0).sum())
        self.rank(part)

    def rank(self, part: pd.DataFrame) -> None:
        """Look for the best row alone: status and objective are read, and nothing else."""
        ok = (part["status"] == "ok").to_numpy()
        if not ok.any():
            return
        labels = part.index.to_numpy()[ok]
        self._n_ok += len(labels)
        self._first_ok = int(labels[0]) if self._first_ok is None else min(self._first_ok, int(labels[0]))
        if self._objective is not None:
            self._keep(labels, part[self._objective].to_numpy(float)[ok])

    def _keep(self, labels: I64, values: F64) -> None:
        """Keep the rows that are better than all before them: one of these is the first of those that count as equal
        to the best, whichever that will be."""
        known = ~np.isnan(values)
        labels = np.concatenate([self._labels, labels[known]])
        values = np.concatenate([self._values, values[known]])
        if not len(values):
            return
        order = np.argsort(labels, kind="stable")
        labels, values = labels[order], values[order]
        so_far = (np.maximum if self._maximise else np.minimum).accumulate(values)
        better = np.concatenate([[True], so_far[1:] != so_far[:-1]])
        better &= _equal(values, float(so_far[-1]), slack=2.0)
        self._labels, self._values = labels[better], values[better]

    def best(self) -> int | None:
        """Label of the best row with status ok."""
        if not len(self._values):
            return self._first_ok if self._objective is not None else None
        best = float(self._values.max() if self._maximise else self._values.min())
        return int(self._labels[np.argmax(_equal(self._values, best))])

    def judged(self) -> Judged:
        """What there is to say of the rows so far."""
        error = "" if self._first is None else self._first[1]
        return Judged(self._n_rows, self._n_ok, self._unfilled, self.best(), error)


def best_row(stats: pd.DataFrame, objective: str, maximise: bool) -> int | None:
    """Label of the best row with status ok: inf ranks as a number, NaN last; the first of equals, or if all are NaN."""
    judging = Judging(objective, maximise)
    judging.rank(stats)
    return judging.best()


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


def _equal(values: F64, best: float, slack: float = 1.0) -> Bool:
    """Which values count as equal to the best, none of them NaN; within `slack` times as much as that."""
    equal: Bool
    if math.isinf(best):
        equal = values == best
        return equal
    near = slack * np.maximum(RELATIVE * np.maximum(np.abs(values), abs(best)), ABSOLUTE)
    near[np.isinf(values)] = 0.0
    equal = np.abs(values - best) <= near
    return equal
