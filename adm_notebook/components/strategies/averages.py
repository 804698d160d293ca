"""Moving averages: a fast one against a slow one, three in order, the close against one."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from adm_notebook.components.rules import Rules
from adm_notebook.components.strategies.base import BARS, BuiltIn, MaType, older

__all__ = [
    "AdaptiveCrossover",
    "DoubleExponentialCrossover",
    "ExponentialCrossover",
    "MovingAverageCrossover",
    "PriceCrossover",
    "TripleCrossover",
    "TripleExponentialCrossover",
]


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
    older_names = older(
        fast="fast_period fast_window fast_ma short_window short_period short_ma",
        slow="slow_period slow_window slow_ma long_window long_period long_ma",
        ma_type="matype average",
    )
    source = "Brock, Lakonishok and LeBaron (1992), Journal of Finance 47(5)"
    titled = ("fast", "slow")

    fast: int = Field(10, ge=1, le=BARS, description="bars in the fast average")
    slow: int = Field(30, ge=1, le=BARS, description="bars in the slow average")
    ma_type: MaType = Field("sma", description="kind of moving average, by its TA-Lib name")

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        self._refuse_unless_shorter("fast", "slow")
        return self

    def rules(self) -> Rules:
        fast, slow = f"{self.ma_type}(fast)", f"{self.ma_type}(slow)"
        return self._target(f"{fast} > {slow}", f"{fast} < {slow}", keep=True)


class ExponentialCrossover(MovingAverageCrossover):
    """Long while the fast exponential moving average is above the slow one, short while below."""

    name = "ema_crossover"
    aliases: ClassVar[tuple[str, ...]] = ("ema_cross", "exponential_moving_average_crossover")

    ma_type: MaType = Field("ema", description="kind of moving average, by its TA-Lib name")


class DoubleExponentialCrossover(MovingAverageCrossover):
    """Long while the fast double exponential moving average is above the slow one, short while below."""

    name = "dema_crossover"
    aliases: ClassVar[tuple[str, ...]] = ("dema_cross", "double_exponential_moving_average_crossover")
    source = "Mulloy (1994), Smoothing Data with Faster Moving Averages, Stocks & Commodities 12(1)"

    ma_type: MaType = Field("dema", description="kind of moving average, by its TA-Lib name")


class TripleExponentialCrossover(MovingAverageCrossover):
    """Long while the fast triple exponential moving average is above the slow one, short while below."""

    name = "tema_crossover"
    aliases: ClassVar[tuple[str, ...]] = ("tema_cross", "triple_exponential_moving_average_crossover")
    source = "Mulloy (1994), Smoothing Data with Less Lag, Stocks & Commodities 12(2)"

    ma_type: MaType = Field("tema", description="kind of moving average, by its TA-Lib name")


class AdaptiveCrossover(MovingAverageCrossover):
    """Long while the fast Kaufman adaptive moving average is above the slow one, short while below."""

    name = "kama_crossover"
    aliases: ClassVar[tuple[str, ...]] = (
        "kama_cross",
        "kaufman_adaptive_moving_average_crossover",
        "adaptive_crossover",
    )
    source = "Kaufman (1995), Smarter Trading; the windows are those of the efficiency ratio"

    ma_type: MaType = Field("kama", description="kind of moving average, by its TA-Lib name")


class TripleCrossover(BuiltIn):
    """Long while fast, medium and slow average stand in rising order, fast on top; short in the opposite order."""

    name = "triple_crossover"
    aliases: ClassVar[tuple[str, ...]] = ("triple_ma", "triple_moving_average", "triple_ma_crossover", "three_averages")
    older_names = older(
        fast="fast_period fast_window short_window short_period",
        medium="medium_period medium_window mid middle mid_period middle_period",
        slow="slow_period slow_window long_window long_period",
        ma_type="matype average",
    )
    source = "Allen (1972), How to Use the 4-Day, 9-Day and 18-Day Moving Averages"
    titled = ("fast", "medium", "slow")

    fast: int = Field(4, ge=1, le=BARS, description="bars in the fast average")
    medium: int = Field(9, ge=1, le=BARS, description="bars in the medium average")
    slow: int = Field(18, ge=1, le=BARS, description="bars in the slow average")
    ma_type: MaType = Field("sma", description="kind of moving average, by its TA-Lib name")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        self._refuse_unless_shorter("fast", "medium", "slow")
        return self

    def rules(self) -> Rules:
        fast, medium, slow = (f"{self.ma_type}({window})" for window in ("fast", "medium", "slow"))
        return self._target(f"{fast} > {medium} and {medium} > {slow}", f"{fast} < {medium} and {medium} < {slow}")


class PriceCrossover(BuiltIn):
    """Long while the close is more than the fraction `band` above its moving average, short while as far below."""

    name = "price_crossover"
    aliases: ClassVar[tuple[str, ...]] = ("price_above_average", "ma_filter", "sma_filter", "trend_filter", "faber")
    older_names = older(
        period="lookback lookback_period window ma_period sma_period timeperiod",
        ma_type="matype average",
        band="threshold filter",
    )
    source = "Faber (2007), A Quantitative Approach to Tactical Asset Allocation, Journal of Wealth Management 9(4)"
    titled = ("period",)

    period: int = Field(200, ge=1, le=BARS, description="bars in the average")
    ma_type: MaType = Field("sma", description="kind of moving average, by its TA-Lib name")
    band: float = Field(0.0, ge=0, lt=1, description="least distance from the average, a fraction: 0.01 is 1%")

    def rules(self) -> Rules:
        average = f"{self.ma_type}(period)"
        return self._target(f"close > {average} * (1 + band)", f"close < {average} * (1 - band)")
