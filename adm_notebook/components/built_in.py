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


def _older(**names: str) -> Mapping[str, str]:
    """Older names of parameters, from those of today: `_older(fast="fast_period short_window")`."""
    return {old: name for name, many in names.items() for old in many.split()}


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
    """Long while the fast moving average is above the slow one, short while below; equal averages change nothing."""

    name = "ma_crossover"
    aliases: ClassVar[tuple[str, ...]] = (
        "moving_average_crossover",
        "sma_crossover",
        "sma_cross",
        "ma_cross",
        "moving_average",
        "dual_moving_average",
    )
    older_names = _older(
        fast="fast_period fast_window fast_ma short_window short_period short_ma",
        slow="slow_period slow_window slow_ma long_window long_period long_ma",
        ma_type="matype average",
    )
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
    """Long while the fast exponential moving average is above the slow one, short while below."""

    name = "ema_crossover"
    aliases: ClassVar[tuple[str, ...]] = ("ema_cross", "exponential_moving_average_crossover")

    ma_type: MaType = Field("ema", description="kind of moving average, by its TA-Lib name")


class Momentum(BuiltIn):
    """Long while the close is more than `threshold` above that of `lookback` bars before, short while as far below."""

    name = "momentum"
    aliases: ClassVar[tuple[str, ...]] = ("simple_momentum", "momentum_strategy", "price_momentum")
    older_names = _older(
        lookback="lookback_period lookback_window period window momentum_period",
        threshold="momentum_threshold min_momentum",
    )
    source = "Moskowitz, Ooi and Pedersen (2012), time series momentum, Journal of Financial Economics 104(2)"
    titled = ("lookback",)

    lookback: int = Field(20, ge=1, le=_BARS, description="bars to the close that it compares with")
    threshold: float = Field(0.0, ge=0, description="least change, a fraction: 0.02 is 2%")

    def rules(self) -> Rules:
        change = "close / close[lookback] - 1"
        return TargetRules(self._bound(f"{change} > threshold"), self._bound(f"{change} < -threshold"))


class MeanReversion(BuiltIn):
    """Buys `entry` standard deviations below the mean of the closes, sells back at `exit` of them; shorts mirrored."""

    name = "mean_reversion"
    aliases: ClassVar[tuple[str, ...]] = (
        "simple_mean_reversion",
        "mean_reversion_strategy",
        "bollinger_reversion",
        "zscore_reversion",
    )
    older_names = _older(
        period="lookback lookback_period window bb_period",
        entry="entry_threshold entry_z entry_zscore num_std std_dev bb_std z_threshold",
        exit="exit_threshold exit_z exit_zscore",
    )
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
    """Buys when the RSI is below `entry` (oversold), sells when it is above `exit` (overbought); shorts mirrored."""

    name = "rsi"
    aliases: ClassVar[tuple[str, ...]] = ("rsi_reversal", "rsi_mean_reversion", "rsi_strategy", "rsi_reversion")
    older_names = _older(
        period="rsi_period lookback lookback_period timeperiod window",
        entry="oversold rsi_oversold oversold_threshold lower buy_threshold",
        exit="overbought rsi_overbought overbought_threshold upper sell_threshold",
    )
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
    """Buys above the highest high of `entry` bars before, sells below the lowest low of `exit`; shorts mirrored."""

    name = "breakout"
    aliases: ClassVar[tuple[str, ...]] = ("channel_breakout", "donchian_breakout", "breakout_strategy", "turtle")
    older_names = _older(
        entry="entry_period entry_window lookback lookback_period period window channel_period",
        exit="exit_period exit_window exit_lookback",
    )
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
    aliases: ClassVar[tuple[str, ...]] = ("buy_hold", "buyandhold", "hold")
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
