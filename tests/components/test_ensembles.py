"""Ensembles: two ways to count that agree, each method worked out by hand, and what is said of a wrong entry."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from component_cases import any_bars, bars_of, bars_with_closes, computed, random_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from regime_cases import LABELS, any_regimes, assert_equal, first_bars, regimes_of

from adm_notebook.components import (
    STRATEGIES,
    Decision,
    Flags,
    InvalidParameters,
    Regimes,
    make_classifier,
    make_strategy,
    strategy,
)
from adm_notebook.components.by_regime import RegimeLimitedType
from adm_notebook.components.ensembles import EnsembleStrategy, EnsembleType, ensemble_type
from adm_notebook.components.votes import METHODS, positions, positions_by_bar
from adm_notebook.config.settings import Settings
from adm_notebook.engine import reference
from adm_notebook.engine.account import Signals
from adm_notebook.errors import ConfigError
from adm_notebook.market.bars import Bars

PATH = "strategies[0]"
PARAMETERS = f"{PATH}.parameters"
MEMBERS = [
    {"type": "ma_crossover", "parameters": {"fast": 2, "slow": 5, "direction": "both"}},
    {"type": "momentum", "parameters": {"lookback": 3, "direction": "both"}},
    {"type": "rsi", "parameters": {"period": 3, "entry": 45, "exit": 55, "direction": "both"}},
    {"type": "breakout", "parameters": {"entry": 4, "exit": 2}},
    {"type": "mean_reversion", "parameters": {"period": 4, "entry": 0.5, "direction": "both"}},
]


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))


def kind(method: str, members: object, **more: Any) -> EnsembleType:
    return ensemble_type({"type": "ensemble", "method": method, "members": members, **more}, PATH)


def ensemble(method: str, members: object, **more: Any) -> EnsembleStrategy:
    return kind(method, members, **more).build({}, PARAMETERS)


def decided(built: EnsembleStrategy, bars: Bars, regimes: Regimes | None = None) -> Decision:
    """What it decides, on which both evaluators have to agree."""
    whole = built.evaluate(bars, computed(bars), regimes)
    assert_equal(whole, built.evaluate_by_bar(bars, computed(bars), regimes=regimes))
    return whole


def voted(method: str, *votes: list[int], labels: list[str] | None = None, **more: Any) -> list[int]:
    """The target of members that want these targets, bar by bar."""
    members = more.pop("members", ["momentum"] * len(votes))
    built = ensemble(method, members, **more)
    decisions = [Decision(np.array(vote, np.int8), None, None, i) for i, vote in enumerate(votes)]
    regimes = None if labels is None else regimes_of(labels)
    whole, by_bar = built.vote(decisions, regimes), built.vote_by_bar(decisions, regimes)
    assert_equal(whole, by_bar)
    assert (whole.lookback, whole.strength) == (len(votes) - 1, None)
    assert whole.target is not None
    return whole.target.tolist()


@st.composite
def any_entry(draw: st.DrawFn) -> dict[str, Any]:
    method = draw(st.sampled_from(METHODS))
    members = [dict(m) for m in draw(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=5))]
    entry: dict[str, Any] = {"method": method, "members": members}
    if method == "by_regime":
        if draw(st.booleans()):
            entry["members"] = dict(zip([*LABELS, "none", "all"], members, strict=False))
        else:
            for member, label in zip(members[:-1], ["down", "up", "sideways", "none"], strict=False):
                member["regimes"] = [label, draw(st.sampled_from(["down", "all"]))] if label != "down" else [label]
            members[-1]["regimes"] = draw(st.sampled_from([None, ["unheard of"], {"all": {}, "never": {}}]))
    else:
        for member in members:
            member["regimes"] = draw(st.sampled_from([None, None, ["up", "none", "all"], {"down": {}, "all": {}}]))
    if method == "weighted":
        entry["weights"] = draw(st.lists(st.sampled_from([1, 2.5, 0.1]), min_size=len(members), max_size=len(members)))
    if method in ("weighted", "threshold"):
        entry["threshold"] = draw(st.sampled_from([0.3, 0.5, 0.7, 1]))
    return entry


@settings(max_examples=150)
@given(entry=any_entry(), bars=any_bars(), data=st.data(), cut=st.integers(1, 60))
def test_the_two_evaluators_agree_and_none_looks_ahead(
    entry: dict[str, Any], bars: Bars, data: st.DataObject, cut: int
) -> None:
    built = ensemble_type(entry, PATH).build({}, PARAMETERS)
    regimes = data.draw(st.one_of(st.none(), any_regimes(bars.n_bars)))
    whole = decided(built, bars, regimes).target
    seen = bars.slice(0, min(cut, bars.n_bars))
    part = decided(built, seen, None if regimes is None else first_bars(regimes, seen.n_bars)).target
    assert whole is not None
    np.testing.assert_array_equal(part, whole[: seen.n_bars])


VOTES = st.integers(1, 30).flatmap(
    lambda n_bars: st.lists(
        st.lists(st.sampled_from([-1, 0, 1]), min_size=n_bars, max_size=n_bars), min_size=1, max_size=6
    )
)


@given(votes=VOTES)
def test_methods_agree_where_they_mean_the_same(votes: list[list[int]]) -> None:
    n = len(votes)
    assert voted("unanimous", *votes) == voted("threshold", *votes, threshold=n)
    assert voted("majority", *votes) == voted("threshold", *votes, threshold=n // 2 + 1)
    assert voted("unanimous", *votes) == voted("weighted", *votes, threshold=1, weights=[3] * n)
    opposite = [[-v for v in vote] for vote in votes]
    for method, more in (("majority", {}), ("threshold", {"threshold": 1}), ("weighted", {"threshold": 0.4})):
        assert voted(method, *opposite, **more) == [-v for v in voted(method, *votes, **more)]


@settings(max_examples=150)
@given(
    flags=st.integers(1, 40).flatmap(
        lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=4, max_size=4)
    )
)
def test_flags_count_as_the_position_that_an_account_without_stops_holds(flags: list[list[bool]]) -> None:
    columns = [np.array(flag) for flag in flags]
    decision = Decision(None, Flags(*columns), None, 0)
    n_bars = len(columns[0])
    held = np.zeros(n_bars, np.int8)
    account = reference.simulate(
        random_prices(n_bars),
        Signals(*columns),
        Settings(fill="close", size_mode="units", size=1e-3, ruin=False),
        warmup=0,
    )
    for entry, exit_, side, reason in zip(
        account.entry_bar, account.exit_bar, account.direction, account.exit_reason, strict=True
    ):
        held[entry : n_bars if reason == 7 else exit_] = side  # 7: still open
    assert positions(decision).tolist() == held.tolist()
    assert positions_by_bar(decision) == held.tolist()


# ---- by hand --------------------------------------------------------------------------------------------------------

ONE = [1, 1, 1, 1, 1, 0, -1]
TWO = [1, 1, 0, 0, -1, 0, -1]
THREE = [1, 0, 0, -1, -1, 0, -1]


def test_majority_is_more_than_half_of_the_members() -> None:
    assert voted("majority", ONE, TWO, THREE) == [1, 1, 0, 0, -1, 0, -1]
    assert voted("majority", ONE, TWO) == [1, 1, 0, 0, 0, 0, -1]  # half is no majority


def test_unanimous_is_all_of_them() -> None:
    assert voted("unanimous", ONE, TWO, THREE) == [1, 0, 0, 0, 0, 0, -1]


def test_weighted_is_the_mean_by_weight_at_or_beyond_the_threshold() -> None:
    # scores with weights 2, 1, 1: 1, 3/4, 1/2, 1/4, 0, 0, -1
    assert voted("weighted", ONE, TWO, THREE, weights=[2, 1, 1]) == [1, 1, 1, 0, 0, 0, -1]
    assert voted("weighted", ONE, TWO, THREE, weights=[2, 1, 1], threshold=0.25) == [1, 1, 1, 1, 0, 0, -1]
    assert voted("weighted", ONE, TWO, THREE, weights=[2, 1, 1], threshold=0.8) == [1, 0, 0, 0, 0, 0, -1]
    # weights are 1 where none is given: 1, 2/3, 1/3, 0, -1/3, 0, -1
    assert voted("weighted", ONE, TWO, THREE) == [1, 1, 0, 0, 0, 0, -1]
    members = [{"type": "momentum", "weight": 2}, "momentum", "momentum"]
    assert voted("weighted", ONE, TWO, THREE, members=members) == [1, 1, 1, 0, 0, 0, -1]


def test_rounding_never_keeps_a_score_from_its_threshold() -> None:
    tenths = [[1], [1], [1], [0], [0], [0], [0], [0], [0], [0]]
    assert voted("weighted", *tenths, weights=[0.1] * 10, threshold=0.3) == [1]  # the sum of three 0.1 is above 0.3
    assert voted("threshold", *tenths, threshold=0.3) == [1]


def test_threshold_is_a_number_of_members_or_a_share_and_the_larger_side_wins() -> None:
    assert voted("threshold", ONE, TWO, THREE, threshold=2) == [1, 1, 0, 0, -1, 0, -1]
    assert voted("threshold", ONE, TWO, THREE, threshold=1) == [1, 1, 1, 0, -1, 0, -1]  # bar 3: one against one
    assert voted("threshold", ONE, TWO, THREE, threshold=3) == [1, 0, 0, 0, 0, 0, -1]
    assert voted("threshold", ONE, TWO, THREE, threshold=0.6) == [1, 1, 0, 0, -1, 0, -1]
    assert voted("threshold", ONE, TWO, THREE, threshold=0.7) == [1, 0, 0, 0, 0, 0, -1]


def test_by_regime_the_first_member_that_names_the_label_decides() -> None:
    labels = ["up", "up", "down", "none", "sideways", "up", "down"]
    mapping = {"up": "momentum", "down": "momentum"}
    assert voted("by_regime", ONE, TWO, labels=labels, members=mapping) == [1, 1, 0, 0, 0, 0, -1]
    listed = [{"type": "momentum", "regimes": ["up", "none"]}, {"type": "momentum", "regimes": ["none", "down"]}]
    assert voted("by_regime", ONE, TWO, labels=labels, members=listed) == [1, 1, 0, 1, 0, 0, -1]
    listed = [{"type": "momentum", "regimes": ["down"]}, "momentum"]  # the last one stands in for every other label
    assert voted("by_regime", ONE, THREE, labels=labels, members=listed) == [1, 0, 1, -1, -1, 0, -1]
    assert voted("by_regime", ONE, TWO, members={"all": "momentum", "up": "momentum"}) == ONE  # without a classifier


def test_each_regime_of_a_mapping_runs_its_own_strategy() -> None:
    bars = bars_with_closes([1, 2, 3, 4, 3, 2, 3, 4])
    regimes = regimes_of(["up", "up", "up", "up", "down", "down", "none", "up"])
    fall = {"type": "rule", "parameters": {"short_entry": "close < close[1]", "short_exit": "close > close[1]"}}
    built = ensemble("by_regime", {"up": {"type": "momentum", "parameters": {"lookback": 1}}, "down": fall})
    target = decided(built, bars, regimes).target
    assert target is not None
    assert target.tolist() == [0, 1, 1, 1, -1, -1, 0, 1]
    assert built.regimes == ("up", "down")


def test_a_member_that_knows_nothing_yet_votes_0_and_the_longest_lookback_counts() -> None:
    bars = bars_of(random_prices(40))
    built = ensemble("unanimous", [MEMBERS[0], {"type": "ma_crossover", "parameters": {"fast": 3, "slow": 20}}])
    decision = decided(built, bars)
    assert built.lookback == decision.lookback == 19
    assert decision.target is not None
    assert not decision.target[:19].any()
    assert decided(ensemble("majority", [MEMBERS[0]]), bars).target.tolist() == (  # type: ignore[union-attr]  # a target
        make_strategy(MEMBERS[0]).evaluate(bars, computed(bars)).target.tolist()  # type: ignore[union-attr]
    )


def test_a_built_ensemble_describes_itself() -> None:
    built = ensemble("weighted", [MEMBERS[0], MEMBERS[2], {**MEMBERS[0], "name": "slow"}])
    assert built.names == ("ma_crossover", "rsi", "slow")
    assert built.label == "weighted of ma_crossover, rsi, slow"
    assert built.parameters["ma_crossover.fast"] == 2
    assert built.parameters["threshold"] == 0.5
    assert built.direction == "both"
    assert [i.key for i in built.indicators] == ["SMA(2)", "SMA(5)", "RSI(3)"]
    assert built.columns == {"close"}
    assert len(built.members) == 3
    assert ensemble("majority", ["momentum"]).direction == "long"


def test_why_there_was_no_entry_is_told_where_no_member_ever_entered() -> None:
    bars = bars_of(random_prices(60))
    never = {"type": "rsi", "parameters": {"period": 3, "entry": 0.0}}
    said = ensemble("majority", [never, {**never, "name": "other"}]).explain_no_entry(bars)
    assert "rsi: rsi(3) never fell below entry = 0" in str(said)
    assert "other: rsi(3) never" in str(said)
    assert ensemble("majority", [never, "momentum"]).explain_no_entry(bars) is None


# ---- as a kind of strategy, whose members' parameters can be swept ---------------------------------------------------


def test_parameters_are_named_after_their_member_and_given_ones_are_handed_on_as_they_are() -> None:
    members = [
        {"type": "ma_cross", "parameters": {"fast_period": [3, 5], "slow": 20}},
        {"type": "momentum", "name": "quick", "parameters": {"lookback": {"min": 1, "max": 3}}},
        "momentum",
        "momentum",
    ]
    found = kind("threshold", members, threshold=[1, 2], parameters={"momentum_2.lookback": 7})
    assert [m.name for m in found.members] == ["ma_crossover", "quick", "momentum", "momentum_2"]
    assert found.given == {
        "ma_crossover.fast": [3, 5],
        "ma_crossover.slow": 20,
        "quick.lookback": {"min": 1, "max": 3},
        "threshold": [1, 2],
        "momentum_2.lookback": 7,
    }
    assert found.places["ma_crossover.fast"] == f"{PATH}.members[0].parameters.fast_period"
    assert found.places["momentum_2.lookback"] == f"{PARAMETERS}.momentum_2.lookback"
    assert found.canonical(found.given, PARAMETERS) == found.given
    assert found.canonical({"ma_crossover.short_window": 4}, PARAMETERS) == {"ma_crossover.fast": 4}
    assert found.parameters["ma_crossover.slow"].default == 20
    assert found.parameters["ma_crossover.fast"].default == 10  # swept: the strategy's own
    assert found.parameters["threshold"].required
    built = found.build({"ma_crossover.fast": 5, "quick.lookback": 2, "threshold": 2}, PARAMETERS)
    assert built.members[0].parameters["fast"] == 5
    assert [m.parameters.get("lookback") for m in built.members] == [None, 2, 20, 7]
    with pytest.raises(ConfigError, match=re.escape(f"{PATH}.threshold")):
        found.build({"ma_crossover.fast": 5, "quick.lookback": 2}, PARAMETERS)


def test_a_name_is_not_given_twice_by_counting() -> None:
    found = kind("majority", ["momentum", {"type": "rsi", "name": "momentum_2"}, "momentum"])
    assert [m.name for m in found.members] == ["momentum", "momentum_2", "momentum_3"]


def test_members_whose_names_begin_alike_keep_their_own_parameters() -> None:
    members = [{"type": "momentum", "name": "a"}, {"type": "momentum", "name": "a.b"}]
    built = kind("majority", members).build({"a.lookback": 3, "a.b.lookback": 4}, PARAMETERS)
    assert [m.parameters["lookback"] for m in built.members] == [3, 4]


def test_another_vote_is_other_work() -> None:
    strategy("mine")(lambda bars: bars.close * 0)
    entries: list[dict[str, Any]] = [
        {"method": "majority", "members": ["momentum", "rsi"]},
        {"method": "unanimous", "members": ["momentum", "rsi"]},
        {"method": "majority", "members": ["momentum", "breakout"]},
        {"method": "majority", "members": ["momentum", {"type": "rsi", "regimes": ["up"]}]},
        {"method": "majority", "members": ["momentum", "mine"]},
        {"method": "weighted", "members": ["momentum", "rsi"]},
        {"method": "weighted", "members": ["momentum", "rsi"], "weights": [1, 2]},
        {"method": "by_regime", "members": {"up": "momentum", "down": "rsi"}},
        {"method": "by_regime", "members": {"up": "momentum", "none": "rsi"}},
    ]
    assert len({ensemble_type(entry, PATH).identity for entry in entries}) == len(entries)
    again = {"members": ["momentum", {"type": "rsi", "weight": 2.0}], "method": "weighted"}
    assert ensemble_type(again, "elsewhere").identity == ensemble_type(entries[6], PATH).identity


def test_an_ensemble_may_be_limited_to_regimes() -> None:
    inner = kind("threshold", ["momentum", MEMBERS[1]], threshold=1)
    limited = RegimeLimitedType(inner, {"up": {"momentum.lookback": 2}, "down": {"threshold": 2}}, f"{PATH}.regimes")
    assert limited.name == "ensemble"
    bars = bars_of(random_prices(50))
    regimes = regimes_of((["up"] * 5 + ["down"] * 5 + ["none"] * 5) * 3 + ["up"] * 5)
    built = limited.build({}, PARAMETERS)
    decision = built.evaluate(bars, computed(bars), regimes)
    assert_equal(decision, built.evaluate_by_bar(bars, computed(bars), regimes=regimes))
    assert decision.target is not None
    assert not decision.target[10:15].any()
    with pytest.raises(ConfigError) as caught:
        RegimeLimitedType(inner, {"up": {"momentum.lookback": "x"}}, f"{PATH}.regimes").build({}, PARAMETERS)
    assert caught.value.problems[0].path == f"{PATH}.regimes.up.momentum.lookback"


@pytest.mark.parametrize(
    ("entry", "problems"),
    [
        ({}, {"method": "is missing; how do the members vote: majority, weighted", "members": "is missing; list the"}),
        ({"method": "majorty", "members": []}, {"method": "must be one of majority", "members": "is empty; list the"}),
        ({"method": "majority", "members": "rsi"}, {"members": "must be a list of strategies, but was 'rsi'"}),
        ({"method": "majority", "members": {"up": "rsi"}}, {"members": "is a mapping label: strategy, which only by_"}),
        ({"method": "by_regime", "members": {1: "rsi"}}, {"members.1": "must stand under the label of a regime"}),
        (
            {"method": "majority", "member": ["rsi"], "members": ["rsii", 3, {"name": "x"}, {"type": "Ensemble"}]},
            {
                "member": "unknown field. Did you mean `members`?",
                "members[1]": "must be a strategy's name or {type, parameters}, but was 3",
                "members[0].type": "unknown strategy 'rsii'. Did you mean `rsi`?",
                "members[2].type": "is missing; name a strategy",
                "members[3].type": "an ensemble can't be a member of another; list its members here instead",
            },
        ),
        (
            {"method": "majority", "members": [{"type": "rsi", "regime": ["up"], "parameters": {"perod": 3}}]},
            {
                "members[0].regime": "unknown field. Did you mean `regimes`?",
                "members[0].parameters.perod": "rsi has no such parameter. Did you mean `period`?",
            },
        ),
        (
            {"method": "majority", "members": [{"type": "rsi", "name": "a"}, {"type": "rsi", "name": "a"}]},
            {"members[1].name": "'a' is the name of another member too; give each its own"},
        ),
        (
            {"method": "majority", "members": [{"type": "rsi", "name": 5, "parameters": [3], "regimes": "up"}]},
            {
                "members[0].name": "must be text, but was 5",
                "members[0].parameters": "must be a mapping (name: value), but was [3]",
                "members[0].regimes": "must be a list of labels: write [up]",
            },
        ),
        (
            {"method": "majority", "members": ["rsi"], "weights": [1]},
            {"weights": "plays no part in majority; leave it"},
        ),
        (
            {"method": "unanimous", "members": [{"type": "rsi", "weight": 2}]},
            {"members[0].weight": "plays no part in unanimous; leave it out, or use weighted"},
        ),
        (
            {"method": "weighted", "members": ["rsi", "momentum"], "weights": [0, True], "threshold": 1.5},
            {
                "weights[0]": "must be a weight above 0, but was 0",
                "weights[1]": "must be a weight above 0, but was True",
                "threshold": "must be a score above 0 and at most 1, but was 1.5",
            },
        ),
        (
            {"method": "weighted", "members": ["rsi"], "weights": [1, 2]},
            {"weights": "must have one weight for each of 1"},
        ),
        (
            {"method": "weighted", "members": ["rsi"], "weights": {"rsy": 1}},
            {"weights.rsy": "there is no such member. Did you mean `rsi`?"},
        ),
        (
            {"method": "weighted", "members": [{"type": "rsi", "weight": 1}], "weights": [1]},
            {"weights": "stands beside the `weight` of members[0]; keep one of the two forms"},
        ),
        (
            {"method": "majority", "members": ["rsi"], "threshold": 2},
            {"threshold": "plays no part in majority; leave it"},
        ),
        ({"method": "threshold", "members": ["rsi"]}, {"threshold": "is missing: how many members have to agree"}),
        (
            {"method": "threshold", "members": ["rsi"], "threshold": 2},
            {"threshold": "must be at most 1, the number of"},
        ),
        (
            {"method": "threshold", "members": ["rsi"] * 3, "threshold": 1.5},
            {"threshold": "must be a number of members"},
        ),
        ({"method": "threshold", "members": ["rsi"], "threshold": "x"}, {"threshold": "must be a number of members"}),
        (
            {"method": "by_regime", "members": {"up": {"type": "rsi", "regimes": ["down"]}}},
            {"members.up.regimes": "stands beside the label up, under which the member is given"},
        ),
        (
            {"method": "by_regime", "members": ["rsi", {"type": "momentum", "regimes": ["up"]}]},
            {"members[0].regimes": "is missing: without it this member decides in every regime"},
        ),
        (
            {
                "method": "by_regime",
                "members": [{"type": "rsi", "regimes": ["up", "down"]}, {"type": "momentum", "regimes": ["up"]}],
            },
            {"members[1].regimes": "names up only, which members before it decide already"},
        ),
        (
            {"method": "majority", "members": ["rsi", "momentum"], "parameters": {"period": 3, "method": "unanimous"}},
            {
                "parameters.period": "the ensemble has no such parameter. Say whose it is: `rsi.period`",
                "parameters.method": "stands beside `type`, not among the parameters",
            },
        ),
        (
            {
                "method": "majority",
                "members": [{"type": "rsi", "parameters": {"period": 3}}],
                "parameters": {"rsi.period": 4, "rsi.perod": 5, "rs.period": 5},
            },
            {
                "parameters.rs.period": "the ensemble has no such parameter. Did you mean `rsi.period`?",
                "parameters.rsi.perod": "rsi has no such parameter. Did you mean `period`?",
            },
        ),
        (
            {
                "method": "majority",
                "members": [{"type": "rsi", "parameters": {"period": 3}}],
                "parameters": {"rsi.period": 4},
            },
            {"parameters.rsi.period": f"is given at {PATH}.members[0].parameters.period too; keep one"},
        ),
        (
            {"method": "majority", "members": ["rsi"], "parameters": 3},
            {"parameters": "must be a mapping (name: value)"},
        ),
    ],
)
def test_all_that_is_wrong_with_an_entry_is_said_at_once(entry: dict[str, Any], problems: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        ensemble_type(entry, PATH)
    assert [p.path.removeprefix(f"{PATH}.") for p in caught.value.problems] == list(problems)
    for problem, message in zip(caught.value.problems, problems.values(), strict=True):
        assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("given_", "problems", "invalid"),
    [
        (
            {"ma_crossover.fast": "x", "rsi.entry": 99},
            [f"{PATH}.members[0].parameters.fast", f"{PATH}.members[1].parameters"],
            False,
        ),
        ({"ma_crossover.fast": 30}, [f"{PATH}.members[0].parameters"], True),
        ({"rsi.period": 0}, [f"{PARAMETERS}.rsi.period"], False),
        ({"mine.period": 3}, [f"{PARAMETERS}.mine.period"], False),
        ({"threshold": 1}, [f"{PARAMETERS}.threshold"], False),
    ],
)
def test_values_are_refused_where_they_stand(given_: dict[str, Any], problems: list[str], invalid: bool) -> None:
    members = [{"type": "ma_crossover", "parameters": {"fast": [2, 3], "slow": 20}}, "rsi"]
    with pytest.raises(ConfigError) as caught:
        kind("majority", members).build({"ma_crossover.fast": 2, **given_}, PARAMETERS)
    assert [p.path for p in caught.value.problems] == problems
    assert isinstance(caught.value, InvalidParameters) == invalid


def test_a_parameter_without_default_is_missed_in_its_member() -> None:
    @strategy("needy")
    def needy(bars: pd.DataFrame, period: int) -> pd.Series:
        return bars.close * 0

    with pytest.raises(ConfigError, match=re.escape(f"{PATH}.members[0].parameters.period  is missing")):
        kind("majority", ["needy"]).build({}, PARAMETERS)


def test_a_members_regimes_are_checked_where_they_stand() -> None:
    member = {"type": "momentum", "parameters": {"lookback": 5}, "regimes": {"up": {"lookback": "x"}, "down": {}}}
    with pytest.raises(ConfigError) as caught:
        ensemble("majority", [member])
    assert [p.path for p in caught.value.problems] == [f"{PATH}.members[0].regimes.up.lookback"]


def test_the_examples_of_the_page_on_ensembles_can_be_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "regimes-and-ensembles.md").read_text()
    blocks = [yaml.safe_load(text)["optimization_config"] for text in re.findall(r"```yaml\n(.*?)```", page, re.S)]
    for spec in blocks[0]["classifiers"]:
        make_classifier({"type": spec} if isinstance(spec, str) else spec)
    for entry in blocks[0]["strategies"]:
        limited = RegimeLimitedType(STRATEGIES.get(entry["type"]), entry["regimes"], PATH)
        assert limited.build(entry.get("parameters", {}), PARAMETERS).regimes == tuple(entry["regimes"])
    weighted, by_regime = (ensemble_type(entry, PATH) for entry in blocks[1]["strategies"])
    assert weighted.given["ma_crossover.fast"] == [5, 10]
    assert weighted.weights == (2, 1, 1)
    assert weighted.build({"ma_crossover.fast": 5}, PARAMETERS).members[1].parameters["lookback"] == 5
    assert by_regime.build({}, PARAMETERS).regimes == ("up", "down")
