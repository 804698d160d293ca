"""Many accounts on the same bars, bar by bar: metrics alone, with one scratch curve and 64 trades for all rows.

Trades come from `run_account` itself, so that they are those of a single backtest to the last bit. Its table of trades
is emptied into sums whenever it is full.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from adm_notebook.engine.fills import (
    ENTRY_BAR,
    ENTRY_PRICE,
    EXIT_BAR,
    EXIT_REASON,
    FEES,
    OPEN,
    PNL,
    POSITION,
)
from adm_notebook.engine.kernels import run_account
from adm_notebook.engine.metrics import NEGLIGIBLE, curve_sums
from adm_notebook.jit import inner, jit
from adm_notebook.market.arrays import F64, I8, I64, Bool

__all__ = ["ROOM", "Wanted", "put_metrics", "split_flags", "sweep_bars", "tally_trades"]

U8 = npt.NDArray[np.uint8]

LONG_ENTRY, LONG_EXIT, SHORT_ENTRY, SHORT_EXIT = 1, 2, 4, 8
"""Bits of packed flags."""

ROOM = 64  # trades, and unfilled orders, that are held before they are summed

(
    TRADES,  # closed ones; so are all others, apart from FEES_PAID and COVERED
    WINS,
    GAINS,  # of pnl
    LOSSES,
    RETURNS,
    GAINS_R,  # of returns
    LOSSES_R,
    FIRST,  # pnl of the first trade; from it the others are measured, so that near constant ones keep their digits in
    MEAN,  # Welford's running mean
    SQUARED,  # and his squared distances
    LARGEST,  # absolute pnl
    FEES_PAID,
    COVERED,  # bars with a trade
    UNTIL,  # the first bar that no trade before covers
    UNFILLED,
    TALLY,
) = range(16)


class Wanted(NamedTuple):
    """What strategies want, in as many rows as there are accounts, or in one row that all share.

    targets    (1 or k, n_bars) or (0, 0)  -1, 0 or +1, before `warmup` is applied
    flags      (1 or k, n_bars) or (0, 0)  LONG_ENTRY | LONG_EXIT | SHORT_ENTRY | SHORT_EXIT, where there are no targets
    strength, stop_loss, take_profit  (1 or k, n_bars), or (1, 0) where they don't vary; stops infinite = none
    """

    targets: I8
    flags: U8
    strength: F64
    stop_loss: F64
    take_profit: F64


@inner
def split_flags(wanted: Wanted, row: int, warmup: int, packed: U8) -> None:
    """Write into `packed` (n_bars,) the flags of a row, those of targets as the specification, section 9, has them."""
    n_bars: int = packed.shape[0]
    if wanted.targets.shape[0] == 0:
        flags = wanted.flags[min(row, wanted.flags.shape[0] - 1)]
        for i in range(n_bars):
            packed[i] = flags[i]
        return
    targets = wanted.targets[min(row, wanted.targets.shape[0] - 1)]
    for i in range(min(warmup, n_bars)):
        packed[i] = 0
    if warmup < n_bars:
        packed[warmup] = edge(0, targets[warmup])
    for i in range(warmup + 1, n_bars):
        packed[i] = edge(targets[i - 1], targets[i])


@inner
def edge(before: int, now: int) -> int:
    """The flags of a bar whose target is `now`, after a bar whose target was `before`; both -1, 0 or +1."""
    found = 0
    if now != before:
        found = LONG_ENTRY if now == 1 else SHORT_ENTRY if now == -1 else 0
        if before != 0:
            found |= LONG_EXIT if before == 1 else SHORT_EXIT
    return found


@jit
def sweep_bars(
    metrics: F64,
    done: Bool,
    rules: Any,
    ledgers: Any,
    like_peer: Bool,
    periods: F64,
    warmups: I64,
    open_: F64,
    high: F64,
    low: F64,
    close: F64,
    wanted: Wanted,
    days: I64,
    period_ends: I64,
    peer_periods: float,
) -> None:
    """Trade and measure each row that is not done.

    metrics      (k, 17)  written: METRICS of each row
    done         (k,)     rows to pass over; written
    rules        (k,)     of dtype RULES
    ledgers      (k,)     of dtype BOOKS, as `compiled.ledger_of` makes them; written
    like_peer    (k,)     whether metrics_style is backtesting.py
    periods      (k,)     bars in a year; not read where like_peer
    warmups      (k,)     first bar that may decide, 0 or more
    open_, high, low, close  (n_bars,)  quote currency per unit; NaN where missing
    days         (n_bars,) or (0,)  local calendar days, read where max_daily_loss is finite
    period_ends  (n_periods,)  last bar of each day (week, month, year), read where like_peer
    peer_periods scalar   how many of these make a year
    """
    n_bars: int = close.shape[0]
    equity = np.empty(n_bars)
    trades, unfilled = np.empty((ROOM, 8)), np.empty((ROOM, 3), np.int64)
    packed = np.empty(n_bars, np.uint8)
    long_entry, long_exit = np.empty(n_bars, np.bool_), np.empty(n_bars, np.bool_)
    short_entry, short_exit = np.empty(n_bars, np.bool_), np.empty(n_bars, np.bool_)
    flagged = np.empty(n_bars, np.bool_)
    no_days = days[:0]
    tally = np.empty(TALLY)
    period_returns = np.empty(max(0, period_ends.shape[0] - 1))
    shared = wanted.targets.shape[0] <= 1 and wanted.flags.shape[0] <= 1
    split_for, split_days = -1, False
    for row in range(done.shape[0]):
        if done[row]:
            continue
        warmup = warmups[row]
        by_day = rules[row].max_daily_loss < np.inf
        if not (shared and split_for == warmup and split_days == by_day):
            split_flags(wanted, row, warmup, packed)
            for i in range(n_bars):
                flag = packed[i]
                long_entry[i] = flag & LONG_ENTRY != 0
                long_exit[i] = flag & LONG_EXIT != 0
                short_entry[i] = flag & SHORT_ENTRY != 0
                short_exit[i] = flag & SHORT_EXIT != 0
                flagged[i] = flag != 0
                if by_day and i > 0 and days[i] != days[i - 1]:
                    flagged[i] = True
            split_for, split_days = warmup, by_day
            if by_day and warmup < n_bars:
                flagged[warmup] = True
        capital = ledgers[row].balance
        for i in range(min(warmup, n_bars)):
            equity[i] = capital
        tally[:] = 0.0
        bar = warmup
        while bar < n_bars:
            bar = run_account(
                rules[row : row + 1],
                ledgers[row : row + 1],
                trades,
                unfilled,
                equity,
                bar,
                open_,
                high,
                low,
                close,
                long_entry,
                long_exit,
                short_entry,
                short_exit,
                flagged,
                wanted.strength[min(row, wanted.strength.shape[0] - 1)],
                wanted.stop_loss[min(row, wanted.stop_loss.shape[0] - 1)],
                wanted.take_profit[min(row, wanted.take_profit.shape[0] - 1)],
                days if by_day else no_days,
            )
            books = ledgers[row]
            tally_trades(tally, trades, books.n_trades, n_bars, like_peer[row])
            tally[UNFILLED] += books.n_unfilled
            books.n_trades = 0
            books.n_unfilled = 0
        mean, deviation, largest, downside, drawdown = curve_sums(equity, capital)
        put_metrics(
            metrics[row],
            tally,
            n_bars,
            capital,
            equity[n_bars - 1],
            mean,
            deviation,
            largest,
            downside,
            drawdown,
            periods[row],
            like_peer[row],
        )
        if like_peer[row]:
            put_peer_metrics(metrics[row], equity, period_ends, peer_periods, drawdown, period_returns)
        done[row] = True


@inner
def tally_trades(tally: F64, trades: F64, n: int, n_bars: int, like_peer: bool) -> None:
    """Add the first n rows of `trades`, in order of entry, to the sums."""
    for k in range(n):
        row = trades[k]
        is_open = row[EXIT_REASON] == OPEN
        tally[FEES_PAID] += row[FEES]
        if not (is_open and like_peer):
            end = n_bars if is_open else int(row[EXIT_BAR]) + like_peer
            tally[COVERED] += max(0.0, end - max(row[ENTRY_BAR], tally[UNTIL]))
            tally[UNTIL] = max(tally[UNTIL], float(end))
        if is_open:
            continue
        pnl = row[PNL]
        earned = pnl / (abs(row[POSITION]) * row[ENTRY_PRICE])
        tally[TRADES] += 1.0
        tally[WINS] += pnl > 0.0
        tally[GAINS] += max(pnl, 0.0)
        tally[LOSSES] += min(pnl, 0.0)
        tally[RETURNS] += earned
        tally[GAINS_R] += max(earned, 0.0)
        tally[LOSSES_R] += min(earned, 0.0)
        tally[LARGEST] = max(tally[LARGEST], abs(pnl))
        if tally[TRADES] == 1.0:
            tally[FIRST] = pnl
        x = pnl - tally[FIRST]
        step = x - tally[MEAN]
        tally[MEAN] += step / tally[TRADES]
        tally[SQUARED] += step * (x - tally[MEAN])


@inner
def put_metrics(
    out: F64,
    tally: F64,
    n_bars: int,
    capital: float,
    last: float,
    mean: float,
    deviation: float,
    largest: float,
    downside: float,
    drawdown: float,
    periods: float,
    like_peer: bool,
) -> None:
    """The metrics of one row, from its sums.

    out        (17,)     written, in the order of METRICS; annual ones only as metrics_style standard has them
    tally      (TALLY,)  sums over trades
    last       money     equity of the last bar
    mean .. drawdown     what `curve_sums` gives
    periods    scalar    bars in a year
    """
    ratio = last / capital
    root = math.sqrt(periods) if periods >= 0.0 else np.nan
    if deviation <= NEGLIGIBLE * largest:
        deviation = 0.0
    annual = ratio ** (periods / n_bars) - 1.0 if ratio >= 0.0 else np.nan
    out[0] = ratio - 1.0
    out[1] = annual
    out[2] = deviation * root
    out[3] = signed_ratio(mean, deviation) * root
    out[4] = signed_ratio(mean * periods, math.sqrt(periods * downside) if periods >= 0.0 else np.nan)
    out[5] = annual / abs(drawdown) if drawdown != 0.0 else np.nan
    out[6] = drawdown
    n = tally[TRADES]
    out[7] = n
    out[8:13] = np.nan
    if n > 0.0:
        gains, losses = tally[GAINS], tally[LOSSES]
        average = (gains + losses) / n
        if like_peer:
            gains, losses = tally[GAINS_R], tally[LOSSES_R]
        spread = math.sqrt(tally[SQUARED] / (n - 1.0)) if n > 1.0 else np.nan
        if spread <= NEGLIGIBLE * tally[LARGEST]:
            spread = 0.0
        out[8] = tally[WINS] / n
        if losses != 0.0:
            out[9] = gains / -losses
        elif not (like_peer or gains == 0.0):
            out[9] = np.inf
        out[10] = tally[RETURNS] / n if like_peer else average
        out[11] = tally[RETURNS] / n
        if not (like_peer and spread == 0.0):
            out[12] = math.sqrt(n) * signed_ratio(average, spread)
    out[13] = tally[COVERED] / n_bars
    out[14] = tally[FEES_PAID]
    out[15] = last
    out[16] = tally[UNFILLED]


@inner
def signed_ratio(mean: float, deviation: float) -> float:
    """Without deviation inf with the sign of the mean, NaN if that is 0 too; NaN where the deviation is unknown."""
    if deviation == 0.0:
        return math.copysign(np.inf, mean) if mean != 0.0 else np.nan
    return mean / deviation


@inner
def put_peer_metrics(out: F64, equity: F64, period_ends: I64, periods: float, drawdown: float, returns: F64) -> None:
    """The annual metrics as backtesting.py finds them, into their places: from returns of days, by geometric means.

    returns  (n_periods - 1,)  written
    """
    out[1:6] = np.nan
    n, whole, logs, squares, most = 0, True, 0.0, 0.0, 0.0
    total = 0.0
    for k in range(returns.shape[0]):
        before, now = equity[period_ends[k]], equity[period_ends[k + 1]]
        if before == 0.0 and now == 0.0:
            continue
        x = now / before - 1.0 if before != 0.0 else math.copysign(np.inf, now)
        returns[n] = x
        n += 1
        total += x
        most = max(most, abs(x))
        squares += min(x, 0.0) * min(x, 0.0)
        if x <= -1.0:
            whole = False
        elif whole:
            logs += math.log1p(x)
    if n == 0:
        return
    growth = 1.0 + (math.expm1(logs / n) if whole else 0.0)
    annual = growth**periods - 1.0
    variance = np.nan
    if n > 1:
        mean, variance = total / n, 0.0
        for k in range(n):
            variance += (returns[k] - mean) * (returns[k] - mean)
        variance /= n - 1
        if math.sqrt(variance) <= NEGLIGIBLE * most:
            variance = 0.0
    volatility = growth**periods * math.sqrt(math.expm1(periods * math.log1p(variance / growth**2)))
    downside = math.sqrt(periods * (squares / n))
    out[1] = annual
    out[2] = volatility
    out[3] = annual / volatility if volatility != 0.0 else np.nan
    out[4] = annual / downside if downside != 0.0 else np.nan
    out[5] = annual / abs(drawdown) if drawdown != 0.0 else np.nan
