"""The built-in strategies: each a frozen parameter model that says its rules in the rule language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from adm_notebook.components.expressions import bind, parse_condition
from adm_notebook.components.rules import Direction, FlagRules, Rules, TargetRules
from adm_notebook.config.frozen import FrozenConfig

__all__ = ["BUILT_IN", "BuiltIn"]

MaType = Literal["sma", "ema", "wma", "dema", "tema", "trima", "kama", "t3"]

_BARS = 100_000
"""The longest window that TA-Lib takes."""


class BuiltIn(FrozenConfig):
    """Parameters of a built-in strategy; `rules` says what it does with them.

    name         its type in a config
    aliases      older names
    older_names  older names of its parameters
    source       where it comes from
    titled       the parameters that a title names
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    older_names: ClassVar[Mapping[str, str]] = {}
    source: ClassVar[str]
    titled: ClassVar[tuple[str, ...]] = ()

    direction: Direction = Field("long", description="which sides it trades: long, short or both")

    def rules(self) -> Rules:
        """Its conditions, with these parameters."""
        raise NotImplementedError

    def _flags(self, **conditions: str) -> FlagRules:
        """Conditions for the sides that `direction` trades."""
        sides = ("long", "short") if self.direction == "both" else (self.direction,)
        return FlagRules(**{flag: self._bound(text) for flag, text in conditions.items() if flag.startswith(sides)})

    def _bound(self, text: str) -> Any:
        return bind(parse_condition(text), self.__dict__)


class MovingAverageCrossover(BuiltIn):
    """Long while the fast moving average is above the slow one, short while it is below; equal averages change nothing."""

    name = "ma_crossover"
    aliases = (
        "moving_average_crossover",
        "sma_crossover",
        "sma_cross",
        "ma_cross",
        "moving_average",
        "dual_moving_average",
    )
    older_names: ClassVar[Mapping[str, str]] = {
        "fast_period": "fast", "fast_window": "fast", "fast_ma": "fast", "short_window": "fast", "short_period": "fast", "short_ma": "fast",
        "slow_period": "slow", "slow_window": "slow", "slow_ma": "slow", "long_window": "slow", "long_period": "slow", "long_ma": "slow",
        "matype": "ma_type", "average": "ma_type",
    }  # fmt: skip
    source = "Brock, Lakonishok and LeBaron (1992), Journal of Finance 47(5)"
    titled = ("fast", "slow")

    fast: int = Field(10, ge=1, le=_BARS, description="bars in the fast average")
    slow: int = Field(30, ge=1, le=_BARS, description="bars in the slow average")
    ma_type: MaType = Field("sma", description="kind of moving average, by its TA-Lib name")

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be shorter than slow, but they are {self.fast} and {self.slow} bars")
        return self

    def rules(self) -> Rules:
        fast, slow = f"{self.ma_type}(fast)", f"{self.ma_type}(slow)"
        return TargetRules(self._bound(f"{fast} > {slow}"), self._bound(f"{fast} < {slow}"), keep=True)


class ExponentialCrossover(MovingAverageCrossover):
    """ma_crossover with exponential averages: long while the fast one is above the slow one, short while it is below."""

    name = "ema_crossover"
    aliases = ("ema_cross", "exponential_moving_average_crossover")

    ma_type: MaType = Field("ema", description="kind of moving average, by its TA-Lib name")


class Momentum(BuiltIn):
    """Long while the close is above that of `lookback` bars before by more than `threshold`, short while below by as much."""

    name = "momentum"
    aliases = ("simple_momentum", "momentum_strategy", "price_momentum")
    older_names: ClassVar[Mapping[str, str]] = {
        "lookback_period": "lookback", "lookback_window": "lookback", "period": "lookback", "window": "lookback",
        "momentum_period": "lookback", "momentum_threshold": "threshold", "min_momentum": "threshold",
    }  # fmt: skip
    source = "Moskowitz, Ooi and Pedersen (2012), time series momentum, Journal of Financial Economics 104(2)"
    titled = ("lookback",)

    lookback: int = Field(20, ge=1, le=_BARS, description="bars to the close that it compares with")
    threshold: float = Field(0.0, ge=0, description="least change, a fraction: 0.02 is 2%")

    def rules(self) -> Rules:
        change = "close / close[lookback] - 1"
        return TargetRules(self._bound(f"{change} > threshold"), self._bound(f"{change} < -threshold"))


