"""The Pattern model: round trips, identity, edits that can be undone, the drawing."""

# ruff: noqa: E501  # a line of a table is one mistake and its message

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pattern_cases import nodes, patterns, told_apart

from adm_notebook.errors import ConfigError
from adm_notebook.patterns import PATTERNS, Limits, Node, Pattern, get


@given(patterns())
def test_yaml_and_mappings_read_back_equal(pattern: Pattern) -> None:
    assume(pattern.nodes)
    for back in (Pattern.from_yaml(pattern.to_yaml()), Pattern.from_mapping(pattern.to_dict())):
        assert back == pattern
        assert back.digest == pattern.digest
        assert back.extends == pattern.extends
        assert back.to_yaml() == pattern.to_yaml()


@given(patterns())
def test_copies_and_pickles_are_equal(pattern: Pattern) -> None:
    for twin in (copy.copy(pattern), copy.deepcopy(pattern), pickle.loads(pickle.dumps(pattern))):
        assert twin == pattern
        assert hash(twin) == hash(pattern)
        assert twin.digest == pattern.digest


@given(patterns())
def test_every_container_is_found_by_its_path(pattern: Pattern) -> None:
    paths = pattern.paths()
    assert len(set(paths)) == len(paths)
    for path, node in pattern.walk():
        assert pattern.find(path) is node
        assert path.rpartition("/")[2] == node.name
        assert pattern.has(node.role)
        outer = path.rpartition("/")[0]
        assert node in (pattern.find(outer).children if outer else pattern.nodes)


@given(patterns())
def test_the_drawing_has_a_line_a_container_within_80_columns(pattern: Pattern) -> None:
    lines = pattern.text().splitlines()
    assert len(lines) == 1 + len(pattern.paths())
    assert all(len(line) <= 80 for line in lines)


@given(told_apart(), nodes(depth=1), st.data())
def test_what_is_added_can_be_removed(pattern: Pattern, node: Node, data: st.DataObject) -> None:
    inside = data.draw(st.sampled_from(["", *pattern.paths()]))
    siblings = pattern.find(inside).children if inside else pattern.nodes
    name = data.draw(st.sampled_from([None, *(sibling.name for sibling in siblings)]))
    where = {} if name is None else {data.draw(st.sampled_from(["before", "after"])): name}
    assume(len(inside.split("/")) < 11)
    added = pattern.add(node, inside, **where)
    path = f"{inside}/{node.name}".lstrip("/")
    assert added.find(path) == node
    assert set(added.paths()) >= set(pattern.paths())
    assert added.remove(path) == pattern


@given(told_apart(), st.data())
def test_a_level_that_goes_around_siblings_can_be_taken_away(pattern: Pattern, data: st.DataObject) -> None:
    assume(pattern.paths())
    first = data.draw(st.sampled_from(pattern.paths()))
    outer = first.rpartition("/")[0]
    siblings = [node.name for node in (pattern.find(outer).children if outer else pattern.nodes)]
    at = siblings.index(first.rpartition("/")[2])
    end = data.draw(st.integers(at + 1, len(siblings)))
    around = [f"{outer}/{name}".lstrip("/") for name in siblings[at:end]]
    wrapped = pattern.add(Node("classifier", "level"), around=around)
    path = f"{outer}/level".lstrip("/")
    assert [node.name for node in wrapped.find(path).children] == siblings[at:end]
    assert wrapped.remove(path, keep_children=True) == pattern


@given(told_apart(), st.data())
def test_a_move_is_undone_by_a_move_back(pattern: Pattern, data: st.DataObject) -> None:
    assume(pattern.paths())
    path = data.draw(st.sampled_from(pattern.paths()))
    node, outer = pattern.find(path), path.rpartition("/")[0]
    inside = data.draw(st.sampled_from(["", *(p for p in pattern.paths() if not f"{p}/".startswith(f"{path}/"))]))
    siblings = [n.name for n in (pattern.find(outer).children if outer else pattern.nodes)]
    at = siblings.index(node.name)
    there = [n.name for n in (pattern.find(inside).children if inside else pattern.nodes) if n.name != node.name]
    before = data.draw(st.sampled_from([None, *there]))
    moved = pattern.move(path, inside, before=before)
    assert moved.find(f"{inside}/{node.name}".lstrip("/")) == node
    back = {"after": siblings[at - 1]} if at else {"before": siblings[1]} if len(siblings) > 1 else {}
    assert moved.move(f"{inside}/{node.name}".lstrip("/"), outer, **back) == pattern


