"""A store of signals is complete or not there, says what it can't be used for, and is the same in every process."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from workflow_cases import bars_frame

import adm_notebook as adm
from adm_notebook.components import STRATEGIES
from adm_notebook.config.frozen import digest_of

MODES = ("composable", "traditional")
BARS = bars_frame(1, 160)
CROSSINGS = {"type": "ma_crossover", "parameters": {"fast": [3, 5, 7], "slow": [9, 12]}}


@pytest.fixture(autouse=True)
def _own_strategies() -> Iterator[None]:
    """What tests here register is gone after them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))
        yield


def generation(folder: Path, strategy: Any = CROSSINGS, frame: Any = BARS, **more: Any) -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        data_config={"frame": frame},
        optimization_config={"strategies": [strategy], **more.pop("optimization_config", {})},
        analysis_config={"mode": "signal_generation", "output_path": str(folder)},
        **more,
    )


def replay(folder: Path, **more: Any) -> adm.WorkflowConfig:
    more.setdefault("data_config", {"frame": BARS})
    return adm.WorkflowConfig(analysis_config={"mode": "signal_replay", "signals_path": str(folder)}, **more)


def run(config: adm.WorkflowConfig, mode: str = "composable") -> adm.WorkflowResult:
    return adm.EnhancedCoordinator().run(config, mode)


def refused(config: adm.WorkflowConfig) -> str:
    """What a user reads on one line, path first."""
    with pytest.raises(adm.ConfigError) as caught:
        adm.EnhancedCoordinator().plan(config)
    (problem,) = caught.value.problems
    return f"{problem.path} {problem.message}"


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- a run that ends early ------------------------------------------------------------------------------------------


def slowly() -> None:
    """A strategy that takes 20 ms a combination."""

    @adm.strategy
    def slow(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        time.sleep(0.02)
        return (bars["close"].diff(k) > 0).astype(int)


MANY = {"type": "slow", "parameters": {"k": {"min": 1, "max": 400}}}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("older", [False, True])
def test_an_interrupted_generation_leaves_what_was_there(mode: str, older: bool, tmp_path: Path) -> None:
    slowly()
    folder = tmp_path / "signals"
    if older:
        assert run(generation(folder)).success
    before = adm.SignalStore(folder).signals() if older else None
    started = adm.EnhancedCoordinator().start(generation(folder, MANY), mode)
    while started.progress.done < 5:
        time.sleep(0.01)
    started.cancel()
    result = started.result()
    assert not result.success
    assert result.metadata["partial"]
    assert result.errors == [
        (
            f"Interrupted: {len(result.stats)} of 400 combinations were done; no signals are kept, "
            "as a store is complete or not there."
        )
    ]
    assert result.signals.empty
    assert "signals_path" not in result.metadata
    assert left_in(tmp_path) == (["signals"] if older else [])
    if before is not None:
        pd.testing.assert_frame_equal(adm.SignalStore(folder).signals(), before)


@pytest.mark.parametrize("mode", MODES)
def test_a_generation_that_ran_out_of_time_leaves_nothing_and_can_be_run_again(mode: str, tmp_path: Path) -> None:
    slowly()
    folder = tmp_path / "deep" / "signals"
    few = {"type": "slow", "parameters": {"k": {"min": 1, "max": 60}}}
    config = generation(folder, few, timeout_seconds=0.3)
    result = run(config, mode)
    assert result.errors[0].startswith("Out of time: `timeout_seconds` is 0.3; ")
    assert left_in(tmp_path) == []
    result.config.timeout_seconds = None
    again = adm.EnhancedCoordinator().rerun(result)
    assert again.success
    assert len(again.stats) == adm.SignalStore(folder).manifest.counts.combinations == 60
    pd.testing.assert_frame_equal(again.signals, adm.SignalStore(folder).signals())


@pytest.mark.parametrize("mode", MODES)
def test_a_store_without_any_signal_takes_nobodys_place(mode: str, tmp_path: Path) -> None:
    @adm.strategy
    def broken(bars: pd.DataFrame, k: int = 1) -> pd.Series:
        raise RuntimeError("broken")

    folder = tmp_path / "signals"
    assert run(generation(folder)).success
    result = run(generation(folder, {"type": "broken", "parameters": {"k": [1, 2]}}), mode)
    assert not result.success
    assert result.stats["status"].tolist() == ["failed", "failed"]
    assert result.signals.empty
    assert adm.SignalStore(folder).strategies == ("ma_crossover",)
    assert left_in(tmp_path) == ["signals"]


GENERATING = """
import sys
import adm_notebook as adm
sys.path.insert(0, {here!r})
from workflow_cases import bars_frame
from test_signals_kept import CROSSINGS, generation
many = {{"type": "momentum", "parameters": {{"lookback": {{"min": 1, "max": 60}}}}}}
config = generation({folder!r}, many, bars_frame(1, 2_000))
coordinator = adm.EnhancedCoordinator()
coordinator.run(config, "composable")  # what was compiled is there from now on
print("ready", flush=True)
while True:
    coordinator.run(config, "composable")
"""


def other_process(code: str, hash_seed: str = "1") -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)


