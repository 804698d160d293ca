"""The built-in containers: each takes from the plan what the config says for its role, and leaves the numbers to the
stages."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, ClassVar

from adm_notebook.components import (
    Decision,
    Indicator,
    InvalidParameters,
    Regimes,
    Strategy,
)
from adm_notebook.components.ensembles import voting
from adm_notebook.components.regimes import NO_REGIME, ONE_REGIME
from adm_notebook.components.risk import overlay
from adm_notebook.config.settings import Settings
from adm_notebook.containers.protocol import Place
from adm_notebook.containers.stages import Stages
from adm_notebook.containers.values import Features, Fills, Orders, RiskSettings, Targets
from adm_notebook.engine.exposure import Exposure
from adm_notebook.errors import ConfigError, Problem, did_you_mean
from adm_notebook.market import Bars
from adm_notebook.market.arrays import F64
from adm_notebook.patterns import ROLES
from adm_notebook.planning import Plan
from adm_notebook.planning.planned import Pick
from adm_notebook.planning.resolved import overridden_sweeps

__all__ = ["BUILT_IN", "BuiltInWork", "FeatureSource"]

FeatureSource = Callable[[Bars, Indicator], tuple[F64, ...]]
"""Hands over an indicator over some bars: from what a run shares, or computed again."""


class BuiltInWork:
    """What the built-in containers have in common."""

    role: ClassVar[str]
    shares: ClassVar[bool] = True

    def __init__(self, plan: Plan, stages: Stages, features: FeatureSource) -> None:
        self.plan, self.stages, self.features = plan, stages, features
        declared = ROLES[self.role]
        self.consumes, self.may_consume, self.produces = declared.consumes, declared.may_consume, declared.produces

    def reads(self, place: Place) -> tuple[str, ...]:
        """All that it declares, unless it says otherwise."""
        return (*self.consumes, *self.may_consume)

    def key(self, place: Place) -> Hashable:
        """Work that is the same wherever its inputs are, unless it says otherwise."""
        return None

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The products, by kind."""
        raise NotImplementedError(f"{type(self).__name__} does no work")

    def initialise(self) -> None:
        """Nothing to prepare."""

    def finish(self) -> None:
        """Nothing that waits for the run to have come to its end."""

    def dispose(self) -> None:
        """Nothing to give back."""


class Data(BuiltInWork):
    """The bars of the sleeve's symbol, as planning loaded and checked them."""

    role = "data"

    def key(self, place: Place) -> Hashable:
        """The symbol."""
        return place.sleeve.symbol

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The bars."""
        return {"bars": place.bars}


class Indicators(BuiltInWork):
    """Indicators over the bars, each computed when it is first asked for."""

    role = "indicator"

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Where indicators come from."""
        bars: Bars = given["bars"]
        return {"features": Features(lambda indicator: self.features(bars, indicator))}


