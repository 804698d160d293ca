"""An account from event to event: stretches between them come from `segments`.

An event is a bar with a flag, one that a pending order may fill on, one where a stop or a limit acts, the first and the
last. These are traded one by one, by the functions of `fills` and `kernels` and in the order of `run_account`, so that
trades are those of a single backtest to the last bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adm_notebook.engine.bits import WORD, changes_from, lowest_bit
from adm_notebook.engine.fills import (
    CANCELLED,
    CLOSE,
    MAX_DRAWDOWN,
    RUIN,
    SIGNAL,
    book_unfilled,
    check_stops,
    close_at,
    execute,
)
from adm_notebook.engine.kernels import decision, fill_order, finish
from adm_notebook.engine.segments import (
    BEFORE,
    DOWN,
    DRAWDOWN,
    HELD,
    LOOK,
    NOISE,
    NOISE_R,
    PEAK,
    SQUARES,
    SUM,
    Terrain,
    advance,
    mark,
    threshold,
)
from adm_notebook.engine.sweep_kernels import (
    LONG_ENTRY,
    LONG_EXIT,
    SHORT_ENTRY,
    SHORT_EXIT,
    U8,
    UNFILLED,
    Wanted,
    edge,
    put_metrics,
    tally_trades,
)
from adm_notebook.jit import inner
from adm_notebook.market.arrays import F64, I8, I64

__all__ = ["begin_curve", "events", "put_row", "run_row"]

ZERO, ONE = np.uint64(0), np.uint64(1)
EPSILON = 2.3e-16
LEAST_SQUARES = 4e-10  # a sum of squared returns above it has lost less than 1e-10 of itself to their rounding


@inner
def target_events(targets: I8, warmup: int, start: int, end: int, bars: I64, kinds: U8) -> int:
    """Bars from `start` to before `end` whose flags are set, into `bars` and `kinds`; how many there are.

    targets  (n_bars,)  before `warmup` is applied
    bars, kinds  as long as there are bars, and one more; behind the last, `bars` gets `end`
    """
    n = 0
    i = start
    if warmup >= start:
        if warmup < end and targets[warmup] != 0:
            bars[0], kinds[0] = warmup, edge(0, targets[warmup])
            n = 1
        i = warmup + 1
    while i + WORD <= end:
        changed = changes_from(targets, i)
        while changed != ZERO:
            t = i + int(lowest_bit(changed))
            changed &= changed - ONE
            u = np.uint64(t)
            bars[n], kinds[n] = t, edge(targets[u - ONE], targets[u])
            n += 1
        i += WORD
    while i < end:
        u = np.uint64(i)
        before, now = targets[u - ONE], targets[u]
        if now != before:
            bars[n], kinds[n] = i, edge(before, now)
            n += 1
        i += 1
    bars[n] = end
    return n


@inner
def flag_events(flags: U8, start: int, end: int, bars: I64, kinds: U8) -> int:
    """The same of packed flags, (n_bars,)."""
    n = 0
    for i in range(start, end):
        if flags[i] != 0:
            bars[n], kinds[n] = i, flags[i]
            n += 1
    bars[n] = end
    return n


@inner
def events(wanted: Wanted, row: int, warmup: int, start: int, end: int, bars: I64, kinds: U8) -> int:
    """The same of one row."""
    if wanted.targets.shape[0] > 0:
        targets = wanted.targets[min(row, wanted.targets.shape[0] - 1)]
        return target_events(targets, warmup, start, end, bars, kinds)
    return flag_events(wanted.flags[min(row, wanted.flags.shape[0] - 1)], start, end, bars, kinds)


@inner
def begin_curve(curve: F64, capital: float, warmup: int) -> None:
    """The sums before bar `warmup`; equity is the capital until then."""
    curve[:] = 0.0
    curve[BEFORE] = capital
    curve[PEAK] = capital if warmup > 0 else -np.inf
    curve[LOOK] = threshold(capital, 0.0) if warmup > 0 else np.inf


@inner
def put_row(out: F64, curve: F64, tally: F64, n_bars: int, capital: float, periods: float) -> bool:
    """Write the metrics of a row; False where its sums may have lost more digits than the specification allows.

    With squares summed around 0, the deviation loses what the mean takes of them: a hundredfold at most is let pass.
    Then the deviation is beyond doubt no rounding error of a constant return, either.
    """
    total, squares, down = curve[SUM], curve[SQUARES], curve[DOWN]
    mean, deviation = total / n_bars, 0.0
    if n_bars < 2:
        return False
    if squares > 0.0 or total != 0.0:
        distances = squares - total * mean
        noise = EPSILON * curve[NOISE]
        noise_r = EPSILON * (0.5 * curve[NOISE_R] + 2.0 * math.sqrt(curve[HELD]))  # E[t] / E[t-1] is rounded, near 1
        if not (distances > 0.01 * squares and LEAST_SQUARES < squares < 1e300):
            return False
        if noise > 1e-10 * distances or (down != 0.0 and (down < LEAST_SQUARES or noise > 1e-10 * down)):
            return False
        deviation = math.sqrt(distances / (n_bars - 1))
        scale = max(min(deviation, math.sqrt(max(down, 0.0) / n_bars)), 1e-300)
        if noise_r > 3e-10 * abs(total) and noise_r / n_bars / scale * math.sqrt(max(periods, 1.0)) > 3e-13:
            return False
    put_metrics(
        out,
        tally,
        n_bars,
        capital,
        curve[BEFORE],
        mean,
        deviation,
        0.0,
        max(down, 0.0) / n_bars,
        curve[DRAWDOWN],
        periods,
        False,
    )
    return True


@inner
def run_row(
    curve: F64,
    tally: F64,
    settings: Any,
    ledger: Any,
    warmup: int,
    terrain: Terrain,
    bars: I64,
    kinds: U8,
    strength: F64,
    stop_loss: F64,
    take_profit: F64,
    trades: F64,
    unfilled: I64,
    scratch: F64,
) -> None:
    """One account into its sums: the order of events is that of `run_account`.

    bars, kinds  bars with flags in order, and these flags; after the last, n_bars
    scratch      (n_bars,)  written
    """
    rules, books = settings[0], ledger[0]
    open_, high, low, close = terrain.open, terrain.high, terrain.low, terrain.close
    n_bars: int = close.shape[0]
    last = n_bars - 1
    at_close, lowest = rules.fills_at == CLOSE, 1.0 - rules.max_drawdown
    strengths_vary = strength.shape[0] > 0
    stop_losses_vary, take_profits_vary = stop_loss.shape[0] > 0, take_profit.shape[0] > 0
    peak, pending = books.peak, False
    kept_long_exit = kept_short_exit = False
    cursor = 0
    i = warmup
    while i < n_bars:
        if not (pending or kept_long_exit or kept_short_exit):
            while bars[cursor] < i:
                cursor += 1
            j = min(bars[cursor], last)
            keep = -np.inf if books.halted else lowest
            if books.position != 0.0:
                if books.halted:
                    j = last
                if j > i:
                    i, peak = advance(
                        terrain,
                        curve,
                        i,
                        j,
                        books.lower,
                        books.upper,
                        books.balance,
                        books.position,
                        books.entry_price,
                        keep,
                        peak,
                    )
            elif j > i:
                top = max(peak, books.balance)
                if (books.balance > 0.0 or not rules.ruin) and books.balance > top * keep:
                    mark(curve, books.balance)  # the first of these bars; the others change nothing
                    peak = top
                    i = last if books.halted else j
        while bars[cursor] < i:
            cursor += 1
        kind = kinds[cursor] if bars[cursor] == i else np.uint8(0)
        price = close[i]
        has_close = not math.isnan(price)
        last_close = terrain.price[i]

        # 1. The pending order.
        if pending and not at_close:
            pending = not fill_order(rules, books, trades, unfilled, i, open_, close, False)

        # 2. Stops.
        stopped = False
        if books.position != 0.0 and not (low[i] > books.lower and high[i] < books.upper):
            stopped = check_stops(rules, books, trades, i, open_[i], high[i], low[i], price)

        # 3. Equity.
        worth = books.balance
        if books.position != 0.0:
            worth += books.position * (last_close - books.entry_price)

        # 4. Ruin, and the limit on drawdown.
        if worth <= 0.0 and rules.ruin:
            if books.order_opens != 0:
                book_unfilled(books, unfilled, CANCELLED)
            if books.position != 0.0:
                close_at(rules, books, trades, i, last_close, RUIN)
            mark(curve, 0.0)
            empty_books(tally, books, trades, n_bars)
            return
        peak = max(peak, worth)
        if worth <= peak * lowest and not books.halted:
            books.halted = True
            if books.order_opens != 0:
                book_unfilled(books, unfilled, CANCELLED)
            pending = books.order_closes = books.position != 0.0
            books.order_reason = MAX_DRAWDOWN

        # 5. Decide.
        if not has_close:
            if rules.keeps_exits_over_nan:
                kept_long_exit |= kind & LONG_EXIT != 0
                kept_short_exit |= kind & SHORT_EXIT != 0
        else:
            if (kind != 0 or kept_long_exit or kept_short_exit) and not (
                books.halted or (stopped and rules.drops_after_stop)
            ):
                closes, opens = decision(
                    rules,
                    books.position,
                    kind & LONG_ENTRY != 0,
                    (kind & LONG_EXIT != 0) or kept_long_exit,
                    kind & SHORT_ENTRY != 0,
                    (kind & SHORT_EXIT != 0) or kept_short_exit,
                )
                kept_long_exit = kept_short_exit = False
                if strengths_vary and strength[i] == 0.0:
                    opens = 0
                if closes or opens != 0:
                    if books.order_opens != 0:
                        book_unfilled(books, unfilled, CANCELLED)
                    books.order_closes, books.order_opens, books.order_bar = closes, opens, i
                    books.order_reason = SIGNAL
                    if strengths_vary:
                        books.order_strength = strength[i]
                    if stop_losses_vary:
                        books.order_stop_loss = stop_loss[i]
                    if take_profits_vary:
                        books.order_take_profit = take_profit[i]
                    pending = True
            if pending and at_close:
                execute(rules, books, trades, unfilled, i, price, price, books.order_reason)
                worth = books.balance + books.position * (price - books.entry_price)
                pending = False
        if i == last:
            finish(rules, books, trades, unfilled, scratch, last_close, open_, high, low, close)
            worth = scratch[last]
        mark(curve, worth)
        empty_books(tally, books, trades, n_bars)
        i += 1


@inner
def empty_books(tally: F64, books: Any, trades: F64, n_bars: int) -> None:
    """Move the trades and the unfilled orders since the last event to the sums."""
    if books.n_trades > 0:
        tally_trades(tally, trades, books.n_trades, n_bars, False)
        books.n_trades = 0
    if books.n_unfilled > 0:
        tally[UNFILLED] += books.n_unfilled
        books.n_unfilled = 0
