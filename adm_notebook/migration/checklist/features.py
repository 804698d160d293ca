"""Checks of the last two phases: signals, patterns of one's own, threads, limits, indicators, streaming, memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adm_notebook.migration.checklist.proofs import Proofs
from adm_notebook.migration.checklist.session import Session
from adm_notebook.migration.sources.finding import Finding, listed

if TYPE_CHECKING:
    from adm_notebook.results import WorkflowResult

__all__ = [
    "indicators",
    "limits",
    "memory",
    "own_patterns",
    "parallel",
    "signals_kept",
    "signals_replayed",
    "streaming",
]

_LIMITS = ("memory_limit_mb", "max_workers", "timeout_seconds")
_PARAMETERS = ("max_indicators", "max_memory_mb")


def signals_kept(session: Session, _: Proofs) -> Finding:
    """Whether a run captured signals."""
    kept = {name: run.metadata["kept"] for name, run in session.runs.items() if run.metadata.get("kept")}
    if not kept:
        command = "analysis_config: {mode: signal_generation, output_path: ./signals/}"
        return Finding("open", "No run kept its signals yet.", command=command)
    said = [f"`{n}` kept {k['signals']:,} signals of {k['combinations']:,} combinations" for n, k in kept.items()]
    return Finding("done", f"{listed(said, 2)}.")


def signals_replayed(session: Session, _: Proofs) -> Finding:
    """Whether kept signals were traded."""
    replayed = {name: run for name, run in session.runs.items() if run.facts.replayed and run.success}
    if not replayed:
        kept = [name for name, run in session.runs.items() if run.metadata.get("kept")]
        command = f"%adm replay {kept[-1] if kept else 'NAME'} --set stop_loss=[0.02, 0.05]"
        return Finding("open", "No kept signals were replayed yet.", command=command)
    said = [f"`{n}`: {len(r.stats):,} rows from {r.facts.replayed:,} stored combinations" for n, r in replayed.items()]
    return Finding("done", f"{listed(said, 2)}.")


def own_patterns(session: Session, _: Proofs) -> Finding:
    """Whether a pattern of the user's own is known, or stands in a config."""
    from adm_notebook.patterns import PATTERNS
    from adm_notebook.patterns.catalog import library_names

    own = [name for name in PATTERNS.names() if name not in library_names()]
    own += [
        f"that of {n}" for n, c in session.workflows.items() if not isinstance(c.parameters.get("pattern", ""), str)
    ]
    if not own:
        command = 'adm.register_pattern({"name": "mine", "extends": "full_backtest", "remove": ["classifier"]})'
        return Finding("open", "No pattern of your own is registered.", command=command)
    used = [n for n, run in session.runs.items() if run.pattern in own]
    said = f"; {listed([f'`{n}`' for n in used])} ran in it" if used else ""
    return Finding("done", f"Your own: {listed([f'`{name}`' for name in own])}{said}.")


def parallel(session: Session, _: Proofs) -> Finding:
    """Whether sweeps use more than one thread."""
    sweeps = {n: run for n, run in session.runs.items() if len(run.stats) > 1 and "n_signals" not in run.stats}
    if not session.runs:
        return Finding("open", "No run in this notebook yet.", command="%%adm --set fast=[5, 10, 20]")
    if not sweeps:
        return Finding("unneeded", "Nothing is swept in this notebook.")
    name, run = max(sweeps.items(), key=lambda item: len(item[1].stats))
    config = run.config
    if not config.parallel_execution or config.max_workers == 1:
        key = "max_workers" if config.max_workers == 1 else "parallel_execution"
        value = "None" if key == "max_workers" else "True"
        said = f"`{name}` has {len(run.stats):,} combinations, but `{key}` allows one thread."
        return Finding("open", said, command=f"{name}.config.{key} = {value}")
    threads = "one thread a processor" if config.max_workers is None else f"up to {config.max_workers} threads"
    return Finding("done", f"`{name}`: {len(run.stats):,} combinations on {threads}.")


def limits(session: Session, _: Proofs) -> Finding:
    """Whether any limit on memory, threads, time or indicators is set."""
    found: dict[str, list[str]] = {}
    for name, config in session.workflows.items():
        given = [(key, getattr(config, key)) for key in _LIMITS]
        given += [(key, config.parameters.get(key)) for key in _PARAMETERS]
        if told := [f"{key} {value:g}" for key, value in given if _is_number(value)]:
            found[name] = told
    said = [f"`{name}`: {', '.join(told)}" for name, told in found.items()]
    said += [f"this session: {', '.join(f'{k} {v:g}' for k, v in session.limits.items())}"] if session.limits else []
    if not said:
        command = 'config.parameters.update({"max_indicators": 50, "max_memory_mb": 1024})'
        return Finding("open", "No config sets a limit on memory, threads, time or indicators.", command=command)
    return Finding("done", f"{listed(said, 2)}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def indicators(session: Session, _: Proofs) -> Finding:
    """How often indicators were computed, and how often taken from what was computed before."""
    best: tuple[str, WorkflowResult] | None = None
    for name, run in session.runs.items():
        if (
            run.success
            and run.mode == "composable"
            and len(run.containers)
            and (best is None or len(run.stats) >= len(best[1].stats))
        ):
            best = (name, run)
    if best is None:
        return Finding(
            "open", "No run in containers yet, which compute each indicator once.", command="%%adm --mode composable"
        )
    name, run = best
    table = run.containers[run.containers["role"] == "indicator"]
    requested, computed = int(table["requested"].sum()), int(table["computed"].sum())
    rows = f"{len(run.stats):,} combination{'' if len(run.stats) == 1 else 's'}"
    said = f"`{name}`: {computed:,} indicator columns computed for {rows}"
    said += f", {requested:,} asked for" if requested > computed else ""
    return Finding("done", f"{said}.")


def streaming(session: Session, _: Proofs) -> Finding:
    """Whether results are seen while they come in."""
    streamed = session.where(r"\.stream\(")
    if streamed:
        return Finding("done", f"{listed(streamed)} {'reads' if len(streamed) == 1 else 'read'} the stream of events.")
    if session.background:
        return Finding("done", f"{listed([f'`{n}`' for n in session.background])} ran in the background.")
    cells = session.where(r"^%%adm\b|--background")
    if cells:
        return Finding("done", f"{listed(cells)}: `%%adm` shows results while they come in.")
    return Finding(
        "open", "Results are seen at the end only.", command="async for event in coordinator.stream(config): ..."
    )


def memory(session: Session, _: Proofs) -> Finding:
    """Whether the memory and the time of runs were recorded."""
    known = {n: run for n, run in session.runs.items() if run.metadata.get("peak_memory_mb") is not None}
    if not known:
        return Finding("open", "No run recorded its memory yet.", command='result.metadata["peak_memory_mb"]')
    figures = [
        f"{n}: {run.metadata['peak_memory_mb']:,.0f} MB, {run.duration_seconds:.3g} s" for n, run in known.items()
    ]
    names = listed([f"`{n}`" for n in known])
    said = f"{names}: peak memory and wall time are recorded; `{list(known)[-1]}.containers` has each container's."
    return Finding("done", said, listed(figures))
