"""The life of containers: the order in which they are prepared and disposed of, after errors and stops too; limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from container_cases import CLASSIFIER, MODES, built, config, run

import adm_notebook as adm
from adm_notebook.containers import State
from adm_notebook.coordinator import events
from adm_notebook.errors import RunError
from adm_notebook.patterns import get


class Life:
    """Containers that write down what happens to them."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails: str = ""

    def container(self, name: str, role: str = "ensemble") -> None:
        life = self

        class Watched:
            def initialise(self) -> None:
                life.tell(f"initialise {name}")

            def process(self, **given: Any) -> Any:
                life.tell(f"process {name}")
                return given["targets"]

            def dispose(self) -> None:
                life.tell(f"dispose {name}")

        adm.container(role, name, consumes=("targets",))(Watched)

    def tell(self, what: str) -> None:
        self.told.append(what)
        if what == self.fails:
            raise ValueError(f"at {what}")


@pytest.fixture
def life() -> Life:
    made = Life()
    for name in ("one", "two"):
        made.container(name)
    return made


def watched(**sections: Any) -> adm.WorkflowConfig:
    two = [{"role": "ensemble", "container": name, "name": name} for name in ("one", "two")]
    return config(["data", {"portfolio": ["strategies", "ensemble", *two]}, "execution"], **sections)


@pytest.mark.parametrize("mode", MODES)
def test_containers_are_prepared_once_in_order_and_disposed_of_the_other_way(life: Life, mode: str) -> None:
    result = run(watched(), mode)
    assert life.told[:2] == ["initialise one", "initialise two"]
    assert life.told[-2:] == ["dispose two", "dispose one"]
    assert life.told.count("process one") == 3  # a row each
    assert len(life.told) == 2 + 6 + 2
    assert set(result.containers["state"]) == {"finished"}


def test_states_follow_the_life(life: Life) -> None:
    plan, tree = built(watched())
    states = lambda: {node.name: node.state for node in tree.nodes}  # noqa: E731
    assert set(states().values()) == {State.CREATED}
    tree.open()
    assert set(states().values()) == {State.INITIALISED}
    tree.detail(plan.row(0))
    assert set(states().values()) == {State.RUNNING}
    tree.close()
    assert set(states().values()) == {State.FINISHED}
    told = list(life.told)
    tree.close()
    assert life.told == told  # once


@pytest.mark.parametrize("mode", MODES)
def test_an_error_in_initialise_disposes_of_what_was_prepared(life: Life, mode: str) -> None:
    life.fails = "initialise two"
    result = run(watched(), mode)
    assert not result.success
    assert "two" in result.errors[0]
    assert "at initialise two" in result.errors[0]
    assert life.told == ["initialise one", "initialise two", "dispose two", "dispose one"]


@pytest.mark.parametrize("mode", MODES)
def test_an_error_in_process_fails_the_row_and_all_are_disposed_of(life: Life, mode: str) -> None:
    life.fails = "process two"
    result = run(watched(), mode)
    assert (result.stats["status"] == "failed").all()
    assert result.stats["error"].str.contains("container two raised ValueError: at process two").all()
    assert life.told[-2:] == ["dispose two", "dispose one"]
    assert result.containers["failed"].to_dict()["portfolio/two"] == 3


@pytest.mark.parametrize("mode", MODES)
def test_an_error_in_dispose_is_told_and_the_others_are_disposed_of(life: Life, mode: str) -> None:
    life.fails = "dispose two"
    result = run(watched(), mode)
    assert life.told[-2:] == ["dispose two", "dispose one"]
    assert not result.success
    assert "Not disposed of: portfolio/two (ValueError: at dispose two)" in result.errors[0]


@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_run_disposes_of_its_containers(life: Life, mode: str) -> None:
    began = threading.Event()
    go = threading.Event()

    @adm.container("ensemble", "two")
    class Slow:
        def process(self, targets: Any) -> Any:
            began.set()
            go.wait(10)
            return targets

        def dispose(self) -> None:
            life.tell("dispose two")

    under_way = adm.EnhancedCoordinator().start(watched(), mode)
    assert began.wait(20)
    under_way.cancel()
    go.set()
    result = under_way.result(timeout=20)
    assert under_way.status == "cancelled"
    assert result.metadata["partial"]
    assert life.told[-2:] == ["dispose two", "dispose one"]


@pytest.mark.parametrize("mode", MODES)
def test_a_run_out_of_time_disposes_of_its_containers(life: Life, mode: str) -> None:
    @adm.container("ensemble", "one")
    class Slow:
        def process(self, targets: Any) -> Any:
            time.sleep(0.3)
            return targets

        def dispose(self) -> None:
            life.tell("dispose one")

    result = run(watched(timeout_seconds=0.2), mode)
    assert not result.success
    assert "`timeout_seconds` is 0.2" in result.errors[0]
    assert life.told[-2:] == ["dispose two", "dispose one"]


def test_a_tree_that_failed_to_open_can_be_closed_again(life: Life) -> None:
    life.fails = "initialise one"
    _, tree = built(watched())
    with pytest.raises(Exception, match="at initialise one"):
        tree.open()
    tree.close()
    assert tree.nodes[0].state in (State.FINISHED, State.FAILED)


def test_events_tell_each_container_once(life: Life) -> None:
    told = list(adm.EnhancedCoordinator().start(watched(), "composable").events())
    started = [e.path for e in told if isinstance(e, events.ContainerStarted)]
    finished = [e.path for e in told if isinstance(e, events.ContainerFinished)]
    assert sorted(started) == sorted(finished) == sorted({*started})
    assert {"data", "portfolio/one", "portfolio/two", "execution"} <= set(started)


