"""How a sweep's time and memory grow with bars and with combinations; draws docs/images/growth.png.

    python benchmarks/growth.py [--bars 5000 ...] [--rows 100 ...] [--image PATH]

1. 100 SMA pairs on 5 thousand to 1 million one-minute bars.
2. 100 to 1 million SMA pairs on the bundled S&P 500, 5,031 daily bars, whose rows go to Parquet while they are made.

Everything goes through the public `EnhancedCoordinator.run`, planning included. Each point has a process of its own, in
which everything is compiled and the bars are loaded before: its memory is the growth at the peak of the first run, its
time the median of three runs that follow, or that of the first where one takes more than a minute. A step is worse
than linear where processor time, which other work on the machine changes little, grows by more than a fifth over the
size.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from common import PeakMemory, in_a_fresh_process, machine, minutes
from pyarrow.dataset import dataset

import adm_notebook as adm
from adm_notebook.engine import warmup

BARS = (5_000, 20_000, 100_000, 300_000, 1_000_000)
ROWS = (100, 1_000, 10_000, 100_000, 1_000_000)
IMAGE = Path(__file__).parents[1] / "docs" / "images" / "growth.png"
LONG = 60.0  # seconds; a longer run is not repeated
SLACK = 1.1  # times linear: what one run differs from another by, not room to grow


def config(kind: str, size: int, folder: Path) -> adm.WorkflowConfig:
    """`size` bars under 100 pairs, or `size` pairs on daily bars."""
    side = 10 if kind == "bars" else round(math.sqrt(size))
    slow = 10 if kind == "bars" else size // side
    pairs = {"fast": [*range(2, 2 + side)], "slow": [*range(2 + side, 2 + side + slow)]}
    return adm.WorkflowConfig(
        data_config={"frame": minutes(size)} if kind == "bars" else {"source": "sample", "symbols": ["SP500"]},
        backtest_config={"commission": 0.00001 if kind == "bars" else 0.001},
        optimization_config={"strategies": [{"type": "ma_crossover", "parameters": pairs}]},
        infrastructure_config={"results": str(folder)} if kind == "rows" else {},
    )


def measure(kind: str, size: int) -> dict[str, float]:
    """One point."""
    warmup.wait()
    ours = adm.EnhancedCoordinator()
    with tempfile.TemporaryDirectory() as name:
        workflow = config(kind, size, Path(name) / "rows")
        ours.plan(workflow, execution_mode="composable")
        ours.run(config("bars", 5_000, Path(name)), execution_mode="composable")  # loads what large sweeps use
        turns = []
        with PeakMemory() as memory:
            rows, *first = _run(ours, workflow)
        turns.append(first)
        if first[0] < LONG:
            turns = [_run(ours, workflow)[1:] for _ in range(3)]
    wall, processor = (statistics.median(side) for side in zip(*turns, strict=True))
    return {"rows": rows, "seconds": wall, "processor": processor, "growth": memory.growth}


def _run(ours: adm.EnhancedCoordinator, workflow: adm.WorkflowConfig) -> tuple[int, float, float]:
    """Rows that were made, wall and processor time; the table of a million is not read back into memory."""
    began, used = time.perf_counter(), time.process_time()
    result = ours.run(workflow, execution_mode="composable")
    took, used = time.perf_counter() - began, time.process_time() - used
    if not result.success:
        sys.exit(f"the run failed: {result.errors}")
    folder = (workflow.infrastructure_config or {}).get("results")
    return (
        len(result.stats) if folder is None else dataset(sorted(Path(folder).glob("*.parquet"))).count_rows(),
        took,
        used,
    )


def draw(bars: pd.DataFrame, rows: pd.DataFrame, path: Path) -> None:
    """Time and peak memory against size, both logarithmic; a grey line is what is linear from the first point."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    for axes, table, words in zip(
        figure.subplots(1, 2),
        (bars, rows),
        ("bars, 100 combinations", "combinations, 5,031 bars, rows to Parquet"),
        strict=True,
    ):
        x = table.index.to_numpy()
        per_unit = table["seconds"].iloc[-1] / x[-1]
        axes.loglog(x, x * per_unit, color="0.8", linewidth=1, label="linear")
        axes.loglog(x, table["seconds"], marker="o", color="C0", label="time, s")
        axes.set_xlabel(words)
        axes.set_ylabel("seconds")
        beside = axes.twinx()
        beside.semilogx(x, table["growth"], marker="s", color="C1", linestyle="--", label="peak memory, MB")
        beside.set_ylabel("MB over what the process held")
        beside.set_ylim(0, 1.15 * max(table["growth"].max(), 1.0))
        lines = [*axes.get_lines(), *beside.get_lines()]
        axes.legend(lines, [str(line.get_label()) for line in lines], loc="upper left", frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def report(kind: str, sizes: list[int]) -> tuple[pd.DataFrame, bool]:
    points: dict[int, Any] = {}
    print(f"\n{kind:>12}   wall, s   processor, s   growth, MB   ns a bar and row")
    for size in sizes:
        point = points[size] = in_a_fresh_process(__file__, "--measure", kind, size)
        work = point["rows"] * (size if kind == "bars" else 5_031)
        print(
            f"{size:>12,}{point['seconds']:>10.3f}{point['processor']:>15.3f}{point['growth']:>13.0f}"
            f"{point['seconds'] / work * 1e9:>19.2f}",
            flush=True,
        )
    table = pd.DataFrame(points).T
    linear = True
    for a, b in pairwise(sizes):
        if table["processor"][b] > SLACK * b / a * table["processor"][a]:
            linear = False
            print(f"  worse than linear: {a:,} to {b:,}")
    return table, linear


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, nargs="+", default=list(BARS))
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    parser.add_argument("--image", type=Path, default=IMAGE)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], int(options.measure[1]))))
        return 0
    print(machine())
    (bars, bars_linear), (rows, rows_linear) = report("bars", options.bars), report("rows", options.rows)
    draw(bars, rows, options.image)
    print(f"  {'met    ' if bars_linear and rows_linear else 'NOT MET'} no step worse than linear")
    return 0 if bars_linear and rows_linear else 1


if __name__ == "__main__":
    sys.exit(main())
