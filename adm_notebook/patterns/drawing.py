"""A pattern as text: a tree drawn with box characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from adm_notebook.patterns.node import Node

if TYPE_CHECKING:
    from adm_notebook.patterns.pattern import Pattern

__all__ = ["drawn", "label"]

WIDTH = 80


def drawn(pattern: Pattern) -> str:
    """The tree: a line a container, its name, and its role where the name does not say it; at most 80 columns."""
    lines = [pattern.name, *_lines(pattern.nodes, "")]
    return "\n".join(line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…" for line in lines)


def label(node: Node) -> str:
    """`strategies`; `main (portfolio)`; `stored_signals (strategy)`; `calm (classifier, my_classifier)`."""
    role = node.role.replace("_", " ")
    if node.container is None:
        return node.name if node.name == node.default_name else f"{node.name} ({role})"
    return f"{node.name} ({role})" if node.name == node.container else f"{node.name} ({role}, {node.container})"


def _lines(nodes: Sequence[Node], indent: str) -> Iterator[str]:
    for i, node in enumerate(nodes):
        last = i == len(nodes) - 1
        yield f"{indent}{'└── ' if last else '├── '}{label(node)}"
        yield from _lines(node.children, f"{indent}{'    ' if last else '│   '}")
