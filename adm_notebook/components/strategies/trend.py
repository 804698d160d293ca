"""Trend: figures that say which way prices go, and whether they go anywhere."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from adm_notebook.components.rules import Rules
from adm_notebook.components.strategies.base import BARS, BuiltIn, older

__all__ = ["Adx", "Aroon", "Ichimoku", "ParabolicSar", "RegressionSlope", "Supertrend", "Vortex"]


class Supertrend(BuiltIn):
    """Long while the supertrend is up (no close yet below its rising lower band), short while it is down."""

    name = "supertrend"
    aliases: ClassVar[tuple[str, ...]] = ("super_trend", "supertrend_strategy")
    older_names = older(
        period="atr_period atr_window lookback window timeperiod length",
        multiplier="atr_multiplier factor mult width",
    )
    source = "Seban (2008), Tout le monde mérite d'être riche; the average true range is Wilder's"
    titled = ("period", "multiplier")

    period: int = Field(10, ge=2, le=BARS, description="bars in the average true range")
    multiplier: float = Field(3.0, gt=0, description="average true ranges from the middle of a bar to its bands")

    def rules(self) -> Rules:
        trend = "supertrend(period, multiplier).trend"
        return self._target(f"{trend} > 0", f"{trend} < 0")


class ParabolicSar(BuiltIn):
    """Long while the close is above the parabolic stop-and-reverse price, short while below; equal changes nothing."""

    name = "parabolic_sar"
    aliases: ClassVar[tuple[str, ...]] = ("psar", "sar", "parabolic", "stop_and_reverse")
    older_names = older(
        acceleration="step af acceleration_factor initial_af",
        maximum="max_step max_af max_acceleration maximum_acceleration",
    )
    source = "Wilder (1978), New Concepts in Technical Trading Systems"
    titled = ("acceleration", "maximum")

    acceleration: float = Field(
        0.02, gt=0, description="how fast the stop follows at first, and how much faster each time"
    )
    maximum: float = Field(0.2, gt=0, description="the fastest that it follows")

    @model_validator(mode="after")
    def _starts_below_its_maximum(self) -> Self:
        if self.acceleration > self.maximum:
            raise ValueError(
                f"acceleration must not exceed maximum, but they are {self.acceleration:g} and {self.maximum:g}"
            )
        return self

    def rules(self) -> Rules:
        stop = "sar(acceleration, maximum)"
        return self._target(f"close > {stop}", f"close < {stop}", keep=True)


class Adx(BuiltIn):
    """While the ADX is above `threshold`, long where +DI is above -DI and short where it is below; else flat."""

    name = "adx"
    aliases: ClassVar[tuple[str, ...]] = ("adx_trend", "dmi", "directional_movement", "adx_dmi", "adx_strategy")
    older_names = older(
        period="adx_period di_period lookback window timeperiod length",
        threshold="adx_threshold level min_adx",
    )
    source = "Wilder (1978), New Concepts in Technical Trading Systems: the directional movement system"
    titled = ("period", "threshold")

    period: int = Field(14, ge=2, le=BARS, description="bars in ADX, +DI and -DI")
    threshold: float = Field(25.0, ge=0, lt=100, description="ADX that a trend must have, of 100")

    def rules(self) -> Rules:
        plus, minus, strong = "plus_di(period)", "minus_di(period)", "adx(period) > threshold"
        return self._target(f"{strong} and {plus} > {minus}", f"{strong} and {plus} < {minus}")


class Aroon(BuiltIn):
    """Long while Aroon-up is above `threshold` and Aroon-down, short while Aroon-down is above both, else flat."""

    name = "aroon"
    aliases: ClassVar[tuple[str, ...]] = ("aroon_trend", "aroon_crossover", "aroon_strategy")
    older_names = older(
        period="aroon_period lookback lookback_period window timeperiod length",
        threshold="aroon_threshold level",
    )
    source = "Chande (1995), A Time Price Oscillator, Stocks & Commodities 13(9)"
    titled = ("period", "threshold")

    period: int = Field(25, ge=2, le=BARS, description="bars in which the highest high and the lowest low are sought")
    threshold: float = Field(70.0, ge=0, lt=100, description="value that the leading line must exceed, of 100")

    def rules(self) -> Rules:
        up, down = "aroon(period).up", "aroon(period).down"
        return self._target(f"{up} > threshold and {up} > {down}", f"{down} > threshold and {down} > {up}")


class Vortex(BuiltIn):
    """Long while the vortex indicator's VI+ is above VI-, short while below; equal lines change nothing."""

    name = "vortex"
    aliases: ClassVar[tuple[str, ...]] = ("vortex_indicator", "vortex_crossover", "vi")
    older_names = older(period="vortex_period lookback lookback_period window timeperiod length")
    source = "Botes and Siepman (2010), The Vortex Indicator, Stocks & Commodities 28(1)"
    titled = ("period",)

    period: int = Field(14, ge=2, le=BARS, description="bars that movements and true ranges are summed over")

    def rules(self) -> Rules:
        ranges = "sum(trange(), period)"
        plus, minus = f"sum(abs(high - low[1]), period) / {ranges}", f"sum(abs(low - high[1]), period) / {ranges}"
        return self._target(f"{plus} > {minus}", f"{plus} < {minus}", keep=True)


