"""Regimes: which state of the market each bar is in, as a classifier knows it at the bar's close."""

from __future__ import annotations

from dataclasses import dataclass

from adm_notebook.market.arrays import I8

__all__ = ["NO_REGIME", "ONE_REGIME", "Regimes"]

NO_REGIME = "none"
"""The label of bars of which a classifier knows nothing yet; every classifier may give it."""

ONE_REGIME = "all"
"""The label of every bar where there is no classifier."""


@dataclass(frozen=True, slots=True)
class Regimes:
    """A label for every bar, from bar 0, known at its close.

    labels    what a classifier can give, in its own order, `none` left out
    codes     (n_bars,)  positions in `labels`; -1 is `none`
    lookback  bars that must pass before the classifier knows anything: the longest TA-Lib lookback among its
              indicators; of a user's function, the leading run of `none` in what it returns
    """

    labels: tuple[str, ...]
    codes: I8
    lookback: int
