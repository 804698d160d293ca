"""A pattern under one's hands: edits one after the other, each undone and redone exactly; what they did in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from adm_notebook.errors import ConfigError, Problem
from adm_notebook.patterns import CONTAINERS, PATTERNS, Limits, Node, Pattern, PatternDiff, compare_patterns, flow
from adm_notebook.patterns.catalog import keep
from adm_notebook.patterns.fitting import place_for
from adm_notebook.patterns.flow import Flow
from adm_notebook.patterns.node import checked_name
from adm_notebook.patterns.validation import Finding, findings

__all__ = ["PatternEdits", "State", "joined", "outer"]

MOST_STEPS = 1000
"""Edits that can be undone; the oldest go first."""


class State:
    """A pattern between two edits, what is wrong with it and what it changes; found out once, when asked for."""

    def __init__(self, original: Pattern, pattern: Pattern) -> None:
        self.original, self.pattern = original, pattern

    @cached_property
    def findings(self) -> list[Finding]:
        """What keeps it from running."""
        return findings(self.pattern)

    @cached_property
    def diff(self) -> PatternDiff:
        """What it changes in the original."""
        return compare_patterns(self.original, self.pattern)

    @cached_property
    def flow(self) -> Flow:
        """Who reads what from whom."""
        return flow(self.pattern)

    @cached_property
    def changes(self) -> int:
        """How many containers are new, gone, moved or changed, and whether the description is another."""
        rows = {(row.old, row.new) for row in self.diff.rows}
        return len(rows) + (self.original.description != self.pattern.description)


class Step(NamedTuple):
    """One state in the history: what is selected then, and what led there in words."""

    state: State
    selected: str
    words: str


class PatternEdits:
    """The original, the pattern as it is now, and the way between them.

    Paths are those of `Pattern`; `""` is the pattern itself. Every edit is done as a whole or raises ConfigError and
    leaves all as it was; whether the tree can run is told by `state.findings`, and does not stop an edit.
    """

    def __init__(self, pattern: Pattern) -> None:
        self.original = pattern
        self.clipboard: Node | None = None
        self._steps = [Step(State(pattern, pattern), "", "")]
        self._at = 0

    @property
    def state(self) -> State:
        """The pattern as it is now, with what is wrong with it."""
        return self._steps[self._at].state

    @property
    def pattern(self) -> Pattern:
        """The pattern as it is now."""
        return self.state.pattern

    @property
    def to_undo(self) -> str:
        """The edit that `undo` takes back, in words; empty if there is none."""
        return self._steps[self._at].words

    @property
    def to_redo(self) -> str:
        """The edit that `redo` does again, in words; empty if there is none."""
        return self._steps[self._at + 1].words if self._at + 1 < len(self._steps) else ""

    # ---- edits: each returns the path of what it is about -------------------------------------------------------

    def add(self, path: str, what: str | Node, index: int | None = None) -> str:
        """A role's or another container inside `path`: at an index among those there, else where it fits, else last."""
        node = what if isinstance(what, Node) else _node_of(what)
        inside = self._children(path)
        node = _apart(node, inside)
        before = (
            place_for(self.pattern, path, node, self.state.findings).before
            if index is None
            else _name_at(inside, index)
        )
        return self._done(self.pattern.add(node, path, before=before), joined(path, node.name), f"add {node.name}")

    def remove(self, path: str, keep_children: bool = False) -> str:
        """Without a container and what is inside it, or with that in its place.

        Selected then is what stood after it, else before it, else around it.
        """
        self._not_the_pattern(path)
        node, parent = self.pattern.find(path), outer(path)
        names = [sibling.name for sibling in self._children(parent)]
        at = names.index(node.name)
        left = names[:at] + names[at + 1 :]
        beside = joined(parent, left[min(at, len(left) - 1)]) if left else parent
        if keep_children and node.children:
            beside = joined(parent, node.children[0].name)
        return self._done(self.pattern.remove(path, keep_children), beside, f"remove {node.name}")

    def rename(self, path: str, name: str) -> str:
        """A container, or for `""` the pattern, under another name."""
        if path == "":
            made = self.pattern if name == self.pattern.name else self.pattern.named(name)
            return self._done(made, "", f"rename {self.pattern.name}", own_name=False)
        node, parent = self.pattern.find(path), outer(path)
        checked_name(name)
        if any(sibling.name == name for sibling in self._children(parent) if sibling.name != node.name):
            message = f"{parent or self.pattern.name} has a container {name} already; choose another name"
            raise ConfigError(Problem("name", message), self.pattern.title)
        return self._done(
            self.pattern.replace(path, replace(node, name=name)), joined(parent, name), f"rename {node.name}"
        )

    def move(self, path: str, parent: str, index: int | None = None) -> str:
        """A container, and what is inside it, into `parent`: at an index among the others there; last if left out."""
        return self._done(self.moved(path, parent, index), joined(parent, _last(path)), f"move {_last(path)}")

    def moved(self, path: str, parent: str, index: int | None = None) -> Pattern:
        """What `move` would make."""
        self._not_the_pattern(path)
        name = self.pattern.find(path).name
        others = [node for node in self._children(parent) if outer(path) != parent or node.name != name]
        return self.pattern.move(path, parent, before=_name_at(others, index))

    def set(self, path: str, parameter: str, value: Any) -> str:
        """One parameter of a container, or `limits.NAME`, or for `""` the `description`; None takes the default."""
        if path == "":
            if parameter != "description":
                message = "a pattern has no parameters of its own; it has a description, and a name that `rename` gives"
                raise ConfigError(Problem(parameter, message), self.pattern.title)
            return self._done(replace(self.pattern, description=value or ""), "", "change the description")
        node = self.pattern.find(path)
        section, _, key = parameter.partition(".")
        if section == "limits" and key:
            limits = {} if node.limits is None else node.limits.to_dict()
            limits = {name: old for name, old in limits.items() if name != key}
            checked = Limits.from_mapping(limits if value is None else {**limits, key: value})
            changed = replace(node, limits=checked)
        else:
            kept = {name: old for name, old in node.parameters.items() if name != parameter or value is not None}
            changed = replace(node, parameters=kept if value is None else {**kept, parameter: value})
        return self._done(self._put(path, changed), path, f"change {key or parameter} of {node.name}")

    def fill(self, path: str, container: str) -> str:
        """Another container of the same role at a place; it keeps the name that a user gave and what it knows."""
        self._not_the_pattern(path)
        node, kind = self.pattern.find(path), CONTAINERS.get(container, "container")
        if kind.role != node.role:
            message = f"{kind.name} is a container of the role {kind.role}, and {path} of the role {node.role}"
            raise ConfigError(Problem("container", message), self.pattern.title)
        kept = {name: value for name, value in node.parameters.items() if name in kind.parameters}
        made = replace(node, container=kind.name, parameters=kept)
        if node.name == node.default_name:
            others = [sibling for sibling in self._children(outer(path)) if sibling.name != node.name]
            made = _apart(replace(made, name=made.default_name), others)
        return self._done(self._put(path, made), joined(outer(path), made.name), f"change {node.name}")

    def mend(self, words: str, pattern: Pattern, at: str) -> str:
        """A repair that was found for a problem."""
        return self._done(pattern, at if at in pattern.by_path else "", words[:1].lower() + words[1:])

    # ---- cut, copy, paste ---------------------------------------------------------------------------------------

    def copy(self, path: str) -> str:
        """Keep a container, and what is inside it, for `paste`."""
        self._not_the_pattern(path)
        self.clipboard = self.pattern.find(path)
        return path

    def cut(self, path: str) -> str:
        """Keep it for `paste` and remove it."""
        self.copy(path)
        return self.remove(path)

    def paste(self, path: str) -> str:
        """What was kept, inside a container that holds some, else after it; the other way where only that fits."""
        node = self.clipboard
        if node is None:
            raise ConfigError(Problem("", "nothing is cut or copied yet"), self.pattern.title)
        ways = [(path, path)]
        if path:
            ways.insert(1 if self._children(path) else 0, (outer(path), ""))
        found = self.state.findings
        fits = [place_for(self.pattern, parent, _apart(node, self._children(parent)), found) for parent, _ in ways]
        parent, inside = next((way for way, fit in zip(ways, fits, strict=True) if fit.reason is None), ways[0])
        if inside or not path:
            return self.add(parent, node)
        names = [sibling.name for sibling in self._children(parent)]
        return self.add(parent, node, names.index(_last(path)) + 1)

    # ---- history, and leaving -----------------------------------------------------------------------------------

    def undo(self) -> str:
        """Take the last edit back; what it was about is selected."""
        if self._at == 0:
            raise ConfigError(Problem("", "there is nothing to undo"), self.pattern.title)
        selected = self._steps[self._at - 1].selected
        self._at -= 1
        return selected

    def redo(self) -> str:
        """Do what was undone again."""
        if self._at + 1 >= len(self._steps):
            raise ConfigError(Problem("", "there is nothing to redo"), self.pattern.title)
        self._at += 1
        return self._steps[self._at].selected

    def save(self, name: str) -> str:
        """Register the pattern under a name; a sentence about it. ConfigError where it can't run or be called so."""
        made = self.pattern if name == self.pattern.name else self.pattern.named(name)
        problems = [Problem(finding.path, finding.message) for finding in self.state.findings]
        if problems:
            raise ConfigError(problems, made.title)
        if PATTERNS.is_built_in(made.name):
            message = f"{made.name} is built in and is not replaced; choose another name, e.g. my_{made.name}"
            raise ConfigError(Problem("name", message), made.title)
        _, said = keep(made)
        self._done(made, self._steps[self._at].selected, f"name it {name}", own_name=False)
        return f"Saved as {made.name}.{f' {said}' if said else ''}"

    @property
    def is_saved(self) -> bool:
        """Whether the pattern, as it is now, is known by its name."""
        return PATTERNS.find(self.pattern.name) == self.pattern

    def select(self, path: str) -> None:
        """Note what is selected, so that undo comes back to it."""
        self._steps[self._at] = self._steps[self._at]._replace(selected=path)

    # ---- how ----------------------------------------------------------------------------------------------------

    def _children(self, path: str) -> tuple[Node, ...]:
        return self.pattern.find(path).children if path else self.pattern.nodes

    def _put(self, path: str, node: Node) -> Pattern:
        """With exactly this node at a path, whose name may be that of its role."""
        parent = outer(path)
        siblings = self._children(parent)
        at = [sibling.name for sibling in siblings].index(_last(path))
        changed = (*siblings[:at], node, *siblings[at + 1 :])
        if parent == "":
            return self.pattern.with_nodes(changed)
        return self.pattern.replace(parent, self.pattern.find(parent).with_children(changed))

    def _not_the_pattern(self, path: str) -> None:
        if path == "":
            raise ConfigError(Problem("path", "is the pattern itself; choose a container in it"), self.pattern.title)

    def _done(self, made: Pattern, selected: str, words: str, own_name: bool = True) -> str:
        """The next state; nothing where nothing has changed. A pattern of the library gets a name of one's own."""
        now = self.pattern
        if (made, made.extends) == (now, now.extends):
            return selected
        if own_name and PATTERNS.is_built_in(made.name):
            made = made.named(f"my_{made.name}")
        self._steps[self._at + 1 :] = [Step(State(self.original, made), selected, words)]
        self._at += 1
        if len(self._steps) > MOST_STEPS:
            del self._steps[1]
            self._at -= 1
        return selected


def joined(parent: str, name: str) -> str:
    """The path of what is called `name` inside `parent`."""
    return f"{parent}/{name}" if parent else name


def outer(path: str) -> str:
    """The path of the container around one; `""` is the pattern."""
    return path.rpartition("/")[0]


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _name_at(siblings: Sequence[Node], index: int | None) -> str | None:
    """The sibling that something at an index goes before; None is last."""
    return None if index is None or index >= len(siblings) else siblings[max(index, 0)].name


def _node_of(what: str) -> Node:
    """A container by its own name or that of a role."""
    found = CONTAINERS.find(what)
    return Node(what) if found is None else Node(found.role, container=found.name)


def _apart(node: Node, siblings: Sequence[Node]) -> Node:
    """The node, with a number behind its name where a sibling has that name."""
    taken: Mapping[str, Node] = {sibling.name: sibling for sibling in siblings}
    name, number = node.name, 1
    while name in taken:
        number += 1
        name = f"{node.name[:50]}_{number}"
    return node if name == node.name else replace(node, name=name)
