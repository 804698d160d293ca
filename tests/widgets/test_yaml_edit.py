"""Changing one value in YAML text: the others, comments and layout stay."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.config.yaml_text import dump
from adm_notebook.errors import ConfigError
from adm_notebook.widgets.yaml_edit import parse_path, read, value_at, with_value, without

TEXT = """\
# my study
workflow_type: backtest   # for now
backtest_config:
  commission: 0.001       # what the broker takes
  strategy: {type: ma_crossover, parameters: {fast: 5, slow: 20}}
optimization_config:
  constraints:
    - fast < slow
"""

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1000, 1000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["a, b", "x: y", "# no comment", "[1", "it's", '"', "{", "}", "12:30", "1999-01-04", "<img>", "~"]),
)
KEYS = st.sampled_from(["a", "b", "commission", "fast", "data_config", "backtest_config"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


def paths_of(values: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(values, dict):
        items = list(values.items())
    elif isinstance(values, list):
        items = list(enumerate(values))
    return [p for key, item in items for p in ((*path, key), *paths_of(item, (*path, key)))]


def test_a_value_is_replaced_where_it_stands() -> None:
    changed = with_value(TEXT, parse_path("backtest_config.commission"), 0.002)
    assert changed == TEXT.replace("0.001 ", "0.002 ")
    deeper = with_value(TEXT, parse_path("backtest_config.strategy.parameters.fast"), [5, 10])
    assert deeper == TEXT.replace("fast: 5", "fast: [5, 10]")


def test_a_new_key_stands_below_the_others_of_its_section() -> None:
    changed = with_value(TEXT, parse_path("backtest_config.size"), 0.5)
    assert changed == TEXT.replace("20}}\n", "20}}\n  size: 0.5\n")
    inside = with_value(TEXT, parse_path("backtest_config.strategy.parameters.ma_type"), "ema")
    assert inside == TEXT.replace("slow: 20", "slow: 20, ma_type: ema")
    section = with_value(TEXT, parse_path("data_config.symbols"), ["SP500"])
    assert section == TEXT.replace("# for now\n", "# for now\ndata_config:\n  symbols: [SP500]\n")
    item = with_value(TEXT, ("optimization_config", "constraints", 1), "slow < 100")
    assert item == TEXT + "    - slow < 100\n"


def test_what_is_removed_takes_empty_sections_with_it() -> None:
    assert without(TEXT, parse_path("backtest_config.commission")) == TEXT.replace(
        "  commission: 0.001       # what the broker takes\n", ""
    )
    assert "optimization_config" not in without(TEXT, parse_path("optimization_config.constraints[0]"))
    assert without("a: {b: 1}\n", ("a", "b")) == ""


@pytest.mark.parametrize("path", ["", "a..b", "[0]", "a[x]", "a.", "a b[0"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="is no path"):
        parse_path(path)


def test_a_path_through_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="is no section"):
        with_value(TEXT, parse_path("workflow_type.deeper.still"), 1)
    with pytest.raises(ConfigError, match="nothing to remove"):
        without(TEXT, parse_path("backtest_config.nothing"))


@given(values=st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), new=VALUES, data=st.data())
def test_a_change_changes_nothing_else(values: dict[str, Any], new: Any, data: st.DataObject) -> None:
    text = dump(values)
    path = data.draw(st.sampled_from(paths_of(values)))
    expected = copy.deepcopy(values)
    value_at(expected, path[:-1])[path[-1]] = new
    assert read(with_value(text, path, new)) == expected


@given(values=st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), data=st.data())
def test_a_removal_removes_nothing_else(values: dict[str, Any], data: st.DataObject) -> None:
    text = dump(values)
    path = data.draw(st.sampled_from(paths_of(values)))
    expected = copy.deepcopy(values)
    while len(path) > 1 and len(value_at(expected, path[:-1])) == 1:
        path = path[:-1]
    del value_at(expected, path[:-1])[path[-1]]
    assert read(without(text, path)) == expected
