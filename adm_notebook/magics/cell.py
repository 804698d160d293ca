"""`%%adm`: read the cell, plan it, run it, show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import ConfigError, DataError, Problem, RunCancelled
from adm_notebook.magics.cards import failure_of, show_card, show_when_done
from adm_notebook.magics.defaults import Adm
from adm_notebook.magics.insert import read_cell
from adm_notebook.magics.line import CellLine, cell_line, usage_error
from adm_notebook.magics.outputs import show
from adm_notebook.magics.overrides import overridden, with_limits
from adm_notebook.magics.runs import check_free, note_end
from adm_notebook.magics.watch import live_view, wait_for

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.coordinator import EnhancedCoordinator, Run
    from adm_notebook.planning import Plan
    from adm_notebook.planning.phases import HybridPlan
    from adm_notebook.results import WorkflowResult

__all__ = ["finish", "run_cell", "started", "with_the_line"]


def run_cell(shell: Any, defaults: Adm, line: str, cell: str) -> None:
    """Do what a `%%adm` cell asks for.

    Raises
    ------
    AdmError
        where the cell can't be read or planned, and where its run failed or was stopped; the card is shown before.
    """
    asked = cell_line(line)
    if asked.action == "migrate":
        from adm_notebook.magics.migrate import migrate_cell

        migrate_cell(shell, asked, cell)
        return
    if asked.action == "run" or asked.is_named:
        check_free(asked, shell.user_ns)
    from adm_notebook.coordinator import EnhancedCoordinator
    from adm_notebook.results import WorkflowResult

    try:
        config = _config(shell, defaults, asked, cell)
        mode = asked.mode.value if asked.mode else defaults.mode
        coordinator = EnhancedCoordinator()
        if asked.action == "run":
            run = started(coordinator, config, mode)
        else:
            _plan(shell, coordinator, config, mode, asked)
            return
    except ConfigError as error:
        raise with_the_line(error, asked) from None
    except KeyboardInterrupt:
        raise RunCancelled(f"Interrupted before the run began; {asked.name} is as it was.") from None
    quiet = asked.quiet or defaults.quiet
    if asked.background and not isinstance(run, WorkflowResult):
        shell.push({asked.name: run})
        show_when_done(shell, run, asked.name, defaults.chart_theme, quiet)
        return
    finish(shell, defaults, run, asked.name, quiet)


def finish(shell: Any, defaults: Adm, run: Run | WorkflowResult, name: str, quiet: bool) -> None:
    """Wait for a run, assign its result to `name`, show the card; a result that could not begin is shown as it is.

    Raises
    ------
    RunError, RunCancelled
        where the run failed or was stopped.
    """
    from adm_notebook.results import WorkflowResult

    status, place, view = "failed", None, live_view(shell, quiet)
    try:
        if isinstance(run, WorkflowResult):
            result = run
        else:
            result = wait_for(run, view)
            place, status = view.end(), run.status
        note_end(result)
        shell.push({name: result})
        if not quiet:
            show_card(result, name, defaults.chart_theme, place)
    finally:
        view.close()
    failure = failure_of(result, name, status)
    if failure is not None:
        raise failure


def with_the_line(error: ConfigError, asked: CellLine, magic: str = "%%adm") -> ConfigError:
    """The same problems; one with the mode is a slip of the line, and is said by its option and place there."""
    if asked.mode is None or all(p.path != "execution_mode" for p in error.problems):
        return error
    column = asked.mode.column
    problems = [
        replace(p, path="--mode", line=1, column=column) if p.path == "execution_mode" else p for p in error.problems
    ]
    return usage_error(magic, problems) if len(problems) == 1 else ConfigError(problems, error.title)


def _config(shell: Any, defaults: Adm, asked: CellLine, cell: str) -> WorkflowConfig:
    from adm_notebook.config import WorkflowConfig

    if asked.data is not None and not cell.strip():
        message = f"says where prices come from, but the cell below says nothing to do with {asked.data.value}. Write "
        message += "for instance backtest_config: {strategy: momentum}"
        raise usage_error("%%adm", [Problem(f"--data {asked.data.value}", message, 1, asked.data.column)])
    values, positions = read_cell(cell, shell.user_ns)
    values, positions = overridden(values, positions, asked, shell.user_ns)
    return WorkflowConfig.from_mapping(with_limits(values, defaults.limits()), positions)


def started(coordinator: EnhancedCoordinator, config: WorkflowConfig, mode: str) -> Run | WorkflowResult:
    """The run; where its prices can't be used, the result that says so."""
    from adm_notebook.coordinator.failed import failed_result

    try:
        return coordinator.start(config, mode)
    except DataError as error:
        return failed_result(config, error, mode)


def _plan(shell: Any, coordinator: EnhancedCoordinator, config: WorkflowConfig, mode: str, asked: CellLine) -> None:
    """`plan` shows what would run, `validate` says in a line that it would; NAME, if given, keeps plan or config."""
    plan = coordinator.plan(config, mode)
    if asked.is_named:
        shell.push({asked.name: plan if asked.action == "plan" else config})
    if asked.quiet:
        return
    if asked.action == "plan":
        show(plan)
        return
    print(f"Valid: {_summary(plan)}, {plan.mode} mode.")


def _summary(plan: Plan | HybridPlan) -> str:
    """`12 combinations of ma_crossover on SP500`; of a hybrid workflow each phase."""
    from adm_notebook.planning.phases import HybridPlan

    if isinstance(plan, HybridPlan):
        each = [f"{phase.name} ({_summary(p)})" for phase, p in zip(plan.phases, plan.plans, strict=True)]
        return f"{len(each)} phase{'' if len(each) == 1 else 's'}, {', '.join(each)}"
    rows = f"{plan.n_rows:,} combination{'' if plan.n_rows == 1 else 's'}"
    return f"{rows} of {' and '.join(s.label for s in plan.strategies)} on {', '.join(plan.symbols)}"
