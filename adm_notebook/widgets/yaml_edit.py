"""Changing one value in YAML text: what stands around it, comments and layout, stays as the user wrote it.

Each change is made in the text, and checked: what the new text says must be what the old one said, with that one value
changed. Where it is not (a section that is written in a way of its own), the text is written anew, without comments.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from adm_notebook.config.workflow import SECTIONS
from adm_notebook.config.yaml_text import dump, load_mapping
from adm_notebook.errors import ConfigError, Problem, shown

__all__ = ["Path", "parse_path", "read", "value_at", "with_value", "without", "written"]

Path = tuple[str | int, ...]
"""Keys and positions, from the outermost in."""

_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_ORDER = ("workflow_type", *SECTIONS)
_WIDEST = 100


def parse_path(path: str) -> Path:
    """`optimization_config.strategies[0].type` as a Path.

    Raises
    ------
    ConfigError
        where it can't be read as one.

    Examples
    --------
    >>> parse_path("optimization_config.strategies[0].type")
    ('optimization_config', 'strategies', 0, 'type')
    """
    parts: list[str | int] = []
    at = 0
    for found in _PART.finditer(path):
        if found.start() != at:
            break
        parts.append(found[1] if found[2] is None else int(found[2]))
        at = found.end()
    if not parts or at != len(path) or not isinstance(parts[0], str):
        example = "write for instance backtest_config.commission"
        raise ConfigError(Problem(path, f"is no path, {example}, but was {shown(path)}"), "ConfigBuilder")
    return tuple(parts)


def read(text: str) -> dict[str, Any]:
    """What a text says; nothing, where it is empty."""
    return load_mapping(text)[0] if text.strip() else {}


def value_at(values: Any, path: Path, default: Any = None) -> Any:
    """The value at a path; `default` where there is none."""
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return default
    return values


def with_value(text: str, path: Path, value: Any) -> str:
    """The text with `value` at `path`; sections on the way that are missing are made.

    Raises
    ------
    ConfigError
        where the text can't be read, or the path leads through something that is no section.
    """
    expected = copy.deepcopy(read(text))
    _put(expected, path, value)
    return _checked(expected, lambda: _set_in_text(text, path, value))


def without(text: str, path: Path) -> str:
    """The text without what stands at `path`; sections that hold nothing more go with it.

    Raises
    ------
    ConfigError
        where the text can't be read, or nothing stands there.
    """
    expected = copy.deepcopy(read(text))
    if value_at(expected, path, _Nothing) is _Nothing:
        raise ConfigError(Problem(_name(path), "is not in this config, so there is nothing to remove"), "ConfigBuilder")
    while len(path) > 1 and len(value_at(expected, path[:-1])) == 1:
        path = path[:-1]
    del value_at(expected, path[:-1])[path[-1]]
    return _checked(expected, lambda: _cut_from_text(text, path)) if expected else ""


class _Nothing:
    """What stands where nothing does."""


def _checked(expected: dict[str, Any], make: Any) -> str:
    """The text that `make` gives if it says what is expected; else what is expected, written anew."""
    try:
        text: str = make()
        if read(text) == expected and list(read(text)) == list(expected):
            return text
    except (_CantBeDone, ConfigError):
        pass
    return written(expected)


def written(values: Mapping[str, Any]) -> str:
    """A config as YAML, each section below its name: what is going to be edited has a line of its own.

    Raises
    ------
    ConfigError
        where it holds what text can't.
    """
    parts = []
    for key, value in values.items():
        block = dump({key: value})  # which says what is wrong with a value by its whole path
        if key in SECTIONS and isinstance(value, Mapping) and value:
            block = f"{key}:\n" + "".join(f"  {line}\n" for line in dump(value).rstrip("\n").split("\n"))
        parts.append(block)
    text = "".join(parts)
    return text if read(text) == read(dump(values)) else dump(values)


class _CantBeDone(Exception):
    """A change that this module does not make inside a text."""


def _put(values: Any, path: Path, value: Any) -> None:
    for i, part in enumerate(path[:-1]):
        if isinstance(part, str) and isinstance(values, dict):
            if values.get(part) is None:
                _add(values, part, [] if isinstance(path[i + 1], int) else {}, outermost=i == 0)
            values = values[part]
        elif isinstance(part, int) and isinstance(values, list) and part < len(values):
            values = values[part]
        else:
            raise ConfigError(Problem(_name(path[: i + 1]), "is no section that could hold this"), "ConfigBuilder")
    last = path[-1]
    if isinstance(values, list) and isinstance(last, int) and last == len(values):
        values.append(value)
    elif isinstance(values, list) and isinstance(last, int) and last < len(values):
        values[last] = value
    elif isinstance(values, dict) and isinstance(last, str):
        _add(values, last, value, outermost=len(path) == 1)
    else:
        raise ConfigError(Problem(_name(path), "has no place: what is above it is no section"), "ConfigBuilder")


def _add(values: dict[str, Any], key: str, value: Any, outermost: bool) -> None:
    """Put a key last; of the outermost ones, sections stand in the order in which a config is read."""
    if key in values or not outermost or key not in _ORDER:
        values[key] = value
        return
    later = [k for k in values if k in _ORDER and _ORDER.index(k) > _ORDER.index(key)]
    moved = list(values)[list(values).index(later[0]) :] if later else []
    values[key] = value
    for k in moved:
        values[k] = values.pop(k)


def _name(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


# ---- in the text ----------------------------------------------------------------------------------------------------


def _compose(text: str) -> Node:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)  # only where things stand is read from it
    except yaml.YAMLError as error:
        raise _CantBeDone from error
    if root is None:
        raise _CantBeDone
    return root


def _find(root: Node, path: Path) -> list[tuple[Node | None, Node]]:
    """Key and value along the path, the root first, as far as there is something."""
    found: list[tuple[Node | None, Node]] = [(None, root)]
    for part in path:
        node = found[-1][1]
        if isinstance(node, MappingNode):
            pair = next(((k, v) for k, v in node.value if getattr(k, "value", None) == part), None)
            if pair is None:
                break
            found.append(pair)
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            found.append((None, node.value[part]))
        else:
            break
    return found


def _end(text: str, node: Node) -> int:
    """Where a value ends; the marks of block ones stand where the next thing begins."""
    start, end = node.start_mark.index, node.end_mark.index
    return start + len(text[start:end].rstrip())


def _end_of_line(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _inline(value: Any) -> str:
    """A value on one line."""
    text = dump({"x": value}).removeprefix("x:").strip("\n")
    if not text.startswith(" ") or "\n" in text or len(text) > _WIDEST:
        raise _CantBeDone
    return text.strip()


def _set_in_text(text: str, path: Path, value: Any) -> str:
    found = _find(_compose(text), path)
    key, node = found[-1]
    if len(found) == len(path) + 1:
        if key is not None and node.start_mark.line != key.end_mark.line:  # its value stands below it
            return _narrow(text[: key.end_mark.index] + ": " + _inline(value) + text[_end(text, node) :], key)
        if node.start_mark.index == node.end_mark.index:  # `key:` and nothing
            return text[: node.start_mark.index] + " " + _inline(value) + text[node.end_mark.index :]
        return _narrow(text[: node.start_mark.index] + _inline(value) + text[_end(text, node) :], node)
    rest = path[len(found) - 1 :]
    for part in reversed(rest[1:]):
        value = [value] if isinstance(part, int) else {part: value}
    if isinstance(node, ScalarNode) and len(found) > 1 and not node.value and isinstance(rest[0], str):
        return _set_in_text(text, path[: len(found) - 1], {rest[0]: value})  # `key:` and nothing yet
    if isinstance(node, MappingNode) and isinstance(rest[0], str):
        if node.flow_style:
            return _into_flow(text, node, _inline({rest[0]: value})[1:-1])
        last = _before(node, rest[0]) if len(found) == 1 else node.value[-1]
        make = written if len(found) == 1 else dump
        return _below(text, last[1], node.value[0][0].start_mark.column, make({rest[0]: value}))
    if isinstance(node, SequenceNode):
        if node.flow_style:
            return _into_flow(text, node, _inline([value])[1:-1])
        return _below(text, node.value[-1], node.start_mark.column, _item(value))
    raise _CantBeDone


def _item(value: Any) -> str:
    """A value as the lines of an item of a list, its dash first."""
    lines = dump({"x": value}).rstrip("\n").split("\n")
    if len(lines) == 1:
        return "- " + lines[0].removeprefix("x:").strip()
    if not isinstance(value, dict):
        raise _CantBeDone
    return "- " + "\n".join(lines[1:])[2:]


def _narrow(text: str, near: Node) -> str:
    """The text, if the line that was changed is not too long to be read."""
    start = text.rfind("\n", 0, near.start_mark.index) + 1
    if _end_of_line(text, start) - start > _WIDEST:
        raise _CantBeDone
    return text


def _before(root: MappingNode, key: str) -> tuple[Node, Node]:
    """The outermost entry below which a new one belongs."""
    if key not in _ORDER:
        pair: tuple[Node, Node] = root.value[-1]
        return pair
    earlier = [p for p in root.value if p[0].value in _ORDER and _ORDER.index(p[0].value) < _ORDER.index(key)]
    if not earlier:
        raise _CantBeDone
    found: tuple[Node, Node] = earlier[-1]
    return found


def _into_flow(text: str, node: Node, written: str) -> str:
    close = node.end_mark.index - 1
    inside = text[node.start_mark.index + 1 : close].rstrip()
    joint = ", " if inside and not inside.endswith(",") else " " if inside else ""
    return _narrow(text[: node.start_mark.index + 1] + inside + joint + written + text[close:], node)


def _below(text: str, node: Node, column: int, lines: str) -> str:
    at = _end_of_line(text, _end(text, node))
    block = "\n".join(" " * column + line if line else line for line in lines.rstrip("\n").split("\n"))
    return text[:at] + "\n" + block + text[at:]


def _cut_from_text(text: str, path: Path) -> str:
    found = _find(_compose(text), path)
    parent: Any = found[-2][1]  # a mapping or a sequence
    key, node = found[-1]
    start, end = (key or node).start_mark.index, _end(text, node)
    if parent.flow_style:
        after = re.match(r"\s*,\s*", text[end:])
        if after:
            return text[:start] + text[end + after.end() :]
        return re.sub(r"\s*,\s*$", "", text[:start]) + text[end:]
    return text[: text.rfind("\n", 0, start) + 1] + text[min(_end_of_line(text, end) + 1, len(text)) :]
