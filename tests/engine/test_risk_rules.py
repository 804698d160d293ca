"""Facts about sizes and stops that follow the market, risk a trade, and the loss of a day; worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from adm_notebook.config.settings import Settings
from adm_notebook.engine import compiled, reference
from adm_notebook.engine.account import Signals
from adm_notebook.engine.simulate import Simulation, simulate
from adm_notebook.errors import ConfigError
from adm_notebook.market.arrays import Prices

Bar = float | tuple[float, float, float, float]
Trade = Callable[..., Simulation]
HOURS = "6h"  # four bars a day, from midnight


@pytest.fixture(params=["reference", "compiled"])
def trade(request: pytest.FixtureRequest) -> Trade:
    """Simulate on `bars`: each (open, high, low, close), or one price for all four; flags by the bars that set them."""

    def run(
        bars: Sequence[Bar],
        *,
        buy: Sequence[int] = (),
        sell: Sequence[int] = (),
        short: Sequence[int] = (),
        cover: Sequence[int] = (),
        freq: str | None = "D",
        tz: str | None = None,
        **settings: Any,
    ) -> Simulation:
        table = [b if isinstance(b, tuple) else (b, b, b, b) for b in bars]
        index = None if freq is None else pd.date_range("2024-01-01", periods=len(bars), freq=freq, tz=tz)
        frame = pd.DataFrame(table, columns=["open", "high", "low", "close"], dtype=float, index=index)
        named = {"long_entry": buy, "long_exit": sell, "short_entry": short, "short_exit": cover}
        signals = {name: [i in at for i in range(len(bars))] for name, at in named.items()}
        return simulate(frame, signals, engine=request.param, **{"initial_capital": 1000.0, **settings})

    return run


def exits(result: Simulation) -> list[tuple[int, float, str]]:
    """(bar, price, reason) of each trade's exit."""
    t = result.trades
    return list(zip(t["exit_bar"].tolist(), t["exit_price"].round(9).tolist(), t["exit_reason"].tolist(), strict=True))


def entries(result: Simulation) -> list[tuple[int, float]]:
    """(bar, units) of each trade's entry."""
    return list(zip(result.trades["entry_bar"].tolist(), result.trades["size"].round(9).tolist(), strict=True))


def unfilled(result: Simulation) -> list[tuple[int, str]]:
    return list(zip(result.unfilled["bar"].tolist(), result.unfilled["reason"].tolist(), strict=True))


CALM = (100.0, 101.0, 99.0, 100.0)  # a true range of 2
WILD = (100.0, 105.0, 95.0, 100.0)  # and of 10


# Stops as multiples of the average true range or of the deviation


def test_an_atr_stop_is_that_multiple_of_the_range_from_the_base(trade: Trade) -> None:
    # 2 x ATR 2 = 4 of 100: the stop of a position opened at 100 lies at 96.
    result = trade([CALM] * 5 + [(100, 100, 90, 95)], buy=[3], stop_loss={"atr": 2, "period": 2})
    assert exits(result) == [(5, 96.0, "stop_loss")]


def test_the_fraction_is_that_of_the_decision_s_close_and_is_laid_on_the_base(trade: Trade) -> None:
    # Decided at a close of 100 with ATR 2: 4%; filled at 200: the stop lies 4% below that, at 192.
    result = trade([CALM] * 4 + [200, (200, 200, 190, 195)], buy=[3], stop_loss={"atr": 2, "period": 2})
    assert exits(result) == [(5, 192.0, "stop_loss")]
    result = trade(
        [CALM] * 4 + [200, (200, 200, 90, 95)], buy=[3], stop_loss={"atr": 2, "period": 2}, stop_base="signal_close"
    )
    assert exits(result) == [(5, 96.0, "stop_loss")]


def test_the_fraction_stays_for_the_life_of_the_position(trade: Trade) -> None:
    # Later bars are wilder by far; the stop stays where it was, and the next position has one of its own.
    bars: list[Bar] = [CALM] * 5 + [(100, 110, 97, 100)] * 4 + [(100, 100, 50, 100)]
    result = trade(bars, buy=[3], stop_loss={"atr": 2, "period": 2})
    assert exits(result) == [(9, 96.0, "stop_loss")]


