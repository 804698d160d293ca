"""How results look: HTML that reads well without its styles, a PNG, and plain text; imported when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adm_notebook.display.checklist_view import ChecklistView
    from adm_notebook.display.differences import diff_html_of, display_diff
    from adm_notebook.display.grid import Column
    from adm_notebook.display.joined import JoinedView
    from adm_notebook.display.migration_view import (
        display_migration_report,
        migration_html_of,
        migration_report_html_of,
        migration_report_page_of,
    )
    from adm_notebook.display.notices import Notice, TableView, banner, table
    from adm_notebook.display.pattern_view import PatternView, outline, pattern_html_of
    from adm_notebook.display.publish import bundle_of, display_result, figure_of, html_of, png_of, report_html, text_of
    from adm_notebook.display.signals_view import SignalsView
    from adm_notebook.display.source_view import SourceView, source_html_of
    from adm_notebook.display.trace_view import TraceView
    from adm_notebook.display.words import Code, Name

__all__ = [
    "ChecklistView",
    "Code",
    "Column",
    "JoinedView",
    "Name",
    "Notice",
    "PatternView",
    "SignalsView",
    "SourceView",
    "TableView",
    "TraceView",
    "banner",
    "bundle_of",
    "diff_html_of",
    "display_diff",
    "display_migration_report",
    "display_result",
    "figure_of",
    "html_of",
    "migration_html_of",
    "migration_report_html_of",
    "migration_report_page_of",
    "outline",
    "pattern_html_of",
    "png_of",
    "report_html",
    "source_html_of",
    "table",
    "text_of",
]

_HOMES = {
    **dict.fromkeys(
        ("bundle_of", "display_result", "figure_of", "html_of", "png_of", "report_html", "text_of"), "publish"
    ),
    **dict.fromkeys(("Notice", "TableView", "banner", "table"), "notices"),
    **dict.fromkeys(("PatternView", "outline", "pattern_html_of"), "pattern_view"),
    **dict.fromkeys(("Code", "Name"), "words"),
    **dict.fromkeys(
        (
            "display_migration_report",
            "migration_html_of",
            "migration_report_html_of",
            "migration_report_page_of",
        ),
        "migration_view",
    ),
    **dict.fromkeys(("SourceView", "source_html_of"), "source_view"),
    "ChecklistView": "checklist_view",
    "JoinedView": "joined",
    "SignalsView": "signals_view",
    "TraceView": "trace_view",
    "Column": "grid",
    "diff_html_of": "differences",
    "display_diff": "differences",
}


def __getattr__(name: str) -> Any:
    """Import the module that holds `name` at its first use: pandas and matplotlib take a second."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
