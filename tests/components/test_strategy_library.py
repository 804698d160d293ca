"""The library of built-in strategies: in both evaluators, on real prices, by every name, and worked out by hand."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import talib
from component_cases import any_bars, arrays_of, bars_of, computed, decision_of, random_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategy_cases import any_strategy

import adm_notebook as adm
from adm_notebook.components import (
    INDICATORS,
    InvalidParameters,
    Registry,
    canonical_parameters,
    canonical_type,
    describe,
    indicators,
    make_indicator,
    make_strategy,
    parameters_of,
)
from adm_notebook.components.expressions import bind, binder, features, parse, text_of
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.own_indicators import own_indicators
from adm_notebook.components.rules import expressions_of
from adm_notebook.components.strategies import BUILT_IN, FAMILIES, BuiltIn
from adm_notebook.components.strategy import RuleStrategy
from adm_notebook.errors import ConfigError, DataError
from adm_notebook.market.arrays import Prices
from adm_notebook.market.bars import Bars

each_strategy = pytest.mark.parametrize("model", BUILT_IN, ids=lambda m: m.name)

WALK = bars_of(random_prices(400, seed=3))
VOLUME = {"mfi", "obv", "accumulation_distribution", "vwap_deviation"}


def default_parameters(name: str) -> dict[str, Any]:
    return {parameter: info.default for parameter, info in parameters_of(name).items()}


# ---- the same in both evaluators -----------------------------------------------------------------------------------


@each_strategy
@settings(max_examples=40)
@given(data=st.data(), bars=any_bars(max_bars=80))
def test_whole_arrays_and_bar_by_bar_agree_on_any_strategy(
    model: type[BuiltIn], data: st.DataObject, bars: Bars
) -> None:
    strategy = data.draw(any_strategy(model))
    whole, by_bar = strategy.evaluate(bars, computed(bars)), strategy.evaluate_by_bar(bars, computed(bars))
    assert whole.lookback == by_bar.lookback == strategy.lookback
    for name, values in arrays_of(whole).items():
        assert_array_equal(values, arrays_of(by_bar)[name], err_msg=f"{strategy!r}: {name}")


@each_strategy
@settings(max_examples=25)
@given(data=st.data(), bars=any_bars(max_bars=80))
def test_both_is_long_and_short_together(model: type[BuiltIn], data: st.DataObject, bars: Bars) -> None:
    parameters = dict(data.draw(any_strategy(model)).parameters)
    sides = {}
    for direction in ("long", "short", "both"):
        if (model.name, direction) == ("buy_and_hold", "short"):
            continue
        strategy = make_strategy({"type": model.name, "parameters": {**parameters, "direction": direction}})
        sides[direction] = arrays_of(strategy.evaluate(bars, computed(bars)))
    for name, values in sides["both"].items():
        if name == "target":
            assert_array_equal(np.maximum(values, 0), sides["long"][name])
            if "short" in sides:
                assert_array_equal(np.minimum(values, 0), sides["short"][name])
        else:
            assert_array_equal(values, sides[name.split("_")[0]][name], err_msg=name)


@each_strategy
@settings(max_examples=40)
@given(data=st.data(), bars=any_bars(max_bars=80))
def test_no_strategy_enters_a_side_while_it_wants_to_leave_it(
    model: type[BuiltIn], data: st.DataObject, bars: Bars
) -> None:
    """The account drops both flags then; a strategy whose flags contradict each other would stand still unseen."""
    flags = data.draw(any_strategy(model)).evaluate(bars, computed(bars)).flags
    if flags is None or model.name == "rsi2":  # rsi2 leaves at a price, and buys at an RSI: both may be so
        return
    assert not (flags.long_entry & flags.long_exit).any()
    assert not (flags.short_entry & flags.short_exit).any()
    assert not (flags.long_entry & flags.short_entry).any()


@each_strategy
@settings(max_examples=25)
@given(data=st.data(), bars=any_bars(max_bars=80), power=st.sampled_from([-12, 9]))
def test_the_unit_of_prices_is_of_no_account(model: type[BuiltIn], data: st.DataObject, bars: Bars, power: int) -> None:
    """By powers of two, which change no digit of a figure."""
    strategy = data.draw(any_strategy(model))
    o, h, l, c, v = bars.prices  # noqa: E741
    scaled = bars_of(Prices(o * 2.0**power, h * 2.0**power, l * 2.0**power, c * 2.0**power, v))
    decided, again = strategy.evaluate(bars, computed(bars)), strategy.evaluate(scaled, computed(scaled))
    for name, values in arrays_of(decided).items():
        assert_array_equal(arrays_of(again)[name], values, err_msg=f"{strategy!r}: {name}")


@pytest.mark.parametrize("direction", ["long", "both"])
def test_every_strategy_trades_the_sample_with_its_defaults_and_alike_in_both_modes(direction: str) -> None:
    strategies = [{"type": model.name, "parameters": {"direction": direction}} for model in BUILT_IN]
    config = adm.WorkflowConfig(
        workflow_type="backtest",
        data_config={"source": "sample", "symbols": ["SP500"]},
        optimization_config={"strategies": strategies},
    )
    coordinator = adm.EnhancedCoordinator()
    old, new = coordinator.run(config, "traditional"), coordinator.run(config, "composable")
    assert new.stats["strategy"].tolist() == [model.name for model in BUILT_IN]
    assert (new.stats["status"] == "ok").all()
    numbers = new.stats.select_dtypes("number").columns
    assert_allclose(new.stats[numbers].astype(float), old.stats[numbers].astype(float), rtol=1e-9, atol=1e-7)
    for row in new.stats.index:
        trades = new.detail(row).trades
        assert len(trades) > 0, new.stats.loc[row, "strategy"]
        pd.testing.assert_frame_equal(old.detail(row).trades, trades, rtol=1e-9, atol=1e-9)


# ---- names, defaults, refusals -------------------------------------------------------------------------------------


def test_the_library_has_thirty_strategies_and_more() -> None:
    assert len({model.name for model in BUILT_IN}) == len(BUILT_IN) >= 30
    assert [row.name for row in describe()][: len(BUILT_IN)] == [model.name for model in BUILT_IN]
    assert all(FAMILIES.values())


def test_no_two_strategies_share_a_name() -> None:
    spoken = [name for model in BUILT_IN for name in (model.name, *model.__dict__.get("aliases", ()))]
    assert sorted(spoken) == sorted(set(spoken))
    assert all(name == name.lower().replace("-", "_").replace(" ", "_") for name in spoken)


@each_strategy
def test_every_default_and_every_name_of_a_strategy_resolves(model: type[BuiltIn]) -> None:
    plain = make_strategy({"type": model.name})
    filled = default_parameters(model.name)
    assert plain.parameters == filled
    assert plain.parameters["direction"] == "long"
    assert make_strategy({"type": model.name, "parameters": filled}).parameters == filled
    for alias in (*model.aliases, model.name.upper(), model.name.replace("_", "-")):
        assert canonical_type(alias) in {model.name, *(parent.__dict__.get("name") for parent in model.__mro__)}
    assert model.__dict__.get("aliases"), "people call it something else, too"
    assert model.__dict__.get("name") == model.name
    assert set(model.titled) <= set(filled)
    assert plain.label == "/".join(f"{filled[name]:g}" for name in model.titled)


@each_strategy
def test_every_older_name_of_a_parameter_means_one_of_today(model: type[BuiltIn]) -> None:
    filled = default_parameters(model.name)
    for older, today in model.older_names.items():
        assert today in filled
        assert older not in filled, "it would hide that parameter"
        assert canonical_parameters(model.name, {older: 7}) == {today: 7}


@each_strategy
def test_every_strategy_says_what_it_does_and_where_it_comes_from(model: type[BuiltIn]) -> None:
    row = next(row for row in describe() if row.name == model.name)
    assert row.sentence.endswith(".")
    assert 40 < len(row.sentence) < 120
    assert row.source
    for name, info in row.parameters.items():
        assert info.description, name
        assert f"`{name}`" != info.description


@each_strategy
def test_the_rules_of_a_strategy_can_be_written_down_and_read_back(model: type[BuiltIn]) -> None:
    strategy = make_strategy({"type": model.name})
    assert isinstance(strategy, RuleStrategy)
    for expression in expressions_of(strategy.rules):
        if expression is not None:
            assert bind(parse(text_of(expression)), {}) == expression


@each_strategy
def test_a_strategy_that_reads_volume_refuses_bars_without(model: type[BuiltIn]) -> None:
    without = bars_of(random_prices(120)._replace(volume=None))
    strategy = make_strategy({"type": model.name})
    assert ("volume" in strategy.columns) == (model.name in VOLUME)
    if model.name in VOLUME:
        with pytest.raises(DataError, match="volume"):
            strategy.evaluate(without, computed(without))
        with pytest.raises(DataError, match="volume"):
            strategy.evaluate_by_bar(without, computed(without))
    else:
        strategy.evaluate(without, computed(without))


@each_strategy
@pytest.mark.parametrize("price", [0.3, 1.1e-7, 70_000.1])
def test_flat_prices_are_no_trend_and_no_extreme(model: type[BuiltIn], price: float) -> None:
    """Running sums leave a residue on flat prices; nothing may be traded on that."""
    flat = np.full(500, price)
    bars = bars_of(Prices(flat.copy(), flat.copy(), flat.copy(), flat, np.full(500, 1000.1)))
    direction = "long" if model.name == "buy_and_hold" else "both"
    strategy = make_strategy({"type": model.name, "parameters": {"direction": direction}})
    decision = strategy.evaluate(bars, computed(bars))
    entered = decision.target != 0 if decision.flags is None else decision.flags.long_entry | decision.flags.short_entry
    # an index of flat prices has a value by TA-Lib's convention: 0, which is low for most, high for Williams' %R
    by_convention = {"rsi", "williams_r", "mfi", "ultimate_oscillator", "supertrend", "buy_and_hold"}
    assert np.asarray(entered).any() == (model.name in by_convention)


@each_strategy
def test_why_there_was_no_entry_can_be_said_of_each(model: type[BuiltIn]) -> None:
    few = WALK.slice(0, 3)
    strategy = make_strategy({"type": model.name})
    said = strategy.explain_no_entry(few)
    entered = any(v.any() for k, v in arrays_of(strategy.evaluate(few, computed(few))).items() if "exit" not in k)
    assert said is None or said.endswith(".")
    assert not (entered and said)


@pytest.mark.parametrize(
    ("type_", "parameters", "words"),
    [
        ("dema_crossover", {"fast": 30, "slow": 10}, "fast must be shorter than slow, but they are 30 and 10 bars"),
        ("kama_crossover", {"fast": 30}, "fast must be shorter than slow"),
        ("triple_crossover", {"medium": 4}, "fast must be shorter than medium, but they are 4 and 4 bars"),
        ("triple_crossover", {"medium": 20}, "medium must be shorter than slow"),
        ("macd", {"fast": 26}, "fast must be shorter than slow, but they are 26 and 26 bars"),
        ("ppo", {"slow": 5}, "fast must be shorter than slow"),
        ("rsi2", {"exit": 300}, "exit must be shorter than trend, but they are 300 and 200 bars"),
        ("stochastic", {"oversold": 90}, "entry must be below exit, but they are 90 and 80"),
        ("stochrsi", {"exit": 10}, "entry must be below exit"),
        ("williams_r", {"entry": -10}, "entry must be below exit, but they are -10 and -20"),
        ("cci", {"entry": 200}, "entry must be below exit"),
        ("mfi", {"entry": 80}, "entry must be below exit"),
        ("ultimate_oscillator", {"medium": 30}, "medium must be shorter than slow"),
        ("parabolic_sar", {"step": 0.5}, "acceleration must not exceed maximum, but they are 0.5 and 0.2"),
        ("ichimoku", {"tenkan": 30}, "conversion must be shorter than base, but they are 30 and 26 bars"),
        ("accumulation_distribution", {"fast": 10}, "fast must be shorter than slow"),
        ("vwap", {"exit": 0.05}, "exit must be below entry, nearer the average, but they are 0.05 and 0.02"),
    ],
)
def test_parameters_that_contradict_each_other_are_told_apart(
    type_: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidParameters, match=words):
        make_strategy({"type": type_, "parameters": parameters})


@pytest.mark.parametrize(
    ("type_", "parameters", "path", "words"),
    [
        ("super_trnd", {}, "s.type", "Did you mean `super_trend`?"),
        ("bollinger", {"exit": "upper"}, "s.parameters.exit", "must be 'middle' or 'opposite', but was 'upper'"),
        ("bollinger", {"ma_type": "hma"}, "s.parameters.ma_type", "Did you mean"),
        ("supertrend", {"multiplier": 0}, "s.parameters.multiplier", "must be above 0, but was 0"),
        ("supertrend", {"period": 1}, "s.parameters.period", "must be 2 or more, but was 1"),
        ("williams_r", {"entry": 80}, "s.parameters.entry", "must be 0 or less, but was 80"),
        ("pivot_points", {"level": 4}, "s.parameters.level", "must be 3 or less, but was 4"),
        ("macd", {"signl": 3}, "s.parameters.signl", "Did you mean `signal`?"),
        ("macd", {"signal": 3, "signal_period": 4}, "s.parameters.signal_period", "keep one"),
        ("ichimoku", {"displacement": 0}, "s.parameters.displacement", "must be 1 or more"),
    ],
)
def test_wrong_names_and_values_are_refused_at_their_place(
    type_: str, parameters: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make_strategy({"type": type_, "parameters": parameters}, "s")
    assert not isinstance(caught.value, InvalidParameters)
    assert [p.path for p in caught.value.problems] == [path]
    assert words in caught.value.problems[0].message


@pytest.mark.skipif(
    "SUPERTREND" not in talib.get_functions(), reason="older TA-Libs have other defaults, which rules leave out"
)
def test_the_page_of_strategies_is_what_the_models_say() -> None:
    script = Path(__file__).parents[2] / "docs" / "strategies.py"
    made = runpy.run_path(str(script))
    assert made["PAGE"].read_text(encoding="utf-8") == made["page"](), "run `python docs/strategies.py`"


# ---- worked out by hand --------------------------------------------------------------------------------------------


def target_of(bars: Bars, type_: str, **parameters: Any) -> list[int]:
    target = decision_of(bars, type_, direction="both", **parameters).target
    assert target is not None
    return target.tolist()


def flags_of(bars: Bars, type_: str, **parameters: Any) -> dict[str, list[int]]:
    """Bars on which each flag is set."""
    return {
        name: np.flatnonzero(values).tolist()
        for name, values in arrays_of(decision_of(bars, type_, direction="both", **parameters)).items()
    }


def bars_from(rows: list[tuple[float, ...]]) -> Bars:
    """Bars of (high, low, close), or (high, low, close, volume); they open at the close."""
    table = np.array([(*row, 1000.0)[:4] for row in rows], float)
    high, low, close, volume = (np.ascontiguousarray(column) for column in table.T)
    return bars_of(Prices(close.copy(), high, low, close, volume))


def plain_supertrend(prices: Prices, period: int, multiplier: float) -> tuple[list[float], list[int]]:
    """The bands in plain Python, with a true range and Wilder's average of its own; from bar `period` on."""
    highs, lows, closes = prices.high.tolist(), prices.low.tolist(), prices.close.tolist()
    ranges = [0.0] + [max(highs[t], closes[t - 1]) - min(lows[t], closes[t - 1]) for t in range(1, len(closes))]
    lines, trends = [], []
    average = sum(ranges[1 : period + 1]) / period
    trend, upper_before, lower_before = 1, math.inf, -math.inf
    for t in range(period, len(closes)):
        if t > period:
            average = (average * (period - 1) + ranges[t]) / period
        middle = (highs[t] + lows[t]) / 2
        upper, lower = middle + multiplier * average, middle - multiplier * average
        if t > period:
            if closes[t - 1] <= upper_before:
                upper = min(upper, upper_before)
            if closes[t - 1] >= lower_before:
                lower = max(lower, lower_before)
            if trend == 1 and closes[t] < lower:
                trend = -1
            elif trend == -1 and closes[t] > upper:
                trend = 1
        upper_before, lower_before = upper, lower
        lines.append(lower if trend == 1 else upper)
        trends.append(trend)
    return lines, trends


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 90),
    flat=st.sampled_from([0.0, 0.5]),
    period=st.integers(2, 12),
    multiplier=st.sampled_from([0.0, 0.3, 1.0, 3.0]),
)
def test_supertrend_is_the_plain_loop(seed: int, n: int, flat: float, period: int, multiplier: float) -> None:
    bars = bars_of(random_prices(n, seed, flat))
    function = own_indicators()["supertrend"]
    line, trend = Indicator(function, (period, multiplier), function.inputs).compute(bars)
    assert line.shape == trend.shape == (n,)
    assert np.isnan(line[:period]).all()
    assert np.isnan(trend[:period]).all()
    if n <= period:
        return
    lines, trends = plain_supertrend(bars.prices, period, multiplier)
    assert_allclose(line[period:], lines, rtol=1e-9)
    if multiplier:  # without a distance the bands are the middle itself, and rounding says on which side a close is
        assert_array_equal(trend[period:], trends)


