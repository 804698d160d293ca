"""verify_migration: what is the same is called the same, and what was lost is named in the first line."""

from __future__ import annotations

import ast
import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.migration.changes import ABSENT
from adm_notebook.results import hooks

OLD: dict[str, Any] = {
    "data_config": {"symbols": ["SP500"], "max_bars": 900},
    "backtest_config": {"initial_capital": 100_000, "commission": 0.001, "stop_loss": 0.05},
    "optimization_config": {
        "strategies": [
            {"type": "ma_crossover", "parameters": {"fast": 10, "slow": 30}},
            {"type": "momentum", "parameters": {"lookback": 15}},
        ]
    },
}

OLDER = """
name: Crossover
type: backtest
data: {source: sample, symbols: [SP500], start_date: "1999-06-01", max_bars: 700}
portfolio:
  initial_capital: 100000
  currency: USD
  commission: {type: percentage, value: 0.001}
strategies:
  - name: trend
    type: moving_average_crossover
    parameters: {fast_period: 10, slow_period: 30, ma_type: EMA}
risk:
  limits:
    - {type: drawdown, max_drawdown: 0.2}
    - {type: concentration, max_position_pct: 25}
coordinator: {execution_mode: TRADITIONAL}
"""

FROM_OLDER: dict[str, Any] = {
    "data_config": {"source": "sample", "symbols": ["SP500"], "start": "1999-06-01", "max_bars": 700},
    "backtest_config": {"initial_capital": 100_000, "commission": 0.001, "max_drawdown": 0.2},
    "optimization_config": {
        "strategies": [
            {"type": "ma_crossover", "name": "trend", "parameters": {"fast": 10, "slow": 30, "ma_type": "ema"}}
        ]
    },
}


def altered(config: dict[str, Any], path: str, value: Any = None) -> dict[str, Any]:
    """The config with another value at a path such as `backtest_config.fill`; with None the key is left out."""
    found = copy.deepcopy(config)
    place: Any = found
    *parents, last = [int(p) if p.isdigit() else p for p in path.split(".")]
    for part in parents:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return found


def first_line(report: adm.migration.report.MigrationReport) -> str:
    return repr(report).splitlines()[0]


# ---- a migration that lost something --------------------------------------------------------------------------------

STRATEGY = "optimization_config.strategies"

BROKEN = {
    "a parameter off by one": (
        (f"{STRATEGY}.0.parameters.fast", 11),
        "fast of ma_crossover was 10 and is now 11",
        "set optimization_config.strategies[0].parameters.fast: 10 in the new configuration.",
    ),
    "commission dropped": (
        ("backtest_config.commission", None),
        "commission was 0.1% and is now 0",
        "set backtest_config.commission: 0.001 in the new configuration.",
    ),
    "another fill rule": (
        ("backtest_config.fill", "close"),
        "fill was next_open and is now close",
        "set backtest_config.fill: next_open in the new configuration.",
    ),
    "capital changed": (
        ("backtest_config.initial_capital", 10_000),
        "initial_capital was 100,000 and is now 10,000",
        "set backtest_config.initial_capital: 100000 in the new configuration.",
    ),
    "a strategy left out": (
        (f"{STRATEGY}.0", None),
        "the strategy ma_crossover is left out",
        (
            "add {type: ma_crossover, parameters: {fast: 10, slow: 30, ma_type: sma, direction: long}, "
            "name: ma_crossover} to optimization_config.strategies in the new configuration."
        ),
    ),
    "a strategy taken for another": (
        (f"{STRATEGY}.1", {"type": "rsi"}),
        "the strategy was momentum and is now rsi",
        (
            "set optimization_config.strategies[1]: {type: momentum, "
            "parameters: {lookback: 15, threshold: 0, direction: long}, name: momentum} in the new configuration."
        ),
    ),
    "the range of data cut": (
        ("data_config.max_bars", 700),
        "max_bars was 900 and is now 700",
        "set data_config.max_bars: 900 in the new configuration.",
    ),
    "data that begins later": (
        ("data_config.start", "1999-03-01"),
        "start was none and is now 1999-03-01",
        "leave data_config.start out in the new configuration.",
    ),
    "a stop dropped": (
        ("backtest_config.stop_loss", None),
        "stop_loss was 5% and is now none",
        "set backtest_config.stop_loss: 0.05 in the new configuration.",
    ),
    "a stop of another kind": (
        ("backtest_config.stop_loss", {"atr": 2}),
        "stop_loss was 5% and is now 2 ATR(14)",
        "set backtest_config.stop_loss: 0.05 in the new configuration.",
    ),
    "another symbol": (
        ("data_config.symbols", ["NASDAQ"]),
        "symbols was SP500 and is now NASDAQ",
        "set data_config.symbols: [SP500] in the new configuration.",
    ),
    "another side": (
        (f"{STRATEGY}.1.parameters.direction", "both"),
        "direction of momentum was long and is now both",
        "set optimization_config.strategies[1].parameters.direction: long in the new configuration.",
    ),
    "strategies put into one portfolio": (
        ("backtest_config.portfolio", {"combine": True}),
        "portfolio.combine was no and is now yes",
        "leave backtest_config.portfolio out in the new configuration.",
    ),
    "the conventions of another program": (
        ("backtest_config.preset", "vectorbt"),
        "preset was default and is now vectorbt; commission was 0.1% and is now rate 0.1%, fixed_per order",
        "set backtest_config.preset: default and set backtest_config.commission: 0.001 in the new configuration.",
    ),
    "a classifier that came from nowhere": (
        ("optimization_config.classifiers", ["trend"]),
        "the classifier trend was added",
        "leave optimization_config.classifiers[0] out in the new configuration.",
    ),
}


