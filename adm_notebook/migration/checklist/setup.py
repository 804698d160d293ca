"""Checks of the first two phases: imports, containers, auto mode, equal results, patterns, speed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from adm_notebook.errors import ConfigError
from adm_notebook.migration.checklist.proofs import Proofs, Tried
from adm_notebook.migration.checklist.session import NoteCell, Session
from adm_notebook.migration.sources.finding import Finding, listed

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.migration.proof.report import MigrationReport

__all__ = [
    "auto_mode",
    "complex_backtests",
    "composable",
    "imports",
    "patterns_named",
    "performance",
    "same_results",
    "simple_backtests",
]  # fmt: skip

_OLD_IMPORT = r"^\s*(from|import)\s+src\.(core\.coordinator|execution)"
_OURS = r"\badm_notebook\b|^%%?adm\b|EnhancedCoordinator"
_NO_RUN = "No run or config in this notebook yet"


def imports(session: Session, _: Proofs) -> Finding:
    """Whether any cell still imports the older project."""
    old = session.where(_OLD_IMPORT)
    if old:
        from adm_notebook.migration import compat

        rewritten = _rewritten([cell for cell in session.cells if cell.label in old])
        said = f"{listed(old)} still {'imports' if len(old) == 1 else 'import'} the older project"
        said += f"; {rewritten} of these statements would be rewritten" if rewritten else ""
        said += ". `compat` is on: they work as they are" if "on" in compat.state().split()[:3] else ""
        path = str(session.notebook.name) if session.notebook is not None else "NOTEBOOK.ipynb"
        return Finding("open", f"{said}.", command=f"%adm migrate {path} --write")
    ours = session.where(_OURS)
    if ours:
        return Finding(
            "done",
            f"No cell imports the older project; {listed(ours, 1)} {'uses' if len(ours) == 1 else 'use'} this one.",
        )
    if session.runs:
        return Finding("done", f"No cell imports the older project; `{next(iter(session.runs))}` ran here.")
    return Finding("open", "No cell uses this package yet.", command="%load_ext adm_notebook")


def _rewritten(cells: list[NoteCell]) -> int:
    """How many import statements `migrate_source` would rewrite in these cells, magics beside them or not."""
    from adm_notebook.migration.sources.migrate import migrate_source

    found = 0
    for cell in cells:
        try:
            changes = migrate_source(_as_notebook(cell)).changes
        except ConfigError:  # a cell that does not parse: the others can still be migrated
            continue
        found += sum(change.old.lstrip().startswith(("from ", "import ")) for change in changes)
    return found


def _as_notebook(cell: NoteCell) -> str:
    """The JSON of a notebook with this one cell."""
    code: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": cell.text,
    }
    return json.dumps({"cells": [code], "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def composable(session: Session, _: Proofs) -> Finding:
    """Whether containers are enabled, and used."""
    ran = [name for name, run in session.runs.items() if run.success and run.mode in ("composable", "hybrid")]
    off = session.where(r"enable_composable_containers\s*=\s*False")
    if off:
        said = f"{listed(off)} {'has' if len(off) == 1 else 'have'} `enable_composable_containers=False`"
        said += f", though {_quoted(ran)} ran in containers" if ran else ""
        return Finding("open", f"{said}.", command="EnhancedCoordinator(enable_composable_containers=True)")
    if ran:
        return Finding("done", f"{_quoted(ran)} ran in containers.")
    on = session.where(r"enable_composable_containers\s*=\s*True")
    if on:
        return Finding("done", f"{listed(on)} {'enables' if len(on) == 1 else 'enable'} them.")
    return Finding(
        "open", "No run used containers yet.", command="EnhancedCoordinator(enable_composable_containers=True)"
    )


def auto_mode(session: Session, proofs: Proofs) -> Finding:
    """Whether the notebook's workflows run in auto mode."""
    tried = proofs.auto(session)
    command = 'coordinator.run(config, execution_mode="auto")'
    if not tried:
        return Finding("open", f"{_NO_RUN}.", command=command)
    bad = [t for t in tried if t.failed or (t.result is not None and not t.result.success)]
    if bad:
        why = bad[0].why_not or next(iter(bad[0].result.errors if bad[0].result is not None else []), "it failed")
        return Finding("failed", f"`{bad[0].name}`: {why}", command=command)
    ran = [t for t in tried if t.result is not None]
    if not ran:
        return Finding("open", f"{_untried(tried)}.", command=command)
    by_mode: dict[str, list[str]] = {}
    for t in ran:
        if t.result is not None:
            by_mode.setdefault(t.result.mode, []).append(t.name)
    said = [f"{_quoted(names)} in {mode} mode" for mode, names in by_mode.items()]
    return Finding("done", f"It runs {', '.join(said)}.")


