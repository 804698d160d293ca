"""The second reader of the older form: each key is read, or told to be left out."""

from __future__ import annotations

from typing import Any

import pytest

from adm_notebook.migration.older.reader import is_older, read_older

BASE: dict[str, Any] = {"data": {"symbols": ["SP500"]}, "strategies": [{"type": "momentum", "name": "m"}]}


def settings(**sections: Any) -> dict[str, Any]:
    """`backtest_config` of the base with other sections."""
    return read_older({**BASE, **sections}).config.backtest_config


def left_out(**sections: Any) -> set[str]:
    return {left.path for left in read_older({**BASE, **sections}).left_out}


def test_a_form_is_told_by_its_outermost_keys() -> None:
    assert is_older(BASE)
    assert is_older({"base_config": {}})
    assert not is_older({"workflow_type": "backtest", "backtest_config": {"strategy": "momentum"}})
    assert not is_older({})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"type": "percentage", "value": 0.001}, 0.001),
        ({"type": "fixed", "value": 1.5}, {"fixed": 1.5}),
        ({"type": "bps", "value": 5}, 0.0005),
        ({"type": "none"}, 0),
        (0.002, 0.002),
        ({"rate": 0.001, "fixed": 1}, {"rate": 0.001, "fixed": 1}),
    ],
)
def test_commission(given: Any, meant: Any) -> None:
    assert settings(portfolio={"commission": given}) == {"commission": meant}


def test_a_commission_that_can_not_be_run_is_left_out() -> None:
    section = {"commission": {"type": "per_share", "value": 0.01}}
    assert settings(portfolio=section) == {}
    assert left_out(portfolio=section) == {"portfolio.commission"}


@pytest.mark.parametrize(
    ("sizer", "meant"),
    [
        ({"type": "fixed", "size": 10}, {"size_mode": "units", "size": 10}),
        ({"type": "fixed_percentage", "percentage": 0.25}, {"size_mode": "fraction", "size": 0.25}),
        ({"type": "percentage", "parameters": {"position_size_pct": 7}}, {"size_mode": "fraction", "size": 0.07}),
        ({"type": "percentage", "params": {"position_size_pct": 0.02}}, {"size_mode": "fraction", "size": 0.02}),
        ({"type": "fixed", "config": {"position_size": 3}}, {"size_mode": "units", "size": 3}),
        ({"type": "fixed_amount", "amount": 5000}, {"size_mode": "value", "size": 5000}),
        (
            {"type": "volatility", "target_volatility": 0.15, "lookback_days": 30},
            {"size_mode": "volatility", "size": 0.15, "volatility": {"period": 30}},
        ),
    ],
)
def test_a_sizer(sizer: dict[str, Any], meant: dict[str, Any]) -> None:
    assert settings(risk={"position_sizers": [sizer]}) == meant


def test_the_first_sizer_that_is_enabled_counts() -> None:
    sizers = [
        {"type": "fixed", "size": 10, "enabled": False},
        {"type": "fixed", "size": 20},
        {"type": "fixed", "size": 30},
    ]
    assert settings(risk={"position_sizers": sizers})["size"] == 20
    assert left_out(risk={"position_sizers": sizers}) == {"risk.position_sizers[0]", "risk.position_sizers[2]"}


@pytest.mark.parametrize(
    ("limit", "meant"),
    [
        ({"type": "position", "max_position": 5000}, {"max_position_value": 5000}),
        ({"type": "drawdown", "max_drawdown_pct": 15}, {"max_drawdown": 0.15}),
        ({"type": "drawdown", "max_drawdown": 0.15}, {"max_drawdown": 0.15}),
        ({"type": "daily_loss", "max_daily_loss_pct": 2}, {"max_daily_loss": 0.02}),
        ({"type": "exposure", "max_exposure_pct": 80}, {}),
        ({"type": "concentration", "max_position_pct": 25}, {}),
        ({"type": "daily_loss", "max_daily_loss": 500}, {}),
        ({"type": "drawdown", "max_drawdown": 0.15, "enabled": False}, {}),
    ],
)
def test_a_limit(limit: dict[str, Any], meant: dict[str, Any]) -> None:
    assert settings(risk={"limits": [limit]}) == meant
    assert bool(left_out(risk={"limits": [limit]})) == (not meant)


