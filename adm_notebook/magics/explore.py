"""`%adm explore`: the explorer of a result, in a variable of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adm_notebook.errors import Problem
from adm_notebook.magics.line import usage_error
from adm_notebook.magics.outputs import show

if TYPE_CHECKING:
    from adm_notebook.results import WorkflowResult

__all__ = ["run_explore"]


def run_explore(namespace: dict[str, Any], result: WorkflowResult, name: str) -> None:
    """Show the explorer of a result, and keep it in the variable NAME_explorer.

    Raises
    ------
    ConfigError
        where that variable holds something else.
    """
    from adm_notebook.widgets.explorer import Explorer, explore

    variable = f"{name.removesuffix('.result()')}_explorer"
    before = namespace.get(variable)
    if before is not None and not isinstance(before, Explorer):
        message = f"would be replaced by the explorer, and holds something else; write `adm.explore({name})` instead"
        raise usage_error("%adm explore", Problem(variable, message))
    namespace[variable] = explore(result, variable)
    show(namespace[variable])
