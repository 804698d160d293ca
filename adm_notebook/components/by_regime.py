"""Strategies limited to regimes, or with other parameters in each: a strategy that chooses by the current label."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.components.decision import Decision, Flags
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.regimes import NO_REGIME, ONE_REGIME, Regimes
from adm_notebook.components.rules import Direction
from adm_notebook.components.strategy import InvalidParameters, Strategy, StrategyType
from adm_notebook.config.frozen import canonical_json
from adm_notebook.errors import ConfigError, Problem, StrategyError, shown
from adm_notebook.market.arrays import I64, Bool

__all__ = [
    "RegimeLimitedEnsemble",
    "RegimeLimitedStrategy",
    "RegimeLimitedType",
    "code_of",
    "direction_of",
    "distinct",
    "labels_by_bar",
]

_FLAGS = ("long_entry", "long_exit", "short_entry", "short_exit")


def code_of(label: str, regimes: Regimes | None) -> int:
    """The code that a label has in `regimes`: -1 for `none`, -2 where the classifier does not give it."""
    if label == NO_REGIME:
        return -1
    labels = (ONE_REGIME,) if regimes is None else regimes.labels
    return labels.index(label) if label in labels else -2


def labels_by_bar(n_bars: int, regimes: Regimes | None) -> list[str]:
    """The label of each bar; without regimes, every bar is in the one regime `all`."""
    if regimes is None:
        return [ONE_REGIME] * n_bars
    return [NO_REGIME if code < 0 else regimes.labels[code] for code in regimes.codes.tolist()]


def distinct(groups: Sequence[tuple[Indicator, ...]]) -> tuple[Indicator, ...]:
    """The indicators of several strategies, each once, in reading order."""
    return tuple(dict.fromkeys(indicator for group in groups for indicator in group))


def direction_of(strategies: Sequence[Strategy]) -> Direction:
    """The side that all of them trade, or both."""
    sides = {strategy.direction for strategy in strategies}
    return sides.pop() if len(sides) == 1 else "both"


@dataclass(frozen=True, eq=False)
class RegimeLimitedStrategy:
    """A strategy that trades in some regimes only, with one parameter set for each.

    sets  label -> the strategy that decides where the bar has that label; one object where the parameters are the same
    """

    name: str
    sets: Mapping[str, Strategy]

    members: ClassVar[tuple[Strategy, ...]] = ()

    @cached_property
    def strategies(self) -> tuple[Strategy, ...]:
        """The distinct parameter sets, in the order of their labels."""
        return tuple({id(s): s for s in self.sets.values()}.values())

    @property
    def regimes(self) -> tuple[str, ...]:
        """Labels that it names, and those that the strategies within name."""
        within = [label for s in self.strategies for label in s.regimes]
        return tuple(dict.fromkeys((*self.sets, *within)))

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """Parameters by name; those that differ between regimes once for each, as `fast.up`, `fast.down`."""
        found: dict[str, Any] = {}
        for name in dict.fromkeys(name for s in self.strategies for name in s.parameters):
            values = {label: s.parameters[name] for label, s in self.sets.items() if name in s.parameters}
            first, *others = values.values()
            if len(values) == len(self.sets) and all(v == first for v in others):
                found[name] = first
            else:
                found |= {f"{name}.{label}": value for label, value in values.items()}
        return found

    @property
    def direction(self) -> Direction:
        """The side that all parameter sets trade, or both."""
        return direction_of(self.strategies)

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """Those of all parameter sets, each once."""
        return distinct([s.indicators for s in self.strategies])

    @property
    def lookback(self) -> int:
        """The longest over all parameter sets."""
        return max(s.lookback for s in self.strategies)

    @property
    def columns(self) -> frozenset[str]:
        """Price columns that any parameter set reads."""
        return frozenset().union(*(s.columns for s in self.strategies))

    @property
    def label(self) -> str:
        """The main parameters, by regime where they differ: `5/20 in up, 10/50 in down`."""
        if len(self.strategies) == 1:
            return f"{self.strategies[0].label} in {', '.join(self.sets)}".strip()
        return ", ".join(f"{s.label} in {label}" for label, s in self.sets.items())

    def evaluate(self, bars: BarsLike, feature: FeatureOf, regimes: Regimes | None = None) -> Decision:
        """What the current label's parameter set wants, in whole arrays.

        Raises
        ------
        StrategyError
            where one parameter set yields targets and another flags.
        """
        return self._chosen_among([s.evaluate(bars, feature, regimes) for s in self.strategies], regimes)

    def _chosen_among(self, decisions: Sequence[Decision], regimes: Regimes | None) -> Decision:
        """On each bar what the parameter set of its label wants; `decisions` are those of `strategies`."""
        self._check_alike(decisions)
        n_bars = n_bars_of(decisions[0])
        chosen = self._chosen(n_bars, regimes)
        strength = None
        if any(d.strength is not None for d in decisions):
            strength = _picked(chosen, [np.ones(n_bars) if d.strength is None else d.strength for d in decisions])
        lookback = max(d.lookback for d in decisions)
        targets = [d.target for d in decisions if d.target is not None]
        if targets:
            return Decision(_picked(chosen, targets), None, strength, lookback)
        flags = [d.flags for d in decisions if d.flags is not None]
        merged: dict[str, Bool] = {name: _picked(chosen, [getattr(f, name) for f in flags]) for name in _FLAGS}
        left = np.zeros(n_bars, np.bool_)
        left[1:] = (chosen[1:] < 0) & (chosen[:-1] >= 0)
        merged["long_exit"] |= left
        merged["short_exit"] |= left
        return Decision(None, Flags(**merged), strength, lookback)

    def evaluate_by_bar(
        self,
        bars: BarsLike,
        feature: FeatureOf,
        check: Callable[[], None] | None = None,
        regimes: Regimes | None = None,
    ) -> Decision:
        """The same, bar by bar in plain Python; written apart from `evaluate`."""
        found = [s.evaluate_by_bar(bars, feature, check, regimes) for s in self.strategies]
        return self._chosen_by_bar(found, regimes)

    def _chosen_by_bar(self, found: Sequence[Decision], regimes: Regimes | None) -> Decision:
        """As `_chosen_among`, bar by bar; written apart from it."""
        self._check_alike(found)
        by_set = {id(s): decision for s, decision in zip(self.strategies, found, strict=True)}
        decisions = {label: by_set[id(s)] for label, s in self.sets.items()}
        labels = labels_by_bar(n_bars_of(found[0]), regimes)
        yields_flags = any(d.flags is not None for d in decisions.values())
        has_strength = any(d.strength is not None for d in decisions.values())
        target, strength = [0] * len(labels), [0.0] * len(labels)
        flags = {name: [False] * len(labels) for name in _FLAGS}
        for t, label in enumerate(labels):
            decision = decisions.get(label)
            if decision is None:
                if t > 0 and labels[t - 1] in decisions:
                    flags["long_exit"][t] = flags["short_exit"][t] = True
                continue
            strength[t] = 1.0 if decision.strength is None else float(decision.strength[t])
            if decision.target is not None:
                target[t] = int(decision.target[t])
            elif decision.flags is not None:
                for name in _FLAGS:
                    flags[name][t] = bool(getattr(decision.flags, name)[t])
        return Decision(
            target=None if yields_flags else np.array(target, np.int8),
            flags=Flags(**{name: np.array(flag, np.bool_) for name, flag in flags.items()}) if yields_flags else None,
            strength=np.array(strength) if has_strength else None,
            lookback=max(d.lookback for d in decisions.values()),
        )

    def explain_no_entry(self, bars: BarsLike, feature: FeatureOf | None = None) -> str | None:
        """Why no parameter set ever entered, whatever the regime; None if one did: then it was outside its regimes."""
        reasons = [s.explain_no_entry(bars, feature) for s in self.strategies]
        return None if None in reasons else reasons[0]

    def _chosen(self, n_bars: int, regimes: Regimes | None) -> I64:
        """(n_bars,) position in `strategies` of the one that decides, -1 where none does."""
        codes = np.zeros(n_bars, np.int64) if regimes is None else regimes.codes.astype(np.int64)
        chosen = np.full(n_bars, -1, np.int64)
        position = {id(s): i for i, s in enumerate(self.strategies)}
        for label, strategy in self.sets.items():
            chosen[codes == code_of(label, regimes)] = position[id(strategy)]
        return chosen

    def _check_alike(self, decisions: Sequence[Decision]) -> None:
        if len({d.target is None for d in decisions}) > 1:
            raise StrategyError(
                f"strategy {self.name} yields targets in one regime and entry and exit flags in another; "
                "let it yield the same with all its parameters"
            )

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.parameters.items())}, regimes={self.regimes})"


class RegimeLimitedEnsemble(RegimeLimitedStrategy):
    """An ensemble that votes in some regimes only, or in each with other parameters.

    Its members are those of all parameter sets, one set after the other; each set's vote is taken where it decides.
    """

    @property
    def members(self) -> tuple[Strategy, ...]:  # type: ignore[override]  # no strategy that is limited has members
        """Those of every parameter set."""
        return tuple(member for s in self.strategies for member in s.members)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the members: their own, and where there are several parameter sets, `NAME.LABEL` of the set's first."""
        sets: Any = self.strategies
        if len(sets) == 1:
            own: tuple[str, ...] = sets[0].names
            return own
        labels: dict[int, str] = {}
        for label, each in self.sets.items():
            labels.setdefault(id(each), label)
        return tuple(f"{name}.{labels[id(s)]}" for s in sets for name in s.names)

    def vote(self, decisions: Sequence[Decision], regimes: Regimes | None = None) -> Decision:
        """What the parameter set of each bar's label makes of its members' decisions, in whole arrays."""
        sets: Any = self.strategies
        votes = [s.vote(own, regimes) for s, own in zip(sets, self._split(decisions), strict=True)]
        return self._chosen_among(votes, regimes)

    def vote_by_bar(self, decisions: Sequence[Decision], regimes: Regimes | None = None) -> Decision:
        """The same bar by bar, in plain Python."""
        sets: Any = self.strategies
        votes = [s.vote_by_bar(own, regimes) for s, own in zip(sets, self._split(decisions), strict=True)]
        return self._chosen_by_bar(votes, regimes)

    def _split(self, decisions: Sequence[Decision]) -> list[Sequence[Decision]]:
        """The decisions of each set's members."""
        found, start = [], 0
        for s in self.strategies:
            found.append(decisions[start : start + len(s.members)])
            start += len(s.members)
        return found


