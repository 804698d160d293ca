"""What is known of the page that shows this session: whether views are wanted there, whether it is light or dark."""

from __future__ import annotations

import os

__all__ = ["is_live", "note_theme", "page_theme"]

_told: list[str] = []


def is_live() -> bool:
    """Whether views are shown; `ADM_NOTEBOOK_LIVE=0` asks for what stands for them instead."""
    return os.environ.get("ADM_NOTEBOOK_LIVE", "1").strip().lower() not in ("0", "false", "no", "off")


def note_theme(theme: str) -> None:
    """Remember that the page of a view is `light` or `dark`; on any thread."""
    _told[:] = [theme]


def page_theme() -> str:
    """The theme that was said last; `light` before."""
    return _told[0] if _told else "light"
