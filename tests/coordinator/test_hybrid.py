"""Hybrid workflows: phases that take rows, errors at their place, a stop in the middle, events, saving, rerunning."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workflow_cases import bars_frame

import adm_notebook as adm
from adm_notebook.components import STRATEGIES
from adm_notebook.coordinator import events
from adm_notebook.planning.phases import HybridPlan

SWEEP = {"type": "momentum", "parameters": {"lookback": [3, 5, 8, 13], "threshold": [0.0, 0.01], "direction": "both"}}
SCREEN = {"name": "screen", "mode": "composable"}
CONFIRM = {"name": "confirm", "mode": "traditional", "take": {"from": "screen", "top": 3}}


def workflow(*phases: Any, **sections: Any) -> adm.WorkflowConfig:
    sections.setdefault("optimization_config", {"strategies": [SWEEP]})
    sections.setdefault("data_config", {"frame": bars_frame(1, 90)})
    return adm.WorkflowConfig(parameters={"phases": list(phases or (SCREEN, CONFIRM))}, **sections)


def run(config: adm.WorkflowConfig) -> adm.WorkflowResult:
    return adm.EnhancedCoordinator().run(config, "hybrid")


def problems_of(config: adm.WorkflowConfig) -> str:
    with pytest.raises(adm.ConfigError) as caught:
        adm.EnhancedCoordinator().plan(config, "hybrid")
    return str(caught.value)


# ---- taking rows ----------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.integers(0, 999), st.integers(1, 9), st.sampled_from(["sharpe", "total_return", "n_trades"]), st.booleans())
def test_a_phase_runs_the_best_rows_of_an_earlier_one(seed: int, top: int, objective: str, least: bool) -> None:
    confirm = {**CONFIRM, "take": {"from": "screen", "top": top}}
    ranking = {"objective": objective, "direction": "minimize" if least else "maximize"}
    config = workflow(
        SCREEN,
        confirm,
        data_config={"frame": bars_frame(seed, 60)},
        optimization_config={"strategies": [SWEEP], **ranking},
    )
    result = run(config)
    screened, confirmed = result.phases["screen"].stats, result.stats
    assert len(confirmed) == min(top, 8)
    order = screened[objective].astype(float).sort_values(ascending=least, kind="stable", na_position="last").index
    best = screened.loc[sorted(order[:top])]
    found, expected = (f.drop(columns="portfolio").reset_index(drop=True) for f in (confirmed, best))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-9)
    assert (result.mode, result.metadata["phase"]) == ("hybrid", "confirm")
    assert [phase.mode for phase in result.phases.values()] == ["composable", "traditional"]


def test_taken_rows_are_these_and_not_their_product() -> None:
    def pairs(stats: pd.DataFrame) -> set[tuple[float, float]]:
        return set(zip(stats["lookback"], stats["threshold"], strict=True))

    result = run(workflow())
    screened = result.phases["screen"].stats
    assert pairs(result.stats) == pairs(screened.sort_values("sharpe", ascending=False).head(3))
    lookbacks, thresholds = (set(result.stats[name]) for name in ("lookback", "threshold"))
    assert len(result.stats) == 3 < len(lookbacks) * len(thresholds)


@pytest.mark.parametrize(
    "ours",
    [
        {},
        {"optimization_config": {"strategies": ["rsi", "simple_momentum"]}},
        {"optimization_config": {"strategies": [{"type": "momentum", "parameters": {"direction": "long"}}]}},
        {"backtest_config": {"strategy": "momentum"}},
        {"backtest_config": {"strategy": {"type": "momentum", "parameters": {"threshold": [0.0, 0.01]}}}},
    ],
)
def test_what_a_phase_leaves_open_is_as_in_the_rows_that_it_takes(ours: dict[str, Any]) -> None:
    sweep = {"type": "momentum", "parameters": {"lookback": [3, 5, 8, 13], "threshold": [0.0, 0.01]}}
    screen = {**SCREEN, "config": {"optimization_config": {"strategies": [sweep]}}}
    result = run(workflow(screen, {**CONFIRM, "config": ours}, optimization_config={}))
    best = result.phases["screen"].stats.sort_values("sharpe", ascending=False, kind="stable").head(3)
    columns = ["lookback", "threshold", "sharpe"]
    found, expected = (f[columns].sort_values(columns).reset_index(drop=True) for f in (result.stats, best))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-9)


def test_a_phase_that_fixes_a_parameter_runs_those_of_the_rows_alone_that_have_it() -> None:
    fixed = {**SWEEP, "parameters": {**SWEEP["parameters"], "lookback": 8}}  # type: ignore[dict-item]
    confirm = {"name": "confirm", "config": {"optimization_config": {"strategies": [fixed]}}}
    result = run(workflow(SCREEN, {**confirm, "take": {"from": "screen", "top": 8}}))
    assert sorted(result.stats["threshold"]) == [0.0, 0.01]
    assert "6 of 8 rows taken have parameters that this phase has not, and don't run." in result.warnings
    order = result.phases["screen"].stats.sort_values("sharpe", ascending=False, kind="stable")
    without = int((order["lookback"] == 8).to_numpy().argmax())  # so many better rows have another lookback
    assert without > 0
    result = run(workflow(SCREEN, {**confirm, "take": {"from": "screen", "top": without}}))
    assert "takes rows whose parameters are not among those of this phase" in result.errors[0]


def test_rows_are_taken_from_combinations_that_were_drawn_at_random() -> None:
    drawn = {"method": "random", "n_trials": 5, "seed": 4, "strategies": [SWEEP]}
    result = run(workflow(optimization_config=drawn))
    best = result.phases["screen"].stats.sort_values("sharpe", ascending=False, kind="stable").head(3)
    assert len(result.phases["screen"].stats) == 5
    assert set(result.stats.index) == set(best.index)


def test_a_phase_may_take_from_one_before_the_last_and_change_costs_and_pattern() -> None:
    costly = {
        "name": "costly", "pattern": "full_backtest", "take": {"from": "screen", "top": 2},
        "config": {
            "backtest_config": {"commission": 0.005},
            "optimization_config": {"risk_profiles": ["conservative", "aggressive"]},
        },
    }  # fmt: skip
    result = run(workflow(SCREEN, CONFIRM, costly))
    assert list(result.phases) == ["screen", "confirm", "costly"]
    assert len(result.stats) == 4  # two taken rows under two profiles
    assert result.pattern == "full_backtest"
    assert result.stats["fees"].sum() > 0
    assert result.phases["screen"].stats["fees"].sum() == 0


def test_the_plan_shows_each_phase_and_runs_nothing() -> None:
    plan = adm.EnhancedCoordinator().plan(workflow(), "hybrid")
    assert isinstance(plan, HybridPlan)
    assert [p.mode for p in plan.plans] == ["composable", "traditional"]
    assert plan.n_rows == 16
    assert "Phase confirm, with the parameters of the 3 best rows of screen" in repr(plan)
    again = adm.EnhancedCoordinator().plan(workflow(), "hybrid")
    assert plan.workflow_id == again.workflow_id
    other = adm.EnhancedCoordinator().plan(
        workflow(SCREEN, {**CONFIRM, "take": {"from": "screen", "top": 2}}), "hybrid"
    )
    assert plan.workflow_id != other.workflow_id


def test_the_config_that_was_given_is_left_alone() -> None:
    config = workflow()
    before = config.to_yaml() if "frame" not in config.data_config else repr(config.parameters)
    run(config)
    assert repr(config.parameters) == before


# ---- errors at their place ------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[Any, str]] = {
    "no list": ({"name": "a"}, "parameters.phases  must be a list of phases, but was"),
    "empty": ([], "parameters.phases  must be a list of phases"),
    "no mapping": (["screen"], r"parameters.phases[0]  must be a mapping with name, mode, pattern, config, take"),
    "no name": ([{"mode": "auto"}], "parameters.phases[0].name  is missing; name the phase"),
    "twice": ([SCREEN, SCREEN], "parameters.phases[1].name  'screen' is the name of an earlier phase, too"),
    "twice, beside another mistake": (
        [{**SCREEN, "mode": "fast"}, {"name": "b", "take": {"from": "screen"}}, SCREEN],
        "parameters.phases[2].name  'screen' is the name of an earlier phase, too",
    ),
    "unknown mode": ([{"name": "a", "mode": "composible"}], "parameters.phases[0].mode  must be one of"),
    "hybrid inside": ([{"name": "a", "mode": "hybrid"}], "parameters.phases[0].mode  must be one of"),
    "unknown key": ([{"name": "a", "takes": {}}], "phases[0].takes  unknown field of a phase. Did you mean `take`"),
    "unknown section": (
        [{"name": "a", "config": {"backtest": {}}}],
        "parameters.phases[0].config.backtest  unknown section. Did you mean `backtest_config`",
    ),
    "a later phase": (
        [{"name": "a", "take": {"from": "screen"}}, SCREEN],
        "parameters.phases[0].take.from  must name an earlier phase, but was 'screen'. There is none before this one",
    ),
    "a misspelt phase": (
        [SCREEN, {"name": "b", "take": {"from": "scren"}}],
        "parameters.phases[1].take.from  must name an earlier phase, but was 'scren'. Earlier phases: screen",
    ),
    "no rows": ([SCREEN, {**CONFIRM, "take": {"from": "screen", "top": 0}}], "phases[1].take.top  must be a whole"),
    "unknown key of take": ([SCREEN, {**CONFIRM, "take": {"from": "screen", "n": 3}}], "[1].take.n  unknown field"),
    "a setting": (
        [{"name": "a", "config": {"backtest_config": {"commision": 1}}}],
        "parameters.phases[0].config.backtest_config.commision  unknown field. Did you mean `commission`",
    ),
    "a pattern": (
        [{"name": "a", "pattern": "ful_backtest"}],
        "parameters.phases[0].pattern  unknown pattern 'ful_backtest'. Did you mean `full_backtest`",
    ),
    "another strategy": (
        [SCREEN, {**CONFIRM, "config": {"optimization_config": {"strategies": ["rsi"]}}}],
        "parameters.phases[1].take  takes rows of screen, but shares no strategy with it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_a_phase_is_told_at_its_place(wrong: str) -> None:
    phases, sentence = WRONG[wrong]
    config = workflow()
    config.parameters["phases"] = phases
    assert sentence in re.sub(r" {2,}", "  ", problems_of(config))


def test_what_is_wrong_with_the_workflow_itself_is_told_once_at_its_own_place() -> None:
    said = problems_of(workflow(backtest_config={"commision": 0.1}))
    assert "1 problem" in said
    assert "\n  backtest_config.commision" in said


def test_without_phases_an_example_is_shown_that_runs() -> None:
    import yaml

    config = workflow()
    del config.parameters["phases"]
    said = problems_of(config)
    assert "is missing; hybrid mode runs phases. For example" in said
    config.parameters = yaml.safe_load(said.split("For example ")[1])["parameters"]
    assert run(config).success


def test_phases_belong_to_hybrid_mode_and_hybrid_to_containers() -> None:
    with pytest.raises(adm.ConfigError, match="belongs to hybrid mode; run it with execution_mode='hybrid'"):
        adm.EnhancedCoordinator().run(workflow(), "composable")
    with pytest.raises(adm.ConfigError, match="enable_composable_containers=True"):
        adm.EnhancedCoordinator(enable_composable_containers=False).run(workflow(), "hybrid")


def test_rows_that_a_phase_does_not_have_are_told_and_what_was_done_is_kept() -> None:
    other = {"strategies": [{**SWEEP, "parameters": {**SWEEP["parameters"], "lookback": [21, 34]}}]}  # type: ignore[dict-item]
    result = run(workflow(SCREEN, {**CONFIRM, "config": {"optimization_config": other}}))
    assert not result.success
    assert "Phase confirm could not begin" in result.errors[0]
    assert "let both phases sweep the same values" in result.errors[0]
    assert list(result.phases) == ["screen"]


def test_a_phase_that_fails_ends_the_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))

    @adm.strategy
    def breaks(bars: pd.DataFrame, n: int = 3) -> pd.Series:
        raise ValueError("no idea")

    result = run(workflow(optimization_config={"strategies": [{"type": "breaks", "parameters": {"n": [1, 2]}}]}))
    assert not result.success
    assert result.errors[0].startswith("Phase screen: ")
    assert result.errors[-1] == "Never ran: confirm."
    assert result.metadata["partial"]


# ---- watching and steering ------------------------------------------------------------------------------------------


def test_events_tell_one_start_all_rows_and_one_end() -> None:
    told = list(adm.EnhancedCoordinator().start(workflow(), "hybrid").events())
    assert isinstance(told[0], events.RunStarted)
    assert isinstance(told[-1], events.RunFinished)
    assert sum(isinstance(e, events.RunStarted) for e in told) == 1
    assert sum(isinstance(e, (events.RunFinished, events.RunFailed, events.RunCancelled)) for e in told) == 1
    assert told[-1].result.phases.keys() == {"screen", "confirm"}
    progress = [e for e in told if isinstance(e, events.Progress)]
    assert all(0 <= e.done <= e.total <= 16 for e in progress)
    assert [e.done for e in progress] == sorted(e.done for e in progress)


def test_progress_and_partial_follow_the_phases() -> None:
    under_way = adm.EnhancedCoordinator().start(workflow(), "hybrid")
    result = under_way.result(timeout=60)
    assert (under_way.progress.done, under_way.progress.total) == (11, 11)
    assert under_way.status == "finished"
    pd.testing.assert_frame_equal(under_way.partial, result.stats)


def test_it_can_be_awaited_and_streamed() -> None:
    async def awaited() -> adm.WorkflowResult:
        return await adm.EnhancedCoordinator().execute_workflow(workflow(), execution_mode="hybrid")

    async def streamed() -> list[Any]:
        return [event async for event in adm.EnhancedCoordinator().stream(workflow(), "hybrid")]

    assert not asyncio.run(awaited()).compare(run(workflow()))
    assert isinstance(asyncio.run(streamed())[-1], events.RunFinished)


@pytest.mark.parametrize("mode", ["traditional", "composable"])
@pytest.mark.parametrize("during", ["screen", "confirm"])
def test_a_stop_in_the_middle_keeps_what_was_done(monkeypatch: pytest.MonkeyPatch, during: str, mode: str) -> None:
    monkeypatch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))
    began, go = threading.Event(), threading.Event()
    calls: list[int] = []

    @adm.strategy
    def waits(bars: pd.DataFrame, n: int = 3) -> pd.Series:
        calls.append(n)
        if len(calls) == (2 if during == "screen" else 6):
            began.set()
            go.wait(20)
        return (bars["close"] > bars["close"].rolling(n).mean()).astype(int)

    sweep = {"strategies": [{"type": "waits", "parameters": {"n": [2, 3, 4, 5]}}]}
    take = {"from": "screen", "top": 4}
    phases = ({"name": "screen", "mode": mode}, {"name": "confirm", "mode": mode, "take": take})
    config = workflow(*phases, optimization_config=sweep, max_workers=1)
    under_way = adm.EnhancedCoordinator().start(config, "hybrid")
    assert began.wait(30)
    under_way.cancel()
    go.set()
    result = under_way.result(timeout=30)
    assert not result.success
    assert result.metadata["partial"]
    assert under_way.status == "cancelled"
    assert result.metadata["phase"] == during
    assert 1 <= len(result.stats) < 4
    if during == "confirm":
        assert len(result.phases["screen"].stats) == 4
    else:
        assert "Never ran: confirm." in result.errors
    assert isinstance(list(under_way.events())[-1], events.RunCancelled)


def test_time_counts_over_all_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))
    import time

    @adm.strategy
    def slow(bars: pd.DataFrame, n: int = 3) -> pd.Series:
        time.sleep(0.15)
        return pd.Series(1, index=bars.index)

    sweep = {"strategies": [{"type": "slow", "parameters": {"n": [2, 3, 4, 5]}}]}
    phases = ({"name": "screen", "mode": "traditional"}, {**CONFIRM, "take": {"from": "screen", "top": 4}})
    result = run(workflow(*phases, optimization_config=sweep, timeout_seconds=0.8))
    assert not result.success
    assert result.metadata["partial"]
    assert any("timeout_seconds" in error or "Out of time" in error for error in result.errors)


# ---- afterwards -----------------------------------------------------------------------------------------------------


def test_a_saved_result_has_its_phases(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    bars_frame(1, 90).rename_axis("date").to_csv(path)
    result = run(workflow(data_config={"path": str(path)}))
    result.save(tmp_path / "kept")
    loaded = adm.WorkflowResult.load(tmp_path / "kept")
    assert list(loaded.phases) == ["screen", "confirm"]
    for name, phase in result.phases.items():
        pd.testing.assert_frame_equal(loaded.phases[name].stats, phase.stats)
    assert (loaded.mode, loaded.workflow_id) == ("hybrid", result.workflow_id)
    row = result.stats.index[0]
    pd.testing.assert_frame_equal(loaded.detail(row).trades, result.detail(row).trades, rtol=1e-12)


def test_running_again_runs_all_phases() -> None:
    result = run(workflow())
    again = adm.EnhancedCoordinator().rerun(result)
    assert again.workflow_id == result.workflow_id
    assert not again.compare(result)
    assert list(again.phases) == ["screen", "confirm"]


def test_its_card_reads() -> None:
    result = run(workflow())
    assert "hybrid" in repr(result).lower() or "confirm" in repr(result)
    assert "<" in result._repr_html_()
