"""W3: 10,000 stop-loss x take-profit x size settings on kept signals: a replay, peers and a plain loop in one run.

    python benchmarks/replay.py [--grid 25 20 20] [--bars 102236] [--runs 3] [--part 200] [--stops 10] [--stops-only]

The signals are those of one SMA(10)/SMA(50) crossover on one-minute bars, kept once; keeping them is timed apart. Ours
runs through the public `EnhancedCoordinator.run`: opening the store, planning, all 17 metrics of every row, the table
of results and the best row in detail are in its time. The plain numba loop computes the same metrics of given signals
on as many threads, passes over flat bars, and does nothing else. vectorbt, raptorbt and the traditional mode run a part
and are scaled up, and said so.

Equality: all rows are compared with the plain loop's, those of the traditional part with its own, and 125 rows with
vectorbt's under the preset vectorbt, at a commission of 0.001% at which one-minute accounts survive.

A stop: the same replay is cancelled in its middle, as Interrupt does, again and again. What counts is the longest time
from there until the result is handed over; its rows must be those of the whole run. `--stops-only` measures this alone,
without peers.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import PeakMemory, machine, minutes, timed
from kernels import following_of, plain_sweep, prices_of
from single import FAST, SLOW, crossings

import adm_notebook as adm
from adm_notebook.engine.account import METRICS
from adm_notebook.market.calendar import Calendar

COMMISSION = 0.001
SURVIVED = 0.00001
"""A commission at which one-minute accounts survive: peers treat dust differently."""


def spent(function: Callable[[], Any], runs: int) -> tuple[float, float, Any]:
    """Medians of wall time and of processor time over all threads, in seconds, and what the last call returned.

    On a machine that is busy elsewhere the second is what counts.
    """
    wall, processor = [], []
    for _ in range(runs):
        start, began = time.perf_counter(), time.process_time()
        value = function()
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - began)
    return float(np.median(wall)), float(np.median(processor)), value


def axes_of(stop_losses: int, take_profits: int, sizes: int) -> dict[str, list[float]]:
    """So many values of each, from tight to wide."""
    return {
        "stop_loss": np.linspace(0.001, 0.02, stop_losses).round(6).tolist(),
        "take_profit": np.linspace(0.001, 0.04, take_profits).round(6).tolist(),
        "size": np.linspace(0.1, 1.0, sizes).round(4).tolist(),
    }


def combinations(axes: dict[str, list[float]]) -> pd.DataFrame:
    """The settings one below the other, the last axis fastest: the order of the rows of `stats`."""
    return pd.MultiIndex.from_product(axes.values(), names=list(axes)).to_frame(index=False)


def generation(frame: pd.DataFrame, folder: Path) -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        data_config={"frame": frame},
        backtest_config={"strategy": {"type": "ma_crossover", "parameters": {"fast": FAST, "slow": SLOW}}},
        analysis_config={"mode": "signal_generation", "output_path": str(folder)},
    )


def replay(frame: pd.DataFrame, folder: Path, commission: float, **settings: Any) -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        data_config={"frame": frame},
        backtest_config={"commission": commission, **settings},
        analysis_config={"mode": "signal_replay", "signals_path": str(folder)},
    )


# ---- peers ----------------------------------------------------------------------------------------------------------


def plain(frame: pd.DataFrame, target: Any, rows: pd.DataFrame, commission: float, threads: int) -> Callable[[], Any]:
    """All rows on `threads` threads, each with its share; returns (n_rows, 17)."""
    prices, following, periods = prices_of(frame), following_of(target), Calendar.of(frame.index).periods_per_year
    targets, columns = (
        target[None, :].astype(np.int8),
        [rows[c].to_numpy() for c in ("size", "stop_loss", "take_profit")],
    )

    def share(part: Any) -> Any:
        warmups = np.full(len(part), SLOW, np.int64)
        own = (np.ascontiguousarray(column[part]) for column in columns)
        return plain_sweep(*prices[:4], targets, following, warmups, 100_000.0, commission, *own, periods)

    def run() -> Any:
        parts = np.array_split(np.arange(len(rows)), threads)
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(share, parts)))

    return run


def vectorbt_part(frame: pd.DataFrame, flags: tuple[Any, Any], rows: pd.DataFrame, commission: float) -> Any:
    """A portfolio of these rows in one call, and the figures that are compared."""
    import vectorbt as vbt

    columns = {name: frame[name].reset_index(drop=True) for name in ("open", "high", "low", "close")}
    entries, exits = (np.broadcast_to(flag[:, None], (len(frame), len(rows))) for flag in flags)
    portfolio = vbt.Portfolio.from_signals(
        columns["close"], entries, exits, open=columns["open"], high=columns["high"], low=columns["low"],
        sl_stop=rows["stop_loss"].to_numpy(), tp_stop=rows["take_profit"].to_numpy(), size=rows["size"].to_numpy(),
        size_type="percent", stop_entry_price="fillprice", fees=commission, init_cash=100_000.0, freq="1min",
    )  # fmt: skip
    closed = portfolio.trades.closed
    found = {
        "total_return": portfolio.total_return(),
        "max_drawdown": portfolio.max_drawdown(),
        "sharpe": portfolio.sharpe_ratio(),
        "n_trades": closed.count(),
        "win_rate": closed.win_rate(),
        "profit_factor": closed.profit_factor(),
        "final_equity": portfolio.final_value(),
    }
    return pd.DataFrame({name: np.asarray(value, dtype=float) for name, value in found.items()})


def raptorbt_part(frame: pd.DataFrame, flags: tuple[Any, Any], rows: pd.DataFrame, commission: float) -> None:
    """Each row in a call of its own, as it is meant to be used."""
    import raptorbt

    arrays: dict[str, Any] = {c: frame[c].to_numpy(np.float64) for c in ("open", "high", "low", "close", "volume")}
    arrays["timestamps"] = frame.index.as_unit("ns").asi8
    for row in rows.itertuples():
        settings = raptorbt.BacktestConfig(initial_capital=100_000.0, fees=commission)
        settings.set_fixed_stop(row.stop_loss)
        settings.set_fixed_target(row.take_profit)
        raptorbt.run_single_backtest(
            **arrays, entries=flags[0], exits=flags[1], direction=1, weight=row.size, symbol="SPY", config=settings
        )


# ---- comparing ------------------------------------------------------------------------------------------------------


def compared(name: str, ours: pd.DataFrame, theirs: pd.DataFrame, rtol: float) -> tuple[list[str], bool]:
    """A line for each figure: how many rows agree, and by how much the worst is off."""
    lines, same = [f"  {name}, {len(theirs):,} rows:"], True
    for figure in theirs.columns:
        a, b = ours[figure].to_numpy(float), theirs[figure].to_numpy(float)
        agree = np.isclose(a, b, rtol=rtol, atol=1e-9, equal_nan=True)
        off = np.nanmax(np.abs(a - b) / np.maximum(np.abs(b), 1e-12), initial=0.0)
        lines.append(f"    {figure:<14} {int(agree.sum()):>7,} equal, worst {off:.1e}")
        same &= bool(agree.all())
    return lines, same


def check_vectorbt(
    frame: pd.DataFrame, folder: Path, flags: tuple[Any, Any], part: pd.DataFrame
) -> tuple[list[str], bool]:
    """Our preset vectorbt beside vectorbt itself, at the commission that accounts survive.

    Its year of one-minute bars is 365 days; ours is told so.
    """
    settings = {name: sorted(set(part[name])) for name in part.columns}
    config = replay(
        frame, folder, SURVIVED, preset="vectorbt", periods_per_year=365 * 24 * 60, stop_base="fill",
        initial_capital=100_000, **settings,
    )  # fmt: skip
    ours = adm.EnhancedCoordinator().run(config, execution_mode="composable").stats
    rows = ours[list(part.columns)].astype(float).reset_index(drop=True)
    theirs = vectorbt_part(frame, flags, rows, SURVIVED)
    return compared(f"vectorbt at {SURVIVED:.3%} commission", ours, theirs, 1e-8)


# ---- a stop in the middle -------------------------------------------------------------------------------------------


def stopped(config: adm.WorkflowConfig, whole: pd.DataFrame, share: float) -> tuple[float, int, bool]:
    """Start the run, cancel it once this share of its rows is done, and wait for the result.

    Returns the seconds from the stop to the result, the finished rows, and whether they are those of the whole run. A
    run that was over before it could be stopped is no partial one.
    """
    run = adm.EnhancedCoordinator().start(config, execution_mode="composable")
    while run.progress.done < share * len(whole) and run.status == "running":
        time.sleep(0.001)
    asked = time.perf_counter()
    run.cancel()
    result = run.result()
    waited = time.perf_counter() - asked
    rows = result.stats
    same = bool(result.metadata["partial"]) == (len(rows) < len(whole)) and rows.equals(whole.loc[rows.index])
    return waited, len(rows), same


def report_stops(config: adm.WorkflowConfig, whole: pd.DataFrame, times: int) -> list[tuple[str, bool]]:
    """Stop it at moments spread over its first two thirds, print what came of it, and what must hold."""
    found = [stopped(config, whole, share) for share in np.linspace(0.02, 0.65, times)]
    waits, counts = [wait for wait, _, _ in found], [rows for _, rows, _ in found]
    print(
        f"  stopped in the middle {times} times, with {min(counts):,} to {max(counts):,} of {len(whole):,} rows done:"
    )
    print(f"  the result was there after {np.median(waits):.3f} s, at most {max(waits):.3f} s")
    return [
        ("a stop hands over the finished rows within a second", max(waits) < 1.0),
        ("stopped in the middle, with the rows of the whole run",
         all(same for _, _, same in found) and any(0 < rows < len(whole) for rows in counts)),
    ]  # fmt: skip


def only_stops(frame: pd.DataFrame, folder: Path, options: argparse.Namespace) -> int:
    axes, coordinator = axes_of(*options.grid), adm.EnhancedCoordinator()
    print(f"{machine()}; {math.prod(options.grid):,} settings on {len(frame):,} one-minute bars")
    coordinator.run(generation(frame, folder), execution_mode="composable")
    config = replay(frame, folder, COMMISSION, **axes)
    coordinator.run(config, execution_mode="composable")
    seconds, result = timed(lambda: coordinator.run(config, execution_mode="composable"), options.runs)
    print(f"  whole, warm: {seconds:.3f} s")
    return told(report_stops(config, result.stats, options.stops))


def told(targets: list[tuple[str, bool]]) -> int:
    """Print which targets are met; the exit code says whether all are."""
    for name, met in targets:
        print(f"  {'met    ' if met else 'NOT MET'} {name}")
    return 0 if all(met for _, met in targets) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", type=int, nargs=3, default=(25, 20, 20), help="stop-losses, take-profits, sizes")
    parser.add_argument("--bars", type=int, default=102_236)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--part", type=int, default=200, help="rows that the peers run")
    parser.add_argument("--stops", type=int, default=10, help="how often the replay is stopped in its middle")
    parser.add_argument("--stops-only", action="store_true", help="measure stops alone, without peers")
    options = parser.parse_args()
    if options.stops_only:
        frame, folder = minutes(options.bars), Path(tempfile.mkdtemp()) / "signals"
        try:
            return only_stops(frame, folder, options)
        finally:
            shutil.rmtree(folder.parent)
    try:
        import raptorbt
        import vectorbt
    except ImportError as error:
        sys.exit(f'{error.name} is not installed. Type: pip install "adm-notebook[bench]"')
    frame, folder = minutes(options.bars), Path(tempfile.mkdtemp()) / "signals"
    try:
        return measured(frame, folder, options, f"vectorbt {vectorbt.__version__}, raptorbt {raptorbt.__version__}")
    finally:
        shutil.rmtree(folder.parent)


def measured(frame: pd.DataFrame, folder: Path, options: argparse.Namespace, versions: str) -> int:
    axes, coordinator = axes_of(*options.grid), adm.EnhancedCoordinator()
    rows, threads = combinations(axes), len(os.sched_getaffinity(0))
    print(f"{machine()}; {versions}")
    print(f"{len(rows):,} settings on the signals of one crossover, {len(frame):,} one-minute bars, {threads} threads")
    coordinator.run(generation(frame, folder), execution_mode="composable")
    kept, _ = timed(lambda: coordinator.run(generation(frame, folder), execution_mode="composable"), options.runs)
    config = replay(frame, folder, COMMISSION, **axes)
    coordinator.run(config, execution_mode="composable")
    with PeakMemory() as memory:
        ours, ours_cpu, result = spent(lambda: coordinator.run(config, execution_mode="composable"), options.runs)
    stats = result.stats
    target = adm.SignalStore(folder).decision(0).target
    loop = plain(frame, target, rows, COMMISSION, threads)
    loop()
    alone, alone_cpu, figures = spent(loop, options.runs)

    part = rows.iloc[:: max(1, len(rows) // options.part)].head(options.part).reset_index(drop=True)
    scale = len(rows) / len(part)
    entries, exits = crossings(frame)
    flags = entries.to_numpy(), exits.to_numpy()
    vectorbt_part(frame, flags, part.head(2), COMMISSION)
    theirs = timed(lambda: vectorbt_part(frame, flags, part, COMMISSION), 1)[0] * scale
    raptor = timed(lambda: raptorbt_part(frame, flags, part, COMMISSION), 1)[0] * scale
    few = {name: values[:: -(-len(values) // 2)][:2] for name, values in axes.items()}
    old_way = coordinator.run(replay(frame, folder, COMMISSION, **few), execution_mode="traditional")
    traditional = old_way.duration_seconds * len(rows) / len(old_way.stats)

    print(f"\n  {'':<46} {'seconds':>10} {'times ours':>11}")
    for name, seconds in (
        ("adm_notebook, replay, warm", ours),
        ("a plain numba loop that skips flat bars", alone),
        (f"raptorbt (from {len(part):,} settings)", raptor),
        (f"vectorbt (from {len(part):,} settings)", theirs),
        (f"adm_notebook, traditional (from {len(old_way.stats)} settings)", traditional),
        ("adm_notebook, keeping the signals", kept),
    ):
        print(f"  {name:<46} {seconds:>10.3f} {seconds / ours:>10.1f}x")
    print(f"  processor time: ours {ours_cpu:.3f} s, the plain loop {alone_cpu:.3f} s")
    print(f"  memory grew by {memory.growth:,.0f} MB at most ({memory.how})\n")

    lines, same = compared("the plain loop", stats, pd.DataFrame(figures, columns=list(METRICS)), 1e-9)
    again = stats.merge(old_way.stats[list(few)], on=list(few))
    more, also = compared("the traditional mode", again, old_way.stats[list(METRICS)], 1e-9)
    small = pd.DataFrame({name: values[:: max(1, len(values) // 5)][:5] for name, values in axes.items()})
    vector, equal = check_vectorbt(frame, folder, flags, small)
    print("\n".join(lines + more + vector))
    targets = [
        ("less processor time than the plain loop", ours_cpu < alone_cpu),
        ("50 times faster than raptorbt", raptor >= 50 * ours),
        ("200 times faster than vectorbt", theirs >= 200 * ours),
        ("100 times faster than traditional", traditional >= 100 * ours),
        ("equal to the plain loop, the traditional mode and vectorbt", same and also and equal),
    ]
    return told(targets + report_stops(config, stats, options.stops))


if __name__ == "__main__":
    start = time.perf_counter()
    code = main()
    print(f"  ({time.perf_counter() - start:,.0f} s in all)")
    sys.exit(code)
