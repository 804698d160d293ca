"""Letters typed in a view are the view's: JupyterLab inserts, deletes and turns no cells. Ctrl+S still saves."""

from __future__ import annotations

import pytest
from in_lab import notebook, open_notebook, run_cell
from playwright.sync_api import Page, expect
from test_live import SETUP, SWEEP

pytestmark = pytest.mark.browser

SMALL = """%%adm run small --quiet
data_config: {max_bars: 400}
backtest_config: {strategy: {type: ma_crossover, parameters: {fast: [5, 10], slow: [20, 50]}}}"""
LIVE = SWEEP.format(line="swept --background").strip()
VIEWS = {
    "%%adm swept": "Run <img src",
    "%adm build": "Config builder",
    "%adm explore small": "Result explorer",
    "%adm diff": "Compare runs",
    "%adm edit": "Pattern editor",
}
CELLS = [SETUP.strip(), SMALL, LIVE, *list(VIEWS)[1:]]


def test_letters_stay_in_the_view_that_has_the_focus(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    lab.theme("JupyterLab Light")
    name = notebook(lab, "keys.ipynb", CELLS)
    open_notebook(page, lab.url, name)
    for words in ("%load_ext adm_notebook", "%%adm run small", *VIEWS):
        run_cell(page, words)
    path, cells = lab.folder / name, page.locator(".jp-Notebook .jp-CodeCell")
    for words, label in VIEWS.items():
        view = page.get_by_role("region", name=label)
        expect(view).to_be_visible(timeout=60_000)
        expect(view).to_have_attribute("data-lm-suppress-shortcuts", "")
        button = view.locator("button:visible:enabled, select:visible, [tabindex='0']:visible").first
        expect(button).to_be_attached(timeout=30_000)
        button.focus()
        for key in "abm":
            page.keyboard.press(key)
        page.wait_for_timeout(300)
        assert cells.count() == len(CELLS), f"a letter in the view of {words} went to JupyterLab"
        page.keyboard.press("Escape")
        if label == "Pattern editor":  # which has Ctrl+Z, Ctrl+X and more of its own
            continue
        button.focus()
        before = path.stat().st_mtime_ns
        for _ in range(40):
            page.keyboard.press("Control+s")
            page.wait_for_timeout(150)
            if path.stat().st_mtime_ns > before and "%adm diff" in path.read_text():  # empty for a moment
                break
        else:
            pytest.fail(f"Ctrl+S in the view of {words} does not save")
