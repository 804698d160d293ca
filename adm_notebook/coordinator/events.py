"""What a run tells while it goes on: typed events; magics, widgets, tests and the log read this one stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.coordinator.outcome import Finished
    from adm_notebook.planning import Plan
    from adm_notebook.results import WorkflowResult

__all__ = [
    "ContainerFinished",
    "ContainerStarted",
    "Event",
    "PartialResults",
    "Progress",
    "RunCancelled",
    "RunFailed",
    "RunFinished",
    "RunStarted",
    "Warning",
]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The plan is made and work begins."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class ContainerStarted:
    """A container has begun to work.

    path  its names from the root, joined by `/`
    """

    path: str
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class ContainerFinished:
    """A container will do no more work in this run.

    state      `finished`, or `failed` where the run ended in it
    seconds    spent in it, over all threads
    requested  how often its work was asked for
    computed   how often it had to be done
    """

    path: str
    role: str
    name: str
    state: str
    seconds: float
    requested: int
    computed: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is.

    done, total  combinations
    rate         combinations a second since the start; 0 while unknown
    eta          seconds left at that rate; None while unknown
    """

    done: int
    total: int
    rate: float
    eta: float | None


class PartialResults:
    """Rows that were finished since the last such event, with the columns of `WorkflowResult.stats`.

    Parameters
    ----------
    rows
        them, or what makes them when they are first read: a fast sweep finishes more than anybody looks at.
    finished
        the same as numbers, for those who look at figures alone; None where there are only rows.
    """

    __match_args__ = ("rows",)

    def __init__(self, rows: pd.DataFrame | Callable[[], pd.DataFrame], finished: Finished | None = None) -> None:
        self._rows = rows
        self.finished = finished

    @property
    def rows(self) -> pd.DataFrame:
        """The rows."""
        if callable(self._rows):
            self._rows = self._rows()
        return self._rows

    def __repr__(self) -> str:
        return f"PartialResults({len(self.rows):,} rows)"


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001  # the name that the streaming interface promises
    """Something that the result's `warnings` will say, too."""

    message: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run came to its end."""

    result: WorkflowResult


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """The run was stopped; the result holds the rows that were finished."""

    result: WorkflowResult


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run could not go on; the result, where there is one, holds what was finished."""

    error: str
    result: WorkflowResult | None = None


Event = (
    RunStarted
    | ContainerStarted
    | ContainerFinished
    | Progress
    | PartialResults
    | Warning
    | RunFinished
    | RunCancelled
    | RunFailed
)
