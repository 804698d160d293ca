"""The coordinators: they plan a workflow, run it, and hand over its result; blocking, awaited, or event by event."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np

from adm_notebook.config import WorkflowConfig, WorkflowType
from adm_notebook.coordinator.composable import ComposableExecutor
from adm_notebook.coordinator.events import Event, RunFailed
from adm_notebook.coordinator.failed import failed_result
from adm_notebook.coordinator.hybrid import HybridRun
from adm_notebook.coordinator.outcome import Executor, Outcome
from adm_notebook.coordinator.run import Run
from adm_notebook.coordinator.traditional import TraditionalExecutor
from adm_notebook.engine.account import METRICS
from adm_notebook.errors import (
    ConfigError,
    DataError,
    Problem,
    RunError,
    SignatureError,
    StrategyError,
    did_you_mean,
    shown,
)
from adm_notebook.planning import Plan, make_plan
from adm_notebook.planning.phases import HybridPlan, bound, plan_of, plan_phases
from adm_notebook.results import Detail, WorkflowResult

__all__ = ["Coordinator", "EnhancedCoordinator", "execute_backtest_workflow", "recompute"]


def _executor(plan: Plan) -> Executor:
    """What runs a plan: the executor of its mode, and in front of it the search, where rows are searched for."""
    executor: Executor = ComposableExecutor() if plan.mode == "composable" else TraditionalExecutor()
    if plan.search is None:
        return executor
    from adm_notebook.coordinator.search import SearchExecutor

    return SearchExecutor(executor)


class Coordinator:
    """The traditional coordinator: every combination on its own, bar by bar, in plain Python.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> config = adm.WorkflowConfig(data_config={"max_bars": 250}, backtest_config={"strategy": "momentum"})
    >>> adm.Coordinator().run(config).success
    True
    """

    _composable = False
    _default_mode = "traditional"

    def plan(self, config: WorkflowConfig, execution_mode: str | None = None) -> Plan | HybridPlan:
        """What would run, and why in that mode; runs nothing. In hybrid mode the plan of each phase.

        Raises
        ------
        ConfigError
            listing everything that is wrong with the config.
        DataError
            where its prices can't be used.
        """
        _check_kind(config)
        mode = execution_mode or self._default_mode
        if mode == "hybrid":
            return plan_phases(config, self._composable)
        return make_plan(config, mode, self._composable)

    def start(self, config: WorkflowConfig, execution_mode: str | None = None) -> Run:
        """Begin a workflow and return at once.

        Returns
        -------
        Run
            with .status .progress .partial .events() .cancel() .pause() .resume() .result(); it can be awaited.

        Raises
        ------
        ConfigError, DataError, StrategyError
            before anything runs.
        """
        plan = self.plan(config, execution_mode)
        if isinstance(plan, HybridPlan):
            return HybridRun(plan, _executor, self._composable).start()
        return Run(plan, _executor(plan)).start()

    def run(self, config: WorkflowConfig, execution_mode: str | None = None) -> WorkflowResult:
        """Run a workflow and return its result; for scripts and notebooks, also while an event loop is running.

        Interrupting it (Ctrl+C, a notebook's Interrupt) returns what was finished, as a partial result.

        Raises
        ------
        ConfigError
            where the config can't be planned. Prices that can't be used give a result with `success=False`.
        """
        try:
            run = self.start(config, execution_mode)
        except (DataError, StrategyError) as error:
            return failed_result(config, error, execution_mode or self._default_mode)
        return run.result()

    async def execute_workflow(self, config: WorkflowConfig, execution_mode: str | None = None) -> WorkflowResult:
        """The same as `run`, awaited; cancelling the task stops the run.

        Raises
        ------
        ConfigError
            where the config can't be planned.
        """
        try:
            run = await asyncio.to_thread(self.start, config, execution_mode)
        except (DataError, StrategyError) as error:
            return failed_result(config, error, execution_mode or self._default_mode)
        try:
            return await run
        except asyncio.CancelledError:
            run.cancel()
            raise

    async def stream(self, config: WorkflowConfig, execution_mode: str | None = None) -> AsyncIterator[Event]:
        """The events of a run, from RunStarted to RunFinished, RunCancelled or RunFailed.

        Leaving the loop early stops the run. Prices that can't be used give RunFailed alone.

        Raises
        ------
        ConfigError
            where the config can't be planned.
        """
        try:
            run = await asyncio.to_thread(self.start, config, execution_mode)
        except (DataError, StrategyError) as error:
            result = failed_result(config, error, execution_mode or self._default_mode)
            yield RunFailed(result.errors[0], result)
            return
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[Event | None] = asyncio.Queue()

        def forward() -> None:
            with contextlib.suppress(RuntimeError):  # a loop that was closed: nobody listens there any more
                for event in run.events():
                    loop.call_soon_threadsafe(inbox.put_nowait, event)
                loop.call_soon_threadsafe(inbox.put_nowait, None)

        threading.Thread(target=forward, name="adm-stream", daemon=True).start()
        try:
            while (event := await inbox.get()) is not None:
                yield event
        finally:
            run.cancel()

    def rerun(self, result: WorkflowResult) -> WorkflowResult:
        """Run what a partial result lacks, and join it with what it has; a complete one runs again as a whole.

        Raises
        ------
        RunError
            where the bars are no longer those of the result, so that old and new rows would not belong together.
        """
        return self.start_rerun(result).result()

    def start_rerun(self, result: WorkflowResult) -> Run:
        """`rerun`, begun and returned at once; of a hybrid workflow all phases run again."""
        if result.mode == "hybrid":
            return self.start(result.config, "hybrid")
        plan = _plan_again(result, self._composable or result.mode == "composable")
        if not result.metadata.get("partial"):
            return Run(plan, _executor(plan)).start()
        if plan.workflow_id != result.workflow_id:
            message = "The bars or the config have changed since this result was made: its rows don't fit new ones."
            raise RunError(f"{message} Run the whole workflow again.")
        if plan.search is not None or plan.output_path is not None:  # trials and stores are made as a whole
            return Run(plan, _executor(plan)).start()
        if plan.results_path is not None and result.kept_rows is not None:
            done = set(result.kept_rows.numbers())
            missing = [number for number in range(plan.n_rows) if number not in done]
            return Run(plan, _executor(plan), missing, result.kept_rows).start()
        earlier = [
            Outcome(
                number=int(str(number)),
                status=str(row["status"]),
                error=str(row["error"]),
                metrics={name: row[name] for name in METRICS} if row["status"] == "ok" else None,
            )
            for number, row in result.stats.iterrows()
        ]
        have = {o.number for o in earlier}
        missing = [number for number in range(plan.n_rows) if number not in have]
        return Run(plan, _executor(plan), missing, earlier).start()


class EnhancedCoordinator(Coordinator):
    """The coordinator with composable containers: indicators computed once, accounts compiled, threads.

    Parameters
    ----------
    enable_composable_containers
        False makes it the drop-in for `Coordinator`: every workflow runs in traditional mode.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> config = adm.WorkflowConfig(data_config={"max_bars": 250}, backtest_config={"strategy": "momentum"})
    >>> adm.EnhancedCoordinator().run(config, execution_mode="composable").mode
    'composable'
    """

    _default_mode = "auto"

    def __init__(self, enable_composable_containers: bool = True, **unknown: object) -> None:
        if unknown:
            name = next(iter(unknown))
            near = did_you_mean(name, ["enable_composable_containers"]) or " It takes enable_composable_containers."
            raise SignatureError(f"EnhancedCoordinator has no parameter `{name}`.{near}")
        self.enable_composable_containers = enable_composable_containers

    @property
    def _composable(self) -> bool:  # type: ignore[override]  # set by each coordinator, not by its class
        return self.enable_composable_containers


def _check_kind(config: object) -> None:
    """Refuse what is no WorkflowConfig."""
    if not isinstance(config, WorkflowConfig):
        instead = "adm.WorkflowConfig(**...)" if isinstance(config, dict) else "adm.WorkflowConfig(...)"
        raise ConfigError(Problem("config", f"must be a WorkflowConfig, but was {shown(config)}. Use {instead}"))


async def execute_backtest_workflow(
    config: WorkflowConfig, container_pattern: str = "full_backtest", execution_mode: str = "composable"
) -> WorkflowResult:
    """Run a config written for the traditional coordinator in a pattern of containers.

    The config is left as it is. Where its type is optimization it runs as a backtest, which sweeps, too; its
    strategies, classifiers and risk profiles keep their structure.

    Parameters
    ----------
    config
        with or without a pattern of its own; `container_pattern` is used in its place.
    container_pattern
        the name of a pattern: `%adm patterns`.
    execution_mode
        `composable`, `traditional` or `auto`.

    Raises
    ------
    ConfigError
        where the config can't be planned, or says what the pattern has no place for.

    Examples
    --------
    >>> import asyncio, adm_notebook as adm
    >>> config = adm.WorkflowConfig(data_config={"max_bars": 250}, backtest_config={"strategy": "momentum"})
    >>> asyncio.run(adm.execute_backtest_workflow(config=config, container_pattern="simple_backtest")).pattern
    'simple_backtest'
    """
    _check_kind(config)
    mapped = config.copy()
    mapped.parameters = {k: v for k, v in (mapped.parameters or {}).items() if k != "pattern"}
    mapped.parameters["container_pattern"] = container_pattern
    if mapped.workflow_type == WorkflowType.OPTIMIZATION:
        mapped.workflow_type = WorkflowType.BACKTEST
    return await EnhancedCoordinator().execute_workflow(mapped, execution_mode)


def _plan_again(result: WorkflowResult, composable: bool) -> Plan:
    """The plan that a result came from, with the rows that it took from an earlier phase."""
    plan = make_plan(result.config, result.mode, composable)
    chosen = result.metadata.get("selection")
    return plan if chosen is None else replace(plan, selection=np.asarray(chosen, dtype=np.int64))


def plan_again(result: WorkflowResult) -> Plan:
    """The plan of a result, from its config.

    Raises
    ------
    RunError
        where the bars can't be had any more, or are not those of the result.
    """
    plan = _plan_again(result, True)
    if plan.workflow_id != result.workflow_id:
        raise RunError(
            "The bars are no longer those of this result, so its rows can't be made again. Run the workflow again."
        )
    return plan


def _last_phase_again(result: WorkflowResult) -> Plan:
    """The plan of the last phase of a loaded result, which stands for that phase, with the rows that it took."""
    hybrid = plan_phases(result.config, True)
    if hybrid.workflow_id != result.workflow_id:
        raise RunError(
            "The bars are no longer those of this result, so its rows can't be made again. Run the workflow again."
        )
    name = result.metadata["phase"]
    plan = plan_of(hybrid, name)
    if plan.promised is not None:
        try:
            there = bound(next(phase for phase in hybrid.phases if phase.name == name), True)
        except ConfigError as error:
            raise RunError(f"The signals of this result are no longer there: {error.problems[0].message}") from None
        if there.digest != plan.digest:
            raise RunError("The signals of this result were kept anew by another workflow. Run the workflow again.")
        plan = there
    chosen = result.metadata.get("selection")
    return plan if chosen is None else replace(plan, selection=np.asarray(chosen, dtype=np.int64))


def plan_of_rows(result: WorkflowResult) -> Plan:
    """The plan that the rows of a result came from: of a hybrid workflow that of its last phase.

    Raises
    ------
    RunError
        where the bars can't be had any more, or are not those of the result.
    """
    if result.mode != "hybrid":
        return plan_again(result)
    phase = result.phases[result.metadata["phase"]]
    return _last_phase_again(result) if phase is result else plan_of_rows(phase)


def recompute(result: WorkflowResult) -> object:
    """A function that makes rows of a loaded result again, from its config; the hook of `WorkflowResult.detail`.

    Raises
    ------
    RunError
        where the bars can't be had any more, or are not those of the result.
    """
    plan = plan_of_rows(result)
    executor = _executor(plan)

    def detail(number: int) -> Detail:
        from adm_notebook.coordinator.gate import Gate

        return executor.detail(plan, plan.row(number), Gate())

    return detail
