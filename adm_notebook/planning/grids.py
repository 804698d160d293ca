"""Settings of the rows of a sweep, made when they are asked for: a grid costs what its axes do, not its size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np

from adm_notebook.config.settings import Settings
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.market.arrays import F64, I64
from adm_notebook.planning.planned import nested
from adm_notebook.planning.sweeps import Axis

__all__ = ["Given", "SettingsGrid"]

PROBLEMS_MOST = 20
"""After so many problems the other settings are not looked at."""

SIMPLE: Mapping[str, str] = {
    "stop_loss": "stop_loss",
    "take_profit": "take_profit",
    "size": "size",
    "initial_capital": "initial_capital",
    "commission": "rate",
    "commission.rate": "rate",
    "commission.fixed": "fixed",
    "slippage.entry": "entry_slippage",
    "slippage.exit": "exit_slippage",
    "max_position_value": "max_position_value",
    "max_drawdown": "max_drawdown",
    "max_daily_loss": "max_daily_loss",
}
"""Settings that are plain numbers and fit whatever stands beside them, as long as each is right by itself; and what
`engine.sweep.Accounts.varied` calls them."""


class Given(Sequence[Mapping[str, Any]]):
    """Settings as they were given, one mapping for each combination of the axes, the last axis fastest."""

    def __init__(self, fixed: Mapping[str, Any], axes: Sequence[Axis]) -> None:
        self.fixed, self.axes = dict(fixed), tuple(axes)
        self._shape = tuple(len(axis.values) for axis in self.axes)

    def __len__(self) -> int:
        return math.prod(self._shape)

    @overload
    def __getitem__(self, at: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, at: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        return self.with_values(self.positions(range(len(self))[at]))

    def positions(self, at: int) -> tuple[int, ...]:
        """Where a combination stands on each axis."""
        return tuple(int(i) for i in np.unravel_index(at, self._shape)) if self._shape else ()

    def with_values(self, positions: Sequence[int]) -> dict[str, Any]:
        """The settings at a place of the grid."""
        picked = {axis.name: axis.values[i] for axis, i in zip(self.axes, positions, strict=True)}
        return nested({**self.fixed, **picked})

    def columns(self, at: I64) -> Iterator[tuple[str, F64]]:
        """(name, (n,) values) of each axis, in these combinations; only for axes of numbers."""
        places = np.unravel_index(at, self._shape) if self.axes else ()
        for axis, place in zip(self.axes, places, strict=True):
            yield axis.name, np.array(axis.values, np.float64)[place]


class SettingsGrid(Sequence[Settings]):
    """The same resolved, with what a risk profile lays over them.

    Parameters
    ----------
    given
        settings of `backtest_config`.
    own
        what the profile lays over each of them; empty without one.
    path
        where problems are said to stand.
    """

    def __init__(self, given: Given, own: Mapping[str, Any], path: str) -> None:
        self.given, self.own, self.path = given, dict(own), path
        self._made: dict[int, Settings] = {}

    def __len__(self) -> int:
        return len(self.given)

    @overload
    def __getitem__(self, at: int) -> Settings: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Settings]: ...
    def __getitem__(self, at: int | slice) -> Settings | Sequence[Settings]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        made = self._made.get(at)
        if made is None:
            made = Settings.resolve({**self.given[at], **self.own}, self.path)
            if len(self._made) < KEPT:
                self._made[at] = made
        return made

    @cached_property
    def is_simple(self) -> bool:
        """Whether all axes are of numbers that fit whatever stands beside them."""
        return all(
            axis.name in SIMPLE and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in axis.values)
            for axis in self.given.axes
        )

    def shown(self) -> Iterator[Settings]:
        """Settings that between them show all that any of these have: of a simple grid each value once, else all.

        Raises
        ------
        ConfigError
            with the problems of all that are wrong.
        """
        problems: list[Problem] = []
        for values in self._shown():
            if len(problems) > PROBLEMS_MOST:
                break
            try:
                yield Settings.resolve({**values, **self.own}, self.path)
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(dict.fromkeys(problems))

    def _shown(self) -> Iterator[Mapping[str, Any]]:
        if not self.is_simple:
            yield from self.given
            return
        first = [0] * len(self.given.axes)
        yield self.given.with_values(first)
        for k, axis in enumerate(self.given.axes):
            for i in range(1, len(axis.values)):
                yield self.given.with_values([*first[:k], i, *first[k + 1 :]])

    def identity(self) -> list[Any]:
        """What tells these settings from others: canonical, the same however they were written."""
        if not self.is_simple or not self.given.axes:
            return [settings.digest for settings in self]
        return [self[0].digest, [[axis.name, [float(v) for v in axis.values]] for axis in self.given.axes]]

    def varied(self, at: I64) -> dict[str, F64]:
        """(n,) values in these combinations, by the names that a sweep knows them by; only of a simple grid."""
        return {SIMPLE[name]: values for name, values in self.given.columns(at)}


KEPT = 4_096
"""Settings of one grid that are kept once they were made."""
