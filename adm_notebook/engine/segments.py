"""What a stretch of bars adds to an account that holds one position all along, without a look at each bar.

Between two trades equity follows the price: E = B + q (C - entry), with B, q and entry fixed. So

- where E is lowest and highest, C is: comparisons (stops, limits, ruin, the worst drawdown) need a range's least and
  greatest prices only, and come out as bar by bar to the last bit, since rounding keeps order;
- the returns of a long position without cash beside it are those of the price, C[t] / C[t-1] - 1: sums over a stretch
  are differences of two prefix sums;
- those of any other position are r = w d / (1 + w y), where, in a group of bars with the reference price R,
  d = (C[t] - C[t-1]) / R, y = C[t-1] / R - 1 and w = q R / E(R). Written as a power series in w y, the prices and the
  position come apart: sum r = w sum_m (-w)^m A_m and sum r^2 = w^2 sum_m (m + 1) (-w)^m S_m, where A_m = sum d y^m and
  S_m = sum d^2 y^m belong to the prices alone. Groups are so short that |w y| stays below REACH, where what is left
  out is below 2e-12 of the whole, less than the specification can tell; where it does not, the bars are walked.

Sums by differences lose digits where what is subtracted is much larger than what is left. Their loss is bounded in
NOISE and NOISE_R; the caller walks the bars of a row whose bound is too large.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adm_notebook.jit import inlined, inner, jit, readonly
from adm_notebook.market.arrays import F64, I64, Prices

__all__ = ["CURVE", "Terrain", "advance", "extremes", "held_over", "mark", "terrain_of"]

BLOCK = 16  # bars, a power of two
SHIFT = 4  # 2 ** 4 = 16
LARGE = 4  # level of `blocks` whose entries span 256 bars
REACH = 3e-3  # |w y| up to which a series is used: 6 REACH ** 5 = 1.5e-12, and REACH ** 6 = 7e-16 for sum r
GROUPS = (512, 256, 128, 64, 32)  # bars in a group, whichever first keeps most of y below REACH
SHORT = 12  # bars; as many are walked as fast as a series is evaluated
HEAVIEST = 100.0  # |w|; beyond it rounding of E itself is no longer small beside r

SUM, SQUARES, DOWN, PEAK, DRAWDOWN, LOOK, BEFORE, HELD, NOISE, NOISE_R, CURVE = range(11)
"""Places in the sums of a curve (CURVE,): of returns, their squares, those of losses; the highest equity, the worst
drawdown, the equity below which it may be worse, the equity of the bar before; bars whose return may not be 0; and how
large the numbers were that differences came from, for squares and for returns."""

GROUP, WHOLE = range(2)  # places in `facts`
LOW, HIGH, LEAST, MOST = range(4)  # columns of `blocks`, of `heads` and of `tails`


class Terrain(NamedTuple):
    """Structures over the bars of one instrument that all accounts on them share.

    open, high, low, close  (n_bars,)  as given
    price    (n_bars,)     the last close that is not NaN; NaN before the first
    lowest, highest  (n_bars,)  low and high, where missing the outer of those of open and close that are there, as
             stops see them; infinite where all are missing
    blocks   (levels, n_blocks, 4)  over the 2 ** level blocks of 16 bars from a block on: least low, greatest high,
             least and greatest price
    heads    (n_bars, 4)   the same from the first bar of a bar's block to the bar
    tails    (n_bars, 4)   the same from a bar to the last bar of its block
    logs     (n_blocks + 1,)  floor of the binary logarithm
    returns  (n_bars + 1, 3)  sums over the bars before: of price[t] / price[t-1] - 1, its square, its losses squared
    facts    (2,)          GROUP: bars in a group, 0 where there are no series, as prices move too much from bar to bar;
             WHOLE: whether no price is missing
    centres, reaches  (n_groups,)  the reference price of each group, and the largest |y| in it
    moments  (n_bars, 16)  sums from the first bar of a group to a bar: A_0 .. A_5, S_0 .. S_4 of falls, S_0 .. S_4 of
             rises; (0, 16) without groups
    """

    open: F64
    high: F64
    low: F64
    close: F64
    price: F64
    lowest: F64
    highest: F64
    blocks: F64
    heads: F64
    tails: F64
    logs: I64
    returns: F64
    facts: I64
    centres: F64
    reaches: F64
    moments: F64


def terrain_of(prices: Prices, *, series: bool = True) -> Terrain:
    """The structures over these bars: about 270 bytes a bar, 140 without `series` of positions beside cash."""
    arrays = [readonly(array) for array in prices[:4]]
    price, lowest, highest, blocks, heads, tails, logs, returns = filled = _room(len(prices.close))
    _structures(*filled, *arrays)
    group = 0
    if series and len(price) > 1:
        for candidate in GROUPS:
            _, reaches = _groups(price, candidate)
            if np.mean(reaches <= REACH) >= 0.8:  # NaN is not
                group = candidate
                break
    centres, reaches = _groups(price, group) if group else (np.empty(0), np.empty(0))
    moments = np.empty((len(price) if group else 0, 16))
    if group:
        _moments(moments, price, centres, group)
    facts = np.array([group, not any(np.isnan(array).any() for array in arrays)], dtype=np.int64)
    made = (price, lowest, highest, blocks, heads, tails, logs, returns, facts, centres, reaches, moments)
    return Terrain(*arrays, *map(readonly, made))  # type: ignore[arg-type]


def _room(n: int) -> tuple[F64, F64, F64, F64, F64, F64, I64, F64]:
    """Arrays for `_structures` to fill.

    They are made by numpy, which asks for huge pages: with small ones, a third of the time went to the pages.
    """
    n_blocks = (n + BLOCK - 1) >> SHIFT
    levels = max(n_blocks.bit_length(), LARGE + 1)  # an entry of the last one spans all bars
    price, lowest, highest = np.empty(n), np.empty(n), np.empty(n)
    blocks, heads, tails = np.empty((levels, n_blocks, 4)), np.empty((n, 4)), np.empty((n, 4))
    return price, lowest, highest, blocks, heads, tails, np.zeros(n_blocks + 1, np.int64), np.zeros((n + 1, 3))


@jit
def _structures(
    price: F64,
    lowest: F64,
    highest: F64,
    blocks: F64,
    heads: F64,
    tails: F64,
    logs: I64,
    returns: F64,
    open_: F64,
    high: F64,
    low: F64,
    close: F64,
) -> None:
    n: int = close.shape[0]
    last = np.nan
    for t in range(n):
        c, o = close[t], open_[t]
        if not np.isnan(c):
            last = c
        price[t] = last
        if np.isnan(o):
            o = c
        h, lo = high[t], low[t]
        if np.isnan(h):
            h = c if np.isnan(o) or c > o else o
        if np.isnan(lo):
            lo = c if np.isnan(o) or c < o else o
        highest[t] = -np.inf if np.isnan(h) else h
        lowest[t] = np.inf if np.isnan(lo) else lo

    levels, n_blocks = blocks.shape[0], blocks.shape[1]
    for b in range(n_blocks):
        start, end = b * BLOCK, min((b + 1) * BLOCK, n)
        at, step = start, 1
        for into in (heads, tails):
            lo, hi, least, most = np.inf, -np.inf, np.inf, -np.inf
            for _ in range(end - start):
                lo, hi = min(lo, lowest[at]), max(hi, highest[at])
                if not np.isnan(price[at]):
                    least, most = min(least, price[at]), max(most, price[at])
                into[at, LOW], into[at, HIGH], into[at, LEAST], into[at, MOST] = lo, hi, least, most
                at += step
            blocks[0, b, LOW], blocks[0, b, HIGH], blocks[0, b, LEAST], blocks[0, b, MOST] = lo, hi, least, most
            at, step = end - 1, -1
    for level in range(1, levels):
        half = 1 << (level - 1)
        for b in range(n_blocks):
            a, c = blocks[level - 1, b], blocks[level - 1, min(b + half, n_blocks - 1)]
            into = blocks[level, b]
            into[LOW], into[LEAST] = min(a[LOW], c[LOW]), min(a[LEAST], c[LEAST])
            into[HIGH], into[MOST] = max(a[HIGH], c[HIGH]), max(a[MOST], c[MOST])
    for b in range(2, n_blocks + 1):
        logs[b] = logs[b >> 1] + 1

    sums, lost = np.zeros(3), np.zeros(3)  # Neumaier's: each entry is rounded once
    for t in range(n):
        r = 0.0
        if t > 0 and not np.isnan(price[t - 1]):
            r = price[t] / price[t - 1] - 1.0
        fall = min(r, 0.0)
        _add(sums, lost, 0, r)
        _add(sums, lost, 1, r * r)
        _add(sums, lost, 2, fall * fall)
        for column in range(3):
            returns[t + 1, column] = sums[column] + lost[column]


@inner
def _add(sums: F64, lost: F64, at: int, value: float) -> None:
    total = sums[at] + value
    if abs(sums[at]) >= abs(value):
        lost[at] += (sums[at] - total) + value
    else:
        lost[at] += (value - total) + sums[at]
    sums[at] = total


@jit
def _groups(price: F64, group: int) -> tuple[F64, F64]:
    """Reference price of each group, the middle of its prices and the one before it, and the largest |y|."""
    n: int = price.shape[0]
    n_groups = (n + group - 1) // group
    centres, reaches = np.empty(n_groups), np.empty(n_groups)
    for g in range(n_groups):
        least, most = np.inf, -np.inf
        for t in range(max(g * group - 1, 0), min((g + 1) * group, n)):
            if np.isnan(price[t]):
                least = np.nan
            else:
                least, most = min(least, price[t]), max(most, price[t])
        centres[g] = 0.5 * (least + most)
        reaches[g] = (most - least) / (most + least)
    return centres, reaches


@jit
def _moments(moments: F64, price: F64, centres: F64, group: int) -> None:
    for t in range(price.shape[0]):
        row = moments[t]
        for column in range(16):
            row[column] = moments[t - 1, column] if t % group > 0 else 0.0
        if t == 0 or np.isnan(price[t - 1]):
            continue
        centre = centres[t // group]
        d, y = (price[t] - price[t - 1]) / centre, (price[t - 1] - centre) / centre
        power = d
        for m in range(6):
            row[m] += power
            power *= y
        at = 6 if d < 0.0 else 11
        power = d * d
        for m in range(5):
            row[at + m] += power
            power *= y


@inlined
def threshold(peak: float, drawdown: float) -> float:
    """Equity below which the drawdown from `peak` may be a new worst; a little high, so that rounding hides none."""
    return peak * (1.0 + drawdown) * (1.0 + 1e-15) if peak > 0.0 else np.inf


@inlined
def mark(curve: F64, worth: float) -> None:
    """Enter the equity of one bar in the sums."""
    before = curve[BEFORE]
    if before != 0.0:
        r = worth / before - 1.0
        curve[SUM] += r
        curve[SQUARES] += r * r
        if r < 0.0:
            curve[DOWN] += r * r
        if r != 0.0:
            curve[HELD] += 1.0
    curve[BEFORE] = worth
    if worth > curve[PEAK]:
        curve[PEAK] = worth
        curve[LOOK] = threshold(worth, curve[DRAWDOWN])
    elif worth < curve[LOOK]:
        peak = curve[PEAK]
        fall = worth / peak - 1.0 if peak != 0.0 else -np.inf if worth < 0.0 else 0.0
        curve[DRAWDOWN] = min(curve[DRAWDOWN], fall)
        curve[LOOK] = threshold(peak, curve[DRAWDOWN])


@inlined
def extremes(terrain: Terrain, i: int, j: int) -> tuple[float, float, float, float]:
    """Over the bars i <= t < j: least low, greatest high, least and greatest price."""
    u, v = np.uint64(i), np.uint64(j - 1)
    first, last = np.uint64(i >> SHIFT), np.uint64((j - 1) >> SHIFT)
    if first == last:
        low, high, least, most = np.inf, -np.inf, np.inf, -np.inf
        for t in range(i, j):
            w = np.uint64(t)
            low, high = min(low, terrain.lowest[w]), max(high, terrain.highest[w])
            least, most = min(least, terrain.price[w]), max(most, terrain.price[w])
        return low, high, least, most
    tails, heads = terrain.tails, terrain.heads
    low, high = min(tails[u, LOW], heads[v, LOW]), max(tails[u, HIGH], heads[v, HIGH])
    least, most = min(tails[u, LEAST], heads[v, LEAST]), max(tails[u, MOST], heads[v, MOST])
    between = int(last) - int(first) - 1
    if between > 0:
        level = terrain.logs[between]
        blocks, c, d = terrain.blocks, np.uint64(int(first) + 1), np.uint64(int(last) - (1 << level))
        low = min(low, min(blocks[level, c, LOW], blocks[level, d, LOW]))
        high = max(high, max(blocks[level, c, HIGH], blocks[level, d, HIGH]))
        least = min(least, min(blocks[level, c, LEAST], blocks[level, d, LEAST]))
        most = max(most, max(blocks[level, c, MOST], blocks[level, d, MOST]))
    return low, high, least, most


@inlined
def advance(
    terrain: Terrain,
    curve: F64,
    i: int,
    j: int,
    lower: float,
    upper: float,
    balance: float,
    position: float,
    entry_price: float,
    keep: float,
    peak: float,
) -> tuple[int, float]:
    """Hold a position from bar i on to bar j, or to the first bar where something happens, which is left to the caller.

    That is a bar that leaves the band of the stops, (`lower`, `upper`); whose equity is 0 or below; or where equity is
    `keep` times its peak (the one given, or a later one) or below. Returned are that bar, or j, and the peak; `curve`
    has what the bars before it add.
    """
    t = i
    low, high, least, most = extremes(terrain, i, j)
    if position < 0.0:
        least, most = most, least
    worst, best = balance + position * (least - entry_price), balance + position * (most - entry_price)
    top = max(peak, best)
    if low > lower and high < upper and worst > 0.0 and worst > top * keep and settled(curve, worst, best):
        t, peak = j, top
    else:
        t, peak, worst = search(terrain, curve, i, j, lower, upper, balance, position, entry_price, keep, peak)
    if t > i:
        held_over(terrain, curve, i, t, balance, position, entry_price, worst)
    return t, peak


@inlined
def settled(curve: F64, worst: float, best: float) -> bool:
    """Enter the least and the greatest equity of some bars; False, and nothing, where their order matters."""
    if best > curve[PEAK]:
        look = threshold(best, curve[DRAWDOWN])
        if worst < look and worst < best:
            return False
        curve[PEAK], curve[LOOK] = best, look
    elif worst < curve[LOOK]:
        curve[DRAWDOWN] = min(curve[DRAWDOWN], worst / curve[PEAK] - 1.0)
        curve[LOOK] = threshold(curve[PEAK], curve[DRAWDOWN])
    return True


@inner
def search(
    terrain: Terrain,
    curve: F64,
    i: int,
    j: int,
    lower: float,
    upper: float,
    balance: float,
    position: float,
    entry_price: float,
    keep: float,
    peak: float,
) -> tuple[int, float, float]:
    """The bar that `advance` ends at, by blocks of 256 and 16 bars and then one by one; the peak, the least equity."""
    t, no_large, no_small = i, i, i
    lowest_worth = np.inf
    blocks, lows, highs, price = terrain.blocks, terrain.lowest, terrain.highest, terrain.price
    while t < j:
        u = np.uint64(t)
        if t & 255 == 0 and t + 256 <= j and t >= no_large:
            size, level = 256, LARGE
        elif t & 15 == 0 and t + 16 <= j and t >= no_small:
            size, level = 16, 0
        else:
            size, level = 1, 0
        if size > 1:
            b = np.uint64(t >> SHIFT)
            low, high = blocks[level, b, LOW], blocks[level, b, HIGH]
            least, most = blocks[level, b, LEAST], blocks[level, b, MOST]
        else:
            low, high = lows[u], highs[u]
            least = most = price[u]
        if position < 0.0:
            least, most = most, least
        worst, best = balance + position * (least - entry_price), balance + position * (most - entry_price)
        top = max(peak, best)
        quiet = low > lower and high < upper and worst > 0.0 and worst > top * keep
        if size == 1:
            if not quiet:
                break
            settled(curve, worst, best)
        elif not (quiet and settled(curve, worst, best)):
            if size == 256:
                no_large = t + 256
            else:
                no_small = t + 16
            continue
        peak = top
        lowest_worth = min(lowest_worth, worst)
        t += size
    return t, peak, lowest_worth


@inlined
def held_over(
    terrain: Terrain, curve: F64, i: int, j: int, balance: float, position: float, entry_price: float, worst: float
) -> None:
    """Enter the returns of bars i <= t < j, over which a position is held that was held at the close before i.

    worst  money, above 0: the least equity of these bars
    """
    cash = balance - position * entry_price
    curve[HELD] += j - i
    if position > 0.0 and abs(cash) <= 1e-12 * worst and balance <= 1e4 * worst:
        sums, a, b = terrain.returns, np.uint64(i), np.uint64(j)
        curve[SUM] += sums[b, 0] - sums[a, 0]
        curve[SQUARES] += sums[b, 1] - sums[a, 1]
        curve[DOWN] += sums[b, 2] - sums[a, 2]
        curve[NOISE] += sums[b, 1]
        curve[NOISE_R] += abs(sums[a, 0]) + abs(sums[b, 0])
    else:
        group = terrain.facts[GROUP]
        t = i
        while t < j:
            end = j
            done = False
            if group > 0:
                g = t // group
                end = min(j, (g + 1) * group)
                centre = terrain.centres[g]
                worth = balance + position * (centre - entry_price)
                if end - t > SHORT and worth > 0.0:
                    w = position * centre / worth
                    if abs(w) <= HEAVIEST and abs(w) * terrain.reaches[g] <= REACH:
                        series(terrain, curve, t, end, t - g * group > 0, w)
                        done = True
            if not done:
                walked(terrain, curve, t, end, balance, position, entry_price)
            t = end
    curve[BEFORE] = balance + position * (terrain.price[j - 1] - entry_price)


@inlined
def series(terrain: Terrain, curve: F64, i: int, j: int, inside: bool, w: float) -> None:
    """Enter the returns of bars i <= t < j of one group by their power series; `inside`: i is not its first bar."""
    sums, b = terrain.moments, np.uint64(j - 1)
    a = np.uint64(i - 1) if inside else b
    share = 1.0 if inside else 0.0
    v = -w
    total = falls = rises = 0.0
    for m in range(5, -1, -1):
        total = total * v + (sums[b, m] - share * sums[a, m])
    for m in range(4, -1, -1):
        falls = falls * v + (m + 1) * (sums[b, 6 + m] - share * sums[a, 6 + m])
        rises = rises * v + (m + 1) * (sums[b, 11 + m] - share * sums[a, 11 + m])
    curve[SUM] += w * total
    curve[SQUARES] += w * w * (falls + rises)
    curve[DOWN] += w * w * (falls if w > 0.0 else rises)
    curve[NOISE] += w * w * (sums[b, 6] + sums[b, 11])
    curve[NOISE_R] += abs(w) * (share * abs(sums[a, 0]) + abs(sums[b, 0]))


@inner
def walked(terrain: Terrain, curve: F64, i: int, j: int, balance: float, position: float, entry_price: float) -> None:
    """Enter the returns of bars i <= t < j one by one, four side by side; equity is above 0 on all of them."""
    price = terrain.price
    s0 = s1 = s2 = s3 = q0 = q1 = q2 = q3 = d0 = d1 = d2 = d3 = 0.0
    before = balance + position * (price[i - 1] - entry_price)
    t = i
    while t + 4 <= j:
        u = np.uint64(t)
        e0 = balance + position * (price[u] - entry_price)
        e1 = balance + position * (price[u + np.uint64(1)] - entry_price)
        e2 = balance + position * (price[u + np.uint64(2)] - entry_price)
        e3 = balance + position * (price[u + np.uint64(3)] - entry_price)
        # np.divide does not look for zeros, as / does
        r0, r1 = np.divide(e0, before) - 1.0, np.divide(e1, e0) - 1.0
        r2, r3 = np.divide(e2, e1) - 1.0, np.divide(e3, e2) - 1.0
        before = e3
        s0, s1, s2, s3 = s0 + r0, s1 + r1, s2 + r2, s3 + r3
        q0, q1, q2, q3 = q0 + r0 * r0, q1 + r1 * r1, q2 + r2 * r2, q3 + r3 * r3
        r0, r1, r2, r3 = min(r0, 0.0), min(r1, 0.0), min(r2, 0.0), min(r3, 0.0)
        d0, d1, d2, d3 = d0 + r0 * r0, d1 + r1 * r1, d2 + r2 * r2, d3 + r3 * r3
        t += 4
    while t < j:
        worth = balance + position * (price[np.uint64(t)] - entry_price)
        r = np.divide(worth, before) - 1.0
        before = worth
        s0 += r
        q0 += r * r
        r = min(r, 0.0)
        d0 += r * r
        t += 1
    curve[SUM] += (s0 + s1) + (s2 + s3)
    curve[SQUARES] += (q0 + q1) + (q2 + q3)
    curve[DOWN] += (d0 + d1) + (d2 + d3)
