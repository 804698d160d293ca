"""`infrastructure_config: {results: PATH}`: rows go to Parquet while they are made, and read the same from there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.coordinator.run import Run

STRATEGIES: list[dict[str, Any]] = [
    {"type": "ma_crossover", "parameters": {"fast": [2, 5, 30], "slow": [10, 25.0], "ma_type": ["sma", "ema"]}},
    {"type": "rsi", "parameters": {"period": [3, 9], "entry": [20, 32.5]}},
    "momentum",
]


def config(path: Path | None, **backtest: Any) -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        data_config={"symbols": ["SP500"], "max_bars": 300},
        backtest_config={"commission": [0, 0.001], "warmup": ["auto", 40], **backtest},
        optimization_config={"strategies": STRATEGIES},
        infrastructure_config={} if path is None else {"results": str(path)},
    )


@pytest.mark.parametrize("mode", ["traditional", "composable"])
def test_rows_read_from_the_folder_are_those_of_memory(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adm_notebook.planning.memory.PART_ROWS", 7)
    monkeypatch.setattr("adm_notebook.coordinator.run.EVENT_INTERVAL", 0.0)
    coordinator, folder = adm.EnhancedCoordinator(), tmp_path / "deep" / "rows"
    held, written = coordinator.run(config(None), mode), coordinator.run(config(folder), mode)
    assert written.success
    assert written.metadata["results_path"] == str(folder)
    assert len(list(folder.glob("part-*.parquet"))) > 3
    expected = held.stats.assign(
        warmup=held.stats["warmup"].astype(str),
        ma_type=held.stats["ma_type"].fillna("").astype(str),
        fast=held.stats["fast"].astype(float),
        period=held.stats["period"].astype(float),
    )
    pd.testing.assert_frame_equal(written.stats, expected, check_dtype=False)
    assert written.best is not None
    assert held.best is not None
    assert written.best.name == held.best.name
    assert written.metrics == held.metrics
    pd.testing.assert_frame_equal(written.trades, held.trades)
    pd.testing.assert_frame_equal(written.detail(3).trades, held.detail(3).trades)
    table = pd.read_parquet(folder / "part-000000.parquet")
    assert {"row", "strategy", "fast", "sharpe", "status"} <= set(table.columns)


def test_rows_that_another_run_has_replaced_are_not_taken_for_the_first_ones(tmp_path: Path) -> None:
    ours, folder = adm.EnhancedCoordinator(), tmp_path / "rows"
    first = ours.run(config(folder))
    n, best, metrics = len(first.stats), first.best, first.metrics
    assert best is not None
    again = config(folder)
    again.optimization_config = {"strategies": [{"type": "momentum", "parameters": {"lookback": [5, 9]}}]}
    second = ours.run(again)
    assert len(second.stats) == 8 < n
    for ask in (lambda: first.stats, lambda: first.detail(n - 1), lambda: first.save(tmp_path / "saved")):
        with pytest.raises(adm.RunError, match=r"holds the rows of another run by now.*folder of its own"):
            ask()
    assert not (tmp_path / "saved").exists()
    assert first.best is not None
    pd.testing.assert_series_equal(first.best, best)
    assert first.metrics == metrics
    shutil.rmtree(folder)
    with pytest.raises(adm.RunError, match=r"rows is gone, and the rows of this run .* Run it again"):
        _ = second.stats
    assert second.best is not None


def test_a_run_that_is_stopped_keeps_the_rows_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adm_notebook.planning.memory.PART_ROWS", 1)
    run = adm.EnhancedCoordinator().start(config(tmp_path / "rows"), "traditional")
    for event in run.events():
        if type(event).__name__ == "PartialResults":
            run.cancel()
            break
    partial = run.partial
    result = run.result(timeout=30)
    assert not result.success
    assert result.metadata["partial"]
    assert 0 < len(result.stats) < run.plan.n_rows
    assert set(partial.index) <= set(result.stats.index)


def test_a_run_that_ends_before_its_first_row_leaves_an_earlier_folder_as_it_is(tmp_path: Path) -> None:
    before = adm.EnhancedCoordinator().run(config(tmp_path / "rows")).stats
    late = config(tmp_path / "rows")
    late.timeout_seconds = 1e-9
    result = adm.EnhancedCoordinator().run(late)
    assert not result.success
    assert result.metadata["partial"]
    assert result.errors[0].startswith("Out of time: `timeout_seconds` is 1e-09; 0 of ")
    assert result.stats.empty
    assert "results_path" not in result.metadata
    assert len(pd.concat(map(pd.read_parquet, (tmp_path / "rows").glob("*.parquet")))) == len(before)


def test_a_folder_that_holds_something_else_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(adm.ConfigError, match=r"infrastructure_config\.results .*notes\.txt"):
        adm.EnhancedCoordinator().plan(config(tmp_path))
    with pytest.raises(adm.ConfigError, match="must be the path of a folder, but was 3"):
        adm.EnhancedCoordinator().plan(adm.WorkflowConfig(infrastructure_config={"results": 3}))


def test_rows_of_a_second_run_take_the_place_of_the_first(tmp_path: Path) -> None:
    coordinator = adm.EnhancedCoordinator()
    coordinator.run(config(tmp_path / "rows"))
    again = coordinator.run(config(tmp_path / "rows", stop_loss=0.05))
    assert len(again.stats) == again.facts.n_planned
    assert len(list((tmp_path / "rows").glob("part-*.parquet"))) == 1


def test_a_result_that_cannot_be_made_ends_the_run_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("adm_notebook.coordinator.run.assemble", broken)
    result = adm.EnhancedCoordinator().start(config(None)).result(timeout=30)
    assert not result.success
    assert result.errors == ["ZeroDivisionError: a mistake of ours"]


def stopped(run: Run) -> adm.WorkflowResult:
    """The result of a run that is stopped after its first rows."""
    for event in run.events():
        if type(event).__name__ == "PartialResults":
            run.cancel()
            break
    return run.result(timeout=30)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adm_notebook.planning.memory.PART_ROWS", 1)


@pytest.mark.usefixtures("small_parts")
def test_running_again_goes_on_with_the_rows_that_are_there(tmp_path: Path) -> None:
    ours, folder = adm.EnhancedCoordinator(), tmp_path / "rows"
    whole = ours.run(config(None), "traditional")
    first = stopped(ours.start(config(folder), "traditional"))
    before = set(first.stats.index)
    second = stopped(ours.start_rerun(first))
    assert second.metadata["partial"]
    assert 0 < len(before) < len(whole.stats)
    assert before <= set(second.stats.index)
    had = len(second.stats)
    last = ours.start_rerun(second)
    told = [row for event in last.events() if type(event).__name__ == "PartialResults" for row in event.rows.index]
    result = last.result(timeout=60)
    assert sorted(told) == list(whole.stats.index), "views are told the earlier rows, too"
    assert result.success
    assert len(result.stats) == len(whole.stats) > had
    pd.testing.assert_series_equal(result.stats["sharpe"], whole.stats["sharpe"])
    assert result.best is not None
    assert whole.best is not None
    assert result.best.name == whole.best.name
    assert last.progress.done == len(whole.stats)


@pytest.mark.usefixtures("small_parts")
def test_a_stopped_run_leaves_the_rows_of_a_complete_one(tmp_path: Path) -> None:
    ours, folder, beside = adm.EnhancedCoordinator(), tmp_path / "rows", tmp_path / "rows-stopped"
    complete = ours.run(config(folder), "traditional")
    n_rows = len(complete.stats)
    again = stopped(ours.start(config(folder), "traditional"))
    assert len(complete.stats) == n_rows
    assert 0 < len(again.stats) < n_rows
    assert again.metadata["results_path"] == str(beside)
    assert (
        "rows still holds the rows of an earlier run, which had come to its end; this run's are in "
        in again.warnings[-1]
    )
    result = ours.rerun(again)
    assert result.success
    assert len(result.stats) == n_rows
    assert not beside.exists(), "its rows are in the folder that was asked for"
    with pytest.raises(adm.RunError, match="holds the rows of another run by now"):
        _ = complete.stats


@pytest.mark.usefixtures("small_parts")
def test_rows_of_a_stopped_run_never_take_the_place_of_what_is_not_ours(tmp_path: Path) -> None:
    ours, folder = adm.EnhancedCoordinator(), tmp_path / "rows"
    ours.run(config(folder), "traditional")
    (tmp_path / "rows-stopped").mkdir()
    (tmp_path / "rows-stopped" / "notes.txt").write_text("mine")
    again = stopped(ours.start(config(folder), "traditional"))
    assert again.metadata["results_path"] == str(tmp_path / "rows-stopped-2")
    assert len(again.stats) > 0
    assert (tmp_path / "rows-stopped" / "notes.txt").read_text() == "mine"


@pytest.mark.usefixtures("small_parts")
def test_rows_that_are_gone_cannot_be_gone_on_with(tmp_path: Path) -> None:
    ours, folder = adm.EnhancedCoordinator(), tmp_path / "rows"
    first = stopped(ours.start(config(folder), "traditional"))
    shutil.rmtree(folder)
    with pytest.raises(adm.RunError, match=r"rows is gone.* Run it again"):
        ours.rerun(first)


def test_pandas_reads_the_folder_and_folders_of_before_are_still_ours(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    ours = adm.EnhancedCoordinator()
    result = ours.run(config(folder))
    assert sorted(pd.read_parquet(folder)["row"]) == list(result.stats.index)
    (folder / "_rows.json").rename(folder / "rows.json")
    assert len(result.stats) == result.facts.n_planned
    assert ours.run(config(folder)).success
    assert not (folder / "rows.json").exists()
