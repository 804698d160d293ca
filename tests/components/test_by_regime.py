"""Strategies limited to regimes: two evaluators that agree, what they want worked out by hand, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from component_cases import any_bars, bars_of, bars_with_closes, computed, random_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from regime_cases import LABELS, any_regimes, assert_equal, first_bars, regimes_of

from adm_notebook.components import STRATEGIES, Decision, InvalidParameters, Regimes, make_strategy, strategy
from adm_notebook.components.by_regime import RegimeLimitedStrategy, RegimeLimitedType
from adm_notebook.errors import ConfigError, StrategyError
from adm_notebook.market.bars import Bars

PATH = "strategies[0].regimes"
PARAMETERS = "strategies[0].parameters"


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))


def limited(type_: str, regimes: object, **parameters: Any) -> RegimeLimitedStrategy:
    return RegimeLimitedType(STRATEGIES.get(type_), regimes, PATH).build(parameters, PARAMETERS)


def decided(built: RegimeLimitedStrategy, bars: Bars, regimes: Regimes | None) -> Decision:
    """What it decides, on which both evaluators have to agree."""
    whole = built.evaluate(bars, computed(bars), regimes)
    assert_equal(whole, built.evaluate_by_bar(bars, computed(bars), regimes=regimes))
    return whole


NAMES = st.sampled_from([*LABELS, "none", "all", "unheard of"])
SETS = {
    "ma_crossover": [{}, {"fast": 3}, {"fast": 4, "slow": 6}, {"slow": 20}],
    "momentum": [{}, {"lookback": 3}, {"threshold": 0.01}],
    "rsi": [{}, {"period": 3}, {"entry": 45.0, "exit": 55.0}],
}


@st.composite
def any_limited(draw: st.DrawFn) -> RegimeLimitedStrategy:
    type_ = draw(st.sampled_from(sorted(SETS)))
    regimes = draw(
        st.one_of(
            st.lists(NAMES, min_size=1, max_size=4, unique=True),
            st.dictionaries(NAMES, st.sampled_from(SETS[type_]), min_size=1, max_size=4),
        )
    )
    return limited(type_, regimes, direction=draw(st.sampled_from(["long", "short", "both"])))


@settings(max_examples=150)
@given(built=any_limited(), bars=any_bars(), data=st.data(), cut=st.integers(1, 60))
def test_the_two_evaluators_agree_and_none_looks_ahead(
    built: RegimeLimitedStrategy, bars: Bars, data: st.DataObject, cut: int
) -> None:
    regimes = data.draw(st.one_of(st.none(), any_regimes(bars.n_bars)))
    whole = decided(built, bars, regimes)
    seen = bars.slice(0, min(cut, bars.n_bars))
    part = decided(built, seen, None if regimes is None else first_bars(regimes, seen.n_bars))
    for of_part, of_whole in (
        [(part.target, whole.target)]
        if part.target is not None
        else [(getattr(part.flags, n), getattr(whole.flags, n)) for n in ("long_entry", "long_exit", "short_exit")]
    ):
        np.testing.assert_array_equal(of_part, of_whole[: seen.n_bars])


@settings(max_examples=60)
@given(bars=any_bars(), data=st.data())
def test_within_all_regimes_it_is_the_strategy_itself_and_outside_it_wants_nothing(
    bars: Bars, data: st.DataObject
) -> None:
    regimes = data.draw(any_regimes(bars.n_bars))
    for type_ in ("ma_crossover", "rsi"):
        itself = make_strategy({"type": type_}).evaluate(bars, computed(bars))
        assert_equal(decided(limited(type_, [*LABELS, "none"]), bars, regimes), itself)
        nothing = decided(limited(type_, ["unheard of"]), bars, regimes)
        for column in (
            [nothing.target] if nothing.flags is None else [nothing.flags.long_entry, nothing.flags.long_exit]
        ):
            assert column is not None
            assert not column.any()


# ---- by hand --------------------------------------------------------------------------------------------------------


def test_a_target_is_0_outside_its_regimes() -> None:
    bars = bars_with_closes([1, 2, 3, 4, 5, 6])
    regimes = regimes_of(["none", "up", "down", "up", "sideways", "none"])
    targets = {
        "momentum": decided(limited("momentum", ["up"], lookback=1), bars, regimes).target,
        "two labels": decided(limited("momentum", ["up", "none"], lookback=1), bars, regimes).target,
        "without classifier": decided(limited("momentum", ["all"], lookback=1), bars, None).target,
    }
    assert {name: None if t is None else t.tolist() for name, t in targets.items()} == {
        "momentum": [0, 1, 0, 1, 0, 0],
        "two labels": [0, 1, 0, 1, 0, 1],
        "without classifier": [0, 1, 1, 1, 1, 1],
    }


def test_flags_enter_within_and_leave_on_the_first_bar_outside() -> None:
    bars = bars_with_closes([1, 2, 3, 4, 5, 4])
    regimes = regimes_of(["up", "up", "down", "down", "up", "down"])
    rule = limited("rule", ["up"], entry="close > close[1]", exit="close < close[1]")
    flags = decided(rule, bars, regimes).flags
    assert flags is not None
    assert np.flatnonzero(flags.long_entry).tolist() == [1, 4]
    assert np.flatnonzero(flags.long_exit).tolist() == [2, 5]
    assert np.flatnonzero(flags.short_exit).tolist() == [2, 5]
    assert not flags.short_entry.any()


def test_the_set_of_the_current_label_gives_the_target() -> None:
    bars = bars_with_closes([1, 2, 3, 2, 2.5, 3])
    regimes = regimes_of(["up", "up", "down", "down", "sideways", "up"])
    # against 1 bar before: . + + - + +; against 3 before: . . . + + 0
    built = limited("momentum", {"up": {"lookback": 1}, "down": {"lookback": 3}}, direction="both")
    target = decided(built, bars, regimes).target
    assert target is not None
    assert target.tolist() == [0, 1, 0, 1, 0, 1]
    assert built.regimes == ("up", "down")
    assert built.parameters == {"lookback.up": 1, "lookback.down": 3, "threshold": 0.0, "direction": "both"}
    assert built.label == "1 in up, 3 in down"


def test_flags_of_two_sets_are_left_where_a_label_has_none() -> None:
    bars = bars_with_closes([1, 2, 3, 4, 5, 6])
    regimes = regimes_of(["up", "up", "down", "sideways", "sideways", "up"])
    built = limited("rule", {"up": {"bars": 1}, "down": {"bars": 2}}, entry="close > close[bars]")
    flags = decided(built, bars, regimes).flags
    assert flags is not None
    assert np.flatnonzero(flags.long_entry).tolist() == [1, 2, 5]
    assert np.flatnonzero(flags.long_exit).tolist() == [3]


def test_lookback_indicators_and_columns_are_those_of_all_sets() -> None:
    built = limited("ma_crossover", {"up": {"fast": 5}, "down": {"slow": 50}, "none": {"fast": 5}}, slow=20)
    assert sorted(i.key for i in built.indicators) == ["SMA(10)", "SMA(20)", "SMA(5)", "SMA(50)"]
    assert built.lookback == 49
    assert built.columns == {"close"}
    assert len(built.strategies) == 2  # `none` shares the parameters of `up`
    bars = bars_of(random_prices(60))
    assert decided(built, bars, None).lookback == 49


def test_strength_is_that_of_the_set_and_a_strategy_yields_one_kind_of_answer() -> None:
    @strategy("sized")
    def sized(bars: pd.DataFrame, much: float = 0.5, kind: str = "target") -> pd.DataFrame:
        if kind == "target":
            return pd.DataFrame({"target": 1, "strength": much}, index=bars.index)
        return pd.DataFrame({"long_entry": True}, index=bars.index)

    bars, regimes = bars_with_closes([1, 2, 3]), regimes_of(["up", "down", "none"])
    decision = decided(limited("sized", {"up": {"much": 0.25}, "down": {}}), bars, regimes)
    assert decision.strength is not None
    assert decision.strength.tolist() == [0.25, 0.5, 0.0]
    mixed = limited("sized", {"up": {}, "down": {"kind": "flags"}})
    for evaluate in (mixed.evaluate, mixed.evaluate_by_bar):
        with pytest.raises(StrategyError, match="targets in one regime and entry and exit flags in another"):
            evaluate(bars, computed(bars), regimes=regimes)


def test_why_there_was_no_entry_is_told_where_no_set_ever_entered() -> None:
    bars = bars_of(random_prices(60))
    never = limited("rsi", ["up"], period=3, entry=0.0)
    assert "never fell below entry = 0" in str(never.explain_no_entry(bars))
    assert limited("rsi", ["up"], period=3, entry=60.0).explain_no_entry(bars) is None


# ---- as a kind of strategy ------------------------------------------------------------------------------------------


def identity(regimes: object, type_: str = "momentum") -> str:
    return RegimeLimitedType(STRATEGIES.get(type_), regimes, PATH).identity


def test_other_regimes_are_other_work_and_the_same_ones_the_same() -> None:
    assert identity(["up", "down"]) == identity(["down", "up"]) == identity({"up": None, "down": {}})
    assert identity({"up": {"lookback": 5}}) == identity({"up": {"lookback_period": 5.0}})
    different = [["up"], ["up", "down"], {"up": {"lookback": 5}}, {"up": {"lookback": 6}}, {"down": {"lookback": 5}}]
    assert len({identity(regimes) for regimes in different} | {STRATEGIES.get("momentum").identity}) == 6


def test_the_identity_of_a_users_code_is_kept_within() -> None:
    strategy("mine")(lambda bars: bars.close * 0)
    assert STRATEGIES.get("mine").identity in identity(["up"], "mine")


def test_it_takes_the_name_and_parameters_of_what_it_limits() -> None:
    kind = RegimeLimitedType(STRATEGIES.get("ma_cross"), ["up"], PATH)
    assert kind.name == "ma_crossover"
    assert list(kind.parameters) == ["fast", "slow", "ma_type", "direction"]
    assert kind.canonical({"fast_period": [1, 2]}, PARAMETERS) == {"fast": [1, 2]}
    assert kind.labels == ("up",)


@pytest.mark.parametrize(
    ("regimes", "problems"),
    [
        ("up", {PATH: "must be a list of labels: write [up]"}),
        (5, {PATH: "must be a list of labels, or a mapping label: {parameters}, but was 5"}),
        ([], {PATH: "is empty; name a label, e.g. [up], or leave it out"}),
        (["up", "up"], {f"{PATH}[1]": "names up twice; name each label once"}),
        (["up", 3, ""], {f"{PATH}[1]": "must be a label, but was 3", f"{PATH}[2]": "must be a label, but was ''"}),
        ({True: {}}, {f"{PATH}.True": "must be a label, but was True (YAML reads words"}),
        ({"up": 5}, {f"{PATH}.up": "must be a mapping of parameters (name: value), but was 5"}),
        (
            {"up": {"fsat": 5}, "down": {"fast": [5, 6]}},
            {
                f"{PATH}.up.fsat": "ma_crossover has no such parameter. Did you mean `fast`?",
                f"{PATH}.down.fast": "must be one value here, but was [5, 6]; what is swept stands in the strategy's "
                "`parameters`",
            },
        ),
        ({"up": {"fast": {"min": 1, "max": 3}}}, {f"{PATH}.up.fast": "must be one value here"}),
        (
            {"up": {"fast": float("nan")}},
            {f"{PATH}.up.fast": "must be a finite number, text or a boolean, but was nan"},
        ),
    ],
)
def test_regimes_that_can_not_be_read_are_refused_all_at_once(regimes: object, problems: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        RegimeLimitedType(STRATEGIES.get("ma_crossover"), regimes, PATH)
    assert [p.path for p in caught.value.problems] == list(problems)
    for problem, message in zip(caught.value.problems, problems.values(), strict=True):
        assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("parameters", "path", "message", "invalid"),
    [
        ({"slow": "x"}, f"{PARAMETERS}.slow", "must be a whole number, but was 'x'", False),
        ({"slow": 4}, f"{PATH}.down", "fast must be shorter than slow, but they are 4 and 4 bars", True),
        ({"fast": 2}, f"{PARAMETERS}.fast", "is replaced in every regime, so that this value is never used", False),
    ],
)
def test_a_value_is_refused_where_it_stands(parameters: dict[str, Any], path: str, message: str, invalid: bool) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        limited("ma_crossover", {"up": {"fast": 3}, "down": {"fast": 4}}, **parameters)
    assert [p.path for p in caught.value.problems] == [path]
    assert isinstance(caught.value, InvalidParameters) == invalid


def test_a_regimes_own_values_are_checked_in_the_regime() -> None:
    with pytest.raises(ConfigError) as caught:
        limited("ma_crossover", {"up": {"fast": "x"}, "down": {"slow": 5}}, fast=9)
    assert [(p.path, p.message[:30]) for p in caught.value.problems] == [
        (f"{PATH}.up.fast", "must be a whole number, but wa"),
        (f"{PATH}.down", "fast must be shorter than slow"),
    ]
    assert not isinstance(caught.value, InvalidParameters)
