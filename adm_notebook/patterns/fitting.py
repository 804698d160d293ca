"""Which containers can stand at a place of a pattern, and why the others can't."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adm_notebook.errors import ConfigError
from adm_notebook.patterns.node import Node
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.registry import CONTAINERS, ContainerType
from adm_notebook.patterns.validation import GIVER, Finding, findings

__all__ = ["Fit", "containers_that_fit", "fit_of", "place_for", "what_moves_break"]

_COMES_LATER = {("unread", kind) for kind in ("bars", "features", "regimes", "settings", "orders")}
"""What a container may lack at first: its readers can be added after it. Targets need their portfolio around them."""

Known = set[tuple[str, str, str]]
"""Findings that were there before: path, what and kind."""


class Fit(NamedTuple):
    """A container and whether it can be added.

    name    of the container; a role's own has the role's name
    reason  why it can't be added, in a few words; None where it can
    role    of the container
    before  the sibling that it would go before; None is last
    """

    name: str
    reason: str | None
    role: str
    before: str | None = None


def containers_that_fit(pattern: Pattern, path: str = "") -> list[Fit]:
    """Every container there is, tried inside the one at `path` (the pattern itself: ""), last place first.

    Raises
    ------
    ConfigError
        where nothing is at `path`.
    """
    known = _known(pattern)
    return [_fit(pattern, path, kind, known) for kind in CONTAINERS.snapshot().values()]


def fit_of(pattern: Pattern, path: str, name: str, before: str | None = None, last: bool = True) -> Fit:
    """One container, tried inside `path`: everywhere, from the last place back; only before one sibling, if named.

    Without `last` and `before` the end alone is tried.

    Raises
    ------
    ConfigError
        where nothing is at `path`, or for a container that nobody knows.
    """
    kind = CONTAINERS.get(name, "container")
    if before is None and last:
        return _fit(pattern, path, kind, _known(pattern))
    reason = _reason(pattern, path, before, _new(kind), kind, _known(pattern))
    return Fit(kind.name, reason, kind.role, None if reason else before)


def place_for(pattern: Pattern, path: str, node: Node, found: Sequence[Finding] | None = None) -> Fit:
    """Where a container with all that is inside it can go inside `path`; the reason why nowhere, if that is so.

    `found` spares the work where the findings of the pattern are known.
    """
    kind = CONTAINERS.find(node.container_name) or CONTAINERS.get(node.role)
    return _fit(pattern, path, kind, _known(pattern, found), node)


def what_moves_break(pattern: Pattern, changed: Pattern, path: str) -> str | None:
    """What is wrong in `changed`, where a container has come to `path`, and was not in `pattern`; in few words."""
    node = changed.find(path)
    kind = CONTAINERS.find(node.container_name) or CONTAINERS.get(node.role)
    return _broken(changed, path, kind, _known(pattern))


def _known(pattern: Pattern, found: Sequence[Finding] | None = None) -> Known:
    return {(each.path, each.what, each.kind) for each in (findings(pattern) if found is None else found)}


def _new(kind: ContainerType) -> Node:
    return Node(kind.role, container=kind.name)


def _fit(pattern: Pattern, path: str, kind: ContainerType, known: Known, node: Node | None = None) -> Fit:
    """The first place that will do, from the last one back."""
    first: str | None = None
    for before in _places(pattern, path):
        reason = _reason(pattern, path, before, node or _new(kind), kind, known)
        if reason is None:
            return Fit(kind.name, None, kind.role, before)
        first = first or reason
        if reason.startswith("needs") and reason.endswith("before it"):
            break  # further to the front less is there
    return Fit(kind.name, first, kind.role)


def _places(pattern: Pattern, path: str) -> Iterator[str | None]:
    """The last place, and those before siblings, from the last back; among siblings of one kind one is like another."""
    siblings = pattern.find(path).children if path else pattern.nodes
    yield None
    for i in range(len(siblings) - 1, -1, -1):
        if i == 0 or siblings[i - 1].container_name != siblings[i].container_name:
            yield siblings[i].name


def _reason(
    pattern: Pattern, inside: str, before: str | None, node: Node, kind: ContainerType, known: Known
) -> str | None:
    """Why a container can't stand at a place; None if it can."""
    try:
        changed = pattern.add(node, inside, before=before)
    except ConfigError as error:
        return error.problems[0].message
    siblings = changed.find(inside).children if inside else changed.nodes
    old = {sibling.name for sibling in (pattern.find(inside).children if inside else pattern.nodes)}
    (name,) = {sibling.name for sibling in siblings} - old
    return _broken(changed, f"{inside}/{name}" if inside else name, kind, known)


def _broken(changed: Pattern, path: str, kind: ContainerType, known: Known) -> str | None:
    for finding in findings(changed):
        if finding.path == path:
            reason = _own(finding, kind)
        elif (finding.path, finding.what, finding.kind) not in known and finding.path:
            if finding.path.startswith(f"{path}/"):
                reason = f"{finding.path.removeprefix(f'{path}/')} inside it would lack {finding.kind or 'its place'}"
            elif finding.kind:
                reason = f"would hide the {finding.kind} of {finding.path}"
            else:
                reason = f"clashes with {finding.path}"
        else:
            reason = None
        if reason:
            return reason
    return None


def _own(finding: Finding, kind: ContainerType) -> str | None:
    if finding.what == "doubled":
        return f"there is one already: {finding.other}"
    if finding.what == "missing":
        fills_up = finding.kind == "targets" and "orders" in kind.produces  # strategies go inside it next
        return None if fills_up else f"needs {GIVER[finding.kind]} before it"
    if finding.what == "unread" and (finding.what, finding.kind) not in _COMES_LATER:
        return f"{finding.other} stands nearer to its readers" if finding.other else "needs a portfolio around it"
    return None
