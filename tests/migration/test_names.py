"""The table of older names: every row names a component and a parameter that there are, and no name means two."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from adm_notebook.components import CLASSIFIERS, STRATEGIES
from adm_notebook.config.data import DataConfig
from adm_notebook.config.settings import LIMITS, Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.migration import names

TABLES = [(names.STRATEGIES, STRATEGIES), (names.CLASSIFIERS, CLASSIFIERS)]


@pytest.mark.parametrize(("table", "registry"), TABLES, ids=["strategies", "classifiers"])
def test_every_row_names_what_there_is(table: Any, registry: Any) -> None:
    for older, row in table.items():
        assert older == older.lower()
        if row.type == "ensemble":
            continue
        kind = registry.get(row.type)
        assert set(row.parameters.values()) <= set(kind.parameters), older
        assert not set(row.parameters) & set(kind.parameters), f"{older}: a name of today would be read as another"


@pytest.mark.parametrize(("table", "registry"), TABLES, ids=["strategies", "classifiers"])
def test_the_table_knows_each_component_under_all_names_that_a_config_may_use(table: Any, registry: Any) -> None:
    for name in registry.all_names():
        if not registry.get(name).identity:  # a built-in one: other tests register their own
            assert table[name].type == registry.canonical(name)


def test_no_type_stands_for_two_components() -> None:
    for also, registry in ((names._ALSO_STRATEGIES, STRATEGIES), (names._ALSO_CLASSIFIERS, CLASSIFIERS)):
        meant: dict[str, set[str]] = defaultdict(set)
        for today, (types, _) in also.items():
            for older in types.split():
                meant[older].add(today)
        for name in [n for n in registry.all_names() if not registry.get(n).identity]:
            meant[name].add(registry.canonical(name))
        assert {older for older, today in meant.items() if len(today) > 1} == set()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("momentum_strategy", "momentum"),
        ("Moving-Average Crossover", "ma_crossover"),
        ("MovingAverageCrossoverStrategy", "ma_crossover"),
        ("src.strategy.strategies.mean_reversion.MeanReversionStrategy", "mean_reversion"),
        ("RSIStrategy", "rsi"),
        ("MACD", "macd"),
        ("BreakoutStrategy", "breakout"),
    ],
)
def test_a_type_is_known_however_it_is_spelled(given: str, name: str) -> None:
    row = names.renamed(names.STRATEGIES, given)
    assert row is not None
    assert row.type == name


def test_an_unknown_type_is_none() -> None:
    assert names.renamed(names.STRATEGIES, "my_own") is None
    assert names.renamed(names.STRATEGIES, "") is None


def test_keys_and_values_are_ours() -> None:
    assert set(names.DATA.values()) <= {*DataConfig.model_fields, "frame"}
    assert set(names.ACCOUNT.values()) <= set(Settings.model_fields)
    assert {limit for limit, _ in names.LIMITS.values()} == set(LIMITS)
    assert set(names.METRICS.values()) <= set(METRICS)
    assert not set(names.METRICS) & set(METRICS)
