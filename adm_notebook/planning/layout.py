"""The places of a grid, worked out when they are asked for: a grid of a million combinations takes no memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adm_notebook.market.arrays import I64

__all__ = ["Layout", "unravelled"]

WINDOW = 65_536
"""Combinations whose places are worked out at once."""


def unravelled(numbers: Any, shape: Sequence[int]) -> tuple[I64, ...]:
    """`np.unravel_index`, four times as quick where numbers are many: axes of one value cost nothing.

    What it gives is only to be read: one of the arrays may be the one that was given.

    Raises
    ------
    ValueError
        for a number outside of the shape.
    """
    rest = np.asarray(numbers, np.int64)
    if rest.size and not 0 <= rest.min() <= rest.max() < math.prod(shape):
        raise ValueError(f"numbers from {rest.min():,} to {rest.max():,} don't fit into {math.prod(shape):,} places")
    first = next((k for k, size in enumerate(shape) if size > 1), len(shape))
    found: list[I64] = []
    for k in range(len(shape) - 1, -1, -1):
        if shape[k] == 1 or k < first:
            found.append(np.zeros(rest.shape, np.int64))
        elif k == first:
            found.append(rest)
        else:
            above = rest // shape[k]
            found.append(rest - above * shape[k])
            rest = above
    return tuple(reversed(found))


class Layout:
    """(n, n_axes) positions on some axes, the last one fastest; indexed as that array would be.

    Parameters
    ----------
    shape
        how many values each axis has; without axes there is one combination, of nothing.
    kept
        (n,) rising numbers of the combinations that are left; None means all.

    Attributes
    ----------
    axes, kept
        what was given.
    """

    def __init__(self, shape: Sequence[int], kept: I64 | None = None) -> None:
        self.axes = tuple(shape)
        self.kept = kept

    def __len__(self) -> int:
        return math.prod(self.axes) if self.kept is None else len(self.kept)

    @property
    def shape(self) -> tuple[int, int]:
        """Combinations and axes, as the array has them."""
        return len(self), len(self.axes)

    def __getitem__(self, at: Any) -> Any:
        """Places by number, slice or array, on all axes, one (`layout[numbers, k]`), or some (`[numbers, [0, 2]]`)."""
        chosen, axis = at if isinstance(at, tuple) else (at, slice(None))
        numbers = self._numbers(chosen)
        if not self.axes:
            return np.zeros((*np.shape(numbers), 0), np.int64)[..., axis]
        places = unravelled(numbers, self.axes)
        if isinstance(axis, slice):
            return np.stack(places[axis], axis=-1)
        if np.ndim(axis):
            some = [places[k] for k in axis]
            return np.stack(some, axis=-1) if some else np.zeros((*np.shape(numbers), 0), np.int64)
        return places[axis]

    def _numbers(self, chosen: Any) -> Any:
        """Numbers in the whole grid of what is chosen among those that are left."""
        if self.kept is not None:
            return self.kept[chosen]
        if isinstance(chosen, slice):
            return np.arange(*chosen.indices(len(self)))
        if isinstance(chosen, int):
            return range(len(self))[chosen]
        return chosen

    def __iter__(self) -> Iterator[I64]:
        for places in self.windows():
            yield from places

    def windows(self) -> Iterator[I64]:
        """All places in their order, some at a time."""
        for first in range(0, len(self), WINDOW):
            yield self[first : first + WINDOW]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self[:], dtype)
