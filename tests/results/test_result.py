"""WorkflowResult: its members, its best row, its rows in detail, and the difference between two."""

from __future__ import annotations

import copy
import re

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.engine.account import METRICS
from adm_notebook.results.judged import best_row
from adm_notebook.results.result import TRADE_COLUMNS


def run(**backtest: object) -> adm.WorkflowResult:
    config = adm.WorkflowConfig(data_config={"symbols": "SP500", "max_bars": 600}, backtest_config=backtest)
    return adm.EnhancedCoordinator().run(config, execution_mode="composable")


def sweep(**optimization: object) -> adm.WorkflowResult:
    entry = {"type": "ma_crossover", "parameters": {"fast": [5, 10, 30], "slow": [20, 50]}}
    config = adm.WorkflowConfig(
        data_config={"symbols": ["SP500", "NASDAQ"], "max_bars": 600},
        backtest_config={"commission": [0, 0.001]},
        optimization_config={"strategies": [entry, "momentum"], **optimization},
    )
    return adm.EnhancedCoordinator().run(config, execution_mode="composable")


def test_a_single_backtest_has_one_row_and_all_members() -> None:
    result = run(strategy="ma_crossover")
    assert result.success
    assert list(result.stats.columns) == [
        "portfolio", "symbol", "strategy", "classifier", "risk_profile", *METRICS, "status", "error",
    ]  # fmt: skip
    assert list(result.metrics) == list(METRICS)
    assert tuple(result.trades.columns) == TRADE_COLUMNS
    assert len(result.equity) == 600
    assert result.metrics["final_equity"] == result.equity.iloc[-1]
    assert result.final_results["equity_curve"] == result.equity.tolist()
    assert result.final_results["trades"][0]["symbol"] == "SP500"
    assert result.metadata["partial"] is False
    assert result.metadata["mode_reason"]


def test_rows_are_nested_symbol_setting_strategy_parameters_the_last_fastest() -> None:
    stats = sweep().stats
    keys = list(zip(stats["symbol"], stats["commission"], stats["strategy"], stats["fast"], stats["slow"], strict=True))
    crossovers = [("ma_crossover", fast, slow) for fast in (5, 10, 30) for slow in (20, 50)]
    expected = [
        (symbol, commission, *rest)
        for symbol in ("SP500", "NASDAQ")
        for commission in (0, 0.001)
        for rest in [*crossovers, ("momentum", None, None)]
    ]
    assert [(s, c, n, None if f != f else f, None if w != w else w) for s, c, n, f, w in keys] == expected
    assert stats["portfolio"].tolist() == stats.index.tolist() == list(range(28))


def test_a_combination_that_its_strategy_refuses_is_a_row_that_says_so() -> None:
    stats = sweep().stats
    refused = stats[(stats["fast"] == 30) & (stats["slow"] == 20)]
    assert (refused["status"] == "invalid").all()
    assert refused["error"].str.contains("fast must be shorter than slow").all()
    assert refused["sharpe"].isna().all()
    assert (stats.drop(refused.index)["status"] == "ok").all()


def test_constraints_drop_what_they_forbid_and_say_how_much() -> None:
    result = sweep(constraints=["fast < slow"])
    assert len(result.stats) == 24
    assert result.facts.left_out == {"fast < slow": 1}
    assert (result.stats["status"] == "ok").all()


def test_the_best_row_is_by_the_objective_in_its_direction() -> None:
    for objective, direction, pick in [
        ("sharpe", None, "idxmax"),
        ("max_drawdown", "minimize", "idxmin"),
        ("n_trades", "maximize", "idxmax"),
    ]:
        result = sweep(objective=objective, **({"direction": direction} if direction else {}))
        ok = result.stats[result.stats["status"] == "ok"]
        assert result.best["portfolio"] == getattr(ok[objective], pick)()
        assert result.metrics[objective] == result.best[objective]


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([1.0, 3.0, 3.0], 1),
        ([np.nan, -2.0, np.nan], 1),
        ([np.nan, np.nan, np.nan], 0),
        ([np.inf, 5.0, np.inf], 0),
        ([-np.inf, np.nan, -np.inf], 0),
    ],
)
def test_infinities_rank_as_numbers_nan_last_and_the_first_of_equals_wins(values: list[float], best: int) -> None:
    stats = pd.DataFrame({"sharpe": values, "status": "ok"})
    assert best_row(stats, "sharpe", maximise=True) == best


