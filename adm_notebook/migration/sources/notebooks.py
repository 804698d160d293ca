"""Notebooks: the source of code cells is rewritten in the JSON text itself, so that every other byte stays.

All code cells are one program, since they share their variables; magics are blanked out before it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out

from adm_notebook.errors import ConfigError, Problem
from adm_notebook.migration.sources.edits import Edit, applied, line_starts
from adm_notebook.migration.sources.migrate import Piece, SourceChange, SourceMigration, Undecided
from adm_notebook.migration.sources.older_modules import MODULES
from adm_notebook.migration.sources.program import check_syntax
from adm_notebook.migration.sources.python import rewritten

__all__ = ["is_notebook", "migrate_notebook"]

_PYTHON_BODIES = ("capture", "debug", "heat", "lprun", "memit", "mprun", "prun", "time", "timeit")
"""Cell magics whose body is Python of the notebook itself."""

_CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\r\n]*")
_BLANK = re.compile(r"[ \t]*")


@dataclass(slots=True)
class _Cell:
    """One code cell.

    number      among all cells, from 1
    start, end  where the value of its `source` stands in the JSON
    text        its source
    python      the same length, magics blanked out; None where it is no Python
    at          where it begins in the program of all cells
    """

    number: int
    start: int
    end: int
    text: str
    python: str | None = None
    at: int = 0


def is_notebook(text: str) -> bool:
    """Whether a text is a notebook's JSON rather than Python."""
    if not text.lstrip("\ufeff \t\r\n").startswith("{") or ('"cells"' not in text and '"worksheets"' not in text):
        return False
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "nbformat" in found


def migrate_notebook(text: str, name: str, pattern: str | None) -> SourceMigration:
    """The migration of a notebook's JSON text.

    Raises
    ------
    ConfigError
        where it is no notebook, or one of a format that is older than 4.
    """
    _check(text, name)
    cells = [cell for cell in _code_cells(text) if cell.text.strip()]
    undecided: list[Undecided] = []
    foreign: list[str] = []
    program = ""
    for cell in cells:
        magics = _read(cell, undecided)
        foreign += magics
        if cell.python is not None:
            cell.at = len(program)
            program += cell.python if cell.python.endswith("\n") else f"{cell.python}\n"
    done = rewritten(program, name, pattern, foreign)
    mine = [cell for cell in cells if cell.python is not None]

    def cell_of(at: int) -> _Cell:
        return next(cell for cell in reversed(mine) if cell.at <= at)

    def line_in(cell: _Cell, at: int) -> int:
        return sum(start <= at - cell.at for start in line_starts(cell.text))

    edits: dict[int, list[Edit]] = {}
    for edit in done.edits:
        cell = cell_of(edit.start)
        moved = Edit(edit.start - cell.at, edit.end - cell.at, edit.new, edit.reason)
        edits.setdefault(cell.number, []).append(moved)
    changes = []
    for at, old, new, why in done.changes():
        cell = cell_of(at)
        changes.append(SourceChange(line_in(cell, at), old, new, why, cell.number))
    for left in done.left:
        cell = cell_of(left.at)
        undecided.append(Undecided(line_in(cell, left.at), left.what, left.advice, cell.number))
    pieces, into = [], []
    for cell in mine:
        if cell.number in edits:
            new = applied(cell.text, edits[cell.number], 0, len(cell.text))
            pieces.append(Piece(cell.text, new, f"cell {cell.number}"))
            into.append(Edit(cell.start, cell.end, _as_source(new, text[cell.start : cell.end])))
    undecided.sort(key=lambda each: (each.cell or 0, each.line))
    new_text = applied(text, into, 0, len(text))
    return SourceMigration(new_text, text, tuple(changes), tuple(undecided), name, tuple(pieces))


def _check(text: str, name: str) -> None:
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        message = f"is no notebook: {error.msg}; it is left as it is"
        raise ConfigError(Problem("", message, error.lineno, error.colno), name) from None
    except RecursionError:
        raise ConfigError(Problem("", "is no notebook: it is nested too deep"), name) from None
    if not isinstance(found, dict) or "nbformat" not in found:
        raise ConfigError(Problem("", "is no notebook: it has no nbformat; it is left as it is"), name)
    cells = found.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        message = "has no list of cells, as notebooks since format 4 have; open and save it once in JupyterLab"
        raise ConfigError(Problem("", message), name)


# ---- cells, and what Python they hold -------------------------------------------------------------------------------


