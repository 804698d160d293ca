"""The new way: each indicator is computed once and shared, accounts run in the compiled engine, on several threads."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from functools import partial

from adm_notebook.components import Decision, Indicator
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.outcome import Outcome
from adm_notebook.coordinator.portfolio import combine, union_of
from adm_notebook.coordinator.rows import attempt, sleeve_settings, warmup_of
from adm_notebook.coordinator.workers import Workers
from adm_notebook.engine import compiled
from adm_notebook.engine.account import Account, Signals
from adm_notebook.engine.metrics import metrics
from adm_notebook.errors import RunCancelled, RunError, RunTimedOut
from adm_notebook.market import Bars
from adm_notebook.market.arrays import F64
from adm_notebook.planning import Plan, Row, Sleeve
from adm_notebook.results import Detail

__all__ = ["ComposableExecutor", "FeatureStore"]

BATCH_BAR_ROWS = 2_000_000
"""Bars x rows that one batch simulates at most: a few tens of milliseconds, and a few tens of MB of equity."""

BATCH_SECONDS = 0.1
"""After which a batch hands over what it has, so that progress is smooth however slow a strategy is."""


class FeatureStore:
    """Indicator columns by symbol and indicator: computed once, shared by all rows, the least used let go first.

    Parameters
    ----------
    max_columns
        distinct indicator columns held at once; None means all.
    """

    def __init__(self, max_columns: int | None = None) -> None:
        self.max_columns = max_columns
        self.requested = self.computed = 0
        self._columns: OrderedDict[tuple[str, Indicator], tuple[F64, ...]] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, Indicator], threading.Event] = {}

    def get(self, bars: Bars, indicator: Indicator) -> tuple[F64, ...]:
        """The indicator's columns over these bars; several threads that ask at once compute it once."""
        key = (bars.symbol, indicator)
        while True:
            with self._lock:
                held = self._columns.get(key)
                if held is not None:
                    self.requested += 1
                    self._columns.move_to_end(key)
                    return held
                under_way = self._under_way.get(key)
                if under_way is None:
                    self._under_way[key] = threading.Event()
                    break
            under_way.wait()
        try:
            columns = indicator.compute(bars)
            with self._lock:
                self.requested += 1
                self.computed += 1
                self._keep(key, columns)
        finally:
            with self._lock:
                self._under_way.pop(key).set()
        return columns

    def _keep(self, key: tuple[str, Indicator], columns: tuple[F64, ...]) -> None:
        self._columns[key] = columns
        self._held += len(columns)
        while self.max_columns is not None and self._held > self.max_columns and len(self._columns) > 1:
            _, dropped = self._columns.popitem(last=False)
            self._held -= len(dropped)


class ComposableExecutor:
    """Runs rows in batches on `plan.limits.workers` threads; the compiled engine releases the GIL."""

    def __init__(self) -> None:
        self._features: FeatureStore | None = None

    def outcomes(self, plan: Plan, numbers: Sequence[int], gate: Gate) -> Iterator[list[Outcome]]:
        """Batches of rows, in the order in which they are done."""
        self._features = FeatureStore(plan.limits.indicators)
        workers = max(1, min(plan.limits.workers, len(numbers)))
        n_bars = max(bars.n_bars for bars in plan.market.values())
        size = max(1, min(BATCH_BAR_ROWS // max(1, n_bars), -(-len(numbers) // (4 * workers))))
        batches = deque(numbers[i : i + size] for i in range(0, len(numbers), size))
        run = partial(self._batch, plan, gate)
        if workers == 1:
            while batches:
                finished, rest = run(batches.popleft())
                if rest:
                    batches.appendleft(rest)
                yield finished
                gate.check()
            return
        with Workers(workers, run) as pool:
            while batches or pool.busy:
                while batches and pool.busy < 2 * workers:
                    pool.put(batches.popleft())
                finished, rest = pool.get()
                if rest:
                    batches.appendleft(rest)
                yield finished
                if gate.stopped or gate.timed_out:
                    while pool.busy:
                        yield pool.get()[0]
                gate.check()

    def _batch(self, plan: Plan, gate: Gate, numbers: Sequence[int]) -> tuple[list[Outcome], Sequence[int]]:
        """What was finished of these rows in about BATCH_SECONDS, or before the run had to end, and the others."""
        began = time.perf_counter()
        finished: list[Outcome] = []
        for done, number in enumerate(numbers):
            if done and (gate.stopped or gate.timed_out or time.perf_counter() - began > BATCH_SECONDS):
                return finished, numbers[done:]
            try:
                gate.check()
            except (RunCancelled, RunTimedOut, RunError):
                return finished, numbers[done:]  # whoever hands these over raises it again
            finished.append(attempt(plan.row(number), partial(self._detail, plan)))
        return finished, ()

    def detail(self, plan: Plan, row: Row, gate: Gate) -> Detail:
        """Run one row and keep its trades and equity."""
        gate.check()
        return self._detail(plan, row)

    def _detail(self, plan: Plan, row: Row) -> Detail:
        accounts = [self._account(plan, row, sleeve) for sleeve in row.sleeves]
        symbols = tuple(s.symbol for s in row.sleeves)
        strategies = tuple(plan.strategies[s.strategy].label for s in row.sleeves)
        bars = [plan.market[symbol] for symbol in symbols]
        capital = row.settings.initial_capital
        if len(accounts) == 1 and row.sleeves[0].weight == 1.0:
            account, index, calendar, sleeve_of = accounts[0], bars[0].index, bars[0].calendar, None
        else:
            index, calendar, past = union_of(bars)
            capitals = [capital * s.weight for s in row.sleeves]
            account, sleeve_of = combine(accounts, capitals, capital, past, len(index))
        return Detail(
            row.number, metrics(account, calendar, row.settings), account, index, symbols, strategies, sleeve_of
        )

    def _account(self, plan: Plan, row: Row, sleeve: Sleeve) -> Account:
        bars = plan.market[sleeve.symbol]
        features = self._features or FeatureStore()
        strategy = plan.strategies[sleeve.strategy].build(sleeve.combination)
        decision = strategy.evaluate(bars, lambda indicator: features.get(bars, indicator))
        settings = sleeve_settings(row.settings, sleeve.weight)
        warmup = warmup_of(settings, decision)
        return compiled.simulate(bars.prices, _signals(decision, warmup), settings, warmup=warmup)


def _signals(decision: Decision, warmup: int) -> Signals:
    if decision.target is not None:
        return compiled.signals_from_targets(decision.target, warmup, decision.strength)
    flags = decision.flags
    assert flags is not None
    return Signals(flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit, decision.strength)
