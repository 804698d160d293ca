"""Ensembles: several strategies that vote on one target; read from a config, built, and evaluated in both ways."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.components.by_regime import RegimeLimitedEnsemble, RegimeLimitedType, direction_of, distinct
from adm_notebook.components.decision import Decision
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.library import STRATEGIES
from adm_notebook.components.regimes import Regimes
from adm_notebook.components.rules import Direction
from adm_notebook.components.strategy import InvalidParameters, Strategy, StrategyType
from adm_notebook.components.votes import METHODS, Method, Poll, positions, positions_by_bar
from adm_notebook.components.weights import WEIGHTS, read_weights, weight_of, weights_of
from adm_notebook.config.frozen import canonical_json
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["EnsembleMember", "EnsembleStrategy", "EnsembleType", "Voting", "ensemble_of", "ensemble_type", "voting"]

ENTRY_KEYS = ("type", "name", "method", "members", "weights", "threshold", "parameters", "allocation", "regimes",
              "enabled")  # fmt: skip
"""Keys of an ensemble's entry; `name`, `allocation`, `regimes` and `enabled` are those of any strategy, and the
planner's to read."""

MEMBER_KEYS = ("type", "name", "parameters", "regimes", "weight")

_NEEDS_THRESHOLD = ("weighted", "threshold")


@dataclass(frozen=True, eq=False)
class EnsembleStrategy:
    """Members that vote, with all their parameters.

    names  of the members; their parameters are called `NAME.PARAM`
    poll   how votes are counted
    """

    members: tuple[Strategy, ...]
    names: tuple[str, ...]
    poll: Poll

    name: ClassVar[str] = "ensemble"

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The members' as `NAME.PARAM`, and `threshold` where the method has one."""
        found = {f"{n}.{p}": v for n, m in zip(self.names, self.members, strict=True) for p, v in m.parameters.items()}
        return {**found, "threshold": self.poll.threshold} if self.poll.method in _NEEDS_THRESHOLD else found

    @property
    def direction(self) -> Direction:
        """The side that all members trade, or both."""
        return direction_of(self.members)

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """Those of all members, each once."""
        return distinct([m.indicators for m in self.members])

    @property
    def lookback(self) -> int:
        """The longest among the members."""
        return max(m.lookback for m in self.members)

    @property
    def columns(self) -> frozenset[str]:
        """Price columns that any member reads."""
        return frozenset().union(*(m.columns for m in self.members))

    @property
    def label(self) -> str:
        """`majority of a, b, c`."""
        return f"{self.poll.method.replace('_', ' ')} of {', '.join(self.names)}"

    @property
    def regimes(self) -> tuple[str, ...]:
        """Labels that any member names."""
        return tuple(dict.fromkeys(label for m in self.members for label in m.regimes))

    def vote(self, decisions: Sequence[Decision], regimes: Regimes | None = None) -> Decision:
        """What the members want together, in whole arrays.

        Parameters
        ----------
        decisions
            of the members, in their order, each over the same bars and evaluated with the same `regimes`.
        """
        target = self.poll.target([positions(decision) for decision in decisions], regimes)
        return Decision(target, None, None, max(decision.lookback for decision in decisions))

    def vote_by_bar(self, decisions: Sequence[Decision], regimes: Regimes | None = None) -> Decision:
        """The same bar by bar, in plain Python; written apart from `vote`."""
        target = self.poll.target_by_bar([positions_by_bar(decision) for decision in decisions], regimes)
        return Decision(np.array(target, np.int8), None, None, max(decision.lookback for decision in decisions))

    def evaluate(self, bars: BarsLike, feature: FeatureOf, regimes: Regimes | None = None) -> Decision:
        """The vote of its members over these bars, in whole arrays."""
        return self.vote([m.evaluate(bars, feature, regimes) for m in self.members], regimes)

    def evaluate_by_bar(
        self,
        bars: BarsLike,
        feature: FeatureOf,
        check: Callable[[], None] | None = None,
        regimes: Regimes | None = None,
    ) -> Decision:
        """The same, bar by bar in plain Python."""
        return self.vote_by_bar([m.evaluate_by_bar(bars, feature, check, regimes) for m in self.members], regimes)

    def explain_no_entry(self, bars: BarsLike, feature: FeatureOf | None = None) -> str | None:
        """Why no member ever entered; None where one did, since then it is the vote that came to nothing."""
        reasons = [m.explain_no_entry(bars, feature) for m in self.members]
        if any(reason is None for reason in reasons):
            return None
        return " ".join(f"{name}: {reason}" for name, reason in zip(self.names, reasons, strict=True))

    def __repr__(self) -> str:
        return f"ensemble({self.poll.method}, {', '.join(map(repr, self.members))})"


