"""Facts about fills, sizes, stops and limits that no peer's run shows; the numbers are worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import numpy as np
import pytest
from engines import ENGINES
from numpy.testing import assert_array_equal

from adm_notebook.config.settings import Settings
from adm_notebook.engine import reference
from adm_notebook.engine.account import EXIT_REASONS, UNFILLED_REASONS, Account, Signals
from adm_notebook.market.arrays import Prices

GONE = (nan, nan, nan, nan)
Bar = float | tuple[float, float, float, float]
Trade = Callable[..., Account]


def _flags(bars: Sequence[int], n_bars: int) -> np.ndarray:
    flags = np.zeros(n_bars, dtype=np.bool_)
    flags[list(bars)] = True
    return flags


@pytest.fixture(params=ENGINES)
def trade(request: pytest.FixtureRequest) -> Trade:
    """Simulate on `bars`: each (open, high, low, close), or one price for all four; flags by the bars that set them."""
    engine = ENGINES[request.param]

    def run(
        bars: Sequence[Bar],
        *,
        buy: Sequence[int] = (),
        sell: Sequence[int] = (),
        short: Sequence[int] = (),
        cover: Sequence[int] = (),
        strength: Sequence[float] | None = None,
        warmup: int = 0,
        **settings: Any,
    ) -> Account:
        table = np.array([b if isinstance(b, tuple) else (b, b, b, b) for b in bars], dtype=np.float64)
        prices = Prices(*(np.ascontiguousarray(column) for column in table.T))
        signals = Signals(
            *(_flags(flag, len(bars)) for flag in (buy, sell, short, cover)),
            strength=None if strength is None else np.array(strength, dtype=np.float64),
        )
        account = Settings.resolve({"initial_capital": 1000.0, **settings})
        return engine.simulate(prices, signals, account, warmup=warmup)

    return run


def exits(account: Account) -> list[tuple[int, float, str]]:
    """(bar, price, reason) of each trade's exit."""
    reasons = [EXIT_REASONS[code] for code in account.exit_reason]
    return list(zip(account.exit_bar.tolist(), account.exit_price.tolist(), reasons, strict=True))


def entries(account: Account) -> list[tuple[int, float, float]]:
    """(bar, price, signed size) of each trade's entry."""
    sizes = (account.direction * account.size).tolist()
    return list(zip(account.entry_bar.tolist(), account.entry_price.tolist(), sizes, strict=True))


def unfilled(account: Account) -> list[tuple[int, int, str]]:
    """(bar of the decision, side, reason) of each order that gave no trade."""
    reasons = [UNFILLED_REASONS[code] for code in account.unfilled_reason]
    return list(zip(account.unfilled_bar.tolist(), account.unfilled_side.tolist(), reasons, strict=True))


# Limits of a risk profile


def test_a_position_is_worth_at_most_max_position_value(trade: Trade) -> None:
    account = trade([100, 100], buy=[0], max_position_value=250.0)
    assert entries(account) == [(1, 100.0, 2.5)]


def test_the_cap_divides_by_the_price_with_slippage(trade: Trade) -> None:
    account = trade([100, 100], buy=[0], max_position_value=250.0, slippage=0.25)
    assert entries(account) == [(1, 125.0, 2.0)]


def test_the_cap_holds_for_shorts_too(trade: Trade) -> None:
    account = trade([100, 100], short=[0], size_mode="units", size=50.0, max_position_value=250.0)
    assert entries(account) == [(1, 100.0, -2.5)]


@pytest.mark.parametrize("rule", [{"lot_size": 1.0}, {"preset": "backtesting.py"}])
def test_the_capped_size_is_floored_to_the_lot(trade: Trade, rule: dict[str, Any]) -> None:
    account = trade([100, 100, 100], buy=[1], warmup=1, max_position_value=250.0, **rule)
    assert entries(account) == [(2, 100.0, 2.0)]


