"""What a container is: one stage of a run, which declares what flows into it and what it gives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from adm_notebook.market import Bars
from adm_notebook.planning import Row, Sleeve

__all__ = ["Container", "Place", "Product", "State"]


class State(StrEnum):
    """The life of a container in a run; disposed comes after finished and after failed, too."""

    CREATED = "created"
    INITIALISED = "initialised"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    DISPOSED = "disposed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container works: one sleeve of one row, on the bars of its symbol."""

    row: Row
    sleeve: Sleeve
    bars: Bars


class Product(NamedTuple):
    """What a container gave, and a key that is equal for equal work; None where nobody may share it."""

    value: Any
    key: Hashable


class Container(Protocol):
    """One stage of a run.

    It is handed what it declares, and nothing else: what its ancestors and the earlier siblings of itself and of its
    ancestors produced, and once its children have finished, what they produced. It leaves its inputs alone, keeps
    nothing between two calls that changes a number, and gives each kind in `produces`.

    role         one of `patterns.ROLES`
    consumes     kinds that it can't run without
    may_consume  kinds that it reads where they are there
    produces     kinds that it gives
    shares       whether equal work may be done once for several rows
    """

    @property
    def role(self) -> str: ...
    @property
    def consumes(self) -> tuple[str, ...]: ...
    @property
    def may_consume(self) -> tuple[str, ...]: ...
    @property
    def produces(self) -> tuple[str, ...]: ...
    @property
    def shares(self) -> bool: ...

    def reads(self, place: Place) -> tuple[str, ...]:
        """The kinds that it reads here; among those that it declares."""
        ...

    def key(self, place: Place) -> Hashable:
        """What this work is, apart from its inputs: equal keys with equal inputs give equal products."""
        ...

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The products, by kind."""
        ...

    def initialise(self) -> None:
        """Called once, before the first work of a run."""
        ...

    def dispose(self) -> None:
        """Called once, after the last work of a run, also after an error and after a stop."""
        ...
