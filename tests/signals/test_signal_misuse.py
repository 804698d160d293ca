"""What can't be had of kept signals is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import adm_notebook as adm


@pytest.fixture
def kept(tmp_path: Path) -> adm.WorkflowResult:
    config = adm.WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"], "max_bars": 200},
        parameters={"container_pattern": "signal_generation"},
        analysis_config={"output_path": str(tmp_path / "kept")},
        optimization_config={"strategies": [{"type": "ma_crossover", "parameters": {"fast": [5, 10], "slow": 30}}]},
    )
    return adm.EnhancedCoordinator().run(config)


def test_nothing_was_simulated(kept: adm.WorkflowResult) -> None:
    with pytest.raises(adm.RunError, match="nothing was simulated, so that no row has an objective"):
        _ = kept.pareto
    with pytest.raises(adm.RunError, match="nothing was simulated; `%adm signals NAME` shows them"):
        kept.plot()


def test_bars_are_checked_as_a_plan_has_them(kept: adm.WorkflowResult) -> None:
    store = adm.SignalStore(kept.metadata["signals_path"])
    store.check(adm.EnhancedCoordinator().plan(kept.config).market)
    for wrong in (pd.DataFrame(), {"SP500": pd.DataFrame()}):
        with pytest.raises(TypeError, match=r"takes bars by symbol, not DataFrame; give it those of a plan: adm\."):
            store.check(wrong)  # type: ignore[arg-type]  # it is wrong