def test_a_cap_below_one_lot_leaves_the_order_unfilled(trade: Trade) -> None:
    account = trade([100, 100], buy=[0], max_position_value=50.0, lot_size=1.0)
    assert entries(account) == []
    assert unfilled(account) == [(0, +1, "below the lot")]


def test_the_cap_does_not_make_an_order_affordable(trade: Trade) -> None:
    account = trade([100, 100], buy=[0], size_mode="units", size=20.0, shortfall="cancel", max_position_value=500.0)
    assert unfilled(account) == [(0, +1, "cancelled")]


def test_drawdown_limit_closes_at_the_next_open_and_trading_ends(trade: Trade) -> None:
    bars = [100, 100, 80, (70, 75, 65, 75), 75, 75]  # 10 units: equity 800 on bar 2, 20 % below 1000
    account = trade(bars, buy=[0, 3, 4], max_drawdown=0.2)
    assert exits(account) == [(3, 70.0, "max_drawdown")]
    assert account.equity.tolist() == [1000, 1000, 800, 700, 700, 700]
    assert unfilled(account) == []  # later signals are no orders


def test_drawdown_limit_is_not_hit_just_above_it(trade: Trade) -> None:
    account = trade([100, 100, 80.001, 80.001, 80.001], buy=[0], max_drawdown=0.2)
    assert exits(account) == [(4, 80.001, "open")]


def test_drawdown_is_measured_from_the_highest_equity(trade: Trade) -> None:
    account = trade([100, 100, 200, 150, 140], buy=[0], max_drawdown=0.25)  # 1500 of 2000
    assert exits(account) == [(4, 140.0, "max_drawdown")]


def test_drawdown_limit_waits_for_an_open(trade: Trade) -> None:
    account = trade([100, 100, 80, (nan, 90, 80, 85), (60, 60, 60, 60)], buy=[0], max_drawdown=0.2)
    assert exits(account) == [(4, 60.0, "max_drawdown")]
    assert account.equity.tolist() == [1000, 1000, 800, 850, 600]


def test_a_stop_still_guards_a_position_that_waits_to_be_closed(trade: Trade) -> None:
    bars = [100, 100, 80, (nan, 80, 65, 75), 60]
    account = trade(bars, buy=[0, 3], max_drawdown=0.2, stop_loss=0.3)
    assert exits(account) == [(3, 70.0, "stop_loss")]
    assert account.equity.tolist() == [1000, 1000, 800, 700, 700]


def test_drawdown_limit_with_prev_close_fills_at_the_close_that_hit_it(trade: Trade) -> None:
    account = trade([100, 100, 80, 50, 50], buy=[0], fill="prev_close", max_drawdown=0.2)
    assert entries(account) == [(0, 100.0, 10.0)]
    assert exits(account) == [(2, 80.0, "max_drawdown")]
    assert account.equity.tolist() == [1000, 1000, 800, 800, 800]


def test_drawdown_limit_with_fill_close_closes_on_the_same_bar(trade: Trade) -> None:
    account = trade([100, 80, 50], buy=[0], fill="close", max_drawdown=0.2, commission={"fixed": 10.0})
    # 990 / 100 = 9.9 units; 990 at the close of bar 0, 792 on bar 1, 782 after the closing fee
    assert exits(account) == [(1, 80.0, "max_drawdown")]
    assert account.equity.tolist() == [990, 782, 782]


def test_with_fill_close_the_peak_ignores_what_the_bars_own_orders_cost(trade: Trade) -> None:
    account = trade([100, 100, 100], buy=[0], fill="close", max_drawdown=0.005, commission={"fixed": 10.0})
    # bar 0 is tested before the entry costs 10; bar 1 sees 990 of a peak of 1000
    assert exits(account) == [(1, 100.0, "max_drawdown")]
    assert account.equity.tolist() == [990, 980, 980]


