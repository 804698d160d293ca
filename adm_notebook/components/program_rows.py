"""A part of a swept grid, worked out: what each combination reads, and what all of them want on every bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from adm_notebook.components.bars import FeatureOf
from adm_notebook.components.expressions import COLUMNS
from adm_notebook.components.expressions.chunk_kernels import I32
from adm_notebook.components.expressions.chunks import ONE, Chunks, run
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.rules import leading_nan
from adm_notebook.errors import ConfigError, DataError
from adm_notebook.market.arrays import F64, I8, I64, Prices

__all__ = ["LEADING", "Gives", "Output", "ProgramGroup", "ProgramRows", "Refusals", "evaluate", "longest_of"]

Gives = Literal["targets", "flags"]

LEADING = (*COLUMNS, ONE)
"""Series that come before the outputs of indicators."""


class Output(NamedTuple):
    """One output of an indicator: what a column of `evaluate` holds."""

    indicator: Indicator
    output: int


@dataclass(frozen=True, eq=False)
class ProgramGroup:
    """Combinations of a part of a grid whose rules are the same but for indicators and numbers.

    chunks   their rules as steps
    members  (k,)            which combinations of the part they are, ascending
    slots    (k, n_slots)    series that each reads: open, high, low, close, volume, 1, then the outputs of the part
    shifts   (k, n_slots)    by how many bars each is moved
    numbers  (k, n_numbers)
    """

    chunks: Chunks
    members: I64
    slots: I32
    shifts: I64
    numbers: F64


@dataclass(frozen=True, eq=False)
class ProgramRows:
    """A part of a grid, ready to be evaluated.

    n          combinations
    gives      what `evaluate` gives for them
    groups     those that can be evaluated
    outputs    distinct outputs of indicators that they read: the columns of `evaluate`, in its order
    lookbacks  (n,)  the longest TA-Lib lookback among a combination's indicators
    refused    what `build` raises, for each of the others by its place, made when it is asked for: InvalidParameters
               where the strategy's own check refuses it
    """

    n: int
    gives: Gives
    groups: tuple[ProgramGroup, ...]
    outputs: tuple[Output, ...]
    lookbacks: I64
    refused: Refusals

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """The distinct indicators."""
        return tuple(dict.fromkeys(output.indicator for output in self.outputs))

    def columns(self, feature: FeatureOf) -> list[F64]:
        """The columns of `evaluate`; each indicator is asked for once."""
        found = {indicator: feature(indicator) for indicator in self.indicators}
        return [found[indicator][output] for indicator, output in self.outputs]

    def lookbacks_with(self, feature: FeatureOf, close: F64) -> I64:
        """The same lookbacks, where users' indicators are measured: the leading NaN run of what they give.

        feature
            outputs over all bars; those without a close don't count.
        """
        lookbacks = self.lookbacks
        measured = {indicator: 0 for indicator in self.indicators if indicator.measured}
        if not measured:
            return lookbacks
        valid = ~np.isnan(close)
        for indicator in measured:
            measured[indicator] = max((leading_nan(column[valid]) for column in feature(indicator)), default=0)
        own = np.array([measured.get(o.indicator, o.indicator.lookback) for o in self.outputs], np.int64)
        return longest_of(self.n, self.groups, own)


class Refusals(Mapping[int, ConfigError]):
    """Errors by row, made when they are asked for: most sweeps only count them.

    grid    (k, n_axes)
    makers  for each row that is refused what makes its error, given its positions
    """

    def __init__(self, grid: I64, makers: Mapping[int, Callable[[I64], ConfigError]]) -> None:
        self._grid, self.makers = grid, makers

    def __getitem__(self, row: int) -> ConfigError:
        return self.makers[row](self._grid[row])

    def __iter__(self) -> Iterator[int]:
        return iter(self.makers)

    def __len__(self) -> int:
        return len(self.makers)


def evaluate(rows: ProgramRows, columns: Sequence[F64], prices: Prices, out: I8 | None = None) -> I8:
    """What each combination wants on every bar, from bar 0, before any warm-up is applied.

    Parameters
    ----------
    columns
        (n_bars,) each: the outputs of indicators that `rows.outputs` lists, over all bars.
    prices
        the bars; those without a close are left out of the rules (specification, section 8): there the target is that
        of the bar before, and no flag is set.
    out
        (rows.n, n_bars) int8 or uint8, to be written into; its rows contiguous.

    Returns
    -------
    (rows.n, n_bars): int8 targets, -1, 0 or +1, or uint8 flags: bit 0 long_entry, 1 long_exit, 2 short_entry,
    3 short_exit. Zeros for combinations that are refused.

    Raises
    ------
    DataError
        where a rule reads volume and the prices have none.
    ValueError
        where columns or `out` don't fit.
    """
    n_bars = len(prices.close)
    kind = np.int8 if rows.gives == "targets" else np.uint8
    if len(columns) != len(rows.outputs) or any(len(column) != n_bars for column in columns):
        raise ValueError(f"columns must be {len(rows.outputs)} arrays of {n_bars} values")
    if out is None:
        out = np.zeros((rows.n, n_bars), kind)
    elif out.shape != (rows.n, n_bars) or out.itemsize != 1 or out.dtype.kind not in "iu" or not out.flags.c_contiguous:
        raise ValueError(f"out must be contiguous bytes of the shape {(rows.n, n_bars)}, but is {out.dtype}{out.shape}")
    else:
        out[list(rows.refused)] = 0
    found = out.view(np.int8)
    if not np.isnan(prices.close.min(initial=np.inf)):
        _evaluate(rows, list(columns), prices, found)
    else:
        _evaluate_with_holes(rows, columns, prices, found)
    return out.view(kind)


def _evaluate(rows: ProgramRows, columns: list[F64], prices: Prices, out: I8) -> None:
    close = np.ascontiguousarray(prices.close, np.float64)
    for group in rows.groups:
        read = set(np.unique(group.slots).tolist())
        series: list[F64] = []
        for place, name in enumerate(LEADING):
            if place not in read:
                series.append(close)
            elif name == ONE:
                series.append(np.ones(len(close)))
            else:
                series.append(_column(prices, name))
        series += [np.ascontiguousarray(column, np.float64) for column in columns]
        run(group.chunks, group.slots, group.shifts, group.numbers, series, close, group.members, out)


def _column(prices: Prices, name: str) -> F64:
    column: F64 | None = getattr(prices, name)
    if column is None:
        raise DataError("the rule reads volume, but these prices have none", "Give prices with a volume column.")
    return np.ascontiguousarray(column, np.float64)


def _evaluate_with_holes(rows: ProgramRows, columns: Sequence[F64], prices: Prices, out: I8) -> None:
    """Evaluate over the bars that have a close, and say of the others what the specification does."""
    valid = ~np.isnan(prices.close)
    picked = Prices(*(None if array is None else array[valid] for array in prices))  # type: ignore[arg-type]  # volume
    found = np.zeros((rows.n, int(valid.sum())), np.int8)
    _evaluate(rows, [column[valid] for column in columns], picked, found)
    if rows.gives == "flags":
        out[:] = 0
        out[:, valid] = found
        return
    padded = np.concatenate((np.zeros((rows.n, 1), np.int8), found), axis=1)
    out[:] = padded[:, np.cumsum(valid)]


def longest_of(n: int, groups: Sequence[ProgramGroup], lookbacks: I64) -> I64:
    """(n,) the longest lookback of the series that each combination reads; those of prices are 0."""
    every = np.concatenate((np.zeros(len(LEADING), np.int64), lookbacks))
    longest = np.zeros(n, np.int64)
    for group in groups:
        longest[group.members] = every[group.slots].max(axis=1, initial=0)
    return longest
