"""A hybrid workflow under way: its phases one after the other, each a run of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from adm_notebook.coordinator import events
from adm_notebook.coordinator.events import Event
from adm_notebook.coordinator.outcome import Executor
from adm_notebook.coordinator.run import Run
from adm_notebook.errors import AdmError
from adm_notebook.planning import Plan
from adm_notebook.planning.phases import HybridPlan, Phase, bound, plan_of, ranked, selected
from adm_notebook.results import WorkflowResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HybridRun"]


class HybridRun(Run):
    """The run of a hybrid workflow: watched, steered and awaited like any other.

    `progress` counts the combinations of all phases, as far as they are known; `partial` has the rows of the phase
    under way.
    """

    def __init__(self, plan: HybridPlan, executor: Callable[[Plan], Executor], composable: bool) -> None:
        super().__init__(plan.plans[0], executor(plan.plans[0]))
        self.hybrid = plan
        self._make_executor, self._composable = executor, composable
        self._inner: Run | None = None
        self._results: dict[str, WorkflowResult] = {}
        self._phases_begun: tuple[int, int] = (0, 0)  # phases, and the rows of those that have ended; swapped as one
        self._thread = threading.Thread(target=self._work, name="adm-hybrid", daemon=True)

    # ---- watching and steering ----------------------------------------------------------------------------------

    @property
    def progress(self) -> events.Progress:
        """How far all phases are; of those to come, which may take fewer rows than they could, the most."""
        phases, done = self._phases_begun
        total, inner = done, self._inner
        if inner is not None:
            now = inner.progress
            done, total = done + now.done, total + now.total
        if self._result is None:
            total += sum(plan.n_planned for plan in self.hybrid.plans[phases:])
        elapsed = self.elapsed
        rate = done / elapsed if elapsed > 0 else 0.0
        return events.Progress(done, max(total, done), rate, (total - done) / rate if rate else None)

    @property
    def counts(self) -> dict[str, tuple[int, int, float]]:
        """Of the phase under way."""
        return {} if self._inner is None else self._inner.counts

    @property
    def equity(self) -> tuple[int, Sequence[float]]:
        """Nothing: a workflow of several phases has no one equity."""
        return 0, ()

    @property
    def partial(self) -> pd.DataFrame:
        """The finished rows of the phase under way."""
        inner = self._inner
        return super().partial if inner is None else inner.partial

    def cancel(self) -> None:
        """Stop within a second; phases that are finished are kept, and what the present one has."""
        super().cancel()
        if self._inner is not None:
            self._inner.cancel()

    def pause(self) -> None:
        """Let work wait; time goes on for `timeout_seconds`."""
        super().pause()
        if self._inner is not None:
            self._inner.pause()

    def resume(self) -> None:
        """Let work go on."""
        super().resume()
        if self._inner is not None:
            self._inner.resume()

    @property
    def _is_compiled(self) -> bool:
        return any(plan.mode != "traditional" for plan in self.hybrid.plans)

    def _leave_behind(self) -> None:
        """The phase under way does it."""
        if self._inner is not None:
            self._inner._leave_behind()

    # ---- working ------------------------------------------------------------------------------------------------

    def _drive(self) -> None:
        end: Event | None = None
        told_start = False
        for phase, plan in zip(self.hybrid.phases, self.hybrid.plans, strict=True):
            try:
                if not self._results:
                    self._load_code()
                self._gate.check()
                ready = self._ready(phase, plan)
            except AdmError as error:
                self._end(self._failed(phase, str(error)), None)
                return
            ended = sum(len(result.stats) for result in self._results.values())
            self._inner = None
            self._phases_begun = len(self._results) + 1, ended
            inner = self._inner = Run(ready, self._make_executor(ready))
            if self._gate.stopped:  # a stop that came before `inner` was there to be told
                inner.cancel()
            if self._gate.paused:
                inner.pause()
            inner.start()
            for event in inner.events():
                if isinstance(event, (events.RunFinished, events.RunCancelled, events.RunFailed)):
                    end = event
                elif isinstance(event, events.RunStarted):
                    if not told_start:
                        self._tell(event)
                    told_start = True
                else:
                    self._tell(self.progress if isinstance(event, events.Progress) else event)
            result = inner.result()
            self._results[phase.name] = result
            if not result.success:
                break
        self._end(self._joined(), end)

    def _ready(self, phase: Phase, plan: Plan) -> Plan:
        """The phase's plan on the signals kept for it, with the rows that it takes, and what is left of the time."""
        if plan.promised is not None:
            plan = bound(phase, self._composable)
        earlier = None if phase.take is None else plan_of(self.hybrid, phase.take.phase)
        if phase.take is not None and earlier is not None and earlier.simulates:
            source = self._results[phase.take.phase]
            taken = ranked(source.stats, earlier.objective, earlier.maximise, phase.take.top)
            plan = selected(plan, taken, earlier, phase.path)
        if plan.limits.timeout_seconds is not None:
            left = plan.limits.timeout_seconds - self._gate.spent
            plan = replace(plan, limits=replace(plan.limits, timeout_seconds=max(left, 1e-3)))
        return plan

    def _joined(self) -> WorkflowResult:
        """The result of the last phase that ran, as the workflow's."""
        name, last = next(reversed(self._results.items()))
        return last.as_hybrid(
            config=self.hybrid.config,
            phases=self._results,
            mode_reason=self.hybrid.mode_reason,
            workflow_id=self.hybrid.workflow_id,
            duration=time.perf_counter() - self._started,
            missing=[p.name for p in self.hybrid.phases if p.name not in self._results],
            failed=None if last.success else name,
        )

    def _failed(self, phase: Phase, why: str) -> WorkflowResult:
        """What there is where a phase could not begin."""
        if self._results:
            joined = self._joined()
            joined.success = False
            joined.errors.insert(0, f"Phase {phase.name} could not begin: {why}")
            return joined
        from adm_notebook.coordinator.failed import failed_result
        from adm_notebook.errors import StrategyError

        return failed_result(self.hybrid.config, StrategyError(f"Phase {phase.name} could not begin: {why}"), "hybrid")

    def _end(self, result: WorkflowResult, end: Event | None) -> None:
        self._ended = time.perf_counter()
        with self._lock:
            self._result = result
        if isinstance(end, events.RunCancelled) or (not result.success and self._gate.stopped):
            self._tell(events.RunCancelled(result))
        elif result.success:
            self._tell(events.RunFinished(result))
        else:
            self._tell(events.RunFailed("; ".join(result.errors), result))
        self._done.set()
        for wake in self._callbacks:
            wake()
