"""What a composable run computes once and shares; when memory is short, the least used products are let go."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["DEFAULT_BUDGET", "Shared", "Shelf"]

DEFAULT_BUDGET = 512 * 2**20
"""Bytes that a run without a limit on memory keeps at most, for sharing; what is let go is computed again."""

ITEM_BYTES = 3_000
"""Of a product beside its arrays: its key, a built strategy and its rules. Measured; on few bars it is most of it."""


@dataclass(eq=False)
class Shelf:
    """The products of one container.

    max_columns, max_bytes  what it may hold; None = as much as there is room for
    requested, computed     how often a product was asked for, and how often it had to be made
    seconds                 spent on making
    """

    max_columns: int | None = None
    max_bytes: int | None = None
    requested: int = 0
    computed: int = 0
    seconds: float = 0.0
    held_bytes: int = 0
    peak_bytes: int = 0
    held_columns: int = 0
    items: OrderedDict[Hashable, tuple[Any, int, int]] = field(default_factory=OrderedDict)

    @property
    def is_too_full(self) -> bool:
        """Whether it holds more than it may; the last product stays in any case."""
        over_columns = self.max_columns is not None and self.held_columns > self.max_columns
        over_bytes = self.max_bytes is not None and self.held_bytes > self.max_bytes
        return len(self.items) > 1 and (over_columns or over_bytes)

    def drop_oldest(self) -> int:
        """Let the least recently used product go; the bytes it held."""
        _, (_, size, columns) = self.items.popitem(last=False)
        self.held_bytes -= size
        self.held_columns -= columns
        return size


class Shared:
    """Products by key; several threads that ask for the same at once compute it once.

    Parameters
    ----------
    budget
        bytes of all products together; None means DEFAULT_BUDGET.
    """

    def __init__(self, budget: int | None = None) -> None:
        self.budget = DEFAULT_BUDGET if budget is None else budget
        self._held = 0
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, threading.Event] = {}
        self._shelves: list[Shelf] = []

    def shelf(self, max_columns: int | None = None, max_bytes: int | None = None) -> Shelf:
        """A place for the products of one container."""
        shelf = Shelf(max_columns, max_bytes)
        self._shelves.append(shelf)
        return shelf

    def held(self, shelf: Shelf, key: Hashable) -> Any:
        """The product of that key, if it is there; None where it has to be made."""
        with self._lock:
            held = shelf.items.get(key)
            if held is None:
                return None
            shelf.requested += 1
            shelf.items.move_to_end(key)
            return held[0]

    def get(
        self, shelf: Shelf, key: Hashable, make: Callable[[], Any], size: Callable[[Any], int], columns: int = 0
    ) -> Any:
        """The product of that key, made if need be.

        Parameters
        ----------
        size
            bytes of a product.
        columns
            how many indicator columns it is.
        """
        marker = (id(shelf), key)
        while True:
            with self._lock:
                held = shelf.items.get(key)
                if held is not None:
                    shelf.requested += 1
                    shelf.items.move_to_end(key)
                    return held[0]
                under_way = self._under_way.get(marker)
                if under_way is None:
                    self._under_way[marker] = threading.Event()
                    break
            under_way.wait()
        try:
            began = time.perf_counter()
            product = make()
            took = time.perf_counter() - began
            bytes_ = size(product) + ITEM_BYTES
            with self._lock:
                shelf.requested += 1
                shelf.computed += 1
                shelf.seconds += took
                self._keep(shelf, key, product, bytes_, columns)
        finally:
            with self._lock:
                self._under_way.pop(marker).set()
        return product

    def _keep(self, shelf: Shelf, key: Hashable, product: Any, size: int, columns: int) -> None:
        shelf.items[key] = (product, size, columns)
        shelf.held_bytes += size
        shelf.held_columns += columns
        self._held += size
        while shelf.is_too_full:
            self._held -= shelf.drop_oldest()
        while self._held > self.budget:
            several = [s for s in self._shelves if len(s.items) > 1]
            if not several:
                break
            self._held -= max(several, key=lambda s: s.held_bytes).drop_oldest()
        shelf.peak_bytes = max(shelf.peak_bytes, shelf.held_bytes)

    def clear(self) -> None:
        """Let everything go; the counts stay."""
        with self._lock:
            for shelf in self._shelves:
                shelf.items.clear()
                shelf.held_bytes = shelf.held_columns = 0
            self._held = 0
