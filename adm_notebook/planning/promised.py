"""Signals that an earlier phase of the same workflow is going to keep: what is known of them before they are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from adm_notebook.market import Bars

if TYPE_CHECKING:
    from adm_notebook.planning.plan import Plan
    from adm_notebook.signals.manifest import ManifestDraft

__all__ = ["PromisedStore"]


@dataclass(frozen=True, eq=False)
class PromisedStore:
    """Stands for a store in the plan of a replay; the replay is planned again when the store is there.

    phase  that keeps the signals
    plan   of that phase
    """

    phase: str
    plan: Plan

    warnings: ClassVar[tuple[str, ...]] = ()

    @cached_property
    def manifest(self) -> ManifestDraft:
        """What its manifest is going to say of the workflow and the bars."""
        from adm_notebook.signals.manifest import ManifestDraft

        return ManifestDraft.of(self.plan.config, self.plan.workflow_id, self.plan.market)

    def check(self, bars_by_symbol: Mapping[str, Bars]) -> None:
        """Compare bars with those that the signals are made from.

        Raises
        ------
        DataError
            for a symbol without signals, and for other bars: saying what is different.
        """
        from adm_notebook.signals.manifest import SymbolFacts
        from adm_notebook.signals.store import check_bars

        facts = {symbol: SymbolFacts.of(bars) for symbol, bars in self.plan.market.items()}
        check_bars(facts, bars_by_symbol, f"the phase {self.phase}", "Give both phases the same data_config.")

    def votes(self, strategy: str) -> bool:
        """Whether an ensemble's members are going to be kept: not where a container of the user's stands behind it."""
        own = ("ensemble", "strategy")
        return not any(node.container is not None for role in own for _, node in self.plan.tree.of_role(role))