@given(told_apart(), nodes(depth=1), st.data())
def test_what_is_replaced_can_be_put_back(pattern: Pattern, node: Node, data: st.DataObject) -> None:
    assume(pattern.paths())
    path = data.draw(st.sampled_from(pattern.paths()))
    old = pattern.find(path)
    changed = pattern.replace(path, node)
    there = f"{path.rpartition('/')[0]}/{node.name}".lstrip("/")
    assert changed.find(there).children == (node.children or old.children)
    assume(old.children or not changed.find(there).children)  # one without children takes over those that are there
    assert changed.replace(there, old) == pattern


@given(patterns())
def test_edits_leave_the_pattern_as_it_was(pattern: Pattern) -> None:
    before = pattern.to_yaml()
    for path in pattern.paths():
        pattern.remove(path)
        pattern.replace(path, Node("risk", "another"))
    assert pattern.to_yaml() == before


def test_a_digest_is_the_same_in_another_process() -> None:
    code = "from adm_notebook.patterns import PATTERNS; print([p.digest for p in PATTERNS.snapshot().values()])"
    there = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    ]
    assert there == [str([pattern.digest for pattern in map(get, PATTERNS.snapshot())])] * 2


def test_a_digest_changes_with_the_tree_and_not_with_words_about_it() -> None:
    full = get("full_backtest")
    assert full.named("other", "Another sentence.").digest == full.digest
    limited = full.replace("indicators", Node("indicator", limits={"max_memory_mb": 100}))
    assert limited.digest == full.digest
    assert limited != full
    others = [
        full.remove("classifier", keep_children=True),
        full.move("indicators", before="data"),
        full.replace("classifier", Node("classifier", "regimes")),
        full.replace("classifier", Node("classifier", "classifier", "mine")),
        full.replace("classifier", Node("classifier", "classifier", "mine", {"window": 20})),
        full.replace("classifier", Node("classifier", "classifier", "mine", {"window": 21})),
    ]
    digests = {pattern.digest for pattern in [full, *others]}
    assert len(digests) == len(others) + 1


def test_whole_numbers_are_one_number_and_truth_is_none() -> None:
    two, real, truth, one = (Node("risk", parameters={"x": value}) for value in (2, 2.0, True, 1))
    assert two == real
    assert hash(two) == hash(real)
    assert truth != one
    assert Pattern("p", nodes=(two,)).digest == Pattern("p", nodes=(real,)).digest


def test_names_come_from_roles_and_are_told_apart() -> None:
    pattern = Pattern("p", nodes=(Node("strategies"), Node("Strategy"), Node("risk profile"), Node("strategy", "mine")))
    assert pattern.paths() == ("strategies", "strategies_2", "risk", "mine")
    assert pattern.add(Node("strategy")).paths()[-1] == "strategies_3"
    assert Node("strategy", container="stored-signals").name == "stored_signals"
    assert Node("risk", container="risk") == Node("risk")


def test_nothing_in_a_pattern_can_be_changed() -> None:
    node = Node("risk", parameters={"stops": {"loss": [0.1, 0.2]}})
    with pytest.raises(AttributeError):
        node.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError, match="can't be changed"):
        node.parameters["stops"] = 1  # type: ignore[index]
    with pytest.raises(TypeError, match="can't be changed"):
        node.parameters["stops"].update(loss=1)
    assert node.parameters["stops"]["loss"] == (0.1, 0.2)
    mine = {"window": 20}
    kept = Node("risk", parameters=mine)
    mine["window"] = 50
    assert kept.parameters["window"] == 20


