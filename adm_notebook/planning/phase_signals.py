"""Phases that replay signals which an earlier phase of the same workflow keeps: found, and given their folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.workflow import SECTIONS
from adm_notebook.errors import Problem, RunError
from adm_notebook.folders import resolved
from adm_notebook.planning.choice import choose_pattern, replays
from adm_notebook.planning.sections import Reader

if TYPE_CHECKING:
    from adm_notebook.planning.phases import Phase

__all__ = ["is_replay", "signals_from", "with_signals"]

INHERITED = (
    ("backtest_config", "strategy"),
    ("optimization_config", "strategies"),
    ("optimization_config", "classifiers"),
    ("optimization_config", "constraints"),
    ("analysis_config", "output_path"),
)
"""What the workflow's sections say for the phase that keeps the signals; one that replays them has it from there."""


def is_replay(config: WorkflowConfig) -> bool:
    """Whether the config's pattern takes its signals from a store."""
    return replays(choose_pattern(Reader(_complete(config))))


def _complete(config: WorkflowConfig) -> WorkflowConfig:
    """A copy in which sections that were set to None are empty."""
    copied = config.copy()
    for section in SECTIONS:
        setattr(copied, section, dict(_of(copied, section)))
    return copied


def signals_from(phase: Phase, phases: Sequence[Phase]) -> Phase | Problem | None:
    """The earlier phase that keeps the signals which a phase replays; None where they are not those of a phase.

    Where only a later phase keeps them, the problem with that.
    """
    if not is_replay(phase.config):
        return None
    at = next(i for i, other in enumerate(phases) if other.name == phase.name)
    path = _of(phase.config, "analysis_config").get("signals_path")
    if path is None and phase.take is not None:
        source = next(other for other in phases[:at] if other.name == phase.take.phase)
        if _folder(source, "output_path") is not None and not is_replay(source.config):
            return source
        message = (
            f"takes the signals of {source.name}, which keeps none; give that phase an analysis_config.output_path"
        )
        return Problem("take", message)
    folder = _folder(phase, "signals_path")
    if folder is None:
        return None
    keeping = [i for i, other in enumerate(phases) if _keeps(other, folder)]
    earlier = [i for i in keeping if i < at]
    if earlier:
        return phases[earlier[-1]]
    if keeping:
        message = f"the phase {phases[keeping[0]].name} keeps these signals, but comes after this one; list it first"
        return Problem("analysis_config.signals_path", message)
    return None


def _keeps(phase: Phase, folder: Path) -> bool:
    return _folder(phase, "output_path") == folder and not is_replay(phase.config)


def _folder(phase: Phase, key: str) -> Path | None:
    path = _of(phase.config, "analysis_config").get(key)
    if not isinstance(path, str) or not path.strip():
        return None
    try:
        return resolved(key, path)
    except RunError:
        return None


def with_signals(phase: Phase, source: Phase) -> WorkflowConfig:
    """The config of a phase that replays signals of another one: with their folder, and the bars that they are of.

    What both have from the workflow's sections, and only the other can use, is left to that one.
    """
    config = _complete(phase.config)
    for section, key in INHERITED:
        values: Any = getattr(config, section)
        stated = f"{section}.{key}" in phase.own
        if not stated and key in values and values[key] == _of(source.config, section).get(key):
            del values[key]
    config.analysis_config.setdefault("signals_path", source.config.analysis_config["output_path"])
    if not config.data_config:
        config.data_config = dict(source.config.data_config)
    return config


def _of(config: WorkflowConfig, section: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(config, section) or {}
    return found
