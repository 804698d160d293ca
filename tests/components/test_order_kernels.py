"""The quick look at two values says what the thorough one says, or that it can't."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from adm_notebook.components.expressions.chunk_kernels import UNSURE, compare_nb, compare_with_nb, order_far
from adm_notebook.components.expressions.kernels import order_nb, order_near

GIVEN = tuple(np.int8(code) for code in (0, 1, 2, 3))

CLOSES = st.sampled_from([1e-300, 1e-9, 0.01, 1.0, 1234.5, 1e9, 1e300])
NEAR = st.sampled_from([0.0, 1e-16, 9.999e-13, 1e-12, 1.0001e-12, 2e-12, 1e-6, 0.5])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[float, float, float]:
    """Two values and a close: anything, near each other, or near 0 as that close has it."""
    close = draw(CLOSES)
    a = draw(
        st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1e-12 * close, -1e-12 * close, 0.9e-12 * close, close]))
    )
    share, tiny = draw(NEAR), 0.5e-12 * close
    b = draw(st.one_of(st.floats(), st.sampled_from([a, -a, a * (1 + share), a * (1 - share), tiny, -tiny])))
    return a, b, close


@given(pairs())
def test_what_is_sure_is_right(pair: tuple[float, float, float]) -> None:
    a, b, close = pair
    below, _, above, unknown = GIVEN
    found = order_far(a, b, close, below, above, unknown)
    if found != UNSURE:
        assert found == order_near(a, b, close, *GIVEN)


@given(st.lists(pairs(), min_size=1, max_size=80))
def test_blocks_are_compared_value_by_value(given_: list[tuple[float, float, float]]) -> None:
    left, right, close = map(np.array, zip(*given_, strict=True))
    found = np.empty(len(left), np.int8)
    compare_nb(found, left, right, close, *GIVEN)
    assert found.tolist() == order_nb(left, right, close).tolist()
    compare_with_nb(found, left, right[0], close, *GIVEN)
    assert found.tolist() == order_nb(left, np.full_like(left, right[0]), close).tolist()


@given(pairs())
def test_few_values_need_the_thorough_look(pair: tuple[float, float, float]) -> None:
    """Those a hundredth apart, and not next to nothing, are told at once."""
    a, b, close = pair
    assume(
        math.isfinite(a)
        and math.isfinite(b)
        and abs(a - b) > 0.01 * max(abs(a), abs(b))
        and max(abs(a), abs(b)) > close
    )
    below, _, above, unknown = GIVEN
    assert order_far(a, b, close, below, above, unknown) == (above if a > b else below)
