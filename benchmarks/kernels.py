"""The kernels of sweeps beside a plain numba loop over the bars that computes the same metrics, one thread each.

    python benchmarks/kernels.py [--rounds 5]

Signals are given: their making is not measured. In each round all take turns; figures are nanoseconds of processor time
for each bar of each row, and `ratio` is to the plain loop of the same round: medians over the rounds.

- W2: SMA crossovers on the bundled S&P 500, daily, 987 rows with 0.1% commission, long only, and long or short.
- W2b: such pairs on 102,236 one-minute bars, 100 rows.
- W3: stop-loss x take-profit x size on fixed signals, 102,236 one-minute bars, 500 rows; the plain loop passes over
  flat bars.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from common import machine, minutes
from numba import njit

import adm_notebook as adm
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS
from adm_notebook.engine.sweep import Ground, accounts_of, sweep
from adm_notebook.market.arrays import Prices
from adm_notebook.market.calendar import Calendar


@njit(nogil=True, error_model="numpy")
def plain_sweep(
    open_, high, low, close, targets, following, warmups, capital, rate, sizes, stop_losses, take_profits, periods
):
    """The metrics of fully specified accounts: fractions of the cash, fills at the next open, stops from the fill.

    following  (1, n): the next bar that wants something else, to which a flat account goes at once; (0, n): none skips
    """
    skips = following.shape[0] > 0
    k, n = sizes.shape[0], close.shape[0]
    out = np.empty((k, 17))
    has_stops = stop_losses.min() < np.inf or take_profits.min() < np.inf
    for row in range(k):
        target, size = targets[min(row, targets.shape[0] - 1)], sizes[row]
        stop_loss, take_profit = stop_losses[row], take_profits[row]
        balance, position, entry, entry_fee = capital, 0.0, 0.0, 0.0
        entry_bar, wanted, last_target = 0, 0, 0
        pending = False
        before = peak = capital
        s = q = d = drawdown = 0.0
        trades = wins = covered = unfilled = 0
        gains = losses = earned = fees = mean = spread = 0.0
        stop = profit = 0.0
        i = warmups[row]
        while i < n:
            price = 0.0
            closes = False
            if pending:
                pending = False
                price = open_[i]
                closes = position != 0.0
                if closes:
                    fee = abs(position) * price * rate
                    gain = position * (price - entry)
                    balance += gain - fee
                    pnl = gain - fee - entry_fee
                    fees += fee
                    trades += 1
                    wins += pnl > 0.0
                    gains += max(pnl, 0.0)
                    losses += min(pnl, 0.0)
                    earned += pnl / (abs(position) * entry)
                    step = pnl - mean
                    mean += step / trades
                    spread += step * (pnl - mean)
                    covered += i - entry_bar
                    position = 0.0
                if wanted != 0:
                    units = min(balance, size * balance) if wanted > 0 else size * balance
                    units = units / (1.0 + rate) / price
                    if units < 1e-8:
                        unfilled += 1
                    else:
                        position = wanted * units
                        entry, entry_bar = price, i
                        entry_fee = units * price * rate
                        fees += entry_fee
                        balance -= entry_fee
                        stop = entry * (1.0 - wanted * stop_loss)
                        profit = entry * (1.0 + wanted * take_profit)
            if has_stops and position != 0.0:
                side = 1.0 if position > 0.0 else -1.0
                hit = 0.0
                if side * open_[i] <= side * stop:
                    hit = open_[i]
                elif low[i] <= stop <= high[i]:
                    hit = stop
                elif side * open_[i] >= side * profit:
                    hit = open_[i]
                elif low[i] <= profit <= high[i]:
                    hit = profit
                if hit != 0.0:
                    fee = abs(position) * hit * rate
                    gain = position * (hit - entry)
                    balance += gain - fee
                    pnl = gain - fee - entry_fee
                    fees += fee
                    trades += 1
                    wins += pnl > 0.0
                    gains += max(pnl, 0.0)
                    losses += min(pnl, 0.0)
                    earned += pnl / (abs(position) * entry)
                    step = pnl - mean
                    mean += step / trades
                    spread += step * (pnl - mean)
                    covered += i - entry_bar
                    position = 0.0
            worth = balance + position * (close[i] - entry)
            if worth != before:  # flat bars change nothing
                r = worth / before - 1.0
                s += r
                q += r * r
                if r < 0.0:
                    d += r * r
                before = worth
                if worth > peak:
                    peak = worth
                elif worth < peak * (1.0 + drawdown):
                    drawdown = worth / peak - 1.0
            now = target[i]
            if now != last_target:
                held = 1 if position > 0.0 else -1 if position < 0.0 else 0
                if now != held and not (now == 0 and held == 0):
                    wanted, pending = now, True
                last_target = now
            i = following[0, i] if skips and position == 0.0 and not pending else i + 1
        unfilled += pending and wanted != 0
        if position != 0.0:
            covered += n - entry_bar
        average, deviation = s / n, np.sqrt((q - s * s / n) / (n - 1))
        ratio = before / capital
        root = np.sqrt(periods)
        out[row, 0], out[row, 1] = ratio - 1.0, ratio ** (periods / n) - 1.0
        out[row, 2], out[row, 3] = deviation * root, average / deviation * root
        out[row, 4], out[row, 5] = average * periods / np.sqrt(periods * d / n), out[row, 1] / abs(drawdown)
        out[row, 6], out[row, 7], out[row, 8] = drawdown, trades, wins / trades
        out[row, 9], out[row, 10], out[row, 11] = gains / -losses, (gains + losses) / trades, earned / trades
        out[row, 12] = np.sqrt(trades) * out[row, 10] / np.sqrt(spread / (trades - 1))
        out[row, 13], out[row, 14], out[row, 15], out[row, 16] = covered / n, fees, before, unfilled
    return out


def following_of(target: Any) -> Any:
    """(1, n) for each bar the next that wants something else; n where there is none."""
    n = len(target)
    changes = np.flatnonzero(np.diff(target)) + 1
    return np.append(changes, n)[np.searchsorted(changes, np.arange(n), side="right")][None, :].astype(np.int64)


def prices_of(frame: pd.DataFrame) -> Prices:
    return Prices(*(np.ascontiguousarray(frame[c].to_numpy(np.float64)) for c in ("open", "high", "low", "close")))


def daily() -> tuple[Prices, Calendar]:
    """The bundled S&P 500."""
    coordinator = adm.Coordinator()
    plan = coordinator.plan(adm.WorkflowConfig(data_config={"source": "sample", "symbols": ["SP500"]}))
    bars = plan.market["SP500"]
    return bars.prices, Calendar.of(bars.index)


def crossovers(close: Any, pairs: list[tuple[int, int]], below: int) -> tuple[Any, Any]:
    """Targets of each pair, `below` where the fast average is not above the slow one; first bars that may decide."""
    averages = {n: pd.Series(close).rolling(n).mean().to_numpy() for n in {n for pair in pairs for n in pair}}
    rows = [np.where(averages[fast] > averages[slow], 1, below) for fast, slow in pairs]
    return np.array(rows, dtype=np.int8), np.array([slow for _, slow in pairs], dtype=np.int64)


def compare(
    name: str,
    prices: Prices,
    calendar: Calendar,
    targets: Any,
    warmups: Any,
    columns: dict[str, Any],
    rounds: int,
) -> bool:
    """Time both in turns, print a line, and say whether all metrics agree."""
    k, n = len(warmups), len(prices.close)
    accounts = accounts_of([Settings()], calendar).taken(np.zeros(k, np.intp)).varied(**columns)
    ground = Ground.of(prices, calendar)
    never = np.full(k, np.inf)
    sizes = np.broadcast_to(columns.get("size", 1.0), (k,)).astype(np.float64)
    stops = [np.asarray(columns.get(name, never), dtype=np.float64) for name in ("stop_loss", "take_profit")]
    following = following_of(targets[0]) if len(targets) == 1 else np.zeros((0, n), np.int64)
    contenders: dict[str, Callable[[], Any]] = {
        "plain": lambda: plain_sweep(
            *prices[:4],
            targets,
            following,
            warmups,
            100_000.0,
            columns["rate"],
            sizes,
            *stops,
            calendar.periods_per_year,
        ),
        "auto": lambda: sweep(ground, accounts, warmups, targets=targets),
        "bars": lambda: sweep(ground, accounts, warmups, targets=targets, method="bars"),
    }
    found = {which: call() for which, call in contenders.items()}  # compiles
    spent: dict[str, list[float]] = {which: [] for which in contenders}
    for _ in range(rounds):
        for which, call in contenders.items():
            start = time.thread_time()
            call()
            spent[which].append((time.thread_time() - start) / k / n * 1e9)
    line = ""
    for which, times in spent.items():
        ratio = statistics.median(t / p for t, p in zip(times, spent["plain"], strict=True))
        line += f"  {which} {statistics.median(times):6.2f} ns (ratio {ratio:.2f})"
    print(f"{name:<34}{line}")
    agree = True
    for which in ("auto", "bars"):
        for column, metric in enumerate(METRICS):
            close = np.isclose(found[which][:, column], found["plain"][:, column], rtol=1e-8, atol=1e-9, equal_nan=True)
            if not close.all():
                row = int(np.argmin(close))
                values = found[which][row, column], found["plain"][row, column]
                print(f"  DIFFERENT {which} {metric}: {(~close).sum()} rows, first {row}: {values[0]!r}, {values[1]!r}")
                agree = False
    return agree


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(machine())
    agree = True
    prices, calendar = daily()
    pairs = [(fast, slow) for fast in range(2, 142) for slow in range(fast + 1, 143)][::10]
    for below, name in ((0, "long"), (-1, "long or short")):
        targets, warmups = crossovers(prices.close, pairs, below)
        agree &= compare(f"W2, {name}", prices, calendar, targets, warmups, {"rate": 0.001}, rounds)
        part = {"rate": 0.001, "size": 0.5}
        agree &= compare(f"W2, {name}, half the cash", prices, calendar, targets, warmups, part, rounds)

    frame = minutes(102_236)
    prices, calendar = prices_of(frame), Calendar.of(frame.index)
    targets, warmups = crossovers(prices.close, pairs[::100] * 10, 0)
    agree &= compare("W2b, long", prices, calendar, targets, warmups, {"rate": 1e-5}, rounds)
    random = np.random.default_rng(0)
    k = 500
    for fast, slow in ((20, 50), (60, 300)):
        targets, _ = crossovers(prices.close, [(fast, slow)], 0)
        columns = {
            "rate": 1e-5,
            "size": random.uniform(0.1, 1.0, k),
            "stop_loss": random.uniform(0.001, 0.02, k),
            "take_profit": random.uniform(0.001, 0.03, k),
        }
        agree &= compare(f"W3, {fast}/{slow}", prices, calendar, targets, np.full(k, slow), columns, rounds)
        columns["size"] = 1.0
        agree &= compare(f"W3, {fast}/{slow}, all in", prices, calendar, targets, np.full(k, slow), columns, rounds)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