@pytest.mark.skipif("SUPERTREND" not in talib.get_functions(), reason="this TA-Lib has no SUPERTREND; ours stands in")
@settings(max_examples=60)
@given(bars=any_bars(max_bars=90), period=st.integers(2, 12), multiplier=st.sampled_from([0.0, 0.3, 1.0, 3.0]))
def test_our_supertrend_gives_the_figures_of_ta_lib(bars: Bars, period: int, multiplier: float) -> None:
    function = own_indicators()["supertrend"]
    ours = Indicator(function, (period, multiplier), function.inputs)
    theirs = make_indicator("supertrend", period, multiplier)
    assert ours.key == theirs.key
    assert ours.lookback == theirs.lookback == period
    assert ours.outputs == theirs.outputs
    for a, b in zip(ours.compute(bars), theirs.compute(bars), strict=True):
        assert_allclose(a, b, rtol=1e-12)


def test_ours_stands_in_where_ta_lib_has_no_supertrend(monkeypatch: pytest.MonkeyPatch) -> None:
    older = {name: function for name, function in indicators.talib_functions().items() if name != "supertrend"}
    monkeypatch.setattr(indicators, "talib_functions", lambda: older)
    registry = Registry("indicator", indicators._built_in)
    assert registry.get("supertrend") is own_indicators()["supertrend"]
    monkeypatch.setattr(binder, "INDICATORS", registry)
    ours = bind(parse("supertrend(10, 3).trend > 0"), {})
    monkeypatch.undo()
    assert [i.function for i in features(ours)] == [own_indicators()["supertrend"]]
    assert text_of(ours) == text_of(bind(parse("supertrend(10, 3).trend > 0"), {}))


