"""What ran, on a card: the tree of containers with what each did, and the phases of a hybrid workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adm_notebook.display.grid import Cell, Column, Grid, Row, branches, role_beside
from adm_notebook.display.measures import measure
from adm_notebook.display.numbers import DASH, Number, count, missing
from adm_notebook.display.subject import Subject
from adm_notebook.display.words import Name, clip, plural

if TYPE_CHECKING:
    from adm_notebook.results.result import WorkflowResult

__all__ = ["containers_gist", "containers_grid", "phases_gist", "phases_grid", "phases_text"]

_PHASES_MOST = 30
_NAME_MOST = 40


def containers_grid(subject: Subject, most: int = 60) -> tuple[Grid | None, str]:
    """The tree as it ran, one row a container; and a sentence where some are left out. None where nothing ran.

    Times and bytes differ from run to run: they stand in `result.containers` alone.
    """
    ran = subject.result.containers
    if ran.empty:
        return None, ""
    shown = ran.head(most)
    failed = bool((shown["failed"] > 0).any())
    unfinished = bool((shown["state"] != "finished").any())
    columns = [
        Column("Container", left=True),
        Column("Asked", "How often its work was asked for"),
        Column("Computed", "How often it had to be done; the other times it was there already"),
        Column("Rows in", "Bars that went in, over all computations"),
        Column("Rows out", "Bars, or trades, that came out"),
        *([Column("Failed", "Rows of the result that ended in it")] if failed else []),
        *([Column("State", left=True)] if unfinished else []),
    ]
    names = [clip(str(name), _NAME_MOST) for name in shown["name"]]
    roles = [role_beside(name, str(role)) for role, name in zip(shown["role"], names, strict=True)]
    rows = []
    for branch, record in zip(
        branches([str(p) for p in shown.index], names, roles), shown.to_dict("records"), strict=True
    ):
        numbers = ("requested", "computed", "rows_in", "rows_out", *(("failed",) if failed else ()))
        cells: list[Cell] = [count(int(record[name])) for name in numbers]
        cells += [[str(record["state"])]] if unfinished else []
        rows.append(Row(cells, branch=branch))
    rest = len(ran) - len(shown)
    return Grid(columns, rows), f"{plural(rest, 'more container')} in " if rest else ""


def containers_gist(subject: Subject) -> str:
    """`9 containers, computed 52 of 340 requested`."""
    ran = subject.result.containers
    if ran.empty:
        return ""
    asked, computed = int(ran["requested"].sum()), int(ran["computed"].sum())
    return f"{plural(len(ran), 'container')} ran: computed {computed:,} of {asked:,} requested"


# ---- phases ---------------------------------------------------------------------------------------------------------


def phases_grid(subject: Subject) -> Grid | None:
    """The phases of a hybrid workflow in their order, those that never ran too; None for any other workflow."""
    listed = _listed(subject)
    if not listed:
        return None
    results = subject.result.phases
    columns = [
        Column("Phase", left=True),
        Column("Mode", left=True),
        Column("Pattern", left=True),
        Column("Took", "The rows of an earlier phase whose parameters it ran", left=True),
        Column("Rows", "Combinations that finished"),
        Column("Best row", "The label that detail(row) of this phase takes"),
        Column("Its objective", left=True),
    ]
    rows = []
    for name, given in listed[:_PHASES_MOST]:
        result = results.get(name)
        cells: list[Cell] = [[Name(clip(name, _NAME_MOST))]]
        if result is None:
            never = missing("this phase never ran")
            cells += [[str(given.get("mode", "auto"))], never, [_took(given)], never, never, ["never ran"]]
        else:
            cells += [
                [_own_mode(subject, given) if result.mode == "hybrid" else result.mode],
                [Name(clip(result.pattern, _NAME_MOST))],
                [_took(given)],
            ]
            cells += [count(len(result.stats)), *_best(result)]
        rows.append(Row(cells, kind="is-on" if name == subject.phase else ""))
    return Grid(columns, rows, rail=True)


def phases_gist(subject: Subject) -> str:
    """`screen, then confirm`."""
    names = [clip(name, _NAME_MOST) for name, _ in _listed(subject)]
    return f"{', then '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}"


def phases_text(subject: Subject) -> str:
    """`Phases: screen (6 rows), confirm (2 rows, shown here).`; nothing for a workflow without phases."""
    parts = []
    for name, _ in _listed(subject)[:6]:
        result = subject.result.phases.get(name)
        here = ", shown here" if name == subject.phase else ""
        said = "never ran" if result is None else f"{plural(len(result.stats), 'row')}{here}"
        parts.append(f"{clip(name, _NAME_MOST)} ({said})")
    more = len(_listed(subject)) - 6
    return f"Phases: {', '.join(parts)}{f' and {more} more' if more > 0 else ''}." if parts else ""


def _listed(subject: Subject) -> list[tuple[str, Mapping[str, Any]]]:
    """Name and description of each phase, as the config has them."""
    return [(str(entry.get("name")), entry) for entry in subject.phases_asked]


def _own_mode(subject: Subject, given: Mapping[str, Any]) -> str:
    """The mode of a phase whose result, read from a folder, is the workflow's own: as `mode_reason` tells it."""
    _, _, each = str(subject.result.metadata.get("mode_reason", "")).rstrip(".").partition(": ")
    told = (word for word in ("traditional", "composable") if f"{given.get('name')} {word}" in each.split(", "))
    return next(told, str(given.get("mode", "auto")))


def _took(given: Mapping[str, Any]) -> str:
    take = given.get("take")
    if not isinstance(take, Mapping):
        return DASH
    top = take.get("top", 1)
    return f"{'best' if top == 1 else f'{top} best'} of {clip(str(take.get('from')), _NAME_MOST)}"


def _best(result: WorkflowResult) -> list[Cell]:
    """`3`, and `Sharpe ratio 0.444`."""
    if result.best is None:
        return [missing("no row is ok"), ["no row is ok"]]
    objective = measure(result.facts.objective)
    number = objective.number(float(result.best[objective.name]), compete=True, wide=False)
    return [Number(str(result.best.name)), [f"{objective.label} {number}"]]