def test_a_killed_process_leaves_a_store_that_can_be_read(tmp_path: Path) -> None:
    """Killed at random moments while it replaces its store again and again; what it leaves behind is cleared up."""
    folder = tmp_path / "signals"
    code = GENERATING.format(here=str(Path(__file__).parent), folder=str(folder))
    moments = random.Random(4)
    rows: set[int] = set()
    for _ in range(5):
        process = other_process(code)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = adm.SignalStore(folder)
        store.verify()
        assert store.manifest.counts.combinations == 60
        rows.add(len(store.signals()))
    assert len(rows) == 1
    assert run(generation(folder)).success
    assert left_in(tmp_path) == ["signals"]


# ---- what it holds --------------------------------------------------------------------------------------------------


def contents(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Signals and combinations; where in the files they lie, and how classifiers are counted, is left to chance."""
    store = adm.SignalStore(folder)
    return store.signals(), store.combinations.drop(columns=["file", "first_row", "classifier_id"])


MIXED: dict[str, Any] = {
    "strategies": [
        CROSSINGS,
        {"type": "momentum", "regimes": ["up"]},
        {"type": "ensemble", "method": "majority", "members": ["rsi", {"type": "momentum", "regimes": ["down"]}]},
    ],
    "classifiers": [{"type": "trend", "parameters": {"fast": 2, "slow": [5, 8]}}],
}
TWO = {"A": BARS, "B": bars_frame(2, 120)}


def mixed(folder: Path, **more: Any) -> adm.WorkflowConfig:
    return adm.WorkflowConfig(
        data_config={"frame": TWO},
        optimization_config=MIXED,
        analysis_config={"mode": "signal_generation", "output_path": str(folder)},
        **more,
    )


ANOTHER = """
import sys
sys.path.insert(0, {here!r})
import test_signals_kept as cases
from pathlib import Path
assert cases.run(cases.mixed(Path({folder!r}), max_workers=2)).success
"""


def test_another_process_threads_and_modes_give_the_same_store(tmp_path: Path) -> None:
    code = ANOTHER.format(here=str(Path(__file__).parent), folder=str(tmp_path / "other"))
    with other_process(code, "77") as process:
        assert process.wait(100) == 0
    assert run(mixed(tmp_path / "one", max_workers=1)).success
    assert run(mixed(tmp_path / "plain"), "traditional").success
    first, *others = (contents(tmp_path / name) for name in ("one", "other", "plain"))
    for signals, combinations in others:
        pd.testing.assert_frame_equal(signals, first[0])
        pd.testing.assert_frame_equal(combinations, first[1])
    ids = {adm.SignalStore(tmp_path / name).manifest.digest for name in ("one", "other", "plain")}
    assert len(ids) == 1


def test_combinations_have_the_numbers_of_their_rows(tmp_path: Path) -> None:
    """Of a strategy that heeds no regimes: of the first row that shares them. Members of ensembles come after all."""
    result = run(mixed(tmp_path / "s"))
    store = adm.SignalStore(tmp_path / "s")
    assert result.stats.index.tolist() == list(range(32))
    for row in store.combinations[store.combinations["member"].isna()].itertuples():
        shared = result.stats.loc[row.combination]
        assert (shared["symbol"], shared["strategy"]) == (row.symbol, row.strategy)
        if row.kind != "ensemble":
            assert shared["n_signals"] == row.n_signals
    assert store.combinations.loc[store.combinations["member"].notna(), "combination"].min() >= 32
    assert result.stats["n_signals"].sum() >= len(result.signals)


@pytest.mark.parametrize("mode", MODES)
def test_a_generation_result_is_saved_and_loaded_with_its_signals(mode: str, tmp_path: Path) -> None:
    result = run(mixed(tmp_path / "s"), mode)
    assert result.success
    assert result.best is None
    assert result.metrics == {}
    assert result.trades.empty
    assert result.equity.empty
    loaded = adm.WorkflowResult.load(result.save(tmp_path / "saved"))
    pd.testing.assert_frame_equal(loaded.stats, result.stats)
    pd.testing.assert_frame_equal(loaded.signals, result.signals)
    assert repr(loaded) == repr(result)
    with pytest.raises(adm.RunError, match=r"detail\(0\): signals were kept, and nothing was simulated"):
        loaded.detail(0)


# ---- what is refused ------------------------------------------------------------------------------------------------


def test_a_folder_with_something_else_is_refused_before_anything_runs(tmp_path: Path) -> None:
    ran: list[int] = []

    @adm.strategy
    def noted(bars: pd.DataFrame) -> pd.Series:
        ran.append(1)
        return pd.Series(1, index=bars.index)

    (tmp_path / "thesis.tex").write_text("years of work")
    said = refused(generation(tmp_path, "noted"))
    assert said == (
        f"analysis_config.output_path {tmp_path} is there and is not a signal store: it holds thesis.tex; "
        "name a new folder"
    )
    assert run(generation(tmp_path / "signals", "noted")).success
    (tmp_path / "signals" / "notes.md").write_text("mine")
    assert "holds notes.md beside a signal store; name a new folder, or move it" in refused(
        generation(tmp_path / "signals", "noted")
    )
    assert "is there and is not a folder" in refused(generation(tmp_path / "thesis.tex", "noted"))
    assert ran == [1]
    assert left_in(tmp_path) == ["signals", "thesis.tex"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (BARS.iloc[:-1], "there were 160, and are 159; the last was 2020-06-08"),
        (BARS.tz_localize("UTC"), "their times were naive, and are UTC"),
        (BARS.assign(high=BARS["high"] * 1.001), "prices differ"),
        (BARS.assign(volume=BARS["volume"] + 1), "volumes differ"),
        (BARS.set_axis(BARS.index.where(BARS.index.day != 3, BARS.index + pd.Timedelta("1h"))), "times between the"),
    ],
)
def test_other_bars_are_refused_saying_what_differs(frame: pd.DataFrame, said: str, tmp_path: Path) -> None:
    assert run(generation(tmp_path / "s")).success
    message = refused(replay(tmp_path / "s", data_config={"frame": frame}))
    assert message.startswith("analysis_config.signals_path The bars of")
    assert said in message
    assert "generate the signals again" in message


def _of_format(number: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        values = json.loads((folder / "manifest.json").read_text())
        del values["checksum"]
        values["format"] = number
        (folder / "manifest.json").write_text(json.dumps({**values, "checksum": digest_of(values)}))

    return change


def _cut(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-9]) and None


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_of_format(99), "has format 99, written by"),
        (_cut("signals.parquet"), "is damaged and can't be read: signals.parquet has"),
        (_cut("combinations.parquet"), "is damaged and can't be read: combinations.parquet has"),
        (_cut("manifest.json"), "is damaged and can't be read: manifest.json is not the JSON that was written"),
        (lambda folder: (folder / "regimes.parquet").unlink(), "regimes.parquet is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "is not a signal store: there is no manifest.json in it"),
    ],
)
def test_a_store_that_cannot_be_used_is_refused_where_it_is_named(
    damage: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    assert run(generation(tmp_path / "s")).success
    damage(tmp_path / "s")
    message = refused(replay(tmp_path / "s"))
    assert message.startswith("analysis_config.signals_path ")
    assert said in message


def test_bytes_that_changed_end_a_replay_with_a_sentence(tmp_path: Path) -> None:
    """Not every byte is read when a store is opened; what is wrong within is told when it is needed."""
    assert run(generation(tmp_path / "s")).success
    path = tmp_path / "s" / "signals.parquet"
    content = bytearray(path.read_bytes())
    content[: len(content) // 2] = bytes(len(content) // 2)
    path.write_bytes(content)
    result = run(replay(tmp_path / "s"))
    assert not result.success
    assert "is damaged and can't be read: " in result.errors[0]
    assert "`timeout" not in result.errors[0]
    assert result.metadata["ended"] == "failed"


def test_missing_stores_and_slips_are_told(tmp_path: Path) -> None:
    assert "is missing; name the folder of a signal store" in refused(
        adm.WorkflowConfig(analysis_config={"mode": "signal_replay"})
    )
    assert "is not there; a workflow with analysis_config.mode: signal_generation makes a store" in refused(
        replay(tmp_path / "nothing")
    )
    assert run(generation(tmp_path / "s")).success
    assert "the store's bars were a DataFrame, which it does not hold" in refused(
        replay(tmp_path / "s", data_config={})
    )
    wrong = adm.WorkflowConfig(analysis_config={"mode": "signal_genration", "output_path": "s"})
    assert "Did you mean `signal_generation`" in refused(wrong)


def test_a_replay_without_data_uses_those_of_the_store(tmp_path: Path) -> None:
    made = adm.WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"], "max_bars": 300},
        backtest_config={"strategy": CROSSINGS},
        analysis_config={"mode": "signal_generation", "output_path": str(tmp_path / "s")},
    )
    assert run(made).success
    result = run(replay(tmp_path / "s", data_config={}, backtest_config={"stop_loss": [0.02, 0.05]}))
    assert result.success
    assert len(result.stats) == 12
    assert result.facts.n_bars == 300
    assert "No data_config: that of the signal store is used." in result.warnings


# ---- signals that are kept while they are traded --------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_full_backtest_keeps_the_same_signals_while_it_trades_them(mode: str, tmp_path: Path) -> None:
    """Also in a sweep of more rows than are measured one by one."""
    stops = {"stop_loss": [0.01 * k for k in range(1, 8)], "commission": [0.0, 0.001]} if mode == "composable" else {}
    while_trading = adm.WorkflowConfig(
        data_config={"frame": TWO},
        backtest_config=stops,
        optimization_config=MIXED,
        analysis_config={"output_path": str(tmp_path / "traded")},
    )
    result = run(while_trading, mode)
    assert result.success
    assert len(result.stats) == 32 * (14 if stops else 1)
    assert run(mixed(tmp_path / "alone")).success
    for one, other in zip(contents(tmp_path / "traded"), contents(tmp_path / "alone"), strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert result.metadata["signals_path"] == str(tmp_path / "traded")
    pd.testing.assert_frame_equal(result.signals, adm.SignalStore(tmp_path / "traded").signals())
    replayed = run(replay(tmp_path / "traded", data_config={"frame": TWO}, backtest_config=stops), mode)
    plain = adm.WorkflowConfig(data_config={"frame": TWO}, backtest_config=stops, optimization_config=MIXED)
    pd.testing.assert_frame_equal(replayed.stats, run(plain, mode).stats, check_exact=True)
    # rows whose signals are kept go through their containers one by one: sums over bars instead of stretches
    pd.testing.assert_frame_equal(replayed.stats, result.stats, check_exact=mode == "traditional", rtol=1e-12)


def test_many_combinations_are_all_kept_and_all_replayed(tmp_path: Path) -> None:
    many = {"type": "ma_crossover", "parameters": {"fast": {"min": 2, "max": 16}, "slow": {"min": 10, "max": 24}}}
    kept = run(generation(tmp_path / "s", many, optimization_config={"constraints": ["fast < slow"]}))
    assert kept.success
    assert len(kept.stats) == adm.SignalStore(tmp_path / "s").manifest.counts.combinations > 150
    settings = {"take_profit": [0.02, 0.1], "commission": 0.001}
    full = run(
        adm.WorkflowConfig(
            data_config={"frame": BARS},
            backtest_config=settings,
            optimization_config={"strategies": [many], "constraints": ["fast < slow"]},
        )
    )
    replayed = run(replay(tmp_path / "s", backtest_config=settings))
    pd.testing.assert_frame_equal(replayed.stats, full.stats, check_exact=True)
    pd.testing.assert_frame_equal(replayed.trades, full.trades, check_exact=True)


def test_a_part_drawn_at_random_is_replayed_as_that_part(tmp_path: Path) -> None:
    drawn = {"method": "random", "n_trials": 4, "seed": 3}
    kept = run(generation(tmp_path / "s", optimization_config=drawn))
    assert kept.success
    assert adm.SignalStore(tmp_path / "s").manifest.counts.combinations == 4
    replayed = run(replay(tmp_path / "s"))
    assert replayed.success
    asked = replayed.stats[replayed.stats["status"] == "ok"]
    assert asked[["fast", "slow"]].to_dict("list") == kept.stats[["fast", "slow"]].to_dict("list")


def test_a_replay_that_names_strategies_or_classifiers_is_refused(tmp_path: Path) -> None:
    assert run(generation(tmp_path / "s")).success
    assert refused(replay(tmp_path / "s", optimization_config={"strategies": ["rsi"]})).startswith(
        "optimization_config.strategies"
    )
    assert refused(replay(tmp_path / "s", optimization_config={"classifiers": ["trend"]})).startswith(
        "optimization_config.classifiers"
    )
