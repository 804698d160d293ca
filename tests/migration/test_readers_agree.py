"""The two readers of the older form, written apart, mean the same by it: a proof must not cry wolf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.components import STRATEGIES
from adm_notebook.migration.older.reader import read_older

DATA = {"symbols": ["SP500"], "source": "sample", "start_date": "2008-01-01", "max_bars": 120}
FAST = {"type": "ma_crossover", "name": "fast", "parameters": {"fast_period": 3, "slow_period": 15}}
SLOW = {"type": "momentum", "name": "slow", "params": {"lookback_period": 10}}
OWN = "rsi_bands"  # an older name of `rsi`, and no name of today's


@pytest.fixture
def own_strategy() -> Iterator[None]:
    """A strategy of the user's under an older name; its parameters have older names of others, too."""
    before = dict(STRATEGIES.snapshot())

    @adm.strategy(OWN)
    def own(bars: pd.DataFrame, fast_period: int = 4, slow: int = 12) -> pd.Series:
        close = bars["close"]
        return (close.rolling(fast_period).mean() > close.rolling(slow).mean()).astype(int)

    yield
    STRATEGIES._loaded = before


def old(**sections: Any) -> dict[str, Any]:
    return {"data": DATA, "strategies": [FAST, SLOW], **sections}


CASES: dict[str, dict[str, Any]] = {
    "a share of a strategy that is off": old(
        strategies=[FAST, SLOW, {"type": "rsi", "allocation": 0.3, "enabled": False}]
    ),
    "a share beside one that is off": old(strategies=[{**FAST, "allocation": 0.3}, {**SLOW, "enabled": False}]),
    "shares that are not to be combined": old(
        strategies=[{**FAST, "allocation": 0.3}, SLOW], portfolio={"portfolio": {"combine": False}}
    ),
    "shares of strategies in optimization": {
        "data": DATA,
        "optimization": {"strategies": [{**FAST, "weight": 0.3}, SLOW], "method": "grid"},
    },
    "a weight of an ensemble": old(
        strategies=[
            FAST,
            {"type": "ensemble", "method": "majority", "weight": 0.5, "members": ["momentum", "rsi", "macd"]},
        ]
    ),
    "members with weights": old(
        strategies=[
            {
                "type": "ensemble",
                "method": "weighted",
                "members": [{"type": "momentum", "weight": 2}, {"type": "rsi", "weight": 1}],
            }
        ]
    ),
    "entries by their names, each of one parameter": old(
        strategies={"momentum": {"lookback_period": 10}, "rsi": {"period": 5}},
        classifiers={"trend": {"fast_period": 5}},
    ),
    "shares in a section of today's": {
        "base_config": {
            "data": DATA,
            "optimization_config": {"strategies": [{"type": "momentum", "allocation": 0.3}, "rsi"]},
        }
    },
    "an empty section over its base": {
        "data": {},
        "portfolio": None,
        "base_config": old(portfolio={"initial_capital": 5000}),
    },
    "no phases": old(phases=[]),
    "phases of the older form": old(phases=[{"name": "one", "method": "grid_search", "strategies": ["momentum"]}]),
    "phases that are none": old(phases={"first": {"method": "grid_search"}}),
    "an empty space": old(parameter_space=[]),
    "a number of threads": old(parallel=2),
    "threads by another name": old(parallel={"parallel": True, "workers": 2}),
    "a direction alone": old(optimization={"direction": "minimize", "parameter_space": {"fast.fast_period": [3, 5]}}),
    "a goal": old(
        optimization={"objective": "total_return", "goal": "lower", "parameter_space": {"fast_period": [3, 5]}}
    ),
    "a drawdown that is to be maximized": old(
        optimization={"objective": "max_drawdown", "direction": "maximize", "parameter_space": {"fast_period": [3, 5]}}
    ),
    "two strategies of one type, told by how it is written": old(
        strategies=[{"type": "breakout", "entry_period": 20}, {"type": "price_breakout", "entry_period": 25}],
        parameter_space={"price_breakout.entry_period": [10, 30]},
    ),
    "a condition over what is off": old(
        strategies=[{**FAST, "enabled": False}, SLOW], optimization={"constraints": ["fast_period < slow_period"]}
    ),
    "a condition under another key": old(
        optimization={"constraints": [{"type": "x", "condition": "fast_period < slow_period"}]}
    ),
    "a condition over a word": old(
        strategies=[{"type": "ma_crossover", "parameters": {"ma_type": ["sma", "ema"], "slow_period": [15, 20]}}],
        optimization={"constraints": ["ma_type == 'ema' or slow_period > 15"]},
    ),
    "a space of a parameter that an ensemble lacks": old(
        strategies=[FAST, {"type": "ensemble", "method": "majority", "members": ["momentum", "rsi", "macd"]}],
        parameter_space={"fast_period": [3, 5]},
    ),
    "a strategy of the user's under an older name": old(strategies=[{"type": OWN, "params": {"fast_period": 5}}, SLOW]),
    "the same, swept": old(strategies=[{"class": OWN}], parameter_space={f"{OWN}.fast_period": [4, 6]}),
}


