"""The pattern editor without a browser: edits and their history, what mends a problem, what the view is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.components import ParameterInfo
from adm_notebook.config.yaml_text import load_mapping
from adm_notebook.errors import ConfigError
from adm_notebook.patterns import CONTAINERS, PATTERNS, ROLES, Node, Pattern, compare_patterns, get, validate
from adm_notebook.patterns.validation import findings
from adm_notebook.widgets.base import module
from adm_notebook.widgets.editor import PatternEditor
from adm_notebook.widgets.pattern_state import as_text, from_text

HOSTILE = ["<img src=x onerror=alert(1)>", "a/b", "'\"", "x" * 10_000, "\u202eevil", "😀", "", " "]


@pytest.fixture(autouse=True)
def registries_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a container of a user's, gone afterwards."""
    for registry in (PATTERNS, CONTAINERS):
        monkeypatch.setattr(registry, "_loaded", dict(registry.snapshot()))

    @adm.container(role="risk")
    def kelly(bars: Any, fraction: float = 0.5, lookback: int = 60, steady: bool = True, method: str = "half") -> Any:
        """Sizes by the Kelly criterion."""


def asked(editor: PatternEditor, do: str, **more: Any) -> dict[str, Any]:
    """What the view sends; returns what is said then."""
    editor._on_message(editor, {"do": do, **more}, [])
    said: dict[str, Any] = editor.said
    return said


def paths_of(rows: list[list[Any]]) -> list[str]:
    """The paths that the view makes of its rows."""
    around: list[str] = []
    paths = []
    for depth, name, *_ in rows:
        around = [*around[: max(depth - 1, 0)], name] if depth else []
        paths.append("/".join(around))
    return paths


def agrees(editor: PatternEditor) -> None:
    """The view shows what Python has."""
    state, pattern = editor.state, editor.pattern
    assert state["name"] == pattern.name
    assert paths_of(state["rows"]) == ["", *pattern.paths()]
    assert state["problems"] == [[problem.path, problem.message] for problem in validate(pattern)]
    assert sum(row[4] for row in state["rows"]) == len(state["problems"])
    assert [[row[0], row[1]] for row in state["diff"]] == [
        [{"added": "+", "removed": "-", "moved": "↕"}.get(row.change, "~"), row.new or row.old]
        for row in compare_patterns(editor.original, pattern).rows
    ]
    assert editor.selected == "" or editor.selected in pattern.by_path
    assert editor.details["path"] == editor.selected
    json.dumps({name: getattr(editor, name) for name in editor.keys if not name.startswith("_")}, default=str)


# ---- random edits ---------------------------------------------------------------------------------------------------

places = st.integers(0, 30)
edits = st.one_of(
    st.tuples(st.just("add"), places, st.sampled_from([*ROLES, "kelly", "stored_signals"]), st.none() | places),
    st.tuples(st.just("remove"), places),
    st.tuples(st.just("rename"), places, st.sampled_from(["calm", "data", "risk", "größe 2", "a/b", ""])),
    st.tuples(st.just("move"), places, places, st.none() | places),
    st.tuples(
        st.just("set"),
        places,
        st.sampled_from(["fraction", "limits.max_memory_mb", "x"]),
        st.sampled_from([1, "a", None]),
    ),
    st.tuples(st.just("fill"), places, st.sampled_from(["kelly", "risk"])),
    st.tuples(st.sampled_from(["cut", "copy", "paste"]), places),
    st.tuples(st.just("mend"), st.integers(0, 3)),
)  # fmt: skip


def do(editor: PatternEditor, edit: tuple[Any, ...]) -> None:
    """Do an edit, whose places are numbers of rows; one that can't be done changes nothing."""
    name, *arguments = edit
    paths = ["", *editor.pattern.paths()]
    if name != "mend":
        arguments[0] = paths[arguments[0] % len(paths)]
    if name == "move":
        arguments[1] = paths[arguments[1] % len(paths)]
    before = editor.pattern
    try:
        getattr(editor, name)(*arguments)
    except ConfigError:
        assert editor.pattern is before


