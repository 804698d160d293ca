"""The pattern editor in JupyterLab: by mouse, by keyboard alone, with two hundred containers and hostile words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from in_lab import notebook, open_notebook, run_nth, shoot
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

START = """
%load_ext adm_notebook
import json
import adm_notebook as adm
from adm_notebook.patterns import Node, Pattern

@adm.container(role="risk")
def kelly(bars, fraction: float = 0.5, lookback: int = 60, method: str = "half"):
    '''Sizes by the Kelly criterion of the trades so far.'''

inside = (Node("portfolio", children=(Node("strategy"), Node("ensemble"))), Node("execution"))
many = Pattern("many", "", (Node("data"), *(Node("risk", f"k{i}", "kelly", children=inside) for i in range(40))))
"""
TELL = """
print(json.dumps({"name": editor.pattern.name, "paths": editor.pattern.paths(), "selected": editor.selected,
    "problems": len(editor.problems), "undone": editor.pattern is editor.original,
    "parameters": {p: dict(n.parameters) for p, n in editor.pattern.walk() if n.parameters},
    "description": editor.pattern.description, "rows": len(editor.state["rows"])}))
"""
RISK = "classifier/risk"


class Workbench:
    """A notebook with the editor in its second cell, and a third that tells what Python has."""

    def __init__(self, lab: Any, page: Page, edit: str) -> None:
        self.page = page
        open_notebook(page, lab.url, notebook(lab, "editor.ipynb", (START, edit, TELL)))
        self.run(0)
        self.run(1)
        self.view = page.locator(".adm-app")
        expect(self.view.locator(".pe-pal").first).to_be_visible(timeout=30_000)
        self.tree = self.view.get_by_role("tree")

    def run(self, at: int) -> Locator:
        return run_nth(self.page, at)

    def python(self) -> dict[str, Any]:
        """What Python has by now."""
        self.page.wait_for_timeout(400)  # what the view has sent is done before the cell runs
        cell = self.page.locator(".jp-Notebook .jp-CodeCell").nth(2)
        before = cell.locator(".jp-InputPrompt").inner_text()
        self.run(2)
        for _ in range(100):
            prompt = cell.locator(".jp-InputPrompt").inner_text()
            if prompt != before and "*" not in prompt:
                break
            self.page.wait_for_timeout(100)
        self.view.scroll_into_view_if_needed()
        told: dict[str, Any] = json.loads(cell.locator(".jp-OutputArea-output").inner_text())
        return told

    def row(self, name: str, nth: int = 0) -> Locator:
        return self.tree.locator(".adm-row", has=self.page.locator(f"b >> text=/^{name}$/")).nth(nth)

    def palette(self, name: str) -> Locator:
        """A container that can be added, once the view has heard what fits where the selection is."""
        expect(self.view.locator(".pe-pals")).to_have_attribute("aria-busy", "false")
        return self.view.locator(f".pe-pal[data-what={name}]")

    def drag(self, start: Locator, target: Locator, part: float, done: bool = True) -> None:
        """Drag something to a part of a row's height: its upper edge, its middle, its lower edge."""
        mouse = self.page.mouse
        start.scroll_into_view_if_needed()
        a = start.bounding_box()
        assert a is not None
        mouse.move(a["x"] + 60, a["y"] + 12)
        mouse.down()
        mouse.move(a["x"] + 64, a["y"] + 20)
        b = target.bounding_box()
        assert b is not None
        mouse.move(b["x"] + 90, b["y"] + b["height"] * part, steps=4)
        self.page.wait_for_timeout(500)
        if done:
            mouse.up()

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def says(self, words: str) -> None:
        expect(self.view.locator(".adm-sr[aria-live]")).to_have_text(words)


