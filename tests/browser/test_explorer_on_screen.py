"""The result explorer in a real JupyterLab: by mouse and by keyboard, and what the kernel knows of it."""

from __future__ import annotations

import json

import pytest
from in_lab import notebook, open_notebook, run_all, shoot
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> 🚀 استراتيجية " + "x" * 300
CELLS = (
    f"""import adm_notebook as adm
strategy = {{"type": "ma_crossover", "name": {HOSTILE!r},
            "parameters": {{"fast": [5, 10, 20, 40, 55], "slow": [50, 100, 150, 200]}}}}
config = adm.WorkflowConfig(backtest_config={{"strategy": strategy, "commission": 0.001}})
result = adm.EnhancedCoordinator().run(config)""",
    "%load_ext adm_notebook\n%adm explore result",
    """if "chosen" in globals():
    print("chosen:", result_explorer.heading, result_explorer.period)
    print("the same:", abs(chosen.metrics["sharpe"] - result_explorer.selected["sharpe"]) < 1e-9)""",
)


def opened(lab, page: Page, name: str, theme: str) -> Locator:  # type: ignore[no-untyped-def]
    lab.theme(theme)
    notebook(lab, name, CELLS)
    open_notebook(page, lab.url, name)
    run_all(page)
    view = page.locator(".adm-app").first
    expect(view.locator(".xp-candles canvas").first).to_be_visible(timeout=60_000)
    expect(view.locator(".xp-per tbody tr")).to_have_count(2, timeout=20_000)
    view.scroll_into_view_if_needed()
    return view


def drag(page: Page, canvas: Locator, start: float, end: float) -> None:
    box = canvas.bounding_box()
    assert box is not None
    y = box["y"] + 60
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=5)
    page.mouse.up()


def choose(row: Locator) -> None:
    row.click()
    expect(row).to_have_attribute("aria-selected", "true", timeout=30_000)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_rows_are_filtered_chosen_measured_and_used_by_mouse(lab, page: Page, theme: str) -> None:  # type: ignore[no-untyped-def]
    view = opened(lab, page, "explorer.ipynb", theme)
    shade = theme.split()[-1].lower()
    table = view.get_by_role("grid", name="Combinations")
    expect(table).to_have_attribute("aria-rowcount", "21")
    expect(table.locator("th[aria-sort=descending]")).to_contain_text("Sharpe")
    assert view.locator("img").count() == 0, "a name became an element"
    width = view.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1, "the explorer is wider than its cell"
    shoot(view, f"explorer-{shade}")

    field = view.get_by_label("Filter rows")
    field.fill("sharp > 0.3")
    expect(view.get_by_role("alert")).to_contain_text("No column `sharp`. Did you mean `sharpe`?")
    field.fill("sharpe > 9")
    expect(view).to_contain_text("No row matches. The highest sharpe is")
    view.get_by_role("button", name="Clear the filter").click()
    expect(view.get_by_role("status").first).to_have_text("20 of 20 rows")

    choose(table.locator("tbody tr").nth(2))
    drag(page, view.locator(".xp-brush"), 0.3, 0.5)
    expect(view).to_contain_text("selected period")
    shoot(view, f"explorer-period-{shade}")
    view.get_by_role("button", name="Trades").click()
    trades = view.get_by_role("grid", name="Trades")
    expect(trades.locator("tbody tr").first).to_contain_text("long")
    trades.locator("tbody tr").first.click()
    expect(trades.locator("tbody tr").first).to_have_attribute("aria-selected", "true")
    view.get_by_role("button", name="Use these parameters").click()
    expect(view.locator("pre")).to_contain_text("%%adm run chosen")
    shoot(view, f"explorer-used-{shade}")

    view.get_by_role("button", name="Insert as cell").click()
    inserted, last = page.locator(".jp-Cell").nth(2), page.locator(".jp-Cell").nth(3)
    expect(inserted).to_contain_text("%%adm run chosen")  # before that it is the cell which moves down
    inserted.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    expect(inserted.locator(".adm-card").first).to_be_visible(timeout=60_000)
    last.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    said = last.locator(".jp-OutputArea-output")
    expect(said).to_contain_text("the same: True", timeout=60_000)
    assert view.locator(".xp-sel h4").inner_text() in said.inner_text()


