"""What differs between two results: trades aligned by entry, equities by time, rows by what they are."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.results.aligned import trade_differences
from adm_notebook.results.matched import row_differences
from adm_notebook.results.parting import parting

BARS = pd.bdate_range("2024-01-01", periods=60)


def trades(*held: tuple[int, int], direction: str = "long", index: pd.Index = BARS, **values: Any) -> pd.DataFrame:
    """Trades of one strategy on one symbol, each from one bar to another."""
    entry, leave = [h[0] for h in held], [h[1] for h in held]
    frame = pd.DataFrame(
        {
            "symbol": "SP500", "strategy": "momentum", "direction": direction, "size": 10.0,
            "entry_bar": entry, "entry_time": index.take(entry), "entry_price": 100.0,
            "exit_bar": leave, "exit_time": index.take(leave), "exit_price": 101.0,
            "pnl": 10.0, "return": 0.01, "fees": 1.0, "exit_reason": "signal",
        }
    )  # fmt: skip
    return frame.assign(**values)


def fields(old: pd.DataFrame, new: pd.DataFrame) -> list[tuple[str, str]]:
    found = trade_differences(old, new, 1e-9, 1e5)[0]
    return list(zip(found["change"], found["field"], strict=True))


# ---- trades ---------------------------------------------------------------------------------------------------------


def test_a_trade_that_entered_one_bar_later_is_a_changed_trade() -> None:
    old, new = trades((5, 10), (20, 30)), trades((6, 10), (20, 30))
    found, counts = trade_differences(old, new, 1e-9, 1e5)
    assert fields(old, new) == [("~", "entry_time")]
    assert (found.at[0, "old"], found.at[0, "new"]) == (BARS[5], BARS[6])
    assert (found.at[0, "old_trade"], found.at[0, "new_trade"]) == (0, 0)
    assert counts == (1, 1, 0, 0)


def test_a_trade_of_one_bar_that_moved_by_one_is_still_the_same() -> None:
    assert fields(trades((5, 6)), trades((6, 7))) == [("~", "entry_time"), ("~", "exit_time")]


def test_trades_that_have_nothing_in_common_went_and_came() -> None:
    assert fields(trades((5, 10)), trades((20, 30))) == [("-", "trade"), ("+", "trade")]


def test_where_it_could_be_either_of_two_none_is_guessed() -> None:
    assert fields(trades((5, 30)), trades((6, 12), (14, 20))) == [("-", "trade"), ("+", "trade"), ("+", "trade")]


def test_a_long_trade_is_never_taken_for_a_short_one() -> None:
    assert fields(trades((5, 10)), trades((6, 10), direction="short")) == [("-", "trade"), ("+", "trade")]
    assert ("~", "direction") in fields(trades((5, 10)), trades((5, 10), direction="short"))


def test_trades_of_other_symbols_are_never_the_same() -> None:
    assert fields(trades((5, 10)), trades((5, 10), symbol="NASDAQ")) == [("-", "trade"), ("+", "trade")]


def test_positions_of_bars_don_t_matter_where_times_are_the_same() -> None:
    old, new = trades((25, 30)), trades((5, 10), index=BARS[20:])
    assert fields(old, new) == []


def test_moments_are_the_same_in_any_zone() -> None:
    utc = BARS.tz_localize("UTC")
    assert fields(trades((5, 10), index=utc), trades((5, 10), index=utc.tz_convert("Asia/Tokyo"))) == []


def test_trades_without_times_are_matched_by_their_bars() -> None:
    none = pd.RangeIndex(60)
    assert fields(trades((5, 10), index=none), trades((5, 10), index=none)) == []
    assert fields(trades((5, 10), index=none), trades((6, 10), index=none)) == [("~", "entry_time")]


def test_no_trades_on_a_side_are_no_error() -> None:
    empty = trades().iloc[:0]
    assert fields(empty, empty) == []
    assert fields(trades((5, 10)), empty) == [("-", "trade")]
    aware = trades((5, 10), index=BARS.tz_localize("America/New_York"))
    assert fields(adm_empty(), aware) == [("+", "trade")]


def adm_empty() -> pd.DataFrame:
    """The trades of a result without any row that is ok: columns without a type."""
    return pd.DataFrame(columns=list(trades().columns))


held = st.lists(st.integers(1, 4), min_size=0, max_size=14).map(
    lambda steps: [
        (a, b) for a, b in zip(np.cumsum(steps)[::2].tolist(), np.cumsum(steps)[1::2].tolist(), strict=False)
    ]
)


@given(old=held, new=held)
def test_every_trade_is_told_once_on_each_side(old: list[tuple[int, int]], new: list[tuple[int, int]]) -> None:
    a, b = trades(*old), trades(*new)
    found, counts = trade_differences(a, b, 1e-9, 1e5)
    assert counts.same + counts.changed + counts.removed == len(a)
    assert counts.same + counts.changed + counts.added == len(b)
    for column, n in (("old_trade", len(a)), ("new_trade", len(b))):
        told = found.drop_duplicates(["old_trade", "new_trade"])[column].dropna()
        assert told.is_unique
        assert told.between(0, n - 1).all()


@given(held=held)
def test_a_table_does_not_differ_from_itself(held: list[tuple[int, int]]) -> None:
    a = trades(*held)
    assert fields(a, a) == []


@given(held=held.filter(bool), data=st.data())
def test_one_shifted_entry_is_one_changed_trade(held: list[tuple[int, int]], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(held) - 1))
    (entry, leave) = held[at]
    later = [*held[:at], (entry + 1, leave + 1), *held[at + 1 :]]
    following = at + 1 < len(held) and held[at + 1][0] <= leave + 1
    if following:
        return  # the next trade has begun: whose shift it is would be a guess
    counts = trade_differences(trades(*held), trades(*later), 1e-9, 1e5)[1]
    assert counts == (len(held) - 1, 1, 0, 0)


# ---- equities -------------------------------------------------------------------------------------------------------


def equity(values: Any, index: pd.Index = BARS) -> pd.Series:
    return pd.Series(np.asarray(values, float), index=index[: len(values)])


def test_equities_part_at_a_bar_by_so_much_there_and_so_much_at_most() -> None:
    a = equity(np.full(60, 1000.0))
    b = a.copy()
    b.iloc[10], b.iloc[40] = 1002.5, 990.0
    apart = parting(a, b, 1e-9)
    assert (apart.bar, apart.time, apart.gap, apart.largest_gap) == (10, BARS[10], 2.5, 10.0)
    assert (apart.n_same, apart.n_all) == (58, 60)


@given(start=st.integers(0, 59), end=st.integers(1, 60))
def test_bars_that_only_one_has_are_the_first_where_they_part(start: int, end: int) -> None:
    a = equity(np.arange(60.0))
    b = a.iloc[start:end]
    apart = parting(a, b, 1e-9)
    assert apart.n_all == 60
    assert apart.n_same == len(b)
    assert apart.largest_gap == 0
    expected = None if len(b) == 60 else 0 if start > 0 or not len(b) else end
    assert apart.bar == expected
    assert apart.exactly == (expected is None)
    assert math.isnan(apart.gap) == (expected is not None)


def test_a_bar_that_only_the_new_one_has_is_named_by_its_time() -> None:
    a = equity(np.ones(59), BARS.delete(30))
    apart = parting(a, equity(np.ones(60)), 1e-9)
    assert (apart.bar, apart.time) == (30, BARS[30])


def test_clocks_of_bars_with_a_zone_and_without_are_told_apart() -> None:
    a = equity(np.ones(60))
    apart = parting(a, a.tz_localize("America/New_York"), 1e-9)
    assert apart.bar is None
    assert apart.odd == "only the bars of the new one have a time zone (America/New_York)"
    assert parting(a.tz_localize("UTC"), a.tz_localize("UTC").tz_convert("Asia/Tokyo"), 1e-9).odd == ""
    assert parting(a.reset_index(drop=True), a, 1e-9).odd == "only the bars of the new one have times"


def test_what_an_account_grows_to_later_hides_no_difference_before() -> None:
    a = equity(np.geomspace(1e5, 1e12, 60))
    b = a.copy()
    b.iloc[3] += 1.0  # 1e-12 of what it ends with, a millionth of what it is
    assert parting(a, b, 1e-9).bar == 3
    rounded = a * (1 + 1e-13)
    assert parting(a, rounded, 1e-9).bar is None


def test_what_an_account_has_held_may_round_what_is_left_of_it() -> None:
    a = equity([1e5, 1e12, *np.full(58, 1e-3)])
    assert parting(a, a + np.where(np.arange(60) > 1, 1e-4, 0), 1e-9).bar is None


def test_a_trade_is_measured_by_what_it_traded_and_not_by_the_account() -> None:
    old = trades((5, 10), (20, 30))
    new = old.assign(pnl=[10.5, 10.0])
    found, _ = trade_differences(old, new, 1e-9, 1e12)
    assert list(zip(found["change"], found["field"], strict=True)) == [("~", "pnl")]
    assert trade_differences(old, old.assign(pnl=10.0 + 1e-8), 1e-9, 1e12)[1].same == 2


def test_a_ruined_account_is_the_same_as_itself() -> None:
    a = equity([1000, np.nan, 0, np.inf])
    assert parting(a, a, 1e-9).exactly
    assert parting(a, equity([1000, np.nan, 0, 1]), 1e-9).bar == 3


# ---- rows -----------------------------------------------------------------------------------------------------------


def run(**backtest: Any) -> adm.WorkflowResult:
    config = adm.WorkflowConfig(data_config={"symbols": "SP500", "max_bars": 300}, backtest_config=backtest)
    return adm.EnhancedCoordinator().run(config, execution_mode="composable")


def test_a_risk_profile_that_is_the_only_one_tells_no_rows_apart() -> None:
    plain = adm.WorkflowConfig(
        data_config={"symbols": "SP500", "max_bars": 300},
        backtest_config={"stop_loss": 0.05},
    )
    profiled = plain.copy()
    profiled.backtest_config = {}
    profiled.optimization_config = {"risk_profiles": [{"name": "careful", "stop_loss": 0.05}]}
    results = [adm.EnhancedCoordinator().run(config) for config in (plain, profiled)]
    assert adm.compare_results(*results).identical


def test_rows_in_another_order_are_the_same() -> None:
    config = adm.WorkflowConfig(
        data_config={"symbols": "SP500", "max_bars": 300},
        optimization_config={"strategies": [{"type": "momentum", "parameters": {"lookback": [5, 10, 20]}}]},
    )
    result = adm.EnhancedCoordinator().run(config)
    shuffled = copy.copy(result)
    shuffled._stats = result.stats.iloc[[2, 0, 1]]
    diff = adm.compare_results(result, shuffled)
    assert diff.verdict == "identical"
    assert diff.n_rows == (3, 3)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (np.nan, np.nan, True),
        (np.nan, 1.0, False),
        (np.inf, 9e99, False),
    ],
)
def test_infinite_and_missing_metrics_agree_with_themselves_alone(old: float, new: float, same: bool) -> None:
    result = run()
    a, b = result.stats, result.stats
    a["profit_factor"], b["profit_factor"] = old, new
    assert row_differences(a, b, 1e-9, 1e5).n_apart == (0 if same else 1)


def test_another_best_combination_is_named() -> None:
    def swept(direction: str) -> adm.WorkflowResult:
        entry = {"type": "ma_crossover", "parameters": {"fast": [5, 20], "slow": 60}}
        config = adm.WorkflowConfig(
            data_config={"symbols": "SP500", "max_bars": 600},
            optimization_config={"strategies": [entry], "objective": "n_trades", "direction": direction},
        )
        return adm.EnhancedCoordinator().run(config)

    said = adm.compare_results(swept("maximize"), swept("minimize")).verdict
    assert said.startswith("different because another combination is the best one (fast 5 was, fast 20 is now); ")


def test_two_results_that_failed_are_not_the_same() -> None:
    close = np.full(30, 100.0)
    frame = pd.DataFrame({"open": close, "high": close, "low": close, "close": close * 2})
    failed = adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"frame": frame}))
    diff = adm.compare_results(failed, failed)
    assert diff.verdict == "different because both failed, so that there is nothing to compare"
    assert adm.compare_results(run(), failed).verdict.startswith("different because one of them failed (the new one)")
