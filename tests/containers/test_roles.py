"""A user's container in every role, as function, class and object: both modes agree, and mistakes are named."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from container_cases import CLASSIFIER, MODES, both, config, run

import adm_notebook as adm
from adm_notebook.patterns import ROLES, Node, get
from adm_notebook.testing import sample_bars


def above(bars: pd.DataFrame, n: int) -> pd.Series[float]:
    mean = bars["close"].rolling(n).mean()
    return (bars["close"] > mean).astype(float).where(mean.notna())


def quiet(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.assign(close=bars["close"].round(), high=bars["high"] + 1, low=bars["low"] - 1)


CODE: dict[str, dict[str, Any]] = {
    "data": {"process": quiet, "kinds": ("bars",)},
    "indicator": {"process": lambda bars: bars["close"].rolling(3).mean().rename("m"), "kinds": ("bars",)},
    "classifier": {
        "process": lambda bars: above(bars, 5).map({1.0: "up", 0.0: "down"}),
        "kinds": ("bars",),
    },
    "risk": {"process": lambda bars: {"stop_loss": {"atr": 2}, "size_mode": "risk", "size": 0.02}, "kinds": ("bars",)},
    "strategy": {"process": lambda bars: above(bars, 4), "kinds": ("bars",)},
    "ensemble": {
        "process": lambda targets, bars: targets.where(bars["close"] > bars["close"].shift(), 0),
        "kinds": ("targets", "bars"),
    },
    "portfolio": {"process": lambda targets, settings: targets, "kinds": ("targets", "settings")},
    "execution": {
        "process": lambda bars, orders, settings: adm.simulate(bars, orders, commission=0.002),
        "kinds": ("bars", "orders", "settings"),
    },
    "analysis": {"process": lambda fills: {"trades": len(fills.trades)}, "kinds": ("fills",)},
    "signal_log": {"process": lambda targets: float(targets.abs().sum()), "kinds": ("targets",)},
}
"""A container's work by role."""


def registered(role: str, form: str) -> None:
    """The container `mine` of a role, in one of the three forms."""
    work, kinds = CODE[role]["process"], CODE[role]["kinds"]
    if form == "function":

        def mine(**given: Any) -> Any:
            return work(**given)

        adm.container(role, "mine", consumes=kinds)(mine)
        return

    class Mine:
        def process(self, **given: Any) -> Any:
            self.last = given  # nothing that it keeps may matter
            return work(**given)

    adm.container(role, "mine", consumes=kinds)(Mine if form == "class" else Mine())


def tree_with(role: str) -> Any:
    """`full_backtest` with the container `mine` at the place of a role."""
    tree = get("full_backtest").named("with_mine")
    node = Node(role, container="mine")
    if role == "analysis":
        return tree.add(node, inside="classifier/risk", after="execution")
    if role in ("data", "ensemble"):
        inside = "" if role == "data" else "classifier/risk/portfolio"
        return tree.add(node, inside=inside, after=role)
    return tree.replace(tree.of_role(role)[0][0], node)


@pytest.mark.parametrize("form", ["function", "class", "object"])
@pytest.mark.parametrize("role", list(ROLES))
def test_a_container_of_every_role_runs_in_both_modes(role: str, form: str) -> None:
    registered(role, form)
    workflow = config(tree_with(role))
    if role == "strategy":
        workflow.optimization_config = {}
    if role != "classifier":
        workflow.optimization_config["classifiers"] = [CLASSIFIER]
    result = both(workflow)
    assert (result.stats["status"] == "ok").all()
    assert result.stats["n_trades"].sum() > 0
    assert "mine" in set(result.containers["name"])


@pytest.mark.parametrize("role", ["classifier", "risk", "strategy", "ensemble", "portfolio", "execution"])
def test_it_changes_what_is_traded(role: str) -> None:
    registered(role, "function")
    workflow = config(tree_with(role), optimization={"strategies": [{"type": "buy_and_hold", "regimes": ["up"]}]})
    plain = config(get("full_backtest"))
    if role == "strategy":
        workflow.optimization_config = {}
    else:
        plain.optimization_config["strategies"] = [{"type": "buy_and_hold", "regimes": ["up"]}]
    if role != "classifier":
        workflow.optimization_config["classifiers"] = [CLASSIFIER]
    plain.optimization_config["classifiers"] = [CLASSIFIER]
    equal = both(workflow).metrics["final_equity"] == both(plain).metrics["final_equity"]
    assert equal == (role == "portfolio")  # the one that hands on what it is given


def test_reports_of_every_row_and_sleeve_are_kept() -> None:
    registered("analysis", "function")
    result = both(config(tree_with("analysis")))
    for row in result.stats.index:
        (report,) = result.detail(row).reports
        assert report == {"classifier/risk/mine": {"trades": len(result.detail(row).trades)}}
    frames = {"A": sample_bars(60), "B": sample_bars(60, seed=2)}
    combined = config(tree_with("analysis"), frame=frames, backtest_config={"portfolio": {"combine": True}})
    assert len(both(combined).detail(0).reports) == 2


def test_the_built_in_analysis_reports_the_metrics() -> None:
    tree = get("simple_backtest").add(Node("analysis"), after="execution")
    result = both(config(tree))
    detail = result.detail(1)
    assert detail.reports[0]["analysis"] == pytest.approx(dict(detail.metrics), nan_ok=True)


