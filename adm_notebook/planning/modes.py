"""Which mode a workflow runs in, and why: by name, or by estimated cost."""

from __future__ import annotations

from dataclasses import dataclass

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["MODES", "Work", "choose_mode", "estimate"]

MODES = ("traditional", "composable", "auto")
"""What `execution_mode` may be for a workflow without phases; `hybrid` runs one with phases."""


@dataclass(frozen=True, slots=True)
class Work:
    """How much a workflow has to do.

    n_rows      combinations
    n_bars      bars of each, of the longest symbol
    per_row     indicator columns that a combination reads
    distinct    different indicator columns over all combinations
    regimes     classifiers, each of them over each symbol
    """

    n_rows: int
    n_bars: int
    per_row: int = 2
    distinct: int = 2
    regimes: int = 0

    @property
    def text(self) -> str:
        """`1,800 combinations of 5,031 bars with 400 indicators`."""
        rows = f"{self.n_rows:,} combination{'' if self.n_rows == 1 else 's'} of {self.n_bars:,} bars"
        if self.distinct < 3:
            return rows
        return f"{rows} with {self.distinct:,} different indicator columns"


_BAR_PLAIN_NS = 2_500.0
_COLUMN_PLAIN_NS = 350.0
_REGIME_PLAIN_NS = 4_000.0
_BAR_NS = 35.0
_COLUMN_NS = 5.0
_REGIME_NS = 60.0
_ROW_NS = 250_000.0
_START_NS = 2e6
"""Orders of magnitude, nanoseconds: of a bar of one combination, an indicator column, a classifier; of a combination,
and of a run. Measured by `benchmarks/single.py` and `benchmarks/full_backtest.py`: plain Python walks a few hundred
thousand bars a second, the compiled engine tens of millions. Only their ratio matters for the choice."""


def estimate(mode: str, work: Work, workers: int) -> float:
    """About how many seconds a run takes, within a factor of a few."""
    bars = work.n_rows * work.n_bars
    if mode == "traditional":
        regimes = _REGIME_PLAIN_NS if work.regimes else 0.0
        return bars * (_BAR_PLAIN_NS + work.per_row * _COLUMN_PLAIN_NS + regimes) * 1e-9
    shared = work.n_bars * (work.distinct * _COLUMN_NS + work.regimes * _REGIME_NS)
    each = bars * _BAR_NS + work.n_rows * _ROW_NS
    return (shared + each / max(1, min(workers, work.n_rows)) + _START_NS) * 1e-9


def choose_mode(asked: str, enabled: bool, work: Work, workers: int) -> tuple[str, str]:
    """The mode, and the reason in a sentence.

    Parameters
    ----------
    asked
        one of MODES.
    enabled
        whether the coordinator has composable containers switched on.
    work
        how much there is to do.
    workers
        threads that the composable mode may use.

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
    if not enabled:
        return (
            "traditional",
            f"Traditional, because this coordinator has composable containers switched off ({work.text}).",
        )
    take, done = ("takes", "is done") if work.n_rows == 1 else ("take", "are done")
    old, new = (estimate(mode, work, workers) for mode in ("traditional", "composable"))
    if old <= new:
        return (
            "traditional",
            f"Traditional, because {work.text} {done} before the compiled engine has started.",
        )
    return (
        "composable",
        f"Composable, because {work.text} {take} about {_seconds(new)} compiled and {_seconds(old)} bar by bar.",
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