def test_by_mouse_a_pattern_is_edited_mended_saved_and_used(lab: Any, page: Page) -> None:
    lab.theme("JupyterLab Light")
    bench = Workbench(lab, page, "%adm edit full_backtest")
    view = bench.view

    bench.row("risk").click()
    expect(view.locator(".pe-side h4")).to_have_text("risk: risk profile")
    expect(view.locator(".pe-left h4")).to_have_text("Add inside risk")
    expect(bench.palette("strategy")).to_contain_text("needs a portfolio around it")
    bench.palette("analysis").click()
    expect(bench.row("analysis")).to_contain_text("+ new")
    bench.says("Added analysis, third of three in risk")

    bench.drag(bench.row("signal_log"), bench.row("ensemble"), 0.1, done=False)
    expect(view.locator(".pe-line")).to_have_text("Drop signal_log here, second in portfolio")
    shoot(page, "editor-drag", cell=".adm-app")
    page.mouse.up()
    bench.says("signal_log, second of three in portfolio")
    expect(bench.row("signal_log")).to_contain_text("↕ moved")

    bench.row("risk").click()
    expect(bench.palette("strategy")).to_have_attribute("aria-disabled", "true")
    bench.drag(bench.palette("strategy"), bench.row("execution"), 0.5)
    expect(view.locator(".pe-hints")).to_contain_text("needs a portfolio around it")
    told = bench.python()
    portfolio = f"{RISK}/portfolio"
    assert told["paths"][4:9] == [
        portfolio, f"{portfolio}/strategies", f"{portfolio}/signal_log", f"{portfolio}/ensemble", f"{RISK}/execution",
    ]  # fmt: skip
    assert (told["problems"], told["name"]) == (0, "my_full_backtest")

    bench.drag(bench.row("ensemble"), bench.row("execution"), 0.1)
    strip = view.locator(".pe-problem")
    expect(strip).to_contain_text("consumes targets")
    expect(view.get_by_role("button", name="Use in config")).to_have_attribute("aria-disabled", "true")
    mend = strip.get_by_role("button", name="Move into portfolio")
    expect(mend).to_be_visible()
    shoot(page, "editor-problem-light", cell=".adm-app")
    mend.click()
    expect(strip).to_be_hidden()

    bench.row("analysis").click()
    view.get_by_role("button", name="Remove", exact=True).click()
    expect(bench.row("analysis")).to_have_count(0)
    view.get_by_role("button", name="Undo").click()
    expect(bench.row("analysis")).to_be_visible()

    bench.row("risk").click()
    view.get_by_label("Container", exact=True).select_option("kelly")
    fraction = view.get_by_label("fraction")
    fraction.fill("much")
    expect(view.get_by_role("alert").filter(has_text="must be a number")).to_be_visible()
    fraction.fill("0.25")
    fraction.press("Enter")
    expect(bench.row("kelly")).to_contain_text("~ was risk")
    view.get_by_role("button", name="Compare").click()
    expect(view.locator(".adm-diff tr")).to_have_count(3)
    shoot(page, "editor-compare-light", cell=".adm-app")

    view.get_by_role("button", name="Save as…").click()
    name = view.get_by_label("Save as")
    name.fill("simple_backtest")
    name.press("Enter")
    expect(view.get_by_role("alert").filter(has_text="is built in and is not replaced")).to_be_visible()
    view.get_by_label("Save as").fill("kelly_study")
    view.get_by_label("Save as").press("Enter")
    bench.says("Saved as kelly_study.")
    view.get_by_role("button", name="Use in config").click()
    expect(view.locator(".pe-sheet pre")).to_have_text("parameters: {container_pattern: kelly_study}")
    view.get_by_role("button", name="Close").click()
    told = bench.python()
    assert told["name"] == "kelly_study"
    assert told["parameters"] == {"classifier/kelly": {"fraction": 0.25}}

    for _ in range(7):
        view.get_by_role("button", name="Undo").click()
    expect(view.get_by_role("button", name="Undo")).to_be_disabled()
    assert bench.python()["undone"]


