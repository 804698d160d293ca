"""Whatever a frame holds: what is loaded can be traded on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_cases import loaded

from adm_notebook.errors import DataError

PRICE = st.one_of(st.floats(1, 3), st.sampled_from([0.0, -1.0, 1.5, 2.0, float("nan"), float("inf")]))
ROW = st.tuples(st.integers(0, 12), PRICE, PRICE, PRICE, PRICE)


def frame_of(rows: list[tuple[int, float, float, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["day", "open", "high", "low", "close"])
    table["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(table.pop("day"), unit="D")
    return table


def good_rows(frame: pd.DataFrame) -> list[int]:
    """Positions that pass: later than the last that did, finite, above 0, low and high around the rest."""
    kept: list[int] = []
    last = None
    for position, row in enumerate(frame.itertuples(index=False)):
        prices = (row.open, row.high, row.low, row.close)
        in_order = last is None or row.time > last
        if (
            in_order
            and all(np.isfinite(p) and p > 0 for p in prices)
            and row.low == min(prices)
            and row.high == max(prices)
        ):
            kept.append(position)
            last = row.time
    return kept


@given(st.lists(ROW, min_size=1, max_size=12))
def test_dropping_keeps_exactly_the_rows_that_pass(rows: list[tuple[int, float, float, float, float]]) -> None:
    frame = frame_of(rows)
    expected = good_rows(frame)
    if not expected:
        with pytest.raises(DataError):
            loaded(frame=frame, on_bad_data="drop")
        return
    if len(rows) > 1 and frame["time"].is_monotonic_decreasing and frame["time"].is_unique:
        return  # newest first: refused, see the tests of CSV files
    bars = loaded(frame=frame, on_bad_data="drop")["frame"]
    assert list(bars.index) == list(frame["time"].iloc[expected])
    np.testing.assert_array_equal(bars.prices.close, frame["close"].iloc[expected])


@given(st.lists(ROW, min_size=1, max_size=12))
def test_a_frame_is_refused_exactly_if_a_row_fails_and_the_first_is_named(
    rows: list[tuple[int, float, float, float, float]],
) -> None:
    frame = frame_of(rows)
    expected = good_rows(frame)
    if len(expected) == len(frame):
        assert loaded(frame=frame)["frame"].n_bars == len(frame)
        return
    first = next(k for k in range(len(frame)) if k not in expected)
    with pytest.raises(DataError) as caught:
        loaded(frame=frame)
    assert str(caught.value).startswith((f"frame.iloc[{first}]", "frame runs from newest to oldest"))