def n_bars_of(decision: Decision) -> int:
    """Bars that a decision speaks of."""
    array = decision.target if decision.flags is None else decision.flags.long_entry
    assert array is not None  # a decision has a target or flags
    return len(array)


def _picked(chosen: I64, columns: Sequence[Any]) -> Any:
    """On each bar the value of the column that is chosen there; 0 or False where none is."""
    found = np.zeros(len(chosen), columns[0].dtype)
    for position, column in enumerate(columns):
        here = chosen == position
        found[here] = column[here]
    return found


class RegimeLimitedType:
    """A kind of strategy, limited to regimes: another kind, and the labels in which it trades.

    Parameters
    ----------
    kind
        what is limited.
    regimes
        as a config has it: a list of labels, or a mapping label -> parameters that replace the entry's there.
    path
        where `regimes` stands in the config, for errors: `optimization_config.strategies[0].regimes`.

    Raises
    ------
    ConfigError
        for what is neither, and for parameters that the strategy does not have or that are swept.
    """

    def __init__(self, kind: StrategyType, regimes: object, path: str) -> None:
        self.kind = kind
        self.path = path
        self.overrides = _overrides(kind, regimes, path)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that the config names, in its order."""
        return tuple(self.overrides)

    @property
    def name(self) -> str:
        """The name of the kind that is limited."""
        return self.kind.name

    @cached_property
    def identity(self) -> str:
        """Canonical text of the regimes and of the identity within: other regimes are other work."""
        return canonical_json(["regimes", self.kind.identity, {k: _plain(v) for k, v in self.overrides.items()}])

    @property
    def sentence(self) -> str:
        """That of the kind that is limited."""
        return self.kind.sentence

    @property
    def source(self) -> str:
        """That of the kind that is limited."""
        return self.kind.source

    @property
    def parameters(self) -> Mapping[str, ParameterInfo]:
        """Those of the kind that is limited."""
        return self.kind.parameters

    @property
    def older_names(self) -> Mapping[str, str]:
        """Those of the kind that is limited."""
        return self.kind.older_names

    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The parameters by their names; ConfigError for names that the strategy does not have."""
        return self.kind.canonical(given, path)

    def build(self, given: Mapping[str, Any], path: str) -> RegimeLimitedStrategy:
        """The strategy; what is wrong with a regime's parameters is reported where they stand.

        Raises
        ------
        InvalidParameters
            where the strategy's own check refuses the parameters of a regime.
        ConfigError
            for values that are wrong by themselves, and for a parameter that every regime replaces.
        """
        problems = [
            Problem(f"{path}.{name}", "is replaced in every regime, so that this value is never used; leave it out")
            for name in given
            if all(name in values for values in self.overrides.values())
        ]
        invalid = not problems
        built: dict[str, Strategy] = {}
        sets: dict[str, Strategy] = {}
        for label, values in self.overrides.items():
            merged = {**given, **values}
            key = canonical_json(_plain(values))
            try:
                if key not in built:
                    built[key] = self.kind.build(merged, path)
                sets[label] = built[key]
            except ConfigError as error:
                invalid = invalid and isinstance(error, InvalidParameters)
                problems += [_where_it_stands(p, path, f"{self.path}.{label}", values) for p in error.problems]
        if problems:
            raise (InvalidParameters if invalid else ConfigError)(dict.fromkeys(problems))
        votes = any(s.members for s in built.values())
        return (RegimeLimitedEnsemble if votes else RegimeLimitedStrategy)(self.name, sets)


