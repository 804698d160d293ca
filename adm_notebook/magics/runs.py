"""The runs of a notebook: every variable that holds a result, or a run that is still going on."""

from __future__ import annotations

import math
import re
import time
import types
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import Problem, RunError, did_you_mean, shown
from adm_notebook.magics.line import CellLine, usage_error

if TYPE_CHECKING:
    from adm_notebook.coordinator import Run
    from adm_notebook.planning import Plan
    from adm_notebook.planning.phases import HybridPlan
    from adm_notebook.results import WorkflowResult

__all__ = [
    "RunsTable",
    "check_free",
    "find_run",
    "kept_names",
    "note_end",
    "plan_of",
    "run_names",
    "runs_table",
]

_ended: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
"""Result -> time of day at which its cell ended; results made by other means have none."""

_COLUMNS = ("name", "what", "rows", "best", "mode", "ended")
_EMPTY = "No runs in this notebook yet. Start with `%%adm`."

_CLOCK = re.compile(r"<bdi>(\d\d:\d\d:\d\d)</bdi>")


def note_end(result: WorkflowResult) -> None:
    """Remember when a result was made."""
    _ended[result] = time.strftime("%H:%M:%S")


def check_free(asked: CellLine, namespace: Mapping[str, Any]) -> None:
    """Whether a cell may assign its name: nothing is lost where it is new, or holds what such a cell left there.

    Raises
    ------
    ConfigError
        if the variable holds something else: a module, a function, a DataFrame.
    """
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.coordinator import Run
    from adm_notebook.planning import Plan
    from adm_notebook.planning.phases import HybridPlan
    from adm_notebook.results import WorkflowResult

    value = namespace.get(asked.name)
    ours = (WorkflowResult, Run, Plan, HybridPlan, WorkflowConfig)
    if value is None or isinstance(value, ours) or type(value).__module__.startswith("adm_notebook.migration"):
        return
    other = f"{asked.name}_run"
    if asked.is_named:
        message = f"holds {_kind(value)}; choose another name, e.g. {other}"
    else:
        message = f"holds {_kind(value)}, and a cell without a name would replace it; write `%%adm run {other}`"
    raise usage_error("%%adm", Problem(asked.name, message))


def _kind(value: object) -> str:
    """What a value is, with its article: `a DataFrame`, `an int`."""
    if isinstance(value, type):
        return "a class"
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType | types.MethodType):
        return "a function"
    kind = type(value).__name__  # of a module: `module`
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"


def _runs(namespace: Mapping[str, Any]) -> dict[str, WorkflowResult | Run]:
    """Variables that hold runs; imported when first asked for, with all that runs."""
    from adm_notebook.coordinator.named import named_runs

    return named_runs(namespace)


def run_names(namespace: Mapping[str, Any]) -> list[str]:
    """Names of the notebook's runs."""
    return list(_runs(namespace))


def kept_names(namespace: Mapping[str, Any]) -> list[str]:
    """Names of the runs whose signals can be replayed: those that kept some, and replays."""
    return [name for name, run in _runs(namespace).items() if _has_signals(run)]


def _has_signals(run: WorkflowResult | Run) -> bool:
    from adm_notebook.results import WorkflowResult

    if not isinstance(run, WorkflowResult):
        return plan_of(run).config.analysis_config.get("output_path") is not None
    return "signals_path" in run.metadata or run.config.analysis_config.get("signals_path") is not None


def find_run(name: str, namespace: Mapping[str, Any], command: str) -> WorkflowResult | Run:
    """The run that a command names; `name.result()` of a background run is its result.

    Raises
    ------
    ConfigError
        if no variable of that name holds one.
    """
    runs = _runs(namespace)
    if name.endswith(".result()") and hasattr(runs.get(bare := name.removesuffix(".result()")), "result"):
        name = bare
    if name in runs:
        return runs[name]
    if name in namespace:
        message = f"holds {_kind(namespace[name])}, not a run"
    else:
        message = f"there is no run {shown(name)} in this notebook"
    known = f". Runs here: {', '.join(runs)}" if runs else ". None was made yet: start with a `%%adm` cell"
    guess = did_you_mean(name, list(runs))
    raise usage_error(f"%adm {command}", Problem(name, f"{message}.{guess}" if guess else message + known))


def plan_of(run: Run) -> Plan | HybridPlan:
    """What a run does: of a hybrid workflow all its phases."""
    from adm_notebook.coordinator.hybrid import HybridRun

    return run.hybrid if isinstance(run, HybridRun) else run.plan


@dataclass(frozen=True, slots=True, repr=False)
class RunsTable:
    """The runs as a table; the time of day stands in HTML only, marked as what differs in every session."""

    rows: tuple[tuple[str, str, Any, str, str, str], ...]

    def _repr_html_(self) -> str:
        from adm_notebook.display import table

        html = table(self.rows, _COLUMNS, title="Runs of this notebook", empty=_EMPTY)._repr_html_()
        return _CLOCK.sub(r'<span class="adm-volatile">\1</span>', html)

    def __repr__(self) -> str:
        from adm_notebook.display import table

        rows = [row[:-1] for row in self.rows]
        return repr(table(rows, _COLUMNS[:-1], title="Runs of this notebook", empty=_EMPTY))


def runs_table(namespace: Mapping[str, Any]) -> RunsTable:
    """All runs of the notebook: name, what ran, rows, best objective, mode."""
    return RunsTable(tuple(_row(name, run) for name, run in _runs(namespace).items()))


def _row(name: str, run: WorkflowResult | Run) -> tuple[str, str, Any, str, str, str]:
    from adm_notebook.results import WorkflowResult

    if not isinstance(run, WorkflowResult):
        if run.status in ("running", "paused"):
            plan = plan_of(run)
            what = f"{' and '.join(s.label for s in plan.strategies)} on {', '.join(plan.symbols)}"
            return name, what, plan.n_rows, run.status, plan.mode, ""
        run = run.result()
    facts = run.facts
    what = " on ".join(part for part in (facts.strategy, ", ".join(facts.symbols) or facts.source) if part)
    try:
        n_rows = len(run.stats)
    except RunError:  # gone from their folder, or damaged; `name.stats` says which, and the other runs are listed
        return name, what, "\u2013", "its rows can't be read", run.mode, _ended.get(run, "")
    best = "no row is ok" if run.best is None else f"{facts.objective} {_ratio(float(run.best[facts.objective]))}"
    if run.best is None and "kept" in run.metadata:
        best = f"{run.metadata['kept']['signals']:,} signals kept"
    if not run.success:
        best = f"{'stopped' if run.metadata.get('partial') else 'failed'}, {best}"
    return name, what, n_rows, best, run.mode, _ended.get(run, "")


def _ratio(value: float) -> str:
    """Three decimals, where rows compete; `–` where there is no value."""
    if math.isfinite(value):
        return f"{value:.3f}"
    return "–" if math.isnan(value) else "∞" if value > 0 else "−∞"
