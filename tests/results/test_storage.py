"""A result on disk: what is loaded equals what was saved, and nothing is left half-written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm

SINGLE = adm.WorkflowConfig(
    data_config={"max_bars": 400}, backtest_config={"strategy": "ma_crossover", "commission": 0.001}
)
SWEEP = adm.WorkflowConfig(
    data_config={"symbols": ["SP500", "NASDAQ"], "max_bars": 400},
    backtest_config={"commission": [0, 0.001], "stop_loss": 0.05},
    optimization_config={
        "strategies": [{"type": "ma_crossover", "parameters": {"fast": [5, 10], "slow": [10, 20]}}, "rsi"]
    },
)
COMBINED = adm.WorkflowConfig(
    data_config={"symbols": ["SP500", "NASDAQ"], "max_bars": 400},
    backtest_config={"portfolio": {"combine": True}},
    optimization_config={"strategies": [{"type": "ma_crossover", "parameters": {"fast": [5, 10]}}, "rsi"]},
)


def assert_equal(a: adm.WorkflowResult, b: adm.WorkflowResult) -> None:
    fields = "success errors warnings workflow_id workflow_type mode pattern config metadata facts"
    for name in fields.split():
        assert getattr(a, name) == getattr(b, name), name
    assert a.duration_seconds == b.duration_seconds
    pd.testing.assert_frame_equal(a.stats, b.stats, check_exact=True)
    pd.testing.assert_frame_equal(a.trades, b.trades, check_exact=True)
    pd.testing.assert_series_equal(a.equity, b.equity, check_exact=True, check_freq=False)
    assert repr(a) == repr(b)
    assert str(a.metrics) == str(b.metrics)
    if a.best is not None:
        pd.testing.assert_series_equal(a.best, b.best)
        assert a.benchmark.metrics == b.benchmark.metrics


@pytest.mark.parametrize("config", [SINGLE, SWEEP, COMBINED], ids=["single", "sweep", "combined"])
@pytest.mark.parametrize("mode", ["traditional", "composable"])
def test_what_is_loaded_equals_what_was_saved(config: adm.WorkflowConfig, mode: str, tmp_path: Path) -> None:
    result = adm.EnhancedCoordinator().run(config, execution_mode=mode)
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "deep" / "result"))
    assert_equal(result, loaded)
    assert not result.compare(loaded)
    row = int(result.stats.index[result.stats["status"] == "ok"][-1])
    again, before = loaded.detail(row), result.detail(row)
    pd.testing.assert_frame_equal(again.trades, before.trades)


def test_there_is_no_pickle_in_the_folder(tmp_path: Path) -> None:
    folder = adm.EnhancedCoordinator().run(SINGLE).save(tmp_path / "result")
    names = {p.name for p in folder.iterdir()}
    assert names == {"result.json", "stats.parquet", "equity.parquet", "trades.parquet", "unfilled.parquet"}
    json.loads((folder / "result.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_result_of_a_frame_loads_and_says_what_it_cannot_do(tmp_path: Path) -> None:
    close = 100 + np.sin(np.arange(80) / 4) * 5
    frame = pd.DataFrame({"open": close, "high": close + 1, "low": close - 1, "close": close})
    entry = {"type": "momentum", "parameters": {"lookback": [2, 5]}}
    config = adm.WorkflowConfig(data_config={"frame": frame}, optimization_config={"strategies": [entry]})
    result = adm.EnhancedCoordinator().run(config)
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "result"))
    pd.testing.assert_frame_equal(loaded.trades, result.trades)
    other = 1 - int(result.best["portfolio"])
    with pytest.raises(adm.RunError, match="its bars were a DataFrame of the notebook"):
        loaded.detail(other)


def test_failed_results_keep_what_they_say(tmp_path: Path) -> None:
    close = np.full(30, 100.0)
    frame = pd.DataFrame({"open": close, "high": close, "low": close, "close": close * 2})
    result = adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"frame": frame}))
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "result"))
    assert not loaded.success
    assert loaded.errors == result.errors
    assert repr(loaded) == repr(result)


def test_saving_again_replaces_a_result_and_nothing_else(tmp_path: Path) -> None:
    result = adm.EnhancedCoordinator().run(SINGLE)
    result.save(tmp_path / "result")
    result.save(tmp_path / "result")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(adm.RunError, match="is there and is not a saved result"):
        result.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "result"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "result.json").unlink(), "holds no saved result"),
        (lambda f: (f / "result.json").write_text("{"), "is damaged"),
        (lambda f: (f / "equity.parquet").write_bytes(b"no"), "is damaged"),
        (lambda f: (f / "stats.parquet").unlink(), "is damaged"),
        (lambda f: (f / "result.json").write_text('{"format": 99}'), "format 99; this version reads format 1"),
    ],
)
def test_a_damaged_folder_is_refused_in_a_sentence(damage, said: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = adm.EnhancedCoordinator().run(SINGLE).save(tmp_path / "result")
    damage(folder)
    with pytest.raises(adm.RunError, match=said):
        adm.WorkflowResult.load(folder)
