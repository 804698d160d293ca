"""Rows measured many at a time are what each is by itself: the same status, error and metrics, row by row."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from workflow_cases import PATTERNS, bars_frame, workflows

import adm_notebook as adm
from adm_notebook.coordinator import lanes
from adm_notebook.coordinator.composable import ComposableExecutor
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.lane_accounts import LaneAccounts, LaneBatch, WantedSignals, _alike
from adm_notebook.coordinator.lanes import _sharing_order
from adm_notebook.coordinator.outcome import Block, Outcome
from adm_notebook.engine.account import METRICS
from adm_notebook.planning import Plan

EXAMPLES = int(os.environ.get("ADM_EXAMPLES", "150"))
MONEY = ("fees", "expectancy", "final_equity")

BUILT_IN = tuple(sorted(name for name in PATTERNS if not name.startswith("user's own")))
"""Patterns that hold no container of the user's: only those are measured many at a time."""


def outcomes_of(config: adm.WorkflowConfig, least: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Plan, list[Outcome]]:
    """Every row; many at a time where there are at least so many."""
    with monkeypatch.context() as patch:
        patch.setattr("adm_notebook.planning.ways.is_enough", lambda n_rows, n_bars: n_rows >= least)
        plan = adm.EnhancedCoordinator().plan(config, "composable")
        assert isinstance(plan, Plan)
        batches = list(ComposableExecutor().outcomes(plan, range(plan.n_rows), Gate()))
        at_once = plan.ways.at_once
    assert all(isinstance(batch, Block) for batch in batches) or not at_once or any_failed(batches)
    return plan, sorted((o for batch in batches for o in batch), key=lambda o: o.number)


def any_failed(batches: list[Any]) -> bool:
    """Whether a batch was run again row by row, since something in it failed."""
    return any(o.status == "failed" for batch in batches if not isinstance(batch, Block) for o in batch)


def assert_same(config: adm.WorkflowConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, together = outcomes_of(config, 1, monkeypatch)
    _, alone = outcomes_of(config, 10**9, monkeypatch)
    assert [(o.number, o.status, o.error) for o in together] == [(o.number, o.status, o.error) for o in alone]
    assert [o.number for o in together] == list(range(plan.n_rows))
    for one, other in zip(alone, together, strict=True):
        assert (one.metrics is None) == (other.metrics is None)
        if one.metrics is None or other.metrics is None:
            continue
        capital = plan.row(one.number).settings.initial_capital
        for name in METRICS:
            atol = 1e-9 * capital if name in MONEY else 1e-12
            assert_allclose(other.metrics[name], one.metrics[name], rtol=1e-9, atol=atol, err_msg=name)


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(workflows(patterns=BUILT_IN))
def test_any_workflow_is_the_same_many_at_a_time(monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any]) -> None:
    config = adm.WorkflowConfig(**arguments)
    try:
        plan = adm.EnhancedCoordinator().plan(config, "composable")
    except adm.ConfigError:
        event("refused")
        return
    assume(plan.n_rows <= 60)
    assert_same(config, monkeypatch)


GRID: dict[str, Any] = {
    "strategies": [
        {"type": "ma_crossover", "parameters": {"fast": [2, 3, 5, 30], "slow": [8, 20], "ma_type": ["sma", "ema"]}},
        {"type": "rsi", "parameters": {"period": [3, 5], "entry": [20, 40], "direction": ["long", "both"]}},
        {
            "type": "ma_crossover",
            "name": "calm",
            "parameters": {"fast": [2, 4], "slow": 9},
            "regimes": ["up", "sideways"],
        },
        {
            "type": "ensemble",
            "method": "majority",
            "members": ["momentum", "macd", {"type": "rsi", "parameters": {"period": [3, 9]}}],
        },
    ],
    "classifiers": ["trend", {"type": "trend", "name": "quick", "parameters": {"fast_period": 5, "slow_period": 10}}],
}


