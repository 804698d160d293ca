"""SMA crossovers by the thousand: ours through the public `run`, a plain numba loop, raptorbt and vectorbt in one run.

    python benchmarks/sweep.py [W2] [W2b] [--runs 5] [--part 300]

- W2: 9,870 pairs (2 <= fast < slow <= 142) on the bundled S&P 500, 5,031 daily bars.
- W2b: the same on 102,236 one-minute bars of SPY; raptorbt and vectorbt run `--part` of the pairs, evenly chosen, and
  are scaled up, and said so.

Each contender has a process of its own. Ours and the plain loop share one, where they take turns, and the ratio is the
median over the turns; planning, all 17 metrics, the table of results and the best row in detail are in our time. The
plain loop is given what ours is: prices. On two threads it computes the averages, and then total return, Sharpe
ratio, worst drawdown and number of trades of each pair, and nothing else. raptorbt runs the pairs of a chunk at once on
its own threads, vectorbt as columns; both in chunks of the size that was fastest on a part. Processor time, of all
threads, stands beside wall time: it changes little when the machine is busy elsewhere. Memory is the peak of what a
process holds, libraries included.

Equality: all figures of all pairs that vectorbt ran are compared with ours under the preset vectorbt, at a commission
at which accounts survive (0.001% on minutes), both given the same averages. The figures of the plain loop are compared
at that commission, too, with our averages and rule for equal ones; the loop that is timed has neither.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import talib
from common import PeakMemory, in_a_fresh_process, machine, minutes, timed
from numba import njit

THREADS = 2
CHUNKS = (10, 30, 100, 300)
"""Pairs at once that vectorbt and raptorbt may choose from."""

ENTRIES = 6_000_000
"""Bars x pairs of a chunk at most: vectorbt holds about twenty arrays of that size, a gigabyte."""

COMMISSION = 0.001
TARGETS = {"plain": 3.0, "raptorbt": 10.0, "vectorbt": 50.0, "memory": 600.0}


@dataclass(frozen=True)
class Work:
    """What is swept: every pair on every frame.

    survived  a commission at which accounts survive
    """

    name: str
    frames: dict[str, pd.DataFrame]
    fast: tuple[int, ...]
    slow: tuple[int, ...]
    survived: float
    freq: str
    scaled: bool

    @functools.cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """In the order of our rows."""
        return [(fast, slow) for fast in self.fast for slow in self.slow if fast < slow]

    def some(self, part: int) -> list[tuple[int, int]]:
        """All pairs; of a work that is too long for peers about `part`, evenly chosen."""
        return self.pairs[:: max(1, len(self.pairs) // part)] if self.scaled else self.pairs

    @property
    def n_bars(self) -> int:
        return sum(map(len, self.frames.values()))

    @functools.cached_property
    def periods(self) -> list[float]:
        """Bars in a year, of each frame."""
        from adm_notebook.market.calendar import Calendar

        return [Calendar.of(frame.index).periods_per_year for frame in self.frames.values()]


def sp500() -> pd.DataFrame:
    """The bundled S&P 500, 5,031 daily bars."""
    import adm_notebook as adm

    plan = adm.Coordinator().plan(adm.WorkflowConfig(data_config={"source": "sample", "symbols": ["SP500"]}))
    bars = plan.market["SP500"]
    columns = dict(zip(("open", "high", "low", "close"), bars.prices[:4], strict=True))
    return pd.DataFrame({name: np.array(column) for name, column in columns.items()}, bars.index).assign(volume=1.0)


_ALL = tuple(range(2, 142)), tuple(range(3, 143))

WORKS: dict[str, Callable[[], Work]] = {
    "W2": lambda: Work("W2", {"SP500": sp500()}, *_ALL, 0.001, "1D", scaled=False),
    "W2b": lambda: Work("W2b", {"SPY": minutes(102_236)}, *_ALL, 0.00001, "1min", scaled=True),
}


# ---- ours -----------------------------------------------------------------------------------------------------------


def config(work: Work, commission: float, preset: str = "default") -> Any:
    import adm_notebook as adm

    parameters = {"fast": list(work.fast), "slow": list(work.slow)}
    return adm.WorkflowConfig(
        data_config={"frame": work.frames if len(work.frames) > 1 else next(iter(work.frames.values()))},
        backtest_config={"commission": commission, "preset": preset},
        optimization_config={
            "strategies": [{"type": "ma_crossover", "parameters": parameters}],
            "constraints": ["fast < slow"],
        },
    )


def swept(work: Work, commission: float, preset: str = "default") -> pd.DataFrame:
    """The rows of one run."""
    import adm_notebook as adm

    result = adm.EnhancedCoordinator().run(config(work, commission, preset), execution_mode="composable")
    if not result.success or (result.stats["status"] != "ok").any():
        sys.exit(f"{work.name}: our run failed: {result.errors or result.stats['error'].dropna().iloc[0]}")
    return result.stats


@njit(nogil=True, error_model="numpy")
def plain_averages(close, windows):
    """SMA of each window, (n_windows, n_bars), NaN before it is full."""
    averages = np.full((windows.shape[0], close.shape[0]), np.nan)
    for k in range(windows.shape[0]):
        window, total = windows[k], 0.0
        for i in range(close.shape[0]):
            total += close[i]
            if i >= window:
                total -= close[i - window]
            if i >= window - 1:
                averages[k, i] = total / window
    return averages


def talib_averages(close, windows):
    """The same as ours are, in the order in which TA-Lib adds and subtracts."""
    return np.stack([talib.SMA(close, int(window)) for window in windows])


def crossovers(ties):
    """The plain loop; with `ties`, averages within 1e-12 of each other are equal and change nothing, as with ours."""

    @njit(nogil=True, error_model="numpy")
    def loop(open_, close, averages, fasts, slows, warmups, capital, rate, periods):
        """Long while the fast average is above the slow one, all in, fills at the next open: four figures a pair."""
        n, out = close.shape[0], np.empty((fasts.shape[0], 4))
        for row in range(fasts.shape[0]):
            fast, slow = averages[fasts[row]], averages[slows[row]]
            balance, units = capital, 0.0
            before = peak = capital
            drawdown = total = squares = 0.0
            trades, held, wanted = 0, False, False
            for i in range(warmups[row], n):
                if wanted != held:
                    if wanted:
                        units = balance / (open_[i] * (1.0 + rate))
                        balance = 0.0
                    else:
                        balance, units = units * open_[i] * (1.0 - rate), 0.0
                        trades += 1
                    held = wanted
                if held or before != balance:
                    worth = balance + units * close[i]
                    r = worth / before - 1.0
                    total += r
                    squares += r * r
                    before = worth
                    if worth > peak:
                        peak = worth
                    elif worth < peak * (1.0 + drawdown):
                        drawdown = worth / peak - 1.0
                if not ties or abs(fast[i] - slow[i]) > 1e-12 * max(abs(fast[i]), abs(slow[i])):
                    wanted = fast[i] > slow[i]
            mean = total / n
            out[row, 0] = before / capital - 1.0
            out[row, 1] = mean / np.sqrt((squares - total * mean) / (n - 1)) * np.sqrt(periods)
            out[row, 2], out[row, 3] = drawdown, trades
        return out

    return loop


plain_crossovers, tied_crossovers = crossovers(ties=False), crossovers(ties=True)


def plain(work: Work, commission: float, ours: bool = False) -> np.ndarray:
    """The figures of all pairs of each frame, in the order of our rows; `ours`: with our averages and rule for ties."""
    windows = np.array(sorted({*work.fast, *work.slow}), np.int64)
    fasts, slows = (np.searchsorted(windows, side) for side in zip(*work.pairs, strict=True))
    parts = np.array_split(np.arange(len(fasts)), 4 * THREADS)
    found, loop = [], tied_crossovers if ours else plain_crossovers
    with ThreadPoolExecutor(THREADS) as pool:
        for frame, periods in zip(work.frames.values(), work.periods, strict=True):
            open_, close = (frame[name].to_numpy(np.float64) for name in ("open", "close"))
            some = functools.partial(talib_averages if ours else plain_averages, close)
            averages = np.concatenate(list(pool.map(some, np.array_split(windows, THREADS))))
            rows = functools.partial(_plain_part, loop, open_, close, averages, commission, periods)
            sides = ([side[part] for part in parts] for side in (fasts, slows, windows[slows]))
            found += list(pool.map(rows, *sides))
    return np.concatenate(found)


def _plain_part(loop, open_, close, averages, commission, periods, fasts, slows, warmups):
    return loop(open_, close, averages, fasts, slows, warmups, 1e5, commission, periods)


def measure_ours(work: Work, runs: int, folder: Path, _part: int) -> dict[str, Any]:
    """Ours and the plain loop in turns; then our rows under the preset vectorbt, for the comparison."""
    from adm_notebook.engine import warmup

    warmup.wait()
    stats = swept(work, work.survived)  # compiles, and checks the bars
    by_loop = plain(work, work.survived, ours=True)
    plain(work, work.survived)  # compiles
    agree = np.ones(len(stats), np.bool_)
    for column, name in enumerate(("total_return", "sharpe", "max_drawdown", "n_trades")):
        agree &= np.isclose(stats[name], by_loop[:, column], rtol=1e-7, atol=1e-9)
    spent: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    calls = {"ours": lambda: swept(work, COMMISSION), "plain": lambda: plain(work, COMMISSION)}
    for _ in range(runs):
        for which, call in calls.items():
            began, used = time.perf_counter(), time.process_time()
            call()
            spent[which].append((time.perf_counter() - began, time.process_time() - used))
    swept(work, work.survived, "vectorbt").to_parquet(folder / "ours.parquet")
    return {
        "agree": int(agree.sum()),
        "rows": len(stats),
        "ratio": statistics.median(a[0] / b[0] for a, b in zip(spent["ours"], spent["plain"], strict=True)),
        "processor ratio": statistics.median(a[1] / b[1] for a, b in zip(spent["ours"], spent["plain"], strict=True)),
        **{
            which: dict(zip(("seconds", "processor"), map(statistics.median, zip(*turns, strict=True)), strict=True))
            for which, turns in spent.items()
        },
    }


def measure_memory(work: Work, _runs: int, _folder: Path, _part: int) -> dict[str, Any]:
    """Our first run in a process, and how much it holds at its peak."""
    from adm_notebook.engine import warmup

    warmup.wait()
    with PeakMemory() as memory:
        swept(work, COMMISSION)
    return {"before": memory.before, "growth": memory.growth}


# ---- peers ----------------------------------------------------------------------------------------------------------


def chunks(pairs: Sequence[tuple[int, int]], size: int) -> Iterable[list[tuple[int, int]]]:
    return (list(pairs[i : i + size]) for i in range(0, len(pairs), size))


def best_chunk(work: Work, call: Callable[[Work, list[tuple[int, int]], int], object]) -> int:
    """The size of chunk with which a peer is fastest on a part."""
    longest = max(map(len, work.frames.values()))
    sizes = [size for size in CHUNKS if size * longest <= ENTRIES]
    trial = work.pairs[:: max(1, len(work.pairs) // sizes[-1])][: sizes[-1]]
    return min(sizes, key=lambda size: timed(lambda: call(work, trial, size), 1)[0])


def flags(
    averages: dict[int, np.ndarray], pairs: list[tuple[int, int]], *, ties: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Entries and exits, (n_bars, n_pairs) each; with `ties`, averages that differ by rounding change nothing."""
    above = np.stack([averages[fast] > averages[slow] for fast, slow in pairs], axis=1)
    if ties:
        near = np.stack([np.isclose(averages[f], averages[s], rtol=1e-12, atol=0.0) for f, s in pairs], axis=1)
        last = np.maximum.accumulate(np.where(near, 0, np.arange(len(near))[:, None]), axis=0)
        above = np.take_along_axis(above & ~near, last, axis=0)
    known = np.stack([~np.isnan(averages[slow]) for _, slow in pairs], axis=1)
    entries, exits = above.copy(), ~above & known
    entries[1:] &= ~above[:-1]
    exits[1:] &= above[:-1]
    exits[0] = False
    return entries, exits


