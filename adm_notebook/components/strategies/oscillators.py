"""Oscillators: figures that swing between limits; bought when low, sold when high."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from adm_notebook.components.rules import Rules
from adm_notebook.components.strategies.base import BARS, BuiltIn, older

__all__ = ["Cci", "CciBreakout", "Rsi", "ShortRsi", "StochRsi", "Stochastic", "UltimateOscillator", "WilliamsR"]

_LOW = "oversold oversold_threshold lower buy_threshold"
_HIGH = "overbought overbought_threshold upper sell_threshold"


class Rsi(BuiltIn):
    """Buys when the RSI is below `entry` (oversold), sells when it is above `exit` (overbought); shorts mirrored."""

    name = "rsi"
    aliases: ClassVar[tuple[str, ...]] = ("rsi_reversal", "rsi_mean_reversion", "rsi_strategy", "rsi_reversion")
    older_names = older(
        period="rsi_period lookback lookback_period timeperiod window",
        entry=f"{_LOW} rsi_oversold",
        exit=f"{_HIGH} rsi_overbought",
    )
    source = "Wilder (1978), New Concepts in Technical Trading Systems"
    titled = ("period",)

    period: int = Field(14, ge=2, le=BARS, description="bars in the RSI")
    entry: float = Field(30.0, ge=0, le=100, description="it buys (covers shorts) below this")
    exit: float = Field(70.0, ge=0, le=100, description="it sells (goes short) above this")

    @model_validator(mode="after")
    def _buys_low(self) -> Self:
        self._refuse_unless_below("entry", "exit")
        return self

    def rules(self) -> Rules:
        low, high = "rsi(period) < entry", "rsi(period) > exit"
        return self._flags(long_entry=low, long_exit=high, short_entry=high, short_exit=low)


class ShortRsi(BuiltIn):
    """Buys above the long average when a very short RSI is below `entry`, sells above the short one; shorts mirrored.

    Mirrored: it goes short below the long average when the RSI is above 100 - entry, and covers below the short one.
    Where it would enter and leave on the same bar it does neither.
    """

    name = "rsi2"
    aliases: ClassVar[tuple[str, ...]] = ("rsi_2", "connors_rsi2", "connors_rsi_2", "short_rsi")
    older_names = older(
        period="rsi_period lookback window timeperiod",
        entry=f"{_LOW} rsi_oversold",
        trend="trend_period long_window slow slow_period sma_long",
        exit="exit_period short_window fast fast_period sma_short",
    )
    source = "Connors and Alvarez (2009), Short Term Trading Strategies That Work; both averages are simple"
    titled = ("period", "entry")

    period: int = Field(2, ge=2, le=BARS, description="bars in the RSI")
    entry: float = Field(10.0, gt=0, lt=50, description="it buys below this, and goes short above 100 less this")
    trend: int = Field(200, ge=1, le=BARS, description="bars in the long average, which sets the side")
    exit: int = Field(5, ge=1, le=BARS, description="bars in the short average, at which it leaves")

    @model_validator(mode="after")
    def _exit_is_shorter(self) -> Self:
        self._refuse_unless_shorter("exit", "trend")
        return self

    def rules(self) -> Rules:
        return self._flags(
            long_entry="rsi(period) < entry and close > sma(trend)",
            long_exit="close > sma(exit)",
            short_entry="rsi(period) > 100 - entry and close < sma(trend)",
            short_exit="close < sma(exit)",
        )


class Stochastic(BuiltIn):
    """Buys when %K crosses above a %D below `entry`, sells when it crosses below a %D above `exit`; shorts mirrored."""

    name = "stochastic"
    aliases: ClassVar[tuple[str, ...]] = ("stoch", "slow_stochastic", "stochastic_oscillator", "stochastic_crossover")
    older_names = older(
        period="k_period k fastk_period lookback lookback_period window timeperiod",
        smooth="smooth_k slowk_period k_smooth slowing",
        signal="d_period d slowd_period smooth_d signal_period",
        entry=_LOW,
        exit=_HIGH,
    )
    source = "Lane (1984), Lane's Stochastics, Stocks & Commodities 2(3); both smoothings are simple averages"
    titled = ("period", "smooth", "signal")

    period: int = Field(14, ge=1, le=BARS, description="bars in the range that the close is placed in")
    smooth: int = Field(3, ge=1, le=BARS, description="bars that %K is smoothed over; 1 is the fast stochastic")
    signal: int = Field(3, ge=1, le=BARS, description="bars in %D, the average of %K")
    entry: float = Field(20.0, ge=0, le=100, description="%D must be below this to buy (to cover shorts)")
    exit: float = Field(80.0, ge=0, le=100, description="%D must be above this to sell (to go short)")

    @model_validator(mode="after")
    def _buys_low(self) -> Self:
        self._refuse_unless_below("entry", "exit")
        return self

    def rules(self) -> Rules:
        k, d = (f"stoch(period, smooth, sma, signal, sma).{output}" for output in ("k", "d"))
        low, high = f"crosses_above({k}, {d}) and {d} < entry", f"crosses_below({k}, {d}) and {d} > exit"
        return self._flags(long_entry=low, long_exit=high, short_entry=high, short_exit=low)


class StochRsi(BuiltIn):
    """Buys when the smoothed StochRSI rises above `entry`, sells when it falls below `exit`; shorts mirrored."""

    name = "stochrsi"
    aliases: ClassVar[tuple[str, ...]] = ("stoch_rsi", "stochastic_rsi", "stochrsi_strategy")
    older_names = older(
        period="rsi_period timeperiod lookback window",
        stoch="stoch_period stoch_window fastk_period k_period",
        smooth="smooth_k fastd_period d_period",
        entry=_LOW,
        exit=_HIGH,
    )
    source = "Chande and Kroll (1994), The New Technical Trader; on a scale of 0 to 100"
    titled = ("period", "stoch")

    period: int = Field(14, ge=2, le=BARS, description="bars in the RSI")
    stoch: int = Field(14, ge=1, le=BARS, description="bars in the range that the RSI is placed in")
    smooth: int = Field(3, ge=1, le=BARS, description="bars that the result is averaged over")
    entry: float = Field(20.0, ge=0, le=100, description="it buys (covers shorts) on the way up through this")
    exit: float = Field(80.0, ge=0, le=100, description="it sells (goes short) on the way down through this")

    @model_validator(mode="after")
    def _buys_low(self) -> Self:
        self._refuse_unless_below("entry", "exit")
        return self

    def rules(self) -> Rules:
        line = "stochrsi(period, stoch, smooth, sma).fastd"
        up, down = f"crosses_above({line}, entry)", f"crosses_below({line}, exit)"
        return self._flags(long_entry=up, long_exit=down, short_entry=down, short_exit=up)


class WilliamsR(BuiltIn):
    """Buys when Williams' %R (-100 to 0) is below `entry`, sells when it is above `exit`; shorts mirrored."""

    name = "williams_r"
    aliases: ClassVar[tuple[str, ...]] = ("willr", "williams", "williams_percent_r", "williams_%r", "williamsr")
    older_names = older(
        period="willr_period lookback lookback_period window timeperiod",
        entry=_LOW,
        exit=_HIGH,
    )
    source = "Williams (1973), How I Made One Million Dollars Last Year Trading Commodities"
    titled = ("period",)

    period: int = Field(14, ge=2, le=BARS, description="bars in the range that the close is placed in")
    entry: float = Field(-80.0, ge=-100, le=0, description="it buys (covers shorts) below this")
    exit: float = Field(-20.0, ge=-100, le=0, description="it sells (goes short) above this")

    @model_validator(mode="after")
    def _buys_low(self) -> Self:
        self._refuse_unless_below("entry", "exit")
        return self

    def rules(self) -> Rules:
        low, high = "willr(period) < entry", "willr(period) > exit"
        return self._flags(long_entry=low, long_exit=high, short_entry=high, short_exit=low)


