"""Both engines give what backtesting.py 0.6.6 and vectorbt 1.2.0 gave: each trade, each bar's equity, each metric."""

from __future__ import annotations

import numpy as np
import peer_fixtures
import pytest
from engines import ENGINES
from numpy.testing import assert_allclose, assert_array_equal
from peer_fixtures import PeerRun

from adm_notebook.engine.account import EXIT_REASONS, Account

RUNS = list(peer_fixtures.runs())
CORNER_CASES = list(peer_fixtures.corner_cases())


def _name(run: PeerRun) -> str:
    return run.name


def _numbers(values: list[float | None]) -> np.ndarray:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def assert_same_as_peer(account: Account, run: PeerRun) -> None:
    """Trades and equity as the peer has them; money to 1e-9 relative, or to 1e-12 of the capital where it cancels."""
    is_open = account.exit_reason == EXIT_REASONS.index("open")
    listed = np.ones_like(is_open) if run.lists_open_trades else ~is_open
    ours = {
        "entry_price": account.entry_price,
        "exit_price": account.exit_price,
        "size": account.size * account.direction,
        "pnl": account.pnl,
        "ret": account.returns,
        "fees": account.fees,
    }
    assert_array_equal(account.entry_bar[listed], run.trades["entry_bar"])
    assert_array_equal(account.exit_bar[listed], run.trades["exit_bar"])
    if run.lists_open_trades:
        assert [("open" if o else "closed") for o in is_open] == run.trades["status"]
    for name, values in ours.items():
        theirs = _numbers(run.trades[name])
        given = ~np.isnan(theirs)
        atol = 1e-12 * (1.0 if name == "ret" else run.settings.initial_capital)
        assert_allclose(values[listed][given], theirs[given], rtol=1e-9, atol=atol, err_msg=name)
    assert_allclose(account.equity, run.equity, rtol=1e-9, err_msg="equity")


def test_all_recorded_runs_are_read() -> None:
    assert (len(RUNS), len(CORNER_CASES)) == (17, 85)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("run", RUNS, ids=_name)
def test_a_whole_run_equals_the_peers(run: PeerRun, engine: str) -> None:
    account = ENGINES[engine].simulate(run.prices, run.signals, run.settings, warmup=run.warmup)
    assert_same_as_peer(account, run)
    ours = ENGINES[engine].metrics(account, run.index, run.settings)
    for name, theirs in run.metrics.items():
        if theirs is not None:
            assert_allclose(ours[name], theirs, rtol=1e-8, err_msg=name)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("run", CORNER_CASES, ids=_name)
def test_a_corner_case_equals_the_peers(run: PeerRun, engine: str) -> None:
    account = ENGINES[engine].simulate(run.prices, run.signals, run.settings, warmup=run.warmup)
    assert_same_as_peer(account, run)
