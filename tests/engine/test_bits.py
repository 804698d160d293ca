"""Changes of 64 bars at once are those that a look at each bar finds."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adm_notebook.engine.bits import WORD, changes_from, lowest_bit
from adm_notebook.jit import jit
from adm_notebook.market.arrays import I8, I64


@jit
def changed_bars(values: I8, at: int, found: I64) -> int:
    """The bars from `at` on, of WORD, that differ from the one before; how many there are."""
    n = 0
    changed = changes_from(values, at)
    while changed != np.uint64(0):
        found[n] = at + int(lowest_bit(changed))
        changed &= changed - np.uint64(1)
        n += 1
    return n


def looked_at(values: I8, at: int) -> list[int]:
    return [i for i in range(at, at + WORD) if values[i] != values[i - 1]]


@given(arrays(np.int8, st.integers(WORD + 1, 3 * WORD), elements=st.integers(-1, 1)), st.data())
def test_changes(values: I8, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(values) - WORD))
    found = np.empty(WORD, np.int64)
    n = changed_bars(values, at, found)
    assert found[:n].tolist() == looked_at(values, at)


def test_all_of_them_and_none() -> None:
    found = np.empty(WORD, np.int64)
    assert changed_bars(np.zeros(WORD + 1, np.int8), 1, found) == 0
    assert changed_bars(np.arange(WORD + 1).astype(np.int8), 1, found) == WORD
    assert found.tolist() == list(range(1, WORD + 1))


def test_without_the_compiler() -> None:
    code = """
import numpy as np
from adm_notebook.engine.bits import changes_from, lowest_bit
values = np.zeros(80, np.int8)
values[[20, 21, 70]] = 1
print(hex(changes_from(values, 8)), lowest_bit(changes_from(values, 8)), lowest_bit(np.uint64(0)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    bars = [20, 22, 70, 71]
    assert done.stdout.split() == [hex(sum(1 << bar - 8 for bar in bars)), "12", "64"]
