"""The README's pictures of views, taken in JupyterLab anew.

    python tests/browser/readme_pictures.py [config_builder | explorer | live_view | pattern_editor ...]

Each goes to docs/images/NAME.png. Look at it before it is committed.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from in_lab import FLAGS, LAB_OPTIONS, NO_CHROMIUM, Lab, chromium_path, notebook, open_notebook, run_nth, serving
from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

IMAGES = Path(__file__).parents[2] / "docs" / "images"

BUILDER = '''import adm_notebook as adm
adm.ConfigBuilder("""workflow_type: backtest
backtest_config:
  commission: 0.001
optimization_config:
  strategies:
    - type: ma_crossover
      parameters:
        fast: {min: 5, max: 60, step: 5}
        slow: [100, 150, 200, 250]
""")'''

SWEEP = """%load_ext adm_notebook
import adm_notebook as adm
pairs = {"fast": {"min": 5, "max": 60, "step": 5}, "slow": {"min": 20, "max": 250, "step": 10}}
sweep = adm.EnhancedCoordinator().run(adm.WorkflowConfig(
    backtest_config={"commission": 0.001},
    optimization_config={"strategies": [{"type": "ma_crossover", "parameters": pairs}], "constraints": ["fast < slow"]},
))
%adm explore sweep"""

LIVE = """%load_ext adm_notebook
import time
import adm_notebook as adm

@adm.strategy
def crossing_averages(bars, fast=20, slow=50):
    time.sleep(0.02)
    return (bars.close.rolling(fast).mean() > bars.close.rolling(slow).mean()).astype(int)"""

RUN = """%%adm run live
backtest_config:
  strategy:
    type: crossing_averages
    parameters: {fast: {min: 5, max: 60, step: 5}, slow: {min: 70, max: 250, step: 10}}
memory_limit_mb: 512"""

EDITOR = """import adm_notebook as adm
editor = adm.PatternEditor("full_backtest")
editor.add("classifier/risk", "analysis")
editor.move("classifier/risk/portfolio/ensemble", "classifier/risk", 1)
editor"""


def config_builder(page: Page) -> Locator:
    run_nth(page, 0)
    view = page.get_by_role("region", name="Config builder")
    expect(view.get_by_role("status").first).to_contain_text("about", timeout=60_000)
    return view


def explorer(page: Page) -> Locator:
    run_nth(page, 0)
    view = page.get_by_role("region", name="Result explorer")
    expect(view.locator(".xp-candles canvas").first).to_be_visible(timeout=60_000)
    box = view.locator(".xp-brush").bounding_box()
    assert box is not None
    y = box["y"] + 60
    page.mouse.move(box["x"] + 0.42 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.58 * box["width"], y, steps=5)
    page.mouse.up()
    expect(view).to_contain_text("selected period")
    page.mouse.move(5, 5)
    page.wait_for_timeout(1500)
    return view


def live_view(page: Page) -> Locator:
    run_nth(page, 0)
    run_nth(page, 1)
    view = page.get_by_role("region", name="Run ")
    expect(view).to_be_visible(timeout=30_000)
    expect(view).to_contain_text(re.compile(r"1[5-9]\d of 228 combinations"), timeout=60_000)
    return view


def pattern_editor(page: Page) -> Locator:
    run_nth(page, 0)
    view = page.get_by_role("region", name="Pattern editor")
    expect(view.locator(".pe-pal").first).to_be_visible(timeout=30_000)
    view.get_by_role("tree").locator(".adm-row", has_text="ensemble").first.click()
    page.wait_for_timeout(1000)
    return view


PICTURES: dict[str, tuple[Callable[[Page], Locator], list[str]]] = {
    "config_builder": (config_builder, [BUILDER]),
    "explorer": (explorer, [SWEEP]),
    "live_view": (live_view, [LIVE, RUN]),
    "pattern_editor": (pattern_editor, [EDITOR]),
}


def main(names: list[str]) -> None:
    path = chromium_path()
    if path is None:
        sys.exit(NO_CHROMIUM)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as home,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with serving("jupyterlab", Path(folder), Path(home), *LAB_OPTIONS) as lab:
            for name in names:
                IMAGES.joinpath(f"{name}.png").write_bytes(taken(browser.new_page(), lab, name))
                print(f"docs/images/{name}.png")
        browser.close()


def taken(page: Page, lab: Lab, name: str) -> bytes:
    """The picture of one view."""
    show, cells = PICTURES[name]
    page.set_viewport_size({"width": 1360, "height": 1500})
    lab.theme("JupyterLab Light")
    open_notebook(page, lab.url, notebook(lab, f"{name}.ipynb", cells))
    picture = show(page).screenshot()
    page.close()
    return small(picture)


def small(picture: bytes) -> bytes:
    """The same in 256 colours, which is what these views have: a third of the bytes."""
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        out, "png", optimize=True
    )
    return out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:] or list(PICTURES))