@pytest.mark.parametrize(
    "account",
    [
        {"stop_loss": [0.02, 0.05], "take_profit": [0.03, 0.2], "size": [0.5, 1.0]},
        {"commission": [0, 0.001], "warmup": ["auto", 0, 30]},
        {"stop_loss": [{"atr": 2}, 0.03], "size_mode": "risk", "size": [0.01, 0.02]},
        {"max_daily_loss": 0.02, "max_drawdown": [0.05, 0.3], "fill": ["next_open", "close", "prev_close"]},
        {"preset": "backtesting.py", "initial_capital": [5_000, 50_000]},
    ],
    ids=["stops", "costs", "moving", "limits", "peer"],
)
def test_grids_are_the_same_many_at_a_time(account: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    frames = {"A": bars_frame(3, 220), "B": bars_frame(4, 150, "weekdays", ties="rounded", start="2020-02-12")}
    config = adm.WorkflowConfig(data_config={"frame": frames}, backtest_config=account, optimization_config=GRID)
    assert_same(config, monkeypatch)


def test_accounts_of_many_settings_are_made_batch_by_batch_and_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adm_notebook.coordinator.lane_accounts.ACCOUNTS_KEPT", 3)
    risk = ["moderate", {"type": "custom", "stop_loss": [0.02, 0.05]}, {"type": "custom", "stop_loss": {"atr": 2}}]
    config = adm.WorkflowConfig(
        data_config={"frame": {"A": bars_frame(3, 220)}},
        backtest_config={"commission": [0, 0.001], "warmup": ["auto", 30], "initial_capital": [5_000, 50_000]},
        optimization_config={"strategies": GRID["strategies"][:2], "risk_profiles": risk},
    )
    assert_same(config, monkeypatch)
    simple = config.copy()
    del simple.backtest_config["warmup"]
    assert_same(simple, monkeypatch)


@pytest.mark.parametrize("seed", range(20))
def test_rows_with_the_same_signals_are_found_without_leaving_any_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = np.arange(int(rng.integers(1, 6)))[:, None].repeat(3, axis=1)
    at = np.sort(rng.integers(0, len(made), int(rng.integers(1, 30)))) if seed % 2 else np.arange(len(made))
    found = np.full(len(at), -1)
    for rows, signals in _alike(made, at):
        found[rows] = signals[:, 0]
    assert found.tolist() == at.tolist()


def test_a_stop_ends_a_sweep_within_a_second_and_keeps_what_is_done() -> None:
    grid = {"fast": {"min": 2, "max": 80}, "slow": {"min": 81, "max": 400}}
    config = adm.WorkflowConfig(
        data_config={"symbols": ["SP500", "NASDAQ"]},
        optimization_config={"strategies": [{"type": "ma_crossover", "parameters": grid}]},
    )
    run = adm.EnhancedCoordinator().start(config, "composable")
    for event_ in run.events():
        if type(event_).__name__ == "PartialResults":
            run.cancel()
            break
    result = run.result(timeout=30)
    assert not result.success
    assert result.metadata["partial"]
    assert 0 < len(result.stats) < run.plan.n_rows
    assert (result.stats["status"] == "ok").all()


@pytest.mark.parametrize("patience", [0.1, 1e-9], ids=["whole batches", "handed over after each step"])
def test_steps_that_share_columns_give_the_same(monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
    """Combinations are stepped through in an order of their own; what is not done by then is run in a later batch."""
    monkeypatch.setattr(lanes, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(lanes, "PATIENCE", patience)
    config = adm.WorkflowConfig(
        data_config={"frame": {"A": bars_frame(3, 220)}},
        backtest_config={"commission": [0, 0.001], "stop_loss": [0.02, 0.05]},
        optimization_config=GRID,
    )
    assert_same(config, monkeypatch)


def pairs(n_bars: int) -> adm.WorkflowConfig:
    """400 pairs of averages on one thread."""
    grid = {"fast": {"min": 2, "max": 21}, "slow": {"min": 22, "max": 41}}
    return adm.WorkflowConfig(
        data_config={"frame": {"A": bars_frame(3, n_bars)}},
        optimization_config={"strategies": [{"type": "ma_crossover", "parameters": grid}]},
        max_workers=1,
    )


def test_signals_made_in_several_parts_are_measured_together_and_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With memory for three columns and four combinations a part, eight combinations are measured at once."""
    n_bars, measured = 220, []
    monkeypatch.setattr(lanes, "lane_bytes", lambda plan: 4 * 8 * n_bars)
    measure = LaneAccounts.measure

    def told(self: LaneAccounts, batch: LaneBatch, here: Any, at: Any, wanted: WantedSignals, *rest: Any) -> None:
        measured.append(len(wanted.lookbacks))
        measure(self, batch, here, at, wanted, *rest)

    monkeypatch.setattr(LaneAccounts, "measure", told)
    assert_same(pairs(n_bars), monkeypatch)
    assert max(measured) == 8


def test_a_slow_batch_leaves_the_next_ones_rows_enough_to_share_their_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 1e-9)  # nothing is fast enough
    monkeypatch.setattr("adm_notebook.planning.ways.is_enough", lambda n_rows, n_bars: True)
    plan = adm.EnhancedCoordinator().plan(pairs(220), "composable")
    assert isinstance(plan, Plan)
    sizes = [len(batch) for batch in ComposableExecutor().outcomes(plan, range(plan.n_rows), Gate())]
    assert sum(sizes) == 400
    assert len(sizes) <= 1.25 * 400 / lanes.BESIDE


@given(shape=st.lists(st.integers(1, 30), min_size=1, max_size=3), step=st.integers(1, 60), data=st.data())
def test_each_combination_has_one_place_in_the_order_of_steps(shape: list[int], step: int, data: st.DataObject) -> None:
    grid = np.stack(np.unravel_index(np.arange(math.prod(shape)), shape), axis=-1)
    first = data.draw(st.integers(0, len(grid) - 1))
    positions = grid[first : first + data.draw(st.integers(1, 2000))]
    assert sorted(_sharing_order(positions, step).tolist()) == list(range(len(positions)))


def test_combinations_of_a_step_read_few_columns() -> None:
    positions = np.stack(np.unravel_index(np.arange(20 * 400), (20, 400)), axis=-1)

    def columns(rows: np.ndarray) -> int:
        steps = [rows[i : i + 200] for i in range(0, len(rows), 200)]
        return sum(len(np.unique(part[:, 0])) + len(np.unique(part[:, 1])) for part in steps)

    assert columns(positions) == 40 * 201
    assert columns(positions[_sharing_order(positions, 200)]) == 40 * (20 + 10)