@pytest.mark.usefixtures("own_strategy")
@pytest.mark.parametrize("case", CASES)
def test_what_was_migrated_is_the_same(case: str) -> None:
    report = adm.verify_migration(CASES[case])
    assert report.old.success, report.old.errors
    assert report.verdict in ("identical", "equivalent within 1e-09")
    assert not report.causes  # nor do the configs mean anything else that these bars don't show


@pytest.mark.parametrize(
    ("case", "combined"),
    [
        ("a share of a strategy that is off", False),
        ("a share beside one that is off", True),
        ("shares that are not to be combined", False),
        ("shares of strategies in optimization", True),
        ("a weight of an ensemble", True),
        ("members with weights", False),
        ("shares in a section of today's", False),
    ],
)
def test_a_share_counts_where_its_strategy_is_on(case: str, combined: bool) -> None:
    for config in (read_older(CASES[case]).config, adm.migrate_config(CASES[case]).config):
        assert bool(config.backtest_config.get("portfolio", {}).get("combine")) is combined


@pytest.mark.usefixtures("own_strategy")
def test_a_strategy_of_the_users_keeps_its_parameters_by_their_names() -> None:
    given = old(strategies=[{"type": OWN, "fast_period": 5, "parameters": {"slow": 14}}])
    for config in (read_older(given).config, adm.migrate_config(given).config):
        (strategy,) = config.optimization_config["strategies"]
        assert strategy == {"type": OWN, "parameters": {"slow": 14, "fast_period": 5}}


@pytest.mark.parametrize("slip", ["commission", "range", "type"])
def test_what_is_wrong_with_the_old_config_is_told_in_its_own_words(slip: str) -> None:
    given = old(
        portfolio={"commission": {"type": "bps", "value": [5] if slip == "commission" else 5}},
        parameter_space={
            "fast.fast_period": {"type": "int", "min": 3, "max": "9" if slip == "range" else 9, "step": 2}
        },
        max_workers="two" if slip == "type" else 2,
    )
    with pytest.raises(adm.ConfigError) as proved:
        adm.verify_migration(given)
    with pytest.raises(adm.ConfigError) as migrated:
        adm.migrate_config(given)
    assert str(proved.value) == str(migrated.value)


@pytest.mark.parametrize("empty", [{}, None, []])
def test_an_empty_section_replaces_nothing(empty: Any) -> None:
    given = {"data": empty, "base_config": {"data": DATA, "strategies": [SLOW]}}
    migration = adm.migrate_config(given)
    assert migration.config.data_config["max_bars"] == read_older(given).config.data_config["max_bars"] == 120
    assert [(c.change, c.reason) for c in migration.changes if c.path == "data"] == [("-", "It was empty")]
    assert not migration.unmapped


def test_a_key_that_was_lost_is_named_where_it_stands() -> None:
    given = {"data": DATA, "optimization": {"strategies": [SLOW]}, "classifiers": [{"type": "trend", "enabled": False}]}
    new = adm.migrate_config(given).config
    new.optimization_config["strategies"][0]["parameters"]["lookback"] = 11
    report = adm.verify_migration(given, new)
    assert report.verdict == "different because lookback of slow was 10 and is now 11"
    (row,) = (row for row in report.config_changes if row.path.endswith("lookback"))
    assert (row.was, row.old, row.new) == ("optimization.strategies[0].params.lookback_period", 10, 11)


def test_combining_is_said_in_the_verdict() -> None:
    shared = CASES["a share beside one that is off"]
    new = adm.migrate_config(shared).config
    new.backtest_config["portfolio"] = {"combine": False}
    assert adm.verify_migration(shared, new).verdict == "different because portfolio.combine was yes and is now no"


def test_a_config_with_what_is_no_number_is_migrated_once_and_then_stays() -> None:
    off = {"type": "ma_crossover", "enabled": False, "parameters": {"slow_period": float("nan")}}
    migration = adm.migrate_config(old(strategies=[SLOW, off]))
    assert adm.migrate_config(migration.config).changed == ()
    again = adm.WorkflowConfig.from_yaml(migration.config.to_yaml())  # a NaN of its own
    assert again == migration.config
    assert adm.migrate_config(again).changed == ()
