"""For tests and tutorials alike: hypothesis without deadlines, tutorials without live displays."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("ADM_NOTEBOOK_LIVE", "0")  # kernels inherit it; nbval compares what a saved notebook holds

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure(config: pytest.Config) -> None:
    """Times and memory, which our HTML marks as such, are not compared with what a saved notebook holds."""
    if getattr(config.option, "nbval_sanitize_with", "") is None:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "volatile.cfg")


@pytest.hookimpl(tryfirst=True)  # before the kernel of a notebook's first cell is started
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A kernel is told which notebook it runs, as JupyterLab tells it: the checklist reads its cells."""
    if item.path.suffix == ".ipynb":
        os.environ["JPY_SESSION_NAME"] = str(item.path)
    else:
        os.environ.pop("JPY_SESSION_NAME", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cells of tutorials are marked `notebook`, so that `-m "not notebook"` leaves them out."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("notebook")


TYPES = "tests/test_code_style.py::test_the_code_passes[types]"
_types = pytest.StashKey[tuple[subprocess.Popen[bytes], IO[bytes]]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to check types, where that is asked for: it goes on beside the other tests, on another processor."""
    if session.config.option.collectonly or not any(item.nodeid.endswith(TYPES) for item in session.items):
        return
    said = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the session
    command = [sys.executable, "-m", "mypy"]
    checking = subprocess.Popen(command, cwd=Path(__file__).parent, stdout=said, stderr=subprocess.STDOUT)
    session.config.stash[_types] = checking, said


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what a session that was interrupted leaves behind."""
    if _types in config.stash:
        checking, said = config.stash[_types]
        checking.kill()
        checking.wait()
        said.close()


@pytest.fixture
def types_checked(request: pytest.FixtureRequest) -> tuple[int, str]:
    """What mypy returns and says of the package."""
    checking, said = request.config.stash[_types]
    status = checking.wait()
    said.seek(0)
    return status, said.read().decode()