@given(name=st.sampled_from(["simple_backtest", "full_backtest", "signal_replay"]), made=st.lists(edits, max_size=12))
def test_edits_keep_a_tree_whose_problems_are_told_and_undo_and_redo_are_exact(
    name: str, made: list[tuple[Any, ...]]
) -> None:
    editor = PatternEditor(name)
    states = [editor.pattern]
    for edit in made:
        do(editor, edit)
        agrees(editor)
        if editor.pattern is not states[-1]:
            states.append(editor.pattern)
    for earlier in reversed(states[:-1]):
        editor.undo()
        assert editor.pattern is earlier
        agrees(editor)
    assert editor.pattern is editor.original
    with pytest.raises(ConfigError, match="nothing to undo"):
        editor.undo()
    for later in states[1:]:
        editor.redo()
        assert editor.pattern is later
    agrees(editor)


@given(name=st.sampled_from(list(PATTERNS.snapshot())), made=st.lists(edits, min_size=1, max_size=6))
def test_a_repair_mends_its_problem_and_brings_no_other(name: str, made: list[tuple[Any, ...]]) -> None:
    editor = PatternEditor(name)
    for edit in made:
        do(editor, edit)
    before = findings(editor.pattern)
    for number, finding in enumerate(before):
        repair = editor.repair_for(number)
        if repair is None:
            continue
        after = findings(repair.pattern)
        assert len(after) < len(before)
        assert (finding.path, finding.what, finding.kind, finding.message) not in [
            (each.path, each.what, each.kind, each.message) for each in after
        ]
        editor.mend(number)
        assert editor.pattern.nodes == repair.pattern.nodes
        editor.undo()


@given(
    info=st.sampled_from([ParameterInfo(t, None) for t in (None, int, float, bool)]),
    value=st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(st.integers(), max_size=3)
    | st.dates(),
)
def test_what_a_field_shows_is_read_back_as_the_same_value(info: ParameterInfo, value: Any) -> None:
    assert from_text(info, as_text(value, info)) == value


# ---- what is wrong, and what mends it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda e: e.move("data", "", 3), "Move data before indicators"),
        (lambda e: e.remove("data"), "Add data"),
        (lambda e: e.move("classifier/risk/portfolio/ensemble", "classifier/risk"), "Move into portfolio"),
        (lambda e: e.move("classifier/risk/execution", "classifier"), "Move into risk"),
        (lambda e: e.remove("classifier/risk/execution"), "Add execution after it"),
        (lambda e: e.remove("classifier/risk/portfolio"), "Add a portfolio before it"),
        (lambda e: e.add("classifier", "data"), "Remove data"),
        (lambda e: e.set("classifier", "window", 3), "Leave out window"),
    ],
)
def test_a_slip_is_mended_by_one_press(edit: Any, words: str) -> None:
    editor = PatternEditor("full_backtest")
    edit(editor)
    assert editor.problems
    repair = editor.repair_for()
    assert repair is not None
    assert repair.words == words
    editor.mend()
    assert editor.problems == []


def test_an_empty_pattern_is_begun_by_one_press() -> None:
    editor = PatternEditor(Pattern("new"))
    assert [problem.message for problem in editor.problems] == ["has no containers; begin with data"]
    editor.add("", "data")
    editor.add("", "portfolio")
    editor.add("portfolio", "strategies")
    editor.add("", "execution")
    assert editor.problems == []
    assert editor.pattern.paths() == ("data", "portfolio", "portfolio/strategies", "execution")


# ---- the same by the view's messages --------------------------------------------------------------------------------


def test_only_what_fits_is_added_from_the_palette_and_the_others_say_why() -> None:
    editor = PatternEditor("full_backtest")
    asked(editor, "look", path="classifier/risk", problem=0)
    fits = {item[0]: item[2] for item in editor.palette["items"]}
    assert fits["analysis"] is None
    assert fits["strategy"] == "needs a portfolio around it"
    assert fits["data"] == "there is one already: data"
    said = asked(editor, "add", path="classifier/risk", what="strategy")
    assert (said["text"], said["wrong"]) == ("strategy: needs a portfolio around it", "*")
    assert editor.pattern == editor.original
    said = asked(editor, "add", path="classifier/risk", what="analysis")
    assert said["text"] == "Added analysis, third of three in risk"
    assert editor.selected == "classifier/risk/analysis"


