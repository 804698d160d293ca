"""Containers that keep signals in a store, and that read them from one."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from adm_notebook.components import Decision, InvalidParameters, Regimes, Strategy
from adm_notebook.components.ensembles import EnsembleStrategy, EnsembleType
from adm_notebook.containers.built_in import BuiltInWork, FeatureSource
from adm_notebook.containers.protocol import Place
from adm_notebook.containers.stages import Stages
from adm_notebook.containers.values import Kept, Targets
from adm_notebook.errors import Problem
from adm_notebook.planning import Plan
from adm_notebook.signals import ManifestDraft, SignalWriter
from adm_notebook.signals.sparse import rows_of
from adm_notebook.signals.spool import parameters_json

if TYPE_CHECKING:
    from adm_notebook.planning.planned import Pick, Planned

__all__ = ["SignalLog", "StoredSignals"]


class SignalLog(BuiltInWork):
    """Keeps what each strategy yielded, and the regimes, where the config names a folder for them."""

    role = "signal_log"
    shares = False

    def __init__(self, plan: Plan, stages: Stages, features: FeatureSource, path: str | None) -> None:
        super().__init__(plan, stages, features)
        self._path = path
        self._writer: SignalWriter | None = None
        self._counts: dict[Hashable, int] = {}
        votes = [planned.kind for planned in plan.strategies if isinstance(planned.kind, EnsembleType)]
        self._most_members = max((len(kind.members) for kind in votes), default=0)
        self._lock = threading.Lock()

    def reads(self, place: Place) -> tuple[str, ...]:
        """Regimes are kept beside the targets."""
        return "targets", "regimes"

    def initialise(self) -> None:
        """Begin a store beside the one that may be there, which stays until this one is complete."""
        if self._path is not None:
            draft = ManifestDraft.of(self.plan.config, self.plan.workflow_id, self.plan.market)
            self._writer = SignalWriter(self._path, draft)

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The signals; written down unless the same were before."""
        targets: Targets = given["targets"]
        if self._writer is None:
            return {"signals": Kept(targets, 0)}
        return {"signals": Kept(targets, self._keep(self._writer, place, targets, given.get("regimes")))}

    def finish(self) -> None:
        """The store is complete, and takes its place; one in which there is nothing takes nobody's."""
        if self._writer is not None and self._counts:
            self._writer.commit()

    def dispose(self) -> None:
        """A store that is not complete is gone."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.discard()

    def _keep(self, writer: SignalWriter, place: Place, targets: Targets, regimes: Regimes | None) -> int:
        """Write what this sleeve's strategy yielded; how many signals that is."""
        symbol, pick = place.sleeve.symbol, place.row.classifier
        planned = self.plan.strategies[place.sleeve.strategy]
        heeds = targets.strategy is None or bool(targets.strategy.regimes)
        key = (symbol, place.sleeve.strategy, place.sleeve.combination, pick if heeds else None)
        with self._lock:
            classifier = None
            if pick is not None and regimes is not None:
                classifier = self._classifier(writer, symbol, pick, regimes)
            known = self._counts.get(key)
            if known is None:
                about: dict[str, Any] = {
                    "parameters": planned.parameters(place.sleeve.combination),
                    "kind": planned.type,
                    "identity": planned.kind.identity,
                    "classifier": classifier if heeds else None,
                }
                shown = regimes if heeds or len(self.plan.classifier_stack) == 1 else None
                numbers = self._numbers(place, heeds)
                known = self._counts[key] = _written(writer, symbol, planned, targets, about, shown, numbers)
        return known

    def _numbers(self, place: Place, heeds: bool) -> Sequence[int | None]:
        """Numbers of what this sleeve's strategy yielded, and of each member: the same whichever thread comes first.

        Where nothing but signals is made, the first is the number of its row, or of the first row that shares it.
        """
        plan, sleeve, pick = self.plan, place.sleeve, place.row.classifier
        regimes = 0 if pick is None or not heeds else plan.classifier_stack.number(pick.entry, pick.combination)
        strategies, classifiers = len(plan.strategy_stack), max(1, len(plan.classifier_stack))
        number = (plan.symbols.index(sleeve.symbol) * classifiers + regimes) * strategies
        number += plan.strategy_stack.number(sleeve.strategy, sleeve.combination)
        whole, most = len(plan.symbols) * classifiers * strategies, self._most_members
        if whole * (1 + most) >= 2**31:  # drawn from a product too large to be numbered
            return (None,) * (1 + most)
        return (number, *(whole + number * most + i for i in range(most)))

    def _classifier(self, writer: SignalWriter, symbol: str, pick: Pick, regimes: Regimes) -> int:
        planned = self.plan.classifiers[pick.entry]
        return writer.add_regimes(
            symbol,
            planned.label,
            regimes,
            parameters=planned.parameters(pick.combination),
            kind=planned.type,
            identity=planned.kind.identity,
        )


