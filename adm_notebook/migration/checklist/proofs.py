"""What a checklist finds out by running something: the auto mode, and old against new; once for each piece of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adm_notebook.errors import AdmError, RunCancelled

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.migration.checklist.session import Session
    from adm_notebook.migration.proof.report import MigrationReport
    from adm_notebook.planning import Plan
    from adm_notebook.results import WorkflowResult

__all__ = ["Proofs", "Tried"]

_BARS_MOST = 100_000  # bars times combinations: some seconds in traditional mode
_NEW_MOST = 3  # workflows that are run for one check


@dataclass(frozen=True, slots=True)
class Tried:
    """One workflow that was tried.

    name     what it is called in the notebook
    why_not  why it was not run, or what it raised: what goes on after the name
    waits    whether the next check will run it
    """

    name: str
    report: MigrationReport | None = None
    result: WorkflowResult | None = None
    why_not: str = ""
    failed: bool = False
    waits: bool = False


Run = Callable[[str, "WorkflowConfig"], Tried]


@dataclass
class Proofs:
    """Keeps what was tried in a session, by the id of the work: the same work is not run twice."""

    reports: dict[str, Tried] = field(default_factory=dict)
    autos: dict[str, Tried] = field(default_factory=dict)

    def verified(self, session: Session) -> list[Tried]:
        """The notebook's workflows, traditional against composable; a few new ones at a time."""
        from adm_notebook.migration.proof.verify import verify_migration

        return list(self._tried(session, self.reports, lambda n, c: Tried(n, report=verify_migration(c, c))))

    def auto(self, session: Session) -> list[Tried]:
        """Workflows in auto mode: what ran so already, else what takes little time."""
        from adm_notebook.coordinator import EnhancedCoordinator

        ran = [Tried(name, result=run) for name, run in session.runs.items() if run.success and _by_itself(run)]
        if ran:
            return ran
        coordinator = EnhancedCoordinator()
        return list(
            self._tried(session, self.autos, lambda n, c: Tried(n, result=coordinator.run(c, execution_mode="auto")))
        )

    def _tried(self, session: Session, known: dict[str, Tried], run: Run) -> Iterator[Tried]:
        """Each plain workflow: as it is known, or run now, or why not."""
        from adm_notebook.coordinator import EnhancedCoordinator
        from adm_notebook.planning import Plan

        begun = 0
        for name, config in session.workflows.items():
            if not _is_plain(config):
                continue
            try:
                plan = EnhancedCoordinator().plan(config)
            except AdmError as error:
                yield Tried(name, why_not=f"can't be planned: {str(error).splitlines()[-1].strip()}", failed=True)
                continue
            if not isinstance(plan, Plan) or _writes(plan):
                yield Tried(name, why_not="writes files, and is not run for a check")
                continue
            bars = max((b.n_bars for b in plan.market.values()), default=0)
            work = plan.workflow_id
            if work in known:
                yield replace(known[work], name=name)
            elif plan.n_rows * bars > _BARS_MOST:
                size = f"{plan.n_rows:,} combination{'' if plan.n_rows == 1 else 's'} of {bars:,} bars"
                yield Tried(name, why_not=f"would take long ({size})")
            elif begun == _NEW_MOST:
                yield Tried(name, why_not="waits for the next check", waits=True)
            else:
                begun += 1
                try:
                    known[work] = run(name, config)
                except RunCancelled:
                    raise
                except AdmError as error:
                    known[work] = Tried(name, why_not=str(error).splitlines()[0], failed=True)
                yield known[work]


def _writes(plan: Plan) -> bool:
    """Whether a run would leave something behind: signals, rows, trials of a search."""
    stored = plan.search is not None and plan.search.storage is not None
    return plan.output_path is not None or plan.results_path is not None or stored


def _is_plain(config: WorkflowConfig) -> bool:
    """Neither phases nor kept signals: a workflow that both coordinators run."""
    return not config.parameters.get("phases") and not config.analysis_config.get("mode")


def _by_itself(run: WorkflowResult) -> bool:
    """Whether its mode was chosen, not asked for."""
    reason = str(run.metadata.get("mode_reason", ""))
    return bool(reason) and not reason.endswith("as asked for.")
