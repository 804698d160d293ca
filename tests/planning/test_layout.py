"""A grid that is never laid out is indexed as the array of its places would be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.planning import layout
from adm_notebook.planning.layout import Layout, unravelled


@given(shape=st.lists(st.integers(1, 5), max_size=4), data=st.data())
def test_a_grid_is_the_array_of_its_places(shape: list[int], data: st.DataObject) -> None:
    places = np.array(list(np.ndindex(*shape)), np.int64).reshape(math.prod(shape), len(shape))
    kept = None
    if data.draw(st.booleans()):
        kept = np.flatnonzero([data.draw(st.booleans()) for _ in places])
        places = places[kept]
    grid = Layout(shape, kept)
    assert len(grid) == len(places)
    assert grid.shape == places.shape
    np.testing.assert_array_equal(np.asarray(grid), places)
    np.testing.assert_array_equal(np.array([*grid]).reshape(places.shape), places)
    first, end = sorted(data.draw(st.tuples(st.integers(0, len(places)), st.integers(0, len(places)))))
    np.testing.assert_array_equal(grid[first:end], places[first:end])
    if len(places):
        numbers = np.array(data.draw(st.lists(st.integers(0, len(places) - 1), max_size=9)), np.int64)
        np.testing.assert_array_equal(grid[numbers], places[numbers])
        one = data.draw(st.integers(0, len(places) - 1))
        np.testing.assert_array_equal(grid[one], places[one])
        for k in range(len(shape)):
            np.testing.assert_array_equal(grid[numbers, k], places[numbers, k])
    some = data.draw(st.lists(st.sampled_from(range(len(shape))), max_size=3)) if shape else []
    np.testing.assert_array_equal(grid[:, some], places[:, some])


@given(shape=st.lists(st.integers(1, 5), max_size=5), data=st.data())
def test_numbers_are_unravelled_as_numpy_does(shape: list[int], data: st.DataObject) -> None:
    n = math.prod(shape)
    numbers = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=9)), np.int64)
    found = unravelled(numbers, shape)
    assert len(found) == len(shape)
    for ours, numpys in zip(found, np.unravel_index(numbers, tuple(shape)) if shape else (), strict=True):
        assert ours.dtype == np.int64
        np.testing.assert_array_equal(ours, numpys)
    outside = data.draw(st.sampled_from([-1, n]))
    with pytest.raises(ValueError, match=f"numbers from {outside} to {outside} don't fit into {n:,} places"):
        unravelled(np.array([outside]), shape)


def test_windows_are_the_whole_grid_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "WINDOW", 5)
    grid = Layout((3, 4))
    parts = list(grid.windows())
    assert [len(part) for part in parts] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate(parts), np.array(list(np.ndindex(3, 4))))


def test_there_is_no_combination_after_the_last() -> None:
    with pytest.raises(IndexError):
        Layout((2, 2))[4]
    with pytest.raises(ValueError, match="fit into 4 places"):
        Layout((2, 2))[np.array([4])]
