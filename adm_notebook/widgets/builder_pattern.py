"""The pattern editor that belongs to a config builder: it opens on the pattern in use, and what it saves is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adm_notebook.errors import ConfigError
from adm_notebook.planning import Plan
from adm_notebook.widgets.builder_draft import Draft
from adm_notebook.widgets.editor import PatternEditor

__all__ = ["editor_of", "use"]


def editor_of(values: Mapping[str, Any], plan: object, saved: Callable[[str], None]) -> PatternEditor:
    """An editor of the pattern that a config runs.

    Parameters
    ----------
    plan
        that was made of the config: without a pattern in the config it has chosen one.
    saved
        is told the name, each time the pattern is saved.

    Raises
    ------
    ConfigError
        where the config names a pattern that is not there, or holds one that can't be read.
    """
    parameters = values.get("parameters")
    parameters = parameters if isinstance(parameters, Mapping) else {}
    named = parameters.get("container_pattern") or (plan.pattern if isinstance(plan, Plan) else "simple_backtest")
    editor = PatternEditor(parameters.get("pattern") or str(named))

    def hear(change: Mapping[str, Any]) -> None:
        if change["new"]:
            saved(change["new"])

    editor.observe(hear, "saved")
    return editor


def use(draft: Draft, name: str) -> None:
    """Let a config run the pattern of this name, whichever it ran before."""
    if draft.at("parameters.pattern") is not None:
        draft.remove("parameters.pattern")
    try:
        draft.set("parameters.container_pattern", name)
    except ConfigError:  # `parameters:` is no mapping
        draft.remove("parameters")
        draft.set("parameters.container_pattern", name)
