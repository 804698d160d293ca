"""Sizes and stops that follow the market: the two computations agree, know no later bar, and are what pandas says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from engine_strategies import prices, times
from engine_strategies import settings as any_settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from adm_notebook.components import Indicator, make_indicator
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import Signals
from adm_notebook.engine.exposure import Exposure, exposed, exposure, indicators_of
from adm_notebook.engine.reference_exposure import days_of
from adm_notebook.engine.reference_exposure import exposed as exposed_by_bar
from adm_notebook.engine.reference_exposure import exposure as exposure_by_bar
from adm_notebook.market.arrays import F64, Prices
from adm_notebook.market.bars import Bars
from adm_notebook.market.calendar import Calendar

TRUE_RANGE = {"stop_loss": {"atr": 2}, "take_profit": {"atr": 5}}
SOME: list[dict[str, Any]] = [
    {},
    {"stop_loss": 0.05},
    TRUE_RANGE,
    {"stop_loss": {"std": 2, "period": 5}},
    {"size_mode": "risk", "size": 0.01, "stop_loss": 0.05},
    {"size_mode": "risk", "size": 0.01, **TRUE_RANGE},
    {"size_mode": "volatility", "size": 0.15},
    {"size_mode": "volatility", "size": 0.15, "volatility": {"method": "atr", "period": 14}, **TRUE_RANGE},
]


def market(n_bars: int, seed: int = 0, missing: float = 0.0) -> Bars:
    """A random walk by business days that stands still for a while; some bars lack a close or a high."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.02, n_bars)
    steps[n_bars // 2 : n_bars // 2 + 40] = 0.0
    close = 100 * np.exp(np.cumsum(steps))
    open_ = np.append(100.0, close[:-1])
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    for column in (high, close):
        column[random.random(n_bars) < missing] = np.nan
    return Bars("TEST", pd.bdate_range("2001-01-01", periods=n_bars), Prices(open_, high, low, close))


def whole(settings: Settings, bars: Bars) -> Exposure:
    return exposure(settings, bars, lambda indicator: indicator.compute(bars), Calendar.of(bars.index))


def by_bar(settings: Settings, bars: Bars) -> Exposure:
    return exposure_by_bar(settings, bars, lambda indicator: indicator.compute(bars))


def assert_same(found: Exposure, wanted: Exposure) -> None:
    for name in ("scale", "stop_loss", "take_profit"):
        one, other = getattr(found, name), getattr(wanted, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert_allclose(one, other, rtol=1e-12, err_msg=name)
    assert found.lookback == wanted.lookback


@drawn(st.data(), prices(max_bars=60), any_settings())
def test_both_computations_agree(data: st.DataObject, columns: Prices, settings: Settings) -> None:
    bars = Bars("TEST", data.draw(times(len(columns.close))), columns)
    assert_same(whole(settings, bars), by_bar(settings, bars))


@pytest.mark.parametrize("given", SOME)
def test_both_computations_agree_over_a_long_walk(given: dict[str, Any]) -> None:
    settings, bars = Settings.resolve(given), market(1500, missing=0.02)
    assert_same(whole(settings, bars), by_bar(settings, bars))


@pytest.mark.parametrize("compute", [whole, by_bar])
@pytest.mark.parametrize("given", SOME)
def test_no_bar_knows_a_later_one(compute: Any, given: dict[str, Any]) -> None:
    settings, bars = Settings.resolve(given), market(400, missing=0.05)
    full = compute(settings, bars)
    for n in (7, 15, 40, 199, 201, 260, 399):
        part = compute(settings, bars.slice(0, n))
        for name in ("scale", "stop_loss", "take_profit"):
            if getattr(full, name) is not None:
                assert_array_equal(getattr(part, name), getattr(full, name)[:n], err_msg=name)


def test_the_deviation_of_returns_is_that_of_pandas() -> None:
    bars = market(300)
    settings = Settings.resolve({"size_mode": "volatility", "size": 0.1, "volatility": {"period": 15}})
    closes = pd.Series(bars.prices.close)
    estimate = closes.pct_change().rolling(15).std() * np.sqrt(252)
    moving = (estimate > 1e-4).to_numpy()
    wanted = np.minimum(1, 0.1 / estimate)
    scale = whole(settings, bars).scale
    assert scale is not None
    assert_allclose(scale[moving], wanted[moving], rtol=1e-7)  # TA-Lib sums squares, pandas the squares of differences
    assert (scale[:15] == 0).all()  # 15 returns need 16 closes
    assert len(set(scale[165:190])) == 1  # where nothing moves the last estimate stays


def test_the_deviation_of_closes_is_that_of_pandas() -> None:
    bars = market(300)
    stop = whole(Settings.resolve({"stop_loss": {"std": 2, "period": 10}}), bars).stop_loss
    closes = pd.Series(bars.prices.close)
    wanted = (2 * closes.rolling(10).std(ddof=0) / closes).to_numpy()
    assert stop is not None
    moving = np.arange(9, 150)
    assert_allclose(stop[moving], wanted[moving], rtol=1e-7)


def test_equal_indicators_are_asked_for_once() -> None:
    settings = Settings.resolve(
        {**TRUE_RANGE, "size_mode": "volatility", "size": 0.1, "volatility": {"method": "atr", "period": 14}}
    )
    assert indicators_of(settings) == (make_indicator("atr", 14),)
    deviation = indicators_of(Settings.resolve({"size_mode": "volatility", "size": 0.1}))
    assert [i.key for i in deviation] == ["STDDEV(rocp(1), 20, 1)"]
    assert indicators_of(Settings.resolve({"size_mode": "risk", "size": 0.1, "stop_loss": 0.05})) == ()


@pytest.mark.parametrize("given", SOME)
def test_only_the_indicators_it_names_are_read(given: dict[str, Any]) -> None:
    bars, settings = market(50), Settings.resolve(given)
    asked: list[Indicator] = []

    def feature(indicator: Indicator) -> tuple[F64, ...]:
        asked.append(indicator)
        return indicator.compute(bars)

    exposure(settings, bars, feature, Calendar.of(bars.index))
    assert set(asked) == set(indicators_of(settings))


def test_what_follows_nothing_is_left_to_the_settings() -> None:
    bars = market(20)
    assert whole(Settings.resolve({"stop_loss": 0.1}), bars) == Exposure(None, None, None, 0)
    assert whole(Settings.resolve(TRUE_RANGE), bars).lookback == 14
    assert whole(Settings.resolve({"size_mode": "volatility", "size": 0.1}), bars).lookback == 20


@pytest.mark.parametrize("lay", [exposed, exposed_by_bar])
def test_a_scale_multiplies_the_strength(lay: Any) -> None:
    never, half = np.zeros(2, np.bool_), np.array([0.5, 1.0])
    found = Exposure(np.array([0.2, 0.4]), None, half, 3)
    bare = lay(Signals(never, never, never, never), found)
    scaled = lay(Signals(never, never, never, never, half), found)
    assert (bare.strength.tolist(), scaled.strength.tolist()) == ([0.2, 0.4], [0.1, 0.4])
    assert bare.stop_loss is None
    assert bare.take_profit is half
    untouched = lay(Signals(never, never, never, never, half), Exposure(None, half, None, 0))
    assert (untouched.strength, untouched.stop_loss) == (half, half)


@drawn(st.integers(1, 50).flatmap(times))
def test_days_are_those_of_the_calendar(index: pd.DatetimeIndex) -> None:
    assert_array_equal(days_of(index), Calendar.of(index).days)


def test_without_times_there_are_no_days() -> None:
    assert days_of(pd.RangeIndex(3)) is None
    assert len(Calendar.of(pd.RangeIndex(3)).days) == 0
