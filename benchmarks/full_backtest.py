"""The pattern full_backtest in both modes: time, peak memory, equal numbers; and memory under a limit.

    python benchmarks/full_backtest.py [--runs 5] [--every 1] [--settings 20000] [--limit 256]

1. 3 classifiers x 3 risk profiles x 200 strategy settings on the bundled S&P 500, daily, with 0.1% commission: 1,800
   rows. 40 of the 200 trade in rising regimes only, so that classifiers change what they do. Composable: the median of
   warm runs. Traditional: one run; `--every 10` takes each tenth strategy setting and scales the time up, and says so.
   Every metric of the rows that traditional mode ran is compared.
2. Composable, 20,000 settings of ma_crossover on SPY one-minute bars under `max_memory_mb: 256`: by how much the
   process grows, at most.

Each measurement has a process of its own. Processor time, of all threads, is given beside wall time: it changes little
when the machine is busy elsewhere. Growth is the peak of what it holds over what it held when the run began; by
then everything is compiled and the bars are loaded.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import numpy as np
from common import PeakMemory, in_a_fresh_process, machine, minutes, timed

import adm_notebook as adm
from adm_notebook.engine import warmup

STRATEGIES: list[dict[str, Any]] = [
    {"type": "ma_crossover", "parameters": {"fast": [*range(5, 55, 5)], "slow": [*range(60, 160, 10)]}},
    {"type": "rsi", "parameters": {"period": [*range(5, 25, 2)], "entry": [20, 25, 30, 32, 35, 40]}},
    {"type": "momentum", "parameters": {"lookback": [*range(10, 210, 5)]}, "regimes": ["up"]},
]
"""100 + 60 + 40 settings."""

CLASSIFIERS = [
    {"type": "trend", "name": "quick", "parameters": {"fast": 10, "slow": 50}},
    {"type": "trend", "name": "usual"},
    {"type": "trend", "name": "slow", "parameters": {"fast": 50, "slow": 200}},
]

METRICS_RTOL, METRICS_ATOL = 1e-9, 1e-12  # two metrics agree; money to 1e-9 of the capital
CAPITAL = 100_000.0
MONEY = ("expectancy", "fees", "final_equity")


def daily(every: int = 1) -> adm.WorkflowConfig:
    """The workflow on daily bars; with `every` = 10 a tenth of the values on each strategy's last axis."""
    strategies = []
    for strategy in STRATEGIES:
        *others, last = strategy["parameters"]
        parameters = {name: strategy["parameters"][name] for name in others}
        parameters[last] = strategy["parameters"][last][::every]
        strategies.append({**strategy, "parameters": parameters})
    return adm.WorkflowConfig(
        parameters={"container_pattern": "full_backtest"},
        data_config={"source": "sample", "symbols": ["SP500"]},
        backtest_config={"commission": 0.001, "initial_capital": CAPITAL},
        optimization_config={
            "strategies": strategies,
            "classifiers": CLASSIFIERS,
            "risk_profiles": ["conservative", "moderate", "aggressive"],
        },
    )