def test_no_row_that_is_ok_has_no_best() -> None:
    assert best_row(pd.DataFrame({"sharpe": [np.nan], "status": ["failed"]}), "sharpe", maximise=True) is None


def test_detail_makes_any_row_again() -> None:
    result = sweep()
    for row in (0, 9, 20):
        detail = result.detail(row)
        assert detail.metrics["total_return"] == result.stats.at[row, "total_return"]
        assert detail.equity.iloc[-1] == result.stats.at[row, "final_equity"]
        closed = detail.trades[detail.trades["exit_reason"] != "open"]
        assert len(closed) == result.stats.at[row, "n_trades"]
        assert set(detail.trades["symbol"]) <= {result.stats.at[row, "symbol"]}


@pytest.mark.parametrize(
    ("row", "said"), [(99, "there is no such row; this result has rows 0 to 27"), (4, "this row is invalid")]
)
def test_detail_says_which_rows_there_are(row: int, said: str) -> None:
    with pytest.raises(adm.RunError, match=said):
        sweep().detail(row)


def test_a_difference_names_what_differs_first_and_where_equity_parts() -> None:
    old, new = run(strategy="ma_crossover", commission=0.001), run(strategy="ma_crossover", commission=0.002)
    diff = old.compare(new)
    assert diff
    assert diff.verdict.startswith("different because")
    assert diff.first_bar == old.trades["entry_bar"].iloc[0]
    assert set(diff.trades["field"]) >= {"fees", "pnl"}
    assert not diff.metrics.set_index("metric").loc["total_return", "same"]
    assert "Equity parts at bar" in repr(diff)
    assert diff._repr_html_()


def test_a_result_does_not_differ_from_itself() -> None:
    result = sweep()
    diff = result.compare(sweep())
    assert not diff
    assert diff.verdict == "identical"
    assert diff.first_bar is None


@pytest.mark.parametrize("row", ["x", None, [0], np.nan, np.inf, 1.7, True, np.True_, np.array(1.7)], ids=repr)
def test_detail_wants_the_number_of_a_row(row: object) -> None:
    with pytest.raises(adm.RunError, match=re.escape(f"detail({row!r}): name a row by its number")):
        run(strategy="momentum").detail(row)


@pytest.mark.parametrize("other", [None, "x", 3])
def test_a_result_is_compared_with_results_only(other: object) -> None:
    result = run(strategy="momentum")
    for compare in (result.compare, lambda o: adm.compare_results(o, result)):
        with pytest.raises(adm.RunError, match=re.escape(f"but was given {other!r}")):
            compare(other)


@pytest.mark.parametrize("rtol", ["a", None, -1, np.nan, np.inf, True, [1], 1])
def test_a_tolerance_is_a_number_from_0_to_1(rtol: object) -> None:
    result = run(strategy="momentum")
    with pytest.raises(
        adm.RunError, match=re.escape(f"rtol must be a number from 0 to 1, such as 1e-9, but was {rtol!r}")
    ):
        result.compare(result, rtol=rtol)


def changed(result: adm.WorkflowResult, row: int, **values: object) -> adm.WorkflowResult:
    """The result with other values in a row of `stats`."""
    stats = result.stats
    for name, value in values.items():
        stats.loc[row, name] = value
    other = copy.copy(result)
    other._stats = stats
    return other


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"sharpe": 9.5}, "1 metric of the best row differs (sharpe); 1 combination differs"),
        ({"sharpe": 9.5, "sqn": 9.5}, "2 metrics of the best row differ, sharpe first; 1 combination differs"),
        ({"profit_factor": np.inf}, "1 metric of the best row differs (profit_factor); 1 combination differs"),
    ],
)
def test_a_verdict_counts_in_the_singular_and_the_plural(values: dict[str, float], reason: str) -> None:
    result = run(strategy="ma_crossover")
    assert result.compare(changed(result, 0, **values)).verdict == f"different because {reason}"


def test_identical_is_said_of_equal_bits_and_equivalent_of_rounding() -> None:
    result = run(strategy="ma_crossover")
    rounded = changed(result, 0, sharpe=result.metrics["sharpe"] * (1 + 1e-12))
    assert result.compare(rounded).verdict == "equivalent within 1e-09"
    assert result.compare(rounded).identical
    assert result.compare(result).verdict == "identical"


