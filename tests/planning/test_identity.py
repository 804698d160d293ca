"""A workflow's id: what a user's own function has as defaults is part of the work."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import adm_notebook as adm


def registered(levels: Any) -> adm.WorkflowConfig:
    @adm.strategy("with_levels")
    def with_levels(bars: pd.DataFrame, levels: Any = levels, period: int = 3) -> pd.Series:
        return (bars["close"] > bars["close"].rolling(period).mean() * min(levels)).astype(float)

    strategy = {"type": "with_levels", "parameters": {"period": [3, 5]}}
    return adm.WorkflowConfig(data_config={"max_bars": 120}, optimization_config={"strategies": [strategy]})


@pytest.mark.parametrize("mode", ["traditional", "composable"])
@pytest.mark.parametrize("levels", [(1.0, 1.1), [1.0, 1.1]])
def test_a_default_may_be_a_list(mode: str, levels: Any) -> None:
    result = adm.EnhancedCoordinator().run(registered(levels), mode)
    assert list(result.stats["status"]) == ["ok", "ok"]


def test_another_default_is_other_work() -> None:
    ids = [adm.EnhancedCoordinator().plan(registered(levels)).workflow_id for levels in ([1, 2], [1, 3], [1, 2])]
    assert ids[0] == ids[2] != ids[1]


def test_what_is_no_plain_value_is_refused_in_a_config() -> None:
    config = registered([1, 2])
    config.optimization_config["strategies"][0]["parameters"]["levels"] = [[1, 2], [3]]
    with pytest.raises(adm.ConfigError, match=r"levels  must be a finite number, text or a boolean, but was \[1, 2\]"):
        adm.EnhancedCoordinator().plan(config)
