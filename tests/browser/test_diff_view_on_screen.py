"""The diff view in JupyterLab: two of many runs by mouse and by keys, runs that finish, what a saved notebook keeps."""

from __future__ import annotations

import json

import pytest
from in_lab import notebook, open_notebook, press_run, run_cell, shoot
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

MANY = """import adm_notebook as adm
for i in range(12):
    config = adm.WorkflowConfig(
        data_config={"max_bars": 600}, backtest_config={"strategy": "momentum", "commission": i / 1000}
    )
    globals()[f"cost_{i}"] = adm.EnhancedCoordinator().run(config)"""
BROKEN = """from adm_notebook.coordinator.failed import failed_result
broken = failed_result(adm.WorkflowConfig(), adm.DataError("prices.csv is gone"), "composable")"""
SLOW = "%%adm run late --quiet --background\nbacktest_config: {strategy: momentum, commission: 0.002}"
TELL = """print("chosen:", diff_view.a, diff_view.b, "told:", diff_view.state,
      diff_view.report.n_trades.changed if diff_view.report is not None else "nothing")"""
CELLS = ["%load_ext adm_notebook", "%adm diff", MANY, BROKEN, SLOW, TELL]


def start(lab, page: Page, name: str, theme: str, *first: str) -> Locator:  # type: ignore[no-untyped-def]
    """The view in a fresh notebook, after some of its cells have run."""
    lab.theme(theme)
    open_notebook(page, lab.url, notebook(lab, name, CELLS))
    for words in ("%load_ext adm_notebook", *first, "%adm diff"):
        run_cell(page, words)
    view = page.get_by_role("region", name="Compare runs")
    expect(view).to_be_visible(timeout=60_000)
    return view


def fits(view: Locator) -> None:
    width = view.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1, "the view is wider than its cell"


