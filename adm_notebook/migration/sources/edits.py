"""Edits of a text, by place: what is not edited keeps every byte."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Edit", "Edits", "line_starts"]

_NEWLINE = re.compile(r"\r\n?|\n")


def line_starts(text: str) -> list[int]:
    """Where each line begins; lines end with `\\n`, `\\r\\n` or `\\r`."""
    return [0, *(match.end() for match in _NEWLINE.finditer(text))]


@dataclass(frozen=True, slots=True)
class Edit:
    """`new` in the place of `text[start:end]`; `reason` says why, a phrase without a full stop."""

    start: int
    end: int
    new: str
    reason: str = ""


@dataclass(slots=True)
class Edits:
    """Edits of one text, which don't overlap; insertions at one place keep the order in which they were made."""

    text: str
    all: list[Edit] = field(default_factory=list)

    def replace(self, start: int, end: int, new: str, reason: str = "") -> None:
        self.all.append(Edit(start, end, new, reason))

    def insert(self, at: int, new: str, reason: str = "") -> None:
        self.replace(at, at, new, reason)

    def within(self, start: int, end: int) -> list[Edit]:
        """The edits in a part of the text, in order; insertions at its ends belong to it."""
        return sorted((e for e in self.all if start <= e.start and e.end <= end), key=lambda e: (e.start, e.end))

    def take(self, start: int, end: int) -> str:
        """A part of the text as edited; its edits are then done."""
        inner = self.within(start, end)
        taken = applied(self.text, inner, start, end)
        done = {id(edit) for edit in inner}
        self.all = [edit for edit in self.all if id(edit) not in done]
        return taken

    def result(self) -> str:
        return applied(self.text, self.within(0, len(self.text)), 0, len(self.text))


def applied(text: str, edits: Sequence[Edit], start: int, end: int) -> str:
    """`text[start:end]` with edits made, which are in order."""
    parts, at = [], start
    for edit in edits:
        if edit.start < at:
            raise AssertionError(f"edits overlap at {edit.start}: {edit.new!r}")
        parts += [text[at : edit.start], edit.new]
        at = edit.end
    return "".join([*parts, text[at:end]])
