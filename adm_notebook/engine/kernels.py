"""The loop over the bars of one account, in the specification's order of events (sections 3, 4, 7 and 8)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adm_notebook.engine.fills import (
    CANCELLED,
    CLOSE,
    END,
    IGNORE,
    LAST_CLOSE,
    LAST_OPEN,
    MAX_DAILY_LOSS,
    MAX_DRAWDOWN,
    NEXT_OPEN,
    OPEN,
    PENDING_AT_THE_END,
    REVERSE,
    RUIN,
    SIGNAL,
    Books,
    Rules,
    book_exit,
    book_unfilled,
    check_stops,
    close_at,
    execute,
)
from adm_notebook.jit import inner, jit
from adm_notebook.market.arrays import F64, I8, I64, Bool

EVENTS_A_DECISION = 4  # rows that are added to trades or to unfilled orders before the next decision, at most


@inner
def decision(
    rules: Rules, position: float, long_entry: bool, long_exit: bool, short_entry: bool, short_exit: bool
) -> tuple[bool, int]:
    """What the four flags of a bar ask for: whether to close the position, and the direction to open (0 = none)."""
    if long_entry and long_exit:
        long_entry = long_exit = False
    if short_entry and short_exit:
        short_entry = short_exit = False
    if long_entry and short_entry:
        long_entry = short_entry = False
    if position == 0.0:
        return False, int(long_entry) - int(short_entry)
    side = 1 if position > 0.0 else -1
    opposite_entry = short_entry if side > 0 else long_entry
    if opposite_entry and rules.opposite != IGNORE:
        return True, -side if rules.opposite == REVERSE else 0
    return (long_exit if side > 0 else short_exit), 0


@jit
def edges(target: I8, warmup: int, flags: Bool) -> None:
    """Where a target is reached and where it is left.

    target  (n_bars,)    -1, 0 or +1; bars before `warmup` count as 0
    flags   (4, n_bars)  false; set where long and short positions begin and end: long_entry, long_exit, short_entry,
                         short_exit
    """
    before = 0
    for i in range(max(0, warmup), target.shape[0]):
        now = target[i]
        if now != before:
            flags[0, i] = now == 1
            flags[1, i] = before == 1
            flags[2, i] = now == -1
            flags[3, i] = before == -1
            before = now


@inner
def run_account(
    settings: Any,
    ledger: Any,
    trades: F64,
    unfilled: I64,
    equity: F64,
    start: int,
    open_: F64,
    high: F64,
    low: F64,
    close: F64,
    long_entry: Bool,
    long_exit: Bool,
    short_entry: Bool,
    short_exit: Bool,
    flagged: Bool,
    strength: F64,
    stop_loss: F64,
    take_profit: F64,
    days: I64,
) -> int:
    """Trade four flags a bar through one account, from bar `start` on; returns the bar to go on from, or n_bars.

    It stops short of the end where `trades` or `unfilled` lack the room for a decision: call again with longer ones.

    settings                (1,)  one record of dtype RULES
    ledger                  (1,)  one record of dtype BOOKS; at first as `compiled.ledger_of` makes it
    trades                  (room, 8)  written: columns POSITION to EXIT_REASON of `fills`, in order of entry
    unfilled                (room, 3)  written: bar of the decision, side, position in UNFILLED_REASONS
    equity                  (n_bars,)  written from `start` on: money, at each close
    start                   at first the warmup: the first bar that may decide; below n_bars
    open_, high, low, close (n_bars,)  quote currency per unit; > 0, NaN where missing (checked by `simulate`)
    long_entry .. short_exit (n_bars,)  flags known at the bar's close
    flagged                 (n_bars,)  whether any of the four is set; on the first bar of each day too where days count
    strength                (n_bars,) or (0,) for all 1; in [0, 1], known at the bar's close
    stop_loss, take_profit  (n_bars,) or (0,) for those of the settings; fractions of a position that is decided on the
                            bar, NaN = none
    days                    (n_bars,) or (0,) where days don't count; number of each bar's local calendar day
    """
    rules, books = settings[0], ledger[0]
    n_bars: int = close.shape[0]
    last_close, peak = books.last_close, books.peak
    kept_long_exit, kept_short_exit = books.kept_long_exit, books.kept_short_exit
    pending = books.order_closes or books.order_opens != 0
    at_close, lowest = rules.fills_at == CLOSE, 1.0 - rules.max_drawdown
    strengths_vary, days_count = strength.shape[0] > 0, days.shape[0] > 0
    stop_losses_vary, take_profits_vary = stop_loss.shape[0] > 0, take_profit.shape[0] > 0

    i = start - 1
    while i + 1 < n_bars:
        i += 1
        if not (pending or kept_long_exit or kept_short_exit):
            i, last_close, peak = pass_quiet_bars(
                rules, books, equity, i, last_close, peak, lowest, high, low, close, flagged
            )
            if i == n_bars:
                break
        u = np.uint64(i)  # as an index it can't count from the end, which spares a check
        if flagged[u] and (
            books.n_trades + EVENTS_A_DECISION > trades.shape[0]
            or books.n_unfilled + EVENTS_A_DECISION > unfilled.shape[0]
        ):
            books.last_close, books.peak = last_close, peak
            books.kept_long_exit, books.kept_short_exit = kept_long_exit, kept_short_exit
            return i
        if days_count and days[u] > books.day:
            base = books.balance if i == 0 else equity[i - 1]
            books.day, books.day_floor, books.day_over = days[u], base * (1.0 - rules.max_daily_loss), False
        has_close = not math.isnan(close[u])
        if has_close:
            last_close = close[u]

        # 1. The pending order.
        if pending and not at_close:
            pending = not fill_order(rules, books, trades, unfilled, i, open_, close, False)

        # 2. Stops, also of a position that has just been opened.
        stopped = False
        if books.position != 0.0 and not (low[u] > books.lower and high[u] < books.upper):
            stopped = check_stops(rules, books, trades, i, open_[u], high[u], low[u], close[u])

        # 3. Equity.
        worth = books.balance
        if books.position != 0.0:
            worth += books.position * (last_close - books.entry_price)
        equity[u] = worth

        # 4. Ruin, and the limits on drawdown (section 7) and on the loss of a day.
        if worth <= 0.0 and rules.ruin:
            if books.order_opens != 0:
                book_unfilled(books, unfilled, CANCELLED)
            if books.position != 0.0:
                close_at(rules, books, trades, i, last_close, RUIN)
            for j in range(i, n_bars):
                equity[j] = 0.0
            return n_bars
        peak = max(peak, worth)
        if worth <= peak * lowest and not books.halted:
            books.halted = True
            if books.order_opens != 0:
                book_unfilled(books, unfilled, CANCELLED)
            pending = books.order_closes = books.position != 0.0
            books.order_reason = MAX_DRAWDOWN
        elif days_count and worth <= books.day_floor and not (books.halted or books.day_over):
            books.day_over = True
            if books.order_opens != 0:
                book_unfilled(books, unfilled, CANCELLED)
            pending = books.order_closes = books.position != 0.0
            books.order_reason = MAX_DAILY_LOSS
            kept_long_exit = kept_short_exit = False

        # 5. Decide.
        if not has_close:
            if rules.keeps_exits_over_nan and not books.day_over:
                kept_long_exit |= long_exit[u]
                kept_short_exit |= short_exit[u]
            continue
        if (flagged[u] | kept_long_exit | kept_short_exit) and not (
            books.halted or books.day_over or (stopped and rules.drops_after_stop)
        ):
            closes, opens = decision(
                rules,
                books.position,
                long_entry[u],
                long_exit[u] or kept_long_exit,
                short_entry[u],
                short_exit[u] or kept_short_exit,
            )
            kept_long_exit = kept_short_exit = False
            if strengths_vary and strength[u] == 0.0:
                opens = 0
            if closes or opens != 0:
                if books.order_opens != 0:  # it still waits for an open that is not NaN
                    book_unfilled(books, unfilled, CANCELLED)
                books.order_closes, books.order_opens, books.order_bar = closes, opens, i
                books.order_reason = SIGNAL
                if strengths_vary:
                    books.order_strength = strength[u]
                if stop_losses_vary:
                    books.order_stop_loss = math.inf if math.isnan(stop_loss[u]) else stop_loss[u]
                if take_profits_vary:
                    books.order_take_profit = math.inf if math.isnan(take_profit[u]) else take_profit[u]
                pending = True
        if pending and at_close:
            execute(rules, books, trades, unfilled, i, close[u], close[u], books.order_reason)
            equity[u] = books.balance + books.position * (close[u] - books.entry_price)
            pending = False

    finish(rules, books, trades, unfilled, equity, last_close, open_, high, low, close)
    return n_bars


@inner
def pass_quiet_bars(
    rules: Rules,
    books: Books,
    equity: F64,
    i: int,
    last_close: float,
    peak: float,
    lowest: float,
    high: F64,
    low: F64,
    close: F64,
    flagged: Bool,
) -> tuple[int, float, float]:
    """Mark to market from bar i to the next one where anything can happen, with no order pending; most bars are such.

    The loop of `run_account` would do the same to these bars. Here all it needs stays in registers, which is three
    times as fast. Anything out of the ordinary is left to it: a flag, a missing close, a stop within reach, ruin, a
    limit. Returned are that bar (n_bars if there is none), the last close and the peak of equity before it.
    """
    balance, position, entry_price = books.balance, books.position, books.entry_price
    lower, upper = books.lower, books.upper
    floor = -np.inf if books.halted else lowest
    least = 0.0 if rules.ruin else -np.inf
    if not (books.halted or books.day_over):
        least = max(least, books.day_floor)
    held = position != 0.0
    has_stops = lower > -np.inf or upper < np.inf  # without them highs and lows need not even be read
    n_bars: int = close.shape[0]
    while i < n_bars:
        u = np.uint64(i)
        price = close[u]
        if flagged[u] or math.isnan(price):
            break
        worth = balance
        if held:
            if has_stops and not (low[u] > lower and high[u] < upper):
                break
            worth += position * (price - entry_price)
        top = max(peak, worth)
        if worth <= least or worth <= top * floor:
            break
        equity[u], last_close, peak = worth, price, top
        i += 1
    return i, last_close, peak


@inner
def fill_order(
    rules: Rules,
    books: Books,
    trades: F64,
    unfilled: I64,
    i: int,
    open_: F64,
    close: F64,
    finalizing: bool,
) -> bool:
    """Fill the pending order during bar i at the open, or at the close before; False if that price is missing."""
    bar = i if rules.fills_at == NEXT_OPEN else i - 1
    reference = np.nan
    if rules.fills_at == NEXT_OPEN:
        reference = open_[i]
    elif bar >= 0:
        reference = close[bar]
    if math.isnan(reference):
        return False
    reason = END if finalizing else books.order_reason
    execute(rules, books, trades, unfilled, bar, reference, close[books.order_bar], reason)
    return True


@inner
def finish(
    rules: Rules,
    books: Books,
    trades: F64,
    unfilled: I64,
    equity: F64,
    last_close: float,
    open_: F64,
    high: F64,
    low: F64,
    close: F64,
) -> None:
    """End the account as `finalize` says, and enter what is still open or pending; the last equity follows."""
    last = close.shape[0] - 1
    if rules.finalize == LAST_OPEN:
        books.order_closes = books.position != 0.0
        if fill_order(rules, books, trades, unfilled, last, open_, close, True) and books.position != 0.0:
            check_stops(rules, books, trades, last, open_[last], high[last], low[last], close[last])
    elif rules.finalize == LAST_CLOSE and books.position != 0.0:
        close_at(rules, books, trades, last, last_close, END)
    equity[last] = books.balance
    if books.order_opens != 0:
        book_unfilled(books, unfilled, PENDING_AT_THE_END)
    if books.position != 0.0:
        equity[last] += books.position * (last_close - books.entry_price)
        book_exit(rules, books, trades, last, last_close, 0.0, OPEN)