def test_an_atr_stop_of_a_short_lies_above(trade: Trade) -> None:
    result = trade([CALM] * 5 + [(100, 110, 100, 105)], short=[3], stop_loss={"atr": 2, "period": 2})
    assert exits(result) == [(5, 104.0, "stop_loss")]


def test_an_atr_stop_trails_by_its_fraction(trade: Trade) -> None:
    # 4% below the best high so far, 150: 144.
    bars: list[Bar] = [CALM] * 5 + [(100, 150, 100, 150), (150, 150, 140, 140)]
    result = trade(bars, buy=[3], stop_loss={"atr": 2, "period": 2}, trailing=True)
    assert exits(result) == [(6, 144.0, "trailing_stop")]


def test_an_atr_profit_is_taken_above(trade: Trade) -> None:
    result = trade([CALM] * 5 + [(100, 110, 100, 105)], buy=[3], take_profit={"atr": 3, "period": 2})
    assert exits(result) == [(5, 106.0, "take_profit")]


def test_a_std_stop_is_a_multiple_of_the_deviation_of_closes_over_their_number(trade: Trade) -> None:
    # Closes 99 and 101: their deviation is 1 (divided by n), at a close of 101; three of them below a fill at 101.
    bars: list[Bar] = [99, 101, 99, 101, 101, (101, 101, 90, 90)]
    result = trade(bars, buy=[3], stop_loss={"std": 3, "period": 2})
    assert exits(result) == [(5, 98.0, "stop_loss")]


def test_stop_and_profit_of_unlike_measures_stand_beside_each_other(trade: Trade) -> None:
    result = trade([CALM] * 5 + [(100, 103, 97, 100)], buy=[3], stop_loss=0.2, take_profit={"atr": 1, "period": 2})
    assert exits(result) == [(5, 102.0, "take_profit")]


def test_a_distance_that_is_unknown_on_the_decision_s_bar_is_the_last_known_one(trade: Trade) -> None:
    # Bar 4 has no high, so that nobody knows its range: the 2 of 100 before it hold, though its close is 50.
    bars: list[Bar] = [CALM] * 4 + [(100, nan, 50, 50), 50, (50, 50, 10, 10)]
    result = trade(bars, buy=[4], stop_loss={"atr": 2, "period": 2})
    assert exits(result) == [(6, 48.0, "stop_loss")]


def test_before_the_first_known_distance_there_is_no_stop(trade: Trade) -> None:
    result = trade([100, 100, (100, 100, 1, 100)], buy=[0], stop_loss={"atr": 2, "period": 2}, warmup=0)
    assert exits(result) == [(2, 100.0, "open")]


def test_prices_that_stand_still_give_no_distance(trade: Trade) -> None:
    # A stop no distance away would close each position at once.
    result = trade([100] * 5 + [(100, 100, 1, 100)], buy=[3], stop_loss={"atr": 2, "period": 2})
    assert exits(result) == [(5, 100.0, "open")]


def test_less_than_a_millionth_of_the_price_is_no_distance(trade: Trade) -> None:
    # Once nothing moves, ATR(2) halves on each bar: from 2 on bar 3 to 2^-13 of 100 on bar 17, the last above 1e-6.
    bars: list[Bar] = [CALM] * 4 + [100.0] * 28 + [(100, 100, 50, 100)]
    result = trade(bars, buy=[30], stop_loss={"atr": 2, "period": 2})
    assert exits(result) == [(32, 99.999755859, "stop_loss")]  # 100 - 2 * 2^-13


def test_warm_up_waits_for_the_indicators_of_the_stops(trade: Trade) -> None:
    # ATR(3) is first known on bar 3; auto begins on the bar after.
    bars: list[Bar] = [CALM] * 7
    assert entries(trade(bars, buy=[3], stop_loss={"atr": 2, "period": 3})) == []
    assert entries(trade(bars, buy=[4], stop_loss={"atr": 2, "period": 3})) == [(5, 10.0)]
    assert entries(trade(bars, buy=[1])) == [(2, 10.0)]


