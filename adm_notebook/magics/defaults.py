"""`%config Adm.*`: what cells of this session use where they don't say otherwise."""

from __future__ import annotations

from traitlets import Bool, Enum, Float, Int
from traitlets.config import Configurable

__all__ = ["Adm"]


class Adm(Configurable):
    """Defaults of `%%adm` and `%adm` in this session; what a cell says comes first."""

    mode = Enum(
        ("auto", "traditional", "composable"), default_value="auto", help="execution mode of cells without --mode"
    ).tag(config=True)
    chart_theme = Enum(("auto", "light", "dark"), default_value="auto", help="colours of the charts in cards").tag(
        config=True
    )
    max_workers = Int(None, allow_none=True, min=1, help="threads at most; None: one for each processor").tag(
        config=True
    )
    memory_limit_mb = Float(
        None, allow_none=True, min=1e-3, help="memory that a run may add, in MB; None: no limit"
    ).tag(config=True)
    timeout_seconds = Float(None, allow_none=True, min=1e-3, help="seconds that a run may take; None: no limit").tag(
        config=True
    )
    quiet = Bool(False, help="whether cells show no card, as with --quiet").tag(config=True)

    def limits(self) -> dict[str, float]:
        """The limits that were set, by their names in a config."""
        names = ("max_workers", "timeout_seconds", "memory_limit_mb")
        return {name: value for name in names if (value := getattr(self, name)) is not None}
