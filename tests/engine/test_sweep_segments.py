"""From event to event a row comes out as bar by bar, wherever its sums can be had without a look at each bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sweep_cases import alone, assert_same_metrics, plain

from adm_notebook.config.settings import Settings
from adm_notebook.engine.compiled import signals_from_targets
from adm_notebook.engine.sweep import Ground, accounts_of, packed, sweep
from adm_notebook.market.arrays import I8, Prices
from adm_notebook.market.calendar import Calendar


def _some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def walks(draw: st.DrawFn) -> Prices:
    """Hundreds to thousands of bars as minutes or as days move, at any price; with ties, jumps and holes at times."""
    n = draw(st.integers(2, 1500))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    move = draw(_some(1e-5, 1e-4, 3e-4, 1e-3, 1e-2, 5e-2))
    steps = rng.normal(draw(_some(0.0, 0.0, 0.3, -0.3)) * move, move, n)
    steps[rng.random(n) < draw(_some(0.0, 0.3))] = 0.0
    jumps = rng.random(n) < draw(_some(0.0, 0.01))
    steps[jumps] += rng.normal(0.0, 0.1, n)[jumps]
    close = draw(_some(100.0, 1e-6, 1e9, 1.0)) * np.exp(np.cumsum(steps))
    open_ = np.append(close[0], close[:-1]) * np.exp(rng.normal(0.0, move, n) * (rng.random(n) < 0.5))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, move, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, move, n)))
    columns = [open_, high, low, close]
    holes = draw(_some(0.0, 0.0, 0.02))
    for column in columns:
        column[rng.random(n) < holes] = np.nan
    return Prices(*columns)


@st.composite
def targets(draw: st.DrawFn, n_bars: int) -> I8:
    """Positions held for a few bars or for hundreds."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = rng.geometric(1.0 / draw(_some(3, 30, 300)), n_bars)
    wanted = rng.choice(np.array(draw(_some([0, 1], [-1, 0], [-1, 0, 1], [-1, 1])), np.int8), n_bars)
    return np.repeat(wanted, lengths)[:n_bars].astype(np.int8)


@st.composite
def choices(draw: st.DrawFn) -> Settings:
    """Settings whose accounts live long enough to hold positions over stretches of bars."""
    mode = draw(_some("fraction", "fraction", "fraction", "units", "value"))
    stop_loss = draw(_some(None, None, 0.001, 0.01, 0.1))
    return Settings.resolve(
        {
            "initial_capital": draw(_some(1e3, 1e5)),
            "fill": draw(_some("next_open", "close", "prev_close")),
            "size_mode": mode,
            "size": {"fraction": draw(_some(1.0, 1.0, 0.3, 0.02)), "units": 3.0, "value": 500.0}[mode],
            "lot_size": draw(_some(0.0, 0.0, 0.1)),
            "commission": {"rate": draw(_some(0.0, 1e-4, 1e-3)), "fixed": draw(_some(0.0, 0.0, 0.1))},
            "slippage": draw(_some(0.0, 1e-4)),
            "stop_loss": stop_loss,
            "take_profit": draw(_some(None, None, 0.001, 0.02, 0.2)),
            "trailing": stop_loss is not None and draw(st.booleans()),
            "stop_base": draw(_some("fill", "signal_close")),
            "opposite": draw(_some("reverse", "close", "ignore")),
            "after_stop": draw(_some("keep", "drop")),
            "finalize": draw(_some("none", "last_close")),
            "ruin": draw(st.booleans()),
            "max_drawdown": draw(_some(None, None, 0.05, 0.3)),
            "max_daily_loss": draw(_some(None, None, None, None, 0.01)),
            "max_position_value": draw(_some(None, None, 400.0)),
            "metrics_style": draw(_some("standard", "standard", "standard", "standard", "backtesting.py")),
        }
    )


@hypothesis_settings(max_examples=400)
@given(st.data(), walks(), choices(), _some("D", "min"))
def test_segments_equal_bars(data: st.DataObject, bars: Prices, chosen: Settings, freq: str) -> None:
    n_bars = len(bars.close)
    index = pd.date_range("2020-01-01", periods=n_bars, freq=freq)
    calendar = Calendar.of(index)
    wanted = data.draw(targets(n_bars))
    warmup = data.draw(st.integers(0, 3))
    strength = data.draw(st.none() | _some(np.full(n_bars, 0.7)))
    ground, accounts = Ground.of(bars, calendar), accounts_of([chosen], calendar)
    found = sweep(ground, accounts, warmup, targets=wanted, strength=strength)[0]
    signals = signals_from_targets(wanted.copy(), warmup, strength)
    assert_same_metrics(found, alone(bars, index, signals, chosen, warmup), chosen.initial_capital)
    by_bars = sweep(ground, accounts, warmup, targets=wanted, strength=strength, method="bars")[0]
    assert_same_metrics(found, by_bars, chosen.initial_capital)
    by_flags = sweep(ground, accounts, warmup, flags=packed(signals), strength=strength)[0]
    assert_same_metrics(by_flags, by_bars, chosen.initial_capital)


@hypothesis_settings(max_examples=60)
@given(st.data(), walks(), choices())
def test_segments_equal_the_reference(data: st.DataObject, bars: Prices, chosen: Settings) -> None:
    n_bars = len(bars.close)
    index = pd.date_range("2020-01-01", periods=n_bars, freq="h")
    calendar = Calendar.of(index)
    wanted = data.draw(targets(n_bars))
    found = sweep(Ground.of(bars, calendar), accounts_of([chosen], calendar), 1, targets=wanted)[0]
    signals = signals_from_targets(wanted.copy(), 1)
    assert_same_metrics(found, plain(bars, index, signals, chosen, 1), chosen.initial_capital)
