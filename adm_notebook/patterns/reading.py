"""A pattern from what a user wrote: YAML, or mappings and lists; everything that is wrong with it at once.

A pattern gives its `nodes`, or `extends` another and says what to `add`, `remove`, `replace` and `move`, in the order
in which these stand.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adm_notebook.config.workflow import located
from adm_notebook.config.yaml_text import Positions, load_mapping
from adm_notebook.errors import ConfigError, Problem, shown
from adm_notebook.patterns.items import NodeReader, Read, unknown_key
from adm_notebook.patterns.node import Node, checked_name
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.roles import plain_word

__all__ = ["Source", "from_text", "from_value", "is_file_name"]

EDITS = ("add", "remove", "replace", "move")
PATTERN_KEYS = ("name", "description", "nodes", "from", "extends", *EDITS)
_EDIT_KEYS = {
    "add": ("node", "inside", "before", "after", "around"),
    "remove": ("path", "keep_children"),
    "replace": ("path", "node"),
    "move": ("path", "inside", "before", "after"),
}
_EXAMPLES = {
    "add": "{node: analysis, inside: classifier/risk, after: execution}",
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
    listed = bool(path) and isinstance(value, (list, tuple))  # without a path, `[1]` alone would say too little
    if isinstance(value, (list, tuple)):
        value = {"nodes": list(value)}
    if not isinstance(value, Mapping):
        message = f"must be a pattern: a mapping, or a list of containers, but was {shown(value)}"
        raise ConfigError(Problem(path, message), "Pattern")
    reader = _Reader(value, name)
    pattern = reader.read()
    if reader.problems or pattern is None:
        problems = [replace(p, path=_as_listed(p.path)) for p in reader.problems] if listed else reader.problems
        placed = [problem.under(path) for problem in located(problems, positions or {})]
        raise ConfigError(placed, f"Pattern {reader.name}" if reader.name else "Pattern")
    places = reader.places(pattern)
    if listed:
        places = {name: _as_listed(place) for name, place in places.items()}
    return Source(pattern, places, positions or {}, path)


def _as_listed(place: str) -> str:
    """A place below `nodes`, where the user wrote the list of containers alone: `[1].portfolio[0]`."""
    return place.removeprefix("nodes")


class _Reader(NodeReader):
    """Reads one pattern."""

    def __init__(self, values: Mapping[Any, Any], fallback_name: str | None) -> None:
        super().__init__()
        self.values, self.fallback_name = values, fallback_name
        self.name = ""
        self.roots: list[Read] = []

    def read(self) -> Pattern | None:
        values = self.values
        for key in values:
            if key not in PATTERN_KEYS:
                self.wrong(str(key), unknown_key(key, PATTERN_KEYS))
        given = values.get("name", self.fallback_name)
        if given is None:
            extended = values.get("extends")
            given = f"my_{extended}" if isinstance(extended, str) else "custom"
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
        self.roots = self.nodes(values["nodes"], "nodes", 1)
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

        def note(reads: list[Read], nodes: Sequence[Node], prefix: str) -> None:
            for read, node in zip(reads, nodes, strict=True):
                places[f"{prefix}{node.name}"] = read.place
                note(read.children, node.children, f"{prefix}{node.name}/")

        note(self.roots, pattern.nodes, "")
        return places

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
        chain = [plain_word(base.name)]
        while (above := PATTERNS.find(chain[-1])) and above.extends and plain_word(above.extends) not in chain:
            chain.append(plain_word(above.extends))
        if self.name and plain_word(self.name) in chain:
            way = " → ".join([self.name, *chain[: chain.index(plain_word(self.name)) + 1]])
            self.wrong("extends", f"goes in a circle: {way}; give the new pattern another name")
            return None
        pattern = Pattern(self.name or "custom", description, base.nodes, base.name)
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
                self.wrong(f"{place}.{key}", unknown_key(key, known))
        for key in (key for key in ("path", "node") if key in known and key not in item):
            self.wrong(f"{place}.{key}", f"is missing; write e.g. {_EXAMPLES[kind]}")
        arguments: dict[str, Any] = {key: value for key, value in item.items() if key in known}
        for key, value in arguments.items():
            if value is not None and (wanted := _not_of_its_type(key, value)):
                self.wrong(f"{place}.{key}", f"must be {wanted}, but was {shown(value)}")
        if "node" in arguments:
            read = self.node(arguments["node"], f"{place}.node", 1)
            arguments["node"] = None if read is None else read.node
        if len(self.problems) > before:
            return None
        if kind == "add" and arguments.get("inside") is None:
            arguments.pop("inside", None)
        edited: Pattern | None = self.attempt(place, lambda: getattr(pattern, kind)(**arguments))
        return edited


def _not_of_its_type(key: str, value: object) -> str:
    """What an edit's value must be, where it is not; "" where it is."""
    if key == "keep_children":
        return "" if isinstance(value, bool) else "true or false"
    if key == "around":
        paths = [value] if isinstance(value, str) else value
        fine = isinstance(paths, (list, tuple)) and all(isinstance(path, str) for path in paths)
        return "" if fine else "a path or a list of paths"
    return "" if key == "node" or isinstance(value, str) else "text"
