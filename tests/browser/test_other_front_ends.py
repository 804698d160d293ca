"""Jupyter Notebook 7, and pages that nbconvert makes: the same cards, the same views or what stands for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from in_lab import notebook, open_notebook, run_all, shoot
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TUTORIALS = Path(__file__).parents[2] / "notebooks"
VIEWS = ["%load_ext adm_notebook", "%adm build", "%adm diff"]


def test_the_quickstart_runs_in_jupyter_notebook(notebook7, page: Page) -> None:  # type: ignore[no-untyped-def]
    open_notebook(page, notebook7.url, "01_quickstart.ipynb", at="notebooks")
    run_all(page)
    heading = page.locator(".adm-card h3", has_text="best of 263 is fast 55, slow 200")
    expect(heading).to_be_attached(timeout=120_000)
    first = page.locator(".jp-Cell", has_text="%%adm run golden_cross").first
    first.scroll_into_view_if_needed()
    expect(first.locator("h3", has_text="ma_crossover 50/200 on SP500")).to_be_visible()
    expect(first.locator("td", has_text="+216.5")).to_be_visible()
    picture = first.locator(".jp-RenderedImage img")
    expect(picture).to_be_visible()
    assert picture.evaluate("e => e.naturalWidth") > 0
    assert page.locator(".adm-app").count() == 0, "a live view has stayed"
    for card in page.locator(".adm-card").all():
        width = card.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert width[0] <= width[1] + 1, "a card is wider than its cell"
    shoot(page, "notebook7-card", cell=".jp-Cell:has-text('%%adm run golden_cross')")


def test_views_live_in_jupyter_notebook(notebook7, page: Page) -> None:  # type: ignore[no-untyped-def]
    open_notebook(page, notebook7.url, notebook(notebook7, "views.ipynb", VIEWS), at="notebooks")
    run_all(page)
    builder, differ = (page.get_by_role("region", name=name) for name in ("Config builder", "Compare runs"))
    expect(builder.get_by_role("status").first).to_contain_text("1 combination", timeout=60_000)
    for name, cost in (("one", "0"), ("two", "1")):
        builder.get_by_label("Commission").fill(cost)
        builder.get_by_label("Variable that receives the result").fill(name)
        builder.get_by_label("Variable that receives the result").press("Tab")
        builder.get_by_role("button", name="Run", exact=True).click()
        expect(builder).to_contain_text(f"{name} holds 1 combination.", timeout=60_000)
    expect(differ.locator(".df-verdict")).to_contain_text("Different: commission was 0 and is now 1%", timeout=30_000)
    cell = page.locator(".jp-CodeCell", has=differ)
    expect(cell.locator(".df-verdict:visible")).to_have_count(1)
    differ.scroll_into_view_if_needed()
    shoot(page, "notebook7-diff", cell=".dv-live")


# ---- nbconvert ------------------------------------------------------------------------------------------------------

NO_NETWORK = [f"--HTMLExporter.{name}=" for name in ("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url")]


def exported(name: str, folder: Path) -> str:
    """The address of a tutorial, as it is stored, as nbconvert's page."""
    command = [
        sys.executable, "-m", "nbconvert", "--to", "html", f"--output-dir={folder}", *NO_NETWORK, str(TUTORIALS / name),
    ]  # fmt: skip
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / name).with_suffix(".html").as_uri()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("01_quickstart.ipynb", "best of 263 is fast 55, slow 200"),
        ("04_sweeps_and_replay.ipynb", "best of"),
        ("05_migration_no_change.ipynb", "same trades, same equity, same metrics"),
        ("09_live_workbench.ipynb", "best of"),
    ],
)
def test_a_page_of_nbconvert_shows_cards_and_pictures(name: str, words: str, tmp_path: Path, page: Page) -> None:
    page.goto(exported(name, tmp_path))
    heading = page.locator(".adm-card h3", has_text=words).first
    expect(heading).to_be_visible()
    assert page.locator(".adm-card").first.evaluate("e => getComputedStyle(e).fontVariantNumeric") != "normal"
    pictures = page.locator(".jp-RenderedImage img")
    assert pictures.count() > 0
    for picture in pictures.all():
        expect(picture).to_be_visible()
        assert picture.evaluate("e => e.complete && e.naturalWidth > 0 && e.clientWidth > 300")
    for card in page.locator(".adm-card").all():
        width = card.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert width[0] <= width[1] + 1, "a card is wider than its cell"
    heading.scroll_into_view_if_needed()
    shoot(page, f"nbconvert-{name[:2]}")


def test_where_a_view_was_the_page_of_nbconvert_has_its_text(tmp_path: Path, page: Page) -> None:
    page.goto(exported("09_live_workbench.ipynb", tmp_path))
    texts = page.locator(".jp-RenderedText pre").all_inner_texts()
    assert any(text.startswith("Config builder: ") for text in texts)
    assert any(text.startswith("full_backtest\n├── data") for text in texts), "the pattern editor's tree"
    assert any(text.startswith("ma_crossover on SP500: 54 of 54 rows") for text in texts), "the explorer's first rows"
