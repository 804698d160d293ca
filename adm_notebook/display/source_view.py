"""A migrated source on screen: its unified diff with line numbers, and what could not be decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from adm_notebook.display.html import render
from adm_notebook.display.numbers import MINUS
from adm_notebook.display.style import diff_css, style_tag
from adm_notebook.display.words import Words, clip, marked, plural

if TYPE_CHECKING:
    from adm_notebook.migration.sources.migrate import SourceMigration

__all__ = ["SourceView", "source_html_of"]

_MOST = 100  # lines of a kind, and undecided places
_CONTEXT_MOST = 300  # unchanged lines between them
_LINE_MOST = 300  # characters

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")


class _Line(NamedTuple):
    """One line of a diff: `kind` is +, -, a blank, @ for a heading."""

    kind: str
    old: int | None
    new: int | None
    text: str

    @property
    def glyph(self) -> str:
        return self.kind.replace("-", MINUS)

    @property
    def word(self) -> str:
        """What the glyph says, all of one width."""
        return {"+": "added  ", "-": "removed"}.get(self.kind, "       ")

    @property
    def numbers(self) -> str:
        return f"{'' if self.old is None else self.old:>4} {'' if self.new is None else self.new:>4}"


def source_html_of(migration: SourceMigration) -> str:
    """What changes in a source, as HTML, style sheet included."""
    return SourceView(migration)._repr_html_()


@dataclass(frozen=True, repr=False)
class SourceView:
    """Shows the migration of a source; `name` is the file's, `written` says where the new text went."""

    migration: SourceMigration
    name: str = ""
    written: str = ""

    def _repr_html_(self) -> str:
        lines = list(_lines(self.migration.diff))
        shown = list(_cut(lines))
        undecided = list(self.migration.undecided)
        body = render(
            "source.html",
            title=self._title(lines),
            sentences=[self.written] if self.written else [],
            lines=shown,
            said=f"Cut: {plural(len(lines) - len(shown), 'more line')}; all of them in the .diff of the migration."
            if len(shown) < len(lines)
            else "",
            undecided=[marked(clip(str(each), 400)) for each in undecided[:_MOST]],
            undecided_title=f"{plural(len(undecided), 'place')} to decide yourself",
            undecided_said=f"First {_MOST} of {len(undecided):,}." if len(undecided) > _MOST else "",
        )
        return style_tag(diff_css()) + body

    def __repr__(self) -> str:
        lines = list(_lines(self.migration.diff))
        said = ["".join(self._title(lines)), *([self.written] if self.written else [])]
        said += [f"{line.kind} {line.text}".rstrip() for line in _cut(lines)]
        undecided = list(self.migration.undecided)
        said += [f"? {clip(str(each), 200)}" for each in undecided[:_MOST]]
        return "\n".join(said)

    def _title(self, lines: Sequence[_Line]) -> Words:
        added, removed = (sum(line.kind == kind for line in lines) for kind in "+-")
        called = self.name or ("" if self.migration.name == "source" else self.migration.name)
        name = f"{clip(called, 120)}: " if called else ""
        open_ = len(self.migration.undecided)
        rest = f", {plural(open_, 'place')} to decide yourself" if open_ else ""
        if not added and not removed:
            return [f"{name}nothing to change{rest}" if name else f"Nothing to change{rest}"]
        return [f"{name}{plural(added, 'line')} added, {removed:,} removed{rest}"]


def _lines(diff: str) -> Iterator[_Line]:
    """The lines of a unified diff, numbered; the names of its files become headings where there are several."""
    old = new = 0
    text = diff.splitlines()
    several = sum(line.startswith("+++ ") for line in text) > 1
    for i, line in enumerate(text):
        following = text[i + 1] if i + 1 < len(text) else ""
        if line.startswith("--- ") and following.startswith("+++ "):
            continue
        if line.startswith("+++ ") and i and text[i - 1].startswith("--- "):
            if several:
                yield _Line("@", None, None, clip(text[i - 1][4:].partition("\t")[0], 200))
            continue
        hunk = _HUNK.match(line)
        if hunk:
            old, new = int(hunk[1]), int(hunk[2])
            yield _Line("@", None, None, f"line {old}{hunk[3]}")
            continue
        kind, code = (line[:1] or " "), _clipped(line[1:])
        if kind == "+":
            yield _Line("+", None, new, code)
        elif kind == "-":
            yield _Line("-", old, None, code)
        elif kind == " ":
            yield _Line(" ", old, new, code)
        old += kind in "- "
        new += kind in "+ "


def _clipped(code: str) -> str:
    return code if len(code) <= _LINE_MOST else f"{code[:_LINE_MOST]}…"


def _cut(lines: Sequence[_Line]) -> Iterator[_Line]:
    """Up to the line where one kind has had its share."""
    room = {"+": _MOST, "-": _MOST, " ": _CONTEXT_MOST}
    for line in lines:
        kind = line.kind if line.kind in "+-" else " "
        room[kind] -= 1
        if room[kind] < 0:
            return
        yield line
