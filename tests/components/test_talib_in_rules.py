"""Every function of TA-Lib in a rule: each of its outputs over real bars, read in arrays and bar by bar."""

from __future__ import annotations

import numpy as np
import pytest
import talib
from component_cases import arrays_of, computed

from adm_notebook.components import INDICATORS, Indicator, make_strategy
from adm_notebook.components.expressions import bind, parse, text_of
from adm_notebook.components.expressions.nodes import Feature
from adm_notebook.config.data import DataRequest
from adm_notebook.market import load

BARS = load(DataRequest.resolve({"source": "sample", "symbols": "SP500", "start": 2016}))["SP500"]

FUNCTIONS = talib.get_functions()

IN_A_RULE = {
    "MAX": "highest(close, 30)",  # max(a, b) and min(a, b) are of one bar
    "MIN": "lowest(close, 30)",
    "MAVP": "mavp(close, 10 + 5 * cos(close))",  # the second series has the period of each bar
    "ACOS": "acos(close / 10000)",  # of -1 to 1
    "ASIN": "asin(close / 10000)",
    "CORREL": "correl(close, volume, 20)",
    "BETA": "beta(close, volume, 20)",
    "ADD": "add(close, volume)",
}
"""What is written for a function that can't stand as `name()`, or that is asked of two series."""


def of(text: str) -> Indicator:
    """The indicator of `name()`, whichever its outputs are."""
    try:
        node = bind(parse(text), {})
    except ValueError:  # it has several, and wants to know which
        outputs = INDICATORS.get(text.partition("(")[0]).outputs
        node = bind(parse(f"{text}.{outputs[0]}"), {})
    assert isinstance(node, Feature)
    return node.indicator


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_output_of_a_function_can_be_asked_for_in_a_rule(name: str) -> None:
    indicator = of(IN_A_RULE.get(name, f"{name.lower()}()"))
    assert indicator.function.name == name
    values = indicator.compute(BARS)
    known = 0
    for position, series in enumerate(values):
        text = text_of(Feature(indicator, position))
        assert bind(parse(text), {}) == Feature(indicator, position)
        entry = f"{text} > {text}[1]"
        strategy = make_strategy({"type": "rule", "parameters": {"entry": entry, "exit": f"not ({entry})"}})
        assert strategy.lookback == indicator.lookback
        assert set(strategy.indicators) == {indicator}
        whole, by_bar = strategy.evaluate(BARS, computed(BARS)), strategy.evaluate_by_bar(BARS, computed(BARS))
        for flag, truths in arrays_of(whole).items():
            np.testing.assert_array_equal(truths, arrays_of(by_bar)[flag], err_msg=f"{text}: {flag}")
        known += int((~np.isnan(series)).sum())
    assert known > 0


def test_candles_are_numbers_that_a_rule_compares() -> None:
    engulfing = talib.CDLENGULFING(*(getattr(BARS.prices, column) for column in ("open", "high", "low", "close")))
    rule = {"entry": "cdlengulfing() > 0", "exit": "cdlengulfing() < 0"}
    strategy = make_strategy({"type": "rule", "parameters": rule})
    flags = arrays_of(strategy.evaluate(BARS, computed(BARS)))
    assert np.flatnonzero(flags["long_entry"]).tolist() == np.flatnonzero(engulfing > 0).tolist() != []
    assert np.flatnonzero(flags["long_exit"]).tolist() == np.flatnonzero(engulfing < 0).tolist() != []
    assert strategy.columns == {"open", "high", "low", "close"}
