"""Strategies that a pattern itself holds: a user's container in the place where the config's strategies would stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from adm_notebook.components import Decision, Indicator, ParameterInfo, Regimes, Strategy
from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.patterns import CONTAINERS, Node, Pattern
from adm_notebook.planning.layout import Layout
from adm_notebook.planning.planned import PlannedStrategy

__all__ = ["placed_strategies"]


@dataclass(frozen=True, eq=False)
class PlacedStrategy:
    """What a plan knows of a strategy that its container computes: its name and nothing of its inside."""

    name: str
    parameters: Mapping[str, Any]

    direction: ClassVar[Any] = "both"
    indicators: ClassVar[tuple[Indicator, ...]] = ()
    lookback: ClassVar[int] = 0
    columns: ClassVar[frozenset[str]] = frozenset()
    label: ClassVar[str] = ""
    regimes: ClassVar[tuple[str, ...]] = ()
    members: ClassVar[tuple[Strategy, ...]] = ()

    def evaluate(self, bars: BarsLike, feature: FeatureOf, regimes: Regimes | None = None) -> Decision:
        """Never asked: the container in the pattern does the work."""
        raise TypeError(f"{self.name} is computed by its container")

    def evaluate_by_bar(
        self,
        bars: BarsLike,
        feature: FeatureOf,
        check: Callable[[], None] | None = None,
        regimes: Regimes | None = None,
    ) -> Decision:
        """Never asked: the container in the pattern does the work."""
        raise TypeError(f"{self.name} is computed by its container")

    def explain_no_entry(self, bars: BarsLike, feature: FeatureOf | None = None) -> str | None:
        """None: what is in the container can't be told from outside."""
        return None


@dataclass(frozen=True, eq=False)
class PlacedType:
    """The kind of such a strategy; its parameters stand in the pattern."""

    node: Node

    source: ClassVar[str] = "yours"
    older_names: ClassVar[Mapping[str, str]] = {}
    parameters: ClassVar[Mapping[str, ParameterInfo]] = {}

    @property
    def name(self) -> str:
        """The container's name."""
        return self.node.container_name

    @property
    def sentence(self) -> str:
        """What the container says of itself."""
        return CONTAINERS.get(self.name).sentence

    @property
    def identity(self) -> str:
        """A digest of the container's code; its parameters are part of the pattern's digest."""
        return CONTAINERS.get(self.name).identity

    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Nothing is given here."""
        return dict(given)

    def build(self, given: Mapping[str, Any], path: str) -> PlacedStrategy:
        """What a plan knows of it."""
        return PlacedStrategy(self.node.name, dict(self.node.parameters))


def placed_strategies(pattern: Pattern) -> list[PlannedStrategy]:
    """The strategy that a pattern holds itself; [] where the config's strategies fill its place."""
    nodes = [node for _, node in pattern.of_role("strategy")]
    own = [node for node in nodes if node.container is not None]
    if not own or len(own) < len(nodes):
        return []
    label = "+".join(node.name for node in own)
    return [PlannedStrategy(label, PlacedType(own[-1]), {}, (), Layout(()), "parameters.pattern")]
