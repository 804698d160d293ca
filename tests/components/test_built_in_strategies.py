"""What each built-in strategy wants, worked out by hand; names, defaults and refusals."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import talib
from component_cases import bars_of, bars_with_closes, computed, decision_of, random_prices

from adm_notebook.components import (
    InvalidParameters,
    canonical_parameters,
    canonical_type,
    describe,
    make_strategy,
    names,
    parameters_of,
)
from adm_notebook.components.strategies.averages import MovingAverageCrossover
from adm_notebook.errors import ConfigError

NAN = float("nan")


def targets(closes: list[float], type_: str, **parameters: Any) -> list[int]:
    whole = decision_of(bars_with_closes(closes), type_, **parameters).target
    by_bar = decision_of(bars_with_closes(closes), type_, by_bar=True, **parameters).target
    assert whole is not None
    assert by_bar is not None
    assert whole.tolist() == by_bar.tolist()
    return whole.tolist()


def test_a_crossover_is_long_above_short_below_and_keeps_its_target_between_equal_averages() -> None:
    closes = [1, 2, 2, 1, 1, 1, 2]  # sma(1) against sma(2): unknown, above, equal, below, equal, equal, above
    assert targets(closes, "ma_crossover", fast=1, slow=2, direction="both") == [0, 1, 1, -1, -1, -1, 1]
    assert targets(closes, "ma_crossover", fast=1, slow=2) == [0, 1, 1, 0, 0, 0, 1]
    assert targets(closes, "ma_crossover", fast=1, slow=2, direction="short") == [0, 0, 0, -1, -1, -1, 0]


def test_averages_of_flat_prices_are_equal_whatever_their_rounding() -> None:
    closes = [0.1] * 3 + [0.3] * 60  # running sums of 0.1 and 0.3 differ in their last bits
    wanted = targets(closes, "ma_crossover", fast=3, slow=7, direction="both")
    assert wanted[12:] == [1] * (len(closes) - 12)


def test_momentum_compares_with_the_close_some_bars_before() -> None:
    closes = [100, 100, 103, 100, 97, 97]
    assert targets(closes, "momentum", lookback=1, direction="both") == [0, 0, 1, -1, -1, 0]
    assert targets(closes, "momentum", lookback=1, threshold=0.03, direction="both") == [0, 0, 0, 0, 0, 0]
    assert targets(closes, "momentum", lookback=1, threshold=0.0299, direction="both") == [0, 0, 1, 0, -1, 0]
    assert targets(closes, "momentum", lookback=2) == [0, 0, 1, 0, 0, 0]


def test_momentum_uses_no_indicator_so_that_it_may_decide_from_the_first_bar() -> None:
    strategy = make_strategy({"type": "momentum"})
    assert strategy.parameters == {"lookback": 20, "threshold": 0.0, "direction": "long"}
    assert strategy.indicators == ()
    assert strategy.lookback == 0


def test_on_bars_without_a_close_the_target_is_that_of_the_bar_before() -> None:
    assert targets([NAN, 1, NAN, 2, NAN, NAN, 1, NAN], "momentum", lookback=1) == [0, 0, 0, 1, 1, 1, 0, 0]


def test_the_rsi_strategy_buys_oversold_and_sells_overbought() -> None:
    bars = bars_of(random_prices(400))
    rsi = talib.RSI(bars.prices.close, 10)
    flags = decision_of(bars, "rsi", period=10, entry=35, exit=60, direction="both").flags
    assert flags is not None
    np.testing.assert_array_equal(flags.long_entry, rsi < 35)
    np.testing.assert_array_equal(flags.long_exit, rsi > 60)
    np.testing.assert_array_equal(flags.short_entry, rsi > 60)
    np.testing.assert_array_equal(flags.short_exit, rsi < 35)
    assert flags.long_entry.any()
    assert flags.short_entry.any()


def test_mean_reversion_enters_at_the_band_and_leaves_at_the_mean() -> None:
    bars = bars_of(random_prices(400))
    close = bars.prices.close
    upper, mean, lower = talib.BBANDS(close, 20, 1.5, 1.5)
    flags = decision_of(bars, "mean_reversion", period=20, entry=1.5, direction="both").flags
    assert flags is not None
    np.testing.assert_array_equal(flags.long_entry, close < lower)
    np.testing.assert_array_equal(flags.long_exit, close >= mean)
    np.testing.assert_array_equal(flags.short_entry, close > upper)
    np.testing.assert_array_equal(flags.short_exit, close <= mean)
    assert flags.long_entry.any()


def test_a_breakout_is_one_of_the_bars_before_not_of_its_own_bar() -> None:
    bars = bars_with_closes([5, 6, 7, 8, 6, 5, 9])
    flags = decision_of(bars, "breakout", entry=3, exit=2, direction="both").flags
    assert flags is not None
    assert np.flatnonzero(flags.long_entry).tolist() == [3, 6]
    assert np.flatnonzero(flags.long_exit).tolist() == [4, 5]
    assert np.flatnonzero(flags.short_entry).tolist() == [5]  # on bar 4 the close only touches the channel


def test_buy_and_hold_wants_to_be_long_on_every_bar() -> None:
    assert targets([1, 2, 3], "buy_and_hold") == [1, 1, 1]
    assert make_strategy({"type": "buy_and_hold"}).indicators == ()


def test_a_side_that_is_not_traded_has_no_flags() -> None:
    flags = decision_of(bars_of(random_prices(200)), "rsi", period=3).flags
    assert flags is not None
    assert flags.long_entry.any()
    assert not flags.short_entry.any()
    assert not flags.short_exit.any()


# ---- names and values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "today"),
    [
        ("moving_average_crossover", "ma_crossover"), ("sma_crossover", "ma_crossover"),
        ("simple_momentum", "momentum"), ("rsi_reversal", "rsi"), ("channel_breakout", "breakout"),
        ("buy_hold", "buy_and_hold"),
        ("MA-Crossover", "ma_crossover"), ("simple_mean_reversion", "mean_reversion"),
    ],
)  # fmt: skip
def test_older_names_mean_the_strategies_of_today(older: str, today: str) -> None:
    assert canonical_type(older) == today
    assert make_strategy({"type": older}).name == today


@pytest.mark.parametrize(
    ("type_", "older", "today"),
    [
        ("ma_crossover", {"fast_period": 5, "slow_period": 9}, {"fast": 5, "slow": 9}),
        ("ma_crossover", {"short_window": 5, "long_window": 9}, {"fast": 5, "slow": 9}),
        ("momentum", {"lookback_period": 5, "momentum_threshold": 0.1}, {"lookback": 5, "threshold": 0.1}),
        ("rsi", {"rsi_period": 5, "oversold": 20, "overbought": 80}, {"period": 5, "entry": 20, "exit": 80}),
        ("breakout", {"lookback_period": 5}, {"entry": 5}),
        ("mean_reversion", {"lookback_period": 5, "entry_threshold": 3}, {"period": 5, "entry": 3}),
    ],
)
def test_older_names_of_parameters_are_understood(type_: str, older: dict[str, Any], today: dict[str, Any]) -> None:
    assert canonical_parameters(type_, older) == today
    built = make_strategy({"type": type_, "parameters": older})
    assert built.parameters == make_strategy({"type": type_, "parameters": today}).parameters


def test_a_rule_with_its_defaults_written_out_is_the_same_rule() -> None:
    filled = {name: info.default for name, info in parameters_of("rule").items()}
    strategy = make_strategy({"type": "rule", "parameters": {**filled, "entry": "close > 1"}})
    assert strategy.parameters == {"entry": "close > 1", "direction": "long"}


def test_sweeps_pass_through_canonical_names_untouched() -> None:
    assert canonical_parameters("ma_crossover", {"fast_period": [5, 10]}) == {"fast": [5, 10]}


REFUSED = [
    ("ma_crossovr", {}, "s.type", "Did you mean `ma_crossover`?"),
    (None, {}, "s.type", "must be the name of a strategy"),
    ("xyz", {}, "s.type", "unknown strategy 'xyz'. `%adm strategies` lists them"),
    ("ma_crossover", {"fsat": 3}, "s.parameters.fsat", "Did you mean `fast`?"),
    ("ma_crossover", {"fast": 3, "fast_period": 4}, "s.parameters.fast_period", "keep one"),
    ("ma_crossover", {"fast": 0}, "s.parameters.fast", "must be 1 or more, but was 0"),
    ("ma_crossover", {"fast": "10"}, "s.parameters.fast", "must be a whole number, but was '10'"),
    ("ma_crossover", {"fast": 2.5}, "s.parameters.fast", "must be a whole number, but was 2.5"),
    ("ma_crossover", {"fast": True}, "s.parameters.fast", "must be a whole number"),
    ("ma_crossover", {"ma_type": "smaa"}, "s.parameters.ma_type", "Did you mean `sma`?"),
    ("momentum", {"threshold": -1}, "s.parameters.threshold", "must be 0 or more"),
    ("momentum", {"direction": "up"}, "s.parameters.direction", "must be 'long', 'short' or 'both'"),
    ("rsi", {"period": 1}, "s.parameters.period", "must be 2 or more"),
]


@pytest.mark.parametrize(("type_", "parameters", "path", "words"), REFUSED, ids=[f"{t} {p}" for t, p, _, _ in REFUSED])
def test_wrong_names_and_values_are_refused_at_their_place(
    type_: Any, parameters: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make_strategy({"type": type_, "parameters": parameters}, "s")
    assert not isinstance(caught.value, InvalidParameters)
    assert [p.path for p in caught.value.problems] == [path]
    assert words in caught.value.problems[0].message


@pytest.mark.parametrize(
    ("type_", "parameters", "words"),
    [
        ("ma_crossover", {"fast": 30, "slow": 10}, "fast must be shorter than slow, but they are 30 and 10 bars"),
        ("ema_crossover", {"fast": 30, "slow": 30}, "fast must be shorter than slow"),
        ("mean_reversion", {"entry": 1, "exit": 2}, "exit must be below entry"),
        ("rsi", {"entry": 70, "exit": 30}, "entry must be below exit"),
        ("buy_and_hold", {"direction": "short"}, "only goes long"),
    ],
)
def test_combinations_that_a_strategy_refuses_are_told_apart(
    type_: str, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidParameters, match=words):
        make_strategy({"type": type_, "parameters": parameters})


def test_whole_numbers_may_come_as_floats_or_from_numpy() -> None:
    for fast in (5.0, np.int64(5), np.float64(5)):
        assert make_strategy({"type": "ma_crossover", "parameters": {"fast": fast}}).parameters["fast"] == 5


def test_titles_name_the_main_parameters() -> None:
    def label(type_: str, **parameters: Any) -> str:
        return make_strategy({"type": type_, "parameters": parameters}).label

    assert label("ma_crossover", fast=50, slow=200) == "50/200"
    assert label("rsi") == "14"
    assert label("mean_reversion", entry=2.5) == "20/2.5"
    assert label("breakout") == "20/10"
    assert label("buy_and_hold") == ""
    assert label("rule", entry="sma(fast) > sma(slow)", fast=5, slow=20) == "5/20"


def test_the_table_of_strategies_has_a_sentence_and_defaults_for_each() -> None:
    rows = {row.name: row for row in describe()}
    assert {"ma_crossover", "momentum", "mean_reversion", "rsi", "breakout", "buy_and_hold", "rule"} <= rows.keys()
    assert set(names()) == rows.keys()
    for name in ("ma_crossover", "momentum", "mean_reversion", "rsi", "breakout", "buy_and_hold"):
        assert rows[name].sentence.endswith(".")
        assert rows[name].source
        assert rows[name].aliases
        assert "direction" in rows[name].parameters
        assert all(info.description for info in rows[name].parameters.values())
    assert parameters_of("ma_crossover")["fast"].default == 10
    assert parameters_of("ma_crossover")["fast"].type is int
    assert parameters_of("rule")["entry"].default is None


def test_equal_parameters_have_one_digest_and_equal_indicators() -> None:
    a, b = MovingAverageCrossover(fast=5), MovingAverageCrossover(fast=5, slow=30, ma_type="sma")
    assert a.digest == b.digest != MovingAverageCrossover(fast=6).digest
    built = [make_strategy({"type": "ma_crossover", "parameters": {"fast": 5}}) for _ in range(2)]
    assert built[0].indicators == built[1].indicators
    assert len({*built[0].indicators, *built[1].indicators}) == 2


def test_refusals_survive_a_trip_to_another_process() -> None:
    with pytest.raises(InvalidParameters) as caught:
        make_strategy({"type": "rsi", "parameters": {"entry": 80}})
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, InvalidParameters)
    assert str(again) == str(caught.value)


# ---- why there was no entry -----------------------------------------------------------------------------------------


def test_a_strategy_without_entries_says_what_never_happened() -> None:
    closes = np.full(60, 100.0)
    closes[30:] = 90 + np.arange(30)
    bars = bars_with_closes(closes.tolist())
    rsi = talib.RSI(closes, 14)
    lowest = int(np.nanargmin(rsi))
    sentence = make_strategy({"type": "rsi", "parameters": {"entry": 0}}).explain_no_entry(bars)
    assert sentence == (
        f"rsi(14) never fell below entry = 0; its lowest value was {rsi[lowest]:.3g}, on {bars.index[lowest]:%Y-%m-%d}."
    )


def test_the_reason_names_the_part_that_was_never_true() -> None:
    bars = bars_with_closes([1, 2, 3, 2])

    def why(entry: str, **parameters: Any) -> str | None:
        strategy = make_strategy({"type": "rule", "parameters": {"entry": entry, **parameters}})
        assert strategy.explain_no_entry(bars, computed(bars)) == strategy.explain_no_entry(bars)
        return strategy.explain_no_entry(bars)

    assert why("close > 2") is None
    assert why("close > 1 and 5 < close") == "close never rose above 5; its highest value was 3, on 2000-01-05."
    assert why("close >= top", top=4) == "close never rose to top = 4; its highest value was 3, on 2000-01-05."
    assert why("sma(9) > 1") == "sma(9) has no value: it needs more than 8 bars, and there are 4."
    assert (
        why("close > 2 and close < 2") == "The conditions of close > 2 and close < 2 were never true on the same bar."
    )
    assert why("close > open") is None
