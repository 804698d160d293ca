"""Sizes and stops that follow the market: settings and bars in, a scale and two stops a bar out (docs/risk.md)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from adm_notebook.components import BarsLike, FeatureOf, Indicator, make_indicator
from adm_notebook.components.expressions import Derived
from adm_notebook.components.expressions.nodes import Feature
from adm_notebook.config.settings import Settings, StopDistance
from adm_notebook.engine.account import Signals
from adm_notebook.engine.metrics import periods_per_year
from adm_notebook.market.arrays import F64
from adm_notebook.market.calendar import Calendar

__all__ = ["FLAT", "Exposure", "exposed", "exposure", "indicators_of"]

FLAT = 1e-6
"""Of the price, in a bar: what moves less than this has not moved; rounding of indicators over flat prices does."""


class Exposure(NamedTuple):
    """What sizes and stops of an account are on each bar, if that is where a position is decided.

    scale        (n_bars,)  in [0, 1]: the share of the cash; None where the size is not scaled
    stop_loss    (n_bars,)  fraction of the base price, NaN where there is none; None where it is that of the settings
    take_profit  (n_bars,)  likewise
    lookback     the longest TA-Lib lookback among the indicators in use; 0 without any
    """

    scale: F64 | None
    stop_loss: F64 | None
    take_profit: F64 | None
    lookback: int


def indicators_of(settings: Settings) -> tuple[Indicator, ...]:
    """The distinct indicators that sizes and stops of these settings read."""
    found: list[Indicator] = []
    if settings.size_mode == "volatility":
        found.append(_volatility(settings.volatility.method, settings.volatility.period))
    found += [_distance(stop) for stop in (settings.stop_loss, settings.take_profit) if isinstance(stop, StopDistance)]
    return tuple(dict.fromkeys(found))


def exposure(settings: Settings, bars: BarsLike, feature: FeatureOf, calendar: Calendar) -> Exposure:
    """Scale and stops of every bar, in whole arrays.

    Parameters
    ----------
    settings
        size_mode, size, volatility, stop_loss, take_profit and periods_per_year are read
    bars
        that have been checked
    feature
        outputs of `indicators_of(settings)` over these bars
    calendar
        of these bars
    """
    stop_loss = _stop(settings.stop_loss, bars, feature)
    scale = None
    if settings.size_mode == "volatility":
        estimate = settings.volatility
        values = feature(_volatility(estimate.method, estimate.period))[0]
        if estimate.method == "atr":
            values = values / bars.prices.close
        else:
            values = values * math.sqrt(estimate.period / (estimate.period - 1))  # TA-Lib divides by the period
        scale = _share(settings.size, _last_known(values) * math.sqrt(periods_per_year(calendar, settings)))
    elif settings.size_mode == "risk":
        distance = stop_loss
        if distance is None:
            distance = np.full(len(bars.prices.close), np.nan if settings.stop_loss is None else settings.stop_loss)
        scale = _share(settings.size, distance)
    lookback = max((indicator.lookback for indicator in indicators_of(settings)), default=0)
    return Exposure(scale, stop_loss, _stop(settings.take_profit, bars, feature), lookback)


def exposed(signals: Signals, exposure: Exposure) -> Signals:
    """The signals with these stops, their strength scaled."""
    scale, strength = exposure.scale, signals.strength
    if scale is not None:
        strength = scale if strength is None else strength * scale
    return signals._replace(strength=strength, stop_loss=exposure.stop_loss, take_profit=exposure.take_profit)


def _stop(stop: float | StopDistance | None, bars: BarsLike, feature: FeatureOf) -> F64 | None:
    if not isinstance(stop, StopDistance):
        return None
    return _last_known(feature(_distance(stop))[0] / bars.prices.close) * stop.multiple


def _share(size: float, risk: F64) -> F64:
    """min(1, size / risk), 0 where the risk is not known."""
    share = np.minimum(1.0, size / risk)
    share[np.isnan(share)] = 0.0
    return share


def _last_known(values: F64) -> F64:
    """Values above FLAT, each carried on over bars without one; NaN before the first."""
    known = values > FLAT  # NaN is not
    bar = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(bar < 0, np.nan, values[bar])


def _distance(stop: StopDistance) -> Indicator:
    return _indicator("atr" if stop.std is None else "stddev", stop.period)


def _volatility(method: str, period: int) -> Indicator:
    return _indicator("atr" if method == "atr" else "stddev of returns", period)


@lru_cache(maxsize=4_096)
def _indicator(measure: str, period: int) -> Indicator:
    if measure == "stddev of returns":
        returns = Derived(Feature(make_indicator("rocp", 1)))  # C[t] / C[t-1] - 1
        return make_indicator("stddev", period, inputs=(returns,))
    return make_indicator(measure, period)