def test_numbers_of_numpy_become_plain_and_mappings_compare_with_dicts() -> None:
    node = Node("risk", parameters={"x": np.float64(0.5), "y": np.arange(3), "z": {"a": 1}})
    assert node.parameters == {"x": 0.5, "y": (0, 1, 2), "z": {"a": 1}}
    assert node.parameters != {"x": 0.5}
    assert node.parameters != 5
    assert type(node.parameters["x"]) is float
    assert copy.copy(node.parameters) is node.parameters


def test_a_list_of_containers_may_hold_nodes() -> None:
    given_ = [Node("data"), {"portfolio": [Node("strategy", "mine"), "strategies"]}, Node("execution")]
    pattern = Pattern.from_mapping(given_)
    assert pattern.paths() == ("data", "portfolio", "portfolio/mine", "portfolio/strategies", "execution")
    with pytest.raises(ConfigError, match=r"nodes\[1\]  has the name mine, as has nodes\[0\]; rename one of them"):
        Pattern.from_mapping([Node("strategy", "mine"), Node("risk", "mine")])


def test_a_number_that_is_taken_is_left_out() -> None:
    pattern = Pattern("p", nodes=(Node("risk"), Node("risk", "risk_2"), Node("risk")))
    assert pattern.paths() == ("risk", "risk_2", "risk_3")


def test_limits_are_read_from_a_mapping() -> None:
    assert Node("risk", limits={"max_memory_mb": 256}).limits == Limits(max_memory_mb=256)
    assert Node("risk", limits={}).limits is None


def test_the_drawing_names_roles_where_names_do_not() -> None:
    pattern = Pattern(
        "study",
        nodes=(
            Node("data", "prices"),
            Node("classifier", container="mine", children=(Node("portfolio", "main", children=(Node("strategies"),)),)),
            Node("strategy", "older", "stored_signals"),
        ),
    )
    assert pattern.text() == (
        "study\n"
        "├── prices (data)\n"
        "├── mine (classifier)\n"
        "│   └── main (portfolio)\n"
        "│       └── strategies\n"
        "└── older (strategy, stored_signals)"
    )