# ---- limits ---------------------------------------------------------------------------------------------------------


def limited(limits: dict[str, Any], role: str = "ensemble") -> adm.WorkflowConfig:
    node = {"role": role, "container": "slow", "limits": limits}
    return config(["data", {"portfolio": ["strategies", node]}, "execution"])


@pytest.mark.parametrize("mode", MODES)
def test_a_container_over_its_time_ends_the_run_and_is_named(mode: str) -> None:
    @adm.container("ensemble")
    def slow(targets: Any) -> Any:
        time.sleep(0.1)
        return targets

    result = run(limited({"timeout_seconds": 0.05}), mode)
    assert not result.success
    assert (
        "Out of time: the container portfolio/slow took longer than its limit, timeout_seconds: 0.05;"
        in result.errors[0]
    )
    assert run(limited({"timeout_seconds": 30}), mode).success


def test_rows_that_were_done_before_a_container_ran_out_of_time_are_kept() -> None:
    calls = []

    @adm.container("ensemble")
    def slow(targets: Any) -> Any:
        calls.append(1)
        time.sleep(0.0 if len(calls) < 3 else 0.4)
        return targets

    workflow = limited({"timeout_seconds": 0.2})
    workflow.max_workers = 1
    result = run(workflow, "composable")
    assert "2 of 3 combinations finished and are kept" in result.errors[0]
    assert result.stats["status"].tolist() == ["ok", "ok"]


def test_a_container_holds_no_more_indicators_than_it_may() -> None:
    def rows(limits: dict[str, Any] | None) -> adm.WorkflowResult:
        node = {"role": "indicator", "limits": limits} if limits else "indicators"
        many = {"type": "ma_crossover", "parameters": {"fast": list(range(2, 12)), "slow": 20}}
        nodes = ["data", node, {"portfolio": ["strategies"]}, "execution"]
        return run(config(nodes, optimization={"strategies": [many]}), "composable")

    free, few = rows(None), rows({"max_indicators": 2})
    assert few.stats.equals(free.stats)
    held = {name: result.containers["bytes_held"].loc["indicators"] for name, result in (("free", free), ("few", few))}
    assert held["few"] < held["free"]
    assert few.containers["computed"].loc["indicators"] >= free.containers["computed"].loc["indicators"]


def test_a_container_keeps_no_more_memory_than_it_may() -> None:
    def held(limits: dict[str, Any] | None) -> tuple[int, adm.WorkflowResult]:
        node = {"role": "strategy", **({"limits": limits} if limits else {})}
        many = {"type": "momentum", "parameters": {"lookback": list(range(2, 22))}}
        nodes = ["data", {"classifier": [{"portfolio": [node]}, "execution"]}]
        sections = {"strategies": [many], "classifiers": [CLASSIFIER]}
        result = run(config(nodes, optimization=sections), "composable")
        return int(result.containers["bytes_held"].filter(like="strategies").iloc[0]), result

    free, one = held(None)
    little, other = held({"max_memory_mb": 0.01})
    assert other.stats.equals(one.stats)
    assert little <= 0.01 * 2**20 < free


# ---- the same everywhere --------------------------------------------------------------------------------------------

SCRIPT = """
import json, sys
import adm_notebook as adm
from adm_notebook.testing import sample_bars
config = adm.WorkflowConfig(
    parameters={"container_pattern": "full_backtest"},
    data_config={"frame": sample_bars(120)},
    optimization_config={
        "strategies": [{"type": "momentum", "parameters": {"lookback": [3, 5], "direction": "both"}}, "rsi"],
        "classifiers": [{"type": "trend", "parameters": {"fast": 3, "slow": 8}}, "volatility"],
        "risk_profiles": ["conservative", {"type": "custom", "stop_loss": {"atr": 2}}],
    },
)
found = {}
for mode in ("traditional", "composable"):
    plan = adm.EnhancedCoordinator().plan(config, mode)
    result = adm.EnhancedCoordinator().run(config, mode)
    found[mode] = {
        "id": result.workflow_id, "digest": plan.digest, "pattern": plan.tree.digest, "tree": plan.tree.text(),
        "containers": result.containers[["role", "name", "id"]].reset_index().values.tolist(),
        "stats": result.stats.to_csv(float_format="%.17g"), "trades": result.trades.to_csv(float_format="%.17g"),
    }
print(json.dumps(found))
"""


def test_two_processes_make_the_same_tree_identifiers_and_numbers() -> None:
    found = []
    for seed in ("1", "2"):  # sets and dicts of words are ordered otherwise in each
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            capture_output=True, text=True, check=True, timeout=120, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
    for name in ("id", "digest", "pattern", "tree", "containers"):
        assert found[0]["traditional"][name] == found[0]["composable"][name]


def test_an_error_while_disposing_names_every_container(life: Life) -> None:
    _, tree = built(watched())
    tree.open()
    for node in tree.nodes:
        if node.name in ("one", "two"):
            node.container._object.dispose = lambda: 1 / 0  # type: ignore[attr-defined]  # a user's own object
    with pytest.raises(RunError, match=r"portfolio/two .*portfolio/one"):
        tree.close()


def test_the_library_runs_under_its_own_names(life: Life) -> None:
    for name in ("simple_backtest", "full_backtest"):
        result = run(config(get(name)), "composable")
        assert result.containers.index.tolist() == list(get(name).paths())
