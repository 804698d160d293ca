"""The old way: one combination after the other, bar by bar, in plain Python; nothing is shared between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from adm_notebook.containers import BarByBar, ContainerTree, PatternBuilder
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.outcome import Outcome
from adm_notebook.coordinator.rows import attempt
from adm_notebook.planning import Plan, Row
from adm_notebook.results import Detail

__all__ = ["TraditionalExecutor"]


class TraditionalExecutor:
    """Runs each row through the containers of the pattern with the reference engine, which is written to be read."""

    def __init__(self) -> None:
        self.tree: ContainerTree | None = None
        self._equity: tuple[int, Sequence[float]] = (0, ())

    @property
    def equity(self) -> tuple[int, Sequence[float]]:
        """Of the row under way: how many of its bars are traded, and its equity, known as far as they go."""
        return self._equity

    def _watch(self, bar: int, equity: Sequence[float]) -> None:
        self._equity = bar, equity

    def outcomes(self, plan: Plan, numbers: Sequence[int], gate: Gate) -> Iterator[list[Outcome]]:
        """One row after the other, in the order of the plan."""
        with self.opened(plan, gate) as run:
            yield from run(numbers)

    @contextmanager
    def opened(self, plan: Plan, gate: Gate) -> Iterator[Callable[[Sequence[int]], Iterator[list[Outcome]]]]:
        """A function that runs rows, to be called as often as need be."""
        tree = self.tree = PatternBuilder(plan.tree).build(plan, BarByBar(gate.check, self._watch), keeps_signals=True)

        def run(numbers: Sequence[int]) -> Iterator[list[Outcome]]:
            for number in numbers:
                gate.check()
                yield [attempt(plan.row(number), tree)]

        failed = True
        tree.open()
        try:
            yield run
            tree.finish()
            failed = False
        finally:
            tree.close(failed)

    def detail(self, plan: Plan, row: Row, gate: Gate) -> Detail:
        """Run one row and keep its trades and equity."""
        tree = PatternBuilder(plan.tree).build(plan, BarByBar(gate.check))
        tree.open()
        try:
            return tree.detail(row)
        finally:
            tree.close()
