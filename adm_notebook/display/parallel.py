"""Parallel coordinates: each row of a sweep as a line through the values of all its parameters, up to its outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from adm_notebook.display.numbers import value_text
from adm_notebook.display.outcomes import ring, scale_labels
from adm_notebook.display.picture import (
    WIDTH,
    Chart,
    Theme,
    drawable,
    panel,
    round_ticks,
    set_ticks,
    text_style,
)  # fmt: skip
from adm_notebook.display.subject import Subject
from adm_notebook.display.sweeps import is_missing, is_numeric, ok_rows, ranked
from adm_notebook.market.arrays import F64

__all__ = ["PARALLEL", "draw_paths", "paths_of"]

PARALLEL = 216
"""CSS pixels that the panel takes, the names of its axes included."""

_AXES_MOST = 7  # parameters; with the outcome eight axes have room for their names
_LINES_MOST = 300  # lines drawn; of more rows every n-th by rank
_BEST = 0.1  # the share of rows that is drawn in colour
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 82, 42, 12


def paths_of(subject: Subject) -> list[str]:
    """The swept parameters that vary among the rows of the best row's strategy, where they are more than two."""
    if subject.best is None:
        return []
    alike = _alike(subject)
    names = [c for c in subject.swept if not is_missing(subject.stats.at[subject.best, c]) and alike[c].nunique() > 1]
    return names[:_AXES_MOST] if len(names) > 2 else []


def _alike(subject: Subject) -> pd.DataFrame:
    """The ok rows of the best row's strategy: others have other parameters."""
    ok = ok_rows(subject.stats)
    return ok[ok["strategy"] == subject.stats.at[subject.best, "strategy"]]


def draw_paths(figure: Chart, subject: Subject, names: list[str], top: float, t: Theme) -> None:
    """One upright axis a parameter, the outcome the last; the best tenth of the rows in colour, the chosen in ink."""
    o, facts = subject.objective, subject.result.facts
    alike = _alike(subject)
    rows = ranked(alike[np.isfinite(alike[o.name].to_numpy(float))], facts.objective, facts.maximise)
    width, height = WIDTH - _LEFT - _RIGHT, PARALLEL - _TOP - _BOTTOM
    ax = panel(figure, _LEFT, top + _TOP, width, height)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_facecolor(t.ground)
    ax.tick_params(which="both", length=0)
    ax.set_xlim(0, len(names))
    ax.set_ylim(0, 1)
    set_ticks(ax, "x", [], [], t)
    set_ticks(ax, "y", [], [], t)
    heights = np.empty((len(rows), len(names) + 1))
    chosen = int(np.flatnonzero(rows.index == subject.best)[0]) if subject.best in rows.index else None
    for k, name in enumerate(names):
        values = list(dict.fromkeys(rows[name].dropna()))
        values = sorted(values) if is_numeric(rows[name]) else values
        place = {value: i / max(1, len(values) - 1) for i, value in enumerate(values)}
        heights[:, k] = rows[name].map(place).to_numpy(float)
        mark = values.index(subject.stats.at[subject.best, name]) if chosen is not None else -1
        ranks = [3 if i == mark else 2 if i in (0, len(values) - 1) else 1 for i in range(len(values))]
        at = [(i / max(1, len(values) - 1)) * height for i in range(len(values))]
        shown = _apart(at, ranks)
        _scale(
            ax,
            t,
            k,
            [at[i] / height for i in shown],
            [value_text(values[i]) for i in shown],
            [i == mark for i in shown],
        )
        _name(ax, t, k, name, width / len(names))
    outcome = rows[o.name].to_numpy(float)
    low, high = float(outcome.min()), float(outcome.max())
    spread = (high - low) or 1.0
    heights[:, -1] = (outcome - low) / spread
    ticks = round_ticks(low, high, 5)
    _scale(
        ax, t, len(names), [(v - low) / spread for v in ticks], scale_labels(ticks, o), [False] * len(ticks), right=True
    )
    _name(ax, t, len(names), o.label, width / len(names))
    _lines(ax, t, heights, chosen)


def _lines(ax: Axes, t: Theme, heights: F64, chosen: int | None) -> None:
    """Rows by rank, the worst first, so that the best lie above."""
    n = len(heights)
    best = max(1, round(n * _BEST))
    picked = np.unique(np.linspace(0, n - 1, min(n, _LINES_MOST)).round().astype(int))
    across = np.arange(heights.shape[1], dtype=float)
    for part, color, line, layer in (
        (picked[picked >= best], t.axis, 0.6, 2),
        (picked[picked < best], t.series, 0.9, 3),
    ):
        paths = [np.column_stack([across, heights[i]]) for i in part[::-1]]
        ax.add_collection(LineCollection(paths, colors=color, linewidths=line, zorder=layer, clip_on=False))
    if chosen is not None:
        for color, line in ((t.ground, 4.5), (t.ink, 2.0)):
            ax.plot(
                across, heights[chosen], color=color, linewidth=line, linestyle="-", marker="", zorder=4, clip_on=False
            )
        ring(ax, t, float(across[-1]), float(heights[chosen, -1]))


def _apart(at: list[float], ranks: list[int], gap: float = 14) -> list[int]:
    """Which labels stay, so that none is nearer than `gap` CSS pixels to the next; lower ranks go first."""
    kept: list[int] = []
    for i in sorted(range(len(at)), key=lambda i: (-ranks[i], i)):
        if all(abs(at[i] - at[j]) >= gap for j in kept):
            kept.append(i)
    return sorted(kept)


def _scale(
    ax: Axes, t: Theme, k: int, at: list[float], labels: list[str], bold: list[bool], right: bool = False
) -> None:
    """The upright axis `k`, its values beside it."""
    ax.plot([k, k], [0, 1], color=t.ink2, linewidth=0.8, linestyle="-", marker="", zorder=1, clip_on=False)
    for y, label, is_bold in zip(at, labels, bold, strict=True):
        ax.annotate(
            drawable(label, 52, bold=is_bold), xy=(k, y), xytext=(8 if right else -5, 0), textcoords="offset points",
            ha="left" if right else "right", va="center", annotation_clip=False, zorder=6,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": t.ground, "edgecolor": "none", "alpha": 0.85},
            **text_style(t.ink if is_bold else t.ink2, bold=is_bold),
        )  # fmt: skip


def _name(ax: Axes, t: Theme, k: int, name: str, room: float) -> None:
    ax.annotate(
        drawable(name, max(40.0, room - 12)), xy=(k, 1), xytext=(0, 12), textcoords="offset points",
        ha="center", va="bottom", annotation_clip=False, **text_style(t.ink2),
    )  # fmt: skip
