"""The two evaluators, written apart, say the same of random expressions over random prices; none looks ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd
from component_cases import any_bars, arrays_of, computed, random_prices
from hypothesis import given, settings
from hypothesis import strategies as st

from adm_notebook.components import make_strategy
from adm_notebook.components.expressions import bind, parse, text_of
from adm_notebook.errors import ConfigError
from adm_notebook.market.bars import Bars

SERIES = st.sampled_from(["open", "high", "low", "close", "volume"])
INDICATORS = st.sampled_from(
    ["sma(3)", "ema(4)", "rsi(3)", "bbands(4, 1, 1).upper", "macd(2, 4, 3).hist", "atr(3)", "sma(volume, 3)", "obv()",
     "highest(high, 3)", "sma(high - low, 2)", "cdldoji()", "stoch(3, 2, sma, 2).k", "wma(fast)"]
)  # fmt: skip
NUMBERS = st.one_of(st.sampled_from(["0", "1", "100", "1e-10", "0.5", "fast", "1e12"]), st.integers(0, 200).map(str))


def _values(deeper: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(deeper, st.sampled_from("+-*/"), deeper).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        deeper.map(lambda v: f"-{v}"),
        deeper.map(lambda v: f"abs({v})"),
        st.tuples(st.sampled_from(["min", "max"]), deeper, deeper).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(st.one_of(SERIES, INDICATORS), st.integers(0, 4)).map(lambda p: f"{p[0]}[{p[1]}]"),
        st.tuples(SERIES, st.sampled_from("+-*/"), deeper).map(lambda p: f"({p[0]} {p[1]} {p[2]})[1]"),
    )


values = st.recursive(st.one_of(SERIES, INDICATORS, NUMBERS), _values, max_leaves=5)
comparisons = st.one_of(
    st.tuples(values, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), values).map(" ".join),
    st.tuples(values, values, values).map(lambda p: f"{p[0]} < {p[1]} <= {p[2]}"),
    st.tuples(st.sampled_from(["above", "below"]), values, values).map(lambda p: f"crosses_{p[0]}({p[1]}, {p[2]})"),
    st.sampled_from(["True", "False"]),
)
conditions = st.recursive(
    comparisons,
    lambda deeper: st.one_of(
        st.tuples(deeper, st.sampled_from(["and", "or"]), deeper).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        deeper.map(lambda c: f"not ({c})"),
    ),
    max_leaves=4,
)


def _rule(condition: str) -> dict[str, object]:
    parameters: dict[str, object] = {"entry": condition, "exit": f"not ({condition})"}
    return {"type": "rule", "parameters": {**parameters, **({"fast": 3} if "fast" in condition else {})}}


def _is_sound(condition: str) -> bool:
    """Constants alone may divide by zero; nothing else is wrong with what is drawn."""
    try:
        make_strategy(_rule(condition))
    except ConfigError as error:
        if "divides by zero" in str(error):
            return False
        raise
    return True


@settings(max_examples=250)
@given(condition=conditions.filter(_is_sound), bars=any_bars())
def test_whole_arrays_and_bar_by_bar_agree_on_any_expression(condition: str, bars: Bars) -> None:
    strategy = make_strategy(_rule(condition))
    whole, by_bar = strategy.evaluate(bars, computed(bars)), strategy.evaluate_by_bar(bars, computed(bars))
    assert whole.lookback == by_bar.lookback
    for name, flags in arrays_of(whole).items():
        np.testing.assert_array_equal(flags, arrays_of(by_bar)[name], err_msg=name)


@settings(max_examples=80)
@given(condition=conditions.filter(_is_sound), bars=any_bars(min_bars=12), cut=st.integers(1, 11))
def test_no_expression_reads_a_bar_after_its_own(condition: str, bars: Bars, cut: int) -> None:
    strategy = make_strategy(_rule(condition))
    seen = bars.slice(0, cut)
    full, part = strategy.evaluate(bars, computed(bars)), strategy.evaluate(seen, computed(seen))
    for name, flags in arrays_of(part).items():
        np.testing.assert_array_equal(flags, arrays_of(full)[name][:cut], err_msg=name)


@given(condition=conditions)
def test_the_text_of_an_expression_reads_back_as_the_same(condition: str) -> None:
    if not _is_sound(condition):
        return
    tree = bind(parse(condition), {"fast": 3})
    again = bind(parse(text_of(tree)), {"fast": 3})
    assert again == tree
    assert hash(again) == hash(tree)


def _built_in(name: str, **parameters: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[str, dict[str, object]]]:
    return st.tuples(st.just(name), st.fixed_dictionaries(parameters))


WINDOW = st.integers(2, 8)
BUILT_IN = st.one_of(
    _built_in(
        "ma_crossover", fast=st.integers(2, 5), slow=st.integers(6, 9), ma_type=st.sampled_from(["sma", "ema", "kama"])
    ),
    _built_in("ema_crossover", fast=st.integers(2, 5), slow=st.integers(6, 9)),
    _built_in("momentum", lookback=st.integers(1, 5), threshold=st.sampled_from([0.0, 0.01])),
    _built_in("mean_reversion", period=WINDOW, entry=st.sampled_from([0.5, 1.5]), exit=st.sampled_from([-0.5, 0.0])),
    _built_in("rsi", period=WINDOW, entry=st.sampled_from([30, 50.0]), exit=st.just(60)),
    _built_in("breakout", entry=WINDOW, exit=WINDOW),
    _built_in("buy_and_hold"),
)


@settings(max_examples=150)
@given(built_in=BUILT_IN, direction=st.sampled_from(["long", "short", "both"]), bars=any_bars(), cut=st.integers(1, 60))
def test_built_in_strategies_agree_and_do_not_look_ahead(
    built_in: tuple[str, dict[str, object]], direction: str, bars: Bars, cut: int
) -> None:
    name, parameters = built_in
    if (name, direction) == ("buy_and_hold", "short"):
        direction = "both"
    strategy = make_strategy({"type": name, "parameters": {**parameters, "direction": direction}})
    whole, by_bar = strategy.evaluate(bars, computed(bars)), strategy.evaluate_by_bar(bars, computed(bars))
    seen = bars.slice(0, min(cut, bars.n_bars))
    part = strategy.evaluate(seen, computed(seen))
    for key, values_ in arrays_of(whole).items():
        np.testing.assert_array_equal(values_, arrays_of(by_bar)[key], err_msg=key)
        np.testing.assert_array_equal(arrays_of(part)[key], values_[: seen.n_bars], err_msg=f"{key}, truncated")


def test_a_stop_is_noticed_while_bars_are_walked() -> None:
    prices = random_prices(10_000)
    bars = Bars("TEST", pd.RangeIndex(10_000), prices)
    calls = []
    strategy = make_strategy({"type": "buy_and_hold"})
    strategy.evaluate_by_bar(bars, computed(bars), lambda: calls.append(1))
    assert len(calls) == 3  # at bars 0, 4096 and 8192