@pytest.mark.parametrize("fill", ["close", "prev_close"])
def test_drawdown_limit_hit_on_a_bar_without_close_waits_for_the_next_close(trade: Trade, fill: str) -> None:
    account = trade([100, GONE, 90, 80, 80], buy=[0], fill=fill, max_drawdown=0.005, commission={"fixed": 10.0})
    assert exits(account) == [(2, 90.0, "max_drawdown")]  # the entry's fee shows on bar 1


@pytest.mark.parametrize("fill", ["next_open", "prev_close"])
def test_drawdown_limit_hit_on_the_last_bar_leaves_the_trade_open(trade: Trade, fill: str) -> None:
    account = trade([100, 100, 80], buy=[0], fill=fill, max_drawdown=0.2)
    assert exits(account) == [(2, 80.0, "open")]
    assert account.equity[-1] == 800


def test_finalize_closes_what_the_drawdown_limit_could_not(trade: Trade) -> None:
    account = trade([100, 100, (90, 90, 80, 80)], buy=[0], max_drawdown=0.2, finalize="last_open")
    assert exits(account) == [(2, 90.0, "end")]
    assert account.equity.tolist() == [1000, 1000, 900]


def test_drawdown_limit_drops_a_waiting_reversal_but_closes(trade: Trade) -> None:
    account = trade([100, 100, 100, (nan, 100, 70, 75), 70, 70], buy=[0], short=[2], max_drawdown=0.2)
    assert entries(account) == [(1, 100.0, 10.0)]
    assert exits(account) == [(4, 70.0, "max_drawdown")]
    assert unfilled(account) == [(2, -1, "cancelled")]


# Ruin


def test_ruin_closes_at_the_close_with_commission_but_without_slippage(trade: Trade) -> None:
    bars = [100, 100, 250, 100, 100]
    account = trade(bars, short=[0], buy=[3], commission={"fixed": 10.0}, slippage={"entry": 0.0, "exit": 0.5})
    # 9.9 units short: 990 - 9.9 * 150 = -495
    assert exits(account) == [(2, 250.0, "ruin")]
    assert account.pnl[0] == pytest.approx(-9.9 * 150 - 20)
    assert account.fees[0] == 20
    assert account.equity.tolist() == [1000, 990, 0, 0, 0]


def test_ruin_of_a_flat_account_ends_it_without_a_trade(trade: Trade) -> None:
    bars = [100, 100, (100, 350, 100, 350), 350, 100]
    account = trade(bars, short=[0, 3], stop_loss=2.0)  # stopped out at 300: 1000 - 10 * 200
    assert exits(account) == [(2, 300.0, "stop_loss")]
    assert account.equity.tolist() == [1000, 1000, 0, 0, 0]


def test_ruin_on_a_bar_without_close_uses_the_last_one(trade: Trade) -> None:
    account = trade(
        [100, GONE, 50], short=[0], fill="close", initial_capital=100.0, size_mode="units", size=2.0, commission=0.6
    )
    # 2 * 100 * 0.6 = 120 of commission, which shows on bar 1
    assert exits(account) == [(1, 100.0, "ruin")]
    assert account.equity.tolist() == [-20, 0, 0]
    assert account.pnl[0] == -240


def test_ruin_cancels_a_waiting_entry(trade: Trade) -> None:
    account = trade([100, 100, 100, (nan, 250, 100, 250), 250], short=[0], buy=[2])
    assert exits(account) == [(3, 250.0, "ruin")]
    assert unfilled(account) == [(2, +1, "cancelled")]


def test_without_ruin_a_short_may_lose_more_than_there_is(trade: Trade) -> None:
    account = trade([100, 100, 250, 250], short=[0], ruin=False)
    assert account.equity.tolist() == [1000, 1000, -500, -500]
    assert exits(account) == [(3, 250.0, "open")]


# Strength


def test_strength_of_the_signal_bar_scales_the_size(trade: Trade) -> None:
    account = trade([100, 100, 100], buy=[0], strength=[0.5, 1.0, 1.0])
    assert entries(account) == [(1, 100.0, 5.0)]


