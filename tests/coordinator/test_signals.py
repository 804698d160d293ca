"""Replaying kept signals equals running everything, exactly: rows, metrics, trades and equity, in both modes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from workflow_cases import bars_frame, risk_profile, size_and_stops, workflows

import adm_notebook as adm
from adm_notebook.components import CLASSIFIERS, STRATEGIES
from adm_notebook.results.result import IDENTITY

EXAMPLES = int(os.environ.get("ADM_EXAMPLES", "500")) // 10
"""Random workflows, each run in full, kept, and replayed, in both modes; `ADM_EXAMPLES=10000` is the long run."""

MODES = ("composable", "traditional")

SLOW = HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large

Words = dict[str, Any]

OF_THE_ACCOUNT = ("risk_profiles", "objective", "direction")
"""What `optimization_config` says about accounts; the rest is about signals."""


@pytest.fixture(autouse=True)
def _own_components() -> Iterator[None]:
    """What tests here register is gone after them."""
    with pytest.MonkeyPatch.context() as patch:
        for registry in (STRATEGIES, CLASSIFIERS):
            patch.setattr(registry, "_loaded", dict(registry.snapshot()))
        yield


def generation(arguments: Words, folder: str | Path) -> adm.WorkflowConfig:
    """The part of a workflow that makes signals."""
    chosen = {k: v for k, v in arguments["optimization_config"].items() if k not in OF_THE_ACCOUNT}
    return adm.WorkflowConfig(
        data_config=arguments["data_config"],
        optimization_config=chosen,
        analysis_config={"mode": "signal_generation", "output_path": str(folder)},
        max_workers=arguments.get("max_workers"),
    )


def replay(arguments: Words, folder: str | Path) -> adm.WorkflowConfig:
    """The part of a workflow that trades signals."""
    chosen = {k: v for k, v in arguments["optimization_config"].items() if k in OF_THE_ACCOUNT}
    return adm.WorkflowConfig(
        data_config=arguments["data_config"],
        backtest_config=arguments.get("backtest_config", {}),
        optimization_config=chosen,
        analysis_config={"mode": "signal_replay", "signals_path": str(folder)},
        max_workers=arguments.get("max_workers"),
    )


def run(config: adm.WorkflowConfig, mode: str) -> adm.WorkflowResult:
    return adm.EnhancedCoordinator().run(config, mode)


def assert_same_result(full: adm.WorkflowResult, replayed: adm.WorkflowResult) -> None:
    """To the last bit. Of a row that was never traded the reason may be told in other words."""
    assert replayed.errors == full.errors or not full.success
    table, other = full.stats, replayed.stats
    assert list(other) == list(table)
    named = [name for name in table if name in IDENTITY]
    pd.testing.assert_frame_equal(other[named], table[named])
    pd.testing.assert_frame_equal(other.drop(columns="error"), table.drop(columns="error"), check_exact=True)
    assert replayed.success == full.success
    if full.best is None:
        assert replayed.best is None
        return
    assert replayed.best is not None
    assert replayed.best.name == full.best.name
    pd.testing.assert_frame_equal(replayed.trades, full.trades, check_exact=True)
    pd.testing.assert_series_equal(replayed.equity, full.equity, check_exact=True)
    for row in {int(table.index[0]), int(table.index[len(table) // 2]), int(table.index[-1])}:
        if table.at[row, "status"] == "ok":
            ours, theirs = replayed.detail(row), full.detail(row)
            pd.testing.assert_frame_equal(ours.trades, theirs.trades, check_exact=True)
            pd.testing.assert_series_equal(ours.equity, theirs.equity, check_exact=True)
            pd.testing.assert_frame_equal(ours.unfilled, theirs.unfilled, check_exact=True)


def assert_replay_equals_full_run(arguments: Words, most_rows: int = 40) -> None:
    """In both modes; the signals are kept in one mode and replayed in the other, too."""
    config = adm.WorkflowConfig(**arguments)
    try:
        plan = adm.EnhancedCoordinator().plan(config)
    except adm.ConfigError:
        event("refused")
        return
    assume(plan.n_planned <= most_rows)
    with TemporaryDirectory() as parent:
        kept = {}
        for mode in MODES:
            folder = Path(parent, mode)
            kept[mode] = run(generation(arguments, folder), mode)
            assert kept[mode].success or (kept[mode].stats["status"] != "ok").all(), kept[mode].errors
        one, other = (kept[mode].stats for mode in MODES)
        pd.testing.assert_frame_equal(one, other)
        if not kept["composable"].success:
            event("no signals at all")
            return
        pd.testing.assert_frame_equal(kept["composable"].signals, kept["traditional"].signals)
        event("traded")
        for mode, stored in zip(MODES, reversed(MODES), strict=True):
            assert_same_result(run(config, mode), run(replay(arguments, Path(parent, stored)), mode))


@settings(max_examples=EXAMPLES, suppress_health_check=SLOW)
@given(workflows(patterns=("simple_backtest", "full_backtest")))
def test_replay_equals_the_full_run(arguments: Words) -> None:
    assert_replay_equals_full_run(arguments)


# ---- strategies of the user's own -----------------------------------------------------------------------------------


def register_own() -> None:
    """Strategies that decide at random, in each form that there is, and one that now and then raises."""

    @adm.strategy
    def drawn_target(bars: pd.DataFrame, seed: int = 0, strength: bool = False) -> Any:
        """Targets that hold for a while."""
        rng = np.random.default_rng(seed)
        n = len(bars)
        held = np.repeat(rng.integers(-1, 2, n // 4 + 1), 4)[:n].astype(float)
        held[: seed % 7] = np.nan
        target = pd.Series(held, index=bars.index)
        return pd.DataFrame({"target": target, "strength": rng.random(n).round(1)}) if strength else target

    @adm.strategy
    def drawn_flags(bars: pd.DataFrame, seed: int = 0, strength: bool = False) -> Any:
        """Booleans that may clash."""
        rng = np.random.default_rng(seed)
        names = ("long_entry", "long_exit", "short_entry", "short_exit")
        found = pd.DataFrame({name: rng.random(len(bars)) < 0.15 for name in names}, index=bars.index)
        return found.assign(strength=rng.random(len(bars)).round(1)) if strength else found

    @adm.strategy
    def fragile(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        """Up where prices rose; refuses 2, and breaks at 3."""
        if k == 3:
            raise RuntimeError("broken")
        return (bars["close"].diff(k) > 0).astype(int)

    @adm.classifier
    def drawn_regimes(bars: pd.DataFrame, seed: int = 0) -> pd.Series:
        """Calm or wild for ten bars at a time."""
        drawn = np.random.default_rng(seed).integers(0, 2, len(bars) // 10 + 1)
        return pd.Series(np.where(np.repeat(drawn, 10)[: len(bars)] == 1, "calm", "wild"), index=bars.index)


@st.composite
def own_workflows(draw: st.DrawFn) -> Words:
    """Strategies of the user's own, alone and in ensembles, under regimes of the user's own."""
    seeds = st.integers(0, 50)
    swept = st.one_of(seeds, st.lists(seeds, min_size=2, max_size=3, unique=True))

    def own(sweep: bool = True) -> Words:
        entry: Words = {
            "type": draw(st.sampled_from(["drawn_target", "drawn_flags"])),
            "parameters": {"seed": draw(swept if sweep else seeds), "strength": draw(st.booleans())},
        }
        if draw(st.integers(0, 2)) == 0:
            entry["regimes"] = draw(st.sampled_from([["calm"], ["wild", "none"]]))
        return entry

    entries = [own() for _ in range(draw(st.integers(1, 2)))]
    if draw(st.booleans()):
        method = draw(st.sampled_from(["majority", "weighted", "unanimous", "threshold"]))
        vote: Words = {"type": "ensemble", "method": method, "members": [own(False), own(False), "momentum"]}
        if method == "weighted":
            vote["weights"] = [1, 0.5, 2]
        if method == "threshold":
            vote["threshold"] = draw(st.sampled_from([1, 0.6]))
        entries.append(vote)
    backtest: Words = {"warmup": draw(st.sampled_from([0, "auto"])), "commission": draw(st.sampled_from([0, 0.001]))}
    backtest |= draw(size_and_stops())
    if draw(st.integers(0, 2)) == 0:
        backtest["portfolio"] = {"combine": True}
        for i, entry in enumerate(entries):
            entry["name"] = f"own{i}"
    optimization: Words = {
        "strategies": entries,
        "classifiers": [{"type": "drawn_regimes", "parameters": {"seed": draw(swept)}}],
    }
    if draw(st.booleans()):
        optimization["risk_profiles"] = [draw(risk_profile())]
    n = draw(st.integers(20, 120))
    frames = {name: bars_frame(draw(seeds), n + k, ties="rounded") for k, name in enumerate("AB")}
    return {"data_config": {"frame": frames}, "backtest_config": backtest, "optimization_config": optimization}


@settings(max_examples=EXAMPLES // 2, suppress_health_check=SLOW)
@given(own_workflows())
def test_replay_of_strategies_of_ones_own_equals_the_full_run(arguments: Words) -> None:
    register_own()
    assert_replay_equals_full_run(arguments)


@pytest.mark.parametrize("mode", MODES)
def test_a_store_needs_nothing_that_made_it(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the strategies nor the classifier are registered any more, as in a new session."""
    register_own()
    arguments: Words = {
        "data_config": {"frame": {"A": bars_frame(3, 100), "B": bars_frame(4, 90)}},
        "backtest_config": {"stop_loss": [0.02, {"atr": 2, "period": 5}], "warmup": "auto"},
        "optimization_config": {
            "strategies": [
                {"type": "drawn_target", "parameters": {"seed": [1, 2]}, "regimes": ["calm"]},
                {"type": "ensemble", "method": "majority", "members": ["drawn_flags", "drawn_target", "rsi"]},
            ],
            "classifiers": [{"type": "drawn_regimes", "parameters": {"seed": [5, 6]}}],
        },
    }
    full = run(adm.WorkflowConfig(**arguments), mode)
    assert run(generation(arguments, tmp_path / "s"), mode).success
    for registry in (STRATEGIES, CLASSIFIERS):
        left = {name: kind for name, kind in registry.snapshot().items() if "drawn" not in name}
        monkeypatch.setattr(registry, "_loaded", left)
    with pytest.raises(adm.ConfigError, match="unknown strategy 'drawn_target'"):
        adm.EnhancedCoordinator().plan(adm.WorkflowConfig(**arguments))
    assert_same_result(full, run(replay(arguments, tmp_path / "s"), mode))


