"""Prices at the resolution of a screen: bars put together into as many candles as there is room for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from adm_notebook.market.arrays import F64, Prices

__all__ = ["Candles", "candles_of", "seconds_of"]

NARROWEST = 3
"""CSS pixels that a candle takes."""

_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True)
class Candles:
    """Candles of `step` bars each, the last one of what is left.

    start, stop             the bars that they are made of: `start` to `stop` - 1
    at                      (n,) first bar of each
    open, high, low, close  (n,)
    """

    start: int
    stop: int
    step: int
    at: np.ndarray[tuple[int], np.dtype[np.int64]]
    open: F64
    high: F64
    low: F64
    close: F64


def candles_of(prices: Prices, start: int, stop: int, pixels: int) -> Candles:
    """The bars `start` to `stop` - 1 as candles that `pixels` CSS pixels have room for.

    A candle has 1, 2, 4, 8, ... bars and begins at a multiple of that, so that it stays the same while one pans. It
    opens with its first bar, closes with its last, and reaches as far as any of them.
    """
    n_bars = len(prices.close)
    start, stop = max(0, min(start, n_bars - 1)), max(1, min(stop, n_bars))
    stop = max(stop, start + 1)
    room = max(1, pixels // NARROWEST)
    step = 1
    while (stop - start) / step > room:
        step *= 2
    start -= start % step
    stop = min(n_bars, -(-stop // step) * step)
    at = np.arange(start, stop, step)
    inside = at - start
    return Candles(
        start,
        stop,
        step,
        at,
        prices.open[at],
        np.maximum.reduceat(prices.high[start:stop], inside),
        np.minimum.reduceat(prices.low[start:stop], inside),
        prices.close[np.minimum(at + step, stop) - 1],
    )


def seconds_of(index: pd.Index) -> tuple[F64, bool] | None:
    """(n_bars,) what a chart's time axis shows, and whether it is UTC: the clock of the bars' own zone, in seconds.

    Where a clock is put back that would run backwards, and UTC is taken. None where the bars have no times, or several
    in a second: they are numbered then.
    """
    if not isinstance(index, pd.DatetimeIndex):
        return None
    clocks = [index.tz_localize(None), index.tz_convert("UTC").tz_localize(None)] if index.tz is not None else [index]
    for k, clock in enumerate(clocks):
        seconds: F64 = np.floor(clock.asi8 / _TICKS[clock.unit])
        if (np.diff(seconds) > 0).all():
            return seconds, k > 0
    return None
