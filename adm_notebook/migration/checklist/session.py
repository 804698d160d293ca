"""What a checklist looks at: the runs, configs and cells of a notebook, as they are now."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.results import WorkflowResult

__all__ = ["NoteCell", "Session", "cells_of"]


@dataclass(frozen=True, slots=True)
class NoteCell:
    """One cell of code; `label` is `cell 3` of the notebook's file, or `In [3]` of what was run."""

    label: str
    text: str


@dataclass(frozen=True)
class Session:
    """A notebook while it is open.

    runs        variable -> finished result, in the order in which they were made
    background  variables that hold a Run
    configs     variable -> config
    cells       cells of the notebook's file, then what was run and stands in none of them
    notebook    the file, where it is known
    limits      what `%config Adm` sets
    """

    runs: Mapping[str, WorkflowResult] = field(default_factory=dict)
    background: Sequence[str] = ()
    configs: Mapping[str, WorkflowConfig] = field(default_factory=dict)
    cells: Sequence[NoteCell] = ()
    notebook: Path | None = None
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def workflows(self) -> dict[str, WorkflowConfig]:
        """Everything that was run or could be: name -> config; of equal ones the first name."""
        found: dict[str, WorkflowConfig] = {}
        for name, config in [*((n, r.config) for n, r in self.runs.items()), *self.configs.items()]:
            if not any(config == other for other in found.values()):
                found[name] = config
        return found

    def where(self, pattern: str) -> list[str]:
        """Labels of the cells in which a regular expression is found, outside comments and text of several lines."""
        wanted = re.compile(pattern)
        return [cell.label for cell in self.cells if any(wanted.search(line) for line in _code(cell.text))]


def cells_of(notebook: Path | None, history: Sequence[str]) -> list[NoteCell]:
    """The cells of a notebook's file, and what was run and is not in it: it may not have been saved yet."""
    cells = [] if notebook is None else [NoteCell(f"cell {n}", text) for n, text in _stored(notebook)]
    known = {cell.text.strip() for cell in cells}
    ran = [NoteCell(f"In [{n}]", text) for n, text in enumerate(history) if text.strip()]
    return [*cells, *(cell for cell in ran if cell.text.strip() not in known)]


def _stored(notebook: Path) -> list[tuple[int, str]]:
    """Number, from 1, and source of each cell of code; nothing where the file can't be read."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return [(n, _text(c["source"])) for n, c in enumerate(cells, 1) if c["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _code(text: str) -> list[str]:
    """The lines of a cell that are run in this kernel: a script that a cell writes to a file is not."""
    if _OTHER.match(text.lstrip()):
        return []
    uncommented = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return _LONG_TEXT.sub('""', uncommented).splitlines()


_OTHER = re.compile(r"%%(writefile|file|bash|sh|script|html|markdown|latex|javascript|js|svg|perl|ruby|cmd)\b")
"""Magics of IPython whose cell is no Python."""

_LONG_TEXT = re.compile(r"(\"{3}|'{3}).*?\1", re.DOTALL)