def test_our_supertrend_refuses_what_ta_lib_refuses() -> None:
    function = own_indicators()["supertrend"]
    with pytest.raises(ValueError, match=r"supertrend's timeperiod must be 2 to 100000, but was 1"):
        function.checked((1, 3.0))
    with pytest.raises(ValueError, match=r"supertrend's multiplier must be 0 or more, but was -1"):
        function.checked((10, -1.0))
    with pytest.raises(ValueError, match=r"supertrend's timeperiod must be a whole number, but was 2.5"):
        function.checked((2.5, 3.0))
    assert (function.sentence, function.group, function.inputs) == (
        "SuperTrend", "Overlap Studies", ("high", "low", "close")
    )  # fmt: skip
    assert INDICATORS.get("supertrend").outputs == function.outputs == ("supertrend", "trend")


def test_bars_without_a_high_are_left_out_of_our_supertrend() -> None:
    prices = random_prices(60, seed=5)
    gaps = np.isin(np.arange(60), [3, 20, 21, 59])
    function = own_indicators()["supertrend"]
    indicator = Indicator(function, (4, 1.0), function.inputs)
    without = indicator.compute(bars_of(prices._replace(high=np.where(gaps, np.nan, prices.high))))
    rest = indicator.compute(bars_of(Prices(*(np.ascontiguousarray(column[~gaps]) for column in prices))))
    for values, kept in zip(without, rest, strict=True):
        assert np.isnan(values[gaps]).all()
        assert_array_equal(values[~gaps], kept)


