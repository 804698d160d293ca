"""Bands around an average: bought below them in the hope of a return, or above them in the hope of a trend."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from adm_notebook.components.rules import Rules
from adm_notebook.components.strategies.base import BARS, BuiltIn, MaType, older

__all__ = [
    "AtrChannel",
    "Bollinger",
    "BollingerBreakout",
    "Keltner",
    "KeltnerBreakout",
    "MeanReversion",
]

Exit = Literal["middle", "opposite"]

_EXIT = "where it leaves: the middle of the bands, or the opposite band"
_BOLLINGER = "Bollinger (2001), Bollinger on Bollinger Bands; the deviation is that of the population"
_KELTNER = "Keltner (1960), How to Make Money in Commodities, with Raschke's exponential average and average true range"


class MeanReversion(BuiltIn):
    """Buys `entry` standard deviations below the mean of the closes, sells back at `exit` of them; shorts mirrored."""

    name = "mean_reversion"
    aliases: ClassVar[tuple[str, ...]] = (
        "simple_mean_reversion",
        "mean_reversion_strategy",
        "bollinger_reversion",
        "zscore_reversion",
    )
    older_names = older(
        period="lookback lookback_period window bb_period",
        entry="entry_threshold entry_z entry_zscore num_std std_dev bb_std z_threshold",
        exit="exit_threshold exit_z exit_zscore",
    )
    source = "Bollinger (2001), Bollinger on Bollinger Bands; the mean is an SMA, the deviation that of the population"
    titled = ("period", "entry")

    period: int = Field(20, ge=2, le=BARS, description="bars in mean and standard deviation")
    entry: float = Field(2.0, gt=0, description="standard deviations from the mean at which it enters")
    exit: float = Field(0.0, description="standard deviations from the mean at which it leaves; 0 is the mean itself")

    @model_validator(mode="after")
    def _leaves_nearer_the_mean(self) -> Self:
        self._refuse_unless_below("exit", "entry", ", nearer the mean")
        return self

    def rules(self) -> Rules:
        mean, deviation = "sma(period)", "stddev(period, 1)"
        return self._flags(
            long_entry=f"close < {mean} - entry * {deviation}",
            long_exit=f"close >= {mean} - exit * {deviation}",
            short_entry=f"close > {mean} + entry * {deviation}",
            short_exit=f"close <= {mean} + exit * {deviation}",
        )


class Bollinger(BuiltIn):
    """Buys below the lower Bollinger band, sells at the middle of the bands or at the upper one; shorts mirrored.

    With its defaults it does what `mean_reversion` does; that one leaves at any distance, this one takes any average.
    """

    name = "bollinger"
    aliases: ClassVar[tuple[str, ...]] = ("bollinger_bands", "bbands", "bollinger_band", "bollinger_bands_reversion")
    older_names = older(
        period="bb_period lookback lookback_period window timeperiod",
        width="num_std std_dev bb_std nbdev nbdevup deviations std multiplier",
        ma_type="matype average",
        exit="exit_at exit_band",
    )
    source = _BOLLINGER
    titled = ("period", "width")

    period: int = Field(20, ge=2, le=BARS, description="bars in average and standard deviation")
    width: float = Field(2.0, gt=0, description="standard deviations between the middle and a band")
    ma_type: MaType = Field("sma", description="kind of moving average in the middle, by its TA-Lib name")
    exit: Exit = Field("middle", description=_EXIT)

    def rules(self) -> Rules:
        upper, middle, lower = (f"bbands(period, width, width, ma_type).{o}" for o in ("upper", "middle", "lower"))
        above, below = (middle, middle) if self.exit == "middle" else (upper, lower)
        return self._flags(
            long_entry=f"close < {lower}",
            long_exit=f"close >= {above}",
            short_entry=f"close > {upper}",
            short_exit=f"close <= {below}",
        )


class BollingerBreakout(BuiltIn):
    """Buys when the close is above the upper Bollinger band, sells when it is below the middle; shorts mirrored."""

    name = "bollinger_breakout"
    aliases: ClassVar[tuple[str, ...]] = ("bollinger_band_breakout", "bollinger_bands_breakout", "bbands_breakout")
    older_names = older(
        period="bb_period lookback lookback_period window timeperiod",
        width="num_std std_dev bb_std nbdev nbdevup deviations std multiplier",
        ma_type="matype average",
    )
    source = _BOLLINGER
    titled = ("period", "width")

    period: int = Field(20, ge=2, le=BARS, description="bars in average and standard deviation")
    width: float = Field(2.0, gt=0, description="standard deviations between the middle and a band")
    ma_type: MaType = Field("sma", description="kind of moving average in the middle, by its TA-Lib name")

    def rules(self) -> Rules:
        upper, middle, lower = (f"bbands(period, width, width, ma_type).{o}" for o in ("upper", "middle", "lower"))
        return self._flags(
            long_entry=f"close > {upper}",
            long_exit=f"close < {middle}",
            short_entry=f"close < {lower}",
            short_exit=f"close > {middle}",
        )


class Keltner(BuiltIn):
    """Buys below the lower Keltner band, sells at the middle of the bands or at the upper one; shorts mirrored."""

    name = "keltner"
    aliases: ClassVar[tuple[str, ...]] = ("keltner_reversion", "keltner_channel", "keltner_channels", "keltner_bands")
    older_names = older(
        period="ema_period kc_period lookback lookback_period window timeperiod",
        atr_period="atr_window atr_length",
        width="multiplier atr_multiplier mult kc_mult",
        exit="exit_at exit_band",
    )
    source = _KELTNER
    titled = ("period", "width")

    period: int = Field(20, ge=1, le=BARS, description="bars in the exponential average in the middle")
    atr_period: int = Field(10, ge=1, le=BARS, description="bars in the average true range")
    width: float = Field(2.0, gt=0, description="average true ranges between the middle and a band")
    exit: Exit = Field("middle", description=_EXIT)

    def rules(self) -> Rules:
        middle, width = "ema(period)", "width * atr(atr_period)"
        upper, lower = f"{middle} + {width}", f"{middle} - {width}"
        above, below = (middle, middle) if self.exit == "middle" else (upper, lower)
        return self._flags(
            long_entry=f"close < {lower}",
            long_exit=f"close >= {above}",
            short_entry=f"close > {upper}",
            short_exit=f"close <= {below}",
        )


class KeltnerBreakout(BuiltIn):
    """Buys when the close is above the upper Keltner band, sells when it is below the middle; shorts mirrored."""

    name = "keltner_breakout"
    aliases: ClassVar[tuple[str, ...]] = ("keltner_channel_breakout", "keltner_band_breakout")
    older_names = older(
        period="ema_period kc_period lookback lookback_period window timeperiod",
        atr_period="atr_window atr_length",
        width="multiplier atr_multiplier mult kc_mult",
    )
    source = _KELTNER
    titled = ("period", "width")

    period: int = Field(20, ge=1, le=BARS, description="bars in the exponential average in the middle")
    atr_period: int = Field(10, ge=1, le=BARS, description="bars in the average true range")
    width: float = Field(2.0, gt=0, description="average true ranges between the middle and a band")

    def rules(self) -> Rules:
        middle, width = "ema(period)", "width * atr(atr_period)"
        return self._flags(
            long_entry=f"close > {middle} + {width}",
            long_exit=f"close < {middle}",
            short_entry=f"close < {middle} - {width}",
            short_exit=f"close > {middle}",
        )


class AtrChannel(BuiltIn):
    """Buys `upper` average true ranges above a long average, sells below it; goes short `lower` of them below it."""

    name = "atr_channel"
    aliases: ClassVar[tuple[str, ...]] = ("atr_breakout", "atr_channel_breakout", "atr_bands")
    older_names = older(
        period="ma_period lookback lookback_period window timeperiod",
        atr_period="atr_window atr_length",
        upper="width multiplier atr_multiplier mult entry",
        lower="short_entry lower_multiplier",
    )
    source = "Faith (2007), Way of the Turtle, the ATR channel breakout; the average is simple"
    titled = ("period", "upper")

    period: int = Field(350, ge=1, le=BARS, description="bars in the simple average in the middle")
    atr_period: int = Field(20, ge=1, le=BARS, description="bars in the average true range")
    upper: float = Field(7.0, gt=0, description="average true ranges above the average at which it buys")
    lower: float = Field(3.0, gt=0, description="average true ranges below the average at which it goes short")

    def rules(self) -> Rules:
        middle, range_ = "sma(period)", "atr(atr_period)"
        return self._flags(
            long_entry=f"close > {middle} + upper * {range_}",
            long_exit=f"close < {middle}",
            short_entry=f"close < {middle} - lower * {range_}",
            short_exit=f"close > {middle}",
        )