@pytest.mark.parametrize(("change", "cause", "mend"), BROKEN.values(), ids=BROKEN)
def test_a_broken_migration_is_different_and_the_first_line_says_why(
    change: tuple[str, Any], cause: str, mend: str
) -> None:
    report = adm.verify_migration(OLD, altered(OLD, *change))
    assert report
    assert not report.identical
    assert report.verdict == f"different because {cause}"
    assert first_line(report) == f"Different because {cause}."
    assert report.to_mend == mend
    assert f"To mend it: {mend}" in repr(report)
    assert report.causes


def test_what_to_mend_mends_it() -> None:
    broken = altered(OLD, "backtest_config.commission")
    assert adm.verify_migration(OLD, broken).to_mend.startswith("set backtest_config.commission: 0.001 ")
    assert adm.verify_migration(OLD, altered(broken, "backtest_config.commission", 0.001)).identical


def test_several_causes_are_all_named() -> None:
    new = altered(altered(OLD, "backtest_config.commission"), "backtest_config.fill", "close")
    report = adm.verify_migration(OLD, new)
    assert report.verdict == ("different because fill was next_open and is now close; commission was 0.1% and is now 0")
    new = altered(altered(new, "data_config.max_bars", 500), "backtest_config.initial_capital", 7)
    assert adm.verify_migration(OLD, new).verdict.endswith("; 1 more key differs")


def test_a_key_of_the_older_form_that_was_not_carried_over_is_named_as_it_is_there() -> None:
    report = adm.verify_migration(OLDER, altered(FROM_OLDER, "backtest_config.commission"))
    assert first_line(report) == "Different because commission was 0.1% and is now 0."
    assert report.to_mend == (
        "set backtest_config.commission: 0.001 in the new configuration. "
        "The old key portfolio.commission.value was not carried over."
    )
    (cause,) = report.causes
    assert (cause.path, cause.was) == ("backtest_config.commission", "portfolio.commission.value")
    assert (cause.old, cause.new) == (0.001, 0)


def test_a_key_that_migrating_drops_is_seen_by_the_second_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adm_notebook.migration.configs.migrate.read_account", lambda ledger, section: None)
    report = adm.verify_migration(OLDER)
    assert first_line(report) == "Different because commission was 0.1% and is now 0."
    assert report.migration is not None
    assert "commission" not in report.migration.config.backtest_config


