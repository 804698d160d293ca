"""A pattern as YAML: short lines where they say all there is to say, else a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adm_notebook.config.yaml_text import dump
from adm_notebook.patterns.node import Node

if TYPE_CHECKING:
    from adm_notebook.patterns.pattern import Pattern

__all__ = ["SHORT_CONTAINERS", "as_item", "as_mapping", "as_yaml"]

SHORT_CONTAINERS = {"stored_signals": "strategy"}
"""Built-in containers that are no role's own and may be written by their name alone, with their roles."""


def as_mapping(pattern: Pattern) -> dict[str, Any]:
    """The pattern as lists and mappings; `from` says which pattern it was made from."""
    values: dict[str, Any] = {"name": pattern.name}
    if pattern.description:
        values["description"] = pattern.description
    if pattern.extends:
        values["from"] = pattern.extends
    values["nodes"] = [as_item(node) for node in pattern.nodes]
    return values


def as_item(node: Node) -> str | dict[str, Any]:
    """One container: `data`, `{risk: [...]}`, or `{role: risk, name: ..., ...}`."""
    children = [as_item(child) for child in node.children]
    short = node.container is None or SHORT_CONTAINERS.get(node.container) == node.role
    if short and node.name == node.default_name and not node.parameters and node.limits is None:
        return {node.default_name: children} if children else node.default_name
    values: dict[str, Any] = {"role": node.role, "name": node.name}
    if node.name == node.default_name:
        del values["name"]
    if node.container is not None:
        values["container"] = node.container
    if node.parameters:
        values["parameters"] = thawed(node.parameters)
    if node.limits is not None:
        values["limits"] = node.limits.to_dict()
    if children:
        values["children"] = children
    return values


def thawed(value: Any) -> Any:
    """A frozen value as plain lists and mappings."""
    if isinstance(value, Mapping):
        return {key: thawed(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [thawed(item) for item in value]
    return value


def as_yaml(pattern: Pattern) -> str:
    """The pattern as YAML text: a line a container, those inside another indented below it."""
    head = as_mapping(pattern)
    nodes = head.pop("nodes")
    if not nodes:
        return f"{dump(head)}nodes: []\n"
    return f"{dump(head)}nodes:\n" + "".join(f"{line}\n" for line in _lines(nodes, "  "))


def _lines(items: Sequence[str | dict[str, Any]], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, str):
            yield f"{indent}- {item}"
        elif len(item) == 1:
            ((word, inside),) = item.items()
            yield f"{indent}- {word}:"
            yield from _lines(inside, f"{indent}    ")
        else:
            settings = {key: value for key, value in item.items() if key != "children"}
            yield from _settings(settings, "children" in item, indent)
            if "children" in item:
                yield f"{indent}  children:"
                yield from _lines(item["children"], f"{indent}    ")


def _settings(settings: dict[str, Any], has_children: bool, indent: str) -> Iterator[str]:
    """A container's settings: on one line where they are few and nothing is inside it."""
    one_line = dump({"x": settings}).removeprefix("x:").strip()
    if not has_children and "\n" not in one_line:
        yield f"{indent}- {one_line}"
        return
    for i, line in enumerate(dump(settings).splitlines()):
        yield f"{indent}{'  ' if i else '- '}{line}" if line else ""
