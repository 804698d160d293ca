"""How the outcomes of a sweep are distributed, and where the chosen row stands among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from adm_notebook.display.lede import caption
from adm_notebook.display.measures import Measure
from adm_notebook.display.picture import (
    WIDTH,
    Chart,
    Theme,
    dress,
    heading,
    money_labels,
    panel,
    percent_labels,
    round_ticks,
    set_ticks,
    signed_labels,
    text_style,
    thinned,
    tick_decimals,
)  # fmt: skip
from adm_notebook.display.subject import Subject
from adm_notebook.display.sweeps import ok_rows
from adm_notebook.market.arrays import F64

__all__ = ["DISTRIBUTION", "draw_outcomes", "outcomes_of", "ring", "scale_labels"]

DISTRIBUTION = 124
"""CSS pixels that the panel takes, its heading and scale included."""

_FEWEST = 10  # outcomes from which there is a distribution to speak of
_BINS_MOST = 60
_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 82, 30, 22
_NAMES = 16  # CSS pixels above the bars for the names of the marks


def outcomes_of(subject: Subject) -> F64 | None:
    """(n,) the objective of all rows that have one; None where they are few, all the same, or all on the line above."""
    if subject.best is None or (len(subject.axes) == 1 and not caption(subject)):
        return None
    found = ok_rows(subject.stats)[subject.objective.name].to_numpy(float)
    found = found[np.isfinite(found)]
    return found if len(found) >= _FEWEST and found.min() < found.max() else None


def draw_outcomes(figure: Chart, subject: Subject, outcomes: F64, top: float, t: Theme) -> None:
    """Bars of how many rows have which objective; marks at the best, the median, and buy and hold."""
    o = subject.objective
    width, height = WIDTH - _LEFT - _RIGHT, DISTRIBUTION - _TOP - _BOTTOM
    ax = panel(figure, _LEFT, top + _TOP, width, height)
    dress(ax, t, grid=False)
    marks = _marks(subject, outcomes)
    low = min([float(outcomes.min()), *(value for _, value, _ in marks)])
    high = max([float(outcomes.max()), *(value for _, value, _ in marks)])
    bins = int(min(_BINS_MOST, max(8, math.ceil(2 * len(outcomes) ** (1 / 3)) * 2)))
    counts, edges = np.histogram(outcomes, bins)
    ax.bar(
        edges[:-1], counts, np.diff(edges) * 0.92, align="edge", color=t.axis, edgecolor="none", linewidth=0, zorder=2
    )
    ax.set_xlim(low - (high - low) * 0.02, high + (high - low) * 0.02)
    ax.set_ylim(0, float(counts.max()) * height / (height - _NAMES))
    set_ticks(ax, "y", [], [], t)
    ticks = round_ticks(low, high, 8)
    set_ticks(ax, "x", ticks, scale_labels(ticks, o), t)
    texts = [f"{name} {o.number(value, wide=False)}" for name, value, _ in marks]
    left, right = ax.get_xlim()
    at = [(value - left) / (right - left) * width for _, value, _ in marks]
    named = thinned(at, texts, [rank for *_, rank in marks])
    for i, (name, value, _) in enumerate(marks):
        chosen = name == "best"
        color = t.ink if chosen else t.ink2
        line = 1.6 if chosen else 0.9
        if i not in named:
            continue
        ax.plot(
            [value, value], [0, ax.get_ylim()[1] * 0.8], color=color, linewidth=line, linestyle="-", marker="", zorder=4
        )
        edge = "left" if at[i] < 40 else "right" if at[i] > width - 40 else "center"
        ax.annotate(
            texts[i], xy=(value, 1), xycoords=("data", "axes fraction"), xytext=(0, -3),
            textcoords="offset points", ha=edge, va="top", annotation_clip=False, **text_style(color, bold=chosen),
        )  # fmt: skip
    heading(ax, t, f"Distribution of all {len(outcomes):,} {o.plural}")


def _marks(subject: Subject, outcomes: F64) -> list[tuple[str, float, int]]:
    """Name, place, and rank among those that need room for their name."""
    o, benchmark = subject.objective, subject.result.benchmark
    marks = [("median", float(np.median(outcomes)), 1)]
    held = math.nan if benchmark is None else float(benchmark.metrics.get(o.name, math.nan))
    if math.isfinite(held):
        marks.append(("buy and hold", held, 2))
    best = float(subject.result.metrics[o.name])
    return [*marks, ("best", best, 3)] if math.isfinite(best) else marks


def scale_labels(ticks: Sequence[float], objective: Measure) -> list[str]:
    """Values beside a scale, all with the decimals that their step needs."""
    if objective.kind in ("money", "gain"):
        return money_labels(ticks)
    if objective.kind in ("change", "level", "share"):
        return percent_labels(ticks)
    return signed_labels(ticks, tick_decimals(ticks))


def ring(ax: Axes, t: Theme, x: float, y: float) -> None:
    """The mark of the chosen point, kept apart from what lies beneath it."""
    for color, line in ((t.ground, 3.2), (t.ink, 1.6)):
        style: dict[str, Any] = {
            "markersize": 9,
            "markerfacecolor": "none",
            "markeredgecolor": color,
            "markeredgewidth": line,
        }
        ax.plot([x], [y], "o", zorder=5, clip_on=False, **style)
