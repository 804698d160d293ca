"""What was read once and is still the same: kept with a frame for as long as it lives, or for the last few files."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pandas as pd

__all__ = ["KeptByFrame", "LastFew"]

Value = TypeVar("Value")


class LastFew(Generic[Value]):
    """The values used last, at most `size` of them; safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        """The value, which counts as used now."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: Value) -> None:
        """Keep it; the value unused for the longest time is let go."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(eq=False)
class _Kept(Generic[Value]):
    frame: weakref.ref[pd.DataFrame]
    twin: (
        pd.DataFrame
    )  # shares the memory: a write to the frame goes to a copy, so `memory` tells whether there was one
    index: pd.Index
    columns: pd.Index
    memory: tuple[Hashable, ...]
    values: LastFew[Value] = field(default_factory=lambda: LastFew(8))


class KeptByFrame(Generic[Value]):
    """Values computed from a frame, by a key, until the frame is written to or gone.

    pandas copies on write: while a shallow copy of a frame lives, whoever assigns into the frame makes it move to new
    memory. The addresses of its columns therefore tell, in microseconds, whether it is unchanged. What this can't see:
    writes past pandas to memory that a user shares with the frame on purpose (`DataFrame(array, copy=False)`). Frames
    with columns of masked types (`Float64`) are never taken for unchanged.
    """

    def __init__(self) -> None:
        self._kept: dict[int, _Kept[Value]] = {}
        self._lock = threading.RLock()

    def get(self, frame: pd.DataFrame, key: Hashable) -> Value | None:
        """The value kept for `key`, if `frame` is as it was."""
        with self._lock:
            kept = self._of(frame)
            return None if kept is None else kept.values.get(key)

    def twin(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A shallow copy to read from in place of `frame`: it stays as it is now, whatever is written to `frame`."""
        with self._lock:
            kept = self._of(frame)
            if kept is None:
                memory = _memory(frame)
                twin = frame.copy(deep=False)
                if memory is None:
                    return twin
                number = id(frame)
                gone = weakref.ref(frame, lambda ref: self._let_go(number, ref))
                kept = self._kept[number] = _Kept(gone, twin, frame.index, frame.columns, memory)
            return kept.twin

    def put(self, frame: pd.DataFrame, key: Hashable, value: Value, twin: pd.DataFrame) -> None:
        """Keep `value`, computed from `twin`, unless `frame` has been written to since that was made."""
        with self._lock:
            kept = self._of(frame)
            if kept is not None and kept.twin is twin:
                kept.values.put(key, value)

    def __len__(self) -> int:
        return len(self._kept)

    def _of(self, frame: pd.DataFrame) -> _Kept[Value] | None:
        kept = self._kept.get(id(frame))
        if kept is None or kept.frame() is not frame:
            return None
        same = kept.index is frame.index and kept.columns is frame.columns and kept.memory == _memory(frame)
        if not same:
            del self._kept[id(frame)]
        return kept if same else None

    def _let_go(self, number: int, ref: weakref.ref[pd.DataFrame]) -> None:
        with self._lock:
            kept = self._kept.get(number)
            if kept is not None and kept.frame is ref:
                del self._kept[number]


def _memory(frame: pd.DataFrame) -> tuple[Hashable, ...] | None:
    """Where each column lies; None if that can't be told of one of them."""
    places: list[Hashable] = []
    for at in range(frame.shape[1]):
        place = _address(frame.iloc[:, at])
        if place is None:
            return None
        places.append(place)
    return tuple(places)


def _address(series: pd.Series) -> Hashable:
    dtype, array = series.dtype, series.array
    if isinstance(dtype, pd.CategoricalDtype):
        return (array.codes.__array_interface__["data"][0], id(array.categories))
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _pointer(array.view("i8"))
    if hasattr(array, "__arrow_array__") and "arrow" in type(array).__name__.lower():
        data: Any = array.__arrow_array__()
        chunks = data.chunks if hasattr(data, "chunks") else [data]
        return tuple(b.address for chunk in chunks for b in chunk.buffers() if b is not None)
    if not pd.api.types.is_extension_array_dtype(dtype):
        return _pointer(series.to_numpy())
    return None


def _pointer(array: Any) -> Hashable:
    address: int = array.__array_interface__["data"][0]
    return (address, array.strides)
