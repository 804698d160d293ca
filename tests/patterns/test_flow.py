"""Who sees what: the library by hand, any tree by the rule as it is written down."""

from __future__ import annotations

from hypothesis import given
from pattern_cases import OwnContainer, patterns

from adm_notebook.patterns import CONTAINERS, KINDS, ROLES, Node, Pattern, flow, get


def kinds_of(node: Node) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    found = CONTAINERS.find(node.container_name)
    known = found if found is not None and found.role == node.role else ROLES[node.role]
    return known.consumes, known.may_consume, known.produces


@given(patterns())
def test_sources_are_the_nearest_that_the_rule_lets_a_container_see(pattern: Pattern) -> None:
    flowing = flow(pattern)
    assert list(flowing.steps) == list(pattern.paths())
    assert sorted(flowing.order) == sorted(pattern.paths())
    for path, node in pattern.walk():
        step = flowing.steps[path]
        consumes, may_consume, gives = kinds_of(node)
        assert step.gives == gives
        children = [f"{path}/{child.name}" for child in node.children]
        outside = []  # the nearest first
        level = path
        while level:
            outer = level.rpartition("/")[0]
            siblings = [p for p in pattern.paths() if p.rpartition("/")[0] == outer]
            outside += reversed(siblings[: siblings.index(level)])
            if outer and flowing.when(outer) == "before":
                outside.append(outer)
            level = outer
        known = {kind for p in outside for kind in kinds_of(pattern.find(p))[2]}
        assert step.when == ("before" if known >= set(consumes) else "after")
        seen = outside if step.when == "before" else [*reversed(children), *outside]
        for kind in KINDS:
            nearest = next((p for p in seen if kind in kinds_of(pattern.find(p))[2]), None)
            if kind in (*consumes, *may_consume):
                assert step.sources.get(kind) == nearest
            else:
                assert kind not in step.sources
            assert (kind in step.missing) == (kind in consumes and nearest is None)


@given(patterns())
def test_whoever_is_read_has_run(pattern: Pattern) -> None:
    flowing = flow(pattern)
    place = {path: i for i, path in enumerate(flowing.order)}
    for path in pattern.paths():
        for kind, source in flowing.sources(path).items():
            assert place[source] < place[path]
            assert path in flowing.readers[source, kind]
        for child in pattern.find(path).children:
            before = place[path] < place[f"{path}/{child.name}"]
            assert before == (flowing.when(path) == "before")


def test_full_backtest_flows_as_it_is_drawn() -> None:
    flowing = flow(get("full_backtest"))
    portfolio = "classifier/risk/portfolio"
    assert flowing.order == (
        "data",
        "indicators",
        "classifier",
        "classifier/risk",
        f"{portfolio}/strategies",
        f"{portfolio}/ensemble",
        f"{portfolio}/signal_log",
        portfolio,
        "classifier/risk/execution",
    )
    assert flowing.sources(portfolio) == {
        "targets": f"{portfolio}/ensemble",
        "bars": "data",
        "settings": "classifier/risk",
        "regimes": "classifier",
    }
    assert flowing.sources("classifier/risk/execution")["orders"] == portfolio


def test_an_ensemble_supersedes_the_strategies_for_whoever_comes_later() -> None:
    flowing = flow(get("signal_generation"))
    assert flowing.sources("classifier/ensemble")["targets"] == "classifier/strategies"
    assert flowing.sources("classifier/signal_log")["targets"] == "classifier/ensemble"


def test_stored_signals_reach_the_portfolio_through_the_votes() -> None:
    flowing = flow(get("signal_replay"))
    assert flowing.sources("ensemble")["targets"] == "stored_signals"
    assert flowing.sources("risk/portfolio")["targets"] == "ensemble"
    assert flowing.sources("risk/portfolio")["regimes"] == "stored_signals"


def test_siblings_inside_do_not_see_each_others_children() -> None:
    """Two risk profiles, each with a portfolio: neither execution reads the other's orders."""
    branch = (Node("portfolio", children=(Node("strategy"),)), Node("execution"))
    own = [OwnContainer(name, "risk", ("bars",), ("settings",)) for name in ("calm", "bold")]
    for container in own:
        CONTAINERS.register(container.name, container)
    pattern = Pattern("two", nodes=(Node("data"), *(Node("risk", container=c.name, children=branch) for c in own)))
    flowing = flow(pattern)
    for name in ("calm", "bold"):
        assert flowing.sources(f"{name}/execution") == {
            "bars": "data",
            "orders": f"{name}/portfolio",
            "settings": name,
        }


def test_a_users_container_flows_as_it_declares() -> None:
    CONTAINERS.register("meta", OwnContainer("meta", "classifier", ("targets",), ("regimes", "features")))
    pattern = Pattern(
        "own", nodes=(Node("data"), Node("classifier", container="meta", children=(Node("strategy"),)), Node("risk"))
    )
    flowing = flow(pattern)
    assert flowing.when("meta") == "after"
    assert flowing.sources("meta") == {"targets": "meta/strategies"}
    assert flowing.sources("risk") == {"bars": "data", "features": "meta", "regimes": "meta"}
