"""Runs and streams for the tests of live views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

import adm_notebook as adm
from adm_notebook.coordinator import events
from adm_notebook.coordinator.outline import Box, Outline
from adm_notebook.coordinator.recorded import Ended, Recorded, Started

SWEEP: dict[str, Any] = {
    "data_config": {"max_bars": 300},
    "optimization_config": {
        "strategies": [
            {
                "type": "ma_crossover",
                "parameters": {"fast": {"min": 2, "max": 12}, "slow": {"min": 5, "max": 40, "step": 5}},
            }
        ],
        "constraints": ["fast < slow"],
    },
}


def plan_of_sweep(**more: Any) -> Any:
    return adm.EnhancedCoordinator().plan(adm.WorkflowConfig(**{**SWEEP, **more}))


def outline(fast: int = 10, slow: int = 20, **more: Any) -> Outline:
    """A sweep over two parameters, `fast` from 1 and `slow` from 1."""
    axes = (("fast", tuple(range(1, fast + 1))), ("slow", tuple(range(1, slow + 1))))
    boxes = (Box("", "backtest", "simple", 0), Box("data", "data", "SP500", 1), Box("run", "run", "", 1))
    given: dict[str, Any] = {
        "title": "ma on SP500",
        "total": fast * slow,
        "objective": "sharpe",
        "maximise": True,
        "boxes": boxes,
        "columns": ("fast", "slow"),
        "axes": axes,
    }
    return Outline(**{**given, **more})


def finished(numbers: Any, slow: int = 20, values: Any = None, status: Any = "ok") -> pd.DataFrame:
    """Rows of that sweep; the Sharpe ratio of row n is n/100 unless it is given."""
    numbers = np.asarray(numbers, np.int64)
    sharpe = numbers / 100 if values is None else np.asarray(values, np.float64)
    return pd.DataFrame(
        {
            "fast": numbers // slow + 1,
            "slow": numbers % slow + 1,
            "sharpe": sharpe,
            "total_return": sharpe / 2,
            "max_drawdown": -sharpe.clip(0, 1),
            "status": status,
            "error": "",
        },
        index=pd.Index(numbers, name="row"),
    )


def an_hour(updates: int = 14_400, fast: int = 120, slow: int = 120) -> Iterator[Recorded]:
    """What a run of an hour tells four times a second: some rows, and how far it is."""
    total = fast * slow
    yield Started(outline(fast, slow))
    yield events.ContainerStarted("data", "data", "data")
    yield events.ContainerStarted("run", "run", "run")
    rng = np.random.default_rng(5)
    done = 0
    for update in range(1, updates + 1):
        upto = total * (update // 16 * 16) // updates  # rows come every four seconds
        if upto > done:
            numbers = np.arange(done, upto)
            yield events.PartialResults(finished(numbers, slow, rng.normal(0.2, 0.4, len(numbers))))
        done = upto
        yield events.Progress(done, total, 4.0, (total - done) / 4.0)
    assert done == total
    yield Ended("finished", "", total)
