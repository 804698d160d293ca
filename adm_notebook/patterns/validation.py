"""What is wrong with a pattern, at which container, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from adm_notebook.components.user_code import type_problem
from adm_notebook.errors import Problem, did_you_mean
from adm_notebook.patterns.flow import Flow, container_of, declared, flow
from adm_notebook.patterns.node import Node
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.registry import CONTAINERS, section_of
from adm_notebook.patterns.roles import KINDS, RESULTS

__all__ = ["GIVER", "Finding", "findings", "validate"]

GIVER = {
    "bars": "data",
    "features": "indicators",
    "regimes": "a classifier",
    "settings": "a risk profile",
    "targets": "strategies",
    "signals": "a signal_log",
    "orders": "a portfolio",
    "fills": "an execution",
    "report": "an analysis",
}
_READER = {
    "bars": "add containers after it that do, or remove it",
    "features": "put strategies, a classifier or a risk profile after it, or remove it",
    "regimes": "put strategies, a risk profile or a portfolio inside it or after it, or remove it",
    "settings": "put a portfolio and an execution inside it or after it, or remove it",
    "targets": "move it inside a portfolio, or add a signal_log after it",
    "orders": "add an execution after it",
}
_TRADED = ("targets", "orders")
"""Kinds that are there to become fills or signals in the end."""


class Finding(NamedTuple):
    """One thing that keeps a pattern from running.

    what   which rule it breaks: `missing` and `unread` are about a kind; `doubled` about `other`, a container like it
    kind   of what flows
    other  path of the other container that it is about
    """

    path: str
    message: str
    what: Literal["whole", "missing", "unread", "doubled", "container"]
    kind: str = ""
    other: str = ""


def validate(pattern: Pattern) -> list[Problem]:
    """Everything that keeps a pattern from running, in the order of its tree; [] where nothing does.

    A problem's path is the path of the container; "" is the pattern as a whole.
    """
    return [Problem(finding.path, finding.message) for finding in findings(pattern)]


def findings(pattern: Pattern) -> list[Finding]:
    """The same, with what each is about."""
    if not pattern.nodes:
        return [Finding("", "has no containers; begin with data", "whole")]
    flowing = flow(pattern)
    found: list[Finding] = []
    missing = _missing_kinds(pattern, flowing, found)
    found += _settings_apart(pattern, flowing)
    doubled = _doubled(pattern, flowing, found)
    for path, node in pattern.walk():
        found += _of_container(path, node)
        found += _unread(path, node, flowing, missing, doubled)
    lost = any(finding.kind in _TRADED for finding in found)  # mending that gives the pattern its result
    if not lost and not any(RESULTS & set(step.gives) for step in flowing.steps.values()):
        message = "gives neither fills nor signals; end it with an execution after a portfolio, or with a signal_log"
        found.append(Finding("", message, "whole"))
    order = {path: i for i, path in enumerate(pattern.paths())}
    return sorted(found, key=lambda finding: order.get(finding.path, -1))


def _at(path: str, node: Node) -> str:
    return f"{node.role} at {path}"


# ---- a container by itself ------------------------------------------------------------------------------------------


def _of_container(path: str, node: Node) -> Iterator[Finding]:
    """Its container is known, has its role, and has the parameters given."""
    return (Finding(path, f"{_at(path, node)} {said}", "container") for said in _about_container(node))


def _about_container(node: Node) -> Iterator[str]:
    kind = container_of(node)
    if kind is None:
        near = did_you_mean(node.container, CONTAINERS.names())
        known = near or " Register it first (@adm.container), or leave `container` out"
        yield f"names the unknown container {node.container!r}.{known}"
        return
    if kind.role != node.role:
        yield (
            f"names the container {kind.name}, whose role is {kind.role}; "
            f"write `role: {kind.role}`, or name a container of the role {node.role}"
        )
        return
    for name, value in node.parameters.items():
        if name in kind.parameters:
            if isinstance(value, (list, tuple)) and kind.parameters[name].type is not None:
                yield f"has several values for {name} of {kind.name}; in a pattern it takes one, and is not swept"
            elif wrong := type_problem(kind.parameters[name], value):
                yield f"has the parameter {name} of {kind.name}, which {wrong}"
            continue
        if kind.parameters:
            known = did_you_mean(name, list(kind.parameters)) or f" It has: {', '.join(kind.parameters)}"
            yield f"has the parameter {name}, which {kind.name} has not.{known}"
        else:
            section = section_of(node.role, node.container)
            filled = f"; it is filled from {section}" if section else ""
            yield f"has the parameter {name}, but {kind.name} takes none{filled}"
    for name, info in kind.parameters.items():
        if info.required and name not in node.parameters:
            reads = kind.consumes or kind.may_consume
            hint = "" if reads else f". If {name} is what it reads, name it by its kind: {', '.join(KINDS)}"
            yield f"lacks the parameter {name} of {kind.name}; write `parameters: {{{name}: ...}}`{hint}"


# ---- what flows in --------------------------------------------------------------------------------------------------


def _missing_kinds(pattern: Pattern, flowing: Flow, found: list[Finding]) -> set[str]:
    """Notes what containers consume and don't see; returns those kinds."""
    missing: set[str] = set()
    no_data = not any("bars" in step.gives for step in flowing.steps.values())
    if no_data:
        message = "has no data, which all other containers read; add data as the first container"
        found.append(Finding("", message, "whole", "bars"))
    for path, step in flowing.steps.items():
        node = pattern.by_path[path]
        for kind in step.missing:
            missing.add(kind)
            if kind == "bars" and no_data:
                continue
            message = f"{_at(path, node)} consumes {kind}, {_why_unseen(path, kind, flowing)}"
            found.append(Finding(path, message, "missing", kind))
    return missing


