"""`%adm build` and a bare `%adm diff`: a widget in a variable of its own, `builder` and `diff_view`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adm_notebook.errors import Problem, did_you_mean, shown
from adm_notebook.magics.line import usage_error
from adm_notebook.magics.runs import plan_of

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.widgets.builder import ConfigBuilder
    from adm_notebook.widgets.diff import DiffView

__all__ = ["open_builder", "open_diff_view"]


def open_builder(shell: Any, name: str | None) -> ConfigBuilder:
    """The builder; that of `name`, if it is one, else a new one.

    Raises
    ------
    ConfigError
        where `name` holds nothing that a config can be made of, or `builder` something that would be lost.
    """
    from adm_notebook.widgets.builder import ConfigBuilder

    namespace = shell.user_ns
    held = namespace.get(name) if name is not None else None
    if isinstance(held, ConfigBuilder):
        return held
    other = namespace.get("builder")
    if other is not None and not isinstance(other, ConfigBuilder):
        message = "holds something else, and the builder would replace it; write `my_builder = adm.ConfigBuilder()`"
        raise usage_error("%adm", Problem("builder", message))
    builder = ConfigBuilder(None if name is None else _config_of(held, name, namespace))
    shell.push({"builder": builder})
    return builder


def open_diff_view(shell: Any, theme: str | None) -> DiffView:
    """The view of any two of the notebook's runs, in `diff_view`; the one that is there, if there is one.

    Raises
    ------
    ConfigError
        where `diff_view` holds something that would be lost.
    """
    from adm_notebook.widgets.diff import DiffView

    held = shell.user_ns.get("diff_view")
    if isinstance(held, DiffView):
        return held
    if held is not None:
        message = "holds something else, and the view would replace it; write `my_view = adm.DiffView()`"
        raise usage_error("%adm diff", Problem("diff_view", message))
    view = DiffView(theme=theme)
    shell.push({"diff_view": view})
    return view


def _config_of(held: Any, name: str, namespace: Any) -> WorkflowConfig:
    """The config that a variable holds, or that it came from."""
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.coordinator import Run

    if isinstance(held, Run):
        held = plan_of(held)
    if isinstance(held, str):
        return WorkflowConfig.from_yaml(held)
    config = held if isinstance(held, WorkflowConfig) else getattr(held, "config", None)
    if isinstance(config, WorkflowConfig):
        return config
    near = did_you_mean(name, [n for n, value in namespace.items() if isinstance(value, WorkflowConfig)])
    what = "holds no run, plan, WorkflowConfig or YAML text" if held is not None else "is no variable of this notebook"
    raise usage_error("%adm build", Problem(shown(name), f"{what}.{near}".removesuffix(".")))
