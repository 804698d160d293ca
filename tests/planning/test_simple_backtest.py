"""`is_simple_backtest`: one account after the other, nothing swept, no levels of classifiers and risk profiles."""

from __future__ import annotations

from typing import Any

import pytest

import adm_notebook as adm

SWEPT = {"type": "momentum", "parameters": {"lookback": [5, 10]}}


def voting(*members: Any, **more: Any) -> dict[str, Any]:
    return {"type": "ensemble", "method": "threshold", "threshold": 1, "members": list(members), **more}


SIMPLE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a name": {"backtest_config": {"strategy": "momentum"}},
    "settings": {"backtest_config": {"commission": {"rate": 0.001}, "stop_loss": {"atr": 2}}},
    "regimes": {"backtest_config": {"strategy": {"type": "momentum", "regimes": ["all", "none"]}}},
    "an ensemble": {"backtest_config": {"strategy": voting("momentum", "rsi")}},
    "by label": {"optimization_config": {"strategies": [voting("momentum", "rsi", method="unanimous")]}},
    "a sweep that is off": {"optimization_config": {"strategies": ["rsi", {**SWEPT, "enabled": False}]}},
    "by name": {"parameters": {"container_pattern": "simple_backtest"}},
}
NOT: dict[str, dict[str, Any]] = {
    "a setting": {"backtest_config": {"commission": [0, 0.001]}},
    "a part of one": {"backtest_config": {"commission": {"rate": [0, 0.001]}}},
    "a parameter": {"backtest_config": {"strategy": SWEPT}},
    "a range": {
        "backtest_config": {"strategy": {"type": "momentum", "parameters": {"lookback": {"min": 1, "max": 3}}}}
    },
    "one of two": {"optimization_config": {"strategies": ["rsi", SWEPT]}},
    "a member": {"optimization_config": {"strategies": [voting(SWEPT, "rsi")]}},
    "a member by label": {"backtest_config": {"strategy": voting(members={"all": SWEPT}, method="by_regime")}},
    "a threshold": {"optimization_config": {"strategies": [voting("momentum", "rsi", threshold=[1, 2])]}},
    "classifiers": {"optimization_config": {"classifiers": ["trend"]}},
    "risk profiles": {"optimization_config": {"risk_profiles": ["moderate"]}},
    "another pattern": {"parameters": {"container_pattern": "full_backtest"}},
    "phases": {"parameters": {"phases": [{"name": "screen"}]}},
}


@pytest.mark.parametrize(
    ("sections", "simple"), [*((s, True) for s in SIMPLE.values()), *((s, False) for s in NOT.values())]
)
def test_which_backtests_are_simple(sections: dict[str, Any], simple: bool) -> None:
    assert adm.is_simple_backtest(adm.WorkflowConfig(**sections)) is simple
