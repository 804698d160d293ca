"""Containers of a pattern from what a user wrote; everything that is wrong with them is noted, none of it raises.

A container is a word (`data`, `strategies`, `stored_signals`), a word with what is inside it (`risk: [...]`), a word
with its settings (`risk: {name: calm, children: [...]}`), or `{role, name, container, parameters, limits, children}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown
from adm_notebook.patterns.node import Limits, Node, named_apart
from adm_notebook.patterns.pattern import MAX_LEVELS, MAX_NODES
from adm_notebook.patterns.registry import CONTAINERS
from adm_notebook.patterns.roles import canonical_role, plain_word, role_words

__all__ = ["NodeReader", "Read", "unknown_key"]

NODE_KEYS = ("role", "name", "container", "parameters", "limits", "children")


class Read(NamedTuple):
    """A container as it was read, with the place where it stands."""

    node: Node
    place: str
    children: list[Read]


class NodeReader:
    """Reads containers and collects problems on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._count = 0
        self._too_big = False

    def wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def attempt(self, path: str, make: Callable[[], Any]) -> Any:
        """What `make` gives; None, and its problems noted below `path`, where it raises."""
        try:
            return make()
        except ConfigError as error:
            self.problems += [problem.under(path) for problem in error.problems]
            return None

    def nodes(self, items: object, path: str, level: int) -> list[Read]:
        """The containers of a list; siblings named twice are noted."""
        if items is None:
            return []
        if not isinstance(items, (list, tuple)):
            self.wrong(path, f"must be a list of containers (`- strategies`), but was {shown(items)}")
            return []
        if level > MAX_LEVELS:
            self._refuse_size(path, f"is nested more than {MAX_LEVELS} levels deep")
            return []
        reads = []
        named: dict[str, str] = {}
        for i, item in enumerate(items):
            if self._too_big:
                break
            place = f"{path}[{i}]"
            read = self.node(item, place, level)
            if read is None:
                continue
            explicit = _explicit_name(item)
            if explicit and read.node.name in named:
                self.wrong(place, f"has the name {read.node.name}, as has {named[read.node.name]}; rename one of them")
            if explicit:
                named[read.node.name] = place
            reads.append(read)
        return reads

    def _refuse_size(self, path: str, message: str) -> None:
        if not self._too_big:
            self.wrong(path[:80], message)
        self._too_big = True

    def node(self, item: object, place: str, level: int) -> Read | None:
        self._count += 1
        if self._count > MAX_NODES:
            self._refuse_size("nodes", f"holds more than {MAX_NODES} containers")
            return None
        if isinstance(item, Node):
            return self._read_of(item, place)
        if isinstance(item, str):
            return self._made(self._word(item, place), {}, place, [])
        if not isinstance(item, Mapping) or not item:
            self.wrong(
                place, f"must be a container: `data`, `risk: [...]` or {{role, name, ...}}, but was {shown(item)}"
            )
            return None
        if "role" not in item and "container" not in item:
            return self._short(item, place, level)
        return self._explicit(item, place, place, None, level)

    def _read_of(self, node: Node, place: str) -> Read:
        return Read(node, place, [self._read_of(child, place) for child in node.children])

    def _short(self, item: Mapping[Any, Any], place: str, level: int) -> Read | None:
        """`risk: [...]`, or `risk: {name: ..., children: [...]}`."""
        if len(item) > 1:
            words = [key for key in item if isinstance(key, str) and plain_word(key) in role_words()]
            beside = [str(key) for key in item if key not in words]
            if len(words) > 1:
                self.wrong(
                    place, f"holds {len(words)} containers ({', '.join(words)}); begin each with `- ` on its own line"
                )
            elif words:
                message = f"has {', '.join(beside)} beside `{words[0]}:`; indent them below it, or write {{role: "
                self.wrong(place, f"{message}{canonical_role(words[0])}, {beside[0]}: ...}}")
            else:
                self.wrong(
                    place, f"has no role among its keys ({', '.join(map(str, item))}); add e.g. `role: strategy`"
                )
            return None
        ((word, inner),) = item.items()
        if word in NODE_KEYS:
            self.wrong(place, f"has only {word}; add what it is for, e.g. `role: strategy`")
            return None
        inside = f"{place}.{word}"
        start = self._word(word, inside)
        if isinstance(inner, Mapping):
            return self._explicit(inner, inside, place, start, level) if start else None
        if isinstance(inner, str):
            self.wrong(inside, f"must be a list of containers; write a line `- {inner}` below it")
            return None
        children = self.nodes(inner, inside, level + 1)
        return self._made(start, {}, place, children)

    def _word(self, word: object, path: str) -> dict[str, Any] | None:
        """What a word stands for: a role, or a container of its own name."""
        plain = plain_word(word) if isinstance(word, str) else ""
        found = None if plain in role_words() else CONTAINERS.find(plain)
        if found is not None:
            return {"role": found.role, "container": found.name}
        try:
            return {"role": canonical_role(word)}
        except ConfigError as error:
            near = did_you_mean(plain, [*role_words(), *CONTAINERS.names()])
            message = f"unknown container {shown(word)}.{near}" if near else error.problems[0].message
            self.wrong(path, message.replace("unknown role", "unknown container"))
            return None

    def _explicit(
        self, item: Mapping[Any, Any], path: str, place: str, start: dict[str, Any] | None, level: int
    ) -> Read | None:
        """A container as a mapping of its settings."""
        known = NODE_KEYS if start is None else NODE_KEYS[1:]
        for key in item:
            if key not in known:
                twice = start is not None and key == "role"
                said = "the word before it is the role already; leave it out" if twice else unknown_key(key, known)
                self.wrong(f"{path}.{key}", said)
        values: dict[str, Any] = dict(start or {})
        container = item.get("container")
        if start is None:
            if "role" in item:
                values["role"] = self.attempt(path, lambda: canonical_role(item["role"]))
            else:
                found = CONTAINERS.find(container) if isinstance(container, str) else None
                values["role"] = found.role if found is not None else None
                if found is None:
                    self.wrong(
                        path, f"has no role, and its container {shown(container)} is unknown; add e.g. `role: risk`"
                    )
        if container is not None:
            values["container"] = container
        for key in ("name", "parameters", "limits"):
            if item.get(key) is not None:
                values[key] = item[key]
        if isinstance(values.get("limits"), Mapping):
            limits = values["limits"]
            values["limits"] = self.attempt(path, lambda: Limits.from_mapping(limits))
        children = self.nodes(item.get("children"), f"{path}.children", level + 1)
        return self._made(values if values.get("role") else None, {"at": path}, place, children)

    def _made(
        self, values: dict[str, Any] | None, told: Mapping[str, str], place: str, children: list[Read]
    ) -> Read | None:
        if values is None:
            return None
        inner = named_apart([child.node for child in children])
        node = self.attempt(told.get("at", place), lambda: Node(**values, children=inner))
        return None if node is None else Read(node, place, children)


def unknown_key(key: object, known: Sequence[str]) -> str:
    """What is said of a key that has no meaning where it stands."""
    return f"unknown key.{did_you_mean(key, known) or ' Known here: ' + ', '.join(known)}"


def _explicit_name(item: object) -> bool:
    """Whether a user gave a container its name."""
    if isinstance(item, Node):
        return item.name != item.default_name
    if not isinstance(item, Mapping):
        return False
    inner = item if "role" in item or "container" in item or len(item) > 1 else next(iter(item.values()))
    return isinstance(inner, Mapping) and inner.get("name") is not None
