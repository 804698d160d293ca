"""What the benchmarks share: real minutes continued to any length, fair timing, and where the data is looked for."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DATA = Path(os.environ.get("ADM_BENCH_DATA", Path(__file__).parents[2] / "shared" / "data"))


def minutes(n_bars: int) -> pd.DataFrame:
    """SPY one-minute bars, continued to `n_bars`.

    The year is repeated, each time scaled so that prices go on where they ended, and shifted by 54 weeks, so that
    weekdays and hours stay.

    Exits with a sentence where the file is absent.
    """
    path = DATA / "SPY_1m.parquet"
    if not path.is_file():
        sys.exit(
            f"{path} is absent. The benchmarks want SPY_1m.parquet (one-minute bars: timestamp in UTC, open, high, "
            "low, close, volume); set ADM_BENCH_DATA to the folder that holds it."
        )
    year = pd.read_parquet(path).set_index("timestamp")[["open", "high", "low", "close", "volume"]]
    copies, scale = [], 1.0
    for i in range(-(-n_bars // len(year))):
        part = year.copy()
        part[["open", "high", "low", "close"]] *= scale
        part.index = part.index + i * pd.Timedelta(weeks=54)
        copies.append(part)
        scale *= year["close"].iloc[-1] / year["open"].iloc[0]
    frame = pd.concat(copies).iloc[:n_bars]
    prices = frame[["open", "high", "low", "close"]]
    frame["high"], frame["low"] = prices.max(axis=1), prices.min(axis=1)  # scaling rounds: keep high and low outermost
    return frame


def timed(function: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Median wall time of `runs` calls, in seconds, and what the last of them returned."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        value = function()
        times.append(time.perf_counter() - start)
    return statistics.median(times), value


def close_enough(ours: float, theirs: float, rtol: float = 1e-8) -> bool:
    """Whether two figures agree, NaN with NaN."""
    return bool(np.isclose(ours, theirs, rtol=rtol, atol=1e-10, equal_nan=True))
