"""The migration of one Python program: a file, or the cells of a notebook one after another."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

import libcst as cst

from adm_notebook.errors import ConfigError, Problem
from adm_notebook.migration.sources.calls import rewrite_calls
from adm_notebook.migration.sources.configs import rewrite_configs
from adm_notebook.migration.sources.edits import Edit, applied, line_starts
from adm_notebook.migration.sources.imports import Names
from adm_notebook.migration.sources.migrate import Piece, SourceChange, SourceMigration, Undecided
from adm_notebook.migration.sources.program import Program, check_syntax
from adm_notebook.migration.sources.rewriting import MARK, Left, Rewriting

__all__ = ["Rewritten", "migrate_python", "rewritten"]

_WORD = re.compile(r"\b(src|WorkflowConfig|simple_types|coordinator|enhanced_coordinator|containers)\b")
"""One of these stands in every program that has something to migrate."""

_BOM = "\ufeff"


class Rewritten:
    """The edits of a program, the statements that they change, and what is left to the user."""

    def __init__(self, program: Program | None, edits: list[Edit], left: Sequence[Left]) -> None:
        self.program = program
        self.left = tuple(sorted(left, key=lambda each: each.at))
        self.edits = sorted(edits, key=lambda edit: (edit.start, edit.end))

    def changes(self) -> list[tuple[int, str, str, str]]:
        """Of each statement that is rewritten: where it begins, its text before and after, and why."""
        program, found = self.program, []
        if program is None or not self.edits:
            return []
        edits = [edit for edit in self.edits if not edit.new.startswith(MARK)]
        for node in program.nodes:
            if not isinstance(node, (cst.BaseSmallStatement, cst.BaseCompoundStatement, cst.Decorator)):
                continue
            start, end = program.span(node)
            if isinstance(node, cst.BaseCompoundStatement):  # its head: what stands before its body
                end = program.span(node.body)[0] if hasattr(node, "body") else end
            inside = [edit for edit in edits if start <= edit.start and edit.end <= end]
            edits = [edit for edit in edits if edit not in inside]
            if inside:
                reasons = ", ".join(dict.fromkeys(edit.reason for edit in inside if edit.reason))
                old, new = program.text[start:end].rstrip(), applied(program.text, inside, start, end).rstrip()
                found.append((start, old, new, reasons))
        return sorted(found)


def rewritten(text: str, name: str, pattern: str | None, foreign: Sequence[str] = ()) -> Rewritten:
    """What the migration makes of a program that `check_syntax` has passed.

    Raises
    ------
    ConfigError
        where LibCST can't read it, or it is nested too deep.
    """
    if not any(_WORD.search(each) for each in (text, *foreign)):
        return Rewritten(None, [], [])
    try:
        program = Program(text, name, foreign)
        work = Rewriting(program, pattern)
        names = Names(work)
        names.rewrite()
        rewrite_calls(work, names)
        rewrite_configs(work, names.failed)
        work.finish()
    except RecursionError:
        message = "has an expression that is nested too deep to be rewritten, such as a sum of hundreds of terms"
        raise ConfigError(Problem("", f"{message}; it is left as it is"), name) from None
    return Rewritten(program, work.edits.all, work.left)


def migrate_python(text: str, name: str, pattern: str | None) -> SourceMigration:
    """The migration of a .py file's text; a byte order mark stays.

    Raises
    ------
    ConfigError
        with line and column, where it is no Python.
    """
    bom = _BOM if text.startswith(_BOM) else ""
    body = text.removeprefix(_BOM)
    check_syntax(body, name)
    done = rewritten(body, name, pattern)
    text_after = applied(body, done.edits, 0, len(body))
    starts = line_starts(body)
    changes = tuple(SourceChange(bisect_right(starts, at), old, new, why) for at, old, new, why in done.changes())
    undecided = tuple(Undecided(bisect_right(starts, left.at), left.what, left.advice) for left in done.left)
    return SourceMigration(bom + text_after, text, changes, undecided, name, (Piece(body, text_after),))
