"""The order in which rows run: those that share most follow each other; worked out a window at a time."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from adm_notebook.market.arrays import I64
from adm_notebook.planning import Plan

__all__ = ["SharedOrder"]

_AXES = (0, 4, 1, 2, 3)
"""Symbol, strategy, classifier, risk profile, setting: the axes of `Plan.shape`, outermost first in this order."""

_BACK = (0, 2, 3, 4, 1)
"""Where each axis of `Plan.shape` stands among those."""


class SharedOrder:
    """The numbers of some rows of a plan, strategy before classifier and profile, as an array that is never laid out.

    Of a plan whose rows all run nothing is held; of some of its rows their numbers, sorted.

    Parameters
    ----------
    numbers
        of the rows that run, each once.
    """

    def __init__(self, plan: Plan, numbers: Sequence[int]) -> None:
        self._plan = plan
        self._shape = tuple(plan.shape[axis] for axis in _AXES)
        self._sorted: I64 | None = None
        if plan.selection is None and isinstance(numbers, range) and numbers == range(plan.n_rows):
            self._n = plan.n_rows
            return
        rows = np.asarray(numbers, dtype=np.int64)
        self._n, self._sorted = len(rows), rows[np.argsort(self._position(rows), kind="stable")]

    def __len__(self) -> int:
        return self._n

    def window(self, first: int, end: int) -> I64:
        """The numbers of the rows from place `first` to before `end`."""
        if self._sorted is not None:
            return self._sorted[first:end]
        places = np.unravel_index(np.arange(first, min(end, self._n)), self._shape)
        numbers: I64 = np.ravel_multi_index(tuple(places[at] for at in _BACK), self._plan.shape).astype(np.int64)
        return numbers

    def windows(self, size: int) -> Iterator[I64]:
        """All rows, at most `size` at a time."""
        return self._split(0, self._n, size)

    def windows_of_entries(self, size: int) -> Iterator[I64]:
        """The same in windows that each belong to one symbol and one entry of `strategies`."""
        n_symbols, *others = self._shape
        inner = math.prod(others[1:])
        ends = np.cumsum(self._plan.sizes) * inner
        edges = [0, *(symbol * others[0] * inner + int(end) for symbol in range(n_symbols) for end in ends)]
        places = [self._before(edge) for edge in edges]
        for first, end in pairwise(places):
            yield from self._split(first, end, size)

    def _split(self, first: int, end: int, size: int) -> Iterator[I64]:
        for at in range(first, end, size):
            yield self.window(at, min(at + size, end))

    def _before(self, position: int) -> int:
        """How many of the rows stand before that position in the order of all rows of the plan."""
        if self._sorted is None:
            return position
        return bisect_left(self._sorted, position, key=lambda row: int(self._position(np.array([row]))[0]))

    def _position(self, rows: I64) -> I64:
        """Where rows stand in the order of all rows of the plan."""
        places = self._plan.coordinates(rows)
        found: I64 = np.ravel_multi_index(tuple(places[axis] for axis in _AXES), self._shape).astype(np.int64)
        return found
