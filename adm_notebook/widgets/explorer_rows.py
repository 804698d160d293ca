"""The rows of a result as the explorer's table: filtered, sorted, and handed out a window at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.display.measures import measure
from adm_notebook.display.numbers import value_text
from adm_notebook.display.sweeps import is_numeric
from adm_notebook.display.words import clip
from adm_notebook.engine.account import METRICS
from adm_notebook.errors import RunError, did_you_mean, shown
from adm_notebook.market.arrays import F64, I64
from adm_notebook.widgets.explorer_filter import Filter, number_of, read_filter

__all__ = ["WINDOW", "RowColumn", "Rows"]

WINDOW = 100
"""Rows in a message."""

_FIRST = ("total_return", "max_drawdown", "n_trades", "win_rate")
"""Metrics that stand beside the objective; the others follow them."""

_LONGEST = 120
"""Characters of a cell."""

_SHORT = {"total_return": "Return", "max_drawdown": "Drawdown"}
"""Headings that are shorter here than on cards."""

_NAMES = {"symbol": "Symbol", "strategy": "Strategy", "classifier": "Classifier", "risk_profile": "Risk profile"}


@dataclass(frozen=True, slots=True)
class RowColumn:
    """One column of the table.

    name   as `stats` has it, and as a filter writes it
    label  its heading; `title` says what it is
    words  whether it holds words, which stand left
    write  a value -> its text
    """

    name: str
    label: str
    title: str
    words: bool
    write: Callable[[Any], Any]

    def to_json(self) -> dict[str, Any]:
        """What a page needs of it."""
        return {"name": self.name, "label": clip(self.label, 60), "title": self.title, "words": self.words}


class Rows:
    """All rows of `stats`, of which some are shown, in some order.

    Parameters
    ----------
    stats
        as `WorkflowResult.stats` has them.
    swept
        columns of swept parameters.
    objective
        the metric that rows are sorted by at first, the best row first.
    """

    def __init__(self, stats: pd.DataFrame, swept: Sequence[str], objective: str, maximise: bool) -> None:
        self.table = stats.assign(row=stats.index.to_numpy())
        self.columns = _columns(self.table, swept, objective)
        self.filter: Filter | None = None
        self.sorted_by, self.descending = (objective, maximise) if objective in self.table.columns else ("row", False)
        self._met: Any = np.ones(len(self.table), np.bool_)
        self._order: I64 = np.empty(0, np.int64)
        self._keys: dict[str, F64] = {}
        self._arrange()

    def __len__(self) -> int:
        return len(self._order)

    @property
    def n_total(self) -> int:
        """How many there are, shown or not."""
        return len(self.table)

    @property
    def labels(self) -> I64:
        """(n,) labels in `stats` of the rows that are shown, in order."""
        labels: I64 = self.table.index.to_numpy()[self._order]
        return labels

    def keep(self, text: str) -> None:
        """Show the rows that meet a condition alone; all of them for empty text.

        Raises
        ------
        ConfigError
            for text that is no condition over the columns; nothing changes then.
        """
        found = read_filter(text, list(map(str, self.table.columns))) if text.strip() else None
        self._met = np.ones(len(self.table), np.bool_) if found is None else found.where(self.table)
        self.filter = found
        self._arrange()

    def sort(self, column: str, descending: bool) -> None:
        """Order the rows by a column; rows without a value come last, equals keep the order of the plan.

        Raises
        ------
        RunError
            where there is no such column.
        """
        if column not in self.table.columns:
            known = list(map(str, self.table.columns))
            raise RunError(f"There is no column {shown(column)} to sort by.{did_you_mean(column, known)}")
        self.sorted_by, self.descending = column, bool(descending)
        self._arrange()

    def window(self, start: int) -> list[list[str]]:
        """At most `WINDOW` rows from position `start` on, as texts, in the order of `columns`."""
        at = self._order[max(0, start) : max(0, start) + WINDOW]
        part = self.table.iloc[at]
        texts = [[_text(column.write, value) for value in part[column.name].tolist()] for column in self.columns]
        return [list(row) for row in zip(*texts, strict=True)]

    def position(self, label: int | None) -> int | None:
        """Where a row stands among those shown; None where it is not among them."""
        found = np.flatnonzero(self.labels == (-1 if label is None else label))
        return int(found[0]) if len(found) else None

    def nothing(self) -> str:
        """What is said where no row is shown."""
        if len(self):
            return ""
        if self.filter is None:
            return "This result has no rows: nothing ran."
        return f"No row matches. {self.filter.nearest(self.table)}".strip()

    def _arrange(self) -> None:
        keys = self._key(self.sorted_by)
        order = np.argsort(-keys if self.descending else keys, kind="stable")  # NaN is last either way
        self._order = order[self._met[order]]

    def _key(self, name: str) -> F64:
        """(n_total,) numbers in the order of a column's values; NaN where it has none."""
        if name not in self._keys:
            column = self.table[name]
            if is_numeric(column):
                self._keys[name] = column.to_numpy(np.float64)
            else:
                codes, _ = pd.factorize(column.map(str, na_action="ignore"), sort=True)
                self._keys[name] = np.where(codes < 0, np.nan, codes)
        return self._keys[name]


def _columns(table: pd.DataFrame, swept: Sequence[str], objective: str) -> list[RowColumn]:
    """The number of a row, what sets it apart, the objective, metrics, and its status where not all are well."""
    names = [n for n in _NAMES if n in table.columns and table[n].nunique(dropna=False) > 1]
    measured = [n for n in table.columns if n in METRICS or n == "n_signals"]
    order = dict.fromkeys(n for n in (objective, *_FIRST, *measured) if n in measured)
    status = ["status", "error"] if (table["status"] != "ok").any() else []
    found = [RowColumn("row", "Row", "Its label in result.stats, which result.detail takes", False, _whole)]
    found += [RowColumn(n, _NAMES[n], "", True, str) for n in names]
    found += [RowColumn(n, n, "Swept parameter", not is_numeric(table[n]), value_text) for n in swept if n in table]
    found += [RowColumn(n, _SHORT.get(n) or measure(n).heading, measure(n).means, False, number_of(n)) for n in order]
    return found + [RowColumn(n, n.capitalize(), "", True, str) for n in status]


def _whole(value: Any) -> str:
    return f"{value:,}"


def _text(write: Callable[[Any], Any], value: Any) -> str:
    text = "" if value is None else str(write(value))
    return text if len(text) <= _LONGEST else clip(text, _LONGEST)
