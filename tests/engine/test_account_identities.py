"""What holds for every account, whatever the bars, signals and settings: books that balance, and no look ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engines import ENGINES
from hypothesis import given, settings
from hypothesis import strategies as st

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import Signals
from adm_notebook.market.arrays import Prices

N_BARS = 30
DAYS = np.arange(N_BARS) // 4


@st.composite
def markets(draw: st.DrawFn) -> tuple[Prices, Signals]:
    """Random walks on a coarse grid, so that stops are touched and lots come out whole, with gaps; and random flags.

    At times each bar has stops of its own.
    """
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = random.integers(-4, 5, size=(N_BARS, 2))
    close = np.maximum(20 + np.cumsum(steps[:, 0]), 1).astype(np.float64)
    open_ = np.maximum(np.concatenate([[20.0], close[:-1]]) + steps[:, 1], 1.0)
    high = np.maximum(open_, close) + random.integers(0, 3, N_BARS)
    low = np.maximum(np.minimum(open_, close) - random.integers(0, 3, N_BARS), 0.5)
    gaps = draw(st.sampled_from([0.0, 0.2]))
    for column in (open_, high, low, close):
        column[random.random(N_BARS) < gaps] = np.nan
    often = draw(st.sampled_from([0.1, 0.4]))
    flags = [random.random(N_BARS) < often for _ in range(4)]
    strength = np.round(random.random(N_BARS), 1) if draw(st.booleans()) else None
    stops = [random.choice([0.02, 0.1, 0.4, np.nan], N_BARS) if draw(st.booleans()) else None for _ in range(2)]
    return Prices(open_, high, low, close), Signals(*flags, strength, *stops)


@st.composite
def accounts(draw: st.DrawFn) -> Settings:
    """Settings of all kinds, apart from how the last position ends."""
    pick = lambda *values: draw(st.sampled_from(values))  # noqa: E731 - reads like the table it fills
    whole = draw(st.booleans())
    stop_loss = pick(None, 0.05, 0.2)
    mode = pick("fraction", "units") if whole else pick("fraction", "units", "value")
    given: dict[str, Any] = {
        "initial_capital": 1000.0,
        "fill": pick("next_open", "close", "prev_close"),
        "size_mode": mode,
        "size": {"fraction": pick(0.5, 1.0), "units": pick(1.0, 30.0, 200.0), "value": pick(100.0, 3000.0)}[mode],
        "size_rule": "whole" if whole else "fractional",
        "margin": pick(1.0, 0.25) if whole else 1.0,
        "commission": {"rate": pick(0.0, 0.01), "fixed": pick(0.0, 5.0), "fixed_per": pick("leg", "order")},
        "slippage": {"entry": pick(0.0, 0.01), "exit": pick(0.0, 0.02)},
        "stop_loss": stop_loss,
        "take_profit": pick(None, 0.1),
        "trailing": stop_loss is not None and pick(False, True),
        "stop_base": pick("signal_close", "fill"),
        "opposite": pick("reverse", "close", "ignore"),
        "shortfall": pick("cancel", "partial"),
        "after_stop": pick("keep", "drop"),
        "ruin": pick(True, False),
        "max_position_value": pick(None, 300.0),
        "max_drawdown": pick(None, 0.3),
        "max_daily_loss": pick(None, 0.02, 0.1),
    }
    if not whole:
        given["lot_size"] = pick(0.0, 0.1, 1.0)
    return Settings.resolve(given)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=150, deadline=None)
@given(market=markets(), account=accounts(), end=st.sampled_from(["none", "last_open", "last_close"]))
def test_equity_is_the_capital_and_what_the_trades_earned(
    engine: str, market: tuple[Prices, Signals], account: Settings, end: str
) -> None:
    if not (end == "last_open" and account.fill == "close"):
        account = account.model_copy(update={"finalize": end})
    found = ENGINES[engine].simulate(*market, account.model_copy(update={"ruin": False}), warmup=1, days=DAYS)
    assert found.equity[-1] == pytest.approx(1000 + found.pnl.sum(), rel=1e-9, abs=1e-6)
    assert np.all(found.entry_bar <= found.exit_bar)
    if end != "last_open":  # which may fill an entry at a close before the last bar's stop
        assert np.all(found.exit_bar[:-1] <= found.entry_bar[1:])  # one position at a time
    assert np.all(found.size > 0)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=150, deadline=None)
@given(market=markets(), account=accounts(), n_known=st.integers(1, N_BARS))
def test_later_bars_do_not_change_earlier_equity(
    engine: str, market: tuple[Prices, Signals], account: Settings, n_known: int
) -> None:
    prices, signals = market
    known_prices = Prices(*(column[:n_known] for column in prices[:4]))
    known_signals = Signals(*(None if column is None else column[:n_known] for column in signals))
    simulate = ENGINES[engine].simulate
    early = simulate(known_prices, known_signals, account, warmup=1, days=DAYS[:n_known])
    late = simulate(prices, signals, account, warmup=1, days=DAYS)
    np.testing.assert_array_equal(early.equity, late.equity[:n_known])
