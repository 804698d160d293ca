"""From the outcomes of rows to a WorkflowResult: the table, the best row in detail, the facts, the warnings."""

from __future__ import annotations

import math
import platform
import uuid
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from adm_notebook._version import __version__
from adm_notebook.components import InvalidParameters
from adm_notebook.coordinator.benchmark import buy_and_hold
from adm_notebook.coordinator.gate import Gate
from adm_notebook.coordinator.memory import held_mb
from adm_notebook.coordinator.outcome import Executor, Finished, Outcome
from adm_notebook.engine.account import UNFILLED_REASONS
from adm_notebook.engine.exposure import indicators_of
from adm_notebook.errors import AdmError, RunCancelled, RunError, RunTimedOut
from adm_notebook.folders import nearby, resolved
from adm_notebook.planning import Plan, Row
from adm_notebook.planning.columns import texts
from adm_notebook.planning.wording import conditions, resolved_yaml
from adm_notebook.results import Detail, RunFacts, WorkflowResult
from adm_notebook.results.judged import Judged, Judging
from adm_notebook.results.rows import KeptRows

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.signals import SignalStore

__all__ = ["assemble", "judging_of", "stats_frame"]

PATIENCE = 30.0
"""Seconds for making the best row again, where it was not kept."""

_COUNTS = ("n_trades", "n_unfilled", "n_signals")