def crossovers(n_settings: int, limit: float | None) -> adm.WorkflowConfig:
    """`n_settings` of ma_crossover on a year of one-minute bars, of which every one is valid."""
    slow = 100
    fast = -(-n_settings // slow)
    return adm.WorkflowConfig(
        parameters={"container_pattern": "full_backtest", "max_memory_mb": limit},
        data_config={"frame": minutes(102_236)},
        backtest_config={"commission": 0.00001},
        optimization_config={
            "strategies": [
                {
                    "type": "ma_crossover",
                    "parameters": {"fast": [*range(2, 2 + fast)], "slow": [*range(2 + fast, 2 + fast + slow)]},
                }
            ]
        },
    )


def coordinator() -> adm.EnhancedCoordinator:
    """One that runs either mode, with everything compiled."""
    warmup.wait()
    return adm.EnhancedCoordinator(enable_composable_containers=True)


def measure_composable(runs: int) -> dict[str, Any]:
    """Warm runs after a first one, whose growth is measured."""
    ours, config = coordinator(), daily()
    ours.plan(config, execution_mode="composable")  # loads the bars
    with PeakMemory() as memory:
        start = time.perf_counter()
        ours.run(config, execution_mode="composable")
        first = time.perf_counter() - start
    used = time.process_time()
    seconds, result = timed(lambda: ours.run(config, execution_mode="composable"), runs)
    used = (time.process_time() - used) / runs
    return {
        "seconds": seconds,
        "processor": used,
        "first": first,
        **_of(result),
        **_memory(memory),
        "stats": _numbers(result),
    }


def measure_traditional(every: int) -> dict[str, Any]:
    """One run, of each `every`th setting."""
    ours, config = coordinator(), daily(every)
    ours.plan(config, execution_mode="traditional")
    with PeakMemory() as memory:
        start, used = time.perf_counter(), time.process_time()
        result = ours.run(config, execution_mode="traditional")
        seconds, used = time.perf_counter() - start, time.process_time() - used
    return {"seconds": seconds, "processor": used, **_of(result), **_memory(memory), "stats": _numbers(result)}


def measure_limit(n_settings: int, limit: float) -> dict[str, Any]:
    """One run under a limit on memory, after a small one that compiles."""
    ours = coordinator()
    ours.run(crossovers(100, None), execution_mode="composable")
    config = crossovers(n_settings, limit)
    ours.plan(config, execution_mode="composable")
    with PeakMemory() as memory:
        start = time.perf_counter()
        result = ours.run(config, execution_mode="composable")
        seconds = time.perf_counter() - start
    told = result.metadata.get("peak_memory_mb")
    return {"seconds": seconds, **_of(result), **_memory(memory), "told": told}


def _of(result: adm.WorkflowResult) -> dict[str, Any]:
    if not result.success:
        sys.exit("; ".join(result.errors))
    return {"mode": result.mode, "rows": len(result.stats)}


def _memory(memory: PeakMemory) -> dict[str, Any]:
    return {"before": memory.before, "growth": memory.growth, "how": memory.how}


_KEY = ("strategy", "classifier", "risk_profile", "fast", "slow", "period", "entry", "lookback")


def _numbers(result: adm.WorkflowResult) -> list[tuple[str, dict[str, float]]]:
    """Each row: what it is, as a text; and its metrics."""
    stats = result.stats
    if not (stats["status"] == "ok").all():
        sys.exit(f"Rows that are not ok: {stats['status'].value_counts().to_dict()}")
    names = list(result.metrics)
    keys = ["|".join(str(value) for value in row) for row in stats[[*_KEY]].itertuples(index=False)]
    return list(zip(keys, stats[names].to_dict("records"), strict=True))


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Rows of traditional mode whose metrics are not those of composable mode."""
    composable = dict(ours["stats"])
    found = []
    for key, metrics in theirs["stats"]:
        for name, value in metrics.items():
            atol = CAPITAL * METRICS_RTOL if name in MONEY else METRICS_ATOL
            if not np.isclose(composable[key][name], value, rtol=METRICS_RTOL, atol=atol, equal_nan=True):
                found.append(f"{key} {name}: {composable[key][name]!r} and {value!r}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="warm runs in composable mode")
    parser.add_argument("--every", type=int, default=1, help="traditional mode runs each of so many settings only")
    parser.add_argument("--settings", type=int, default=20_000, help="rows under the limit on memory")
    parser.add_argument("--limit", type=float, default=256, help="MB")
    parser.add_argument("--measure", choices=("composable", "traditional", "limit"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        made = {
            "composable": lambda: measure_composable(options.runs),
            "traditional": lambda: measure_traditional(options.every),
            "limit": lambda: measure_limit(options.settings, options.limit),
        }[options.measure]()
        print(json.dumps(made))
        return 0

    print(machine())
    ours = in_a_fresh_process(__file__, "--measure", "composable", "--runs", options.runs)
    theirs = in_a_fresh_process(__file__, "--measure", "traditional", "--every", options.every)
    scale = ours["rows"] / theirs["rows"]
    traditional = theirs["seconds"] * scale
    ratio, of_processor = traditional / ours["seconds"], theirs["processor"] * scale / ours["processor"]
    part = "" if scale == 1 else f" (scaled up from {theirs['rows']:,} rows)"
    print(f"3 classifiers x 3 risk profiles x 200 strategy settings, S&P 500 daily: {ours['rows']:,} rows")
    rows = [
        (f"composable, median of {options.runs} warm runs", ours["seconds"], f"{ours['growth']:.1f}"),
        ("composable, first run", ours["first"], ""),
        (f"traditional{part}", traditional, f"{theirs['growth']:.1f}"),
    ]
    for name, seconds, growth in rows:
        of_row = seconds / ours["rows"] * 1e3
        print(f"  {name:<44} {seconds:>9.3f} s {of_row:>9.3f} ms a row  {growth:>7} {'MB' if growth else ''}")
    print(f"  composable is {ratio:,.0f} times as fast; growth of memory: {ours['how']}")
    print(
        f"  processor time: {ours['processor']:.3f} s a run and {theirs['processor'] * scale:.3f} s, "
        f"{of_processor:,.0f} times as much"
    )
    different = differences(ours, theirs)
    for line in different[:10]:
        print(f"  DIFFERENT {line}")
    print(f"  metrics of {theirs['rows']:,} rows compared, {len(different):,} different")

    limited = in_a_fresh_process(
        __file__, "--measure", "limit", "--settings", options.settings, "--limit", options.limit
    )
    told = "" if limited["told"] is None else f"; the result says {limited['told']:.1f} MB"
    print(f"ma_crossover, 102,236 one-minute bars, {limited['rows']:,} settings, max_memory_mb: {options.limit:g}")
    print(
        f"  {limited['seconds']:.1f} s, {limited['seconds'] / limited['rows'] * 1e3:.2f} ms a row; "
        f"grew by {limited['growth']:.1f} MB over {limited['before']:.0f} MB{told}"
    )
    targets = [
        ("composable at least 100 times as fast as traditional", min(ratio, of_processor) >= 100),
        ("equal metrics", not different),
        (f"growth under {options.limit:g} MB", limited["growth"] < options.limit),
    ]
    for name, met in targets:
        print(f"  {'met    ' if met else 'NOT MET'} {name}")
    return 0 if all(met for _, met in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
