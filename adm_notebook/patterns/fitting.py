"""Which containers can be added inside another, and why the others can't."""

from __future__ import annotations

from typing import NamedTuple

from adm_notebook.errors import ConfigError
from adm_notebook.patterns.node import Node
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.registry import CONTAINERS, ContainerType
from adm_notebook.patterns.validation import GIVER, Finding, findings

__all__ = ["Fit", "containers_that_fit"]

_COMES_LATER = {("unread", kind) for kind in ("bars", "features", "regimes", "settings", "orders")}
"""What a container may lack at first: its readers can be added after it. Targets need their portfolio around them."""


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
    siblings = pattern.find(path).children if path else pattern.nodes
    places = [None, *(sibling.name for sibling in reversed(siblings))]
    known: set[tuple[str, str, str]] = {(each.path, each.what, each.kind) for each in findings(pattern)}
    fits = []
    for kind in CONTAINERS.snapshot().values():
        tried = [(place, _reason(pattern, path, place, kind, known)) for place in places]
        place, reason = next((each for each in tried if each[1] is None), tried[0])
        fits.append(Fit(kind.name, reason, kind.role, None if reason else place))
    return fits


def _reason(
    pattern: Pattern, inside: str, before: str | None, kind: ContainerType, known: set[tuple[str, str, str]]
) -> str | None:
    """Why a container can't stand at a place; None if it can."""
    node = Node(kind.role, container=kind.name)
    try:
        changed = pattern.add(node, inside, before=before)
    except ConfigError as error:
        return error.problems[0].message
    (path,) = set(changed.paths()) - set(pattern.paths())
    for finding in findings(changed):
        if finding.path == path:
            reason = _own(finding, kind)
        elif (finding.path, finding.what, finding.kind) not in known and finding.path:
            reason = (
                f"would hide the {finding.kind} of {finding.path}" if finding.kind else f"clashes with {finding.path}"
            )
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
