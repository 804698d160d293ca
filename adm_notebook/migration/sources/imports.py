"""Imports of the older project's modules, rewritten; and the names that come with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst

from adm_notebook.migration.sources.older_modules import MODULES, PACKAGES, ROOT
from adm_notebook.migration.sources.program import AMBIGUOUS, OURS, Program, alias_names, dotted, member
from adm_notebook.migration.sources.rewriting import Rewriting

__all__ = ["REPLACED", "Names", "new_name"]

REPLACED = {"Coordinator": "EnhancedCoordinator"}
"""Older names that the guide replaces."""

_STAYS = "keep the older package for it, or write it with what adm_notebook has"
_OF_NOTEBOOKS = ("display", "get_ipython", "In", "Out", "exit", "quit")


def new_name(meaning: str) -> str:
    """What an older object is called in `adm_notebook`."""
    name = meaning.removeprefix("old:")
    return REPLACED.get(name, name)


class Names:
    """Which older names a program uses, and how it calls them afterwards; `rewrite` makes the edits.

    stays   older names that keep their local name, by `as`, since not all of their uses can be rewritten
    failed  local names of modules whose uses can't be rewritten: they are left alone
    """

    def __init__(self, work: Rewriting) -> None:
        self.work, self.program = work, work.program
        self.stays = {name for name in REPLACED if not self._can_be_replaced(name)}
        self.failed = self._failed_modules()
        self.touched = False
        self._others: list[tuple[cst.CSTNode, str]] = []

    def rewrite(self) -> None:
        """Rewrite the imports and the names; mark what can't be."""
        for node in self.program.nodes:
            if isinstance(node, cst.Import):
                self._import(node)
            elif isinstance(node, cst.ImportFrom):
                self._from_import(node)
        for name in self.program.loads:
            self._use(name)
        self._strings()
        for node, module in self._others if self.touched else ():
            self.work.leave(
                node, f"{module} is the older project's or your own, and adm_notebook has nothing for it", _STAYS
            )

    def is_older(self, node: cst.CSTNode, name: str) -> bool:
        """Whether an expression is an older object, by way of imports that are rewritten."""
        return self.program.meaning(node) == f"old:{name}" and _base(node) not in self.failed

    # ---- what can be rewritten --------------------------------------------------------------------------------------

    def _can_be_replaced(self, name: str) -> bool:
        """Whether every use of an older name can take the new one: it means the same wherever it is bound or said."""
        program, new = self.program, REPLACED[name]
        if program.is_said(name):
            return False
        for node in program.nodes:
            named = [n.name.value for n in node.names] if isinstance(node, (cst.Global, cst.Nonlocal)) else []
            if name in named or (isinstance(node, cst.Del) and name in program.source(node)):
                return False
        older = all(program.meaning_of_binding(each) == f"old:{name}" for each in program.bindings(name))
        free = all(program.meaning_of_binding(each) in (f"old:{new}", f"ours:{new}") for each in program.bindings(new))
        return older and free

    def _failed_modules(self) -> set[str]:
        program, failed = self.program, set()
        others = [
            alias_names(alias)[0]
            for node in program.nodes
            if isinstance(node, cst.Import)
            for alias in node.names
            if not _is_covered(alias_names(alias)[0])
        ]
        for name in program.loads:
            meaning = program.meaning(name)
            if meaning == AMBIGUOUS and any(
                _is_module(program.meaning_of_binding(b)) for b in program.assignments(name)
            ):
                failed.add(name.value)
            elif _is_module(meaning):
                chain = _chain(program, name)
                whole = dotted(chain) if meaning == ROOT else ""
                known = program.meaning(chain).startswith("old:") and "#" not in program.source(chain)
                other = whole and any(whole == o or whole.startswith(f"{o}.") for o in others)
                if program.in_fstring(name) or not (known or other):
                    failed.add(name.value)
        taken = [b for b in program.bindings(OURS) if program.meaning_of_binding(b) != OURS]
        if taken:
            failed.add(ROOT)
        for node in program.nodes:  # a name that is said, or bound again
            if isinstance(node, (cst.Import, cst.ImportFrom)) and not isinstance(node.names, cst.ImportStar):
                for alias in node.names:
                    path, local = alias_names(alias)
                    local = local or (path.partition(".")[0] if isinstance(node, cst.Import) else path)
                    if local != ROOT and any(re.search(rf"\b{local}\.", text) for text in program.foreign):
                        failed.add(local)
        if any(f"{ROOT}." in text for text in program.foreign):
            failed.add(ROOT)
        return failed

    # ---- imports ----------------------------------------------------------------------------------------------------

    def _import(self, node: cst.Import) -> None:
        """`import src.core.coordinator.coordinator as c, os`."""
        for alias in node.names:
            path, local = alias_names(alias)
            if _is_covered(path):
                self.touched = True
                if (local or ROOT) in self.failed:
                    self.work.leave(
                        node, f"not all that is made of {path} can be rewritten", "write it with adm_notebook"
                    )
                else:
                    self.work.edits.replace(*self.program.span(alias.name), OURS, "imports from adm_notebook")
            else:
                self._other(node, path)

    def _from_import(self, node: cst.ImportFrom) -> None:
        module = dotted(node.module)
        if node.relative:
            self._relative(node, module)
            return
        if isinstance(node.names, cst.ImportStar):
            if module in MODULES:
                self.touched = True
                self._star(node, module)
            else:
                self._other(node, module)
            return
        if module not in MODULES and module not in PACKAGES:
            self._other(node, module)
            return
        meanings = [member(module, alias_names(alias)[0]) for alias in node.names]
        if all(meaning.startswith("old:") for meaning in meanings):
            self.touched = True
            assert node.module is not None
            self.work.edits.replace(*self.program.span(node.module), OURS, "imports from adm_notebook")
            for alias, meaning in zip(node.names, meanings, strict=True):
                older, new = alias_names(alias)[0], self._imported(alias, meaning)
                if new != older:
                    self.work.edits.replace(*self.program.span(alias.name), new, "the guide's coordinator")
            return
        self._split(node, module, meanings)

    def _other(self, node: cst.CSTNode, module: str) -> None:
        """An import of what compat doesn't have, from the older project for sure, or from its root."""
        if module.startswith((f"{ROOT}.core.", f"{ROOT}.execution.")) or module in PACKAGES[1:]:
            self.work.leave(node, f"adm_notebook has nothing for {module}", _STAYS)
        elif module == ROOT or module.startswith(f"{ROOT}."):
            self._others.append((node, module))

    def _imported(self, alias: cst.ImportAlias, meaning: str) -> str:
        """An alias's name: `EnhancedCoordinator`, with `as Coordinator` where that name has to stay."""
        older, local = alias_names(alias)
        new = new_name(meaning)
        return f"{new} as {older}" if new != older and not local and older in self.stays else new

    def _split(self, node: cst.ImportFrom, module: str, meanings: Sequence[str]) -> None:
        """An import that also names modules, or what we haven't: in several statements."""
        assert not isinstance(node.names, cst.ImportStar)
        ours, modules, rest = [], [], []
        for alias, meaning in zip(node.names, meanings, strict=True):
            name, local = alias_names(alias)
            as_local = f" as {local}" if local else ""
            if meaning.startswith("old:"):
                ours.append(f"{self._imported(alias, meaning)}{as_local}")
            elif _is_covered(meaning) and (local or name) not in self.failed:
                modules.append(f"import {OURS} as {local or name}")
            else:
                rest.append((name, f"{name}{as_local}", _is_covered(meaning)))
        self.touched = self.touched or bool(ours or modules)
        for name, _, is_module in rest:
            what = f"{module}.{name}"
            if is_module:
                self.work.leave(node, f"not all that is made of {what} can be rewritten", "write it with adm_notebook")
            elif module != ROOT or ours or modules:
                self.work.leave(node, f"adm_notebook has nothing for {what}", _STAYS)
            else:
                self._others.append((node, what))
        statements = [f"from {module} import {', '.join(text for _, text, _ in rest)}"] if rest else []
        statements += [f"from {OURS} import {', '.join(ours)}"] if ours else []
        statements += modules
        if not ours and not modules:
            return
        start, end = self.program.span(node)
        margin = self.program.margin(start)
        comments = re.findall(r"#[^\r\n]*", self.program.text[start:end])
        alone = isinstance(line := self.program.parent(node), cst.SimpleStatementLine) and len(line.body) == 1
        if margin is None or not alone:
            if comments:
                self.work.leave(
                    node, "this import has comments inside", "write it on a line of its own, and migrate again"
                )
                return
            self.work.edits.replace(start, end, "; ".join(statements), "imports from adm_notebook")
            return
        lines = [*(comment.rstrip() for comment in comments), *statements]
        self.work.edits.replace(start, end, f"{self.program.newline}{margin}".join(lines), "imports from adm_notebook")

    def _star(self, node: cst.ImportFrom, module: str) -> None:
        """`import *` names what it gives; what else it may have given is left to the user."""
        names = sorted(
            f"{REPLACED[name]} as {name}" if name in self.stays else REPLACED.get(name, name)
            for name in MODULES[module]
        )
        assert isinstance(node.names, cst.ImportStar)
        assert node.module is not None
        self.work.edits.replace(*self.program.span(node.module), OURS, "imports from adm_notebook")
        self.work.edits.replace(*self.program.span(node.names), ", ".join(names))
        unknown = sorted(
            {
                name.value
                for name in self.program.loads
                if self.program.is_free(name)
                and name.value not in self.program.star_names
                and name.value not in _OF_NOTEBOOKS
                and not name.value.startswith("__")
                and name.value != "WorkflowConfig"
            }
        )
        if unknown:
            what = f"{', '.join(unknown)} may have come with this import, and adm_notebook has nothing of that name"
            self.work.leave(node, what, _STAYS)

    def _relative(self, node: cst.ImportFrom, module: str) -> None:
        """`from .simple_types import WorkflowConfig`: the older project's, or the user's own."""
        if isinstance(node.names, cst.ImportStar):
            return
        known = {name for path, names in MODULES.items() if module and path.endswith(f".{module}") for name in names}
        names = [alias_names(alias)[0] for alias in node.names]
        if any(name in known for name in names):
            has = ", ".join(sorted({new_name(name) for name in names if name in known}))
            dots = "." * len(node.relative)
            self.work.leave(
                node,
                f"{dots}{module} may be the older project's, or your own",
                f"if the older project's, write from {OURS} import {has}",
            )

    # ---- uses -------------------------------------------------------------------------------------------------------

    def _use(self, name: cst.Name) -> None:
        meaning = self.program.meaning(name)
        if name.value in self.failed:
            return
        if meaning.startswith("old:") and (new := new_name(meaning)) != name.value:
            renamed = name.value in REPLACED and name.value not in self.stays
            if renamed and not self.program.in_fstring(name):
                self.work.edits.replace(*self.program.span(name), new, "the guide's coordinator")
        elif _is_module(meaning):
            chain = _chain(self.program, name)
            target = self.program.meaning(chain)
            if target.startswith("old:"):
                above = OURS if meaning == ROOT else name.value
                self.work.edits.replace(
                    *self.program.span(chain), f"{above}.{new_name(target)}", "its name in adm_notebook"
                )

    def _strings(self) -> None:
        """Module names in strings: for importlib, mock and the like."""
        for node in self.program.nodes:
            text = self.program.string(node) or ""
            module = max((module for module in MODULES if module in text), key=len, default="")
            if module and not isinstance(self.program.parent(node), cst.Expr):
                self.work.leave(node, f"this text names {module}", f"adm_notebook has its names as {OURS}.NAME")


def _base(node: cst.CSTNode) -> str:
    while isinstance(node, cst.Attribute):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


def _chain(program: Program, name: cst.Name) -> cst.CSTNode:
    """The longest `name.a.b` that still is a module, or the older object that it reaches."""
    node: cst.CSTNode = name
    while not program.meaning(node).startswith("old:"):
        above = program.parent(node)
        if not isinstance(above, cst.Attribute) or above.value is not node:
            break
        node = above
    return node


def _is_covered(path: str) -> bool:
    """Whether a module is one of those that compat has, below `src`."""
    return path in MODULES or (path in PACKAGES and path != ROOT)


def _is_module(meaning: str) -> bool:
    return meaning in MODULES or meaning in PACKAGES