def test_an_allocation_is_a_share_of_one_portfolio() -> None:
    assert settings(strategies=[{"type": "momentum", "allocation": 0.5}, "rsi"]) == {"portfolio": {"combine": True}}


def test_a_space_is_laid_over_the_strategy_that_it_names() -> None:
    read = read_older(
        {
            "base_config": {
                **BASE,
                "strategies": [{"type": "momentum", "name": "a"}, {"type": "moving_average_crossover"}],
            },
            "optimization": {
                "method": "grid_search",
                "parameter_space": {
                    "a.lookback_period": {"type": "int", "min": 5.0, "max": 20.0, "step": 5},
                    "ma_crossover": {"slow_period": [20, 30]},
                    "fast_period": {"type": "choice", "choices": [3, 4]},
                    "a.nonsense": [1],
                },
                "objectives": [{"metric": "max_drawdown", "direction": "minimize"}, {"metric": "sharpe_ratio"}],
                "constraints": [{"expression": "fast_period < slow_period"}, "max_drawdown < 0.1"],
            },
        }
    )
    chosen = read.config.optimization_config
    assert [strategy["parameters"] for strategy in chosen["strategies"]] == [
        {"lookback": {"min": 5, "max": 20, "step": 5}},
        {"slow": [20, 30], "fast": [3, 4]},
    ]
    assert (chosen["objective"], chosen["direction"]) == (["max_drawdown", "sharpe"], ["maximize", "maximize"])
    assert chosen["constraints"] == ["fast < slow"]
    left = {key.path for key in read.left_out}
    assert left == {"optimization.parameter_space.a.nonsense", "optimization.constraints[1]"}


@pytest.mark.parametrize("method", ["walk_forward", "multi_pass_regime", "genetic"])
def test_a_way_of_searching_that_is_not_there_is_left_out(method: str) -> None:
    assert left_out(optimization={"method": method}) == {"optimization.method"}


def test_every_value_has_its_origin_or_is_left_out() -> None:
    read = read_older(
        {
            "name": "x",
            "data": {"symbols": ["SP500"], "start_date": "2000-01-01", "file_path": "p.csv", "source": "yahoo"},
            "portfolio": {"initial_capital": 5, "currency": "USD"},
            "strategies": [{"type": "momentum", "capabilities": [], "parameters": {"lookback_period": 3, "odd": 1}}],
            "coordinator": {"container_pattern": "full_backtest", "execution_mode": "auto", "verbose": True},
            "unheard_of": 1,
        }
    )
    assert read.origins == {
        "data_config.symbols": "data.symbols",
        "data_config.start": "data.start_date",
        "data_config.path": "data.file_path",
        "backtest_config.initial_capital": "portfolio.initial_capital",
        "optimization_config.strategies[0].type": "strategies[0].type",
        "optimization_config.strategies[0].parameters.lookback": "strategies[0].parameters.lookback_period",
        "parameters.container_pattern": "coordinator.container_pattern",
    }
    assert {left.path for left in read.left_out} == {
        "name", "data.source", "portfolio.currency", "strategies[0].capabilities", "strategies[0].parameters.odd",
        "coordinator.verbose", "unheard_of",
    }  # fmt: skip


@pytest.mark.parametrize("section", ["data", "portfolio", "risk", "analysis", "coordinator", "parameter_space"])
@pytest.mark.parametrize("value", [3, "x", ["x"], [{}]])
def test_a_section_that_is_none_is_left_out_and_no_error(section: str, value: Any) -> None:
    assert section in {left.path for left in read_older({**BASE, section: value}).left_out}
