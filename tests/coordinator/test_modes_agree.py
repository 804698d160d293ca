"""The first promise: traditional and composable give the same trades, and every metric to 1e-9."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import adm_notebook as adm
from adm_notebook.engine.account import METRICS


def walk(seed: int, n: int, tz: str | None = None, start: str = "2020-01-01") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, n)))
    if seed % 3 == 0:
        close = np.round(close)  # ties and flat stretches
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, 0.005, n))
    high = np.maximum(open_, close) * (1 + rng.uniform(0, 0.01, n))
    low = np.minimum(open_, close) * (1 - rng.uniform(0, 0.01, n))
    index = pd.date_range(start, periods=n, freq="D", tz=tz)
    return pd.DataFrame({"open": open_, "high": high, "low": low, "close": close}, index=index)


strategies = st.sampled_from(
    [
        {"type": "ma_crossover", "parameters": {"fast": [3, 5], "slow": 12, "ma_type": ["sma", "ema"]}},
        {"type": "ma_crossover", "parameters": {"fast": 5, "slow": [8, 13, 4], "direction": "both"}},
        {"type": "momentum", "parameters": {"lookback": [3, 10], "threshold": 0.01, "direction": "both"}},
        {"type": "mean_reversion", "parameters": {"direction": "both"}},
        {"type": "rsi", "parameters": {"period": [5, 9]}},
        {"type": "breakout"},
        {"type": "buy_and_hold"},
        {
            "type": "rule",
            "parameters": {"entry": "close > sma(n) and close > close[1]", "exit": "rsi(5) > 70", "n": [4, 9]},
        },
        {
            "type": "rule",
            "parameters": {"short_entry": "crosses_below(close, ema(6))", "short_exit": "close > high[2]"},
        },
    ]
)
accounts = st.fixed_dictionaries(
    {"commission": st.sampled_from([0, 0.001, {"rate": 0.0005, "fixed": 1.5}])},
    optional={
        "preset": st.sampled_from(["default", "vectorbt", "backtesting.py"]),
        "stop_loss": st.sampled_from([0.03, [0.02, 0.1]]),
        "take_profit": st.sampled_from([0.05]),
        "opposite": st.sampled_from(["reverse", "close", "ignore"]),
        "slippage": st.sampled_from([0.001, {"entry": 0.002}]),
        "finalize": st.sampled_from(["none", "last_close"]),
        "max_drawdown": st.sampled_from([0.2]),
        "warmup": st.sampled_from([0, 7, "auto"]),
        "initial_capital": st.sampled_from([5_000, 250_000]),
    },
)


def assert_same(old: adm.WorkflowResult, new: adm.WorkflowResult) -> None:
    assert old.mode == "traditional"
    assert new.mode == "composable"
    assert old.workflow_id == new.workflow_id
    identity = [c for c in old.stats.columns if c not in METRICS]
    pd.testing.assert_frame_equal(old.stats[identity], new.stats[identity])
    for name in METRICS:
        assert_allclose(
            new.stats[name].astype(float), old.stats[name].astype(float), rtol=1e-9, atol=1e-7, err_msg=name
        )
    pd.testing.assert_frame_equal(old.trades, new.trades, rtol=1e-9, atol=1e-9)
    pd.testing.assert_series_equal(old.equity, new.equity, rtol=1e-9)
    assert not old.compare(new)


def run_both(config: adm.WorkflowConfig) -> tuple[adm.WorkflowResult, adm.WorkflowResult]:
    coordinator = adm.EnhancedCoordinator()
    return coordinator.run(config, "traditional"), coordinator.run(config, "composable")


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 120), st.lists(strategies, min_size=1, max_size=2), accounts)
def test_any_workflow_is_the_same_in_both_modes(seed: int, n: int, entries: list[dict], account: dict) -> None:  # type: ignore[type-arg]
    config = adm.WorkflowConfig(
        data_config={"frame": walk(seed, n)}, backtest_config=account, optimization_config={"strategies": entries}
    )
    assert_same(*run_both(config))


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.lists(strategies, min_size=1, max_size=3), st.booleans())
def test_combined_portfolios_are_the_same_in_both_modes(seed: int, entries: list[dict], weighted: bool) -> None:  # type: ignore[type-arg]
    frames = {"A": walk(seed, 50), "B": walk(seed + 1, 40, start="2020-01-20"), "C": walk(seed + 2, 30).iloc[::2]}
    entries = [{**e, "name": f"s{i}", **({"allocation": 0.3} if weighted else {})} for i, e in enumerate(entries)]
    config = adm.WorkflowConfig(
        data_config={"frame": frames},
        backtest_config={"portfolio": {"combine": True}, "commission": 0.001},
        optimization_config={"strategies": entries},
    )
    old, new = run_both(config)
    assert_same(old, new)
    assert old.stats["symbol"].unique().tolist() == ["A+B+C"]


def test_the_old_coordinator_and_the_drop_in_are_the_traditional_mode() -> None:
    config = adm.WorkflowConfig(data_config={"frame": walk(1, 80)})
    old = adm.Coordinator().run(config)
    drop_in = adm.EnhancedCoordinator(enable_composable_containers=False).run(config)
    assert old.mode == drop_in.mode == "traditional"
    assert not old.compare(drop_in)
    with pytest.raises(adm.ConfigError, match="enable_composable_containers=True"):
        adm.EnhancedCoordinator(enable_composable_containers=False).run(config, execution_mode="composable")


def test_buy_and_hold_without_costs_earns_what_prices_did() -> None:
    frame = walk(1, 80)
    result = adm.EnhancedCoordinator().run(
        adm.WorkflowConfig(
            data_config={"frame": frame}, backtest_config={"strategy": "buy_and_hold", "fill": "close", "warmup": 0}
        )
    )
    assert_allclose(result.metrics["total_return"], frame["close"].iloc[-1] / frame["close"].iloc[0] - 1, rtol=1e-12)
    assert_allclose(result.equity, result.benchmark.equity, rtol=1e-12)