# Fixed risk a trade


def test_a_trade_that_is_stopped_out_loses_the_share_that_was_risked(trade: Trade) -> None:
    # 1% of 1000 over a stop of 5%: 200 in the trade, and 10 lost.
    result = trade([100, 100, (100, 100, 90, 90)], buy=[0], size_mode="risk", size=0.01, stop_loss=0.05, warmup=0)
    assert entries(result) == [(1, 2.0)]
    assert exits(result) == [(2, 95.0, "stop_loss")]
    assert result.equity.tolist() == [1000.0, 1000.0, 990.0]


def test_the_risk_is_measured_by_the_decision_s_stop(trade: Trade) -> None:
    # ATR 2, then 6 = (2 + 10) / 2: stops of 4% and 12%.
    calm = trade([CALM] * 5, buy=[3], size_mode="risk", size=0.01, stop_loss={"atr": 2, "period": 2})
    wild = trade([CALM] * 3 + [WILD] + [CALM], buy=[3], size_mode="risk", size=0.01, stop_loss={"atr": 2, "period": 2})
    assert entries(calm) == [(4, 2.5)]
    assert entries(wild) == [(4, pytest.approx(10 / 12))]


def test_no_risk_buys_more_than_the_cash(trade: Trade) -> None:
    result = trade([100, 100, 100], buy=[0], size_mode="risk", size=0.5, stop_loss=0.05, warmup=0)
    assert entries(result) == [(1, 10.0)]


def test_a_stop_that_nobody_knows_makes_no_trade_and_no_order(trade: Trade) -> None:
    result = trade([100] * 6, buy=[0, 3], size_mode="risk", size=0.01, stop_loss={"atr": 2, "period": 2}, warmup=0)
    assert entries(result) == []
    assert unfilled(result) == []


def test_strength_scales_what_is_risked() -> None:
    frame = pd.DataFrame({name: [100.0] * 3 for name in ("open", "high", "low", "close")})
    signals = {"long_entry": [True, False, False], "strength": [0.5, 1.0, 1.0]}
    for engine in ("reference", "compiled"):
        result = simulate(frame, signals, engine=engine, initial_capital=1000, size_mode="risk", size=0.01,
                          stop_loss=0.05, warmup=0)  # fmt: skip
        assert_allclose(result.trades["size"], [1.0])


def test_whole_units_are_what_the_risked_fraction_buys(trade: Trade) -> None:
    # 20% of 1000 at 70 each: 2 units.
    result = trade([70, 70], buy=[0], size_mode="risk", size=0.01, stop_loss=0.05, warmup=0, size_rule="whole")
    assert entries(result) == [(1, 2.0)]


# A volatility to aim at


def test_the_size_aims_at_a_volatility_a_year(trade: Trade) -> None:
    # Returns +10%, -10%, +10%, -10% over four bars: deviation sqrt(4/3) x 10%; 100 bars a year: 10 times that.
    closes = [100.0, 110.0, 99.0, 108.9, 98.01, 98.01]
    estimate = 0.1 * np.sqrt(4 / 3) * 10
    result = trade(closes, buy=[4], size_mode="volatility", size=0.2, volatility={"period": 4}, periods_per_year=100,
                   warmup=0)  # fmt: skip
    assert entries(result) == [(5, pytest.approx(1000 * 0.2 / estimate / 98.01))]


def test_the_volatility_may_be_estimated_by_the_range(trade: Trade) -> None:
    # ATR 2 of 100, times sqrt(25): 10% a year; 5% is half of it.
    result = trade([CALM] * 5, buy=[3], size_mode="volatility", size=0.05, periods_per_year=25,
                   volatility={"method": "atr", "period": 2})  # fmt: skip
    assert entries(result) == [(4, 5.0)]


def test_auto_counts_the_bars_of_a_year_as_the_metrics_do(trade: Trade) -> None:
    bars: list[Bar] = [CALM] * 14
    result = trade(
        bars, buy=[12], size_mode="volatility", size=0.05, freq="B", volatility={"method": "atr", "period": 2}
    )
    assert entries(result) == [(13, pytest.approx(10 * 0.05 / (0.02 * np.sqrt(252))))]


