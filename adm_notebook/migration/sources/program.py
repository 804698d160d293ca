"""A Python program, parsed: where its parts stand, and which of its names stand for the older project's."""

from __future__ import annotations

import re
import warnings
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT, PyCF_ONLY_AST, literal_eval
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

import libcst as cst
from libcst import metadata

from adm_notebook.errors import ConfigError, Problem
from adm_notebook.migration.sources.edits import line_starts
from adm_notebook.migration.sources.older_modules import MODULES, PACKAGES

__all__ = ["AMBIGUOUS", "OURS", "Program", "alias_names", "check_syntax", "dotted", "member", "readable"]

AMBIGUOUS = "?"
"""The meaning of a name that is bound in several places, to an older name in some of them."""

OURS = "adm_notebook"

_HEADS = (
    cst.SimpleStatementLine, cst.BaseCompoundStatement, cst.Else, cst.Finally, cst.ExceptHandler,
    cst.ExceptStarHandler, cst.MatchCase, cst.Decorator,
)  # fmt: skip
"""What begins a line of its own."""


def readable(text: str) -> str:
    """The text as LibCST reads it back unchanged, of the same length: lone `\\r` end lines, form feeds are blanks.

    Before code they begin a line, since they take back what indentation stood before them.
    """
    text = re.sub(r"\r(?!\n)", "\n", text)
    return re.sub(r"^([ \t\f]*)\f(?=[ \t]*[^\s])", lambda m: "\n".rjust(len(m[0])), text, flags=re.MULTILINE).replace(
        "\f", " "
    )


def check_syntax(text: str, name: str) -> None:
    """Whether it is Python; `await` may stand at its top level, as in a notebook.

    Raises
    ------
    ConfigError
        with line and column.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in strings, and the like: the user's own business
            compile(text, name, "exec", PyCF_ONLY_AST | PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        message = f"is no Python that can be read: {error.msg}; it is left as it is"
        raise ConfigError(Problem("", message, error.lineno or 1, max(error.offset or 1, 1)), name) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(Problem("", f"is no Python that can be read: {error}; it is left as it is"), name) from None


def dotted(node: cst.CSTNode | None) -> str:
    """`a.b.c` of a name or attribute; empty for others."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        above = dotted(node.value)
        return f"{above}.{node.attr.value}" if above else ""
    return ""


def alias_names(alias: cst.ImportAlias) -> tuple[str, str]:
    """What an import names, dotted, and the name after `as` or nothing."""
    asname = alias.asname.name if alias.asname is not None else None
    return dotted(alias.name), asname.value if isinstance(asname, cst.Name) else ""


def member(path: str, name: str) -> str:
    """What `name` means in the module `path`: `old:Coordinator`, `ours:WorkflowConfig`, or the path of a module."""
    if path == OURS:
        return f"ours:{name}"
    if name in MODULES.get(path, {}):
        return f"old:{name}"
    return f"{path}.{name}"


