"""What differs between two configs: every key once, entries matched by what they are called."""

from __future__ import annotations

import copy
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.migration.changes import ABSENT
from adm_notebook.migration.configs.differences import config_changes

names = st.sampled_from(["ma_crossover", "momentum", "rsi", "breakout", "mine"])
scalars = st.one_of(st.integers(-5, 500), st.floats(0, 1), st.booleans(), st.text(max_size=8), st.none())
values = st.one_of(
    scalars, st.lists(st.integers(1, 9), max_size=3), st.dictionaries(st.sampled_from(["rate", "fixed"]), scalars)
)
entries = st.fixed_dictionaries(
    {"type": names, "parameters": st.dictionaries(st.sampled_from(["fast", "slow"]), values)}
)
configs = st.fixed_dictionaries(
    {},
    optional={
        "workflow_type": st.just("backtest"),
        "data_config": st.dictionaries(st.sampled_from(["symbols", "start", "max_bars"]), values),
        "backtest_config": st.dictionaries(st.sampled_from(["commission", "stop_loss", "initial_capital"]), values),
        "optimization_config": st.fixed_dictionaries({"strategies": st.lists(entries, max_size=4)}),
    },
)


@given(configs)
def test_a_config_does_not_differ_from_itself(config: dict[str, Any]) -> None:
    assert {row.change for row in config_changes(config, copy.deepcopy(config))} <= {"="}


@given(configs, configs)
def test_turned_round_what_was_added_is_removed(old: dict[str, Any], new: dict[str, Any]) -> None:
    there, back = config_changes(old, new), config_changes(new, old)
    turned = {"+": "-", "-": "+", "~": "~", "=": "="}
    values_of = {"+": "new", "-": "old"}
    for kind, other in turned.items():
        side, opposite = values_of.get(kind, "path"), values_of.get(other, "path")
        assert sum(r.change == kind for r in there) == sum(r.change == other for r in back)
        if side != "path":
            assert sorted(repr(getattr(r, side)) for r in there if r.change == kind) == sorted(
                repr(getattr(r, opposite)) for r in back if r.change == other
            )


@given(configs, configs)
def test_no_key_is_lost_or_told_twice(old: dict[str, Any], new: dict[str, Any]) -> None:
    rows = [row for row in config_changes(old, new) if row.change != ">"]
    in_new = [row.path for row in rows if row.new is not ABSENT]
    assert len(in_new) == len(set(in_new))
    for row in rows:
        assert (row.old is ABSENT) == (row.change == "+")
        assert (row.new is ABSENT) == (row.change == "-")
        if row.new is not ABSENT:
            assert _at(new, row.path) == row.new or row.path.endswith(".type")


def _at(config: Any, path: str) -> Any:
    for part in path.replace("[", ".[").split("."):
        config = config[int(part[1:-1])] if part.startswith("[") else config[part]
    return config


@given(st.permutations(["ma_crossover", "momentum", "rsi", "breakout"]))
def test_strategies_in_another_order_are_moves_and_nothing_else(order: list[str]) -> None:
    def of(types: list[str]) -> dict[str, Any]:
        return {"optimization_config": {"strategies": [{"type": t, "parameters": {"x": len(t)}} for t in types]}}

    first = ["ma_crossover", "momentum", "rsi", "breakout"]
    rows = config_changes(of(first), of(order))
    assert {row.change for row in rows} <= {"=", ">"}
    assert (order == first) == all(row.change == "=" for row in rows)
    assert sum(row.change == ">" for row in rows) <= 3


def test_a_strategy_is_matched_by_name_not_by_place() -> None:
    def of(*entries: Any) -> dict[str, Any]:
        return {"optimization_config": {"strategies": list(entries)}}

    slow = {"name": "slow", "type": "ma_crossover", "parameters": {"fast": 50}}
    quick = {"name": "quick", "type": "ma_crossover", "parameters": {"fast": 5}}
    rows = config_changes(of(slow, quick), of(quick | {"parameters": {"fast": 6}}))
    changed = {(row.change, row.path): (row.old, row.new) for row in rows if row.change != "="}
    assert changed == {
        ("-", "optimization_config.strategies[0].name"): ("slow", ABSENT),
        ("-", "optimization_config.strategies[0].type"): ("ma_crossover", ABSENT),
        ("-", "optimization_config.strategies[0].parameters.fast"): (50, ABSENT),
        ("~", "optimization_config.strategies[0].parameters.fast"): (5, 6),
    }


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (5, 5.0, "="),
        (1, True, "~"),
        (float("nan"), float("nan"), "="),
        ([5, 10], (5, 10), "="),
        ([5, 10], [10, 5], "~"),
        (None, 0, "~"),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), "="),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]}), "~"),
        (pd.DataFrame({"a": [1]}), None, "~"),
    ],
)
def test_what_counts_as_the_same_value(old: object, new: object, change: str) -> None:
    (row,) = config_changes({"data_config": {"x": old}}, {"data_config": {"x": new}})
    assert row.change == change


def test_configs_and_mappings_can_be_compared() -> None:
    config = adm.WorkflowConfig(backtest_config={"commission": 0.001})
    assert [r.change for r in config_changes(config, config.to_dict())] == ["=", "="]
    assert config_changes({}, {}) == ()
