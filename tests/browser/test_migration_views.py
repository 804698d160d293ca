"""The migration diff and the checklist in JupyterLab: same and different, in light and dark, by mouse and by keys."""

from __future__ import annotations

import nbformat
import pytest
from in_lab import open_notebook, run_all, shoot
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

OLD = """old_config = {
    "data": {"symbols": ["SP500"], "source": "sample"},
    "portfolio": {"initial_capital": 100_000, "commission": {"type": "percentage", "value": 0.001}},
    "strategies": [{"name": "crossover", "type": "moving_average_crossover",
                    "parameters": {"short_window": 10, "long_window": 50}}],
}"""
RUN = """data_config: {symbols: SP500}
backtest_config: {strategy: {type: ma_crossover, parameters: {fast: %d, slow: 200}}}"""
CELLS = [
    "%load_ext adm_notebook\nimport adm_notebook as adm",
    OLD,
    "report = adm.verify_migration(old_config)\nreport",
    (
        'new_config = adm.migrate_config(old_config).config\nnew_config.backtest_config["commission"] = 0\n'
        "adm.verify_migration(old_config, new_config)"
    ),
    f"%%adm slow --mode composable --pattern simple_backtest\n{RUN % 50}",
    f"%%adm slower --mode composable --pattern simple_backtest\n{RUN % 51}",
    "%adm diff slow slower --save diff.html",
    "slow.compare(slower)",
    "%adm checklist",
]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_migration_is_seen_proved_and_ticked_off(lab, page: Page, theme: str) -> None:  # type: ignore[no-untyped-def]
    dark = theme.endswith("Dark")
    shade = "dark" if dark else "light"
    lab.theme(theme)
    page.set_viewport_size({"width": 1360, "height": 2300})
    config = f"%config Adm.chart_theme = '{shade}'"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in [*CELLS[:1], config, *CELLS[1:]]]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    name = f"migration_{shade}.ipynb"
    nbformat.write(notebook, lab.folder / name)
    open_notebook(page, lab.url, name)
    run_all(page)
    expect(page.locator("h3", has_text="of 16 done")).to_be_attached(timeout=240_000)

    def cell(code: str) -> str:
        return f".jp-Cell:has(.jp-InputArea:has-text('{code}'))"

    same = page.locator(cell("report = adm.verify_migration")).first
    same.scroll_into_view_if_needed()
    expect(same.locator("h3", has_text="same trades, same equity, same metrics")).to_be_visible()
    expect(same.locator("td", has_text="68 of 68")).to_be_visible()
    expect(same.locator("img")).to_be_visible()
    shoot(page, f"diff-same-{shade}", cell=cell("report = adm.verify_migration"))

    apart = page.locator(cell("adm.verify_migration(old_config, new_config)")).first
    apart.scroll_into_view_if_needed()
    expect(apart.locator("h3", has_text="Different: commission was 0.1% and is now 0")).to_be_visible()
    expect(apart.locator(".adm-banner", has_text="To mend it:")).to_be_visible()
    expect(apart.locator("td", has_text="+16.73")).to_be_visible()
    shoot(page, f"diff-different-{shade}", cell=cell("adm.verify_migration(old_config, new_config)"))

    fold = apart.locator("summary", has_text="60 more")
    hidden = apart.locator("td", has_text="2018-05-15").first
    expect(hidden).to_be_hidden()
    fold.focus()
    page.keyboard.press("Enter")
    expect(hidden).to_be_visible()

    runs = page.locator(cell("%adm diff slow slower")).first
    runs.scroll_into_view_if_needed()
    expect(runs.locator("h3", has_text="Different: fast of ma_crossover was 50 and is now 51")).to_be_visible()
    shoot(page, f"diff-runs-{shade}", cell=cell("%adm diff slow slower"))
    assert (lab.folder / "diff.html").read_text(encoding="utf-8").count("data:image/png;base64,") == 2

    compared = page.locator(cell("slow.compare(slower)")).first
    compared.scroll_into_view_if_needed()
    expect(compared.locator("h3", has_text="Different: fast of ma_crossover was 50 and is now 51")).to_be_visible()
    expect(compared.locator("img")).to_be_visible()
    shoot(page, f"compare-{shade}", cell=cell("slow.compare(slower)"))

    ticked = page.locator(cell("%adm checklist")).first
    ticked.scroll_into_view_if_needed()
    expect(ticked.locator("summary")).to_have_count(4)
    ticked.locator("summary", has_text="Phase 1").click()
    expect(ticked.locator("tr", has_text="Verify that results match")).to_contain_text("17 metrics, 5,031 bars")
    expect(ticked.locator(".adm-sub").first).to_contain_text(name)
    shoot(page, f"checklist-{shade}", cell=cell("%adm checklist"))
    assert (lab.folder / ".adm_checklist.json").exists()

    for card in page.locator(".adm-card").all():
        width = card.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert width[0] <= width[1] + 1, "a card is wider than its cell"
    background = apart.locator(".adm-card").first.evaluate("e => getComputedStyle(e).backgroundColor")
    assert background == ("rgb(17, 17, 17)" if dark else "rgb(255, 255, 255)")
