"""Indicators that not every TA-Lib has, and no expression can say, since they refer to their own last value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.components.talib_functions import TalibFunction
from adm_notebook.jit import jit, readonly
from adm_notebook.market.arrays import F64

if TYPE_CHECKING:
    from adm_notebook.components.indicators import IndicatorFunction

__all__ = ["OwnFunction", "own_indicators", "supertrend_nb"]


@dataclass(frozen=True, eq=False)
class OwnFunction(TalibFunction):
    """A function in the shape of TA-Lib's: checked, shown and computed in the same way.

    described  what TA-Lib's abstract interface would say of it
    code       `code(*inputs, *parameters)`: its outputs over bars without gaps
    warm_up    `warm_up(*parameters)`: bars before its first output; below 0 where a parameter is out of its range
    """

    described: Mapping[str, Any]
    code: Callable[..., tuple[F64, ...]]
    warm_up: Callable[..., int]

    @cached_property
    def _info(self) -> Mapping[str, Any]:
        return self.described

    @cached_property
    def _call(self) -> Any:
        return self.code

    def lookback(self, parameters: tuple[Any, ...]) -> int:
        """Bars before its first output, with these parameters."""
        return self.warm_up(*parameters)


@lru_cache(maxsize=1)
def own_indicators() -> Mapping[str, IndicatorFunction]:
    """All of them by lower-case name. Where the TA-Lib that is installed has one of that name, that is taken."""
    supertrend = OwnFunction(
        "SUPERTREND",
        {
            "display_name": "SuperTrend",
            "group": "Overlap Studies",
            "parameters": {"timeperiod": 10, "multiplier": 3.0},
            "input_names": {"prices": ["high", "low", "close"]},
            "output_names": ["supertrend", "trend"],
        },
        _supertrend,
        lambda timeperiod, multiplier: timeperiod if 2 <= timeperiod <= 100_000 and 0 <= multiplier <= 3e37 else -1,
    )
    return {"supertrend": supertrend}


def _supertrend(high: F64, low: F64, close: F64, timeperiod: int, multiplier: float) -> tuple[F64, ...]:
    atr = import_module("talib").ATR(high, low, close, timeperiod)
    return supertrend_nb(readonly(high), readonly(low), readonly(close), readonly(atr), multiplier, timeperiod)


@jit
def supertrend_nb(high: F64, low: F64, close: F64, atr: F64, multiplier: float, first: int) -> tuple[F64, F64]:
    """Bands that only tighten while closes stay within them, and the side on which the last close broke out.

    Figures are those of TA-Lib's SUPERTREND, which it has from 0.8 on.

    high, low, close  (n_bars,)  quote currency
    atr               (n_bars,)  average true range, read from bar `first` on
    multiplier        scalar     average true ranges from the middle of a bar, (high + low) / 2, to its bands
    first             scalar     bar on which it begins, its trend up
    returns           (n_bars,)  the lower band while the trend is up, else the upper one; NaN before `first`
                      (n_bars,)  the trend, +1 or -1; NaN before `first`
    """
    n = close.shape[0]
    line, trend = np.full(n, np.nan), np.full(n, np.nan)
    upper, lower, up = np.inf, -np.inf, True
    for t in range(first, n):
        middle, reach = (high[t] + low[t]) / 2.0, multiplier * atr[t]
        if t == first or middle + reach < upper or close[t - 1] > upper:
            upper = middle + reach
        if t == first or middle - reach > lower or close[t - 1] < lower:
            lower = middle - reach
        if t > first:
            up = close[t] >= lower if up else close[t] > upper
        line[t] = lower if up else upper
        trend[t] = 1.0 if up else -1.0
    return line, trend