class Ichimoku(BuiltIn):
    """Long while the close is above the cloud and the conversion line above the base line, short while both are below.

    The cloud of a bar was computed `displacement` bars before it. The lagging line, which is the close drawn earlier,
    is not read.
    """

    name = "ichimoku"
    aliases: ClassVar[tuple[str, ...]] = ("ichimoku_cloud", "ichimoku_kinko_hyo", "ichimoku_strategy")
    older_names = older(
        conversion="tenkan tenkan_period conversion_period tenkan_sen",
        base="kijun kijun_period base_period kijun_sen",
        span="senkou senkou_period span_b senkou_b senkou_span_b span_period leading_span",
        displacement="shift offset chikou",
    )
    source = "Hosoda (1969), Ichimoku Kinko Hyo; in English Patel (2010), Trading with Ichimoku Clouds"
    titled = ("conversion", "base", "span")

    conversion: int = Field(9, ge=2, le=BARS, description="bars in the conversion line, the middle of their range")
    base: int = Field(26, ge=2, le=BARS, description="bars in the base line")
    span: int = Field(52, ge=2, le=BARS, description="bars in the slow edge of the cloud")
    displacement: int = Field(
        26, ge=1, le=BARS, description="bars by which the cloud is older than the bar it is read on"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        self._refuse_unless_shorter("conversion", "base", "span")
        return self

    def rules(self) -> Rules:
        conversion, base = "midprice(conversion)", "midprice(base)"
        a, b = f"(({conversion} + {base}) / 2)[displacement]", "midprice(span)[displacement]"
        return self._target(
            f"close > max({a}, {b}) and {conversion} > {base}", f"close < min({a}, {b}) and {conversion} < {base}"
        )


class RegressionSlope(BuiltIn):
    """Long while a line fitted to the last closes rises by more than `threshold` a bar, short while it falls as fast.

    The slope is taken as a fraction of the close.
    """

    name = "linreg_slope"
    aliases: ClassVar[tuple[str, ...]] = (
        "linear_regression",
        "linear_regression_slope",
        "linearreg_slope",
        "regression_slope",
    )
    older_names = older(
        period="lookback lookback_period window timeperiod length",
        threshold="slope_threshold min_slope",
    )
    source = "Chande and Kroll (1994), The New Technical Trader: linear regression slope"
    titled = ("period",)

    period: int = Field(20, ge=2, le=BARS, description="bars that the line is fitted to, by least squares")
    threshold: float = Field(0.0, ge=0, description="least slope, a fraction of the close a bar: 0.001 is 0.1%")

    def rules(self) -> Rules:
        # in the unit of prices, so that what rounding leaves of a flat line counts as 0 for the smallest prices, too
        slope, least = "linearreg_slope(period)", "threshold * close"
        return self._target(f"{slope} > {least}", f"{slope} < -{least}")
