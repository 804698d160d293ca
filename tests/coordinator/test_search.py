"""Searching a grid, at random or as Optuna learns: a seed tries the same rows again, and each is a row of the grid."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.results.result import pareto

GRID: dict[str, Any] = {
    "strategies": [
        {
            "type": "ma_crossover",
            "parameters": {"fast": {"min": 2, "max": 20}, "slow": {"min": 10, "max": 60, "step": 5}},
        },
        {"type": "rsi", "parameters": {"period": [2, 5, 9, 14], "direction": ["long", "both"]}},
    ],
    "constraints": ["fast < slow"],
    "risk_profiles": ["moderate", {"type": "custom", "stop_loss": [0.02, 0.05]}],
}


def config(**optimization: Any) -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        "optimization",
        data_config={"symbols": ["SP500"], "max_bars": 400},
        optimization_config={**GRID, **optimization},
    )


@pytest.fixture(scope="module")
def everything() -> adm.WorkflowResult:
    return adm.EnhancedCoordinator().run(config())


def rows_of(result: adm.WorkflowResult, everything: adm.WorkflowResult) -> list[int]:
    """Where the rows of a search stand in the whole grid, by identity and parameters."""
    keys = ["strategy", "risk_profile", "risk.stop_loss", "fast", "slow", "period", "direction"]

    def key(row: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(f"{v:g}" if isinstance(v, (int, float)) else str(v) for v in row)

    whole = {key(row): i for i, row in enumerate(everything.stats[keys].itertuples(index=False))}
    return [whole[key(row)] for row in result.stats[keys].itertuples(index=False)]


@pytest.mark.parametrize("mode", ["traditional", "composable"])
@pytest.mark.parametrize("method", ["random", "optuna"])
def test_a_searched_row_is_a_row_of_the_grid(method: str, mode: str, everything: adm.WorkflowResult) -> None:
    result = adm.EnhancedCoordinator().run(config(method=method, n_trials=20, seed=4), mode)
    assert result.success
    assert not result.metadata["partial"]
    assert 0 < len(result.stats) <= 20
    found = rows_of(result, everything)
    assert len(set(found)) == len(found)
    expected = everything.stats.iloc[found]["sharpe"].to_numpy()
    np.testing.assert_allclose(result.stats["sharpe"], expected, rtol=1e-9, equal_nan=True)


@pytest.mark.parametrize("method", ["random", "optuna"])
def test_a_seed_tries_the_same_rows_and_another_seed_others(method: str) -> None:
    coordinator = adm.EnhancedCoordinator()
    first, again, other = (coordinator.run(config(method=method, n_trials=16, seed=seed)).stats for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_more_trials_than_rows_run_every_row(everything: adm.WorkflowResult) -> None:
    result = adm.EnhancedCoordinator().run(config(method="random", n_trials=10**6))
    assert len(result.stats) == len(everything.stats)


def test_a_kept_study_goes_on_where_it_stopped(tmp_path: Path) -> None:
    coordinator, storage = adm.EnhancedCoordinator(), str(tmp_path / "deep" / "study.db")
    whole = coordinator.run(config(method="optuna", n_trials=24, seed=3))
    first = coordinator.run(config(method="optuna", n_trials=24, seed=3, storage=storage))
    again = coordinator.run(config(method="optuna", n_trials=24, seed=3, storage=storage))
    pd.testing.assert_frame_equal(first.stats, whole.stats)
    pd.testing.assert_frame_equal(again.stats, first.stats)


def test_a_kept_study_goes_on_with_more_trials_and_another_seed(tmp_path: Path) -> None:
    coordinator, storage = adm.EnhancedCoordinator(), str(tmp_path / "study.db")
    figures = ["strategy", "risk_profile", "sharpe", "total_return", "n_trades"]
    few = coordinator.run(config(method="optuna", n_trials=4, seed=3, storage=storage)).stats
    more = coordinator.run(config(method="optuna", n_trials=24, seed=3, storage=storage)).stats
    other = coordinator.run(config(method="optuna", n_trials=32, seed=9, storage=storage)).stats
    for fewer, further in ((few, more), (more, other)):
        assert set(fewer.index) < set(further.index)
        pd.testing.assert_frame_equal(further.loc[fewer.index, figures], fewer[figures])
    fresh = coordinator.run(config(method="optuna", n_trials=32, seed=9)).stats
    assert set(few.index) - set(fresh.index)  # what was kept is not what the other seed would have begun with


def test_a_study_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(b"SQLite format 3\x00" + b"no database" * 50)
    result = adm.EnhancedCoordinator().run(config(method="optuna", n_trials=8, storage=str(tmp_path / "study.db")))
    assert not result.success
    assert "study.db can't be used" in result.errors[0]


def test_two_objectives_give_a_front_that_no_row_beats(everything: adm.WorkflowResult) -> None:
    chosen = {"objective": ["total_return", "max_drawdown"], "method": "optuna", "n_trials": 24}
    result = adm.EnhancedCoordinator().run(config(**chosen))
    front = result.pareto
    assert len(front)
    assert front["total_return"].is_monotonic_decreasing
    ok = result.stats[result.stats["status"] == "ok"]
    for _, row in front.iterrows():
        better = (ok["total_return"] >= row["total_return"]) & (ok["max_drawdown"] >= row["max_drawdown"])
        assert (ok[better]["total_return"] == row["total_return"]).all()
    assert result.best is not None
    assert result.best["total_return"] == front["total_return"].iloc[0]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25), st.booleans(), st.booleans())
def test_the_front_is_what_comparing_every_pair_gives(points: list[tuple[int, int]], up: bool, right: bool) -> None:
    stats = pd.DataFrame(points, columns=["a", "b"], dtype=float).assign(status="ok")
    signs = np.array([1 if up else -1, 1 if right else -1])
    values = stats[["a", "b"]].to_numpy() * signs
    expected = [
        i
        for i, mine in enumerate(values)
        if not any((other >= mine).all() and (other > mine).any() for other in values)
    ]
    assert sorted(pareto(stats, [("a", up), ("b", right)]).index) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"method": "bayes"}, "must be one of grid, random, optuna, but was 'bayes'"),
        ({"method": "optna"}, "Did you mean `optuna`?"),
        ({"n_trials": 5}, "belongs to method random or optuna; a grid runs every combination"),
        ({"method": "random", "n_trials": 0}, "must be a whole number above 0, but was 0"),
        ({"method": "random", "seed": -1}, "must be a whole number, 0 or more, but was -1"),
        ({"method": "random", "storage": "x.db"}, "a random choice has nothing to keep but its seed"),
        ({"objective": ["sharpe", "sharp"]}, "objective[1]  must be a metric"),
        ({"objective": []}, "must be a metric, or a list of different ones"),
        ({"objective": ["sharpe", "sharpe"]}, "a list of different ones"),
        ({"objective": ["sharpe", "calmar"], "direction": ["maximize"]}, "a direction for each of the 2 objectives"),
        ({"objective": ["sharpe", "calmar"], "direction": ["maximize", "up"]}, "direction[1]  must be maximize"),
    ],
)
def test_a_search_that_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(adm.ConfigError) as caught:
        adm.EnhancedCoordinator().plan(config(**given))
    assert said in str(caught.value)


def test_without_optuna_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adm_notebook.planning.sections.find_spec", lambda name: None)
    with pytest.raises(adm.ConfigError, match=r"adm-notebook\[optuna\]"):
        adm.EnhancedCoordinator().plan(config(method="optuna"))


def test_a_grid_too_large_to_lay_out_is_refused_at_once() -> None:
    wide = {"min": 2, "max": 99_999}
    strategies = [
        {
            "type": "rule",
            "parameters": {"entry": "sma(a) > sma(b)", "exit": "rsi(c) > 50", "a": wide, "b": wide, "c": wide},
        }
    ]
    with pytest.raises(adm.ConfigError, match="at most 10,000,000 are laid out"):
        adm.EnhancedCoordinator().plan(adm.WorkflowConfig(optimization_config={"strategies": strategies}))


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("random", "These are 12 of 60 combinations, drawn at random."),
        ("optuna", " of 60 combinations, most of them where it found good ones: their median is not that of the grid."),
        ("grid", ""),
    ],
)
def test_a_card_says_how_its_rows_were_chosen(method: str, said: str, tmp_path: Path) -> None:
    parameters = {"fast": {"min": 2, "max": 11}, "slow": [20, 30, 40, 50, 60, 70]}
    search = {} if method == "grid" else {"method": method, "n_trials": 12, "seed": 1}
    config = adm.WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"], "max_bars": 300},
        optimization_config={"strategies": [{"type": "ma_crossover", "parameters": parameters}], **search},
    )
    result = adm.EnhancedCoordinator().run(config)
    result.save(tmp_path / "saved")
    for each in (result, adm.WorkflowResult.load(tmp_path / "saved")):
        text = " ".join(repr(each).split())
        assert said in text
        assert method != "grid" or "combinations, " not in text


def test_what_a_search_cannot_be_kept_in_is_refused_before_anything_runs(tmp_path: Path) -> None:
    def planned(path: Path) -> adm.WorkflowConfig:
        search = {"method": "optuna", "n_trials": 3, "storage": str(path)}
        strategy = {"type": "ma_crossover", "parameters": {"fast": [2, 3, 4], "slow": 30}}
        config = adm.WorkflowConfig(
            data_config={"max_bars": 200}, optimization_config={"strategies": [strategy], **search}
        )
        adm.EnhancedCoordinator().plan(config)
        return config

    text, other, study = tmp_path / "notes.txt", tmp_path / "mine.db", tmp_path / "study.db"
    text.write_text("mine")
    with contextlib.closing(sqlite3.connect(other)) as file:
        file.execute("CREATE TABLE prices (close REAL)")
    for path, said in (
        (text, r"optimization_config\.storage .*notes\.txt is there and is none; name a new one"),
        (other, r"must be an SQLite file of searches, but .*mine\.db holds prices; name a new one"),
        (tmp_path, r"is a folder; name a file in it, e\.g\. .*/study\.db"),
    ):
        with pytest.raises(adm.ConfigError, match=said):
            planned(path)
    study.touch()  # an empty file is a database without tables
    assert adm.EnhancedCoordinator().run(planned(study)).success
    assert adm.EnhancedCoordinator().run(planned(study)).success
