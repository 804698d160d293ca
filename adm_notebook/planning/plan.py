"""A Plan: what will run, in which mode and why; frozen, and made without running anything.

A sweep is one plan with axes. Its rows are numbered in the order of the specification: symbol outermost, then
classifier, risk profile, settings of `backtest_config`, strategy, its parameters, the last one fastest. A row is made
on demand from its number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.market import Market
from adm_notebook.market.arrays import I64
from adm_notebook.planning.grids import Given, SettingsGrid
from adm_notebook.planning.layout import unravelled
from adm_notebook.planning.planned import Pick, PlannedClassifier, PlannedRisk, PlannedStrategy, Stack
from adm_notebook.planning.sweeps import Axis

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.config.data import DataConfig
    from adm_notebook.patterns import Pattern
    from adm_notebook.planning.promised import PromisedStore
    from adm_notebook.planning.ways import Ways
    from adm_notebook.signals import SignalStore

__all__ = ["Limits", "Objective", "Plan", "Row", "Search", "Sleeve"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use: threads, seconds, MB of memory growth, indicator columns held at once; None = no limit."""

    workers: int
    timeout_seconds: float | None
    memory_mb: float | None
    indicators: int | None


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric, and whether more of it is better."""

    metric: str
    maximise: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A search by Optuna, which learns from the rows that it has tried.

    n_trials  rows that it may try, for each symbol
    seed      of its sampler: the same search tries the same rows
    storage   path of an SQLite file that keeps it, so that a later run goes on with it; None keeps nothing
    grid      digest of what it chooses from: a search that is kept goes on with other n_trials and another seed
    """

    n_trials: int
    seed: int
    storage: str | None
    grid: str


@dataclass(frozen=True, slots=True)
class Sleeve:
    """One account of a portfolio: a strategy's combination on a symbol, with a share of the capital."""

    symbol: str
    strategy: int
    combination: int
    weight: float


