"""The horizontal axis of a history: where bars stand, and which of them are named.

Days and longer bars stand at their dates; intraday bars stand side by side, so that nights and weekends take no room;
bars without times stand at their numbers. Names are in the source's local time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.display.picture import round_ticks, thinned
from adm_notebook.market.arrays import F64

__all__ = ["TimeAxis"]

_DAY = 86_400.0
# span in seconds up to which a step is used, offset between ticks, format of a tick
_STEPS: tuple[tuple[float, str, str], ...] = (
    (8 * 60, "1min", "%H:%M"), (40 * 60, "5min", "%H:%M"), (90 * 60, "10min", "%H:%M"), (4 * 3600, "30min", "%H:%M"),
    (9 * 3600, "1h", "%H:%M"), (1.2 * _DAY, "2h", "%H:%M"), (2.5 * _DAY, "6h", "%H:%M"), (10 * _DAY, "1D", "%Y-%m-%d"),
    (60 * _DAY, "W-MON", "%Y-%m-%d"), (400 * _DAY, "MS", "%Y-%m"), (3 * 365 * _DAY, "QS", "%Y-%m"),
)  # fmt: skip


class TimeAxis:
    """Positions of bars on the axis, and its ticks."""

    def __init__(self, index: pd.Index, *, side_by_side: bool = False) -> None:
        self.index = index
        self.is_time = isinstance(index, pd.DatetimeIndex) and len(index) > 0
        self.is_dated = self.is_time and not side_by_side

    def x(self, bars: Sequence[int] | np.ndarray[Any, Any]) -> F64:
        """Where these bars stand."""
        bars = np.asarray(bars, np.int64)
        if not self.is_dated:
            return bars.astype(float)
        return _seconds(_local(pd.DatetimeIndex(self.index[bars]))) / _DAY

    @property
    def limits(self) -> tuple[float, float]:
        """First and last bar; a little more where there is but one."""
        first, last = self.x([0, len(self.index) - 1])
        return (first, last) if last > first else (first - 0.5, last + 0.5)

    def ticks(self, width: float) -> tuple[list[float], list[str]]:
        """Places and names on an axis of `width` CSS pixels, none of them touching."""
        at, labels, ranks = self.moments()
        low, high = self.limits
        pixels = [(x - low) / (high - low) * width for x in at]
        keep = thinned(pixels, labels, ranks)
        return [at[i] for i in keep], [labels[i] for i in keep]

    def moments(self) -> tuple[list[float], list[str], list[int]]:
        """Places, names and ranks of all ticks, before those that would touch are left out."""
        return self._timed() if self.is_time else self._numbered()

    def _numbered(self) -> tuple[list[float], list[str], list[int]]:
        at = [x for x in round_ticks(*self.limits, 8) if x == int(x) and 0 <= x < len(self.index)]
        return at, [f"{x:,.0f}" for x in at], [0] * len(at)

    def _timed(self) -> tuple[list[float], list[str], list[int]]:
        index = pd.DatetimeIndex(self.index)
        first, last = index[0], index[-1]
        span = (last - first).total_seconds()
        if span == 0:
            return list(self.x([0])), [_day(first)], [0]
        steps = [(most, s, f) for most, s, f in _STEPS if not (self.is_dated and f == "%H:%M")]
        step, form = next(((s, f) for most, s, f in steps if span <= most), ("YS", "%Y"))
        start = first.floor(step) if step.endswith(("min", "h")) else first.normalize()
        times = pd.date_range(start, last, freq=step, tz=start.tz)
        if step == "YS":
            years = next(n for n in (1, 2, 5, 10, 20, 50, 100, 1000) if len(times) / n <= 12)
            times = times[times.year % years == 0]
        times = times[times >= first]
        if len(times) < 2:
            times, form = pd.DatetimeIndex([first, last]), "%Y-%m-%d" if span > _DAY else "%H:%M"
        bars = np.minimum(index.searchsorted(times.as_unit(index.unit)), len(index) - 1)
        bars, firsts = np.unique(bars, return_index=True)
        times = times[firsts]
        at = _seconds(_local(times)) / _DAY if self.is_dated else bars.astype(float)
        if not form.startswith("%H"):
            return list(at), [f"{t:{form}}" for t in times], [0] * len(at)
        return self._clocks(list(at), index[bars], form)

    def _clocks(self, at: list[float], times: pd.DatetimeIndex, form: str) -> tuple[list[float], list[str], list[int]]:
        """Hours and minutes, the first of each day named by its date where there are several days."""
        days = [_day(t) for t in times]
        several = _day(self.index[0]) != _day(self.index[-1])
        new = [several and (i == 0 or day != days[i - 1]) for i, day in enumerate(days)]
        labels = [day if is_new else f"{t:{form}}" for day, is_new, t in zip(days, new, times, strict=True)]
        return at, labels, [int(n) for n in new]


def _day(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d}"


def _local(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return times.tz_localize(None) if times.tz is not None else times


def _seconds(times: pd.DatetimeIndex) -> F64:
    return times.as_unit("ns").asi8 / 1e9