Voting = EnsembleStrategy | RegimeLimitedEnsemble
"""A strategy with members, whose decisions it votes on."""


def voting(strategy: Strategy | None) -> Voting:
    """The strategy as one that votes; only such a one has members."""
    assert isinstance(strategy, (EnsembleStrategy, RegimeLimitedEnsemble))
    return strategy


def ensemble_of(kind: object) -> EnsembleType | None:
    """The ensemble that a kind of strategy is, limited to regimes or not; None of any other."""
    kind = kind.kind if isinstance(kind, RegimeLimitedType) else kind
    return kind if isinstance(kind, EnsembleType) else None


@dataclass(frozen=True, eq=False)
class EnsembleMember:
    """One member as the config has it.

    name         its name, else its type, then `type_2`
    kind         the strategy as it was registered when the config was read; limited to regimes where the entry says so
    regimes      labels that it names; () = all
    path         where it stands in the config, for errors
    weight_name  of the parameter that its weight is; None where its strategy has a parameter `weight` of its own
    """

    name: str
    kind: StrategyType
    regimes: tuple[str, ...]
    path: str
    weight_name: str | None = None


class EnsembleType:
    """A kind of strategy: an ensemble as a config describes it; made by `ensemble_type`.

    members    in the config's order
    weights    of the members; 1 where none is given, or where it is swept
    given      parameters that the config gives, as `MEMBER.PARAM` and `threshold`, and weights that are swept, as
               `MEMBER.weight` or, of whole vectors, `weights`; values untouched
    places     where each of them stands in the config: for errors about its value
    """

    name = "ensemble"
    source = "yours: a vote of strategies"
    older_names: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        method: Method,
        members: tuple[EnsembleMember, ...],
        weights: tuple[float, ...],
        given: Mapping[str, Any],
        places: Mapping[str, str],
    ) -> None:
        self.method, self.members, self.weights = method, members, weights
        self.given, self.places = given, places

    @property
    def sentence(self) -> str:
        """How it decides, and who its members are."""
        words = {
            "majority": "Holds what more than half of its members want",
            "weighted": "Holds what its members want by weight",
            "unanimous": "Holds what all of its members want",
            "by_regime": "Holds what the member of the current regime wants",
            "threshold": "Holds what enough of its members want",
        }
        return f"{words[self.method]}: {', '.join(m.name for m in self.members)}."

    @cached_property
    def identity(self) -> str:
        """Canonical text of the method, the members and the identities within: another vote is other work."""
        members = [[m.name, m.kind.name, m.kind.identity, list(m.regimes)] for m in self.members]
        weights = list(self.weights) if self.method == "weighted" else None
        return canonical_json(["ensemble", self.method, members, weights])

    @cached_property
    def of_the_vote(self) -> frozenset[str]:
        """Parameters of the vote, whatever its method: what members yield does not depend on them."""
        return frozenset(("threshold", WEIGHTS, *(m.weight_name for m in self.members if m.weight_name is not None)))

    @cached_property
    def parameters(self) -> Mapping[str, ParameterInfo]:
        """The members' parameters as `MEMBER.PARAM`, and `threshold` where the method has one.

        The default of a parameter is the single value that the config gives it, else that of the strategy.
        """
        found: dict[str, ParameterInfo] = {}
        for member in self.members:
            for name, info in member.kind.parameters.items():
                found[f"{member.name}.{name}"] = info
        if self.method == "weighted":
            found["threshold"] = ParameterInfo(float, 0.5, "score at which the vote decides, above 0 and at most 1")
        elif self.method == "threshold":
            found["threshold"] = ParameterInfo(
                float, None, "members that have to agree, or their share if below 1", required=True
            )
        for name, value in self.given.items():
            if not _is_swept(value) and name != WEIGHTS:
                info = found.get(name, ParameterInfo(None, None))
                found[name] = info._replace(default=value, required=False)
        return found

    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The parameters by their names, older ones replaced; ConfigError for names that no member has."""
        places = self._places(given)
        groups, problems = self._groups(given, places, path)
        found: dict[str, Any] = {}
        for member, values in zip(self.members, groups, strict=True):
            try:
                named = member.kind.canonical(values, member.name)
            except ConfigError as error:
                problems += [self._placed(p, member, places, path) for p in error.problems]
            else:
                found |= {f"{member.name}.{name}": value for name, value in named.items()}
        if problems:
            raise ConfigError(problems)
        return {**found, **{name: value for name, value in given.items() if name in self.of_the_vote}}

    def build(self, given: Mapping[str, Any], path: str) -> EnsembleStrategy:
        """The ensemble; what is left out has the value that the config gives it, else its default.

        Raises
        ------
        InvalidParameters
            where a member's own check refuses its parameters.
        ConfigError
            for values that are wrong by themselves.
        """
        values, places = {**self.given, **given}, self._places(given)
        groups, problems = self._groups(values, places, path)
        problems += [
            Problem(places.get(name, f"{path}.{name}"), f"must be one value here, but was {shown(value)}")
            for name, value in values.items()
            if _is_swept(value) and name != WEIGHTS
        ]
        threshold = self.check_threshold(values, places, path, problems)
        weights = self._weights(values, places, path, problems)
        if problems:
            raise ConfigError(problems)
        invalid = True
        built: list[Strategy] = []
        for member, own in zip(self.members, groups, strict=True):
            try:
                built.append(member.kind.build(own, member.name))
            except ConfigError as error:
                invalid = invalid and isinstance(error, InvalidParameters)
                problems += [self._placed(p, member, places, path) for p in error.problems]
        if problems:
            raise (InvalidParameters if invalid else ConfigError)(problems)
        poll = Poll(self.method, weights, threshold, tuple(m.regimes for m in self.members))
        return EnsembleStrategy(tuple(built), tuple(m.name for m in self.members), poll)

    def check_threshold(
        self, values: Mapping[str, Any], places: Mapping[str, str], path: str, problems: list[Problem]
    ) -> float:
        """The threshold in force; 0 where there is none, or several. What is wrong with it joins `problems`."""
        if self.method not in _NEEDS_THRESHOLD:
            if "threshold" in values:
                message = f"plays no part in {self.method}; leave it out, or use weighted or threshold"
                problems.append(Problem(places.get("threshold", f"{path}.threshold"), message))
            return 0.0
        value = values.get("threshold", 0.5 if self.method == "weighted" else None)
        where = places.get("threshold", f"{path}.threshold")
        if _is_swept(value):
            return 0.0
        if value is None:
            message = "is missing: how many members have to agree, e.g. 2, or their share, e.g. 0.6"
            problems.append(Problem(where, message))
            return 0.0
        if wrong := _wrong_threshold(self.method, value, len(self.members)):
            problems.append(Problem(where, wrong))
            return 0.0
        return float(value)

    def _weights(
        self, values: Mapping[str, Any], places: Mapping[str, str], path: str, problems: list[Problem]
    ) -> tuple[float, ...]:
        """The weights in force."""
        found = list(self.weights)
        if WEIGHTS in values:
            where = places.get(WEIGHTS, f"{path}.{WEIGHTS}")
            found = list(weights_of(values[WEIGHTS], [m.name for m in self.members], where, problems))
        for i, member in enumerate(self.members):
            name = member.weight_name
            if name is not None and name in values and not _is_swept(values[name]):
                found[i] = weight_of(values[name], places.get(name, f"{path}.{name}"), problems)
        return tuple(found)

    def _groups(
        self, given: Mapping[str, Any], places: Mapping[str, str], path: str
    ) -> tuple[list[dict[str, Any]], list[Problem]]:
        """The parameters of each member by their own names, and what is wrong with names that are no member's."""
        groups: list[dict[str, Any]] = [{} for _ in self.members]
        problems: list[Problem] = []
        names = [member.name for member in self.members]
        for name, value in given.items():
            if name in self.of_the_vote:
                if name != "threshold" and self.method != "weighted":
                    message = f"plays no part in {self.method}; leave it out, or use weighted"
                    problems.append(Problem(places.get(name, f"{path}.{name}"), message))
                continue
            owners = [i for i, owner in enumerate(names) if str(name).startswith(f"{owner}.")]
            if owners:
                owner = max(owners, key=lambda i: len(names[i]))  # `a.b` may be a member beside `a`
                groups[owner][name[len(names[owner]) + 1 :]] = value
            else:
                problems.append(Problem(places.get(name, f"{path}.{name}"), self._unknown(name)))
        return groups, problems

    def _unknown(self, name: object) -> str:
        if name in ("method", "members", "weights"):
            return "stands beside `type`, not among the parameters"
        with_it = [known for known in self.parameters if known.endswith(f".{name}")]
        if with_it:
            return f"the ensemble has no such parameter. Say whose it is: {' or '.join(f'`{k}`' for k in with_it[:3])}"
        guess = did_you_mean(name, list(self.parameters))
        return f"the ensemble has no such parameter.{guess or ' They are named MEMBER.PARAMETER'}"

    def _places(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Where parameters stand in the config; without those for which `given` has a value from somewhere else."""
        return {
            name: place
            for name, place in self.places.items()
            if name not in given or _is_swept(self.given[name]) or given[name] == self.given[name]
        }

    def _placed(self, problem: Problem, member: EnsembleMember, places: Mapping[str, str], path: str) -> Problem:
        """A member's problem, whose path begins with the member's name, at its place in the config."""
        if problem.path == member.name:  # the strategy's own check, of several parameters together
            return Problem(f"{member.path}.parameters", problem.message)
        if not problem.path.startswith(f"{member.name}."):  # in a regime of the member, which knows its own place
            return problem
        for name, place in places.items():
            rest = problem.path.removeprefix(name)
            if rest != problem.path and (not rest or rest[0] in ".["):
                return Problem(place + rest, problem.message)
        info = self.parameters.get(problem.path)
        if info is not None and info.required:
            return Problem(f"{member.path}.parameters.{problem.path[len(member.name) + 1 :]}", problem.message)
        return Problem(f"{path}.{problem.path}", problem.message)


def _wrong_threshold(method: Method, value: Any, n_members: int) -> str:
    """Why a threshold can't be used, or nothing."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if method == "weighted":
        fine = number and 0 < value <= 1
        return "" if fine else f"must be a score above 0 and at most 1, but was {shown(value)}"
    if not number or not value > 0 or value == math.inf or (value > 1 and value != int(value)):
        return f"must be a number of members, or a share above 0 and below 1, but was {shown(value)}"
    if value > n_members:
        return f"must be at most {n_members}, the number of members, but was {shown(value)}"
    return ""


def _is_swept(value: object) -> bool:
    return isinstance(value, (list, tuple, range, Mapping))


# ---- reading a config -----------------------------------------------------------------------------------------------


def ensemble_type(
    entry: Mapping[str, Any], path: str, find: Callable[[object, str], StrategyType] = STRATEGIES.get
) -> EnsembleType:
    """The ensemble that an entry of `strategies` describes.

    Parameters
    ----------
    entry
        `{type: ensemble, method, members, weights, threshold, parameters}`. Members are given like strategies: a name,
        or `{type, name, parameters, regimes, weight}`; of `by_regime` also as a mapping label -> strategy. `parameters`
        may give members' parameters as `MEMBER.PARAM`. `name`, `allocation`, `regimes` and `enabled` are left to the
        planner.
    path
        where the entry stands in the config, for errors.
    find
        gives a member's strategy by its type; a ConfigError of it, at the path it is handed, is reported, too.

    Raises
    ------
    ConfigError
        listing everything that is wrong with it; values of members' parameters are checked when one is built.
    """
    return _Reader(entry, path, find).ensemble()


class _Reader:
    """Collects problems while it reads an entry."""

    def __init__(self, entry: Mapping[str, Any], path: str, find: Callable[[object, str], StrategyType]) -> None:
        self.entry, self.path, self.find = entry, path, find
        self.problems: list[Problem] = []
        self.given: dict[str, Any] = {}
        self.places: dict[str, str] = {}
        self.weighed: dict[str, str] = {}

    def ensemble(self) -> EnsembleType:
        self.unknown_keys(self.entry, ENTRY_KEYS, self.path)
        method = self.method()
        listed = self.listed(method)
        taken = {item["name"] for _, item, _ in listed if isinstance(item.get("name"), str)}
        used: set[str] = set()
        members: list[EnsembleMember] = []
        weights: dict[int, Any] = {}
        for position, (where, item, label) in enumerate(listed):
            if "weight" in item:
                weights[position] = item["weight"]
            member = self.member(where, item, label, used, taken)
            if member is not None:
                members.append(member)
        counted = self.weights(method, listed, members, weights)
        if len(members) == len(listed) and method == "by_regime":
            self.check_regimes(members)
        if "threshold" in self.entry:
            self.given["threshold"], self.places["threshold"] = self.entry["threshold"], f"{self.path}.threshold"
        if method is None or not members or len(members) < len(listed):
            raise ConfigError(dict.fromkeys(self.problems))
        self.parameters(EnsembleType(method, tuple(members), counted, {}, {}))
        kind = EnsembleType(method, tuple(members), counted, self.given, self.places)
        kind.check_threshold(self.given, self.places, self.path, self.problems)
        if self.problems:
            raise ConfigError(dict.fromkeys(self.problems))
        return kind

    def wrong(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def unknown_keys(self, values: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
        for key in values:
            if key not in known:
                near = did_you_mean(key, known)
                self.wrong(f"{path}.{key}", f"unknown field.{near or ' Known here: ' + ', '.join(known)}")

    def method(self) -> Method | None:
        given = self.entry.get("method")
        for known in METHODS:
            if given == known:
                return known
        listed = ", ".join(METHODS)
        if given is None and isinstance(self.entry.get("members"), Mapping):
            self.wrong(f"{self.path}.method", "is missing; members under labels of regimes vote by_regime")
        elif given is None:
            self.wrong(f"{self.path}.method", f"is missing; how do the members vote: {listed}")
        else:
            near = did_you_mean(given, METHODS)
            message = f"must be one of {listed}, but was {shown(given)}.{near}".removesuffix(".")
            self.wrong(f"{self.path}.method", message)
        return None

    def listed(self, method: Method | None) -> list[tuple[str, Mapping[str, Any], str | None]]:
        """Members as (path, mapping, label of the regime that a mapping gives them)."""
        given, path = self.entry.get("members"), f"{self.path}.members"
        if given is None:
            self.wrong(path, "is missing; list the strategies that vote, e.g. [momentum, rsi]")
            return []
        if isinstance(given, Mapping):
            if method not in ("by_regime", None):
                self.wrong(path, f"is a mapping label: strategy, which only by_regime takes; give {method} a list")
                return []
            items: list[tuple[str, Any, Any]] = [(f"{path}.{label}", item, label) for label, item in given.items()]
        elif isinstance(given, (list, tuple)):
            items = [(f"{path}[{i}]", item, None) for i, item in enumerate(given)]
        else:
            instead = f"; write [{given}] and add others" if isinstance(given, str) else ""
            self.wrong(path, f"must be a list of strategies, but was {shown(given)}{instead}")
            return []
        if not items:
            self.wrong(path, "is empty; list the strategies that vote, e.g. [momentum, rsi]")
        found: list[tuple[str, Mapping[str, Any], str | None]] = []
        for where, item, label in items:
            if isinstance(given, Mapping) and (not isinstance(label, str) or not label.strip()):
                self.wrong(where, f"must stand under the label of a regime, but that was {shown(label)}")
            elif isinstance(item, str):
                found.append((where, {"type": item}, label))
            elif isinstance(item, Mapping):
                found.append((where, item, label))
            else:
                self.wrong(where, f"must be a strategy's name or {{type, parameters}}, but was {shown(item)}")
        return found

    def member(
        self, where: str, item: Mapping[str, Any], label: str | None, used: set[str], taken: set[str]
    ) -> EnsembleMember | None:
        found = len(self.problems)
        self.unknown_keys(item, MEMBER_KEYS, where)
        kind = self.kind(where, item)
        name = item.get("name")
        if name is not None and (not isinstance(name, str) or not name.strip()):
            self.wrong(f"{where}.name", f"must be text, but was {shown(name)}")
            name = None
        elif name is not None and name in used:
            self.wrong(f"{where}.name", f"{shown(name)} is the name of another member too; give each its own")
        parameters = item.get("parameters")
        if parameters is None:
            parameters = {}
        if not isinstance(parameters, Mapping):
            self.wrong(f"{where}.parameters", f"must be a mapping (name: value), but was {shown(parameters)}")
            parameters = {}
        if kind is None:
            return None
        if name is None:
            name, count = kind.name, 1
            while name in used or name in taken:
                count += 1
                name = f"{kind.name}_{count}"
        used.add(name)
        labels: tuple[str, ...] = ()
        regimes = item.get("regimes")
        if label is not None and regimes is not None:
            self.wrong(
                f"{where}.regimes", f"stands beside the label {label}, under which the member is given; keep one"
            )
        elif label is not None or regimes is not None:
            try:
                limited = RegimeLimitedType(kind, [label] if regimes is None else regimes, f"{where}.regimes")
                kind, labels = limited, limited.labels
            except ConfigError as error:
                self.problems += error.problems
        try:
            named = kind.canonical(parameters, f"{where}.parameters")
        except ConfigError as error:
            self.problems += error.problems
            named = {}
        older = {kind.older_names.get(key, key): key for key in parameters}
        self.given |= {f"{name}.{key}": value for key, value in named.items()}
        self.places |= {f"{name}.{key}": f"{where}.parameters.{older.get(key, key)}" for key in named}
        has_own = "weight" in kind.parameters or "weight" in named
        weight_name = None if has_own else f"{name}.weight"
        return None if len(self.problems) > found else EnsembleMember(name, kind, labels, where, weight_name)

    def kind(self, where: str, item: Mapping[str, Any]) -> StrategyType | None:
        type_ = item.get("type")
        if type_ is None:
            self.wrong(f"{where}.type", "is missing; name a strategy, e.g. momentum")
            return None
        if isinstance(type_, str) and type_.strip().lower() == EnsembleType.name:
            self.wrong(f"{where}.type", "an ensemble can't be a member of another; list its members here instead")
            return None
        try:
            return self.find(type_, f"{where}.type")
        except ConfigError as error:
            self.problems += error.problems
            return None

    def weights(
        self,
        method: Method | None,
        listed: Sequence[tuple[str, Mapping[str, Any], str | None]],
        members: Sequence[EnsembleMember],
        single: Mapping[int, Any],
    ) -> tuple[float, ...]:
        """A weight for each member; 1 where none is given."""
        whole = self.entry.get(WEIGHTS)
        if (whole is not None or single) and method not in ("weighted", None):
            first = f"{self.path}.{WEIGHTS}" if whole is not None else f"{listed[min(single)][0]}.weight"
            self.wrong(first, f"plays no part in {method}; leave it out, or use weighted")
            return ()
        if len(members) < len(listed) and not isinstance(whole, (list, tuple)):
            return ()  # what is wrong with the members comes first: their names are not known
        names = [m.name for m in members] if len(members) == len(listed) else [where for where, _, _ in listed]
        own = [m.weight_name for m in members] if len(members) == len(listed) else [None] * len(listed)
        read, problems = read_weights(whole, single, own, names, self.path)
        self.problems += problems
        self.given |= read.given
        self.places |= {name: place for name, place in read.places.items() if name in read.given}
        self.weighed |= read.places
        return read.fixed

    def check_regimes(self, members: Sequence[EnsembleMember]) -> None:
        """Refuse members of `by_regime` that would never decide."""
        named: set[str] = set()
        for i, member in enumerate(members):
            if not member.regimes and i < len(members) - 1:
                message = (
                    "is missing: without it this member decides in every regime, and those after it never do; "
                    "name its labels, or put it last"
                )
                self.wrong(f"{member.path}.regimes", message)
            elif member.regimes and named.issuperset(member.regimes):
                labels = ", ".join(member.regimes)
                self.wrong(f"{member.path}.regimes", f"names {labels} only, which members before it decide already")
            named.update(member.regimes)

    def parameters(self, kind: EnsembleType) -> None:
        """What `parameters` of the entry gives, by canonical names; it may not repeat what members give."""
        given, path = self.entry.get("parameters"), f"{self.path}.parameters"
        if given is None:
            return
        if not isinstance(given, Mapping):
            self.wrong(path, f"must be a mapping (name: value), but was {shown(given)}")
            return
        if WEIGHTS in given:
            self.wrong(f"{path}.{WEIGHTS}", "stands beside `type`, not among the parameters")
            return
        try:
            named = kind.canonical(given, path)
        except ConfigError as error:
            self.problems += error.problems
            return
        for name, value in named.items():
            earlier = self.places.get(name) or self.weighed.get(name)
            if name in kind.of_the_vote and name != "threshold":
                earlier = earlier or self.weighed.get(WEIGHTS)
            if earlier is not None:
                self.wrong(f"{path}.{name}", f"is given at {earlier} too; keep one")
            else:
                self.given[name], self.places[name] = value, f"{path}.{name}"