def same_results(session: Session, proofs: Proofs) -> Finding:
    """Whether traditional and composable runs agree, trade by trade."""
    tried = proofs.verified(session)
    names = list(session.workflows)
    of = f"{names[-1]}.config" if names and names[-1] in session.runs else names[-1] if names else "config"
    command = f"adm.verify_migration({of})"
    if not tried:
        return Finding("open", f"{_NO_RUN}.", command=command)
    for t in tried:
        if t.failed:
            return Finding("failed", f"`{t.name}`: {t.why_not}", command=command)
        if t.report is not None and not t.report.identical:
            return Finding("failed", f"`{t.name}`: {t.report.verdict}.", command=command)
    proved = [f"`{t.name}`: {_proof(t.report)}" for t in tried if t.report is not None]
    waiting = [t.name for t in tried if t.waits]
    if waiting:
        done = f"{listed(proved)}; " if proved else ""
        return Finding("open", f"{done}{_quoted(waiting)} not compared yet.", command="%adm checklist")
    if not proved:
        return Finding("open", f"{_untried(tried)}.", command=command)
    rest = [t for t in tried if t.report is None]
    return Finding("done", f"{listed(proved)}.{f' Not compared: {_untried(rest)}.' if rest else ''}")


def _proof(report: MigrationReport) -> str:
    """`identical, 68 trades, 17 metrics, 5,031 bars`."""
    result = report.result
    trades = f"{result.n_trades.same:,} trade{'' if result.n_trades.same == 1 else 's'}"
    return f"{report.verdict}, {trades}, {len(result.metrics)} metrics, {result.n_bars[0]:,} bars"


def _untried(tried: list[Tried]) -> str:
    return listed([f"`{t.name}` {t.why_not}" for t in tried])


def simple_backtests(session: Session, _: Proofs) -> Finding:
    """Whether backtests of one combination run in the simple pattern."""
    return _in_pattern(session, "simple_backtest", simple=True)


def complex_backtests(session: Session, _: Proofs) -> Finding:
    """Whether sweeps, classifiers and several strategies run in the full pattern."""
    return _in_pattern(session, "full_backtest", simple=False)


def _in_pattern(session: Session, pattern: str, *, simple: bool) -> Finding:
    kind = "simple" if simple else "complex"
    found = [name for name, config in session.workflows.items() if _implied(config) == pattern]
    if not session.workflows:
        return Finding("open", f"{_NO_RUN}.", command=f"%%adm --pattern {pattern}")
    if not found:
        return Finding("unneeded", f"No {kind} backtest in this notebook.")
    runs = {n: r for n, r in session.runs.items() if r.success and _implied(r.config) == pattern}
    new = [n for n, r in runs.items() if r.pattern == pattern and r.mode in ("composable", "hybrid")]
    if new:
        return Finding("done", f"{_quoted(new)} ran in `{pattern}`.")
    left = list(runs) or found
    said = "ran in traditional mode, or in another pattern" if runs else "not run in it yet"
    return Finding(
        "open", f"{_quoted(left)}: {said}.", command=f"%%adm {left[-1]} --pattern {pattern} --mode composable"
    )


def _implied(config: WorkflowConfig) -> str:
    """The pattern that a config's sections ask for, whatever it names; none where it only keeps or replays signals.

    A backtest with classifiers or risk profiles is a complex one.
    """
    if config.analysis_config.get("mode") or config.parameters.get("phases"):
        return ""
    complex_ = any(config.optimization_config.get(section) for section in ("classifiers", "risk_profiles"))
    return "full_backtest" if complex_ else "simple_backtest"


def patterns_named(session: Session, _: Proofs) -> Finding:
    """Which pattern is in use, and whether the configs say so."""
    workflows = {n: c for n, c in session.workflows.items() if c.analysis_config.get("mode") != "signal_replay"}
    if not workflows:
        return Finding("open", f"{_NO_RUN}.", command='config.parameters["container_pattern"] = "simple_backtest"')
    given = {n: c.parameters.get("container_pattern") or c.parameters.get("pattern") for n, c in workflows.items()}
    left = [n for n, pattern in given.items() if not pattern and not workflows[n].parameters.get("phases")]
    if not left:
        said = [f"`{n}` names `{p if isinstance(p, str) else 'its own'}`" for n, p in given.items() if p]
        return Finding("done", f"Every config names its pattern: {listed(said)}.")
    used = {n: session.runs[n].pattern for n in left if n in session.runs}
    shown = [f"`{n}`" + (f" ({used[n]} by default)" if used.get(n) else "") for n in left]
    last = left[-1]
    pattern = used.get(last) or _implied(workflows[last]) or "simple_backtest"
    by_magic = f"%%adm {last} --pattern {pattern}"
    command = by_magic if last in session.runs else f'{last}.parameters["container_pattern"] = "{pattern}"'
    named = len(workflows) - len(left)
    return Finding(
        "open", f"{named:,} of {len(workflows):,} configs name theirs; not so {listed(shown)}.", command=command
    )


def performance(session: Session, proofs: Proofs) -> Finding:
    """How long old and new take on the notebook's own workflows."""
    timed = [(t.name, t.report) for t in proofs.verified(session) if t.report is not None and all(_times(t.report))]
    if not timed:
        return Finding("open", "Nothing was run both ways yet.", command="adm.verify_migration(config).timings")
    figures = []
    for name, report in timed:
        old, new = _times(report)
        faster = f", {old / new:,.0f} times faster" if old > 2 * new > 0 else ""
        figures.append(f"{name}: {old:.3g} s before, {new:.3g} s now{faster}")
    return Finding("done", f"{_quoted([name for name, _ in timed])} run both ways and timed.", "; ".join(figures))


def _times(report: MigrationReport) -> tuple[float, float]:
    return report.timings.get("old") or 0.0, report.timings.get("new") or 0.0


def _quoted(names: list[str]) -> str:
    return listed([f"`{name}`" for name in names])
