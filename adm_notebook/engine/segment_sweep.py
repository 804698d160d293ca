"""Many accounts on the same bars, from event to event: which rows go together, and in which order.

Rows that share their signals and differ in size, costs and capital alone are walked side by side; rows with signals of
their own go through the bars tile by tile; the others one after the other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adm_notebook.engine.abreast import LANES, LOST, N_FIELDS, put_lane, run_abreast, same_path, take_lane
from adm_notebook.engine.segment_kernels import begin_curve, events, put_row, run_row
from adm_notebook.engine.segments import CURVE, Terrain
from adm_notebook.engine.sweep_kernels import ROOM, TALLY, U8, Wanted
from adm_notebook.engine.tight import N_KEPT, begin_tight, is_tight, run_tight
from adm_notebook.jit import inner, jit
from adm_notebook.market.arrays import F64, I64, Bool

__all__ = ["TILE", "TOGETHER", "Room", "room_for", "sweep_segments"]

TILE = 4096  # bars, about 0.5 MB of terrain
TOGETHER = 64  # rows that go through a tile one after the other: what they keep in mind is 30 KB


class Room(NamedTuple):
    """Arrays that `sweep_segments` works in.

    trades, unfilled      of the account that is run, until they are counted
    bars, kinds           (n_bars + 1,)  of events
    scratch               (n_bars,)
    curves, tallies, kept  (TOGETHER, ...)  sums over bars, sums over trades and the state of accounts
    running, lost         (TOGETHER,)  which of them are still run, and which can't be run so
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
    lost: Bool
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
    room   `room_for` these bars
    """
    run_rows(metrics, done, order, rules, ledgers, periods, warmups, terrain, wanted, room)


@inner
def run_rows(
    metrics: F64,
    done: Bool,
    order: I64,
    rules: Any,
    ledgers: Any,
    periods: F64,
    warmups: I64,
    ground: Terrain,
    wanted: Wanted,
    room: Room,
) -> None:
    """`sweep_segments`, with its arrays on loan."""
    n_bars: int = ground.close.shape[0]
    bars, kinds, lanes = room.bars, room.kinds, room.lanes
    curve, tally = room.curves[0], room.tallies[0]
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
        warmup = warmups[row]
        tight = constant and warmup < n_bars and is_tight(rules[row], ground)
        if done[row] or (tight and not shared):
            at += 1
            continue
        if found_for < 0 or not shared or (by_target and found_for != warmup):
            events(wanted, row, warmup, 0, n_bars, bars, kinds)
            found_for = warmup
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
            if n == 1 or lanes[LOST + np.uint64(lane)] != 0.0:
                one = order[at + lane]
                done[one] = run_alone(metrics[one], one, tight, rules, ledgers, periods, warmup, ground, wanted, room)
        at += n


@inner
def run_alone(
    out: F64,
    row: int,
    tight: bool,
    rules: Any,
    ledgers: Any,
    periods: F64,
    warmup: int,
    ground: Terrain,
    wanted: Wanted,
    room: Room,
) -> bool:
    """One row, whose events are in the room; False where its figures are not sure.

    tight  whether `run_tight` can be tried
    """
    n_bars: int = ground.close.shape[0]
    bars, kinds = room.bars, room.kinds
    curve, tally = room.curves[0], room.tallies[0]
    capital = ledgers[row].balance
    begin_curve(curve, capital, warmup)
    tally[:] = 0.0
    traded = warmup >= n_bars
    if tight:
        kept, ledger = room.kept[0], ledgers[row]
        begin_tight(kept, capital, warmup)
        stop_loss, take_profit = ledger.order_stop_loss, ledger.order_take_profit
        traded = run_tight(kept, curve, tally, rules[row], stop_loss, take_profit, n_bars, ground, bars, kinds)
        if not traded:
            begin_curve(curve, capital, warmup)
            tally[:] = 0.0
    if not traded:
        run_row(
            curve,
            tally,
            rules[row : row + 1],
            ledgers[row : row + 1],
            warmup,
            ground,
            bars,
            kinds,
            wanted.strength[min(row, wanted.strength.shape[0] - 1)],
            wanted.stop_loss[min(row, wanted.stop_loss.shape[0] - 1)],
            wanted.take_profit[min(row, wanted.take_profit.shape[0] - 1)],
            room.trades,
            room.unfilled,
            room.scratch,
        )
    sure: bool = put_row(out, curve, tally, n_bars, capital, periods[row])
    return sure


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
    bars, kinds = room.bars, room.kinds
    running, lost = room.running, room.lost
    curves, tallies, kept = room.curves, room.tallies, room.kept
    for k in range(rows.shape[0]):
        row = rows[k]
        running[k] = not done[row] and warmups[row] < n_bars and is_tight(rules[row], ground)
        lost[k] = False
        begin_curve(curves[k], ledgers[row].balance, warmups[row])
        begin_tight(kept[k], ledgers[row].balance, warmups[row])
        tallies[k, :] = 0.0
    n_tiles = max(1, (n_bars + room.tile // 2) // room.tile)
    start = 0
    for tile in range(n_tiles):
        end = n_bars if tile == n_tiles - 1 else start + room.tile
        for k in range(rows.shape[0]):
            if running[k]:
                row = rows[k]
                events(wanted, row, warmups[row], start, end, bars, kinds)
                lost[k] = not run_tight(
                    kept[k],
                    curves[k],
                    tallies[k],
                    rules[row],
                    ledgers[row].order_stop_loss,
                    ledgers[row].order_take_profit,
                    end,
                    ground,
                    bars,
                    kinds,
                )
                running[k] = not lost[k]
        start = end
    for k in range(rows.shape[0]):
        if running[k]:
            row = rows[k]
            done[row] = put_row(metrics[row], curves[k], tallies[k], n_bars, ledgers[row].balance, periods[row])
    for k in range(rows.shape[0]):  # the first curve and the first tally are free now
        if lost[k]:
            row = rows[k]
            events(wanted, row, warmups[row], 0, n_bars, bars, kinds)
            done[row] = run_alone(metrics[row], row, False, rules, ledgers, periods, warmups[row], ground, wanted, room)


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
