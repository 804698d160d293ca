"""`@adm.strategy` and `@adm.indicator`: good ones trade, bad ones are told what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from component_cases import (
    any_bars,
    arrays_of,
    bars_with_closes,
    computed,
    decision_of,
    entries,
)
from hypothesis import given

from adm_notebook.components import (
    INDICATORS,
    STRATEGIES,
    canonical_parameters,
    describe,
    indicator,
    make_strategy,
    strategy,
)
from adm_notebook.errors import ConfigError, StrategyError
from adm_notebook.market.bars import Bars

NAN = float("nan")


@pytest.fixture(autouse=True)
def _registries_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in (STRATEGIES, INDICATORS):
        monkeypatch.setattr(registry, "_loaded", dict(registry.snapshot()))


def returning(value: Callable[[pd.DataFrame], Any]) -> None:
    """Register a strategy `mine` that returns that."""
    strategy("mine")(lambda bars: value(bars))


BARS = bars_with_closes([1, 2, 3, 2, 1])


def test_a_function_of_targets_is_a_strategy_in_both_coordinators() -> None:
    @strategy
    def above(bars: pd.DataFrame, period: int = 2) -> pd.Series:
        """Long above the average."""
        mean = bars.close.rolling(period).mean()
        return (bars.close > mean).where(mean.notna())

    for by_bar in (False, True):
        decision = decision_of(BARS, "above", by_bar)
        assert decision.target is not None
        assert decision.target.tolist() == [0, 1, 1, 0, 0]
        assert decision.lookback == 1
        assert decision_of(BARS, "above", by_bar, period=3).lookback == 2
    assert next(row.sentence for row in describe() if row.name == "above") == "Long above the average."
    assert make_strategy({"type": "above", "parameters": {"period": 3}}).label == "3"


def test_a_function_may_yield_flags_and_strength() -> None:
    returning(lambda b: pd.DataFrame({"long_entry": b.close > 2, "short_exit": b.close < 2, "strength": b.close / 4}))
    decision = decision_of(BARS, "mine")
    assert {n: np.flatnonzero(f).tolist() for n, f in arrays_of(decision).items()} == {
        "long_entry": [2], "long_exit": [], "short_entry": [], "short_exit": [0, 4],
    }  # fmt: skip
    assert decision.strength is not None
    assert decision.strength.tolist() == [0.25, 0.5, 0.75, 0.5, 0.25]
    assert decision.lookback == 0


@pytest.mark.parametrize(
    ("value", "target", "lookback"),
    [
        (lambda b: pd.Series([NAN, NAN, 1, NAN, -1], b.index), [0, 0, 1, 0, -1], 2),
        (lambda b: pd.Series([NAN] * 5, b.index), [0] * 5, 5),
        (lambda b: b.close > 2, [0, 0, 1, 0, 0], 0),
        (lambda b: pd.Series([None, True, False, None, True], b.index, dtype="boolean"), [0, 1, 0, 0, 1], 1),
        (lambda b: pd.Series([None, 1, -1, 0, 1], b.index, dtype="Int64"), [0, 1, -1, 0, 1], 1),
        (lambda b: np.sign(b.close.to_numpy() - 2), [-1, 0, 1, 0, -1], 0),
        (lambda b: pd.DataFrame({"target": np.sign(b.close - 2)}), [-1, 0, 1, 0, -1], 0),
        (lambda b: pd.Series([None, True, False, True, False], b.index, dtype=object), [0, 1, 0, 1, 0], 1),
    ],
)
def test_what_counts_as_a_target(value: Callable[[pd.DataFrame], Any], target: list[int], lookback: int) -> None:
    returning(value)
    decision = decision_of(BARS, "mine")
    assert decision.target is not None
    assert decision.target.tolist() == target
    assert decision.lookback == lookback


BAD = [
    (lambda b: None, "strategy mine must return a Series or a DataFrame .* nothing"),
    (lambda b: 1, "must return a Series or a DataFrame .* but returned int: 1"),
    (lambda b: b.close[1:] > 2, "returned 4 values for 5 bars"),
    (lambda b: (b.close > 2).reset_index(drop=True), "another index than that of bars"),
    (lambda b: b.close, "must return targets -1, 0 or \\+1, but bar 1 has 2"),
    (lambda b: pd.Series(["buy"] * 5, b.index), "must return numbers, but there is 'buy'"),
    (lambda b: pd.Series(b.index, b.index), "must return numbers, but returned datetime64"),
    (lambda b: pd.DataFrame({"long_entyr": b.close > 2}), "Did you mean `long_entry`"),
    (lambda b: pd.DataFrame({"strength": b.close > 2}), "must return a column `target`, or some of long_entry"),
    (lambda b: pd.DataFrame({"target": b.close > 2, "long_exit": b.close > 2}), "one or the other"),
    (lambda b: pd.DataFrame({"long_entry": b.close}), "column long_entry, must return true or false, but bar 1 has 2"),
    (lambda b: pd.DataFrame({"target": b.close > 2, "strength": b.close}), "a strength from 0 to 1, but bar 1 has 2"),
    (lambda b: b.clse > 2, "strategy mine raised AttributeError"),
    (lambda b: 1 / 0, "strategy mine raised ZeroDivisionError: division by zero\n  line \\d+, in .*1 / 0"),
]


@pytest.mark.parametrize(("value", "words"), BAD, ids=[words[:40] for _, words in BAD])
def test_what_can_not_be_read_is_refused_with_what_came(value: Callable[[pd.DataFrame], Any], words: str) -> None:
    returning(value)
    for by_bar in (False, True):
        with pytest.raises(StrategyError, match=words):
            decision_of(BARS, "mine", by_bar)


def test_the_users_own_error_is_kept_as_the_cause() -> None:
    @strategy
    def broken(bars: pd.DataFrame) -> pd.Series:
        return bars["clsoe"]

    with pytest.raises(
        StrategyError, match=r'raised KeyError.*\n  line \d+, in broken: return bars\["clsoe"\]'
    ) as caught:
        decision_of(BARS, "broken")
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_function_may_write_to_its_frame_without_harm() -> None:
    def greedy(bars: pd.DataFrame) -> pd.Series:
        bars["close"] = 0.0
        bars.loc[bars.index[0] - pd.Timedelta(days=1)] = 0.0
        return bars.close.iloc[:5]

    strategy(greedy)
    assert decision_of(BARS, "greedy").target is not None
    assert BARS.prices.close.tolist() == [1, 2, 3, 2, 1]


def test_parameters_are_those_of_the_signature() -> None:
    @strategy
    def typed(
        bars: pd.DataFrame, count: int = 5, factor: float = 1.0, kind: str = "a", on: bool = True, free: Any = None
    ) -> Any:
        return bars.close * 0

    assert make_strategy({"type": "typed", "parameters": {"count": 7.0, "factor": 2}}).parameters == {
        "count": 7, "factor": 2.0, "kind": "a", "on": True, "free": None,
    }  # fmt: skip
    for wrong, words in [
        ({"count": 2.5}, "must be a whole number, but was 2.5"),
        ({"count": True}, "must be a whole number"),
        ({"factor": "2"}, "must be a number"),
        ({"kind": 3}, "must be text"),
        ({"on": 1}, "must be true or false"),
        ({"cuont": 3}, "Did you mean `count`?"),
        ({"direction": "long"}, "no such parameter"),
    ]:
        with pytest.raises(ConfigError) as caught:
            make_strategy({"type": "typed", "parameters": wrong}, "s")
        assert caught.value.problems[0].path == f"s.parameters.{next(iter(wrong))}"
        assert words in caught.value.problems[0].message


def test_a_parameter_without_default_must_be_given_and_others_pass_where_the_function_takes_any() -> None:
    strategy("needs")(lambda bars, period: bars.close * 0)
    with pytest.raises(ConfigError, match="is missing"):
        make_strategy({"type": "needs"})
    strategy("takes")(lambda bars, **params: bars.close * 0 + params["x"])
    assert canonical_parameters("takes", {"x": 1}) == {"x": 1}
    assert decision_of(BARS, "takes", x=1).target is not None


def test_registering_again_replaces_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    returning(lambda b: b.close * 0)
    assert capsys.readouterr().out == ""
    before = make_strategy({"type": "mine"})
    returning(lambda b: b.close * 0 + 1)
    assert capsys.readouterr().out == "The strategy `mine` was there already; it is replaced.\n"
    assert decision_of(BARS, "mine").target.tolist() == [1] * 5  # type: ignore[union-attr]
    assert before.evaluate(BARS, computed(BARS)).target.tolist() == [0] * 5  # type: ignore[union-attr]


@given(bars=any_bars(max_bars=20))
def test_a_function_sees_the_bars_that_have_a_close(bars: Bars) -> None:
    @strategy("seer")
    def seer(frame: pd.DataFrame) -> pd.Series:
        assert not frame.close.isna().any()
        return (frame.close > frame.close.shift()).astype(int)

    valid = ~np.isnan(bars.prices.close)
    expected = pd.Series(np.nan, bars.index)
    expected[valid] = (lambda c: (c > c.shift()).astype(float))(bars.frame.close[valid])
    wanted = decision_of(bars, "seer").target
    assert wanted is not None
    assert wanted.tolist() == expected.ffill().fillna(0).tolist()


def test_only_functions_of_bars_can_be_registered() -> None:
    with pytest.raises(TypeError, match="the first parameter of a strategy is bars"):
        strategy("mine")(lambda: None)
    with pytest.raises(TypeError, match="stands before a function"):
        strategy(5)  # type: ignore[call-overload]


# ---- indicators -----------------------------------------------------------------------------------------------------


def test_a_users_indicator_is_used_in_rules_like_one_of_ta_libs() -> None:
    @indicator
    def typical(bars: pd.DataFrame, period: int = 2) -> pd.Series:
        return ((bars.high + bars.low + bars.close) / 3).rolling(period).mean()

    for by_bar in (False, True):
        assert entries(BARS, "close > typical(2)", by_bar) == [1, 2]
        assert entries(BARS, "close > typical(period=n)", by_bar, n=3) == [2]
        assert entries(BARS, "typical() > typical()[1]", by_bar) == [2]
    assert decision_of(BARS, "rule", entry="close > typical(3)").lookback == 2
    assert decision_of(BARS, "rule", entry="close > sma(typical(2), 2)").lookback == 2


def test_an_indicator_may_have_several_outputs() -> None:
    calls = []

    def band(bars: pd.DataFrame, width: float = 1.0) -> pd.DataFrame:
        calls.append(width)
        return pd.DataFrame({"upper": bars.close.shift() + width, "Lower": bars.close.shift() - width})

    indicator(band)
    assert entries(BARS, "close >= band(0.5).upper") == [1, 2]
    assert entries(BARS, "close <= band(0.5).lower") == [3, 4]
    indicator("declared", outputs=("upper", "lower"))(band)
    calls.clear()
    strategy_ = make_strategy({"type": "rule", "parameters": {"entry": "declared(1).upper > declared(1).lower"}})
    assert len(strategy_.indicators) == 1
    strategy_.indicators[0].compute(BARS)
    assert calls == [1.0]
    with pytest.raises(StrategyError, match=r"returned the columns upper, Lower; say which, such as band\(...\).upper"):
        entries(BARS, "close > band(0.5)")
    with pytest.raises(StrategyError, match="has no column uper; it returned upper, Lower"):
        entries(BARS, "close > band(0.5).uper")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda b: b.close[1:], "indicator mine returned 4 values for 5 bars"),
        (lambda b: "x", "must return a Series or a DataFrame"),
        (lambda b: b.close > b.nothing, "indicator mine raised AttributeError"),
        (lambda b: pd.Series(["x"] * 5, b.index), "must return numbers, but there is 'x'"),
    ],
)
def test_a_bad_indicator_is_told_what_came(value: Callable[[pd.DataFrame], Any], words: str) -> None:
    indicator("mine")(lambda bars: value(bars))
    with pytest.raises(StrategyError, match=words):
        entries(BARS, "close > mine()")


def test_wrong_parameters_of_a_users_indicator_point_at_the_column() -> None:
    indicator("mine")(lambda bars, period=5: bars.close.rolling(period).mean())
    with pytest.raises(ConfigError, match=r"mine's period must be a whole number, but was 2.5 \(column 9\)"):
        entries(BARS, "close > mine(2.5)")
    with pytest.raises(ConfigError, match="mine takes period, but was given 2 numbers"):
        entries(BARS, "close > mine(2, 3)")
    with pytest.raises(ConfigError, match="mine takes no series"):
        entries(BARS, "close > mine(close, 3)")


@pytest.mark.parametrize("name", ["sma", "SMA", "highest", "close", "and", "crosses_above"])
def test_what_is_built_in_is_not_replaced_by_an_indicator(name: str) -> None:
    with pytest.raises(ConfigError, match=r"is built in and is not replaced; choose another name, e\.g\. my_"):
        indicator(name)(lambda bars: bars.close)


@pytest.mark.parametrize("name", ["rule", "rsi", "simple_momentum", "ensemble"])
def test_what_is_built_in_is_not_replaced_by_a_strategy(name: str) -> None:
    with pytest.raises(ConfigError, match="is built in and is not replaced"):
        strategy(name)(lambda bars: bars.close * 0)
