"""The proof of a migration on the user's data: old traditional, new composable, compared, and why they differ."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.yaml_text import load_mapping
from adm_notebook.coordinator import EnhancedCoordinator
from adm_notebook.coordinator.failed import failed_result
from adm_notebook.coordinator.memory import GrowthOfMemory, forget_peak
from adm_notebook.engine import warmup
from adm_notebook.errors import ConfigError, DataError, Problem, RunCancelled, StrategyError, shown
from adm_notebook.migration.causes import causes_of, in_a_sentence, to_mend
from adm_notebook.migration.changes import Change, Unmapped
from adm_notebook.migration.config_changes import config_changes
from adm_notebook.migration.filled import filled
from adm_notebook.migration.older import is_older, read_older
from adm_notebook.migration.report import MigrationReport
from adm_notebook.results import ResultDiff, WorkflowResult, compare_results

if TYPE_CHECKING:
    from adm_notebook.migration.config import Migration

__all__ = ["verify_migration"]

Given = WorkflowConfig | Mapping[str, Any] | str | os.PathLike[str] | WorkflowResult

_COMPILED_WITHIN = 60.0  # seconds that kernels are waited for, so that no time of a run is that of compiling them


@dataclass(slots=True)
class _Side:
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


def verify_migration(
    old: Given, new: Given | Migration | None = None, container_pattern: str | None = None, rtol: float = 1e-9
) -> MigrationReport:
    """Prove that a migration changes no trade, no equity and no metric, or say what it changes.

    Parameters
    ----------
    old
        a WorkflowConfig, a mapping of its keys, YAML text or the path of a YAML file, ours or of the older form; it is
        run in traditional mode. Or a WorkflowResult, which is taken as it is.
    new
        the same, run in composable mode, or a Migration; None means `migrate_config(old, container_pattern).config`.
    container_pattern
        the pattern that the old config is migrated to.
    rtol
        relative tolerance of figures, as in `compare_results`.

    Returns
    -------
    MigrationReport
        with the verdict in its first line. What a run writes for keeps (signals, rows, a search) goes to a temporary
        folder, so that nothing of the user's is overwritten.

    Raises
    ------
    ConfigError
        where neither config can be planned, or they can't be read.
    RunError
        if `rtol` is no number from 0 to 1.
    RunCancelled
        if it was interrupted.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> old = adm.WorkflowConfig(data_config={"max_bars": 250}, backtest_config={"strategy": "momentum"})
    >>> new = {"data_config": {"max_bars": 250}, "optimization_config": {"strategies": ["momentum"]}}
    >>> adm.verify_migration(old, new).identical
    True
    """
    before = _side(old, "old")
    migration: Migration | None = None
    if new is None:
        migration = _migrated(before, container_pattern)
        after = _Side(migration, migration.config)
    else:
        if container_pattern is not None:
            message = "belongs to migrating, and `new` was given, which names its own pattern; leave one of them out"
            raise ConfigError(Problem("container_pattern", message), "verify_migration")
        after = _side(getattr(new, "config", new) if hasattr(new, "unmapped") else new, "new")
        migration = new if hasattr(new, "unmapped") else None  # a Migration, told by what it has
    folder = tempfile.mkdtemp(prefix="adm_verify_")
    try:
        _run_both(before, after, Path(folder))
        report = _report(before, after, migration, rtol)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(report.new, shutil.rmtree, folder, ignore_errors=True)  # signals in it are read while it lives
    return report


# ---- reading --------------------------------------------------------------------------------------------------------


def _side(given: Any, which: str) -> _Side:
    """What was given, as something to run or to compare."""
    if isinstance(given, WorkflowResult):
        return _Side(given, given.config, result=given)
    if isinstance(given, WorkflowConfig):
        return _Side(given, given)
    if isinstance(given, Mapping):
        values = dict(given)
    elif isinstance(given, (str, os.PathLike)):
        values = _loaded(given)
    else:
        message = f"must be a WorkflowConfig, a mapping, YAML or a WorkflowResult, but was {shown(given)}"
        raise ConfigError(Problem(which, message), "verify_migration")
    if not is_older(values):
        return _Side(given, WorkflowConfig.from_mapping(values))
    older = read_older(values)
    return _Side(given, older.config, origins=older.origins, left_out=tuple(older.left_out))


def _loaded(source: str | os.PathLike[str]) -> dict[str, Any]:
    """The mapping that YAML text or a YAML file holds."""
    text = source if isinstance(source, str) else ""
    if not isinstance(source, str) or ("\n" not in source and source.strip().lower().endswith((".yaml", ".yml"))):
        path = Path(source).expanduser()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise ConfigError(
                Problem("", f"{shown(str(path), 200)} can't be read: {why}"), "verify_migration"
            ) from None
    return load_mapping(text)[0]


def _migrated(before: _Side, container_pattern: str | None) -> Migration:
    from adm_notebook.migration.config import migrate_config

    given = before.config if isinstance(before.given, WorkflowResult) else before.given
    return migrate_config(given, container_pattern)


# ---- running --------------------------------------------------------------------------------------------------------


def _run_both(before: _Side, after: _Side, folder: Path) -> None:
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


def _plan(side: _Side, mode: str, config: WorkflowConfig) -> None:
    """Whether it can be planned; its bars are then read, which is no part of what a run takes."""
    side.to_run = config
    try:
        EnhancedCoordinator().plan(config, mode)
    except ConfigError as error:
        side.refused = error
    except (DataError, StrategyError):
        return  # the run says so in its result


def _run(side: _Side, mode: str) -> None:
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


# ---- judging --------------------------------------------------------------------------------------------------------


def _report(before: _Side, after: _Side, migration: Migration | None, rtol: float) -> MigrationReport:
    old, new = before.result, after.result
    assert old is not None
    assert new is not None
    result = compare_results(old, new, rtol=rtol)
    configs = filled(old), filled(new)
    same_bars = bool(old.metadata.get("fingerprint")) and old.metadata["fingerprint"] == new.metadata["fingerprint"]
    both_began = bool(old.facts.resolved and new.facts.resolved)
    causes = causes_of(*configs, same_bars=same_bars, origins=before.origins) if both_began else ()
    verdict, mend = result.verdict, ""
    if not result.identical:
        verdict = f"different because {_reason(old, new, result, causes, configs, same_bars=same_bars)}"
        if old.success and new.success:
            short = new.config.backtest_config.get("strategy") is not None
            mend = to_mend(causes, short=short, origins=before.origins)
    unmapped = _distinct([*(migration.unmapped if migration is not None else ()), *before.left_out])
    return MigrationReport(
        verdict=verdict,
        identical=result.identical,
        result=result,
        old=old,
        new=new,
        migration=migration,
        config_changes=migration.changes if migration is not None else _as_written(before, after),
        causes=causes,
        unmapped=unmapped,
        notes=tuple(_notes(old, new, result, causes, configs)),
        to_mend=mend,
        timings={"old": before.seconds, "new": after.seconds},
        memory={"old": before.megabytes, "new": after.megabytes},
    )


def _as_written(before: _Side, after: _Side) -> tuple[Change, ...]:
    """Rows of the two configs as they were typed, keys of the older form by the names that they have there."""
    rows = []
    for row in config_changes(before.config, after.config):
        was = before.origins.get(row.was or row.path, "") if row.change != "+" else ""
        if was and row.change == "-":
            row = replace(row, path=was)
        elif was:
            row = replace(row, was=was, change=">" if row.change == "=" else row.change)
        rows.append(row)
    return tuple(rows)


def _reason(
    old: WorkflowResult,
    new: WorkflowResult,
    result: ResultDiff,
    causes: tuple[Change, ...],
    configs: tuple[Mapping[str, Any], Mapping[str, Any]],
    *,
    same_bars: bool,
) -> str:
    """Why they differ: a run that failed, a key that means something else, other bars, or the figures alone."""
    seen = result.verdict.removeprefix("different because ")
    failed = [
        f"the {which} run failed: {' '.join(errors.rstrip('.').split())}"
        for which, side in (("old", old), ("new", new))
        if not side.success and (errors := " ".join(side.errors) or "it did not come to its end")
    ]
    if failed:
        return "; ".join(failed)
    if sentence := in_a_sentence(causes, *configs):
        return sentence
    if not same_bars:
        return f"the bars are not the same ({_bars(old)} were, {_bars(new)} are now); {seen}"
    return f"{seen}, although both configurations mean the same"


def _bars(result: WorkflowResult) -> str:
    facts = result.facts
    return f"{facts.n_bars:,} bars from {facts.first} to {facts.last}"


def _notes(
    old: WorkflowResult,
    new: WorkflowResult,
    result: ResultDiff,
    causes: tuple[Change, ...],
    configs: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> list[str]:
    """What a reader of the verdict should know: what it does not prove."""
    notes = []
    if result.identical and old.success and "n_trades" in old.stats and not old.stats["n_trades"].fillna(0).any():
        notes.append("Neither run traded, so that fills, sizes and fees were not put to the test.")
    telling = [cause for cause in causes if cause.path.startswith(("data_config", "backtest_config", "optimization"))]
    if result.identical and telling:
        notes.append(f"These bars don't show it, but {in_a_sentence(telling, *configs)}.")
    for which, side in (("old", old), ("new", new)):
        if side.metadata.get("partial"):
            notes.append(f"The {which} run was not finished: rows that never ran are missing.")
    return notes


def _distinct(keys: list[Unmapped]) -> tuple[Unmapped, ...]:
    """Each key once, as the first reader has it; one inside another that is there is part of that."""
    found: dict[str, Unmapped] = {}
    for key in keys:
        inside = any(key.path == path or key.path.startswith((f"{path}.", f"{path}[")) for path in found)
        around = any(path.startswith((f"{key.path}.", f"{key.path}[")) for path in found)
        if not inside and not around:
            found[key.path] = key
    return tuple(found.values())
