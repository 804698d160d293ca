"""Many accounts on the same bars, from event to event: stretches between them come from `segments`.

An event is a bar with a flag, one that a pending order may fill on, one where a stop or a limit acts, the first and the
last. These are traded one by one, by the functions of `fills` and `kernels` and in the order of `run_account`, so that
trades are those of a single backtest to the last bit.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from adm_notebook.engine.abreast import LANES, LOST, N_FIELDS, put_lane, run_abreast, same_path, take_lane
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
    CURVE,
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
    ROOM,
    SHORT_ENTRY,
    SHORT_EXIT,
    TALLY,
    U8,
    UNFILLED,
    Wanted,
    edge,
    put_metrics,
    tally_trades,
)
from adm_notebook.engine.tight import N_KEPT, begin_tight, is_tight, run_tight
from adm_notebook.engine.unowned import unowned
from adm_notebook.jit import inlined, inner, jit
from adm_notebook.market.arrays import F64, I8, I64, Bool

__all__ = ["begin_curve", "put_row", "room_for", "sweep_segments"]

EPSILON = 2.3e-16
TILE = 4096  # bars, about 0.5 MB of terrain
TOGETHER = 64  # rows that go through a tile one after the other: what they keep in mind is 30 KB
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
    while i < end:
        size = 32  # most groups of bars change nothing: they are passed over by 32, or by 8
        while i + size <= end and not changes(targets, i, size):
            i += size
        size = 8
        while i + size <= end and not changes(targets, i, size):
            i += size
        for t in range(i, min(i + size, end)):
            u = np.uint64(t)
            before, now = targets[u - np.uint64(1)], targets[u]
            if now != before:
                bars[n], kinds[n] = t, edge(before, now)
                n += 1
        i += size
    bars[n] = end
    return n


@inlined
def changes(targets: I8, i: int, size: int) -> bool:
    """Whether any of `size` bars from i on has another target than the bar before it."""
    changed = np.int8(0)
    for t in range(i, i + size):
        u = np.uint64(t)
        changed |= targets[u] ^ targets[u - np.uint64(1)]
    found: bool = changed != 0
    return found


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
        targets = unowned(wanted.targets[min(row, wanted.targets.shape[0] - 1)])
        return target_events(targets, warmup, start, end, bars, kinds)
    return flag_events(unowned(wanted.flags[min(row, wanted.flags.shape[0] - 1)]), start, end, bars, kinds)


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


class Room(NamedTuple):
    """Arrays that `sweep_segments` works in.

    trades, unfilled      of the account that is run, until they are counted
    bars, kinds           (n_bars + 1,)  of events
    scratch               (n_bars,)
    curves, tallies, kept  (TOGETHER, ...)  sums over bars, sums over trades and the state of accounts
    running               (TOGETHER,)  which of them are still run
    lanes                 accounts that are walked together
    tile                  bars that accounts with signals of their own go through before the next ones do
    """

    trades: F64
    unfilled: I64
    bars: I64
    kinds: U8
    scratch: F64
    curves: F64
    tallies: F64
    kept: F64
    running: Bool
    lanes: F64
    tile: int


def room_for(n_bars: int) -> Room:
    """About 17 bytes a bar."""
    return Room(
        np.empty((ROOM, 8)),
        np.empty((ROOM, 3), np.int64),
        np.empty(n_bars + 1, np.int64),
        np.empty(n_bars + 1, np.uint8),
        np.empty(n_bars),
        np.empty((TOGETHER, CURVE)),
        np.empty((TOGETHER, TALLY)),
        np.empty((TOGETHER, N_KEPT)),
        np.empty(TOGETHER, np.bool_),
        np.empty(N_FIELDS * LANES),
        TILE,
    )


@jit
def sweep_segments(
    metrics: F64,
    done: Bool,
    order: I64,
    rules: Any,
    ledgers: Any,
    periods: F64,
    warmups: I64,
    terrain: Terrain,
    wanted: Wanted,
    room: Room,
) -> None:
    """Trade and measure the rows that are not done, as `sweep_bars` does; rows it can't be sure of are left undone.

    metrics_style must be standard and max_daily_loss infinite in these rows; the rest as in `sweep_bars`.

    order  (k,)  the order in which rows are run: those that differ in size and costs alone should follow each other
    room   `room_for` these bars; the caller keeps it, as there are only views of it here
    """
    n_bars: int = terrain.close.shape[0]
    trades, unfilled, scratch = unowned(room.trades), unowned(room.unfilled), unowned(room.scratch)
    bars, kinds, lanes = unowned(room.bars), unowned(room.kinds), unowned(room.lanes)
    curve, tally, kept = unowned(room.curves[0]), unowned(room.tallies[0]), unowned(room.kept[0])
    ground = Terrain(
        unowned(terrain.open),
        unowned(terrain.high),
        unowned(terrain.low),
        unowned(terrain.close),
        unowned(terrain.price),
        unowned(terrain.lowest),
        unowned(terrain.highest),
        unowned(terrain.blocks),
        unowned(terrain.heads),
        unowned(terrain.tails),
        unowned(terrain.logs),
        unowned(terrain.returns),
        unowned(terrain.facts),
        unowned(terrain.centres),
        unowned(terrain.reaches),
        unowned(terrain.moments),
    )
    by_target = wanted.targets.shape[0] > 0
    shared = wanted.targets.shape[0] <= 1 and wanted.flags.shape[0] <= 1
    constant = wanted.strength.shape[1] == 0 and wanted.stop_loss.shape[1] == 0 and wanted.take_profit.shape[1] == 0
    n_rows: int = order.shape[0]
    if constant and not shared:
        for at in range(0, n_rows, TOGETHER):
            rows = order[at : at + TOGETHER]
            run_tiles(metrics, done, rows, rules, ledgers, periods, warmups, ground, wanted, room)
    found_for = -1
    at = 0
    while at < n_rows:
        row = order[at]
        if done[row]:
            at += 1
            continue
        warmup = warmups[row]
        if found_for < 0 or not shared or (by_target and found_for != warmup):
            events(wanted, row, warmup, 0, n_bars, bars, kinds)
            found_for = warmup
        tight = constant and shared and warmup < n_bars and is_tight(rules[row], ground)
        n = 1
        if tight:
            while n < LANES and at + n < n_rows and beside(order[at + n], row, done, rules, ledgers, warmups, ground):
                n += 1
        if n > 1:
            m = (n + 7) // 8 * 8
            for lane in range(m):
                one = order[at + min(lane, n - 1)]
                take_lane(lanes, lane, rules[one], ledgers[one].balance, warmup)
            ledger = ledgers[row]
            stop_loss, take_profit = ledger.order_stop_loss, ledger.order_take_profit
            common = run_abreast(lanes, m, rules[row], stop_loss, take_profit, warmup, ground, bars, kinds, curve)
            for lane in range(n):
                one = order[at + lane]
                capital = ledgers[one].balance
                begin_curve(curve, capital, warmup)
                tally[:] = 0.0
                if put_lane(lanes, lane, common, curve, tally):
                    done[one] = put_row(metrics[one], curve, tally, n_bars, capital, periods[one])
        for lane in range(n):
            one = order[at + lane]
            if done[one] or (n > 1 and lanes[LOST + np.uint64(lane)] == 0.0):
                continue
            capital = ledgers[one].balance
            begin_curve(curve, capital, warmup)
            tally[:] = 0.0
            traded = warmup >= n_bars
            if tight:
                begin_tight(kept, capital, warmup)
                stop_loss, take_profit = ledgers[one].order_stop_loss, ledgers[one].order_take_profit
                traded = run_tight(kept, curve, tally, rules[one], stop_loss, take_profit, n_bars, ground, bars, kinds)
                if not traded:
                    begin_curve(curve, capital, warmup)
                    tally[:] = 0.0
            if not traded:
                run_row(
                    curve,
                    tally,
                    rules[one : one + 1],
                    ledgers[one : one + 1],
                    warmup,
                    ground,
                    bars,
                    kinds,
                    unowned(wanted.strength[min(one, wanted.strength.shape[0] - 1)]),
                    unowned(wanted.stop_loss[min(one, wanted.stop_loss.shape[0] - 1)]),
                    unowned(wanted.take_profit[min(one, wanted.take_profit.shape[0] - 1)]),
                    trades,
                    unfilled,
                    scratch,
                )
            done[one] = put_row(metrics[one], curve, tally, n_bars, capital, periods[one])
        at += n


@inner
def run_tiles(
    metrics: F64,
    done: Bool,
    rows: I64,
    rules: Any,
    ledgers: Any,
    periods: F64,
    warmups: I64,
    ground: Terrain,
    wanted: Wanted,
    room: Room,
) -> None:
    """Those of some rows, each with signals of its own, that `run_tight` can run: all of them tile by tile.

    A tile is as many bars as have their terrain in a core's cache: each is fetched once for all rows, so that a bar
    takes as long in a million as in ten thousand.

    rows  (k,)  at most TOGETHER
    """
    n_bars: int = ground.close.shape[0]
    bars, kinds, running = unowned(room.bars), unowned(room.kinds), unowned(room.running)
    curves, tallies, kept = unowned(room.curves), unowned(room.tallies), unowned(room.kept)
    for k in range(rows.shape[0]):
        row = rows[k]
        running[k] = not done[row] and warmups[row] < n_bars and is_tight(rules[row], ground)
        begin_curve(unowned(curves[k]), ledgers[row].balance, warmups[row])
        begin_tight(unowned(kept[k]), ledgers[row].balance, warmups[row])
        tallies[k, :] = 0.0
    n_tiles = max(1, (n_bars + room.tile // 2) // room.tile)
    start = 0
    for tile in range(n_tiles):
        end = n_bars if tile == n_tiles - 1 else start + room.tile
        for k in range(rows.shape[0]):
            if running[k]:
                row = rows[k]
                events(wanted, row, warmups[row], start, end, bars, kinds)
                running[k] = run_tight(
                    unowned(kept[k]),
                    unowned(curves[k]),
                    unowned(tallies[k]),
                    rules[row],
                    ledgers[row].order_stop_loss,
                    ledgers[row].order_take_profit,
                    end,
                    ground,
                    bars,
                    kinds,
                )
        start = end
    for k in range(rows.shape[0]):
        if running[k]:
            row = rows[k]
            done[row] = put_row(
                metrics[row], unowned(curves[k]), unowned(tallies[k]), n_bars, ledgers[row].balance, periods[row]
            )


@inner
def beside(other: int, row: int, done: Bool, rules: Any, ledgers: Any, warmups: I64, ground: Terrain) -> bool:
    """Whether a row trades on the same bars at the same prices as `row`, of which `is_tight` is true."""
    return (
        not done[other]
        and warmups[other] == warmups[row]
        and ledgers[other].order_stop_loss == ledgers[row].order_stop_loss
        and ledgers[other].order_take_profit == ledgers[row].order_take_profit
        and is_tight(rules[other], ground)
        and same_path(rules[other], rules[row])
    )


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
