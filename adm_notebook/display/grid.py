"""A table as data: headings and cells, drawn as HTML by the templates and as aligned text here."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from adm_notebook.display.numbers import Number
from adm_notebook.display.words import Words, clip, plain

__all__ = ["Cell", "Column", "Grid", "Row", "aligned", "ascii_minus", "text_width", "words_of"]

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
class Row:
    """One row: its heading, where the table has row headings, and its cells; `kind` is a class of adm.css."""

    cells: Sequence[Cell]
    heading: Words | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows; `rail` leaves room for the mark of a chosen row."""

    columns: Sequence[Column]
    rows: Sequence[Row] = field(default_factory=tuple)
    rail: bool = False


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