def test_a_quiet_market_gets_all_the_cash_and_no_more(trade: Trade) -> None:
    result = trade([CALM] * 5, buy=[3], size_mode="volatility", size=5, volatility={"method": "atr", "period": 2})
    assert entries(result) == [(4, 10.0)]


def test_a_market_that_stands_still_keeps_the_last_estimate(trade: Trade) -> None:
    # After bar 3 nothing moves; ATR falls towards 0, but the deviation of returns is 0 at once, and is not believed.
    closes = [100.0, 110.0, 100.0, 100.0, 100.0, 100.0, 100.0]
    returns = [-0.0909090909090909, 0.0]  # the last two that were not both 0
    estimate = float(np.std(returns, ddof=1)) * 10
    result = trade(closes, buy=[5], size_mode="volatility", size=0.2, volatility={"period": 2}, periods_per_year=100)
    assert entries(result) == [(6, pytest.approx(1000 * 0.2 / estimate / 100))]


# The loss of a day


def test_a_day_that_loses_too_much_ends_and_the_next_one_trades_again(trade: Trade) -> None:
    # Bought at 100 on bar 1; 94 at the close of bar 2 is 6% below the day's 1000. Out at the open of bar 3; what bar 3
    # says is dropped; bar 4 is the next day, and its order fills on bar 5.
    bars: list[Bar] = [100, 100, 94, 94, 94, 94]
    result = trade(bars, buy=[0, 2, 3, 4], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(3, 94.0, "max_daily_loss"), (5, 94.0, "open")]
    assert [bar for bar, _ in entries(result)] == [1, 5]


def test_exactly_the_limit_is_too_much(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, 95, 95]
    assert exits(trade(bars, buy=[0], freq=HOURS, max_daily_loss=0.05, warmup=0)) == [(3, 95.0, "max_daily_loss")]
    assert exits(trade(bars, buy=[0], freq=HOURS, max_daily_loss=0.051, warmup=0)) == [(3, 95.0, "open")]


def test_the_day_is_measured_from_the_last_equity_of_the_day_before(trade: Trade) -> None:
    # Day 1 ends at 110, worth 1100; 105 is 4.5% less, 104 is 5.5% less, though 4% above what was paid.
    bars: list[Bar] = [100, 100, 110, 110, 105, 104, 104, 104]
    result = trade(bars, buy=[0], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(6, 104.0, "max_daily_loss")]


def test_losses_of_two_days_are_not_added(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, 97, 97, 95, 94, 94, 94]
    result = trade(bars, buy=[0], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(7, 94.0, "open")]


def test_a_gap_over_night_can_end_the_day_on_its_first_bar(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, 100, 100, 90, 90, 90, 90, 90]
    result = trade(bars, buy=[0, 4, 5], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(5, 90.0, "max_daily_loss")]


def test_the_last_bar_of_a_day_closes_at_the_next_day_s_open_which_may_decide_at_once(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, 100, 90, (91, 92, 91, 92), 92]
    result = trade(bars, buy=[0, 4], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(4, 91.0, "max_daily_loss"), (5, 92.0, "open")]


def test_of_daily_bars_each_is_a_day(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, 90, 90, 90, 90]
    result = trade(bars, buy=[0, 2, 3], freq="D", max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(3, 90.0, "max_daily_loss"), (5, 90.0, "open")]
    assert [bar for bar, _ in entries(result)] == [1, 4]


def test_days_are_those_of_the_bars_zone(trade: Trade) -> None:
    # In UTC four bars are a day, from midnight; in Tokyo the fourth of them is tomorrow's, and measured from the third.
    bars: list[Bar] = [100, 100, 95.5, 91, 91, 91]
    frame = pd.DataFrame({name: [float(b) for b in bars] for name in ("open", "high", "low", "close")},
                         index=pd.date_range("2024-01-01", periods=6, freq=HOURS, tz="UTC"))  # fmt: skip
    signals = {"long_entry": [True] + [False] * 5}
    for engine in ("reference", "compiled"):
        reasons = [
            simulate(frame.tz_convert(zone), signals, engine=engine, warmup=0, max_daily_loss=0.08).trades[
                "exit_reason"
            ][0]
            for zone in ("UTC", "Asia/Tokyo")
        ]
        assert reasons == ["max_daily_loss", "open"]


