"""From event to event a row comes out as bar by bar, wherever its sums can be had without a look at each bar."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sweep_cases import alone, assert_same_metrics, plain

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.engine.compiled import signals_from_targets
from adm_notebook.engine.segment_kernels import begin_curve
from adm_notebook.engine.segment_sweep import room_for, sweep_segments
from adm_notebook.engine.segments import (
    BEFORE,
    CURVE,
    DOWN,
    DRAWDOWN,
    NOISE,
    NOISE_R,
    PEAK,
    SQUARES,
    SUM,
    advance,
    extremes,
    mark,
    terrain_of,
)
from adm_notebook.engine.sweep import Ground, accounts_of, method_of, packed, sweep
from adm_notebook.engine.sweep_kernels import Wanted
from adm_notebook.jit import readonly
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
    walked = sweep(Ground.of(bars, calendar, series=False), accounts, warmup, targets=wanted, strength=strength)[0]
    assert_same_metrics(walked, by_bars, chosen.initial_capital)
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


STARTS = st.integers(0, 2**32 - 1)


@given(st.data(), walks())
def test_extremes_are_those_of_the_bars(data: st.DataObject, bars: Prices) -> None:
    terrain, n_bars = terrain_of(bars), len(bars.close)
    i = data.draw(st.integers(0, n_bars - 1))
    j = data.draw(st.integers(i + 1, n_bars))
    known = terrain.price[i:j][~np.isnan(terrain.price[i:j])]
    found = extremes(terrain, i, j)
    assert found[0] == terrain.lowest[i:j].min()
    assert found[1] == terrain.highest[i:j].max()
    if len(known) == j - i:
        assert found[2:] == (known.min(), known.max())


@given(st.data(), walks(), _some(-0.9, -0.4, 0.02, 0.5, 0.999, 1.0), _some(0.5, 1e-3))
def test_a_stretch_adds_what_its_bars_add(data: st.DataObject, bars: Prices, share: float, room: float) -> None:
    """Sums to what a sum of so many numbers can be; the end, the peak, the drawdown to the last bit."""
    terrain, n_bars = terrain_of(bars), len(bars.close)
    known = int(np.isnan(terrain.price).sum())
    i = data.draw(st.integers(min(known + 1, n_bars - 1), n_bars - 1))
    j = data.draw(st.integers(i, n_bars))
    entry = float(terrain.price[i - 1])
    if j == i or np.isnan(entry):
        return
    balance, position = 1000.0, share * 1000.0 / entry
    lower, upper, keep = entry * (1.0 - room), entry * (1.0 + room), 1.0 - room
    by_stretch, by_bar = np.empty(CURVE), np.empty(CURVE)
    for curve in (by_stretch, by_bar):
        begin_curve(curve, 1000.0, 1)
        mark(curve, balance)
    end, peak = advance(terrain, by_stretch, i, j, lower, upper, balance, position, entry, keep, 1000.0)
    t, highest = i, 1000.0
    while t < j:
        worth = balance + position * (terrain.price[t] - entry)
        highest_now = max(highest, worth)
        if terrain.lowest[t] <= lower or terrain.highest[t] >= upper or worth <= max(0.0, keep * highest_now):
            break
        highest = highest_now
        mark(by_bar, worth)
        t += 1
    assert (end, peak) == (t, highest)
    for place in (PEAK, DRAWDOWN, BEFORE):
        assert by_stretch[place] == by_bar[place]
    for place in (SQUARES, DOWN):
        noise = 1e-15 * (by_stretch[NOISE] + np.sqrt(n_bars * by_bar[place]))
        assert_allclose(by_stretch[place], by_bar[place], rtol=1e-11, atol=noise)
    noise = 1e-15 * (n_bars + by_stretch[NOISE_R])
    assert_allclose(by_stretch[SUM], by_bar[SUM], rtol=1e-11, atol=noise)


@pytest.mark.parametrize("move", [3e-4, 1e-2])
@pytest.mark.parametrize(
    "given_settings",
    [
        {},
        {"size": 0.3, "commission": 0.0001},
        {"stop_loss": 0.01, "take_profit": 0.03},
        {"stop_loss": 0.01, "trailing": True, "max_drawdown": 0.5},
        {"size_mode": "units", "size": 50.0, "fill": "prev_close", "finalize": "last_close"},
    ],
)
def test_rows_of_ordinary_markets_need_no_second_run(move: float, given_settings: dict[str, Any]) -> None:
    """What the tests above compare is the work of segments, and not of the bars they fall back to."""
    rng = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(rng.normal(move / 10, move, 4000)))
    bars = Prices(close, close * (1 + move), close * (1 - move), close)
    calendar = Calendar.of(pd.bdate_range("2000-01-01", periods=4000))
    chosen = Settings.resolve(given_settings)
    accounts = accounts_of([chosen] * 3, calendar)
    rows = np.array([np.where(np.sin(np.arange(4000) / period) > 0, 1, -1) for period in (5, 20, 90)], np.int8)
    none, every = np.empty((0, 0), np.uint8), np.empty((1, 0))
    metrics, done = np.empty((3, len(METRICS))), np.zeros(3, np.bool_)
    wanted = Wanted(readonly(rows), readonly(none), readonly(every), readonly(every), readonly(every))
    sweep_segments(
        metrics,
        done,
        np.arange(3),
        accounts.rules,
        accounts.ledgers,
        readonly(accounts.periods),
        readonly(np.ones(3, np.int64)),
        terrain_of(bars),
        wanted,
        room_for(4000),
    )
    assert done.all()
    by_bars = sweep(Ground.of(bars, calendar), accounts_of([chosen] * 3, calendar), 1, targets=rows, method="bars")
    for ours, theirs in zip(metrics, by_bars, strict=True):
        assert_same_metrics(ours, theirs, chosen.initial_capital)


def test_a_row_whose_digits_would_be_lost_is_run_again_by_bars() -> None:
    """A steady gain has no deviation: what is left of its squares is rounding, and the sharpe ratio infinite."""
    close = 100.0 * 1.001 ** np.arange(500)
    calendar = Calendar.of(pd.bdate_range("2000-01-01", periods=500))
    held = np.ones(500, np.int8)
    ground, accounts = Ground.of(Prices(close, close, close, close), calendar), accounts_of([Settings()], calendar)
    flags = signals_from_targets(held.copy(), 0)
    found = sweep(ground, accounts, 0, targets=held)[0]
    wanted = alone(ground.prices, pd.bdate_range("2000-01-01", periods=500), flags, Settings(), 0)
    assert_same_metrics(found, wanted, 100_000.0)


def test_the_method_is_told() -> None:
    calendar = Calendar.of(pd.bdate_range("2000-01-01", periods=5))
    chosen = [Settings(), Settings(max_daily_loss=0.1), Settings(metrics_style="backtesting.py")]
    assert method_of(accounts_of(chosen, calendar)) == ["segments", "bars", "bars"]


@given(walks(), STARTS, st.lists(st.integers(0, 7), max_size=4))
def test_rows_are_the_same_in_whatever_parts_they_run(bars: Prices, start: int, cuts: list[int]) -> None:
    n_bars = len(bars.close)
    rng = np.random.default_rng(start)
    calendar = Calendar.of(pd.date_range("2020-01-01", periods=n_bars, freq="h"))
    rows = np.repeat(rng.integers(-1, 2, (7, n_bars // 9 + 1)), 9, axis=1)[:, :n_bars].astype(np.int8)
    accounts = accounts_of([Settings()], calendar).taken([0] * 7).varied(stop_loss=rng.uniform(0.001, 0.1, 7))
    ground, warmups = Ground.of(bars, calendar), rng.integers(0, 5, 7)
    whole = sweep(ground, accounts, warmups, targets=rows)
    edges = sorted({0, 7, *cuts})
    parts = [sweep(ground, accounts.taken(slice(a, b)), warmups[a:b], targets=rows[a:b]) for a, b in pairwise(edges)]
    assert_array_equal(np.concatenate(parts), whole)
