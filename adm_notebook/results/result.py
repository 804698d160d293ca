"""The result of a workflow: a table of all combinations, the best of them in detail, and how the run went."""

from __future__ import annotations

import contextlib
import copy
import operator
import uuid
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.engine.account import METRICS
from adm_notebook.errors import RunError, shown
from adm_notebook.results import hooks
from adm_notebook.results.detail import Benchmark, Detail
from adm_notebook.results.facts import RunFacts
from adm_notebook.results.rows import KeptRows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from adm_notebook.config import WorkflowConfig
    from adm_notebook.results.diff import ResultDiff

__all__ = ["IDENTITY", "WorkflowResult", "metrics_of"]

IDENTITY = ("portfolio", "symbol", "strategy", "classifier", "risk_profile")
"""The first columns of `stats`: which combination a row is; swept parameters follow, then metrics, status, error."""

CONTAINER_TYPES = {
    "path": "str", "role": "str", "name": "str", "state": "str", "requested": "int64", "computed": "int64",
    "cache_hits": "int64", "wall_time": "float64", "rows_in": "int64", "rows_out": "int64", "bytes_held": "int64",
    "failed": "int64", "id": "str",
}  # fmt: skip
"""Columns of `WorkflowResult.containers` and their types; the path is its index."""

CONTAINER_COLUMNS = tuple(name for name in CONTAINER_TYPES if name != "path")

TRADE_COLUMNS = (
    "symbol", "strategy", "direction", "size", "entry_bar", "entry_time", "entry_price", "exit_bar", "exit_time",
    "exit_price", "pnl", "return", "fees", "exit_reason",
)  # fmt: skip


def pareto(stats: pd.DataFrame, objectives: Sequence[tuple[str, bool]]) -> pd.DataFrame:
    """The rows that are ok and that no other row beats: as good in every objective, and better in one.

    objectives  (metric, whether more of it is better)
    """
    import numpy as np

    known = stats[(stats["status"] == "ok") & stats[[name for name, _ in objectives]].notna().all(axis=1)]
    values = np.column_stack([known[name].astype(float) * (1 if up else -1) for name, up in objectives])
    order = np.lexsort(tuple(-values[:, k] for k in reversed(range(values.shape[1]))))
    front: list[int] = []
    for i in order:  # whoever beats a row comes before it in this order
        kept = values[front]
        beaten = (kept >= values[i]).all(axis=1) & (kept > values[i]).any(axis=1)
        if not beaten.any():
            front.append(int(i))
    return known.iloc[front]


def metrics_of(row: pd.Series[Any]) -> dict[str, float]:
    """The metrics in a row of `stats`, by name; those that count are whole numbers."""
    counts = ("n_trades", "n_unfilled")
    return {name: int(row[name]) if name in counts else float(row[name]) for name in METRICS}


