"""Slips that users make, and what they are told to type instead: one row a slip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.cli import main


def frame(n: int = 60) -> pd.DataFrame:
    close = 100 + np.arange(n) % 7
    prices = {name: close.astype(float) for name in ("open", "high", "low", "close")}
    return pd.DataFrame(prices, index=pd.date_range("2020-01-01", periods=n))


@pytest.fixture(autouse=True)
def a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """`slips_source`, while these tests run."""
    monkeypatch.setattr("adm_notebook.market.sources._registered", {})
    adm.register_source("slips_source")(lambda request: frame())


@adm.strategy("slips_interrupted")
def interrupted(bars: Any) -> Any:
    raise KeyboardInterrupt


@adm.strategy("slips_silent")
def silent(bars: Any) -> Any:
    raise ValueError


def planned(**sections: Any) -> Callable[[], object]:
    sections.setdefault("data_config", {"frame": frame()})
    return lambda: adm.EnhancedCoordinator().plan(adm.WorkflowConfig(**sections))


OWN = {
    "name": "own",
    "nodes": ["data", {"risk": [{"portfolio": [{"role": "strategy", "container": "slips_trader"}]}, "execution"]}],
}


@adm.container("strategy", name="slips_trader")
def slips_trader(bars: Any) -> Any:
    return bars["close"] * 0


TOLD: dict[str, tuple[Callable[[], object], str]] = {
    "parameters beside the strategy": (
        planned(backtest_config={"strategy": "ma_crossover", "parameters": {"fast": 5}}),
        ("backtest_config.parameters  belong inside the strategy: write "
        "strategy: {type: ma_crossover, parameters: {fast: 5}}"),
    ),
    "parameters beside a mapping": (
        planned(backtest_config={"strategy": {"type": "momentum"}, "parameters": {"lookback": [5, 10]}}),
        "write strategy: {type: momentum, parameters: {lookback: [5, 10]}}",
    ),
    "a name that is near to nothing": (
        planned(backtest_config={"strategy": "golden"}),
        "unknown strategy 'golden'. `%adm strategies` lists them",
    ),
    "a name that is near": (
        planned(backtest_config={"strategy": "ma_crosover"}), "Did you mean `ma_crossover`?",
    ),
    "a key of a section with many": (
        planned(backtest_config={"strategy": "momentum", "xyzzy": 1}),
        ("unknown field. Known here: strategy, initial_capital, commission, slippage, fill, size_mode, size, "
        "stop_loss, take_profit and 19 more, which Tab lists after --set in a cell"),
    ),
    "a key of a section with few": (
        planned(optimization_config={"xyzzy": 1}), "unknown field. Known here: strategies, classifiers, risk_profiles,",
    ),
    "a wrong keyword of the coordinator": (
        lambda: adm.EnhancedCoordinator(enable_composable=True),  # type: ignore[arg-type]
        "EnhancedCoordinator has no parameter `enable_composable`. Did you mean `enable_composable_containers`?",
    ),
    "symbols of a source that has none": (
        planned(data_config={"source": "slips_source", "symbols": ["A", "B"]}),
        ("names 2 symbols, but slips_source has one series of prices and no column `symbol`. Name one, or give it that "
        "column"),
    ),
    "a strategy beside a container of one's own": (
        planned(parameters={"pattern": OWN}, backtest_config={"strategy": "golden"}),
        "is a container of your own; leave backtest_config.strategy out",
    ),
}  # fmt: skip


@pytest.mark.parametrize("slip", TOLD)
def test_a_slip_is_answered_with_what_to_type(slip: str) -> None:
    call, said = TOLD[slip]
    with pytest.raises(adm.AdmError) as told:
        call()
    assert said in " ".join(str(told.value).split()) or said in str(told.value)


def test_a_wrong_keyword_is_a_type_error_too() -> None:
    with pytest.raises(TypeError, match="enable_composable_containers"):
        adm.EnhancedCoordinator(enable_composable=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("strategy", "said"),
    [("slips_interrupted", "KeyboardInterrupt (interrupted, line"), ("slips_silent", "raised ValueError; line")],
)
def test_an_error_without_words_is_named_by_its_type(strategy: str, said: str) -> None:
    result = adm.EnhancedCoordinator().run(
        adm.WorkflowConfig(data_config={"frame": frame()}, backtest_config={"strategy": strategy})
    )
    assert said in result.errors[0]


def test_a_model_that_wants_more_bars_than_there_are_is_warned_of() -> None:
    config = adm.WorkflowConfig(
        data_config={"frame": frame()},
        optimization_config={
            "classifiers": [{"type": "hmm", "parameters": {"train_bars": 500}}],
            "strategies": ["momentum"],
        },
    )
    said = "hmm needs more than 500 bars before it names a regime, and frame has 60"
    assert any(said in sentence for sentence in adm.EnhancedCoordinator().plan(config).warnings)


def test_a_terminal_shows_what_was_filled_in_as_notes(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("backtest_config: {strategy: momentum}\n")
    assert main(["run", str(file)]) == 0
    out, err = capsys.readouterr()
    assert "Note: No data source named: the bundled sample is used (S&P 500, daily, 1999 to 2018)." in out
    assert "No data source" not in err
