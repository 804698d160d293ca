"""The two sides of a verification: what was given, read into a config, run on its own and measured."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.workflow import SECTIONS, read_text
from adm_notebook.config.yaml_text import load_mapping
from adm_notebook.coordinator import EnhancedCoordinator
from adm_notebook.coordinator.failed import failed_result
from adm_notebook.coordinator.memory import GrowthOfMemory, forget_peak
from adm_notebook.engine import warmup
from adm_notebook.errors import ConfigError, DataError, Problem, RunCancelled, StrategyError, shown
from adm_notebook.migration.older.notes import Older
from adm_notebook.migration.older.reader import is_older, read_older
from adm_notebook.results import WorkflowResult

__all__ = ["Given", "Side", "read_side", "run_both"]

Given = WorkflowConfig | Mapping[str, Any] | str | os.PathLike[str] | WorkflowResult

_TITLE = "verify_migration"
_COMPILED_WITHIN = 60.0  # seconds that kernels are waited for, so that no time of a run is that of compiling them


@dataclass(slots=True)
class Side:
    """One side of the comparison.

    given     what the user gave
    config    as it was given, or of the result that was given
    to_run    the same, writing nothing where the user keeps things
    mode      that it is run in
    result    None until it was run
    seconds, megabytes  of that run; None where the result was given
    older     what the second reader found in a config of the older form
    refused   why the config can't be planned
    """

    given: Any
    config: WorkflowConfig
    to_run: WorkflowConfig = field(default_factory=WorkflowConfig)
    mode: str = ""
    result: WorkflowResult | None = None
    seconds: float | None = None
    megabytes: float | None = None
    older: Older = field(default_factory=Older)
    refused: ConfigError | None = None


# ---- reading --------------------------------------------------------------------------------------------------------


def read_side(given: Any, which: str) -> Side:
    """What was given, as something to run or to compare."""
    if isinstance(given, WorkflowResult):
        return Side(given, given.config, result=given)
    if isinstance(given, WorkflowConfig):
        return Side(given, given)
    if isinstance(given, Mapping):
        values = dict(given)
    elif isinstance(given, (str, os.PathLike)):
        values = load_mapping(read_text(given, _TITLE), _TITLE)[0]
    else:
        message = f"must be a WorkflowConfig, a mapping, YAML or a WorkflowResult, but was {shown(given)}"
        raise ConfigError(Problem(which, message), _TITLE)
    if not is_older(values):
        return Side(given, WorkflowConfig.from_mapping(values))
    older = read_older(values)
    return Side(given, older.config, older=older)


# ---- running --------------------------------------------------------------------------------------------------------


def run_both(before: Side, after: Side, folder: Path) -> None:
    """Run the sides that have no result yet, the old one in traditional mode, the new one in composable.

    Parameters
    ----------
    folder
        where what they write is kept.

    Raises
    ------
    ConfigError
        where neither can be planned.
    RunCancelled
        where a run was interrupted.
    """
    to_run = [(side, mode, name) for side, mode, name in _sides(before, after) if side.result is None]
    for side, mode, name in to_run:
        side.mode = "hybrid" if side.config.parameters.get("phases") is not None else mode
        side.to_run = _kept_apart(side.config, folder / name, plain=mode == "traditional")
        side.refused = _refused(side)
    if before.refused is not None and (after.refused is not None or after.result is not None):
        raise before.refused
    if to_run:
        warmup.wait(_COMPILED_WITHIN)
    for side, mode, _ in to_run:
        _run(side, mode)


def _sides(before: Side, after: Side) -> tuple[tuple[Side, str, str], ...]:
    return (before, "traditional", "old"), (after, "composable", "new")


def _kept_apart(config: WorkflowConfig, folder: Path, *, plain: bool) -> WorkflowConfig:
    """The config with what it writes going to a folder of ours, or nowhere.

    plain  whether phases of a hybrid workflow run in traditional mode, whatever they say
    """
    config = config.copy()
    moved: dict[str, str] = {}
    _redirect({name: getattr(config, name) for name in SECTIONS}, folder, moved)
    for phase in config.parameters.get("phases") or ():
        if isinstance(phase, dict):
            if plain:
                phase["mode"] = "traditional"
            _redirect(phase.get("config"), folder, moved)
    return config


def _redirect(sections: Any, folder: Path, moved: dict[str, str]) -> None:
    """Let sections write to `folder`, and read there what another one has written.

    moved  path that the user gave -> ours; what is written is added
    """
    if not isinstance(sections, Mapping):
        return
    analysis, search, rows = (
        section if isinstance(section, dict) else {}
        for section in map(sections.get, ("analysis_config", "optimization_config", "infrastructure_config"))
    )
    if analysis.get("output_path") is not None:
        given = str(analysis["output_path"])
        moved.setdefault(given, str(folder / f"signals_{len(moved)}"))
        analysis["output_path"] = moved[given]
    if str(analysis.get("signals_path")) in moved:
        analysis["signals_path"] = moved[str(analysis["signals_path"])]
    rows.pop("results", None)
    search.pop("storage", None)


def _refused(side: Side) -> ConfigError | None:
    """Why a side can't be planned; its bars are then read, which is no part of what a run takes."""
    try:
        EnhancedCoordinator().plan(side.to_run, side.mode)
    except ConfigError as error:
        return error
    except (DataError, StrategyError):
        return None  # the run says so in its result
    return None


def _run(side: Side, mode: str) -> None:
    if side.refused is not None:
        said = "; ".join(f"{p.path} {p.message}".strip() for p in side.refused.problems)
        side.result = failed_result(side.to_run, DataError(f"The configuration is refused: {said}"), mode)
        return
    gc.collect()
    forget_peak()
    growth, started = GrowthOfMemory(), time.perf_counter()
    side.result = EnhancedCoordinator().run(side.to_run, execution_mode=side.mode)
    side.seconds, side.megabytes = time.perf_counter() - started, growth.peak()
    if side.result.metadata.get("ended") == "interrupted":
        raise RunCancelled(f"The verification was stopped during the {mode} run: nothing was compared.")