def test_supertrend_turns_where_the_close_leaves_the_band_that_held_it() -> None:
    # true range 2 on each quiet bar, so that its average is 2 and the bands are 2 from the middle
    quiet = [(101.0, 99.0, 100.0)] * 4
    bars = bars_from([*quiet, (99, 97, 97.5), (98.5, 96.5, 97.4), (110, 108, 109.5)])
    line, trend = make_indicator("supertrend", 2, 1).compute(bars)
    # bar 4: average (2 + 3) / 2 = 2.5; middle 98, lower max(95.5, 98) = 98, and 97.5 is below it: down
    # its upper band is min(100.5, 102) = 100.5; bar 5 keeps it or tightens it; bar 6 closes far above: up
    assert trend[2:].tolist() == [1, 1, -1, -1, 1]
    assert line[2:5].tolist() == [98.0, 98.0, 100.5]
    assert target_of(bars, "supertrend", period=2, multiplier=1) == [0, 0, 1, 1, -1, -1, 1]


def test_the_vortex_sums_movements_over_true_ranges() -> None:
    #        high, low, close
    bars = bars_from([(10, 8, 9), (12, 9, 11), (13, 11, 12), (12, 7, 8), (9, 6, 7)])
    # |high - low before|  4 4 1 2      |low - high before|  1 1 6 6      true range  3 2 5 3
    # over two bars        8 5 3                             2 7 12                   5 7 8
    assert target_of(bars, "vortex", period=2) == [0, 0, 1, -1, -1]
    assert make_strategy({"type": "vortex", "parameters": {"period": 14}}).lookback == 14