def vectorbt_chunk(
    work: Work, close: pd.Series, pairs: list[tuple[int, int]], made: tuple[np.ndarray, np.ndarray], commission: float
) -> Any:
    import vectorbt as vbt

    return vbt.Portfolio.from_signals(close, *made, fees=commission, init_cash=100.0, freq=work.freq)


def vectorbt_sweep(work: Work, pairs: list[tuple[int, int]], size: int) -> None:
    """Averages, flags, accounts, and the four figures of the plain loop."""
    import vectorbt as vbt

    windows = sorted({window for pair in pairs for window in pair})
    for frame in work.frames.values():
        close = frame["close"].reset_index(drop=True)
        averages = dict(zip(windows, vbt.MA.run(close, windows).ma.to_numpy().T.copy(), strict=True))
        for chunk in chunks(pairs, size):
            portfolio = vectorbt_chunk(work, close, chunk, flags(averages, chunk), COMMISSION)
            for figure in (portfolio.total_return, portfolio.sharpe_ratio, portfolio.max_drawdown):
                figure()
            portfolio.trades.closed.count()


def measure_vectorbt(work: Work, _runs: int, folder: Path, part: int) -> dict[str, Any]:
    """Its time at its best chunk, of one warm run; then its figures, on the averages that ours has."""
    import talib

    pairs = work.some(part)
    vectorbt_sweep(work, pairs[:2], 2)  # compiles
    best = best_chunk(work, vectorbt_sweep)
    used = time.process_time()
    with PeakMemory() as memory:
        seconds, _ = timed(lambda: vectorbt_sweep(work, pairs, best), 1)
    used = time.process_time() - used
    tables = []
    for symbol, frame in work.frames.items():
        close = frame["close"].reset_index(drop=True)
        windows = {window for pair in pairs for window in pair}
        averages = {window: talib.SMA(close.to_numpy(np.float64), window) for window in windows}
        for chunk in chunks(pairs, best):
            portfolio = vectorbt_chunk(work, close, chunk, flags(averages, chunk, ties=True), work.survived)
            closed = portfolio.trades.closed
            figures = {
                "total_return": portfolio.total_return(),
                "volatility": portfolio.annualized_volatility(),
                "sharpe": portfolio.sharpe_ratio(),
                "sortino": portfolio.sortino_ratio(),
                "max_drawdown": portfolio.max_drawdown(),
                "n_trades": closed.count(),
                "win_rate": closed.win_rate(),
                "profit_factor": closed.profit_factor(),
                "expectancy": closed.expectancy(),
                "final_equity": portfolio.final_value(),
            }
            table = pd.DataFrame({name: np.asarray(column, dtype=float) for name, column in figures.items()})
            table["fast"], table["slow"] = zip(*chunk, strict=True)
            tables.append(table.assign(symbol=symbol))
    pd.concat(tables).to_parquet(folder / "vectorbt.parquet")
    return _scaled(work, pairs, seconds, used, memory, f"chunks of {best}")


