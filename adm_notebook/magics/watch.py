"""Waiting for a run in a cell: one live line while it goes on, and Interrupt, which keeps what was finished."""

from __future__ import annotations

import os
import sys
import threading
import time
import uuid
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from adm_notebook.errors import RunError
from adm_notebook.magics.outputs import publish
from adm_notebook.magics.runs import plan_of

if TYPE_CHECKING:
    import pandas as pd
    from tqdm import tqdm

    from adm_notebook.coordinator import Run
    from adm_notebook.results import WorkflowResult

__all__ = ["LiveLine", "View", "live_view", "wait_for"]

PATIENCE = 0.3
"""Seconds that a run may take before anything is said about it."""

INTERVAL = 0.25
"""Seconds between two updates: at most four a second."""

LOADING = 1.5
"""Seconds after which a warm-up that isn't done is not loading compiled code any more, but compiling."""


class View(Protocol):
    """Where the live line is shown."""

    def show(self, line: LiveLine) -> None:
        """Show the line, in the place of the one before."""

    def close(self) -> str | None:
        """End it; the id of a display that the card may take over, if there is one."""


class LiveLine:
    """What is said of a run while it goes on: how far it is, how fast, how long yet, and the best row so far."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.best: float | None = None
        plans = getattr(plan_of(run), "plans", (run.plan,))
        self._comparable = len({(plan.objective, plan.maximise) for plan in plans}) == 1
        self._started = time.monotonic()
        threading.Thread(target=self._follow, name="adm-live", daemon=True).start()

    def _follow(self) -> None:
        from adm_notebook.coordinator.events import PartialResults

        self._take(self.run.partial)  # a rerun has rows from the start
        for event in self.run.events():
            if isinstance(event, PartialResults):
                self._take(event.rows)

    def _take(self, rows: pd.DataFrame) -> None:
        plan = self.run.plan
        if not self._comparable:  # phases that look for different things have no best in common
            return
        if plan.objective not in rows.columns:  # signals are kept, and nothing is simulated
            return
        values = rows.loc[rows["status"] == "ok", plan.objective].astype(float).dropna()
        known = [*values, *([] if self.best is None else [self.best])]
        self.best = (max(known) if plan.maximise else min(known)) if known else None

    @property
    def done(self) -> int:
        """Combinations that are finished."""
        return self.run.progress.done

    @property
    def total(self) -> int:
        """Combinations there are."""
        return self.run.progress.total

    @property
    def text(self) -> str:
        """The line as text."""
        from adm_notebook.engine import warmup

        progress, elapsed = self.run.progress, time.monotonic() - self._started
        if self.run.plan.mode == "composable" and not progress.done and elapsed > LOADING and not warmup.ready():
            return "Compiling the engine, once on this machine"
        if progress.total == 1:
            return f"Running, {_clock(elapsed)}"
        parts = [f"{progress.done:,} of {progress.total:,} combinations"]
        if progress.rate:
            parts.append(f"{progress.rate:,.0f} a second" if progress.rate >= 1 else f"{1 / progress.rate:,.1f} s each")
        if progress.done == progress.total:
            parts.append("putting the result together")
        elif progress.eta is not None:
            parts.append(f"about {_clock(progress.eta)} left")
        if self.best is not None:
            parts.append(f"best {self.run.plan.objective} so far {self.best:.3f}")
        return ", ".join(parts)


class _Nothing:
    """No live line."""

    def show(self, line: LiveLine) -> None:
        return

    def close(self) -> str | None:
        return None


class _Notebook:
    """A line in the cell's output, which the card takes over in the end."""

    def __init__(self) -> None:
        self.display_id = uuid.uuid4().hex
        self.is_shown = False

    def show(self, line: LiveLine) -> None:
        value = f' value="{line.done}"' if line.total > 1 else ""
        bar = f'<progress max="{line.total}"{value}></progress>'
        self._publish({"text/html": f"<p>{bar} {escape(line.text)}</p>", "text/plain": line.text})

    def _publish(self, data: dict[str, Any]) -> None:
        publish(data, display_id=self.display_id, update=self.is_shown)
        self.is_shown = True

    def close(self) -> str | None:
        return self.display_id if self.is_shown else None


class _Terminal:
    """A bar on stderr that leaves nothing behind."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def show(self, line: LiveLine) -> None:
        if self._bar is None:
            from tqdm import tqdm

            form = "{bar:24} {desc}"  # tqdm's own rate would count from its first appearance
            self._bar = tqdm(total=line.total, leave=False, file=sys.stderr, bar_format=form)
        self._bar.n = line.done
        self._bar.set_description_str(line.text, refresh=False)
        self._bar.refresh()

    def close(self) -> str | None:
        if self._bar is not None:
            self._bar.close()
        return None


def live_view(shell: Any, quiet: bool) -> View:
    """The view that fits the frontend: none where nothing live is wanted, a line in a notebook, a bar in a terminal."""
    if quiet or os.environ.get("ADM_NOTEBOOK_LIVE", "1").strip().lower() in ("0", "false", "no", "off"):
        return _Nothing()
    if hasattr(shell, "kernel"):
        return _Notebook()
    return _Terminal() if sys.stderr.isatty() else _Nothing()


def wait_for(run: Run, view: View) -> WorkflowResult:
    """The result of a run; an Interrupt stops it, and what was finished is the result."""
    line = None if isinstance(view, _Nothing) else LiveLine(run)
    pause = PATIENCE
    try:
        while True:
            try:
                return run.result(timeout=pause)
            except RunError:  # not finished yet
                pause = INTERVAL
            if line is not None:
                view.show(line)
    except KeyboardInterrupt:
        run.cancel()
        return run.result()


def _clock(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
