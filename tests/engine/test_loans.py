"""Functions inside of compiled ones take arrays on loan: they count no references, and can keep or return none."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numba import njit
from numba.core.errors import NumbaError

from adm_notebook.jit import inlined, inner
from adm_notebook.market.arrays import F64


@inner
def second_half(values: F64, into: F64) -> None:
    half = values[values.shape[0] // 2 :]
    for i in range(half.shape[0]):
        into[i] = half[i]


@inlined
def through_views(table: F64, into: F64) -> None:
    for row in range(table.shape[0]):
        second_half(table[row], into[row])


@njit
def halves(table: F64, into: F64) -> None:
    through_views(table, into)


@inner
def copied(values: F64) -> F64:
    return values


@inner
def summed(values: F64) -> float:
    room = np.empty(values.shape[0])
    for i in range(values.shape[0]):
        room[i] = values[i]
    return float(room.sum())


@njit
def asks_for_a_view(values: F64) -> float:
    return float(copied(values)[0])


@njit
def asks_for_room(values: F64) -> float:
    return summed(values)


def functions_in(module: str) -> dict[str, str]:
    """Name of each function of an LLVM module -> its code."""
    found = re.findall(r'^define [^\n]*?@"?([^\s"(]+)"?\((.*?)^}', module, re.MULTILINE | re.DOTALL)
    return dict(found)


def test_no_references_are_counted_inside() -> None:
    table, into = np.arange(12.0).reshape(2, 6), np.zeros((2, 3))
    halves(table, into)
    assert into.tolist() == [[3.0, 4.0, 5.0], [9.0, 10.0, 11.0]]

    (module,) = halves.inspect_llvm().values()
    bodies = {name: code for name, code in functions_in(module).items() if "second_half" in name}
    assert bodies, "the function inside has code of its own"
    assert not [name for name, code in bodies.items() if "NRT_" in code]


def test_a_function_that_returns_an_array_is_refused() -> None:
    with pytest.raises(TypeError, match=r"copied returns .*, but took its arrays on loan: let it write to one"):
        asks_for_a_view(np.ones(3))


def test_a_function_that_makes_an_array_is_refused() -> None:
    with pytest.raises(NumbaError, match="Only accept returning of array passed"):
        asks_for_room(np.ones(3))


def test_python_may_call_them_all_the_same() -> None:
    assert copied(np.array([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert summed(np.array([1.0, 2.0])) == 3.0
