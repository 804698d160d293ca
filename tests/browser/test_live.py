"""The live view of a run in JupyterLab: it streams, pauses, stops, comes back, and leaves only the card behind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import ipykernel
import pytest
from in_lab import notebook, open_notebook, run_nth, shoot
from playwright.sync_api import Locator, Page, expect

HEARS = ipykernel.version_info[0] >= 7
"""Whether the kernel hears a view while a cell runs: comms can have subshells of their own from ipykernel 7 on."""

pytestmark = pytest.mark.browser

CASES = Path(__file__).parents[1] / "widgets"

HOSTILE = (
    "<img src=x onerror=alert(1)> Gleitender-Durchschnitt-Überkreuzungsstrategie "
    "'\"` \u05e9\u05dc\u05d5\u05dd \U0001f4c8"
)

SETUP = f"""
%load_ext adm_notebook
import time
import adm_notebook as adm

@adm.strategy
def slow(bars, fast=5, slow=20):
    time.sleep(0.03)
    return (bars.close.rolling(fast).mean() > bars.close.rolling(slow).mean()).astype(int)

HOSTILE = {HOSTILE!r}
"""
SWEEP = """%%adm {line} --mode traditional
data_config: {{max_bars: 300}}
memory_limit_mb: 1024
optimization_config:
  strategies: [{{type: slow, name: "{{{{HOSTILE}}}}",
                 parameters: {{fast: {{min: 2, max: 40}}, slow: {{min: 20, max: 60, step: 5}}}}}}]
"""


def done(view: Locator) -> int:
    """Combinations that a view says are done."""
    return int(view.locator(".lv-line b").inner_text().replace(",", ""))


def ground(cell: Locator) -> list[int]:
    """The colour that the picture of a card stands on, red, green and blue."""
    found: list[int] = cell.locator(".jp-OutputArea-output img").last.evaluate(
        """async e => {
        await e.decode();
        const canvas = Object.assign(document.createElement('canvas'), {width: 4, height: 4});
        const context = canvas.getContext('2d');
        context.drawImage(e, 0, 0);
        return [...context.getImageData(2, 2, 1, 1).data].slice(0, 3)}"""
    )
    return found


def wider_than(view: Locator) -> list[str]:
    """What stands out to the right of a view: classes, widths and words."""
    found: list[str] = view.evaluate(
        """e => e.scrollWidth <= e.clientWidth + 1 ? [] : [e, ...e.querySelectorAll('*')]
        .filter(n => n.getBoundingClientRect().right > e.getBoundingClientRect().right + 1)
        .map(n => `${n.tagName}.${n.className} ${n.scrollWidth} of ${e.clientWidth}: ${n.textContent.slice(0, 60)}`)"""
    )
    return found


@pytest.mark.skipif(not HEARS, reason="this kernel hears no button while it is busy; another test sees what it says")
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark High Contrast"])
def test_a_run_streams_pauses_and_stops_while_its_cell_keeps_the_kernel_busy(lab: Any, page: Page, theme: str) -> None:
    shade = "light" if theme.endswith("Light") else "contrast"
    lab.theme(theme)
    notebook(lab, "live.ipynb", [SETUP, SWEEP.format(line="swept"), "len(swept.stats), swept.metadata['partial']"])
    open_notebook(page, lab.url, "live.ipynb")
    run_nth(page, 0)
    cell = run_nth(page, 1)
    view = cell.locator(".adm-app")
    expect(view).to_be_visible(timeout=30_000)
    expect(view.locator("h3")).to_have_text(f"{HOSTILE} on SP500")
    assert page.locator("img[src=x]").count() == 0
    expect(view.locator(".lv-line")).to_contain_text("of 351 combinations")
    expect(view.locator("tbody tr")).to_have_count(8, timeout=20_000)
    expect(view.get_by_role("treeitem").first).to_contain_text("running")
    expect(view.get_by_role("progressbar")).to_be_visible()
    expect(view.get_by_role("img")).to_have_attribute("aria-label", re.compile("Sharpe ratio so far by fast"))
    assert wider_than(view) == []
    shoot(page, f"live-{shade}", cell=".adm-app")
    view.evaluate("e => e.parentElement.parentElement.style.maxWidth = '600px'")
    expect(view).to_have_css("width", re.compile("^5|^600"))
    assert wider_than(view) == []
    shoot(page, f"live-{shade}-600", cell=".adm-app")

    pause = view.get_by_role("button", name="Pause")
    expect(pause).to_be_enabled(timeout=20_000)  # by keyboard: it is reached by Tab and pressed by Enter
    pause.focus()
    page.keyboard.press("Enter")
    expect(view.locator(".adm-status")).to_have_text("Paused", timeout=10_000)
    page.wait_for_timeout(700)
    held = done(view)
    page.wait_for_timeout(1200)
    assert done(view) == held
    shoot(page, f"live-{shade}-paused", cell=".adm-app")
    resume = view.get_by_role("button", name="Resume")
    resume.focus()
    page.keyboard.press("Enter")
    expect(view.locator(".adm-status")).to_have_text("Running", timeout=10_000)
    view.get_by_role("button", name="Stop").click()
    expect(cell.locator(".adm-card h3").first).to_be_visible(timeout=30_000)
    expect(cell.locator(".adm-status", has_text="Stopped, partial")).to_be_visible()
    expect(view).to_have_count(0)
    expect(cell.locator(".jp-OutputArea-output").last).to_contain_text("`%adm rerun swept` runs the rest")
    assert ground(cell) == ([255] * 3 if shade == "light" else [17] * 3)
    after = run_nth(page, 2)
    expect(after.locator(".jp-OutputArea-output")).to_contain_text("True")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1500)
    saved = (lab.folder / "live.ipynb").read_text()
    assert "adm-card" in saved
    assert "widget" not in saved  # neither a view nor its state
    assert len(saved) < 300_000


@pytest.mark.skipif(HEARS, reason="this kernel hears buttons while it is busy; another test presses them")
def test_where_no_button_is_heard_the_view_says_how_to_stop(lab: Any, page: Page) -> None:
    lab.theme("JupyterLab Light")
    notebook(lab, "deaf.ipynb", [SETUP, SWEEP.format(line="swept"), "len(swept.stats), swept.metadata['partial']"])
    open_notebook(page, lab.url, "deaf.ipynb")
    run_nth(page, 0)
    cell = run_nth(page, 1)
    view = cell.locator(".adm-app")
    expect(view).to_be_visible(timeout=30_000)
    expect(view.locator(".adm-btns")).to_contain_text("To stop, interrupt the kernel: press I twice")
    for name in ("Pause", "Stop"):
        expect(view.get_by_role("button", name=name)).to_be_disabled()
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    page.keyboard.press("i")
    expect(cell.locator(".adm-status", has_text="Stopped, partial")).to_be_visible(timeout=30_000)
    expect(view).to_have_count(0)
    expect(run_nth(page, 2).locator(".jp-OutputArea-output")).to_contain_text("True")


def test_a_run_in_the_background_goes_on_beside_other_cells_and_is_attached_again(lab: Any, page: Page) -> None:
    lab.theme("JupyterLab Dark")
    cells = SETUP, SWEEP.format(line="far --background"), "time.sleep(4)", "%adm attach far", "len(far.result().stats)"
    notebook(lab, "background.ipynb", cells)
    open_notebook(page, lab.url, "background.ipynb")
    run_nth(page, 0)
    cell = run_nth(page, 1)
    view = cell.locator(".adm-app")
    expect(view).to_be_visible(timeout=30_000)
    shoot(page, "live-dark", cell=".adm-app")
    before = done(view)
    busy = run_nth(page, 2)
    page.wait_for_timeout(1500)
    assert done(view) > before
    view.get_by_role("button", name="Pause").click()
    expect(view.locator(".adm-status")).to_have_text("Paused", timeout=10_000)
    if HEARS:
        expect(busy.locator(".jp-InputPrompt")).to_contain_text("*")  # the kernel was busy all the while
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1000)
    page.reload()
    page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
    again = run_nth(page, 3)
    view = again.locator(".adm-app")
    expect(view.locator(".adm-status")).to_have_text("Paused", timeout=30_000)
    view.get_by_role("button", name="Resume").click()
    expect(view.locator(".adm-status")).to_have_text("Running", timeout=10_000)
    view.get_by_role("button", name="Stop").click()
    expect(again.locator(".adm-card h3").first).to_be_visible(timeout=30_000)
    expect(view).to_have_count(0)
    assert ground(again) == [17] * 3
    rows = run_nth(page, 4)
    expect(rows.locator(".jp-OutputArea-output")).to_contain_text(re.compile(r"\d+"))


HOUR = f"""
import sys
sys.path[:0] = [{str(CASES)!r}]
from live_cases import an_hour
from adm_notebook.coordinator import events
from adm_notebook.coordinator.recorded import line_of, replay
from adm_notebook.coordinator.memory import held_mb
from adm_notebook.widgets.live import LiveView
with open("hour.jsonl", "w") as file:
    file.writelines(f"{{line_of(event)}}\\n" for event in an_hour())
