"""What the rule language means, worked out by hand; each fact holds in both evaluators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from component_cases import bars_of, bars_with_closes, computed, decision_of, entries, random_prices

from adm_notebook.components import make_strategy
from adm_notebook.errors import DataError
from adm_notebook.market.bars import Bars

NAN = float("nan")
BIG = 1e308


@dataclass
class Fact:
    condition: str
    closes: list[float]
    true_on: list[int]


FACTS = [
    Fact("close > 2", [1, 2, 3], [2]),
    Fact("close >= 2", [1, 2, 3], [1, 2]),
    Fact("1 < close < 3", [1, 2, 3], [1]),
    Fact("close == 2", [1, 2, 3], [1]),
    Fact("close != 2", [1, 2, 3], [0, 2]),
    Fact("close > close[1]", [1, 2, 2, 3], [1, 3]),
    Fact("close[2] == 1", [1, 2, 3], [2]),
    Fact("close[0] == 1", [1, 2, 3], [0]),
    Fact("close[99] > 0", [1, 2, 3], []),
    Fact("(close + close[1])[1] == 3", [1, 2, 3], [2]),
    Fact("-close < -2", [1, 2, 3], [2]),
    Fact("close * 2 - 1 == 3", [1, 2, 3], [1]),
    Fact("close - 1 * 2 == 0", [1, 2, 3], [1]),
    Fact("(close - 1) * 2 == 2", [1, 2, 3], [1]),
    Fact("6 / close == 3", [1, 2, 3], [1]),
    Fact("abs(close - 2) == 1", [1, 2, 3], [0, 2]),
    Fact("max(close, 2) == 2", [1, 2, 3], [0, 1]),
    Fact("min(close, 2, 1.5) == 1", [1, 2, 3], [0]),
    Fact("true", [1, 2], [0, 1]),
    Fact("False", [1, 2], []),
    Fact("not close > 2", [1, 2, 3], [0, 1]),
    Fact("close > 2 or close < 2 and close > 1", [1, 2, 3], [2]),
    # a comparison with NaN is unknown, and so is its opposite; and, or are three-valued
    Fact("close[1] > 1", [1, 2, 3], [2]),
    Fact("not close[1] > 1", [1, 2, 3], [1]),
    Fact("close[1] != 1", [1, 2, 3], [2]),
    Fact("close > 0 or close[1] > 5", [1, 2, 3], [0, 1, 2]),
    Fact("close[1] > 5 or close > 2", [1, 2, 3], [2]),
    Fact("not (close[1] > 0 and close > 5)", [1, 2, 3], [0, 1, 2]),
    Fact("not (close[1] > 0 and close > 0)", [1, 2, 3], []),
    Fact("max(close, close[1]) > 0", [1, 2, 3], [1, 2]),
    # x / 0 is unknown, whatever x
    Fact("1 / (close - 2) > 0", [1, 2, 3], [2]),
    Fact("not 1 / (close - 2) > 0", [1, 2, 3], [0]),
    Fact("(close - 2) / (close - 2) == 1", [1, 2, 3], [0, 2]),
    # within 1e-12 relative is equal
    Fact("close > 1", [1, 1 + 1e-13, 1 + 1e-11], [2]),
    Fact("close >= 1", [1 - 1e-11, 1 - 1e-13, 1], [1, 2]),
    Fact("close == 1", [1 - 1e-11, 1 - 1e-13, 1], [1, 2]),
    Fact("close != 1", [1 - 1e-11, 1 - 1e-13, 1], [0]),
    # below 1e-12 of the close is 0
    Fact("close - 100 > 0", [100, 100 + 5e-11, 100 + 5e-10], [2]),
    Fact("0 < 1e-11 * close", [1, 100], [0, 1]),
    Fact("0.9e-12 * close > 0", [1, 100], []),
    Fact("0.9e-12 * close > 0.8e-12 * close", [1, 100], []),
    # overflow is larger than any number, and as large as itself
    Fact("close * 10 > 5", [1, BIG], [0, 1]),
    Fact("close * 10 == close * 10", [1, BIG], [0, 1]),
    Fact("close * 10 > -close * 10", [1, BIG], [0, 1]),
    # crosses
    Fact("crosses_above(close, 2)", [1, 3, 3, 2, 3, 1, 2, 3], [1, 4, 7]),
    Fact("crosses_below(close, 2)", [3, 1, 1, 2, 1, 3, 2, 1], [1, 4, 7]),
    Fact("crosses_above(2, close)", [3, 1, 1, 2, 1, 3, 2, 1], [1, 4, 7]),
    Fact("crosses_above(close, 1)", [1 + 1e-13, 1 + 1e-9], [1]),
    Fact("crosses_above(close, close[1])", [1, 2, 1, 2], [3]),
    Fact("not crosses_above(close, 2)", [1, 3, 3], [0, 2]),
    # indicators know nothing during their warm-up
    Fact("close > sma(3)", [1, 2, 3, 4], [2, 3]),
    Fact("not close > sma(3)", [4, 3, 2, 1], [2, 3]),
    Fact("sma(2)[1] == 1.5", [1, 2, 3], [2]),
    Fact("highest(close, 2)[1] < close", [1, 2, 1, 3], [3]),
    Fact("sma(close + 1, 2) == 2.5", [1, 2, 3], [1]),
    Fact("sma(sma(2), 2) == 2", [1, 2, 3], [2]),
    Fact("bbands(2, 1, 1).upper > bbands(2, 1, 1).middle", [1, 2, 2, 3], [1, 3]),
    Fact("bbands(2).upperband == bbands(2).lower", [1, 2, 2, 3], [2]),
    # bars without a close are not there
    Fact("close > close[1]", [1, NAN, 2, NAN, 1, 3], [2, 5]),
    Fact("sma(2) == 1.5", [1, NAN, NAN, 2, 3], [3]),
    Fact("true", [NAN, 1, NAN], [1]),
    Fact("crosses_above(close, 2)", [1, NAN, 3], [2]),
    Fact("close > 0", [NAN, NAN], []),
]


@pytest.mark.parametrize("by_bar", [False, True], ids=["whole", "by bar"])
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.condition)
def test_rules_mean_what_they_say(fact: Fact, by_bar: bool) -> None:
    assert entries(bars_with_closes(fact.closes), fact.condition, by_bar) == fact.true_on


@pytest.mark.parametrize("by_bar", [False, True])
def test_a_missing_high_leaves_only_its_own_bar_unknown(by_bar: bool) -> None:
    prices = random_prices(40)
    prices.high[20] = NAN
    bars = bars_of(prices)
    assert entries(bars, "high > 0", by_bar) == [t for t in range(40) if t != 20]
    assert entries(bars, "atr(5) > 0", by_bar) == [t for t in range(5, 40) if t != 20]


@pytest.mark.parametrize("by_bar", [False, True])
def test_each_condition_sets_its_own_flag(by_bar: bool) -> None:
    rules = {"entry": "close == 1", "exit": "close == 2", "short_entry": "close == 3", "short_exit": "close == 4"}
    flags = decision_of(bars_with_closes([1, 2, 3, 4]), "rule", by_bar, **rules).flags
    assert flags is not None
    on = [np.flatnonzero(f).tolist() for f in (flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit)]
    assert on == [[0], [1], [2], [3]]


def test_named_parameters_stand_for_their_values() -> None:
    bars = bars_of(random_prices(80))
    plain = entries(bars, "sma(close, 5) > ema(9)[2] * 1.01")
    named = entries(bars, "ma(close, fast, kind) > ema(slow)[ago] * k", fast=5, kind="sma", slow=9, ago=2, k=1.01)
    assert plain == named
    assert 0 < len(plain) < 80


def test_volume_can_be_ruled_on_where_there_is_any() -> None:
    prices = random_prices(40)
    assert entries(bars_of(prices), "volume > sma(volume, 5)")
    without = bars_of(prices._replace(volume=None))
    strategy = make_strategy({"type": "rule", "parameters": {"entry": "volume > 0"}})
    assert strategy.columns == {"volume"}
    for evaluate in (strategy.evaluate, strategy.evaluate_by_bar):
        with pytest.raises(DataError, match="volume"):
            evaluate(without, computed(without))
    with pytest.raises(DataError, match="obv reads volume"):
        entries(without, "obv() > 0")


def test_the_lookback_is_the_longest_of_ta_libs_and_leaves_price_offsets_out() -> None:
    def lookback(condition: str) -> int:
        strategy = make_strategy({"type": "rule", "parameters": {"entry": condition}})
        bars: Bars = bars_of(random_prices(5))
        assert strategy.evaluate(bars, computed(bars)).lookback == strategy.lookback
        return strategy.lookback

    assert lookback("sma(10) > sma(50)") == 49
    assert lookback("rsi(14) < 30 and close > sma(3)") == 14
    assert lookback("close > close[20]") == 0
    assert lookback("sma(10)[5] > 0") == 9
    assert lookback("sma(rsi(14), 5) > 0") == 18
