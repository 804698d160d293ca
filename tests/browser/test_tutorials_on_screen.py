"""Tutorials as a user runs them: opened in JupyterLab, run from top to bottom, saved.

Ordinarily the live workbench only, beside the quickstart of `test_quickstart`; with CI_FULL=1 all of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from in_lab import open_notebook, run_all, shoot
from nbformat import NotebookNode
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TUTORIALS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
CHOSEN = TUTORIALS if os.environ.get("CI_FULL") == "1" else ["09_live_workbench.ipynb"]
PATIENCE = 300  # seconds for a whole tutorial


@pytest.mark.parametrize("name", CHOSEN)
def test_every_cell_runs_and_is_saved_with_what_it_shows(lab, page: Page, name: str) -> None:  # type: ignore[no-untyped-def]
    lab.theme("JupyterLab Light")
    open_notebook(page, lab.url, name)
    run_all(page)
    code = saved_when_done(page, lab.folder / name)
    stored = nbformat.read(Path(__file__).parents[2] / "notebooks" / name, as_version=4)
    expected = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code] == [cell.source for cell in expected]
    for cell, before in zip(code, expected, strict=True):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        may_fail = "raises-exception" in before.metadata.get("tags", [])
        assert not errors or may_fail, f"{cell.source}\n\n{errors[0].ename}: {errors[0].evalue}"
        shows = any("text/html" in output.get("data", {}) for output in before.outputs)
        now = [output for output in cell.outputs if {"text/html", VIEW} & set(output.get("data", {}))]
        assert bool(now) >= shows, f"nothing is shown below:\n{cell.source}"
    for card in page.locator(".jp-Notebook .adm-card:visible").all():
        width = card.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert width[0] <= width[1] + 1, "a card is wider than its cell"
    shoot(page, f"tutorial-{name[:2]}")


VIEW = "application/vnd.jupyter.widget-view+json"


def saved_when_done(page: Page, path: Path) -> list[NotebookNode]:
    """The code cells of the saved file, once every one of them has run."""
    code: list[NotebookNode] = []
    for _ in range(PATIENCE):
        page.wait_for_timeout(1000)
        if not page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").is_visible():
            continue
        page.keyboard.press("Control+s")  # nothing runs, and so nothing changes the notebook again
        expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
        code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        if all(cell.execution_count is not None for cell in code):
            return code
    has_run = sum(cell.execution_count is not None for cell in code)
    raise AssertionError(f"after {PATIENCE} s only {has_run} of {len(code)} cells of {path.name} had run")
