"""What the live view of a run costs: the same runs with and without it, in turns, in one real kernel.

    python benchmarks/live.py [--runs 5]

- pairs: 373,751 moving-average crossovers under two risk profiles on the bundled S&P 500, composable: rows by the
  hundred thousand a second, and a heatmap that changes everywhere.
- rows: 4,000 rows of a strategy of the user's own, composable: row by row.
- bars: 168 crossovers in traditional mode, bar by bar in plain Python, which holds the interpreter's lock.

A run is timed from its start to its result, cards left out. Wall time is what a user waits for; processor time, of all
threads, changes less when the machine is busy elsewhere. The ratios are those of the quickest runs of each kind: what
else the machine does only ever adds. Beside them stands the processor time that the view itself took, as a share of the
run's wall time. The page is a client that reads everything that the kernel sends; what a browser draws is no part of
the run. The updates' number and size are counted, too, and how long an interrupted run takes to hand over its rows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from common import machine
from jupyter_client.manager import start_new_kernel

TARGETS = {"cost": 1.05, "rate": 4.0, "bytes": 16_384, "stop": 1.0}

SETUP = """
import json, os, statistics, threading, time
os.environ["ADM_NOTEBOOK_LIVE"] = "1"
import adm_notebook as adm
from adm_notebook.engine import warmup
from adm_notebook.magics.watch import NotebookView, _Nothing, wait_for
from adm_notebook.widgets.live import LiveView

@adm.strategy
def own(bars, window=5):
    return (bars.close > bars.close.rolling(window).mean()).astype(int)

def sweep(entry, **more):
    return adm.WorkflowConfig(optimization_config={"strategies": [entry], **more})

def crossover(fast, slow):
    return {"type": "ma_crossover", "parameters": {"fast": fast, "slow": slow}}

WORKS = {
    "pairs": ("composable", sweep(
        crossover({"min": 2, "max": 500}, {"min": 3, "max": 1000}), constraints=["fast < slow"],
        risk_profiles=[{"name": "plain", "type": "custom", "parameters": {}},
                       {"name": "stop", "type": "custom", "parameters": {"stop_loss": 0.08}}],
    )),
    "rows": ("composable", sweep({"type": "own", "parameters": {"window": {"min": 2, "max": 4001}}})),
    "bars": ("traditional", sweep(crossover({"min": 5, "max": 60, "step": 5}, {"min": 70, "max": 200, "step": 10}))),
}
sent = []
show = LiveView.show
def noted(self):
    show(self)
    sent.append((time.perf_counter(), self.sent))
LiveView.show = noted
own_time = []
shown = NotebookView.show
def clocked(self, run):
    began = time.thread_time()
    shown(self, run)
    own_time.append(time.thread_time() - began)
NotebookView.show = clocked

def once(name, view):
    mode, config = WORKS[name]
    run = adm.EnhancedCoordinator().start(config, mode)
    wall, cpu = time.perf_counter(), time.process_time()
    result = wait_for(run, view)
    took = time.perf_counter() - wall, time.process_time() - cpu
    view.end()
    view.close()
    assert result.success, result.errors
    return took, len(result.stats)

warmup.wait()
"""
MEASURE = """
once({name!r}, _Nothing()), once({name!r}, NotebookView())
turns, updates = [], []
for turn in range({runs}):
    pair = {{}}
    for kind in (("with", "without") if turn % 2 else ("without", "with")):
        sent.clear()
        own_time.clear()
        (pair[kind], rows) = once({name!r}, NotebookView() if kind == "with" else _Nothing())
        if kind == "with":
            updates.append((len(sent), max((size for _, size in sent), default=0),
                            min((b[0] - a[0] for a, b in zip(sent, sent[1:])), default=1.0),
                            sum(own_time) / pair[kind][0]))
    turns.append(pair)
print(json.dumps({{"rows": rows, "turns": turns, "updates": updates}}))
"""
STOP = """
def stopped(name, after):
    mode, config = WORKS[name]
    run = adm.EnhancedCoordinator().start(config, mode)
    times = []
    def stop():
        times.append(time.perf_counter())
        run.cancel()
    threading.Timer(after, stop).start()
    view = NotebookView()
    result = wait_for(run, view)
    times.append(time.perf_counter())
    view.end()
    view.close()
    return times[1] - times[0], len(result.stats), bool(result.metadata["partial"])
print(json.dumps({name: [stopped(name, 0.6 + 0.1 * k) for k in range(5)] for name in WORKS}))
"""


class Kernel:
    """A kernel, and a client that reads whatever it sends."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def printed(self, code: str) -> Any:
        """What the code prints last, read as JSON; None where it prints nothing."""
        said: list[str] = []

        def note(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                said.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, timeout=3600, output_hook=note)
        if reply["content"]["status"] != "ok":
            sys.exit("\n".join(reply["content"]["traceback"]))
        return json.loads("".join(said)) if said else None

    def stop(self) -> None:
        """End it."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def verdict(name: str, value: float, most: float, unit: str = "") -> bool:
    """Print whether a target is met."""
    print(f"  {'met    ' if value <= most else 'NOT MET'} {name:<58} {value:>9.3f}{unit} (at most {most:g}{unit})")
    return value <= most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(machine())
    kernel = Kernel()
    met = []
    try:
        kernel.printed(SETUP)
        for name in ("pairs", "rows", "bars"):
            found = kernel.printed(MEASURE.format(name=name, runs=options.runs))
            wall, cpu = (
                min(turn["with"][k] for turn in found["turns"]) / min(turn["without"][k] for turn in found["turns"])
                for k in (0, 1)
            )
            own = 1 + statistics.median(update[3] for update in found["updates"])
            seconds = statistics.median(turn["without"][0] for turn in found["turns"])
            count = statistics.median(update[0] for update in found["updates"])
            print(f"{name}: {found['rows']:,} rows in {seconds:.2f} s without the view; {count:g} updates with it")
            met += [
                verdict("wall time with the view / without", wall, TARGETS["cost"]),
                verdict("processor time with the view / without", cpu, TARGETS["cost"]),
                verdict("1 + processor time in the view / wall time of the run", own, TARGETS["cost"]),
                verdict("largest update", max(update[1] for update in found["updates"]), TARGETS["bytes"], " bytes"),
                verdict("updates a second", 1 / min(update[2] for update in found["updates"]), TARGETS["rate"]),
            ]
        for name, times in kernel.printed(STOP).items():
            took = [seconds for seconds, _, partial in times if partial]
            if took:
                met.append(
                    verdict(f"{name}: from Stop to the rows that were finished", max(took), TARGETS["stop"], " s")
                )
    finally:
        kernel.stop()
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
