"""What differs between two patterns: containers added, removed, moved, renamed or changed.

Containers of the two are matched by role, name and container first (at the same path, then inside matched containers,
then anywhere), then by role and container (a new name), then by role inside matched containers (another container in
its place). A container has moved where the nearest matched container around it is another one, or where it left the
order of its siblings: the fewest moves that explain the new order. So a level that goes, or comes, is one row, and what
was inside it has not moved.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from adm_notebook.config.frozen import canonical_json
from adm_notebook.errors import shown
from adm_notebook.patterns.drawing import label
from adm_notebook.patterns.frozen import canonical
from adm_notebook.patterns.node import Node
from adm_notebook.patterns.pattern import Pattern

__all__ = ["Change", "Kind", "PatternDiff", "compare_patterns"]

Kind = Literal["added", "removed", "moved", "renamed", "changed"]
GLYPHS: Mapping[Kind, str] = {"added": "+", "removed": "-", "moved": "↕", "renamed": "~", "changed": "~"}


class Change(NamedTuple):
    """One difference.

    change    added, removed, moved, renamed or changed
    old, new  path in the first and in the second pattern; None where it is not there
    what      in words: `was classifier/risk`, `now called calm`, `parameters.window 20 -> 50`
    """

    change: Kind
    old: str | None
    new: str | None
    what: str


@dataclass(frozen=True)
class PatternDiff:
    """The differences between two patterns, in the order of the second one's tree, what was removed first.

    It is true where there is any. `matched` has the path in the first for each path in the second that it stands for.
    """

    a: Pattern
    b: Pattern
    rows: tuple[Change, ...]
    matched: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.rows)

    def of(self, change: Kind) -> tuple[Change, ...]:
        """The rows of one kind."""
        return tuple(row for row in self.rows if row.change == change)

    def text(self) -> str:
        """A line a difference, after one that counts them."""
        names = f"{self.a.name} → {self.b.name}"
        if not self.rows:
            return f"{names}: the same containers"
        counts = [f"{len(self.of(kind))} {kind}" for kind in GLYPHS if self.of(kind)]
        width = max(len(row.new or row.old or "") for row in self.rows)
        lines = [f"{GLYPHS[row.change]} {row.new or row.old or '':<{width}}  {row.what}" for row in self.rows]
        return "\n".join([f"{names}: {', '.join(counts)}", *lines])

    def __repr__(self) -> str:
        return self.text()


def compare_patterns(a: Pattern, b: Pattern) -> PatternDiff:
    """What is different in `b`; names and descriptions of the patterns themselves are left aside."""
    matching = _Matching(a, b)
    rows = [Change("removed", path, None, label(node)) for path, node in a.walk() if path not in matching.a_to_b]
    moved = _moved(matching)
    for path, node in b.walk():
        old = matching.b_to_a.get(path)
        if old is None:
            rows.append(Change("added", None, path, label(node)))
            continue
        if path in moved:
            rows.append(Change("moved", old, path, moved[path]))
        before = a.by_path[old]
        if before.name != node.name:
            rows.append(Change("renamed", old, path, f"was called {before.name}"))
        told = "; ".join(_changes(before, node))
        if told:
            rows.append(Change("changed", old, path, told))
    return PatternDiff(a, b, tuple(rows), dict(matching.b_to_a))


class _Matching:
    """Which container of `a` is which of `b`: paths, both ways."""

    def __init__(self, a: Pattern, b: Pattern) -> None:
        self.a, self.b = a, b
        self.a_to_b: dict[str, str] = {}
        self.b_to_a: dict[str, str] = {}

        def identity(_: str, node: Node) -> Hashable:
            return node.role, node.name, node.container

        def kind(_: str, node: Node) -> Hashable:
            return node.role, node.container

        self._match(lambda path, node: (path, identity(path, node)), anywhere=True)
        for key in (identity, kind):
            self._match(key, anywhere=False)
            self._match(key, anywhere=True)
        self._match(lambda _, node: node.role, anywhere=False)

    def _match(self, key: Callable[[str, Node], Hashable], anywhere: bool) -> None:
        """Match what has one key, in the order of the trees; unless `anywhere`, only inside matched containers."""
        waiting: dict[Hashable, list[str]] = {}
        for path, node in self.b.walk():
            if path not in self.b_to_a:
                around = None if anywhere else nearest(path, self.b_to_a)
                waiting.setdefault((key(path, node), around), []).append(path)
        for path, node in self.a.walk():
            if path in self.a_to_b:
                continue
            outer = None if anywhere else nearest(path, self.a_to_b)
            around = None if anywhere else self.a_to_b.get(outer, "") if outer else ""
            candidates = waiting.get((key(path, node), around))
            if candidates:
                other = candidates.pop(0)
                self.a_to_b[path], self.b_to_a[other] = other, path


def nearest(path: str, matched: Mapping[str, str]) -> str:
    """The nearest container around a path that is matched; "" is the pattern itself."""
    outer = path.rpartition("/")[0]
    while outer and outer not in matched:
        outer = outer.rpartition("/")[0]
    return outer


def _moved(matching: _Matching) -> dict[str, str]:
    """Path in `b` of what has moved, and from where in words."""
    told: dict[str, str] = {}
    inside: dict[str, list[str]] = {}
    for new, old in _in_order(matching.b, matching.b_to_a):
        outer_new, outer_old = nearest(new, matching.b_to_a), nearest(old, matching.a_to_b)
        if matching.b_to_a.get(outer_new, "") != outer_old:
            told[new] = f"was {old}"
        else:
            inside.setdefault(outer_new, []).append(new)
    place = {path: i for i, path in enumerate(matching.a.paths())}
    for siblings in inside.values():
        places = [place[matching.b_to_a[new]] for new in siblings]
        kept = set(_longest_increasing(places))
        for new, at in zip(siblings, places, strict=True):
            if at not in kept:
                told[new] = f"was {_beside(matching, matching.b_to_a[new])}"
    return told


def _in_order(pattern: Pattern, matched: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((path, matched[path]) for path in pattern.paths() if path in matched)


def _beside(matching: _Matching, old: str) -> str:
    """Where something stood: `after risk`, or `first`."""
    parent, _, name = old.rpartition("/")
    siblings = [node.name for node in (matching.a.find(parent).children if parent else matching.a.nodes)]
    at = siblings.index(name)
    return f"after {siblings[at - 1]}" if at else "first"


def _longest_increasing(values: Sequence[int]) -> list[int]:
    """A longest increasing subsequence of distinct values, by patience sorting."""
    tails: list[int] = []
    piles: list[int] = []
    for value in values:
        pile = bisect_left(tails, value)
        tails[pile : pile + 1] = [value]
        piles.append(pile)
    kept: list[int] = []
    wanted = len(tails) - 1
    for value, pile in zip(reversed(values), reversed(piles), strict=True):
        if pile == wanted:
            kept.append(value)
            wanted -= 1
    return kept[::-1]


def _changes(old: Node, new: Node) -> Iterator[str]:
    """What is different in a container itself, in words."""
    if old.container_name != new.container_name:
        yield f"container {old.container_name} -> {new.container_name}"
    yield from _mapping_changes("parameters", old.parameters, new.parameters)
    limits = [{} if node.limits is None else node.limits.to_dict() for node in (old, new)]
    yield from _mapping_changes("limits", limits[0], limits[1])


def _mapping_changes(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    if old == new:
        return
    for key in [*old, *(key for key in new if key not in old)]:
        if key not in new:
            yield f"{what}.{key} {shown(old[key], 30)} -> left out"
        elif key not in old:
            yield f"{what}.{key} {shown(new[key], 30)}, was left out"
        elif _shown_apart(old[key]) != _shown_apart(new[key]):
            yield f"{what}.{key} {shown(old[key], 30)} -> {shown(new[key], 30)}"


def _shown_apart(value: object) -> str:
    return canonical_json(canonical(value))
