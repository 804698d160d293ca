"""The result explorer, driven without a page: choosing, measuring, fixing a row's parameters."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
import pytest
from explorer_cases import GRID, run, sweep
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import adm_notebook as adm
from adm_notebook.engine.account import METRICS
from adm_notebook.widgets.base import module
from adm_notebook.widgets.explorer import Explorer
from adm_notebook.widgets.vendor import LIGHTWEIGHT_CHARTS, library


def said_to(explorer: Explorer) -> list[tuple[dict[str, Any], list[bytes]]]:
    """What an explorer sends from now on."""
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    explorer.send = lambda content, buffers=None: sent.append((content, list(buffers or [])))  # type: ignore[method-assign]
    return sent


def ask(explorer: Explorer, kind: str, **rest: Any) -> None:
    explorer._on_message(explorer, {"kind": kind, **rest}, [])


def settle(explorer: Explorer) -> None:
    """Wait until rows asked for by a page are computed."""
    worker = explorer._worker
    if isinstance(worker, threading.Thread):
        worker.join(60)


# ---- choosing -------------------------------------------------------------------------------------------------------


def test_it_opens_on_the_best_row_first_in_order() -> None:
    result = sweep()
    explorer = adm.explore(result)
    best = result.best
    assert best is not None
    assert explorer.selected is not None
    pd.testing.assert_series_equal(explorer.selected, best)
    assert (explorer.position, explorer.n_rows, explorer.n_total) == (0, 12, 12)
    assert explorer.sort_column == "sharpe"
    assert explorer.window(0)[0][0] == f"{best.name}"
    assert explorer.text().splitlines()[0] == "ma_crossover on SP500: 12 of 12 rows"
    assert repr(explorer) == "<Explorer>"


def test_a_chosen_row_has_the_equity_and_trades_of_its_detail() -> None:
    result = sweep()
    explorer = adm.explore(result)
    row = explorer.select(1)
    assert row is not None
    pd.testing.assert_series_equal(row, result.stats.loc[1])
    detail = result.detail(1)
    np.testing.assert_array_equal(explorer.detail.account.equity, detail.equity.to_numpy())
    assert [r[2] for r in explorer.detail.trade_rows(0)] == [f"{t:%Y-%m-%d}" for t in detail.trades["entry_time"]]


def test_a_row_that_is_not_ok_can_be_chosen_and_says_why_it_has_no_equity() -> None:
    explorer = adm.explore(sweep())
    refused = int(sweep().stats.index[sweep().stats["status"] == "invalid"][0])
    assert explorer.select(refused) is not None
    with pytest.raises(adm.RunError, match="this row is invalid: fast must be shorter"):
        _ = explorer.detail


@pytest.mark.parametrize("row", [99, -1, True, "best"])
def test_a_row_that_is_not_there_is_refused(row: Any) -> None:
    explorer = adm.explore(sweep())
    with pytest.raises(adm.RunError, match="There is no row"):
        explorer.select(row)


def test_a_row_that_the_filter_hides_stays_chosen() -> None:
    explorer = adm.explore(sweep())
    chosen = explorer.selected_row
    assert explorer.filter(f"row != {chosen}") == 11
    assert (explorer.selected_row, explorer.position) == (chosen, None)
    explorer.filter("")
    assert explorer.position == 0


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(adm.RunError, match="takes a result of a workflow"):
        adm.explore("result")  # type: ignore[arg-type]  # the mistake under test


def test_kept_signals_are_replayed_first(tmp_path: Path) -> None:
    kept = run(
        backtest_config={"strategy": "momentum"},
        analysis_config={"mode": "signal_generation", "output_path": str(tmp_path / "kept")},
    )
    with pytest.raises(adm.RunError, match="nothing to compare"):
        adm.explore(kept)


class Session(RuleBasedStateMachine):
    """Whatever is filtered, sorted and chosen: what the explorer says fits together."""

    def __init__(self) -> None:
        super().__init__()
        self.explorer = adm.explore(sweep())

    @rule(
        text=st.sampled_from(
            ["", "sharpe > 0", "fast < slow and n_trades >= 1", "fast > 100", "sharp > 1", "status == 'ok'"]
        )
    )
    def filter(self, text: str) -> None:
        try:
            self.explorer.filter(text)
        except adm.ConfigError:
            assert text.startswith("sharp ")

    @rule(
        column=st.sampled_from(["sharpe", "fast", "row", "status", "win_rate"]),
        descending=st.sampled_from([None, True, False]),
    )
    def sort(self, column: str, descending: bool | None) -> None:
        self.explorer.sort(column, descending)

    @rule(row=st.integers(0, 11))
    def choose(self, row: int) -> None:
        ask(self.explorer, "select", row=row)

    @rule(position=st.integers(-3, 20))
    def move(self, position: int) -> None:
        ask(self.explorer, "at", position=position)

    @invariant()
    def it_fits_together(self) -> None:
        e = self.explorer
        labels = e.shown.index.tolist()
        assert e.n_rows == len(labels) == len(e.window(0))
        assert (e.position is None) == (e.selected_row not in labels)
        assert e.position is None or labels[e.position] == e.selected_row
        assert bool(e.nothing) == (not labels)
        assert e.selected is not None
        assert e.selected.name == e.selected_row

    def teardown(self) -> None:
        settle(self.explorer)


TestSession = Session.TestCase
TestSession.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


# ---- measuring ------------------------------------------------------------------------------------------------------


def test_the_whole_history_has_the_metrics_of_the_row() -> None:
    explorer = adm.explore(sweep())
    found = explorer.brush()
    assert explorer.period is None
    assert explorer.selected is not None
    for name in METRICS:
        assert found["row"][name] == pytest.approx(explorer.selected[name], nan_ok=True, rel=1e-12)
    benchmark = sweep().benchmark
    assert benchmark is not None
    assert found["held"]["sharpe"] == pytest.approx(benchmark.metrics["sharpe"])


@given(st.integers(0, 499), st.integers(0, 499))
def test_a_brushed_period_is_what_happened_to_the_money_in_it(a: int, b: int) -> None:
    explorer = adm.explore(sweep())
    found = explorer.brush(a, b)
    start, end = min(a, b), max(a, b)
    equity = explorer.detail.account.equity
    before = equity[start - 1] if start else 100_000.0
    assert found["row"]["total_return"] == pytest.approx(equity[end] / before - 1, abs=1e-12)
    assert explorer.period == (None if (start, end) == (0, 499) else [start, end])


def test_a_combined_portfolio_is_drawn_symbol_by_symbol() -> None:
    result = run(
        data_config={"symbols": ["SP500", "NASDAQ"], "max_bars": 400},
        backtest_config={"portfolio": {"combine": True}},
        optimization_config={"strategies": [{"type": "ma_crossover", "parameters": {"fast": [5, 10], "slow": 30}}]},
    )
    detail = adm.explore(result).detail
    assert [bars.symbol for bars in detail.symbols] == ["SP500", "NASDAQ"]
    trades = result.trades
    for s, name in enumerate(("SP500", "NASDAQ")):
        marks, n = detail.marks(0, 400, s)
        of_symbol = trades[trades["symbol"] == name]
        assert n == len(of_symbol) + int((of_symbol["exit_reason"] != "open").sum())
        close = detail.symbols[s].prices
        assert all(close.low[m.bar] * 0.97 <= m.price <= close.high[m.bar] * 1.03 for m in marks)


def test_marks_stand_on_the_bars_and_prices_of_the_trades() -> None:
    result = sweep()
    detail = adm.explore(result).detail
    marks, n = detail.marks(0, detail.n_bars)
    trades = result.trades
    wanted = sorted([*zip(trades["entry_bar"], trades["entry_price"], strict=True)] + [
        (t.exit_bar, t.exit_price) for t in trades.itertuples() if t.exit_reason != "open"
    ])  # fmt: skip
    assert n == len(marks) == len(wanted)
    assert sorted((m.bar, m.price) for m in marks) == wanted
    assert all(m.buys for m in marks if m.won is None)  # long only: one enters by buying


# ---- fixing a row's parameters --------------------------------------------------------------------------------------

CASES: dict[str, dict[str, Any]] = {
    "two symbols": {
        "data_config": {"symbols": ["SP500", "NASDAQ"], "max_bars": 300},
        "optimization_config": {"strategies": [GRID]},
    },
    "short form": {"backtest_config": {"strategy": {"type": "momentum", "parameters": {"period": [5, 10]}}}},
    "the default": {"backtest_config": {"stop_loss": [0.02, 0.05]}},
    "settings": {"backtest_config": {
        "strategy": "momentum", "stop_loss": [None, 0.03], "commission": {"rate": [0.0, 0.002]}}},
    "several strategies": {"optimization_config": {
        "strategies": ["momentum", GRID, {**GRID, "parameters": {"fast": [3], "slow": [9, 11]}}]}},
    "risk": {"optimization_config": {"strategies": [GRID], "risk_profiles": [
        {"type": "moderate"}, {"type": "custom", "name": "own", "stop_loss": [0.02, 0.04]}]}},
    "a search": {"optimization_config": {
        "strategies": [GRID], "constraints": ["fast < slow"], "method": "random", "n_trials": 4}},
    "regimes": {"optimization_config": {
        "classifiers": [{"type": "trend", "parameters": {"fast": [10, 20], "slow": 50}}],
        "strategies": [{**GRID, "regimes": ["up", "sideways"]}]}},
    "combined": {
        "data_config": {"symbols": ["SP500", "NASDAQ"], "max_bars": 300},
        "backtest_config": {"portfolio": {"combine": True}},
        "optimization_config": {"strategies": [GRID, {"type": "momentum", "parameters": {"period": [5, 9]}}]},
    },
    "an ensemble": {"optimization_config": {"strategies": [
        {"type": "ensemble", "method": "majority", "members": [{**GRID, "name": "cross"}, "momentum", "rsi"]}]}},
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_config_of_a_row_runs_that_row_alone_with_the_same_numbers(case: str) -> None:
    result = run(**CASES[case])
    explorer = adm.explore(result)
    ok = result.stats.index[result.stats["status"] == "ok"]
    for label in {int(ok[0]), int(ok[len(ok) // 2]), int(ok[-1])}:
        row = explorer.select(label)
        assert row is not None
        again = adm.EnhancedCoordinator().run(explorer.config)
        assert len(again.stats) == 1
        alone = again.stats.iloc[0]
        for name in METRICS:
            assert alone[name] == pytest.approx(row[name], rel=1e-9, nan_ok=True), name
        assert (alone["strategy"], alone["symbol"], alone["risk_profile"]) == (
            row["strategy"],
            row["symbol"],
            row["risk_profile"],
        )


def test_the_cell_of_a_row_reads_back_as_its_config() -> None:
    explorer = adm.explore(sweep())
    config = explorer.use()
    first, _, text = explorer.used["cell"].partition("\n")
    assert first == "%%adm run chosen"
    assert adm.WorkflowConfig.from_yaml(text) == config
    explorer.select(1)
    assert explorer.used == {}


def test_a_config_with_a_frame_is_no_cell_and_says_so() -> None:
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 300)))
    frame = pd.DataFrame(
        dict.fromkeys(("open", "high", "low", "close"), close), index=pd.bdate_range("2020", periods=300)
    )
    result = run(data_config={"frame": frame}, optimization_config={"strategies": [GRID]})
    explorer = adm.explore(result)
    assert explorer.use().data_config["frame"] is frame
    assert "cell" not in explorer.used
    assert "frame" in explorer.used["why"]


def test_a_row_of_a_replay_is_no_config(tmp_path: Path) -> None:
    path = str(tmp_path / "kept")
    run(optimization_config={"strategies": [GRID]}, analysis_config={"mode": "signal_generation", "output_path": path})
    replayed = run(data_config={}, analysis_config={"mode": "signal_replay", "signals_path": path})
    explorer = adm.explore(replayed)
    with pytest.raises(adm.RunError, match="a replay trades all of them"):
        _ = explorer.config


def test_rows_and_signals_on_disk_are_not_written_over(tmp_path: Path) -> None:
    result = run(
        optimization_config={"strategies": [GRID]}, infrastructure_config={"results": str(tmp_path / "rows")},
    )  # fmt: skip
    explorer = adm.explore(result)
    assert explorer.config.infrastructure_config == {}
    assert explorer.n_total == 12


def test_a_loaded_result_is_explored_as_the_one_that_ran(tmp_path: Path) -> None:
    sweep().save(tmp_path / "kept")
    explorer = adm.explore(adm.WorkflowResult.load(tmp_path / "kept"))
    assert explorer.text() == adm.explore(sweep()).text()
    explorer.select(1)
    np.testing.assert_array_equal(explorer.detail.account.equity, sweep().detail(1).equity.to_numpy())


# ---- what a page gets -----------------------------------------------------------------------------------------------


def test_a_page_is_answered_in_json_and_buffers() -> None:
    explorer = adm.explore(sweep())
    sent = said_to(explorer)
    ask(explorer, "row")
    settle(explorer)
    for kind, rest in {
        "window": {"start": 0}, "heat": {}, "brush": {"start": 20, "end": 90}, "trades": {"start": 0},
        "candles": {"start": 0, "end": 500, "pixels": 600, "symbol": 0, "ask": 3}, "trade": {"trade": 0}, "library": {},
    }.items():  # fmt: skip
        ask(explorer, kind, **rest)
    kinds = [content["kind"] for content, _ in sent]
    assert kinds == ["row", "window", "heat", "figures", "trades", "candles", "goto", "library"]
    for content, buffers in sent:
        assert len(json.dumps(content, allow_nan=False)) < 16_000
        assert content["kind"] == "library" or sum(map(len, buffers)) < 90_000
    assert sent[-1][1] == [library()]


def test_mistakes_of_a_page_come_back_as_sentences() -> None:
    explorer = adm.explore(sweep())
    sent = said_to(explorer)
    ask(explorer, "filter", text="sharp > 1")
    assert explorer.problem == "No column `sharp`. Did you mean `sharpe`?"
    ask(explorer, "filter", text="sharpe > 0")
    assert explorer.problem == ""
    ask(explorer, "sort", column="nothing")
    ask(explorer, "trade", trade=10_000)
    ask(explorer, "candles", start=0, end=9, pixels=500, symbol=7)
    assert [content["what"] for content, _ in sent] == ["sort", "trade", "candles"]
    ask(explorer, "nonsense")
    assert len(sent) == 3


def test_of_rows_asked_for_quickly_the_last_is_shown() -> None:
    explorer = adm.explore(sweep())
    sent = said_to(explorer)
    for row in (1, 2, 4, 5):
        ask(explorer, "select", row=row)
    settle(explorer)
    assert sent[-1][0]["row"] == explorer.selected_row == 5


def test_what_a_notebook_saves_is_small() -> None:
    explorer = adm.explore(sweep())
    state = explorer.get_state()
    own = {key: value for key, value in state.items() if key not in ("_esm", "_css")}
    assert len(json.dumps(own, default=str)) < 8_000
    assert len(module("explorer")) < 60_000
    assert "Apache" not in state["_esm"]
    assert LIGHTWEIGHT_CHARTS in library().decode()[:200]
    assert isinstance(explorer, ipywidgets.Widget)