def _read(cell: _Cell, undecided: list[Undecided]) -> list[str]:
    """Set a cell's Python; returns the texts in it that are none, which are never rewritten."""
    magic = _CELL_MAGIC.match(cell.text)
    if magic is not None and magic[1] not in _PYTHON_BODIES:
        module = max((module for module in MODULES if module in cell.text), key=len, default="")
        if module:
            what = f"this %%{magic[1]} cell names {module}"
            undecided.append(
                Undecided(1, what, "cells of this magic are left as they are; change it by hand", cell.number)
            )
        return [cell.text]
    python, magics = cell.text, []
    if magic is not None:
        magics.append(magic[0])
        python = f"{_blanked(magic[0])}{python[magic.end() :]}"
    python, lines = _without_magics(python)
    try:
        check_syntax(python, "cell")
    except ConfigError as error:
        problem = error.problems[0]
        what = f"{problem.message.removesuffix('; it is left as it is')}"
        undecided.append(Undecided(problem.line or 1, f"this cell {what}", "it is left as it is", cell.number))
        return [cell.text]
    cell.python = python
    return [*magics, *lines]


def _without_magics(text: str) -> tuple[str, list[str]]:
    """The text with `%magic`, `!command` and `name?` blanked out, as IPython finds them; and what they were."""
    from IPython.core.inputtransformer2 import (
        EscapedCommand,
        HelpEnd,
        MagicAssign,
        SystemAssign,
        find_end_of_continued_line,
        make_tokens_by_line,
    )

    found: list[str] = []
    if not any(sign in text for sign in "%!?"):
        return text, found
    lines = re.findall(r"[^\n]*\n|[^\n]+$", text)
    for _ in range(len(lines)):
        tokens = make_tokens_by_line(lines)
        first = None
        for kind in (MagicAssign, SystemAssign, EscapedCommand, HelpEnd):
            each = kind.find(tokens)  # type: ignore[no-untyped-call]  # IPython leaves it untyped
            if each is not None and (first is None or each.sortby() < first.sortby()):
                first = each
        if first is None:
            break
        if isinstance(first, HelpEnd):
            begin, end = first.start_line, first.q_line
            column = len(_indent(lines[begin]))
        else:
            begin, column = first.start_line, first.start_col
            end = find_end_of_continued_line(lines, begin)
        found.append("".join(lines[begin : end + 1])[column:])
        lines[begin] = lines[begin][:column] + _blanked(lines[begin][column:])
        for i in range(begin + 1, end + 1):
            lines[i] = _blanked(lines[i], whole=True)
    return "".join(lines), found


def _indent(line: str) -> str:
    match = _BLANK.match(line)
    return match[0] if match else ""


def _blanked(line: str, whole: bool = False) -> str:
    """A statement that does nothing, as long as the line; or blanks only."""
    body = line.rstrip("\r\n")
    return ("0" if not whole and body else "").ljust(len(body)) + line[len(body) :]


# ---- the JSON, as text ----------------------------------------------------------------------------------------------


def _code_cells(text: str) -> Iterator[_Cell]:
    """The code cells, with the place of their source; the JSON has been read once and is sound."""
    begin = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    for key, start, _ in _members(text, begin):
        if key != "cells":
            continue
        for number, at in enumerate(_items(text, start), 1):
            values = {key: (start, end) for key, start, end in _members(text, at)}
            if "source" not in values or "cell_type" not in values:
                continue
            kind = json.loads(text[slice(*values["cell_type"])])
            source = json.loads(text[slice(*values["source"])])
            joined = "".join(source) if isinstance(source, list) else source
            if kind == "code" and isinstance(joined, str):
                yield _Cell(number, *values["source"], joined)


_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[ \t\r\n]*")


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Key, begin and end of each value of the object that begins at a place."""
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, False)
        start = _after_space(text, _after_space(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _items(text: str, at: int) -> Iterator[int]:
    """Where each item of the list that begins at a place begins."""
    at = _after_space(text, at + 1)
    while text[at] != "]":
        yield at
        _, end = _DECODER.raw_decode(text, at)
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _as_source(source: str, old: str) -> str:
    """A cell's source as JSON, written as its old one was: one string, or a list, each line on its own or not."""
    escaped = "\\u" in old and old.isascii()

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=escaped)

    if not old.startswith("["):
        return quoted(source)
    lines = re.findall(r"[^\n]*\n|[^\n]+$", source)
    opening = _after_space(old, 1)
    _, first = _DECODER.raw_decode(old, opening)
    gap = old[_after_space(old, first) :]
    between = re.match(r",[ \t\r\n]*", gap)
    inner, closing = old[1:opening], old[len(old[:-1].rstrip(" \t\r\n")) : -1]
    joint = between[0] if between else f",{inner or ' '}"
    return f"[{inner}{joint.join(map(quoted, lines))}{closing}]"
