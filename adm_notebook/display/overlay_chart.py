"""The picture of a difference: two equities over each other, and the gap between them below."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from adm_notebook.display.equity_chart import line, money_scale, thin
from adm_notebook.display.numbers import MINUS, money, percent
from adm_notebook.display.picture import (
    WIDTH,
    Chart,
    EndLabel,
    Theme,
    dress,
    end_labels,
    heading,
    money_labels,
    panel,
    round_ticks,
    set_ticks,
    text_style,
    text_width,
)  # fmt: skip
from adm_notebook.display.timeaxis import TimeAxis
from adm_notebook.market.arrays import F64

__all__ = ["alt_of", "overlay_chart"]

_HEIGHT, _HEIGHT_SAME = 340, 270
_RIGHT = 118  # CSS pixels for the names at the ends of the lines
_TOP, _BETWEEN, _FOOT = 26, 34, 28
_APART = 16  # CSS pixels between the heading and what stands beside it


def overlay_chart(
    old: pd.Series[float], new: pd.Series[float], t: Theme, *, same: bool, parts_at: tuple[int, Any] | None = None
) -> Chart:
    """Old grey, new blue over it; below, new minus old.

    Parameters
    ----------
    same
        whether they were found to be equal: one line then, and a gap of 0.
    parts_at
        number and time of the bar where they part; marked in both panels.
    """
    index, a, b = _aligned(old, new)
    gap = b - a
    axis = TimeAxis(index, side_by_side=_is_intraday(index))
    money_axis = money_scale(a, b)
    ticks, labels, low, high = _gap_scale(gap, same)
    left = max(46.0, *(text_width(label) + 10 for label in (*money_axis.labels, *labels)))
    width, height = WIDTH - left - _RIGHT, _HEIGHT_SAME if same else _HEIGHT
    room = height - _TOP - _BETWEEN - _FOOT
    share = 0.82 if same else 0.7

    figure = Chart(WIDTH, height, t)
    top = panel(figure, left, _TOP, width, room * share)
    bottom = panel(figure, left, _TOP + room * share + _BETWEEN, width, room * (1 - share))
    for ax in (top, bottom):
        ax.set_xlim(*axis.limits)
    dress(top, t, baseline=False)
    if money_axis.is_log:
        top.set_yscale("log")
    top.set_ylim(money_axis.low, money_axis.high)
    set_ticks(top, "y", money_axis.ticks, money_axis.labels, t)
    set_ticks(top, "x", [], [], t)
    named = "Equity, log scale" if money_axis.is_log else "Equity"
    heading(top, t, named)
    if same:
        line(top, axis, a, t.bench, 3.2, 2)
    else:
        line(top, axis, a, t.bench, 1.2, 2)
    line(top, axis, b, t.series, 1.3, 3)
    end_labels(top, _names(a, b, t, same))

    dress(bottom, t)
    bottom.set_ylim(low, high)
    set_ticks(bottom, "y", ticks, labels, t)
    heading(bottom, t, "Gap, new minus old" if axis.is_time else "Gap, new minus old, by bar number")
    bottom.axhline(0, color=t.axis, linewidth=0.8, linestyle="-")
    drawn = thin(gap)
    if same:
        bottom.plot(list(axis.limits), [0, 0], color=t.series, linewidth=1.3, linestyle="-", marker="", zorder=3)
    elif len(drawn):
        bottom.fill_between(axis.x(drawn), gap[drawn], 0, color=t.series, alpha=0.22, linewidth=0, zorder=2)
        line(bottom, axis, gap, t.series, 0.9, 3)
    said = _same_said(gap) if same else _gap_said(gap)
    last = 0.0 if same or not len(drawn) else float(gap[drawn[-1]])
    end_labels(bottom, [EndLabel(last, said, t.series, bold=True)])
    if parts_at is not None and not same:
        _mark(top, bottom, t, axis, *parts_at, room=(text_width(named), width))
    at, names = axis.ticks(width)
    set_ticks(bottom, "x", at, names, t)
    return figure


def alt_of(old: pd.Series[float], new: pd.Series[float], *, same: bool) -> str:
    """The picture in words."""
    if same:
        said = _same_said(_values(new) - _values(old)) if len(old) == len(new) else "0 on every bar"
        return f"Equity old and new: the same line, {_return(_values(new))}; gap {said}"
    _, a, b = _aligned(old, new)
    gap = _gap_said(b - a)
    return f"Equity old {_return(_values(old))} and new {_return(_values(new))}; the gap ends at {gap}"


def _aligned(old: pd.Series[float], new: pd.Series[float]) -> tuple[pd.Index, F64, F64]:
    """Both on one index, NaN where one has no bar; by number where their times can't be put in one order."""
    a, b = _values(old), _values(new)
    if old.index.equals(new.index):
        return old.index, a, b
    alike = old.index.dtype == new.index.dtype and old.index.is_unique and new.index.is_unique
    if alike and old.index.is_monotonic_increasing and new.index.is_monotonic_increasing:
        index = old.index.union(new.index)
        return index, _values(old.reindex(index)), _values(new.reindex(index))
    n = max(len(a), len(b))
    x, y = (np.concatenate([v, np.full(n - len(v), np.nan)]) for v in (a, b))
    return pd.RangeIndex(n), x, y


