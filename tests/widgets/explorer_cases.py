"""Results that explorers are opened on."""

from __future__ import annotations

from functools import cache
from typing import Any

import adm_notebook as adm

GRID = {"type": "ma_crossover", "parameters": {"fast": [5, 10, 20, 60], "slow": [20, 50, 100]}}


def run(**sections: Any) -> adm.WorkflowResult:
    """The result of a workflow on two years of the sample, unless its data says otherwise."""
    sections = {"data_config": {"symbols": ["SP500"], "max_bars": 500}, **sections}
    result = adm.EnhancedCoordinator().run(adm.WorkflowConfig(**sections))
    assert result.success, result.errors
    return result


@cache
def sweep() -> adm.WorkflowResult:
    """Twelve pairs of averages, of which `fast` 20 and 60 are refused where `slow` is not longer."""
    return run(optimization_config={"strategies": [GRID]}, backtest_config={"commission": 0.001})
