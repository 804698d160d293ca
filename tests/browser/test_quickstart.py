"""The quickstart as a user sees it: opened in JupyterLab, run from top to bottom, reloaded without a kernel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("ADM_SHOTS")
"""A folder to keep screenshots in, for looking at; unset, none are kept."""


def shoot(page: Page, name: str, *, cell: str | None = None) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        target = page.locator(cell).first if cell else page
        target.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def open_notebook(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/lab/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
    settled = 0
    for _ in range(120):  # JupyterLab may say idle, and only then ask for the kernel
        idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").is_visible()
        asked = page.locator(".jp-Dialog").first
        if asked.is_visible():
            text = asked.inner_text()
            assert "kernel" in text.lower(), f"JupyterLab asks something that nobody expected: {text}"
            asked.locator("button.jp-mod-accept").click()
        settled = settled + 1 if idle else 0
        if settled == 4:
            return
        page.wait_for_timeout(500)
    pytest.fail("the notebook's kernel did not start")


def run_all(page: Page) -> None:
    """Run > Run All Cells; a kernel that has only just started may not take it the first time."""
    for _ in range(5):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_timeout(3000)
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
        if any(prompt.strip("[]: \n") for prompt in prompts):
            return
    pytest.fail("the kernel did not take any cell")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_quickstart_runs_and_shows_its_cards(lab, page: Page, theme: str) -> None:  # type: ignore[no-untyped-def]
    lab.theme(theme)
    open_notebook(page, lab.url, "01_quickstart.ipynb")
    run_all(page)
    heading = page.locator(".adm-card h3", has_text="best of 263 is fast 55, slow 200")
    expect(heading).to_be_attached(timeout=60_000)
    first = page.locator(".jp-Cell", has_text="%%adm run golden_cross").first
    first.scroll_into_view_if_needed()
    expect(first.locator("h3", has_text="ma_crossover 50/200 on SP500")).to_be_visible()
    expect(first.locator("td", has_text="+216.5")).to_be_visible()
    expect(first.locator("img")).to_be_visible()
    dark = theme.endswith("Dark")
    background = first.locator(".adm-card").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert background == ("rgb(17, 17, 17)" if dark else "rgb(255, 255, 255)")
    for card in page.locator(".adm-card").all():
        width = card.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert width[0] <= width[1] + 1, "a card is wider than its cell"
    shoot(page, f"quickstart-{'dark' if dark else 'light'}", cell=".jp-Cell:has-text('%%adm run golden_cross')")
    sweep = page.locator(".jp-Cell", has_text="%%adm run sweep").first
    sweep.scroll_into_view_if_needed()
    expect(sweep.locator("img")).to_be_visible()
    shoot(page, f"sweep-{'dark' if dark else 'light'}", cell=".jp-Cell:has-text('%%adm run sweep')")
    fold = first.locator("summary", has_text="Trades").first
    fold.click()
    expect(first.locator("td", has_text="1999-10-20")).to_be_visible()


def test_a_stored_notebook_reads_without_a_kernel(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    """Nobody has run it here, so JupyterLab does not trust it and strips styles: words and figures must remain."""
    lab.theme("JupyterLab Light")
    open_notebook(page, lab.url, "stored_01_quickstart.ipynb")
    first = page.locator(".jp-Cell", has_text="%%adm run golden_cross").first
    expect(first.locator("h3", has_text="ma_crossover 50/200 on SP500")).to_be_visible()
    expect(first.locator("tr", has_text="Buy and hold").first).to_contain_text("+104.1")
    expect(first.locator("img")).to_be_visible()
    shoot(page, "stored-untrusted", cell=".jp-Cell:has-text('%%adm run golden_cross')")
