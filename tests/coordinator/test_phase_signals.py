"""Signals kept by one phase and traded by a later one of the workflow: planned at once, bound when they are there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from workflow_cases import bars_frame

import adm_notebook as adm
from adm_notebook.components import STRATEGIES
from adm_notebook.coordinator import events
from adm_notebook.planning.phases import HybridPlan

BARS = bars_frame(2, 150)
VOTE: dict[str, Any] = {"type": "ensemble", "name": "vote", "method": "weighted", "members": ["ma_crossover", "rsi"]}
STRATEGY: list[Any] = [{"type": "ma_crossover", "parameters": {"fast": [3, 5], "slow": [9, 12]}}, VOTE]
ACCOUNT: dict[str, Any] = {
    "backtest_config": {"stop_loss": [0.02, 0.05], "commission": 0.001},
    "optimization_config": {"ensembles": {"vote": {"weights": [[1, 1], [3, 1]]}}},
}


@pytest.fixture(autouse=True)
def _own_strategies() -> Iterator[None]:
    """What tests here register is gone after them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))
        yield


def keeping(folder: Path, **config: Any) -> dict[str, Any]:
    return {
        "name": "keep",
        "pattern": "signal_generation",
        "config": {"analysis_config": {"output_path": str(folder)}, **config},
    }


def trading(folder: Path | None = None, **config: Any) -> dict[str, Any]:
    """On the signals in a folder; without one, those of the phase `keep`."""
    phase: dict[str, Any] = {"name": "trade", "pattern": "signal_replay", "config": {**ACCOUNT, **config}}
    if folder is None:
        return {**phase, "take": {"from": "keep"}}
    phase["config"]["analysis_config"] = {"signals_path": str(folder)}
    return phase


def workflow(*phases: dict[str, Any], strategies: Any = STRATEGY, **sections: Any) -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        parameters={"phases": list(phases)},
        data_config=sections.pop("data_config", {"frame": BARS}),
        optimization_config={"strategies": strategies, "classifiers": ["trend"]},
        **sections,
    )


def run(config: adm.WorkflowConfig) -> adm.WorkflowResult:
    return adm.EnhancedCoordinator().run(config, "hybrid")


def problems_of(config: adm.WorkflowConfig) -> list[str]:
    with pytest.raises(adm.ConfigError) as caught:
        adm.EnhancedCoordinator().plan(config, "hybrid")
    return [f"{p.path} {p.message}" for p in caught.value.problems]


def full_run(mode: str) -> pd.DataFrame:
    """What the two phases come to, computed in one workflow without a store."""
    config = adm.WorkflowConfig(
        data_config={"frame": BARS},
        backtest_config=ACCOUNT["backtest_config"],
        optimization_config={
            "strategies": [STRATEGY[0], {**VOTE, "weights": [[1, 1], [3, 1]]}],
            "classifiers": ["trend"],
        },
    )
    return adm.EnhancedCoordinator().run(config, mode).stats


@pytest.mark.parametrize("mode", ["composable", "traditional"])
@pytest.mark.parametrize("by_path", [True, False])
@pytest.mark.parametrize("older", [True, False])
def test_two_phases_keep_signals_and_trade_them_as_one_full_run(
    mode: str, by_path: bool, older: bool, tmp_path: Path
) -> None:
    """A store that was there before is replaced by the first phase, and plays no part."""
    folder = tmp_path / "signals"
    if older:
        assert run(workflow(keeping(folder), strategies=["momentum"])).success
    keep = {**keeping(folder), "mode": mode}
    result = run(workflow(keep, {**trading(folder if by_path else None), "mode": mode}))
    assert result.success, result.errors
    assert [phase.pattern for phase in result.phases.values()] == ["signal_generation", "signal_replay"]
    pd.testing.assert_frame_equal(result.stats, full_run(mode), check_exact=True)
    assert adm.SignalStore(folder).strategies == ("ma_crossover", "vote")


def test_the_plan_knows_the_rows_before_there_is_a_store_and_says_where_signals_come_from(tmp_path: Path) -> None:
    folder = tmp_path / "signals"
    config = workflow(keeping(folder), trading())
    plan = adm.EnhancedCoordinator().plan(config, "hybrid")
    assert isinstance(plan, HybridPlan)
    assert [inner.n_rows for inner in plan.plans] == [5, 12]
    assert not folder.exists()
    text = repr(plan)
    assert "Phase trade, on the signals of keep\n" in text
    assert "signals   those that the phase keep is going to keep; opened, and checked, once it has" in text
    result = run(config)
    assert len(result.stats) == 12
    assert result.workflow_id == plan.workflow_id
    assert adm.EnhancedCoordinator().plan(config, "hybrid").workflow_id == plan.workflow_id
    by_path = workflow(keeping(folder), trading(folder))
    assert adm.EnhancedCoordinator().plan(by_path, "hybrid").plans[1].workflow_id == plan.plans[1].workflow_id  # type: ignore[union-attr]


