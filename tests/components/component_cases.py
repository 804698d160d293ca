"""Bars for the tests of components: random walks with and without holes, and bars with given closes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from adm_notebook.components import Decision, Indicator, make_strategy
from adm_notebook.market.arrays import F64, Prices
from adm_notebook.market.bars import Bars


def bars_of(prices: Prices) -> Bars:
    """The prices as bars of the days from 2000 on."""
    return Bars("TEST", pd.date_range("2000-01-03", periods=len(prices.close), freq="D"), prices)


def bars_with_closes(closes: Sequence[float]) -> Bars:
    """Bars whose open, high and low are the close."""
    c = np.array(closes, float)
    return bars_of(Prices(c.copy(), c.copy(), c.copy(), c, np.full(len(c), 1000.0)))


def random_prices(n_bars: int, seed: int = 0, flat: float = 0.0, holes: float = 0.0) -> Prices:
    """A random walk; `flat` of its bars repeat the close before, `holes` of them have no close."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.02, n_bars) * (rng.random(n_bars) >= flat)
    close = 100 * np.exp(np.cumsum(steps))
    open_ = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(open_, close) * (1 + 0.01 * rng.random(n_bars))
    low = np.minimum(open_, close) * (1 - 0.01 * rng.random(n_bars))
    volume = np.round(rng.uniform(0, 1000, n_bars))
    close = np.where(rng.random(n_bars) < holes, np.nan, close)
    return Prices(open_, high, low, close, volume)


@st.composite
def any_bars(draw: st.DrawFn, min_bars: int = 1, max_bars: int = 60) -> Bars:
    """Random walks of all lengths, some with flat stretches, some with bars that have no close."""
    n = draw(st.integers(min_bars, max_bars))
    flat, holes = draw(st.sampled_from([0.0, 0.5, 0.95])), draw(st.sampled_from([0.0, 0.0, 0.2, 1.0]))
    return bars_of(random_prices(n, draw(st.integers(0, 10_000)), flat, holes))


def computed(bars: Bars) -> Callable[[Indicator], tuple[F64, ...]]:
    """Hands over indicators over these bars."""
    return lambda indicator: indicator.compute(bars)


def decision_of(bars: Bars, type_: str, by_bar: bool = False, **parameters: Any) -> Decision:
    """What a strategy decides over these bars."""
    strategy = make_strategy({"type": type_, "parameters": parameters})
    return strategy.evaluate_by_bar(bars, computed(bars)) if by_bar else strategy.evaluate(bars, computed(bars))


def arrays_of(decision: Decision) -> dict[str, np.ndarray]:
    """The arrays of a decision by name."""
    if decision.flags is None:
        assert decision.target is not None
        return {"target": decision.target}
    names = ("long_entry", "long_exit", "short_entry", "short_exit")
    return {name: getattr(decision.flags, name) for name in names}


def entries(bars: Bars, condition: str, by_bar: bool = False, **parameters: Any) -> list[int]:
    """Bars on which a condition of the rule language is true."""
    flags = decision_of(bars, "rule", by_bar, entry=condition, **parameters).flags
    assert flags is not None
    return np.flatnonzero(flags.long_entry).tolist()
