"""What a strategy yields: a target a bar, or four flags a bar; known at the bar's close."""

from __future__ import annotations

from dataclasses import dataclass

from adm_notebook.market.arrays import F64, I8, Bool

__all__ = ["Decision", "Flags"]


@dataclass(frozen=True, slots=True)
class Flags:
    """Four booleans a bar, each (n_bars,); unknown (a NaN in the comparison) is false."""

    long_entry: Bool
    long_exit: Bool
    short_entry: Bool
    short_exit: Bool


@dataclass(frozen=True, slots=True)
class Decision:
    """A strategy's view of every bar, from bar 0, before any warm-up is applied.

    target    (n_bars,)  -1, 0 or +1: the position wanted; None where the strategy yields flags
    flags     the four flags; None where the strategy yields targets
    strength  (n_bars,)  in [0, 1], scales the size of a trade decided on that bar; None = 1
    lookback  bars that must pass before the strategy knows anything: the longest TA-Lib lookback among its
              indicators; of a user's function, the leading NaN run of what it returns
    """

    target: I8 | None
    flags: Flags | None
    strength: F64 | None
    lookback: int
