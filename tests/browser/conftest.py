"""A real JupyterLab on a free loopback port, and a real chromium that looks at it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from in_lab import FLAGS, LAB_OPTIONS, NO_CHROMIUM, Lab, accept_all, chromium_path, serving
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, sync_playwright


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's chromium, driven by playwright; closed with its module, since playwright keeps an event loop running."""
    path = chromium_path()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def put_tutorials(folder: Path) -> None:
    """Copies of the tutorials, without outputs, and as `stored_*` with them."""
    for source in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"):
        shutil.copy(source, folder / f"stored_{source.name}")
        notebook = nbformat.read(source, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / source.name)


@pytest.fixture(scope="session")
def compiled() -> None:
    """The engine is compiled before kernels are started, which would all compile it at once."""
    subprocess.run([sys.executable, "-m", "adm_notebook", "warm"], check=True, capture_output=True)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, compiled: None) -> Iterator[Lab]:
    """JupyterLab over copies of the tutorials."""
    folder, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home")
    put_tutorials(folder)
    with serving("jupyterlab", folder, home, *LAB_OPTIONS) as lab:
        yield lab


@pytest.fixture(scope="module")
def notebook7(tmp_path_factory: pytest.TempPathFactory, compiled: None) -> Iterator[Lab]:
    """Jupyter Notebook 7 over the same; what it has of settings is said to it as to JupyterLab."""
    pytest.importorskip("notebook", minversion="7", reason='get it with: pip install "notebook>=7"')
    folder, home = tmp_path_factory.mktemp("notebook7"), tmp_path_factory.mktemp("home7")
    put_tutorials(folder)
    with serving("notebook", folder, home, "--JupyterNotebookApp.expose_app_in_browser=True") as served:
        yield served


@pytest.fixture(autouse=True)
def no_kernels_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kernels that a test started end with it: each holds half a gigabyte."""
    yield
    for name in {"lab", "notebook7"} & {*request.fixturenames}:
        sessions = f"{request.getfixturevalue(name).url}/api/sessions"
        with urllib.request.urlopen(sessions, timeout=10) as answer:
            running = json.load(answer)
        for session in running:  # of a kernel that is ended by itself the session would stay for a while
            end = urllib.request.Request(f"{sessions}/{session['id']}", method="DELETE")
            with urllib.request.urlopen(end, timeout=30):
                pass


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that fails its test on any error in the browser's console."""
    context = chromium.new_context(viewport={"width": 1360, "height": 1400})
    page = context.new_page()
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # JupyterLab's debugger says this of its own request where a kernel starts while it asks; it is no view of ours
        if message.type == "error" and "Could not restore the debugger state" not in message.text:
            errors.append(message.text)

    def choose_kernel(dialog: Locator) -> None:
        """Where the kernels are listed after the notebook is open, it asks for one; take what it offers."""
        accept_all(page, dialog)

    page.add_locator_handler(page.locator(".jp-Dialog", has_text="Select Kernel").first, choose_kernel)
    page.on("console", note)

    def note_error(error: Error) -> None:
        # Notebook 7.6 says this of settings of its own, of an empty notebook as of any other
        if not ("reading 'schema'" in str(error) and "/static/notebook/notebook_core" in (error.stack or "")):
            errors.append(str(error))

    page.on("pageerror", note_error)
    yield page
    if shots := os.environ.get("ADM_SHOTS"):  # what the page looked like at the end, for looking at
        Path(shots).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(shots) / "last.png"))
    context.close()
    assert not errors, "\n".join(errors)