def test_the_second_reader_shares_nothing_with_migrating_but_names() -> None:
    folder = Path(adm.__file__).parent / "migration" / "older"
    used = {
        node.module
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and "migration" in str(node.module)
    }
    own = {"adm_notebook.migration.older.entries", "adm_notebook.migration.older.notes"}
    assert used == own | {"adm_notebook.migration.changes", "adm_notebook.migration.names"}


# ---- a migration that lost nothing ----------------------------------------------------------------------------------


def test_the_same_config_is_the_same_in_both_modes() -> None:
    report = adm.verify_migration(OLD, OLD)
    assert not report
    assert report.identical
    assert report.verdict in ("identical", "equivalent within 1e-09")
    assert (report.old.mode, report.new.mode) == ("traditional", "composable")
    assert not report.causes
    assert report.to_mend == ""
    assert (report.first_bar, report.first_time, report.first_gap, report.largest_gap) == (None, None, 0, 0)
    assert report.result.n_trades.same == len(report.old.trades) > 0
    assert report.result.n_bars == (900, 900)
    assert report.result.n_rows == (2, 2)


def test_a_config_in_other_words_is_the_same() -> None:
    old = {
        "data_config": {"symbols": "SP500", "max_bars": 600},
        "backtest_config": {
            "strategy": {"type": "moving_average_crossover", "parameters": {"short_window": 10, "long_window": 30}},
            "commission": {"type": "percentage", "value": 0.001},
        },
    }
    new = {
        "data_config": {"symbols": ["SP500"], "max_bars": 600},
        "parameters": {"container_pattern": "full_backtest"},
        "backtest_config": {"commission": 0.001},
        "optimization_config": {"strategies": [{"type": "ma_crossover", "parameters": {"fast": 10, "slow": 30}}]},
    }
    report = adm.verify_migration(old, new)
    assert report.identical, repr(report)
    assert [cause.path for cause in report.causes] == ["parameters.container_pattern"]
    assert not report.notes
    assert {c.change for c in report.config_changes} >= {"+", "-", "="}


def test_the_older_form_is_the_same_as_ours() -> None:
    report = adm.verify_migration(OLDER, FROM_OLDER)
    assert report.identical, repr(report)
    assert not report.causes
    assert {u.path for u in report.unmapped} >= {"risk.limits[1]", "portfolio.currency"}
    rows = {change.path: change for change in report.config_changes}
    moved = rows["backtest_config.max_drawdown"]
    assert (moved.change, moved.was) == (">", "risk.limits[0].max_drawdown")
    renamed = rows["optimization_config.strategies[0].type"]
    assert (renamed.change, renamed.old, renamed.new) == ("~", "moving_average_crossover", "ma_crossover")


def test_yaml_may_be_a_text_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(OLDER, encoding="utf-8")
    config = adm.WorkflowConfig.from_mapping(FROM_OLDER)
    (tmp_path / "new.yml").write_text(config.to_yaml(), encoding="utf-8")
    for old in (OLDER, tmp_path / "old.yaml", str(tmp_path / "old.yaml")):
        for new in (config, config.to_yaml(), tmp_path / "new.yml"):
            assert adm.verify_migration(old, new).identical


def test_results_that_were_run_before_are_only_compared() -> None:
    coordinator = adm.EnhancedCoordinator()
    old = coordinator.run(adm.WorkflowConfig(**OLD), "traditional")
    new = coordinator.run(adm.WorkflowConfig(**altered(OLD, "backtest_config.commission", 0.002)), "composable")
    report = adm.verify_migration(old, new)
    assert report.old is old
    assert report.new is new
    assert report.verdict == "different because commission was 0.1% and is now 0.2%"
    assert report.timings == {"old": None, "new": None}
    assert adm.verify_migration(old, OLD).identical


def test_both_runs_are_measured_and_the_text_says_nothing_of_it() -> None:
    one, other = adm.verify_migration(OLD, OLD), adm.verify_migration(OLD, OLD)
    assert all(seconds is not None and seconds > 0 for seconds in one.timings.values())
    assert all(mb is None or mb >= 0 for mb in one.memory.values())
    assert repr(one) == repr(other)
    assert "seconds" not in repr(one)


