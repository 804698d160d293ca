"""Columns of `stats`: what was swept by one entry has its value in the rows of the others, too."""

from __future__ import annotations

import numpy as np

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
