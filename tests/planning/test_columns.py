"""Columns of `stats`: what was swept by one entry has its value in the rows of the others, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.planning import Plan


def test_a_part_of_a_setting_has_its_fixed_value_where_another_profile_sweeps_it() -> None:
    swept = {"type": "custom", "stop_loss": {"atr": [1, 3]}}
    preset = {"type": "custom", "name": "preset", "stop_loss": {"atr": 2.5}}
    without = {"type": "custom", "name": "without", "size": 0.5}
    config = adm.WorkflowConfig(
        data_config={"max_bars": 100}, optimization_config={"risk_profiles": [swept, preset, without]}
    )
    stats = adm.EnhancedCoordinator().run(config).stats
    assert list(stats["risk_profile"]) == ["custom", "custom", "preset", "without"]
    np.testing.assert_array_equal(stats["risk.stop_loss.atr"], [1.0, 3.0, 2.5, np.nan])
    assert list(stats.filter(like="risk.")) == ["risk.stop_loss.atr"]


def test_containers_of_ones_own_are_named_where_the_config_would_name_something() -> None:
    @adm.container("classifier")
    def two_sides(bars: pd.DataFrame) -> pd.Series:
        return (bars["close"] > bars["close"].rolling(5).mean()).map({True: "above", False: "below"})

    @adm.container("risk")
    def half_size(bars: pd.DataFrame) -> dict[str, float]:
        return {"size": 0.5}

    replaced = [
        {"path": "classifier", "node": {"role": "classifier", "container": "two_sides"}},
        {"path": "two_sides/risk", "node": {"role": "risk", "container": "half_size"}},
    ]
    config = adm.WorkflowConfig(
        data_config={"max_bars": 100},
        parameters={"pattern": {"extends": "full_backtest", "replace": replaced}},
    )
    for mode in ("traditional", "composable"):
        result = adm.EnhancedCoordinator().run(config, mode)
        assert result.stats.loc[0, ["classifier", "risk_profile"]].tolist() == ["two_sides", "half_size"]
    plain = adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"max_bars": 100}))
    assert plain.stats.loc[0, ["classifier", "risk_profile"]].tolist() == ["all", "default"]


PAIR = {"type": "ma_crossover", "parameters": {"fast": [5, 10, 20], "slow": [10, 20, 30.0]}}
BANDS = {"type": "rsi", "parameters": {"period": [5, 14], "entry": 30}}

PLANS: dict[str, dict[str, Any]] = {
    "one strategy": {"strategies": [PAIR]},
    "under constraints": {"strategies": [PAIR], "constraints": ["fast < slow"]},
    "two strategies": {"strategies": [PAIR, BANDS, {"type": "rsi", "name": "other"}]},
    "words and numbers": {
        "strategies": [{"type": "rule", "parameters": {"entry": ["close > n * sma(9)", "close < n"], "n": [1, 1.5]}}]
    },
    "settings": {"strategies": [PAIR], "settings": {"stop_loss": [0.1, None], "size": [0.5, 1]}},
    "profiles": {"strategies": [PAIR], "risk_profiles": [{"type": "custom", "size": [0.5, 1.0]}, "conservative"]},
    "drawn": {"strategies": [PAIR], "method": "random", "n_trials": 4, "seed": 1},
}  # fmt: skip


@pytest.fixture(params=PLANS)
def plan(request: pytest.FixtureRequest) -> Plan:
    given = dict(PLANS[request.param])
    settings = given.pop("settings", {})
    config = adm.WorkflowConfig(data_config={"max_bars": 100}, backtest_config=settings, optimization_config=given)
    return adm.EnhancedCoordinator().plan(config)


def test_a_row_is_called_what_the_table_calls_it(plan: Plan) -> None:
    table = pd.DataFrame(plan.identity(np.arange(plan.n_rows)))
    for row in range(plan.n_rows):
        found = plan.identity_of(row)
        assert list(found) == list(table.columns)
        for name, value in found.items():
            assert type(value) in (int, float, str, bool, type(None))
            assert value == table.loc[row, name] or pd.isna(value)
            assert pd.isna(value) == pd.isna(table.loc[row, name])


def test_places_are_where_values_stand(plan: Plan) -> None:
    rows = np.arange(plan.n_rows)
    table = plan.identity(rows)
    wanted = {name: sorted({v for v in values if not pd.isna(v)}) for name, values in plan.swept_values.items()}
    for name, found in zip(wanted, plan.places(rows, wanted), strict=True):
        given = [None if at < 0 else wanted[name][at] for at in found]
        assert given == [None if pd.isna(value) else value for value in table[name]]


def test_some_rows_show_all_that_there_is(plan: Plan) -> None:
    names = list(plan.swept)
    for columns in [names, names[:1], names[-1:]]:
        every, some = (pd.DataFrame(plan.identity(rows))[columns] for rows in
                       (np.arange(plan.n_rows), plan.rows_with_all(columns)))  # fmt: skip
        assert set(map(str, some.itertuples(index=False))) == set(map(str, every.itertuples(index=False)))
