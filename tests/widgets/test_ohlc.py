"""Candles at the resolution of a screen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.market.arrays import Prices
from adm_notebook.widgets.ohlc import NARROWEST, candles_of, seconds_of


def prices(n: int) -> Prices:
    rng = np.random.default_rng(n)
    close = 100 + np.cumsum(rng.normal(0, 1, n))
    open_ = close + rng.normal(0, 1, n)
    return Prices(open_, np.maximum(open_, close) + 1, np.minimum(open_, close) - 1, close)


@given(st.integers(1, 3000), st.integers(-50, 3100), st.integers(-50, 3100), st.integers(1, 2000))
def test_candles_open_close_and_reach_as_their_bars_do(n: int, start: int, end: int, pixels: int) -> None:
    p = prices(n)
    c = candles_of(p, start, end, pixels)
    assert 0 <= c.start < c.stop <= n
    assert c.step & (c.step - 1) == 0
    assert c.start % c.step == 0
    assert len(c.at) <= max(1, pixels // NARROWEST) + 2
    for k in {0, len(c.at) // 2, len(c.at) - 1}:
        bars = slice(int(c.at[k]), min(int(c.at[k]) + c.step, c.stop))
        assert (c.open[k], c.close[k]) == (p.open[bars][0], p.close[bars][-1])
        assert (c.high[k], c.low[k]) == (p.high[bars].max(), p.low[bars].min())
    assert c.high.max() == p.high[c.start : c.stop].max()


@given(st.integers(0, 500))
def test_candles_stay_the_same_while_one_pans(by: int) -> None:
    p = prices(4000)
    a, b = candles_of(p, 1000, 2000, 300), candles_of(p, 1000 + by, 2000 + by, 300)
    both = np.intersect1d(a.at[:-1], b.at[:-1])
    assert (a.high[np.isin(a.at, both)] == b.high[np.isin(b.at, both)]).all()


def test_times_are_the_clock_of_the_bars_zone_and_always_go_on() -> None:
    paris = pd.date_range("2024-06-03 09:00", periods=3, freq="h", tz="Europe/Paris")
    found = seconds_of(paris)
    assert found is not None
    assert pd.to_datetime(found[0], unit="s").hour.tolist() == [9, 10, 11]
    assert not found[1]
    put_back = pd.date_range("2024-10-27 00:30", periods=8, freq="30min", tz="Europe/Paris")
    found = seconds_of(put_back)
    assert found is not None
    assert found[1]
    assert (np.diff(found[0]) == 1800).all()


def test_bars_without_times_or_several_in_a_second_are_numbered() -> None:
    assert seconds_of(pd.RangeIndex(5)) is None
    assert seconds_of(pd.date_range("2024-01-01", periods=5, freq="100ms")) is None
