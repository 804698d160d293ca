"""A pattern drawn: its tree, what each container takes, gives and does, and its YAML; HTML with a text twin."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from adm_notebook.display.grid import Cell, Column, Grid, Row, branches
from adm_notebook.display.html import render
from adm_notebook.display.numbers import DASH, value_text
from adm_notebook.display.style import style_tag
from adm_notebook.display.words import Code, Name, Words, clip, plain, plural
from adm_notebook.patterns import PATTERNS, Node, Pattern, compare_patterns, flow, section_of
from adm_notebook.patterns.compare import GLYPHS
from adm_notebook.patterns.drawing import drawn, label
from adm_notebook.patterns.flow import Step, declared

__all__ = ["PatternView", "outline", "pattern_html_of", "role_of"]

_ROWS_MOST = 100
_YAML_MOST = 12_000
_COLUMNS = 80
_TREE_MOST = 46
_FLOW_LEAST = 30


def pattern_html_of(pattern: Pattern) -> str:
    """The pattern as HTML, style sheet included."""
    return PatternView(pattern)._repr_html_()


def role_of(node: Node) -> str:
    """What a container is, where its name does not say it: `portfolio` of one called `main`."""
    return label(node).removeprefix(node.name).strip(" ()")


def outline(pattern: Pattern) -> str:
    """The tree on one line.

    >>> from adm_notebook.patterns import get
    >>> outline(get("simple_backtest"))
    'data, indicators, portfolio (strategies, ensemble), execution'
    """
    return _outline(pattern.nodes)


def _outline(nodes: Sequence[Node]) -> str:
    return ", ".join(f"{n.name} ({_outline(n.children)})" if n.children else n.name for n in nodes)


@dataclass(frozen=True, repr=False)
class PatternView:
    """Shows a pattern; with what it changes in the one that it extends, where that is still known."""

    pattern: Pattern

    @cached_property
    def _changes(self) -> dict[str, str]:
        """Path -> what is different there from the pattern that this one extends; `""` has what was removed."""
        before = PATTERNS.find(self.pattern.extends) if self.pattern.extends else None
        if before is None:
            return {}
        said: dict[str, list[str]] = {}
        for row in compare_patterns(before, self.pattern).rows:
            what = "added" if row.change == "added" else row.what
            if row.new is None:
                said.setdefault("", []).append(f"{row.old}")
            else:
                said.setdefault(row.new, []).append(f"{GLYPHS[row.change]} {what}")
        return {path: ", ".join(parts) if not path else "; ".join(parts) for path, parts in said.items()}

    @property
    def _about(self) -> list[Words]:
        """Sentences under the title: what it is, what it extends, how large it is."""
        pattern = self.pattern
        about: list[Words] = [[clip(pattern.description, 600)]] if pattern.description else []
        levels = max((path.count("/") + 1 for path in pattern.paths()), default=0)
        size = f"{plural(len(pattern.paths()), 'container')} on {plural(levels, 'level')}."
        if not pattern.extends:
            return [*about, [size]]
        head = [size, " Extends ", Name(pattern.extends)]
        if removed := self._changes.get(""):
            head += [", without ", Name(clip(removed, 200))]
        return [*about, [*head, "."]]

    def _grid(self) -> Grid:
        pattern, steps = self.pattern, flow(self.pattern).steps
        paths = pattern.paths()[:_ROWS_MOST]
        nodes = [pattern.by_path[path] for path in paths]
        has_changes = any(path in self._changes for path in paths)
        columns = [Column("Container", left=True), *([Column("Changed", left=True)] if has_changes else [])]
        columns += [
            Column("Takes", "What it reads, and from which container", left=True),
            Column("Gives", left=True),
            Column("What it does", left=True),
        ]
        rows = []
        for branch, path, node in zip(
            branches(paths, [n.name for n in nodes], list(map(role_of, nodes))), paths, nodes, strict=True
        ):
            step = steps[path]
            cells: list[Cell] = [[self._changes.get(path, "")]] if has_changes else []
            cells += [[_listed(_taken(step))], [_listed(step.gives)], _does(node)]
            rows.append(Row(cells, branch=branch))
        return Grid(columns, rows)

    def _repr_html_(self) -> str:
        pattern = self.pattern
        text = pattern.to_yaml()
        if len(text) > _YAML_MOST:
            text = f"{text[:_YAML_MOST].rsplit(chr(10), 1)[0]}\n# shortened; pattern.to_yaml() has all of it\n"
        rest = len(pattern.paths()) - _ROWS_MOST
        body = render(
            "pattern.html",
            title=["Pattern ", Name(pattern.name)],
            about=self._about,
            grid=self._grid(),
            more=f"The first {_ROWS_MOST} containers; {rest:,} more in the YAML." if rest > 0 else "",
            yaml=text,
            gist=plural(len(text.splitlines()), "line"),
            use=self._use,
        )
        return style_tag() + body

    @property
    def _use(self) -> list[str]:
        """How it is named in a cell; a pattern that is not registered stands in the config itself."""
        if PATTERNS.find(self.pattern.name) != self.pattern:
            return ["parameters: {pattern: ...}"]
        return [f"%%adm --pattern {self.pattern.name}", f"parameters: {{container_pattern: {self.pattern.name}}}"]

    def __repr__(self) -> str:
        """At most 80 columns: title, sentences, and the tree with what flows into and out of each container."""
        pattern, steps = self.pattern, flow(self.pattern).steps
        lines = [f"Pattern {pattern.name}"]
        for sentence in self._about:
            lines += textwrap.wrap(plain(sentence), _COLUMNS)
        tree = drawn(pattern).splitlines()[1:]
        width = min(max(map(len, tree), default=0), _TREE_MOST)
        for line, path in zip(tree, pattern.paths(), strict=True):
            said = f"{', '.join(_taken(steps[path]))} > {', '.join(steps[path].gives)}".strip()
            if path in self._changes:
                said += f"  {self._changes[path]}"
            room = max(_COLUMNS - width - 2, _FLOW_LEAST)
            first, *others = textwrap.wrap(said, room, break_on_hyphens=False)
            lines.append(f"{clip_line(line, width):<{width}}  {first}")
            lines += [f"{'':<{width}}  {other}" for other in others]
        return "\n".join(lines)


def clip_line(line: str, most: int) -> str:
    """A line of a tree, cut at its end where it is too long; its lines on the left stay."""
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _taken(step: Step) -> tuple[str, ...]:
    """Kinds that it reads in this pattern, and those that it lacks."""
    return (*step.sources, *(f"{kind} (missing)" for kind in step.missing))


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(kinds) or DASH


def _does(node: Node) -> Words:
    """What it does, the config key that fills it, and its own parameters and limits."""
    words: list[str] = [clip(declared(node).sentence or "Your own container.", 300)]
    if section := section_of(node.role, node.container):
        words += [" From ", Code(section)]
    if node.parameters:
        given = ", ".join(f"{name} {value_text(value)}" for name, value in node.parameters.items())
        words += [", with " if section else " With ", Code(clip(given, 120))]
    if node.limits is not None:
        limits = ", ".join(f"{name} {value_text(value)}" for name, value in node.limits.to_dict().items())
        words += ["; limits: " if section or node.parameters else " Limits: ", Code(limits)]
    return words
