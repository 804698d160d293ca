"""Swept values: lists and ranges, `max` included, in decimal steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.errors import ConfigError
from adm_notebook.planning.sweeps import is_swept, values_of


@given(st.integers(-1000, 1000), st.integers(0, 200), st.integers(1, 50))
def test_a_range_of_whole_numbers_is_pythons_with_max_included(low: int, span: int, step: int) -> None:
    values = values_of({"min": low, "max": low + span, "step": step}, "p")
    assert values == tuple(range(low, low + span + 1, step))
    assert all(type(v) is int for v in values)


@given(st.integers(0, 50), st.integers(1, 40), st.sampled_from([0.1, 0.05, 0.01, 0.25, 0.001]))
def test_a_range_of_fractions_has_no_rounding_dust(first: int, count: int, step: float) -> None:
    low, high = round(first * step, 6), round((first + count) * step, 6)
    values = values_of({"min": low, "max": high, "step": step}, "p")
    assert values == tuple(round((first + i) * step, 6) for i in range(count + 1))


@pytest.mark.parametrize(
    ("value", "swept"),
    [([1], True), ((1, 2), True), ({"min": 1, "max": 2}, True), ({"rate": 0.1}, False), ("text", False), (3, False)],
)
def test_what_stands_for_several_values(value: object, swept: bool) -> None:
    assert is_swept(value) is swept


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "p  is an empty list; name at least one value"),
        ([5, 10, 5], "p  lists 5 twice"),
        ({"min": 5, "max": 1, "step": 1}, "min must not be above max, but they are 5 and 1"),
        ({"min": 0, "max": 1, "step": 0}, "p.step  must be above 0, but was 0"),
        ({"min": 0.1, "max": 0.5}, "p.step  is missing; a range of fractions needs one"),
        ({"min": "a", "max": 1}, "must be a finite number, but was 'a'"),
        ({"min": None, "max": 3}, "must be a finite number, but was None"),
        ({"min": 0.0, "max": 1.0, "step": 5e-324}, "has more than 10^323 values"),
        ({"min": 1, "max": 3, "stp": 1}, "p.stp  unknown field of a range; it has min, max and step"),
        ({"min": 0, "max": 1e9, "step": 1}, "at most 1,000,000 are taken"),
    ],
)
def test_a_sweep_that_cannot_be_walked_is_refused(value: object, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        values_of(value, "p")
    assert said in str(caught.value)


def test_one_and_true_are_different_values() -> None:
    assert values_of([1, True], "p") == (1, True)
    with pytest.raises(ConfigError, match=r"lists 1\.0 twice"):
        values_of([1, True, 1.0], "p")
