"""What the benchmarks share: real minutes continued to any length, fair timing, memory, and where the data is."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import threading
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


class PeakMemory:
    """The most that this process holds while the `with` block runs, over what it held at its start.

    Attributes
    ----------
    before, growth
        MB; `growth` once the block has ended.
    how
        `high-water mark`, where Linux lets it be reset; else `sampled`, every few milliseconds.
    """

    _RESET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")

    def __enter__(self) -> PeakMemory:
        self.before = self._read("VmRSS")
        self.growth = 0.0
        self._over = threading.Event()
        try:
            self._RESET.write_text("5")
            self.how = "high-water mark"
        except OSError:
            self.how = "sampled"
            self._sampler = threading.Thread(target=self._sample, daemon=True)
            self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self.how == "sampled":
            self._sampler.join()
        else:
            self.growth = self._read("VmHWM") - self.before

    def _sample(self) -> None:
        while not self._over.wait(0.002):
            self.growth = max(self.growth, self._read("VmRSS") - self.before)

    def _read(self, field: str) -> float:
        for line in self._STATUS.read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
        sys.exit(f"{self._STATUS} has no {field}: peak memory can be measured on Linux only.")


def in_a_fresh_process(script: str, *arguments: object) -> dict[str, Any]:
    """What `script` prints as JSON in its last line, called in a process of its own."""
    command = [sys.executable, script, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}.")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def machine() -> str:
    """Processor, number of cores, system and Python."""
    name = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.is_file():
        models = [line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
