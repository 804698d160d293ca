"""Two backtests beside each other share nothing that either can change: each way to leak that we know, tried."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from container_cases import CLASSIFIER, MODES, arrays_in, both, built, config, run

import adm_notebook as adm
from adm_notebook.components import INDICATORS, STRATEGIES
from adm_notebook.patterns import Node, get

VANDAL = Node("ensemble", container="vandal")


def undisturbed(nodes: Any = None, **sections: Any) -> pd.DataFrame:
    """The rows of the same workflow without the container that does harm."""
    sections.setdefault("optimization", {"classifiers": [CLASSIFIER]})
    return run(config(nodes or get("full_backtest"), **sections), "composable").stats


def around(node: Node, inside: str = "classifier/risk/portfolio", after: str = "ensemble") -> Any:
    return get("full_backtest").named("disturbed").add(node, inside=inside, after=after)


def same_numbers(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def spoil(frame: Any) -> None:
    """Write to everything in a frame or Series that can be written to, its index included."""
    frame.index.name = "spoilt"
    if isinstance(frame.index, pd.DatetimeIndex):
        frame.index.asi8[:] = frame.index.asi8[::-1].copy()
    if isinstance(frame, pd.Series):
        frame.iloc[:] = frame.iloc[0]
        return
    for name in list(frame.columns):
        frame[name] = frame[name].iloc[0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["bars", "targets", "regimes", "features"])
def test_writing_to_what_is_handed_out_reaches_nobody(kind: str, mode: str) -> None:
    @adm.container("ensemble", may_consume=("bars", "regimes", "features"))
    def vandal(targets: Any, bars: Any = None, regimes: Any = None, features: Any = None) -> Any:
        kept = targets.copy(deep=True)
        kept.index = kept.index.copy(deep=True)
        taken = {"bars": bars, "targets": targets, "regimes": regimes}
        spoil(features["sma(5)"] if kind == "features" else taken[kind])
        return kept

    workflow = config(around(VANDAL), optimization={"classifiers": [CLASSIFIER, "volatility"]})
    expected = undisturbed(optimization={"classifiers": [CLASSIFIER, "volatility"]})
    same_numbers(run(workflow, mode).stats, expected)


@pytest.mark.parametrize("mode", MODES)
def test_writing_to_settings_orders_and_fills_reaches_nobody(mode: str) -> None:
    @adm.container("analysis", may_consume=("orders", "settings", "bars"))
    def vandal(fills: Any, orders: Any = None, settings: Any = None, bars: Any = None) -> Any:
        for frame in (fills.trades, fills.equity, fills.unfilled, orders, bars):
            if frame is not None and len(frame):
                spoil(frame)
        settings.clear()
        fills.settings.clear()
        for name in dir(fills):
            assert name.startswith("_") or not isinstance(getattr(fills, name), np.ndarray)
        return {}

    tree = around(Node("analysis", container="vandal"), inside="classifier/risk", after="execution")
    same_numbers(
        run(config(tree, optimization={"classifiers": [CLASSIFIER]}), mode).stats,
        undisturbed(),
    )


class Remembers:
    """A container that would trade by what it saw before."""

    seen: list[int] = []  # noqa: RUF012  # the mistake that this is about
    table: dict[str, int] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.calls = 0
        self.frames: list[Any] = []

    def process(self, targets: Any) -> Any:
        disturbed = bool(self.calls or self.seen or self.table or self.frames)
        self.calls += 1
        self.seen.append(1)
        self.table["calls"] = 1
        self.frames.append(targets)
        return targets * 0 if disturbed else targets


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", ["class", "object"])
def test_what_an_object_or_its_class_keeps_is_forgotten(form: str, mode: str) -> None:
    adm.container("ensemble", "vandal")(Remembers if form == "class" else Remembers())
    workflow = config(around(VANDAL), optimization={"classifiers": [CLASSIFIER]})
    same_numbers(run(workflow, mode).stats, undisturbed())
    assert Remembers.seen == []
    assert Remembers.table == {}


@pytest.mark.parametrize("mode", MODES)
def test_mutable_defaults_are_new_each_time(mode: str) -> None:
    @adm.container("ensemble")
    def vandal(targets: Any, seen: Any = []) -> Any:  # noqa: B006  # the mistake that this is about
        seen.append(1)
        return targets * (len(seen) == 1)

    same_numbers(run(config(around(VANDAL), optimization={"classifiers": [CLASSIFIER]}), mode).stats, undisturbed())


@pytest.mark.parametrize("mode", MODES)
def test_a_buffer_that_is_returned_again_and_again_is_copied(mode: str) -> None:
    buffer = np.zeros(120)

    @adm.container("indicator", may_consume=("features",))
    def reused(bars: Any, features: Any = None) -> Any:
        buffer[:] = bars["close"].rolling(3).mean()
        return pd.Series(buffer, index=bars.index, name="m", copy=False)

    @adm.container("strategy", may_consume=("features",))
    def trader(bars: Any, features: Any = None) -> Any:
        found = (bars["close"] > features["m"]).astype(float)
        buffer[:] = 0.0
        return found

    nodes = ["data", {"role": "indicator", "container": "reused"}]
    trade = {"risk": [{"portfolio": [{"role": "strategy", "container": "trader"}]}, "execution"]}
    workflow = config([*nodes, trade])
    workflow.optimization_config = {"risk_profiles": ["conservative", "moderate", {"type": "custom", "size": 1.0}]}
    result = both(workflow)
    assert result.stats["n_trades"].min() > 0
    alone = config([*nodes, {"portfolio": [{"role": "strategy", "container": "trader"}]}, "execution"])
    alone.optimization_config = {}
    assert run(alone, mode).stats["n_trades"][0] == result.stats["n_trades"][2]


def test_a_users_indicator_that_reuses_its_array_leaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(INDICATORS, "_loaded", dict(INDICATORS.snapshot()))
    monkeypatch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))
    buffer = np.zeros(120)

    @adm.indicator
    def reused_mean(bars: Any, n: int = 3) -> Any:
        buffer[:] = bars["close"].rolling(n).mean()
        return pd.Series(buffer, index=bars.index, copy=False)

    rules = [
        {"type": "rule", "parameters": {"entry": f"close > reused_mean({a})", "exit": f"close < reused_mean({b})"}}
        for a, b in ((3, 4), (9, 3), (4, 20))
    ]
    together = both(config(optimization={"strategies": rules}))
    for row, rule in enumerate(rules):
        alone = run(config(optimization={"strategies": [rule]}), "traditional")
        assert together.stats["final_equity"][row] == pytest.approx(alone.metrics["final_equity"], rel=1e-12)


def test_a_report_that_is_kept_and_changed_later_stays_as_it_was() -> None:
    diary: dict[str, int] = {"rows": 0}

    @adm.container("analysis")
    def diarist(fills: Any) -> Any:
        diary["rows"] += 1
        return diary

    tree = around(Node("analysis", container="diarist"), inside="classifier/risk", after="execution")
    plan, tree_ = built(config(tree))
    tree_.open()
    details = [tree_.detail(plan.row(i)) for i in range(3)]
    tree_.close()
    assert [d.reports[0]["classifier/risk/diarist"]["rows"] for d in details] == [1, 2, 3]


def test_arrays_that_rows_share_cannot_be_written_to() -> None:
    sections = {"classifiers": [CLASSIFIER], "risk_profiles": ["moderate"]}
    plan, tree = built(config(get("full_backtest"), optimization=sections))
    tree.open()
    row = plan.row(1)
    products = tree.products(row, row.sleeves[0])
    shared = [node for node in tree.nodes if node.shelf is not None]
    assert {node.role for node in shared} >= {"data", "indicator", "classifier", "risk", "strategy", "ensemble"}
    arrays = [a for node in shared for a in arrays_in(products[node.path])]
    arrays += [a for item, *_ in tree._features.items.values() for a in arrays_in(item)]
    assert len(arrays) > 8
    assert not [a for a in arrays if a.flags.writeable]
    tree.close()


def test_the_users_frame_is_left_alone() -> None:
    @adm.container("ensemble", may_consume=("bars",))
    def vandal(targets: Any, bars: Any = None) -> Any:
        kept = targets.copy(deep=True)
        kept.index = kept.index.copy(deep=True)
        spoil(bars)
        return kept

    from adm_notebook.testing import sample_bars

    frame = sample_bars(120)
    for mode in MODES:
        run(config(around(VANDAL), frame=frame), mode)
    assert frame.equals(sample_bars(120))
    assert frame.index.name is None
    assert frame.index.equals(sample_bars(120).index)
