"""Libraries in JavaScript that we ship whole (static/vendor/): sent to a page once, and saved in no notebook."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["LIGHTWEIGHT_CHARTS", "library"]

LIGHTWEIGHT_CHARTS = "5.2.1"
"""Version of TradingView's lightweight-charts in static/vendor/, whose licence and notice stand beside it."""


@cache
def library() -> bytes:
    """lightweight-charts as one ES module.

    A widget's `_esm` is part of its state, and saved in each notebook that shows it. This text is not: a page asks for
    it by a message, and imports what comes back.
    """
    return files("adm_notebook.widgets").joinpath("static", "vendor", "lightweight-charts.mjs").read_bytes()