def test_strength_zero_is_no_order(trade: Trade) -> None:
    account = trade([100, 100, 100], buy=[0], strength=[0.0, 1.0, 1.0])
    assert entries(account) == []
    assert unfilled(account) == []


def test_a_reversal_with_strength_zero_only_closes(trade: Trade) -> None:
    account = trade([100, 100, 110, 110], buy=[0], short=[1], strength=[1.0, 0.0, 1.0, 1.0])
    assert exits(account) == [(2, 110.0, "signal")]
    assert unfilled(account) == []


@pytest.mark.parametrize("rule", [{"lot_size": 1.0}, {"size_rule": "whole"}])
def test_lots_are_floored_after_scaling(trade: Trade, rule: dict[str, Any]) -> None:
    account = trade([100, 100], buy=[0], size_mode="units", size=5.0, strength=[0.5, 1.0], **rule)
    assert entries(account) == [(1, 100.0, 2.0)]


@pytest.mark.parametrize("rule", [{"lot_size": 1.0}, {"size_rule": "whole"}])
def test_a_strength_that_leaves_less_than_one_lot_gives_no_trade(trade: Trade, rule: dict[str, Any]) -> None:
    account = trade([100, 100], buy=[0], size_mode="units", size=1.0, strength=[0.5, 1.0], **rule)
    assert unfilled(account) == [(0, +1, "below the lot")]


# Orders that give no trade, and why


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"commission": {"fixed": 1000.0}}, "no cash"),
        ({"size_mode": "units", "size": 1.0, "commission": {"fixed": 1000.0}}, "no cash"),
        ({"size_mode": "units", "size": 11.0, "shortfall": "cancel"}, "cancelled"),
        ({"size_mode": "value", "size": 1100.0, "shortfall": "cancel"}, "cancelled"),
        ({"size_mode": "value", "size": 90.0, "lot_size": 1.0}, "below the lot"),
        ({"lot_size": 20.0}, "below the lot"),
        ({"size_rule": "whole", "initial_capital": 99.0}, "below the lot"),
        ({"size_rule": "whole", "size_mode": "units", "size": 11.0}, "no cash"),
    ],
)
def test_a_long_that_gives_no_trade_is_listed(trade: Trade, settings: dict[str, Any], reason: str) -> None:
    account = trade([100, 100, 100], buy=[0], **settings)
    assert entries(account) == []
    assert unfilled(account) == [(0, +1, reason)]
    assert account.equity.tolist() == [account.equity[0]] * 3


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"commission": {"fixed": 1000.0}}, "no cash"),
        ({"size_mode": "units", "size": 1.0, "commission": {"fixed": 101.0}}, "no cash"),  # sells for 100
        ({"size_mode": "value", "size": 90.0, "lot_size": 1.0}, "below the lot"),
    ],
)
def test_a_short_that_gives_no_trade_is_listed(trade: Trade, settings: dict[str, Any], reason: str) -> None:
    account = trade([100, 100, 100], short=[0], **settings)
    assert unfilled(account) == [(0, -1, reason)]


def test_partial_takes_what_the_cash_allows(trade: Trade) -> None:
    account = trade([100, 100], buy=[0], size_mode="units", size=50.0, lot_size=1.0, commission={"fixed": 1.0})
    assert entries(account) == [(1, 100.0, 9.0)]  # 999 buy 9.99


def test_an_order_of_the_last_bar_is_pending_at_the_end(trade: Trade) -> None:
    account = trade([100, 100], buy=[1])
    assert unfilled(account) == [(1, +1, "pending at the end")]


def test_with_fill_close_the_last_bar_trades(trade: Trade) -> None:
    account = trade([100, 100], buy=[1], fill="close")
    assert entries(account) == [(1, 100.0, 10.0)]
    assert unfilled(account) == []


