"""Accounts that trade on the same bars at the same prices, and differ in size, costs and capital: one walk for all.

Where a position is opened and closed depends on signals, stops and slippage. What an account makes of it is arithmetic
that it shares with no other, and that a processor does for several at once. Each account is one lane; lane k has its
figures at k in every field of one array, so that the loops below are vectorised. In each lane the arithmetic is that of
`tight.run_tight`, in the same order: an account's figures are the same bits, alone or beside others.
"""

from __future__ import annotations

import math

import numpy as np

from adm_notebook.engine.fills import CLOSE, SMALLEST_SIZE, Rules
from adm_notebook.engine.kernels import decision
from adm_notebook.engine.segments import (
    BEFORE,
    DOWN,
    DRAWDOWN,
    GROUP,
    HEAVIEST,
    HELD,
    HIGH,
    LARGE,
    LOOK,
    LOW,
    NOISE,
    NOISE_R,
    PEAK,
    REACH,
    SHIFT,
    SHORT,
    SQUARES,
    SUM,
    Terrain,
    extremes,
    search,
    threshold,
    walked,
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
from adm_notebook.engine.tight import FEW, stop_price
from adm_notebook.jit import inner
from adm_notebook.market.arrays import F64, I64

__all__ = ["LANES", "LOST", "N_FIELDS", "put_lane", "run_abreast", "same_path", "take_lane"]

LANES = 32
"""Accounts that are walked together at most."""

N_FIELDS = 29
(
    SIZE,
    RATE,
    FIXED,
    BALANCE,
    POSITION,
    ENTRY_FEE,
    WORTH,  # equity of the bar before
    TOP,  # the highest equity
    WORST,  # the worst drawdown
    EVENT_SUM,  # of returns on bars with events, and on those that are walked beside them
    EVENT_SQUARES,
    EVENT_DOWN,
    LONG_SUM,  # of returns over stretches
    LONG_SQUARES,
    LONG_DOWN,
    LONG_NOISE,
    LONG_NOISE_R,
    T_FIRST,  # of trades, as in `sweep_kernels`
    T_MEAN,
    T_SQUARED,
    T_FEES,
    T_WINS,
    T_GAINS,
    T_LOSSES,
    T_RETURNS,
    T_LARGEST,
    LOST,  # above 0: the account can't go this way, and its figures are worthless
    APART,  # 1: this stretch is not like the others' for the account
    ALL_IN,  # 1: it holds no cash over this stretch
) = (np.uint64(LANES * place) for place in range(N_FIELDS))
"""Where fields begin in the flat array of `N_FIELDS * LANES` numbers."""


@inner
def same_path(one: Rules, other: Rules) -> bool:
    """Whether accounts with these rules, of which `is_tight` is true, trade on the same bars at the same prices."""
    same: bool = (
        one.fills_at == other.fills_at
        and one.entry_slippage == other.entry_slippage
        and one.exit_slippage == other.exit_slippage
        and one.stops_from_fill == other.stops_from_fill
        and one.opposite == other.opposite
        and one.drops_after_stop == other.drops_after_stop
    )
    return same


@inner
def take_lane(s: F64, lane: int, rules: Rules, capital: float, warmup: int) -> None:
    """Put an account before the first bar into a lane."""
    u = np.uint64(lane)
    for place in range(N_FIELDS):
        s[np.uint64(place * LANES) + u] = 0.0
    s[SIZE + u], s[RATE + u], s[FIXED + u] = rules.order_size, rules.rate, rules.fixed
    s[BALANCE + u] = s[WORTH + u] = capital
    s[TOP + u] = capital if warmup > 0 else -np.inf


@inner
def put_lane(s: F64, lane: int, shared: tuple[float, float, float, float], curve: F64, tally: F64) -> bool:
    """The sums of a lane, with what `run_abreast` returned; False where they are worthless."""
    u = np.uint64(lane)
    if s[LOST + u] > 0.0:
        return False
    curve[SUM] = s[LONG_SUM + u] + s[EVENT_SUM + u]
    curve[SQUARES] = s[LONG_SQUARES + u] + s[EVENT_SQUARES + u]
    curve[DOWN] = s[LONG_DOWN + u] + s[EVENT_DOWN + u]
    curve[NOISE], curve[NOISE_R] = s[LONG_NOISE + u], s[LONG_NOISE_R + u]
    curve[BEFORE], curve[PEAK], curve[DRAWDOWN] = s[WORTH + u], s[TOP + u], s[WORST + u]
    curve[HELD], tally[TRADES], tally[COVERED], tally[UNFILLED] = shared
    tally[FIRST], tally[MEAN], tally[SQUARED] = s[T_FIRST + u], s[T_MEAN + u], s[T_SQUARED + u]
    tally[FEES_PAID], tally[WINS], tally[GAINS] = s[T_FEES + u], s[T_WINS + u], s[T_GAINS + u]
    tally[LOSSES], tally[RETURNS], tally[LARGEST] = s[T_LOSSES + u], s[T_RETURNS + u], s[T_LARGEST + u]
    return True


@inner
def run_abreast(
    s: F64,
    m: int,
    rules: Rules,
    stop_loss: float,
    take_profit: float,
    warmup: int,
    terrain: Terrain,
    bars: I64,
    kinds: U8,
    curve: F64,
) -> tuple[float, float, float, float]:
    """Walk the accounts in the first m lanes, a multiple of 8, to the last bar.

    s            (N_FIELDS * LANES,)  as `take_lane` leaves it; written
    rules        of any of them
    stop_loss, take_profit  fractions, infinite = none
    bars, kinds  bars with flags in order, and these flags; after the last, n_bars
    curve        (CURVE,)  scratch
    returns      what all lanes have in common: bars whose return may not be 0, closed trades, bars with a trade,
                 orders that were not filled
    """
    open_, high, low, close = terrain.open, terrain.high, terrain.low, terrain.close
    last: int = close.shape[0] - 1
    at_close, drops = rules.fills_at == CLOSE, rules.drops_after_stop
    has_stops = stop_loss < np.inf or take_profit < np.inf
    side, entry_price, entry_bar = 0, 0.0, 0
    stop, profit, lower, upper = 0.0, 0.0, -np.inf, np.inf
    held = trades = covered = 0.0
    pending, closes, opens, decided_close = False, False, 0, 0.0
    cursor = 0
    while bars[cursor] < warmup:
        cursor += 1
    i = warmup
    while i <= last:
        if not pending:
            j = min(bars[cursor], last)
            if side == 0:
                if j > i:
                    if i == 0:
                        start_at_capital(s, m)
                    i = j
            elif j - i > FEW:
                t = j
                least_low, greatest_high, least, most = extremes(terrain, i, j)
                if not (least_low > lower and greatest_high < upper):
                    t = first_beyond(terrain, i, j, lower, upper)
                    if t > i:
                        _, _, least, most = extremes(terrain, i, t)
                if t > i:
                    hold(s, m, terrain, i, t, side, entry_price, least, most, curve)
                    held += t - i
                i = t
            else:
                while i < j:
                    u = np.uint64(i)
                    if has_stops and not (low[u] > lower and high[u] < upper):
                        break
                    mark_lanes(s, m, close[u] - entry_price)
                    held += 1.0
                    i += 1
        u = np.uint64(i)
        price = close[u]
        filling, reference, decides, changed = False, 0.0, bars[cursor] == i, False
        if pending:  # from the bar before
            filling, reference = True, open_[u]
        for leg in range(2):  # fills at the open, and then what the close decides, which may fill there
            if filling:
                if closes:
                    exit_price = reference * (1.0 - math.copysign(rules.exit_slippage, float(side)))
                    trades += 1.0
                    covered += i - entry_bar
                    close_lanes(s, m, trades, entry_price, exit_price)
                    side, changed = 0, True
                if opens != 0:
                    opening = reference * (1.0 + opens * rules.entry_slippage)
                    open_lanes(s, m, opens, opening)
                    side, entry_price, entry_bar = opens, opening, i
                    if has_stops:
                        base = opening if rules.stops_from_fill else decided_close
                        stop = base * (1.0 - opens * stop_loss)
                        profit = base * (1.0 + opens * take_profit)
                        lower, upper = (stop, profit) if opens > 0 else (profit, stop)
                pending = filling = False
            if leg == 1:
                break

            stopped = False
            if has_stops and side != 0 and not (low[u] > lower and high[u] < upper):
                exit_price = stop_price(side > 0, stop, profit, open_[u], high[u], low[u])
                if exit_price > 0.0:
                    trades += 1.0
                    covered += i - entry_bar
                    close_lanes(s, m, trades, entry_price, exit_price)
                    side, changed, stopped = 0, True, True
            if at_close:  # what it is worth before it fills at this close; after that, `mark_lanes` looks
                look_for_ruin(s, m, price - entry_price)
            if decides:
                kind = kinds[cursor]
                cursor += 1
                if not (stopped and drops):
                    closes, opens = decision(
                        rules,
                        float(side),
                        kind & LONG_ENTRY != 0,
                        kind & LONG_EXIT != 0,
                        kind & SHORT_ENTRY != 0,
                        kind & SHORT_EXIT != 0,
                    )
                    pending, decided_close = closes or opens != 0, price
                    filling, reference = pending and at_close, price
            if not filling:
                break
        if side != 0 or changed or i == warmup:  # else equity is that of the bar before
            mark_lanes(s, m, price - entry_price)
        held += 1.0
        i += 1
    if side != 0:
        covered += last + 1 - entry_bar
        for k in range(m):
            u = np.uint64(k)
            s[T_FEES + u] += s[ENTRY_FEE + u]
    return held, trades, covered, 1.0 if pending and opens != 0 else 0.0


@inner
def start_at_capital(s: F64, m: int) -> None:
    """Equity of the first bar of all, flat: the capital is the highest so far."""
    for k in range(m):
        u = np.uint64(k)
        s[TOP + u] = max(s[TOP + u], s[BALANCE + u])


@inner
def mark_lanes(s: F64, m: int, move: float) -> None:
    """Enter the equity of one bar; move: its price less that of the entry, quote currency per unit."""
    for k in range(m):
        u = np.uint64(k)
        worth = s[BALANCE + u] + s[POSITION + u] * move
        s[LOST + u] += 1.0 if worth <= 0.0 else 0.0
        r = np.divide(worth, s[WORTH + u]) - 1.0
        fall = min(r, 0.0)
        s[EVENT_SUM + u] += r
        s[EVENT_SQUARES + u] += r * r
        s[EVENT_DOWN + u] += fall * fall
        s[WORTH + u] = worth
        top = max(s[TOP + u], worth)
        s[TOP + u] = top
        s[WORST + u] = min(s[WORST + u], np.divide(worth, top) - 1.0)


@inner
def look_for_ruin(s: F64, m: int, move: float) -> None:
    """Note the accounts that are worth nothing."""
    for k in range(m):
        u = np.uint64(k)
        s[LOST + u] += 1.0 if s[BALANCE + u] + s[POSITION + u] * move <= 0.0 else 0.0


@inner
def open_lanes(s: F64, m: int, side: int, price: float) -> None:
    """Open a position in each lane at `price`, slippage included; one that gets none goes another way: it is lost."""
    for k in range(m):
        u = np.uint64(k)
        balance, size, rate, fixed = s[BALANCE + u], s[SIZE + u], s[RATE + u], s[FIXED + u]
        if side > 0:
            units = np.divide(np.divide(min(balance, size * balance) - fixed, 1.0 + rate), price)
            none = units < SMALLEST_SIZE
        else:
            units = np.divide(size * (balance - fixed), price * (1.0 + rate))
            none = (units < SMALLEST_SIZE) | (units * price * (1.0 - rate) < fixed)
        s[LOST + u] += 1.0 if none else 0.0
        fee = fixed + units * price * rate
        s[ENTRY_FEE + u] = fee
        s[BALANCE + u] = balance - fee
        s[POSITION + u] = side * units


@inner
def close_lanes(s: F64, m: int, n: float, entry_price: float, exit_price: float) -> None:
    """Close the position of each lane; it is the n-th trade of all."""
    for k in range(m):
        u = np.uint64(k)
        position, rate = s[POSITION + u], s[RATE + u]
        units = abs(position)
        fee = units * exit_price * rate + s[FIXED + u]
        gain = position * (exit_price - entry_price)
        fees = s[ENTRY_FEE + u] + fee
        pnl = gain - fees
        s[BALANCE + u] += gain - fee
        s[POSITION + u] = 0.0
        first = pnl if n == 1.0 else s[T_FIRST + u]
        mean = s[T_MEAN + u]
        step = (pnl - first) - mean
        mean += np.divide(step, n)
        s[T_FIRST + u], s[T_MEAN + u] = first, mean
        s[T_SQUARED + u] += step * ((pnl - first) - mean)
        s[T_FEES + u] += fees
        s[T_WINS + u] += 1.0 if pnl > 0.0 else 0.0
        s[T_GAINS + u] += max(pnl, 0.0)
        s[T_LOSSES + u] += min(pnl, 0.0)
        s[T_RETURNS + u] += np.divide(pnl, units * entry_price)
        s[T_LARGEST + u] = max(s[T_LARGEST + u], abs(pnl))


@inner
def first_beyond(terrain: Terrain, i: int, j: int, lower: float, upper: float) -> int:
    """The first bar i <= t < j that leaves the band (`lower`, `upper`), else j."""
    blocks, lows, highs = terrain.blocks, terrain.lowest, terrain.highest
    t, no_large, no_small = i, i, i
    while t < j:
        u, b = np.uint64(t), np.uint64(t >> SHIFT)
        if t & 255 == 0 and t + 256 <= j and t >= no_large:
            if blocks[LARGE, b, LOW] > lower and blocks[LARGE, b, HIGH] < upper:
                t += 256
            else:
                no_large = t + 256
        elif t & 15 == 0 and t + 16 <= j and t >= no_small:
            if blocks[0, b, LOW] > lower and blocks[0, b, HIGH] < upper:
                t += 16
            else:
                no_small = t + 16
        elif lows[u] > lower and highs[u] < upper:
            t += 1
        else:
            break
    return t


@inner
def hold(
    s: F64,
    m: int,
    terrain: Terrain,
    i: int,
    j: int,
    side: int,
    entry_price: float,
    least: float,
    most: float,
    curve: F64,
) -> None:
    """Enter the bars i <= t < j, over which all lanes hold the position that they held at the close before i.

    least, most  the extreme prices of these bars
    """
    if side < 0:
        least, most = most, least
    if extend(s, m, least - entry_price, most - entry_price, entry_price) > 0:
        for k in range(m):  # the order of highs and lows matters to these
            u = np.uint64(k)
            if s[APART + u] > 0.0:
                curve[PEAK], curve[DRAWDOWN] = s[TOP + u], s[WORST + u]
                curve[LOOK] = threshold(s[TOP + u], s[WORST + u])
                search(
                    terrain,
                    curve,
                    i,
                    j,
                    -np.inf,
                    np.inf,
                    s[BALANCE + u],
                    s[POSITION + u],
                    entry_price,
                    -np.inf,
                    -np.inf,
                )
                s[TOP + u], s[WORST + u] = curve[PEAK], curve[DRAWDOWN]
    sums, a, b = terrain.returns, np.uint64(i), np.uint64(j)
    others = add_returns(s, m, sums[b, 0] - sums[a, 0], sums[b, 1] - sums[a, 1], sums[b, 2] - sums[a, 2], sums[b, 1],
                         abs(sums[a, 0]) + abs(sums[b, 0]))  # fmt: skip
    if others > 0:
        group: int = terrain.facts[GROUP]
        t = i
        while t < j:
            end = j
            walking = others
            if group > 0:
                g = t // group
                end = min(j, (g + 1) * group)
                if end - t > SHORT:
                    walking = add_series(s, m, terrain, g, t, end, t - g * group > 0, side, entry_price)
                else:
                    walk_all(s, m)
            else:
                walk_all(s, m)
            if walking > 0:
                for k in range(m):
                    u = np.uint64(k)
                    if s[APART + u] > 0.0:
                        curve[SUM] = curve[SQUARES] = curve[DOWN] = 0.0
                        walked(terrain, curve, t, end, s[BALANCE + u], s[POSITION + u], entry_price)
                        s[LONG_SUM + u] += curve[SUM]
                        s[LONG_SQUARES + u] += curve[SQUARES]
                        s[LONG_DOWN + u] += curve[DOWN]
            t = end
    move = terrain.price[np.uint64(j - 1)] - entry_price
    for k in range(m):
        u = np.uint64(k)
        s[WORTH + u] = s[BALANCE + u] + s[POSITION + u] * move


@inner
def extend(s: F64, m: int, fall: float, rise: float, entry_price: float) -> int:
    """Enter the least and the greatest equity of some bars; how many lanes it left out, as their order matters there.

    fall, rise  what a unit loses and wins at the extreme prices
    """
    apart = 0
    for k in range(m):
        u = np.uint64(k)
        balance, position, top, drawdown = s[BALANCE + u], s[POSITION + u], s[TOP + u], s[WORST + u]
        worst, best = balance + position * fall, balance + position * rise
        look = best * (1.0 + drawdown) * (1.0 + 1e-15)
        matters = (best > top) & (worst < look) & (worst < best)
        highest = max(top, best)
        lowest = min(drawdown, np.divide(worst, highest) - 1.0)
        s[TOP + u] = top if matters else highest
        s[WORST + u] = drawdown if matters else lowest
        s[LOST + u] += 1.0 if worst <= 0.0 else 0.0
        s[APART + u] = 1.0 if matters else 0.0
        cash = balance - position * entry_price
        all_in = (position > 0.0) & (abs(cash) <= 1e-12 * worst) & (balance <= 1e4 * worst)
        s[ALL_IN + u] = 1.0 if all_in else 0.0
        apart += 1 if matters else 0
    return apart


@inner
def add_returns(s: F64, m: int, total: float, squares: float, down: float, noise: float, noise_r: float) -> int:
    """Enter the returns of a stretch in the lanes that are all in; how many are not."""
    others = 0
    for k in range(m):
        u = np.uint64(k)
        share = s[ALL_IN + u]
        s[LONG_SUM + u] += share * total
        s[LONG_SQUARES + u] += share * squares
        s[LONG_DOWN + u] += share * down
        s[LONG_NOISE + u] += share * noise
        s[LONG_NOISE_R + u] += share * noise_r
        others += 1 if share == 0.0 else 0
    return others


@inner
def walk_all(s: F64, m: int) -> None:
    """Mark the lanes that are not all in as such whose bars are walked."""
    for k in range(m):
        u = np.uint64(k)
        s[APART + u] = 1.0 - s[ALL_IN + u]


@inner
def add_series(
    s: F64, m: int, terrain: Terrain, g: int, i: int, j: int, inside: bool, side: int, entry_price: float
) -> int:
    """Enter the returns of bars i <= t < j of group g by their series; how many lanes have to walk, which are APART.

    inside  i is not the first bar of the group
    """
    sums, b = terrain.moments, np.uint64(j - 1)
    a = np.uint64(i - 1) if inside else b
    share = 1.0 if inside else 0.0
    a0, a1, a2 = sums[b, 0] - share * sums[a, 0], sums[b, 1] - share * sums[a, 1], sums[b, 2] - share * sums[a, 2]
    a3, a4, a5 = sums[b, 3] - share * sums[a, 3], sums[b, 4] - share * sums[a, 4], sums[b, 5] - share * sums[a, 5]
    f0, f1, f2 = sums[b, 6] - share * sums[a, 6], sums[b, 7] - share * sums[a, 7], sums[b, 8] - share * sums[a, 8]
    f3, f4 = sums[b, 9] - share * sums[a, 9], sums[b, 10] - share * sums[a, 10]
    r0, r1, r2 = sums[b, 11] - share * sums[a, 11], sums[b, 12] - share * sums[a, 12], sums[b, 13] - share * sums[a, 13]
    r3, r4 = sums[b, 14] - share * sums[a, 14], sums[b, 15] - share * sums[a, 15]
    noise, noise_r = sums[b, 6] + sums[b, 11], share * abs(sums[a, 0]) + abs(sums[b, 0])
    centre, reach = terrain.centres[np.uint64(g)], terrain.reaches[np.uint64(g)]
    move, walking, is_long = centre - entry_price, 0, side > 0
    for k in range(m):
        u = np.uint64(k)
        position = s[POSITION + u]
        worth = s[BALANCE + u] + position * move
        w = np.divide(position * centre, worth)
        heavy = (abs(w) > HEAVIEST) | (abs(w) * reach > REACH) | (worth <= 0.0)
        other = s[ALL_IN + u] == 0.0
        fits = other & (not heavy)
        v = -w
        total = ((((a5 * v + a4) * v + a3) * v + a2) * v + a1) * v + a0
        falls = (((5.0 * f4) * v + 4.0 * f3) * v + 3.0 * f2) * v + 2.0 * f1
        falls = falls * v + f0
        rises = (((5.0 * r4) * v + 4.0 * r3) * v + 3.0 * r2) * v + 2.0 * r1
        rises = rises * v + r0
        square = w * w
        s[LONG_SUM + u] += w * total if fits else 0.0
        s[LONG_SQUARES + u] += square * (falls + rises) if fits else 0.0
        s[LONG_DOWN + u] += square * (falls if is_long else rises) if fits else 0.0
        s[LONG_NOISE + u] += square * noise if fits else 0.0
        s[LONG_NOISE_R + u] += abs(w) * noise_r if fits else 0.0
        s[APART + u] = 1.0 if other & heavy else 0.0
        walking += 1 if other & heavy else 0
    return walking
