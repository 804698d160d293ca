"""Rows run in one order: symbol, strategy, tile, classifier, profile, settings; in windows as sorted all at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.coordinator import order as order_module
from adm_notebook.coordinator.order import SharedOrder
from adm_notebook.planning import Plan
from adm_notebook.planning.layout import Layout

NAMES = ["stop_loss", "size", "commission.rate", "slippage", "initial_capital", "fill"]
OWN = {"size", "commission.rate", "initial_capital"}
"""What an account alone is changed by."""


def plan_of(
    symbols: int, classifiers: int, risks: int, settings: dict[str, int], grids: Sequence[Layout], selection: Any
) -> Any:
    """What an order looks at of a plan; settings are swept over so many values each."""
    sizes = tuple(len(grid) for grid in grids)
    shape = symbols, classifiers, risks, math.prod(settings.values()), sum(sizes)
    axes = tuple(SimpleNamespace(name=name, values=tuple(range(n))) for name, n in settings.items())
    plan = SimpleNamespace(shape=shape, sizes=sizes, selection=selection, setting_axes=axes, combined=False)
    plan.strategies = tuple(SimpleNamespace(grid=grid) for grid in grids)
    plan.n_rows = int(np.prod(shape)) if selection is None else len(selection)
    plan.coordinates = lambda rows: Plan.coordinates(plan, rows)  # type: ignore[arg-type]
    return plan


def tiled(grid: Layout, side: int) -> np.ndarray:
    """Where each combination of a grid comes, from its places on all axes."""
    at = np.array(grid[:], np.int64).reshape(grid.shape)
    long = sorted(sorted(range(at.shape[1]), key=lambda k: -grid.axes[k])[:2])
    if len(long) < 2 or max(grid.axes) <= side or sorted(grid.axes)[-2] == 1:
        return np.arange(len(grid))
    a, b = (at[:, k] for k in long)
    rest = [at[:, k] for k in range(at.shape[1]) if k not in long]
    return np.argsort(np.lexsort([*reversed(rest), b, a, b // side, a // side]))


def sorted_at_once(plan: Any, rows: np.ndarray, side: int) -> np.ndarray:
    symbol, classifier, risk, setting, strategy = plan.coordinates(rows)
    names = [axis.name for axis in plan.setting_axes]
    places = np.unravel_index(setting, [len(axis.values) for axis in plan.setting_axes]) if names else ()
    of = dict(zip(names, places, strict=True))
    outer, inner = [n for n in names if n not in OWN], [n for n in names if n in OWN]
    firsts = np.cumsum([0, *plan.sizes])
    tile = np.concatenate([first + tiled(s.grid, side) for first, s in zip(firsts, plan.strategies, strict=False)])
    keys = [*(of[n] for n in reversed([*outer, *inner])), risk, classifier, tile[strategy], symbol]
    return rows[np.lexsort(keys)]


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """A grid of up to three axes, of which constraints may have left some combinations or none."""
    shape = draw(st.lists(st.integers(1, 6), max_size=3))
    if draw(st.booleans()):
        return Layout(shape)
    kept = draw(st.lists(st.integers(0, math.prod(shape) - 1), unique=True, max_size=40).map(sorted))
    return Layout(shape, np.array(kept, np.int64))


@given(
    counts=st.tuples(*[st.integers(1, 3)] * 3),
    settings=st.lists(st.sampled_from(NAMES), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: st.integers(1, 3) for name in names})
    ),
    grids=st.lists(layouts(), min_size=1, max_size=3).filter(lambda grids: any(map(len, grids))),
    side=st.integers(1, 4),
    window=st.integers(1, 40),
    data=st.data(),
)
def test_windows_are_the_order_of_the_sort(
    counts: tuple[int, int, int],
    settings: dict[str, int],
    grids: list[Layout],
    side: int,
    window: int,
    data: st.DataObject,
) -> None:
    sizes = [len(grid) for grid in grids]
    n_all = math.prod(counts) * math.prod(settings.values()) * sum(sizes)
    numbers: Any
    selection = None
    if data.draw(st.booleans(), label="rows of an earlier phase"):
        selection = np.array(data.draw(st.lists(st.integers(0, n_all - 1), min_size=1, max_size=30, unique=True)))
    plan = plan_of(*counts, settings, grids, selection)
    numbers = range(plan.n_rows)
    if data.draw(st.booleans(), label="rows that are missing"):
        numbers = data.draw(st.lists(st.integers(0, plan.n_rows - 1), max_size=30, unique=True))
    with patch.object(order_module, "SIDE", side):
        order = SharedOrder(plan, numbers)
        expected = sorted_at_once(plan, np.array(numbers, np.int64), side)
        assert len(order) == len(expected)
        parts, of_entries = list(order.windows(window)), list(order.windows_of_entries(window))
    assert all(0 < len(part) <= window for part in parts)
    np.testing.assert_array_equal(np.concatenate([expected[:0], *parts]), expected)

    parts = of_entries
    assert all(0 < len(part) <= window for part in parts)
    np.testing.assert_array_equal(np.concatenate([expected[:0], *parts]), expected)
    starts = np.cumsum(sizes)
    for part in parts:
        symbol, *_, strategy = plan.coordinates(part)
        assert len(set(symbol.tolist())) == 1
        assert len(set(np.searchsorted(starts, strategy, side="right").tolist())) == 1


def test_a_window_of_a_large_grid_reads_few_columns() -> None:
    """A thousand by a thousand averages: any 6,000 rows in a row would read 1,006 of them in the order of the grid."""
    plan = plan_of(1, 1, 1, {}, [Layout([1000, 1000])], None)
    order = SharedOrder(plan, range(plan.n_rows))
    for numbers in list(order.windows(6_000))[::13]:
        fast, slow = np.divmod(numbers, 1000)
        assert len(np.unique(fast)) + len(np.unique(slow)) <= 320
