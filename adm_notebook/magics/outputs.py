"""Outputs of a cell, published: new ones, and ones that replace another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["publish", "show"]


def publish(
    data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, display_id: str = "", update: bool = False
) -> None:
    """Publish one output by its forms; with `update` in the place of the one that has the same `display_id`."""
    from IPython.display import publish_display_data

    transient = {"display_id": display_id} if display_id else None
    publish_display_data(dict(data), dict(metadata or {}), transient=transient, update=update)  # type: ignore[no-untyped-call]  # IPython


def show(value: object) -> None:
    """Show a value that has its own forms, HTML and text."""
    from IPython.display import display

    display(value)  # type: ignore[no-untyped-call]  # IPython
