"""A sweep gives each row the metrics that it has alone, by the compiled engine and by the one in plain Python."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from engine_strategies import prices, settings, signals, times
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from sweep_cases import alone, assert_same_metrics, exposed, plain

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.engine.compiled import signals_from_targets
from adm_notebook.engine.sweep import Ground, accounts_of, packed, sweep
from adm_notebook.errors import ConfigError
from adm_notebook.jit import readonly
from adm_notebook.market.arrays import Prices
from adm_notebook.market.calendar import Calendar


@hypothesis_settings(max_examples=400)
@given(st.data(), prices(), settings())
def test_flags_through_any_settings(data: st.DataObject, bars: Prices, chosen: Settings) -> None:
    n_bars = len(bars.close)
    index = data.draw(times(n_bars))
    asked = data.draw(signals(n_bars))
    traded = exposed(bars, index, asked, chosen)
    calendar = Calendar.of(index)
    found = sweep(
        Ground.of(bars, calendar),
        accounts_of([chosen], calendar),
        chosen.warmup,
        flags=packed(traded),
        strength=traded.strength,
        stop_loss=traded.stop_loss,
        take_profit=traded.take_profit,
    )
    assert_same_metrics(found[0], alone(bars, index, traded, chosen, chosen.warmup), chosen.initial_capital)
    assert_same_metrics(found[0], plain(bars, index, asked, chosen, chosen.warmup), chosen.initial_capital)


fixed_settings = settings().filter(
    lambda s: not s.scaled and not any(hasattr(stop, "period") for stop in (s.stop_loss, s.take_profit))
)


@given(st.data(), prices(), st.lists(fixed_settings, min_size=1, max_size=6))
def test_many_rows_of_targets_are_each_as_if_alone(data: st.DataObject, bars: Prices, chosen: list[Settings]) -> None:
    n_bars, k = len(bars.close), len(chosen)
    index = data.draw(times(n_bars))
    calendar = Calendar.of(index)
    rows = data.draw(st.sampled_from([1, k]))
    targets = data.draw(arrays(np.int8, (rows, n_bars), elements=st.sampled_from([-1, 0, 0, 1, 1])))
    strength = data.draw(st.none() | arrays(np.float64, n_bars, elements=st.sampled_from([0.0, 0.25, 1.0])))
    warmups = [s.warmup for s in chosen]
    ground, accounts = Ground.of(bars, calendar), accounts_of(chosen, calendar)
    found = sweep(ground, accounts, warmups, targets=targets, strength=strength)
    assert found.shape == (k, len(METRICS))
    for row, one in enumerate(chosen):
        flags = signals_from_targets(targets[min(row, rows - 1)].copy(), one.warmup, strength)
        assert_same_metrics(found[row], alone(bars, index, flags, one, one.warmup), one.initial_capital)

    cut = data.draw(st.integers(0, k))  # in two parts, the same to the last bit
    parts = [
        sweep(
            ground,
            accounts.taken(part),
            warmups[part],
            targets=targets if rows == 1 else targets[part],
            strength=strength,
        )
        for part in (slice(0, cut), slice(cut, k))
        if len(warmups[part])
    ]
    assert_array_equal(np.concatenate(parts), found)


def walk(n_bars: int, seed: int = 0) -> tuple[Prices, pd.DatetimeIndex]:
    """Random bars, each open near the close before."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, n_bars)))
    open_ = np.append(100.0, close[:-1]) * np.exp(rng.normal(0.0, 0.002, n_bars))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.005, n_bars)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.005, n_bars)))
    return Prices(open_, high, low, close), pd.bdate_range("2010-01-01", periods=n_bars)


