"""How long a user waits at the start: import, `%load_ext`, and a first `%%adm` cell, each in fresh processes.

    python benchmarks/startup.py [--runs 5]

The first cell is measured sent together with `%load_ext`, and after a second in which the user reads on: the engine
warms up in the background meanwhile. The cache of compiled code is warm: one run before the measured ones fills it.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

IMPORT = "import time; t = time.perf_counter(); import adm_notebook; print(time.perf_counter() - t)"
CELL = """
import os, time
os.environ["ADM_NOTEBOOK_LIVE"] = "0"
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.display_pub.publish = lambda *args, **kwargs: None
t = time.perf_counter()
shell.run_line_magic("load_ext", "adm_notebook")
loaded = time.perf_counter() - t
time.sleep({pause})
t = time.perf_counter()
shell.run_cell_magic("adm", "run", "backtest_config: {{strategy: ma_crossover, commission: 0.001}}")
print(loaded, time.perf_counter() - t)
"""


def seconds(code: str, runs: int) -> list[float]:
    """Medians of what the code prints, over fresh processes."""
    rows = []
    for _ in range(runs + 1):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        rows.append([float(value) for value in done.stdout.split()[-(2 if "load_ext" in code else 1) :]])
    return [statistics.median(column) for column in zip(*rows[1:], strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    (imported,) = seconds(IMPORT, options.runs)
    loaded, at_once = seconds(CELL.format(pause=0), options.runs)
    _, after_a_second = seconds(CELL.format(pause=1), options.runs)
    targets = [
        ("import adm_notebook", imported, 0.3),
        ("%load_ext adm_notebook", loaded, 1.0),
        ("first %%adm cell, sent together with %load_ext", at_once, 2.0),
        ("first %%adm cell, a second later", after_a_second, 2.0),
    ]
    for name, took, most in targets:
        print(f"  {'met    ' if took <= most else 'NOT MET'} {name:<50} {took:>7.3f} s (at most {most:g})")
    return 0 if all(took <= most for _, took, most in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
