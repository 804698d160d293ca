"""A ResultDiff as HTML: the verdict in the first line, what differs in the open, what is equal folded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adm_notebook.display.grid import Cell, Column, Grid, Row
from adm_notebook.display.html import render
from adm_notebook.display.measures import measure
from adm_notebook.display.numbers import INFINITY, MINUS, Number, missing
from adm_notebook.display.style import style_tag
from adm_notebook.display.words import Name, clip, plural

if TYPE_CHECKING:
    from adm_notebook.results.diff import ResultDiff

__all__ = ["diff_html_of"]

_MOST = 40  # differences of a kind that are listed
_KINDS = {"+": ("is-add", "added"), "-": ("is-del", "removed"), "~": ("is-mod", "changed")}


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    grid: Grid
    said: str = ""


def diff_html_of(diff: ResultDiff) -> str:
    """Verdict, where the equities part, and the metrics, trades and combinations that differ; style sheet included."""
    same = [m for m in diff.metrics.to_dict("records") if m["same"]]
    parting = ""
    if diff.first_bar is not None:
        when = str(diff.first_time).removesuffix(" 00:00:00")
        parting = f"Equity parts at bar {diff.first_bar:,} ({when}) and is apart by {diff.largest_gap:,.2f} at most."
    body = render(
        "diff.html",
        identical=diff.identical,
        verdict=f"{diff.verdict[:1].upper()}{diff.verdict[1:]}",
        parting=parting,
        sections=[_metrics(diff), _trades(diff), _combinations(diff)],
        equal=Grid(
            [Column("Metric", left=True), Column("Value")],
            [Row([[measure(str(m["metric"])).label], _value(m["new"])]) for m in same],
        ),
        equal_gist=f"{plural(len(same), 'metric')} of the best row",
    )
    return style_tag() + body


def _metrics(diff: ResultDiff) -> _Section:
    changed = [m for m in diff.metrics.to_dict("records") if not m["same"]]
    rows = [_row("~", [[measure(str(m["metric"])).label], _value(m["old"]), _value(m["new"])]) for m in changed]
    return _Section("Metrics of the best row", Grid([Column("Metric", left=True), *_value_columns(rows)], rows))


def _trades(diff: ResultDiff) -> _Section:
    rows = [
        _row(
            str(t["change"]),
            [
                [Name(clip(str(t["entry"]).removesuffix(" 00:00:00"), 80))],
                [str(t["field"]).replace("_", " ")],
                _value(t["old"]),
                _value(t["new"]),
            ],
        )
        for t in diff.trades.head(_MOST).to_dict("records")
    ]
    columns = [Column("Entry", left=True), Column("What", left=True), *_value_columns(rows)]
    return _Section("Trades of the best row", Grid(columns, rows), _said(len(diff.trades), ".trades"))


def _combinations(diff: ResultDiff) -> _Section:
    keys = [str(c) for c in diff.rows.columns if c not in ("metric", "old", "new")]
    rows = [
        _row(
            {"missing": "-"}.get(str(r["new"]), "+" if str(r["old"]) == "missing" else "~"),
            [
                *([Name(clip(str(r[k]), 40))] for k in keys),
                [_label(str(r["metric"]))],
                _value(r["old"]),
                _value(r["new"]),
            ],
        )
        for r in diff.rows.head(_MOST).to_dict("records")
    ]
    columns = [*(Column(clip(k, 40), left=True) for k in keys), Column("What", left=True), *_value_columns(rows)]
    return _Section("Combinations", Grid(columns, rows), _said(len(diff.rows), ".rows"))


def _value_columns(rows: Sequence[Row]) -> list[Column]:
    """Old and new, the last two cells of each row: words to the left, unless there is a number among them."""
    has_number = any(isinstance(cell, Number) for row in rows for cell in row.cells[-2:])
    return [Column("Old", left=not has_number), Column("New", left=not has_number)]


def _label(metric: str) -> str:
    return metric if metric in ("row", "status") else measure(metric).label


def _said(n: int, where: str) -> str:
    return f"First {_MOST} of {n:,}; all of them in {where} of the difference." if n > _MOST else ""


def _row(change: str, cells: Sequence[Cell]) -> Row:
    kind, word = _KINDS[change]
    return Row(cells, [change.replace("-", MINUS), word], kind)


def _value(value: Any) -> Cell:
    """A value with ten digits: differences may be small."""
    if isinstance(value, str) or not isinstance(value, (int, float)):
        return [str(value)]
    if math.isnan(value):
        return missing()
    if math.isinf(value):
        return Number(f"{MINUS if value < 0 else ''}{INFINITY}")
    return Number(f"{value:,.10g}".replace("-", MINUS))
