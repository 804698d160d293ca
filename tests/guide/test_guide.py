"""The migration guide: every code block runs as written under compat, and migrated without it, with equal results."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import adm_notebook as adm

GUIDE = Path(__file__).parent / "enhanced-coordinator-migration-guide.md"
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)

DATA = "data_config={'max_bars': 400}, backtest_config={'strategy': 'momentum', 'commission': 0.001}"
CLASSIFIER, RISK, STRATEGY = (
    "{'type': 'trend'}",
    "{'type': 'moderate'}",
    "{'type': 'momentum', 'parameters': {'lookback': [10, 20]}}",
)
FILLED = {
    "from src.core.coordinator.coordinator import Coordinator": [DATA],
    "# Drop-in replacement": [DATA],
    "'full_backtest'},  # NEW!": [DATA],
    "# Before: Basic backtest": ["'lookback': 20"],
    "# Before: Complex config": [CLASSIFIER, RISK, STRATEGY, CLASSIFIER, RISK, STRATEGY],
}
"""What stands for each `...` of a block, in order; a block is known by a line of its own."""

BEFORE = f"""
from src.core.coordinator.enhanced_coordinator import EnhancedCoordinator, is_simple_backtest
from src.core.coordinator.simple_types import WorkflowConfig, WorkflowType

coordinator = EnhancedCoordinator(enable_composable_containers=True)
config = WorkflowConfig(workflow_type=WorkflowType.BACKTEST, {DATA})
traditional_config = WorkflowConfig(workflow_type=WorkflowType.OPTIMIZATION, {DATA})
"""
"""What the guide takes for granted, as cells before would have it."""


def filled(block: str) -> str:
    """A block with something in the place of each `...`."""
    given = [texts for line, texts in FILLED.items() if line in block]
    texts = given[0] if given else []
    assert len(given) <= 1
    assert block.count("...") == len(texts), "each `...` of the guide is filled in by the table"
    for text in texts:
        block = block.replace("...", text, 1)
    return block


@dataclass
class Step:
    """What there was after one statement."""

    config: Any = None
    result: Any = None


def run(program: str) -> list[Step]:
    """Run a program statement by statement, as a notebook runs a cell: it may await at its top level."""
    steps, scope = [], {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for statement in ast.parse(program).body:
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(ast.Module([statement], []), "guide", "exec", flags, dont_inherit=True)
            done = eval(code, scope)
            if inspect.iscoroutine(done):
                runner.run(done)
            config = scope.get("config")
            steps.append(Step(config.copy() if isinstance(config, adm.WorkflowConfig) else None, scope.get("result")))
    return steps


@pytest.fixture
def compat() -> Iterator[None]:
    adm.compat.install()
    yield
    adm.compat.uninstall()


def test_each_filling_stands_for_a_block() -> None:
    assert len(BLOCKS) == 13
    assert all(any(line in block for block in BLOCKS) for line in FILLED)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs_as_written_and_migrated_with_equal_results(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = BEFORE + filled(BLOCKS[number])
    migration = adm.migrate_source(program)
    assert not migration.undecided
    assert "src." not in migration.text
    ran = {}
    for name, text in (("older", program), ("migrated", migration.text)):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        if name == "older":
            adm.compat.install()
        try:
            ran[name] = run(text)
        finally:
            adm.compat.uninstall()
    older, migrated = ran["older"], ran["migrated"]
    assert len(older) == len(migrated)
    results = [(old.result, new.result) for old, new in zip(older, migrated, strict=True) if old.result is not None]
    assert bool(results) == ("result = await" in program)
    for old, new in results[-1:]:
        same(old, new)
    seen = None
    for i, (old, new) in enumerate(zip(older, migrated, strict=True)):
        if old.config is None or old.config == seen:
            continue
        seen, made = old.config, []
        for name, config in (("older", old.config), ("migrated", new.config)):
            (tmp_path / name / str(i)).mkdir()
            monkeypatch.chdir(tmp_path / name / str(i))
            made.append(adm.EnhancedCoordinator().run(config))
        same(*made)


def same(old: adm.WorkflowResult, new: adm.WorkflowResult) -> None:
    """Whether two results agree in everything that a user sees of them, how they were computed aside."""
    assert old.success
    assert new.success
    assert old.pattern == new.pattern
    assert old.stats.shape == new.stats.shape
    if old.pattern == "signal_generation":
        assert len(old.signals)
        assert old.signals.equals(new.signals)
        return
    difference = adm.compare_results(old, new)
    assert not difference, difference
    assert len(old.trades)


def test_the_quick_start_gives_the_same_numbers_in_every_way(compat: None) -> None:
    texts = [filled(block) for block in BLOCKS[:3]]
    texts[2] = BEFORE + texts[2].replace("full_backtest", "simple_backtest")
    before, drop_in, composable = (run(text)[-1].result for text in texts)
    assert [r.mode for r in (before, drop_in, composable)] == ["traditional", "traditional", "composable"]
    assert before.success
    assert not before.compare(drop_in)
    assert not before.compare(composable)
    assert len(before.trades)


def test_resource_limits_of_the_guide_are_understood() -> None:
    config = adm.WorkflowConfig(backtest_config={"strategy": "momentum"}, data_config={"max_bars": 300})
    limits = next(block for block in BLOCKS if "max_indicators" in block)
    exec(limits, {"config": config})
    assert config.parameters == {"container_pattern": "simple_backtest", "max_indicators": 50, "max_memory_mb": 1024}
    result = adm.EnhancedCoordinator().run(config, execution_mode="composable")
    assert result.success
    assert adm.is_simple_backtest(config)


def test_the_simple_backtest_before_and_after_are_one() -> None:
    block = next(b for b in BLOCKS if "# After: Use simple_backtest pattern" in b)
    steps = run(adm.migrate_source(BEFORE + filled(block)).text)
    old, new = (adm.EnhancedCoordinator().run(step.config) for step in steps[-2:])
    assert old.workflow_id == new.workflow_id
    assert not old.compare(new)


def test_before_of_the_guide_migrates_to_its_after() -> None:
    before, after = next(b for b in BLOCKS if "# After: Use simple_backtest pattern" in b).split("# After")
    written = "config = " + filled("# Before: Basic backtest" + after).split("config = ")[1]
    scope = {"WorkflowConfig": adm.WorkflowConfig, "WorkflowType": adm.WorkflowType}
    configs = []
    for text in (adm.migrate_source(before).text, written):
        exec(text, scope)
        configs.append(scope["config"])
    migrated, guides = (config.to_dict() for config in configs)  # type: ignore[attr-defined]  # a config
    assert guides["optimization_config"]["strategies"][0].pop("parameters") == {"lookback": 20}
    assert migrated == guides
