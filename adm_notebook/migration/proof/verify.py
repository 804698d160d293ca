"""The proof of a migration on the user's data: old traditional, new composable, compared, and why they differ."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from adm_notebook.config import WorkflowConfig
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.migration.changes import ABSENT, Change, Unmapped
from adm_notebook.migration.configs.differences import config_changes
from adm_notebook.migration.configs.migrate import Migration, migrate_config
from adm_notebook.migration.proof.causes import causes_of, in_a_sentence, to_mend
from adm_notebook.migration.proof.filled import filled
from adm_notebook.migration.proof.report import MigrationReport
from adm_notebook.migration.proof.sides import Given, Side, read_side, run_both
from adm_notebook.results import ResultDiff, WorkflowResult, compare_results
from adm_notebook.results.diff import check_rtol

__all__ = ["verify_migration"]


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
    check_rtol(rtol)
    before = _old_side(old, container_pattern, migrates=new is None)
    migration: Migration | None = None
    if new is None:
        given = before.config if isinstance(before.given, WorkflowResult) else before.given
        migration = migrate_config(given, container_pattern)
        after = Side(migration, migration.config)
    else:
        if container_pattern is not None:
            message = "belongs to migrating, and `new` was given, which names its own pattern; leave one of them out"
            raise ConfigError(Problem("container_pattern", message), "verify_migration")
        migration = new if isinstance(new, Migration) else None
        after = read_side(new.config if isinstance(new, Migration) else new, "new")
    folder = tempfile.mkdtemp(prefix="adm_verify_")
    try:
        run_both(before, after, Path(folder))
        report = _report(before, after, migration, rtol)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(report.new, shutil.rmtree, folder, ignore_errors=True)  # signals in it are read while it lives
    return report


def _old_side(old: Given, container_pattern: str | None, *, migrates: bool) -> Side:
    """The old side; what is wrong with it is told by migrating it, which knows the words and lines of the file."""
    try:
        return read_side(old, "old")
    except ConfigError:
        if migrates and isinstance(old, (WorkflowConfig, Mapping, str, PathLike)):
            migrate_config(old, container_pattern)
        raise


# ---- judging --------------------------------------------------------------------------------------------------------


def _report(before: Side, after: Side, migration: Migration | None, rtol: float) -> MigrationReport:
    old, new = before.result, after.result
    assert old is not None
    assert new is not None
    old, new, result, phase = _first_apart(old, new, rtol)
    configs = filled(old), filled(new)
    same_bars = bool(old.metadata.get("fingerprint")) and old.metadata["fingerprint"] == new.metadata["fingerprint"]
    both_began = bool(old.facts.resolved and new.facts.resolved)
    causes = causes_of(*configs, same_bars=same_bars, origins=before.older.origins) if both_began else ()
    verdict, mend = result.verdict, ""
    if not result.identical:
        verdict = f"different because {_reason(old, new, result, causes, configs, same_bars=same_bars)}"
        if old.success and new.success:
            short = new.config.backtest_config.get("strategy") is not None
            mend = to_mend(causes, short=short, origins=before.older.origins)
    unmapped = _unmapped(migration, before.older.left_out)
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
        notes=tuple(_notes(old, new, result, causes, configs, phase)),
        to_mend=mend,
        timings={"old": before.seconds, "new": after.seconds},
        memory={"old": before.megabytes, "new": after.megabytes},
    )


def _first_apart(
    old: WorkflowResult, new: WorkflowResult, rtol: float
) -> tuple[WorkflowResult, WorkflowResult, ResultDiff, str]:
    """The results, or those of the first phase that differs, which is named; and how they differ."""
    for name, phase in list(old.phases.items())[:-1]:
        if name in new.phases and not (diff := compare_results(phase, new.phases[name], rtol=rtol)).identical:
            return phase, new.phases[name], diff, name
    return old, new, compare_results(old, new, rtol=rtol), ""


def _as_written(before: Side, after: Side) -> tuple[Change, ...]:
    """Rows of the two configs as they were typed, keys of the older form by the names that they have there."""
    rows = []
    for row in config_changes(before.config, after.config):
        was = before.older.origins.get(row.was or row.path, "") if row.change != "+" else ""
        written = before.older.written(was) if was else ABSENT
        if written is not ABSENT:
            row = replace(row, old=written)
        if was and row.change == "-":
            row = replace(row, path=was)
        elif was:
            same = written is ABSENT or written == row.new
            row = replace(row, was=was, change=row.change if row.change != "=" else ">" if same else "~")
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
    phase: str,
) -> list[str]:
    """What a reader of the verdict should know: what it does not prove."""
    notes = []
    if result.identical and old.success and "n_trades" in old.stats and not old.stats["n_trades"].fillna(0).any():
        notes.append("Neither run traded, so that fills, sizes and fees were not put to the test.")
    telling = [cause for cause in causes if cause.path.startswith(("data_config", "backtest_config", "optimization"))]
    if result.identical and telling:
        notes.append(f"These bars don't show it, but {in_a_sentence(telling, *configs)}.")
    if phase:
        notes.append(f"This is phase {phase}, the first that differs.")
    for which, side in (("old", old), ("new", new)):
        if side.metadata.get("partial"):
            notes.append(f"The {which} run was not finished: rows that never ran are missing.")
    return notes


def _unmapped(migration: Migration | None, left_out: Sequence[Unmapped]) -> tuple[Unmapped, ...]:
    """What neither run has: as the migration tells it, and what the second reader left out beyond that, each once."""
    found = {} if migration is None else {key.path: key for key in migration.unmapped}
    told = set() if migration is None else {c.path for c in migration.changes} | {c.was for c in migration.changes}
    for key in left_out:
        inside = any(key.path == path or key.path.startswith((f"{path}.", f"{path}[")) for path in found)
        around = any(path.startswith((f"{key.path}.", f"{key.path}[")) for path in (*found, *told))
        if not inside and not around and key.path not in told:
            found[key.path] = key
    return tuple(found.values())
