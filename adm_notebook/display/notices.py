"""Small outputs that stand alone: a titled table, and a banner; HTML with a text twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adm_notebook.display.grid import Cell, Column, Grid, Row, wrapped
from adm_notebook.display.html import render
from adm_notebook.display.numbers import Number, count, missing, value_text
from adm_notebook.display.style import style_tag
from adm_notebook.display.subject import Banner
from adm_notebook.display.words import Name, Words, clip, marked, plain

__all__ = ["Notice", "TableView", "banner", "table"]

_CELL_MOST = 240


@dataclass(frozen=True, slots=True, repr=False)
class TableView:
    """A titled table that shows itself; `empty` is what it says without rows."""

    grid: Grid
    title: Words = ()
    empty: Words = ("Nothing here yet.",)

    def _repr_html_(self) -> str:
        body = render("table.html", title=self.title, grid=self.grid, empty=self.empty, banner=None)
        return style_tag() + body

    def __repr__(self) -> str:
        lines = [plain(self.title)] if self.title else []
        lines += wrapped(self.grid) if self.grid.rows else [plain(self.empty)]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, repr=False)
class Notice:
    """A banner that shows itself."""

    said: Banner

    def _repr_html_(self) -> str:
        return style_tag() + render("table.html", title=(), grid=None, empty=(), banner=self.said)

    def __repr__(self) -> str:
        first = f"{self.said.strong} {plain(self.said.words)}".rstrip()
        return "\n".join([first, *(f"- {plain(line)}" for line in self.said.more)])


def table(
    rows: Sequence[Mapping[str, Any] | Sequence[Any]],
    columns: Sequence[str | Column],
    *,
    title: str = "",
    empty: str = "Nothing here yet.",
) -> TableView:
    """A table of plain values.

    Parameters
    ----------
    rows
        each a sequence of cells, or a mapping from column labels to cells. Whole numbers are written with thousands,
        other numbers as a config spells them, `Number` and `Code` as they are; all else is text, never markup.
    columns
        headings; a `Column` may also say that it holds words, or what it means. Columns given as text hold words
        where no row has a number in them.
    title, empty
        sentences above the table, and in its place where there are no rows; code stands between backticks.

    Examples
    --------
    >>> print(repr(table([["momentum", 1], ["rsi", 3]], ["strategy", "parameters"])))
    strategy  parameters
    momentum           1
    rsi                3
    """
    labels = [c.label if isinstance(c, Column) else c for c in columns]
    cells = [[_cell(v) for v in ([r.get(k) for k in labels] if isinstance(r, Mapping) else r)] for r in rows]
    made = [
        c if isinstance(c, Column) else Column(c, left=not any(isinstance(row[i], Number) for row in cells))
        for i, c in enumerate(columns)
    ]
    return TableView(Grid(made, [Row(row) for row in cells]), marked(title), marked(empty))


def banner(strong: str, text: str = "", *, kind: str = "warn", more: Sequence[str] = ()) -> Notice:
    """Something that is not as asked: `kind` is `warn` or `error`; code stands between backticks."""
    return Notice(Banner(kind, strong, marked(text), [marked(line) for line in more]))


def _cell(value: Any) -> Cell:
    if isinstance(value, Number):
        return value
    if value is None or value != value:
        return missing("nothing given")
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return Number(value_text(value))
    if isinstance(value, str):
        return [type(value)(clip(value, _CELL_MOST))] if type(value) is not str else [Name(clip(value, _CELL_MOST))]
    return list(value)
