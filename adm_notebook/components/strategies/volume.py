"""Volume: what is traded beside what it is traded at. All need bars with a volume column."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from adm_notebook.components.rules import Rules
from adm_notebook.components.strategies.base import BARS, BuiltIn, older

__all__ = ["AccumulationDistribution", "Mfi", "Obv", "VwapDeviation"]


class Mfi(BuiltIn):
    """Buys when the money flow index is below `entry`, sells when it is above `exit`; shorts mirrored."""

    name = "mfi"
    aliases: ClassVar[tuple[str, ...]] = ("money_flow_index", "money_flow", "mfi_reversal", "mfi_strategy")
    older_names = older(
        period="mfi_period lookback lookback_period window timeperiod",
        entry="oversold oversold_threshold lower buy_threshold",
        exit="overbought overbought_threshold upper sell_threshold",
    )
    source = "Quong and Soudack (1989), Volume-Weighted RSI: Money Flow, Stocks & Commodities 7(3)"
    titled = ("period",)

    period: int = Field(14, ge=2, le=BARS, description="bars in the index")
    entry: float = Field(20.0, ge=0, le=100, description="it buys (covers shorts) below this")
    exit: float = Field(80.0, ge=0, le=100, description="it sells (goes short) above this")

    @model_validator(mode="after")
    def _buys_low(self) -> Self:
        self._refuse_unless_below("entry", "exit")
        return self

    def rules(self) -> Rules:
        low, high = "mfi(period) < entry", "mfi(period) > exit"
        return self._flags(long_entry=low, long_exit=high, short_entry=high, short_exit=low)


class Obv(BuiltIn):
    """Long while the on-balance volume is above its own simple average, short while below; equal changes nothing."""

    name = "obv"
    aliases: ClassVar[tuple[str, ...]] = ("on_balance_volume", "obv_trend", "obv_crossover", "obv_strategy")
    older_names = older(period="obv_period signal_period lookback lookback_period window timeperiod ma_period")
    source = "Granville (1963), New Key to Stock Market Profits"
    titled = ("period",)

    period: int = Field(20, ge=2, le=BARS, description="bars in the average of the on-balance volume")

    def rules(self) -> Rules:
        return self._target("obv() > sma(obv(), period)", "obv() < sma(obv(), period)", keep=True)


class AccumulationDistribution(BuiltIn):
    """Long while the Chaikin oscillator is above 0 (the accumulation/distribution line gathers pace), short below 0."""

    name = "accumulation_distribution"
    aliases: ClassVar[tuple[str, ...]] = (
        "ad",
        "adosc",
        "ad_line",
        "chaikin",
        "chaikin_oscillator",
        "accumulation_distribution_line",
    )
    older_names = older(
        fast="fast_period fastperiod fast_window short_period",
        slow="slow_period slowperiod slow_window long_period",
    )
    source = "Chaikin's oscillator, in Achelis (2000), Technical Analysis from A to Z"
    titled = ("fast", "slow")

    fast: int = Field(3, ge=2, le=BARS, description="bars in the fast exponential average of the line")
    slow: int = Field(10, ge=2, le=BARS, description="bars in the slow one")

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        self._refuse_unless_shorter("fast", "slow")
        return self

    def rules(self) -> Rules:
        return self._target("adosc(fast, slow) > 0", "adosc(fast, slow) < 0", keep=True)


class VwapDeviation(BuiltIn):
    """Buys the fraction `entry` below the rolling volume-weighted average price, sells at `exit`; shorts mirrored.

    The average weighs the typical price (high + low + close) / 3 of the last `period` bars by their volume. Without
    volume in any of them it is unknown.
    """

    name = "vwap_deviation"
    aliases: ClassVar[tuple[str, ...]] = ("vwap", "vwap_reversion", "vwap_mean_reversion", "rolling_vwap")
    older_names = older(
        period="vwap_period lookback lookback_period window timeperiod",
        entry="entry_threshold deviation threshold vwap_threshold",
        exit="exit_threshold",
    )
    source = "Berkowitz, Logue and Noser (1988), Journal of Finance 43(1), for the average; reversion to it is folklore"
    titled = ("period", "entry")

    period: int = Field(20, ge=2, le=BARS, description="bars in the average")
    entry: float = Field(0.02, gt=0, lt=1, description="distance from the average at which it enters: 0.02 is 2%")
    exit: float = Field(0.0, gt=-1, lt=1, description="distance at which it leaves; 0 is the average itself")

    @model_validator(mode="after")
    def _leaves_nearer_the_average(self) -> Self:
        self._refuse_unless_below("exit", "entry", ", nearer the average")
        return self

    def rules(self) -> Rules:
        # a rolling sum keeps a residue of rounding after the last volume has left it; the highest volume does not
        traded = "highest(volume, period) > 0"
        average = "sum(typprice() * volume, period) / sum(volume, period)"
        return self._flags(
            long_entry=f"{traded} and close < {average} * (1 - entry)",
            long_exit=f"{traded} and close >= {average} * (1 - exit)",
            short_entry=f"{traded} and close > {average} * (1 + entry)",
            short_exit=f"{traded} and close <= {average} * (1 + exit)",
        )