def test_a_pending_entry_is_cancelled_and_listed(trade: Trade) -> None:
    # Bar 2 sells and buys back short; the open of bar 3 is missing, and at its close the day is over.
    bars: list[Bar] = [100, 100, 97, (nan, 97, 90, 90), (90, 90, 90, 90), 90]
    result = trade(bars, buy=[0], short=[2], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(4, 90.0, "max_daily_loss")]
    assert unfilled(result) == [(2, "cancelled")]


@pytest.mark.parametrize(
    ("fill", "expected"), [("next_open", (3, 93.0)), ("prev_close", (2, 94.0)), ("close", (2, 94.0))]
)
def test_the_position_closes_where_orders_fill(trade: Trade, fill: str, expected: tuple[int, float]) -> None:
    bars: list[Bar] = [100, 100, 94, (93, 93, 92, 92), 92]
    result = trade(bars, buy=[0], freq=HOURS, fill=fill, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(*expected, "max_daily_loss")]


def test_with_fill_close_the_equity_of_step_3_is_tested(trade: Trade) -> None:
    # Bought at the close of bar 0 with 6% commission: the loss shows on bar 1, which closes.
    result = trade([100, 100, 100], buy=[0], freq=HOURS, fill="close", commission=0.06, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(1, 100.0, "max_daily_loss")]


def test_a_stop_can_end_the_day_and_leaves_nothing_to_close(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, (100, 100, 80, nan), 100, 100, 100]
    result = trade(bars, buy=[0, 3], freq=HOURS, stop_loss=0.1, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(2, 90.0, "stop_loss")]


def test_a_missing_close_waits_for_the_next_one(trade: Trade) -> None:
    # Commission has cost 6% of the day's equity by bar 1, which has no close to sell at.
    bars: list[Bar] = [100, (100, 100, 100, nan), 101, 101]
    result = trade(bars, buy=[0], freq=HOURS, fill="close", commission=0.06, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(2, 101.0, "max_daily_loss")]


def test_the_limit_on_drawdown_comes_first_and_for_good(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, 90, 90, 90, 90]
    result = trade(bars, buy=[0, 4], freq=HOURS, max_daily_loss=0.05, max_drawdown=0.1, warmup=0)
    assert exits(result) == [(3, 90.0, "max_drawdown")]


def test_a_later_drawdown_takes_a_close_over_that_is_still_pending(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, 94, (nan, 94, 80, 80), 80, 80]
    result = trade(bars, buy=[0], freq=HOURS, max_daily_loss=0.05, max_drawdown=0.15, warmup=0)
    assert exits(result) == [(4, 80.0, "max_drawdown")]


def test_ruin_comes_before_the_loss_of_a_day(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, 250, 250]
    result = trade(bars, short=[0], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(2, 250.0, "ruin")]


def test_on_the_last_bar_the_close_stays_pending_unless_finalize_says_otherwise(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, (95, 95, 94, 94)]
    told = {"freq": HOURS, "max_daily_loss": 0.05, "warmup": 0}
    assert exits(trade(bars, buy=[0], **told)) == [(2, 94.0, "open")]
    assert exits(trade(bars, buy=[0], finalize="last_close", **told)) == [(2, 94.0, "end")]
    assert exits(trade(bars, buy=[0], finalize="last_open", **told)) == [(2, 95.0, "end")]


def test_a_new_day_s_decision_takes_the_place_of_a_close_that_still_waits(trade: Trade) -> None:
    # Day 1 ends with a close pending; day 2 opens without a price, and its close says: short.
    bars: list[Bar] = [100, 100, 100, 94, (nan, 94, 94, 94), 94, 94]
    result = trade(bars, buy=[0], short=[4], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(5, 94.0, "signal"), (6, 94.0, "open")]
    kept = trade(bars, buy=[0, 4], freq=HOURS, max_daily_loss=0.05, warmup=0)  # of the same side: no decision
    assert exits(kept) == [(5, 94.0, "max_daily_loss")]


