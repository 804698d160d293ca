"""Small workflows around containers, run in both modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import adm_notebook as adm
from adm_notebook.containers import BarByBar, ContainerTree, PatternBuilder, Shared, WholeArrays
from adm_notebook.market import Bars
from adm_notebook.planning import Plan
from adm_notebook.testing import sample_bars

MODES = ("traditional", "composable")

STRATEGY = {"type": "momentum", "parameters": {"lookback": [3, 5, 8], "direction": "both"}}

CLASSIFIER = {"type": "trend", "parameters": {"fast": 3, "slow": 8}}


def config(nodes: Any = None, frame: Any = None, **sections: Any) -> adm.WorkflowConfig:
    """A workflow over sample bars; `nodes` is a pattern, or what stands in one."""
    parameters = {} if nodes is None else {"pattern": nodes}
    return adm.WorkflowConfig(
        parameters={**parameters, **sections.pop("parameters", {})},
        data_config={"frame": sample_bars(120) if frame is None else frame},
        optimization_config={"strategies": [STRATEGY], **sections.pop("optimization", {})},
        **sections,
    )


def run(workflow: adm.WorkflowConfig, mode: str) -> adm.WorkflowResult:
    return adm.EnhancedCoordinator().run(workflow, mode)


def both(workflow: adm.WorkflowConfig) -> adm.WorkflowResult:
    """The result, on which both modes have to agree row by row, reports included."""
    old, new = (run(workflow, mode) for mode in MODES)
    assert (old.success, old.errors) == (new.success, new.errors)
    pd.testing.assert_frame_equal(old.stats, new.stats, rtol=1e-9, atol=1e-9)
    for row in old.stats.index[old.stats["status"] == "ok"]:
        ours, theirs = old.detail(row), new.detail(row)
        pd.testing.assert_frame_equal(ours.trades, theirs.trades, rtol=1e-9)
        pd.testing.assert_series_equal(ours.equity, theirs.equity, rtol=1e-9)
        assert [list(r) for r in ours.reports] == [list(r) for r in theirs.reports]
    return new


def built(workflow: adm.WorkflowConfig, mode: str = "composable") -> tuple[Plan, ContainerTree]:
    """The plan and its tree, not yet opened."""
    plan = adm.EnhancedCoordinator().plan(workflow, mode)
    assert isinstance(plan, Plan)
    builder = PatternBuilder(plan.tree)
    if mode == "composable":
        return plan, builder.build(plan, WholeArrays(), Shared())
    return plan, builder.build(plan, BarByBar())


def arrays_in(value: Any) -> list[np.ndarray]:
    """Every array in what a container gave."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, Bars):
        return arrays_in(tuple(value.prices))
    if isinstance(value, dict):
        return [a for inner in value.values() for a in arrays_in(inner)]
    if isinstance(value, (list, tuple)):
        return [a for inner in value for a in arrays_in(inner)]
    if type(value).__module__.startswith("adm_notebook.") and not callable(value):
        names = getattr(value, "__slots__", None) or vars(value)
        return [a for name in names for a in arrays_in(getattr(value, name, None))]
    return []
