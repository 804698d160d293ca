"""The best row while a run goes on: its trades and equity are kept, those of the others let go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from adm_notebook.coordinator.outcome import Outcome
from adm_notebook.planning import Plan
from adm_notebook.results import Detail
from adm_notebook.results.result import ranks_above

__all__ = ["BestSoFar"]


class BestSoFar:
    """Keeps the detail of the row that `WorkflowResult.best` would name if the run ended now."""

    def __init__(self, plan: Plan) -> None:
        self._objective, self._maximise = plan.objective, plan.maximise
        self.detail: Detail | None = None

    def keep(self, batch: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes without their details, the best of which is kept."""
        for outcome in batch:
            if outcome.detail is not None and self._is_better(outcome.detail):
                self.detail = outcome.detail
        return [replace(outcome, detail=None) for outcome in batch]

    def _is_better(self, new: Detail) -> bool:
        if self.detail is None:
            return True
        value, held = (float(d.metrics[self._objective]) for d in (new, self.detail))
        if math.isnan(value) and math.isnan(held):
            return new.row < self.detail.row
        return ranks_above(value, held, self._maximise, earlier=new.row < self.detail.row)
