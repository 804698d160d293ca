"""Sizes and stops that follow the market, bar by bar in plain Python, to be read beside docs/risk.md."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from adm_notebook.components import BarsLike, FeatureOf, Indicator, make_indicator
from adm_notebook.components.expressions import Derived
from adm_notebook.components.expressions.nodes import Feature
from adm_notebook.config.settings import Settings, StopDistance
from adm_notebook.engine.account import Signals
from adm_notebook.engine.exposure import Exposure
from adm_notebook.engine.reference_metrics import periods_per_year
from adm_notebook.market.arrays import I64

__all__ = ["days_of", "exposed", "exposure"]

LEAST_MOVE = 1e-6  # of the price, in a bar; less is none
FIRST_DAY = 719_163  # date(1970, 1, 1).toordinal()


def exposure(settings: Settings, bars: BarsLike, feature: FeatureOf) -> Exposure:
    """Scale and stops of every bar.

    Parameters
    ----------
    settings
        size_mode, size, volatility, stop_loss, take_profit and periods_per_year are read.
    bars
        that have been checked.
    feature
        outputs of an indicator over these bars.
    """
    closes: list[float] = bars.prices.close.tolist()
    lookbacks = [0]

    def values_of(indicator: Indicator) -> list[float]:
        lookbacks.append(indicator.lookback)
        values: list[float] = feature(indicator)[0].tolist()
        return values

    def stops(stop: float | StopDistance | None) -> list[float]:
        """The fraction that a position has which is decided on each bar."""
        if stop is None:
            return [math.nan] * len(closes)
        if not isinstance(stop, StopDistance):
            return [stop] * len(closes)
        name = "stddev" if stop.atr is None else "atr"
        moves = [v / c for v, c in zip(values_of(make_indicator(name, stop.period)), closes, strict=True)]
        return [stop.multiple * move for move in carried(moves)]

    stop_losses, take_profits = stops(settings.stop_loss), stops(settings.take_profit)
    scale = None
    if settings.size_mode == "risk":
        scale = [fraction(settings.size, stop) for stop in stop_losses]
    elif settings.size_mode == "volatility":
        period = settings.volatility.period
        if settings.volatility.method == "atr":
            moves = [v / c for v, c in zip(values_of(make_indicator("atr", period)), closes, strict=True)]
        else:
            one_bar_returns = Derived(Feature(make_indicator("rocp", 1)))
            deviations = values_of(make_indicator("stddev", period, inputs=(one_bar_returns,)))
            moves = [math.sqrt(d * d * period / (period - 1)) for d in deviations]  # n to n - 1 degrees of freedom
        periods = periods_per_year(bars.index, settings)
        scale = [fraction(settings.size, move * math.sqrt(periods)) for move in carried(moves)]
    return Exposure(
        scale=None if scale is None else np.array(scale, dtype=np.float64),
        stop_loss=np.array(stop_losses, dtype=np.float64) if isinstance(settings.stop_loss, StopDistance) else None,
        take_profit=np.array(take_profits, dtype=np.float64)
        if isinstance(settings.take_profit, StopDistance)
        else None,
        lookback=max(lookbacks),
    )


def carried(moves: list[float]) -> list[float]:
    """Each bar's move, or the last one that was known; NaN before the first."""
    last, found = math.nan, []
    for move in moves:
        if move > LEAST_MOVE:
            last = move
        found.append(last)
    return found


def fraction(size: float, risk: float) -> float:
    """Share of the cash that makes a position of this risk one of `size`; at most 1, and 0 of an unknown risk."""
    return 0.0 if math.isnan(risk) else min(1.0, size / risk)


def exposed(signals: Signals, found: Exposure) -> Signals:
    """The signals with the stops of `found`, and its scale times their strength."""
    strength = signals.strength
    if found.scale is not None:
        strengths = [1.0] * len(found.scale) if strength is None else strength.tolist()
        strength = np.array([a * b for a, b in zip(strengths, found.scale.tolist(), strict=True)], dtype=np.float64)
    return Signals(
        signals.long_entry,
        signals.long_exit,
        signals.short_entry,
        signals.short_exit,
        strength,
        found.stop_loss,
        found.take_profit,
    )


def days_of(index: pd.Index) -> I64 | None:
    """(n_bars,) the local calendar day of each bar, since 1970-01-01; None without times."""
    if not isinstance(index, pd.DatetimeIndex):
        return None
    return np.array([time.toordinal() - FIRST_DAY for time in index], dtype=np.int64)