def test_a_move_is_told_with_its_place_and_marked_as_a_move() -> None:
    editor = PatternEditor("full_backtest")
    said = asked(
        editor, "move", path="classifier/risk/portfolio/signal_log", parent="classifier/risk/portfolio", index=1
    )
    assert said["text"] == "signal_log, second of three in portfolio"
    marks = {row[1]: [mark[1] for mark in row[5]] for row in editor.state["rows"] if row[5]}
    assert marks == {"signal_log": ["↕ moved"]}
    assert editor.state["about"] == "from full_backtest, 1 change"


def test_marks_say_what_is_new_what_it_was_and_what_was_changed() -> None:
    editor = PatternEditor("full_backtest")
    editor.rename("classifier", "trend regime")
    editor.fill("trend regime/risk", "kelly")
    editor.set("trend regime/kelly", "fraction", 0.3)
    editor.add("trend regime/kelly", "analysis")
    marks = {row[1]: [mark[1] for mark in row[5]] for row in editor.state["rows"] if row[5]}
    assert marks == {
        "trend regime": ["~ was classifier"],
        "kelly": ["~ was risk"],
        "analysis": ["+ new"],
    }


def test_while_something_is_dragged_the_view_hears_whether_it_can_be_dropped() -> None:
    editor = PatternEditor("full_backtest")
    risk = "classifier/risk"
    asked(editor, "try", key="1", what=risk, parent=f"{risk}/portfolio", index=0, new=False)
    assert editor.answer["stop"]
    assert "can't go into itself" in editor.answer["reason"]
    asked(editor, "try", key="2", what="strategy", parent=risk, index=None, new=True)
    assert editor.answer == {"key": "2", "reason": "needs a portfolio around it", "stop": True}
    asked(
        editor, "try", key="3", what=f"{risk}/portfolio/strategies", parent=f"{risk}/execution", index=None, new=False
    )
    assert editor.answer["reason"]
    assert not editor.answer["stop"]
    asked(editor, "try", key="4", what="analysis", parent=risk, index=0, new=True)
    assert editor.answer == {"key": "4", "reason": "needs an execution before it", "stop": True}
    assert editor.pattern == editor.original


def test_fields_follow_the_containers_parameters_and_limits() -> None:
    editor = PatternEditor("full_backtest")
    editor.fill("classifier/risk", "kelly")
    editor.selected = "classifier/kelly"
    fields = {field["name"]: field for field in editor.details["fields"]}
    assert [*fields] == [
        "=container", "fraction", "lookback", "steady", "method",
        "limits.max_memory_mb", "limits.timeout_seconds", "limits.max_indicators",
    ]  # fmt: skip
    assert (fields["fraction"]["text"], fields["fraction"]["default"]) == ("", "0.5")
    asked(editor, "check", key="check fraction", path="classifier/kelly", parameter="fraction", text="abc")
    assert editor.answer == {"key": "check fraction", "reason": "must be a number, but was 'abc'", "stop": True}
    said = asked(
        editor,
        "set",
        path="classifier/kelly",
        parameter="limits.max_memory_mb",
        text="-1",
        field="limits.max_memory_mb",
    )
    assert said["wrong"] == "limits.max_memory_mb"
    assert "above 0" in said["text"]
    asked(editor, "set", path="classifier/kelly", parameter="fraction", text="0.25")
    asked(editor, "set", path="classifier/kelly", parameter="steady", text="false")
    asked(editor, "set", path="classifier/kelly", parameter="limits.max_indicators", text="7")
    node = editor.pattern.find("classifier/kelly")
    assert dict(node.parameters) == {"fraction": 0.25, "steady": False}
    assert node.limits is not None
    assert node.limits.to_dict() == {"max_indicators": 7}
    asked(editor, "set", path="classifier/kelly", parameter="fraction", text="")
    assert dict(editor.pattern.find("classifier/kelly").parameters) == {"steady": False}
    assert editor.problems == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_or_kept_as_text_and_breaks_nothing(text: str) -> None:
    editor = PatternEditor("full_backtest")
    for message in (
        {"do": "rename", "path": "data", "name": text, "field": "=name"},
        {"do": "rename", "path": "", "name": text},
        {"do": "set", "path": "", "parameter": "description", "text": text},
        {"do": "set", "path": "data", "parameter": text, "text": text},
        {"do": "add", "path": text, "what": text, "index": text},
        {"do": "move", "path": text, "parent": None},
        {"do": "look", "path": text, "problem": text},
        {"do": "try", "key": text, "what": text, "parent": text},
        {"do": "check", "path": text, "parameter": text, "text": text},
        {"do": "save", "name": text},
        {"do": "export", "what": text},
        {"do": text},
        {},
        text,
    ):
        editor._on_message(editor, message, [])
        agrees(editor)
    assert Pattern.from_yaml(editor.to_yaml()) == editor.pattern
    assert load_mapping(editor.to_yaml())[0]["name"] == editor.pattern.name