def _why_unseen(path: str, kind: str, flowing: Flow) -> str:
    """Who gives a kind out of sight, and what to move; or what to add."""
    givers = [step.path for step in flowing.steps.values() if kind in step.gives and step.path != path]
    around = [giver for giver in givers if path.startswith(f"{giver}/")]
    if around:
        outer = around[-1]
        return f"which {outer} gives only once the containers inside it have finished; move it out of {outer}, after it"
    for level in _levels(path):  # what sees nothing of this kind has no giver among earlier siblings: this one is later
        later = [giver for giver in givers if _parent(giver) == _parent(level) and giver != level]
        if later:
            return f"which {later[0]} gives only after it; move {later[0]} before {level}"
    inside = [giver for giver in givers if giver.startswith(f"{path}/")]
    if inside:
        return (
            f"which {inside[-1]} gives only to containers inside {_parent(inside[-1])}; move {inside[-1]} into {path}"
        )
    fills_up = kind == "targets" and "orders" in flowing.steps[path].gives  # a portfolio, whose strategies are its own
    if givers and not fills_up:
        home = _parent(givers[-1])
        return f"which {givers[-1]} gives only to containers inside {home}; move it into {home}, after {givers[-1]}"
    return f"which nothing above it produces; add {GIVER[kind]} {'inside it or ' if fills_up else ''}before it"


def _levels(path: str) -> Iterator[str]:
    """The path itself and those of its ancestors, from inside out."""
    while path:
        yield path
        path = _parent(path)


def _settings_apart(pattern: Pattern, flowing: Flow) -> Iterator[Finding]:
    """An execution fills orders under the settings that their portfolio had: size and stops belong together."""
    for path, step in flowing.steps.items():
        portfolio = step.sources.get("orders")
        if portfolio is None or "fills" not in step.gives:
            continue
        if not all(_may_read(pattern.by_path[each], "settings") for each in (path, portfolio)):
            continue
        its, mine = flowing.sources(portfolio).get("settings"), step.sources.get("settings")
        if its == mine:
            continue
        reads = f"reads the settings of {mine}" if mine else "sees no settings"
        does = f"reads those of {its}" if its else "does not"
        repair = "keep one" if mine and its else f"move {mine or its} before {portfolio}"
        how = f"{reads}, but {portfolio}, whose orders it fills, {does}; {repair}"
        yield Finding(path, f"{_at(path, pattern.by_path[path])} {how}", "missing", "settings", portfolio)


