"""How long a user waits for a view: `%adm build` and its like, in kernels of their own that have run a cell already.

    python benchmarks/widgets.py [--runs 5] [--page]

Measured from sending the cell to its end: the view is in the notebook then. `first` is the first opening in a kernel,
which imports what it needs; `again` the second one. With `--page` a real JupyterLab in chromium (playwright and a
`chromium` are wanted) opens the builder and the editor: from the press of Shift+Enter until the view can be used.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

WARM = """%load_ext adm_notebook
import adm_notebook as adm
config = adm.WorkflowConfig(backtest_config={"strategy": {
    "type": "ma_crossover", "parameters": {"fast": {"min": 5, "max": 60, "step": 5}, "slow": [100, 150, 200]}}})
swept = adm.EnhancedCoordinator().run(config)
other = adm.EnhancedCoordinator().run(adm.WorkflowConfig(backtest_config={"strategy": "momentum"}))
import time; time.sleep(2)"""
VIEWS = ("%adm build", "%adm edit full_backtest", "%adm explore swept", "%adm diff")
MOST = 1.0
"""Seconds."""


def opened(runs: int) -> dict[str, tuple[float, float]]:
    """View -> medians of its first and its second opening, over fresh kernels; one view a kernel."""
    os.environ["ADM_NOTEBOOK_LIVE"] = "1"
    found = {}
    for line in VIEWS:
        times: list[tuple[float, float]] = []
        for _ in range(runs):
            manager, client = start_new_kernel(kernel_name="python3")
            try:
                _run(client, WARM)
                times.append((_run(client, line), _run(client, line)))
            finally:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
        first, again = (statistics.median(column) for column in zip(*times, strict=True))
        found[line] = first, again
    return found


def _run(client: object, code: str) -> float:
    """Seconds that a cell takes, as its sender sees it.

    Exits with its error where it fails.
    """
    start = time.perf_counter()
    reply = client.execute_interactive(code, timeout=120, output_hook=lambda message: None)  # type: ignore[attr-defined]
    took = time.perf_counter() - start
    if reply["content"]["status"] != "ok":
        sys.exit(f"{code}\n{reply['content'].get('evalue')}")
    return took


def on_a_page(runs: int) -> dict[str, float]:
    """View -> median seconds in JupyterLab from Shift+Enter until it shows what it is for."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
    from playwright.sync_api import sync_playwright
    from test_config_builder import notebook
    from test_quickstart import open_notebook

    from conftest import FLAGS, serving

    wanted = {"%adm build": (".adm-app .cb-sec", "combination"), "%adm edit full_backtest": (".adm-app .pe-pal", "")}
    times: dict[str, list[float]] = {line: [] for line in wanted}
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as home,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        with serving("jupyterlab", Path(folder), Path(home)) as lab:
            for number in range(runs):
                page = browser.new_page(viewport={"width": 1360, "height": 1400})
                open_notebook(page, lab.url, notebook(lab, f"views_{number}.ipynb", [WARM, *wanted]))
                cells = page.locator(".jp-Notebook .jp-CodeCell")
                cells.nth(0).locator(".jp-InputPrompt").click()
                page.keyboard.press("Shift+Enter")
                page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=60_000)
                page.wait_for_timeout(3000)
                for at, (line, (seen, words)) in enumerate(wanted.items(), 1):
                    cells.nth(at).locator(".jp-InputPrompt").click()
                    start = time.perf_counter()
                    page.keyboard.press("Shift+Enter")
                    cells.nth(at).locator(seen).first.wait_for(timeout=60_000)
                    if words:
                        cells.nth(at).locator(".adm-bar-end", has_text=words).wait_for(timeout=60_000)
                    times[line].append(time.perf_counter() - start)
                page.close()
        browser.close()
    return {line: statistics.median(taken) for line, taken in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--page", action="store_true", help="in a real JupyterLab, too")
    options = parser.parse_args()
    targets = []
    for line, (first, again) in opened(options.runs).items():
        targets += [(f"{line}, first", first), (f"{line}, again", again)]
    if options.page:
        targets += [(f"{line}, on a page", took) for line, took in on_a_page(options.runs).items()]
    for name, took in targets:
        print(f"  {'met    ' if took <= MOST else 'NOT MET'} {name:<40} {took:>7.3f} s (at most {MOST:g})")
    return 0 if all(took <= MOST for _, took in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
