"""The account that most sweeps have, in local variables: a fraction of the cash in each trade, plain stops or none.

Everything here is a special case of `segment_kernels.run_row`, and does the same arithmetic in the same order. Where a
row turns out to be no such case, it is given up, and run there.
"""

from __future__ import annotations

import math

import numpy as np

from adm_notebook.engine.fills import CLOSE, FRACTION, NOT_FINAL, PREV_CLOSE, SMALLEST_SIZE, Rules
from adm_notebook.engine.kernels import decision
from adm_notebook.engine.segments import (
    BEFORE,
    DOWN,
    DRAWDOWN,
    HELD,
    LOOK,
    PEAK,
    SQUARES,
    SUM,
    WHOLE,
    Terrain,
    advance,
    threshold,
)
from adm_notebook.engine.sweep_kernels import (
    COVERED,
    FEES_PAID,
    FIRST,
    GAINS,
    LARGEST,
    LONG_ENTRY,
    LONG_EXIT,
    LOSSES,
    MEAN,
    RETURNS,
    SHORT_ENTRY,
    SHORT_EXIT,
    SQUARED,
    TRADES,
    U8,
    UNFILLED,
    WINS,
)
from adm_notebook.jit import inlined, inner
from adm_notebook.market.arrays import F64, I64

__all__ = ["N_KEPT", "begin_tight", "is_tight", "run_tight"]

FEW = 12  # bars; as many are walked as fast as a stretch is looked up

N_KEPT = 19
(
    AT,  # the bar to go on with
    BALANCE,
    POSITION,
    ENTRY_PRICE,
    ENTRY_FEE,
    ENTRY_BAR,
    STOP,
    PROFIT,
    LOWER,
    UPPER,
    EVENT_SUM,  # of returns on bars with events, and on those that are walked beside them
    EVENT_SQUARES,
    EVENT_DOWN,
    EVENT_HELD,
    CLOSES,  # of the pending order, as are the next two
    OPENS,
    DECIDED_CLOSE,
    PENDING,
    CAPITAL,
) = (np.uint64(place) for place in range(N_KEPT))
"""Places of what an account keeps in mind between two stretches of bars."""


@inner
def is_tight(rules: Rules, terrain: Terrain) -> bool:
    """Whether `run_tight` knows these rules; strength and stops must not vary from bar to bar, either."""
    return (
        terrain.facts[WHOLE] == 1
        and rules.size_mode == FRACTION
        and not rules.whole
        and rules.lot == 0.0
        and (rules.fixed == 0.0 or not rules.fixed_per_order)
        and not rules.trailing
        and rules.finalize == NOT_FINAL
        and rules.fills_at != PREV_CLOSE
        and rules.max_position_value == np.inf
        and rules.max_drawdown == np.inf
    )


@inlined
def opening_units(rules: Rules, balance: float, direction: int, price: float) -> float:
    """Units (unsigned) that an opening at `price` gets, slippage included; 0 where there is no cash for any."""
    if direction > 0:
        units: float = ((min(balance, rules.order_size * balance) - rules.fixed) / (1.0 + rules.rate)) / price
    else:
        units = rules.order_size * (balance - rules.fixed) / (price * (1.0 + rules.rate))
    if units < SMALLEST_SIZE or (direction < 0 and units * price * (1.0 - rules.rate) < rules.fixed):
        return 0.0
    return units


@inlined
def tally_trade(tally: F64, position: float, entry_price: float, bars: int, fees: float, pnl: float) -> None:
    """Add one closed trade to the sums, as `tally_trades` does."""
    earned = pnl / (abs(position) * entry_price)
    n, mean = tally[TRADES] + 1.0, tally[MEAN]
    first = pnl if n == 1.0 else tally[FIRST]
    step = (pnl - first) - mean
    mean += step / n
    tally[FIRST], tally[TRADES], tally[MEAN] = first, n, mean
    tally[SQUARED] += step * ((pnl - first) - mean)
    tally[FEES_PAID] += fees
    tally[COVERED] += bars
    tally[WINS] += 1.0 if pnl > 0.0 else 0.0
    tally[GAINS] += max(pnl, 0.0)
    tally[LOSSES] += min(pnl, 0.0)
    tally[RETURNS] += earned
    tally[LARGEST] = max(tally[LARGEST], abs(pnl))


