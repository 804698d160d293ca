"""`migrate_source`: Python text, or a notebook's cells, written for the older coordinator, as the guide migrates it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adm_notebook.errors import ConfigError, Problem, shown

__all__ = ["Piece", "SourceChange", "SourceMigration", "Undecided", "migrate_source"]


@dataclass(frozen=True, slots=True)
class SourceChange:
    """One statement that is rewritten.

    line      1-based, in the text as it was; in a notebook within its cell
    old, new  the statement before and after
    reason    why, a phrase without a full stop
    cell      the number of the cell, from 1; None outside notebooks
    """

    line: int
    old: str
    new: str
    reason: str
    cell: int | None = None

    @property
    def path(self) -> str:
        """`line 3`, or `cell 2, line 3`."""
        return _path(self.line, self.cell)


@dataclass(frozen=True, slots=True)
class Undecided:
    """One place that is left to the user; above it stands `# adm: WHAT; ADVICE`.

    line    1-based, in the text as it was; in a notebook within its cell
    what    what is there, a phrase
    advice  what to do about it, a phrase
    cell    the number of the cell, from 1; None outside notebooks
    """

    line: int
    what: str
    advice: str
    cell: int | None = None

    @property
    def path(self) -> str:
        """`line 3`, or `cell 2, line 3`."""
        return _path(self.line, self.cell)

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.advice}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A text before and after; of a notebook one a cell. `label` says which, empty outside notebooks."""

    old: str
    new: str
    label: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class SourceMigration:
    """A source and what it is migrated to; nothing is written.

    text       the new text; of a notebook its whole JSON, in which all but the changed cells' source is as it was
    old        the text that was given
    changes    one SourceChange a statement that is rewritten
    undecided  one Undecided a place that is left to the user
    name       the file's name, or `source`
    pieces     the texts that are compared
    """

    text: str
    old: str
    changes: tuple[SourceChange, ...]
    undecided: tuple[Undecided, ...]
    name: str = "source"
    pieces: tuple[Piece, ...] = field(default=(), repr=False)

    @property
    def changed(self) -> bool:
        """Whether the new text differs from the old."""
        return self.text != self.old

    @property
    def diff(self) -> str:
        """The unified diff, empty where nothing changes; of a notebook the diffs of its cells' source."""
        return "".join(_diff(piece, self.name) for piece in self.pieces)

    @property
    def sentence(self) -> str:
        """What the migration comes to, in a sentence."""
        if not self.changed and not self.undecided:
            return f"Nothing to migrate in {self.name}."
        said = [f"{self.name}: {_count(len(self.changes), 'statement')} rewritten"]
        if self.undecided:
            said.append(f"{_count(len(self.undecided), 'place')} left to you")
        return f"{', '.join(said)}."

    def __repr__(self) -> str:
        left = "".join(f"\n? {each}" for each in self.undecided)
        diff = f"\n{self.diff.rstrip()}" if self.diff else ""
        return f"{self.sentence}{left}{diff}"

    def _repr_html_(self) -> str:
        from adm_notebook.results import hooks  # its package imports the engines, which compat has no need of

        html: str = hooks.call("source_html", self)
        return html


def migrate_source(source: str | os.PathLike[str], container_pattern: str | None = None) -> SourceMigration:
    """Migrate Python, or a notebook, that was written for the older coordinator; nothing is written or run.

    Imports come from `adm_notebook`, `Coordinator()` becomes `EnhancedCoordinator` with containers enabled, its
    `execute_workflow` calls choose their mode (`auto`), and `WorkflowConfig` literals name their container pattern.
    Comments and layout stay. What can't be decided from the text is left, marked with a comment above its line, and
    listed in `.undecided`. Migrating the result again changes nothing.

    Parameters
    ----------
    source
        Python text, the JSON text of a notebook, or the path of a .py or .ipynb file.
    container_pattern
        for configs that name none; left out, each gets the one that its sections imply.

    Returns
    -------
    SourceMigration
        with .text .changes .undecided .diff .changed

    Raises
    ------
    ConfigError
        with line and column where the text does not parse; for unknown patterns, and files that can't be read.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> old = "from src.core.coordinator.coordinator import Coordinator\\ncoordinator = Coordinator()\\n"
    >>> print(adm.migrate_source(old).text, end="")
    from adm_notebook import EnhancedCoordinator
    coordinator = EnhancedCoordinator(enable_composable_containers=True)
    """
    text, name = _given(source)
    if container_pattern is not None:
        from adm_notebook.patterns import get

        container_pattern = get(container_pattern, "container_pattern").name
    from adm_notebook.migration.sources.notebooks import is_notebook, migrate_notebook
    from adm_notebook.migration.sources.python import migrate_python

    if is_notebook(text) or name.endswith(".ipynb"):
        return migrate_notebook(text, name, container_pattern)
    return migrate_python(text, name, container_pattern)


def _given(source: object) -> tuple[str, str]:
    """The text, and what it is called."""
    if not isinstance(source, (str, os.PathLike)):
        message = f"must be Python text, a notebook's JSON, or the path of a file, but was {shown(source)}"
        raise ConfigError(Problem("source", message), "migrate_source")
    if isinstance(source, str):
        one_line = "\n" not in source and "\r" not in source
        if not (one_line and source.strip().endswith((".py", ".ipynb"))):
            return source, "source"
    from adm_notebook.migration.sources.files import read_text

    path = Path(source).expanduser()
    return read_text(path), path.name


def _path(line: int, cell: int | None) -> str:
    return f"line {line}" if cell is None else f"cell {cell}, line {line}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _diff(piece: Piece, name: str) -> str:
    if piece.old == piece.new:
        return ""
    label = f" ({piece.label})" if piece.label else ""
    lines: Sequence[str] = list(
        difflib.unified_diff(
            _lines(piece.old), _lines(piece.new), f"{name}{label}", f"{name}{label}, migrated", lineterm=""
        )
    )
    return "".join(f"{line}\n" for line in lines)


def _lines(text: str) -> list[str]:
    lines = re.split(r"\r\n|\r|\n", text)
    return lines if lines[-1] else lines[:-1]
