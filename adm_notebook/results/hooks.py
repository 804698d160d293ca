"""Where later layers lend results and patterns their help: drawing (display), computing a row again (coordinator).

They know neither layer; whoever imports `adm_notebook` has told them here whom to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["call", "provide"]

_PROVIDERS: dict[str, str] = {
    "text": "adm_notebook.display:text_of",
    "html": "adm_notebook.display:html_of",
    "display": "adm_notebook.display:display_result",
    "plot": "adm_notebook.display:figure_of",
    "diff_html": "adm_notebook.display:diff_html_of",
    "diff_display": "adm_notebook.display:display_diff",
    "migration_html": "adm_notebook.display:migration_html_of",
    "report_html": "adm_notebook.display:migration_report_html_of",
    "report_page": "adm_notebook.display:migration_report_page_of",
    "report_display": "adm_notebook.display:display_migration_report",
    "source_html": "adm_notebook.display:source_html_of",
    "pattern_html": "adm_notebook.display:pattern_html_of",
    "recompute": "adm_notebook.coordinator:recompute",
}
"""Hook -> the function that answers it, by name only, so that a result can be made and saved without either layer."""


def provide(hook: str, target: str) -> None:
    """Name the function (`package.module:function`) that answers `hook`; it is imported at the first call."""
    _PROVIDERS[hook] = target


def call(hook: str, *args: Any) -> Any:
    """Ask whoever provides `hook`."""
    module, _, name = _PROVIDERS[hook].partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function(*args)
