"""Swept strategies as programs: rules worked out once for a whole grid, and evaluated for many combinations at once.

A strategy that is built and evaluated for each combination costs a model, a tree and a pass over the bars for every
operation, each time. A program finds once what the rules are (`reads`, `chunks`), which indicators and numbers each
combination has in them, and runs all combinations in compiled chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, NamedTuple, Protocol

import numpy as np

from adm_notebook.components.expressions import ExpressionError, Template, bind
from adm_notebook.components.expressions.chunk_kernels import I32
from adm_notebook.components.expressions.chunks import (
    Chunks,
    lowered_flags,
    lowered_target,
    scalar_values,
)
from adm_notebook.components.expressions.nodes import Call, Expression, Feature, Parameter, children, walk
from adm_notebook.components.library import ModelType
from adm_notebook.components.program_rows import LEADING, Output, ProgramGroup, ProgramRows, Refusals, longest_of
from adm_notebook.components.reads import AxisLike, ByReads, Checks, distinct, numbers_in, rules_with, takes
from adm_notebook.components.rule import RuleType
from adm_notebook.components.rules import Direction, Rules, TargetRules, expressions_of
from adm_notebook.components.strategy import InvalidParameters
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.market.arrays import F64, I64, Bool

__all__ = ["Program", "has_program", "program_of"]

REMEMBERED = 16_384
"""Distinct parameters of a call up to which its indicators are kept from one part of a grid to the next."""


class _Kind(Protocol):
    """What a program asks of a kind of strategy, whose parameters are at hand."""

    def open_rules(self, values: Mapping[str, Any]) -> tuple[tuple[Rules, Direction] | None, frozenset[str]]: ...
    def typed(self, name: str, value: Any) -> Any: ...
    def takes(self, name: str, value: Any) -> bool: ...


class _Model:
    """A built-in strategy."""

    def __init__(self, kind: ModelType) -> None:
        self.model, self.typed = kind.model, kind.typed
        self.defaults = {name: info.default for name, info in kind.parameters.items()}

    def open_rules(self, values: Mapping[str, Any]) -> tuple[tuple[Rules, Direction] | None, frozenset[str]]:
        rules, read = rules_with(self.model, values)
        return (rules, values["direction"]), read | {"direction"}

    def takes(self, name: str, value: Any) -> bool:
        return takes(self.model, name, value)


class _Rule:
    """`rule`, whose conditions are parameters among others."""

    def __init__(self, kind: RuleType) -> None:
        self.kind = kind

    def open_rules(self, values: Mapping[str, Any]) -> tuple[tuple[Rules, Direction] | None, frozenset[str]]:
        return self.kind.open_rules(values), frozenset(self.kind.parameters)

    def typed(self, name: str, value: Any) -> Any:
        return value.item() if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0 else value

    def takes(self, name: str, value: Any) -> bool:
        return name in self.kind.parameters or self.kind.takes(value)


class _Swept(NamedTuple):
    """An axis, its values typed."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Bound:
    """A call with the values of its parameters."""

    output: Output
    lookback: int


_Known = dict[tuple[int, ...], _Bound | None]
"""Calls by the positions of the parameters that they depend on; None where they are refused."""


