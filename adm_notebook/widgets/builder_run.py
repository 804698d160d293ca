"""A run that the config builder has begun: its name in the notebook, how far it is, and its card when it ends."""

from __future__ import annotations

import keyword
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from adm_notebook.config import WorkflowConfig
from adm_notebook.coordinator import EnhancedCoordinator, Run, events
from adm_notebook.display import display_result
from adm_notebook.errors import ConfigError, Problem, shown
from adm_notebook.planning import Plan
from adm_notebook.planning.phases import HybridPlan
from adm_notebook.results import WorkflowResult
from adm_notebook.widgets.builder_outlook import mode_of, note_speed

__all__ = ["begin", "check_name"]

_INTERVAL = 0.25
"""Seconds between two updates of a view."""

Told = Callable[[dict[str, Any]], None]


def check_name(name: str, namespace: Mapping[str, Any]) -> None:
    """Whether a result may be called so: nothing is lost where the variable is new, or holds what a run left there.

    Raises
    ------
    ConfigError
    """
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        message = f"must be the name of a variable, such as result, but was {shown(name)}"
        raise ConfigError(Problem("name", message), "ConfigBuilder")
    value = namespace.get(name)
    if value is not None and not isinstance(value, (WorkflowResult, Run, Plan, HybridPlan, WorkflowConfig)):
        kind = type(value).__name__
        raise ConfigError(
            Problem("name", f"{name} holds something else ({kind}); choose another name, e.g. {name}_run"),
            "ConfigBuilder",
        )


def begin(
    config: WorkflowConfig, name: str, namespace: MutableMapping[str, Any], told: Told, card_ids: Sequence[str]
) -> Run:
    """Start a run in the background: `name` holds it, and its result when it ends.

    Parameters
    ----------
    told
        is given how far the run is, at most four times a second, and in the end what came of it.
    card_ids
        display ids of three outputs that the card takes; without them none is shown.

    Raises
    ------
    ConfigError, DataError, StrategyError
        before anything runs.
    """
    check_name(name, namespace)
    run = EnhancedCoordinator().start(config, mode_of(config))
    namespace[name] = run
    told(_state(run, name))
    threading.Thread(
        target=_follow, args=(run, name, namespace, told, tuple(card_ids)), name="adm-builder-run", daemon=True
    ).start()
    return run


def _follow(run: Run, name: str, namespace: MutableMapping[str, Any], told: Told, card_ids: tuple[str, ...]) -> None:
    began = said = time.perf_counter()
    for event in run.events():
        if isinstance(event, events.Progress) and time.perf_counter() - said >= _INTERVAL:
            said = time.perf_counter()
            told(_state(run, name))
    result = run.result()
    if namespace.get(name) is run:  # nobody has put something else there meanwhile
        namespace[name] = result
    note_speed(run.hybrid if hasattr(run, "hybrid") else run.plan, run.progress.done, time.perf_counter() - began)
    said_of = result.errors[0].splitlines()[0] if result.errors else "no row is ok; see the `error` column of stats"
    told({**_state(run, name), "message": "" if result.success else said_of})
    if card_ids:
        display_result(result, name, display_ids=list(card_ids), update=True)


def _state(run: Run, name: str) -> dict[str, Any]:
    progress = run.progress
    return {
        "state": run.status, "name": name, "done": progress.done, "total": progress.total, "left": progress.eta,
        "message": "",
    }  # fmt: skip
