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

_ACCOUNTS_OWN = ("size", "commission", "initial_capital")
"""Settings that change what an account makes of a trade, and not where it trades: rows that differ in these alone are
walked together (`engine.abreast`), if they follow each other."""


class SharedOrder:
    """The numbers of some rows of a plan, as an array that is never laid out.

    Symbols are outermost, then strategies, classifiers, profiles, and swept settings in the order they were given, but
    that those of an account's own come last. Of a plan whose rows all run nothing is held; of some of its rows their
    numbers, sorted.

    Parameters
    ----------
    numbers
        of the rows that run, each once.
    """

    def __init__(self, plan: Plan, numbers: Sequence[int]) -> None:
        self._plan = plan
        axes = plan.setting_axes
        self._settings = tuple(len(axis.values) for axis in axes)
        self._inner = sorted(range(len(axes)), key=lambda k: axes[k].name.partition(".")[0] in _ACCOUNTS_OWN)
        symbols, classifiers, risks, _, strategies = plan.shape
        self._shape = (symbols, strategies, classifiers, risks, *(self._settings[k] for k in self._inner))
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
        symbol, strategy, classifier, risk, *inner = np.unravel_index(np.arange(first, min(end, self._n)), self._shape)
        settings = dict(zip(self._inner, inner, strict=True))
        setting = _ravelled([settings[k] for k in range(len(inner))], self._settings, len(symbol))
        return _ravelled((symbol, classifier, risk, setting, strategy), self._plan.shape, len(symbol))

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
        symbol, classifier, risk, setting, strategy = self._plan.coordinates(rows)
        settings = np.unravel_index(setting, self._settings) if self._settings else ()
        inner = [settings[k] for k in self._inner]
        return _ravelled((symbol, strategy, classifier, risk, *inner), self._shape, len(rows))


def _ravelled(places: Sequence[I64], shape: tuple[int, ...], n: int) -> I64:
    """(n,) one number for places on axes of that shape; without axes all are 0."""
    return np.ravel_multi_index(tuple(places), shape).astype(np.int64) if shape else np.zeros(n, np.int64)
