"""What components read: bars, and where closes are missing, only those that have one (specification, section 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from adm_notebook.components.decision import Decision, Flags
from adm_notebook.market.arrays import F64, I8, Bool, Prices

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.components.indicators import Indicator

__all__ = ["BarsLike", "FeatureOf", "expand", "over_valid_bars", "valid_bars"]


class BarsLike(Protocol):
    """Bars of one symbol, such as `market.Bars`: arrays, their index, and a fresh DataFrame of both."""

    @property
    def prices(self) -> Prices: ...
    @property
    def index(self) -> pd.Index: ...
    @property
    def frame(self) -> pd.DataFrame: ...


FeatureOf = Callable[["Indicator"], tuple[F64, ...]]
"""Hands over the outputs of an indicator over the bars at hand, each (n_bars,); the caller computes or shares them."""


@dataclass(frozen=True, slots=True)
class _Selected:
    """The bars of `whole` where `valid` is set."""

    whole: BarsLike
    valid: Bool
    prices: Prices

    @property
    def index(self) -> pd.Index:
        return self.whole.index[self.valid]

    @property
    def frame(self) -> pd.DataFrame:
        return self.whole.frame[self.valid]


def valid_bars(bars: BarsLike) -> tuple[BarsLike, Bool | None]:
    """The bars that have a close, and which they are, (n_bars,); None where all have one: nothing is copied then."""
    close = bars.prices.close
    if not np.isnan(close.min(initial=np.inf)):  # the quickest way to ask whether there is any NaN
        return bars, None
    valid = ~np.isnan(close)
    prices = bars.prices
    volume = None if prices.volume is None else prices.volume[valid]
    picked = Prices(prices.open[valid], prices.high[valid], prices.low[valid], close[valid], volume)
    return _Selected(bars, valid, picked), valid


def expand(values: F64, valid: Bool) -> F64:
    """Values of the valid bars on all bars, NaN on the others."""
    full = np.full(len(valid), np.nan)
    full[valid] = values
    return full


def over_valid_bars(bars: BarsLike, feature: FeatureOf, decide: Callable[[BarsLike, FeatureOf], Decision]) -> Decision:
    """What `decide` says over the bars with a close; on others the target is that of the bar before, flags are false.

    Parameters
    ----------
    feature
        outputs over *all* bars, NaN on those without a close; `decide` is handed those of the valid bars.
    """
    selected, valid = valid_bars(bars)
    if valid is None:
        return decide(bars, feature)
    decision = decide(selected, lambda indicator: tuple(column[valid] for column in feature(indicator)))
    target, flags, strength = decision.target, decision.flags, decision.strength
    return Decision(
        target=None if target is None else _carried(target, valid),
        flags=None if flags is None else Flags(*(_false_elsewhere(flag, valid) for flag in _fields(flags))),
        strength=None if strength is None else _carried(strength, valid),
        lookback=decision.lookback,
    )


def _fields(flags: Flags) -> tuple[Bool, Bool, Bool, Bool]:
    return flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit


def _false_elsewhere(flag: Bool, valid: Bool) -> Bool:
    full = np.zeros(len(valid), np.bool_)
    full[valid] = flag
    return full


def _carried(values: I8 | F64, valid: Bool) -> Any:
    """Values of the valid bars on all bars, carried over the others; 0 before the first."""
    padded = np.concatenate((np.zeros(1, values.dtype), values))
    return padded[np.cumsum(valid)]
