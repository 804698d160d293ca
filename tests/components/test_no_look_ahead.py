"""Nothing that a component says of a bar depends on a later one: what it is told stops there, and it says the same."""

from __future__ import annotations

import numpy as np
import pytest
from component_cases import any_bars, arrays_of, bars_of, computed, random_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from strategy_cases import any_strategy

from adm_notebook.components import INDICATORS, Indicator, make_indicator, make_strategy
from adm_notebook.components.expressions import bind, features, parse
from adm_notebook.components.own_indicators import own_indicators
from adm_notebook.components.strategies import BUILT_IN, BuiltIn
from adm_notebook.components.user_indicators import UserIndicator
from adm_notebook.config.data import DataRequest
from adm_notebook.market import load
from adm_notebook.market.bars import Bars

FUNCTIONS = sorted(name for name, f in INDICATORS.snapshot().items() if not isinstance(f, UserIndicator))
BARS = bars_of(random_prices(420, seed=11, flat=0.1, holes=0.05))
SAMPLE = load(DataRequest.resolve({"source": "sample", "symbols": "SP500"}))["SP500"]


def of(name: str) -> Indicator:
    """The function with its defaults; MAVP alone needs to be told its periods, which change with each bar here."""
    if name != "mavp":
        return make_indicator(name)
    return features(bind(parse("mavp(close, 10 + 5 * cos(close)) > 0"), {}))[0]


def assert_same_until(whole: tuple[np.ndarray, ...], part: tuple[np.ndarray, ...], cut: int, what: str) -> None:
    assert len(whole) == len(part)
    for position, (long, short) in enumerate(zip(whole, part, strict=True)):
        assert len(short) == cut
        np.testing.assert_array_equal(short, long[:cut], err_msg=f"{what}, output {position}, cut at bar {cut}")


def cuts_of(lookback: int, n_bars: int) -> list[int]:
    """Around the first value, in the middle, at the end."""
    near = [lookback + more for more in (-1, 0, 1, 2, 3, 40)]
    return sorted({cut for cut in (1, *near, n_bars // 2, n_bars - 1) if 0 < cut < n_bars})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_indicator_says_the_same_of_a_bar_whether_or_not_it_has_seen_the_next(name: str) -> None:
    indicator = of(name)
    whole = indicator.compute(BARS)
    for cut in cuts_of(indicator.lookback, BARS.n_bars):
        assert_same_until(whole, indicator.compute(BARS.slice(0, cut)), cut, name)


def test_our_own_indicators_are_looked_at_even_where_ta_lib_has_them() -> None:
    for name, function in own_indicators().items():
        indicator = Indicator(function, tuple(function.defaults.values()), function.inputs)
        whole = indicator.compute(BARS)
        for cut in cuts_of(indicator.lookback, BARS.n_bars):
            assert_same_until(whole, indicator.compute(BARS.slice(0, cut)), cut, name)


@pytest.mark.parametrize("model", BUILT_IN, ids=lambda m: m.name)
def test_a_strategy_with_its_defaults_has_decided_by_the_close_of_its_bar(model: type[BuiltIn]) -> None:
    direction = "long" if model.name == "buy_and_hold" else "both"
    strategy = make_strategy({"type": model.name, "parameters": {"direction": direction}})
    whole = arrays_of(strategy.evaluate(SAMPLE, computed(SAMPLE)))
    assert any(values.any() for values in whole.values())
    for cut in (*cuts_of(strategy.lookback, SAMPLE.n_bars), 1_000, 3_210):
        seen = SAMPLE.slice(0, cut)
        part = arrays_of(strategy.evaluate(seen, computed(seen)))
        assert_same_until(tuple(whole.values()), tuple(part.values()), cut, model.name)


@pytest.mark.parametrize("model", BUILT_IN, ids=lambda m: m.name)
@settings(max_examples=40)
@given(data=st.data(), bars=any_bars(min_bars=2, max_bars=80), cut=st.integers(1, 79))
def test_a_strategy_with_any_parameters_does_not_read_a_later_bar(
    model: type[BuiltIn], data: st.DataObject, bars: Bars, cut: int
) -> None:
    strategy = data.draw(any_strategy(model))
    seen = bars.slice(0, min(cut, bars.n_bars))
    whole, part = strategy.evaluate(bars, computed(bars)), strategy.evaluate(seen, computed(seen))
    assert_same_until(tuple(arrays_of(whole).values()), tuple(arrays_of(part).values()), seen.n_bars, repr(strategy))


def test_a_figure_that_looks_ahead_would_be_noticed() -> None:
    def centred(closes: np.ndarray) -> tuple[np.ndarray, ...]:
        return (np.convolve(closes, np.ones(3) / 3, "same"),)

    with pytest.raises(AssertionError, match="cut at bar 100"):
        assert_same_until(centred(SAMPLE.prices.close), centred(SAMPLE.prices.close[:100]), 100, "centred")