class Program:
    """A strategy over a grid of its parameters; `program_of` makes one. Threads may share it."""

    def __init__(
        self, kind: ModelType | RuleType, fixed: Mapping[str, Any], axes: Sequence[AxisLike], path: str
    ) -> None:
        self._kind, self._path = kind, path
        self._given, self._given_axes = dict(fixed), tuple(axes)
        self._of: _Kind = _Model(kind) if isinstance(kind, ModelType) else _Rule(kind)
        defaults = self._of.defaults if isinstance(self._of, _Model) else {}
        self._fixed = {**defaults, **{name: self._of.typed(name, value) for name, value in fixed.items()}}
        self._axes = [_Swept(a.name, tuple(self._of.typed(a.name, v) for v in a.values)) for a in axes]
        conditions = kind.parameters if isinstance(kind, RuleType) else {}
        self._bindable = {name: value for name, value in self._fixed.items() if name not in conditions}
        self._at = {axis.name: j for j, axis in enumerate(self._axes)}
        self._takes = [np.array([self._of.takes(a.name, v) for v in a.values], np.bool_) for a in self._axes]
        self._sound = all(self._of.takes(name, self._fixed[name]) for name in fixed)
        self._numbers = [numbers_in(axis.values) for axis in self._axes]
        first = [int(good.argmax()) for good in self._takes]
        self._checks = Checks(kind.model, self._fixed, self._axes, first) if isinstance(kind, ModelType) else None
        self._rules = ByReads(self._axes, self._chunks_with, first)
        self._lowered: dict[tuple[Rules, Direction], Chunks] = {}
        self._calls: dict[Call, _Known] = {}
        self._lock = Lock()

    def rows(self, grid: I64) -> ProgramRows:
        """What a part of the grid needs to be evaluated.

        Parameters
        ----------
        grid
            (k, n_axes) positions in the values of the axes.

        Raises
        ------
        ConfigError
            where some combinations give targets and others flags.
        """
        rows = self._rows(np.ascontiguousarray(grid, np.int64))
        if any(group.chunks.gives != rows.gives for group in rows.groups):
            raise ConfigError(Problem(self._path, "gives targets for some of its parameters and flags for others"))
        return rows

    def errors(self, grid: I64) -> Iterator[tuple[int, ConfigError]]:
        """What building raises for combinations with a value that is wrong by itself, made one by one.

        Those that the strategy's own check refuses, as their values don't go together, are not among them.

        Yields
        ------
        Place in a part of the grid, rising, and error.
        """
        makers = self._rows(grid).refused.makers
        for row in sorted(makers):
            if makers[row] != self._refusal:
                yield row, makers[row](grid[row])

    def _rows(self, grid: I64) -> ProgramRows:
        with self._lock:
            return self._read(grid)

    def _read(self, grid: I64) -> ProgramRows:
        wrong = np.full(len(grid), not self._sound)
        for j, good in enumerate(self._takes):
            if not good.all():
                wrong |= ~good[grid[:, j]]
        left = np.flatnonzero(~wrong)
        invalid = left[self._checks.refused(grid[left])] if self._checks is not None else left[:0]
        alright = ~wrong
        alright[invalid] = False
        left = np.flatnonzero(alright)
        members: dict[Chunks, list[I64]] = {}
        for chunks, rows in self._rules.split(grid[left]):
            if chunks is None:
                wrong[left[rows]] = True
            else:
                members.setdefault(chunks, []).append(left[rows])
        outputs: dict[Output, int] = {}
        lookbacks: list[int] = []
        groups = []
        for chunks, parts in members.items():
            rows = parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))
            group, refused = self._group(chunks, grid[rows], rows, outputs, lookbacks)
            wrong[rows[refused]] = True
            if len(group.members):
                groups.append(group)
        makers = dict.fromkeys(invalid.tolist(), self._refusal) | dict.fromkeys(
            np.flatnonzero(wrong).tolist(), self._error
        )
        longest = longest_of(len(grid), groups, np.array(lookbacks, np.int64))
        return ProgramRows(
            len(grid),
            groups[0].chunks.gives if groups else "targets",
            tuple(groups),
            tuple(outputs),
            longest,
            Refusals(grid, makers),
        )

    # ---- rules ------------------------------------------------------------------------------------------------------

    def _chunks_with(self, picked: dict[str, Any]) -> tuple[Chunks | None, frozenset[str]]:
        """The rules that belong to some values, as steps; None where they are refused."""
        values = {**self._fixed, **picked}
        found, read = self._of.open_rules(values)
        if found is None:
            return None, read
        if found not in self._lowered:
            rules, direction = found
            names = {n.name for e in expressions_of(rules) if e is not None for n in _parameters_outside_calls(e)}
            if not names <= values.keys():
                return None, read
            if isinstance(rules, TargetRules):
                chunks = lowered_target(rules.up, rules.down, rules.keep, direction != "short", direction != "long")
            else:
                chunks = lowered_flags(*expressions_of(rules))
            self._lowered[found] = chunks
        return self._lowered[found], read

    # ---- what stands in them ----------------------------------------------------------------------------------------

    def _group(
        self, chunks: Chunks, grid: I64, members: I64, outputs: dict[Output, int], lookbacks: list[int]
    ) -> tuple[ProgramGroup, Bool]:
        """The combinations of one set of rules; and which of them are refused after all.

        outputs, lookbacks
            written: the distinct outputs so far with their places, and the lookback of each.
        """
        k = len(grid)
        refused = np.zeros(k, np.bool_)
        numbers = np.empty((k, len(chunks.numbers)))
        for i, node in enumerate(chunks.numbers):
            names = {part.name for part in walk(node) if isinstance(part, Parameter)}
            numbers[:, i], bad = scalar_values(node, {name: self._values(name, grid) for name in names}, k)
            refused |= bad | (numbers[:, i] == 0) if i in chunks.divisors else bad
        slots = np.empty((k, len(chunks.slots)), np.int32)
        shifts = np.zeros((k, len(chunks.slots)), np.int64)
        called: dict[Call, I32] = {}
        beside: dict[Call, _Known] = {}
        for i, series in enumerate(chunks.slots):
            shifts[:, i] = series.bars
            for name in series.by:
                bars = self._values(name, grid)
                whole = np.isfinite(bars) & (bars >= 0) & (np.floor(bars) == bars)
                refused |= ~whole
                shifts[:, i] += np.minimum(np.where(whole, bars, 0), 2.0**40).astype(np.int64)
            if not isinstance(series.source, Call):
                slots[:, i] = LEADING.index(series.source)
                continue
            if series.source not in called:
                called[series.source] = self._called(series.source, grid, refused, outputs, lookbacks, beside)
            slots[:, i] = called[series.source]
        if refused.any():
            kept = ~refused
            members, slots, shifts, numbers = members[kept], slots[kept], shifts[kept], numbers[kept]
        return ProgramGroup(chunks, members, slots, shifts, numbers), refused

    def _values(self, name: str, grid: I64) -> F64:
        """(k,) values of a parameter, (1,) where it isn't swept; NaN where it is no number."""
        at = self._at.get(name)
        return numbers_in([self._fixed[name]]) if at is None else self._numbers[at][grid[:, at]]

    def _called(
        self,
        call: Call,
        grid: I64,
        refused: Bool,
        outputs: dict[Output, int],
        lookbacks: list[int],
        beside: dict[Call, _Known],
    ) -> I32:
        """(k,) the series that each combination's call is; combinations whose call is refused are marked.

        beside
            what is known of calls that differ in their output only, which have the same indicators; written.
        """
        names = {part.name for part in walk(call) if isinstance(part, Parameter)}
        at = [j for j, axis in enumerate(self._axes) if axis.name in names]
        sizes = [len(self._axes[j].values) for j in at]
        known = self._calls.setdefault(call, {}) if np.prod(sizes, dtype=float) <= REMEMBERED else {}
        others = beside.setdefault(replace(call, output=""), known)
        position: int | None = None  # of the output, where the function says beforehand which it has
        series = np.zeros(len(grid), np.int32)
        for key, rows in distinct(grid[:, at], sizes):
            if key not in known:
                other = others.get(key)
                if other is None or position is None:
                    known[key] = self._bound(call, {self._axes[j].name: p for j, p in zip(at, key, strict=True)})
                else:
                    known[key] = _Bound(Output(other.output.indicator, position), other.lookback)
            bound = known[key]
            if bound is None:
                refused[rows] = True
                continue
            if position is None and bound.output.indicator.function.outputs:
                position = bound.output.output
            place = outputs.setdefault(bound.output, len(outputs))
            if place == len(lookbacks):
                lookbacks.append(bound.lookback)
            series[rows] = len(LEADING) + place
        return series

    def _bound(self, call: Call, positions: Mapping[str, int]) -> _Bound | None:
        """The call with its parameters; None where they are refused."""
        picked = {name: self._axes[self._at[name]].values[position] for name, position in positions.items()}
        try:
            node = bind(Template("", call, {}), {**self._bindable, **picked})
        except ExpressionError:
            return None
        assert isinstance(node, Feature), "a call binds to an indicator"
        return _Bound(Output(node.indicator, node.output), node.indicator.lookback)

    # ---- refusals ---------------------------------------------------------------------------------------------------

    def _picked(self, positions: I64) -> dict[str, Any]:
        return {axis.name: axis.values[at] for axis, at in zip(self._given_axes, positions.tolist(), strict=True)}

    def _refusal(self, positions: I64) -> ConfigError:
        """Why the strategy's own check refuses a combination."""
        assert self._checks is not None, "only models have checks"
        typed = {axis.name: axis.values[at] for axis, at in zip(self._axes, positions.tolist(), strict=True)}
        return InvalidParameters(Problem(self._path, self._checks.why({**self._fixed, **typed})))

    def _error(self, positions: I64) -> ConfigError:
        """What building a combination raises."""
        try:
            self._kind.build({**self._given, **self._picked(positions)}, self._path)
        except ConfigError as error:
            return error
        raise AssertionError(f"{self._kind.name} takes {self._picked(positions)}, which its program refuses")


