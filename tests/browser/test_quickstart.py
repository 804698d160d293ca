"""The quickstart as a user sees it: opened in JupyterLab, run from top to bottom, reloaded without a kernel."""

from __future__ import annotations

import pytest
from in_lab import open_notebook, run_all, shoot
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


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
