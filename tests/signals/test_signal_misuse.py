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


def test_a_frame_without_a_name_is_that_of_the_one_symbol_there_is(tmp_path: Path) -> None:
    ours = adm.EnhancedCoordinator()
    prices = ours.plan(adm.WorkflowConfig(data_config={"max_bars": 200})).market
    bars = next(iter(prices.values()))
    names = ("open", "high", "low", "close")
    frame = pd.DataFrame(dict(zip(names, bars.prices[:4], strict=True)), index=bars.index)
    strategy = {"type": "ma_crossover", "parameters": {"fast": 5, "slow": 30}}
    path = str(tmp_path / "kept")
    ours.run(
        adm.WorkflowConfig(
            data_config={"frame": frame, "symbols": ["ME"]},
            parameters={"container_pattern": "signal_generation"},
            analysis_config={"output_path": path},
            optimization_config={"strategies": [strategy]},
        )
    )
    replay = {"mode": "signal_replay", "signals_path": path}
    result = ours.run(adm.WorkflowConfig(data_config={"frame": frame}, analysis_config=replay))
    assert list(result.stats["symbol"]) == ["ME"]
    with pytest.raises(
        adm.ConfigError, match=r"give them as data_config\.frame, or `%adm replay NAME --data VARIABLE`"
    ):
        ours.plan(adm.WorkflowConfig(analysis_config=replay))


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