def test_a_long_difference_is_short_on_the_screen() -> None:
    old = sweep()
    entry = {"type": "ma_crossover", "parameters": {"fast": [5, 10, 30], "slow": [20, 50]}}
    config = adm.WorkflowConfig(
        data_config={"symbols": ["SP500", "NASDAQ"], "max_bars": 600},
        backtest_config={"commission": [0, 0.001], "initial_capital": 50_000},
        optimization_config={"strategies": [entry, "momentum"]},
    )
    diff = old.compare(adm.EnhancedCoordinator().run(config, execution_mode="composable"))
    lines = repr(diff).splitlines()
    assert len(diff.trades) + len(diff.rows) > 20
    assert len(lines) <= 20
    assert any("more (.trades)" in line for line in lines)
    assert "00:00:00" not in repr(diff)


def test_rows_of_a_sweep_that_the_other_result_has_not_are_told() -> None:
    whole = sweep()
    fewer = sweep(constraints=["fast < 30"])
    rows = whole.compare(fewer).rows
    gone = rows[rows["metric"] == "row"]
    assert set(gone["new"]) == {"missing"}
    assert set(gone["fast"]) == {30}
    assert len(gone) == len(whole.stats) - len(fewer.stats)


def test_whole_and_broken_numbers_are_one_parameter() -> None:
    def fast(*strategies: object) -> adm.WorkflowResult:
        config = adm.WorkflowConfig(data_config={"max_bars": 300}, optimization_config={"strategies": [*strategies]})
        return adm.EnhancedCoordinator().run(config)

    entry = {"type": "ma_crossover", "parameters": {"fast": [5, 10], "slow": 20}}
    rows = fast(entry).compare(fast(entry, "momentum")).rows  # in the second, `fast` is a column of floats
    assert rows["strategy"].tolist() == ["momentum"]


def test_trades_that_only_one_has_are_told_by_their_entry() -> None:
    old = run(strategy={"type": "ma_crossover", "parameters": {"fast": 5, "slow": 20}})
    new = run(strategy={"type": "ma_crossover", "parameters": {"fast": 6, "slow": 20}})
    assert {"+", "-"} <= set(old.compare(new).trades["change"])


def test_frames_that_are_handed_out_are_the_users_own() -> None:
    result = run(strategy="ma_crossover")
    equity, trades, stats = result.equity, result.trades, result.stats
    equity /= equity.iloc[0]
    trades.loc[0, "size"] = -1.0
    stats["sharpe"] = -99.0
    assert result.equity.iloc[0] == 100_000
    assert result.trades.loc[0, "size"] > 0
    assert result.metrics["sharpe"] != -99.0


def test_frames_of_a_detail_are_the_users_own() -> None:
    result = run(strategy="ma_crossover")
    detail, before = result.detail(0), result.trades
    trades, equity, held = detail.trades, detail.equity, result.benchmark.equity
    trades.loc[0, "size"] = -1.0
    equity.iloc[0] = -1.0
    held.iloc[0] = -1.0
    pd.testing.assert_frame_equal(result.trades, before)
    assert result.equity.iloc[0] == detail.account.equity[0] == result.benchmark.equity.iloc[0] == 100_000


def test_where_no_row_is_ok_the_rest_is_empty() -> None:
    close = np.full(30, 100.0)
    frame = pd.DataFrame({"open": close, "high": close, "low": close, "close": close * 2})
    result = adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"frame": frame}))
    assert not result.success
    assert result.errors
    assert (result.best, result.metrics, result.benchmark) == (None, {}, None)
    assert tuple(result.trades.columns) == TRADE_COLUMNS
    assert len(result.trades) == len(result.equity) == 0
    assert result.final_results == {"metrics": {}, "trades": [], "equity_curve": []}
    with pytest.raises(adm.RunError, match="this result has no rows"):
        result.detail(0)


def test_the_text_of_a_result_is_the_same_in_every_run() -> None:
    assert repr(sweep()) == repr(sweep())


def test_comparing_and_showing_look_at_the_table_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    result, other, looks = sweep(), sweep(objective="sortino"), []
    table = adm.WorkflowResult.stats.fget
    monkeypatch.setattr(adm.WorkflowResult, "stats", property(lambda self: looks.append(1) or table(self)))
    result.compare(other)
    repr(result)
    result.detail(9)
    assert len(looks) < 10  # there are 28 rows


def test_the_notes_say_which_defaults_were_filled_in() -> None:
    result = adm.EnhancedCoordinator().run(adm.WorkflowConfig())
    assert any("bundled sample" in w for w in result.warnings)
    assert any("momentum is used" in w for w in result.warnings)
    assert set(result.facts.defaults) == set(result.warnings)
    assert result.stats["symbol"].tolist() == ["SP500"]
