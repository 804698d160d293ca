"""MigrationReport: what `verify_migration` found, with the verdict in its first line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import RunError
from adm_notebook.migration.changes import ABSENT, Change, Unmapped
from adm_notebook.migration.proof.wording import said
from adm_notebook.results import ResultDiff, WorkflowResult, hooks

if TYPE_CHECKING:
    from adm_notebook.migration.configs.migrate import Migration

__all__ = ["MigrationReport"]

_MOST = 6  # lines of a kind in the text


@dataclass(frozen=True, eq=False, repr=False)
class MigrationReport:
    """What a migration changes, and whether trades, equity and metrics stay as they are.

    verdict         a sentence without a full stop: `identical`, `equivalent within 1e-09`, or
                    `different because REASON`, where REASON names the cause in the config, if there is one
    identical       whether nothing differs beyond the tolerance
    result          the difference between the two results: rows, metrics, trades, equity
    old, new        the results: old traditional, new composable, unless results were given; of hybrid workflows those
                    of the first phase that differs, else of the last
    migration       what `migrate_config` made of the old config; None where `new` was given
    config_changes  rows of the configuration, those that are equal (`=`) included: of the migration, from what the user
                    wrote to the new config; where `new` was given, of the two configs as they were written
    causes          those keys of the new config that mean something else than the old one's, likeliest cause first:
                    `path` as in the new config, `was` where the user wrote it in the old one, if that is known
    unmapped        keys of the old config that neither side can do: both runs leave them out
    notes           sentences: what was left out on both sides, what is not proved
    to_mend         a sentence that says what to set in the new config; empty where nothing is to be mended
    timings         seconds of wall time, {"old": 1.3, "new": 0.02}; None where a result was given that was run before
    memory          by how many MB the memory of the process grew at most, {"old": 96.0, "new": 61.0}; None where the
                    system does not say

    True where something differs, as a ResultDiff is. `save` writes a page of HTML; the text is the same in every run.
    """

    verdict: str
    identical: bool
    result: ResultDiff = field(repr=False)
    old: WorkflowResult = field(repr=False)
    new: WorkflowResult = field(repr=False)
    migration: Migration | None = None
    config_changes: tuple[Change, ...] = ()
    causes: tuple[Change, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    notes: tuple[str, ...] = ()
    to_mend: str = ""
    timings: Mapping[str, float | None] = field(default_factory=dict)
    memory: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def first_bar(self) -> int | None:
        """Position of the first bar where the equities of the best rows part, or None."""
        return self.result.first_bar

    @property
    def first_time(self) -> Any:
        """Its time, or None."""
        return self.result.first_time

    @property
    def first_gap(self) -> float:
        """Money, new less old, at that bar; 0 where they don't part."""
        return self.result.first_gap

    @property
    def largest_gap(self) -> float:
        """Money, the largest distance between the equities."""
        return self.result.largest_gap

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the report as one page of HTML, style sheet and pictures inside; returns its absolute path.

        Raises
        ------
        RunError
            where the file can't be written.
        """
        where = Path(path).expanduser().absolute()
        page: str = hooks.call("report_page", self)
        try:
            where.write_text(page, encoding="utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise RunError(f"the report can't be written to {where}: {why}") from None
        return where

    def __bool__(self) -> bool:
        """Whether something differs."""
        return not self.identical

    def __repr__(self) -> str:
        lines = [f"{self.verdict[:1].upper()}{self.verdict[1:]}."]
        if self.to_mend:
            lines.append(f"To mend it: {self.to_mend}")
        if self.old.success == self.new.success:  # else there is nothing to set beside the other
            lines += repr(self.result).splitlines()[1:]
        changed = [c for c in self.config_changes if c.change != "="]
        kept = len(self.config_changes) - len(changed)
        lines.append(f"Configuration: {_count(len(changed), 'key')} changed, {kept:,} unchanged")
        lines += [f"  {_row(c)}" for c in changed[:_MOST]]
        if len(changed) > _MOST:
            lines.append(f"  ... and {len(changed) - _MOST:,} more (.config_changes)")
        lines += [f"  ? {u.path}: {u.advice}" for u in self.unmapped]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        html: str = hooks.call("report_html", self)
        return html

    def _ipython_display_(self) -> None:
        hooks.call("report_display", self)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _row(change: Change) -> str:
    """`~ backtest_config.commission: 0.1% -> 0`."""
    place = f"{change.was} > {change.path}" if change.was and change.was != change.path else change.path
    if change.new is ABSENT or change.old is ABSENT:
        return f"{change.change} {place}: {said(change, change.old if change.new is ABSENT else change.new)}"
    if change.change == ">":
        return f"> {place}: {said(change, change.new)}"
    return f"{change.change} {place}: {said(change, change.old)} -> {said(change, change.new)}"
