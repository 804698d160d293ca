"""Containers that a test registers are forgotten after it."""

from __future__ import annotations

import pytest

from adm_notebook.patterns import CONTAINERS


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CONTAINERS, "_loaded", dict(CONTAINERS.snapshot()))