def test_exit_flags_of_a_day_that_is_over_are_not_kept(trade: Trade) -> None:
    # Bar 3 has no close and an exit flag. Kept until bar 4, it would cancel that bar's entry against itself.
    bars: list[Bar] = [100, 100, 94, (94, 94, 94, nan), 94, 94]
    result = trade(bars, buy=[0, 4], sell=[3], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert [bar for bar, _ in entries(result)] == [1, 5]


def test_exit_flags_kept_from_before_are_forgotten_when_the_day_ends(trade: Trade) -> None:
    bars: list[Bar] = [100, 100, (100, 100, 100, nan), 94, 94, 94]
    result = trade(bars, buy=[0, 4], sell=[2], freq=HOURS, max_daily_loss=0.05, warmup=0)
    assert exits(result)[0] == (4, 94.0, "max_daily_loss")
    assert [bar for bar, _ in entries(result)] == [1, 5]


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_day_does_not_begin_again_where_clocks_go_back_over_midnight(engine: str) -> None:
    # St John's, a minute after midnight: an hour of the 6th comes again, and then the 7th.
    utc = ["02:00:00", "02:20:00", "02:30:30", "02:40:00", "03:35:00", "03:45:00"]
    local = pd.DatetimeIndex([f"2010-11-07T{time}Z" for time in utc]).tz_convert("America/St_Johns")
    assert local.day.tolist() == [6, 6, 7, 6, 7, 7]
    prices = [100.0, 100.0, 94.0, 94.0, 94.0, 94.0]
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), prices), index=local)
    signals = {"long_entry": [True, False, False, True, True, False]}
    result = simulate(frame, signals, engine=engine, max_daily_loss=0.05, warmup=0)
    assert exits(result) == [(3, 94.0, "max_daily_loss")]


# What can't be


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_limit_on_a_day_s_loss_needs_days(trade: Trade, engine: str) -> None:
    with pytest.raises(ConfigError, match="max_daily_loss  needs bars with times"):
        trade([100, 100], freq=None, max_daily_loss=0.05)
    price = np.full(3, 100.0)
    never = np.zeros(3, np.bool_)
    run = {"reference": reference.simulate, "compiled": compiled.simulate}[engine]
    with pytest.raises(ConfigError, match="max_daily_loss  needs bars with times"):
        run(Prices(price, price, price, price), Signals(never, never, never, never),
            Settings.resolve({"max_daily_loss": 0.05}), warmup=0)  # fmt: skip


@pytest.mark.parametrize("engine", [reference.simulate, compiled.simulate])
@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({"size_mode": "volatility", "size": 0.1}, "strength"),
        ({"size_mode": "risk", "size": 0.1, "stop_loss": {"atr": 2}}, "strength, stop_loss"),
        ({"take_profit": {"std": 2}}, "take_profit"),
    ],
)
def test_engines_refuse_signals_that_nobody_has_scaled(engine: Any, given: dict[str, Any], lacking: str) -> None:
    price, never = np.full(3, 100.0), np.zeros(3, np.bool_)
    with pytest.raises(ValueError, match=f"the signals lack {lacking}: "):
        engine(
            Prices(price, price, price, price), Signals(never, never, never, never), Settings.resolve(given), warmup=0
        )


def test_bars_without_times_are_taken_for_252_a_year_and_it_is_said(trade: Trade) -> None:
    told = {"size_mode": "volatility", "size": 0.05, "volatility": {"method": "atr", "period": 2}}
    result = trade([CALM] * 5, buy=[3], freq=None, **told)
    assert_allclose(result.trades["size"], 10 * 0.05 / (0.02 * np.sqrt(252)))
    assert any("252" in sentence for sentence in result.warnings)


def test_a_volatility_that_nobody_reads_is_pointed_out(trade: Trade) -> None:
    assert "`volatility` is not used: size_mode is fraction." in trade([100], volatility={"period": 5}).warnings
