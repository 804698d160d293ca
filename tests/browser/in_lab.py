"""A Jupyter server of its own, and what tests do there as its user does: open a notebook, run cells, look."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LAB_OPTIONS = "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.expose_app_in_browser=True"

SHOTS = os.environ.get("ADM_SHOTS")
"""A folder to keep screenshots in, for looking at; unset, none are kept."""

READY = """async () => {
  const widget = window.jupyterapp?.shell.currentWidget;
  await widget?.context?.ready;
  await widget?.sessionContext?.ready;
  await widget?.sessionContext?.session?.kernel?.info;
}"""


@dataclass(frozen=True)
class Lab:
    """A running Jupyter server: its address, its notebooks, its settings."""

    url: str
    folder: Path
    settings: Path

    def theme(self, name: str) -> None:
        """The theme of pages opened from now on: `JupyterLab Light`, `JupyterLab Dark`."""
        folder = self.settings / "@jupyterlab" / "apputils-extension"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "themes.jupyterlab-settings").write_text(json.dumps({"theme": name}))
        (folder / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false"}))


@contextmanager
def serving(module: str, folder: Path, home: Path, *options: str) -> Iterator[Lab]:
    """A Jupyter server of its own on a free port, with settings of its own; stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = home / "settings"
    settings.mkdir()
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "ADM_NOTEBOOK_LIVE": "1",
    }
    command = [
        sys.executable, "-m", module, "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password=",
        f"--ServerApp.root_dir={folder}", "--ServerApp.disable_check_xsrf=True", *options,
    ]  # fmt: skip
    log = (home / "server.log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{url}/api/status", timeout=1):
                    break
            except (urllib.error.URLError, OSError):
                if server.poll() is not None:
                    pytest.fail(f"{module} did not start:\n{(home / 'server.log').read_text()[-3000:]}")
                time.sleep(0.2)
        else:
            pytest.fail(f"{module} did not answer:\n{(home / 'server.log').read_text()[-3000:]}")
        yield Lab(url, folder, settings)
    finally:
        server.terminate()
        server.wait(20)
        log.close()


NO_CHROMIUM = "no chromium on this machine; get it with: apt-get install chromium"


def chromium_path() -> str | None:
    """Where Debian's chromium, or its like, is; None where it is not installed."""
    return next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)


def shoot(page: Page | Locator, name: str, *, cell: str | None = None) -> None:
    """Keep a picture of a page, of the first of some part of it, or of a view."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        target = page.locator(cell).first if cell else page
        target.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def notebook(lab: Any, name: str, cells: Sequence[str]) -> str:
    """Write a notebook with these cells into the lab's folder; its name."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, lab.folder / name)
    return name


def accept_all(page: Page, dialog: Locator) -> None:
    """Accept a dialog until it is gone: another may stand behind it, and the first click may come too early."""
    for _ in range(40):
        if not dialog.is_visible():
            return
        dialog.locator("button.jp-mod-accept").evaluate("e => e.click()")
        page.wait_for_timeout(250)
    pytest.fail(f"a dialog does not close: {dialog.inner_text()}")


def open_notebook(page: Page, url: str, name: str, at: str = "lab/tree") -> None:
    """Open it, in JupyterLab or at another address, and wait until its kernel takes cells."""
    page.goto(f"{url}/{at}/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
    settled = 0
    for _ in range(120):  # it may say idle, and only then ask for the kernel
        idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.is_visible()
        asked = page.locator(".jp-Dialog").first
        if asked.is_visible():
            text = asked.inner_text()
            assert "kernel" in text.lower(), f"the notebook asks something that nobody expected: {text}"
            accept_all(page, asked)
        settled = settled + 1 if idle else 0
        if settled == 4:
            page.evaluate(READY)  # a cell that is run before is not run, and nothing says so
            return
        page.wait_for_timeout(500)
    pytest.fail("the notebook's kernel did not start")


def run_all(page: Page) -> None:
    """Run > Run All Cells; a kernel that has only just started may not take it the first time."""
    for _ in range(5):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_timeout(3000)
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
        if any(prompt.strip("[]: \n") for prompt in prompts):
            return
    pytest.fail("the kernel did not take any cell")


def press_run(page: Page, cell: Locator) -> Locator:
    """Ctrl+Enter in a cell that has the focus, again where the kernel has not taken it; the cell."""
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    for _ in range(3):
        page.keyboard.press("Control+Enter")
        for _ in range(50):
            if prompt.inner_text() != before:
                return cell
            page.wait_for_timeout(100)
    pytest.fail("the kernel did not take the cell")


def run_nth(page: Page, at: int) -> Locator:
    """Select a code cell by its number and run it."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(at)
    cell.scroll_into_view_if_needed()
    cell.locator(".jp-InputPrompt").click()
    return press_run(page, cell)


def run_cell(page: Page, words: str) -> Locator:
    """Run the cell whose source holds these words; what it is, with its outputs."""
    cell = page.locator(".jp-CodeCell", has=page.locator(".jp-InputArea", has_text=words)).last
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").click()
    return press_run(page, cell)