@inner
def begin_tight(kept: F64, capital: float, warmup: int) -> None:
    """An account before its first bar, `warmup`."""
    kept[:] = 0.0
    kept[AT], kept[CAPITAL], kept[BALANCE] = warmup, capital, capital
    kept[LOWER], kept[UPPER] = -np.inf, np.inf


@inner
def run_tight(
    kept: F64,
    curve: F64,
    tally: F64,
    rules: Rules,
    stop_loss: float,
    take_profit: float,
    end: int,
    terrain: Terrain,
    bars: I64,
    kinds: U8,
) -> bool:
    """One account over the bars before `end`; False where its equity falls to 0 or below, and the sums are worthless.

    Called with one end after the other, the last being n_bars, it adds to the sums what `run_row` adds, to the same
    bits wherever the ends are: a stretch that goes on after an end is left, whole, to the next call.

    kept         (N_KEPT,)  the account, from `begin_tight` or the call before; written
    stop_loss, take_profit  fractions, infinite = none
    bars, kinds  bars before `end` with flags, in order, and these flags, at least all since the end before; after the
                 last of them, `end`
    """
    i = int(kept[AT])
    open_, high, low, close = terrain.open, terrain.high, terrain.low, terrain.close
    n_bars: int = close.shape[0]
    last = n_bars - 1
    if i >= end:
        return True
    at_close, drops = rules.fills_at == CLOSE, rules.drops_after_stop
    has_stops = stop_loss < np.inf or take_profit < np.inf
    capital, balance, position = kept[CAPITAL], kept[BALANCE], kept[POSITION]
    entry_price, entry_fee, entry_bar = kept[ENTRY_PRICE], kept[ENTRY_FEE], int(kept[ENTRY_BAR])
    stop, profit, lower, upper = kept[STOP], kept[PROFIT], kept[LOWER], kept[UPPER]
    total, squares, down, held = kept[EVENT_SUM], kept[EVENT_SQUARES], kept[EVENT_DOWN], kept[EVENT_HELD]
    before, peak, drawdown, look = curve[BEFORE], curve[PEAK], curve[DRAWDOWN], curve[LOOK]
    pending, closes, opens = kept[PENDING] != 0.0, kept[CLOSES] != 0.0, int(kept[OPENS])
    decided_close = kept[DECIDED_CLOSE]
    cursor = 0
    while bars[cursor] < i:
        cursor += 1
    while i < end:
        if not pending:
            j = min(bars[cursor], last)
            if position == 0.0:
                if j > i:
                    if peak < capital and i == 0:  # the first bars, of all
                        peak, look = capital, threshold(capital, 0.0)
                    i = j
                if i >= end:
                    break
            elif j == end:  # where this stretch ends is known later
                break
            elif j - i > FEW:
                curve[BEFORE], curve[PEAK], curve[DRAWDOWN], curve[LOOK] = before, peak, drawdown, look
                i, _ = advance(terrain, curve, i, j, lower, upper, balance, position, entry_price, -np.inf, -np.inf)
                before, peak, drawdown, look = curve[BEFORE], curve[PEAK], curve[DRAWDOWN], curve[LOOK]
            else:
                while i < j:
                    u = np.uint64(i)
                    if has_stops and not (low[u] > lower and high[u] < upper):
                        break
                    worth = balance + position * (close[u] - entry_price)
                    if worth <= 0.0:
                        return False
                    r = np.divide(worth, before) - 1.0
                    total += r
                    squares += r * r
                    fall = min(r, 0.0)
                    down += fall * fall
                    held += 1.0
                    before = worth
                    if worth > peak:
                        peak = worth
                        look = threshold(peak, drawdown)
                    elif worth < look:
                        drawdown = min(drawdown, worth / peak - 1.0)
                        look = threshold(peak, drawdown)
                    i += 1
        u = np.uint64(i)
        price = close[u]
        filling, reference, decides = False, 0.0, bars[cursor] == i
        if pending:  # from the bar before
            filling, reference = True, open_[u]
        for leg in range(2):  # fills at the open, and then what the close decides, which may fill there
            if filling:
                if closes:
                    units = abs(position)
                    exit_price = reference * (1.0 - math.copysign(rules.exit_slippage, position))
                    fee = units * exit_price * rules.rate + rules.fixed
                    gain = position * (exit_price - entry_price)
                    fees = entry_fee + fee
                    tally_trade(tally, position, entry_price, i - entry_bar, fees, gain - fees)
                    balance += gain - fee
                    position = 0.0
                if opens != 0:
                    opening = reference * (1.0 + opens * rules.entry_slippage)
                    units = opening_units(rules, balance, opens, opening)
                    if units == 0.0:
                        tally[UNFILLED] += 1.0
                    else:
                        entry_fee = rules.fixed + units * opening * rules.rate
                        balance -= entry_fee
                        position, entry_price, entry_bar = opens * units, opening, i
                        if has_stops:
                            base = opening if rules.stops_from_fill else decided_close
                            stop = base * (1.0 - opens * stop_loss)
                            profit = base * (1.0 + opens * take_profit)
                            lower, upper = (stop, profit) if opens > 0 else (profit, stop)
                pending = filling = False
            if leg == 1:
                break

            stopped = False
            if has_stops and position != 0.0 and not (low[u] > lower and high[u] < upper):
                exit_price = stop_price(position > 0.0, stop, profit, open_[u], high[u], low[u])
                if exit_price > 0.0:
                    fee = rules.fixed + abs(position) * exit_price * rules.rate
                    gain = position * (exit_price - entry_price)
                    fees = entry_fee + fee
                    tally_trade(tally, position, entry_price, i - entry_bar, fees, gain - fees)
                    balance += gain - fee
                    position, stopped = 0.0, True
            worth = balance
            if position != 0.0:
                worth += position * (price - entry_price)
            if worth <= 0.0:
                return False
            if decides:
                kind = kinds[cursor]
                cursor += 1
                if not (stopped and drops):
                    closes, opens = decision(
                        rules,
                        position,
                        kind & LONG_ENTRY != 0,
                        kind & LONG_EXIT != 0,
                        kind & SHORT_ENTRY != 0,
                        kind & SHORT_EXIT != 0,
                    )
                    pending, decided_close = closes or opens != 0, price
                    filling, reference = pending and at_close, price
            if not filling:
                break
        if at_close:
            worth = balance
            if position != 0.0:
                worth += position * (price - entry_price)
            if worth <= 0.0:
                return False
        r = np.divide(worth, before) - 1.0
        total += r
        squares += r * r
        fall = min(r, 0.0)
        down += fall * fall
        held += 1.0
        before = worth
        if worth > peak:
            peak = worth
            look = threshold(peak, drawdown)
        elif worth < look:
            drawdown = min(drawdown, worth / peak - 1.0)
            look = threshold(peak, drawdown)
        i += 1
    curve[BEFORE], curve[PEAK], curve[DRAWDOWN], curve[LOOK] = before, peak, drawdown, look
    if end < n_bars:
        kept[AT], kept[BALANCE], kept[POSITION] = i, balance, position
        kept[ENTRY_PRICE], kept[ENTRY_FEE], kept[ENTRY_BAR] = entry_price, entry_fee, entry_bar
        kept[STOP], kept[PROFIT], kept[LOWER], kept[UPPER] = stop, profit, lower, upper
        kept[EVENT_SUM], kept[EVENT_SQUARES], kept[EVENT_DOWN], kept[EVENT_HELD] = total, squares, down, held
        kept[PENDING], kept[CLOSES], kept[OPENS], kept[DECIDED_CLOSE] = pending, closes, opens, decided_close
        return True
    if pending and opens != 0:
        tally[UNFILLED] += 1.0
    if position != 0.0:
        tally[FEES_PAID] += entry_fee
        tally[COVERED] += n_bars - entry_bar
    curve[SUM] += total
    curve[SQUARES] += squares
    curve[DOWN] += down
    curve[HELD] += held
    return True


@inlined
def stop_price(is_long: bool, stop: float, profit: float, open_: float, high: float, low: float) -> float:
    """Where a stop fills on a bar, 0 where none does: the stop-loss first; see `check_stops`."""
    side = 1.0 if is_long else -1.0
    if side * open_ <= side * stop:
        return open_
    if low <= stop <= high:
        return stop
    if side * open_ >= side * profit:
        return open_
    if low <= profit <= high:
        return profit
    return 0.0
