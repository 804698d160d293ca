"""Two runs in one view: what differs between their results and between their configs, and what explains it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adm_notebook.display.differences import joined_results
from adm_notebook.display.words import clip
from adm_notebook.errors import RunError
from adm_notebook.migration.configs.differences import config_changes
from adm_notebook.migration.proof.causes import causes_of, in_a_sentence
from adm_notebook.migration.proof.filled import filled
from adm_notebook.results import compare_results

if TYPE_CHECKING:
    from adm_notebook.display.diff_parts import Joined
    from adm_notebook.results import ResultDiff, WorkflowResult

__all__ = ["because_of", "check_comparable", "compared"]

_MOST = 300  # characters of somebody's error


def compared(a: tuple[str, WorkflowResult], b: tuple[str, WorkflowResult]) -> tuple[ResultDiff, Joined]:
    """The difference between two runs, each with the name that the user has for it; and its view."""
    (old_name, old), (new_name, new) = a, b
    diff = compare_results(old, new)
    changes = config_changes(old.config, new.config)
    names = (old_name, new_name)
    return diff, joined_results(diff, old, new, changes, names=names, because=because_of(diff))


def check_comparable(a: tuple[str, WorkflowResult], b: tuple[str, WorkflowResult]) -> None:
    """Whether there is anything to set side by side.

    Raises
    ------
    RunError
        for a run that has no row, and for kept signals beside a run that traded; says what to type instead.
    """
    for name, result in (a, b):
        if not len(result.stats):
            why = f": {clip(result.errors[0].splitlines()[0], _MOST)}" if result.errors else ""
            raise RunError(
                f"{name} has no rows to compare: nothing of it ran{why.removesuffix('.')}. Choose another run."
            )
    kept = [name for name, result in (a, b) if "n_signals" in result.stats.columns]
    if len(kept) == 1:
        raise RunError(
            f"{kept[0]} kept signals and traded none of them, so there is nothing to set beside the other's trades. "
            f"Compare its replay: `%adm replay {kept[0]}`."
        )


def because_of(diff: ResultDiff) -> str:
    """What in their configs explains it where two runs differ: `commission was 0.1% and is now 0`; else nothing."""
    old, new = diff.old, diff.new
    if diff.identical or old is None or new is None or not (old.success and new.success):
        return ""
    before, after = filled(old), filled(new)
    same_bars = old.metadata.get("fingerprint") == new.metadata.get("fingerprint")
    return in_a_sentence(causes_of(before, after, same_bars=same_bars), before, after)
