"""The line of a `%%adm` cell: what it takes, and what it says of slips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.errors import ConfigError
from adm_notebook.magics.line import cell_line, words_of


def test_an_empty_line_runs_into_result() -> None:
    asked = cell_line("")
    assert (asked.action, asked.name, asked.is_named, asked.mode, asked.settings) == ("run", "result", False, None, ())


def test_options_stand_anywhere_and_take_their_value_with_or_without_an_equals_sign() -> None:
    asked = cell_line("--mode=composable plan --set fast=[5, 10] golden --data 'my prices.csv' --set=slow=50 --quiet")
    assert (asked.action, asked.name, asked.quiet) == ("plan", "golden", True)
    assert asked.mode is not None
    assert asked.data is not None
    assert asked.mode.value == "composable"
    assert asked.data.value == "my prices.csv"
    assert [(s.key, s.value) for s in asked.settings] == [("fast", "[5, 10]"), ("slow", "50")]


def test_a_setting_knows_its_column_in_the_cell_as_typed() -> None:
    (setting,) = cell_line("run x --set commission=-1").settings
    assert "%%adm run x --set commission=-1"[setting.column - 1 :].startswith("commission")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--mod auto", "--mod  unknown option. Did you mean `--mode`?"),
        ("-q", "unknown option"),
        ("--mode", "--mode  needs a value"),
        ("--mode --quiet", "--mode  needs a value"),
        ("--quiet=yes", "--quiet  takes no value"),
        ("--mode auto --mode composable", "stands here twice: auto and composable"),
        ("--set commission", "must be KEY=VALUE"),
        ("--set commission=", "must be KEY=VALUE"),
        ("valdate", "Did you mean `validate`? To name the result so, write `%%adm run valdate`"),
        ("golden cross", "'golden'  unknown action"),
        ("run golden cross", "'cross'  is one word too many"),
        ("3x", "is no name for a variable"),
        ("run lambda", "is a keyword of Python; choose another name, e.g. lambda_run"),
        ("len", "is a builtin of Python; choose another name, e.g. len_run"),
        ("plan exit", "is a function of IPython"),
        ("validate get_ipython", "is a function of IPython"),
        ("run migrte now", "'now'  is one word too many"),
        ("--set fast=[5", "is not closed: ] is missing"),
        ("--data 'prices", "is not closed: ' is missing"),
    ],
)
def test_a_slip_in_the_line_is_named_and_points_to_the_help(line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cell_line(line)
    assert said in str(caught.value)
    assert "%adm help" in str(caught.value).splitlines()[0]


def test_all_slips_are_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        cell_line("--mod auto --set x --quiet=1")
    assert len(caught.value.problems) == 3


@given(st.lists(st.text("abc=[]{},:.\\/-", min_size=1).filter(lambda w: w.count("[") == w.count("]") == 0), max_size=5))
def test_words_without_quotes_and_brackets_are_parted_at_blanks(words: list[str]) -> None:
    words = [w.replace("{", "").replace("}", "") or "x" for w in words]
    assert [w.text for w in words_of("  ".join(words))] == words


@pytest.mark.parametrize("name", ["later", "run1", "plan_b", "planet", "golden", "_mine", "größe"])
def test_a_lone_word_is_a_name_unless_it_all_but_is_an_action(name: str) -> None:
    assert (cell_line(name).action, cell_line(name).name) == ("run", name)


@pytest.mark.parametrize(
    "name", ["In", "Out", "_", "___", "_i", "_iii", "_oh", "_12", "_i7", "__builtins__", "__name__"]
)
def test_names_that_a_kernel_needs_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="belongs to IPython or Python; choose another name"):
        cell_line(f"run {name}")


def test_brackets_keep_their_blanks_and_quotes() -> None:
    assert [w.text for w in words_of("""a=[5, "b c"] d={x: ']'} {{ name }} C:\\data\\x.csv it's""")] == [
        'a=[5, "b c"]',
        "d={x: ']'}",
        "{{ name }}",
        "C:\\data\\x.csv",
        "it's",
    ]
