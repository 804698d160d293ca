"""The new way: work that rows have in common is done once, accounts run in the compiled engine, on several threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from adm_notebook.containers import ContainerTree, PatternBuilder, Shared, WholeArrays
from adm_notebook.coordinator.best import BestSoFar
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.lanes import Lanes
from adm_notebook.coordinator.order import SharedOrder
from adm_notebook.coordinator.outcome import Outcome
from adm_notebook.coordinator.rows import attempt
from adm_notebook.coordinator.workers import Workers
from adm_notebook.errors import RunCancelled, RunError, RunTimedOut
from adm_notebook.market.arrays import I64
from adm_notebook.planning import Plan, Row
from adm_notebook.planning.memory import GROUND_BYTES, MB, lane_bytes, loaded_bytes, need_of, part_rows
from adm_notebook.results import Detail

__all__ = ["ComposableExecutor"]

BATCH_BAR_ROWS = 2_000_000
"""Bars x rows that one batch simulates at most: a few tens of milliseconds, and a few tens of MB of equity."""

BATCH_SECONDS = 0.1
"""After which a batch hands over what it has, so that progress is smooth however slow a strategy is."""

SHARED_PART = 0.5
"""Of the memory that finished rows and threads leave under a limit, what may be kept for sharing."""


class ComposableExecutor:
    """Runs rows in batches on several threads, through one tree of containers that shares what rows have in common."""

    def __init__(self) -> None:
        self.tree: ContainerTree | None = None

    def outcomes(self, plan: Plan, numbers: Sequence[int], gate: Gate) -> Iterator[Sequence[Outcome]]:
        """Batches of rows in the order in which they are done; those of one strategy follow each other."""
        with self.opened(plan, gate) as run:
            yield from run(numbers)

    @contextmanager
    def opened(self, plan: Plan, gate: Gate) -> Iterator[Callable[[Sequence[int]], Iterator[Sequence[Outcome]]]]:
        """A function that runs rows, to be called as often as need be; what rows share is kept in between."""
        workers, budget = _fitted(plan, plan.n_planned)
        tree = self.tree = PatternBuilder(plan.tree).build(plan, WholeArrays(), Shared(budget), keeps_signals=True)
        failed = True
        tree.open()
        try:
            yield lambda numbers: self._run(plan, tree, SharedOrder(plan, numbers), workers, gate)
            tree.finish()
            failed = False
        finally:
            tree.close(failed)

    def _run(
        self, plan: Plan, tree: ContainerTree, order: SharedOrder, workers: int, gate: Gate
    ) -> Iterator[Sequence[Outcome]]:
        run: Callable[[I64], tuple[Sequence[Outcome], I64]]
        if plan.ways.at_once:
            lanes = Lanes(plan, tree, gate)
            batches, run = _Batches(lanes.batches(order, workers)), lanes.run
        else:
            n_bars = max(bars.n_bars for bars in plan.market.values())
            most = BATCH_BAR_ROWS if plan.results_path is None else part_rows(plan)
            size = max(1, min(BATCH_BAR_ROWS // max(1, n_bars), most, -(-len(order) // (4 * workers))))
            batches = _Batches(order.windows(size))
            run = partial(_batch, plan, tree, gate)
        if workers == 1:
            while (numbers := batches.take()) is not None:
                gate.check()
                finished, rest = run(numbers)
                batches.put_back(rest)
                yield finished
                gate.check()
            return
        with Workers(workers, run) as pool:
            while True:
                while pool.busy < 2 * workers and (numbers := batches.take()) is not None:
                    pool.put(numbers)
                if not pool.busy:
                    return
                finished, rest = pool.get()
                batches.put_back(rest)
                yield finished
                if gate.stopped or gate.timed_out:
                    while pool.busy:
                        yield pool.get()[0]
                gate.check()

    def detail(self, plan: Plan, row: Row, gate: Gate) -> Detail:
        """Run one row and keep its trades and equity."""
        gate.check()
        tree = PatternBuilder(plan.tree).build(plan, WholeArrays(), Shared())
        tree.open()
        try:
            return tree.detail(row)
        finally:
            tree.close()


class _Batches:
    """Batches of rows, made when they are taken; what is left of one that was begun goes before the others."""

    def __init__(self, ahead: Iterator[I64]) -> None:
        self._ahead = ahead
        self._begun: deque[I64] = deque()

    def take(self) -> I64 | None:
        """The next; None where there is none."""
        return self._begun.popleft() if self._begun else next(self._ahead, None)

    def put_back(self, rest: I64) -> None:
        """The rows of a batch that were not finished."""
        if len(rest):
            self._begun.appendleft(rest)


def _batch(plan: Plan, tree: ContainerTree, gate: Gate, numbers: I64) -> tuple[list[Outcome], I64]:
    """What was finished of these rows in about BATCH_SECONDS, or before the run had to end, and the others."""
    began = time.perf_counter()
    finished: list[Outcome] = []
    best = BestSoFar(plan)
    for done, number in enumerate(numbers.tolist()):
        if done and (gate.stopped or gate.timed_out or time.perf_counter() - began > BATCH_SECONDS):
            return best.hand_over(finished), numbers[done:]
        try:
            gate.check()
        except (RunCancelled, RunTimedOut, RunError):
            return best.hand_over(finished), numbers[done:]  # whoever hands these over raises it again
        try:
            finished += best.keep([attempt(plan.row(number), tree)])
        except RunTimedOut:  # of a container, over its own limit
            if not finished:
                raise
            return best.hand_over(finished), numbers[done:]  # the next batch raises it again
    return best.hand_over(finished), numbers[:0]


def _fitted(plan: Plan, n_rows: int) -> tuple[int, int | None]:
    """How many threads work, and how many bytes may be shared, under the plan's limits."""
    workers = max(1, min(plan.limits.workers, n_rows))
    if plan.limits.memory_mb is None:
        return workers, None
    need = need_of(plan)
    free = int(plan.limits.memory_mb * MB) - need.least
    if plan.ways.at_once:
        n_bars = max(bars.n_bars for bars in plan.market.values())
        free -= loaded_bytes() + GROUND_BYTES * n_bars + workers * lane_bytes(plan)
        return workers, need.indicators + int(max(0, free) * SHARED_PART)
    workers = max(1, min(workers, 1 + free // (2 * max(1, need.worker))))
    left = free - (workers - 1) * need.worker
    return workers, need.indicators + int(max(0, left) * SHARED_PART)
