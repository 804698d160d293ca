"""Metrics of the compiled engine: what a combined portfolio, a long history and an odd account make of them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import EXIT_REASONS, METRICS, Account
from adm_notebook.engine.metrics import metrics
from adm_notebook.market.calendar import Calendar

SETTINGS = Settings(initial_capital=100.0)
SIGNAL, OPEN = EXIT_REASONS.index("signal"), EXIT_REASONS.index("open")


def account(equity, entry=(), exit_=(), pnl=(), *, still_open: bool = False) -> Account:
    n = len(entry)
    reason = np.full(n, SIGNAL, np.int8)
    if still_open:
        reason[-1] = OPEN
    money = np.asarray(pnl or [0.0] * n, dtype=np.float64)
    none = np.empty(0, np.int64)
    return Account(
        np.asarray(equity, dtype=np.float64), np.ones(n, np.int8), np.ones(n), np.asarray(entry, dtype=np.int64),
        np.full(n, 100.0), np.asarray(exit_, dtype=np.int64), np.full(n, 100.0), money, money / 100.0, np.ones(n),
        reason, none, none.astype(np.int8), none.astype(np.int8),
    )  # fmt: skip


def days(n: int) -> Calendar:
    return Calendar.of(pd.bdate_range("2020-01-01", periods=n))


def test_overlapping_trades_of_a_combined_portfolio_cover_each_bar_once() -> None:
    both = account([100.0] * 10, entry=(1, 2, 7), exit_=(5, 4, 9))
    assert metrics(both, days(10), SETTINGS)["exposure"] == 0.6  # bars 1-4 and 7-8
    peer = Settings(initial_capital=100.0, metrics_style="backtesting.py")
    assert metrics(both, days(10), peer)["exposure"] == 0.8  # 1-5 and 7-9: the peer counts the exit bar


def test_an_open_trade_is_exposed_to_the_last_bar_but_no_closed_trade() -> None:
    held = account([100.0] * 10, entry=(4,), exit_=(9,), pnl=(5.0,), still_open=True)
    found = metrics(held, days(10), SETTINGS)
    assert found["exposure"] == 0.6
    assert found["n_trades"] == 0
    assert math.isnan(found["win_rate"])


def test_the_capital_of_a_portfolio_may_be_given() -> None:
    found = metrics(account([220.0, 231.0]), days(2), SETTINGS, capital=200.0)
    assert found["total_return"] == pytest.approx(0.155)
    assert found["annual_return"] == pytest.approx(1.155**126 - 1)


def test_counts_are_whole_numbers_and_the_rest_plain_floats() -> None:
    found = metrics(account([100.0, 101.0], entry=(0,), exit_=(1,), pnl=(1.0,)), days(2), SETTINGS)
    assert tuple(found) == METRICS
    assert {name for name, value in found.items() if type(value) is int} == {"n_trades", "n_unfilled"}
    assert all(type(value) in (int, float) for value in found.values())


def test_a_steady_gain_has_an_infinite_sharpe_although_rounding_varies_it() -> None:
    equity = 100.0 * 1.001 ** np.arange(1, 2001)
    assert metrics(account(equity), days(2000), SETTINGS)["sharpe"] == math.inf


def test_a_long_history_keeps_its_digits() -> None:
    """A million returns that cancel to almost nothing: a plain running sum loses what is left of them."""
    swing = np.tile([1.01, 1 / 1.01], 500_000)
    equity = 100.0 * np.cumprod(swing)
    returns = np.diff(equity, prepend=100.0) / np.append(100.0, equity[:-1])
    exact = math.fsum(returns) / len(returns)
    spread = math.sqrt(math.fsum((returns - exact) ** 2) / (len(returns) - 1))
    found = metrics(account(equity), days(1), Settings(initial_capital=100.0, periods_per_year=1.0))
    assert_allclose(found["sharpe"], exact / spread, rtol=1e-10)


@given(arrays(np.float64, st.integers(2, 60), elements=st.floats(1, 1e6)))
def test_curve_metrics_equal_their_definitions(equity: np.ndarray) -> None:
    found = metrics(account(equity), days(len(equity)), SETTINGS)
    curve = pd.Series(equity)
    r = curve.pct_change().fillna(equity[0] / 100.0 - 1)
    assert_allclose(found["max_drawdown"], (curve / curve.cummax() - 1).min(), rtol=1e-12, atol=1e-15)
    assert_allclose(found["total_return"], equity[-1] / 100.0 - 1, rtol=1e-12)
    if r.std() > 1e-9 * r.abs().max():
        assert_allclose(found["volatility"], r.std() * np.sqrt(252), rtol=1e-9)
        assert_allclose(found["sharpe"], r.mean() / r.std() * np.sqrt(252), rtol=1e-9, atol=1e-12)
    downside = np.sqrt((r.clip(upper=0) ** 2).mean())
    if downside > 0:
        assert_allclose(found["sortino"], r.mean() * 252 / (downside * np.sqrt(252)), rtol=1e-9, atol=1e-12)


@given(arrays(np.float64, st.integers(2, 30), elements=st.floats(-1e4, 1e4).map(lambda x: round(x, 2))))
def test_trade_metrics_equal_their_definitions(pnl: np.ndarray) -> None:
    n = len(pnl)
    found = metrics(account([100.0] * (n + 1), range(n), range(1, n + 1), tuple(pnl)), days(n + 1), SETTINGS)
    assert found["win_rate"] == (pnl > 0).mean()
    assert_allclose(found["expectancy"], pnl.mean(), rtol=1e-9, atol=1e-9)
    if (pnl < 0).any():
        assert_allclose(found["profit_factor"], pnl[pnl > 0].sum() / -pnl[pnl < 0].sum(), rtol=1e-9)
    if pnl.std() > 1e-9 * np.abs(pnl).max():
        assert_allclose(found["sqn"], np.sqrt(n) * pnl.mean() / pnl.std(ddof=1), rtol=1e-9, atol=1e-9)
