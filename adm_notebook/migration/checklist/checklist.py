"""The guide's checklist, four phases of four items, each checked by looking at what a notebook really does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adm_notebook.migration.checklist import features, setup
from adm_notebook.migration.checklist.proofs import Proofs
from adm_notebook.migration.checklist.session import Session
from adm_notebook.migration.sources.finding import Finding

__all__ = ["PHASES", "Checked", "Checklist", "Item", "check"]

Check = Callable[[Session, Proofs], Finding]


@dataclass(frozen=True, slots=True)
class Item:
    """One item.

    name     what it is kept under
    words    as the guide has it; code stands between backticks
    lasting  whether it stays done once it was, though this session has no evidence of it: runs come and go, code stays
    """

    name: str
    words: str
    check: Check
    lasting: bool = True


PHASES: Mapping[str, Sequence[Item]] = {
    "Setup": (
        Item("imports", "Update imports to use `EnhancedCoordinator`", setup.imports, lasting=False),
        Item("containers", "Enable composable containers", setup.composable, lasting=False),
        Item("auto", "Test existing workflows in auto mode", setup.auto_mode),
        Item("results", "Verify that results match the traditional coordinator", setup.same_results),
    ),
    "Simple migration": (
        Item("simple", "Migrate simple backtests to the `simple_backtest` pattern", setup.simple_backtests),
        Item("full", "Migrate complex backtests to the `full_backtest` pattern", setup.complex_backtests),
        Item("patterns", "Add container patterns to workflow configs", setup.patterns_named, lasting=False),
        Item("performance", "Test performance improvements", setup.performance),
    ),
    "Advanced features": (
        Item("signals", "Implement signal generation workflows", features.signals_kept),
        Item("replay", "Use signal replay for optimization", features.signals_replayed),
        Item("own_patterns", "Create custom container patterns", features.own_patterns),
        Item("parallel", "Leverage parallel execution for large optimizations", features.parallel),
    ),
    "Optimization": (
        Item("limits", "Tune container resource limits", features.limits),
        Item("indicators", "Optimize indicator computation", features.indicators),
        Item("streaming", "Implement streaming results", features.streaming),
        Item("memory", "Monitor memory usage and performance", features.memory),
    ),
}
"""Phase -> its items, in the guide's order and words."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An item and what was found; `earlier` is the day on which an earlier session had done it, else empty."""

    item: Item
    finding: Finding
    earlier: str = ""

    @property
    def state(self) -> str:
        return self.finding.state


@dataclass(frozen=True)
class Checklist:
    """All items as they are now; `trouble` are sentences about the file that progress is kept in."""

    phases: Mapping[str, Sequence[Checked]]
    notebook: str = ""
    trouble: Sequence[str] = ()

    def count(self, state: str) -> int:
        """How many items are in this state."""
        return sum(c.state == state for items in self.phases.values() for c in items)

    @property
    def total(self) -> int:
        return sum(map(len, self.phases.values()))

    @property
    def done(self) -> dict[str, str]:
        """Item -> its evidence, of those that are done."""
        return {c.item.name: c.finding.words for items in self.phases.values() for c in items if c.state == "done"}


def check(
    session: Session, proofs: Proofs, kept: Mapping[str, Mapping[str, str]], trouble: Sequence[str] = ()
) -> Checklist:
    """Check every item; what an earlier session had done stays done, unless this one shows otherwise.

    Parameters
    ----------
    kept
        item -> `evidence`, and the day it is from: `on`.
    """
    phases = {
        phase: [_merged(item, item.check(session, proofs), kept.get(item.name)) for item in items]
        for phase, items in PHASES.items()
    }
    return Checklist(phases, session.notebook.name if session.notebook is not None else "", tuple(trouble))


def _merged(item: Item, found: Finding, before: Mapping[str, str] | None) -> Checked:
    if before is None or not item.lasting or found.state in ("done", "failed"):
        return Checked(item, found)
    return Checked(item, Finding("done", before["evidence"]), before["on"])
