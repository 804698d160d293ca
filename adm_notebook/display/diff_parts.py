"""What every view of a difference is made of: rows with a glyph and a word, what is equal folded, counts, a verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adm_notebook.display.grid import Cell, Column, Grid, Row, ascii_minus, words_of
from adm_notebook.display.numbers import MINUS, Number
from adm_notebook.display.subject import Banner
from adm_notebook.display.words import Code, Note, Words, plain

if TYPE_CHECKING:
    from adm_notebook.display.picture import Chart, Theme

__all__ = ["MOST", "Count", "Joined", "Part", "diff_row", "said_left_out"]

MOST = 100
"""Rows of a kind at most."""

KINDS: Mapping[str, tuple[str, str, str]] = {
    "+": ("is-add", "+", "added"),
    "-": ("is-del", MINUS, "removed"),
    "~": ("is-mod", "~", "changed"),
    ">": ("is-mod", "↕", "moved"),
    "?": ("is-ask", "?", "not mapped"),
    "=": ("is-same", "=", "unchanged"),
}
"""Kind of a change -> class of its row, glyph, and the word that says the same."""


def diff_row(change: str, cells: Sequence[Cell]) -> Row:
    """A row; its heading holds glyph and word."""
    kind, glyph, word = KINDS[change]
    return Row(cells, [glyph, word], kind)


def said_left_out(shown: int, total: int, where: str) -> list[str]:
    """`First 100 of 203; all of them in ` and where; nothing where all are shown."""
    return (
        []
        if shown >= total
        else [f"First {shown:,} of {total:,}", *(["; all of them in ", Code(where)] if where else [])]
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of thing that may differ: what does, in the open; what doesn't, folded.

    rows, equal    at most `MOST` of each; `total` and `total_equal` say how many there are
    where          what has all of them, for the sentence beneath a table that is cut
    equal_title    of the fold: `17 metrics unchanged`; `gist` goes on from there
    fixed          whether the columns of old and new have a fixed width: values are words
    open_most      rows in the open; those after them are folded
    note           a sentence about all rows, beneath them
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    total: int = 0
    where: str = ""
    equal_columns: Sequence[Column] = ()
    equal: Sequence[Row] = ()
    total_equal: int = 0
    equal_title: str = ""
    gist: Words = ()
    fixed: bool = False
    open_most: int = MOST
    note: str = ""

    def grid(self, most: int) -> Grid:
        return Grid(self.columns, self.rows[: min(most, self._open)])

    def more_grid(self, most: int) -> Grid:
        """The rows that are folded."""
        return Grid(self.columns, self.rows[self._open : most])

    @property
    def _open(self) -> int:
        """As many as said; two more are not worth a fold."""
        return self.open_most if len(self.rows) > self.open_most + 2 else len(self.rows)

    def equal_grid(self, most: int) -> Grid:
        return Grid(self.equal_columns or self.columns, self.equal[:most])

    def said(self, most: int) -> list[str]:
        return said_left_out(min(most, len(self.rows)), self.total, self.where)

    def said_equal(self, most: int) -> list[str]:
        return said_left_out(min(most, len(self.equal)), self.total_equal, "")


@dataclass(frozen=True, slots=True)
class Count:
    """One figure of the strip beneath the verdict: `68 of 68`."""

    label: str
    number: Number
    of: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """One view of a difference, from the verdict to what to type next; any part may be missing.

    identical  None where nothing was compared: no `=` and no `≠`
    above      parts before the picture; `below` those after it
    draw       makes the picture, `alt` says it in words
    volatile   what differs from run to run, marked as such: timings, memory
    """

    title: Words
    identical: bool | None = None
    sentences: Sequence[Words] = ()
    banner: Banner | None = None
    counts: Sequence[Count] = ()
    above: Sequence[Part] = ()
    below: Sequence[Part] = ()
    draw: Callable[[Theme], Chart] | None = None
    alt: str = ""
    notes: Sequence[Words] = ()
    volatile: str = ""
    next: Sequence[str] = field(default_factory=tuple)

    @property
    def mark(self) -> str:
        return "" if self.identical is None else "=" if self.identical else "≠"

    def text(self, lines_most: int = 20, columns: int = 80) -> str:
        """The same in plain text: verdict, banner, then the first rows of each part."""
        head = [_wrapped(f"{self.mark} {plain(self.title)}".strip(), columns, 2)]
        head += [_wrapped(plain(sentence), columns, 2) for sentence in self.sentences]
        if self.banner is not None:
            head.append(_wrapped(f"{self.banner.strong} {plain(self.banner.words)}", columns, 3))
        lines = [line for sentence in head for line in sentence]
        parts = [p for p in (*self.above, *self.below) if p.rows or p.equal_title]
        tail = [line for note in self.notes[:2] for line in _wrapped(plain(note), columns, 2)]
        room = lines_most - len(lines) - len(tail) - sum(2 if p.rows else 1 for p in parts)
        for i, part in enumerate(parts):
            if not part.rows:
                lines.append(part.equal_title)
                continue
            lines.append(
                f"{part.title}:" if part.total <= 1 or ":" in part.title else f"{part.title} ({part.total:,}):"
            )
            waiting = sum(bool(p.rows) for p in parts[i:])
            take = min(len(part.rows), 1 + max(room, 0) // waiting)
            room -= take - 1
            lines += [f"  {_text_row(row, part.columns)}" for row in part.rows[:take]]
        lines += tail
        fitted = [ascii_minus(line if len(line) <= columns else f"{line[: columns - 3]}...") for line in lines]
        return "\n".join(fitted[:lines_most])


def _wrapped(text: str, columns: int, most: int) -> list[str]:
    lines = textwrap.wrap(text, columns, break_on_hyphens=False)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][: columns - 4]} ..."]


def _text_row(row: Row, columns: Sequence[Column]) -> str:
    """`~ commission: 0.001 > 0`: the glyph, what it is about, its values; pairs of old and new by their names."""
    glyph = (row.heading or ("",))[0]
    first, *values = (_text_cell(cell) for cell in row.cells)
    said: list[str] = []
    for column, value in zip(columns[1:], values, strict=True):
        name = column.label.removesuffix(", old")
        if column.label == "new" and said and value:
            said[-1] += f" > {value}"
        elif name != column.label:
            said.append(f"{name.lower()} {value}".rstrip() if value else "")
        elif value:
            said.append(value)
    joint = ", " if any(column.label == "new" for column in columns) else " > "
    told = joint.join(part for part in said if part)
    return f"{glyph} {first}{f': {told}' if told else ''}"


def _text_cell(cell: Cell) -> str:
    if isinstance(cell, Number):
        return cell.plain
    return "".join(f" ({f})" if isinstance(f, Note) else f for f in words_of(cell))
