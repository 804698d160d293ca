"""One container in a tree that runs: where its inputs come from, what it has done so far, and what that cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from adm_notebook.containers.protocol import Container, Place, Product, State
from adm_notebook.containers.shared import Shared, Shelf
from adm_notebook.containers.values import protect, size_of
from adm_notebook.errors import RunTimedOut

__all__ = ["ContainerNode"]


class ContainerNode:
    """One container of a tree.

    path        its names from the root, joined by `/`
    identifier  the same for the same work in every process
    depth       levels below the root
    sources     kind -> position of the node that gives it, in the order in which nodes run
    shelf       where its products are kept and shared; None where they are not
    seconds     its own limit on the time spent in it, over all threads; None = no limit
    """

    def __init__(
        self,
        path: str,
        name: str,
        identifier: str,
        container: Container,
        sources: Mapping[str, int],
        shared: Shared | None,
        shelf: Shelf | None,
        seconds: float | None,
    ) -> None:
        self.path, self.name, self.identifier = path, name, identifier
        self.role = container.role
        self.container = container
        self.sources = dict(sources)
        self.seconds_limit = seconds
        self.state = State.CREATED
        self.calls = self.computed = self.failed = 0
        self.rows_in = self.rows_out = 0
        self.seconds = 0.0
        self._shared, self.shelf = shared, shelf if shared is not None and container.shares else None
        self._lock = threading.Lock()

    @property
    def depth(self) -> int:
        """Levels below the root."""
        return self.path.count("/")

    def take(self, place: Place, products: Sequence[Mapping[str, Product]]) -> Mapping[str, Product]:
        """What it gives for a place, from what the nodes before it gave; shared where that is possible.

        products
            of the nodes that have run, in their order; only those in `sources` are looked at.
        """
        if self.state is State.INITIALISED:
            self.state = State.RUNNING
        container, sources = self.container, self.sources
        given = {kind: products[sources[kind]][kind] for kind in container.reads(place) if kind in sources}
        if self._shared is None or self.shelf is None:
            return self._alone(place, given)
        keys = tuple([product.key for product in given.values()])
        if None in keys:
            return self._alone(place, given)
        self.calls += 1
        key = (container.key(place), keys)
        found: Mapping[str, Product] | None = self._shared.held(self.shelf, key)
        if found is None:
            found = self._shared.get(self.shelf, key, lambda: self._to_share(place, given, key), _size_of_products)
        return found

    def _alone(self, place: Place, given: Mapping[str, Product]) -> Mapping[str, Product]:
        """Products that nobody shares."""
        return {kind: Product(value, None) for kind, value in self._made(place, given).items()}

    def _to_share(self, place: Place, given: Mapping[str, Product], key: Hashable) -> Mapping[str, Product]:
        """Products for all who ask for that key."""
        made = self._made(place, given, counted=True)
        protect(made)
        return {kind: Product(value, (self.path, key)) for kind, value in made.items()}

    def count(self, requested: int, computed: int, seconds: float, n_bars: int, failed: int) -> None:
        """Note work that was done for many rows at once."""
        with self._lock:
            if self.state is State.INITIALISED:
                self.state = State.RUNNING
            self.calls += requested
            self.computed += computed
            self.seconds += seconds
            self.rows_in += computed * n_bars
            self.rows_out += computed * n_bars
            self.failed += failed

    def _made(self, place: Place, given: Mapping[str, Product], counted: bool = False) -> Mapping[str, Any]:
        """The products, made now."""
        began = time.perf_counter()
        try:
            made = self.container.process(place, {kind: product.value for kind, product in given.items()})
        except BaseException:
            with self._lock:
                self.failed += 1
            raise
        took = time.perf_counter() - began
        with self._lock:
            self.calls += not counted
            self.computed += 1
            self.seconds += took
            self.rows_in += place.bars.n_bars
            self.rows_out += rows_of(made, place.bars.n_bars)
            spent = self.seconds
        if self.seconds_limit is not None and spent > self.seconds_limit:
            message = f"The container {self.path} took longer than its limit, timeout_seconds: {self.seconds_limit:g}."
            raise RunTimedOut(message)
        return made


def _size_of_products(products: Mapping[str, Product]) -> int:
    return sum([size_of(product.value) for product in products.values()])


def rows_of(made: Mapping[str, Any], n_bars: int) -> int:
    """Rows that a container gave: trades of fills, 1 of settings and reports, else one a bar."""
    if "fills" in made:
        return int(made["fills"].n_trades)
    return 1 if "settings" in made or "report" in made else n_bars
