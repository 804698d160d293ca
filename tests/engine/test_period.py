"""Figures of a part of an account's history: what the parts say together is what the whole says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adm_notebook.engine.period import between, period_metrics
from adm_notebook.engine.simulate import Simulation, simulate
from adm_notebook.market.calendar import Calendar


@st.composite
def simulations(draw: st.DrawFn) -> tuple[Simulation, Calendar]:
    """An account that trades in both directions, with costs, over some days."""
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, n)))
    open_ = close * np.exp(rng.normal(0, 0.01, n))
    index = pd.bdate_range("2020-01-01", periods=n)
    bars = pd.DataFrame(
        {"open": open_, "high": np.maximum(open_, close), "low": np.minimum(open_, close), "close": close}, index=index
    )
    names = ("long_entry", "long_exit", "short_entry", "short_exit")
    signals = {name: rng.random(n) < draw(st.sampled_from([0.1, 0.4])) for name in names}
    return simulate(bars, signals, commission=0.001), Calendar.of(index)


@given(simulations())
def test_the_whole_history_as_a_period_has_the_metrics_of_the_account(made: tuple[Simulation, Calendar]) -> None:
    result, calendar = made
    whole = period_metrics(result.account, 0, len(result.equity), calendar, result.settings)
    assert list(whole) == list(result.metrics)
    assert all(a == b or (a != a and b != b) for a, b in zip(whole.values(), result.metrics.values(), strict=True))


@given(simulations(), st.data())
def test_two_parts_make_the_whole(made: tuple[Simulation, Calendar], data: st.DataObject) -> None:
    """Returns compound, each trade is closed in one part, each bar is invested or not in one part."""
    result, calendar = made
    n = len(result.equity)
    cut = data.draw(st.integers(1, n - 1))
    a, b = (period_metrics(result.account, *p, calendar, result.settings) for p in ((0, cut), (cut, n)))
    assert (1 + a["total_return"]) * (1 + b["total_return"]) == pytest.approx(1 + result.metrics["total_return"])
    assert a["n_trades"] + b["n_trades"] == result.metrics["n_trades"]
    assert a["n_unfilled"] + b["n_unfilled"] == result.metrics["n_unfilled"]
    invested = a["exposure"] * cut + b["exposure"] * (n - cut)
    assert invested == pytest.approx(result.metrics["exposure"] * n)
    assert min(a["max_drawdown"], b["max_drawdown"]) >= result.metrics["max_drawdown"]


@given(simulations(), st.data())
def test_a_period_knows_nothing_of_what_comes_after_it(made: tuple[Simulation, Calendar], data: st.DataObject) -> None:
    result, calendar = made
    n = len(result.equity)
    assume(n > 3)
    stop = data.draw(st.integers(2, n - 1))
    account = result.account
    still = account.entry_bar < stop
    open_after = still & (account.exit_bar >= stop)
    part = between(account, 0, stop)
    assert len(part.equity) == stop
    assert len(part.pnl) == still.sum()
    assert (part.exit_bar < stop).all()
    closed = period_metrics(account, 0, stop, calendar, result.settings)["n_trades"]
    was_open = account.exit_reason[still] == 7
    assert closed == still.sum() - open_after.sum() - (was_open & ~open_after[still]).sum()


def test_buy_and_hold_of_a_period_counts_from_the_close_before_it() -> None:
    open_, close = np.array([10.0, 10.0, 10.0, 11.0, 12.0]), np.array([10.0, 10.0, 11.0, 12.0, 15.0])
    bars = pd.DataFrame(
        {"open": open_, "high": close, "low": open_, "close": close}, index=pd.bdate_range("2020", periods=5)
    )
    result = simulate(bars, {"long_entry": [False, True, False, False, False]})
    found = period_metrics(result.account, 3, 5, Calendar.of(bars.index), result.settings)
    assert found["total_return"] == pytest.approx(15 / 11 - 1)
    assert found["exposure"] == 1.0
    assert found["n_trades"] == 0
