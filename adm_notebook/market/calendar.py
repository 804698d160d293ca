"""What metrics need to know of a time axis, worked out once: bars in a year, ends of days, the timeframe's name."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from adm_notebook.errors import DataError
from adm_notebook.jit import jit, readonly
from adm_notebook.market.arrays import I64, Bool

__all__ = ["Calendar"]

DAY = 86_400  # seconds
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # of a DatetimeIndex, in a second, by its unit
_NONE = readonly(np.empty(0, np.int64))


@dataclass(frozen=True)
class Calendar:
    """The time axis of some bars, as the metrics of the specification (section 11) see it.

    Attributes
    ----------
    has_time
        whether the bars have times at all
    n_bars
        how many there are
    periods_per_year
        the rule `auto`: bars in a year
    spacing_periods
        365 days over the median spacing of two bars, as the preset `vectorbt` counts; without a spacing, days a year
    days_per_year
        252, 313 (six-day weeks) or 365, by the share of bars on weekends
    spacing
        median seconds from one bar to the next; NaN without times, or of a single bar
    bars_per_day
        median number of bars on a local calendar day that has bars; NaN without times
    label
        name of the timeframe, for display before the word bars: `daily`, `5-minute`, ...; empty without times, or of a
        single bar
    period_ends
        (n_periods,) last bar of each local day, or of each week (to Sunday), month or year where bars are that far
        apart: where `metrics_style: backtesting.py` reads the equity; empty without times
    peer_periods_per_year
        how many of these periods make a year for that peer; NaN without times
    day_runs
        local calendar days since 1970-01-01, and the number of bars of each, one after the other; empty without times
    notes
        sentences for the user, where something had to be assumed
    """

    has_time: bool
    n_bars: int
    periods_per_year: float
    spacing_periods: float
    days_per_year: float
    spacing: float
    bars_per_day: float
    label: str
    period_ends: I64 = field(compare=False, repr=False)
    peer_periods_per_year: float
    day_runs: tuple[I64, I64] = field(default=(_NONE, _NONE), compare=False, repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def days(self) -> I64:
        """(n_bars,) the local calendar day of each bar, since 1970-01-01; empty without times."""
        return readonly(np.repeat(*self.day_runs))

    @property
    def intraday(self) -> bool:
        """Whether bars are less than a day apart."""
        return self.bars_per_day > 1 or self.spacing < 0.9 * DAY

    @classmethod
    def of(cls, index: pd.Index) -> Calendar:
        """The calendar of bars with this index, in one pass over its times.

        Raises
        ------
        DataError
            if there are no bars, or the time of one is missing.
        """
        if not len(index):
            raise DataError("there are no bars", "A calendar, and a backtest, need one bar at least.")
        if not isinstance(index, pd.DatetimeIndex):
            return cls(
                has_time=False,
                n_bars=len(index),
                periods_per_year=252.0,
                spacing_periods=252.0,
                days_per_year=252.0,
                spacing=np.nan,
                bars_per_day=np.nan,
                label="",
                period_ends=np.empty(0, np.int64),
                peer_periods_per_year=np.nan,
                notes=("the bars have no times: 252 are taken for a year; set periods_per_year if that is wrong",),
            )
        if index.hasnans:
            raise DataError(f"bar {int(np.argmax(index.isna()))} has no time (NaT)", "Drop it, or give it its time.")

        days, ends, counts, runs = _days(index)
        weekend = int(counts[_weekday(days) >= 5].sum()) / len(index)
        days_per_year = 252.0 if weekend < 1 / 8 else 313.0 if weekend <= 1 / 5 else 365.0
        bars_per_day = float(np.median(counts))
        spacing = _median_spacing(index)
        last_of_period, peer_periods_per_year = _peer_periods(index, days, weekend)
        return cls(
            has_time=True,
            n_bars=len(index),
            periods_per_year=_periods_per_year(days_per_year, bars_per_day, spacing / DAY),
            spacing_periods=365 * DAY / spacing if spacing > 0 else days_per_year,
            days_per_year=days_per_year,
            spacing=spacing,
            bars_per_day=bars_per_day,
            label=_label(spacing),
            period_ends=ends[last_of_period],
            peer_periods_per_year=peer_periods_per_year,
            day_runs=runs,
        )


def _periods_per_year(days_per_year: float, bars_per_day: float, spacing: float) -> float:
    """The rule `auto`; spacing in days, NaN of a single bar."""
    if np.isnan(spacing):
        return days_per_year
    if bars_per_day > 1:
        return days_per_year * bars_per_day
    if spacing <= 1.5:
        return days_per_year
    for least, most, periods in ((5, 10, 52.0), (26, 45, 12.0), (80, 100, 4.0)):
        if least <= spacing <= most:
            return periods
    return 365 / spacing


def _peer_periods(index: pd.DatetimeIndex, days: I64, weekend: float) -> tuple[Bool, float]:
    """Which days end a period whose return backtesting.py looks at, and how many make a year (its `compute_stats`)."""
    recent = _median_spacing(index[-100:])
    whole_days = -1 if np.isnan(recent) else int(recent // DAY)
    date = days.astype("datetime64[D]")
    if whole_days == 7:
        period, periods = (days - _weekday(days)), 52.0  # its Monday
    elif whole_days == 31:
        period, periods = date.astype("datetime64[M]").astype(np.int64), 12.0
    elif whole_days == 365:
        period, periods = date.astype("datetime64[Y]").astype(np.int64), 1.0
    else:
        period, periods = days, 365.0 if weekend > 2 / 7 * 0.6 else 252.0
    return np.append(period[1:] != period[:-1], True), periods


def _weekday(days: I64) -> I64:
    """0 = Monday, of days since 1970-01-01, a Thursday."""
    return (days + 3) % 7


def _median_spacing(index: pd.DatetimeIndex) -> float:
    """Median seconds from one bar to the next; NaN of a single bar."""
    steps = np.diff(index.asi8)
    if not len(steps):
        return np.nan
    likely = np.sort(steps[:101])[len(steps[:101]) // 2]
    if 2 * np.count_nonzero(steps == likely) > len(steps):  # more than half of them: no need to sort a million
        return float(likely) / TICKS[index.unit]
    return float(np.median(steps)) / TICKS[index.unit]


def _label(spacing: float) -> str:
    if np.isnan(spacing):
        return ""
    for name, least, most in (("daily", 0.9, 1.5), ("weekly", 5, 10), ("monthly", 26, 45), ("quarterly", 80, 100)):
        if least * DAY <= spacing <= most * DAY:
            return name
    if 360 * DAY <= spacing <= 370 * DAY:
        return "yearly"
    for unit, seconds in (("day", DAY), ("hour", 3600), ("minute", 60), ("second", 1)):
        if spacing >= seconds:
            count = spacing / seconds
            return "hourly" if (unit, count) == ("hour", 1) else f"{count:.3g}-{unit}"
    return f"{spacing * 1000:.3g}-millisecond"


def _days(index: pd.DatetimeIndex) -> tuple[I64, I64, I64, tuple[I64, I64]]:
    """Local calendar days that have bars: since 1970-01-01, the last bar of each, and its number of bars.

    Besides, days and numbers of bars in the order of the bars, where a day may come again: `Calendar.day_runs`.
    """
    ticks = TICKS[index.unit]
    times, changes, offsets = _wall_clock(index)
    days, ends, ordered = days_of(readonly(times), changes * ticks, offsets * ticks, DAY * ticks)
    if ordered:
        counts = np.diff(ends, prepend=-1)
        return days, ends, counts, (days, counts)
    # Clocks that were set back over midnight give a day's bars in two runs; bars out of order any number of them.
    day_of_bar = index.tz_localize(None).asi8 // (DAY * ticks)
    by_day = np.argsort(day_of_bar, kind="stable")
    days, first, counts = np.unique(day_of_bar[by_day], return_index=True, return_counts=True)
    last_of_run = np.flatnonzero(np.append(day_of_bar[1:] != day_of_bar[:-1], True))
    runs = day_of_bar[last_of_run], np.diff(last_of_run, prepend=-1)
    return days, by_day[first + counts - 1], counts, runs


def _wall_clock(index: pd.DatetimeIndex) -> tuple[I64, I64, I64]:
    """Times in ticks, the instants at which local clocks change, and the offsets to add before, between and after them.

    Instants and offsets are in seconds. Conversion by pandas takes longer than everything else here: where bars are
    dense it is asked for the offset of each hour instead of that of each bar.
    """
    none, zero = np.empty(0, np.int64), np.zeros(1, np.int64)
    if index.tz is None:
        return index.asi8, none, zero
    first, last = (int(t.timestamp() // 3600) for t in (index[0], index[-1]))
    if not 0 <= 4 * (last - first) < len(index):
        return index.tz_localize(None).asi8, none, zero
    hours = np.arange(first, last + 2, dtype=np.int64) * 3600
    offsets = _utc_offsets(hours, index)
    differs = np.flatnonzero(offsets[1:] != offsets[:-1])
    before, after = hours[differs], hours[differs + 1]
    while len(differs) and int((after - before).max()) > 1:  # bisect to the second
        middle = (before + after) // 2
        unchanged = _utc_offsets(middle, index) == offsets[differs]
        before, after = np.where(unchanged, middle, before), np.where(unchanged, after, middle)
    return index.asi8, after, np.append(offsets[:1], offsets[differs + 1])


def _utc_offsets(seconds: I64, index: pd.DatetimeIndex) -> I64:
    local = pd.DatetimeIndex(seconds.astype("datetime64[s]"), tz="UTC").tz_convert(index.tz).tz_localize(None)
    return local.asi8 // TICKS[local.unit] - seconds


@jit
def days_of(times: I64, changes: I64, offsets: I64, day: int) -> tuple[I64, I64, bool]:
    """The calendar days of some times, in one pass.

    times    (n_bars,)     ticks since 1970-01-01 UTC
    changes  (n_changes,)  ticks; from changes[k] on, offsets[k + 1] holds
    offsets  (n_changes + 1,)  ticks to add for local time
    day      ticks in a day
    days     (n_days,)     days since 1970-01-01, local
    ends     (n_days,)     the last bar of each
    ordered  whether times and days came in order; if not, the other results are worthless
    """
    n_bars = times.shape[0]
    days, ends = np.empty(n_bars, np.int64), np.empty(n_bars, np.int64)
    n_days, k = 0, 0
    begin = end = 0  # of the day at hand, in local ticks
    for i in range(n_bars):
        if i > 0 and times[i] < times[i - 1]:
            return days[:0], ends[:0], False
        while k < changes.shape[0] and times[i] >= changes[k]:
            k += 1
        local = times[i] + offsets[k]
        if i == 0 or not begin <= local < end:
            today = local // day
            if i > 0 and today < days[n_days - 1]:
                return days[:0], ends[:0], False
            begin, end = today * day, (today + 1) * day
            days[n_days] = today
            n_days += 1
        ends[n_days - 1] = i
    return days[:n_days].copy(), ends[:n_days].copy(), True
