"""A pattern: a named tree of containers, frozen; finding, comparing, drawing and editing it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from adm_notebook.config.frozen import digest_of
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown
from adm_notebook.patterns import edits
from adm_notebook.patterns.node import Node, checked_name, named_apart
from adm_notebook.patterns.roles import canonical_role

__all__ = ["MAX_LEVELS", "MAX_NODES", "Pattern"]

MAX_LEVELS = 12
MAX_NODES = 500


@dataclass(frozen=True)
class Pattern:
    """A tree of containers; every edit gives a new one.

    name         as `parameters.container_pattern` has it
    description  a sentence or two
    nodes        the outermost containers, in the order in which they run
    extends      the name of the pattern that this one was made from; told to the reader, no part of equality

    A path is the names from outside in, joined by `/`: `classifier/risk/portfolio`. `""` is the pattern itself.

    Raises
    ------
    ConfigError
        for siblings of one name, too many levels or containers. Whether the tree can run is what `validate` tells.
    """

    name: str
    description: str = ""
    nodes: tuple[Node, ...] = ()
    extends: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        checked_name(self.name)
        if not isinstance(self.description, str):
            raise ConfigError(Problem("description", f"must be text, but was {shown(self.description)}"), self.title)
        nodes = self.nodes
        if not isinstance(nodes, (list, tuple)) or not all(isinstance(node, Node) for node in nodes):
            raise ConfigError(Problem("nodes", f"must be a sequence of nodes, but was {shown(nodes)}"), self.title)
        self._check_size(nodes)
        problems: list[Problem] = []
        object.__setattr__(self, "nodes", _apart(tuple(nodes), "", problems))
        object.__setattr__(self, "description", " ".join(self.description.split()))
        if problems:
            raise ConfigError(problems, self.title)

    @property
    def title(self) -> str:
        """What errors about it start with."""
        return f"Pattern {self.name}"

    def _check_size(self, nodes: Sequence[Node]) -> None:
        level, count, depth = list(nodes), 0, 0
        while level:
            count, depth = count + len(level), depth + 1
            if depth > MAX_LEVELS:
                raise ConfigError(Problem("nodes", f"are nested more than {MAX_LEVELS} levels deep"), self.title)
            if count > MAX_NODES:
                raise ConfigError(Problem("nodes", f"are more than {MAX_NODES} containers"), self.title)
            level = [child for node in level for child in node.children]

    # ---- finding ------------------------------------------------------------------------------------------------

    @cached_property
    def by_path(self) -> Mapping[str, Node]:
        """Every container by its path, each before those inside it."""
        return dict(_walk(self.nodes, ""))

    def walk(self) -> Iterator[tuple[str, Node]]:
        """Paths and containers, each before those inside it."""
        return iter(self.by_path.items())

    def paths(self) -> tuple[str, ...]:
        """The path of every container, each before those inside it."""
        return tuple(self.by_path)

    def find(self, path: str, where: str = "path") -> Node:
        """The container at a path; ConfigError at `where`, with the paths there are, if there is none."""
        node = self.by_path.get(path) if isinstance(path, str) else None
        if node is None:
            raise ConfigError(self.no_such_path(path, where), self.title)
        return node

    def has(self, role: str) -> bool:
        """Whether any container has this role."""
        wanted = canonical_role(role)
        return any(node.role == wanted for _, node in self.walk())

    def of_role(self, role: str) -> tuple[tuple[str, Node], ...]:
        """Containers of a role with their paths."""
        wanted = canonical_role(role)
        return tuple((path, node) for path, node in self.walk() if node.role == wanted)

    def no_such_path(self, path: object, where: str) -> Problem:
        """What a user reads who names a path that is not there."""
        paths = self.paths()
        near = did_you_mean(path, paths)
        by_name = [p for p in paths if p.rpartition("/")[2] == path]
        if not near and by_name:
            near = f" Did you mean `{by_name[0]}`?"
        listed = f" There are: {', '.join(paths[:20])}{' …' if len(paths) > 20 else ''}" if paths else " It is empty"
        return Problem(where, f"{self.name} has no container at {shown(path)}.{near or listed}")

    # ---- identity -----------------------------------------------------------------------------------------------

    @cached_property
    def digest(self) -> str:
        """sha256 of the tree: roles, names, containers, parameters and order; one value in every process.

        The pattern's own name, its description and limits change no number and no container's identity, and are left
        out. So is the code of a user's container: `CONTAINERS` has its `identity`, which planning adds.
        """
        return digest_of([node.canonical() for node in self.nodes])

    # ---- editing ------------------------------------------------------------------------------------------------

    def named(self, name: str, description: str | None = None) -> Pattern:
        """The same tree under another name, which remembers where it comes from."""
        return replace(
            self,
            name=name,
            description=self.description if description is None else description,
            extends=self.extends if name == self.name else self.name,
        )

    def with_nodes(self, nodes: Sequence[Node]) -> Pattern:
        """The pattern with another tree."""
        return replace(self, nodes=tuple(nodes))

    def add(
        self,
        node: Node,
        inside: str = "",
        *,
        before: str | None = None,
        after: str | None = None,
        around: str | Sequence[str] | None = None,
    ) -> Pattern:
        """With one container more.

        Parameters
        ----------
        node
            the container, with any inside it.
        inside
            path of the container that it goes into; the pattern itself if left out.
        before, after
            name of the sibling that it goes before or after; last if both are left out.
        around
            path, or paths of siblings that stand next to each other: the new container takes their place and they go
            inside it, after what is inside it already. This adds a level.

        Raises
        ------
        ConfigError
            naming the path or sibling that is not there, or the name that is taken.
        """
        return edits.add(self, node, inside, before, after, around)

    def remove(self, path: str, keep_children: bool = False) -> Pattern:
        """Without a container and what is inside it; with `keep_children` those take its place: a level goes."""
        return edits.remove(self, path, keep_children)

    def replace(self, path: str, node: Node) -> Pattern:
        """With another container at a path. One without children takes over those of the old one."""
        return edits.replace_at(self, path, node)

    def move(
        self, path: str, inside: str | None = None, *, before: str | None = None, after: str | None = None
    ) -> Pattern:
        """With a container, and what is inside it, elsewhere: inside a path (where it is, if left out), at a place."""
        return edits.move(self, path, inside, before, after)

    # ---- text ---------------------------------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        from adm_notebook.results import hooks

        html: str = hooks.call("pattern_html", self)
        return html

    def text(self) -> str:
        """The tree, drawn; at most 80 columns."""
        from adm_notebook.patterns.drawing import drawn

        return drawn(self)

    def to_dict(self) -> dict[str, Any]:
        """The pattern as plain lists and mappings, which `from_mapping` reads back equal."""
        from adm_notebook.patterns.writing import as_mapping

        return as_mapping(self)

    def to_yaml(self) -> str:
        """YAML text that `from_yaml` reads back equal; the whole tree, also of a pattern that extends another."""
        from adm_notebook.patterns.writing import as_yaml

        return as_yaml(self)

    @classmethod
    def from_yaml(cls, source: str | os.PathLike[str], name: str | None = None) -> Pattern:
        """A pattern from YAML text or a file; `name` is used where the text has none.

        Raises
        ------
        ConfigError
            with everything that is wrong with the text, each with line and column.
        """
        from adm_notebook.patterns.reading import from_text

        return from_text(source, name).pattern

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any] | Sequence[Any], name: str | None = None) -> Pattern:
        """A pattern from a mapping as YAML has it, or from the list of its containers."""
        from adm_notebook.patterns.reading import from_value

        return from_value(values, name=name).pattern


def _walk(nodes: Sequence[Node], prefix: str) -> Iterator[tuple[str, Node]]:
    for node in nodes:
        path = f"{prefix}{node.name}"
        yield path, node
        yield from _walk(node.children, f"{path}/")


def _apart(nodes: tuple[Node, ...], prefix: str, problems: list[Problem]) -> tuple[Node, ...]:
    """Siblings with names of their own, at every level; names given twice are noted."""
    nodes = named_apart(nodes)
    seen: set[str] = set()
    for node in nodes:
        if node.name in seen:
            where = prefix.removesuffix("/") or "the outermost level"
            problems.append(Problem(f"{prefix}{node.name}", f"two containers in {where} have this name; rename one"))
        seen.add(node.name)
    changed = []
    for node in nodes:
        children = _apart(node.children, f"{prefix}{node.name}/", problems)
        changed.append(node if children == node.children else node.with_children(children))
    return tuple(changed)
