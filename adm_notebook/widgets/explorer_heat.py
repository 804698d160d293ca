"""The explorer's heatmap as data: the objective over two parameters, and which row each cell stands for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.display.numbers import value_text
from adm_notebook.display.sweeps import axes_of, is_missing, is_numeric, plane_of
from adm_notebook.market.arrays import F64, I64

__all__ = ["HeatMap", "heat_map"]

MOST = 64
"""Cells along an axis; beyond that neighbours share one, which stands for the best of them."""

_NOTHING = -1


@dataclass(frozen=True)
class HeatMap:
    """Cells from the lowest values of both parameters on.

    rows, columns    names of the parameters; `rows` is empty where one is swept alone
    ys, xs           their values as texts, one a cell
    values           (n_ys, n_xs) the objective; NaN where nothing is known
    labels           (n_ys, n_xs) the row of `stats` that a cell stands for; -1 where there is none
    held             what the rows of the plane have in common, as a caption says it
    merged           how many rows and columns of values share a cell
    """

    rows: str
    columns: str
    ys: list[str]
    xs: list[str]
    values: F64
    labels: I64
    held: str
    merged: tuple[int, int]

    def place(self, label: int | None) -> tuple[int, int] | None:
        """The cell that stands for a row; None where none does."""
        if label is None or label not in self.labels:
            return None
        y, x = np.nonzero(self.labels == label)
        return int(y[0]), int(x[0])


def heat_map(
    stats: pd.DataFrame, row: int | None, swept: Sequence[str], objective: str, maximise: bool
) -> HeatMap | None:
    """The plane of the two parameters with the largest effect through a row; None where nothing can be drawn."""
    if row is None or objective not in stats.columns:
        return None
    axes = axes_of(stats, row, swept, objective)
    if not axes:
        return None
    plane = plane_of(stats, row, swept, axes)
    values = {name: _values(plane[name]) for name in axes}
    if len(axes) == 1:
        columns, rows = axes[0], ""
    else:
        rows, columns = axes if len(values[axes[0]]) <= len(values[axes[1]]) else (axes[1], axes[0])
    ys, xs = values.get(rows, [""]), values[columns]
    step = math.ceil(len(ys) / MOST), math.ceil(len(xs) / MOST)
    shape = math.ceil(len(ys) / step[0]), math.ceil(len(xs) / step[1])
    y = _codes(plane[rows], ys) // step[0] if rows else np.zeros(len(plane), np.int64)
    x = _codes(plane[columns], xs) // step[1]
    cells = np.full(shape, np.nan)
    labels = np.full(shape, _NOTHING, np.int64)
    score = plane[objective].to_numpy(np.float64)
    # the last written stays: rows without a value first, then from worst to best, of equals the earliest last
    order = np.lexsort((-np.arange(len(plane)), np.nan_to_num(score if maximise else -score, nan=-np.inf)))
    order = order[(y[order] >= 0) & (x[order] >= 0)]
    cells[y[order], x[order]] = score[order]
    labels[y[order], x[order]] = plane.index.to_numpy()[order]
    held = [name for name in swept if name not in axes and not is_missing(stats.at[row, name])]
    return HeatMap(
        rows,
        columns,
        _named(ys, step[0]),
        _named(xs, step[1]),
        cells,
        labels,
        ", ".join(f"{name} {value_text(stats.at[row, name])}" for name in held),
        step,
    )


def _values(column: pd.Series[Any]) -> list[Any]:
    """The values of a parameter along its axis: numbers ascending, others in their order."""
    known = column.dropna()
    return sorted(known.unique()) if is_numeric(column) else list(dict.fromkeys(known))


def _codes(column: pd.Series[Any], values: Sequence[Any]) -> I64:
    at = {value: i for i, value in enumerate(values)}
    codes: I64 = column.map(at).fillna(-MOST * 10**6).to_numpy(np.int64)
    return codes


def _named(values: Sequence[Any], step: int) -> list[str]:
    """A value a cell; where several share one, the first and the last of them."""
    texts = [value_text(value) for value in values]
    parts = [texts[i : i + step] for i in range(0, len(texts), step)]
    return [part[0] if len(part) == 1 else f"{part[0]} to {part[-1]}" for part in parts]