# ---- what a verdict does not prove ----------------------------------------------------------------------------------


def test_a_difference_that_these_bars_do_not_show_is_told() -> None:
    quiet = altered(OLD, "backtest_config.stop_loss", 0.9)
    report = adm.verify_migration(quiet, altered(quiet, "backtest_config.stop_loss", 0.95))
    assert report.identical
    assert report.notes == ("These bars don't show it, but stop_loss was 90% and is now 95%.",)


def test_runs_without_a_trade_prove_little() -> None:
    idle = altered(OLD, STRATEGY, [{"type": "momentum", "parameters": {"threshold": 9.0}}])
    report = adm.verify_migration(idle, idle)
    assert report.identical
    assert report.notes == ("Neither run traded, so that fills, sizes and fees were not put to the test.",)


@pytest.mark.parametrize("broken", ["old", "new"])
def test_a_side_that_can_not_be_planned_is_no_success(broken: str) -> None:
    wrong = altered(OLD, f"{STRATEGY}.0.type", "crossing_averages_of_mine")
    report = adm.verify_migration(*((wrong, OLD) if broken == "old" else (OLD, wrong)))
    assert report.verdict.startswith(f"different because the {broken} run failed: The configuration is refused: ")
    assert "optimization_config.strategies[0].type" in report.verdict
    assert report.to_mend == ""
    assert report.timings[broken] is None


def test_a_side_whose_prices_can_not_be_used_is_no_success() -> None:
    close = np.full(30, 100.0)
    frame = pd.DataFrame({"open": close, "high": close, "low": close, "close": close * 2})
    damaged = altered(OLD, "data_config", {"frame": frame})
    report = adm.verify_migration(OLD, damaged)
    assert not report.identical
    assert first_line(report).startswith("Different because the new run failed: ")
    both = adm.verify_migration(damaged, damaged)
    assert not both.identical
    assert "the old run failed: " in first_line(both)
    assert "the new run failed: " in first_line(both)
    assert both.result.verdict == "different because both failed, so that there is nothing to compare"


def test_a_file_of_prices_that_is_gone_on_one_side_is_named(tmp_path: Path) -> None:
    report = adm.verify_migration(OLD, altered(OLD, "data_config", {"path": str(tmp_path / "gone.csv")}))
    assert "the new run failed: " in first_line(report)
    assert "gone.csv" in first_line(report)


def test_two_configs_that_can_not_be_planned_are_refused() -> None:
    wrong = altered(OLD, "backtest_config.commission", -1)
    with pytest.raises(adm.ConfigError, match=r"backtest_config\.commission"):
        adm.verify_migration(wrong, wrong)


@pytest.mark.parametrize("rtol", ["x", -1, True, np.nan])
def test_a_tolerance_is_checked_before_anything_runs(rtol: Any) -> None:
    with pytest.raises(adm.RunError, match="rtol must be a number from 0 to 1"):
        adm.verify_migration(None, rtol=rtol)


@pytest.mark.parametrize("given", [None, 3, ["x"]])
def test_what_is_no_config_is_refused(given: Any) -> None:
    with pytest.raises(adm.ConfigError, match="must be a WorkflowConfig, a mapping, YAML or a WorkflowResult"):
        adm.verify_migration(given, OLD)


def test_a_pattern_goes_with_migrating_only() -> None:
    with pytest.raises(adm.ConfigError, match="leave one of them out"):
        adm.verify_migration(OLD, OLD, container_pattern="simple_backtest")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(adm.ConfigError, match=r"gone\.yaml' can't be read: No such file"):
        adm.verify_migration(tmp_path / "gone.yaml", OLD)


# ---- sweeps, signals, frames ----------------------------------------------------------------------------------------


def sweep(**parameters: Any) -> dict[str, Any]:
    entry = {"type": "ma_crossover", "parameters": parameters}
    return altered(altered(OLD, STRATEGY, [entry]), "data_config.max_bars", 300)


