"""The result explorer: a table of all combinations, and the chosen one on its prices.

The table, the heatmap and the charts are sent by messages when a page asks for them; the traits, which a notebook
saves, hold only what is chosen. All that a page can do is a method here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from adm_notebook.display.grid import Column, Grid, Row, aligned
from adm_notebook.display.numbers import value_text
from adm_notebook.display.subject import Subject
from adm_notebook.display.sweeps import is_missing
from adm_notebook.display.words import clip, plain, plural
from adm_notebook.errors import AdmError, ConfigError, RunError, named, shown
from adm_notebook.results import WorkflowResult
from adm_notebook.widgets.base import AdmWidget, module, style
from adm_notebook.widgets.explorer_heat import HeatMap, heat_map
from adm_notebook.widgets.explorer_page import answer
from adm_notebook.widgets.explorer_row import ChosenRow
from adm_notebook.widgets.explorer_rows import Rows
from adm_notebook.widgets.ohlc import Candles
from adm_notebook.widgets.vendor import LIGHTWEIGHT_CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.config import WorkflowConfig
    from adm_notebook.planning import Plan

__all__ = ["Explorer", "explore"]

_KEPT = 8
"""Rows whose trades and equity are kept once they were looked at."""

_LINES = 10
"""Rows of the table that are shown as text, where there is no kernel."""


def explore(result: WorkflowResult, name: str = "explorer") -> Explorer:
    """Look at all combinations of a result: sort, filter, and choose one to see it on its prices.

    Parameters
    ----------
    result
        of a workflow that simulated.
    name
        the variable that holds the explorer, as its last line writes it.

    Raises
    ------
    RunError
        where it is no result, or one that simulated nothing.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> strategy = {"type": "ma_crossover", "parameters": {"fast": [5, 10], "slow": 50}}
    >>> result = adm.EnhancedCoordinator().run(adm.WorkflowConfig(backtest_config={"strategy": strategy}))
    >>> explore(result).filter("fast > 5")
    1
    """
    return Explorer(result, name)


class Explorer(AdmWidget):
    """All combinations of a result, and the one that is chosen.

    Attributes
    ----------
    selected
        the chosen row of `result.stats`, a Series; at first the best one. None where no row is ok.
    config
        a WorkflowConfig of the chosen row: the same workflow with its parameters fixed.
    cell
        the same as the text of a `%%adm` cell.
    query, sort_column, descending
        the filter and the order in force.
    period
        first and last bar of the period that is measured, both included; None is the whole history.
    """

    _esm = module(
        "explorer_parts", "explorer_table", "explorer_heat", "explorer_overview", "explorer_prices", "explorer"
    )
    _css = AdmWidget._css + style("explorer")

    name = traitlets.Unicode("explorer").tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    columns: traitlets.List[Any] = traitlets.List().tag(sync=True)
    n_rows = traitlets.Int().tag(sync=True)
    n_total = traitlets.Int().tag(sync=True)
    query = traitlets.Unicode().tag(sync=True)
    sort_column = traitlets.Unicode().tag(sync=True)
    descending = traitlets.Bool().tag(sync=True)
    nothing = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)
    selected_row = traitlets.Int(None, allow_none=True).tag(sync=True)
    position = traitlets.Int(None, allow_none=True).tag(sync=True)
    heading = traitlets.Unicode().tag(sync=True)
    period: Any = traitlets.List(None, allow_none=True).tag(sync=True)
    used = traitlets.Dict().tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    charts = traitlets.Unicode(LIGHTWEIGHT_CHARTS).tag(sync=True)
    version = traitlets.Int().tag(sync=True)

    def __init__(self, result: WorkflowResult, name: str = "explorer") -> None:
        if not isinstance(result, WorkflowResult):
            raise RunError(f"explore() takes a result of a workflow, but was given {shown(result)}.")
        subject = Subject(result)
        facts = result.facts
        if len(subject.stats) and facts.objective not in subject.stats.columns:
            raise RunError(
                "This result kept signals and simulated nothing, so there is nothing to compare. "
                "Replay them: `%adm replay NAME`."
            )
        super().__init__()
        self.result = result
        self.lock = threading.RLock()
        self._swept = list(subject.swept)
        self._varying = list(subject.varying_names)
        self.rows = Rows(subject.stats, self._swept, facts.objective, facts.maximise)
        self._plan_made: Plan | None = None
        self._kept: OrderedDict[int, ChosenRow | str] = OrderedDict()
        self._wanted: int | None = None
        self._worker: threading.Thread | None = None
        self.name = name
        self.title = _title(subject)
        self.columns = [column.to_json() for column in self.rows.columns]
        self.n_total = self.rows.n_total
        self._choose(subject.best)
        self._rearranged()
        self.summary = self.text()

    # ---- the table ----------------------------------------------------------------------------------------------

    def sort(self, column: str, descending: bool | None = None) -> None:
        """Order the rows by a column of `stats`; by the same column again: the other way round.

        Raises
        ------
        RunError
            where there is no such column.
        """
        with self.lock:
            if descending is None:
                descending = not self.descending if column == self.sort_column else True
            self.rows.sort(column, descending)
            self._rearranged()

    def filter(self, text: str) -> int:
        """Show the rows that meet a condition, such as `sharpe > 0.4 and n_trades >= 8`; all for empty text.

        A row without a value that the condition speaks of does not meet it. A column whose name is no name in Python
        stands in backticks. Returns how many rows are shown.

        Raises
        ------
        ConfigError
            for text that is no condition over the columns; the filter before stays in force.
        """
        with self.lock:
            self.rows.keep(text)
            self._rearranged()
            return self.n_rows

    def window(self, start: int = 0) -> list[list[str]]:
        """At most 100 of the rows that are shown, from position `start` on, as the table writes them."""
        with self.lock:
            return self.rows.window(start)

    @property
    def shown(self) -> pd.DataFrame:
        """The rows of `stats` that the filter lets through, in the order of the table."""
        with self.lock:
            return self.rows.table.loc[self.rows.labels].drop(columns="row")

    def heat(self) -> HeatMap | None:
        """The objective over the two parameters with the largest effect, through the chosen row."""
        facts = self.result.facts
        with self.lock:
            return heat_map(self.rows.table, self.selected_row, self._swept, facts.objective, facts.maximise)

    # ---- the chosen row -----------------------------------------------------------------------------------------

    @property
    def selected(self) -> pd.Series[Any] | None:
        """The chosen row of `result.stats`."""
        label = self.selected_row
        if label is None:
            return None
        row: pd.Series[Any] = self.rows.table.loc[label].drop("row")  # type: ignore[assignment]
        return row

    def select(self, row: int) -> pd.Series[Any] | None:
        """Choose the row with the label `row`, and wait for its trades and equity.

        Raises
        ------
        RunError
            where there is no such row.
        """
        self._choose(row)
        self._load(row)
        return self.selected

    @property
    def detail(self) -> ChosenRow:
        """The chosen row with its equity, trades and prices; computed when first asked for.

        Raises
        ------
        RunError
            where no row is chosen, the row is not ok, or its bars are out of reach.
        """
        label = self.selected_row
        if label is None:
            raise RunError("No row is chosen, and none is ok.")
        found = self._look(label)
        if isinstance(found, str):
            raise RunError(found)
        return found

    def brush(self, start: int | None = None, end: int | None = None) -> dict[str, dict[str, float]]:
        """Measure bars `start` to `end` of the chosen row, both included; without them the whole history.

        Returns the metrics of the `row`, and of buy and hold (`held`), as `ChosenRow.period` defines them.

        Raises
        ------
        RunError
            where the row has no equity to measure.
        """
        detail = self.detail
        last = detail.n_bars - 1
        first, until = (0 if start is None else int(start)), (last if end is None else int(end))
        first, until = sorted((max(0, min(first, last)), max(0, min(until, last))))
        self.period = None if (first, until) == (0, last) else [first, until]
        return detail.period(first, until)

    def candles(self, start: int, end: int, pixels: int = 900, symbol: int = 0) -> Candles:
        """Candles of bars `start` to `end` - 1 of the chosen row's prices, as many as there is room for.

        Raises
        ------
        RunError
            where the row has no prices to show.
        """
        return self.detail.candles(start, end, pixels, symbol)

    # ---- its parameters -----------------------------------------------------------------------------------------

    @property
    def config(self) -> WorkflowConfig:
        """The workflow with the parameters of the chosen row in place of those that were swept.

        Raises
        ------
        RunError
            where no config says just that, or the bars are out of reach.
        """
        from adm_notebook.coordinator import EnhancedCoordinator
        from adm_notebook.planning import Plan
        from adm_notebook.planning.pinned import pinned

        if self.selected_row is None:
            raise RunError("No row is chosen, and none is ok.")
        plan = self._plan()
        config = pinned(plan, self.selected_row)
        try:
            again: object = EnhancedCoordinator().plan(config, plan.mode)
        except ConfigError:
            again = None
        if not isinstance(again, Plan) or not _same(plan, self.selected_row, again):
            raise RunError(
                f"Row {self.selected_row:,} can't be written as a config of its own: what its parameters stand for "
                "depends on the others. result.detail(row) has its trades and equity."
            )
        return config

    @property
    def cell(self) -> str:
        """A `%%adm` cell that runs the chosen row.

        Raises
        ------
        AdmError
            where the config can't be had, or can't be written as text: it holds a DataFrame, say.
        """
        text = self.config.to_yaml()
        if "{{" in text:
            raise RunError("The config holds `{{`, which a cell reads as a variable; run `explorer.config` instead.")
        return f"%%adm run chosen\n{text}"

    def use(self) -> WorkflowConfig:
        """Fix the parameters of the chosen row: the config, which the page shows as the text of a cell, too."""
        config = self.config
        try:
            self.used = {"row": self.selected_row, "cell": self.cell}
        except AdmError as error:
            self.used = {"row": self.selected_row, "why": str(error)}
        return config

    # ---- text ---------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The title and the first rows."""
        with self.lock:
            shown_columns = self.rows.columns[:8]
            rows = [Row([[cell] for cell in line[:8]]) for line in self.rows.window(0)[:_LINES]]
            columns = [Column(clip(c.label, 20), left=c.words) for c in shown_columns]
            head = f"{self.title}: {self.n_rows:,} of {plural(self.n_total, 'row')}"
            return "\n".join([head, *aligned(Grid(columns, rows), most=80, gap=2)])

    # ---- inside -------------------------------------------------------------------------------------------------

    def _rearranged(self) -> None:
        """Tell what changed when rows were sorted or filtered."""
        rows = self.rows
        with self.hold_sync():
            self.n_rows = len(rows)
            self.query = rows.filter.text if rows.filter is not None else ""
            self.sort_column, self.descending = rows.sorted_by, rows.descending
            self.nothing, self.problem = rows.nothing(), ""
            self.position = rows.position(self.selected_row)
            self.version += 1

    def _choose(self, row: int | None) -> None:
        with self.lock:
            stats = self.rows.table
            if row is not None and (isinstance(row, bool) or row not in stats.index):
                raise RunError(f"There is no row {shown(row)}; this result has {len(stats):,} (result.stats).")
            with self.hold_sync():
                self.selected_row = None if row is None else int(row)
                self.position = self.rows.position(self.selected_row)
                self.heading = "" if row is None else self._heading(int(row))
                self.period, self.used = None, {}

    def _heading(self, row: int) -> str:
        """What sets a row apart: `fast 55, slow 200`."""
        stats = self.rows.table
        named_ = [str(stats.at[row, column]) for column in self._varying]
        values = [(name, stats.at[row, name]) for name in self._swept]
        said = [*named_, *(f"{name} {value_text(v)}" for name, v in values if not is_missing(v))]
        return clip(", ".join(said) or self.title, 300)

    def _plan(self) -> Plan:
        from adm_notebook.coordinator.coordinator import plan_of_rows

        with self.lock:
            if self._plan_made is None:
                self._plan_made = plan_of_rows(self.result)
            return self._plan_made

    def _look(self, label: int) -> ChosenRow | str:
        """The row in detail, or why there is none; kept for a while."""
        with self.lock:
            if label in self._kept:
                self._kept.move_to_end(label)
                return self._kept[label]
        found: ChosenRow | str
        try:
            found = ChosenRow.of(self.result, self._plan(), label)
        except AdmError as error:
            found = str(error).removeprefix(f"detail({label}): ")
        with self.lock:
            self._kept[label] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _load(self, label: int) -> None:
        """Send a row in detail, if it is still the chosen one when it is ready."""
        found = self._look(label)
        if label != self.selected_row:
            return
        if isinstance(found, str):
            self.send({"kind": "row", "row": label, "error": found})
            return
        frame, buffers = found.curves()
        self.send(
            {
                "kind": "row",
                "row": label,
                **frame,
                "symbols": [clip(bars.symbol, 60) for bars in found.symbols],
                "every": [str(bars.calendar.label) for bars in found.symbols],
                "bars": [bars.n_bars for bars in found.symbols],
                "n_trades": len(found.account.pnl),
                "trade_columns": found.trade_columns,
            },
            buffers,
        )

    def choose_soon(self, row: int) -> None:
        """Choose a row without waiting for its trades and equity: a page gets them when they are ready.

        Raises
        ------
        RunError
            where there is no such row.
        """
        self._choose(row)
        self.load_soon()

    def load_soon(self) -> None:
        """Compute the chosen row on another thread, and send it; of rows asked for in a row, only the last."""
        with self.lock:
            self._wanted = self.selected_row
            if self._wanted is None or self._worker is not None:
                return
            self._worker = threading.Thread(target=self._work, name="adm explorer", daemon=True)
        self._worker.start()

    def _work(self) -> None:
        while True:
            with self.lock:
                label, self._wanted = self._wanted, None
                if label is None:
                    self._worker = None
                    return
            try:
                self._load(label)
            except Exception as error:  # noqa: BLE001  # whatever it is, the page says it instead of waiting for ever
                self.send({"kind": "row", "row": label, "error": named(error)})

    def _receive(self, content: Mapping[str, Any]) -> None:
        answer(self, content)


def _title(subject: Subject) -> str:
    """`ma_crossover on SP500`: the card's title without the best row."""
    text = plain([*subject._what, *subject._on_what]) if len(subject.stats) else "Nothing ran"
    return clip(text, 300)


def _same(plan: Plan, number: int, again: Plan) -> bool:
    """Whether the only row of a plan is that row of another: settings, strategies, classifier, risk profile."""
    if again.n_rows != 1:
        return False
    a, b = plan.row(number), again.row(0)
    built = [
        [(s.symbol, s.weight, p.strategies[s.strategy].build(s.combination).label) for s in row.sleeves]
        for p, row in ((plan, a), (again, b))
    ]
    parts = [
        [
            None if pick is None else (entries[pick.entry].type, entries[pick.entry].parameters(pick.combination))
            for entries, pick in ((p.classifiers, row.classifier), (p.risk_profiles, row.risk))
        ]
        for p, row in ((plan, a), (again, b))
    ]
    return a.settings == b.settings and built[0] == built[1] and parts[0] == parts[1]