def _values(equity: pd.Series[float]) -> F64:
    return np.ascontiguousarray(equity.to_numpy(), np.float64)


def _is_intraday(index: pd.Index) -> bool:
    return isinstance(index, pd.DatetimeIndex) and bool((index != index.normalize()).any())


def _gap_scale(gap: F64, same: bool) -> tuple[list[float], list[str], float, float]:
    finite = gap[np.isfinite(gap)]
    if same or not len(finite) or not finite.any():
        return [0.0], ["0"], -1.0, 1.0
    low, high = min(0.0, float(finite.min())), max(0.0, float(finite.max()))
    pad = (high - low) * 0.1
    ticks = round_ticks(low, high, 4)
    return ticks, money_labels(ticks), low - pad * (low < 0), high + pad * (high > 0)


def _names(a: F64, b: F64, t: Theme, same: bool) -> list[EndLabel]:
    x, y = a[np.isfinite(a)], b[np.isfinite(b)]
    if same:
        return [EndLabel(y[-1], f"both\n{_return(y)}", t.series, bold=True)] if len(y) else []
    names = [EndLabel(x[-1], f"old\n{_return(x)}", t.ink2)] if len(x) else []
    return names + ([EndLabel(y[-1], f"new\n{_return(y)}", t.series, bold=True)] if len(y) else [])


def _return(equity: F64) -> str:
    """Of what the equity began with; a figure of the picture, not the metric."""
    known = equity[np.isfinite(equity)]
    return str(percent(float(known[-1] / known[0] - 1))) if len(known) and known[0] else "no equity"


def _same_said(gap: F64) -> str:
    """Of equities that are equal within the tolerance: whether they are so to the last bit."""
    largest = float(np.abs(gap[np.isfinite(gap)]).max(initial=0.0))
    return "0 on every bar" if largest == 0 else f"at most {largest:.0e}"


def _gap_said(gap: F64) -> str:
    known = gap[np.isfinite(gap)]
    if not len(known):
        return "no bar in common"
    said = str(money(float(known[-1]), signed=True))
    return said if said.strip(f"0.,{MINUS}+") or not known.any() else "nearly 0"


def _mark(
    top: Axes, bottom: Axes, t: Theme, axis: TimeAxis, bar: int, moment: Any, *, room: tuple[float, float]
) -> None:
    """A dashed line where they part, named above the upper panel, where no curve can cross the words.

    room  CSS pixels that the panel's heading takes there, and those of the whole panel
    """
    at = axis.index.get_indexer(pd.Index([moment]))[0] if axis.is_time and axis.index.is_unique else bar
    at = min(max(int(at), 0), len(axis.index) - 1)
    place = float(axis.x([at])[0])
    for ax in (top, bottom):
        ax.axvline(place, color=t.ink, linewidth=0.8, linestyle=(0, (2, 2)), zorder=4)
    said = f"they part at bar {bar:,}" + (f", {_when(moment)}" if axis.is_time else "")
    (low, high), (taken, width) = axis.limits, room
    ends = max(width - text_width(said), 0.0)
    left = min(max((place - low) / (high - low) * width, taken + _APART), ends)
    top.annotate(
        said, xy=(left / width, 1), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", ha="left",
        va="bottom", annotation_clip=False, zorder=5, **text_style(t.ink),
    )  # fmt: skip


def _when(moment: Any) -> str:
    return str(moment).removesuffix(" 00:00:00")
