"""The migration guide's quick start: its code blocks run as written, imports aside, with the `...` filled in."""

from __future__ import annotations

import asyncio
import re
import textwrap
from pathlib import Path

import adm_notebook as adm

GUIDE = Path(__file__).parent / "enhanced-coordinator-migration-guide.md"
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
FILLED = "data_config={'max_bars': 400}, backtest_config={'strategy': 'momentum', 'commission': 0.001}"


def run_block(text: str) -> adm.WorkflowResult:
    """What the block leaves in `result`; it may `await` at its top level, as in a notebook."""
    text = re.sub(r"^from src\.core\.\S+ import (.*)$", r"from adm_notebook import \1", text, flags=re.MULTILINE)
    text = text.replace("...", FILLED)
    scope: dict[str, object] = {
        "WorkflowConfig": adm.WorkflowConfig,
        "WorkflowType": adm.WorkflowType,
    }  # of cells before
    exec("async def block():\n" + textwrap.indent(text, "    ") + "\n    return result\n", scope)
    result = asyncio.run(scope["block"]())  # type: ignore[operator]  # defined by the line above
    assert isinstance(result, adm.WorkflowResult)
    return result


def test_the_quick_start_runs_and_every_way_gives_the_same_numbers() -> None:
    before, drop_in = run_block(BLOCKS[0]), run_block(BLOCKS[1])
    composable = run_block(BLOCKS[2].replace("full_backtest", "simple_backtest"))
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
    before, after = (part.replace("{...}", "{'lookback': 20}") for part in block.split("# After"))
    scopes: list[dict[str, object]] = [
        {"WorkflowConfig": adm.WorkflowConfig, "WorkflowType": adm.WorkflowType} for _ in "ab"
    ]
    exec(before, scopes[0])
    exec("# After" + after, scopes[1])
    coordinator = adm.EnhancedCoordinator()
    old, new = (coordinator.run(scope["config"]) for scope in scopes)  # type: ignore[arg-type]  # a config
    assert old.workflow_id == new.workflow_id
    assert not old.compare(new)
