"""Edits of a pattern: each gives a new tree, or says which path is not there and what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown
from adm_notebook.patterns.node import Node

if TYPE_CHECKING:
    from adm_notebook.patterns.pattern import Pattern

__all__ = ["add", "move", "remove", "replace_at"]

Siblings = tuple[Node, ...]


def add(
    pattern: Pattern,
    node: Node,
    inside: str,
    before: str | None,
    after: str | None,
    around: str | Sequence[str] | None,
) -> Pattern:
    """See `Pattern.add`."""
    _checked(pattern, node)
    if around is not None:
        if inside or before is not None or after is not None:
            message = "says where the new container goes; leave inside, before and after out"
            raise ConfigError(Problem("around", message), pattern.title)
        return _wrap(pattern, node, [around] if isinstance(around, str) else list(around))
    siblings = _inside(pattern, inside)
    at = _place(pattern, siblings, inside, before, after)
    node = _with_free_name(pattern, node, siblings, inside)
    return _changed(pattern, inside, lambda now: (*now[:at], node, *now[at:]))


def remove(pattern: Pattern, path: str, keep_children: bool) -> Pattern:
    """See `Pattern.remove`."""
    node = pattern.find(path)
    parent, name = _parent(path), node.name
    if keep_children:
        taken = {sibling.name for sibling in _inside(pattern, parent) if sibling.name != name}
        for child in node.children:
            if child.name in taken:
                message = f"its child {child.name} has a namesake in {_where(parent)}; rename one, then remove {path}"
                raise ConfigError(Problem("path", message), pattern.title)
    kept = node.children if keep_children else ()
    return _changed(pattern, parent, lambda now: _spliced(now, name, kept))


def replace_at(pattern: Pattern, path: str, node: Node) -> Pattern:
    """See `Pattern.replace`."""
    _checked(pattern, node)
    old = pattern.find(path)
    parent = _parent(path)
    others = tuple(sibling for sibling in _inside(pattern, parent) if sibling.name != old.name)
    node = _with_free_name(pattern, node if node.children else node.with_children(old.children), others, parent)
    return _changed(pattern, parent, lambda now: _spliced(now, old.name, (node,)))


def move(pattern: Pattern, path: str, inside: str | None, before: str | None, after: str | None) -> Pattern:
    """See `Pattern.move`."""
    node = pattern.find(path)
    parent = _parent(path)
    target = parent if inside is None else inside
    if target == path or target.startswith(f"{path}/"):
        raise ConfigError(Problem("inside", f"{path} can't go into itself; name a path outside it"), pattern.title)
    _inside(pattern, target)
    # the target is found by the same path afterwards: only what stood at `path` or inside it is gone
    without = _changed(pattern, parent, lambda now: _spliced(now, node.name, ()))
    siblings = _inside(without, target)
    for word, sibling in (("before", before), ("after", after)):
        if sibling == node.name and target == parent:
            raise ConfigError(Problem(word, f"{sibling} is what moves; name another container"), pattern.title)
    at = _place(without, siblings, target, before, after)
    _refuse_namesake(pattern, node, siblings, target)
    return _changed(without, target, lambda now: (*now[:at], node, *now[at:]))


def _wrap(pattern: Pattern, node: Node, paths: list[str]) -> Pattern:
    if not paths:
        raise ConfigError(Problem("around", "names no path"), pattern.title)
    for path in paths:
        pattern.find(path, "around")
    parents = {_parent(path) for path in paths}
    if len(parents) > 1:
        message = f"{', '.join(paths)} are not inside one container; a level goes around siblings"
        raise ConfigError(Problem("around", message), pattern.title)
    parent = parents.pop()
    names = {pattern.find(path).name for path in paths}
    siblings = _inside(pattern, parent)
    places = [i for i, sibling in enumerate(siblings) if sibling.name in names]
    first, last = places[0], places[-1]
    if len(places) != last - first + 1:
        between = [s.name for s in siblings[first:last] if s.name not in names]
        message = f"{', '.join(paths)} don't stand next to each other: {', '.join(between)} is between them"
        raise ConfigError(Problem("around", message), pattern.title)
    wrapped = siblings[first : last + 1]
    for inner in wrapped:
        _refuse_namesake(pattern, inner, node.children, node.name)
    node = _with_free_name(
        pattern, node.with_children((*node.children, *wrapped)), (*siblings[:first], *siblings[last + 1 :]), parent
    )
    return _changed(pattern, parent, lambda now: (*now[:first], node, *now[last + 1 :]))


def _checked(pattern: Pattern, node: object) -> None:
    if not isinstance(node, Node):
        message = f'must be a Node, e.g. Node("classifier"), but was {shown(node)}'
        raise ConfigError(Problem("node", message), pattern.title)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _where(path: str) -> str:
    return path or "the outermost level"


def _inside(pattern: Pattern, path: str) -> Siblings:
    """What is inside the container at a path; the outermost containers for the pattern itself."""
    return pattern.nodes if path == "" else pattern.find(path, "inside").children


def _place(pattern: Pattern, siblings: Siblings, inside: str, before: str | None, after: str | None) -> int:
    if before is not None and after is not None:
        raise ConfigError(Problem("before", "stands beside after; keep one of them"), pattern.title)
    name = before if before is not None else after
    if name is None:
        return len(siblings)
    names = [sibling.name for sibling in siblings]
    if name not in names:
        listed = f" There are: {', '.join(names)}" if names else " It is empty; leave it out"
        message = f"{_where(inside)} has no {shown(name)}.{did_you_mean(name, names) or listed}"
        raise ConfigError(Problem("before" if before is not None else "after", message), pattern.title)
    return names.index(name) + (before is None)


def _with_free_name(pattern: Pattern, node: Node, siblings: Siblings, inside: str) -> Node:
    """The node under a name that is free: numbered if it has the usual word of its role, else refused."""
    if node.name != node.default_name:
        _refuse_namesake(pattern, node, siblings, inside)
        return node
    taken, number, name = {sibling.name for sibling in siblings}, 1, node.name
    while name in taken:
        number += 1
        name = f"{node.name}_{number}"
    return node if name == node.name else replace(node, name=name)


def _refuse_namesake(pattern: Pattern, node: Node, siblings: Siblings, inside: str) -> None:
    if any(sibling.name == node.name for sibling in siblings):
        message = f"{_where(inside)} has a container of the name {node.name} already; give this one another name"
        raise ConfigError(Problem("name", message), pattern.title)


def _spliced(siblings: Siblings, name: str, instead: Siblings) -> Siblings:
    at = [sibling.name for sibling in siblings].index(name)
    return (*siblings[:at], *instead, *siblings[at + 1 :])


def _changed(pattern: Pattern, parent: str, change: Callable[[Siblings], Siblings]) -> Pattern:
    """The pattern where what is inside `parent` is changed."""

    def at(siblings: Siblings, names: list[str]) -> Siblings:
        if not names:
            return change(siblings)
        return tuple(
            node.with_children(at(node.children, names[1:])) if node.name == names[0] else node for node in siblings
        )

    return pattern.with_nodes(at(pattern.nodes, parent.split("/") if parent else []))
