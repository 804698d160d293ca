"""Entries of a config as a plan has them: a kind, its fixed parameters, its swept ones, and what is built from both."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from pydantic import ValidationError

from adm_notebook.components import Classifier, ParameterInfo, RiskProfile, Strategy
from adm_notebook.components.weights import Weights
from adm_notebook.config.settings import StopDistance
from adm_notebook.market.arrays import I64, Bool
from adm_notebook.planning.layout import Layout
from adm_notebook.planning.sweeps import Axis

if TYPE_CHECKING:
    from adm_notebook.components.programs import Program

__all__ = [
    "Kind",
    "Pick",
    "Planned",
    "PlannedClassifier",
    "PlannedRisk",
    "PlannedStrategy",
    "Stack",
    "places",
    "written",
]

Built_co = TypeVar("Built_co", covariant=True)
Built = TypeVar("Built")


class Kind(Protocol[Built_co]):
    """What every kind of component in a registry has: strategies, classifiers, risk profiles."""

    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, ParameterInfo]: ...
    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]: ...
    def build(self, given: Mapping[str, Any], path: str) -> Built_co: ...


@dataclass(frozen=True, eq=False)
class Planned(Generic[Built]):
    """One entry of `strategies`, `classifiers` or `risk_profiles`.

    label    its name in `stats`: `name`, else `type`, then `type_2`
    kind     what it is, as it was registered when the plan was made
    fixed    parameters with one value
    axes     parameters with several
    grid     (n_combinations, n_axes)  positions in the axes' values, the last axis fastest; what constraints drop is
             gone
    path     where its parameters stand in the config, for errors
    program  the rules of a strategy over the grid of its parameters; None where there is none, or it was not asked
    """

    label: str
    kind: Kind[Built]
    fixed: Mapping[str, Any]
    axes: tuple[Axis, ...]
    grid: Layout
    path: str
    program: Program | None = None

    @property
    def type(self) -> str:
        """Its name in the registry, as it was when the plan was made."""
        return self.kind.name

    @property
    def n_combinations(self) -> int:
        """Parameter sets."""
        return len(self.grid)

    def parameters(self, combination: int) -> dict[str, Any]:
        """Given parameters of one combination, by name; defaults are not filled in."""
        picked = {axis.name: axis.values[at] for axis, at in zip(self.axes, self.grid[combination], strict=True)}
        return nested({**self.fixed, **picked})

    def build(self, combination: int) -> Built:
        """The component of one combination.

        Raises
        ------
        InvalidParameters
            where the component's own check refuses them.
        """
        return self.kind.build(self.parameters(combination), self.path)

    def values(self, name: str, combination: I64) -> Any:
        """Values of a parameter in some combinations: swept, fixed, by default, or NaN where it lacks it."""
        for k, axis in enumerate(self.axes):
            if axis.name == name:
                return picked(axis.values, self.grid[combination, k])
        whole = {**{known: info.default for known, info in self.kind.parameters.items()}, **self.fixed}
        if name in whole:
            return written(whole[name])
        outer, _, inner = name.rpartition(".")  # a part of a setting, which another entry sweeps: `stop_loss.atr`
        parts = whole.get(outer)
        return parts.get(inner, np.nan) if isinstance(parts, Mapping) else np.nan

    def places(self, name: str, values: Sequence[Any], combination: I64) -> I64:
        """Where a parameter's values in some combinations stand in `values`; -1 where they do not."""
        for k, axis in enumerate(self.axes):
            if axis.name == name:
                found: I64 = places(picked(axis.values, np.arange(len(axis.values))), values)[self.grid[combination, k]]
                return found
        fixed = places(self.values(name, np.zeros(1, np.int64)), values) if len(combination) else np.zeros(1, np.int64)
        return np.broadcast_to(fixed, (len(combination),))


@dataclass(frozen=True, eq=False)
class PlannedStrategy(Planned[Strategy]):
    """One entry of `strategies`.

    allocation  its share of the capital in a combined portfolio
    given       the whole entry, where more than its parameters says what it is: an ensemble, regimes
    """

    allocation: float | None = None
    given: Mapping[str, Any] | None = None


PlannedClassifier = Planned[Classifier]
PlannedRisk = Planned[RiskProfile]


class Pick(NamedTuple):
    """One combination of one entry."""

    entry: int
    combination: int


