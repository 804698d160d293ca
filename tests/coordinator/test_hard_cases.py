"""What must not hang, vanish or be mixed up: user code that exits or changes, tight memory, odd values."""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm

MODES = ["traditional", "composable"]


def prices(n: int = 300, tz: str | None = None) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    index = pd.date_range("2020-01-01", periods=n, freq="D", tz=tz)
    return pd.DataFrame({"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}, index=index)


def config(strategy: object, **more: object) -> adm.WorkflowConfig:
    more.setdefault("data_config", {"frame": prices()})
    return adm.WorkflowConfig(optimization_config={"strategies": [strategy]}, **more)  # type: ignore[arg-type]  # sections


@pytest.mark.parametrize("mode", MODES)
def test_a_strategy_that_exits_fails_its_row_and_not_the_process(mode: str) -> None:
    @adm.strategy
    def quitter(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        if k == 2:
            sys.exit(3)
        return pd.Series(1, index=bars.index)

    result = adm.EnhancedCoordinator().run(config({"type": "quitter", "parameters": {"k": [1, 2, 3]}}), mode)
    assert result.stats["status"].tolist() == ["ok", "failed", "ok"]
    assert result.success


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_run_twice_to_show_the_best_row(mode: str) -> None:
    calls: list[int] = []

    @adm.strategy
    def counted(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        calls.append(k)
        return pd.Series(np.sign(np.sin(np.arange(len(bars)) / k)).astype(int), index=bars.index)

    result = adm.EnhancedCoordinator().run(config({"type": "counted", "parameters": {"k": [3, 5, 7]}}), mode)
    assert sorted(calls) == [3, 5, 7]
    assert len(result.trades)
    assert result.equity.iloc[-1] == result.best["final_equity"]


@pytest.mark.parametrize("mode", MODES)
def test_cancelling_keeps_every_row_that_was_finished(mode: str) -> None:
    @adm.strategy
    def steady(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        time.sleep(0.02)
        return pd.Series(1, index=bars.index)

    many = {"type": "steady", "parameters": {"k": {"min": 1, "max": 1600}}}
    run = adm.EnhancedCoordinator().start(config(many, max_workers=2), mode)
    while run.progress.done < 10 and run.elapsed < 60:
        time.sleep(0.05)
    seen = run.progress.done
    began = time.perf_counter()
    run.cancel()
    result = run.result()
    assert time.perf_counter() - began < 1
    assert 10 <= seen <= len(result.stats) < 1600


def test_a_stuck_strategy_is_left_behind_within_a_second() -> None:
    @adm.strategy
    def stuck(bars: pd.DataFrame) -> pd.Series:
        time.sleep(20)
        return pd.Series(1, index=bars.index)

    run = adm.EnhancedCoordinator().start(config("stuck"), "composable")
    time.sleep(0.2)
    began = time.perf_counter()
    run.cancel()
    assert not run.result().success
    assert time.perf_counter() - began < 1.5


@pytest.mark.skipif(sys.platform != "linux", reason="the growth of memory is read from /proc, which only Linux has")
def test_memory_that_grows_beyond_its_limit_ends_the_run_with_what_is_done() -> None:
    hoard: list[np.ndarray] = []

    @adm.strategy
    def hoarder(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        hoard.append(np.ones(4_000_000))  # 32 MB
        time.sleep(0.06)
        return pd.Series(1, index=bars.index)

    many = {"type": "hoarder", "parameters": {"k": {"min": 1, "max": 60}}}
    result = adm.EnhancedCoordinator().run(config(many, parameters={"max_memory_mb": 200}), "traditional")
    hoard.clear()
    assert not result.success
    assert result.metadata["partial"]
    assert "`memory_limit_mb` is 200" in result.errors[0]
    assert 1 <= len(result.stats) < 20


def test_rows_of_code_that_has_changed_are_not_joined() -> None:
    @adm.strategy("turncoat")
    def first(bars: pd.DataFrame) -> pd.Series:
        return pd.Series(1, index=bars.index)

    coordinator = adm.EnhancedCoordinator()
    before = coordinator.run(config("turncoat"))
    same = coordinator.plan(config("turncoat")).workflow_id
    assert same == before.workflow_id

    @adm.strategy("turncoat")
    def second(bars: pd.DataFrame) -> pd.Series:
        return pd.Series(-1, index=bars.index)

    before.metadata["partial"] = True
    with pytest.raises(adm.RunError, match="have changed"):
        coordinator.rerun(before)


def test_a_loaded_result_of_a_frame_never_runs_on_other_prices(tmp_path) -> None:  # type: ignore[no-untyped-def]
    coordinator = adm.EnhancedCoordinator()
    loaded = adm.WorkflowResult.load(coordinator.run(config("momentum")).save(tmp_path / "r"))
    with pytest.raises(adm.ConfigError, match=r"data_config\.frame  is missing"):
        coordinator.run(loaded.config)
    with pytest.raises(adm.ConfigError, match=r"data_config\.frame  is missing"):
        coordinator.rerun(loaded)


def test_numpy_values_are_as_good_as_pythons() -> None:
    entry = {"type": "momentum", "parameters": {"lookback": np.arange(3, 6), "threshold": np.float64(0.0)}}
    result = adm.EnhancedCoordinator().run(
        config(entry, backtest_config={"warmup": np.int64(5), "commission": np.float64(0.001)})
    )
    assert result.stats["lookback"].tolist() == [3, 4, 5]
    plain = {"type": "momentum", "parameters": {"lookback": [3, 4, 5]}}
    same = adm.EnhancedCoordinator().plan(config(plain, backtest_config={"warmup": 5, "commission": 0.001}))
    assert result.workflow_id == same.workflow_id


def test_values_of_several_types_in_one_sweep_are_saved_and_loaded(tmp_path) -> None:  # type: ignore[no-untyped-def]
    mixed = {"warmup": ["auto", 50], "commission": [0.001, {"type": "fixed", "value": 5}]}
    result = adm.EnhancedCoordinator().run(config("momentum", backtest_config=mixed))
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "r"))
    pd.testing.assert_frame_equal(loaded.stats, result.stats)


def test_a_combined_portfolio_needs_one_axis_of_time() -> None:
    frames = {"A": prices(), "B": prices(tz="UTC")}
    combined = config("momentum", data_config={"frame": frames}, backtest_config={"portfolio": {"combine": True}})
    with pytest.raises(adm.ConfigError, match="A has times without a zone and B has times with a zone"):
        adm.EnhancedCoordinator().plan(combined)


def test_a_combined_portfolio_of_which_one_strategy_is_left_out_is_refused() -> None:
    strategies = [{"type": "ma_crossover", "parameters": {"fast": [13, 20], "slow": 10}}, "rsi"]
    both = adm.WorkflowConfig(
        data_config={"frame": prices()},
        backtest_config={"portfolio": {"combine": True}},
        optimization_config={"strategies": strategies, "constraints": ["fast < slow"]},
    )
    with pytest.raises(adm.ConfigError, match="leave no combination"):
        adm.EnhancedCoordinator().plan(both)


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        ([None, None], ["momentum", "momentum_2"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        ([None, None, "momentum"], ["momentum_2", "momentum_3", "momentum"]),
    ],
)
def test_every_strategy_has_a_label_of_its_own_and_given_names_stay(names: list[str | None], labels: list[str]) -> None:
    entries = [{"type": "momentum", **({"name": name} if name else {})} for name in names]
    many = adm.WorkflowConfig(data_config={"frame": prices()}, optimization_config={"strategies": entries})
    assert [s.label for s in adm.EnhancedCoordinator().plan(many).strategies] == labels


def test_numbers_are_typed_by_their_field_in_the_identity() -> None:
    plan = adm.EnhancedCoordinator().plan
    ids = {
        plan(config({"type": "momentum", "parameters": {"lookback": n}})).workflow_id for n in (20, 20.0, np.int64(20))
    }
    ids.add(plan(config({"type": "momentum", "allocation": 0.5})).workflow_id)
    assert len(ids) == 1, "defaults, spelling and an allocation that is not used change nothing"


def test_a_warm_up_longer_than_the_history_is_told() -> None:
    entry = {"type": "ma_crossover", "parameters": {"slow": 200}}
    result = adm.EnhancedCoordinator().run(config(entry, data_config={"frame": prices(100)}))
    assert result.metrics["n_trades"] == 0
    assert result.facts.no_trades == "The first bar that may trade is number 200, and there are only 100 bars."
    assert "there are only 100 bars" in " ".join(repr(result).split())


def test_a_source_that_raises_gives_a_failed_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adm_notebook.market.sources._registered", {})

    @adm.register_source("flaky")
    def flaky(request):  # type: ignore[no-untyped-def]
        raise OSError("the line is dead")

    result = adm.EnhancedCoordinator().run(config("momentum", data_config={"source": "flaky"}))
    assert not result.success
    assert "the line is dead" in result.errors[0]


def test_a_section_set_to_none_is_an_empty_one() -> None:
    plain = config("momentum")
    plain.analysis_config = None  # type: ignore[assignment]  # what a user may do
    assert adm.EnhancedCoordinator().run(plain).success


def test_misspelt_names_are_told() -> None:
    with pytest.raises(AttributeError, match=r"adm_notebook has no PaternEditor\. Did you mean `PatternEditor`"):
        adm.PaternEditor  # noqa: B018  # asking is the test
    with pytest.raises(adm.ConfigError, match="Did you mean `backtest_config`"):
        adm.WorkflowConfig(backtest_confg={})


def test_a_swept_setting_that_shares_a_name_with_a_metric_keeps_its_column() -> None:
    result = adm.EnhancedCoordinator().run(config("momentum", backtest_config={"max_drawdown": [0.001, 0.5]}))
    assert result.stats["setting.max_drawdown"].tolist() == [0.001, 0.5]
    assert (result.stats["max_drawdown"] <= 0).all()
    assert "setting.max_drawdown" in repr(result)


def test_a_fraction_that_must_be_a_percentage_is_pointed_out() -> None:
    result = adm.EnhancedCoordinator().run(config("momentum", backtest_config={"commission": 5}))
    assert "`commission` is a fraction: 5 means 500%. For 5% write 0.05." in result.warnings


def test_a_limit_that_cannot_be_watched_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("memory", "assemble"):
        monkeypatch.setattr(f"adm_notebook.coordinator.{module}.held_mb", lambda: None)
    result = adm.EnhancedCoordinator().run(config("momentum", memory_limit_mb=500))
    assert result.success
    assert any("`memory_limit_mb` was not watched" in sentence for sentence in result.warnings)
    assert result.metadata["peak_memory_mb"] is None