def _written(
    writer: SignalWriter,
    symbol: str,
    planned: Planned[Strategy],
    targets: Targets,
    about: Mapping[str, Any],
    regimes: Regimes | None,
    numbers: Sequence[int | None],
) -> int:
    """Write one combination, of an ensemble what each member yielded; how many signals that is.

    numbers  of the combination, and of each member
    """
    number, *others = numbers
    if not targets.members:
        writer.add(symbol, planned.label, targets.decision, regimes=regimes, combination=number, **about)
        return _count(targets.decision)
    ensemble = targets.strategy
    assert isinstance(ensemble, EnsembleStrategy)  # nothing else has members
    members = [
        writer.add(symbol, planned.label, decision, member=name, regimes=regimes, combination=other, **about)
        for name, decision, other in zip(ensemble.names, targets.members, others, strict=False)
    ]
    writer.add_ensemble(symbol, planned.label, members, lookback=targets.decision.lookback, combination=number, **about)
    return sum(map(_count, targets.members))


def _count(decision: Decision) -> int:
    """Rows that a decision takes in a store."""
    array = decision.target if decision.flags is None else decision.flags.long_entry
    assert array is not None  # a decision has a target or flags
    return len(rows_of(decision, len(array)).bar)


class StoredSignals(BuiltInWork):
    """What strategies yielded in an earlier run, and the regimes of then; nothing of it is computed again."""

    role = "strategy"
    shares = True

    def __init__(self, plan: Plan, stages: Stages, features: FeatureSource) -> None:
        super().__init__(plan, stages, features)
        self.consumes, self.may_consume, self.produces = ("bars",), (), ("targets", "regimes")
        assert plan.store is not None  # planning opened it
        self._store = plan.store
        rows: Any = plan.store.combinations.itertuples()
        self._known = {
            (row.symbol, row.strategy, row.parameters, _number(row.classifier_id)): int(row.combination)
            for row in rows
            if pd.isna(row.member)
        }

    def key(self, place: Place) -> Hashable:
        """Which combination of which strategy, under which classifier."""
        return place.sleeve.strategy, place.sleeve.combination, place.row.classifier

    def process(self, place: Place, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Targets and regimes.

        Raises
        ------
        InvalidParameters
            where the strategy had refused its parameters, so that the store has nothing of it.
        """
        planned, symbol = self.plan.strategies[place.sleeve.strategy], place.sleeve.symbol
        parameters = planned.parameters(place.sleeve.combination)
        classifier = self._classifier(place)
        what = (symbol, planned.label, parameters_json(parameters))
        number = self._known.get((*what, classifier), self._known.get((*what, None)))
        if number is None:
            message = f"the store has no signals of {planned.label} with {parameters}: it was refused, or failed"
            raise InvalidParameters(Problem(planned.path, message))
        regimes = None if classifier is None else self._store.regimes_of(classifier)
        members = self._store.members(number)
        if not members:
            return {"targets": Targets((self._store.decision(number),)), "regimes": regimes}
        decisions: tuple[Decision, ...] = tuple(map(self._store.decision, members))
        return {"targets": Targets(decisions, planned.build(place.sleeve.combination)), "regimes": regimes}

    def _classifier(self, place: Place) -> int | None:
        """The number in the store of the row's classifier."""
        pick = place.row.classifier
        if pick is None:
            return None
        planned = self.plan.classifiers[pick.entry]
        return self._store.classifier_id(place.sleeve.symbol, planned.label, planned.parameters(pick.combination))


def _number(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)