def raptorbt_sweep(work: Work, pairs: list[tuple[int, int]], size: int) -> list[Any]:
    import raptorbt

    settings = raptorbt.BacktestConfig(initial_capital=100_000.0, fees=COMMISSION)
    windows, found = {window for pair in pairs for window in pair}, []
    for frame in work.frames.values():
        names = ("open", "high", "low", "close", "volume")
        arrays = {name: np.ascontiguousarray(frame[name].to_numpy(np.float64)) for name in names}
        times = np.ascontiguousarray(frame.index.as_unit("ns").asi8)
        averages = {window: np.asarray(raptorbt.sma(arrays["close"], window)) for window in windows}
        for chunk in chunks(pairs, size):
            entries, exits = (np.ascontiguousarray(side.T) for side in flags(averages, chunk))
            items = [
                raptorbt.BatchSingleItem(str(i), entries[i], exits[i], direction=1, weight=1.0, symbol="S")
                for i in range(len(chunk))
            ]
            for _, result in raptorbt.batch_single_backtest(times, **arrays, items=items, config=settings):
                metrics = result.metrics
                found.append(
                    (metrics.total_return_pct, metrics.sharpe_ratio, metrics.max_drawdown_pct, metrics.total_trades)
                )
    return found


def measure_raptorbt(work: Work, runs: int, _folder: Path, part: int) -> dict[str, Any]:
    pairs = work.some(part)
    best = best_chunk(work, raptorbt_sweep)
    used = time.process_time()
    with PeakMemory() as memory:
        seconds, _ = timed(lambda: raptorbt_sweep(work, pairs, best), min(3, runs))
    return _scaled(work, pairs, seconds, (time.process_time() - used) / min(3, runs), memory, f"chunks of {best}")


