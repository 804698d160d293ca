"""The picture of a sweep: a heatmap of two parameters or a line of one; beneath it all parameters and all outcomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, TwoSlopeNorm, to_rgb
from matplotlib.patches import Rectangle

from adm_notebook.display.equity_chart import thin
from adm_notebook.display.measures import Measure
from adm_notebook.display.numbers import value_text
from adm_notebook.display.outcomes import DISTRIBUTION, draw_outcomes, outcomes_of, ring, scale_labels
from adm_notebook.display.parallel import PARALLEL, draw_paths, paths_of
from adm_notebook.display.picture import (
    WIDTH,
    Chart,
    EndLabel,
    Theme,
    drawable,
    dress,
    end_labels,
    heading,
    panel,
    round_ticks,
    set_ticks,
    text_style,
    text_width,
)  # fmt: skip
from adm_notebook.display.subject import Subject
from adm_notebook.display.sweeps import is_numeric, plane_of
from adm_notebook.display.value_axis import label_of, longest, named_ticks
from adm_notebook.market.arrays import F64

__all__ = ["sweep_chart"]

HEIGHT = 360
_TOP, _BOTTOM = 26, 24  # CSS pixels above and below the panel
_BAR = 82  # right of a heatmap: its colour bar
_MARKED = 60  # values up to which each is marked on a line
_BLOCK = 2.5  # CSS pixels of a cell below which cells are averaged
_SMALL = 6  # CSS pixels of a cell below which the chosen one gets a ring instead of an outline


def sweep_chart(subject: Subject, axes: Sequence[str], t: Theme) -> Chart:
    """Heatmap of the two parameters `axes`, or line of the one."""
    if subject.best is None:
        raise ValueError("there is no row that could be drawn")
    plane = plane_of(subject.stats, subject.best, subject.swept, axes)
    outcomes, paths = outcomes_of(subject), paths_of(subject)
    beneath = (DISTRIBUTION if outcomes is not None else 0) + (PARALLEL if paths else 0)
    figure = Chart(WIDTH, HEIGHT + beneath, t)
    if len(axes) == 1:
        _line(figure, subject, plane, axes[0], t)
    else:
        _heatmap(figure, subject, plane, axes, t)
    top = HEIGHT
    if paths:
        draw_paths(figure, subject, paths, top, t)
        top += PARALLEL
    if outcomes is not None:
        draw_outcomes(figure, subject, outcomes, top, t)
    return figure


def _values(plane: pd.DataFrame, name: str) -> list[Any]:
    """The values of a parameter along its axis: numbers ascending, others in their order."""
    column = plane[name].dropna()
    return sorted(column.unique()) if is_numeric(column) else list(dict.fromkeys(column))


# ---- heatmap --------------------------------------------------------------------------------------------------------


def _heatmap(figure: Chart, subject: Subject, plane: pd.DataFrame, axes: Sequence[str], t: Theme) -> None:
    values = {name: _values(plane, name) for name in axes}
    rows, columns = axes if len(values[axes[0]]) <= len(values[axes[1]]) else (axes[1], axes[0])
    ys, xs = values[rows], values[columns]
    cells, present, chosen = _cells(subject, plane, (rows, ys), (columns, xs))

    left = max(30.0, max(text_width(label_of(v), bold=True) for v in longest(ys)) + 10)
    width, height = WIDTH - left - _BAR, HEIGHT - _TOP - _BOTTOM
    ax = panel(figure, left, _TOP, width, height)
    dress(ax, t, grid=False, baseline=False)
    blocks, present, per_block = _in_blocks(cells, present, width, height)
    norm, colours = _scale(blocks, t)
    image = np.empty((*blocks.shape, 3))
    image[:] = to_rgb(t.ground)
    todo = present if not subject.is_partial or subject.result.facts.left_out else np.ones_like(present)
    image[todo] = to_rgb(t.empty)
    known = ~np.isnan(blocks)
    image[known] = colours(norm(np.clip(blocks[known], norm.vmin, norm.vmax)))[:, :3]
    cell = min(width / len(xs), height / len(ys))
    ny, nx = per_block
    extent = (0, nx * blocks.shape[1], 0, ny * blocks.shape[0])
    ax.imshow(image, extent=extent, aspect="auto", origin="lower", interpolation="nearest", zorder=1)
    if cell >= 2 * _SMALL:
        ax.vlines(range(1, len(xs)), 0, len(ys), color=t.ground, linewidth=0.8, linestyle="-", zorder=2)
        ax.hlines(range(1, len(ys)), 0, len(xs), color=t.ground, linewidth=0.8, linestyle="-", zorder=2)
    y, x = chosen
    if cell >= _SMALL:
        for color, line in ((t.ground, 4), (t.ink, 2)):  # the ground around it keeps it apart from dark cells
            outline = Rectangle((x, y), 1, 1, fill=False, edgecolor=color, linewidth=line, zorder=5, clip_on=False)
            ax.add_patch(outline)
    else:
        ring(ax, t, x + 0.5, y + 0.5)
    ax.set_xlim(0, len(xs))
    ax.set_ylim(0, len(ys))
    for which, values_along, at, room in (("x", xs, x, width), ("y", ys, y, height)):
        step = room / len(values_along)
        named = named_ticks(
            values_along, [(i + 0.5) * step for i in range(len(values_along))], at, upright=which == "x"
        )
        set_ticks(ax, which, [i + 0.5 for i in named], list(named.values()), t, [i == at for i in named])
    means = f", each square the mean of {ny} × {nx}" if ny * nx > 1 else ""
    row_name, column_name = (drawable(name, 200) for name in (rows, columns))
    heading(ax, t, f"{subject.objective.label} by {row_name} (rows) and {column_name} (columns){means}")
    _colour_bar(figure, ScalarMappable(norm=norm, cmap=colours), subject.objective, blocks, t)


def _cells(
    subject: Subject, plane: pd.DataFrame, rows: tuple[str, list[Any]], columns: tuple[str, list[Any]]
) -> tuple[F64, Any, tuple[int, int]]:
    """Objective by row and column (NaN where none), which cells the sweep has, and where the chosen one is."""
    places = []
    for name, values in (rows, columns):
        position = {value: i for i, value in enumerate(values)}
        places.append(plane[name].map(position).to_numpy(float))
    inside = ~(np.isnan(places[0]) | np.isnan(places[1]))
    y, x = (p[inside].astype(np.int64) for p in places)
    cells = np.full((len(rows[1]), len(columns[1])), np.nan)
    present = np.zeros(cells.shape, bool)
    ok = (plane["status"] == "ok").to_numpy()[inside]
    present[y, x] = True
    cells[y[ok], x[ok]] = plane[subject.objective.name].to_numpy(float)[inside][ok]
    at = int(np.flatnonzero(plane.index[inside] == subject.best)[0])
    return cells, present, (int(y[at]), int(x[at]))


def _in_blocks(cells: F64, present: Any, width: float, height: float) -> tuple[F64, Any, tuple[int, int]]:
    """Cells too small to be seen, averaged into blocks that can be; and how many rows and columns a block has."""
    ny, nx = (max(1, math.ceil(_BLOCK * n / room)) for n, room in zip(cells.shape, (height, width), strict=True))
    if ny * nx == 1:
        return cells, present, (1, 1)
    filling = [(0, -n % k) for n, k in zip(cells.shape, (ny, nx), strict=True)]
    padded = np.pad(np.where(np.isfinite(cells), cells, np.nan), filling, constant_values=np.nan)
    shape = (padded.shape[0] // ny, ny, padded.shape[1] // nx, nx)
    known = ~np.isnan(padded)
    n_known = known.reshape(shape).sum((1, 3))
    sums = np.where(known, padded, 0.0).reshape(shape).sum((1, 3))
    means = np.where(n_known > 0, sums / np.maximum(n_known, 1), np.nan)
    return means, np.pad(present, filling).reshape(shape).any((1, 3)), (ny, nx)


def _scale(cells: F64, t: Theme) -> tuple[Normalize, LinearSegmentedColormap]:
    """Diverging around 0 where values lie on both sides of it, else from low to high."""
    finite = cells[np.isfinite(cells)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if low < 0 < high:
        reach = max(-low, high)
        return TwoSlopeNorm(0, -reach, reach), LinearSegmentedColormap.from_list("diverging", t.diverging)
    if low == high:
        low, high = low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
    return Normalize(low, high), LinearSegmentedColormap.from_list("sequential", t.sequential)


def _colour_bar(figure: Chart, mappable: ScalarMappable, objective: Measure, cells: F64, t: Theme) -> None:
    finite = cells[np.isfinite(cells)]
    if len(finite) == 0 or finite.min() == finite.max():
        return
    low, high = float(finite.min()), float(finite.max())
    ax = panel(figure, WIDTH - _BAR + 16, _TOP, 10, HEIGHT - _TOP - _BOTTOM)
    levels = np.linspace(low, high, 256)
    ax.imshow(
        mappable.to_rgba(levels)[:, None, :3],
        extent=(0, 1, low, high),
        aspect="auto",
        origin="lower",
        interpolation="auto",
    )
    dress(ax, t, grid=False, baseline=False)
    ax.yaxis.tick_right()
    set_ticks(ax, "x", [], [], t)
    ticks = round_ticks(low, high, 5)
    set_ticks(ax, "y", ticks, scale_labels(ticks, objective), t)
    ax.set_ylim(low, high)


# ---- line -----------------------------------------------------------------------------------------------------------


def _line(figure: Chart, subject: Subject, plane: pd.DataFrame, name: str, t: Theme) -> None:
    o, benchmark = subject.objective, subject.result.benchmark
    numeric = is_numeric(plane[name])
    ok = plane[(plane["status"] == "ok") & plane[name].notna()]
    values = _values(plane, name)
    x = ok[name].to_numpy(float) if numeric else ok[name].map({v: i for i, v in enumerate(values)}).to_numpy(float)
    y = ok[o.name].to_numpy(float)
    order = np.argsort(x, kind="stable")
    x, y, labels_of = x[order], y[order], ok.index.to_numpy()[order]
    finite = np.isfinite(y)
    held = math.nan if benchmark is None else float(benchmark.metrics.get(o.name, math.nan))

    left, right = 54, 118
    width = WIDTH - left - right
    ax = panel(figure, left, _TOP, width, HEIGHT - _TOP - _BOTTOM - 16)
    dress(ax, t)
    reach = [*y[finite], *([held] if math.isfinite(held) else [])] or [0.0, 1.0]
    low, high = min(reach), max(reach)
    pad = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    ax.set_ylim(low - pad, high + pad)
    ticks = round_ticks(low - pad, high + pad, 6)
    set_ticks(ax, "y", ticks, scale_labels(ticks, o), t)
    if low < 0 < high:
        ax.axhline(0, color=t.axis, linewidth=0.8, linestyle="-", zorder=1)

    place = float(x[labels_of == subject.best][0])
    spots = [float(v) for v in values] if numeric else [float(i) for i in range(len(values))]
    margin = (spots[-1] - spots[0]) * 0.02 if numeric else 0.5
    ax.set_xlim(spots[0] - margin, spots[-1] + margin)
    at = [(v - spots[0] + margin) / (spots[-1] - spots[0] + 2 * margin) * width for v in spots]
    named = named_ticks(values, at, spots.index(place), upright=True)
    set_ticks(ax, "x", [spots[i] for i in named], list(named.values()), t, [spots[i] == place for i in named])
    ax.annotate(
        drawable(name, 300), xy=(0.5, 0), xycoords="axes fraction", xytext=(0, -20), textcoords="offset points",
        ha="center", va="top",
        annotation_clip=False, **text_style(t.ink2),
    )  # fmt: skip
    if math.isfinite(held):
        ax.axhline(held, color=t.bench, linewidth=0.9, linestyle="-", zorder=2)
    shown = thin(np.where(finite, y, np.nan))
    marker = "o" if len(shown) <= _MARKED else ""
    ax.plot(
        x[shown],
        y[shown],
        color=t.series,
        linewidth=1.5 if numeric else 0,
        linestyle="-",
        marker=marker,
        markersize=4,
        zorder=3,
    )
    best = subject.result.metrics[o.name]
    labels = []
    if math.isfinite(best):
        ring(ax, t, place, best)
        chosen = drawable(f"best, {value_text(subject.stats.at[subject.best, name])}", 106, bold=True)
        labels.append(EndLabel(best, f"{chosen}\n{o.number(best, wide=False)}", t.series, bold=True))
    if math.isfinite(held):
        labels.append(EndLabel(held, f"Buy and hold\n{o.number(held, wide=False)}", t.ink2))
    end_labels(ax, labels)
    heading(ax, t, f"{o.label} by {drawable(name, 300)}")