def test_only_the_opening_leg_of_a_reversal_is_pending_at_the_end(trade: Trade) -> None:
    account = trade([100, 100, 100], buy=[0], short=[2])
    assert exits(account) == [(2, 100.0, "open")]
    assert unfilled(account) == [(2, -1, "pending at the end")]


def test_a_lot_that_binary_floats_cannot_hold_is_counted_as_meant(trade: Trade) -> None:
    account = trade([100, 100], buy=[0], size_mode="units", size=0.3, lot_size=0.1)  # 0.3 // 0.1 is 2
    assert account.size[0] == pytest.approx(0.3, rel=1e-12)


# Bars with gaps


def test_an_order_waits_for_the_next_open(trade: Trade) -> None:
    account = trade([100, (nan, 130, 110, 120), (nan, nan, nan, nan), 125], buy=[0])
    assert entries(account) == [(3, 125.0, 8.0)]


def test_a_waiting_order_keeps_the_stop_base_of_its_own_bar(trade: Trade) -> None:
    bars = [100, GONE, (100, 100, 94, 96)]
    account = trade(bars, buy=[0], stop_loss=0.05, stop_base="signal_close")
    assert exits(account) == [(2, 95.0, "stop_loss")]


def test_a_later_order_replaces_one_that_waits(trade: Trade) -> None:
    account = trade([100, (nan, 100, 100, 100), 100], buy=[0], short=[1])
    assert entries(account) == [(2, 100.0, -10.0)]
    assert unfilled(account) == [(0, +1, "cancelled")]


def test_an_exit_flag_does_not_recall_an_entry_that_waits(trade: Trade) -> None:
    account = trade([100, (nan, 100, 100, 100), 100], buy=[0], sell=[1])  # exits are ignored while flat
    assert entries(account) == [(2, 100.0, 10.0)]


def test_nothing_is_decided_on_a_bar_without_close(trade: Trade) -> None:
    account = trade([100, (100, 100, 100, nan), 100, 100], buy=[1])
    assert entries(account) == []
    assert unfilled(account) == []


def test_an_exit_flag_of_a_bar_without_close_acts_on_the_next_that_has_one(trade: Trade) -> None:
    account = trade([100, 100, GONE, GONE, 100, 105, 110], buy=[0], sell=[2])
    assert exits(account) == [(5, 105.0, "signal")]


def test_an_exit_flag_is_kept_for_one_decision_only(trade: Trade) -> None:
    account = trade([100, GONE, 100, 100, 100], sell=[1], buy=[3])
    assert exits(account) == [(4, 100.0, "open")]


def test_vectorbt_drops_the_flags_of_a_bar_without_close(trade: Trade) -> None:
    account = trade([100, 100, GONE, 100, 100], buy=[0], sell=[2], preset="vectorbt")
    assert exits(account) == [(4, 100.0, "open")]


def test_a_kept_exit_flag_conflicts_with_an_entry_of_its_side(trade: Trade) -> None:
    account = trade([100, GONE, 100, 100], sell=[1], buy=[2])
    assert entries(account) == []


def test_equity_carries_the_last_close(trade: Trade) -> None:
    account = trade([100, 100, 110, GONE, 120], buy=[0])
    assert account.equity.tolist() == [1000, 1000, 1100, 1100, 1200]


def test_a_trade_open_at_the_end_is_marked_at_the_last_close_there_is(trade: Trade) -> None:
    account = trade([100, 100, 110, GONE], buy=[0], commission={"fixed": 10.0})
    assert exits(account) == [(3, 110.0, "open")]
    assert account.pnl[0] == pytest.approx(9.9 * 10 - 10)  # without the fee of an exit that was not
    assert account.returns[0] == pytest.approx((9.9 * 10 - 10) / 990)


