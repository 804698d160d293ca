"""The growing heatmap of a sweep: the best so far in each cell of a plane, sent band by band as they change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from adm_notebook.display.numbers import value_text
from adm_notebook.planning.planned import places

__all__ = ["BANDS", "Heat"]

BANDS = 32
"""Parts that a plane is cut into; only those that have changed are sent."""

MOST_ROWS, MOST_COLUMNS = 100, 160
"""Cells drawn: beyond these neighbours share one. With 4 bytes each, a band has at most 2,000 bytes."""

LABEL = 24
"""Characters of a value beside its axis."""

_NOTHING = np.float32(-3e38)
"""Of a cell whose rows are done and have no value."""

_MOST = 1e38


class Heat:
    """Values of a plane's cells: the best of the rows that are finished in each.

    Parameters
    ----------
    axes
        two columns of `stats`, each with its values: rows, then columns of the plane.
    cells
        positions, row by row, that have a row at all; None = all of them.
    """

    def __init__(
        self, axes: Sequence[tuple[str, Sequence[Any]]], cells: Sequence[int] | None, objective: str, maximise: bool
    ) -> None:
        (self.row_name, self._rows), (self.column_name, self._columns) = axes
        self._objective, self._sign = objective, 1.0 if maximise else -1.0
        self._step = math.ceil(len(self._rows) / MOST_ROWS), math.ceil(len(self._columns) / MOST_COLUMNS)
        self.shape = (math.ceil(len(self._rows) / self._step[0]), math.ceil(len(self._columns) / self._step[1]))
        self._scores = np.full(self.shape[0] * self.shape[1], np.nan, np.float32)
        self._there = np.ones(len(self._scores), np.bool_)
        if cells is not None:
            at = np.asarray(cells, np.int64)
            self._there[:] = False
            self._there[self._folded(*np.divmod(at, len(self._columns)))] = True
        self._band = max(1, math.ceil(len(self._scores) / BANDS))
        self._changed: set[int] = set()
        self._next = 0

    @property
    def frame(self) -> dict[str, Any]:
        """What does not change: names and values of the axes, and cells without a row, as runs of [first, count]."""
        missing = np.flatnonzero(~self._there)
        runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1) if len(missing) else []
        return {
            "rows": self._named(self.row_name, self._rows, self._step[0]),
            "columns": self._named(self.column_name, self._columns, self._step[1]),
            "left_out": [[int(run[0]), len(run)] for run in runs],
            "band": self._band,
        }

    @staticmethod
    def _named(name: str, values: Sequence[Any], step: int) -> dict[str, Any]:
        return {"name": name[:200], "values": [_short(value_text(value)) for value in values[::step]]}

    @property
    def per_cell(self) -> int:
        """Pairs of values that one cell stands for."""
        return self._step[0] * self._step[1]

    def place(self, row: Any, column: Any) -> list[Any] | None:
        """Where a pair of values stands, and how it is written: [row, column, text, text]; None where it does not."""
        at = places([row], self._rows)[0], places([column], self._columns)[0]
        if min(at) < 0:
            return None
        cell = [int(at[0]) // self._step[0], int(at[1]) // self._step[1]]
        return [*cell, _short(value_text(row)), _short(value_text(column))]

    def take(self, rows: Any, values: Any) -> None:
        """Note finished rows: a DataFrame with the columns of the two axes, and (n,) values."""
        at = places(rows[self.row_name].array, self._rows), places(rows[self.column_name].array, self._columns)
        self.take_at(at, values)

    def take_at(self, at: tuple[Any, Any], values: Any) -> None:
        """The same by places on the two axes, each (n,); -1 where a row has none."""
        inside = (at[0] >= 0) & (at[1] >= 0)
        cell = self._folded(at[0][inside], at[1][inside])
        given = np.asarray(values, np.float64)[inside] * self._sign
        score = np.where(np.isnan(given), _NOTHING, np.clip(given, -_MOST, _MOST)).astype(np.float32)
        np.fmax.at(self._scores, cell, score)  # of several in one cell the best stays
        touched = np.zeros(BANDS, np.bool_)
        touched[cell // self._band] = True
        self._changed.update(np.flatnonzero(touched).tolist())

    def _folded(self, row: Any, column: Any) -> Any:
        return (row // self._step[0]) * self.shape[1] + column // self._step[1]

    def due(self, limit: int) -> dict[int, bytes]:
        """Bands that have changed since they were last given out, as many as fit `limit` bytes, in turn."""
        size = self._band * 4
        waiting = sorted(self._changed, key=lambda band: (band - self._next) % BANDS)
        given = waiting[: max(1, limit // size)]
        if given:
            self._next = (given[-1] + 1) % BANDS
        self._changed.difference_update(given)
        return {band: self._bytes(band) for band in given}

    def _bytes(self, band: int) -> bytes:
        """Little-endian float32 of one band: values, NaN where not done, minus infinity where done without a value."""
        scores = self._scores[band * self._band : (band + 1) * self._band]
        shown = np.where(scores == _NOTHING, -np.inf, scores * np.float32(self._sign))
        return shown.astype("<f4").tobytes()


def _short(text: str) -> str:
    return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"