class Classify(BuiltInWork):
    """The regimes of the row's classifier; without one, every bar is in the one regime `all`."""

    role = "classifier"

    def key(self, place: Place) -> Hashable:
        """Which combination of which classifier."""
        return place.row.classifier

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Regimes, or None for the one regime."""
        pick = place.row.classifier
        if pick is None:
            return {"regimes": None}
        classifier = self.plan.classifiers[pick.entry].build(pick.combination)
        return {"regimes": self.stages.classify(classifier, given["bars"], _feature(given, self.features))}


class Risk(BuiltInWork):
    """Size, stops and limits of the row: those of its risk profile over those of `backtest_config`."""

    role = "risk"

    def reads(self, place: Place) -> tuple[str, ...]:
        """Regimes are for a user's own container."""
        return "bars", "features"

    def key(self, place: Place) -> Hashable:
        """Which combination of which profile, over which settings."""
        return place.row.risk, place.row.setting

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The settings, and what they ask of the bars."""
        settings = profile_settings(self.plan, place, given["bars"])
        exposure = self.stages.exposure(settings, given["bars"], _feature(given, self.features))
        return {"settings": RiskSettings(settings, exposure)}


class Strategies(BuiltInWork):
    """What the sleeve's strategy wants; of an ensemble, what each of its members wants."""

    role = "strategy"

    def __init__(self, plan: Plan, stages: Stages, features: FeatureSource) -> None:
        super().__init__(plan, stages, features)
        self._heeds = [_heeds_regimes(planned) for planned in plan.strategies]
        self._own_labels = any(node.container is not None for _, node in plan.tree.of_role("classifier"))
        self._seen: dict[tuple[str, str, str], set[str]] = {}

    @property
    def notes(self) -> list[str]:
        """Regimes that strategies name, and that a classifier of the user's own gave nowhere in this run."""
        return [
            f"{strategy} names the regime {label}, which {classifier} never gave; "
            f"it gave {', '.join(sorted(seen)) or 'none'}." + did_you_mean(label, sorted(seen))
            for (strategy, label, classifier), seen in sorted(self._seen.items())
            if label not in seen
        ]

    def reads(self, place: Place) -> tuple[str, ...]:
        """Regimes only where the strategy names some, so that others are computed once for all classifiers."""
        return ("bars", "features", "regimes") if self._heeds[place.sleeve.strategy] else ("bars", "features")

    def key(self, place: Place) -> Hashable:
        """Which combination of which strategy."""
        return place.sleeve.strategy, place.sleeve.combination

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The targets.

        Raises
        ------
        InvalidParameters
            where the strategy refuses its parameters, or names a regime that the classifier can't give.
        """
        planned = self.plan.strategies[place.sleeve.strategy]
        strategy = planned.build(place.sleeve.combination)
        bars, feature, regimes = given["bars"], _feature(given, self.features), given.get("regimes")
        self._check_labels(strategy, place, planned.path)
        if regimes is not None:
            self._note_labels(planned.label, strategy.regimes, place, regimes)
        decisions = tuple(self.stages.decide(s, bars, feature, regimes) for s in strategy.members or (strategy,))
        return {"targets": Targets(decisions, strategy)}

    def _check_labels(self, strategy: Strategy, place: Place, path: str) -> None:
        if self._own_labels:
            return  # a user's container labels the bars: which labels it has is known once it has run
        known = classifier_labels(self.plan, place.row.classifier)
        odd = [label for label in strategy.regimes if label not in known] if known else []
        if odd:
            gives = ", ".join(label for label in known if label != NO_REGIME)
            guess = did_you_mean(odd[0], known)
            message = f"{strategy.name} names the regime {odd[0]}, but this classifier gives {gives}"
            message += f".{guess}" if guess else ""
            raise InvalidParameters(Problem(path, message))

    def _note_labels(self, strategy: str, named: tuple[str, ...], place: Place, regimes: Regimes) -> None:
        """Keep in mind what was named and what was given, where the labels were not known beforehand."""
        pick = None if self._own_labels else place.row.classifier
        if pick is not None and classifier_labels(self.plan, pick):
            return
        classifier = "its classifier" if pick is None else self.plan.classifiers[pick.entry].label
        for label in named:
            if label != NO_REGIME:
                self._seen.setdefault((strategy, label, classifier), set()).update(regimes.labels)


class Vote(BuiltInWork):
    """An ensemble's vote on what its members want; targets of any other strategy are handed on."""

    role = "ensemble"

    def reads(self, place: Place) -> tuple[str, ...]:
        """Regimes belong to the vote."""
        return "targets", "regimes"

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """One decision."""
        targets: Targets = given["targets"]
        if len(targets.decisions) == 1 and (
            targets.strategy is None or not targets.strategy.members or targets.members
        ):
            return {"targets": targets}
        ensemble = voting(targets.strategy)
        vote = self.stages.vote(ensemble, targets.decisions, given.get("regimes"))
        return {"targets": Targets((vote,), ensemble, targets.decisions)}