def test_all_rows_of_a_sweep_are_compared() -> None:
    old = sweep(fast=[5, 10, 20], slow=[15, 30])  # 20 before 15 is refused: an invalid row
    report = adm.verify_migration(old, old)
    assert report.identical
    assert report.result.n_rows == (6, 6)
    fewer = adm.verify_migration(old, sweep(fast=[5, 10, 25], slow=[15, 30]))
    assert first_line(fewer) == "Different because fast of ma_crossover was 5, 10, 20 and is now 5, 10, 25."
    rows = fewer.result.rows
    assert set(rows.loc[rows["metric"] == "row", "fast"]) == {20, 25}


def test_a_sweep_whose_best_row_alone_is_the_same_is_different() -> None:
    old = sweep(fast=[5, 10], slow=[30, 31])
    best = adm.EnhancedCoordinator().run(adm.WorkflowConfig(**old)).best
    assert best is not None
    other = [s for s in (30, 31) if s != best["slow"]]
    report = adm.verify_migration(old, sweep(fast=[5, 10], slow=[int(best["slow"]), other[0] + 9]))
    assert not report.identical


def test_two_thousand_combinations_are_compared_row_by_row() -> None:
    bars = pd.Series(100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.02, 40))))
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), bars.to_numpy()))
    frame.index = pd.date_range("2024-01-01", periods=40, tz="America/New_York")
    old = {
        "data_config": {"frame": frame},
        "optimization_config": {
            "strategies": [
                {
                    "type": "momentum",
                    "parameters": {
                        "lookback": {"min": 1, "max": 20},
                        "threshold": {"min": 0.0, "max": 0.099, "step": 0.001},
                    },
                }
            ]
        },
    }
    coordinator = adm.EnhancedCoordinator()
    new = coordinator.run(adm.WorkflowConfig(**old), "composable")
    assert adm.verify_migration(new, new).result.n_rows == (2000, 2000)
    report = adm.verify_migration(new, altered(old, "backtest_config", {"commission": 0.0005}))
    assert first_line(report) == "Different because commission was 0 and is now 0.05%."
    assert report.result.n_rows[1] == 2000
    assert 0 < report.result.n_rows[0] < 2000  # rows without a trade pay nothing


def test_nothing_of_the_users_is_overwritten(tmp_path: Path) -> None:
    kept = {
        **sweep(fast=[5, 10], slow=30),
        "backtest_config": {},
        "analysis_config": {"mode": "signal_generation", "output_path": str(tmp_path / "signals")},
    }
    report = adm.verify_migration(kept, kept)
    assert report.identical
    assert len(report.new.signals) == len(report.old.signals) > 0
    rows = altered(sweep(fast=[5, 10], slow=30), "infrastructure_config", {"results": str(tmp_path / "rows")})
    assert adm.verify_migration(rows, rows).identical
    assert list(tmp_path.iterdir()) == []


def test_kept_signals_are_compared_one_by_one(tmp_path: Path) -> None:
    kept = {
        **sweep(fast=5, slow=30),
        "backtest_config": {},
        "analysis_config": {"mode": "signal_generation", "output_path": str(tmp_path / "signals")},
    }
    new = altered(kept, f"{STRATEGY}.0.parameters.slow", 40)
    report = adm.verify_migration(kept, new)
    assert first_line(report) == "Different because slow of ma_crossover was 30 and is now 40."
    assert "signals differ, the first at 1999-" in report.result.verdict


def test_frames_are_compared_as_prices() -> None:
    bars = np.linspace(100, 120, 60) + np.tile([0, 3], 30)
    frame = pd.DataFrame(
        dict.fromkeys(("open", "high", "low", "close"), bars), index=pd.bdate_range("2024-01-01", periods=60)
    )
    old = {
        "data_config": {"frame": frame},
        "backtest_config": {"strategy": {"type": "momentum", "parameters": {"lookback": 3}}},
    }
    assert adm.verify_migration(old, altered(old, "data_config.frame", frame.copy())).identical
    later = adm.verify_migration(old, altered(old, "data_config.frame", frame.iloc[5:]))
    assert later.verdict.startswith(
        "different because the bars are not the same (60 bars from 2024-01-01 to 2024-03-22 were, "
        "55 bars from 2024-01-08 to 2024-03-22 are now)"
    )


