"""What an executor hands over for each row, and the protocol that executors follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from adm_notebook.containers import ContainerTree
    from adm_notebook.coordinator.gate import Gate
    from adm_notebook.planning import Plan, Row
    from adm_notebook.results import Detail

__all__ = ["Executor", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finished row.

    number   of the row in the plan
    status   `ok`, `invalid` (its strategy refuses the parameters) or `failed`
    error    why, where it is not ok
    metrics  by name, where it is ok
    detail   trades and equity, where it is ok; a run keeps those of the best row so far and lets the others go
    """

    number: int
    status: str
    error: str = ""
    metrics: Mapping[str, float] | None = None
    detail: Detail | None = None


class Executor(Protocol):
    """One way to run a plan; `traditional` and `composable` are the two there are.

    tree  the containers, once `outcomes` has begun
    """

    tree: ContainerTree | None

    def outcomes(self, plan: Plan, numbers: Sequence[int], gate: Gate) -> Iterator[list[Outcome]]:
        """Run the rows with these numbers and hand them over in batches as they are done; passes `gate` often.

        What is finished is handed over before the error that ends the run is raised.
        """

    def detail(self, plan: Plan, row: Row, gate: Gate) -> Detail:
        """Run one row and keep its trades and equity."""
