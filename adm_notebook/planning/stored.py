"""Replaying stored signals: strategies and classifiers as the store has them, in place of those of the config."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from adm_notebook.components import (
    CLASSIFIERS,
    STRATEGIES,
    Decision,
    Indicator,
    ParameterInfo,
    Regimes,
    Registry,
    Strategy,
    StrategyType,
)
from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.components.by_regime import RegimeLimitedType
from adm_notebook.components.ensembles import ensemble_type
from adm_notebook.components.strategy import label_of
from adm_notebook.config import WorkflowConfig
from adm_notebook.errors import ConfigError, Problem, RunError, shown
from adm_notebook.planning.choice import choose_pattern
from adm_notebook.planning.combinations import plan_entry, planned_entries, strategies_of
from adm_notebook.planning.constraints import parse_constraint
from adm_notebook.planning.entries import Entry, read_classifiers, read_strategies
from adm_notebook.planning.planned import PlannedClassifier, PlannedStrategy
from adm_notebook.planning.promised import PromisedStore
from adm_notebook.planning.sections import Reader, read_sections
from adm_notebook.planning.votes import PATH as ENSEMBLES
from adm_notebook.planning.votes import changed, read_changes

if TYPE_CHECKING:
    from adm_notebook.signals import SignalStore

__all__ = ["Stored", "open_store"]

PATH = "analysis_config.signals_path"


@dataclass(frozen=True, eq=False)
class Stored:
    """What a replay takes from a store: its strategies with their grids, and its classifiers."""

    store: SignalStore | PromisedStore
    strategies: tuple[PlannedStrategy, ...]
    classifiers: tuple[PlannedClassifier, ...]
    warnings: tuple[str, ...]


def open_store(reader: Reader, promised: PromisedStore | None = None) -> Stored | None:
    """The store that `analysis_config.signals_path` names; what is wrong with it is a problem of the reader's.

    Without `data_config` that of the store is used: the reader's config is given it.

    Parameters
    ----------
    promised
        what stands for the store, where an earlier phase of the same workflow is going to write it.
    """
    from adm_notebook.signals import SignalStore
    from adm_notebook.signals.manifest import MEMBERS_OF_ALL

    config = reader.config
    given = config.analysis_config.get("signals_path")
    if not isinstance(given, str) or not given.strip():
        said = (
            "is missing; name the folder of a signal store" if given is None else f"must be a path, not {shown(given)}"
        )
        reader.wrong(PATH, said)
        return None
    store: SignalStore | PromisedStore
    try:
        store = promised or SignalStore(given)
        made_by = WorkflowConfig.from_yaml(store.manifest.config + "\n")
    except (RunError, ConfigError) as error:
        reader.wrong(PATH, " ".join(str(error).split()))
        return None
    if not config.data_config:
        if store.manifest.frame_left_out:
            said = (
                "is missing: the store's bars were a DataFrame, which it does not hold; give them as "
                "data_config.frame, or `%adm replay NAME --data VARIABLE`"
            )
            reader.wrong("data_config", said)
            return None
        config.data_config = dict(store.manifest.data_config)
        reader.defaults.append("No data_config: that of the signal store is used.")
    elif isinstance(store, SignalStore) and _is_nameless(config.data_config) and len(store.manifest.symbols) == 1:
        config.data_config = {**config.data_config, "symbols": list(store.manifest.symbols)}
    inner = Reader(made_by)
    sections = read_sections(inner)
    constraints = [parse_constraint(text, path) for path, text in sections.constraints]
    entries = read_strategies(inner)
    keeps_members = store.manifest.format >= MEMBERS_OF_ALL

    def kind_of(entry: Entry) -> tuple[StrategyType, Mapping[str, Any]]:
        return _kind_of(entry, keeps_members)

    strategies, _ = strategies_of(entries, sections, constraints, inner.problems, kind_of)
    classifiers = _classifiers(read_classifiers(inner, choose_pattern(inner)), inner.problems)
    if inner.problems:
        said = "; ".join(f"{p.path} {p.message}" for p in inner.problems[:3])
        reader.wrong(PATH, f"holds signals of a workflow that can't be read any more: {said}")
        return None
    changes = read_changes(reader, replays=True)
    if changes:
        voting = changed(reader, entries, changes, _member)
        for at, label in voting.labels.items():
            _check_members_kept(reader, store, entries[at], label)
        if not reader.problems:
            wrong: list[Problem] = []
            strategies, _ = strategies_of(voting.entries, sections, constraints, wrong, kind_of)
            reader.problems += [_at_the_change(problem, voting.labels.values()) for problem in wrong]
    return Stored(store, tuple(strategies), tuple(classifiers), tuple(store.warnings))


def _is_nameless(data: Mapping[str, Any]) -> bool:
    """Whether bars are one DataFrame whose symbol is not said: it is that of a store that holds one."""
    frame = data.get("frame")
    return not isinstance(frame, Mapping) and hasattr(frame, "columns") and not data.get("symbols")


def _at_the_change(problem: Problem, labels: Iterable[str]) -> Problem:
    """A problem of a changed ensemble at what was changed: its members are not written in this config."""
    for label in labels:
        where = f"{ENSEMBLES}.{label}"
        if problem.path.startswith(f"{where}.members"):
            rest = problem.path.removeprefix(f"{where}.")
            return Problem(f"{where}.method", f"does not suit the members that were kept: {rest} {problem.message}")
    return problem


def _check_members_kept(reader: Reader, store: SignalStore | PromisedStore, entry: Entry, label: str) -> None:
    """Refuse another vote of an ensemble of which the store holds no more than what came of the first one."""
    from adm_notebook.signals.manifest import MEMBERS_OF_ALL

    if entry.regimes is not None and store.manifest.format < MEMBERS_OF_ALL:
        why = (
            f"a store of format {store.manifest.format} holds no more of it than its vote, as it is limited to regimes"
        )
    elif not store.votes(label):
        why = "a container of yours stood behind it, and the store holds what that gave, not what members yielded"
    else:
        return
    reader.wrong(f"{ENSEMBLES}.{label}", f"can't be changed: {why}. Generate the signals again")


def _kind_of(entry: Entry, keeps_members: bool) -> tuple[StrategyType, Mapping[str, Any]]:
    """What stands for a strategy; an ensemble votes again, on what its members yielded, if the store has that."""
    if entry.ensemble is not None:
        ensemble = ensemble_type(entry.ensemble, entry.path, _member)
        given = ensemble.canonical({**ensemble.given, **entry.parameters}, entry.parameter_path)
        if entry.regimes is None:
            return ensemble, given
        if keeps_members:
            return RegimeLimitedType(ensemble, entry.regimes, f"{entry.path}.regimes"), given
        return StoredKind("ensemble", ensemble), given
    kind = _stub(STRATEGIES, entry)
    return kind, kind.canonical(entry.parameters, entry.parameter_path)


def _member(name: object, path: str) -> StrategyType:
    """The strategy of an ensemble's member; a stub where this session does not know it, as it only has to vote."""
    known = STRATEGIES.find(name) if isinstance(name, str) else None
    return StoredKind(str(name).strip().lower()) if known is None else known


