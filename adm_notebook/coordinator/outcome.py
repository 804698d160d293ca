"""What an executor hands over for each row, and the protocol that executors follow."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, Protocol, overload

import numpy as np

from adm_notebook.engine.account import METRICS
from adm_notebook.market.arrays import F64, I64, Bool

if TYPE_CHECKING:
    from adm_notebook.containers import ContainerTree
    from adm_notebook.containers.tree import Passed
    from adm_notebook.coordinator.gate import Gate
    from adm_notebook.planning import Plan, Row
    from adm_notebook.results import Detail

__all__ = ["Block", "Executor", "Finished", "Outcome"]


class Outcome(NamedTuple):
    """One finished row.

    number   of the row in the plan
    status   `ok`, `invalid` (its strategy refuses the parameters) or `failed`
    error    why, where it is not ok
    metrics  by name, where it is ok
    passed   what trades and equity are made of, of the best ok row of a batch; those of others are let go at once
    """

    number: int
    status: str
    error: str = ""
    metrics: Mapping[str, float] | None = None
    passed: Passed | None = None


class Block(Sequence[Outcome]):
    """Rows that were finished together.

    numbers  (n,)             of the rows in the plan
    values   (n, n_measures)  what is measured of them; NaN where a row was refused
    refused  place in the block -> status and error, of rows that are not ok
    """

    def __init__(
        self, numbers: I64, values: F64, refused: Mapping[int, tuple[str, str]], names: Sequence[str] = METRICS
    ) -> None:
        self.numbers, self.values, self.refused, self.names = numbers, values, refused, tuple(names)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> Outcome: ...
    @overload
    def __getitem__(self, at: slice) -> list[Outcome]: ...
    def __getitem__(self, at: int | slice) -> Outcome | list[Outcome]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        number = int(self.numbers[at])
        if at in self.refused:
            return Outcome(number, *self.refused[at])
        return Outcome(number, "ok", "", dict(zip(self.names, self.values[at].tolist(), strict=True)))


class Finished(Sequence[Outcome]):
    """The outcomes of a run, in the order in which they came, kept in few bytes: 150 for a row that is ok.

    names  what is measured of a row
    """

    def __init__(self, outcomes: Iterable[Outcome] = (), names: Sequence[str] = METRICS) -> None:
        self.names = tuple(names)
        self._numbers = array("q")
        self._values = array("d")
        self._others: dict[int, tuple[str, str, bool]] = {}
        self.extend(outcomes)

    def extend(self, outcomes: Iterable[Outcome]) -> None:
        """Add some."""
        if isinstance(outcomes, Block):
            start = len(self._numbers)
            self._others |= {start + at: (status, error, False) for at, (status, error) in outcomes.refused.items()}
            self._numbers.frombytes(np.ascontiguousarray(outcomes.numbers, np.int64).tobytes())
            self._values.frombytes(np.ascontiguousarray(outcomes.values, np.float64).tobytes())
            return
        for number, status, error, metrics, _ in outcomes:
            if status != "ok" or error or metrics is None:
                self._others[len(self._numbers)] = status, error, metrics is not None
            self._numbers.append(number)
            self._values.extend([math.nan if metrics is None else metrics[name] for name in self.names])

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> Outcome: ...
    @overload
    def __getitem__(self, at: slice) -> Finished: ...
    def __getitem__(self, at: int | slice) -> Outcome | Finished:
        if isinstance(at, slice):
            first, end, step = at.indices(len(self))
            if step != 1:
                return Finished([self[i] for i in range(first, end, step)], self.names)
            part, end = Finished((), self.names), max(first, end)
            part._numbers, width = self._numbers[first:end], len(self.names)
            part._values = self._values[first * width : end * width]
            part._others = {i - first: other for i, other in self._others.items() if first <= i < end}
            return part
        at = range(len(self))[at]
        status, error, measured = self._others.get(at, ("ok", "", True))
        width = len(self.names)
        values = self._values[at * width : (at + 1) * width]
        return Outcome(
            self._numbers[at], status, error, dict(zip(self.names, values, strict=True)) if measured else None
        )

    def count(self, status: str) -> int:
        """How many rows have a status other than `ok`."""
        return sum(word == status for word, _, _ in self._others.values())

    def measured(self, name: str) -> tuple[I64, F64, Bool]:
        """In the order in which they came: numbers, a metric, NaN where a row has none, and whether rows are ok."""
        numbers = np.array(self._numbers, np.int64)
        table = np.frombuffer(self._values, np.float64).reshape(len(numbers), len(self.names))
        values = table[:, self.names.index(name)].copy()  # nothing may look into an array that grows
        ok = np.ones(len(numbers), np.bool_)
        ok[[at for at, (status, _, _) in self._others.items() if status != "ok"]] = False
        return numbers, values, ok

    @property
    def all_measured(self) -> bool:
        """Whether every row has metrics."""
        return all(measured for _, _, measured in self._others.values())

    def columns(self) -> tuple[I64, F64, tuple[list[str], I64], tuple[list[str], I64]]:
        """In the order of the rows' numbers: those, (n,); metrics, (n_metrics, n), NaN where there are none; status and
        error, each as distinct words and (n,) which of them a row has.

        Nothing may be added meanwhile: what is here is not copied but once.
        """
        numbers = np.array(self._numbers, np.int64)
        order = np.argsort(numbers, kind="stable")
        table = np.frombuffer(self._values, np.float64).reshape(len(numbers), len(self.names))
        values = np.empty((len(self.names), len(numbers)))
        for k in range(len(self.names)):
            np.take(table[:, k], order, out=values[k])
        del table  # while it looks into the array, that can't grow
        words, whys = {"ok": 0}, {"": 0}
        status, error = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), np.int64)
        for at, (word, why, _) in self._others.items():
            status[at], error[at] = words.setdefault(word, len(words)), whys.setdefault(why, len(whys))
        return numbers[order], values, (list(words), status[order]), (list(whys), error[order])


class Executor(Protocol):
    """One way to run a plan; `traditional` and `composable` are the two there are.

    tree  the containers, once `outcomes` has begun
    """

    @property
    def tree(self) -> ContainerTree | None: ...

    def outcomes(self, plan: Plan, numbers: Sequence[int], gate: Gate) -> Iterator[Sequence[Outcome]]:
        """Run the rows with these numbers and hand them over in batches as they are done; passes `gate` often.

        What is finished is handed over before the error that ends the run is raised.
        """

    def opened(
        self, plan: Plan, gate: Gate
    ) -> AbstractContextManager[Callable[[Sequence[int]], Iterator[Sequence[Outcome]]]]:
        """A function that runs rows as `outcomes` does, to be called as often as need be."""

    def detail(self, plan: Plan, row: Row, gate: Gate) -> Detail:
        """Run one row and keep its trades and equity."""