def test_bars_that_lost_their_time_zone_are_told() -> None:
    index = pd.bdate_range("2024-01-01", periods=60, tz="America/New_York")
    prices = np.linspace(100, 120, 60) + np.tile([0, 3], 30)
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), prices), index=index)
    old = {"data_config": {"frame": frame}, "backtest_config": {"strategy": "momentum"}}
    assert adm.verify_migration(old, old).identical
    report = adm.verify_migration(old, altered(old, "data_config.frame", frame.tz_localize(None)))
    assert report.verdict.startswith("different because the bars are not the same ")
    assert "only the bars of the old one have a time zone (America/New_York)" in report.verdict
    assert not len(report.result.trades)


# ---- showing and saving ---------------------------------------------------------------------------------------------


def test_a_report_is_saved_as_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hooks._PROVIDERS, "report_page", f"{__name__}:page_of")
    report = adm.verify_migration(OLD, OLD)
    path = report.save(tmp_path / "report.html")
    assert path == tmp_path / "report.html"
    assert path.read_text(encoding="utf-8") == page_of(report)
    with pytest.raises(adm.RunError, match="the report can't be written to"):
        report.save(tmp_path / "no folder" / "report.html")


def page_of(report: Any) -> str:
    """A page, as the layer that draws gives it."""
    return f"<p>{report.verdict}</p>"


def test_the_text_names_rows_of_the_configuration() -> None:
    text = repr(adm.verify_migration(OLDER, altered(FROM_OLDER, "backtest_config.commission")))
    assert "> data.symbols > data_config.symbols: SP500" in text
    assert "? risk.limits[1]: A limit across accounts can't be run." in text


def test_a_value_that_is_not_there_is_said_so() -> None:
    report = adm.verify_migration(OLD, altered(OLD, "optimization_config.classifiers", ["trend"]))
    (pattern,) = [c for c in report.causes if c.path == "parameters.container_pattern"]
    (classifier,) = [c for c in report.causes if c.path == "optimization_config.classifiers[0]"]
    assert classifier.old is ABSENT
    assert pattern.new == "full_backtest"


# ---- hybrid workflows, and a run that is stopped --------------------------------------------------------------------


def hybrid(**screen: Any) -> dict[str, Any]:
    entry = {"type": "ma_crossover", "parameters": {"fast": [5, 10], "slow": [20, 30]}}
    strategies = {"strategies": [entry]}
    return {
        "data_config": {"max_bars": 400, "symbols": ["SP500"]},
        "parameters": {
            "phases": [
                {"name": "screen", "config": {"optimization_config": strategies, "backtest_config": screen}},
                {
                    "name": "confirm",
                    "take": {"from": "screen", "top": 4},
                    "config": {"optimization_config": strategies},
                },
            ]
        },
    }


def test_phases_run_in_traditional_mode_on_the_old_side() -> None:
    report = adm.verify_migration(hybrid(), hybrid())
    assert report.identical
    assert {phase.mode for phase in report.old.phases.values()} == {"traditional"}
    assert {phase.mode for phase in report.new.phases.values()} == {"composable"}


def test_the_first_phase_that_differs_is_shown() -> None:
    report = adm.verify_migration(hybrid(commission=0.001), hybrid())
    assert first_line(report) == "Different because commission was 0.1% and is now 0."
    assert report.notes == ("This is phase screen, the first that differs.",)


def test_a_verification_that_is_interrupted_compares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    start = adm.EnhancedCoordinator.start

    def stopped(self: adm.EnhancedCoordinator, config: adm.WorkflowConfig, mode: str | None = None) -> adm.Run:
        run = start(self, config, mode)
        run.cancel()
        return run

    monkeypatch.setattr(adm.EnhancedCoordinator, "start", stopped)
    with pytest.raises(adm.AdmError, match="stopped during the traditional run: nothing was compared"):
        adm.verify_migration(sweep(fast=list(range(2, 20)), slow=list(range(30, 60))), OLD)
