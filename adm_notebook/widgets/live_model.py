"""What a live view shows of a run, made from its events: how far, how fast, the best rows so far, the growing plane.

It needs no run and no browser: a recorded stream goes through it as a live one does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.coordinator import events
from adm_notebook.coordinator.recorded import Ended
from adm_notebook.display.measures import measure
from adm_notebook.display.numbers import value_text
from adm_notebook.widgets.heat import Heat

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.coordinator.events import Event
    from adm_notebook.coordinator.outcome import Finished
    from adm_notebook.coordinator.outline import Outline, RowReader
    from adm_notebook.coordinator.recorded import Recorded

__all__ = ["ENDED", "LiveModel", "clipped"]

BEST = 8
"""Rows in the table of the best."""

COLUMNS = 6
"""Columns of parameters in it, beside the metrics."""

POINTS = 400
"""Of an equity curve."""

BOXES = 40
"""Containers that are drawn."""

NAME = 160
"""Characters of a user's name that are sent; a title holds no more of it than anybody reads."""

ACTIVE = 1.0
"""Seconds without work after which a container counts as idle."""

_SHORT = {"total_return": "Return", "max_drawdown": "Drawdown"}
"""Headings where room is short, of the metrics that stand beside the objective."""

ENDED = ("finished", "stopped", "failed")

_WHOLE = {
    "starting": ("run", "starting"),
    "paused": ("idle", "paused"),
    "finished": ("done", "finished"),
    "stopped": ("idle", "stopped"),
    "failed": ("fail", "failed"),
}
"""State of a run -> how it reads in the tree."""


class LiveModel:
    """The state of one run as its view shows it.

    Parameters
    ----------
    outline
        of its plan.
    clock
        seconds, monotonic.
    elapsed
        seconds that the run has taken already.
    reader
        what rows are by their numbers; without it they are read from the events' DataFrames.

    Attributes
    ----------
    state
        `starting`, `running`, `paused`, `stopping`, `finished`, `stopped` or `failed`.
    note
        a sentence that stands in the place of the progress; empty where there is none.
    failed, refused
        rows that failed, and rows whose strategy refuses the parameters.
    best_value
        the best value of the objective so far; None while there is none.
    """

    def __init__(
        self,
        outline: Outline,
        clock: Callable[[], float] = time.monotonic,
        *,
        elapsed: float = 0.0,
        reader: RowReader | None = None,
    ) -> None:
        self.outline, self._clock, self._reader = outline, clock, reader
        self.state = "starting"
        self.note = ""
        self.banner: tuple[str, str] | None = None
        self.failed = self.refused = 0
        self.progress = events.Progress(0, outline.total, 0.0, None)
        self.heat = Heat(outline.axes, outline.cells, outline.objective, outline.maximise) if outline.axes else None
        self.memory_mb: float | None = None
        self.equity: tuple[int, Sequence[float]] = (0, ())
        self._started = clock() - elapsed
        self._ended: float | None = None
        self._paused_at: float | None = None
        self._best: list[tuple[float, int, dict[str, Any]]] = []
        self._states: dict[str, str] = {}
        self._counts: dict[str, tuple[int, int, float]] = {}
        self._moved: dict[str, float] = {}

    # ---- what it is told ----------------------------------------------------------------------------------------

    def take(self, event: Event | Recorded) -> None:
        """Note an event of the stream, live or recorded."""
        match event:
            case events.PartialResults():
                if event.finished is None or self._reader is None:
                    self._take_rows(event.rows)
                else:
                    self._take_finished(event.finished, self._reader)
            case events.Progress():
                self.progress = event
            case events.ContainerStarted(path):
                self._states[path] = "running"
                self._moved[path] = self._clock()
            case events.ContainerFinished(path):
                self._states[path] = event.state
                self._counts[path] = (event.requested, event.computed, event.seconds)
            case events.RunFinished():
                self._end("finished")
            case events.RunCancelled():
                self._end("stopped")
            case events.RunFailed(error):
                self._end("failed")
                self.banner = _banner(error)
            case Ended(how, error):
                self._end({"cancelled": "stopped"}.get(how, how))
                self.banner = _banner(error) if error else None
            case _:
                return
        if self.state == "starting" and isinstance(event, events.PartialResults | events.ContainerStarted):
            self.state = "running"

    def _end(self, state: str) -> None:
        self.state = state
        self._ended = self._clock()

    def look(
        self,
        progress: events.Progress,
        status: str,
        counts: Mapping[str, tuple[int, int, float]],
        memory_mb: float | None,
        equity: tuple[int, Sequence[float]] = (0, ()),
        *,
        stopping: bool = False,
    ) -> None:
        """Note what a run under way says of itself between two events."""
        now = self._clock()
        self.progress, self.memory_mb, self.equity = progress, memory_mb, equity
        for path, count in counts.items():
            if self._counts.get(path) != count:
                self._moved[path] = now
        self._counts.update(counts)
        if self.state in ENDED:
            return
        if stopping:
            self.state = "stopping"
        elif status == "paused":
            self._paused_at = now if self._paused_at is None else self._paused_at
            self.state = "paused"
        else:
            self._paused_at = None
            begun = bool(progress.done or self._states or counts) and not self.note
            self.state = "running" if begun else "starting"

    def _take_rows(self, rows: pd.DataFrame) -> None:
        ok = (rows["status"] == "ok").to_numpy()
        self.failed += int((rows["status"] == "failed").sum())
        self.refused += int((rows["status"] == "invalid").sum())
        objective = self.outline.objective
        if objective not in rows.columns:  # signals are kept and nothing is simulated, or phases that agree on none
            return
        values = np.where(ok, rows[objective].to_numpy(np.float64), np.nan)
        if self.heat is not None:
            self.heat.take(rows, values)
        numbers = rows.index.to_numpy()
        for i in self._better(numbers, values):
            self._keep(float(values[i]), int(numbers[i]), _plain(rows.iloc[i]))

    def _take_finished(self, finished: Finished, reader: RowReader) -> None:
        """The same by numbers alone: names and values are looked up of those rows only that are among the best."""
        objective = self.outline.objective if self.outline.objective in finished.names else finished.names[0]
        numbers, values, ok = finished.measured(objective)
        self.failed += finished.count("failed")
        self.refused += finished.count("invalid")
        if objective != self.outline.objective:
            return
        values = np.where(ok, values, np.nan)
        if self.heat is not None:
            self.heat.take_at(reader.places(numbers), values)
        for i in self._better(numbers, values):
            self._keep(float(values[i]), int(numbers[i]), dict(finished[i].metrics or {}))

    def _better(self, numbers: Any, values: Any) -> list[int]:
        """Which rows may be among the best: infinities rank as numbers, NaN is left out."""
        scores = values if self.outline.maximise else -values
        least = self._best[-1][0] if len(self._best) == BEST else -np.inf
        able = np.flatnonzero(scores >= least)  # NaN compares as false
        if len(able) > BEST:
            worst = np.partition(scores[able], len(able) - BEST)[len(able) - BEST]
            able = able[scores[able] >= worst]
        found: list[int] = able[np.lexsort((numbers[able], -scores[able]))][:BEST].tolist()
        return found

    def _keep(self, value: float, number: int, row: dict[str, Any]) -> None:
        """Put a row among the best; equals stand in the order of their rows."""
        score = value if self.outline.maximise else -value
        self._best = sorted([*self._best, (score, number, row)], key=lambda each: (-each[0], each[1]))[:BEST]

    def _known(self) -> None:
        """Look up what tells the best rows apart, where only their numbers and figures are known."""
        for _, number, row in self._best:
            if self._reader is not None and not row.keys() >= set(self.outline.columns):
                row |= _plain(self._reader.identity(number))

    # ---- what is shown ------------------------------------------------------------------------------------------

    @property
    def best_value(self) -> float | None:
        if not self._best:
            return None
        return self._best[0][0] if self.outline.maximise else -self._best[0][0]

    @property
    def elapsed(self) -> float:
        """Seconds that the run has taken."""
        return (self._clock() if self._ended is None else self._ended) - self._started

    def frame(self) -> dict[str, Any]:
        """What does not change while the run goes on."""
        outline, heat = self.outline, self.heat
        more = len(outline.boxes) - BOXES
        found: dict[str, Any] = {
            "title": clipped(outline.title),
            "single": outline.is_single,
            "boxes": [[box.depth, clipped(box.name), clipped(box.what)] for box in outline.boxes[:BOXES]],
            "more": max(0, more),
            "plane": None,
        }
        if heat is not None:
            parts = [f"{heat.per_cell} neighbours"] if heat.per_cell > 1 else []
            parts += [f"each {clipped(_spaced(name))}" for name in outline.others[:4]]
            best_of = f"; a cell is the best of {' and '.join(parts)}" if parts else ""
            label = measure(outline.objective).label
            names = f"{clipped(heat.row_name)} (rows) and {clipped(heat.column_name)} (columns)"
            found["plane"] = {**heat.frame, "title": f"{label} so far by {names}{best_of}"}
        return found

    def head(self) -> dict[str, Any]:
        """State, progress, memory and time."""
        progress, now = self.progress, self._clock()
        return {
            "state": self.state,
            "note": self.note,
            "done": progress.done,
            "total": progress.total,
            "failed": self.failed,
            "refused": self.refused,
            "rate": _rounded(progress.rate),
            "left": None if progress.eta is None else _rounded(progress.eta),
            "bars": [self.equity[0], self.outline.n_bars],
            "elapsed": round(self.elapsed, 1),
            "paused": None if self._paused_at is None else round(now - self._paused_at),
            "memory": None if self.memory_mb is None else round(max(0.0, self.memory_mb)),
            "limit": self.outline.memory_mb,
            "banner": self.banner,
            "best": self._best_cell(),
        }

    def _best_cell(self) -> list[Any] | None:
        if self.heat is None or not self._best:
            return None
        self._known()
        row = self._best[0][2]
        return self.heat.place(row.get(self.heat.row_name), row.get(self.heat.column_name))

    def curve(self) -> bytes:
        """Little-endian float32 of the equity so far, at most POINTS, evenly spaced from the first bar to the last one
        traded; empty where there is none."""
        bar, equity = self.equity
        if bar < 2:
            return b""
        at = np.unique(np.linspace(0, bar - 1, min(bar, POINTS)).astype(np.int64))
        return np.array([equity[i] for i in at.tolist()], "<f4").tobytes()

    def states(self) -> list[list[str]]:
        """Of each container that is drawn: `wait`, `run`, `idle`, `done` or `fail`, and what it has done."""
        now = self._clock()
        return [self._state(box.path, now) for box in self.outline.boxes[:BOXES]]

    def _state(self, path: str, now: float) -> list[str]:
        if not path:
            return [*_WHOLE.get(self.state, ("run", self.state))]
        state, count = self._states.get(path), self._counts.get(path)
        if state == "failed":
            return ["fail", "failed"]
        if state is None and count is None:
            return ["wait", "" if self.state in ENDED or path in self._passed() else "waiting"]
        said = "" if count is None else _work(*count)
        if state == "finished" or self.state in ENDED:
            return ["done", said]
        at_first = count is not None and not count[0]
        active = at_first or now - self._moved.get(path, now) <= ACTIVE
        active = active and self.state in ("running", "stopping")
        return ["run" if active else "idle", said or ("running" if active else "")]

    def _passed(self) -> set[str]:
        """Containers that stand before one that has worked: they have nothing to do, or it is done for them."""
        paths = [box.path for box in self.outline.boxes]
        last = max((i for i, path in enumerate(paths) if path in self._counts), default=0)
        return set(paths[:last])

    def best(self) -> dict[str, Any]:
        """The best rows so far: headings and cells, written."""
        outline = self.outline
        if not outline.objective or outline.is_single or not self._best:
            return {"columns": [], "rows": [], "hidden": 0}
        self._known()
        names = [name for name in outline.columns if any(not _missing(row.get(name)) for _, _, row in self._best)]
        names, hidden = names[:COLUMNS], max(0, len(names) - COLUMNS)
        metrics = list(dict.fromkeys([outline.objective, "total_return", "max_drawdown"]))
        words = {name: any(isinstance(row.get(name), str) for _, _, row in self._best) for name in names}
        columns = [[clipped(_spaced(name)), words[name]] for name in names]
        headings = [[_SHORT.get(name) or measure(name).heading, False] for name in metrics]
        arrow = "\u2193" if outline.maximise else "\u2191"
        headings[0][0] = f"{headings[0][0]} {arrow}"
        rows = []
        for _, number, row in self._best:
            cells = [[clipped(value_text(row.get(name))), ""] for name in names]
            for name in metrics:
                written = measure(name).number(float(row[name]), compete=True, wide=False)
                cells.append([written.text, written.unit])
            rows.append([number, *cells])
        return {"columns": columns + headings, "sorted": len(names), "rows": rows, "hidden": hidden}

    @property
    def line(self) -> str:
        """The state in one line of text, for consoles."""
        if self.note:
            return self.note
        progress = self.progress
        if progress.total == 1:
            return f"Running, {clock(self.elapsed)}"
        parts = [f"{progress.done:,} of {progress.total:,} combinations"]
        if progress.rate:
            parts.append(f"{progress.rate:,.0f} a second" if progress.rate >= 1 else f"{1 / progress.rate:,.1f} s each")
        if progress.done == progress.total:
            parts.append("putting the result together")
        elif progress.eta is not None:
            parts.append(f"about {clock(progress.eta)} left")
        if self.best_value is not None:
            parts.append(f"best {self.outline.objective} so far {self.best_value:.3f}")
        return ", ".join(parts)


def clipped(text: str, most: int = NAME) -> str:
    """A text, cut where it is longer than anybody reads."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def clock(seconds: float) -> str:
    """Time as it goes by: whole seconds, then minutes, then hours."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _spaced(name: str) -> str:
    """A column's name within words; names of parameters stay as code has them."""
    return "risk profile" if name == "risk_profile" else name


def _plain(row: pd.Series[Any] | Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value.item() if hasattr(value, "item") else value for name, value in row.items()}


def _missing(value: Any) -> bool:
    return value is None or value != value


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _work(requested: int, computed: int, seconds: float) -> str:
    """`4,150`; `180 for 4,150 uses`, where what was computed once was shared."""
    if computed >= requested:
        return f"{computed:,}" if computed else ""
    return f"{computed:,} for {requested:,} uses" if computed else f"{requested:,}"


def _banner(error: str) -> tuple[str, str]:
    """The first words of what went wrong, and the rest."""
    first, colon, rest = error.partition(": ")
    return (first, clipped(rest, 600)) if colon and len(first) < 40 else ("The run failed", clipped(error, 600))
