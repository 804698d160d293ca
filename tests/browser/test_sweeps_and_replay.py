"""The tutorial on sweeps and replay in JupyterLab: cards of kept signals and of replays, in light and dark."""

from __future__ import annotations

import pytest
from in_lab import open_notebook, run_all, shoot
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_signals_are_kept_and_replayed_on_screen(lab, page: Page, theme: str) -> None:  # type: ignore[no-untyped-def]
    dark = theme.endswith("Dark")
    shade = "dark" if dark else "light"
    lab.theme(theme)
    open_notebook(page, lab.url, "04_sweeps_and_replay.ipynb")
    run_all(page)
    expect(page.locator("h3", has_text="best of 200 is")).to_be_attached(timeout=90_000)
    kept = page.locator(".jp-Cell", has_text="%%adm kept").first
    kept.scroll_into_view_if_needed()
    expect(kept.locator("h3", has_text="6,416 signals of 15 combinations")).to_be_visible()
    expect(kept.locator("code", has_text="%adm replay kept --set")).to_be_visible()
    expect(kept.locator("img")).to_have_count(0)
    shoot(page, f"kept-{shade}", cell=".jp-Cell:has-text('%%adm kept')")
    held = page.locator(".jp-Cell", has=page.locator(".jp-InputArea", has_text="%adm signals kept")).first
    held.scroll_into_view_if_needed()
    expect(held.locator("tr", has_text="bollinger")).to_be_visible()
    shoot(page, f"signals-{shade}", cell=".jp-Cell:has(.jp-InputArea:has-text('%adm signals kept'))")
    replay = page.locator(".jp-Cell", has=page.locator(".jp-InputArea", has_text="%adm replay kept --set")).first
    replay.scroll_into_view_if_needed()
    expect(replay.locator("p", has_text="Signals of 15 combinations replayed")).to_be_visible()
    expect(replay.locator("img")).to_be_visible()
    shoot(page, f"replay-{shade}", cell=".jp-Cell:has(.jp-InputArea:has-text('%adm replay kept --set'))")
    for card in page.locator(".adm-card").all():
        width = card.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert width[0] <= width[1] + 1, "a card is wider than its cell"