def _may_read(node: Node, kind: str) -> bool:
    return kind in (*declared(node).consumes, *declared(node).may_consume)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


# ---- what flows out -------------------------------------------------------------------------------------------------


def _unread(path: str, node: Node, flowing: Flow, missing: set[str], doubled: set[str]) -> Iterator[Finding]:
    """Products that no container reads and no result holds; what another finding explains is left out."""
    step = flowing.steps[path]
    if path in doubled or step.missing:
        return
    unread = [kind for kind in step.gives if kind not in RESULTS and not flowing.readers.get((path, kind))]
    nothing_read = len(unread) == len(step.gives)
    for kind in step.gives:
        source, why = _instead(path, kind, flowing)
        if source:
            message = f"{_at(path, node)} gives {kind}, which nobody trades: {source} {why}"
            yield Finding(path, message, "unread", kind, source)
        elif kind in unread and kind not in missing and (kind in _TRADED or (nothing_read and kind == unread[0])):
            message = f"{_at(path, node)} gives {kind}, which nobody reads; {_READER[kind]}"
            yield Finding(path, message, "unread", kind)


def _instead(path: str, kind: str, flowing: Flow) -> tuple[str, str]:
    """What is read in place of targets or orders that are at most logged, and what to do about it; "" for nothing."""
    if kind not in _TRADED or any(_acts(reader, flowing) for reader in flowing.readers.get((path, kind), ())):
        return "", ""
    outer, nearer = _parent(path), []
    for reader, step in flowing.steps.items():
        source = step.sources.get(kind)
        if source is None or source == path or not _acts(reader, flowing):
            continue
        if reader == outer and step.when == "before":
            return source, f"gives them to {reader} before what is inside it runs; move it into {reader}, or remove it"
        if (path in step.visible or reader == outer) and _parent(source) == outer:
            nearer.append(source)
    order = list(flowing.steps)
    return (min(nearer, key=order.index), "gives them too and stands nearer; keep one of them") if nearer else ("", "")


def _acts(path: str, flowing: Flow) -> bool:
    """Whether a container does more with what it reads than to log it."""
    return flowing.steps[path].gives != ("signals",)


# ---- twice from one section -----------------------------------------------------------------------------------------


def _doubled(pattern: Pattern, flowing: Flow, found: list[Finding]) -> set[str]:
    """Notes containers that are filled as one above them is; returns the paths of both."""
    alike: dict[str, list[str]] = {}
    for path, node in pattern.walk():
        if (filled_from := _filled_from(node)) is not None:
            alike.setdefault(filled_from, []).append(path)
    doubled: set[str] = set()
    for paths in alike.values():
        for i, path in enumerate(paths):
            above = [o for o in paths[:i] if o in flowing.steps[path].visible or path.startswith(f"{o}/")]
            if above:
                doubled |= {path, above[-1]}
                message = f"{_at(path, pattern.by_path[path])} {_both(pattern.by_path[path], above[-1])}"
                found.append(Finding(path, message, "doubled", other=above[-1]))
    return doubled


def _both(node: Node, other: str) -> str:
    if node.role == "data":
        return f"is a second data container, beside {other}; all read one table of prices: remove one of them"
    section = section_of(node.role, node.container)
    both = f"is filled from {section}, as is {other}" if section else f"does the same as {other}"
    return f"{both}; remove one of them, or give one a container of its own"


def _filled_from(node: Node) -> str | None:
    """What makes two containers the same: their section, or their role where no section fills it."""
    kind = container_of(node)
    if kind is None or kind.role != node.role:
        return None
    return section_of(node.role, node.container) or (node.role if node.container is None else None)