def test_the_cloud_of_a_bar_is_made_of_bars_long_before_it() -> None:
    bars = bars_of(random_prices(160, seed=8))
    high, low, close = pd.Series(bars.prices.high), pd.Series(bars.prices.low), pd.Series(bars.prices.close)

    def middle(window: int) -> pd.Series[float]:
        return (high.rolling(window).max() + low.rolling(window).min()) / 2

    conversion, base = middle(4), middle(9)
    a, b = ((conversion + base) / 2).shift(6), middle(15).shift(6)
    top, bottom = np.fmax(a, b), np.fmin(a, b)
    known = a.notna() & b.notna()
    up, down = (close > top) & (conversion > base) & known, (close < bottom) & (conversion < base) & known
    wanted = np.where(up, 1, np.where(down, -1, 0)).tolist()
    assert {1, -1, 0} <= set(wanted)
    assert target_of(bars, "ichimoku", conversion=4, base=9, span=15, displacement=6) == wanted


def test_what_happens_now_moves_the_cloud_only_later() -> None:
    quiet = [(101.0, 99.0, 100.0)] * 90
    jump = [(161.0, 124.0, 125.0)] * 40
    target = target_of(bars_from([*quiet, *jump]), "ichimoku")
    # until the conversion line has forgotten the quiet bars it is (161 + 99) / 2, as the base line: bar 98 is the first
    # on which it is above; on bar 115 the base line has forgotten them too. The cloud of all these bars is at 100.
    assert target[:98] == [0] * 98
    assert target[98:115] == [1] * 17
    assert target[115:] == [0] * 15
    # a cloud of the bar before would have been at (130 + 130) / 2 and more, above the close of 125
    assert target_of(bars_from([*quiet, *jump]), "ichimoku", displacement=1) == [0] * 130


