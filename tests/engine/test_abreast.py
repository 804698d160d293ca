"""Accounts that are walked together have the figures, to the last bit, that each has by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sweep_cases import alone, assert_same_metrics
from test_sweep_segments import targets, walks

from adm_notebook.config.settings import Settings
from adm_notebook.engine.abreast import LANES, LOST, WORTH
from adm_notebook.engine.account import METRICS
from adm_notebook.engine.compiled import signals_from_targets
from adm_notebook.engine.segment_sweep import room_for, sweep_segments
from adm_notebook.engine.sweep import Ground, accounts_of, packed, sweep
from adm_notebook.engine.sweep_kernels import Wanted
from adm_notebook.jit import readonly
from adm_notebook.market.arrays import F64, Prices
from adm_notebook.market.calendar import Calendar


def _some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def alike(draw: st.DrawFn) -> tuple[Settings, dict[str, F64]]:
    """Settings, and up to 75 accounts that share them but for their size, costs, capital and one of two stops."""
    stop_loss = draw(_some(None, None, 0.002, 0.05))
    chosen = Settings.resolve(
        {
            "fill": draw(_some("next_open", "close")),
            "slippage": draw(_some(0.0, 1e-4)),
            "stop_loss": stop_loss,
            "take_profit": draw(_some(None, None, 0.002, 0.1)),
            "stop_base": draw(_some("fill", "signal_close")),
            "opposite": draw(_some("reverse", "close", "ignore")),
            "after_stop": draw(_some("keep", "drop")),
        }
    )
    k = draw(st.integers(1, 75))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    varied = {
        "size": np.where(rng.random(k) < 0.3, 1.0, rng.uniform(0.0, 1.0, k)),
        "rate": rng.choice([0.0, 1e-5, 1e-3, 0.05], k),
        "fixed": rng.choice([0.0, 0.0, 1.0, 300.0], k),
        "initial_capital": rng.choice([1e3, 1e5], k),
    }
    if stop_loss is not None:
        varied["stop_loss"] = rng.choice([stop_loss, 2 * stop_loss], k)
    return chosen, {name: column for name, column in varied.items() if draw(st.booleans())} or {"size": varied["size"]}


@hypothesis_settings(max_examples=300)
@given(st.data(), walks(), alike())
def test_each_account_has_its_figures_alone(
    data: st.DataObject, bars: Prices, given_accounts: tuple[Settings, dict[str, F64]]
) -> None:
    chosen, varied = given_accounts
    n_bars, k = len(bars.close), len(next(iter(varied.values())))
    index = pd.date_range("2020-01-01", periods=n_bars, freq="D")
    calendar = Calendar.of(index)
    ground = Ground.of(bars, calendar, series=data.draw(st.booleans()))
    accounts = accounts_of([chosen], calendar).taken([0] * k).varied(**varied)
    wanted, warmup = data.draw(targets(n_bars)), data.draw(st.integers(0, 3))
    signals = signals_from_targets(wanted.copy(), warmup)
    given_signals: dict[str, Any] = data.draw(_some({"targets": wanted}, {"flags": packed(signals)}))
    together = sweep(ground, accounts, warmup, **given_signals)
    each = [sweep(ground, accounts.taken([row]), warmup, **given_signals)[0] for row in range(k)]
    assert_array_equal(together, np.array(each))

    row = data.draw(st.integers(0, k - 1))
    one = Settings.resolve(
        chosen.model_dump(exclude_none=True)
        | {name: varied[name][row].item() for name in ("size", "initial_capital", "stop_loss") if name in varied}
        | {"commission": {name: varied[name][row].item() for name in ("rate", "fixed") if name in varied}}
    )
    if one.size > 0.0:
        assert_same_metrics(together[row], alone(bars, index, signals, one, warmup), one.initial_capital)


@pytest.mark.parametrize(("k", "n_walks"), [(1, 0), (2, 1), (LANES, 1), (LANES + 1, 1), (2 * LANES, 2)])
def test_accounts_that_differ_in_size_alone_are_walked_together(k: int, n_walks: int) -> None:
    """The lanes hold the accounts of the last walk; what is left over for a single one is run by itself."""
    rng = np.random.default_rng(0)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, 400)))
    index = pd.date_range("2020-01-01", periods=400, freq="D")
    ground = Ground.of(Prices(close, close, close, close), Calendar.of(index))
    sizes = np.linspace(0.1, 0.9, k)
    accounts = accounts_of([Settings()], ground.calendar).taken([0] * k).varied(size=sizes)
    wanted = (rng.integers(0, 2, 40).repeat(10)).astype(np.int8)
    metrics, done, room = np.zeros((k, len(METRICS))), np.zeros(k, np.bool_), room_for(400)
    lanes = room.lanes
    lanes[:] = -1.0
    none = readonly(np.empty((1, 0)))
    sweep_segments(
        metrics,
        done,
        np.arange(k),
        readonly(accounts.rules),
        accounts.ledgers.copy(),
        readonly(accounts.periods),
        readonly(np.zeros(k, np.int64)),
        ground.terrain,
        Wanted(readonly(wanted[None, :]), readonly(np.empty((0, 0), np.uint8)), none, none, none),
        room,
    )
    assert done.all()
    if n_walks == 0:
        assert (lanes == -1.0).all()
        return
    first = (n_walks - 1) * LANES
    walked = min(k - first, LANES)
    worth = lanes[int(WORTH) : int(WORTH) + walked]
    assert_array_equal(worth, metrics[first : first + walked, METRICS.index("final_equity")])
    assert (lanes[int(LOST) : int(LOST) + walked] == 0.0).all()
