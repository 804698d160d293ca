"""What both executors do around a row: whatever goes wrong in it becomes its status."""

from __future__ import annotations

import re
import traceback

from adm_notebook.components import InvalidParameters
from adm_notebook.containers import ContainerTree
from adm_notebook.coordinator.outcome import Outcome
from adm_notebook.errors import AdmError, DataError, RunCancelled, RunError, RunTimedOut, named
from adm_notebook.planning import Row

__all__ = ["attempt", "one_line"]


def attempt(row: Row, tree: ContainerTree) -> Outcome:
    """The row's outcome; whatever goes wrong in it stays in it, but a stop of the whole run."""
    try:
        if not tree.plan.simulates:
            return Outcome(row.number, "ok", "", tree.keep(row))
        passed = tree.run(row)
    except InvalidParameters as error:
        return Outcome(row.number, "invalid", one_line(error))
    except (RunCancelled, RunTimedOut, RunError):
        raise
    except AdmError as error:
        return Outcome(row.number, "failed", one_line(error))
    except BaseException as error:  # noqa: BLE001  # a bug or an exit() in one combination must not cost the others
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(row.number, "failed", f"{named(error)} ({last.name}, line {last.lineno})")
    return Outcome(row.number, "ok", "", passed.metrics, passed)


_CODE = re.compile(r"\n\s*(?=line \d+, in )")
"""What stands before the line of a user's code, where an error has it on a line of its own."""


def one_line(error: AdmError) -> str:
    """What an error says, as a row of a table has it."""
    problems = getattr(error, "problems", None)
    if problems:
        return "; ".join(p.message for p in problems)
    if isinstance(error, DataError):
        return " ".join(f"{error.message.rstrip('.')}. {error.hint}".split())
    return " ".join(_CODE.sub("; ", str(error)).split())