stream = replay("hour.jsonl")
view = LiveView(next(stream).outline)
view
"""
PLAY = """
import json, time
updates, held = 0, []
for event in stream:
    view.model.take(event)
    if isinstance(event, events.Progress):
        view.show()
        updates += 1
        if updates % 1_000 == 0:
            held.append(held_mb())
            time.sleep(0.3)
view.show()
print(json.dumps([updates, held[-1] - held[0]]))
"""


def test_an_hour_of_updates_at_speed_leaves_memory_as_it_was_and_loses_no_final_state(lab: Any, page: Page) -> None:
    lab.theme("JupyterLab Light")
    notebook(lab, "hour.ipynb", [HOUR, PLAY])
    open_notebook(page, lab.url, "hour.ipynb")
    view = run_nth(page, 0).locator(".adm-app")
    expect(view).to_be_visible(timeout=90_000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def held() -> float:
        """MB of live objects in the page."""
        session.send("HeapProfiler.collectGarbage")
        metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        return float(metrics["JSHeapUsedSize"]) / 2**20

    before = held()
    player = run_nth(page, 1)
    expect(player.locator(".jp-OutputArea-output")).to_contain_text("14400", timeout=240_000)
    expect(view.locator(".adm-status")).to_have_text("Finished", timeout=60_000)
    expect(view.locator(".lv-line b")).to_have_text("14,400")
    expect(view.get_by_role("img")).to_have_attribute("aria-label", re.compile("7,200 of 7,200 cells"))
    updates, kernel = json.loads(player.locator(".jp-OutputArea-output").inner_text())
    assert updates == 14_400
    assert kernel < 50  # MB
    assert held() - before < 50  # MB
