"""A Plan: what will run, in which mode and why; frozen, and made without running anything.

A sweep is one plan with axes. Its rows are numbered in the order of the specification: symbol outermost, then settings
of `backtest_config`, strategy, its parameters, the last one fastest. A row is made on demand from its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.components import Strategy, StrategyType
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.market import Market
from adm_notebook.market.arrays import I64, Bool
from adm_notebook.planning.sweeps import Axis

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig
    from adm_notebook.config.data import DataConfig

__all__ = ["Limits", "Plan", "PlannedStrategy", "Row", "Sleeve"]

CLASSIFIER, RISK_PROFILE = "all", "default"
"""Labels of a run without classifiers (one regime) and without risk profiles (the settings of backtest_config)."""

_TAKEN = frozenset(("portfolio", "symbol", "strategy", "classifier", "risk_profile", "status", "error", *METRICS))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use: threads, seconds, MB of memory growth, indicator columns held at once; None = no limit."""

    workers: int
    timeout_seconds: float | None
    memory_mb: float | None
    indicators: int | None


@dataclass(frozen=True, eq=False)
class PlannedStrategy:
    """One entry of `strategies`: its fixed parameters, its axes, and which combinations of them the constraints leave.

    grid  (n_combinations, n_axes)  positions in the axes' values, the last axis fastest
    kind  the strategy as it was registered when the plan was made
    path  where its parameters stand in the config, for errors
    """

    label: str
    kind: StrategyType
    fixed: Mapping[str, Any]
    axes: tuple[Axis, ...]
    grid: I64
    path: str
    allocation: float | None = None

    @property
    def type(self) -> str:
        """The strategy's name in the registry, as it was when the plan was made."""
        return self.kind.name

    @property
    def n_combinations(self) -> int:
        """Parameter sets of this strategy."""
        return len(self.grid)

    def parameters(self, combination: int) -> dict[str, Any]:
        """Given parameters of one combination, by name; defaults are not filled in."""
        picked = {axis.name: axis.values[at] for axis, at in zip(self.axes, self.grid[combination], strict=True)}
        return {**self.fixed, **picked}

    def build(self, combination: int) -> Strategy:
        """The strategy of one combination.

        Raises
        ------
        InvalidParameters
            where the strategy's own check refuses them.
        """
        return self.kind.build(self.parameters(combination), self.path)


@dataclass(frozen=True, slots=True)
class Sleeve:
    """One account of a portfolio: a strategy's combination on a symbol, with a share of the capital."""

    symbol: str
    strategy: int
    combination: int
    weight: float


