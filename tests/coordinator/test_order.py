"""Rows run in one order: symbol, strategy, classifier, profile, settings; window by window as sorted all at once."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.coordinator.order import SharedOrder
from adm_notebook.planning import Plan

NAMES = ["stop_loss", "size", "commission.rate", "slippage", "initial_capital", "fill"]
OWN = {"size", "commission.rate", "initial_capital"}
"""What an account alone is changed by."""


def plan_of(
    symbols: int, classifiers: int, risks: int, settings: dict[str, int], sizes: list[int], selection: Any
) -> Any:
    """What an order looks at of a plan; settings are swept over so many values each."""
    shape = symbols, classifiers, risks, math.prod(settings.values()), sum(sizes)
    axes = tuple(SimpleNamespace(name=name, values=tuple(range(n))) for name, n in settings.items())
    plan = SimpleNamespace(shape=shape, sizes=tuple(sizes), selection=selection, setting_axes=axes)
    plan.n_rows = int(np.prod(shape)) if selection is None else len(selection)
    plan.coordinates = lambda rows: Plan.coordinates(plan, rows)  # type: ignore[arg-type]
    return plan


def sorted_at_once(plan: Any, rows: np.ndarray) -> np.ndarray:
    symbol, classifier, risk, setting, strategy = plan.coordinates(rows)
    names = [axis.name for axis in plan.setting_axes]
    places = np.unravel_index(setting, [len(axis.values) for axis in plan.setting_axes]) if names else ()
    of = dict(zip(names, places, strict=True))
    outer, inner = [n for n in names if n not in OWN], [n for n in names if n in OWN]
    return rows[np.lexsort([*(of[n] for n in reversed([*outer, *inner])), risk, classifier, strategy, symbol])]


@given(
    counts=st.tuples(*[st.integers(1, 3)] * 3),
    settings=st.lists(st.sampled_from(NAMES), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: st.integers(1, 3) for name in names})
    ),
    sizes=st.lists(st.integers(0, 4), min_size=1, max_size=3).filter(sum),
    window=st.integers(1, 40),
    data=st.data(),
)
def test_windows_are_the_order_of_the_sort(
    counts: tuple[int, int, int], settings: dict[str, int], sizes: list[int], window: int, data: st.DataObject
) -> None:
    n_all = math.prod(counts) * math.prod(settings.values()) * sum(sizes)
    numbers: Any
    selection = None
    if data.draw(st.booleans(), label="rows of an earlier phase"):
        selection = np.array(data.draw(st.lists(st.integers(0, n_all - 1), min_size=1, max_size=30, unique=True)))
    plan = plan_of(*counts, settings, sizes, selection)
    numbers = range(plan.n_rows)
    if data.draw(st.booleans(), label="rows that are missing"):
        numbers = data.draw(st.lists(st.integers(0, plan.n_rows - 1), max_size=30, unique=True))
    order = SharedOrder(plan, numbers)
    expected = sorted_at_once(plan, np.array(numbers, np.int64))
    assert len(order) == len(expected)
    parts = list(order.windows(window))
    assert all(0 < len(part) <= window for part in parts)
    np.testing.assert_array_equal(np.concatenate([expected[:0], *parts]), expected)

    parts = list(order.windows_of_entries(window))
    assert all(0 < len(part) <= window for part in parts)
    np.testing.assert_array_equal(np.concatenate([expected[:0], *parts]), expected)
    starts = np.cumsum(sizes)
    for part in parts:
        symbol, *_, strategy = plan.coordinates(part)
        assert len(set(symbol.tolist())) == 1
        assert len(set(np.searchsorted(starts, strategy, side="right").tolist())) == 1
