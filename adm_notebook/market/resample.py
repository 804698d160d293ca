"""Longer bars from shorter ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from adm_notebook.config.timeframe import Timeframe
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.market.arrays import I64, Prices

__all__ = ["resample"]

_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_SECONDS = {"s": 1, "min": 60, "h": 3_600}
_MONDAY = 3  # 1970-01-01 was a Thursday, three days after a Monday


def resample(index: pd.DatetimeIndex, prices: Prices, timeframe: Timeframe) -> tuple[pd.DatetimeIndex, Prices]:
    """Bars of `timeframe`, left-closed and left-labelled, in the zone of `index`; bins without bars are left out.

    Bins shorter than a day are counted from each local midnight in elapsed time; the day's last one ends at the next
    midnight. Days, weeks (from Monday) and months begin at local midnight; several of them are counted from 1970, so
    that 3mo are calendar quarters, whatever day the data begin.

    Parameters
    ----------
    index
        (n_bars,), strictly increasing.
    prices
        (n_bars,) each.

    Returns
    -------
    times and prices of the bins: the first open, highest high, lowest low, last close, and the sum of volume.

    Raises
    ------
    ConfigError
        if the bars are longer than `timeframe`, by their median spacing.
    """
    ticks = index.asi8
    second = _TICKS[index.unit]
    if len(index) > 1:
        spacing = float(np.median(np.diff(ticks))) / second
        if timeframe.seconds < spacing:
            raise ConfigError(
                Problem(
                    "data_config.timeframe",
                    f"{timeframe} is finer than the data, with bars {_length(spacing)} apart; write that or longer",
                )
            )
    wall = ticks if index.tz is None else index.tz_localize(None).asi8
    day = np.maximum.accumulate(
        wall // (86_400 * second)
    )  # where a clock is set back over midnight the day stays the new one
    if timeframe.intraday:
        starts, labels = _within_days(index, day, timeframe.n * _SECONDS[timeframe.unit] * second)
    else:
        starts, labels = _whole_days(index, day, timeframe)
    ends = np.append(starts[1:], len(index)) - 1
    return labels, Prices(
        prices.open[starts],
        np.maximum.reduceat(prices.high, starts),
        np.minimum.reduceat(prices.low, starts),
        prices.close[ends],
        None if prices.volume is None else np.add.reduceat(prices.volume, starts),
    )


def _within_days(index: pd.DatetimeIndex, day: I64, length: int) -> tuple[I64, pd.DatetimeIndex]:
    first = _starts(day)
    midnights = _midnights(day[first], index).asi8
    midnight = np.repeat(midnights, np.diff(np.append(first, len(day))))
    label = midnight + (index.asi8 - midnight) // length * length
    starts = _starts(label)
    return starts, _from_ticks(label[starts], index)


def _whole_days(index: pd.DatetimeIndex, day: I64, timeframe: Timeframe) -> tuple[I64, pd.DatetimeIndex]:
    n = timeframe.n
    if timeframe.unit == "mo":
        first = _starts(day)
        months = day[first].astype("M8[D]").astype("M8[M]").astype(np.int64) // n
        own = _starts(months)
        return first[own], _midnights((months[own] * n).astype("M8[M]").astype("M8[D]").astype(np.int64), index)
    length, shift = (7 * n, _MONDAY) if timeframe.unit == "w" else (n, 0)
    bins = (day + shift) // length
    starts = _starts(bins)
    return starts, _midnights(bins[starts] * length - shift, index)


def _starts(keys: I64) -> I64:
    """Where a new key begins."""
    return np.concatenate((np.zeros(1, dtype=np.int64), np.flatnonzero(keys[1:] != keys[:-1]) + 1))


def _midnights(days: I64, index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The first moment of each local day, given in days since 1970; in the unit and zone of `index`."""
    naive = pd.DatetimeIndex(days.astype("M8[D]").astype("M8[s]")).as_unit(index.unit)
    if index.tz is None:
        return naive
    return naive.tz_localize(index.tz, ambiguous=np.ones(len(naive), dtype=np.bool_), nonexistent="shift_forward")


def _from_ticks(ticks: I64, index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    naive = pd.DatetimeIndex(ticks.view(f"M8[{index.unit}]"))
    return naive if index.tz is None else naive.tz_localize("UTC").tz_convert(index.tz)


def _length(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            count = seconds / size
            return f"{count:.3g} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"
