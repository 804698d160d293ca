"""A container is handed what it declares, from the nearest container that gives it, and nothing else."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from container_cases import CLASSIFIER, MODES, config, run

import adm_notebook as adm
from adm_notebook.patterns import Node, Pattern, flow, get


class Log:
    """What containers were handed, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def target(self, name: str, value: float, **declared: Any) -> None:
        """A strategy that always wants `value`."""

        def process(**given: Any) -> Any:
            self.calls.append((name, given))
            return pd.Series(value, index=given["bars"].index)

        adm.container("strategy", name, consumes=("bars",), **declared)(process)

    def filter(self, name: str, *kinds: str, **declared: Any) -> None:
        """An ensemble that hands on the targets that it is given."""

        def process(**given: Any) -> Any:
            self.calls.append((name, given))
            return given["targets"]

        adm.container("ensemble", name, consumes=("targets", *kinds), **declared)(process)

    def of(self, name: str) -> dict[str, Any]:
        """What the container was handed first."""
        return next(given for called, given in self.calls if called == name)


@pytest.fixture
def log() -> Log:
    return Log()


def node(role: str, name: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "container": name, "name": name, **more}


def traded(nodes: Any, mode: str = "composable", **sections: Any) -> adm.WorkflowResult:
    workflow = config(nodes, **sections)
    workflow.optimization_config.pop("strategies", None)
    result = run(workflow, mode)
    assert result.success, result.errors
    return result


@pytest.mark.parametrize("mode", MODES)
def test_it_is_handed_what_it_declares_and_nothing_else(log: Log, mode: str) -> None:
    log.target("one", 1)
    log.filter("bare")
    log.filter("curious", "bars", may_consume=("regimes", "features", "settings"))
    nodes = [
        "data",
        "indicators",
        {"classifier": [{"portfolio": [node("strategy", "one"), node("ensemble", "bare"), node("ensemble", "curious")]},
                        "execution"]},
    ]  # fmt: skip
    traded(nodes, mode, optimization={"classifiers": [CLASSIFIER]})
    assert set(log.of("one")) == {"bars"}
    assert set(log.of("bare")) == {"targets"}
    assert set(log.of("curious")) == {"targets", "bars", "regimes", "features"}  # nothing gives settings here


@pytest.mark.parametrize("mode", MODES)
def test_the_nearest_container_wins(log: Log, mode: str) -> None:
    log.target("far", 1)
    log.target("near", -1)
    log.filter("reader")
    inside = [node("strategy", "far"), node("strategy", "near"), node("ensemble", "reader")]
    tree = Pattern.from_mapping({"name": "nearest", "nodes": ["data", {"portfolio": inside}, "execution"]})
    assert flow(tree).sources("portfolio/reader") == {"targets": "portfolio/near"}


@pytest.mark.parametrize("mode", MODES)
def test_a_parent_runs_after_its_children_where_it_needs_them_and_sees_the_last(log: Log, mode: str) -> None:
    log.target("first", 1)
    log.filter("second")
    order: list[str] = []

    @adm.container("portfolio")
    def book(targets: Any) -> Any:
        order.extend(name for name, _ in log.calls)
        order.append("book")
        return targets

    inside = [node("strategy", "first"), node("ensemble", "second")]
    traded(["data", {**node("portfolio", "book"), "children": inside}, "execution"], mode)
    assert order == ["first", "second", "book"]


@pytest.mark.parametrize("mode", MODES)
def test_a_parent_that_needs_nothing_of_its_children_runs_before_them(log: Log, mode: str) -> None:
    log.target("inner", 1, may_consume=("regimes",))

    @adm.container("classifier")
    def outer(bars: Any) -> Any:
        log.calls.append(("outer", {}))
        return pd.Series("calm", index=bars.index)

    children = [{"portfolio": [node("strategy", "inner")]}, "execution"]
    traded(["data", {**node("classifier", "outer"), "children": children}], mode)
    assert [name for name, _ in log.calls][:2] == ["outer", "inner"]
    assert set(log.of("inner")["regimes"]) == {"calm"}


@pytest.mark.parametrize("mode", MODES)
def test_siblings_do_not_see_into_each_other(log: Log, mode: str) -> None:
    log.target("one", 1, may_consume=("regimes", "settings"))

    @adm.container("classifier")
    def hidden(bars: Any) -> Any:
        return pd.Series("secret", index=bars.index)

    inside = [node("classifier", "hidden"), {"portfolio": [node("strategy", "one")]}, "execution"]
    tree = ["data", {"role": "risk", "children": inside}]
    traded(tree, mode)
    assert set(log.of("one")) == {"bars", "regimes", "settings"}

    log.calls.clear()
    apart = ["data", {"portfolio": [node("strategy", "one")]}, "execution", node("analysis", "late")]

    @adm.container("analysis")
    def late(fills: Any) -> Any:
        return len(fills.trades)

    traded(apart, mode)
    assert set(log.of("one")) == {"bars"}


@pytest.mark.parametrize("name", ["simple_backtest", "full_backtest"])
def test_a_tree_is_wired_as_the_pattern_says(name: str) -> None:
    from container_cases import built

    tree = get(name)
    wiring = flow(tree)
    _, running = built(config(tree))
    assert tuple(n.path for n in running.nodes) == wiring.order
    assert tuple(n.path for n in running.drawn) == tree.paths()
    for n in running.nodes:
        assert {kind: running.nodes[at].path for kind, at in n.sources.items()} == dict(wiring.sources(n.path))


@pytest.mark.parametrize("mode", MODES)
def test_two_symbols_are_handed_their_own_bars(mode: str, log: Log) -> None:
    from adm_notebook.testing import sample_bars

    log.target("one", 1)
    frames = {"A": sample_bars(60), "B": sample_bars(90, seed=2)}
    nodes = ["data", {"portfolio": [node("strategy", "one")]}, "execution"]
    traded(nodes, mode, frame=frames)
    assert sorted(len(given["bars"]) for _, given in log.calls) == [60, 90]


def test_a_container_of_bars_that_reads_nothing_is_asked_for_each_symbol() -> None:
    from adm_notebook.testing import sample_bars

    frames = {"A": sample_bars(60), "B": sample_bars(60, seed=2)}
    given = iter([frames["A"], frames["B"]] * 2)
    adm.container("data", "stored", consumes=())(lambda: next(given))
    tree = get("simple_backtest").replace("data", Node("data", container="stored"))
    only = {"optimization": {"strategies": ["buy_and_hold"]}, "max_workers": 1}  # `given` goes by the order of calls
    results = {mode: run(config(tree, frame=frames, **only), mode) for mode in MODES}
    for result in results.values():
        assert result.success, result.errors
    assert not results["traditional"].compare(results["composable"])
    assert results["composable"].stats["total_return"].nunique() == 2
