"""The config builder in JupyterLab: by mouse, by keyboard, in every theme, narrow, and with hostile names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from in_lab import notebook, open_notebook, run_all, run_cell, shoot
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

LONG = "x" * 10_000
HOSTILE = f"""\
data_config: {{max_bars: 300}}
optimization_config:
  strategies:
    - {{type: momentum, name: "<img src=x onerror='document.title=1'>"}}
    - {{type: momentum, name: "\u202eqwerty \U0001f600 '\\"</pre>"}}
    - type: "<b onclick=alert(1)>Gleitender-Durchschnitt-\u00dcberkreuzungsstrategie"
    - type: {LONG}
"""


def opened(page: Page, lab, name: str, cells: Sequence[str]) -> Locator:  # type: ignore[no-untyped-def]
    """The builder that the cells show, once it has planned."""
    open_notebook(page, lab.url, notebook(lab, name, cells))
    run_all(page)
    app = page.get_by_role("region", name="Config builder").first
    expect(app).to_be_visible(timeout=60_000)
    return app


def mode(app: Locator, name: str, which: str) -> None:
    group = app.get_by_role("radiogroup", name=f"{name}: one value, a list or a range")
    group.get_by_role("radio", name=which, exact=True).click()
    expect(group.get_by_role("radio", name=which, exact=True)).to_have_attribute("aria-checked", "true")


def test_a_sweep_is_built_by_mouse_inserted_and_run(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    lab.theme("JupyterLab Light")
    app = opened(page, lab, "builder.ipynb", ["%load_ext adm_notebook", "%adm build", "print(builder.yaml)"])
    expect(app.get_by_role("status").first).to_contain_text("1 combination", timeout=30_000)
    expect(app.get_by_role("img", name=re.compile("Closing price of SP500"))).to_be_visible()
    shoot(page, "builder-empty", cell=".adm-app")
    app.get_by_role("button", name="+ Add a strategy").click()
    app.locator("option[value=ma_crossover]").click()
    mode(app, "fast", "range")
    for part, value in (("from", "10"), ("to", "30"), ("step", "0")):
        app.get_by_label(f"fast, {part}").fill(value)
    expect(app.get_by_role("alert").filter(has_text="The step must be above 0")).to_be_visible()
    expect(app.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    expect(app.locator("mark")).to_contain_text("fast")
    shoot(page, "builder-problem", cell=".adm-app")
    app.get_by_role("button", name="fast, step").click()
    expect(app.get_by_label("fast, step")).to_be_focused()
    app.get_by_label("fast, step").fill("10")
    mode(app, "slow", "list")
    app.get_by_role("textbox", name="slow").fill("50, 100")
    app.get_by_label("Commission").fill("0.1")
    expect(app.get_by_role("status").first).to_contain_text("6 combinations")
    expect(app.get_by_role("status").first).to_contain_text("about", timeout=30_000)

    text = app.get_by_label("The same configuration as YAML")
    expect(text).to_have_value(re.compile(r"commission: 0\.001\b"))
    text.fill(text.input_value().replace("[50, 100]", "[50, 100, 200"))
    expect(app.locator(".cb-yaml .adm-msg")).to_contain_text("Is a closing bracket missing?")
    expect(app.get_by_role("textbox", name="slow")).to_have_value("50, 100")
    text.fill(text.input_value().replace("[50, 100, 200", "[50, 100, 200]"))
    expect(app.get_by_role("textbox", name="slow")).to_have_value("50, 100, 200")
    expect(app.get_by_role("status").first).to_contain_text("9 combinations")
    shoot(page, "builder-light", cell=".adm-app")

    app.get_by_label("Variable that receives the result").fill("study")
    app.get_by_role("button", name="Insert as cell").click()
    expect(app).to_contain_text("Inserted below.")
    inserted = run_cell(page, "%%adm run study")
    heading = inserted.locator(".adm-card h3", has_text="best of 9 is")
    expect(heading).to_be_visible(timeout=60_000)
    best = heading.inner_text()
    app.get_by_role("button", name="Run", exact=True).click()
    expect(app).to_contain_text("study holds 9 combinations", timeout=60_000)
    expect(page.locator(".jp-Cell", has=app).locator(".adm-card h3").first).to_have_text(best)
    printed = run_cell(page, "print(builder.yaml)").locator(".jp-OutputArea-output pre")
    expect(printed).to_contain_text("slow: [50, 100, 200]")
    shoot(page, "builder-run")


def test_by_keyboard_in_the_dark_and_narrow(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    lab.theme("JupyterLab Dark")
    cells = ["%load_ext adm_notebook", "%adm build", "print(builder.yaml)"]
    app = opened(page, lab, "builder_keys.ipynb", cells)
    page.keyboard.press("Control+b")  # the sidebar goes, and the cell is some 600 pixels wide
    page.set_viewport_size({"width": 740, "height": 2000})
    expect(app.get_by_role("status").first).to_contain_text("1 combination", timeout=30_000)
    app.get_by_role("button", name="+ Add a strategy").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("rsi")
    page.keyboard.press("Enter")
    expect(app.get_by_role("heading", name="rsi on SP500")).to_be_visible()
    first = app.get_by_role("radiogroup", name=re.compile("one value, a list or a range")).first
    first.get_by_role("radio", name="one").focus()
    page.keyboard.press("ArrowRight")
    expect(first.get_by_role("radio", name="list")).to_be_focused()
    expect(first.get_by_role("radio", name="list")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("7, 14, 21")
    expect(app.get_by_role("status").first).to_contain_text("3 combinations")
    kinds = app.get_by_role("radiogroup", name="Workflow type")
    kinds.get_by_role("radio", name="Backtest").focus()
    page.keyboard.press("ArrowRight")
    expect(kinds.get_by_role("radio", name="Optimization")).to_be_focused()
    text = app.get_by_label("The same configuration as YAML")
    text.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("backtest_config:\nsize: 0.5\n")  # Enter indents below a section
    page.keyboard.press("Escape")
    expect(app.get_by_label("size: one value, a list or a range")).to_be_visible()
    width = app.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1, "the builder is wider than its cell"
    assert width[1] <= 640
    assert app.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(17, 17, 17)"
    shoot(page, "builder-dark-narrow", cell=".adm-app")
    printed = run_cell(page, "print(builder.yaml)").locator(".jp-OutputArea-output pre")
    expect(printed).to_contain_text("workflow_type: optimization")
    expect(printed).to_contain_text("[7, 14, 21]")
    expect(printed).to_contain_text("size: 0.5")


DRAWN = """e => new Promise(done => {
  let drawn = 0;
  new MutationObserver(seen => drawn += seen.length).observe(e, { childList: true, subtree: true });
  setTimeout(() => done(drawn), 800);
})"""


def test_what_has_the_focus_keeps_it_and_nothing_is_drawn_that_did_not_change(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    lab.theme("JupyterLab Light")
    cells = ["import adm_notebook as adm", "builder = adm.ConfigBuilder()\nbuilder", "builder.name = 'other'"]
    app = opened(page, lab, "builder_still.ipynb", cells)
    status = app.get_by_role("status").first
    expect(status).to_contain_text(re.compile(r"about [\d.,]+ m?s and"), timeout=60_000)  # the last that comes
    chosen = app.get_by_role("radiogroup", name="Workflow type").get_by_role("radio", name="Backtest")
    chosen.focus()
    assert app.evaluate(DRAWN) == 0
    expect(chosen).to_be_focused()
    app.get_by_label("Commission").fill("nothing")
    link = status.get_by_role("button", name="commission")
    expect(link).to_be_visible()
    page.wait_for_timeout(500)  # what was typed is planned
    link.focus()
    assert app.evaluate(DRAWN) == 0
    expect(link).to_be_focused()


def test_hostile_names_are_text(lab, page: Page) -> None:  # type: ignore[no-untyped-def]
    lab.theme("JupyterLab Dark High Contrast")
    cells = ["import adm_notebook as adm", f"builder = adm.ConfigBuilder({HOSTILE!r})\nbuilder"]
    app = opened(page, lab, "builder_hostile.ipynb", cells)
    expect(app.locator(".cb-bad")).to_be_visible(timeout=30_000)
    expect(app.locator(".cb-rest").first).to_contain_text("<img src=x onerror=")
    expect(app.locator(".cb-ch", has_text="<b onclick=alert(1)>")).to_be_visible()
    assert app.locator("img, b[onclick]").count() == 0
    width = app.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1, "a name widens the builder"
    shoot(page, "builder-hostile", cell=".adm-app")
