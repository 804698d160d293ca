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
from adm_notebook.config.workflow import read_text
from adm_notebook.config.yaml_text import load_mapping
from adm_notebook.coordinator import EnhancedCoordinator
from adm_notebook.coordinator.failed import failed_result
from adm_notebook.coordinator.memory import GrowthOfMemory, forget_peak
from adm_notebook.engine import warmup
from adm_notebook.errors import ConfigError, DataError, Problem, RunCancelled, StrategyError, shown
from adm_notebook.migration.changes import Unmapped
from adm_notebook.migration.older import is_older, read_older
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
    result    None until it was run
    seconds, megabytes  of that run; None where the result was given
    origins   path in the config -> the older key that it came from
    left_out  keys of the older form that the run goes without
    refused   why the config can't be planned
    """

    given: Any
    config: WorkflowConfig
    to_run: WorkflowConfig = field(default_factory=WorkflowConfig)
    result: WorkflowResult | None = None
    seconds: float | None = None
    megabytes: float | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[Unmapped, ...] = ()
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
    return Side(given, older.config, origins=older.origins, left_out=tuple(older.left_out))


# ---- running --------------------------------------------------------------------------------------------------------


def run_both(before: Side, after: Side, folder: Path) -> None:
    sides = ((before, "traditional", "old"), (after, "composable", "new"))
    for side, mode, name in sides:
        if side.result is None:
            _plan(side, mode, _kept_apart(side.config, folder / name))
    if before.refused is not None and (after.refused is not None or after.result is not None):
        raise before.refused
    if any(side.result is None for side, *_ in sides):
        warmup.wait(_COMPILED_WITHIN)
    for side, mode, _ in sides:
        if side.result is None:
            _run(side, mode)


def _kept_apart(config: WorkflowConfig, folder: Path) -> WorkflowConfig:
    """The config with what it writes going to a folder of ours, or nowhere."""
    config = config.copy()
    if isinstance(config.analysis_config, dict) and config.analysis_config.get("output_path") is not None:
        config.analysis_config["output_path"] = str(folder / "signals")
    if isinstance(config.infrastructure_config, dict):
        config.infrastructure_config.pop("results", None)
    if isinstance(config.optimization_config, dict):
        config.optimization_config.pop("storage", None)
    return config


def _plan(side: Side, mode: str, config: WorkflowConfig) -> None:
    """Whether it can be planned; its bars are then read, which is no part of what a run takes."""
    side.to_run = config
    try:
        EnhancedCoordinator().plan(config, mode)
    except ConfigError as error:
        side.refused = error
    except (DataError, StrategyError):
        return  # the run says so in its result


def _run(side: Side, mode: str) -> None:
    if side.refused is not None:
        said = "; ".join(f"{p.path} {p.message}".strip() for p in side.refused.problems)
        side.result = failed_result(side.to_run, DataError(f"The configuration is refused: {said}"), mode)
        return
    gc.collect()
    forget_peak()
    growth, started = GrowthOfMemory(), time.perf_counter()
    side.result = EnhancedCoordinator().run(side.to_run, execution_mode=mode)
    side.seconds, side.megabytes = time.perf_counter() - started, growth.peak()
    if side.result.metadata.get("ended") == "cancelled":
        raise RunCancelled(f"The verification was stopped during the {mode} run: nothing was compared.")