def _scaled(
    work: Work, pairs: list[tuple[int, int]], seconds: float, used: float, memory: PeakMemory, how: str
) -> dict[str, Any]:
    factor = len(work.pairs) / len(pairs)
    if factor > 1.0:
        how += f", scaled up from {len(pairs):,} pairs"
    return {
        "seconds": seconds * factor,
        "processor": used * factor,
        "peak": memory.before + memory.growth,
        "how": how,
    }


# ---- comparing ------------------------------------------------------------------------------------------------------


def compare(folder: Path) -> tuple[list[str], bool]:
    """A line for each figure: how many rows agree, and by how much the worst is off."""
    ours, theirs = (pd.read_parquet(folder / f"{name}.parquet") for name in ("ours", "vectorbt"))
    keys = ["symbol", "fast", "slow"]
    if theirs["symbol"].nunique() == 1:
        keys = keys[1:]
    both = theirs.merge(ours, on=keys, suffixes=("_theirs", ""), validate="one_to_one")
    same = len(both) == len(theirs)
    lines = [f"  {len(theirs):,} rows of vectorbt, {len(both):,} of them among ours"]
    for name in theirs.columns.difference(["symbol", "fast", "slow"], sort=False):
        a, b = both[name].to_numpy(float), both[f"{name}_theirs"].to_numpy(float)
        agree = np.isclose(a, b, rtol=1e-8, atol=1e-10, equal_nan=True)
        finite = np.isfinite(a) & np.isfinite(b)
        off = np.max(np.abs(a - b)[finite] / np.maximum(np.abs(b[finite]), 1e-12), initial=0.0)
        lines.append(f"    {name:<14} {int(agree.sum()):>7,} equal, worst {off:.1e}")
        same &= bool(agree.all())
    return lines, same


