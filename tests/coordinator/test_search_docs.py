"""docs/search.md: each workflow on it runs, and tries as many rows as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import adm_notebook as adm
from adm_notebook.planning.sections import METHODS

TEXT = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_its_workflows_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    random, optuna, several = (adm.EnhancedCoordinator().run(adm.WorkflowConfig.from_yaml(block)) for block in BLOCKS)
    assert random.success
    assert optuna.success
    assert several.success
    assert len(random.stats) == 200
    assert 0 < len(optuna.stats) <= 50
    assert (tmp_path / "studies" / "crossover.db").is_file()
    assert 0 < len(several.pareto) <= len(several.stats) == 9


def test_it_names_every_method_and_key() -> None:
    for word in (*METHODS, "n_trials", "seed", "storage", "objective", "direction", "constraints"):
        assert f"`{word}`" in TEXT
