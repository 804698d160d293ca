"""Memory does not grow with the number of signals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import adm_notebook as adm

CODE = """
import resource, sys, threading
import numpy as np, pandas as pd
sys.path.insert(0, sys.argv[2])
from signal_cases import bars_of, draft_of, index_of
from adm_notebook.components import Decision
from adm_notebook.signals import SignalWriter

n, combinations = 10_000, int(sys.argv[3])
bars = bars_of("A", index_of(n, "UTC", freq="min"))
target = np.arange(n, dtype=np.int8) % 2

def work(first):
    for k in range(first, combinations, 2):
        strength = np.random.default_rng(k).random(n)
        writer.add("A", "mine", Decision(target, None, strength, 0), parameters={"k": k})

with SignalWriter(sys.argv[1], draft_of(bars)) as writer:
    threads = [threading.Thread(target=work, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.commit()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks Unix for the peak of memory")
def test_five_million_signals_need_little_more_memory_than_half_a_million(tmp_path: Path) -> None:
    peaks = []
    for combinations in (50, 500):
        path = tmp_path / f"s{combinations}"
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(path), str(Path(__file__).parent), str(combinations)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    assert adm.SignalStore(path).manifest.counts.signals == 5_000_000
    assert peaks[1] - peaks[0] < 100  # megabytes; the signals themselves are more than 400