MEASURES: dict[str, Callable[[Work, int, Path, int], dict[str, Any]]] = {
    "ours": measure_ours,
    "memory": measure_memory,
    "raptorbt": measure_raptorbt,
    "vectorbt": measure_vectorbt,
}


def report(work: Work, script: str, runs: int, part: int) -> bool:
    """Measure one work, print what was found, and say whether all targets were met."""
    n, k = work.n_bars, len(work.pairs)
    print(f"\n{work.name}: {k:,} pairs x {n:,} bars of {len(work.frames)} symbols, commission {COMMISSION:.1%}")
    with tempfile.TemporaryDirectory() as name:
        options = ("--folder", name, "--runs", runs, "--part", part)
        found = {which: in_a_fresh_process(script, work.name, "--measure", which, *options) for which in MEASURES}
        lines, equal = compare(Path(name))
    ours, memory = found["ours"], found["memory"]
    peak = memory["before"] + memory["growth"]
    print("                    wall, s   processor, s   ns a bar   peak, MB   times ours")
    rows = {
        "adm_notebook": ours["ours"] | {"peak": peak, "how": f"of which the run {memory['growth']:.0f}"},
        "plain loop": ours["plain"] | {"peak": np.nan, "how": f"{THREADS} threads; in the process of ours"},
        "raptorbt": found["raptorbt"],
        "vectorbt": found["vectorbt"],
    }
    base = ours["ours"]["seconds"]
    for which, row in rows.items():
        print(
            f"  {which:<14}{row['seconds']:>11.3f}{row['processor']:>15.3f}{row['seconds'] / n / k * 1e9:>11.2f}"
            f"{row['peak']:>11.0f}{row['seconds'] / base:>13.2f}   {row['how']}"
        )
    print(
        f"  ours to the plain loop: {ours['ratio']:.2f} by wall time, {ours['processor ratio']:.2f} by processor time"
    )
    agree = f"{ours['agree']:,} of {ours['rows']:,} rows equal the plain loop's"
    print(f"  {agree}, given our averages and our rule for equal ones, which is not timed")
    print("\n".join(["  equality with vectorbt:", *lines]))
    met = {
        f"at most {TARGETS['plain']:g} times the plain loop": ours["ratio"] <= TARGETS["plain"],
        f"{TARGETS['raptorbt']:g} times faster than raptorbt": rows["raptorbt"]["seconds"]
        >= TARGETS["raptorbt"] * base,
        f"{TARGETS['vectorbt']:g} times faster than vectorbt": rows["vectorbt"]["seconds"]
        >= TARGETS["vectorbt"] * base,
        f"under {TARGETS['memory']:g} MB": peak < TARGETS["memory"],
        "equal to vectorbt": equal,
        "equal to the plain loop": ours["agree"] == ours["rows"],
    }
    for target, reached in met.items():
        print(f"  {'met    ' if reached else 'NOT MET'} {target}")
    return all(met.values())


def main(script: str = __file__, text: str | None = __doc__) -> int:
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", metavar="work", help=f"of {', '.join(WORKS)}; all where none is named")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--part", type=int, default=300)
    parser.add_argument("--measure", choices=list(MEASURES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.works) - set(WORKS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    if options.measure:
        work = WORKS[options.works[0]]()
        print(json.dumps(MEASURES[options.measure](work, options.runs, options.folder, options.part), default=float))
        return 0
    try:
        import raptorbt
        import vectorbt
    except ImportError as error:
        sys.exit(f'{error.name} is not installed. Type: pip install "adm-notebook[bench]"')
    print(f"{machine()}; vectorbt {vectorbt.__version__}, raptorbt {raptorbt.__version__}; {options.runs} warm runs")
    reports = [report(WORKS[name](), script, options.runs, options.part) for name in options.works or WORKS]
    return 0 if all(reports) else 1


if __name__ == "__main__":
    sys.exit(main())
