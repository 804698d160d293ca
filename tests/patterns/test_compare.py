"""Two patterns compared: an edit is one row, a move is a move, and the fewest of them."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st
from pattern_cases import patterns, told_apart

from adm_notebook.patterns import Node, Pattern, compare_patterns, get


def rows(a: Pattern, b: Pattern) -> list[tuple[str, str | None, str | None]]:
    return [(row.change, row.old, row.new) for row in compare_patterns(a, b).rows]


@given(patterns(), patterns())
def test_there_are_rows_exactly_where_trees_differ(a: Pattern, b: Pattern) -> None:
    assert not compare_patterns(a, a)
    diff = compare_patterns(a, b)
    assert bool(diff) == (a.nodes != b.nodes)
    assert [row.old for row in diff.of("removed")] == [p for p in a.paths() if p not in diff.matched.values()]
    assert [row.new for row in diff.of("added")] == [p for p in b.paths() if p not in diff.matched]
    assert len(set(diff.matched.values())) == len(diff.matched)
    for new, old in diff.matched.items():
        assert a.find(old).role == b.find(new).role
    assert len(diff.text().splitlines()) == 1 + len(diff.rows)


@given(patterns(), patterns())
def test_the_way_back_has_as_many_rows_of_each_kind(a: Pattern, b: Pattern) -> None:
    there, back = compare_patterns(a, b), compare_patterns(b, a)
    assert len(there.of("added")) - len(there.of("removed")) == len(back.of("removed")) - len(back.of("added"))


@given(told_apart(), st.data())
def test_adding_and_removing_is_that_many_rows(pattern: Pattern, data: st.DataObject) -> None:
    inside = data.draw(st.sampled_from(["", *pattern.paths()]))
    added = pattern.add(Node("analysis", "new"), inside)
    path = f"{inside}/new".lstrip("/")
    assert rows(pattern, added) == [("added", None, path)]
    assert rows(added, pattern) == [("removed", path, None)]
    assume(pattern.paths())
    gone = data.draw(st.sampled_from(pattern.paths()))
    inner = [p for p in pattern.paths() if f"{p}/".startswith(f"{gone}/")]
    assert rows(pattern, pattern.remove(gone)) == [("removed", p, None) for p in inner]


@given(told_apart(), st.data())
def test_a_level_that_comes_or_goes_moves_nothing(pattern: Pattern, data: st.DataObject) -> None:
    assume(pattern.paths())
    path = data.draw(st.sampled_from(pattern.paths()))
    assert rows(pattern, pattern.remove(path, keep_children=True)) == [("removed", path, None)]
    wrapped = pattern.add(Node("analysis", "level"), around=path)
    assert rows(pattern, wrapped) == [("added", None, f"{path.rpartition('/')[0]}/level".lstrip("/"))]


@given(told_apart(), st.data())
def test_a_move_is_one_row(pattern: Pattern, data: st.DataObject) -> None:
    assume(pattern.paths())
    path = data.draw(st.sampled_from(pattern.paths()))
    name, outer = path.rpartition("/")[2], path.rpartition("/")[0]
    inside = data.draw(st.sampled_from(["", *(p for p in pattern.paths() if not f"{p}/".startswith(f"{path}/"))]))
    there = [n.name for n in (pattern.find(inside).children if inside else pattern.nodes) if n.name != name]
    moved = pattern.move(path, inside, before=data.draw(st.sampled_from([None, *there])))
    found = compare_patterns(pattern, moved)
    if moved == pattern:
        assert not found
        return
    (row,) = found.rows
    assert row.change == "moved"
    if inside != outer:
        assert (row.old, row.new) == (path, f"{inside}/{name}".lstrip("/"))
    else:  # of two neighbours that change places either may be said to have moved
        assert row.old is not None
        assert row.old.rpartition("/")[0] == outer


@given(told_apart(), st.data())
def test_a_new_name_and_new_parameters_are_said_of_the_container(pattern: Pattern, data: st.DataObject) -> None:
    assume(pattern.paths())
    path = data.draw(st.sampled_from(pattern.paths()))
    node, outer = pattern.find(path), path.rpartition("/")[0]
    there = f"{outer}/renamed".lstrip("/")
    called = Node(node.role, "renamed", node.container, node.parameters, node.limits, node.children)
    assert rows(pattern, pattern.replace(path, called)) == [("renamed", path, there)]
    more = Node(node.role, node.name, node.container, {**node.parameters, "new": 1}, node.limits, node.children)
    assert rows(pattern, pattern.replace(path, more)) == [("changed", path, path)]


def test_the_fewest_moves_explain_a_new_order() -> None:
    kinds = ["data", "indicator", "classifier", "risk", "portfolio", "execution"]
    a = Pattern("a", nodes=tuple(map(Node, kinds)))
    b = a.move("data", after="execution")
    assert rows(a, b) == [("moved", "data", "data")]
    assert compare_patterns(a, b).rows[0].what == "was first"
    assert compare_patterns(b, a).rows[0].what == "was after execution"


def test_a_container_that_moves_and_changes_is_one_container() -> None:
    a = get("full_backtest")
    b = a.move("classifier/risk/portfolio/signal_log", inside="").replace(
        "signal_log", Node("signal_log", limits={"timeout_seconds": 9})
    )
    diff = compare_patterns(a, b)
    assert diff.text() == (
        "full_backtest → full_backtest: 1 moved, 1 changed\n"
        "↕ signal_log  was classifier/risk/portfolio/signal_log\n"
        "~ signal_log  limits.timeout_seconds 9, was left out"
    )


def test_another_container_in_its_place_is_a_change() -> None:
    a = get("full_backtest").replace("classifier", Node("classifier", "trend", "trend_of_mine", {"window": 20, "x": 1}))
    b = a.replace("trend", Node("classifier", "volatility", "volatility_of_mine", {"window": 50, "high": True}))
    assert compare_patterns(a, b).text() == (
        "full_backtest → full_backtest: 1 renamed, 1 changed\n"
        "~ volatility  was called trend\n"
        "~ volatility  container trend_of_mine -> volatility_of_mine; parameters.window 20 -> 50; "
        "parameters.x 1 -> left out; parameters.high True, was left out"
    )


def test_simple_and_full_backtest_differ_by_two_levels_and_a_log() -> None:
    assert compare_patterns(get("simple_backtest"), get("full_backtest")).text() == (
        "simple_backtest → full_backtest: 3 added\n"
        "+ classifier                            classifier\n"
        "+ classifier/risk                       risk\n"
        "+ classifier/risk/portfolio/signal_log  signal_log"
    )
    same = compare_patterns(get("simple_backtest"), get("simple_backtest").named("mine"))
    assert same.text() == "simple_backtest → mine: the same containers"
