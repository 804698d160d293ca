"""A pattern from what a user wrote: YAML, or mappings and lists; everything that is wrong with it at once.

A container is a word (`data`, `strategies`, `stored_signals`), a word with what is inside it (`risk: [...]`), a word
with its settings (`risk: {name: calm, children: [...]}`), or `{role, name, container, parameters, limits, children}`.
A pattern gives its `nodes`, or `extends` another and says what to `add`, `remove`, `replace` and `move`, in the order
in which these stand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from adm_notebook.config.workflow import located
from adm_notebook.config.yaml_text import Positions, load_mapping
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown
from adm_notebook.patterns.node import Limits, Node, checked_name, named_apart
from adm_notebook.patterns.pattern import MAX_LEVELS, MAX_NODES, Pattern
from adm_notebook.patterns.registry import CONTAINERS
from adm_notebook.patterns.roles import canonical_role, plain_word, role_words

__all__ = ["Source", "from_text", "from_value", "is_file_name"]

NODE_KEYS = ("role", "name", "container", "parameters", "limits", "children")
EDITS = ("add", "remove", "replace", "move")
PATTERN_KEYS = ("name", "description", "nodes", "from", "extends", *EDITS)
_EDIT_KEYS = {
    "add": ("node", "inside", "before", "after", "around"),
    "remove": ("path", "keep_children"),
    "replace": ("path", "node"),
    "move": ("path", "inside", "before", "after"),
}
_EXAMPLES = {
    "add": "{node: analysis, inside: portfolio, after: execution}",
    "remove": "portfolio/ensemble or {path: classifier, keep_children: true}",
    "replace": "{path: classifier, node: {role: classifier, container: my_classifier}}",
    "move": "{path: classifier/risk/execution, inside: classifier, after: risk}",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A pattern and where it was written.

    places     path of a container -> where it stands in the user's mapping: `nodes[2].risk[0]`
    positions  line and column, where it came from YAML text
    path       of the whole pattern, in the config that holds it
    """

    pattern: Pattern
    places: Mapping[str, str]
    positions: Positions
    path: str = ""

    def placed(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems of containers, told where the user wrote them; those from an extended pattern at `extends`."""
        there = [
            replace(p, path=self.places.get(p.path, self.places.get("", p.path) if p.path else "")) for p in problems
        ]
        return [problem.under(self.path) for problem in located(there, self.positions)]


def is_file_name(text: str) -> bool:
    """Whether a text is the path of a YAML file rather than YAML or a name."""
    return "\n" not in text and text.strip().endswith((".yaml", ".yml"))


def from_text(source: str | os.PathLike[str], name: str | None, path: str = "") -> Source:
    """A pattern from YAML text or a file; ConfigError with line and column of everything that is wrong."""
    if not isinstance(source, (str, os.PathLike)):
        raise ConfigError(Problem(path, f"must be YAML text or the path of a file, but was {shown(source)}"), "Pattern")
    text = source if isinstance(source, str) else ""
    if not isinstance(source, str) or is_file_name(source):
        file = Path(source)
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ConfigError(Problem(path, f"{file} is not UTF-8 text; save it as UTF-8"), "Pattern") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            why = getattr(error, "strerror", None) or error
            raise ConfigError(Problem(path, f"{shown(str(file), 200)} can't be read: {why}"), "Pattern") from None
        name = name or file.stem
    values, positions = load_mapping(text, "Pattern")
    return from_value(values, path, name, positions)


def from_value(value: object, path: str = "", name: str | None = None, positions: Positions | None = None) -> Source:
    """A pattern from a mapping as YAML has it, or the list of its containers.

    Raises
    ------
    ConfigError
        with every problem, its path below `path`.
    """
    if isinstance(value, (list, tuple)):
        value = {"nodes": list(value)}
    if not isinstance(value, Mapping):
        message = f"must be a pattern: a mapping, or a list of containers, but was {shown(value)}"
        raise ConfigError(Problem(path, message), "Pattern")
    reader = _Reader(value, name)
    pattern = reader.read()
    if reader.problems or pattern is None:
        placed = [problem.under(path) for problem in located(reader.problems, positions or {})]
        raise ConfigError(placed, f"Pattern {reader.name}" if reader.name else "Pattern")
    return Source(pattern, reader.places(pattern), positions or {}, path)


class _Read(NamedTuple):
    """A container as it was read, with the place where it stands."""

    node: Node
    place: str
    children: list[_Read]


@dataclass
class _Reader:
    """Collects problems while it reads one pattern."""

    values: Mapping[Any, Any]
    fallback_name: str | None
    problems: list[Problem] = field(default_factory=list)
    name: str = ""
    count: int = 0
    too_big: bool = False
    roots: list[_Read] = field(default_factory=list)

    def wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def attempt(self, path: str, make: Callable[[], Any]) -> Any:
        """What `make` gives; None, and its problems noted below `path`, where it raises."""
        try:
            return make()
        except ConfigError as error:
            self.problems += [problem.under(path) for problem in error.problems]
            return None

    def read(self) -> Pattern | None:
        values = self.values
        for key in values:
            if key not in PATTERN_KEYS:
                self.wrong(str(key), _unknown(key, PATTERN_KEYS))
        given = values.get("name", self.fallback_name)
        if given is None:
            given = "custom" if "nodes" in values or "extends" not in values else f"my_{values['extends']}"
        self.name = self.attempt("", lambda: checked_name(given)) or ""
        description = values.get("description") or ""
        if not isinstance(description, str):
            self.wrong("description", f"must be text, but was {shown(description)}")
            description = ""
        if "extends" in values:
            return self._extended(description)
        for key in (key for key in EDITS if key in values):
            self.wrong(key, "changes a pattern that this one extends; say which: `extends: full_backtest`")
        if "nodes" not in values:
            self.wrong("nodes", "is missing; list the containers, or extend a pattern: `extends: full_backtest`")
            return None
        made_from = values.get("from")
        if made_from is not None and not isinstance(made_from, str):
            self.wrong(
                "from", f"must be the name of the pattern that this one was made from, but was {shown(made_from)}"
            )
        self.roots = self._nodes(values["nodes"], "nodes", 1)
        if not self.roots and not self.problems:
            self.wrong("nodes", "is empty; begin with `- data`")
        if self.problems:
            return None
        nodes = tuple(read.node for read in self.roots)
        pattern: Pattern | None = self.attempt("", lambda: Pattern(self.name, description, nodes, made_from))
        return pattern

    def places(self, pattern: Pattern) -> dict[str, str]:
        """Where each container stands; "" where it comes from another pattern."""
        if "extends" in self.values:
            return {"": "extends"}
        places: dict[str, str] = {}

        def note(reads: list[_Read], nodes: Sequence[Node], prefix: str) -> None:
            for read, node in zip(reads, nodes, strict=True):
                places[f"{prefix}{node.name}"] = read.place
                note(read.children, node.children, f"{prefix}{node.name}/")

        note(self.roots, pattern.nodes, "")
        return places

    # ---- containers ---------------------------------------------------------------------------------------------

    def _nodes(self, items: object, path: str, level: int) -> list[_Read]:
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
            if self.too_big:
                break
            place = f"{path}[{i}]"
            read = self._node(item, place, level)
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
        if not self.too_big:
            self.wrong(path[:80], message)
        self.too_big = True

    def _node(self, item: object, place: str, level: int) -> _Read | None:
        self.count += 1
        if self.count > MAX_NODES:
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

    def _read_of(self, node: Node, place: str) -> _Read:
        return _Read(node, place, [self._read_of(child, place) for child in node.children])

    def _short(self, item: Mapping[Any, Any], place: str, level: int) -> _Read | None:
        """`risk: [...]`, or `risk: {name: ..., children: [...]}`."""
        if len(item) > 1:
            words = [key for key in item if isinstance(key, str) and plain_word(key) in role_words()]
            beside = [str(key) for key in item if key not in words]
            if len(words) == 1:
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
        children = self._nodes(inner, inside, level + 1)
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
    ) -> _Read | None:
        """A container as a mapping of its settings."""
        known = NODE_KEYS if start is None else NODE_KEYS[1:]
        for key in item:
            if key not in known:
                twice = start is not None and key == "role"
                said = "the word before it is the role already; leave it out" if twice else _unknown(key, known)
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
        children = self._nodes(item.get("children"), f"{path}.children", level + 1)
        return self._made(values if values.get("role") else None, {"at": path}, place, children)

    def _made(
        self, values: dict[str, Any] | None, told: Mapping[str, str], place: str, children: list[_Read]
    ) -> _Read | None:
        if values is None:
            return None
        inner = named_apart([child.node for child in children])
        node = self.attempt(told.get("at", place), lambda: Node(**values, children=inner))
        return None if node is None else _Read(node, place, children)

    # ---- extending ----------------------------------------------------------------------------------------------

    def _extended(self, description: str) -> Pattern | None:
        from adm_notebook.patterns.catalog import PATTERNS

        values, base_name = self.values, self.values["extends"]
        for key in ("nodes", "from"):
            if key in values:
                self.wrong(key, "stands beside extends; keep one: the whole tree, or the changes to another")
        base: Pattern | None = self.attempt("", lambda: PATTERNS.get(base_name, "extends"))
        if base is None:
            return None
        chain = [base.name]
        while (above := PATTERNS.find(chain[-1])) and above.extends and above.extends not in chain:
            chain.append(above.extends)
        if self.name and plain_word(self.name) in chain:
            way = " → ".join([self.name, *chain[: chain.index(plain_word(self.name)) + 1]])
            self.wrong("extends", f"goes in a circle: {way}; give the new pattern another name")
            return None
        pattern = Pattern(self.name or "custom", description or base.description, base.nodes, base.name)
        for kind in (key for key in values if key in EDITS):
            items = values[kind]
            if not isinstance(items, (list, tuple)):
                self.wrong(kind, f"must be a list, e.g. `- {_EXAMPLES[kind]}`, but was {shown(items)}")
                continue
            for i, item in enumerate(items):
                pattern = self._edited(pattern, kind, item, f"{kind}[{i}]") or pattern
        return pattern

    def _edited(self, pattern: Pattern, kind: str, item: object, place: str) -> Pattern | None:
        """The pattern after one edit; None where it can't be made, and why is noted."""
        if kind == "remove" and isinstance(item, str):
            item = {"path": item}
        if not isinstance(item, Mapping):
            self.wrong(place, f"must be like {_EXAMPLES[kind]}, but was {shown(item)}")
            return None
        known, before = _EDIT_KEYS[kind], len(self.problems)
        for key in item:
            if key not in known:
                self.wrong(f"{place}.{key}", _unknown(key, known))
        for key in (key for key in ("path", "node") if key in known and key not in item):
            self.wrong(f"{place}.{key}", f"is missing; write e.g. {_EXAMPLES[kind]}")
        arguments: dict[str, Any] = {key: value for key, value in item.items() if key in known}
        for key, value in arguments.items():
            fine = (
                isinstance(value, bool)
                if key == "keep_children"
                else key in ("node", "around") or isinstance(value, str)
            )
            if key == "around":
                fine = isinstance(value, str) or (
                    isinstance(value, (list, tuple)) and all(isinstance(path, str) for path in value)
                )
            if not fine and value is not None:
                kind_of = "true or false" if key == "keep_children" else "text"
                self.wrong(f"{place}.{key}", f"must be {kind_of}, but was {shown(value)}")
        if "node" in arguments:
            read = self._node(arguments["node"], f"{place}.node", 1)
            arguments["node"] = None if read is None else read.node
        if len(self.problems) > before:
            return None
        if kind == "add" and arguments.get("inside") is None:
            arguments.pop("inside", None)
        edited: Pattern | None = self.attempt(place, lambda: getattr(pattern, kind)(**arguments))
        return edited


def _unknown(key: object, known: Sequence[str]) -> str:
    return f"unknown key.{did_you_mean(key, known) or ' Known here: ' + ', '.join(known)}"


def _explicit_name(item: object) -> bool:
    """Whether a user gave a container its name."""
    if isinstance(item, Node):
        return item.name != item.default_name
    if not isinstance(item, Mapping):
        return False
    inner = item if "role" in item or "container" in item or len(item) > 1 else next(iter(item.values()))
    return isinstance(inner, Mapping) and inner.get("name") is not None
