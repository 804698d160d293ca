"""A built strategy: one set of parameters, ready to be evaluated; the protocol, and the one that is made of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

from adm_notebook.components.bars import BarsLike, FeatureOf, over_valid_bars
from adm_notebook.components.decision import Decision
from adm_notebook.components.explain import why_no_entry
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.kind import Kind
from adm_notebook.components.regimes import Regimes
from adm_notebook.components.rules import Direction, Rules, columns_of, decide, decide_by_bar, indicators_of
from adm_notebook.errors import ConfigError

__all__ = ["InvalidParameters", "RuleStrategy", "Strategy", "StrategyType", "label_of"]


class InvalidParameters(ConfigError):
    """A strategy's own check refuses a combination that is well-formed otherwise (fast >= slow): a row `invalid`."""


class Strategy(Protocol):
    """One strategy with its parameters.

    name        its type: `ma_crossover`
    parameters  all of them, defaults filled in
    direction   which sides it may trade
    indicators  distinct ones, so that a coordinator can compute each once
    lookback    the longest TA-Lib lookback among them; a user's function is measured when it runs (`Decision.lookback`)
    columns     price columns that it is known to read
    label       the main parameters as a title has them: `50/200`
    regimes     labels that it names, in order; () where it pays no heed to regimes
    members     of an ensemble: the strategies that vote; () of any other
    """

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def direction(self) -> Direction: ...
    @property
    def indicators(self) -> tuple[Indicator, ...]: ...
    @property
    def lookback(self) -> int: ...
    @property
    def columns(self) -> frozenset[str]: ...
    @property
    def label(self) -> str: ...
    @property
    def regimes(self) -> tuple[str, ...]: ...
    @property
    def members(self) -> tuple[Strategy, ...]: ...

    def evaluate(self, bars: BarsLike, feature: FeatureOf, regimes: Regimes | None = None) -> Decision:
        """What it wants on every bar, in whole arrays; without `regimes` every bar is in the one regime `all`."""
        ...

    def evaluate_by_bar(
        self,
        bars: BarsLike,
        feature: FeatureOf,
        check: Callable[[], None] | None = None,
        regimes: Regimes | None = None,
    ) -> Decision:
        """The same, bar by bar in plain Python; `check` is called every 4,096 bars and may raise to stop."""
        ...

    def explain_no_entry(self, bars: BarsLike, feature: FeatureOf | None = None) -> str | None:
        """A sentence on why there was never an entry, or None where there is nothing to tell."""
        ...


class StrategyType(Kind[Strategy], Protocol):
    """A kind of strategy, in the registry."""


@dataclass(frozen=True, eq=False)
class RuleStrategy:
    """A strategy made of rules: each built-in, and `rule`."""

    name: str
    parameters: Mapping[str, Any]
    direction: Direction
    rules: Rules
    label: str

    regimes: ClassVar[tuple[str, ...]] = ()
    members: ClassVar[tuple[Strategy, ...]] = ()

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """Distinct ones, in reading order."""
        return indicators_of(self.rules)

    @property
    def columns(self) -> frozenset[str]:
        """Price columns that its rules and their indicators read."""
        return columns_of(self.rules)

    @property
    def lookback(self) -> int:
        """The longest TA-Lib lookback among its indicators; price offsets such as close[1] don't count."""
        return max((indicator.lookback for indicator in self.indicators), default=0)

    def evaluate(self, bars: BarsLike, feature: FeatureOf, regimes: Regimes | None = None) -> Decision:
        """What it wants on every bar, in whole arrays; its rules pay no heed to regimes."""
        return over_valid_bars(bars, feature, lambda b, f: decide(self.rules, self.direction, b, f))

    def evaluate_by_bar(
        self,
        bars: BarsLike,
        feature: FeatureOf,
        check: Callable[[], None] | None = None,
        regimes: Regimes | None = None,
    ) -> Decision:
        """The same, bar by bar in plain Python; `check` is called every 4,096 bars and may raise to stop."""
        return over_valid_bars(bars, feature, lambda b, f: decide_by_bar(self.rules, self.direction, b, f, check))

    def explain_no_entry(self, bars: BarsLike, feature: FeatureOf | None = None) -> str | None:
        """Why there was never an entry: `rsi(14) never fell below entry = 5; its lowest value was 13.6, on ...`."""
        return why_no_entry(self.rules, self.direction, bars, feature or (lambda indicator: indicator.compute(bars)))

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.name}({given})"


def label_of(values: Any) -> str:
    """Parameters as a title has them: `50/200`, `20/2`."""
    return "/".join(f"{v:.10g}" if isinstance(v, (int, float)) and not isinstance(v, bool) else str(v) for v in values)
