"""One container of a pattern: its role, its name, what it is filled from, and the containers inside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown
from adm_notebook.patterns.frozen import FrozenMapping, canonical, frozen
from adm_notebook.patterns.roles import ROLES, canonical_role, plain_word

__all__ = ["Limits", "Node", "named_apart"]

MAX_NAME = 60
_NAME = re.compile(r"\w(?:[\w .:+-]*[\w+])?")
_NO_PARAMETERS = FrozenMapping()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one container may use; None is no limit.

    max_memory_mb    MB that it holds
    timeout_seconds  seconds of wall time
    max_indicators   distinct indicator columns held at once
    """

    max_memory_mb: float | None = None
    timeout_seconds: float | None = None
    max_indicators: int | None = None

    def __post_init__(self) -> None:
        problems = []
        for each in fields(self):
            value, whole = getattr(self, each.name), each.name == "max_indicators"
            number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
            if value is not None and (not number or not 0 < value < float("inf")):
                kind = "a whole number" if whole else "a number"
                problems.append(Problem(each.name, f"must be {kind} above 0, but was {shown(value)}"))
        if problems:
            raise ConfigError(problems, "Limits")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], path: str = "limits") -> Limits:
        """Limits as a user wrote them; ConfigError below `path` for what they can't be."""
        known = [each.name for each in fields(cls)]
        problems = []
        for key in values:
            if key not in known:
                near = did_you_mean(key, known) or f" Known here: {', '.join(known)}"
                problems.append(Problem(f"{path}.{key}", f"unknown limit.{near}"))
        try:
            limits = cls(**{key: value for key, value in values.items() if key in known})
        except ConfigError as error:
            problems += [problem.under(path) for problem in error.problems]
        if problems:
            raise ConfigError(problems, "Pattern")
        return limits

    def to_dict(self) -> dict[str, Any]:
        """The limits that are set."""
        return {each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name) is not None}


@dataclass(frozen=True, slots=True)
class Node:
    """One container of a pattern, frozen, with those inside it.

    role        what it is for; plurals are understood
    name        unique among its siblings; its role's word if left out (`strategies`, `risk`), or the container's name
    container   which container stands here; None is the role's built-in, which the config fills
    parameters  of that container
    limits      what it may use; a mapping is understood; None is no limit of its own
    children    containers inside it, in the order in which they run

    Raises
    ------
    ConfigError
        for an unknown role, a name that can't stand in a path, parameters that YAML can't hold, limits that are none.
    """

    role: str
    name: str = ""
    container: str | None = None
    parameters: Mapping[str, Any] = field(default=_NO_PARAMETERS)
    limits: Limits | None = None
    children: tuple[Node, ...] = ()

    def __post_init__(self) -> None:
        put = object.__setattr__
        role = canonical_role(self.role)
        put(self, "role", role)
        if self.container is not None:
            if not isinstance(self.container, str) or not self.container.strip():
                problem = Problem("container", f"must be the name of a container, but was {shown(self.container)}")
                raise ConfigError(problem, "Pattern")
            plain = plain_word(self.container)
            put(self, "container", None if plain == role else plain)
        put(self, "name", checked_name(self.name) if self.name != "" else self.default_name)
        parameters: object = self.parameters
        if not isinstance(parameters, Mapping):
            problem = Problem("parameters", f"must be a mapping (name: value), but was {shown(parameters)}")
            raise ConfigError(problem, "Pattern")
        put(self, "parameters", frozen(parameters))
        put(self, "limits", _limits(self.limits))
        children: object = self.children
        if not isinstance(children, (list, tuple)) or not all(isinstance(child, Node) for child in children):
            raise ConfigError(Problem("children", f"must be a sequence of nodes, but was {shown(children)}"), "Pattern")
        put(self, "children", tuple(children))

    @property
    def default_name(self) -> str:
        """What it is called unless it is named: the container's name, or its role's word."""
        return self.container or ROLES[self.role].default_name

    @property
    def container_name(self) -> str:
        """The container that stands here, the role's built-in included."""
        return self.container or self.role

    def with_children(self, children: Iterable[Node]) -> Node:
        """The same container with these inside it."""
        return replace(self, children=tuple(children))

    def walk(self) -> Iterator[Node]:
        """Itself and all inside it, each before what is inside it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def canonical(self) -> dict[str, Any]:
        """What tells one node from another: role, name, container, parameters, children; limits are no part of it."""
        return {
            "role": self.role,
            "name": self.name,
            "container": self.container_name,
            "parameters": canonical(self.parameters),
            "children": [child.canonical() for child in self.children],
        }


def _limits(value: object) -> Limits | None:
    """Limits, or a mapping of them; None where none is set."""
    if isinstance(value, Mapping):
        value = Limits.from_mapping(value)
    if value is not None and not isinstance(value, Limits):
        raise ConfigError(Problem("limits", f"must be a mapping, but was {shown(value)}"), "Pattern")
    return None if value == Limits() else value


def checked_name(name: object, path: str = "name") -> str:
    """`name`, if it can stand in a path; ConfigError at `path` otherwise."""
    if not isinstance(name, str) or len(name) > MAX_NAME or not _NAME.fullmatch(name):
        allowed = f"letters, digits, `_`, `-`, `.`, `:`, `+` and blanks inside, at most {MAX_NAME}"
        raise ConfigError(Problem(path, f"can't be a name: {shown(name)}; use {allowed}"), "Pattern")
    return name


def named_apart(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """`nodes`, where one that has the usual word of its role as its name gets a number if that is taken: `risk_2`."""
    taken = {node.name for node in nodes}
    seen: set[str] = set()
    apart = []
    for node in nodes:
        if node.name in seen and node.name == node.default_name:
            number = 2
            while f"{node.name}_{number}" in taken:
                number += 1
            node = replace(node, name=f"{node.name}_{number}")
            taken.add(node.name)
        seen.add(node.name)
        apart.append(node)
    return tuple(apart)
