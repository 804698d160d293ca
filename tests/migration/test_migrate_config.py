"""migrate_config: every old form means what today's does, no key is lost, and migrating twice changes nothing."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from old_forms import FORMS, Case, before, cases, older, older_text, older_with_base, today

import adm_notebook as adm
from adm_notebook.components import STRATEGIES

COMPOSABLE = adm.EnhancedCoordinator()


def plan_of(config: adm.WorkflowConfig) -> Any:
    return COMPOSABLE.plan(config, "composable")


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Paths of the values that hold no others; a list of plain values is one."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        for i, item in enumerate(value):
            yield from leaves(item, f"{path}[{i}]")
    else:
        yield path


def told(migration: Any) -> set[str]:
    """Places of the old config of which the migration says what became of them."""
    rows = {change.was or change.path for change in migration.changes if change.change != "+"}
    return rows | {unmapped.path for unmapped in migration.unmapped}


def untold(old: Any, migration: Any) -> list[str]:
    """Values of the old config of which nothing is said: neither of them, nor of what they stand in."""
    places = told(migration)
    missing = []
    for leaf in leaves(old):
        within = [leaf, *(leaf[: m.start()] for m in re.finditer(r"[.\[]", leaf))]
        each = any(place.startswith(f"{leaf}[") for place in places)
        if not each and not places & set(within):
            missing.append(leaf)
    return missing


# ---- the same meaning -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@given(case=cases())
@settings(max_examples=25)
def test_every_old_form_is_planned_as_today_s(form: str, case: Case) -> None:
    migration = adm.migrate_config(FORMS[form](case))
    assert plan_of(migration.config).workflow_id == plan_of(adm.WorkflowConfig.from_mapping(today(case))).workflow_id


@given(case=cases(), form=st.sampled_from(sorted(FORMS)))
@settings(max_examples=12)
def test_composable_runs_of_the_migrated_give_the_trades_of_traditional_runs_of_today_s(case: Case, form: str) -> None:
    migrated = COMPOSABLE.run(adm.migrate_config(FORMS[form](case)).config, "composable")
    plain = adm.Coordinator().run(adm.WorkflowConfig.from_mapping(today(case)))
    difference = adm.compare_results(plain, migrated)
    assert not difference, difference.verdict
    assert migrated.trades.equals(plain.trades) or difference.identical


@given(case=cases(), form=st.sampled_from(sorted(FORMS)))
@settings(max_examples=40)
def test_migrating_again_changes_nothing(case: Case, form: str) -> None:
    first = adm.migrate_config(FORMS[form](case))
    again = adm.migrate_config(first.config)
    assert {change.change for change in again.changes} == {"="}
    assert again.unmapped == ()
    assert again.config == first.config
    assert again.config.to_yaml() == first.config.to_yaml()


@given(case=cases(), form=st.sampled_from(["older", "older with base_config", "before"]))
@settings(max_examples=30)
def test_the_old_config_is_left_as_it_is_and_shared_with_nothing(case: Case, form: str) -> None:
    old: Any = FORMS[form](case)
    kept = copy.deepcopy(old)
    config = adm.migrate_config(old).config
    config.data_config["symbols"].append("changed")
    config.optimization_config["strategies"][0]["parameters"]["changed"] = True
    assert old == kept


# ---- nothing is lost ------------------------------------------------------------------------------------------------


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from mappings(item)
    elif isinstance(value, list):
        for item in value:
            yield from mappings(item)


planted = st.sampled_from(
    [1, "text", None, True, [1, 2], [], {}, {"a": 1}, {"a": {"b": [1, {"c": 2}]}}, [{"a": 1}, 3], 2.5]
)


@given(data=st.data(), case=cases(), form=st.sampled_from([older, older_with_base, before]))
@settings(max_examples=60)
def test_keys_that_nobody_knows_are_told_wherever_they_stand(data: st.DataObject, case: Case, form: Any) -> None:
    old = form(case)
    places = list(mappings(old))
    for i in range(data.draw(st.integers(1, 4))):
        holder = places[data.draw(st.integers(0, len(places) - 1))]
        holder[f"zz_unheard_of_{i}"] = copy.deepcopy(data.draw(planted))
    migration = adm.migrate_config(old)
    assert untold(old, migration) == []
    assert not [change for change in migration.changes if "zz_unheard_of" in (change.was or change.path)]
    assert all(u.advice.endswith(".") for u in migration.unmapped)
    assert plan_of(migration.config).workflow_id == plan_of(adm.migrate_config(form(case)).config).workflow_id


@given(case=cases(), form=st.sampled_from([older, older_with_base, before]))
@settings(max_examples=40)
def test_every_value_of_both_configs_has_a_row(case: Case, form: Any) -> None:
    old = form(case)
    migration = adm.migrate_config(old)
    assert untold(old, migration) == []
    rows = [change.path for change in migration.changes if change.change != "-"]
    assert len(rows) == len(set(rows))
    lists = {row.rpartition("[")[0] for row in rows}  # of plain values, each of which may have a row of its own
    assert {row for row in leaves(migration.config.to_dict()) if row not in lists} <= set(rows)


@given(case=cases())
@settings(max_examples=20)
def test_a_file_says_what_a_mapping_says(case: Case, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("old") / "old.yaml"
    path.write_text(older_text(case))
    from_file, from_mapping = adm.migrate_config(path), adm.migrate_config(older(case))
    assert from_file.config == from_mapping.config == adm.migrate_config(str(path)).config
    assert from_file.changes == from_mapping.changes
    assert path.read_text() == older_text(case)


# ---- the rows of the guide ------------------------------------------------------------------------------------------


def test_a_simple_backtest() -> None:
    old = adm.WorkflowConfig(
        workflow_type=adm.WorkflowType.BACKTEST,
        backtest_config={"strategy": "momentum", "initial_capital": 100000},
    )
    assert adm.migrate_config(old).config.to_dict() == {
        "workflow_type": "backtest",
        "parameters": {"container_pattern": "simple_backtest"},
        "backtest_config": {"initial_capital": 100000},
        "optimization_config": {"strategies": [{"type": "momentum"}]},
    }
    assert old.backtest_config == {"strategy": "momentum", "initial_capital": 100000}


def test_a_full_backtest_with_classifiers() -> None:
    lists = {"classifiers": [{"type": "trend"}], "risk_profiles": ["moderate"], "strategies": ["momentum", "rsi"]}
    old = adm.WorkflowConfig(workflow_type="optimization", optimization_config=lists)
    migration = adm.migrate_config(old)
    assert migration.config.to_dict() == {
        "workflow_type": "backtest",
        "parameters": {"container_pattern": "full_backtest"},
        "optimization_config": lists,
    }
    assert migration.unmapped == ()


def test_signal_generation(tmp_path: Path) -> None:
    analysis = {"mode": "signal_generation", "output_path": str(tmp_path / "signals")}
    config = adm.migrate_config({"workflow_type": "analysis", "analysis_config": analysis}).config
    assert config.parameters == {"container_pattern": "signal_generation"}
    assert (config.workflow_type, config.analysis_config) == ("analysis", analysis)
    older_form = {"type": "signal_generation", "analysis": {"output_dir": analysis["output_path"]}}
    assert adm.migrate_config(older_form).config == config


def test_a_pattern_that_is_asked_for_is_used_in_place_of_any_other() -> None:
    old = {"parameters": {"container_pattern": "simple_backtest"}, "backtest_config": {"strategy": "momentum"}}
    assert adm.migrate_config(old, "full_backtest").config.parameters == {"container_pattern": "full_backtest"}
    with pytest.raises(adm.ConfigError, match="Did you mean `full_backtest`"):
        adm.migrate_config(old, "full_backtst")


# ---- what has no place yet ------------------------------------------------------------------------------------------


def advice(old: dict[str, Any]) -> dict[str, str]:
    return {u.path: u.advice for u in adm.migrate_config(old).unmapped}


def test_limits_across_accounts_are_told() -> None:
    limits = [{"type": "exposure", "max_exposure_pct": 90}, {"type": "concentration", "max_position_pct": 25}]
    said = advice({"strategies": [{"type": "momentum"}], "risk": {"limits": limits}})
    assert list(said) == ["risk.limits[0]", "risk.limits[1]"]
    assert all("Limits across accounts are not there yet" in sentence for sentence in said.values())


@pytest.mark.parametrize("method", ["walk_forward", "multi_pass_regime"])
def test_searches_that_come_later_are_told_and_the_grid_runs(method: str) -> None:
    optimization = {"method": method, "parameter_space": {"momentum.lookback_period": [5, 10]}}
    old = {
        "type": "optimization",
        "strategies": [{"name": "momentum", "type": "momentum"}],
        "optimization": optimization,
    }
    assert "comes with a later version" in advice(old)["optimization.method"]
    assert plan_of(adm.migrate_config(old).config).n_rows == 2


def test_a_commission_per_share_is_told_with_what_to_write() -> None:
    said = advice({"portfolio": {"commission": {"type": "per_share", "value": 0.005}}, "strategies": ["momentum"]})
    assert "backtest_config: {commission: 0.0005}" in said["portfolio.commission"]


def test_further_sizers_and_what_is_not_enabled_are_told() -> None:
    sizers = [
        {"type": "fixed", "size": 3, "enabled": False},
        {"type": "percentage", "percentage": 0.25},
        {"type": "fixed", "size": 10},
    ]
    old = {"strategies": ["momentum"], "risk": {"position_sizers": sizers}}
    said = advice(old)
    assert set(said) == {"risk.position_sizers[0]", "risk.position_sizers[2]"}
    assert "risk_profiles" in said["risk.position_sizers[2]"]
    assert adm.migrate_config(old).config.backtest_config == {"size_mode": "fraction", "size": 0.25}


def test_prices_from_a_provider_are_told_and_the_rest_is_migrated() -> None:
    old = {"data": {"source": "yahoo", "symbols": ["SPY"]}, "strategies": [{"type": "momentum"}]}
    migration = adm.migrate_config(old)
    assert [u.path for u in migration.unmapped] == ["data.source"]
    assert migration.config.data_config == {"symbols": ["SPY"]}
    assert adm.migrate_config(migration.config).changed == ()


def test_files_need_not_be_there_and_dates_may_be_dates() -> None:
    text = "data: {file_path: no/such/prices.csv, start_date: 2020-01-01, frequency: daily}\nstrategies: [momentum]\n"
    assert adm.migrate_config(text).config.data_config == {
        "path": "no/such/prices.csv",
        "start": yaml.safe_load("2020-01-01"),
        "timeframe": "daily",
    }


def test_a_frame_is_handed_on_and_not_copied() -> None:
    import pandas as pd

    index = pd.bdate_range("2024-01-01", periods=30)
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), 10.0), index=index)
    config = adm.migrate_config({"data_config": {"frame": frame}, "backtest_config": {"strategy": "momentum"}}).config
    assert config.data_config["frame"] is frame


# ---- words for the same ---------------------------------------------------------------------------------------------


def strategies_of(old: Any) -> Any:
    return adm.migrate_config(old).config.optimization_config["strategies"]


@pytest.mark.parametrize(
    "written",
    [
        [{"type": "momentum", "parameters": {"lookback": 10}}],
        [{"class": "MomentumStrategy", "params": {"lookback_period": 10}}],
        [{"type": "momentum_strategy", "lookback_period": 10}],
        [{"momentum": {"lookback_period": 10}}],
        {"type": "Momentum", "parameters": {"window": {"value": 10}}},
    ],
)
def test_a_strategy_however_it_is_written(written: Any) -> None:
    assert strategies_of({"strategies": written}) == [{"type": "momentum", "parameters": {"lookback": 10}}]


def test_parameters_of_sizers_and_limits_may_stand_below_a_key_of_their_own() -> None:
    risk = {
        "position_sizers": [{"type": "fixed", "parameters": {"size": 10}}],
        "limits": [{"type": "drawdown", "params": {"max_drawdown": 0.1, "zz": 3}}],
    }
    migration = adm.migrate_config({"strategy": {"type": "momentum"}, "risk": risk})
    assert migration.config.backtest_config == {"size_mode": "units", "size": 10, "max_drawdown": 0.1}
    assert [u.path for u in migration.unmapped] == ["risk.limits[0].params.zz"]


def test_a_size_in_per_cent_below_one_is_a_fraction_and_the_row_says_so() -> None:
    sizer = {"type": "fixed_percentage", "parameters": {"position_size_pct": 0.02}}
    migration = adm.migrate_config({"strategies": ["momentum"], "risk": {"position_sizers": [sizer]}})
    assert migration.config.backtest_config == {"size_mode": "fraction", "size": 0.02}
    (row,) = (change for change in migration.changes if change.path == "backtest_config.size")
    assert row.reason == "Share of the cash in each trade, 2% of it; if 0.02% was meant, write 0.0002"


@pytest.mark.parametrize("value", [0.02, 5000])
def test_a_largest_position_that_does_not_say_of_what_is_told_with_both_ways_to_write_it(value: float) -> None:
    for risk, path in (
        ({"max_position_size": value}, "risk.max_position_size"),
        ({"limits": [{"type": "position", "max_position_size": value}]}, "risk.limits[0]"),
    ):
        old = {"strategies": ["momentum"], "risk": risk}
        assert "max_position_value" in advice(old)[path]
        assert adm.migrate_config(old).config.backtest_config == {}
    assert (
        "size_mode: fraction"
        in advice({"strategies": ["momentum"], "risk": {"max_position_size": value}})["risk.max_position_size"]
    )


def test_strategies_by_name() -> None:
    written = {
        "quick": {"type": "momentum", "parameters": {"lookback": 5}},
        "slow": {"type": "roc", "params": {"n": 50}},
    }
    assert strategies_of({"strategies": written}) == [
        {"type": "momentum", "name": "quick", "parameters": {"lookback": 5}},
        {"type": "roc", "name": "slow", "parameters": {"period": 50}},
    ]


def test_parameters_beside_the_strategy_of_a_backtest() -> None:
    old = {"backtest_config": {"strategy": "momentum", "lookback": 20, "initial_cash": 5000}}
    migration = adm.migrate_config(old)
    assert migration.config.optimization_config["strategies"] == [{"type": "momentum", "parameters": {"lookback": 20}}]
    assert migration.config.backtest_config == {"initial_capital": 5000}
    assert migration.unmapped == ()


@pytest.mark.parametrize(
    "space",
    [
        {"ma.fast_period": [5, 10]},
        {"moving_average_crossover.fast_period": [5, 10]},
        {"strategies.ma.parameters.fast_period": [5, 10]},
        {"fast_period": [5, 10]},
        {"ma": {"fast_period": [5, 10]}},
        {"ma": {"parameters": {"fast": {"type": "categorical", "choices": [5, 10]}}}},
    ],
)
def test_a_parameter_space_however_it_is_written(space: Any) -> None:
    entry = {"name": "ma", "type": "moving_average_crossover", "parameters": {"fast_period": 7, "slow_period": 50}}
    migration = adm.migrate_config({"strategies": [entry], "parameter_space": space})
    assert migration.config.optimization_config["strategies"] == [
        {"type": "ma_crossover", "name": "ma", "parameters": {"slow": 50, "fast": [5, 10]}}
    ]
    (replaced,) = [c for c in migration.changes if c.path == "strategies[0].parameters.fast_period"]
    assert (replaced.change, replaced.old) == ("-", 7)


def test_what_stands_outside_base_config_counts_and_what_it_replaces_is_told() -> None:
    old = {
        "base_config": {"portfolio": {"initial_capital": 1000, "commission": 0.001}, "strategies": ["momentum"]},
        "portfolio": {"initial_capital": 2000},
    }
    migration = adm.migrate_config(old)
    assert migration.config.backtest_config == {"initial_capital": 2000, "commission": 0.001}
    (dropped,) = [c for c in migration.changes if c.change == "-"]
    assert (dropped.path, dropped.old) == ("base_config.portfolio.initial_capital", 1000)


def test_a_key_that_only_looks_like_another_is_no_slip() -> None:
    space = {"entry_threshold": [0.0, 0.01], "exit_threshold": [0.0, 0.02]}
    old = {
        "workflow": {"type": "optimization", "name": "old"},
        "strategies": ["momentum_strategy"],
        "parameter_space": space,
    }
    assert set(advice(old)) == {"parameter_space.exit_threshold", "workflow.name"}


def test_a_drawdown_that_is_minimized_there_is_maximized_here() -> None:
    older_form = {"strategies": ["momentum"], "optimization": {"objective": "max_drawdown", "direction": "minimize"}}
    assert adm.migrate_config(older_form).config.optimization_config["direction"] == "maximize"
    ours = {"optimization_config": {"strategies": ["momentum"], "objective": "max_drawdown", "direction": "minimize"}}
    assert adm.migrate_config(ours).config.optimization_config["direction"] == "minimize"


def test_a_strategy_of_the_user_s_own_is_not_taken_for_one_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))

    @adm.strategy("momentum_breakout")  # an older name of `momentum`, too
    def own(bars: Any, lookback_period: int = 5) -> Any:
        return (bars["close"] > bars["close"].shift(lookback_period)).astype(float)

    old = {"strategies": [{"type": "momentum_breakout", "parameters": {"lookback_period": 7}}]}
    assert strategies_of(old) == old["strategies"]


# ---- phases ---------------------------------------------------------------------------------------------------------


def test_phases_of_today_s_form_are_taken_and_others_are_told() -> None:
    phases = [
        {"name": "screen", "mode": "composable"},
        {"name": "confirm", "mode": "traditional", "take": {"from": "screen", "top": 2}},
    ]
    old = {"strategies": [{"type": "momentum", "parameters": {"lookback": [5, 10, 20]}}], "phases": phases}
    migration = adm.migrate_config(old)
    assert migration.config.parameters == {"phases": phases}
    assert COMPOSABLE.plan(migration.config, "hybrid").n_rows == 6
    assert adm.migrate_config(migration.config).changed == ()
    said = advice({**old, "phases": [{"name": "one", "method": "grid_search"}]})
    assert "parameters.phases" in said["phases"]


def test_what_is_wrong_with_a_phase_is_told_at_its_place() -> None:
    old = {"strategies": ["momentum"], "phases": [{"name": "screen", "mode": "fast"}]}
    with pytest.raises(adm.ConfigError) as caught:
        adm.migrate_config(old)
    assert [p.path for p in caught.value.problems] == ["phases[0].mode"]
