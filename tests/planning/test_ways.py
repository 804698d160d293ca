"""The plan says which way numbers are computed, and that is how they are: words of the plan against what was called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm
from adm_notebook.components.programs import Program
from adm_notebook.coordinator import composable, lanes
from adm_notebook.engine import sweep as engine_sweep
from adm_notebook.planning import Plan, ways

PAIRS = {"fast": {"min": 2, "max": 13}, "slow": {"min": 20, "max": 29}}
CALLED: Counter[str] = Counter()


@adm.strategy("ways_above_average")
def above_average(bars, window=20, factor=1.0):  # type: ignore[no-untyped-def]
    """Pandas: numba knows nothing of it."""
    CALLED["pandas"] += 1
    return (bars["close"] > factor * bars["close"].rolling(window).mean()).astype(int)


@adm.strategy("ways_breakout")
def breakout(bars, window=20, factor=1.0):  # type: ignore[no-untyped-def]
    """A loop over arrays."""
    high, close = bars["high"].to_numpy(), bars.close.values
    target = np.zeros(len(bars))
    for t in range(window, len(close)):
        top = high[t - window]
        for i in range(t - window + 1, t):
            top = max(top, high[i])
        target[t] = 1.0 if close[t] > factor * top else target[t - 1]
    return target


@adm.strategy("ways_last_bar")
def last_bar(bars, window=20, factor=1.0, beyond=0):  # type: ignore[no-untyped-def]
    """Leaves the bars, for some parameters."""
    close = bars["close"].to_numpy()
    target = np.full(len(close), np.nan)
    for t in range(min(window, len(close)), len(close)):
        target[t] = 1.0 if close[t] > factor * close[t - window] else 0.0
    target[len(close) - 1 + max(beyond, 0)] = 0.0
    return target


@adm.risk_profile("ways_own_profile")
def own_profile(bars):  # type: ignore[no-untyped-def]
    """Sets a limit that is not known before the bars."""
    return {"max_daily_loss": 0.02}


OWN = {"window": {"min": 5, "max": 16}, "factor": [0.9 + 0.02 * i for i in range(10)]}


def frame(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    open_ = np.r_[100.0, close[:-1]]
    high, low = np.maximum(open_, close) * 1.002, np.minimum(open_, close) * 0.998
    index = pd.date_range("2020-01-01", periods=n, freq="D")
    return pd.DataFrame({"open": open_, "high": high, "low": low, "close": close}, index=index)


def config(strategies: list[Any], backtest: dict[str, Any] | None = None, **optimization: Any) -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        data_config={"frame": frame()},
        backtest_config={"commission": 0.001, **(backtest or {})},
        optimization_config={"strategies": strategies, **optimization},
    )


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """What is called meanwhile, and how often."""
    CALLED.clear()

    def count(module: Any, name: str, word: str) -> None:
        whole = getattr(module, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            CALLED[word] += 1
            return whole(*arguments, **named)

        monkeypatch.setattr(module, name, counted)

    count(Program, "rows", "chunks")
    count(engine_sweep, "sweep_segments", "segments")
    count(engine_sweep, "sweep_bars", "bars")
    count(composable, "attempt", "one by one")
    count(lanes.Lanes, "_functions", "machine code")
    count(lanes.Lanes, "_one", "arrays")
    yield CALLED
    CALLED.clear()


MA = {"type": "ma_crossover", "parameters": PAIRS}
ENSEMBLE = {
    "type": "ensemble",
    "method": "threshold",
    "threshold": {"min": 0.2, "max": 0.8, "step": 0.1},
    "members": ["momentum", {"type": "ma_crossover", "parameters": {"fast": {"min": 2, "max": 18}}}],
}
RULE = {
    "type": "rule",
    "parameters": {"entry": "close > sma(n)", "exit": "close < sma(n)", "n": {"min": 5, "max": 120}},
}

TABLE: dict[str, tuple[dict[str, Any], str, str, set[str]]] = {
    "built-in strategies": ({"strategies": [MA]}, "chunks", "segments", {"chunks", "segments"}),
    "rules": ({"strategies": [RULE]}, "chunks", "segments", {"chunks", "segments"}),
    "an ensemble": ({"strategies": [ENSEMBLE]}, "arrays", "segments", {"arrays", "segments"}),
    "a limit on the loss of a day": (
        {"strategies": [MA], "backtest": {"max_daily_loss": 0.03}}, "chunks", "bars", {"chunks", "bars"},
    ),
    "figures as backtesting.py has them": (
        {"strategies": [MA], "backtest": {"metrics_style": "backtesting.py"}}, "chunks", "bars", {"chunks", "bars"},
    ),
    "a volatility target": (
        {"strategies": [MA], "backtest": {"size_mode": "volatility", "size": 0.2}},
        "chunks", "segments", {"chunks", "segments"},
    ),
    "a swept limit": (
        {"strategies": [MA], "backtest": {"max_daily_loss": [0.02, 0.03]}}, "chunks", "bars", {"chunks", "bars"},
    ),
    "a user's function of pandas": (
        {"strategies": [{"type": "ways_above_average", "parameters": OWN}]},
        "python", "segments", {"pandas", "arrays", "segments"},
    ),
    "a user's function of arrays": (
        {"strategies": [{"type": "ways_breakout", "parameters": OWN}]},
        "machine code", "segments", {"machine code", "segments"},
    ),
    "few combinations": (
        {"strategies": [{"type": "ma_crossover", "parameters": {"fast": [5, 10]}}]},
        "arrays", "one by one", {"one by one"},
    ),
    "a combined portfolio": (
        {"strategies": [MA], "backtest": {"portfolio": {"combine": True}}}, "arrays", "one by one", {"one by one"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_what_the_plan_says_is_what_runs(
    case: str, ran: Counter[str], monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    given, signals, accounts, called = TABLE[case]
    monkeypatch.setattr(ways, "WORTH_COMPILING", 1_000)
    plan = adm.EnhancedCoordinator().plan(config(**given), "composable")
    assert isinstance(plan, Plan)
    assert [way.how for way in plan.ways.signals] == [signals]
    assert plan.ways.accounts.how == accounts
    assert f"signals   {plan.ways.signals[0]}" in repr(plan)
    assert f"accounts  {plan.ways.accounts}" in repr(plan)
    assert not called & set(ran), "planning runs nothing"
    batches = list(composable.ComposableExecutor().outcomes(plan, range(plan.n_rows), composable.Gate()))
    assert sum(map(len, batches)) == plan.n_rows
    # a sweep by segments may walk rows again whose sums lose digits, the rest must be as planned
    again = {"bars"} if accounts == "segments" else set()
    assert called <= set(ran) <= called | again


@pytest.mark.parametrize("patience", [1e-9, 0.1])
def test_rows_of_a_compiled_function_are_those_of_python_wherever_a_batch_ends(
    patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = adm.EnhancedCoordinator()
    leaves_the_bars = {"window": [5, 10, 500], "factor": OWN["factor"], "beyond": [-1, 0, 1, 2]}
    sweep = config([{"type": "ways_last_bar", "parameters": leaves_the_bars}], {"stop_loss": [0.02, 0.05]})
    python = ours.run(sweep, "composable")
    monkeypatch.setattr(ways, "WORTH_COMPILING", 1)
    monkeypatch.setattr(lanes, "PATIENCE", patience)
    compiled = ours.run(sweep, "composable")
    assert "in Python" in str(python.metadata["ways"])
    assert "your function, compiled" in str(compiled.metadata["ways"])
    assert set(python.stats["status"]) == {"ok", "failed"}
    pd.testing.assert_frame_equal(compiled.stats, python.stats)


def test_traditional_mode_is_python_throughout() -> None:
    plan = adm.EnhancedCoordinator().plan(config([MA]), "traditional")
    assert isinstance(plan, Plan)
    assert "ma_crossover: in Python" in repr(plan)
    assert "accounts  bar by bar, in Python: traditional mode" in repr(plan)


def test_a_risk_profile_of_the_user_may_want_every_bar_which_the_plan_says(ran: Counter[str]) -> None:
    plan = adm.EnhancedCoordinator().plan(config([MA], risk_profiles=["ways_own_profile"]), "composable")
    assert isinstance(plan, Plan)
    assert "from segments or bar by bar" in repr(plan)
    list(composable.ComposableExecutor().outcomes(plan, range(plan.n_rows), composable.Gate()))
    assert ran["bars"]
    assert not ran["segments"]


@pytest.mark.parametrize("mode", ["composable", "traditional"])
def test_a_result_keeps_the_words(mode: str) -> None:
    ours = adm.EnhancedCoordinator()
    few = config([{"type": "ma_crossover", "parameters": {"fast": [5, 10]}}])
    plan = ours.plan(few, mode)
    assert isinstance(plan, Plan)
    assert ours.run(few, mode).metadata["ways"] == plan.ways.to_dict()


def test_a_large_sweep_in_python_says_so_on_its_card_and_a_small_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, slow = adm.EnhancedCoordinator(), config([{"type": "ways_above_average", "parameters": OWN}])
    said = "ways_above_average was called 120 times in Python: it can't be compiled, because it reads `CALLED`"
    assert not any(said in sentence for sentence in ours.run(slow, "composable").warnings)
    monkeypatch.setattr(ways, "WORTH_COMPILING", 1_000)
    result = ours.run(slow, "composable")
    assert any(said in sentence for sentence in result.warnings)
    assert "ways_above_average was called 120 times in Python" in result._repr_html_()


@pytest.mark.parametrize(
    ("n_rows", "n_bars", "enough"),
    [(1, 1_000_000, False), (10, 1_000_000, False), (20, 5_031, False), (20, 1_000_000, True), (100, 500, True)],
)
def test_the_number_of_rows_decides_and_between_twenty_and_a_hundred_the_bars(
    n_rows: int, n_bars: int, enough: bool
) -> None:
    assert ways.is_enough(n_rows, n_bars) is enough
