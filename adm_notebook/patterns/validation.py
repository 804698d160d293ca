"""What is wrong with a pattern, at which container, and what mends it; and config that a pattern has no place for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adm_notebook.errors import Problem, did_you_mean
from adm_notebook.patterns.flow import Flow, Step, container_of, flow
from adm_notebook.patterns.node import Node
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.registry import CONTAINERS, section_of
from adm_notebook.patterns.roles import RESULTS, ROLES

__all__ = ["unplaced", "validate"]

_GIVER = {
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
_SEEN_IN_ONE = "remove one of them, or give one a container of its own"


def validate(pattern: Pattern) -> list[Problem]:
    """Everything that keeps a pattern from running, in the order of its tree; [] where nothing does.

    A problem's path is the path of the container; "" is the pattern as a whole.
    """
    if not pattern.nodes:
        return [Problem("", "has no containers; begin with data")]
    flowing = flow(pattern)
    found: list[Problem] = []
    missing = _missing_kinds(pattern, flowing, found)
    doubled = _doubled(pattern, flowing, found)
    for path, node in pattern.walk():
        found += _of_container(path, node)
        found += _unread(path, node, flowing, missing, doubled)
    if not any(RESULTS & set(step.gives) for step in flowing.steps.values()):
        found.append(
            Problem("", "gives neither fills nor signals; end it with an execution after a portfolio, or a signal_log")
        )
    order = {path: i for i, path in enumerate(pattern.paths())}
    return sorted(found, key=lambda problem: order.get(problem.path, -1))


def _at(path: str, node: Node) -> str:
    return f"{node.role} at {path}"


# ---- a container by itself ------------------------------------------------------------------------------------------


def _of_container(path: str, node: Node) -> Iterator[Problem]:
    """Its container is known, has its role, and has the parameters given."""
    kind = container_of(node)
    if kind is None:
        near = did_you_mean(node.container, CONTAINERS.names())
        own = " Register it first (@adm.container), or leave `container` out"
        yield Problem(path, f"{_at(path, node)} names the unknown container {node.container!r}.{near or own}")
        return
    if kind.role != node.role:
        yield Problem(
            path,
            f"{_at(path, node)} names the container {kind.name}, whose role is {kind.role}, not {node.role}; "
            f"write `role: {kind.role}`, or name another container",
        )
        return
    for name in node.parameters:
        if name in kind.parameters:
            continue
        if not kind.parameters:
            section = section_of(node.role, node.container)
            filled = f"; it is filled from {section}" if section else ""
            yield Problem(path, f"{_at(path, node)} has the parameter {name}, but {kind.name} takes none{filled}")
            continue
        near = did_you_mean(name, list(kind.parameters))
        known = near or f" It has: {', '.join(kind.parameters)}"
        yield Problem(path, f"{_at(path, node)} has the parameter {name}, which {kind.name} has not.{known}")
    for name, info in kind.parameters.items():
        if info.required and name not in node.parameters:
            yield Problem(
                path, f"{_at(path, node)} lacks the parameter {name} of {kind.name}; write `{name}: ...` for it"
            )


# ---- what flows in --------------------------------------------------------------------------------------------------


def _missing_kinds(pattern: Pattern, flowing: Flow, found: list[Problem]) -> set[str]:
    """Notes what containers consume and don't see; returns those kinds."""
    missing: set[str] = set()
    no_data = not any("bars" in step.gives for step in flowing.steps.values())
    if no_data:
        found.append(Problem("", "has no data, which all other containers read; add data as the first container"))
    for path, step in flowing.steps.items():
        node = pattern.by_path[path]
        for kind in step.missing:
            missing.add(kind)
            if kind == "bars" and no_data:
                continue
            found.append(Problem(path, f"{_at(path, node)} consumes {kind}, {_why_unseen(path, kind, flowing)}"))
    return missing


def _why_unseen(path: str, kind: str, flowing: Flow) -> str:
    """Who gives a kind out of sight, and what to move; or what to add."""
    givers = [step for step in flowing.steps.values() if kind in step.gives and step.path != path]
    around = [step for step in givers if path.startswith(f"{step.path}/")]
    if around:
        outer = around[-1].path
        return f"which {outer} gives only once the containers inside it have finished; move it out of {outer}, after it"
    levels = [path[: i or None] for i in [*(i for i, c in enumerate(path) if c == "/"), 0]]
    for level in reversed(levels):
        later = [step for step in givers if _parent(step.path) == _parent(level) and step.path not in levels]
        if later:
            return f"which {later[0].path} gives only after it; move {later[0].path} before {level}"
    if givers:
        home = _parent(givers[-1].path)
        return f"which {givers[-1].path} gives only to containers inside {home}; move it inside {home}, after that"
    inside = "inside it or " if kind == "targets" and flowing.steps[path].when == "after" else ""
    return f"which nothing above it produces; add {_GIVER[kind]} {inside}before it"


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


