"""What one fill does to an account: its size, its commission, and what it enters in the books (sections 5 and 6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adm_notebook.jit import inner
from adm_notebook.market.arrays import F64, I64

NEXT_OPEN, CLOSE, PREV_CLOSE = range(3)  # Settings.fill
FRACTION, UNITS, VALUE = range(3)  # Settings.size_mode
REVERSE, CLOSE_ONLY, IGNORE = range(3)  # Settings.opposite
NOT_FINAL, LAST_OPEN, LAST_CLOSE = range(3)  # Settings.finalize

SIGNAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, MAX_DRAWDOWN, RUIN, END, OPEN, MAX_DAILY_LOSS = range(9)
"""Positions in EXIT_REASONS."""
NO_CASH, BELOW_THE_LOT, CANCELLED, PENDING_AT_THE_END = range(4)  # positions in UNFILLED_REASONS
FILLED = -1

SMALLEST_SIZE = 1e-8  # units; less is no trade
LOT_TOLERANCE = 1e-9  # relative; see `floored`
CASH_TOLERANCE = 1e-9  # relative; an order that costs this little more than the cash is filled

POSITION, ENTRY_BAR, ENTRY_PRICE, EXIT_BAR, EXIT_PRICE, FEES, PNL, EXIT_REASON = range(8)  # columns of the trade book


def _record(fields: list[tuple[str, str]]) -> np.dtype[np.void]:
    """A record whose fields are attributes, in numba and in plain Python."""
    taken = [name for name, _ in fields if hasattr(np.record, name)]  # `fill` and `size` of every numpy value
    assert not taken, f"plain Python would read something else at {taken}"
    return np.dtype((np.record, np.dtype(fields, align=True)))


BOOKS = _record(
    [
        ("balance", "f8"),  # money: capital, plus what closed trades brought, less all fees paid
        ("position", "f8"),  # units held, signed
        ("entry_price", "f8"),
        ("entry_fee", "f8"),
        ("entry_bar", "i8"),
        ("stop_loss", "f8"),  # fractions of the position; infinite where there is no stop
        ("take_profit", "f8"),
        ("stop_base", "f8"),  # price that the stop-loss is measured from; moves if it trails
        ("profit_base", "f8"),  # price that the take-profit is measured from
        ("stop_moved", "?"),
        ("lower", "f8"),  # a bar whose low and high lie between these two touches no stop and trails none
        ("upper", "f8"),
        ("order_closes", "?"),  # the pending order: whether it closes the position,
        ("order_opens", "i8"),  # the direction it opens, 0 = none,
        ("order_bar", "i8"),  # the bar that decided it,
        ("order_strength", "f8"),  # the strength and the stops of that bar,
        ("order_stop_loss", "f8"),
        ("order_take_profit", "f8"),
        ("order_reason", "i8"),  # and why it closes
        ("last_close", "f8"),  # the last that was not NaN
        ("peak", "f8"),  # highest equity so far, the initial capital included
        ("halted", "?"),  # max_drawdown was reached: nothing opens any more
        ("day", "i8"),  # the latest local day so far,
        ("day_floor", "f8"),  # equity at which max_daily_loss ends it,
        ("day_over", "?"),  # and whether it did: nothing is decided any more on that day
        ("kept_long_exit", "?"),  # exit flags of bars without a close, until the next decision
        ("kept_short_exit", "?"),
        ("n_trades", "i8"),
        ("n_unfilled", "i8"),
    ]
)
"""State of an account between two events: one record, changed in place by the functions below."""

RULES = _record(
    [
        ("fills_at", "i8"),  # NEXT_OPEN, CLOSE or PREV_CLOSE
        ("size_mode", "i8"),
        ("order_size", "f8"),
        ("whole", "?"),
        ("lot", "f8"),
        ("rate", "f8"),  # commission
        ("fixed", "f8"),
        ("fixed_per_order", "?"),
        ("entry_slippage", "f8"),
        ("exit_slippage", "f8"),
        ("margin", "f8"),
        ("trailing", "?"),
        ("stops_from_fill", "?"),
        ("opposite", "i8"),
        ("cancels_shortfall", "?"),
        ("drops_after_stop", "?"),
        ("keeps_exits_over_nan", "?"),
        ("finalize", "i8"),
        ("ruin", "?"),
        ("max_position_value", "f8"),
        ("max_drawdown", "f8"),
        ("max_daily_loss", "f8"),
    ]
)
"""Settings as scalars, names as in `Settings` where a record allows; a stop or limit that is not set is infinite."""

Books = Any  # a record of dtype BOOKS; numba passes records by reference
Rules = Any  # a record of dtype RULES


@inner
def floored(size: float, lot: float) -> float:
    """The largest multiple of `lot` that is no larger than `size`, both in units; a lot of 0 allows any size.

    A size that rounding alone keeps below a multiple counts as that multiple: 0.3 is three lots of 0.1.
    """
    if lot == 0.0 or size == np.inf:
        return size
    lots: float = np.rint(size / lot)
    if lots * lot > size * (1.0 + LOT_TOLERANCE):
        lots = np.floor(size / lot)
    return lots * lot


@inner
def opening_size(rules: Rules, balance: float, direction: int, reference: float, strength: float) -> tuple[float, int]:
    """Units (unsigned) that an opening gets, and FILLED or why it gets none.

    balance    money, when flat
    direction  +1 long, -1 short
    reference  price before slippage, quote currency per unit
    strength   in (0, 1], scales the size
    """
    price = reference * (1.0 + direction * rules.entry_slippage)
    size = rules.order_size * strength
    if rules.whole:
        if rules.size_mode == UNITS:
            wanted = floored(size, rules.lot)
            if wanted < SMALLEST_SIZE:
                return 0.0, BELOW_THE_LOT
            unit_cost = price + (rules.fixed + wanted * reference * rules.rate) / wanted
            if not wanted * unit_cost <= max(0.0, balance) / rules.margin:
                return 0.0, NO_CASH
            units = wanted
        else:
            # The peer's quirk: the rate is charged on the price before slippage, and `fixed` on each unit.
            unit_cost = price + (rules.fixed + size * reference * rules.rate) / size
            budget = max(0.0, balance) * (1.0 / rules.margin) * size
            if budget / unit_cost < SMALLEST_SIZE:
                return 0.0, NO_CASH
            units = budget // unit_cost
    else:
        wanted = math.inf
        if rules.size_mode != FRACTION:
            wanted = floored(size if rules.size_mode == UNITS else size / reference, rules.lot)
            if wanted < SMALLEST_SIZE:
                return 0.0, BELOW_THE_LOT
        units = wanted
        if direction > 0:
            budget = min(balance, size * balance) if rules.size_mode == FRACTION else balance
            cost = wanted * price * (1.0 + rules.rate) + rules.fixed
            affordable = cost <= budget or cost - budget <= CASH_TOLERANCE * max(cost, abs(budget))
            if rules.size_mode == FRACTION or not affordable:
                units = ((budget - rules.fixed) / (1.0 + rules.rate)) / price
                if rules.size_mode != FRACTION and rules.cancels_shortfall:
                    return 0.0, CANCELLED
        elif rules.size_mode == FRACTION:
            units = size * (balance - rules.fixed) / (price * (1.0 + rules.rate))
        if units < SMALLEST_SIZE:
            return 0.0, NO_CASH
        units = floored(units, rules.lot)
        if units >= SMALLEST_SIZE and direction < 0 and units * price * (1.0 - rules.rate) < rules.fixed:
            return 0.0, NO_CASH
    units = min(units, floored(rules.max_position_value / price, rules.lot))
    if units < SMALLEST_SIZE:
        return 0.0, BELOW_THE_LOT
    return units, FILLED


@inner
def book_exit(rules: Rules, books: Books, trades: F64, bar: int, price: float, fee: float, reason: int) -> None:
    """Enter the end of the open trade, at `price` and for `fee`, as one row of `trades`; the account is flat then."""
    row = trades[books.n_trades]
    gain = books.position * (price - books.entry_price)
    row[POSITION] = books.position
    row[ENTRY_BAR] = books.entry_bar
    row[ENTRY_PRICE] = books.entry_price
    row[EXIT_BAR] = bar
    row[EXIT_PRICE] = price
    row[FEES] = books.entry_fee + fee
    row[PNL] = gain - row[FEES]
    row[EXIT_REASON] = reason
    books.n_trades += 1
    books.balance += gain - fee
    books.position = 0.0


@inner
def book_unfilled(books: Books, unfilled: I64, reason: int) -> None:
    """Enter the opening of the pending order among those that gave no trade, and forget it."""
    row = unfilled[books.n_unfilled]
    row[0], row[1], row[2] = books.order_bar, books.order_opens, reason
    books.n_unfilled += 1
    books.order_opens = 0


@inner
def close_at(rules: Rules, books: Books, trades: F64, bar: int, price: float, reason: int) -> None:
    """Close the position at exactly `price` (stops, ruin, the last close: no slippage), with commission."""
    fee = rules.fixed + abs(books.position) * price * rules.rate
    book_exit(rules, books, trades, bar, price, fee, reason)


@inner
def execute(
    rules: Rules,
    books: Books,
    trades: F64,
    unfilled: I64,
    bar: int,
    reference: float,
    decided_close: float,
    reason: int,
) -> None:
    """Fill the pending order: its closing leg, then its opening leg.

    bar            bar that the fills are stamped with
    reference      price before slippage, quote currency per unit; not NaN
    decided_close  close of the bar that decided the order
    reason         why the closing leg closes, a position in EXIT_REASONS
    """
    direction = books.order_opens
    closed_units = abs(books.position) if books.order_closes else 0.0
    once = rules.fixed_per_order and direction != 0 and closed_units > 0.0  # one `fixed` for both legs
    exit_price = reference * (1.0 - math.copysign(rules.exit_slippage, books.position))
    exit_fee = closed_units * exit_price * rules.rate + (0.0 if once else rules.fixed)

    units, outcome = 0.0, FILLED
    if direction != 0:
        balance = books.balance
        if closed_units > 0.0:
            balance += books.position * (exit_price - books.entry_price) - exit_fee
        units, outcome = opening_size(rules, balance, direction, reference, books.order_strength)
    if once:
        exit_fee += rules.fixed * (closed_units / (closed_units + units))
    if closed_units > 0.0:
        book_exit(rules, books, trades, bar, exit_price, exit_fee, reason)
    books.order_closes = False
    if direction == 0:
        return
    if outcome != FILLED:
        book_unfilled(books, unfilled, outcome)
        return
    books.order_opens = 0
    price = reference * (1.0 + direction * rules.entry_slippage)
    fixed = rules.fixed * (units / (closed_units + units)) if once else rules.fixed
    books.entry_fee = fixed + units * price * rules.rate
    books.balance -= books.entry_fee
    books.position = direction * units
    books.entry_price = price
    books.entry_bar = bar
    books.stop_loss, books.take_profit = books.order_stop_loss, books.order_take_profit
    books.stop_base = price if rules.stops_from_fill else decided_close
    books.profit_base = books.stop_base
    books.stop_moved = False
    set_band(rules, books)


@inner
def set_band(rules: Rules, books: Books) -> None:
    """Note the prices between which stops need no look: few bars leave them, and only those call `check_stops`."""
    side = math.copysign(1.0, books.position)
    stop = books.stop_base * (1.0 - side * books.stop_loss)
    profit = books.profit_base * (1.0 + side * books.take_profit)
    if side > 0.0:
        books.lower, books.upper = stop, min(profit, books.stop_base) if rules.trailing else profit
    else:
        books.lower, books.upper = max(profit, books.stop_base) if rules.trailing else profit, stop


@inner
def check_stops(
    rules: Rules, books: Books, trades: F64, bar: int, open_: float, high: float, low: float, close: float
) -> bool:
    """Whether a stop closed the position on this bar, at its level or, gapped over, at the open; else trail it."""
    if math.isnan(open_):
        open_ = close
    if math.isnan(high):
        high = close if math.isnan(open_) or close > open_ else open_
    if math.isnan(low):
        low = close if math.isnan(open_) or close < open_ else open_
    side = math.copysign(1.0, books.position)

    level = books.stop_base * (1.0 - side * books.stop_loss)
    beyond = side * open_ <= side * level
    if beyond or low <= level <= high:
        reason = TRAILING_STOP if books.stop_moved else STOP_LOSS
        close_at(rules, books, trades, bar, open_ if beyond else level, reason)
        return True
    level = books.profit_base * (1.0 + side * books.take_profit)
    beyond = side * open_ >= side * level
    if beyond or low <= level <= high:
        close_at(rules, books, trades, bar, open_ if beyond else level, TAKE_PROFIT)
        return True
    if rules.trailing:
        best = high if side > 0.0 else low
        if side * best > side * books.stop_base:
            books.stop_base = best
            books.stop_moved = True
            set_band(rules, books)
    return False
