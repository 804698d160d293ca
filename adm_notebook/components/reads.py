"""What a parameter model would do with values, without building it: its rules, its checks, and what they depend on.

A sweep asks that of thousands of combinations. So the code of a model is run on a stand-in, which hands over values and
notes for which it was asked: combinations that agree in these give the same, and the code runs once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from types import FunctionType, MethodType
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from adm_notebook.components.expressions import parse_condition
from adm_notebook.components.numbers import is_number
from adm_notebook.components.rules import Rules
from adm_notebook.components.strategies import BuiltIn
from adm_notebook.market.arrays import F64, I64, Bool

__all__ = ["AxisLike", "ByReads", "Checks", "distinct", "numbers_in", "rules_with", "takes"]

T = TypeVar("T")

REMEMBERED = 65_536
"""Answers kept from one part of a grid to the next."""


class AxisLike(Protocol):
    """One swept parameter and its values."""

    @property
    def name(self) -> str: ...
    @property
    def values(self) -> Sequence[Any]: ...


def distinct(grid: I64, sizes: Sequence[int]) -> Iterator[tuple[tuple[int, ...], I64]]:
    """The distinct rows of a grid, and where each of them stands, in ascending order.

    grid   (k, m)
    sizes  how many positions each of the m columns has
    """
    k = len(grid)
    if not k:
        return
    if not sizes:
        yield (), np.arange(k)
        return
    codes = np.ravel_multi_index(tuple(grid.T), tuple(sizes)) if len(sizes) > 1 else grid[:, 0]
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    keys, bounds = grid[order[starts]].tolist(), [*starts.tolist(), k]
    for i, key in enumerate(keys):
        yield tuple(key), order[bounds[i] : bounds[i + 1]]


def numbers_in(values: Sequence[Any]) -> F64:
    """Values as floats, NaN for those that are no finite numbers."""
    return np.array([float(v) if is_number(v) else np.nan for v in values], np.float64)


class ByReads(Generic[T]):
    """Answers of a function of parameters, each asked for once per distinct values of those that it reads.

    answer
        given values by name, what it has to say, and the names of those that it read to say it.
    first
        for each axis, the place of a value that `answer` can be asked with; by default 0.
    """

    def __init__(
        self,
        axes: Sequence[AxisLike],
        answer: Callable[[dict[str, Any]], tuple[T, frozenset[str]]],
        first: Sequence[int] = (),
    ) -> None:
        self._axes, self._answer = axes, answer
        self._first = list(first) or [0] * len(axes)
        self._read: list[int] = []
        self._known: dict[tuple[int, ...], T] = {}

    def split(self, grid: I64) -> list[tuple[T, I64]]:
        """The combinations of a part of the grid, (k, n_axes), with each answer: (answer, rows)."""
        while True:
            found = [(self._ask(key), rows) for key, rows in self._distinct(grid)]
            if all(answer is not None for answer, _ in found):
                return [(answer[0], rows) for answer, rows in found if answer is not None]

    def _distinct(self, grid: I64) -> list[tuple[tuple[int, ...], I64]]:
        return list(distinct(grid[:, self._read], [len(self._axes[j].values) for j in self._read]))

    def _ask(self, key: tuple[int, ...]) -> tuple[T] | None:
        """The answer; None where it turned out to read more, so that all have to be asked again."""
        if len(key) != len(self._read):
            return None
        if key in self._known:
            return (self._known[key],)
        at = dict(zip(self._read, key, strict=True))
        picked = {axis.name: axis.values[at.get(j, self._first[j])] for j, axis in enumerate(self._axes)}
        answer, read = self._answer(picked)
        more = [j for j, axis in enumerate(self._axes) if axis.name in read and j not in at]
        if more:
            self._read = sorted([*self._read, *more])
            self._known.clear()
            return None
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[key] = answer
        return (answer,)


class _StandIn:
    """Answers for a model that has these values, and notes which of them were asked for."""

    def __init__(self, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        self._model, self._values = model, values
        self._asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name in self._values:
            self._asked.add(name)
            return self._values[name]
        found = getattr(self._model, name)
        if isinstance(found, property):
            return found.__get__(self)
        return MethodType(found, self) if isinstance(found, FunctionType) else found


class _ForRules(_StandIn):
    """Leaves the parameters in its conditions open: what `_bound` would bind is a template."""

    def _bound(self, text: str) -> Any:
        return parse_condition(text).root


class _ForChecks(_StandIn):
    """Notes the pairs of parameters that have to be in order, rather than to compare them."""

    def __init__(self, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        super().__init__(model, values)
        self._pairs: list[tuple[str, str]] = []

    def _refuse_unless_shorter(self, *windows: str) -> None:
        self._pairs += pairwise(windows)

    def _refuse_unless_below(self, low: str, high: str, why: str = "") -> None:
        self._pairs.append((low, high))


def rules_with(model: type[BuiltIn], values: Mapping[str, Any]) -> tuple[Rules, frozenset[str]]:
    """The rules of a model with their parameters left open, and the parameters that decide which rules they are."""
    stand_in: Any = _ForRules(model, values)
    return model.rules(stand_in), frozenset(stand_in._asked)


@lru_cache(maxsize=256)
def _field(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    config = ConfigDict(strict=bool(model.model_config.get("strict")), allow_inf_nan=False)
    return TypeAdapter(field.rebuild_annotation(), config=config)


def takes(model: type[BaseModel], name: str, value: Any) -> bool:
    """Whether a field takes a value by itself."""
    try:
        _field(model, name).validate_python(value)
    except ValidationError:
        return False
    return True


class Checks:
    """A model's own checks, over combinations whose values its fields take one by one.

    fixed
        values of the parameters that are not swept, defaults included.
    first
        for each axis, the place of a value that its field takes; by default 0.
    """

    def __init__(
        self, model: type[BaseModel], fixed: Mapping[str, Any], axes: Sequence[AxisLike], first: Sequence[int] = ()
    ) -> None:
        self._model, self._fixed, self._axes = model, fixed, axes
        self._validators = [v.func for v in model.__pydantic_decorators__.model_validators.values()]
        self._numbers = {axis.name: numbers_in(axis.values) for axis in axes}
        self._at = {axis.name: j for j, axis in enumerate(axes)}
        self._outcomes = [ByReads(axes, self._outcome_of(validator), first) for validator in self._validators]

    @staticmethod
    def known(model: type[BaseModel]) -> bool:
        """Whether its checks are of the kind that can be told beforehand: of the model as a whole, after its fields."""
        decorators = model.__pydantic_decorators__
        others = (
            decorators.validators, decorators.field_validators, decorators.root_validators, decorators.computed_fields
        )  # fmt: skip
        return not any(others) and all(v.info.mode == "after" for v in decorators.model_validators.values())

    def refused(self, grid: I64) -> Bool:
        """(k,) which combinations of a part of the grid, (k, n_axes), are refused."""
        refused = np.zeros(len(grid), np.bool_)
        for outcomes in self._outcomes:
            for (pairs, fails), rows in outcomes.split(grid):
                if fails:
                    refused[rows] = True
                for low, high in pairs:
                    refused[rows] |= self._values(low, grid, rows) >= self._values(high, grid, rows)
        return refused

    def why(self, values: Mapping[str, Any]) -> str:
        """The sentence with which a combination is refused; nothing where it is not."""
        stand_in: Any = _StandIn(self._model, values)
        for validator in self._validators:
            try:
                validator(stand_in)
            except ValueError as error:
                return str(error)
        return ""

    def _values(self, name: str, grid: I64, rows: I64) -> Any:
        return self._numbers[name][grid[rows, self._at[name]]] if name in self._at else self._fixed[name]

    def _outcome_of(
        self, validator: Callable[[Any], Any]
    ) -> Callable[[dict[str, Any]], tuple[tuple[list[tuple[str, str]], bool], frozenset[str]]]:
        def outcome(picked: dict[str, Any]) -> tuple[tuple[list[tuple[str, str]], bool], frozenset[str]]:
            stand_in = _ForChecks(self._model, {**self._fixed, **picked})
            try:
                validator(stand_in)
                fails = False
            except ValueError:
                fails = True
            return (stand_in._pairs, fails), frozenset(stand_in._asked)

        return outcome