@pytest.mark.parametrize(("level", "resistance", "support"), [(1, 32.0, 26.0), (2, 35.0, 23.0), (3, 38.0, 20.0)])
def test_pivots_are_those_of_the_bar_before(level: int, resistance: float, support: float) -> None:
    def flags(close: float) -> dict[str, list[int]]:
        return flags_of(bars_from([(32.0, 26.0, 29.0), (50.0, 1.0, close)]), "pivot_points", level=level)  # pivot 29

    assert flags(resistance) == {"long_entry": [], "long_exit": [], "short_entry": [], "short_exit": [1]}
    assert flags(resistance + 0.5) == {"long_entry": [1], "long_exit": [], "short_entry": [], "short_exit": [1]}
    assert flags(29.0) == {"long_entry": [], "long_exit": [], "short_entry": [], "short_exit": []}
    assert flags(support) == {"long_entry": [], "long_exit": [1], "short_entry": [], "short_exit": []}
    assert flags(support - 0.5) == {"long_entry": [], "long_exit": [1], "short_entry": [1], "short_exit": []}


def test_a_session_of_several_bars_has_their_high_and_low_and_the_last_close() -> None:
    rows = [(15.0, 8.0, 9.0), (12.0, 6.0, 9.0), (30.0, 1.0, 14.0)]
    # of both bars: pivot (15 + 6 + 9) / 3 = 10, resistance 2 * 10 - 6 = 14, support 2 * 10 - 15 = 5
    assert flags_of(bars_from(rows), "pivot_points", session=2)["long_entry"] == []
    rows[2] = (30.0, 1.0, 14.1)
    assert flags_of(bars_from(rows), "pivot_points", session=2)["long_entry"] == [2]
    rows[2] = (30.0, 1.0, 4.9)
    assert flags_of(bars_from(rows), "pivot_points", session=2)["short_entry"] == [2]


