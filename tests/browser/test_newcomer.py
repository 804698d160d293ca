"""A newcomer's way from an empty form to one backtest, by mouse alone; its figures are those of the row picked."""

from __future__ import annotations

import re

import pytest
from in_lab import notebook, open_notebook, shoot
from playwright.sync_api import Locator, Page, expect
from test_config_builder import mode

pytestmark = pytest.mark.browser

COMPARE = """from adm_notebook.engine.account import METRICS
row, one = result_explorer.selected, chosen.metrics
apart = [m for m in METRICS if not (row[m] == one[m] or row[m] != row[m] and one[m] != one[m])]
print("compared:", len(METRICS), "metrics, apart:", apart, "of", chosen.pattern, "and", result.pattern,
      "with", dict(chosen.config.optimization_config["strategies"][0]["parameters"]))"""
CELLS = ["%load_ext adm_notebook", "%adm build", COMPARE]


class Mouse:
    """What one does who has no keyboard: any key that is pressed all the same fails the test."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.add_init_script("window.addEventListener('keydown', () => { window.__keys = true; }, true);")

    def run(self, cell: Locator) -> None:
        """Select a cell by its prompt and press the toolbar's button."""
        cell.scroll_into_view_if_needed()
        cell.locator(".jp-InputPrompt").click()
        self.page.locator(".jp-NotebookPanel-toolbar").get_by_role("button", name=re.compile("^Run this cell")).click()

    def never_typed(self) -> bool:
        return self.page.evaluate("window.__keys") is None


def test_from_form_to_backtest_by_mouse_alone(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    lab.theme("JupyterLab Light")
    mouse = Mouse(page)
    page.set_viewport_size({"width": 1360, "height": 1800})
    open_notebook(page, lab.url, notebook(lab, "newcomer.ipynb", CELLS))
    cells = page.locator(".jp-Notebook .jp-CodeCell")

    # a form, a strategy, and a range of one of its parameters
    mouse.run(cells.nth(0))
    mouse.run(cells.nth(1))
    app = page.get_by_role("region", name="Config builder")
    expect(app.get_by_role("status").first).to_contain_text("1 combination", timeout=60_000)
    app.get_by_role("button", name="+ Add a strategy").click()
    app.locator("option[value=ma_crossover]").click()
    expect(app.get_by_role("heading", name="ma_crossover on SP500")).to_be_visible()
    mode(app, "slow", "range")
    expect(app.get_by_label("slow, step")).to_be_visible()
    expect(app.get_by_role("status").first).to_contain_text(re.compile(r"\d+ combinations"))

    # its pattern: a container goes, one comes, it is saved, and the form names it
    app.get_by_role("button", name="Edit its containers").click()
    editor = app.get_by_role("region", name="Pattern editor")
    tree = editor.get_by_role("tree")
    tree.locator(".adm-row", has=page.locator("b >> text=/^ensemble$/")).click(timeout=30_000)
    editor.get_by_role("button", name="Remove", exact=True).click()
    expect(tree.locator("b", has_text="ensemble")).to_have_count(0)
    shoot(page, "newcomer-pattern", cell=".adm-app")
    editor.get_by_role("button", name="Save as…").click()
    name = editor.get_by_label("Save as").input_value()
    editor.locator("form").get_by_role("button", name="Save").click()
    expect(app.get_by_label("The same configuration as YAML")).to_have_value(re.compile(f"container_pattern: {name}"))
    expect(app.locator("select", has=page.locator(f"option[value={name}]"))).to_have_value(name)
    app.get_by_role("button", name="Close the editor").click()
    expect(editor).to_have_count(0)

    # the sweep, and a row of it that is not the best
    app.get_by_role("button", name="Run", exact=True).click()
    expect(app).to_contain_text(re.compile(r"result holds \d+ combinations"), timeout=60_000)
    app.get_by_role("button", name="Explore").click()
    expect(cells).to_have_count(4)
    expect(cells.nth(2)).to_contain_text("%adm explore result")
    mouse.run(cells.nth(2))
    explorer = page.get_by_role("region", name="Result explorer")
    row = explorer.get_by_role("grid", name="Combinations").locator("tbody tr[aria-rowindex]").nth(2)
    expect(row).to_contain_text("%", timeout=60_000)
    row.click()
    expect(row).to_have_attribute("aria-selected", "true", timeout=30_000)
    heading = explorer.locator(".xp-sel h4").inner_text()
    explorer.get_by_role("button", name="Use these parameters").click()
    expect(explorer.locator("pre")).to_contain_text(f"container_pattern: {name}")
    explorer.get_by_role("button", name="Insert as cell").click()
    expect(cells).to_have_count(5)
    inserted = cells.nth(3)
    expect(inserted).to_contain_text("%%adm run chosen")

    # that row alone, and the same figures
    mouse.run(inserted)
    expect(inserted.locator(".adm-card h3").first).to_be_visible(timeout=60_000)
    last = cells.nth(4)
    mouse.run(last)
    said = last.locator(".jp-OutputArea-output")
    expect(said).to_contain_text(f"metrics, apart: [] of {name} and {name}", timeout=60_000)
    told = re.search(r"compared: (\d+) metrics", said.inner_text())
    assert told is not None
    assert int(told[1]) >= 17
    slow = re.search(r"slow (\d+)", heading)
    assert slow is not None
    assert f"'slow': {slow[1]}" in said.inner_text()
    assert mouse.never_typed()
