"""`{{name}}`: variables come into a config typed, and can never become YAML."""

from __future__ import annotations

import string
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.errors import ConfigError
from adm_notebook.magics.insert import read_cell

FRAME = pd.DataFrame({"close": [1.0, 2.0]})


def value_of(text: str, **variables: Any) -> Any:
    """What `key: TEXT` holds."""
    return read_cell(f"key: {text}\n", variables)[0]["key"]


def problem_of(text: str, **variables: Any) -> tuple[str, int | None, int | None]:
    with pytest.raises(ConfigError) as caught:
        read_cell(text, variables)
    (problem,) = caught.value.problems
    return problem.message, problem.line, problem.column


@pytest.mark.parametrize("text", ["{{x}}", "{{ x }}", '"{{x}}"', "'{{x}}'", "{{box.x}}"])
@pytest.mark.parametrize("value", [5, 0.001, True, None, "rsi", [5, 10], {"min": 1, "max": 3}, FRAME], ids=repr)
def test_a_variable_keeps_its_type(text: str, value: Any) -> None:
    got = value_of(text, x=value, box=SimpleNamespace(x=value))
    assert got is value if value is FRAME else (got == value and type(got) is type(value))


@pytest.mark.parametrize(
    "values", [np.arange(3), range(3), (0, 1, 2), pd.Series([0, 1, 2]), pd.Index([0, 1, 2])], ids=type
)
def test_what_lists_values_becomes_a_list_of_pythons_numbers(values: Any) -> None:
    got = value_of("{{x}}", x=values)
    assert got == [0, 1, 2]
    assert {type(v) for v in got} == {int}


def test_a_numpy_number_becomes_pythons() -> None:
    assert type(value_of("{{x}}", x=np.float64(0.5))) is float


def test_lists_are_copied_so_that_a_run_cannot_be_changed_from_outside() -> None:
    windows = [5, 10]
    got = value_of("{{x}}", x=windows)
    windows.append(99)
    assert got == [5, 10]


def test_inside_a_text_numbers_and_texts_are_written_out() -> None:
    assert (
        value_of('"sma({{n}}) > {{level}} and {{name}}"', n=np.int64(5), level=0.5, name="close")
        == "sma(5) > 0.5 and close"
    )


def test_in_a_flow_list_and_mapping_it_is_one_value() -> None:
    assert value_of("[{{a}}, {b: {{b}}}]", a=[1], b=2) == [[1], {"b": 2}]


@given(st.text())
def test_text_is_never_read_as_yaml(text: str) -> None:
    values, _ = read_cell("before: 1\nkey: {{x}}\nlist: [{{x}}, 2]\nafter: 3\n", {"x": text})
    assert values == {"before": 1, "key": text, "list": [text, 2], "after": 3}


@given(st.text(string.printable))
def test_text_inside_text_stays_inside(text: str) -> None:
    values, _ = read_cell('key: "<{{x}}>"\nafter: 3\n', {"x": text})
    assert values == {"key": f"<{text}>", "after": 3}


def test_what_a_variable_holds_is_not_searched_for_variables() -> None:
    assert value_of("{{x}}", x="{{secret}}", secret=1) == "{{secret}}"


def test_a_variable_in_a_comment_is_not_looked_up() -> None:
    assert read_cell("key: 1  # {{nothing}}\n", {})[0] == {"key": 1}


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("windws", "there is no variable windws in this notebook. Did you mean `windows`?"),
        ("modul.digits", "there is no variable modul in this notebook. Did you mean `module`?"),
        ("box.fst", "SimpleNamespace has no attribute fst. Did you mean `fast`?"),
        ("windows[0]", "only a variable's name or name.attribute"),
        ("len(windows)", "only a variable's name or name.attribute"),
        ("windows.__class__", "__class__ is a private attribute"),
        ("box._hidden", "_hidden is a private attribute"),
        ("windows.append", "is a function; only values"),
        ("module", "is a module; only values"),
        ("", "only a variable's name or name.attribute"),
        ("1 + 1", "only a variable's name or name.attribute"),
        ("loop", "nested more than 50 levels deep"),
    ],
)
def test_what_cannot_be_inserted_is_named_where_it_stands(inner: str, said: str) -> None:
    loop: list[Any] = []
    loop.append(loop)
    box = SimpleNamespace(fast=5, _hidden=1)
    message, line, column = problem_of(f"a: 1\nkey: {{{{{inner}}}}}\n", windows=[5], box=box, module=string, loop=loop)
    assert said in message
    assert (line, column) == (3, 6)  # the magic line is line 1


@pytest.mark.parametrize(("inner", "near"), [("nope", open), ("Inn", [""]), ("Outt", {}), ("modul", string)])
def test_only_variables_that_could_be_inserted_are_suggested(inner: str, near: object) -> None:
    message, *_ = problem_of(f"key: {{{{{inner}}}}}\n", open=near, In=near, Out=near, module=near)
    assert "Did you mean" not in message


def test_nothing_is_ever_evaluated() -> None:
    calls = []
    problem_of("key: {{f()}}\n", f=lambda: calls.append(1))
    problem_of("key: {{f}}\n", f=lambda: calls.append(1))
    assert calls == []


def test_a_frame_inside_a_text_is_refused() -> None:
    assert "is a DataFrame" in problem_of('key: "a {{df}}"\n', df=FRAME)[0]


def test_a_key_is_no_place_for_a_variable() -> None:
    assert "variables are inserted as values only" in problem_of("{{x}}: 1\n", x="data_config")[0]


def test_an_attribute_that_raises_other_errors_shows_them() -> None:
    class Broken:
        @property
        def value(self) -> int:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_cell("key: {{x.value}}\n", {"x": Broken()})


def test_columns_of_other_errors_are_those_of_the_text_as_typed() -> None:
    message, line, column = problem_of("key: {a: {{x}}, b: {{y}}, a: 2}\n", x=1, y=2)
    assert "stands here twice" in message
    assert (line, column) == (2, 27)


def test_errors_of_the_yaml_show_insertions_as_they_were_typed() -> None:
    assert "{{x}}" in problem_of("{{x}}\n", x=1)[0]
