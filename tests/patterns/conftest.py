"""What a test registers is gone after it."""

from __future__ import annotations

import pytest

from adm_notebook.patterns import CONTAINERS, PATTERNS


@pytest.fixture(autouse=True)
def registries_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in (PATTERNS, CONTAINERS):
        monkeypatch.setattr(registry, "_loaded", dict(registry.snapshot()))
