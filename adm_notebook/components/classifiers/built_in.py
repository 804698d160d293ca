"""The built-in classifiers that are rules: trend, volatility, momentum_regime, market_structure."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from adm_notebook.components.classifiers.base import BARS, LabelRules, RuleParameters, older

__all__ = ["MarketStructure", "MomentumRegime", "Trend", "Volatility"]

MaType = Literal["sma", "ema", "wma", "dema", "tema", "trima", "kama", "t3"]


class Trend(RuleParameters):
    """`up` while the fast average is more than `threshold` above the slow one, `down` as far below, else `sideways`."""

    name = "trend"
    aliases: ClassVar[tuple[str, ...]] = ("trend_regime", "trend_classifier", "trend_following_regime")
    older_names = older(
        fast="fast_period fast_window fast_ma short_window short_period short_ma",
        slow="slow_period slow_window slow_ma long_window long_period long_ma",
        threshold="trend_threshold band min_gap",
        ma_type="matype average",
    )
    source = (
        "Brock, Lakonishok and LeBaron (1992), moving averages with a band of 1%, Journal of Finance 47(5); "
        "the windows are ours"
    )
    titled = ("fast", "slow")
    labels = ("up", "sideways", "down")

    fast: int = Field(20, ge=1, le=BARS, description="bars in the fast average")
    slow: int = Field(100, ge=1, le=BARS, description="bars in the slow average")
    threshold: float = Field(0.01, ge=0, lt=1, description="gap between the averages, a fraction of the slow one")
    ma_type: MaType = Field("sma", description="kind of moving average, by its TA-Lib name")

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be shorter than slow, but they are {self.fast} and {self.slow} bars")
        return self

    def rules(self) -> LabelRules:
        fast, slow = f"{self.ma_type}(fast)", f"{self.ma_type}(slow)"
        return self._labelled(
            "sideways",
            up=f"{fast} > {slow} * (1 + threshold)",
            down=f"{fast} < {slow} * (1 - threshold)",
        )


class Volatility(RuleParameters):
    """`high`: ATR in percent above `high_ratio` times its average; `low`: below `low_ratio` times it; else `normal`."""

    name = "volatility"
    aliases: ClassVar[tuple[str, ...]] = ("volatility_regime", "volatility_classifier", "vol_regime", "vol")
    older_names = older(
        period="atr_period lookback lookback_period window",
        average="average_period baseline long_window long_period",
        low_ratio="low low_threshold lower",
        high_ratio="high high_threshold upper",
    )
    source = "Wilder (1978), the average true range, against its own average over a year; the ratios are ours"
    titled = ("period", "average")
    labels = ("low", "normal", "high")

    period: int = Field(14, ge=1, le=BARS, description="bars in the ATR")
    average: int = Field(252, ge=2, le=BARS, description="bars in the average that it is compared with")
    low_ratio: float = Field(0.75, gt=0, description="it is low below this multiple of its average")
    high_ratio: float = Field(1.25, gt=0, description="it is high above this multiple of its average")

    @model_validator(mode="after")
    def _low_is_lower(self) -> Self:
        if self.low_ratio >= self.high_ratio:
            raise ValueError(
                f"low_ratio must be below high_ratio, but they are {self.low_ratio:g} and {self.high_ratio:g}"
            )
        return self

    def rules(self) -> LabelRules:
        own_average = "sma(natr(period), average)"
        return self._labelled(
            "normal",
            high=f"natr(period) > high_ratio * {own_average}",
            low=f"natr(period) < low_ratio * {own_average}",
        )


class MomentumRegime(RuleParameters):
    """Slow and fast momentum: both up is `bull`, slow alone `correction`, fast alone `rebound`, neither `bear`."""

    name = "momentum_regime"
    aliases: ClassVar[tuple[str, ...]] = ("momentum_classifier", "momentum_state", "momentum_turning_points")
    older_names = older(
        fast="fast_period fast_window short_window short_period",
        slow="slow_period slow_window long_window long_period lookback lookback_period",
    )
    source = "Goulding, Harvey and Mazzoleni (2023), Momentum Turning Points, Journal of Financial Economics 149(3)"
    titled = ("fast", "slow")
    labels = ("bull", "correction", "rebound", "bear")

    fast: int = Field(21, ge=1, le=BARS, description="bars of the fast momentum: a month")
    slow: int = Field(252, ge=1, le=BARS, description="bars of the slow momentum: a year")

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be shorter than slow, but they are {self.fast} and {self.slow} bars")
        return self

    def rules(self) -> LabelRules:
        fast, slow = "close >= close[fast]", "close >= close[slow]"
        return self._labelled(
            "bear",
            bull=f"{slow} and {fast}",
            correction=f"{slow} and not {fast}",
            rebound=f"not {slow} and {fast}",
        )


class MarketStructure(RuleParameters):
    """`uptrend` on higher highs and higher lows than a window before, `downtrend` on lower ones, else `range`."""

    name = "market_structure"
    aliases: ClassVar[tuple[str, ...]] = ("market_structure_regime", "structure", "swing_structure", "dow_theory")
    older_names = older(
        period="lookback lookback_period window swing_period swing_window",
        sticky="hold keep persist",
    )
    source = "Dow's theory as Rhea (1932) states it, The Dow Theory; windows instead of swings chosen by eye are ours"
    titled = ("period",)
    labels = ("uptrend", "range", "downtrend")

    period: int = Field(20, ge=2, le=BARS // 2, description="bars in the window, and in the one before it")
    sticky: bool = Field(False, description="a range keeps the trend before it, until the opposite one replaces it")

    def rules(self) -> LabelRules:
        high, low = "highest(high, period)", "lowest(low, period)"
        return self._labelled(
            "range",
            self.sticky,
            uptrend=f"{high} > {high}[period] and {low} > {low}[period]",
            downtrend=f"{high} < {high}[period] and {low} < {low}[period]",
        )