class WorkflowResult:
    """What a workflow computed; the class a notebook's `result` is.

    Attributes
    ----------
    success
        whether the workflow ran to its end; a run that failed or was stopped is never a success.
    errors, warnings
        sentences: why it failed; what was filled in, dropped or unusual.
    workflow_id
        digest of the planned work and the bars: the same work has the same id in every process.
    workflow_type, mode, pattern
        what ran, and how: `backtest`, `composable`, `simple_backtest`.
    config
        the WorkflowConfig as it was when the run started.
    duration_seconds
        wall time of the run.
    metadata
        `mode_reason`, `run_id`, `partial`, `ended`, `versions`, `fingerprint` of the bars, `objectives`,
        `peak_memory_mb`: by how much the memory of the process grew at most while it ran (None where the system does
        not say); `signals_path` where signals were kept, and `kept`: how many `signals` of how many `combinations`.
    benchmark
        buy and hold over the bars of the best row; None where there is no best row.
    phases
        of a hybrid workflow: name -> result, in order, this one the last; empty for any other.

    What its properties return is the user's own: writing to it changes nothing here.
    """

    def __init__(
        self,
        *,
        success: bool,
        config: WorkflowConfig,
        stats: pd.DataFrame | KeptRows,
        workflow_id: str,
        workflow_type: str,
        mode: str,
        pattern: str,
        duration_seconds: float,
        errors: Sequence[str] = (),
        warnings: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        facts: RunFacts | Callable[[], RunFacts] | None = None,
        best_detail: Detail | None = None,
        benchmark: Benchmark | None = None,
        recompute: Callable[[int], Detail] | None = None,
        containers: pd.DataFrame | None = None,
        phases: Mapping[str, WorkflowResult | None] | None = None,
    ) -> None:
        self.success = success
        self.errors, self.warnings = list(errors), list(warnings)
        self.workflow_id, self.workflow_type = workflow_id, workflow_type
        self.mode, self.pattern = mode, pattern
        self.config = config
        self.duration_seconds = duration_seconds
        self.metadata = dict(metadata or {})
        self._stats = stats
        self._facts = facts or RunFacts()
        self.benchmark = benchmark
        self._best_detail = best_detail
        self._recompute = recompute
        self._containers = containers
        self.phases = {name: self if phase is None else phase for name, phase in (phases or {}).items()}
        self._best_label = None if best_detail is None else best_detail.row
        self._best_row: pd.DataFrame | None = None
        if isinstance(stats, KeptRows) and self._best_label is not None:
            with contextlib.suppress(RunError):  # whoever asks for the best row is told
                self._row(self._best_label)

    @property
    def stats(self) -> pd.DataFrame:
        """One row a combination, in the order of the plan, labelled by its number.

        Columns: identity (`portfolio`, `symbol`, `strategy`, `classifier`, `risk_profile`), one a swept parameter, the
        metrics of the specification, `status` (ok, invalid, failed) and `error`. Rows that never ran are absent.

        Raises
        ------
        RunError
            where they are in a folder that is gone, or in which another run has put its own.
        """
        if isinstance(self._stats, KeptRows):  # too many to hold: read from their folder at each call
            return self._stats.read()
        return self._stats.copy(deep=False)  # under copy-on-write a write to it copies what it changes

    @property
    def kept_rows(self) -> KeptRows | None:
        """Where the rows are, if they are in a folder rather than in memory."""
        return self._stats if isinstance(self._stats, KeptRows) else None

    @property
    def containers(self) -> pd.DataFrame:
        """The container tree as it ran, one row a container, indexed by path.

        Columns: role, name, state, requested, computed, cache_hits (how often work was asked for, had to be done, was
        there already), wall_time (seconds in it, over all threads), rows_in, rows_out (bars, or trades), bytes_held
        (the most that was kept for sharing), failed (rows that ended in it), id (the same for the same work in every
        process). Empty where nothing ran.
        """
        if self._containers is None:
            import pandas as pd

            return pd.DataFrame(columns=list(CONTAINER_COLUMNS), index=pd.Index([], name="path"))
        return self._containers.copy(deep=False)

    @property
    def facts(self) -> RunFacts:
        """What the card says beside figures; put into words when first asked for."""
        if not isinstance(self._facts, RunFacts):
            self._facts = self._facts()
        return self._facts

    # ---- the best row -------------------------------------------------------------------------------------------

    @property
    def best(self) -> pd.Series[Any] | None:
        """The best row of `stats` by `optimization_config.objective`, or None where no row is ok."""
        if self._best_label is None:
            return None
        row: pd.Series[Any] = self._row(self._best_label).loc[self._best_label]  # type: ignore[assignment]
        return row

    def _row(self, label: int) -> pd.DataFrame:
        """The rows of `stats`, or, of those in a folder, the one with that label; the best is not read again."""
        if not isinstance(self._stats, KeptRows):
            return self._stats
        if label != self._best_label:
            return self._stats.read(row=label)
        if self._best_row is None:
            self._best_row = self._stats.read(row=label)
        return self._best_row

    @property
    def pareto(self) -> pd.DataFrame:
        """The rows of `stats` that no other row beats in all objectives, best first by the first objective.

        With one objective, its best row and those equal to it. Rows that are not ok, or have no value in an objective,
        are left out.

        Raises
        ------
        RunError
            where nothing was simulated: signals were kept, and no row has an objective.
        """
        if "n_signals" in self.stats:
            raise RunError("pareto: signals were kept and nothing was simulated, so that no row has an objective")
        return pareto(self.stats, [(str(m), bool(up)) for m, up in self.metadata.get("objectives", [["sharpe", True]])])

    @property
    def metrics(self) -> dict[str, float]:
        """Metrics of the best row, by name; empty where no row is ok."""
        best = self.best
        return {} if best is None else metrics_of(best)

    @property
    def trades(self) -> pd.DataFrame:
        """Trades of the best row in order of entry, one row a trade; empty where no row is ok.

        Columns: symbol, strategy, direction (`long`, `short`), size (units, unsigned), entry_bar, entry_time,
        entry_price, exit_bar, exit_time, exit_price, pnl (money, after fees), return (a fraction), fees, exit_reason.
        """
        if self._best_detail is None:
            import pandas as pd

            return pd.DataFrame(columns=list(TRADE_COLUMNS))
        return self._best_detail.trades

    @property
    def equity(self) -> pd.Series[float]:
        """(n_bars,) money of the best row at each close, indexed by time; empty where no row is ok."""
        if self._best_detail is None:
            import pandas as pd

            return pd.Series(dtype=float, name="equity")
        return self._best_detail.equity

    @property
    def signals(self) -> pd.DataFrame:
        """The signals that the run kept, one row a change of what a strategy wants, or a bar with a flag.

        Columns as `SignalStore.signals` has them; read from the store at each call. Empty where none were kept.

        Raises
        ------
        RunError
            where the store is gone, damaged, or replaced by that of another run.
        """
        if self.metadata.get("signals_path") is None:
            import pandas as pd

            return pd.DataFrame()
        from adm_notebook.results.kept import kept_store

        return kept_store(self).signals()

    def detail(self, row: int) -> Detail:
        """Trades and equity of the row of `stats` with the label `row`, computed again on demand.

        Raises
        ------
        RunError
            if there is no such row, if the row is not ok, or if its bars are out of reach.
        """
        try:
            number = operator.index(row)
        except TypeError:
            number = None
        if number is None or isinstance(row, bool):
            raise RunError(f"detail({shown(row)}): name a row by its number, one of the labels of result.stats")
        stats = self._row(number)
        if number not in stats.index:
            stats = self.stats
            held = f"rows {stats.index.min()} to {stats.index.max()}" if len(stats) else "no rows"
            raise RunError(
                f"detail({number}): there is no such row; this result has {held} (the labels of result.stats)"
            )
        status = stats.at[number, "status"]
        if status != "ok":
            raise RunError(f"detail({number}): this row is {status!s}: {stats.at[number, 'error']!s}")
        if not set(METRICS) & set(stats.columns):
            raise RunError(f"detail({number}): signals were kept, and nothing was simulated; replay them first")
        if self._best_detail is not None and number == self._best_detail.row:
            return self._best_detail
        if self._recompute is None:
            self._recompute = hooks.call("recompute", self)
        return self._recompute(number)

    @property
    def final_results(self) -> dict[str, Any]:
        """The plain dict that code written for the old coordinator reads, of the best row.

        `metrics`: as `metrics`; `trades`: a list of dicts, one a trade; `equity_curve`: a list of (n_bars,) floats.
        """
        return {
            "metrics": self.metrics,
            "trades": self.trades.to_dict("records"),
            "equity_curve": self.equity.tolist(),
        }

    # ---- looking, comparing, keeping ----------------------------------------------------------------------------

    def plot(self) -> Figure:
        """The chart of the card as a matplotlib figure: equity and drawdown, or the heatmap of a sweep."""
        figure: Figure = hooks.call("plot", self)
        return figure

    def compare(self, other: WorkflowResult, rtol: float = 1e-9) -> ResultDiff:
        """What differs between this result, the old one, and another: rows, metrics, equity, trades.

        Raises
        ------
        RunError
            if `other` is no result, or `rtol` no number from 0 to 1.
        """
        from adm_notebook.results.diff import compare_results

        return compare_results(self, other, rtol=rtol)

    def save(self, directory: str | PathLike[str]) -> Path:
        """Write the result as Parquet and JSON into the folder `directory`, which is made; returns its absolute path.

        Raises
        ------
        RunError
            where the folder holds anything but an older result, or can't be written.
        ConfigError
            where the config holds what text can't, such as a function.
        """
        from adm_notebook.results.storage import save

        return save(self, directory)

    def as_hybrid(
        self,
        *,
        config: WorkflowConfig,
        phases: Mapping[str, WorkflowResult],
        mode_reason: str,
        workflow_id: str,
        duration: float,
        missing: Sequence[str] = (),
        failed: str | None = None,
    ) -> WorkflowResult:
        """This result as that of a hybrid workflow, whose last phase it is.

        Parameters
        ----------
        config
            of the workflow, with its phases.
        phases
            name -> result, in order, this one the last.
        missing
            names of phases that never ran.
        failed
            name of this phase, where it is one that failed.
        """
        errors = [f"Phase {failed}: {error}" for error in self.errors] if failed else list(self.errors)
        if missing and errors:
            errors.append(f"Never ran: {', '.join(missing)}.")
        whole = copy.copy(self)
        whole.config, whole.phases, whole.errors = config, dict(phases), errors
        whole.mode, whole.workflow_id, whole.duration_seconds = "hybrid", workflow_id, duration
        whole.metadata = {
            **self.metadata,
            "mode_reason": mode_reason,
            "run_id": uuid.uuid4().hex,
            "partial": bool(self.metadata.get("partial")) or bool(missing),
            "phase": list(phases)[-1],
        }
        return whole

    @classmethod
    def load(cls, directory: str | PathLike[str]) -> WorkflowResult:
        """Read what `save` wrote.

        Raises
        ------
        RunError
            where there is no result, where it is damaged, or where a later version wrote it.
        """
        from adm_notebook.results.storage import load

        return load(directory)

    def __repr__(self) -> str:
        text: str = hooks.call("text", self)
        return text

    def _repr_html_(self) -> str:
        html: str = hooks.call("html", self)
        return html

    def _ipython_display_(self) -> None:
        hooks.call("display", self)