def program_of(
    kind: object, fixed: Mapping[str, Any], axes: Sequence[AxisLike], path: str = "parameters"
) -> Program | None:
    """The program of a swept strategy; None where it can't be one.

    Built-in strategies and `rule` can, whatever indicators they read. Users' functions, ensembles and strategies that
    are limited to regimes are built and evaluated one by one.

    Parameters
    ----------
    kind
        a kind of strategy, as the registry has it.
    fixed
        parameters with one value, by the names that the kind knows them by.
    axes
        those with several.
    path
        where the parameters stand in the config, for errors.
    """
    return Program(kind, fixed, axes, path) if has_program(kind, fixed, axes) else None  # type: ignore[arg-type]


def has_program(kind: object, fixed: Mapping[str, Any], axes: Sequence[AxisLike]) -> bool:
    """Whether `program_of` makes a program of these."""
    names = [*fixed, *(axis.name for axis in axes)]
    if not isinstance(kind, (ModelType, RuleType)) or len(set(names)) < len(names) or any("." in n for n in names):
        return False
    return isinstance(kind, RuleType) or (Checks.known(kind.model) and all(n in kind.parameters for n in names))


def _parameters_outside_calls(node: Expression) -> Iterator[Parameter]:
    """Parameters that stand for numbers of their own; those of calls are the indicators' business."""
    if isinstance(node, Parameter):
        yield node
    elif not isinstance(node, Call):
        for child in children(node):
            yield from _parameters_outside_calls(child)
