"""A table as data: headings and cells, drawn as HTML by the templates and as aligned text here."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Literal

from adm_notebook.display.numbers import Number
from adm_notebook.display.words import Words, clip, plain

__all__ = [
    "Branch",
    "Cell",
    "Column",
    "Grid",
    "Row",
    "aligned",
    "ascii_minus",
    "branches",
    "role_beside",
    "text_width",
    "words_of",
    "wrapped",
]

Cell = Number | Words
"""A number stands right; words stand left."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    title  definition, shown by a pointer resting on the heading
    left   whether the column holds words
    sort   how the rows are ordered by it
    """

    label: str
    title: str = ""
    left: bool = False
    sort: Literal["", "ascending", "descending"] = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """Where a row stands in a tree.

    depth  levels above it
    lines  the lines that lead to it as characters: `│   ├── `
    name   its name; `role` says what it is, where the name does not
    span   rows that belong to it, this one included; those that follow have no branch of their own
    """

    depth: int
    lines: str
    name: str
    role: str = ""
    span: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its heading, where the table has row headings, and its cells; `kind` is a class of adm.css.

    In a table that draws a tree the rows have a `branch`, which stands in the first column.
    """

    cells: Sequence[Cell]
    heading: Words | None = None
    kind: str = ""
    branch: Branch | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows; `rail` leaves room for the mark of a chosen row."""

    columns: Sequence[Column]
    rows: Sequence[Row] = field(default_factory=tuple)
    rail: bool = False

    @property
    def is_tree(self) -> bool:
        """Whether the rows draw a tree."""
        return any(row.branch is not None for row in self.rows)


def branches(paths: Sequence[str], names: Sequence[str], roles: Sequence[str]) -> list[Branch]:
    """Where each of some paths stands in their tree; each path comes before those inside it.

    >>> [b.lines for b in branches(["a", "a/b", "c"], ["a", "b", "c"], ["", "", ""])]
    ['├── ', '│   └── ', '└── ']
    """
    last_inside = {path.rpartition("/")[0]: path for path in paths}
    found: dict[str, tuple[int, str]] = {"": (-1, "")}
    for path in paths:
        above = path.rpartition("/")[0]
        depth, indent = found.get(above, (-1, ""))
        found[path] = (depth + 1, f"{indent}{'    ' if last_inside[above] == path else '│   '}")
    rows = []
    for path, name, role in zip(paths, names, roles, strict=True):
        depth, indent = found[path]
        rows.append(Branch(depth, f"{indent[:-4]}{'└── ' if indent.endswith('    ') else '├── '}", name, role))
    return rows


def role_beside(name: str, role: str) -> str:
    """What to write beside the name of a container: its role, unless the name says it.

    >>> role_beside("main", "signal_log"), role_beside("strategies", "strategy"), role_beside("risk", "risk")
    ('signal log', '', '')
    """
    word = role.replace("_", " ")
    return "" if word[:-1] in name.replace("_", " ") else word


def words_of(cell: Cell) -> Words:
    """The fragments of a cell; a plain string is one fragment."""
    return (cell,) if isinstance(cell, str) else cell


def aligned(grid: Grid, *, most: int = 80, heading_most: int = 17, gap: int = 3) -> list[str]:
    """The grid as lines of text, numbers right and words left; columns that would pass `most` are left out."""
    lines: list[list[str]] = []
    has_heading = any(row.heading is not None for row in grid.rows)
    heads = [ascii_minus(c.label) for c in grid.columns]
    lines.append([*([""] if has_heading else []), *heads])
    for row in grid.rows:
        cells = [c.plain if isinstance(c, Number) else clip(plain(words_of(c)), 40) for c in row.cells]
        lines.append(
            [*([clip(plain(row.heading or ()), heading_most)] if has_heading else []), *map(ascii_minus, cells)]
        )
    left = [*([True] if has_heading else []), *(c.left for c in grid.columns)]
    widths = [max(text_width(line[i]) for line in lines) for i in range(len(left))]
    while gap > 2 and sum(widths) + gap * (len(widths) - 1) > most:
        gap -= 1
    while len(widths) > 1 and sum(widths) + gap * (len(widths) - 1) > most:
        widths.pop()
    return [_line(line, widths, left, gap) for line in lines]


_NARROWEST = 12


def wrapped(grid: Grid, *, most: int = 120, gap: int = 2) -> list[str]:
    """The grid as lines of text in which nothing is left out: columns of words wrap where the lines would pass `most`.

    Tables of help are made for this; row headings are none of theirs.
    """
    rows = [[c.plain if isinstance(c, Number) else plain(words_of(c)) for c in row.cells] for row in grid.rows]
    texts = [[ascii_minus(text) for text in row] for row in ([c.label for c in grid.columns], *rows)]
    left = [c.left for c in grid.columns]
    widths = [max(text_width(row[i]) for row in texts) for i in range(len(left))]
    while sum(widths) + gap * (len(widths) - 1) > most:
        widest = max((i for i, is_words in enumerate(left) if is_words), key=widths.__getitem__, default=None)
        if widest is None or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    lines = []
    for row in texts:
        cells = [textwrap.wrap(text, width, break_on_hyphens=False) for text, width in zip(row, widths, strict=True)]
        lines += [_line(parts, widths, left, gap) for parts in zip_longest(*cells, fillvalue="")]
    return lines


def _line(cells: Sequence[str], widths: Sequence[int], left: Sequence[bool], gap: int) -> str:
    padded = []
    for text, width, stands_left in zip(cells, widths, left, strict=False):
        blanks = " " * (width - text_width(text))
        padded.append(text + blanks if stands_left else blanks + text)
    return (" " * gap).join(padded).rstrip()


def ascii_minus(text: str) -> str:
    """Text whose minus signs programs can read."""
    return text.replace("\u2212", "-")


def text_width(text: str) -> int:
    """Columns that text takes in a terminal: wide characters take two, combining marks none."""
    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf"
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )
