"""A Run: one workflow under way, on threads of its own; it can be watched, paused, stopped and awaited."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from adm_notebook.coordinator import events
from adm_notebook.coordinator.assemble import assemble, judging_of, stats_frame
from adm_notebook.coordinator.best import BestSoFar
from adm_notebook.coordinator.events import Event, PartialResults
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.outcome import Executor, Finished, Outcome
from adm_notebook.engine import warmup
from adm_notebook.errors import AdmError, RunCancelled, RunError, RunTimedOut, StrategyError
from adm_notebook.planning import Plan
from adm_notebook.planning.memory import part_rows
from adm_notebook.results import WorkflowResult
from adm_notebook.results.rows import KeptRows, RowsFolder, read_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run"]

EVENT_INTERVAL = 0.1
"""Seconds between two events of progress: views coalesce further."""

PATIENCE = 0.8
"""Seconds that a stopped run is given to end by itself; user code that doesn't return is left behind after that."""


class Run:
    """One workflow under way. `EnhancedCoordinator.start` makes it; `await run` or `run.result()` waits for its end.

    Attributes
    ----------
    plan
        what it does.
    status
        `running`, `paused`, `finished`, `cancelled` or `failed`.
    """

    def __init__(
        self,
        plan: Plan,
        executor: Executor,
        numbers: Sequence[int] | None = None,
        earlier: list[Outcome] | KeptRows | None = None,
    ) -> None:
        self.plan = plan
        self._executor = executor
        self._numbers = range(plan.n_planned) if numbers is None else numbers
        self._kept = earlier if isinstance(earlier, KeptRows) else None
        self._outcomes = Finished(earlier if isinstance(earlier, list) else (), plan.measures)
        self._earlier = len(self._outcomes)
        self._gate = Gate(plan.limits.timeout_seconds, plan.limits.memory_mb)
        self._best = BestSoFar(plan)
        self._told = 0
        self._folder: RowsFolder | None = None
        self._judging = judging_of(plan)
        self._in_folder = 0
        self._begun: set[str] = set()
        self._lock = threading.Lock()
        self._listeners: list[queue.SimpleQueue[Event]] = []
        self._last: list[Event] = []
        self._result: WorkflowResult | None = None
        self._ending = False
        self._done = threading.Event()
        self._callbacks: list[Callable[[], None]] = []
        self._started = time.perf_counter()
        self._ended: float | None = None
        self._thread = threading.Thread(target=self._work, name="adm-run", daemon=True)

    def start(self) -> Run:
        """Begin to work, on a thread of its own."""
        self._thread.start()
        return self

    # ---- watching -----------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """`running`, `paused`, `finished`, `cancelled` or `failed`."""
        if self._result is None:
            return "paused" if self._gate.paused else "running"
        if self._result.metadata["partial"]:
            return "cancelled" if self._gate.stopped else "failed"
        return "finished" if self._result.success else "failed"

    @property
    def progress(self) -> events.Progress:
        """How far the run is."""
        with self._lock:
            done = self._in_folder + len(self._outcomes)
        elapsed = self.elapsed
        rate = (done - self._earlier) / elapsed if elapsed > 0 else 0.0
        total = max(done, self.plan.n_planned)
        return events.Progress(done, total, rate, (total - done) / rate if rate else None)

    @property
    def elapsed(self) -> float:
        """Seconds from its start until now, or until its end."""
        return (self._ended or time.perf_counter()) - self._started

    @property
    def memory_mb(self) -> float | None:
        """By how much the process's memory has grown since the run began, MB; None where it can't be read."""
        return self._gate.growth.look()

    @property
    def counts(self) -> dict[str, tuple[int, int, float]]:
        """Path of each container that has begun -> how often its work was asked for, how often done, seconds so far."""
        tree = self._executor.tree
        return {} if tree is None else tree.counts()

    @property
    def equity(self) -> tuple[int, Sequence[float]]:
        """Of the one combination there is, in traditional mode: how many of its bars are traded, and its equity.

        `(0, ())` in a sweep, in composable mode, whose engine does not stop to tell, and before any bar is traded. Of
        the equity only what lies before that bar is known.
        """
        traded: tuple[int, Sequence[float]] = (0, ())
        return traded if self.plan.n_planned > 1 else getattr(self._executor, "equity", traded)

    @property
    def partial(self) -> pd.DataFrame:
        """The rows that are finished, with the columns of `WorkflowResult.stats`."""
        with self._lock:
            outcomes, folder = self._outcomes[:], self._folder
        rows = stats_frame(self.plan, outcomes)
        if folder is None or not folder.n_rows or self._result is not None:
            return rows if self._result is None else self._result.stats
        import pandas as pd

        return pd.concat([read_rows(folder.where), rows]).sort_index()

    def events(self) -> Iterator[Event]:
        """The run's events from its start to its end: what has passed is told in short, the rest as it comes."""
        told = self.listen()
        while True:
            event = told.get()
            yield event
            if isinstance(event, _ENDS):
                return

    def listen(self) -> queue.SimpleQueue[Event]:
        """The same events in a queue, for who looks when it suits him; nothing follows the end."""
        mine: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with self._lock:
            backlog, told = list(self._last), self._outcomes[: self._told]
            if len(told) or self._in_folder:  # a listener that comes late gets the rows that others were told before
                backlog.insert(1, self._earlier_rows(told))
            for event in backlog:
                mine.put(event)
            if not any(isinstance(event, _ENDS) for event in backlog):
                self._listeners.append(mine)
        return mine

    def _earlier_rows(self, told: Finished) -> PartialResults:
        make, result = partial(stats_frame, self.plan, told), self._result
        if self._folder is None or not self._in_folder:
            return PartialResults(make, told)
        if result is not None:
            return PartialResults(lambda: result.stats)
        import pandas as pd

        return PartialResults(pd.concat([read_rows(self._folder.where), make()]))

    # ---- steering -----------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Stop within a second; what is finished is kept as a partial result."""
        self._gate.stop()

    def pause(self) -> None:
        """Let work wait; time goes on for `timeout_seconds`."""
        self._gate.pause()

    def resume(self) -> None:
        """Let work go on."""
        self._gate.resume()

    # ---- waiting ------------------------------------------------------------------------------------------------

    def result(self, timeout: float | None = None) -> WorkflowResult:
        """Wait for the end and return the result.

        KeyboardInterrupt (a notebook's Interrupt) stops the run and returns what was finished, as a partial result.

        Raises
        ------
        RunError
            if `timeout` seconds pass first; the run goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while not self._done.wait(0.05):
                if deadline is not None and time.monotonic() > deadline:
                    raise RunError(f"The run is not finished after {timeout:g} seconds; it goes on.")
                self._leave_behind()
        except KeyboardInterrupt:
            self.cancel()
            while not self._done.wait(0.05):
                self._leave_behind()
        assert self._result is not None
        return self._result

    def __await__(self) -> Generator[Any, None, WorkflowResult]:
        return self._wait().__await__()

    async def _wait(self) -> WorkflowResult:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not future.done():
                future.set_result(None)

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # a loop that was closed: nobody waits there any more
                loop.call_soon_threadsafe(settle)

        with self._lock:
            if self._result is None:
                self._callbacks.append(wake)
            else:
                future.set_result(None)
        while not future.done():
            await asyncio.wait([future], timeout=0.5)
            self._leave_behind()
        assert self._result is not None
        return self._result

    def _leave_behind(self) -> None:
        """End a run whose code doesn't come back to the gate, after it should have."""
        if self._gate.overdue > PATIENCE and self._result is None:
            cause = RunCancelled("The run was stopped.") if self._gate.stopped else RunTimedOut("The time is up.")
            self._gate.stop()
            self._finish(cause)

    # ---- working ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Drive the run to its end; nobody waits for ever, whatever goes wrong on the way."""
        try:
            self._drive()
        except BaseException as error:  # noqa: BLE001  # there is nobody above this thread who could answer it
            self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        """End a run whose result could not be made, with one that says why."""
        from adm_notebook.coordinator.failed import failed_result

        if self._result is not None:
            return
        said = str(error) if isinstance(error, AdmError) else f"{type(error).__name__}: {error}"
        result = failed_result(self.plan.config, StrategyError(said), self.plan.mode)
        self._ended = time.perf_counter()
        with self._lock:
            self._ending, self._result = True, result
        self._tell(events.RunFailed(said, result))
        self._done.set()
        for wake in self._callbacks:
            wake()

    def _drive(self) -> None:
        self._tell(events.RunStarted(self.plan))
        told = time.perf_counter()
        failure: BaseException | None = None
        try:
            self._load_code()
            if self.plan.results_path is not None:
                self._open_folder(self.plan.results_path)
            for batch in self._executor.outcomes(self.plan, self._numbers, self._gate):
                with self._lock:
                    if self._ending:  # this thread was left behind
                        return
                    self._outcomes.extend(self._best.keep(batch))
                if time.perf_counter() - told >= EVENT_INTERVAL or self._must_put_away:
                    self._tell_containers()
                    self._tell_rows()
                    told = time.perf_counter()
        except BaseException as error:  # noqa: BLE001  # it ends the run, and the result says so
            failure = error
        self._tell_rows()
        self._tell_containers(ended=True)
        self._finish(failure)

    def _open_folder(self, path: str) -> None:
        """Open the folder for rows; what a run that was stopped has left of them is looked at part by part."""
        folder = RowsFolder(path, self.plan.kinds, self._kept)
        if self._kept is not None:
            for part in self._kept.parts():
                rows = read_rows(part)
                self._judging.add(rows)
                with self._lock:
                    for listener in self._listeners:
                        listener.put(PartialResults(rows))
        with self._lock:
            self._folder, self._in_folder, self._earlier = folder, folder.n_rows, folder.n_rows

    @property
    def _is_compiled(self) -> bool:
        """Whether compiled code does the work, or some of it."""
        return self.plan.mode != "traditional"

    def _load_code(self) -> None:
        """Under a limit on memory, wait until compiled code is loaded, and count from then: it stays, whoever runs.

        Where nothing is compiled yet, that is a matter of half a minute, once on a machine: `timeout_seconds` does not
        count it.

        Raises
        ------
        RunCancelled
        """
        if self.plan.limits.memory_mb is None or not self._is_compiled:
            return
        while not warmup.wait(0.05):
            self._gate.check_stop()
        self._gate.start_again()

    def _tell_containers(self, ended: bool = False) -> None:
        """Tell the containers that have begun to work since the last time; at the end, what each has done."""
        tree = self._executor.tree
        if tree is None:
            return
        for node in tree.drawn:
            if node.calls and node.path not in self._begun:
                self._begun.add(node.path)
                self._tell(events.ContainerStarted(node.path, node.role, node.name))
        if ended:
            for row in tree.rows():
                if row.path in self._begun:
                    self._tell(
                        events.ContainerFinished(
                            path=row.path,
                            role=row.role,
                            name=row.name,
                            state=row.state,
                            seconds=row.wall_time,
                            requested=row.requested,
                            computed=row.computed,
                        )
                    )

    def _tell_rows(self) -> None:
        """Tell the rows that were finished since the last time, and how far the run is."""
        with self._lock:
            fresh = self._outcomes[self._told :]
            self._told += len(fresh)
            listeners = list(self._listeners)
        if fresh and listeners:
            rows = events.PartialResults(partial(stats_frame, self.plan, fresh), fresh)
            for listener in listeners:
                listener.put(rows)
        self._tell(self.progress)
        if self._must_put_away:
            self._put_away()

    @property
    def _must_put_away(self) -> bool:
        """Whether there are as many rows as may be held, and a folder to write them to."""
        return self._folder is not None and len(self._outcomes) >= part_rows(self.plan)

    def _put_away(self) -> None:
        """Write the rows that were told to the folder for them, and let go of them."""
        assert self._folder is not None  # else no rows are put away
        with self._lock:
            told, count = self._outcomes[: self._told], self._told
        self._write(self._folder, told)
        with self._lock:
            self._outcomes = self._outcomes[count:]
            self._in_folder += count
            self._told = 0

    def _write(self, folder: RowsFolder, outcomes: Sequence[Outcome]) -> None:
        """Write rows to their folder, and note what the run is judged by: they are not read again."""
        rows = stats_frame(self.plan, outcomes)
        folder.append(rows)
        self._judging.add(rows)

    def _finish(self, failure: BaseException | None) -> None:
        with self._lock:
            if self._ending:
                return
            self._ending = True
            outcomes = self._outcomes  # nothing is added to them any more
        self._ended = time.perf_counter()
        duration = self._ended - self._started
        folder = None
        if self._folder is not None:
            if len(outcomes):
                self._write(self._folder, outcomes)
            if self._folder.n_rows:
                folder = self._folder.commit(workflow_id=self.plan.workflow_id, planned=self.plan.n_planned)
            else:  # it ended before its first row: what an earlier run left there stays
                self._folder.discard()
        judged = self._judging.judged()
        result = assemble(self.plan, outcomes, self._best.detail, self._executor, duration, failure, folder, judged)
        result.metadata["peak_memory_mb"] = self._gate.growth.peak()
        with self._lock:
            self._result = result
        for sentence in result.warnings:
            self._tell(events.Warning(sentence))
        end: Event
        if isinstance(failure, RunCancelled):
            end = events.RunCancelled(result)
        elif result.success:
            end = events.RunFinished(result)
        else:
            end = events.RunFailed("; ".join(result.errors), result)
        self._tell(end)
        self._done.set()
        for wake in self._callbacks:
            wake()

    def _tell(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, events.Progress):
                self._last = [e for e in self._last if not isinstance(e, events.Progress)]
            self._last.append(event)
            for listener in self._listeners:
                listener.put(event)

    def __repr__(self) -> str:
        progress = self.progress
        return f"<Run {self.status}: {progress.done:,} of {progress.total:,} combinations>"


_ENDS = (events.RunFinished, events.RunCancelled, events.RunFailed)