def test_the_volume_weighted_price_follows_the_volume() -> None:
    # typical prices 100, 100, 90; over two bars weighted 1:1, then 1:3
    rows = [(100.0, 100.0, 100.0, 1.0), (100.0, 100.0, 100.0, 1.0), (90.0, 90.0, 90.0, 3.0)]
    # the last average is (100 + 270) / 4 = 92.5: the close is 2.7% below it
    assert flags_of(bars_from(rows), "vwap_deviation", period=2, entry=0.027)["long_entry"] == [2]
    assert flags_of(bars_from(rows), "vwap_deviation", period=2, entry=0.028)["long_entry"] == []
    assert flags_of(bars_from(rows), "vwap_deviation", period=2)["long_exit"] == [1]


def test_without_volume_in_its_window_the_volume_weighted_price_is_unknown() -> None:
    rows = [(100 + t, 99 + t, 99.5 + t, 0.1 * (t % 7) if t < 30 else 0.0) for t in range(60)]
    flags = flags_of(bars_from(rows), "vwap_deviation", period=5, entry=1e-6)
    assert max(max(bars, default=0) for bars in flags.values()) < 35
    assert flags["short_entry"]


def test_the_rate_of_change_enters_beyond_its_threshold_and_leaves_at_zero() -> None:
    bars = bars_from([(c, c, c) for c in (100.0, 101.0, 103.02, 103.02, 102.0, 99.0)])
    flags = flags_of(bars, "roc", period=1, threshold=1.5)  # +1%, +2%, 0, -0.99%, -2.9%
    assert flags["long_entry"] == [2]
    assert flags["long_exit"] == [4, 5]
    assert flags["short_entry"] == [5]
    assert flags["short_exit"] == [1, 2]


def test_the_slope_is_that_of_the_line_fitted_by_least_squares() -> None:
    close = WALK.prices.close
    fitted = [np.polyfit(np.arange(7), close[t - 6 : t + 1], 1)[0] / close[t] for t in range(6, len(close))]
    wanted = [0] * 6 + [1 if slope > 0.002 else -1 if slope < -0.002 else 0 for slope in fitted]
    assert target_of(WALK, "linreg_slope", period=7, threshold=0.002) == wanted


def test_aroon_counts_the_bars_since_the_extremes() -> None:
    high, low, n = WALK.prices.high, WALK.prices.low, 10
    wanted = [0] * n
    for t in range(n, len(high)):
        up = 100 * int(np.argmax(high[t - n : t + 1])) / n
        down = 100 * int(np.argmin(low[t - n : t + 1])) / n
        wanted.append(1 if up > 70 and up > down else -1 if down > 70 and down > up else 0)
    assert target_of(WALK, "aroon", period=n) == wanted


def test_on_balance_volume_is_compared_with_its_own_average() -> None:
    close, volume = pd.Series(WALK.prices.close), pd.Series(WALK.prices.volume)
    balance = (np.sign(close.diff()).fillna(0) * volume).cumsum()
    average = balance.rolling(12).mean()
    wanted = np.sign(balance - average).fillna(0).astype(int).tolist()
    assert 0 not in wanted[11:]
    assert target_of(WALK, "obv", period=12) == wanted


