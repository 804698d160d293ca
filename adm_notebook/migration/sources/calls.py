"""Constructors of the coordinator, and its `execute_workflow` calls, as the guide's gradual migration writes them.

Containers are enabled, and the mode is `auto`: results are the same in every mode, and the coordinator chooses.
"""

from __future__ import annotations

import libcst as cst
from libcst import metadata

from adm_notebook.migration.sources.imports import Names
from adm_notebook.migration.sources.program import AMBIGUOUS
from adm_notebook.migration.sources.rewriting import Rewriting

__all__ = ["rewrite_calls"]

_ENABLED = "enable_composable_containers=True"
_MODE = 'execution_mode="auto"'


def rewrite_calls(work: Rewriting, names: Names) -> None:
    """Rewrite every call that is known to be one of the older coordinator's; mark what can't be."""
    program = work.program
    calls = [n for n in program.nodes if isinstance(n, cst.Call) and not program.in_fstring(n)]
    built = {id(call) for call in calls if names.is_older(call.func, "Coordinator") and not call.args}
    for call in calls:
        if id(call) in built:
            work.edits.insert(program.span(call)[1] - 1, _ENABLED, "containers are enabled")
        elif names.is_older(call.func, "Coordinator"):
            work.leave(call, "Coordinator is called with arguments", "it takes none here: what did they set?")
        elif program.meaning(call.func) == AMBIGUOUS and program.source(call.func) == "Coordinator":
            work.leave(call, "Coordinator is bound in several places", "check which one is called here")
        elif (
            isinstance(call.func, cst.Attribute)
            and call.func.attr.value == "execute_workflow"
            and _is_built(call.func.value, work, built)
        ):
            _execute(work, call)
    for node in program.nodes:
        if isinstance(node, cst.ClassDef) and any(names.is_older(base.value, "Coordinator") for base in node.bases):
            _subclass(work, node)


def _subclass(work: Rewriting, node: cst.ClassDef) -> None:
    """A class that inherits from the coordinator: the guide's has a state of its own, which `__init__` sets."""
    for method in node.body.body:
        if not isinstance(method, cst.FunctionDef) or method.name.value != "__init__":
            continue
        if "__init__(" not in work.program.source(method.body):
            what = "this __init__ replaces that of EnhancedCoordinator"
            work.leave(method, what, "call super().__init__() first")


def _is_built(node: cst.BaseExpression, work: Rewriting, built: set[int]) -> bool:
    """Whether an expression is a coordinator whose constructor was rewritten, whichever way it came there."""
    if isinstance(node, cst.Call):
        return id(node) in built
    if not isinstance(node, cst.Name):
        return False
    bound = work.program.assignments(node)
    return bool(bound) and all(id(_assigned(work, each)) in built for each in bound)


def _assigned(work: Rewriting, assignment: metadata.BaseAssignment) -> cst.CSTNode | None:
    """What `name = VALUE` assigns to that name alone; None for other ways to bind it."""
    if not isinstance(assignment, metadata.Assignment):
        return None
    above = work.program.parent(assignment.node)
    if isinstance(above, cst.AnnAssign) and above.target is assignment.node:
        return above.value
    if isinstance(above, cst.AssignTarget):
        statement = work.program.parent(above)
        return statement.value if isinstance(statement, cst.Assign) else None
    return None


def _execute(work: Rewriting, call: cst.Call) -> None:
    keywords = [arg.keyword.value if arg.keyword is not None else arg.star for arg in call.args]
    if "execution_mode" in keywords:
        return
    if keywords not in ([""], ["config"]):
        what = "execute_workflow takes config and execution_mode here"
        work.leave(call, what, f"add {_MODE}, and say the rest in the config")
        return
    work.add_item(call.args, 1, work.program.span(call)[1] - 1, _MODE, "the coordinator chooses the mode")