def told(page: Page) -> Locator:
    """What Python knows."""
    return run_cell(page, 'print("chosen:"').locator(".jp-OutputArea-output")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_by_mouse_any_two_of_many_runs_are_set_side_by_side(lab, page: Page, theme: str) -> None:  # type: ignore[no-untyped-def]
    shade = theme.split()[-1].lower()
    page.set_viewport_size({"width": 1360, "height": 1700})
    view = start(lab, page, f"diff_{shade}.ipynb", theme)
    expect(view).to_contain_text("No runs in this notebook yet. Start with %%adm")
    expect(view.get_by_label("Old run")).to_be_hidden()
    shoot(page, f"diff-view-empty-{shade}", cell=".adm-app")

    run_cell(page, "for i in range(12)")
    expect(view.get_by_role("status").first).to_have_text("12 finished runs", timeout=60_000)
    verdict = view.locator(".df-verdict")
    expect(verdict).to_contain_text("Different: commission was 1% and is now 1.1%")
    old, new = view.get_by_label("Old run"), view.get_by_label("New run")
    expect(old.locator("option")).to_have_count(12)
    old.select_option("cost_0")
    new.select_option("cost_5")
    expect(verdict).to_contain_text("Different: commission was 0 and is now 0.5%")
    picture = view.locator("img.dv-picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("e => e.naturalWidth") == 1600
    expect(view.locator("td", has_text="backtest_config.commission")).to_be_visible()
    shoot(page, f"diff-view-{shade}", cell=".adm-app")
    fits(view)

    view.get_by_role("button", name="Swap").click()
    expect(verdict).to_contain_text("Different: commission was 0.5% and is now 0")
    expect(old).to_have_value("cost_5")
    expect(view.locator("[aria-live]")).to_have_text("cost_5 and cost_0: ≠ Different: commission was 0.5% and is now 0")
    new.select_option("cost_5")
    expect(verdict).to_contain_text("Identical: same trades, same equity, same metrics")
    new.select_option("cost_7")
    expect(verdict).to_contain_text("Different: commission was 0.5% and is now 0.7%")
    expect(told(page)).to_contain_text("chosen: cost_5 cost_7 told: finished")

    run_cell(page, "broken = failed_result")
    expect(new.locator("option")).to_have_count(13)
    expect(verdict).to_contain_text("0.5% and is now 0.7%")  # what is chosen stays
    new.select_option("broken")
    alert = view.get_by_role("alert")
    expect(alert).to_contain_text("broken has no rows to compare: nothing of it ran: prices.csv is gone.")
    expect(verdict).to_be_hidden()
    shoot(page, f"diff-view-error-{shade}", cell=".adm-app")
    run_cell(page, "%%adm run late")
    expect(new.locator("option", has_text="late")).to_have_count(1, timeout=30_000)
    new.select_option("late")
    expect(alert).to_be_hidden()
    expect(verdict).to_contain_text("Different")
    background = view.evaluate("e => getComputedStyle(e).backgroundColor")
    assert background == ("rgb(17, 17, 17)" if shade == "dark" else "rgb(255, 255, 255)")


SLOWLY = """import time
from pathlib import Path
from adm_notebook.widgets import diff
quick = diff.compared

def slowly(a, b):
    while a[0] == "cost_1" and b[0] != "cost_4" and not Path("go_on").exists():
        time.sleep(0.05)
    return quick(a, b)

diff.compared = slowly"""


def test_it_says_what_it_waits_for_and_a_late_answer_is_not_shown(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    view = start(lab, page, "diff_slow.ipynb", "JupyterLab Dark High Contrast", "for i in range(12)")
    verdict, body = view.locator(".df-verdict"), view.locator(".dv-body")
    expect(verdict).to_contain_text("commission was 1% and is now 1.1%", timeout=60_000)
    page.locator(".jp-CodeCell").nth(5).locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(SLOWLY)
    press_run(page, page.locator(".jp-CodeCell").nth(5))
    expect(page.locator(".jp-CodeCell").nth(5).locator(".jp-InputPrompt")).to_have_text("[4]:")
    view.get_by_label("Old run").select_option("cost_1")
    expect(view.locator(".dv-said[role=status]")).to_have_text("Comparing cost_1 and cost_11")
    view.get_by_label("New run").select_option("cost_2")
    expect(view.locator(".dv-said[role=status]")).to_have_text("Comparing cost_1 and cost_2")
    expect(body).to_have_attribute("aria-busy", "true")
    expect(verdict).not_to_contain_text("0.2%")
    shoot(page, "diff-view-loading-contrast", cell=".adm-app")
    view.get_by_label("New run").select_option("cost_4")
    (lab.folder / "go_on").touch()
    seen = []
    for _ in range(40):
        seen.append(verdict.inner_text())
        if "0.1% and is now 0.4%" in seen[-1]:
            break
        page.wait_for_timeout(100)
    expect(verdict).to_contain_text("commission was 0.1% and is now 0.4%")
    expect(body).to_have_attribute("aria-busy", "false")
    assert not [words for words in seen if "is now 0.2%" in words], "an answer that came too late was shown"
    expect(view.locator(".dv-said[role=status]")).to_be_hidden()

    (lab.folder / "go_on").unlink()  # what is chosen elsewhere meanwhile is what is shown
    view.get_by_label("New run").select_option("cost_6")
    expect(view.locator(".dv-said[role=status]")).to_have_text("Comparing cost_1 and cost_6")
    page.locator(".jp-CodeCell").nth(5).locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('diff_view.a, diff_view.b = "cost_7", "cost_8"')
    press_run(page, page.locator(".jp-CodeCell").nth(5))
    expect(page.locator(".jp-CodeCell").nth(5).locator(".jp-InputPrompt")).to_have_text("[5]:")
    (lab.folder / "go_on").touch()
    expect(verdict).to_contain_text("commission was 0.7% and is now 0.8%")
    expect(view.get_by_label("Old run")).to_have_value("cost_7")
    expect(body).to_have_attribute("aria-busy", "false")


def test_by_keyboard_and_narrow(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    view = start(lab, page, "diff_keys.ipynb", "JupyterLab Light", "for i in range(12)")
    page.keyboard.press("Control+b")
    page.set_viewport_size({"width": 740, "height": 1700})
    verdict = view.locator(".df-verdict")
    expect(verdict).to_contain_text("Different: commission was 1% and is now 1.1%", timeout=60_000)
    old = view.get_by_label("Old run")
    old.focus()
    page.keyboard.press("Home")
    expect(old).to_have_value("cost_0")
    expect(verdict).to_contain_text("Different: commission was 0 and is now 1.1%")
    page.keyboard.press("ArrowDown")
    expect(verdict).to_contain_text("Different: commission was 0.1% and is now 1.1%")
    page.keyboard.press("Tab")
    expect(view.get_by_role("button", name="Swap")).to_be_focused()
    page.keyboard.press("s")
    expect(verdict).to_contain_text("Different: commission was 1.1% and is now 0.1%")
    page.keyboard.press("Enter")
    expect(verdict).to_contain_text("Different: commission was 0.1% and is now 1.1%")
    assert view.evaluate("e => e.clientWidth") <= 640
    fits(view)
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(len(CELLS))  # S was not JupyterLab's
    shoot(page, "diff-view-narrow", cell=".adm-app")


def test_a_saved_notebook_keeps_the_difference_and_shows_it_once(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    view = start(lab, page, "diff_saved.ipynb", "JupyterLab Light", "for i in range(12)")
    expect(view.locator(".df-verdict")).to_be_visible(timeout=60_000)
    view.get_by_label("Old run").select_option("cost_3")
    words = "Different: commission was 0.3% and is now 1.1%"
    expect(view.locator(".df-verdict")).to_contain_text(words)
    cell = page.locator(".jp-CodeCell", has=view)
    expect(cell.locator(".df-verdict:visible")).to_have_count(1)
    expect(cell.locator(".jp-RenderedImage")).to_have_count(1)  # it is there, and not shown twice
    expect(cell.locator(".jp-RenderedImage")).to_be_hidden()
    for kept in cell.locator(".dv-kept").all():
        expect(kept).to_be_hidden()

    path, outputs = lab.folder / "diff_saved.ipynb", list[dict]()
    for _ in range(60):
        page.keyboard.press("Control+s")
        page.wait_for_timeout(250)
        outputs = json.loads(path.read_text())["cells"][1]["outputs"]
        if len(outputs) == 4 and words in json.dumps(outputs, ensure_ascii=False):
            break
    assert [next(iter(set(o["data"]) - {"text/plain"})) for o in outputs[1:]] == ["text/html", "image/png", "text/html"]
    assert words in "".join(outputs[1]["data"]["text/html"])
    assert len(json.dumps(outputs)) < 300_000