class Portfolio(BuiltInWork):
    """Orders that lead to the positions wanted, from the first bar that may decide."""

    role = "portfolio"
    shares = False

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Flags with sizes and stops."""
        decision: Decision = given["targets"].decision
        bars: Bars = given.get("bars", place.bars)
        risk: RiskSettings | None = given.get("settings")
        if risk is None:  # no container for risk above: the settings of backtest_config
            settings = place.row.settings
            exposure = self.stages.exposure(settings, bars, lambda indicator: self.features(bars, indicator))
            risk = RiskSettings(settings, exposure)
        warmup = first_bar(risk.settings, decision.lookback, risk.exposure, given.get("regimes"))
        signals = self.stages.orders(decision, risk.exposure, warmup)
        return {"orders": Orders(signals, warmup, risk.settings)}


class Execution(BuiltInWork):
    """Fills the orders of one account with its share of the capital."""

    role = "execution"
    shares = False

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The account."""
        orders: Orders = given["orders"]
        settings, weight = orders.settings, place.sleeve.weight
        if weight != 1.0:
            settings = settings.model_copy(update={"initial_capital": settings.initial_capital * weight})
        account = self.stages.simulate(given["bars"], orders, settings)
        return {"fills": Fills(account, settings, given["bars"])}


class Analysis(BuiltInWork):
    """Hands the metrics of the account on: what `WorkflowResult.stats` says of it."""

    role = "analysis"
    shares = False

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The metrics by name."""
        fills: Fills = given["fills"]
        return {"report": self.stages.metrics(fills.account, [fills.bars], fills.settings)}


BUILT_IN: Mapping[str, type[BuiltInWork]] = {
    kind.role: kind for kind in (Data, Indicators, Classify, Risk, Strategies, Vote, Portfolio, Execution, Analysis)
}
"""By role; those that keep signals and read them are in `containers/signals.py`."""


def first_bar(settings: Settings, lookback: int, exposure: Exposure, regimes: Regimes | None) -> int:
    """The first bar that may decide: as set, or 1 + the longest lookback of strategy, classifier and risk profile."""
    if isinstance(settings.warmup, int):
        return settings.warmup
    return 1 + max(lookback, exposure.lookback, 0 if regimes is None else regimes.lookback)


def profile_settings(plan: Plan, place: Place, bars: Bars) -> Settings:
    """The row's settings, with what its risk profile gives for these bars laid over them."""
    pick = place.row.risk
    if pick is None:
        return place.row.settings
    planned = plan.risk_profiles[pick.entry]
    profile = planned.build(pick.combination)
    if profile.fixed:
        return place.row.settings
    own = profile.settings(bars)
    if problems := overridden_sweeps(own, plan.setting_axes, planned.label):
        raise ConfigError(problems)
    values, _ = overlay(plan.given[place.row.setting], own, planned.path)
    return Settings.resolve(values, planned.path)


def classifier_labels(plan: Plan, pick: Pick | None) -> tuple[str, ...]:
    """The labels that a row's bars may have; () where only running its classifier tells."""
    if pick is None:
        return ONE_REGIME, NO_REGIME
    labels = plan.classifiers[pick.entry].build(pick.combination).labels
    return (*labels, NO_REGIME) if labels else ()


def _heeds_regimes(planned: Any) -> bool:
    """Whether any combination of a strategy names regimes: they all do, or none does."""
    for combination in range(planned.n_combinations):
        try:
            return bool(planned.build(combination).regimes)
        except InvalidParameters:
            continue
    return False


def _feature(given: Mapping[str, Any], source: FeatureSource) -> Callable[[Indicator], tuple[F64, ...]]:
    """Where indicators come from: the container for them, or, in a pattern without one, computed on the spot."""
    features: Features | None = given.get("features")
    bars: Bars = given["bars"]
    return features.of if features is not None else lambda indicator: indicator.compute(bars)
