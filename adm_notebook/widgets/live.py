"""The live view of a run as a widget: what LiveModel says goes into its traits, what the buttons say into the run."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import traitlets

from adm_notebook.widgets.base import AdmWidget, module, style
from adm_notebook.widgets.heat import BANDS
from adm_notebook.widgets.live_model import LiveModel, clipped

if TYPE_CHECKING:
    from adm_notebook.coordinator.outline import Outline, RowReader

__all__ = ["LiveView", "Steered"]

LIMIT = 16_000
"""Bytes of one update at most."""


class Steered(Protocol):
    """What the buttons of a view act on: a Run."""

    def cancel(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class LiveView(AdmWidget):
    """Shows one run while it goes on; whoever watches the run calls `show`, four times a second at most.

    Parameters
    ----------
    outline
        of the run's plan.
    run
        that Pause, Resume and Stop act on; None where there is none to steer: a replay.
    background
        whether the kernel is free while the run goes on.
    elapsed
        seconds that the run has taken already.
    reader
        what rows are by their numbers.

    Attributes
    ----------
    frame, head, states, best, curve, band_0 ...
        what is shown; the bands are parts of the heatmap, so that an update carries only those that changed.
    controls
        `on`; `wait` until the page has been heard from; `interrupt` where its messages don't arrive while a cell runs.
    sent
        bytes of the last update.
    stopping
        whether Stop was pressed.
    """

    _esm = module("live_heat", "live_equity", "live")
    _css = AdmWidget._css + style("live")
    frame = traitlets.Dict().tag(sync=True)
    head = traitlets.Dict().tag(sync=True)
    states: traitlets.List[Any] = traitlets.List().tag(sync=True)
    best = traitlets.Dict().tag(sync=True)
    curve = traitlets.Bytes(b"").tag(sync=True)
    controls = traitlets.Enum(("on", "wait", "interrupt"), "on").tag(sync=True)
    locals().update({f"band_{number}": traitlets.Bytes(b"").tag(sync=True) for number in range(BANDS)})

    def __init__(
        self,
        outline: Outline,
        run: Steered | None = None,
        *,
        background: bool = True,
        elapsed: float = 0.0,
        reader: RowReader | None = None,
    ) -> None:
        self.model = LiveModel(outline, elapsed=elapsed, reader=reader)
        self._run = run
        self._opened = time.monotonic()
        self._heard = threading.Event()
        self._asked_to_stop = threading.Event()
        self.sent = 0
        super().__init__(
            frame=self.model.frame(),
            head=self.model.head(),
            states=self.model.states(),
            best=self.model.best(),
            controls="on" if background else "wait",
        )
        _answer_where_asked(self.comm)

    @property
    def stopping(self) -> bool:
        return self._asked_to_stop.is_set()

    def _receive(self, content: Mapping[str, Any]) -> None:
        """A button, or the page's first word; on any thread, so that nothing is done here but to set events."""
        word = content.get("do")
        if word is not None:
            self._heard.set()
        if self._run is None:
            return
        if word == "stop":
            self._asked_to_stop.set()
            self._run.cancel()
        elif word == "pause":
            self._run.pause()
        elif word == "resume":
            self._run.resume()

    def show(self) -> None:
        """Bring the traits up to what the model says; what has not changed is not sent."""
        if self.controls != "on":
            if self._heard.is_set():
                self.controls = "on"
            elif time.monotonic() - self._opened > HEARD_WITHIN:
                self.controls = "interrupt"
        now: dict[str, Any] = {"head": self.model.head(), "states": self.model.states(), "best": self.model.best()}
        now["curve"] = self.model.curve()
        changed: dict[str, Any] = {name: value for name, value in now.items() if getattr(self, name) != value}
        self.sent = sum(len(each if isinstance(each, bytes) else json.dumps(each)) for each in changed.values())
        if self.model.heat is not None:
            bands = self.model.heat.due(LIMIT - self.sent)
            self.sent += sum(map(len, bands.values()))
            changed |= {f"band_{band}": data for band, data in bands.items()}
        with self.hold_sync():
            for name, value in changed.items():
                setattr(self, name, value)

    def bundle(self) -> dict[str, Any]:
        """Its forms as an output: the widget, and the text that stands for it."""
        found = self._repr_mimebundle_()
        data = found[0] if isinstance(found, tuple) else found
        return dict(data or {"text/plain": self.text()})

    def close(self) -> None:
        """Take the view and what belongs to it from the pages that show it."""
        layout = self.layout
        super().close()
        if layout is not None:
            layout.close()

    def text(self) -> str:
        """What front ends without widgets show: the run, and how much there is to do."""
        outline = self.model.outline
        amount = "" if outline.is_single else f": {outline.total:,} combinations"
        return f"Running {clipped(outline.title)}{amount}"


HEARD_WITHIN = 2.0
"""Seconds in which the page is heard from, where its messages arrive while a cell runs."""


def _answer_where_asked(comm: Any) -> None:
    """Let a page's messages be handled in the subshell that it sends them to.

    ipykernel 7.4 hands them to the shell that spoke last: the main one, whose cell is waiting for the run. Other
    versions have no such rule, and nothing is changed there.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