# ---- what flows out -------------------------------------------------------------------------------------------------


def _unread(path: str, node: Node, flowing: Flow, missing: set[str], doubled: set[str]) -> Iterator[Problem]:
    """Products that no container reads and no result holds; what a reported problem explains is left out."""
    step = flowing.steps[path]
    unread = [kind for kind in step.gives if kind not in RESULTS and not flowing.readers.get((path, kind))]
    if path in doubled or not unread:
        return
    none_read = len(unread) == len(step.gives)
    for kind in unread:
        if kind not in ("targets", "orders") and not (none_read and kind == unread[0]):
            continue
        if kind in missing:
            continue
        nearer = _nearer(step, kind, flowing)
        repair = f"{nearer} gives {kind} too and stands nearer; keep one of them" if nearer else _READER[kind]
        yield Problem(path, f"{_at(path, node)} gives {kind}, which nobody reads{': ' if nearer else '; '}{repair}")


def _nearer(step: Step, kind: str, flowing: Flow) -> str:
    """The container that is read in place of this one by somebody who could see this one."""
    for (source, read), readers in flowing.readers.items():
        if read == kind and source != step.path and _parent(source) == _parent(step.path):
            for reader in readers:
                if step.path in flowing.steps[reader].visible or _parent(step.path) == reader:
                    return source
    return ""


# ---- twice from one section -----------------------------------------------------------------------------------------


def _doubled(pattern: Pattern, flowing: Flow, found: list[Problem]) -> set[str]:
    """Notes containers that are filled as one above them is; returns the paths of both."""
    doubled: set[str] = set()
    for path, node in pattern.walk():
        mine = _filled_from(node)
        if mine is None:
            continue
        above = [
            other
            for other, candidate in pattern.walk()
            if other != path
            and _filled_from(candidate) == mine
            and (other in flowing.steps[path].visible or path.startswith(f"{other}/"))
        ]
        if not above:
            continue
        doubled |= {path, above[-1]}
        section = section_of(node.role, node.container)
        both = f"is filled from {section}, as is {above[-1]}" if section else f"does the same as {above[-1]}"
        if node.role == "data":
            both = f"is a second data container beside {above[-1]}; all read one table of prices"
            found.append(Problem(path, f"{_at(path, node)} {both}; remove one of them"))
            continue
        found.append(Problem(path, f"{_at(path, node)} {both}; {_SEEN_IN_ONE}"))
    return doubled


def _filled_from(node: Node) -> str | None:
    """What makes two containers the same: their section, or their role where no section fills it."""
    kind = container_of(node)
    if kind is None or kind.role != node.role:
        return None
    section = section_of(node.role, node.container)
    return section or (node.role if node.container is None and node.role != "analysis" else None)


# ---- config without a place -----------------------------------------------------------------------------------------


def unplaced(pattern: Pattern, sections: Mapping[str, bool | int]) -> list[Problem]:
    """Config that a pattern has no container for.

    Parameters
    ----------
    pattern
        the one that is to run.
    sections
        config key -> whether it is given, or how many entries it has; the keys are those of `Role.section`, and
        `analysis_config.signals_path`.

    Returns
    -------
    list of Problem
        one for each key that is given and fills no container; its path is the key, its message says what to type.
    """
    from adm_notebook.patterns.catalog import PATTERNS

    given = [key for key, value in sections.items() if value]
    filled = _sections(pattern)
    fitting = [name for name, other in PATTERNS.snapshot().items() if set(given) <= _sections(other)]
    alike = [name for name in fitting if PATTERNS.get(name).has("execution") == pattern.has("execution")]
    problems = []
    for key in given:
        if key in filled:
            continue
        where = key.partition("[type")[0]
        word = next((role.name for role in ROLES.values() if role.section == key), "stored_signals")
        what = f"ensembles in {where}" if "[type" in key else where
        better = (alike or fitting)[:1]
        use = f"use parameters.container_pattern: {better[0]}" if better else f"add {_article(word)} to it"
        problems.append(Problem(where, f"{pattern.name} has no {word}; {use}, or leave {what} out"))
    return problems


def _sections(pattern: Pattern) -> set[str]:
    return {section for _, node in pattern.walk() if (section := section_of(node.role, node.container))}


def _article(word: str) -> str:
    return word if word == "stored_signals" else f"{'an' if word[0] in 'aeio' else 'a'} {word}"
