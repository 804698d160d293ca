"""Which mode a workflow runs in, and why: by name, or by estimated cost."""

from __future__ import annotations

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["MODES", "choose_mode", "estimate"]

MODES = ("traditional", "composable", "auto")
"""What `execution_mode` may be for a workflow without phases; `hybrid` runs one with phases."""

_TRADITIONAL_NS = 3_000.0
_COMPOSABLE_NS = 30.0
_COMPOSABLE_START_NS = 2e6
"""Orders of magnitude, nanoseconds a bar and combination, measured by `benchmarks/single.py`: plain Python walks a few
hundred thousand bars a second, the compiled engine tens of millions. Only their ratio matters for the choice."""


def estimate(mode: str, n_rows: int, n_bars: int, workers: int) -> float:
    """About how many seconds a run takes, within a factor of a few."""
    if mode == "traditional":
        return n_rows * n_bars * _TRADITIONAL_NS * 1e-9
    return (n_rows * n_bars * _COMPOSABLE_NS / max(1, min(workers, n_rows)) + _COMPOSABLE_START_NS) * 1e-9


def choose_mode(asked: str, enabled: bool, n_rows: int, n_bars: int, workers: int) -> tuple[str, str]:
    """The mode, and the reason in a sentence.

    Parameters
    ----------
    asked
        one of MODES.
    enabled
        whether the coordinator has composable containers switched on.
    n_rows, n_bars
        combinations, and bars of each.

    Raises
    ------
    ConfigError
        for an unknown mode, and composable without containers.
    """
    if asked not in MODES:
        known = (*MODES, "hybrid")
        message = f"must be one of {', '.join(known)}, but was {shown(asked)}.{did_you_mean(asked, known)}"
        raise ConfigError(Problem("execution_mode", message.removesuffix(".")))
    if asked == "composable" and not enabled:
        message = "composable needs containers switched on: EnhancedCoordinator(enable_composable_containers=True)"
        raise ConfigError(Problem("execution_mode", message))
    if asked != "auto":
        return asked, f"{asked.capitalize()}, as asked for."
    work = f"{n_rows:,} combination{'' if n_rows == 1 else 's'} of {n_bars:,} bars"
    if not enabled:
        return "traditional", f"Traditional, because this coordinator has composable containers switched off ({work})."
    take, done = ("takes", "is done") if n_rows == 1 else ("take", "are done")
    old, new = (estimate(mode, n_rows, n_bars, workers) for mode in ("traditional", "composable"))
    if old <= new:
        return (
            "traditional",
            f"Traditional, because {work} {done} before the compiled engine has started.",
        )
    return (
        "composable",
        f"Composable, because {work} {take} about {_seconds(new)} compiled and {_seconds(old)} bar by bar.",
    )


def _seconds(seconds: float) -> str:
    """A duration in one significant digit: it is an estimate."""
    if seconds < 0.0095:
        return f"{max(1, round(seconds * 1e3))} ms"
    if seconds < 0.95:
        return f"{round(seconds * 1e3, -1 if seconds < 0.095 else -2):.0f} ms"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.0f} h"
