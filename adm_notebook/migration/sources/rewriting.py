"""What the rewriting of one program has found so far: edits, and places that are left to the user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from adm_notebook.migration.sources.edits import Edits
from adm_notebook.migration.sources.program import Program

__all__ = ["MARK", "Left", "Rewriting"]

MARK = "# adm: "
"""How the comment begins that stands above a line which the migration could not decide."""

_TO_COMMA = re.compile(r"(?:\s|\\\r?\n|#[^\r\n]*)*,")


@dataclass(frozen=True, slots=True)
class Left:
    """A place that is left to the user: where its statement begins, what it is, and what to do; phrases."""

    at: int
    what: str
    advice: str

    @property
    def mark(self) -> str:
        return f"{MARK}{self.what}; {self.advice}"


class Rewriting:
    """One program on its way.

    Parameters
    ----------
    pattern
        for configs that name none and are no matter of signals; None for the one that each implies.
    """

    def __init__(self, program: Program, pattern: str | None = None) -> None:
        self.program, self.pattern = program, pattern
        self.edits = Edits(program.text)
        self.left: list[Left] = []

    def leave(self, node: cst.CSTNode, what: str, advice: str) -> None:
        """Mark the statement of a node, and list it."""
        left = Left(self.program.head(node), what, advice)
        if left not in self.left:
            self.left.append(left)

    def finish(self) -> None:
        """Put the marks above their lines, those that are there already left out."""
        program = self.program
        for left in sorted(self.left, key=lambda each: each.at):
            margin = program.margin(left.at) or ""
            above = program.text[: left.at - len(margin)].splitlines()
            said = set()
            while above and above[-1].strip().startswith("#"):
                said.add(above.pop().strip())
            if left.mark not in said:
                self.edits.insert(left.at, f"{left.mark}{program.newline}{margin}")

    def add_item(self, items: Sequence[cst.CSTNode], index: int, close: int, new: str, reason: str) -> None:
        """Put an item into a list in brackets before the item at `index`, or at its end; laid out as its neighbours.

        `close` is where the closing bracket stands.
        """
        program, edits = self.program, self.edits
        spans = [program.span(item) for item in items]
        if not spans:
            edits.insert(close, new, reason)
        elif index < len(spans):
            start = spans[index][0]
            edits.insert(start, f"{new},{self._gap(start)}", reason)
        else:
            start, end = spans[-1]
            comma = _TO_COMMA.match(program.text, end, close)
            margin = program.margin(start)
            if comma is None:
                edits.insert(end, f",{self._gap(start)}{new}", reason)
            elif margin is not None and program.line_end(comma.end()) < close:
                edits.insert(program.line_end(comma.end()), f"{program.newline}{margin}{new},", reason)
            else:
                edits.insert(comma.end(), f" {new}", reason)

    def _gap(self, start: int) -> str:
        """What parts an item from the one before: its own line where `start` begins one, else a blank."""
        margin = self.program.margin(start)
        return " " if margin is None else f"{self.program.newline}{margin}"

    def remove_item(self, items: Sequence[cst.CSTNode], index: int, close: int, reason: str) -> None:
        """Take an item and a comma out of a list in brackets that has others; comments stay."""
        program, text = self.program, self.program.text
        spans = [program.span(item) for item in items]
        start, end = spans[index]
        comma = _TO_COMMA.match(text, end, close)
        if index + 1 < len(spans) and text[end : spans[index + 1][0]].strip() == ",":
            self.edits.replace(start, spans[index + 1][0], "", reason)
        elif comma is None and index and text[spans[index - 1][1] : start].strip() == ",":
            self.edits.replace(spans[index - 1][1], end, "", reason)
        elif comma is None:
            self.edits.replace(start, end, "", reason)
        else:
            self.edits.replace(start, end, "", reason)
            at = comma.end()
            after = re.compile(r"[ \t]*").match(text, at)
            whole = program.margin(start) is not None and text[end : at - 1].strip() == ""
            self.edits.replace(at - 1, after.end() if whole and after else at, "", reason)
