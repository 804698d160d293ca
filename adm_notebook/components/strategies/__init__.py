"""The built-in strategies, a module for each family; `BUILT_IN` has them in the order of tables."""

from adm_notebook.components.strategies.averages import (
    AdaptiveCrossover,
    DoubleExponentialCrossover,
    ExponentialCrossover,
    MovingAverageCrossover,
    PriceCrossover,
    TripleCrossover,
    TripleExponentialCrossover,
)
from adm_notebook.components.strategies.bands import (
    AtrChannel,
    Bollinger,
    BollingerBreakout,
    Keltner,
    KeltnerBreakout,
    MeanReversion,
)
from adm_notebook.components.strategies.base import BuiltIn
from adm_notebook.components.strategies.levels import Breakout, BuyAndHold, PivotPoints
from adm_notebook.components.strategies.momentum import Macd, Momentum, Ppo, RateOfChange, Trix
from adm_notebook.components.strategies.oscillators import (
    Cci,
    CciBreakout,
    Rsi,
    ShortRsi,
    Stochastic,
    StochRsi,
    UltimateOscillator,
    WilliamsR,
)
from adm_notebook.components.strategies.trend import (
    Adx,
    Aroon,
    Ichimoku,
    ParabolicSar,
    RegressionSlope,
    Supertrend,
    Vortex,
)
from adm_notebook.components.strategies.volume import AccumulationDistribution, Mfi, Obv, VwapDeviation

__all__ = ["BUILT_IN", "FAMILIES", "BuiltIn"]

FAMILIES: dict[str, tuple[type[BuiltIn], ...]] = {
    "Moving averages": (
        MovingAverageCrossover, ExponentialCrossover, DoubleExponentialCrossover, TripleExponentialCrossover,
        AdaptiveCrossover, TripleCrossover, PriceCrossover,
    ),
    "Momentum": (Momentum, RateOfChange, Macd, Ppo, Trix),
    "Oscillators": (Rsi, ShortRsi, Stochastic, StochRsi, WilliamsR, Cci, CciBreakout, UltimateOscillator),
    "Bands": (MeanReversion, Bollinger, BollingerBreakout, Keltner, KeltnerBreakout, AtrChannel),
    "Trend": (Supertrend, ParabolicSar, Adx, Aroon, Vortex, Ichimoku, RegressionSlope),
    "Volume": (Mfi, Obv, AccumulationDistribution, VwapDeviation),
    "Levels": (Breakout, PivotPoints, BuyAndHold),
}  # fmt: skip
"""Strategies by family."""

BUILT_IN: tuple[type[BuiltIn], ...] = tuple(model for family in FAMILIES.values() for model in family)
"""In the order in which tables show them; `rule` comes after them."""
