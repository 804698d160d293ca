"""Migration: an old config, the new one that it became, and what became of each of its keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adm_notebook.config import WorkflowConfig
from adm_notebook.errors import shown
from adm_notebook.migration.changes import ABSENT, Change, Unmapped
from adm_notebook.results import hooks

__all__ = ["Migration"]

_MOST = 40  # characters of a value in the text


@dataclass(frozen=True, eq=False, repr=False)
class Migration:
    """What `migrate_config` made of an old config.

    config    the new one; it can be planned, where its prices are there
    changes   one row a key, those that stay as they are (`=`) included, in the order of the new config
    unmapped  keys of the old config that have no place in it, each with what to do about it
    """

    config: WorkflowConfig
    changes: tuple[Change, ...]
    unmapped: tuple[Unmapped, ...] = ()

    @property
    def changed(self) -> tuple[Change, ...]:
        """The rows that don't stay as they are."""
        return tuple(change for change in self.changes if change.change != "=")

    @property
    def diff(self) -> str:
        """Rows of glyph, path, old, new and reason; what is unchanged as a count; what has no place at the end.

        `+` is new, `-` is left out, `~` has another value, `>` stands elsewhere with the value that it had.
        """
        rows = [(c.change, c.path, _text(c.old), _text(c.new), _reason(c)) for c in self.changed]
        lines = _aligned([("", "path", "old", "new", "why"), *rows]) if rows else []
        same = len(self.changes) - len(rows)
        if same:
            lines.append(f"= {same} {'key stays as it is' if same == 1 else 'keys stay as they are'}")
        if self.unmapped:
            lines += ["", "Without a place here:"]
            lines += _aligned([("!", u.path, _text(u.value), u.advice) for u in self.unmapped])
        return "\n".join(lines)

    def __repr__(self) -> str:
        n = len(self.changed)
        if not n and not self.unmapped:
            head = "Migration: nothing changes; the config is one of today already."
        else:
            counts = [_counted(n, "key changes", "keys change")]
            counts.append(_counted(len(self.changes) - n, "stays as it is", "stay as they are"))
            counts.append(_counted(len(self.unmapped), "has no place here", "have no place here"))
            head = f"Migration: {', '.join(counts)}."
        return f"{head}\n{self.diff}".rstrip()

    def _repr_html_(self) -> str:
        html: str = hooks.call("migration_html", self)
        return html


def _counted(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _text(value: object) -> str:
    if isinstance(value, date):
        return str(value)  # as YAML has it
    return "" if value is ABSENT else shown(value, _MOST)


def _reason(change: Change) -> str:
    """Why, and where the value stood."""
    if not change.was:
        return change.reason
    return f"{change.reason} (was {change.was})" if change.reason else f"was {change.was}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns two blanks apart; the last is as wide as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    widths[0] = 1
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append(f"{cells[0]} {'  '.join([*cells[1:], row[-1]])}".rstrip())
    return lines
