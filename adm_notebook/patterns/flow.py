"""Who sees what in a pattern, and in which order its containers run.

A container sees what its ancestors and the earlier siblings of itself and of its ancestors produced (their own
products, not those of what is inside them) and, once its children have finished, what these produced; nothing else. It
runs before its children if all that it consumes is visible by then, else after them. So an ancestor that runs after its
children has given nothing yet when they run.

Where several visible containers give one kind the nearest wins: for one that runs after its children, the last of them
that gives it; then its earlier siblings from the nearest back; then its parent, the parent's earlier siblings, and so
on outwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from adm_notebook.patterns.node import Node
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.registry import CONTAINERS, ContainerType

__all__ = ["Flow", "Step", "When", "container_of", "declared", "flow"]

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Step:
    """One container in the flow.

    path     of the container
    when     whether it runs before or after its children
    sources  kind -> path of the container that gives it; kinds that it consumes, and those of `may_consume` there are
    missing  kinds that it consumes and nothing visible gives
    gives    kinds that it produces
    visible  what it could read before its children run: paths, the nearest first
    """

    path: str
    when: When
    sources: Mapping[str, str]
    missing: tuple[str, ...]
    gives: tuple[str, ...]
    visible: tuple[str, ...]


@dataclass(frozen=True)
class Flow:
    """Steps by path, and the order in which containers run."""

    steps: Mapping[str, Step]
    order: tuple[str, ...]

    def when(self, path: str) -> When:
        """Whether the container at a path runs before or after its children."""
        return self.steps[path].when

    def sources(self, path: str) -> Mapping[str, str]:
        """Kind -> path of the container that gives it to the one at `path`."""
        return self.steps[path].sources

    @cached_property
    def readers(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """(path, kind) -> paths of the containers that read it there."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for step in self.steps.values():
            for kind, source in step.sources.items():
                found[source, kind] = (*found.get((source, kind), ()), step.path)
        return found


def container_of(node: Node) -> ContainerType | None:
    """The container that stands at a node; None where it is not known."""
    return CONTAINERS.find(node.container_name)


def flow(pattern: Pattern) -> Flow:
    """Who reads what from whom; also of a pattern that can't run, where `missing` tells why."""
    steps: dict[str, Step] = {}
    order: list[str] = []
    _run(pattern.nodes, "", (), steps, order)
    return Flow({path: steps[path] for path in pattern.paths()}, tuple(order))


def _run(
    nodes: Sequence[Node], prefix: str, outside: tuple[str, ...], steps: dict[str, Step], order: list[str]
) -> None:
    """Siblings one after the other; `outside`: what they see beyond each other, the nearest first."""
    earlier: tuple[str, ...] = ()
    for node in nodes:
        path = f"{prefix}{node.name}"
        kind = declared(node)
        visible = (*earlier, *outside)
        before = _sources((*kind.consumes, *kind.may_consume), visible, steps)
        missing = tuple(each for each in kind.consumes if each not in before)
        if not missing:
            steps[path] = Step(path, "before", before, (), kind.produces, visible)
            order.append(path)
            _run(node.children, f"{path}/", (path, *visible), steps, order)
        else:
            _run(node.children, f"{path}/", visible, steps, order)
            children = tuple(f"{path}/{child.name}" for child in reversed(node.children))
            after = _sources((*kind.consumes, *kind.may_consume), (*children, *visible), steps)
            missing = tuple(each for each in kind.consumes if each not in after)
            steps[path] = Step(path, "after", after, missing, kind.produces, visible)
            order.append(path)
        earlier = (path, *earlier)


def _sources(kinds: Sequence[str], visible: Sequence[str], steps: Mapping[str, Step]) -> dict[str, str]:
    """The nearest visible container that gives each kind."""
    return {kind: path for kind in kinds for path in _nearest(kind, visible, steps)}


def _nearest(kind: str, visible: Sequence[str], steps: Mapping[str, Step]) -> Iterator[str]:
    for path in visible:
        if kind in steps[path].gives:
            yield path
            return


def declared(node: Node) -> ContainerType:
    """What flows through a node: as its container declares it; as its role has it where there is no such container."""
    kind = container_of(node)
    return kind if kind is not None and kind.role == node.role else CONTAINERS.get(node.role)
