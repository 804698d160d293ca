"""`%adm checklist`: what the notebook does is looked at, checked by running it, shown, and kept beside the notebook."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.magics.defaults import Adm
from adm_notebook.magics.outputs import show

if TYPE_CHECKING:
    from adm_notebook.migration.checklist.proofs import Proofs
    from adm_notebook.migration.checklist.session import Session

__all__ = ["forget_progress", "notebook_path", "run_checklist", "session_of"]

_sessions: weakref.WeakKeyDictionary[Any, tuple[Proofs, dict[str, dict[str, str]]]] = weakref.WeakKeyDictionary()
"""Shell -> what was tried in its session, and what was done in it."""


def run_checklist(shell: Any, defaults: Adm) -> None:
    """Check, show, and keep what is done."""
    from adm_notebook.display import ChecklistView
    from adm_notebook.migration.checklist import progress
    from adm_notebook.migration.checklist.checklist import check
    from adm_notebook.migration.checklist.proofs import Proofs

    notebook = notebook_path(shell.user_ns)
    folder, name = _kept_at(notebook)
    proofs, remembered = _sessions.setdefault(shell, (Proofs(), {}))
    kept = progress.read(folder, name)
    found = check(session_of(shell, defaults, notebook), proofs, {**kept.items, **remembered})
    today = time.strftime("%Y-%m-%d")
    days = {c.item.name: c.earlier for items in found.phases.values() for c in items if c.earlier}
    done = {item: {"evidence": said, "on": days.get(item, today)} for item, said in found.done.items()}
    remembered.clear()
    remembered.update(done)
    trouble = [kept.trouble] if kept.trouble else []
    if done != kept.items or kept.trouble:
        trouble += [said] if (said := progress.keep(folder, name, done)) else []
    show(ChecklistView(type(found)(found.phases, found.notebook, tuple(trouble))))


def forget_progress(shell: Any) -> str:
    """Forget what was done and tried; says so in a sentence, or why the file is still there."""
    from adm_notebook.migration.checklist import progress

    folder, name = _kept_at(notebook_path(shell.user_ns))
    _sessions.pop(shell, None)
    return progress.forget(folder, name) or "The checklist is forgotten; `%adm checklist` checks everything anew."


def session_of(shell: Any, defaults: Adm, notebook: Path | None) -> Session:
    """The notebook as it is now."""
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.coordinator.named import finished_runs
    from adm_notebook.migration.checklist.session import Session, cells_of

    namespace = dict(shell.user_ns)
    runs, background = finished_runs(namespace)
    configs = {n: v for n, v in namespace.items() if isinstance(v, WorkflowConfig) and not n.startswith("_")}
    history = shell.history_manager
    typed = getattr(history, "input_hist_raw", None) if history is not None else None
    cells = cells_of(notebook, typed or namespace.get("In") or [])
    return Session(runs, background, configs, cells, notebook, defaults.limits())


def notebook_path(namespace: Mapping[str, Any]) -> Path | None:
    """The notebook's file, as JupyterLab and VS Code tell it to the kernel; None where nobody does."""
    for told in (namespace.get("__vsc_ipynb_file__"), namespace.get("__session__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(told, str) and told.endswith(".ipynb"):
            path = Path(told)
            for candidate in (path, Path.cwd() / path.name):
                if candidate.is_file():
                    return candidate
    return None


def _kept_at(notebook: Path | None) -> tuple[Path, str]:
    """Folder of the file that progress is kept in, and the notebook's name in it."""
    return (Path.cwd(), "") if notebook is None else (notebook.parent, notebook.name)
