"""A trace drawn: one bar on its way through the containers; HTML with a text twin."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from adm_notebook.display.grid import Branch, Cell, Column, Grid, Row, role_beside
from adm_notebook.display.html import render
from adm_notebook.display.style import style_tag
from adm_notebook.display.words import Name, clip

if TYPE_CHECKING:
    from adm_notebook.coordinator.tracing import Trace

__all__ = ["TraceView"]

_LINES_MOST = 200
_CELL_MOST = 200


@dataclass(frozen=True, repr=False)
class TraceView:
    """Shows a trace: a row for each thing that a container gave, the container named in its first."""

    trace: Trace

    def _grid(self) -> Grid:
        rows = []
        for path, group in groupby(self.trace.lines[:_LINES_MOST], key=lambda line: line.path):
            lines = list(group)
            name, role = path.rpartition("/")[2], lines[0].role.replace("_", " ")
            branch = Branch(path.count("/"), "", clip(name, 40), role_beside(name, role), len(lines))
            for i, line in enumerate(lines):
                cells: list[Cell] = [[Name(clip(line.what, 60))], [Name(clip(line.value, _CELL_MOST))]]
                rows.append(Row(cells, branch=None if i else branch))
        return Grid([Column("Container", left=True), Column("Gave", left=True), Column("Value", left=True)], rows)

    def _repr_html_(self) -> str:
        rest = len(self.trace.lines) - _LINES_MOST
        body = render(
            "trace.html",
            title=[Name(clip(self.trace.title, 200))],
            grid=self._grid(),
            more=f"The first {_LINES_MOST} of {len(self.trace.lines):,} lines." if rest > 0 else "",
        )
        return style_tag() + body

    def __repr__(self) -> str:
        return self.trace.text()
