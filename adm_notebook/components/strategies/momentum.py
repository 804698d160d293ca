"""Momentum: how far prices have come, and whether that quickens."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from adm_notebook.components.rules import Rules
from adm_notebook.components.strategies.base import BARS, BuiltIn, older

__all__ = ["Macd", "Momentum", "Ppo", "RateOfChange", "Trix"]


class Momentum(BuiltIn):
    """Long while the close is more than `threshold` above that of `lookback` bars before, short while as far below."""

    name = "momentum"
    aliases: ClassVar[tuple[str, ...]] = ("simple_momentum", "momentum_strategy", "price_momentum")
    older_names = older(
        lookback="lookback_period lookback_window period window momentum_period",
        threshold="momentum_threshold min_momentum",
    )
    source = "Moskowitz, Ooi and Pedersen (2012), time series momentum, Journal of Financial Economics 104(2)"
    titled = ("lookback",)

    lookback: int = Field(20, ge=1, le=BARS, description="bars to the close that it compares with")
    threshold: float = Field(0.0, ge=0, description="least change, a fraction: 0.02 is 2%")

    def rules(self) -> Rules:
        change = "close / close[lookback] - 1"
        return self._target(f"{change} > threshold", f"{change} < -threshold")


class RateOfChange(BuiltIn):
    """Buys when the rate of change in percent is above `threshold`, sells when it is below 0; shorts mirrored."""

    name = "roc"
    aliases: ClassVar[tuple[str, ...]] = ("rate_of_change", "roc_strategy", "roc_momentum")
    older_names = older(
        period="roc_period lookback lookback_period window timeperiod",
        threshold="roc_threshold entry entry_threshold",
    )
    source = "Murphy (1999), Technical Analysis of the Financial Markets"
    titled = ("period",)

    period: int = Field(12, ge=1, le=BARS, description="bars over which the change is measured")
    threshold: float = Field(0.0, ge=0, description="percent that it must exceed to enter: 2 is 2%")

    def rules(self) -> Rules:
        up, down = "roc(period) > 0", "roc(period) < 0"
        return self._flags(
            long_entry="roc(period) > threshold", long_exit=down, short_entry="roc(period) < -threshold", short_exit=up
        )


class Macd(BuiltIn):
    """Long while the MACD is above its signal line, short while below; equal lines change nothing."""

    name = "macd"
    aliases: ClassVar[tuple[str, ...]] = ("macd_crossover", "macd_cross", "macd_signal", "macd_strategy")
    older_names = older(
        fast="fast_period fastperiod fast_window macd_fast",
        slow="slow_period slowperiod slow_window macd_slow",
        signal="signal_period signalperiod signal_window macd_signal",
    )
    source = "Appel (1979), The Moving Average Convergence Divergence Trading Method"
    titled = ("fast", "slow", "signal")

    fast: int = Field(12, ge=2, le=BARS, description="bars in the fast exponential average")
    slow: int = Field(26, ge=2, le=BARS, description="bars in the slow exponential average")
    signal: int = Field(9, ge=1, le=BARS, description="bars in the signal line, an exponential average of the MACD")

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        self._refuse_unless_shorter("fast", "slow")
        return self

    def rules(self) -> Rules:
        line, signal = "macd(fast, slow, signal).macd", "macd(fast, slow, signal).signal"
        return self._target(f"{line} > {signal}", f"{line} < {signal}", keep=True)


class Ppo(BuiltIn):
    """Long while the percentage price oscillator is above its signal line, short while below; equal changes nothing."""

    name = "ppo"
    aliases: ClassVar[tuple[str, ...]] = ("percentage_price_oscillator", "ppo_crossover", "ppo_strategy")
    older_names = older(
        fast="fast_period fastperiod fast_window",
        slow="slow_period slowperiod slow_window",
        signal="signal_period signalperiod signal_window",
    )
    source = "Appel (2005), Technical Analysis: Power Tools for Active Investors; both averages are exponential"
    titled = ("fast", "slow", "signal")

    fast: int = Field(12, ge=2, le=BARS, description="bars in the fast exponential average")
    slow: int = Field(26, ge=2, le=BARS, description="bars in the slow exponential average")
    signal: int = Field(9, ge=1, le=BARS, description="bars in the signal line, an exponential average of the PPO")

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        self._refuse_unless_shorter("fast", "slow")
        return self

    def rules(self) -> Rules:
        line = "ppo(fast, slow, ema)"
        signal = f"ema({line}, signal)"
        return self._target(f"{line} > {signal}", f"{line} < {signal}", keep=True)


class Trix(BuiltIn):
    """Long while TRIX is above its signal line, short while below; equal lines change nothing."""

    name = "trix"
    aliases: ClassVar[tuple[str, ...]] = ("trix_crossover", "trix_cross", "trix_strategy")
    older_names = older(
        period="trix_period lookback window timeperiod",
        signal="signal_period signalperiod signal_window",
    )
    source = (
        "Hutson (1983), Good Trix, Stocks & Commodities 1(5): the change of a triple exponential average, in percent"
    )
    titled = ("period", "signal")

    period: int = Field(15, ge=1, le=BARS, description="bars in each of the three exponential averages")
    signal: int = Field(9, ge=1, le=BARS, description="bars in the signal line, an exponential average of TRIX")

    def rules(self) -> Rules:
        line, signal = "trix(period)", "ema(trix(period), signal)"
        return self._target(f"{line} > {signal}", f"{line} < {signal}", keep=True)
