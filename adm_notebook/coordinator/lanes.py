"""Many rows at once: signals in chunks from compiled rules, accounts measured side by side, nothing kept but figures.

A row that went through every container by itself would give the same. What the lanes leave out is only what a sweep
never looks at: trades and equity, which are made again for a row that is asked for.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from adm_notebook.components import Decision, InvalidParameters, Regimes
from adm_notebook.components.program_rows import ProgramRows, evaluate
from adm_notebook.components.programs import Program, program_of
from adm_notebook.components.user_strategies import UserStrategyType
from adm_notebook.containers import ContainerTree
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.lane_accounts import LaneAccounts, LaneBatch, WantedSignals, place_of
from adm_notebook.coordinator.order import SIDE, SharedOrder
from adm_notebook.coordinator.outcome import Block, Outcome
from adm_notebook.coordinator.rows import attempt, one_line
from adm_notebook.engine.account import Signals
from adm_notebook.engine.sweep import packed
from adm_notebook.errors import AdmError, RunCancelled, RunError, RunTimedOut
from adm_notebook.market import Bars
from adm_notebook.market.arrays import F64, I64, Bool
from adm_notebook.planning import Plan, Row
from adm_notebook.planning.memory import lane_bytes, part_rows

__all__ = ["Lanes"]

MOST_AT_ONCE = SIDE * SIDE
"""Combinations whose signals are made together at most: enough to share the columns that they read."""

PATIENCE = 0.1
"""Seconds after which a batch hands over what it has, so that progress is smooth and a stop is quick."""

BAR_ROWS, ROWS = 30_000_000, 20_000
"""Bars x rows that one batch measures at most: it is over in a fraction of a second, so that a stop is. And rows: the
figures of one batch are a few MB, however few bars there are."""

BESIDE = 8
"""Rows that a batch has at least, where their bars are no more than a quarter of BAR_ROWS: what accounts read of bars
comes from memory once for all of them. If a slow batch made the next one smaller than this, that would be slow, too."""


class Lanes:
    """Runs batches of rows of a plan whose pattern holds nothing but built-in containers.

    Parameters
    ----------
    tree
        open; what it shares is used, and what is done is counted there.
    """

    def __init__(self, plan: Plan, tree: ContainerTree, gate: Gate) -> None:
        self.plan, self.tree, self.gate = plan, tree, gate
        self._bytes = lane_bytes(plan)
        self._lock = threading.Lock()
        self._accounts = LaneAccounts(plan, tree)
        self._read: set[str] = set()
        self._programs: dict[int, Program | None] = {}
        n_bars = max(bars.n_bars for bars in plan.market.values())
        self._least = max(1, min(BESIDE, BAR_ROWS // (4 * n_bars)))
        self._pace = BAR_ROWS / n_bars / (4 * PATIENCE)  # rows a second; the first batches, which tell, are small

    # ---- batches ------------------------------------------------------------------------------------------------

    def batches(self, order: SharedOrder, workers: int) -> Iterator[I64]:
        """The rows in parts that each belong to one symbol and one strategy's entry."""
        n_bars = max(bars.n_bars for bars in self.plan.market.values())
        most = ROWS if self.plan.results_path is None else part_rows(self.plan)
        return order.windows_of_entries(max(1, min(BAR_ROWS // n_bars, most, -(-len(order) // (4 * workers)))))

    def run(self, numbers: I64) -> tuple[Sequence[Outcome], I64]:
        """What was finished of one batch in about PATIENCE, or before the run had to end, and the others.

        Rows go one by one where anything is wrong with them together. Where batches took longer than they should, as on
        a machine that is busy elsewhere, the next ones are made of fewer rows.
        """
        most = min(len(numbers), max(self._least, int(self._pace * PATIENCE)))
        finished, rest = self._paced(numbers[:most])
        return finished, np.concatenate([rest, numbers[most:]]) if most < len(numbers) else rest

    def _paced(self, numbers: I64) -> tuple[Sequence[Outcome], I64]:
        began = time.perf_counter()
        try:
            block, rest = self._block(self._batch(numbers))
            self._pace = len(block) / max(1e-6, time.perf_counter() - began)
            return block, rest
        except (RunCancelled, RunTimedOut, RunError):
            raise
        except AdmError:  # whichever row it belongs to: each is tried by itself and says what is wrong
            finished: list[Outcome] = []
            began = time.perf_counter()
            for done, number in enumerate(numbers.tolist()):
                if done and self._must_hand_over(began):
                    return finished, numbers[done:]
                finished.append(attempt(self.plan.row(number), self.tree)._replace(passed=None))
            return finished, numbers[:0]

    def _must_hand_over(self, began: float) -> bool:
        return self.gate.stopped or self.gate.timed_out or time.perf_counter() - began > PATIENCE

    def _batch(self, numbers: I64) -> LaneBatch:
        symbol, classifier, risk, setting, strategy = self.plan.coordinates(numbers)
        pick = self.plan.strategy_stack.pick(int(strategy[0]))
        assert pick is not None  # a plan has a strategy
        first = int(strategy[0]) - pick.combination
        return LaneBatch(numbers, int(symbol[0]), pick.entry, strategy - first, classifier, risk, setting)

    def _block(self, batch: LaneBatch) -> tuple[Block, I64]:
        bars = self.plan.market[self.plan.symbols[batch.symbol]]
        values = np.full((len(batch.numbers), len(self.plan.measures)), math.nan)
        refused: dict[int, tuple[str, str]] = {}
        combinations, at = np.unique(batch.combination, return_inverse=True)
        program, began = self._program(batch.entry), time.perf_counter()
        step, how = self._step(bars), self.plan.ways.signals[batch.entry].how
        if program is not None:
            order = _sharing_order(self.plan.strategies[batch.entry].grid[combinations], step)
            combinations, at = combinations[order], np.argsort(order)[at]
        i = 0
        while i < len(combinations):
            if i and self._must_hand_over(began):
                return _finished(batch.numbers, values, refused, at < i)
            if how == "machine code":
                part = combinations[i : i + step]
                here = np.flatnonzero((at >= i) & (at < i + len(part)))
                i += self._functions(part, batch, at[here] - i, here, bars, values, refused)
                continue
            if program is None:
                self._one(batch, np.flatnonzero(at == i), bars, values, refused)
                i += 1
                continue
            part = combinations[i : i + max(step, self._beside(bars))]
            here = np.flatnonzero((at >= i) & (at < i + len(part)))
            here = here[np.argsort(at[here], kind="stable")]  # as signals lie, which are then not copied
            i += self._several(program, part, batch, at[here] - i, here, bars, values, refused)
        return Block(batch.numbers, values, refused), batch.numbers[:0]

    # ---- what strategies want -----------------------------------------------------------------------------------

    def _program(self, entry: int) -> Program | None:
        """The compiled rules of an entry; None where it is evaluated one combination after the other."""
        with self._lock:
            if entry not in self._programs:
                planned, program = self.plan.strategies[entry], None
                if self.plan.ways.signals[entry].how == "chunks":
                    program = planned.program or program_of(planned.kind, planned.fixed, planned.axes, planned.path)
                self._programs[entry] = program
            return self._programs[entry]

    def _step(self, bars: Bars) -> int:
        """How many combinations have their signals made together at most: these fit, and share columns."""
        return min(MOST_AT_ONCE, max(1, self._bytes // 8 // bars.n_bars))

    def _beside(self, bars: Bars) -> int:
        """How many are measured together where a step is of fewer: their signals take a quarter of the memory."""
        return min(2 * BESIDE, max(1, self._bytes // 4 // bars.n_bars))

    def _rows(self, program: Program, entry: int, combinations: I64, bars: Bars) -> ProgramRows:
        """The first of these combinations, as many as read no more columns than a thread may hold."""
        grid = self.plan.strategies[entry].grid
        while True:
            rows = program.rows(grid[combinations])
            if len(combinations) == 1 or len(rows.outputs) * bars.n_bars * 8 <= self._bytes * 3 // 4:
                return rows
            combinations = combinations[: len(combinations) // 2]

    def _several(
        self,
        program: Program,
        combinations: I64,
        batch: LaneBatch,
        at: I64,
        here: I64,
        bars: Bars,
        values: F64,
        refused: dict[int, tuple[str, str]],
    ) -> int:
        """Combinations of compiled rules: their signals are made in parts that read few columns, and measured together.

        at, here  for each row of these combinations: which of them it has, and its place in the batch
        returns   how many of the combinations are done: those that give targets, or those that give flags
        """
        began = time.perf_counter()
        feature = lambda indicator: self.tree.feature(bars, indicator)  # noqa: E731
        made = np.empty((len(combinations), bars.n_bars), np.int8)
        lookbacks, known = np.zeros(len(combinations), np.int64), np.ones(len(here), np.bool_)
        done, gives = 0, None
        while done < len(combinations):
            rows = self._rows(program, batch.entry, combinations[done : done + self._step(bars)], bars)
            if rows.groups:
                if gives not in (None, rows.gives):
                    break
                gives = rows.gives
            until = done + rows.n
            evaluate(rows, rows.columns(feature), bars.prices, made[done:until])
            lookbacks[done:until] = rows.lookbacks_with(feature, bars.prices.close)
            among = (at >= done) & (at < until)
            known[among] = self._refusals(rows, at[among] - done, here[among], refused)
            done = until
        here, at, known = here[at < done], at[at < done], known[at < done]
        self._count_data(len(here), bars)
        self.tree.count("strategy", len(here), done, time.perf_counter() - began, bars.n_bars)
        self.tree.count("ensemble", len(here), done, 0.0, bars.n_bars)
        kept, made, lookbacks = np.flatnonzero(known), made[:done], lookbacks[:done]
        if gives == "flags":
            wanted = WantedSignals(None, made.view(np.uint8), None, lookbacks)
        else:
            wanted = WantedSignals(made, None, None, lookbacks)
        self._accounts.measure(batch, here[kept], at[kept], wanted, bars, values)
        return done

    def _functions(
        self,
        combinations: I64,
        batch: LaneBatch,
        at: I64,
        here: I64,
        bars: Bars,
        values: F64,
        refused: dict[int, tuple[str, str]],
    ) -> int:
        """Combinations of a user's compiled function, called one after the other and measured together.

        at, here  as for `_several`
        returns   how many of the combinations are done: as many as there was time for
        """
        began = time.perf_counter()
        planned = self.plan.strategies[batch.entry]
        kind = planned.kind
        assert isinstance(kind, UserStrategyType)  # no other is planned so
        made = np.zeros((len(combinations), bars.n_bars), np.int8)
        lookbacks = np.zeros(len(combinations), np.int64)
        known = np.ones(len(combinations), np.bool_)
        for i, combination in enumerate(combinations.tolist()):
            if i and self._must_hand_over(began):
                combinations, made, lookbacks = combinations[:i], made[:i], lookbacks[:i]
                at, here = at[at < i], here[at < i]
                break
            try:
                strategy = kind.build(planned.parameters(combination), planned.path)
                code = kind.compiled(strategy.parameters, bars.prices.volume is not None)
                compiled = replace(strategy, machine_code=None if isinstance(code, str) else code)
                decision = compiled.evaluate(bars, lambda indicator: self.tree.feature(bars, indicator))
                assert decision.target is not None  # numba compiles no function that returns a DataFrame
                made[i], lookbacks[i] = decision.target, decision.lookback
            except AdmError as error:
                known[i] = False
                status = "invalid" if isinstance(error, InvalidParameters) else "failed"
                refused |= dict.fromkeys(here[at == i].tolist(), (status, one_line(error)))
        kept = np.flatnonzero(known[at])
        self.tree.count("strategy", len(here), len(combinations), time.perf_counter() - began, bars.n_bars)
        self.tree.count("ensemble", len(here), len(combinations), 0.0, bars.n_bars)
        if len(kept) < len(here):
            self.tree.count("strategy", 0, 0, 0.0, 0, failed=len(here) - len(kept))
        self._accounts.measure(batch, here[kept], at[kept], WantedSignals(made, None, None, lookbacks), bars, values)
        return len(combinations)

    def _count_data(self, n_rows: int, bars: Bars) -> None:
        """Bars that many rows ask for are read once."""
        with self._lock:
            first = bars.symbol not in self._read
            self._read.add(bars.symbol)
        self.tree.count("data", n_rows, int(first), 0.0, bars.n_bars)
        self.tree.count("indicator", 0, int(first), 0.0, bars.n_bars)

    def _refusals(self, rows: ProgramRows, at: I64, here: I64, refused: dict[int, tuple[str, str]]) -> Bool:
        """Which rows can be measured; the others are noted with what their strategy says."""
        known = np.ones(len(here), np.bool_)
        if len(rows.refused):
            bad = {i: one_line(error) for i, error in rows.refused.items()}
            for row in np.flatnonzero(np.isin(at, list(bad))).tolist():
                error = rows.refused[int(at[row])]
                status = "invalid" if isinstance(error, InvalidParameters) else "failed"
                refused[int(here[row])] = status, bad[int(at[row])]
                known[row] = False
            self.tree.count("strategy", 0, 0, 0.0, 0, failed=int((~known).sum()))
        return known

    def _one(self, batch: LaneBatch, here: I64, bars: Bars, values: F64, refused: dict[int, tuple[str, str]]) -> None:
        """One combination of any strategy, under each classifier: its decision goes through the containers."""
        for classifier in np.unique(batch.classifier[here]).tolist():
            part = here[batch.classifier[here] == classifier]
            row = self.plan.row(int(batch.numbers[part[0]]))
            try:
                decision, _ = self._walked(row)
            except InvalidParameters as error:
                refused |= dict.fromkeys(part.tolist(), ("invalid", one_line(error)))
                continue
            except (RunCancelled, RunTimedOut, RunError):
                raise
            except AdmError as error:
                refused |= dict.fromkeys(part.tolist(), ("failed", one_line(error)))
                continue
            self.tree.count("strategy", len(part) - 1, 0, 0.0, 0)
            self.tree.count("ensemble", len(part) - 1, 0, 0.0, 0)
            self._accounts.measure(batch, part, np.zeros(len(part), np.int64), _wanted(decision), bars, values)

    def _walked(self, row: Row) -> tuple[Decision, Regimes | None]:
        """What the row's strategy wants, and the regimes that its portfolio sees."""
        given = self.tree.portfolio_inputs(place_of(self.plan, row))
        return given["targets"].decision, given.get("regimes")


def _sharing_order(positions: I64, step: int) -> I64:
    """An order of combinations in which `step` that follow each other read few columns between them.

    Where the last parameter has many values, a step would see one value of the others and a column for each of the
    last. In this order it sees all values of the others beside a few of the last.

    positions  (n, n_axes)  of combinations, in the order of their grid
    """
    n, n_axes = positions.shape
    if n <= step or n_axes < 2:
        return np.arange(n)
    others, last = positions[:, :-1], positions[:, -1]
    group = np.concatenate([[0], np.cumsum((others[1:] != others[:-1]).any(axis=1))])
    width = max(1, step // (int(group[-1]) + 1))
    return np.lexsort((last, group, last // width))


def _finished(numbers: I64, values: F64, refused: Mapping[int, tuple[str, str]], done: Bool) -> tuple[Block, I64]:
    """The rows of a batch that are done, and the numbers of the others.

    refused  by place in the batch; all of them done
    """
    place = np.cumsum(done) - 1
    return Block(numbers[done], values[done], {int(place[row]): why for row, why in refused.items()}), numbers[~done]


def _wanted(decision: Decision) -> WantedSignals:
    lookbacks = np.array([decision.lookback], np.int64)
    strength = None if decision.strength is None else decision.strength
    if decision.target is not None:
        return WantedSignals(decision.target[None, :], None, strength, lookbacks)
    flags = decision.flags
    assert flags is not None  # a decision has a target or flags
    signals = Signals(flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit)
    return WantedSignals(None, packed(signals)[None, :], strength, lookbacks)
