"""`%config Adm.*`: what cells of this session use where they don't say otherwise."""

from __future__ import annotations

import sys
from typing import Any

from traitlets import Bool, Enum, Float, Int, TraitError
from traitlets.config import Config, Configurable

__all__ = ["Adm", "session_defaults"]


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


def session_defaults(shell: Any) -> Adm:
    """The defaults of a shell's session; values that can't be are dropped from its config, which is said on stderr.

    `%config` keeps a value that it has refused: without this the extension could not be loaded again.
    """
    section = shell.config.Adm
    for name, value in list(section.items()):
        try:
            Adm(config=Config({"Adm": {name: value}}))
        except TraitError as error:
            del section[name]
            print(f"Adm.{name} = {value!r} is dropped; its default holds. {error}", file=sys.stderr)
    return Adm(parent=shell)