class MeanReversion(BuiltIn):
    """Buys when the close is `entry` standard deviations below its mean, sells when it is back within `exit`; shorts mirrored."""

    name = "mean_reversion"
    aliases = ("simple_mean_reversion", "mean_reversion_strategy", "bollinger_reversion", "zscore_reversion")
    older_names: ClassVar[Mapping[str, str]] = {
        "lookback": "period", "lookback_period": "period", "window": "period", "bb_period": "period", "entry_threshold": "entry",
        "entry_z": "entry", "entry_zscore": "entry", "num_std": "entry", "std_dev": "entry", "bb_std": "entry", "z_threshold": "entry",
        "exit_threshold": "exit", "exit_z": "exit", "exit_zscore": "exit",
    }  # fmt: skip
    source = "Bollinger (2001), Bollinger on Bollinger Bands; the mean is an SMA, the deviation that of the population"
    titled = ("period", "entry")

    period: int = Field(20, ge=2, le=_BARS, description="bars in mean and standard deviation")
    entry: float = Field(2.0, gt=0, description="standard deviations from the mean at which it enters")
    exit: float = Field(0.0, description="standard deviations from the mean at which it leaves; 0 is the mean itself")

    @model_validator(mode="after")
    def _leaves_nearer_the_mean(self) -> Self:
        if self.exit >= self.entry:
            raise ValueError(
                f"exit must be below entry, nearer the mean, but they are {self.exit:g} and {self.entry:g}"
            )
        return self

    def rules(self) -> Rules:
        mean, deviation = "sma(period)", "stddev(period, 1)"
        return self._flags(
            long_entry=f"close < {mean} - entry * {deviation}",
            long_exit=f"close >= {mean} - exit * {deviation}",
            short_entry=f"close > {mean} + entry * {deviation}",
            short_exit=f"close <= {mean} + exit * {deviation}",
        )


class Rsi(BuiltIn):
    """Buys when the RSI is below `entry` (oversold), sells when it is above `exit` (overbought); shorts the other way round."""

    name = "rsi"
    aliases = ("rsi_reversal", "rsi_mean_reversion", "rsi_strategy", "rsi_reversion")
    older_names: ClassVar[Mapping[str, str]] = {
        "rsi_period": "period", "lookback": "period", "lookback_period": "period", "timeperiod": "period", "window": "period",
        "oversold": "entry", "rsi_oversold": "entry", "oversold_threshold": "entry", "lower": "entry", "buy_threshold": "entry",
        "overbought": "exit", "rsi_overbought": "exit", "overbought_threshold": "exit", "upper": "exit", "sell_threshold": "exit",
    }  # fmt: skip
    source = "Wilder (1978), New Concepts in Technical Trading Systems"
    titled = ("period",)

    period: int = Field(14, ge=2, le=_BARS, description="bars in the RSI")
    entry: float = Field(30.0, ge=0, le=100, description="it buys (covers shorts) below this")
    exit: float = Field(70.0, ge=0, le=100, description="it sells (goes short) above this")

    @model_validator(mode="after")
    def _buys_low(self) -> Self:
        if self.entry >= self.exit:
            raise ValueError(f"entry must be below exit, but they are {self.entry:g} and {self.exit:g}")
        return self

    def rules(self) -> Rules:
        low, high = "rsi(period) < entry", "rsi(period) > exit"
        return self._flags(long_entry=low, long_exit=high, short_entry=high, short_exit=low)


class Breakout(BuiltIn):
    """Buys above the highest high of the `entry` bars before, sells below the lowest low of the `exit` bars before; shorts mirrored."""

    name = "breakout"
    aliases = ("channel_breakout", "donchian_breakout", "breakout_strategy", "turtle")
    older_names: ClassVar[Mapping[str, str]] = {
        "entry_period": "entry", "entry_window": "entry", "lookback": "entry", "lookback_period": "entry", "period": "entry",
        "window": "entry", "channel_period": "entry", "exit_period": "exit", "exit_window": "exit", "exit_lookback": "exit",
    }  # fmt: skip
    source = "Donchian's channel as the Turtles traded it: Faith (2007), Way of the Turtle, system 1"
    titled = ("entry", "exit")

    entry: int = Field(20, ge=2, le=_BARS, description="bars in the channel that it enters beyond")
    exit: int = Field(10, ge=2, le=_BARS, description="bars in the channel that it leaves beyond")

    def rules(self) -> Rules:
        return self._flags(
            long_entry="close > highest(high, entry)[1]",
            long_exit="close < lowest(low, exit)[1]",
            short_entry="close < lowest(low, entry)[1]",
            short_exit="close > highest(high, exit)[1]",
        )


class BuyAndHold(BuiltIn):
    """Buys at the first bar that may trade and holds to the last; what every other strategy is measured against."""

    name = "buy_and_hold"
    aliases = ("buy_hold", "buyandhold", "hold", "benchmark")
    source = "the plain benchmark; it reads no indicator"

    @model_validator(mode="after")
    def _goes_long(self) -> Self:
        if self.direction == "short":
            raise ValueError("buy_and_hold only goes long; with direction short it would never trade")
        return self

    def rules(self) -> Rules:
        return TargetRules(self._bound("True"), self._bound("False"))


BUILT_IN: tuple[type[BuiltIn], ...] = (
    MovingAverageCrossover, ExponentialCrossover, Momentum, MeanReversion, Rsi, Breakout, BuyAndHold,
)  # fmt: skip
"""In the order in which tables show them; `rule` comes after them."""
