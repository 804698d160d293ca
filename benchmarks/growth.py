"""How a sweep's time and memory grow with bars and with combinations; draws docs/images/growth.png.

    python benchmarks/growth.py [--bars 5000 ...] [--rows 100 ...] [--limited 100 ...] [--settings 100 ...]

1. 100 SMA pairs on 5 thousand to 1 million one-minute bars.
2. 100 to 1 million SMA pairs on the bundled S&P 500, 5,031 daily bars, whose rows go to Parquet while they are made.
3. The same under `memory_limit_mb: 64`, where the averages don't all fit: time and memory, which must stay under it.
4. 100 SMA pairs under 1 to 10 thousand stop-losses and take-profits, on the same bars: as many rows from 20 averages.
   Peak memory is flat if a million rows take at most a quarter more than a hundred thousand, as buffers are full then.

Everything goes through the public `EnhancedCoordinator.run`, planning included. Each point has a process of its own, in
which everything is compiled and the bars are loaded before: its memory is the growth at the peak of the first run, its
time the median of nine runs that follow, of three where the first takes more than a second, or that of the first where
it takes more than a minute. A step is worse than linear where processor time, which other work on the machine changes
little, grows by more than a tenth over the size.
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

import numpy as np
import pandas as pd
from common import PeakMemory, in_a_fresh_process, machine, minutes
from matplotlib.axes import Axes
from pyarrow.dataset import dataset

import adm_notebook as adm
from adm_notebook.display import picture
from adm_notebook.engine import warmup

BARS = (5_000, 20_000, 100_000, 300_000, 1_000_000)
ROWS = (100, 1_000, 10_000, 100_000, 1_000_000)
IMAGE = Path(__file__).parents[1] / "docs" / "images" / "growth.png"
HEIGHT = 352  # CSS pixels of the picture
LIMIT = 64  # MB
FLAT = 1.25  # times what a tenth of the rows takes
SHORT, LONG = 1.0, 60.0  # seconds; a shorter run is repeated more often, a longer one not at all
SLACK = 1.1  # times linear: what one run differs from another by, not room to grow


def config(kind: str, size: int, folder: Path) -> adm.WorkflowConfig:
    """`size` bars under 100 pairs, `size` pairs on daily bars, or 100 pairs under about `size` / 100 settings there."""
    few = kind in ("bars", "settings")
    side = 10 if few else round(math.sqrt(size))
    slow = 10 if few else size // side
    n = size // 100 if kind == "settings" else 1
    stops = [round(0.01 + 0.0001 * k, 6) for k in range(round(math.sqrt(n)))]
    limits = [round(0.02 + 0.0001 * k, 6) for k in range(n // len(stops))]
    levels = {"stop_loss": stops, "take_profit": limits} if kind == "settings" else {}
    pairs = {"fast": [*range(2, 2 + side)], "slow": [*range(2 + side, 2 + side + slow)]}
    return adm.WorkflowConfig(
        data_config={"frame": minutes(size)} if kind == "bars" else {"source": "sample", "symbols": ["SP500"]},
        backtest_config={"commission": 0.00001 if kind == "bars" else 0.001, **levels},
        optimization_config={"strategies": [{"type": "ma_crossover", "parameters": pairs}]},
        infrastructure_config={} if kind == "bars" else {"results": str(folder)},
        memory_limit_mb=LIMIT if kind == "limited" else None,
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
            turns = [_run(ours, workflow)[1:] for _ in range(9 if first[0] < SHORT else 3)]
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


def draw(bars: pd.DataFrame, sweeps: dict[str, pd.DataFrame], path: Path) -> None:
    """Time and peak memory against size, in the style of the package's own charts; in grey what is linear.

    The grey line goes through the last point: whatever lies above it costs more for each bar or row than that does.

    sweeps  by what they are called: sweeps of more and more rows, which go to Parquet
    """
    theme = picture.theme_of("light")
    chart = picture.Chart(picture.WIDTH, HEIGHT, theme)
    for left, lines, words, held in (
        (52, {"": bars}, "Seconds for 100 combinations by bars (log scales)", "Peak memory, MB"),
        (452, sweeps, "Seconds for combinations on 5,031 bars (log scales)", "Peak memory, MB; rows go to Parquet"),
    ):
        first = next(iter(lines.values()))
        x, seconds = first.index.to_numpy(float), first["seconds"].to_numpy(float)
        linear = x * (seconds[-1] / x[-1])
        time_panel = picture.panel(chart, left, 30, 272, 170)
        times = _lines(time_panel, {name: table["seconds"] for name, table in lines.items()}, "{:,.3g} s", theme, words)
        time_panel.set_yscale("log")
        time_panel.plot(x, linear, color=theme.bench, linewidth=0.9, linestyle="-", zorder=2)
        time_panel.annotate(
            "linear", (x[0], linear[0]), xytext=(12, 0), textcoords="offset points", va="center",
            **picture.text_style(theme.ink2),
        )  # fmt: skip
        shown = np.concatenate([linear, *(table["seconds"].to_numpy(float) for table in lines.values())])
        lowest, highest = float(shown.min()), float(shown.max())
        powers = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
        time_panel.set_ylim(10.0 ** powers[0], 10.0 ** powers[-1])
        picture.set_ticks(time_panel, "y", [10.0**p for p in powers], [f"{10.0**p:,g}" for p in powers], theme)
        memory_panel = picture.panel(chart, left, 242, 272, 80)
        growths = {name: table["growth"] for name, table in lines.items()}
        memories = _lines(memory_panel, growths, "{:,.0f} MB", theme, held)
        most = 1.15 * max(1.0, *(float(growth.max()) for growth in growths.values()))
        memory_panel.set_ylim(min(0.0, *(float(growth.min()) for growth in growths.values())), most)
        ticks = picture.round_ticks(0.0, most, 4)
        picture.set_ticks(memory_panel, "y", ticks, [f"{tick:,g}" for tick in ticks], theme)
        picture.end_labels(time_panel, times)
        picture.end_labels(memory_panel, memories)
        ticks = sorted({int(size) for table in lines.values() for size in table.index})
        picture.set_ticks(time_panel, "x", ticks, [""] * len(ticks), theme)
        picture.set_ticks(memory_panel, "x", ticks, [_short(size) for size in ticks], theme)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture.png(chart))


def _lines(
    axes: Axes, lines: dict[str, pd.Series[float]], last: str, theme: picture.Theme, words: str
) -> list[picture.EndLabel]:
    """A panel with lines over sizes; what their ends are called: the last value, and its name where it has one."""
    axes.set_xscale("log")
    sizes = np.concatenate([line.index.to_numpy(float) for line in lines.values()])
    axes.set_xlim(sizes.min() / 1.25, sizes.max() * 1.25)
    labels = []
    for (name, line), color in zip(lines.items(), (theme.series, theme.loss, theme.gain), strict=False):
        x, y = line.index.to_numpy(float), line.to_numpy(float)
        style = {"linewidth": 1.5, "linestyle": "-", "marker": "o", "markersize": 4, "zorder": 3, "clip_on": False}
        axes.plot(x, y, color=color, **style)
        end = last.format(y[-1])
        labels.append(picture.EndLabel(y[-1], f"{end}\n{name}" if name else end, color, bold=True))
    picture.dress(axes, theme)
    picture.heading(axes, theme, words)
    return labels


def _short(size: int) -> str:
    return f"{size // 1_000_000:,}M" if size >= 1_000_000 else f"{size // 1_000:,}k" if size >= 1_000 else f"{size:,}"


def report(kind: str, sizes: list[int]) -> tuple[pd.DataFrame, bool]:
    points: dict[int, Any] = {}
    print(f"\n{kind:>12}   wall, s   processor, s   growth, MB   ns a bar and row")
    for size in sizes:
        point = points[size] = in_a_fresh_process(__file__, "--measure", kind, size)
        work = point["work"] = point["rows"] * (size if kind == "bars" else 5_031)
        print(
            f"{size:>12,}{point['seconds']:>10.3f}{point['processor']:>15.3f}{point['growth']:>13.0f}"
            f"{point['seconds'] / work * 1e9:>19.2f}",
            flush=True,
        )
    table = pd.DataFrame(points).T
    linear = True
    for a, b in pairwise(sizes):
        if table["processor"][b] > SLACK * table["work"][b] / table["work"][a] * table["processor"][a]:
            linear = False
            print(f"  worse than linear: {a:,} to {b:,}")
    return table, linear


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, nargs="+", default=list(BARS))
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    parser.add_argument("--limited", type=int, nargs="*", default=list(ROWS))
    parser.add_argument("--settings", type=int, nargs="*", default=list(ROWS))
    parser.add_argument("--image", type=Path, default=IMAGE)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], int(options.measure[1]))))
        return 0
    print(machine())
    (bars, bars_linear), (rows, rows_linear) = report("bars", options.bars), report("rows", options.rows)
    sweeps, linear, verdicts = {"pairs": rows}, bars_linear and rows_linear, {}
    if options.limited:
        limited, limited_linear = report("limited", options.limited)
        linear &= limited_linear
        sweeps[f"\u2264 {LIMIT} MB"] = limited
        verdicts[f"memory under its limit of {LIMIT} MB"] = bool((limited["growth"] <= LIMIT).all())
    if options.settings:
        settings, settings_linear = report("settings", options.settings)
        linear &= settings_linear
        sweeps["settings"] = settings
        if {100_000, 1_000_000} <= set(options.settings):
            verdicts["peak memory flat"] = settings["growth"][1_000_000] <= FLAT * settings["growth"][100_000]
    draw(bars, sweeps, options.image)
    verdicts["no step worse than linear"] = linear
    for words, met in verdicts.items():
        print(f"  {'met    ' if met else 'NOT MET'} {words}")
    return 0 if all(verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