class Cci(BuiltIn):
    """Buys when the commodity channel index is below `entry`, sells when it is above `exit`; shorts mirrored."""

    name = "cci"
    aliases: ClassVar[tuple[str, ...]] = ("cci_reversal", "cci_reversion", "commodity_channel_index", "cci_strategy")
    older_names = older(
        period="cci_period lookback lookback_period window timeperiod",
        entry=_LOW,
        exit=_HIGH,
    )
    source = "Lambert (1980), Commodity Channel Index, in Commodities (October), read as an oscillator"
    titled = ("period",)

    period: int = Field(20, ge=2, le=BARS, description="bars in the index")
    entry: float = Field(-100.0, description="it buys (covers shorts) below this")
    exit: float = Field(100.0, description="it sells (goes short) above this")

    @model_validator(mode="after")
    def _buys_low(self) -> Self:
        self._refuse_unless_below("entry", "exit")
        return self

    def rules(self) -> Rules:
        low, high = "cci(period) < entry", "cci(period) > exit"
        return self._flags(long_entry=low, long_exit=high, short_entry=high, short_exit=low)


class CciBreakout(BuiltIn):
    """Long while the commodity channel index is above `threshold`, short while it is below -threshold, else flat."""

    name = "cci_breakout"
    aliases: ClassVar[tuple[str, ...]] = ("cci_trend", "cci_momentum")
    older_names = older(
        period="cci_period lookback lookback_period window timeperiod",
        threshold="cci_threshold level entry",
    )
    source = "Lambert (1980), Commodity Channel Index, in Commodities (October), traded as he did"
    titled = ("period", "threshold")

    period: int = Field(20, ge=2, le=BARS, description="bars in the index")
    threshold: float = Field(100.0, ge=0, description="value beyond which it holds a position")

    def rules(self) -> Rules:
        return self._target("cci(period) > threshold", "cci(period) < -threshold")


class UltimateOscillator(BuiltIn):
    """Buys when the ultimate oscillator is below `entry`, sells when it is above `exit`; shorts mirrored."""

    name = "ultimate_oscillator"
    aliases: ClassVar[tuple[str, ...]] = ("ultosc", "ultimate", "uo")
    older_names = older(
        fast="short short_period fast_period timeperiod1 period1",
        medium="medium_period middle timeperiod2 period2",
        slow="long long_period slow_period timeperiod3 period3",
        entry=_LOW,
        exit=_HIGH,
    )
    source = "Williams (1985), The Ultimate Oscillator, Stocks & Commodities 3(4), without his divergences"
    titled = ("fast", "medium", "slow")

    fast: int = Field(7, ge=1, le=BARS, description="bars in the shortest of its windows, which weighs 4")
    medium: int = Field(14, ge=1, le=BARS, description="bars in the middle one, which weighs 2")
    slow: int = Field(28, ge=1, le=BARS, description="bars in the longest one, which weighs 1")
    entry: float = Field(30.0, ge=0, le=100, description="it buys (covers shorts) below this")
    exit: float = Field(70.0, ge=0, le=100, description="it sells (goes short) above this")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        self._refuse_unless_shorter("fast", "medium", "slow")
        self._refuse_unless_below("entry", "exit")
        return self

    def rules(self) -> Rules:
        line = "ultosc(fast, medium, slow)"
        low, high = f"{line} < entry", f"{line} > exit"
        return self._flags(long_entry=low, long_exit=high, short_entry=high, short_exit=low)
