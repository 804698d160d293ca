"""The best row while a run goes on: its trades and equity are kept, those of the others let go."""

from __future__ import annotations

import math
from collections.abc import Sequence

from adm_notebook.containers import Passed
from adm_notebook.coordinator.outcome import Block, Outcome
from adm_notebook.planning import Plan
from adm_notebook.results import Detail
from adm_notebook.results.judged import ranks_above

__all__ = ["BestSoFar"]


class BestSoFar:
    """Keeps what trades and equity are made of, for the row that `WorkflowResult.best` would name if the run ended
    now."""

    def __init__(self, plan: Plan) -> None:
        self._objective, self._maximise = plan.objective, plan.maximise
        self._best: Passed | None = None

    @property
    def detail(self) -> Detail | None:
        """Trades and equity of that row; None where none is ok."""
        return None if self._best is None else self._best.detail()

    def keep(self, batch: Sequence[Outcome]) -> Sequence[Outcome]:
        """The outcomes without what their details are made of; that of the best is kept."""
        if isinstance(batch, Block):  # nothing is left of these but figures; the best of all runs again at the end
            return batch
        for outcome in batch:
            if outcome.passed is not None and self._is_better(outcome.passed):
                self._best = outcome.passed
        return [outcome if outcome.passed is None else outcome._replace(passed=None) for outcome in batch]

    def hand_over(self, batch: list[Outcome]) -> list[Outcome]:
        """The outcomes, with what the details of the best are made of."""
        if self._best is not None:
            number = self._best.row.number
            return [o._replace(passed=self._best) if o.number == number else o for o in batch]
        return batch

    def _is_better(self, new: Passed) -> bool:
        if self._best is None:
            return True
        value, held = (float(p.metrics[self._objective]) for p in (new, self._best))
        earlier = new.row.number < self._best.row.number
        if math.isnan(value) and math.isnan(held):
            return earlier
        return ranks_above(value, held, self._maximise, earlier=earlier)
