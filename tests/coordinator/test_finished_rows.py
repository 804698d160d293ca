"""Finished rows in few bytes are the rows that were handed over."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from adm_notebook.coordinator.outcome import Finished, Outcome
from adm_notebook.engine.account import METRICS

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def outcomes(draw: st.DrawFn) -> list[Outcome]:
    numbers = draw(st.lists(st.integers(0, 10**12), unique=True, max_size=12))
    found = []
    for number in numbers:
        status = draw(st.sampled_from(["ok", "ok", "ok", "invalid", "failed"]))
        measured = status == "ok" and draw(st.sampled_from([True, True, False]))
        metrics = {name: draw(FLOATS) for name in METRICS} if measured else None
        found.append(Outcome(number, status, "" if status == "ok" else draw(st.text()), metrics))
    return found


def same(one: Outcome, other: Outcome) -> bool:
    if one[:3] != other[:3] or (one.metrics is None) != (other.metrics is None):
        return False
    pairs = zip((one.metrics or {}).items(), (other.metrics or {}).items(), strict=True)
    return all(a == b and (x == y or (math.isnan(x) and math.isnan(y))) for (a, x), (b, y) in pairs)


@given(outcomes(), st.integers(-15, 15), st.integers(-15, 15), st.sampled_from([None, 1, 2, -1]))
def test_rows_come_back_as_they_were_handed_over(
    given_: list[Outcome], first: int, last: int, step: int | None
) -> None:
    finished = Finished(given_[: len(given_) // 2])
    finished.extend(given_[len(given_) // 2 :])
    assert len(finished) == len(given_)
    assert all(same(a, b) for a, b in zip(finished, given_, strict=True))
    part = finished[first:last:step]
    assert all(same(a, b) for a, b in zip(part, given_[first:last:step], strict=True))
    assert finished.all_measured == all(outcome.metrics is not None for outcome in given_)


@given(outcomes())
def test_columns_are_in_the_order_of_the_rows_numbers(given_: list[Outcome]) -> None:
    ordered = sorted(given_, key=lambda outcome: outcome.number)
    numbers, values, status, error = Finished(given_).columns()
    assert numbers.tolist() == [outcome.number for outcome in ordered]
    for (words, at), wanted in ((status, [o.status for o in ordered]), (error, [o.error for o in ordered])):
        assert [words[place] for place in at] == wanted
        assert len(set(words)) == len(words)
    for row, outcome in zip(values.T, ordered, strict=True):
        wanted = [math.nan] * len(METRICS) if outcome.metrics is None else list(outcome.metrics.values())
        assert_array_equal(row, np.array(wanted))
