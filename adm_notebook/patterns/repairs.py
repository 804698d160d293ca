"""What mends a problem of a pattern: one edit, tried before it is offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from adm_notebook.errors import ConfigError, did_you_mean
from adm_notebook.patterns.flow import container_of, flow
from adm_notebook.patterns.node import Node
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.registry import CONTAINERS
from adm_notebook.patterns.roles import ROLES
from adm_notebook.patterns.validation import Finding, findings

__all__ = ["Repair", "repair_of"]

_GIVER = {
    kind: next(role.name for role in ROLES.values() if kind in role.produces)
    for kind in ("bars", "features", "regimes", "settings", "targets", "orders", "fills")
}
_READER = {"orders": "execution", "targets": "signal_log"}


class Repair(NamedTuple):
    """An edit that mends a problem.

    words    what a button says: `Move into main`
    pattern  what comes of it
    """

    words: str
    pattern: Pattern


def repair_of(pattern: Pattern, finding: Finding) -> Repair | None:
    """The first edit that mends what was found and brings no other problem; None where none is known.

    Parameters
    ----------
    pattern
        the one that `finding` is about.
    finding
        one of `findings(pattern)`.
    """
    known = {_key(each) for each in findings(pattern)}
    if _key(finding) not in known:
        return None
    for words, edit in _tries(pattern, finding):
        try:
            changed = edit()
        except ConfigError:  # a name is taken, the tree would be too deep: no repair
            continue
        left = {_key(each) for each in findings(changed)}
        if _key(finding) not in left and left < known:
            return Repair(words, changed)
    return None


def _key(finding: Finding) -> tuple[str, str, str, str]:
    return finding.path, finding.what, finding.kind, finding.message if finding.what == "container" else ""


Tries = Iterator[tuple[str, Callable[[], Pattern]]]


def _tries(pattern: Pattern, finding: Finding) -> Tries:
    """Edits that may mend it, the least intrusive first."""
    if finding.what == "whole":
        yield from _of_the_whole(pattern)
        return
    path = finding.path
    name = path.rpartition("/")[2]
    if finding.what == "container":
        yield from _of_the_container(pattern, path)
    elif finding.what == "missing":
        yield from _for_what_is_missing(pattern, path, finding)
    elif finding.what == "unread":
        yield from _for_what_is_unread(pattern, path, finding.kind)
    yield f"Remove {name}", lambda: pattern.remove(path)
    if pattern.find(path).children:
        yield f"Remove {name}, keep what is inside", lambda: pattern.remove(path, keep_children=True)


def _of_the_whole(pattern: Pattern) -> Tries:
    first = pattern.nodes[0].name if pattern.nodes else None
    yield "Add data", lambda: pattern.add(Node("data"), before=first)
    yield "Add execution", lambda: pattern.add(Node("execution"))
    if not pattern.has("portfolio"):
        trade = Node("portfolio", children=(Node("strategy"),))
        yield "Add a portfolio and execution", lambda: pattern.add(trade).add(Node("execution"))
        start = pattern if pattern.has("data") else pattern.add(Node("data"), before=first)
        yield "Add what a backtest needs", lambda: start.add(trade).add(Node("execution"))


def _of_the_container(pattern: Pattern, path: str) -> Tries:
    """Another container, another role, or fewer parameters."""
    node = pattern.find(path)
    kind = container_of(node)

    def put(container: str | None, parameters: dict[str, object], role: str = node.role) -> Pattern:
        return pattern.replace(path, Node(role, node.name, container, parameters, node.limits, node.children))

    if kind is None:
        near = did_you_mean(node.container, CONTAINERS.names()).strip("` ?").rpartition("`")[2]
        if near:
            yield f"Use {near}", lambda: put(near, dict(node.parameters))
        yield f"Use the built-in {node.role.replace('_', ' ')}", lambda: put(None, {})
        return
    if kind.role != node.role:
        yield f"Make it a {kind.role.replace('_', ' ')}", lambda: put(kind.name, dict(node.parameters), kind.role)
        return
    for name in node.parameters:
        rest = {key: value for key, value in node.parameters.items() if key != name}
        said = "Leave out" if name not in kind.parameters else "Take the default of"
        yield f"{said} {name}", lambda rest=rest: put(node.container, rest)  # type: ignore[misc]  # a default argument binds now


def _for_what_is_missing(pattern: Pattern, path: str, finding: Finding) -> Tries:
    kind = finding.kind
    parent, _, name = path.rpartition("/")
    steps = flow(pattern).steps
    givers = [each for each, step in steps.items() if kind in step.gives and each != path]
    for giver in reversed(givers):  # the nearest of several is mostly the last
        home, _, its_name = giver.rpartition("/")
        level = path  # of the path and what is around it, the one that stands beside the giver
        while level and level.rpartition("/")[0] != home:
            level = level.rpartition("/")[0]
        if level and level != giver:
            beside = level.rpartition("/")[2]
            yield f"Move {its_name} before {beside}", lambda g=giver, b=beside: pattern.move(g, before=b)  # type: ignore[misc]
        if not giver.startswith(f"{path}/"):
            said = f"Move into {_called(pattern, home)}" if home != parent else f"Move after {its_name}"
            yield said, lambda h=home, n=its_name: pattern.move(path, h, after=n)  # type: ignore[misc]
        else:
            yield f"Move {its_name} into {name}", lambda g=giver: pattern.move(g, path)  # type: ignore[misc]
    if finding.other:  # settings that a portfolio has and its execution has not, or the other way round
        return
    giver_role = _GIVER.get(kind)
    if giver_role is None:
        return
    new = Node(giver_role)
    if kind == "targets" and pattern.find(path).role == "portfolio":
        yield "Add strategies inside it", lambda: pattern.add(new, path)
    if kind == "orders":
        yield (
            "Add a portfolio before it",
            lambda: pattern.add(Node("portfolio", children=(Node("strategy"),)), parent, before=name),
        )
    yield f"Add {new.name.replace('_', ' ')} before it", lambda: pattern.add(new, parent, before=name)


def _for_what_is_unread(pattern: Pattern, path: str, kind: str) -> Tries:
    parent, _, name = path.rpartition("/")
    if kind == "targets":
        for portfolio, _node in pattern.of_role("portfolio"):
            if not portfolio.startswith(f"{path}/"):
                said = f"Move into {_called(pattern, portfolio)}"
                yield said, lambda p=portfolio: pattern.move(path, p)  # type: ignore[misc]
    reader = _READER.get(kind)
    if reader:
        said = f"Add {reader.replace('_', ' ')} after it"
        yield said, lambda: pattern.add(Node(reader), parent, after=name)


def _called(pattern: Pattern, path: str) -> str:
    return path.rpartition("/")[2] or pattern.name