class Program:
    """One text, its tree, and the meaning of its names.

    A meaning is `old:NAME` or `ours:NAME` for an object, a dotted path for a module, AMBIGUOUS, or nothing.

    Parameters
    ----------
    text
        which `check_syntax` has passed.
    foreign
        texts beside it that name its variables, and can't be rewritten: magics, cells in other languages.

    Raises
    ------
    ConfigError
        where LibCST can't read it.
    """

    def __init__(self, text: str, name: str, foreign: Sequence[str] = ()) -> None:
        self.text, self.foreign = text, tuple(foreign)
        self._starts, self._lines = line_starts(readable(text)), line_starts(text)
        try:
            wrapper = metadata.MetadataWrapper(cst.parse_module(readable(text)), unsafe_skip_copy=True)
        except cst.ParserSyntaxError as error:
            message = f"is no Python that can be read: {error.message}; it is left as it is"
            raise ConfigError(Problem("", message, error.raw_line, error.raw_column + 1), name) from None
        self.module = wrapper.module
        self._positions = wrapper.resolve(metadata.PositionProvider)
        self._scopes = wrapper.resolve(metadata.ScopeProvider)
        self._parents = dict(_walk(self.module))
        self.nodes = list(self._parents)
        self.newline = self.module.default_newline
        self.star_names = self._star_names()
        self.loads = self._loads()

    # ---- places -----------------------------------------------------------------------------------------------------

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        where = self._positions[node]
        return (
            self._starts[where.start.line - 1] + where.start.column,
            self._starts[where.end.line - 1] + where.end.column,
        )

    def source(self, node: cst.CSTNode) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def line_of(self, at: int) -> int:
        """1-based."""
        return bisect_right(self._lines, at)

    def margin(self, at: int) -> str | None:
        """What stands before a place in its line, if that is blank; else None."""
        before = self.text[self._starts[bisect_right(self._starts, at) - 1] : at]
        return before if not before.strip() else None

    def line_end(self, at: int) -> int:
        """Where the line of a place ends, before its newline."""
        match = re.compile(r"[^\r\n]*").match(self.text, at)
        return match.end() if match else at

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(node)

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def head(self, node: cst.CSTNode) -> int:
        """Where the line begins, after its margin, of the statement that holds a node."""
        for each in (node, *self.ancestors(node)):
            if isinstance(each, _HEADS) and self.margin(start := self.span(each)[0]) is not None:
                return start
        return 0

    def in_fstring(self, node: cst.CSTNode) -> bool:
        return any(isinstance(each, cst.FormattedString) for each in self.ancestors(node))

    # ---- meanings ---------------------------------------------------------------------------------------------------

    def assignments(self, node: cst.Name) -> list[metadata.BaseAssignment]:
        """Every place that binds a name, as seen from where it is used."""
        scope = self._scopes.get(node)
        found = [] if scope is None else list(scope[node.value])
        return [each for each in found if not isinstance(each, metadata.BuiltinAssignment)]

    def is_free(self, node: cst.Name) -> bool:
        """Whether nothing in the program binds a name."""
        scope = self._scopes.get(node)
        return scope is not None and not scope[node.value]

    def meaning(self, node: cst.CSTNode) -> str:
        """What a name or a chain of attributes stands for; nothing, if it has no part in the migration."""
        if isinstance(node, cst.Attribute):
            above = self.meaning(node.value)
            if not above or above == AMBIGUOUS or above.startswith(("old:", "ours:")):
                return ""
            return member(above, node.attr.value)
        if not isinstance(node, cst.Name):
            return ""
        bound = self.assignments(node)
        if not bound:
            return f"old:{node.value}" if node.value in self.star_names and self.is_free(node) else ""
        meanings = {self._bound_to(each) for each in bound}
        if len(meanings) == 1:
            return meanings.pop()
        return AMBIGUOUS if any(_is_older(meaning) for meaning in meanings) else ""

    def _bound_to(self, assignment: metadata.BaseAssignment) -> str:
        node = assignment.node if isinstance(assignment, metadata.Assignment) else None
        if isinstance(node, (cst.Import, cst.ImportFrom)) and not isinstance(node.names, cst.ImportStar):
            above = dotted(node.module) if isinstance(node, cst.ImportFrom) and not node.relative else ""
            for alias in reversed(list(node.names)):
                path, local = alias_names(alias)
                if isinstance(node, cst.Import):
                    first = path.partition(".")[0]
                    if (local or first) == assignment.name:
                        return _kept(path if local else first)
                elif (local or path) == assignment.name and above:
                    return _kept(member(above, path))
        return ""

    def _star_names(self) -> dict[str, str]:
        """What `from MODULE import *` of the older project gives: name -> module."""
        return {
            name: dotted(node.module)
            for node in self.nodes
            if isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar) and not node.relative
            for name in MODULES.get(dotted(node.module), {})
        }

    def _loads(self) -> list[cst.Name]:
        """Every name that is read, in the order of the text."""
        scopes = {id(scope): scope for scope in self._scopes.values() if scope is not None}
        found: dict[int, cst.Name] = {}
        for scope in scopes.values():
            for access in scope.accesses:
                node: Any = access.node
                while isinstance(node, cst.Attribute):
                    node = node.value
                if isinstance(node, cst.Name):
                    found[id(node)] = node
        return sorted(found.values(), key=self.span)

    def bound_names(self) -> set[str]:
        """Every name that something in the program binds, imports included."""
        scopes = {id(scope): scope for scope in self._scopes.values() if scope is not None}
        return {each.name.partition(".")[0] for scope in scopes.values() for each in scope.assignments}

    def bindings(self, name: str) -> list[metadata.BaseAssignment]:
        """Every place in any scope that binds a name."""
        scopes = {id(scope): scope for scope in self._scopes.values() if scope is not None}
        return [each for scope in scopes.values() for each in scope.assignments if each.name == name]

    def meaning_of_binding(self, assignment: metadata.BaseAssignment) -> str:
        return self._bound_to(assignment)

    # ---- literals ---------------------------------------------------------------------------------------------------

    def string(self, node: cst.CSTNode) -> str | None:
        """The value of a plain string, or None."""
        if not isinstance(node, cst.SimpleString) or "b" in node.prefix:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(literal_eval(node.value))

    def is_said(self, name: str) -> bool:
        """Whether a name stands where it can't be rewritten: in magics, in f-strings, in strings that are code."""
        word = re.compile(rf"\b{name}\b")
        if any(map(word.search, self.foreign)):
            return True
        for node in self.nodes:
            if isinstance(node, cst.FormattedString) and word.search(self.source(node)):
                return True
            text = self.string(node)
            if text is not None and word.search(text) and _is_expression(text):
                return True
        return False


_LAYOUT = ("whitespace", "leading_lines", "lines_after", "header", "footer", "lpar", "rpar", "comma", "semicolon")
"""Fields of nodes that hold layout only."""


@cache
def _parts(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a kind of node that may hold other nodes."""
    return tuple(each.name for each in fields(kind) if not each.name.startswith(_LAYOUT))


def _walk(module: cst.Module) -> Iterator[tuple[cst.CSTNode, cst.CSTNode | None]]:
    """Every node and the one that holds it, layout left out; LibCST's own `children` takes ten times as long."""
    waiting: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(module, None)]
    while waiting:
        node, above = waiting.pop()
        yield node, above
        for name in reversed(_parts(type(node))):
            value = getattr(node, name)
            held = reversed(value) if isinstance(value, (list, tuple)) else (value,)
            waiting.extend((each, node) for each in held if isinstance(each, cst.CSTNode))


def _is_older(meaning: str) -> bool:
    return meaning.startswith("old:") or meaning in MODULES or meaning in PACKAGES


def _kept(path: str) -> str:
    """A meaning, if it has a part in the migration: modules of others have none."""
    return path if path == OURS or path.startswith(("old:", "ours:", "src.")) or path == "src" else ""


def _is_expression(text: str) -> bool:
    """Whether a string reads as one, such as the annotation `"Coordinator | None"`; a sentence doesn't."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text.strip(), "text", "eval", PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
