"""Containers that keep signals in a store, and that read them from one."""

from __future__ import annotations

import json
import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from adm_notebook.components import Decision, InvalidParameters, Regimes, Strategy
from adm_notebook.components.by_regime import RegimeLimitedType
from adm_notebook.components.ensembles import ensemble_of, voting
from adm_notebook.containers.built_in import BuiltInWork, FeatureSource
from adm_notebook.containers.protocol import Place
from adm_notebook.containers.stages import Stages
from adm_notebook.containers.values import Kept, Targets
from adm_notebook.errors import Problem
from adm_notebook.market.arrays import I64
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
        self._most_members = max(map(_members_of, plan.strategies))
        self._leaders = [_leaders(planned) for planned in plan.strategies]
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

        Where nothing but signals is made, the first is the number of its row, or of the first row that shares it;
        members are shared by all combinations that differ in how votes are counted alone.
        """
        plan, sleeve, pick = self.plan, place.sleeve, place.row.classifier
        regimes = 0 if pick is None or not heeds else plan.classifier_stack.number(pick.entry, pick.combination)
        strategies, classifiers = len(plan.strategy_stack), max(1, len(plan.classifier_stack))
        number = (plan.symbols.index(sleeve.symbol) * classifiers + regimes) * strategies
        leader = number + plan.strategy_stack.number(sleeve.strategy, self._leader(sleeve.strategy, sleeve.combination))
        number += plan.strategy_stack.number(sleeve.strategy, sleeve.combination)
        whole, most = len(plan.symbols) * classifiers * strategies, self._most_members
        if whole * (1 + most) >= 2**31:  # drawn from a product too large to be numbered
            return (None,) * (1 + most)
        return (number, *(whole + leader * most + i for i in range(most)))

    def _leader(self, strategy: int, combination: int) -> int:
        """The first combination whose members yield the same."""
        leaders = self._leaders[strategy]
        return combination if leaders is None else int(leaders[combination])

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
    of_members = {**about, "parameters": _without_vote(planned.kind, about["parameters"])}
    members = [
        writer.add(symbol, planned.label, decision, member=name, regimes=regimes, combination=other, **of_members)
        for name, decision, other in zip(voting(targets.strategy).names, targets.members, others, strict=False)
    ]
    writer.add_ensemble(symbol, planned.label, members, lookback=targets.decision.lookback, combination=number, **about)
    return sum(map(_count, targets.members))


def _without_vote(kind: object, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of an ensemble without those of its vote: what members yield depends on no others."""
    ensemble = ensemble_of(kind)
    vote = frozenset[str]() if ensemble is None else ensemble.of_the_vote
    return {name: value for name, value in parameters.items() if name not in vote}


def _members_of(planned: Planned[Any]) -> int:
    """How many members a strategy has at most, those of all its parameter sets for regimes counted."""
    ensemble = ensemble_of(planned.kind)
    if ensemble is None:
        return 0
    sets = len(planned.kind.overrides) if isinstance(planned.kind, RegimeLimitedType) else 1
    return len(ensemble.members) * sets


def _leaders(planned: Planned[Any]) -> I64 | None:
    """(n_combinations,) the first one that differs in its vote alone; None where each is its own."""
    ensemble = ensemble_of(planned.kind)
    if ensemble is None or not any(axis.name in ensemble.of_the_vote for axis in planned.axes):
        return None
    own = [k for k, axis in enumerate(planned.axes) if axis.name not in ensemble.of_the_vote]
    _, first, inverse = np.unique(planned.grid[:, own], axis=0, return_index=True, return_inverse=True)
    found: I64 = first[inverse.reshape(-1)]
    return found


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
        self._known: dict[Hashable, int] = {}
        self._last = _LastVote()
        kinds = {planned.label: planned.kind for planned in plan.strategies}
        rows: Any = plan.store.combinations.itertuples()
        for row in rows:
            if pd.isna(row.member):
                parameters = row.parameters
                if row.form == "ensemble":  # whose members are looked for, however it voted
                    parameters = parameters_json(_without_vote(kinds.get(row.strategy), json.loads(parameters)))
                what = row.form == "ensemble", row.symbol, row.strategy, parameters, _number(row.classifier_id)
                self._known.setdefault(what, int(row.combination))

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
        number = self._found(False, symbol, planned.label, parameters, classifier)
        if number is None and ensemble_of(planned.kind) is not None:
            number = self._found(True, symbol, planned.label, _without_vote(planned.kind, parameters), classifier)
        if number is None:
            message = f"the store has no signals of {planned.label} with {parameters}: it was refused, or failed"
            raise InvalidParameters(Problem(planned.path, message))
        regimes = None if classifier is None else self._store.regimes_of(classifier)
        members = self._store.members(number)
        if not members:
            return {"targets": Targets((self._store.decision(number),)), "regimes": regimes}
        if self._last.members != members:  # what differs in its vote alone follows one after the other
            self._last.decisions = tuple(map(self._store.decision, members))
            self._last.members = members
        return {"targets": Targets(self._last.decisions, planned.build(place.sleeve.combination)), "regimes": regimes}

    def _found(
        self, votes: bool, symbol: str, label: str, parameters: Mapping[str, Any], classifier: int | None
    ) -> int | None:
        """The number in the store of what was kept under a classifier, or under any."""
        what = votes, symbol, label, parameters_json(parameters)
        return self._known.get((*what, classifier), self._known.get((*what, None)))

    def _classifier(self, place: Place) -> int | None:
        """The number in the store of the row's classifier."""
        pick = place.row.classifier
        if pick is None:
            return None
        planned = self.plan.classifiers[pick.entry]
        return self._store.classifier_id(place.sleeve.symbol, planned.label, planned.parameters(pick.combination))


class _LastVote(threading.local):
    """Of one thread: the members whose decisions it read last, and these."""

    def __init__(self) -> None:
        self.members: tuple[int, ...] = ()
        self.decisions: tuple[Decision, ...] = ()


def _number(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)
