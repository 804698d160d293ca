"""Runs by the names of the variables that hold them: a notebook's own list of what it has run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adm_notebook.coordinator.run import Run
from adm_notebook.results import WorkflowResult

__all__ = ["finished_runs", "named_runs"]


def named_runs(namespace: Mapping[str, Any]) -> dict[str, WorkflowResult | Run]:
    """Variables that hold runs, in the order in which they were first assigned; IPython's history left out."""
    return {n: v for n, v in list(namespace.items()) if not n.startswith("_") and isinstance(v, (WorkflowResult, Run))}


def finished_runs(namespace: Mapping[str, Any]) -> tuple[dict[str, WorkflowResult], list[str]]:
    """The results by name, those of background runs that are done included; and the names of these runs."""
    results: dict[str, WorkflowResult] = {}
    background = []
    for name, run in named_runs(namespace).items():
        if isinstance(run, WorkflowResult):
            results[name] = run
            continue
        background.append(name)
        if run.status not in ("running", "paused"):
            results[name] = run.result()
    return results, background