def test_the_library_is_written_as_a_tree_of_short_lines() -> None:
    assert (
        get("simple_backtest")
        .to_yaml()
        .endswith(
            "nodes:\n  - data\n  - indicators\n  - portfolio:\n      - strategies\n      - ensemble\n  - execution\n"
        )
    )


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda p: p.find("portfolio/strategie"), "simple_backtest has no container at 'portfolio/strategie'. Did you mean `portfolio/strategies`?"),
        (lambda p: p.find("ensemble"), "simple_backtest has no container at 'ensemble'. Did you mean `portfolio/ensemble`?"),
        (lambda p: p.find("zzz"), "There are: data, indicators, portfolio, portfolio/strategies, portfolio/ensemble, execution"),
        (lambda p: p.remove("risk"), "simple_backtest has no container at 'risk'"),
        (lambda p: p.add(Node("risk"), inside="nowhere"), "inside  simple_backtest has no container at 'nowhere'"),
        (lambda p: p.add(Node("risk"), before="portfolo"), "before  the outermost level has no 'portfolo'. Did you mean `portfolio`?"),
        (lambda p: p.add(Node("risk"), inside="portfolio", after="data"), "after  portfolio has no 'data'. There are: strategies, ensemble"),
        (lambda p: p.add(Node("risk"), inside="data", after="x"), "after  data has no 'x'. It is empty; leave it out"),
        (lambda p: p.add(Node("risk"), before="data", after="data"), "before  stands beside after; keep one of them"),
        (lambda p: p.add(Node("risk", "data")), "name  the outermost level has a container of the name data already; give this one another name"),
        (lambda p: p.add("risk"), "node  must be a Node, e.g. Node(\"classifier\"), but was 'risk'"),
        (lambda p: p.add(Node("risk"), around=["data", "portfolio"]), "around  data, portfolio don't stand next to each other: indicators is between them"),
        (lambda p: p.add(Node("risk"), around=["data", "portfolio/ensemble"]), "around  data, portfolio/ensemble are not inside one container; a level goes around siblings"),
        (lambda p: p.add(Node("risk"), around=[]), "around  names no path"),
        (lambda p: p.add(Node("risk"), inside="data", around="portfolio"), "around  says where the new container goes; leave inside, before and after out"),
        (lambda p: p.move("portfolio", inside="portfolio/ensemble"), "inside  portfolio can't go into itself; name a path outside it"),
        (lambda p: p.move("portfolio", before="portfolio"), "before  portfolio is what moves; name another container"),
        (lambda p: p.add(Node("risk", "ensemble")).move("portfolio/ensemble", inside=""), "name  the outermost level has a container of the name ensemble already"),
        (lambda p: p.add(Node("risk", "ensemble")).remove("portfolio", keep_children=True), "path  its child ensemble has a namesake in the outermost level; rename one, then remove portfolio"),
        (lambda p: p.replace("data", Node("risk", "portfolio")), "name  the outermost level has a container of the name portfolio already"),
    ],
)  # fmt: skip
def test_edits_that_can_not_be_made_say_why(edit, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError) as caught:
        edit(get("simple_backtest"))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Node("portfoli"), "role  unknown role 'portfoli'. Did you mean `portfolio`?"),
        (lambda: Node("zzzz"), "Roles: data, indicator, classifier, risk, strategy, ensemble, signal_log, portfolio, execution, analysis"),
        (lambda: Node(5), "role  must be a role"),
        (lambda: Node("risk", "a/b"), "name  can't be a name: 'a/b'; use letters, digits"),
        (lambda: Node("risk", " x"), "name  can't be a name: ' x'"),
        (lambda: Node("risk", container=" "), "container  must be the name of a container, but was ' '"),
        (lambda: Node("risk", parameters=[1]), "parameters  must be a mapping (name: value), but was [1]"),
        (lambda: Node("risk", parameters={"a": float("nan")}), "parameters.a  must be a finite number, but was nan"),
        (lambda: Node("risk", parameters={"a": [object]}), "parameters.a[0]  must be a number, text, true or false, a date, a list or a mapping"),
        (lambda: Node("risk", parameters={1: 2}), "parameters  has the key 1; keys must be text"),
        (lambda: Node("risk", limits={"max_memory": 3}), "limits.max_memory  unknown limit. Did you mean `max_memory_mb`?"),
        (lambda: Node("risk", limits={"max_memory_mb": 0}), "limits.max_memory_mb  must be a number above 0, but was 0"),
        (lambda: Node("risk", limits={"max_indicators": 1.5}), "limits.max_indicators  must be a whole number above 0, but was 1.5"),
        (lambda: Node("risk", limits=5), "limits  must be a mapping, but was 5"),
        (lambda: Node("risk", children=("data",)), "children  must be a sequence of nodes, but was ('data',)"),
        (lambda: Pattern("p", nodes=(Node("data", "x"), Node("risk", "x"))), "x  two containers in the outermost level have this name; rename one"),
        (lambda: Pattern("p", nodes=Node("data")), "nodes  must be a sequence of nodes"),
        (lambda: Pattern("p", description=5), "description  must be text, but was 5"),
    ],
)  # fmt: skip
def test_what_can_not_be_in_a_pattern_is_named(make, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError) as caught:
        make()
    assert said in str(caught.value)


def test_bombs_are_refused() -> None:
    node = Node("risk")
    for _ in range(3_000):
        node = Node("risk", children=(node,))
    with pytest.raises(ConfigError, match="nested more than 12 levels deep"):
        Pattern("deep", nodes=(node,))
    with pytest.raises(ConfigError, match="more than 500 containers"):
        Pattern("wide", nodes=tuple(Node("risk", f"r{i}") for i in range(501)))
    endless: dict[str, object] = {}
    endless["a"] = endless
    with pytest.raises(ConfigError, match="nested more than 20 levels deep, or holds itself"):
        Node("risk", parameters=endless)
