"""The live view of a run in JupyterLab: it streams, stops, pauses, and leaves nothing but the card behind."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, expect
from test_quickstart import open_notebook, shoot

pytestmark = pytest.mark.browser

SLOW = """
%load_ext adm_notebook
import os, time
import adm_notebook as adm

@adm.strategy
def slow(bars, fast=5, slow=20):
    time.sleep({seconds})
    return (bars.close.rolling(fast).mean() > bars.close.rolling(slow).mean()).astype(int)
"""
SWEEP = """%%adm {line} --mode traditional
data_config: {{max_bars: 300}}
memory_limit_mb: 1024
backtest_config:
  strategy: {{type: slow, parameters: {{fast: {{min: 2, max: {fast}}}, slow: {{min: 20, max: 60, step: 5}}}}}}
"""


def notebook(lab: Any, name: str, *cells: str) -> None:
    """Write a notebook into the lab's folder."""
    made = new_notebook(cells=[new_code_cell(cell.strip()) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, lab.folder / name)


def run_cell(page: Page, at: int) -> Locator:
    """Select a cell and run it."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(at)
    cell.scroll_into_view_if_needed()
    cell.locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Enter")
    return cell


def test_a_foreground_run_streams_and_stops(lab: Any, page: Page) -> None:
    lab.theme("JupyterLab Light")
    notebook(lab, "live.ipynb", SLOW.format(seconds=0.03), SWEEP.format(line="swept", fast=40), "len(swept.stats)")
    open_notebook(page, lab.url, "live.ipynb")
    run_cell(page, 0)
    cell = run_cell(page, 1)
    view = cell.locator(".adm-app")
    expect(view).to_be_visible(timeout=20_000)
    expect(view.locator("h3")).to_have_text("slow on SP500")
    page.wait_for_timeout(4000)
    shoot(page, "live-light", cell=".adm-app")
    stop = view.get_by_role("button", name="Stop")
    expect(stop).to_be_enabled(timeout=5_000)
    stop.click()
    expect(cell.locator(".adm-card").first).to_be_visible(timeout=20_000)
    expect(view).to_have_count(0)