@pytest.mark.parametrize("mode", MODES)
def test_combinations_that_were_refused_or_broke_are_rows_that_say_so(mode: str, tmp_path: Path) -> None:
    register_own()
    entries = [
        {"type": "ma_crossover", "parameters": {"fast": [3, 9], "slow": [9, 12]}},
        {"type": "fragile", "parameters": {"k": [1, 3, 4]}},
    ]
    arguments: Words = {
        "data_config": {"frame": bars_frame(3, 100)},
        "optimization_config": {"strategies": entries},
    }
    full = run(adm.WorkflowConfig(**arguments), mode)
    kept = run(generation(arguments, tmp_path / "s"), mode)
    replayed = run(replay(arguments, tmp_path / "s"), mode)
    assert kept.success
    assert full.stats["status"].tolist() == ["ok", "ok", "invalid", "ok", "ok", "failed", "ok"]
    assert kept.stats["status"].tolist() == full.stats["status"].tolist()
    assert kept.stats["error"].tolist() == full.stats["error"].tolist()
    assert replayed.stats["status"].tolist() == ["ok", "ok", "invalid", "ok", "ok", "invalid", "ok"]
    assert replayed.stats.at[5, "error"] == (
        "the store has no signals of fragile with {'k': 3}: it was refused, or failed"
    )
    alike = full.stats["status"] == "ok"
    pd.testing.assert_frame_equal(replayed.stats[alike], full.stats[alike], check_exact=True)
    pd.testing.assert_frame_equal(replayed.trades, full.trades, check_exact=True)