def test_all_of_it_is_reached_by_keyboard(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    view = opened(lab, page, "explorer_keys.ipynb", "JupyterLab Light")
    page.set_viewport_size({"width": 1000, "height": 1400})  # about 600 px are left for a cell
    table = view.get_by_role("grid", name="Combinations")
    heading = view.locator(".xp-sel h4")
    first = heading.inner_text()
    table.focus()
    page.keyboard.press("ArrowDown")
    expect(heading).not_to_have_text(first)
    page.keyboard.press("End")
    expect(table.locator("tr.is-on")).to_have_attribute("aria-rowindex", "21")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("s")
    expect(table.locator("th[aria-sort]")).to_contain_text("fast")
    page.keyboard.press("h")
    for key in ("ArrowUp", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(heading).not_to_have_text(first)
    table.focus()
    page.keyboard.press("/")
    expect(view.get_by_label("Filter rows")).to_be_focused()
    page.keyboard.type("sharpe > 0.3")
    page.keyboard.press("Enter")
    expect(view.get_by_role("status").first).not_to_have_text("20 of 20 rows")
    page.keyboard.press("Escape")
    expect(view.get_by_role("status").first).to_have_text("20 of 20 rows")
    for _ in range(3):
        page.keyboard.press("+")
    page.keyboard.press("b")
    expect(view).to_contain_text("selected period")
    page.keyboard.press("0")
    expect(view).to_contain_text("whole history")
    page.keyboard.press("u")
    expect(view.locator("pre")).to_contain_text("%%adm run chosen")
    page.keyboard.press("?")
    expect(view).to_contain_text("to the heatmap: arrows move, Enter selects")
    shoot(view, "explorer-narrow")
    width = view.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1, "the explorer is wider than its cell"


def test_a_click_is_not_lost_where_the_table_is_drawn_anew_below_the_pointer(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    """The rows come by messages: on a busy machine they come between the press of a button and its release."""
    view = opened(lab, page, "explorer_clicks.ipynb", "JupyterLab Light")
    table = view.get_by_role("grid", name="Combinations")
    scroller = view.locator(".xp-scroll").first
    field, heading = view.get_by_label("Filter rows"), view.locator(".xp-sel h4")
    for at, filtered in ((2, "sharpe > -9"), (5, ""), (1, "fast > 0"), (7, "")):
        row = table.locator("tbody tr").nth(at)
        box = row.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 60, box["y"] + 12)
        page.mouse.down()
        field.evaluate(  # what an answer of the kernel does: every row is forgotten, and comes again
            "(field, text) => { field.value = text; field.dispatchEvent(new Event('input')); }", filtered
        )
        scroller.evaluate("e => e.dispatchEvent(new Event('scroll'))")
        page.wait_for_timeout(700)
        page.mouse.up()
        expect(row).to_have_attribute("aria-selected", "true", timeout=30_000)
        expect(table.locator("tr.is-on")).to_have_count(1)
        words = row.locator("td").all_inner_texts()
        expect(heading).to_have_text(f"fast {words[1]}, slow {words[2]}")


def test_each_of_many_clicks_counts_on_a_slow_machine(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    view = opened(lab, page, "explorer_slow.ipynb", "JupyterLab Light")
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 8})
    rows = view.get_by_role("grid", name="Combinations").locator("tbody tr[aria-rowindex]")
    field = view.get_by_label("Filter rows")
    for at in (4, 0, 8, 3, 6, 1, 9, 2):
        field.fill("" if at % 2 else f"sharpe > -{at + 1}")  # the rows come anew, just when one of them is clicked
        choose(rows.nth(at))
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})


@pytest.fixture
def saving(lab):  # type: ignore[no-untyped-def]
    """JupyterLab saves widgets with a notebook, which it doesn't unless it is told to."""
    path = lab.settings / "@jupyter-widgets" / "jupyterlab-manager" / "plugin.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"saveState": True}))
    yield
    path.unlink()


@pytest.mark.usefixtures("saving")
def test_a_saved_notebook_holds_no_library_and_a_reloaded_page_shows_the_explorer_again(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    """Where JupyterLab is told to save widgets: code, styles and what is chosen; no rows, prices, or chart library."""
    view = opened(lab, page, "explorer_saved.ipynb", "JupyterLab Light")
    page.keyboard.press("Control+s")
    path = lab.folder / "explorer_saved.ipynb"
    for _ in range(40):
        page.wait_for_timeout(500)
        saved = json.loads(path.read_text())
        states = saved.get("metadata", {}).get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
        if states:
            break
    text = json.dumps(saved)
    assert states
    assert "createOptionsChart" not in text
    assert len(text) < 150_000
    expect(view.locator(".xp-per tbody tr")).to_have_count(2, timeout=30_000)  # the best row is on its prices
    row = view.get_by_role("grid", name="Combinations").locator("tbody tr").nth(3)
    choose(row)
    heading = view.locator(".xp-sel h4").inner_text()
    open_notebook(page, lab.url, "explorer_saved.ipynb")  # its kernel has been running on
    expect(view.locator(".xp-sel h4")).to_have_text(heading, timeout=30_000)
    expect(view.locator(".xp-candles canvas").first).to_be_visible(timeout=30_000)
    expect(view.locator(".xp-per tbody tr")).to_have_count(2, timeout=20_000)