@pytest.mark.parametrize(
    ("bar", "price"),
    [
        ((96.0, nan, nan, 94.0), 95.0),  # low = min(open, close)
        ((nan, nan, nan, 94.0), 94.0),  # open = close, beyond the stop
        ((nan, 97.0, 93.0, 96.0), 95.0),
        ((94.0, nan, nan, nan), 94.0),
        ((96.0, 97.0, 93.0, nan), 95.0),
    ],
)
def test_stops_read_what_a_bar_with_gaps_has(trade: Trade, bar: Bar, price: float) -> None:
    account = trade([100, 100, bar, 100], buy=[0], stop_loss=0.05)
    assert exits(account) == [(2, price, "stop_loss")]


def test_a_stop_leaves_the_opening_leg_of_a_waiting_reversal(trade: Trade) -> None:
    account = trade([100, 100, 100, (nan, 96, 94, 96), 100], buy=[0], short=[2], stop_loss=0.05)
    assert exits(account) == [(3, 95.0, "stop_loss"), (4, 100.0, "open")]
    assert entries(account)[1] == (4, 100.0, -9.5)


# Stops


def test_a_trailing_stop_is_called_so_only_once_it_has_moved(trade: Trade) -> None:
    falling = trade([100, 100, (97, 97, 94, 94)], buy=[0], stop_loss=0.05, trailing=True)
    assert exits(falling) == [(2, 95.0, "stop_loss")]
    rising = trade([100, (100, 120, 100, 120), (119, 119, 110, 112)], buy=[0], stop_loss=0.05, trailing=True)
    assert exits(rising) == [(2, 114.0, "trailing_stop")]  # 120 less 5 %: the fill bar's high counts


def test_a_short_trails_its_lowest_low_and_keeps_its_profit_base(trade: Trade) -> None:
    bars = [100, (100, 100, 80, 85), (85, 87, 82, 86), (86, 90, 86, 90)]
    account = trade(bars, short=[0], stop_loss=0.1, take_profit=0.25, trailing=True)
    assert exits(account) == [(3, 88.0, "trailing_stop")]


def test_after_a_stop_the_same_bar_may_enter_again_or_not(trade: Trade) -> None:
    bars = [100, (100, 100, 94, 97), 97]
    kept = trade(bars, buy=[0, 1], fill="close", stop_loss=0.05, after_stop="keep")
    assert [bar for bar, _, _ in entries(kept)] == [0, 1]
    dropped = trade(bars, buy=[0, 1], fill="close", stop_loss=0.05, after_stop="drop")
    assert [bar for bar, _, _ in entries(dropped)] == [0]


def test_an_ignored_opposite_entry_lets_the_exit_flag_act(trade: Trade) -> None:
    account = trade([100, 100, 100, 100], buy=[0], sell=[2], short=[2], opposite="ignore")
    assert exits(account) == [(3, 100.0, "signal")]
    assert entries(account) == [(1, 100.0, 10.0)]


# The end


def test_last_close_pays_commission_but_no_slippage(trade: Trade) -> None:
    account = trade(
        [100, 100, 110, GONE], buy=[0], finalize="last_close", commission={"fixed": 10.0}, slippage={"exit": 0.1}
    )
    assert exits(account) == [(3, 110.0, "end")]
    assert account.fees[0] == 20
    assert account.equity.tolist() == pytest.approx([1000, 990, 1089, 1079])


def test_last_close_leaves_an_entry_of_the_last_bar_pending(trade: Trade) -> None:
    account = trade([100, 100], buy=[1], finalize="last_close")
    assert unfilled(account) == [(1, +1, "pending at the end")]


def test_last_open_without_an_open_leaves_all_as_it_is(trade: Trade) -> None:
    account = trade([100, 100, (nan, 120, 110, 115)], buy=[0], short=[2], finalize="last_open")
    assert exits(account) == [(2, 115.0, "open")]
    assert unfilled(account) == [(2, -1, "pending at the end")]


def test_last_open_reverses_into_a_trade_that_stays_open(trade: Trade) -> None:
    account = trade([100, 100, (110, 110, 99, 99)], buy=[0], short=[2], finalize="last_open")
    assert exits(account) == [(2, 110.0, "end"), (2, 99.0, "open")]
    assert entries(account) == [(1, 100.0, 10.0), (2, 110.0, -10.0)]
    assert account.equity[-1] == 1210