def test_a_phase_that_keeps_and_trades_gives_signals_and_its_best_rows(tmp_path: Path) -> None:
    keep = {**keeping(tmp_path / "s"), "pattern": "full_backtest"}
    costly = {"backtest_config": {"commission": [0.0, 0.002]}, "optimization_config": {}}
    trade = {**trading(**costly), "take": {"from": "keep", "top": 2}}
    result = run(workflow(keep, trade))
    assert result.success, result.errors
    best = result.phases["keep"].stats.sort_values("sharpe", ascending=False, kind="stable").head(2)
    free = result.stats[result.stats["commission"] == 0.0]
    columns = ["strategy", "fast", "slow", "sharpe"]
    found, expected = (f[columns].sort_values(columns).reset_index(drop=True) for f in (free, best))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert len(result.stats) == 4


def test_sections_that_were_set_to_none_are_empty(tmp_path: Path) -> None:
    config = workflow(keeping(tmp_path / "s"), trading())
    config.analysis_config = config.backtest_config = None  # type: ignore[assignment]  # what a user may do
    assert run(config).success


def test_bars_and_folder_of_the_phase_that_keeps_need_not_be_said_again(tmp_path: Path) -> None:
    keep = keeping(tmp_path / "s", data_config={"frame": BARS.iloc[:90]})
    result = run(workflow(keep, trading(), data_config=None))
    assert result.success, result.errors
    assert result.config.data_config == {}
    assert len(result.equity) == 90


# ---- ends before its time -------------------------------------------------------------------------------------------