def test_parameters_come_from_the_pattern_typed_like_their_defaults() -> None:
    seen = []

    @adm.container("strategy")
    def held(bars: Any, share: float = 0.5, word: str = "x") -> Any:
        seen.append((share, type(share), word))
        return pd.DataFrame({"target": 1.0, "strength": share}, index=bars.index)

    node = {"role": "strategy", "container": "held", "parameters": {"share": 1, "word": "y"}}
    workflow = config(["data", {"portfolio": [node]}, "execution"])
    workflow.optimization_config = {}
    both(workflow)
    assert set(seen) == {(1.0, float, "y")}


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"windo": 3}, "has the parameter windo, which swings has not. Did you mean `window`?"),
        ({"window": "three"}, "has the parameter window of swings, which must be a whole number, but was 'three'"),
    ],
)
def test_wrong_parameters_are_named_before_anything_runs(parameters: Any, sentence: str) -> None:
    @adm.container("classifier")
    def swings(bars: Any, window: int = 5) -> Any:
        return above(bars, window).map({1.0: "up", 0.0: "down"})

    node = {"role": "classifier", "container": "swings", "parameters": parameters}
    with pytest.raises(adm.ConfigError, match=re.escape(sentence)):
        adm.EnhancedCoordinator().plan(config(["data", node, {"portfolio": ["strategies"]}, "execution"]), "composable")


WRONG: dict[str, tuple[str, Any, str]] = {
    "raises": ("classifier", lambda bars: 1 / 0, "container mine raised ZeroDivisionError: division by zero"),
    "too short": (
        "classifier",
        lambda bars: above(bars, 5).dropna(),
        r"container mine returned 116 values for 120 bars",
    ),
    "numbers for labels": (
        "classifier",
        lambda bars: above(bars, 5),
        "container mine must return labels as text.*but bar 4 has 1.0",
    ),
    "no target": ("strategy", lambda bars: above(bars, 5) * 2, r"container mine .*targets -1, 0 or \+1.*bar"),
    "nothing": ("strategy", lambda bars: None, "container mine must return a Series or a DataFrame.*return.*missing"),
    "a word for settings": ("risk", lambda bars: "tight", "container mine must return a dict of settings"),
    "a setting of the account": ("risk", lambda bars: {"commission": 0.1}, "container mine .*commission"),
    "a setting out of range": ("risk", lambda bars: {"stop_loss": -1}, "container mine .*stop_loss"),
    "no simulation": ("execution", lambda bars, orders, settings: bars, "container mine must return what adm.simulate"),
    "fewer bars": (
        "execution",
        lambda bars, orders, settings: adm.simulate(bars.iloc[:50], orders.iloc[:50]),
        "container mine simulated 50 bars, but there are 120",
    ),
    "an indicator's words": (
        "indicator",
        lambda bars: bars["close"].map(lambda c: "dear" if c > 99 else "cheap"),
        "container mine.* must return numbers",
    ),
    "prices out of order": ("data", lambda bars: bars.assign(high=1.0), "container mine gave bars that can't be used"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_container_gives_wrongly_fails_the_row_with_its_name(wrong: str) -> None:
    role, work, sentence = WRONG[wrong]
    adm.container(role, "mine", consumes=CODE[role]["kinds"])(lambda **given: work(**given))
    workflow = config(tree_with(role))
    if role == "strategy":
        workflow.optimization_config = {}
    said = set()
    for mode in MODES:
        result = run(workflow, mode)
        assert not result.success
        assert (result.stats["status"] == "failed").all()
        said |= set(result.stats["error"])
    (error,) = said
    assert re.search(sentence, error), error


def test_several_kinds_come_in_a_dict_by_kind() -> None:
    @adm.container("strategy", produces=("targets", "regimes"))
    def two(bars: Any) -> Any:
        return {"targets": above(bars, 4), "regimes": above(bars, 8).map({1.0: "up", 0.0: "down"})}

    @adm.container("ensemble")
    def only_up(targets: Any, regimes: Any) -> Any:
        return targets.where(regimes == "up", 0)

    nodes = [
        "data",
        {
            "portfolio": [
                {"role": "strategy", "container": "two"},
                {"role": "ensemble", "container": "only_up"},
            ]
        },
        "execution",
    ]
    workflow = config(nodes)
    workflow.optimization_config = {}
    assert both(workflow).stats["n_trades"].sum() > 0

    @adm.container("strategy", "two", produces=("targets", "regimes"))
    def forgets(bars: Any) -> Any:
        return {"targets": above(bars, 4)}

    for mode in MODES:
        assert (
            "container two must return a dict with the keys 'targets', 'regimes'"
            in run(workflow, mode).stats["error"][0]
        )


def test_registering_again_replaces_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    registered("classifier", "function")
    assert capsys.readouterr().out == ""
    registered("classifier", "function")
    assert capsys.readouterr().out == "The container `mine` was there already; it is replaced.\n"


@pytest.mark.parametrize("name", ["risk", "strategies", "stored_signals"])
def test_names_of_built_ins_are_refused(name: str) -> None:
    with pytest.raises(adm.ConfigError, match="is built in and is not replaced; choose another name"):
        adm.container("risk", name)(lambda bars: {})


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: adm.container("clasifier"), adm.ConfigError, "Did you mean `classifier`?"),
        (lambda: adm.container("risk", consumes=["bar"]), adm.ConfigError, "Did you mean `bars`?"),
        (lambda: adm.container("risk", "x")(3), TypeError, "a container is a function, or has a method process"),
    ],
)
def test_what_is_no_container_is_refused(make: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        make()


def test_the_built_in_containers_are_always_there() -> None:
    before = adm.register_execution_containers()
    assert adm.register_execution_containers() == before
    assert set(ROLES) <= set(before)


def test_numpy_arrays_do_as_answers() -> None:
    adm.container("strategy", "mine")(lambda bars: np.where(bars["close"] > bars["close"].shift(), 1, -1))
    workflow = config(tree_with("strategy"))
    workflow.optimization_config = {}
    assert both(workflow).stats["n_trades"].sum() > 0
