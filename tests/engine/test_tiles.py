"""Rows that go through the bars tile by tile have the figures, to the last bit, that each has in one go."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from test_abreast import alike
from test_sweep_segments import targets, walks

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.engine.compiled import signals_from_targets
from adm_notebook.engine.segment_sweep import TILE, TOGETHER, room_for, sweep_segments
from adm_notebook.engine.sweep import Accounts, Ground, accounts_of, packed, sweep
from adm_notebook.engine.sweep_kernels import Wanted
from adm_notebook.jit import readonly
from adm_notebook.market.arrays import F64, I8, I64, Bool, Prices
from adm_notebook.market.calendar import Calendar

NONE = readonly(np.empty((1, 0)))


def by_tiles(
    ground: Ground, accounts: Accounts, warmups: I64, wanted: Wanted, tile: int, done: Bool
) -> F64:  # fmt: skip
    """The metrics of rows by tiles of so many bars; `done` says which of them could be had so."""
    metrics = np.zeros((len(accounts), len(METRICS)))
    room = room_for(ground.prices.close.shape[0])
    sweep_segments(
        metrics,
        done,
        np.arange(len(accounts)),
        readonly(accounts.rules),
        accounts.ledgers.copy(),
        readonly(accounts.periods),
        readonly(warmups),
        ground.terrain,
        wanted,
        room._replace(tile=tile),
    )
    return metrics


@hypothesis_settings(max_examples=300)
@given(st.data(), walks(), alike(), st.one_of(st.integers(1, 60), st.integers(1, 1500)))
def test_a_row_has_the_same_figures_wherever_tiles_end(
    data: st.DataObject, bars: Prices, given_accounts: tuple[Settings, dict[str, F64]], tile: int
) -> None:
    chosen, varied = given_accounts
    n_bars, k = len(bars.close), len(next(iter(varied.values())))
    ground = Ground.of(bars, Calendar.of(pd.date_range("2020-01-01", periods=n_bars, freq="D")))
    accounts = accounts_of([chosen], ground.calendar).taken([0] * k).varied(**varied)
    few = [data.draw(targets(n_bars)) for _ in range(data.draw(st.integers(1, 3)))]
    rows = np.array([few[row % len(few)] for row in range(k)])
    warmups = np.array([data.draw(st.integers(0, n_bars + 1)) if row < 3 else row % 4 for row in range(k)])
    if k == 1:  # one row of signals counts as shared by all, and is walked in one go
        rows, warmups, accounts = rows.repeat(2, 0), warmups.repeat(2), accounts.taken([0, 0])
    empty = readonly(np.empty((0, 0), np.uint8)), readonly(np.empty((0, 0), np.int8))
    if data.draw(st.booleans()):
        wanted = Wanted(readonly(rows), empty[0], NONE, NONE, NONE)
    else:
        flags = np.array([packed(signals_from_targets(r.copy(), int(w))) for r, w in zip(rows, warmups, strict=True)])
        wanted = Wanted(empty[1], readonly(flags), NONE, NONE, NONE)
    done, at_once = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    found = by_tiles(ground, accounts, warmups, wanted, tile, done)
    whole = by_tiles(ground, accounts, warmups, wanted, 10**9, at_once)
    assert_array_equal(done, at_once)
    assert_array_equal(found[done], whole[done])
    if wanted.targets.shape[0]:  # and as each comes out by itself
        for row in np.flatnonzero(done)[:5].tolist():
            one = sweep(ground, accounts.taken([row]), int(warmups[row]), targets=rows[row])[0]
            assert_array_equal(found[row], one)


def test_a_sweep_of_many_bars_and_rows_is_what_each_row_is_alone() -> None:
    """Over several tiles of the size that sweeps use, and more rows than go through a tile together."""
    n_bars, k = 3 * TILE + 1234, TOGETHER + 7
    rng = np.random.default_rng(3)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0005, n_bars)))
    ground = Ground.of(
        Prices(close, close * 1.0002, close * 0.9998, close),
        Calendar.of(pd.date_range("2020-01-01", periods=n_bars, freq="min")),
    )
    accounts = accounts_of([Settings.resolve({"stop_loss": 0.004, "commission": 1e-5})] * k, ground.calendar)
    rows: I8 = np.array([np.sign(np.sin(np.arange(n_bars) / period)) for period in np.linspace(3, 4000, k)], np.int8)
    together = sweep(ground, accounts, 5, targets=rows)
    each = [sweep(ground, accounts.taken([row]), 5, targets=rows[row])[0] for row in range(k)]
    assert_array_equal(together, np.array(each))
    assert (together[:, METRICS.index("n_trades")] > 0).all()
