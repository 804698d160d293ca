"""Columns of `stats`: what was swept by one entry has its value in the rows of the others, too."""

from __future__ import annotations

import numpy as np
import pandas as pd

import adm_notebook as adm


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
