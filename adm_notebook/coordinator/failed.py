"""The result of a workflow that could not begin, because its prices can't be used."""

from __future__ import annotations

import uuid

from adm_notebook.config import WorkflowConfig
from adm_notebook.coordinator.assemble import versions
from adm_notebook.engine.account import METRICS
from adm_notebook.errors import DataError, StrategyError
from adm_notebook.results import RunFacts, WorkflowResult
from adm_notebook.results.result import IDENTITY

__all__ = ["failed_result"]


def failed_result(config: WorkflowConfig, error: DataError | StrategyError, mode: str) -> WorkflowResult:
    """A result without rows that says what was wrong and what helps."""
    import pandas as pd

    entries = config.optimization_config.get("strategies") or [config.backtest_config.get("strategy", "momentum")]
    names = [str(e.get("name") or e.get("type")) if isinstance(e, dict) else str(e) for e in entries]
    source = config.data_config.get("path") or config.data_config.get("source") or "frame"
    return WorkflowResult(
        success=False,
        config=config.copy(),
        stats=pd.DataFrame(columns=[*IDENTITY, *METRICS, "status", "error"]),
        workflow_id="",
        workflow_type=str(config.workflow_type),
        mode=mode,
        pattern=str(config.parameters.get("container_pattern", "simple_backtest")),
        duration_seconds=0.0,
        errors=[error.message if isinstance(error, DataError) else str(error)],
        metadata={
            "mode_reason": "Nothing was run.",
            "run_id": uuid.uuid4().hex,
            "partial": False,
            "ended": "failed",
            "versions": versions(),
            "fingerprint": "",
        },
        facts=RunFacts(
            strategy=" + ".join(names),
            source=str(source).rsplit("/", 1)[-1],
            hint=getattr(error, "hint", ""),
            n_planned=0,
        ),
    )