def _where_it_stands(problem: Problem, path: str, regime: str, values: Mapping[str, Any]) -> Problem:
    """A problem of the merged parameters, at the regime where it was caused."""
    if not values:
        return problem
    if problem.path == path:  # the strategy's own check, of several parameters together
        return Problem(regime, problem.message)
    below = problem.path.removeprefix(f"{path}.")
    mine = any(below == name or below.startswith((f"{name}.", f"{name}[")) for name in values)
    return Problem(f"{regime}.{below}", problem.message) if mine and below != problem.path else problem


def _overrides(kind: StrategyType, regimes: object, path: str) -> dict[str, dict[str, Any]]:
    """Label -> parameters that replace the entry's in that regime."""
    if isinstance(regimes, str):
        raise ConfigError(Problem(path, f"must be a list of labels: write [{regimes}]"))
    if not isinstance(regimes, (list, tuple, Mapping)):
        message = f"must be a list of labels, or a mapping label: {{parameters}}, but was {shown(regimes)}"
        raise ConfigError(Problem(path, message))
    if not regimes:
        raise ConfigError(Problem(path, "is empty; name a label, e.g. [up], or leave it out"))
    problems: list[Problem] = []
    found: dict[str, dict[str, Any]] = {}
    entries: list[tuple[Any, Any]]
    entries = list(regimes.items()) if isinstance(regimes, Mapping) else [(label, None) for label in regimes]
    for i, (label, values) in enumerate(entries):
        where = f"{path}.{label}" if isinstance(regimes, Mapping) else f"{path}[{i}]"
        if not isinstance(label, str) or not label.strip():
            hint = " (YAML reads words such as on and yes as booleans; put them in quotes)"
            problems.append(Problem(where, f"must be a label, but was {shown(label)}{hint * isinstance(label, bool)}"))
            continue
        if label in found:
            problems.append(Problem(where, f"names {label} twice; name each label once"))
            continue
        found[label] = {}
        if values is None:
            continue
        if not isinstance(values, Mapping):
            problems.append(Problem(where, f"must be a mapping of parameters (name: value), but was {shown(values)}"))
            continue
        try:
            found[label] = kind.canonical(values, where)
        except ConfigError as error:
            problems += error.problems
        wrong = {name: _no_single_value(value) for name, value in values.items()}
        problems += [Problem(f"{where}.{name}", sentence) for name, sentence in wrong.items() if sentence]
    if problems:
        raise ConfigError(problems)
    return found


def _no_single_value(value: object) -> str:
    """Why a value can't stand for one regime, or nothing."""
    if isinstance(value, (list, tuple, range, Mapping)):
        return (
            f"must be one value here, but was {shown(value)}; what is swept stands in the strategy's `parameters`, "
            "and is then left out here"
        )
    if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0:
        value = value.item()  # type: ignore[attr-defined]  # numpy's numbers
    if value is None or isinstance(value, (bool, str, int)) or (isinstance(value, float) and math.isfinite(value)):
        return ""
    return f"must be a finite number, text or a boolean, but was {shown(value)}"


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as canonical JSON has them: numbers as floats, so that 10 and 10.0 are one."""
    plain: dict[str, Any] = {}
    for name, value in values.items():
        if hasattr(value, "dtype"):
            value = value.item()
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        plain[name] = float(value) if number and abs(value) < 2**53 else value
    return plain