def test_the_stochastic_wants_a_cross_in_its_zone() -> None:
    high, low, close = (pd.Series(a) for a in (WALK.prices.high, WALK.prices.low, WALK.prices.close))
    lowest, highest = low.rolling(8).min(), high.rolling(8).max()
    k = (100 * (close - lowest) / (highest - lowest)).rolling(3).mean()
    d = k.rolling(2).mean()
    up, down = (k > d) & (k.shift() <= d.shift()), (k < d) & (k.shift() >= d.shift())
    flags = flags_of(WALK, "stochastic", period=8, smooth=3, signal=2, entry=25, exit=75)
    assert flags["long_entry"] == flags["short_exit"] == np.flatnonzero(up & (d < 25)).tolist() != []
    assert flags["long_exit"] == flags["short_entry"] == np.flatnonzero(down & (d > 75)).tolist() != []


def test_stochrsi_enters_on_its_way_back_through_a_level() -> None:
    rsi = pd.Series(talib.RSI(WALK.prices.close, 9))
    lowest, highest = rsi.rolling(7).min(), rsi.rolling(7).max()
    line = (100 * (rsi - lowest) / (highest - lowest)).rolling(3).mean()
    flags = flags_of(WALK, "stochrsi", period=9, stoch=7, smooth=3)
    assert flags["long_entry"] == np.flatnonzero((line > 20) & (line.shift() <= 20)).tolist() != []
    assert flags["short_entry"] == np.flatnonzero((line < 80) & (line.shift() >= 80)).tolist() != []


def test_directional_movement_needs_a_strong_trend() -> None:
    high, low, close = WALK.prices.high, WALK.prices.low, WALK.prices.close
    strong = talib.ADX(high, low, close, 9) > 25
    plus, minus = talib.PLUS_DI(high, low, close, 9), talib.MINUS_DI(high, low, close, 9)
    wanted = np.where(strong & (plus > minus), 1, np.where(strong & (plus < minus), -1, 0)).tolist()
    assert {1, -1, 0} == set(wanted)
    assert target_of(WALK, "adx", period=9) == wanted


@pytest.mark.parametrize("exit_", ["middle", "opposite"])
def test_bands_are_left_at_the_middle_or_at_the_other_side(exit_: str) -> None:
    close = WALK.prices.close
    middle, spread = talib.EMA(close, 15), 1.5 * talib.ATR(WALK.prices.high, WALK.prices.low, close, 10)
    flags = flags_of(WALK, "keltner", period=15, width=1.5, exit=exit_)
    leave_long, leave_short = (middle, middle) if exit_ == "middle" else (middle + spread, middle - spread)
    assert flags["long_entry"] == np.flatnonzero(close < middle - spread).tolist() != []
    assert flags["long_exit"] == np.flatnonzero(close >= leave_long).tolist() != []
    assert flags["short_exit"] == np.flatnonzero(close <= leave_short).tolist() != []
    upper, average, lower = talib.BBANDS(close, 15, 1.5, 1.5, 1)
    flags = flags_of(WALK, "bollinger", period=15, width=1.5, exit=exit_, ma_type="ema")
    leave_long = average if exit_ == "middle" else upper
    assert flags["long_entry"] == np.flatnonzero(close < lower).tolist() != []
    assert flags["long_exit"] == np.flatnonzero(close >= leave_long).tolist() != []


def test_signal_lines_are_exponential_averages_of_their_figures() -> None:
    close = WALK.prices.close
    line = talib.PPO(close, 5, 11, 1)
    known = ~np.isnan(line)
    signal = np.full(len(line), np.nan)
    signal[known] = talib.EMA(line[known], 4)
    wanted = np.nan_to_num(np.sign(line - signal)).astype(int).tolist()
    assert target_of(WALK, "ppo", fast=5, slow=11, signal=4) == wanted
    assert make_strategy({"type": "ppo"}).lookback == 25 + 8
    assert make_strategy({"type": "macd"}).lookback == 25 + 8
    assert make_strategy({"type": "trix"}).lookback == 3 * 14 + 1 + 8
    assert make_strategy({"type": "obv"}).lookback == 19
