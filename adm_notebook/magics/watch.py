"""Waiting for a run: a live view while it goes on, and Interrupt, which keeps what was finished."""

from __future__ import annotations

import sys
import uuid
import warnings
from typing import TYPE_CHECKING, Any, Protocol

from adm_notebook.display.page import is_live
from adm_notebook.errors import RunError
from adm_notebook.magics.outputs import publish
from adm_notebook.magics.runs import plan_of

if TYPE_CHECKING:
    from tqdm import tqdm

    from adm_notebook.coordinator import Run
    from adm_notebook.results import WorkflowResult
    from adm_notebook.widgets.live import LiveView
    from adm_notebook.widgets.live_model import LiveModel

__all__ = ["NotebookView", "View", "Watcher", "live_view", "wait_for"]

PATIENCE = 0.3
"""Seconds that a run may take before anything is said about it."""

INTERVAL = 0.25
"""Seconds between two updates: at most four a second."""

LOADING = 1.5
"""Seconds after which a warm-up that isn't done is not loading compiled code any more, but compiling."""

COMPILING = "Compiling the engine, once on this machine"


class View(Protocol):
    """Where a run is shown while it goes on."""

    def show(self, run: Run) -> None:
        """Show how the run is now, in the place of what was shown before."""

    def end(self) -> str | None:
        """Make room for the card; the id of a display whose place it takes, if there is one."""

    def close(self) -> None:
        """Leave nothing behind; the card is there, or will never be."""


class Watcher:
    """Tells a model of a run's events when it is asked to look: they wait in a queue, and cost the run nothing."""

    def __init__(self, run: Run, model: LiveModel) -> None:
        self._run, self._model = run, model
        self._told = run.listen()

    def look(self, *, stopping: bool = False) -> None:
        """Bring the model up to date."""
        from adm_notebook.engine import warmup

        run, model = self._run, self._model
        while not self._told.empty():
            model.take(self._told.get())
        progress = run.progress
        idle = model.outline.compiles and not progress.done and run.elapsed > LOADING
        model.note = COMPILING if idle and not warmup.ready() else ""
        model.look(progress, run.status, run.counts, run.memory_mb, run.equity, stopping=stopping)


class _Nothing:
    """No view."""

    def show(self, run: Run) -> None:
        return

    def end(self) -> str | None:
        return None

    def close(self) -> None:
        return


class NotebookView:
    """A widget in the cell's output, whose place the card takes.

    Parameters
    ----------
    display_id
        of a display that was reserved; None opens one of its own.
    background
        whether the kernel is free while the run goes on.
    """

    def __init__(self, display_id: str | None = None, *, background: bool = False) -> None:
        self.display_id = display_id or uuid.uuid4().hex
        self._is_reserved, self._background = display_id is not None, background
        self._widget: LiveView | None = None
        self._watcher: Watcher | None = None
        self._taken = False

    def show(self, run: Run) -> None:
        if self._widget is None or self._watcher is None:
            from adm_notebook.coordinator.outline import outline_of, reader_of
            from adm_notebook.widgets.live import LiveView

            plan = plan_of(run)
            outline = outline_of(plan)
            widget = LiveView(
                outline,
                run,
                background=self._background,
                elapsed=run.elapsed,
                reader=reader_of(plan, outline),
            )
            self._widget, self._watcher = widget, Watcher(run, widget.model)
            publish(widget.bundle(), display_id=self.display_id, update=self._is_reserved)
        self._watcher.look(stopping=self._widget.stopping)
        self._widget.show()

    def end(self) -> str | None:
        if self._widget is None:
            return None
        self._taken = True
        return self.display_id

    def close(self) -> None:
        widget, self._widget = self._widget, None
        if widget is None:
            return
        if not self._taken:
            publish({"text/html": "", "text/plain": ""}, display_id=self.display_id, update=True)
        widget.close()


class _Terminal:
    """A bar on stderr that leaves nothing behind."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._model: LiveModel | None = None
        self._watcher: Watcher | None = None

    def show(self, run: Run) -> None:
        if self._model is None or self._watcher is None:
            from adm_notebook.coordinator.outline import outline_of, reader_of
            from adm_notebook.widgets.live_model import LiveModel

            plan = plan_of(run)
            outline = outline_of(plan)
            self._model = LiveModel(outline, elapsed=run.elapsed, reader=reader_of(plan, outline))
            self._watcher = Watcher(run, self._model)
        self._watcher.look()
        if self._bar is None:
            from tqdm import tqdm

            form = "{bar:24} {desc}"  # tqdm's own rate would count from its first appearance
            self._bar = tqdm(total=self._model.progress.total, leave=False, file=sys.stderr, bar_format=form)
        self._bar.n = self._model.progress.done
        self._bar.set_description_str(self._model.line, refresh=False)
        self._bar.refresh()

    def end(self) -> str | None:
        self.close()
        return None

    def close(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()


def live_view(shell: Any, quiet: bool, reserved: str | None = None) -> View:
    """The view that fits the front end: none where nothing live is wanted, a widget in a notebook, a bar in a terminal.

    Parameters
    ----------
    reserved
        id of a display for it, where the run goes on in the background.
    """
    if quiet or not is_live():
        return _Nothing()
    if hasattr(shell, "kernel"):
        return NotebookView(reserved, background=reserved is not None)
    return _Terminal() if sys.stderr.isatty() and reserved is None else _Nothing()


def wait_for(run: Run, view: View) -> WorkflowResult:
    """The result of a run; an Interrupt stops it, and what was finished is the result."""
    pause = PATIENCE
    try:
        while True:
            try:
                return run.result(timeout=pause)
            except RunError:  # not finished yet
                pause = INTERVAL
            view = _shown(run, view)
    except KeyboardInterrupt:
        run.cancel()
        return run.result()


def _shown(run: Run, view: View) -> View:
    """The view, after it has shown the run; nothing in its place where it can't: a run is worth more than its view."""
    try:
        view.show(run)
    except Exception as error:  # noqa: BLE001  # front ends differ in more than we know; the run must go on
        warnings.warn(f"The live view ended ({type(error).__name__}: {error}); the run goes on.", stacklevel=2)
        return _Nothing()
    return view
