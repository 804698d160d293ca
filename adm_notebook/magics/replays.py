"""`%adm signals` and `%adm replay`: the signals that a run kept, looked at and traded under other settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import ConfigError, Problem, RunCancelled, RunError, did_you_mean, shown
from adm_notebook.magics.cell import finish, started, with_the_line
from adm_notebook.magics.defaults import Adm
from adm_notebook.magics.line import CellLine, usage_error
from adm_notebook.magics.overrides import overridden, with_limits
from adm_notebook.magics.runs import check_free, find_run, kept_names, run_names

if TYPE_CHECKING:
    from adm_notebook.signals import SignalStore

__all__ = ["KeptSignals", "kept_signals", "run_replay"]


@dataclass(frozen=True, slots=True)
class KeptSignals:
    """The signals that a command names, and the sections that a replay of them starts from."""

    store: SignalStore
    sections: Mapping[str, Any]


def kept_signals(name: str, namespace: Mapping[str, Any], command: str) -> KeptSignals:
    """The signals of a run of the notebook (one that kept or replayed them), or of the store in a folder.

    Raises
    ------
    ConfigError
        where there is neither, and where the run kept none.
    RunError
        where the store can't be read.
    """
    from adm_notebook.results import WorkflowResult
    from adm_notebook.results.kept import kept_store
    from adm_notebook.signals import SignalStore

    if name.removesuffix(".result()") not in run_names(namespace):
        path = Path(name).expanduser()
        if not path.exists() and name.isidentifier():
            kept = kept_names(namespace)
            message = f"is neither a run that kept signals nor a folder.{did_you_mean(name, kept)}"
            message += f" Such runs here: {', '.join(kept)}" if kept else ""
            raise usage_error(f"%adm {command}", Problem(shown(name), message.removesuffix(".")))
        return KeptSignals(SignalStore(path), {"analysis_config": _replay_of(name)})
    run = find_run(name, namespace, command)
    if not isinstance(run, WorkflowResult):
        if run.status in ("running", "paused"):
            raise RunError(f"{name} is {run.status}: its signals are there when it is done.")
        run = run.result()
    config = run.config
    before = config.analysis_config.get("signals_path")
    path_text = run.metadata.get("signals_path", before)
    if path_text is None:
        message = "kept no signals; run it with analysis_config: {mode: signal_generation, output_path: FOLDER}"
        raise usage_error(f"%adm {command}", Problem(name, message))
    sections: dict[str, Any] = {"data_config": dict(config.data_config), "analysis_config": _replay_of(path_text)}
    if before is not None:  # a replay again: what it asked for stays, unless it is set anew
        sections |= {"backtest_config": dict(config.backtest_config)}
        sections |= {"optimization_config": dict(config.optimization_config)}
    return KeptSignals(kept_store(run, path_text), sections)


def _replay_of(path: str) -> dict[str, Any]:
    return {"mode": "signal_replay", "signals_path": str(path)}


def run_replay(shell: Any, defaults: Adm, kept: KeptSignals, asked: CellLine) -> None:
    """Trade the signals as the line asks for, and show the result as a cell's.

    Raises
    ------
    AdmError
        where it can't be planned, and where its run failed or was stopped.
    """
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.coordinator import EnhancedCoordinator

    magic = "%adm replay"
    check_free(asked, shell.user_ns)
    try:
        try:
            values, positions = overridden(kept.sections, {}, asked, shell.user_ns, kept.store.ensembles)
        except ConfigError as error:
            raise usage_error(magic, error.problems) from None
        values = {name: section for name, section in values.items() if section}
        config = WorkflowConfig.from_mapping(with_limits(values, defaults.limits()), positions)
        run = started(EnhancedCoordinator(), config, asked.mode.value if asked.mode else defaults.mode)
    except ConfigError as error:
        raise with_the_line(error, asked, magic) from None
    except KeyboardInterrupt:
        raise RunCancelled(f"Interrupted before the run began; {asked.name} is as it was.") from None
    finish(shell, defaults, run, asked.name, asked.quiet or defaults.quiet)