def test_by_keyboard_alone_nothing_is_out_of_reach(lab: Any, page: Page) -> None:
    lab.theme("JupyterLab Dark")
    bench = Workbench(lab, page, "%adm edit full_backtest")
    view, keys = bench.view, bench.keys
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    bench.tree.focus()
    on = bench.tree.locator("[aria-selected=true]")
    keys("End", "ArrowUp")
    expect(on).to_have_attribute("aria-label", "signal_log")
    keys("Alt+ArrowUp")
    bench.says("signal_log, second of three in portfolio")
    keys("Alt+ArrowLeft")
    bench.says("signal_log, second of three in risk. 1 problem")
    keys("Alt+ArrowRight")
    bench.says("signal_log, third of three in portfolio")
    keys("ArrowLeft", "ArrowLeft")
    expect(bench.row("portfolio")).to_contain_text("3 inside")
    expect(on).to_have_attribute("aria-expanded", "false")
    keys("ArrowRight", "ArrowUp")
    expect(on).to_have_attribute("aria-label", "risk")
    expect(view.locator(".pe-left h4")).to_have_text("Add inside risk")
    expect(bench.palette("analysis")).not_to_have_attribute("aria-disabled", "true")

    keys("a")
    page.keyboard.type("ke")
    expect(bench.palette("kelly")).to_be_focused()
    keys("Enter")
    bench.says("Added kelly, third of three in risk. 1 problem")
    keys("Escape", "F2")
    page.keyboard.type("calm")
    keys("Enter")
    expect(on).to_have_attribute("aria-label", "calm, risk, kelly, new, 1 problem")
    keys("Enter", "Tab", "Tab")
    page.keyboard.type("x<img src=x onerror=alert(1)>")
    expect(view.get_by_role("alert").filter(has_text="must be a number, but was 'x<img")).to_be_visible()
    shoot(page, "editor-keyboard-dark", cell=".adm-app")
    keys("Escape", "Escape")
    expect(bench.tree).to_be_focused()
    keys("Home", "n")
    expect(on).to_have_attribute("aria-label", "calm, risk, kelly, new, 1 problem")
    keys("Control+x")
    bench.says("Cut classifier/risk/calm")
    keys("Control+v", "Delete", "Control+z")
    bench.says("Undone: remove calm. 1 problem")
    keys("?")
    expect(view.locator(".adm-keys")).to_be_visible()
    shoot(page, "editor-keys-dark", cell=".adm-app")
    keys("Escape")
    expect(view.locator(".adm-keys")).to_be_hidden()
    expect(cells).to_have_count(3)  # JupyterLab has not taken A, X, V or N for itself
    for _ in range(9):
        keys("Control+z")
    assert bench.python()["undone"]


def test_two_hundred_containers_stay_light_and_words_stay_words(lab: Any, page: Page) -> None:
    lab.theme("JupyterLab Dark High Contrast")
    page.set_viewport_size({"width": 1000, "height": 1000})
    bench = Workbench(lab, page, "%adm edit many")
    view = bench.view
    rows = bench.tree.locator("[role=treeitem]")
    assert rows.count() < 60
    bench.tree.focus()
    bench.keys("End")
    expect(bench.tree.locator("[aria-selected=true]")).to_have_attribute("aria-label", "execution")
    assert rows.count() < 60
    active = bench.tree.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_be_visible()
    bench.keys("Alt+ArrowUp")
    bench.says("execution, first of two in k39. 1 problem")
    bench.keys("Home")
    view.get_by_label("Description").fill("<img src=x onerror=window.hacked=1> \u202eevil \U0001f600 " + "x" * 300)
    view.get_by_label("Description").press("Tab")
    expect(view.locator(".adm-bar-top")).to_contain_text("2 changes")
    told = bench.python()
    assert told["description"].startswith("<img src=x")
    assert told["rows"] == 202
    assert page.evaluate("window.hacked") is None
    for part in (".adm-app", ".pe-side", ".pe-tree", ".pe-left", ".pe-problem"):
        width = view.page.locator(part).first.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert width[0] <= width[1] + 1, f"{part} is wider than its place"
    shoot(page, "editor-many-hc", cell=".adm-app")