@dataclass(frozen=True, slots=True)
class Row:
    """One combination, as a run sees it.

    settings    of its account; of a risk profile that depends on the bars, without what it gives
    sleeves     one, unless combined
    classifier  the combination of a classifier; None where there is none
    risk        the combination of a risk profile; None where there is none
    setting     position in the combinations of swept settings
    """

    number: int
    settings: Settings
    sleeves: tuple[Sleeve, ...]
    classifier: Pick | None = None
    risk: Pick | None = None
    setting: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """What a workflow will do.

    mode, mode_reason  `traditional` or `composable`, and why, in a sentence
    tree               the pattern that runs; `pattern` is its name
    given              settings of `backtest_config` as they were given, one for each combination of `setting_axes`
    settings           [risk][setting]: the same resolved, with what each combination of a risk profile lays over them
    combined           whether each row is one portfolio of all strategies and symbols
    objectives         what rows are ranked by, the first before all others
    store              signals that are replayed, in place of strategies
    promised           what stands for them until an earlier phase of the same workflow has kept them; no such plan runs
    search             how rows are chosen, where not all of them run
    selection          rows of the whole product that run, in order; None means all
    left_out           constraint -> combinations it dropped
    defaults           sentences on defaults that were filled in; `warnings` has the rest
    """

    config: WorkflowConfig
    workflow_type: str
    mode: str
    mode_reason: str
    tree: Pattern
    data: DataConfig
    market: Market
    strategies: tuple[PlannedStrategy, ...]
    classifiers: tuple[PlannedClassifier, ...]
    risk_profiles: tuple[PlannedRisk, ...]
    given: Given
    settings: tuple[SettingsGrid, ...]
    combined: bool
    objectives: tuple[Objective, ...]
    limits: Limits
    digest: str
    store: SignalStore | None = None
    promised: PromisedStore | None = None
    search: Search | None = None
    selection: I64 | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    defaults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()

    @property
    def setting_axes(self) -> tuple[Axis, ...]:
        """Swept settings of `backtest_config`, in the config's order."""
        return self.given.axes

    @property
    def pattern(self) -> str:
        """Name of the pattern."""
        return self.tree.name

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in the config's order."""
        return tuple(self.market)

    @cached_property
    def workflow_id(self) -> str:
        """Digest of the planned work and the bars: the same work has the same id in every process."""
        from adm_notebook.config.frozen import digest_of

        chosen = [] if self.selection is None else [self.selection.tolist()]
        return digest_of([self.digest, self.market.fingerprint, *chosen])

    @cached_property
    def classifier_stack(self) -> Stack:
        """The combinations of all classifiers."""
        return Stack(self.classifiers)

    @cached_property
    def risk_stack(self) -> Stack:
        """The combinations of all risk profiles."""
        return Stack(self.risk_profiles)

    @cached_property
    def strategy_stack(self) -> Stack:
        """The combinations of all strategies, one after the other; a combined portfolio takes one of each instead."""
        return Stack(self.strategies)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Combinations of each strategy."""
        return tuple(s.n_combinations for s in self.strategies)

    @cached_property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Symbols (1 if combined), classifiers, risk profiles, settings, strategies, with all their combinations."""
        strategies = math.prod(self.sizes) if self.combined else sum(self.sizes)
        symbols = 1 if self.combined else len(self.symbols)
        return symbols, len(self.classifier_stack), len(self.risk_stack), len(self.given), strategies

    @cached_property
    def n_rows(self) -> int:
        """Combinations that are to run."""
        return math.prod(self.shape) if self.selection is None else len(self.selection)

    @property
    def n_planned(self) -> int:
        """Combinations that a run is going to try: all of them, or as many as the search may."""
        return self.n_rows if self.search is None else min(self.n_rows, self.search.n_trials * self.shape[0])

    @property
    def objective(self) -> str:
        """The metric that the best row is best in."""
        return self.objectives[0].metric

    @property
    def maximise(self) -> bool:
        """Whether more of it is better."""
        return self.objectives[0].maximise

    @property
    def simulates(self) -> bool:
        """Whether orders are filled; else signals are kept, and nothing more."""
        return self.tree.has("execution")

    @cached_property
    def ways(self) -> Ways:
        """Which way numbers are computed: many rows at a time or one by one, compiled or in Python, and why."""
        from adm_notebook.planning.ways import ways_of

        return ways_of(self)

    @property
    def measures(self) -> tuple[str, ...]:
        """What `stats` says of a row, apart from its identity."""
        return METRICS if self.simulates else ("n_signals",)

    @property
    def output_path(self) -> str | None:
        """The folder that signals are kept in; None where they are not."""
        path: str | None = self.config.analysis_config.get("output_path")
        return path

    @property
    def results_path(self) -> str | None:
        """The folder that rows are written to while they are made; None where they are kept in memory."""
        path: str | None = self.config.infrastructure_config.get("results")
        return path

    @property
    def kinds(self) -> Mapping[str, str]:
        """How a table on disk holds each swept column: `int64`, `float64` or `str`."""
        found: Mapping[str, str] = self._columns.kinds()
        return found

    @property
    def is_single(self) -> bool:
        """Whether there is exactly one combination and nothing was swept."""
        return self.n_rows == 1 and not self.swept

    @property
    def swept(self) -> Mapping[str, Any]:
        """Columns of `stats` that hold swept values, in the order of nesting."""
        swept: Mapping[str, Any] = self._columns.swept
        return swept

    @property
    def swept_values(self) -> Mapping[str, list[Any]]:
        """Every value that each of these columns can hold, in the config's order."""
        values: Mapping[str, list[Any]] = self._columns.values()
        return values

    # ---- rows ---------------------------------------------------------------------------------------------------

    def row(self, number: int) -> Row:
        """The row with that number, 0 <= number < n_rows."""
        if not 0 <= number < self.n_rows:
            raise IndexError(f"row {number} of {self.n_rows}")
        rest = number if self.selection is None else int(self.selection[number])
        _, _, n_risk, n_settings, n_strategies = self.shape
        rest, strategy = divmod(rest, n_strategies)
        rest, setting = divmod(rest, n_settings)
        rest, risk = divmod(rest, n_risk)
        symbol, classifier = divmod(rest, self.shape[1])
        return Row(
            number=number,
            settings=self.settings[risk][setting],
            sleeves=self._sleeves(symbol, strategy),
            classifier=self.classifier_stack.pick(classifier),
            risk=self.risk_stack.pick(risk),
            setting=setting,
        )

    def _sleeves(self, symbol: int, strategy: int) -> tuple[Sleeve, ...]:
        if not self.combined:
            pick = self.strategy_stack.pick(strategy)
            assert pick is not None  # a plan has a strategy
            return (Sleeve(self.symbols[symbol], pick.entry, pick.combination, 1.0),)
        picked: list[int] = []
        for size in reversed(self.sizes):
            strategy, at = divmod(strategy, size)
            picked.append(at)
        return tuple(
            Sleeve(name, s, at, self.weights[s] / len(self.symbols))
            for s, at in enumerate(reversed(picked))
            for name in self.symbols
        )

    def coordinates(self, rows: I64) -> tuple[I64, I64, I64, I64, I64]:
        """Positions of rows on the five axes of `shape`, each (n,)."""
        base = rows if self.selection is None else self.selection[rows]
        symbol, classifier, risk, setting, strategy = unravelled(base, self.shape)
        return symbol, classifier, risk, setting, strategy

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """Each strategy's share of the capital in a combined portfolio; those without one share evenly what is left."""
        given = [s.allocation for s in self.strategies]
        left = max(0.0, 1.0 - sum(a for a in given if a is not None))
        open_ = given.count(None)
        return tuple(left / open_ if a is None else a for a in given)

    # ---- columns ------------------------------------------------------------------------------------------------

    @cached_property
    def _columns(self) -> Any:
        from adm_notebook.planning.columns import Columns

        return Columns(self)

    def identity(self, rows: I64) -> dict[str, Any]:
        """Identity columns of the rows with these numbers: portfolio, symbol, strategy, ..., swept parameters."""
        found: dict[str, Any] = self._columns.identity(rows)
        return found

    def identity_of(self, row: int) -> dict[str, Any]:
        """The same columns of one row, as plain values."""
        found: dict[str, Any] = self._columns.of_row(row)
        return found

    def places(self, rows: I64, values: Mapping[str, Sequence[Any]]) -> list[I64]:
        """For each swept column that is named, (n,) where its values in some rows stand in those given.

        These ascend where they are numbers; -1 where a row's value is none of them.
        """
        found: list[I64] = self._columns.places(rows, values)
        return found

    def rows_with_all(self, columns: Sequence[str]) -> I64:
        """Numbers of rows that between them have all combinations of values that there are in some swept columns."""
        found: I64 = self._columns.rows_with_all(columns)
        return found

    def __repr__(self) -> str:
        from adm_notebook.planning.wording import plan_text

        return plan_text(self)