@dataclass(frozen=True, slots=True)
class Row:
    """One combination, as a run sees it: its number, its settings, and its sleeves (one, unless combined)."""

    number: int
    settings: Settings
    sleeves: tuple[Sleeve, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """What a workflow will do.

    mode, mode_reason  `traditional` or `composable`, and why, in a sentence
    settings           one for each combination of `setting_axes`
    combined           whether each row is one portfolio of all strategies and symbols
    left_out           constraint -> combinations it dropped
    defaults           sentences on defaults that were filled in; `warnings` has the rest
    """

    config: WorkflowConfig
    workflow_type: str
    mode: str
    mode_reason: str
    pattern: str
    data: DataConfig
    market: Market
    strategies: tuple[PlannedStrategy, ...]
    settings: tuple[Settings, ...]
    setting_axes: tuple[Axis, ...]
    combined: bool
    objective: str
    maximise: bool
    limits: Limits
    digest: str
    left_out: Mapping[str, int] = field(default_factory=dict)
    defaults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in the config's order."""
        return tuple(self.market)

    @property
    def workflow_id(self) -> str:
        """Digest of the planned work and the bars: the same work has the same id in every process."""
        from adm_notebook.config.frozen import digest_of

        return digest_of([self.digest, self.market.fingerprint])

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(s.n_combinations for s in self.strategies)

    @cached_property
    def n_rows(self) -> int:
        """Combinations that are to run."""
        if self.combined:
            return len(self.settings) * int(np.prod(self._sizes, dtype=np.int64))
        return len(self.symbols) * len(self.settings) * sum(self._sizes)

    @property
    def is_single(self) -> bool:
        """Whether there is exactly one combination and nothing was swept."""
        return self.n_rows == 1 and not self.swept

    # ---- rows ---------------------------------------------------------------------------------------------------

    def row(self, number: int) -> Row:
        """The row with that number, 0 <= number < n_rows."""
        if not 0 <= number < self.n_rows:
            raise IndexError(f"row {number} of {self.n_rows}")
        if self.combined:
            return self._combined_row(number)
        symbol, rest = divmod(number, len(self.settings) * sum(self._sizes))
        setting, rest = divmod(rest, sum(self._sizes))
        for s, size in enumerate(self._sizes):
            if rest < size:
                return Row(number, self.settings[setting], (Sleeve(self.symbols[symbol], s, rest, 1.0),))
            rest -= size
        raise AssertionError("unreachable: the sizes add up to the number of rows")

    def _combined_row(self, number: int) -> Row:
        setting, rest = divmod(number, int(np.prod(self._sizes, dtype=np.int64)))
        picked: list[int] = []
        for size in reversed(self._sizes):
            rest, at = divmod(rest, size)
            picked.append(at)
        weights = self.weights
        sleeves = tuple(
            Sleeve(symbol, s, at, weights[s] / len(self.symbols))
            for s, at in enumerate(reversed(picked))
            for symbol in self.symbols
        )
        return Row(number, self.settings[setting], sleeves)

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """Each strategy's share of the capital in a combined portfolio; those without one share evenly what is left."""
        given = [s.allocation for s in self.strategies]
        left = max(0.0, 1.0 - sum(a for a in given if a is not None))
        open_ = given.count(None)
        return tuple(left / open_ if a is None else a for a in given)

    # ---- columns ------------------------------------------------------------------------------------------------

    @cached_property
    def swept(self) -> dict[str, tuple[int | None, str]]:
        """Column -> (strategy or None for a setting or a parameter of all, name), in the order of nesting."""
        columns: dict[str, tuple[int | None, str]] = {
            f"setting.{axis.name}" if axis.name in _TAKEN else axis.name: (None, axis.name)
            for axis in self.setting_axes
        }
        taken = _TAKEN | set(columns)
        for s, strategy in enumerate(self.strategies):
            for axis in strategy.axes:
                if self.combined:
                    columns[f"{strategy.label}.{axis.name}"] = (s, axis.name)
                else:
                    columns.setdefault(f"param.{axis.name}" if axis.name in taken else axis.name, (-1, axis.name))
        return columns

    def identity(self, rows: I64) -> dict[str, Any]:
        """Identity columns of the rows with these numbers: portfolio, symbol, strategy, ..., swept parameters."""
        import pandas as pd

        setting, owners = self._coordinates(rows)
        labels, symbols = [s.label for s in self.strategies], self.symbols
        if self.combined:
            symbol: Any = ["+".join(symbols)] * len(rows)
            strategy: Any = ["+".join(labels)] * len(rows)
        else:
            per = len(self.settings) * sum(self._sizes)
            symbol = _picked(symbols, rows // per)
            strategy = np.empty(len(rows), dtype=object)
            for s, (mask, _) in owners.items():
                strategy[mask] = labels[s]
        columns: dict[str, Any] = {
            "portfolio": rows,
            "symbol": pd.array(symbol, dtype="str"),
            "strategy": pd.array(strategy, dtype="str"),
            "classifier": pd.array([CLASSIFIER] * len(rows), dtype="str"),
            "risk_profile": pd.array([RISK_PROFILE] * len(rows), dtype="str"),
        }
        shape = tuple(len(axis.values) for axis in self.setting_axes)
        at = dict(
            zip((a.name for a in self.setting_axes), np.unravel_index(setting, shape) if shape else (), strict=True)
        )
        for column, (owner, name) in self.swept.items():
            if owner is None:
                axis = next(a for a in self.setting_axes if a.name == name)
                values = _picked([str(v) if isinstance(v, Mapping) else v for v in axis.values], at[name])
            else:
                values = np.full(len(rows), np.nan, dtype=object)
                for s, (mask, combination) in owners.items():
                    if owner in (-1, s):
                        values[mask] = self._values(s, name, combination)
            columns[column] = pd.Series(values).infer_objects().array
        return columns

    def _coordinates(self, rows: I64) -> tuple[I64, dict[int, tuple[Bool, I64]]]:
        """Position in `settings` of each row; and for each strategy, which rows it has, and their combinations."""
        if self.combined:
            per = int(np.prod(self._sizes, dtype=np.int64))
            picked = np.unravel_index(rows % per, self._sizes)
            everywhere = np.ones(len(rows), dtype=bool)
            return rows // per, {s: (everywhere, at) for s, at in enumerate(picked)}
        per = sum(self._sizes)
        rest = rows % per
        starts = np.concatenate([[0], np.cumsum(self._sizes)])
        strategy = np.searchsorted(starts, rest, side="right") - 1
        owners = {s: (strategy == s, rest[strategy == s] - starts[s]) for s in range(len(self.strategies))}
        return rows // per % len(self.settings), owners

    def _values(self, s: int, name: str, combination: I64) -> Any:
        """Values of a parameter in combinations of a strategy: swept, fixed, by default, or NaN where it lacks it."""
        strategy = self.strategies[s]
        for k, axis in enumerate(strategy.axes):
            if axis.name == name:
                return _picked(axis.values, strategy.grid[combination, k])
        if name in strategy.fixed:
            return strategy.fixed[name]
        known = strategy.kind.parameters
        return known[name].default if name in known else np.nan

    def __repr__(self) -> str:
        from adm_notebook.planning.wording import plan_text

        return plan_text(self)


def _picked(values: Sequence[Any], at: I64) -> Any:
    """`values` at positions, as an array of objects, so that 10 stays 10 beside 'ema'."""
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects[at]
