"""Showing results in a cell, and saying in one line why a cell fails."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import AdmError, RunCancelled, RunError
from adm_notebook.magics.defaults import Adm
from adm_notebook.magics.outputs import publish
from adm_notebook.results import hooks

if TYPE_CHECKING:
    from adm_notebook.coordinator import Run
    from adm_notebook.results import ResultDiff, WorkflowResult

__all__ = ["failure_of", "show_again", "show_card", "show_diff", "show_report", "show_when_done"]


def show_card(result: WorkflowResult, name: str, theme: str, instead_of: str | None = None) -> None:
    """Show a result's card: three outputs.

    Parameters
    ----------
    instead_of
        id of the display whose place the first output takes: the live line's.
    """
    from adm_notebook.display import bundle_of, display_result

    if instead_of is None:
        display_result(result, name, theme)
        return
    (data, metadata), *others = bundle_of(result, name, theme)
    publish(data, metadata, instead_of, update=True)
    for data, metadata in others:
        publish(data, metadata)


def show_again(result: WorkflowResult) -> None:
    """What a result shows at the end of any cell: its card, named as its variable is, in the session's theme."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    adm = next((c for c in shell.configurables if isinstance(c, Adm)), None) if shell else None
    name = _name_of(result, dict(shell.user_ns)) if shell else "result"
    show_card(result, name, adm.chart_theme if adm else "auto")


hooks.provide("display", f"{__name__}:{show_again.__name__}")


def show_report(report: object) -> None:
    """What a report of a migration shows at the end of any cell, named as its variable is, in the session's theme."""
    from adm_notebook.display import display_migration_report

    name, theme = _named_here(report)
    display_migration_report(report, name, theme)  # type: ignore[arg-type]  # hooks know no types


def show_diff(diff: ResultDiff) -> None:
    """What the difference of two results shows at the end of any cell, in the same way; its cause stands first."""
    from adm_notebook.display import display_diff
    from adm_notebook.display.two_runs import because_of

    name, theme = _named_here(diff)
    display_diff(diff, theme, name, because_of(diff))


def _named_here(value: object) -> tuple[str, str]:
    """The variable that holds a value, else `_`, which is what a cell ended with; and the theme of the session."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    adm = next((c for c in shell.configurables if isinstance(c, Adm)), None) if shell else None
    names = [n for n, v in dict(shell.user_ns).items() if v is value and not n.startswith("_")] if shell else []
    return names[0] if names else "_", adm.chart_theme if adm else "auto"


hooks.provide("report_display", f"{__name__}:{show_report.__name__}")
hooks.provide("diff_display", f"{__name__}:{show_diff.__name__}")


def _name_of(result: WorkflowResult, namespace: dict[str, object]) -> str:
    """The variable that holds a result, itself or through a background run."""
    from adm_notebook.coordinator import Run

    for name, value in namespace.items():
        if name.startswith("_"):
            continue
        if value is result:
            return name
        if isinstance(value, Run) and value.status not in ("running", "paused") and value.result() is result:
            return f"{name}.result()"
    return "result"


def show_when_done(shell: Any, run: Run, name: str, theme: str, quiet: bool) -> None:
    """Reserve three outputs in this cell; on a thread of its own show the run in the first, and fill them with the card
    when it ends."""
    from adm_notebook.display import display_result
    from adm_notebook.magics.watch import live_view, wait_for

    ids = [uuid.uuid4().hex for _ in range(3)]
    if not quiet:
        said = {
            "text/html": f"<p>Running in the background: <code>{name}</code></p>",
            "text/plain": f"Running in the background: {name}",
        }
        for display_id, data in zip(ids, (said, *[{"text/html": "", "text/plain": ""}] * 2), strict=True):
            publish(data, display_id=display_id)

    view = live_view(shell, quiet, reserved=ids[0])

    def wait() -> None:
        try:
            result = wait_for(run, view)
            if not quiet:
                view.end()
                display_result(result, f"{name}.result()", theme, display_ids=ids, update=True)
        finally:
            view.close()

    threading.Thread(target=wait, name="adm-background", daemon=True).start()


def failure_of(result: WorkflowResult, name: str, status: str) -> AdmError | None:
    """What the cell of this result fails with; None for a success.

    Parameters
    ----------
    name
        the variable that holds it.
    status
        of the run: `cancelled` where somebody stopped it.
    """
    if result.success:
        return None
    done, planned = len(result.stats), result.facts.n_planned
    is_partial = bool(result.metadata.get("partial"))
    whole = result.mode == "hybrid" or result.config.analysis_config.get("output_path") is not None
    again = "all phases again" if result.mode == "hybrid" else "the rest" if done and not whole else "it again"
    rest = f" `%adm rerun {name}` runs {again}." if is_partial else ""
    if is_partial and status == "cancelled":
        kept = f"{done:,} of {planned:,} combinations" if planned > 1 else "no rows"
        if "n_signals" in result.stats.columns:
            kept = "no signals: a store is complete or not there"
        if phase := result.metadata.get("phase"):
            kept += f" of phase {phase}"
        return RunCancelled(f"Interrupted: {name} holds {kept}.{rest}")
    said = result.errors[0].splitlines()[0] if result.errors else "no row is ok; see its `error` column"
    return RunError(f"{name} failed: {said}{rest}")