def slowly(started: threading.Event) -> None:
    """A strategy that waits to be stopped."""

    @adm.strategy
    def slow(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        started.set()
        threading.Event().wait(0.02)
        return (bars["close"].diff(k) > 0).astype(int)


MANY = [{"type": "slow", "parameters": {"k": {"min": 1, "max": 400}}}]


def test_a_stop_while_signals_are_kept_leaves_none_and_the_later_phase_never_begins(tmp_path: Path) -> None:
    started = threading.Event()
    slowly(started)
    trade = trading(optimization_config={})
    begun = adm.EnhancedCoordinator().start(workflow(keeping(tmp_path / "s"), trade, strategies=MANY), "hybrid")
    assert started.wait(20)
    begun.cancel()
    result = begun.result()
    assert not result.success
    assert list(result.phases) == ["keep"]
    assert result.metadata["partial"]
    assert list(tmp_path.iterdir()) == []
    few = [{"type": "slow", "parameters": {"k": [1, 2]}}]
    assert run(workflow(keeping(tmp_path / "s"), trade, strategies=few)).success


@pytest.mark.parametrize("older", [True, False])
def test_a_stop_between_the_phases_keeps_the_signals(older: bool, tmp_path: Path) -> None:
    """Stopped by the one who sees that the first phase has written its store."""
    folder = tmp_path / "s"
    if older:
        assert run(workflow(keeping(folder), strategies=["momentum"])).success
    begun = adm.EnhancedCoordinator().start(workflow(keeping(folder), {**trading(), "mode": "traditional"}), "hybrid")
    for event in begun.events():
        if isinstance(event, events.ContainerFinished) and event.role == "signal_log":
            begun.cancel()
    result = begun.result()
    assert not result.success
    assert result.phases["keep"].success
    assert adm.SignalStore(folder).strategies == ("ma_crossover", "vote")
    again = adm.EnhancedCoordinator().rerun(result)
    assert again.success
    pd.testing.assert_frame_equal(again.stats, full_run("traditional"), check_exact=True)


def test_where_no_signals_could_be_kept_nothing_is_traded(tmp_path: Path) -> None:
    """Not even the signals of an older store in that folder."""

    @adm.strategy
    def broken(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        raise RuntimeError("broken")

    folder = tmp_path / "s"
    assert run(workflow(keeping(folder), strategies=["momentum"])).success
    result = run(workflow(keeping(folder), trading(optimization_config={}), strategies=["broken"]))
    assert not result.success
    assert list(result.phases) == ["keep"]
    assert any("broken" in error for error in result.errors), result.errors
    assert adm.SignalStore(folder).strategies == ("momentum",)


def test_some_combinations_that_failed_are_rows_that_say_so(tmp_path: Path) -> None:
    @adm.strategy
    def fragile(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        if k == 3:
            raise RuntimeError("broken")
        return (bars["close"].diff(k) > 0).astype(int)

    strategies = [{"type": "fragile", "parameters": {"k": [1, 3]}}]
    result = run(workflow(keeping(tmp_path / "s"), trading(optimization_config={}), strategies=strategies))
    assert result.success
    assert result.stats["status"].tolist() == ["ok", "invalid", "ok", "invalid"]


def test_signals_that_are_gone_when_their_phase_begins_are_said_to_be(tmp_path: Path) -> None:
    """Somebody removes the store as soon as it is there."""
    folder = tmp_path / "s"
    begun = adm.EnhancedCoordinator().start(workflow(keeping(folder), trading()), "hybrid")
    phase_ready = type(begun)._ready  # type: ignore[attr-defined]

    def without_store(self: Any, phase: Any, plan: Any) -> Any:
        if plan.promised is not None:
            (folder / "manifest.json").unlink()
        return phase_ready(self, phase, plan)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(begun), "_ready", without_store)
        result = begun.result()
    assert not result.success
    assert result.errors[0].startswith("Phase trade could not begin: ")
    assert "there is no manifest.json in it" in result.errors[0]


# ---- what is refused ------------------------------------------------------------------------------------------------


def test_errors_of_the_later_phase_are_found_before_anything_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    wrong = {"optimization_config": {"ensembles": {"vot": {"weights": [1, 1]}}}}
    assert problems_of(workflow(keeping(folder), trading(**wrong))) == [
        (
            "parameters.phases[1].config.optimization_config.ensembles.vot the store has no ensemble of this name. "
            "Did you mean `vote`?"
        )
    ]
    other = {"data_config": {"frame": BARS.iloc[:100]}}
    (said,) = problems_of(workflow(keeping(folder), trading(**other)))
    assert "The bars of frame are not those that the signals were made from: there were 150, and are 100" in said
    assert said.endswith("Give both phases the same data_config. (in phase trade)")
    own = {"optimization_config": {"strategies": ["rsi"]}}
    assert problems_of(workflow(keeping(folder), trading(**own))) == [
        (
            "parameters.phases[1].config.optimization_config.strategies signal_replay takes the strategies of the "
            "store; leave optimization_config.strategies out"
        )
    ]
    assert not folder.exists()


@pytest.mark.parametrize("older", [True, False])
def test_phases_in_the_wrong_order_are_refused(older: bool, tmp_path: Path) -> None:
    """Also where an older store is there: its rows could not be made again."""
    folder = tmp_path / "s"
    if older:
        assert run(workflow(keeping(folder))).success
    assert problems_of(workflow(trading(folder), keeping(folder)))[0] == (
        "parameters.phases[0].config.analysis_config.signals_path the phase keep keeps these signals, but comes after "
        "this one; list it first"
    )
    assert "take.from must name an earlier phase" in problems_of(workflow(trading(), keeping(folder)))[0]


def test_what_a_phase_cannot_take_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    best = {**trading(), "take": {"from": "keep", "top": 2}}
    assert problems_of(workflow(keeping(folder), best)) == [
        (
            "parameters.phases[1].take.top plays no part: keep simulates nothing, so that none of its rows is best; "
            "leave it out"
        )
    ]
    full = {"name": "trade", "take": {"from": "keep"}}
    assert problems_of(workflow(keeping(folder), full)) == [
        (
            "parameters.phases[1].take takes rows of keep, which simulates nothing, so that none is best; its signals "
            "are taken by a phase of the pattern signal_replay"
        )
    ]
    keeps_none = {"name": "keep"}
    assert problems_of(workflow(keeps_none, trading())) == [
        (
            "parameters.phases[1].take takes the signals of keep, which keeps none; give that phase an "
            "analysis_config.output_path"
        )
    ]


# ---- afterwards -----------------------------------------------------------------------------------------------------


def test_a_saved_result_makes_its_rows_again_while_the_signals_are_there(tmp_path: Path) -> None:
    folder, data = tmp_path / "s", {"symbols": ["SP500"], "max_bars": 300}
    config = workflow(keeping(folder), trading(), data_config=data)
    result = run(config)
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "saved"))
    pd.testing.assert_frame_equal(loaded.detail(3).trades, result.detail(3).trades)
    assert run(workflow(keeping(folder), strategies=["rsi"], data_config=data)).success
    other = adm.WorkflowResult.load(tmp_path / "saved")
    with pytest.raises(adm.RunError, match="signals"):
        other.detail(4)