def test_more_trades_than_are_held_at_once_are_all_counted() -> None:
    bars, index = walk(1000)
    targets = np.tile(np.array([1, -1], np.int8), 500)  # a trade a bar
    calendar = Calendar.of(index)
    chosen = Settings(initial_capital=1e4, warmup=0)
    found = sweep(Ground.of(bars, calendar), accounts_of([chosen], calendar), 0, targets=targets)
    wanted = alone(bars, index, signals_from_targets(targets.copy(), 0), chosen, 0)
    assert wanted[METRICS.index("n_trades")] > 900
    assert_same_metrics(found[0], wanted, chosen.initial_capital)


def test_a_varied_setting_is_that_setting() -> None:
    bars, index = walk(300)
    calendar = Calendar.of(index)
    targets = np.sign(np.sin(np.arange(300) / 7.0)).astype(np.int8)
    columns = {
        "size": 0.4,
        "stop_loss": 0.02,
        "take_profit": 0.03,
        "initial_capital": 5e3,
        "max_position_value": 1500.0,
        "max_drawdown": 0.2,
        "max_daily_loss": 0.05,
    }
    varied = accounts_of([Settings()], calendar).taken([0, 0]).varied(**columns, rate=[0.001, 0.01], fixed=1.0)
    found = sweep(Ground.of(bars, calendar), varied, 1, targets=targets)
    for row, rate in enumerate((0.001, 0.01)):
        one = Settings.resolve({**columns, "commission": {"rate": rate, "fixed": 1.0}})
        wanted = alone(bars, index, signals_from_targets(targets.copy(), 1), one, 1)
        assert_same_metrics(found[row], wanted, 5e3)
    with pytest.raises(ValueError, match="fill can't be varied by row; what can: size, lot"):
        varied.varied(fill=1)


def test_inputs_may_be_read_only_and_stay_as_they_are() -> None:
    bars, index = walk(50)
    calendar = Calendar.of(index)
    targets = readonly(np.ones((1, 50), np.int8))
    ground = Ground.of(Prices(*map(readonly, bars[:4])), calendar)
    accounts = accounts_of([Settings(stop_loss=0.01)] * 3, calendar)
    first = sweep(ground, accounts, readonly(np.array([1, 2, 60])), targets=targets)
    assert_array_equal(sweep(ground, accounts, [1, 2, 60], targets=targets), first)
    assert first[2, METRICS.index("n_trades")] == 0


@pytest.mark.parametrize("n_bars", [1, 2])
@pytest.mark.parametrize("fill", ["next_open", "close", "prev_close"])
def test_one_bar_and_two(n_bars: int, fill: str) -> None:
    bars, index = walk(n_bars)
    calendar = Calendar.of(index)
    chosen = Settings(fill=fill)
    targets = np.ones(n_bars, np.int8)
    found = sweep(Ground.of(bars, calendar), accounts_of([chosen], calendar), 0, targets=targets)
    wanted = alone(bars, index, signals_from_targets(targets.copy(), 0), chosen, 0)
    assert_same_metrics(found[0], wanted, chosen.initial_capital)


def test_what_does_not_fit_is_refused() -> None:
    bars, index = walk(20)
    calendar = Calendar.of(index)
    ground, accounts = Ground.of(bars, calendar), accounts_of([Settings()] * 3, calendar)
    with pytest.raises(ValueError, match="either targets or flags, but there are none"):
        sweep(ground, accounts, 1)
    with pytest.raises(ValueError, match=r"targets must have shape \(20,\) or \(3, 20\), but have \(2, 20\)"):
        sweep(ground, accounts, 1, targets=np.zeros((2, 20), np.int8))
    with pytest.raises(ValueError, match="flags must be of type uint8, but are int8"):
        sweep(ground, accounts, 1, flags=np.zeros(20, np.int8))  # type: ignore[arg-type]
    timeless = Calendar.of(pd.RangeIndex(20))
    limited = accounts_of([Settings(max_daily_loss=0.1)], timeless)
    with pytest.raises(ConfigError, match="needs bars with times"):
        sweep(Ground.of(bars, timeless), limited, 1, targets=np.zeros(20, np.int8))
