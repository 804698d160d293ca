"""Runs under way: watched, paused, stopped, timed out, awaited; and what is kept of them."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.coordinator import events


def prices(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    index = pd.date_range("2020-01-01", periods=n, freq="D")
    return pd.DataFrame({"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}, index=index)


def sweep(n: int = 40, **more: object) -> adm.WorkflowConfig:
    entry = {"type": "momentum", "parameters": {"lookback": {"min": 2, "max": n + 1, "step": 1}}}
    return adm.WorkflowConfig(data_config={"frame": prices()}, optimization_config={"strategies": [entry]}, **more)  # type: ignore[arg-type]  # limits


@pytest.fixture
def slow():  # type: ignore[no-untyped-def]
    """A strategy that takes 50 ms, and a flag that makes it hang."""
    hang = threading.Event()

    @adm.strategy
    def slow(bars: pd.DataFrame, number: int = 1) -> pd.Series:
        if hang.is_set():
            time.sleep(30)
        time.sleep(0.05)
        return pd.Series(1, index=bars.index)

    return hang


def slow_config(**more: object) -> adm.WorkflowConfig:
    entry = {"type": "slow", "parameters": {"number": {"min": 1, "max": 200, "step": 1}}}
    return adm.WorkflowConfig(data_config={"frame": prices()}, optimization_config={"strategies": [entry]}, **more)  # type: ignore[arg-type]  # limits


async def collected(config: adm.WorkflowConfig) -> list[events.Event]:
    return [event async for event in adm.EnhancedCoordinator().stream(config, "composable")]


def test_a_stream_begins_with_the_plan_and_ends_with_the_result() -> None:
    told = asyncio.run(collected(sweep()))
    assert isinstance(told[0], events.RunStarted)
    assert isinstance(told[-1], events.RunFinished)
    assert told[-1].result.success
    assert told[0].plan.n_rows == len(told[-1].result.stats) == 40


@pytest.mark.parametrize("mode", ["traditional", "composable"])
def test_cancelling_keeps_what_was_done_and_says_so(slow: threading.Event, mode: str) -> None:
    run = adm.EnhancedCoordinator().start(slow_config(), mode)
    while run.progress.done < 3:
        time.sleep(0.01)
    began = time.perf_counter()
    run.cancel()
    result = run.result()
    assert time.perf_counter() - began < 1
    assert run.status == "cancelled"
    assert not result.success
    assert result.metadata["partial"]
    assert 3 <= len(result.stats) < 200
    assert (result.stats["status"] == "ok").all()
    assert result.errors[0].startswith("Interrupted:")
    assert "never ran" in result.errors[0]
    assert repr(result).startswith("Stopped, partial")


def test_rerun_runs_only_the_missing_rows_and_joins_them(slow: threading.Event) -> None:
    coordinator = adm.EnhancedCoordinator()
    run = coordinator.start(slow_config(max_workers=2), "composable")
    while run.progress.done < 150:
        time.sleep(0.01)
    run.cancel()
    partial = run.result()
    whole = coordinator.rerun(partial)
    assert whole.success
    assert not whole.metadata["partial"]
    assert len(whole.stats) == 200
    pd.testing.assert_frame_equal(whole.stats.loc[partial.stats.index], partial.stats)


def test_rerun_refuses_rows_of_other_bars() -> None:
    frame = prices()
    config = adm.WorkflowConfig(data_config={"frame": frame})
    result = adm.EnhancedCoordinator().run(config)
    result.metadata["partial"] = True
    frame.iloc[5, 3] *= 1.001
    with pytest.raises(adm.RunError, match="have changed"):
        adm.EnhancedCoordinator().rerun(result)


def test_a_timeout_ends_the_run_with_what_is_done(slow: threading.Event) -> None:
    began = time.perf_counter()
    result = adm.EnhancedCoordinator().run(slow_config(timeout_seconds=0.6), "traditional")
    assert time.perf_counter() - began < 3
    assert not result.success
    assert result.metadata["partial"]
    assert "`timeout_seconds` is 0.6" in result.errors[0]
    assert 1 <= len(result.stats) < 200


def test_user_code_that_never_returns_is_left_behind(slow: threading.Event) -> None:
    slow.set()
    began = time.perf_counter()
    result = adm.EnhancedCoordinator().run(slow_config(timeout_seconds=0.3), "traditional")
    assert time.perf_counter() - began < 4
    assert not result.success
    assert len(result.stats) == 0


def test_a_paused_run_waits_and_goes_on(slow: threading.Event) -> None:
    run = adm.EnhancedCoordinator().start(slow_config(), "traditional")
    while run.progress.done < 2:
        time.sleep(0.01)
    run.pause()
    time.sleep(0.2)
    held = run.progress.done
    assert run.status == "paused"
    time.sleep(0.3)
    assert run.progress.done == held
    run.resume()
    while run.progress.done <= held:
        time.sleep(0.01)
    run.cancel()
    assert run.result().metadata["partial"]


def test_runs_may_overlap_and_share_nothing() -> None:
    coordinator = adm.EnhancedCoordinator()
    runs = [coordinator.start(sweep(), "composable") for _ in range(4)]
    results = [run.result() for run in runs]
    for result in results[1:]:
        pd.testing.assert_frame_equal(result.stats, results[0].stats)
    assert len({r.workflow_id for r in results}) == 1
    assert len({r.metadata["run_id"] for r in results}) == 4


def test_awaiting_and_blocking_work_while_a_loop_is_running() -> None:
    async def both() -> tuple[adm.WorkflowResult, adm.WorkflowResult]:
        coordinator = adm.EnhancedCoordinator()
        return await coordinator.execute_workflow(sweep(5)), coordinator.run(sweep(5))

    awaited, blocking = asyncio.run(both())
    assert not awaited.compare(blocking)


def test_a_run_keeps_the_config_that_it_started_with(slow: threading.Event) -> None:
    config = slow_config()
    run = adm.EnhancedCoordinator().start(config, "traditional")
    config.backtest_config["commission"] = 0.5
    run.cancel()
    assert "commission" not in run.result().config.backtest_config


def test_the_same_work_has_the_same_id_whatever_the_mode_workers_and_spelling() -> None:
    coordinator = adm.EnhancedCoordinator()
    first = coordinator.plan(sweep(5), "traditional").workflow_id
    assert coordinator.plan(sweep(5, max_workers=1, timeout_seconds=9), "composable").workflow_id == first
    listed = sweep(5)
    listed.optimization_config["strategies"] = [
        {"type": "simple_momentum", "parameters": {"lookback": [2, 3, 4, 5, 6]}}
    ]
    assert coordinator.plan(listed).workflow_id == first
    other = sweep(5)
    other.backtest_config["commission"] = 0.001
    assert coordinator.plan(other).workflow_id != first


def test_who_waited_in_a_loop_that_was_closed_does_not_keep_the_next_one_waiting(slow: threading.Event) -> None:
    run = adm.EnhancedCoordinator().start(slow_config(), "traditional")

    async def waiting(seconds: float) -> adm.WorkflowResult:
        async with asyncio.timeout(seconds):
            return await run

    with pytest.raises(TimeoutError):
        asyncio.run(waiting(0.1))
    threading.Timer(0.2, run.cancel).start()
    assert asyncio.run(waiting(20)).metadata["partial"]