def test_last_open_checks_the_stops_of_what_it_opened(trade: Trade) -> None:
    account = trade([100, (100, 100, 90, 100)], buy=[1], finalize="last_open", stop_loss=0.05)
    assert exits(account) == [(1, 95.0, "stop_loss")]
    assert account.equity.tolist() == [1000, 950]


def test_last_open_on_a_single_bar_with_prev_close_has_no_price(trade: Trade) -> None:
    account = trade([100], buy=[0], fill="prev_close", finalize="last_open")
    assert unfilled(account) == [(0, +1, "pending at the end")]


# Commission


def test_a_reversal_pays_a_fixed_fee_for_each_leg_or_for_the_order(trade: Trade) -> None:
    bars = [100, 100, 100, 100]
    leg = trade(bars, buy=[0], short=[1], size_mode="units", size=4.0, commission={"fixed": 10.0})
    assert leg.fees.tolist() == [20, 10]
    order = {"fixed": 10.0, "fixed_per": "order"}
    once = trade(bars, buy=[0], short=[1], size_mode="units", size=4.0, commission=order)
    assert once.fees.tolist() == [15, 5]  # 10 to enter, then 10 once for both legs of 4 units
    assert once.equity.tolist() == [1000, 990, 980, 980]


def test_a_reversal_is_sized_before_its_one_fixed_fee(trade: Trade) -> None:
    account = trade([100, 100, 100], buy=[0], short=[1], commission={"fixed": 10.0, "fixed_per": "order"})
    # 1000 - 10 buy 9.9; 990 are left before the fee, of which the short leaves out 10: 9.8
    assert entries(account) == [(1, 100.0, 9.9), (2, 100.0, pytest.approx(-9.8))]
    assert account.fees.tolist() == pytest.approx([10 + 10 * 9.9 / 19.7, 10 * 9.8 / 19.7])


def test_a_reversal_that_only_closes_pays_the_fixed_fee_whole(trade: Trade) -> None:
    order = {"fixed": 10.0, "fixed_per": "order"}
    account = trade([100, 100, 1], buy=[0], short=[1], size_mode="units", size=4.0, commission=order)
    assert unfilled(account) == [(1, -1, "no cash")]  # 4 units at 1 sell for less than the fee
    assert account.fees.tolist() == [20]


# Warm-up, targets, interruption


def test_nothing_trades_before_warmup(trade: Trade) -> None:
    account = trade([100, 100, 100, 100], buy=[0, 2], warmup=2)
    assert [bar for bar, _, _ in entries(account)] == [3]
    assert trade([100, 100], buy=[0], warmup=9).equity.tolist() == [1000, 1000]


def test_targets_become_flags_where_they_change() -> None:
    target = np.array([1, 1, 1, 0, -1, -1, 1], dtype=np.int8)
    strength = np.linspace(0, 1, 7)
    signals = reference.signals_from_targets(target, 2, strength)
    assert np.flatnonzero(signals.long_entry).tolist() == [2, 6]  # a target that holds already enters at warmup
    assert np.flatnonzero(signals.long_exit).tolist() == [3]
    assert np.flatnonzero(signals.short_entry).tolist() == [4]
    assert np.flatnonzero(signals.short_exit).tolist() == [6]
    assert_array_equal(signals.strength, strength)


def test_check_is_called_every_4096_bars_and_may_stop_the_run() -> None:
    n_bars = 10_000
    price = np.full(n_bars, 100.0)
    nothing = np.zeros(n_bars, dtype=np.bool_)
    calls: list[int] = []

    def check() -> None:
        calls.append(len(calls))
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        reference.simulate(
            Prices(price, price, price, price), Signals(*[nothing] * 4), Settings(), warmup=0, check=check
        )
    assert calls == [0, 1, 2]  # before bars 0, 4096 and 8192