class Stack:
    """The combinations of several entries, one entry after the other; without entries there is one, of nothing."""

    def __init__(self, entries: Sequence[Planned[Any]]) -> None:
        self.entries = tuple(entries)
        self._starts = np.concatenate([[0], np.cumsum([e.n_combinations for e in self.entries])]).astype(np.int64)
        self._first: list[int] = self._starts.tolist()

    def __len__(self) -> int:
        return int(self._starts[-1]) if self.entries else 1

    def pick(self, number: int) -> Pick | None:
        """The combination with that number; None where there are no entries."""
        if not self.entries:
            return None
        entry = bisect_right(self._first, number) - 1
        return Pick(entry, number - self._first[entry])

    def number(self, entry: int, combination: int) -> int:
        """The number of a combination of an entry; the inverse of `pick`."""
        return int(self._starts[entry]) + combination

    def owners(self, numbers: I64) -> dict[int, tuple[Bool, I64]]:
        """For each entry: which of the numbers are its, and their combinations."""
        entry = self._entry(numbers)
        return {e: (entry == e, numbers[entry == e] - self._starts[e]) for e in range(len(self.entries))}

    def labels(self, numbers: I64, otherwise: str) -> tuple[list[str], I64]:
        """The entries' labels, and (n,) which of them each number has; `otherwise` where there are no entries."""
        if not self.entries:
            return [otherwise], np.zeros(len(numbers), np.int64)
        return [entry.label for entry in self.entries], self._entry(numbers)

    def _entry(self, numbers: I64) -> I64:
        """(n,) the entry that each number belongs to."""
        if len(self.entries) == 1:
            return np.zeros(len(numbers), np.int64)
        return np.searchsorted(self._starts, numbers, side="right") - 1

    def column(self, name: str, numbers: I64) -> Any:
        """(n,) value of a parameter in each number: as `picked` has them; objects where there are several entries."""
        if len(self.entries) == 1:
            values = self.entries[0].values(name, numbers)
            if isinstance(values, np.ndarray):
                return values
        found = np.full(len(numbers), np.nan, dtype=object)
        for e, (mask, combination) in self.owners(numbers).items():
            found[mask] = self.entries[e].values(name, combination)
        return found

    def places(self, name: str, values: Sequence[Any], numbers: I64) -> I64:
        """(n,) where a parameter's value in each number stands in `values`; -1 where it does not."""
        if len(self.entries) == 1:
            return self.entries[0].places(name, values, numbers)
        found = np.full(len(numbers), -1, np.int64)
        for e, (mask, combination) in self.owners(numbers).items():
            found[mask] = self.entries[e].places(name, values, combination)
        return found

    def axes(self) -> list[str]:
        """Names of all swept parameters, each once, in the config's order."""
        return list(dict.fromkeys(axis.name for entry in self.entries for axis in entry.axes))


def places(given: Any, values: Sequence[Any]) -> I64:
    """(n,) where each given value stands in `values`, which ascend where they are numbers; -1 where it does not."""
    objects = np.atleast_1d(np.asarray(given, dtype=object))
    if isinstance(values[0], (int, float)) and not isinstance(values[0], bool):
        numbers, wanted = np.asarray(values, np.float64), objects.astype(np.float64)
        at = np.clip(np.searchsorted(numbers, wanted), 0, len(numbers) - 1)
        return np.where(numbers[at] == wanted, at, -1).astype(np.int64)
    known = {value: i for i, value in enumerate(values)}
    return np.array([known.get(value, -1) for value in objects.tolist()], np.int64)


def picked(values: Sequence[Any], at: I64) -> Any:
    """`values` at positions: as an array of numbers, or else of objects, so that 10 stays 10 beside 'ema'."""
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and kinds <= _NUMBERS and (kinds != {int} or max(map(abs, values)) < 2**63):
        return np.array(values)[at]
    objects = np.empty(len(values), dtype=object)
    objects[:] = values if kinds <= _PLAIN else [written(v) for v in values]
    return objects[at]


_NUMBERS = {int, float, bool}
_PLAIN = {*_NUMBERS, str}
"""Types of values that a table shows as they are."""


def written(value: Any) -> Any:
    """A value as a table shows it: a distance as `2 ATR(14)`, another mapping by its parts, weights of an ensemble as
    `2:1:0.5`; any other is left as it is.

    >>> written({"atr": 2}), written({"method": "atr", "period": 14}), written(Weights((2.0, 0.5))), written(0.05)
    ('2 ATR(14)', 'method atr, period 14', '2:0.5', 0.05)
    """
    if isinstance(value, Weights):
        return ":".join(repr(part).removesuffix(".0") for part in value)
    if not isinstance(value, Mapping):
        return value
    if value.keys() & {"atr", "std"}:
        try:
            return str(StopDistance.model_validate(dict(value)))
        except ValidationError:  # what is wrong with it is said where its settings are resolved
            pass
    return ", ".join(f"{name} {part}" for name, part in value.items())


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """`{"stop_loss.atr": 2}` as `{"stop_loss": {"atr": 2}}`, where the outer name holds a mapping."""
    found: dict[str, Any] = {name: dict(v) if isinstance(v, Mapping) else v for name, v in values.items()}
    for name in values:
        outer, _, inner = name.partition(".")
        if inner and isinstance(found.get(outer), dict):
            found[outer][inner] = found.pop(name)
    return found