def _stub(registry: Registry[Any], entry: Entry) -> StoredKind:
    """A kind that builds nothing which computes; one that this session does not know is taken at its word."""
    known = registry.find(entry.type)
    return StoredKind(entry.type.strip().lower() if known is None else known.name, known)


def _classifiers(entries: Sequence[Entry], problems: list[Problem]) -> list[PlannedClassifier]:
    def plan(entry: Entry) -> PlannedClassifier:
        kind = _stub(CLASSIFIERS, entry)
        return plan_entry(entry, kind, kind.canonical(entry.parameters, entry.parameter_path))

    return planned_entries(entries, plan, problems)


@dataclass(frozen=True, eq=False)
class StoredKind:
    """A kind of strategy or classifier whose work is in the store."""

    name: str
    known: Any = None

    source: ClassVar[str] = "a signal store"
    sentence: ClassVar[str] = ""
    identity: ClassVar[str] = "stored"
    older_names: ClassVar[Mapping[str, str]] = {}

    @property
    def parameters(self) -> Mapping[str, ParameterInfo]:
        """Those of the kind, where this session knows it."""
        found: Mapping[str, ParameterInfo] = {} if self.known is None else self.known.parameters
        return found

    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The parameters by the names under which they were stored."""
        return dict(given) if self.known is None else dict(self.known.canonical(given, path))

    def build(self, given: Mapping[str, Any], path: str) -> StoredStrategy:
        """What a plan knows of one combination."""
        return StoredStrategy(self.name, dict(given))


@dataclass(frozen=True, eq=False)
class StoredStrategy:
    """A strategy or classifier whose work is in the store: its name and its parameters."""

    name: str
    parameters: Mapping[str, Any]

    direction: ClassVar[Any] = "both"
    indicators: ClassVar[tuple[Indicator, ...]] = ()
    lookback: ClassVar[int] = 0
    columns: ClassVar[frozenset[str]] = frozenset()
    regimes: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[tuple[str, ...]] = ()
    members: ClassVar[tuple[Strategy, ...]] = ()

    @property
    def label(self) -> str:
        """Its numbers, as a title has them."""
        numbers = [v for v in self.parameters.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
        return label_of(numbers)

    def evaluate(self, bars: BarsLike, feature: FeatureOf, regimes: Regimes | None = None) -> Decision:
        """Never asked: what it yielded is in the store."""
        raise TypeError(f"{self.name} is read from a signal store")

    def evaluate_by_bar(
        self,
        bars: BarsLike,
        feature: FeatureOf,
        check: Callable[[], None] | None = None,
        regimes: Regimes | None = None,
    ) -> Decision:
        """Never asked: what it yielded is in the store."""
        raise TypeError(f"{self.name} is read from a signal store")

    def classify(self, bars: BarsLike, feature: FeatureOf) -> Regimes:
        """Never asked: what it gave is in the store."""
        raise TypeError(f"{self.name} is read from a signal store")

    def classify_by_bar(self, bars: BarsLike, feature: FeatureOf, check: Callable[[], None] | None = None) -> Regimes:
        """Never asked: what it gave is in the store."""
        raise TypeError(f"{self.name} is read from a signal store")

    def explain_no_entry(self, bars: BarsLike, feature: FeatureOf | None = None) -> str | None:
        """None: its rules are not in the store."""
        return None
