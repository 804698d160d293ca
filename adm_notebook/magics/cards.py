"""Showing results in a cell, and saying in one line why a cell fails."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import AdmError, RunCancelled, RunError

if TYPE_CHECKING:
    from adm_notebook.coordinator import Run
    from adm_notebook.results import WorkflowResult

__all__ = ["failure_of", "show_card", "show_when_done"]


def show_card(result: WorkflowResult, name: str, theme: str, instead_of: str | None = None) -> None:
    """Show a result's card: three outputs.

    Parameters
    ----------
    instead_of
        id of the display whose place the first output takes: the live line's.
    """
    from IPython.display import publish_display_data

    from adm_notebook.display import bundle_of, display_result

    if instead_of is None:
        display_result(result, name, theme)
        return
    (data, metadata), *others = bundle_of(result, name, theme)
    publish_display_data(data, metadata, transient={"display_id": instead_of}, update=True)
    for data, metadata in others:
        publish_display_data(data, metadata)


def show_when_done(run: Run, name: str, theme: str, quiet: bool) -> None:
    """Reserve three outputs in this cell, and fill them with the card when the run ends, on a thread of its own."""
    from IPython.display import publish_display_data

    from adm_notebook.display import display_result

    ids = [uuid.uuid4().hex for _ in range(3)]
    if not quiet:
        said = {
            "text/html": f"<p>Running in the background: <code>{name}</code></p>",
            "text/plain": f"Running in the background: {name}",
        }
        for display_id, data in zip(ids, (said, *[{"text/html": "", "text/plain": ""}] * 2), strict=True):
            publish_display_data(data, transient={"display_id": display_id})

    def wait() -> None:
        result = run.result()
        if not quiet:
            display_result(result, f"{name}.result()", theme, display_ids=ids, update=True)

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
    if result.metadata.get("partial") and status == "cancelled":
        kept = f"{name} holds {done:,} of {planned:,} combinations" if planned > 1 else f"{name} holds no rows"
        return RunCancelled(f"Interrupted: {kept}. `%adm rerun {name}` runs {'the rest' if done else 'it again'}.")
    said = result.errors[0].splitlines()[0] if result.errors else "no row is ok; see its `error` column"
    return RunError(f"{name} failed: {said}")


def said(value: Any) -> None:
    """Show a value that has its own forms, HTML and text."""
    from IPython.display import display

    display(value)
