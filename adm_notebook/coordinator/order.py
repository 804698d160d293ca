"""The order in which rows run: those that share most follow each other; worked out a window at a time."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from adm_notebook.market.arrays import I64
from adm_notebook.planning import Plan
from adm_notebook.planning.layout import Layout, unravelled

__all__ = ["SIDE", "SharedOrder"]

SIDE = 32
"""Values of each of a strategy's two longest axes that combinations which follow each other have: a thousand of them
read 64 columns then, where one value of the first axis beside all of the second would read a thousand."""

_ACCOUNTS_OWN = ("size", "commission", "initial_capital")
"""Settings that change what an account makes of a trade, and not where it trades: rows that differ in these alone are
walked together (`engine.abreast`), if they follow each other."""


class SharedOrder:
    """The numbers of some rows of a plan, as an array that is never laid out.

    Symbols are outermost, then strategies, whose combinations go tile by tile; then classifiers, profiles, and swept
    settings in the order they were given, but that those of an account's own come last. Of a plan whose rows all run
    nothing is held but, where constraints have left some out, the order of the others; of some of its rows their
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
        self._entries = np.concatenate([[0], np.cumsum(plan.sizes)])
        self._tiles = [None] if plan.combined else [_tiles_of(strategy.grid) for strategy in plan.strategies]
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
        symbol, strategy, classifier, risk, *inner = unravelled(np.arange(first, min(end, self._n)), self._shape)
        strategy = self._moved(strategy, back=True)
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
        strategy = self._moved(strategy)
        settings = unravelled(setting, self._settings) if self._settings else ()
        inner = [settings[k] for k in self._inner]
        return _ravelled((symbol, strategy, classifier, risk, *inner), self._shape, len(rows))

    def _moved(self, strategy: I64, *, back: bool = False) -> I64:
        """Places in the order of tiles for combinations of all strategies by their numbers; or `back` to these."""
        if not any(self._tiles):
            return strategy
        moved = strategy.copy()
        entry = np.searchsorted(self._entries, strategy, side="right") - 1
        for k in np.unique(entry).tolist():
            if tiles := self._tiles[k]:
                here, first = entry == k, self._entries[k]
                moved[here] = first + (tiles.numbers if back else tiles.places)(strategy[here] - first)
        return moved


class _Tiles:
    """The combinations of a grid in the order of tiles of its two longest axes; all values of the others innermost."""

    def __init__(self, shape: Sequence[int]) -> None:
        self._shape = tuple(shape)
        self._two = sorted(sorted(range(len(shape)), key=lambda k: -shape[k])[:2])
        self._others = [k for k in range(len(shape)) if k not in self._two]
        self._rest = tuple(shape[k] for k in self._others)

    def places(self, numbers: I64) -> I64:
        """Where combinations stand in this order."""
        at = unravelled(numbers, self._shape)
        (a, b), (n_a, n_b) = (at[k] for k in self._two), (self._shape[k] for k in self._two)
        band, tile = a // SIDE, b // SIDE
        high, wide = np.minimum(SIDE, n_a - band * SIDE), np.minimum(SIDE, n_b - tile * SIDE)
        place = band * SIDE * n_b + tile * SIDE * high + (a % SIDE) * wide + b % SIDE
        return place * math.prod(self._rest) + _ravelled([at[k] for k in self._others], self._rest, len(numbers))

    def numbers(self, places: I64) -> I64:
        """Which combinations stand there."""
        n_a, n_b = (self._shape[k] for k in self._two)
        place, rest = np.divmod(places, math.prod(self._rest))
        band, place = np.divmod(place, SIDE * n_b)
        high = np.minimum(SIDE, n_a - band * SIDE)
        tile, place = np.divmod(place, SIDE * high)
        a, b = np.divmod(place, np.minimum(SIDE, n_b - tile * SIDE))
        at = dict(zip(self._two, (band * SIDE + a, tile * SIDE + b), strict=True))
        at |= zip(self._others, unravelled(rest, self._rest) if self._rest else (), strict=True)
        return _ravelled([at[k] for k in range(len(self._shape))], self._shape, len(places))


class _SomeTiles:
    """The same of the combinations that constraints have left, by their numbers among these."""

    def __init__(self, tiles: _Tiles, kept: I64) -> None:
        narrow = np.int32 if len(kept) < 2**31 else np.int64
        order = np.argsort(tiles.places(kept), kind="stable")
        self._numbers = order.astype(narrow)
        self._places = np.empty(len(kept), narrow)
        self._places[order] = np.arange(len(kept), dtype=narrow)

    def places(self, numbers: I64) -> I64:
        """Where combinations stand in this order."""
        return self._places[numbers].astype(np.int64)

    def numbers(self, places: I64) -> I64:
        """Which combinations stand there."""
        return self._numbers[places].astype(np.int64)


def _tiles_of(grid: Layout) -> _Tiles | _SomeTiles | None:
    """None where the combinations of a grid stay in their order, as no two axes are longer than a tile."""
    if len(grid.axes) < 2 or sorted(grid.axes)[-1] <= SIDE or sorted(grid.axes)[-2] == 1:
        return None
    tiles = _Tiles(grid.axes)
    return tiles if grid.kept is None else _SomeTiles(tiles, grid.kept)


def _ravelled(places: Sequence[I64], shape: tuple[int, ...], n: int) -> I64:
    """(n,) one number for places on axes of that shape; without axes all are 0."""
    return np.ravel_multi_index(tuple(places), shape).astype(np.int64) if shape else np.zeros(n, np.int64)