# ---- leaving --------------------------------------------------------------------------------------------------------


def test_a_pattern_that_is_saved_is_used_by_its_name_and_others_stand_in_the_config() -> None:
    editor = PatternEditor("simple_backtest")
    assert editor.state["use"] == "Nothing is changed yet"
    editor.remove("portfolio/ensemble")
    assert editor.pattern.name == "my_simple_backtest"
    assert editor.config.parameters["pattern"] == editor.pattern.to_dict()
    asked(editor, "export", what="config")
    assert load_mapping(editor.sheet["text"])[0] == {"parameters": editor.config.parameters}
    assert asked(editor, "save", name="simple_backtest", field="save")["wrong"] == "save"
    assert asked(editor, "save", name="no_votes", field="save")["text"] == "Saved as no_votes."
    assert get("no_votes") == editor.pattern
    assert editor.config == adm.WorkflowConfig(parameters={"container_pattern": "no_votes"})
    assert editor.state["saved"]
    assert "no_votes" in repr(adm.EnhancedCoordinator().plan(editor.config))
    editor.remove("portfolio/strategies")
    with pytest.raises(ConfigError, match="targets"):
        _ = editor.config
    with pytest.raises(ConfigError):
        editor.save("broken")


def test_saving_again_says_that_the_old_one_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    editor = PatternEditor("simple_backtest")
    editor.remove("portfolio/ensemble")
    editor.save("mine")
    editor.add("", "analysis")
    assert editor.save("mine") == "Saved as mine. The pattern `mine` was there already; it is replaced."
    assert capsys.readouterr().out == ""


def test_cut_and_paste_keeps_what_is_inside_and_finds_a_place_beside() -> None:
    editor = PatternEditor("full_backtest")
    risk = "classifier/risk"
    editor.copy(risk)
    assert editor.paste("classifier") == "risk"  # two risk profiles below one another would be filled alike
    assert editor.pattern.find("risk") == editor.pattern.find(risk)
    assert editor.paste("") == "risk_2"
    editor.undo()
    editor.undo()
    editor.cut(f"{risk}/portfolio/signal_log")
    assert editor.paste(f"{risk}/portfolio/ensemble") == f"{risk}/portfolio/signal_log"
    assert editor.pattern == editor.original.named(editor.pattern.name)


def test_two_hundred_containers_are_told_in_few_bytes() -> None:
    inside = (Node("portfolio", children=(Node("strategy"), Node("ensemble"))), Node("execution"))
    group = [Node("classifier", f"c{i}", children=inside) for i in range(40)]
    editor = PatternEditor(Pattern("many", "", (Node("data"), *group)))
    assert len(editor.pattern.paths()) == 201
    assert len(json.dumps(editor.state)) < 25_000
    editor.rename("c39", "last")
    agrees(editor)


def test_without_widgets_the_tree_is_text() -> None:
    editor = PatternEditor("simple_backtest")
    bundle = editor._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == get("simple_backtest").text()
    assert repr(editor) == "<PatternEditor>"
    assert len(module("editor")) < 60_000


@pytest.mark.parametrize(
    "value", [get("simple_backtest"), get("simple_backtest").to_dict(), get("simple_backtest").to_yaml()]
)
def test_it_is_opened_on_whatever_a_pattern_may_be(value: Any) -> None:
    assert PatternEditor(value).pattern.nodes == get("simple_backtest").nodes


@pytest.mark.parametrize(("value", "said"), [("simpel_backtest", "Did you mean"), (3, "must be the name of a pattern")])
def test_what_is_no_pattern_is_refused(value: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        PatternEditor(value)