def stats_frame(plan: Plan, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """The outcomes as rows of `stats`, in the plan's order: identity, swept parameters, metrics, status, error."""
    import numpy as np
    import pandas as pd

    finished = outcomes if isinstance(outcomes, Finished) else Finished(outcomes, plan.measures)
    numbers, values, status, error = finished.columns()
    columns: dict[str, Any] = plan.identity(numbers)
    columns |= dict(zip(finished.names, values, strict=True))
    if finished.all_measured:
        columns |= {name: columns[name].astype(np.int64) for name in _COUNTS if name in columns}
    columns |= {"status": texts(*status), "error": texts(*error)}
    return pd.DataFrame(columns, index=pd.Index(numbers, name="row"), copy=False)  # each column as it is


def assemble(
    plan: Plan,
    outcomes: Sequence[Outcome],
    kept: Detail | None,
    executor: Executor,
    duration: float,
    failure: BaseException | None,
    folder: KeptRows | None = None,
    judged: Judged | None = None,
) -> WorkflowResult:
    """The result of a run that has ended, in whichever way.

    Parameters
    ----------
    outcomes
        of the rows that were finished.
    kept
        trades and equity of the row that seemed best while the run went on.
    duration
        wall time, seconds.
    failure
        what ended the run before its time: a stop, a timeout, an error; None if it came to its end.
    folder
        that the finished rows were written to; None where they are in `outcomes`.
    judged
        what was found of the rows in the folder while they were written.
    """
    stats: pd.DataFrame | KeptRows
    if folder is None or judged is None:
        stats, judging = stats_frame(plan, outcomes), judging_of(plan)
        judging.add(stats)
        judged = judging.judged()
    else:
        stats = folder
    best = judged.best
    errors = _errors(plan, judged, failure)
    detail = kept if kept is not None and kept.row == best else None
    if best is not None and detail is None:  # rows of an earlier run, or one of several equals
        try:
            detail = executor.detail(plan, plan.row(best), Gate(timeout_seconds=PATIENCE))
        except Exception as error:  # noqa: BLE001  # the table stands, and the result says what is missing
            errors.append(f"Row {best}, the best, could not be made again: {type(error).__name__}: {error}")
    warnings = [*plan.defaults, *plan.warnings]
    if plan.limits.memory_mb is not None and held_mb() is None:
        warnings.append("`memory_limit_mb` was not watched: this system does not say how much memory a process holds.")
    if folder is not None and folder.kept_beside is not None:
        there, here = nearby(folder.kept_beside), nearby(folder.folder)
        warnings.append(
            f"{there} still holds the rows of an earlier run, which had come to its end; this run's are in {here}."
        )
    warnings += dict.fromkeys(() if executor.tree is None else executor.tree.notes)
    warnings += plan.ways.costly
    notes: list[str] = [*plan.ways.costly]
    if plan.simulates:
        _add_unfilled(judged, detail, warnings, notes)
    partial = failure is not None and judged.n_rows < plan.n_planned
    return WorkflowResult(
        success=not errors and (best is not None or not plan.simulates),
        config=plan.config,
        stats=stats,
        workflow_id=plan.workflow_id,
        workflow_type=plan.workflow_type,
        mode=plan.mode,
        pattern=plan.pattern,
        duration_seconds=duration,
        errors=errors,
        warnings=warnings,
        metadata={
            "mode_reason": plan.mode_reason,
            "run_id": uuid.uuid4().hex,
            "partial": partial,
            "ended": _ended(failure),
            "versions": versions(),
            "fingerprint": plan.market.fingerprint,
            **({} if folder is None else {"results_path": str(folder.folder)}),
            **_kept(plan, judged, failure),
            "ways": plan.ways.to_dict(),
            "objectives": [[objective.metric, objective.maximise] for objective in plan.objectives],
            **({} if plan.selection is None else {"selection": plan.selection.tolist()}),
            **_chosen(plan),
        },
        facts=lambda: _facts(plan, best, detail, notes),
        best_detail=detail,
        benchmark=None if detail is None else buy_and_hold(plan, plan.row(detail.row)),
        containers=None if executor.tree is None else executor.tree.table(),
        recompute=lambda number: executor.detail(plan, plan.row(number), Gate()),
    )


def _chosen(plan: Plan) -> dict[str, Any]:
    """How the combinations of a search were chosen, and out of how many."""
    given = plan.config.optimization_config or {}
    method = str(given.get("method", "grid"))
    searched = plan.search is not None or (method == "random" and plan.selection is not None)
    return {"search": {"method": method, "out_of": math.prod(plan.shape)}} if searched else {}


def _kept(plan: Plan, judged: Judged, failure: BaseException | None) -> dict[str, Any]:
    """Where this run's signals are, absolute, whose they are, and how many; of a replay whose it traded.

    Combinations that several rows share are counted once, members of an ensemble as that ensemble.
    """
    from adm_notebook.signals import SignalStore

    if plan.store is not None:
        return {"signals_digest": plan.store.manifest.digest}
    if plan.output_path is None or failure is not None or not judged.n_ok:
        return {}
    path = str(resolved("output_path", plan.output_path))
    try:
        store = SignalStore(path)
        kept = {"signals": store.manifest.counts.signals, "combinations": _combinations(store)}
    except RunError:  # another process has replaced or removed it since: whoever reads it is told
        return {"signals_path": path, "signals_digest": plan.workflow_id}
    return {"signals_path": path, "signals_digest": plan.workflow_id, "kept": kept}


def _combinations(store: SignalStore) -> int:
    """Combinations of strategies in a store; members of ensembles are none of their own."""
    return int(store.combinations["member"].isna().sum())


def judging_of(plan: Plan) -> Judging:
    """What the rows of a plan are judged by."""
    return Judging(plan.objective if plan.simulates else None, plan.maximise)


def _ended(failure: BaseException | None) -> str:
    """How the run ended: `finished`, `interrupted`, `out of time`, `out of memory` or `failed`."""
    if isinstance(failure, RunError) and str(failure).startswith("Out of memory"):
        return "out of memory"
    if isinstance(failure, RunCancelled):
        return "interrupted"
    if isinstance(failure, RunTimedOut):
        return "out of time"
    return "finished" if failure is None else "failed"


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    names = ("numpy", "pandas", "numba", "TA-Lib")
    return {"adm_notebook": __version__, "python": platform.python_version(), **{n: version(n) for n in names}}


def _errors(plan: Plan, judged: Judged, failure: BaseException | None) -> list[str]:
    done, total = judged.n_rows, plan.n_planned
    kept, never = f"{done:,} of {total:,} combinations finished and are kept", f"{total - done:,} never ran."
    if not plan.simulates:
        kept, never = (
            f"{done:,} of {total:,} combinations were done",
            "no signals are kept, as a store is complete or not there.",
        )
    if isinstance(failure, RunCancelled):
        return [f"Interrupted: {kept}; {never}"]
    if isinstance(failure, RunTimedOut):
        limit = plan.limits.timeout_seconds
        of_container = str(failure).removeprefix("The container ")
        if of_container != str(failure) or limit is None:
            return [f"Out of time: the container {of_container.rstrip('.')}; {kept}, {never}"]
        return [f"Out of time: `timeout_seconds` is {limit:g}; {kept}, {never}"]
    if isinstance(failure, RunError):
        return [f"{str(failure).rstrip('.')}; {kept}; {never}"]
    if isinstance(failure, AdmError):
        return [str(failure)]
    if failure is not None:
        return [f"{type(failure).__name__}: {failure}"]
    if done and not judged.n_ok:
        return [judged.error if done == 1 else f"All {done:,} combinations failed. The first: {judged.error}"]
    return []


def _add_unfilled(judged: Judged, detail: Detail | None, warnings: list[str], notes: list[str]) -> None:
    """Say that orders gave no trade; as a mere note where it is only the order that the last bar leaves pending."""
    import numpy as np

    having = judged.unfilled
    if not having:
        return
    if judged.n_rows == 1 and detail is not None:
        counts = np.bincount(detail.account.unfilled_reason, minlength=len(UNFILLED_REASONS))
        said = ", ".join(f"{n:,} {reason}" for n, reason in zip(counts, UNFILLED_REASONS, strict=True) if n)
        total = int(counts.sum())
        sentence = f"{total:,} order{'' if total == 1 else 's'} gave no trade: {said}. See `.detail(0).unfilled`."
        only_pending = counts[-1] == total
    else:
        sentence = f"In {having:,} of {judged.n_rows:,} combinations orders gave no trade (column `n_unfilled`)."
        only_pending = True
    warnings.append(sentence)
    if only_pending:
        notes.append(sentence)


# ---- facts ----------------------------------------------------------------------------------------------------------


def _facts(plan: Plan, best: int | None, detail: Detail | None, notes: Iterable[str]) -> RunFacts:
    row = plan.row(best if best is not None else 0)
    bars = plan.market[row.sleeves[0].symbol]
    index = detail.index if detail is not None else bars.index
    calendar = bars.calendar
    title, no_trades = _title(plan, row), ""
    if detail is not None and not len(detail.account.direction) and len(row.sleeves) == 1:
        sleeve = row.sleeves[0]
        strategy = plan.strategies[sleeve.strategy].build(sleeve.combination)
        given = row.settings.warmup
        warmup = given if isinstance(given, int) else 1 + max(strategy.lookback, _lookback_around(plan, row))
        if warmup >= bars.n_bars:
            no_trades = f"The first bar that may trade is number {warmup:,}, and there are only {bars.n_bars:,} bars."
        else:
            no_trades = strategy.explain_no_entry(bars) or ""
    return RunFacts(
        symbols=plan.symbols,
        source=plan.market.source_label,
        n_bars=len(index),
        timeframe=calendar.label,
        first=_time(index[0], calendar.intraday, calendar.has_time),
        last=_time(index[-1], calendar.intraday, calendar.has_time),
        zone=str(getattr(index, "tz", None) or ""),
        strategy=title,
        conditions=conditions(row.settings, _directions(plan, detail), plan.swept),
        objective=plan.objective,
        maximise=plan.maximise,
        swept=tuple(plan.swept),
        n_planned=plan.n_planned,
        left_out=dict(plan.left_out),
        defaults=plan.defaults,
        notes=tuple(notes),
        resolved=resolved_yaml(plan),
        no_trades=no_trades,
        replayed=0 if plan.store is None else _combinations(plan.store),
    )


def _lookback_around(plan: Plan, row: Row) -> int:
    """The longest lookback of the row's classifier and of what its sizes and stops read."""
    found = [indicator.lookback for indicator in indicators_of(row.settings)]
    if row.classifier is not None:
        found.append(plan.classifiers[row.classifier.entry].build(row.classifier.combination).lookback)
    return max(found, default=0)


def _directions(plan: Plan, detail: Detail | None) -> list[str]:
    """Which sides the strategies trade; of a user's own function, which only running it tells, those that it traded."""
    found: list[str] = []
    for strategy in plan.strategies:
        if strategy.kind.identity and detail is not None:
            traded = set(detail.account.direction.tolist())
            found.append("both" if len(traded) == 2 else "short" if traded == {-1} else "long")
            continue
        for combination in range(strategy.n_combinations):
            try:
                found.append(strategy.build(combination).direction)
                break
            except InvalidParameters:
                continue
    return found or ["long"]


def _title(plan: Plan, row: Row) -> str:
    """The strategies of a row as a title names them: `ma_crossover 50/200`."""
    names = []
    for s in dict.fromkeys(sleeve.strategy for sleeve in row.sleeves):
        planned = plan.strategies[s]
        combination = next(v.combination for v in row.sleeves if v.strategy == s)
        try:
            label = planned.build(combination).label
        except InvalidParameters:
            label = ""
        names.append(f"{planned.label} {label}".strip())
    return " + ".join(names)


def _time(value: Any, intraday: bool, has_time: bool) -> str:
    if not has_time:
        return f"bar {value}"
    return f"{value:%Y-%m-%d %H:%M}" if intraday else f"{value:%Y-%m-%d}"
