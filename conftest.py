"""For tests and tutorials alike: hypothesis without deadlines, tutorials without live displays."""

from __future__ import annotations

import gc
import os
from pathlib import Path

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


_begun: set[Path] = set()
"""Files whose tests have begun."""


@pytest.hookimpl(tryfirst=True)  # before the kernel of a notebook's first cell is started
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A kernel is told which notebook it runs, as JupyterLab tells it: the checklist reads its cells."""
    if item.path not in _begun:  # what is there by now stays: no collection looks at half a million objects again
        _begun.add(item.path)
        gc.collect()
        gc.freeze()
    if item.path.suffix == ".ipynb":
        os.environ["JPY_SESSION_NAME"] = str(item.path)
    else:
        os.environ.pop("JPY_SESSION_NAME", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cells of tutorials are marked `notebook`, so that `-m "not notebook"` leaves them out."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("notebook")
