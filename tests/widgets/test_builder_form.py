"""The form of a config: a field for what it knows, whatever stands there, and the name of what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.components import CLASSIFIERS, RISK_PROFILES, STRATEGIES
from adm_notebook.config.homes import KEYS
from adm_notebook.config.settings import Settings
from adm_notebook.widgets.builder_fields import as_mode, field_of, meant
from adm_notebook.widgets.builder_form import choices, make_form
from adm_notebook.widgets.yaml_edit import value_at

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.dates(),
    st.text(max_size=8),
    st.sampled_from(["momentum", "ma_crossover", "ensemble", "trend", "custom", "sample", "csv", "simple_backtest"]),
)
NAMES = st.sampled_from(["type", "name", "parameters", "fast", "min", "max", "step", "members", "atr", "x"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=8,
)
SECTIONS = {
    name: st.one_of(VALUES, st.dictionaries(st.sampled_from([*keys, "odd"]), VALUES, max_size=4))
    for name, keys in KEYS.items()
}
CONFIGS = st.one_of(
    st.fixed_dictionaries(
        {}, optional={**SECTIONS, **dict.fromkeys(("workflow_type", "max_workers", "memory_limit_mb", "odd"), VALUES)}
    ),
    st.sampled_from([(name, key) for name, keys in KEYS.items() for key in keys]).flatmap(
        lambda at: st.fixed_dictionaries({at[0]: st.fixed_dictionaries({at[1]: VALUES})})
    ),
)


@settings(max_examples=300)
@given(values=CONFIGS)
def test_whatever_a_text_says_there_is_a_form(values: dict[str, Any]) -> None:
    form = make_form(values)
    json.dumps(form.state)
    paths = [field.path for field in form.fields]
    assert len(set(paths)) == len(paths)
    for name, section in values.items():
        if name not in KEYS or not isinstance(section, dict):
            continue
        for key, value in section.items():
            path = f"{name}.{key}"
            shown = any(p == path or p.startswith((f"{path}.", f"{path}[")) for p in paths) or any(
                entry.path.startswith(path) for entries in form.lists.values() for entry in entries
            )
            assert shown or path in form.rest, f"{path} is nowhere: {value!r}"


@given(values=CONFIGS)
def test_a_field_that_is_left_as_it_is_means_what_stands_there(values: dict[str, Any]) -> None:
    """To go through a form with the Tab key changes nothing."""
    for field in make_form(values).fields:
        here = value_at(values, _parts(field.path))
        if here is None or field.kind == "choice" or not _plain(here):
            continue
        again = meant(field, field.mode, field.value)
        if field.kind == "names" and isinstance(here, str):
            continue  # one name, or some with commas between them
        if field.unit == "%" and isinstance(here, float):
            assert again == pytest.approx(here, rel=1e-15, abs=0)
        else:
            assert again == here, field


def _parts(path: str) -> tuple[str | int, ...]:
    from adm_notebook.widgets.yaml_edit import parse_path

    return parse_path(path)


def _plain(value: Any) -> bool:
    """Numbers as people have them, alone, in a list or as a range."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_plain(v) and not isinstance(v, (list, dict)) for v in value)
    if isinstance(value, dict):
        return value.keys() == {"min", "max", "step"} and all(_plain(v) for v in value.values())
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1e-6 < abs(value) < 1e9


def test_every_setting_and_every_component_can_be_reached() -> None:
    form = make_form({})
    assert {f.name for f in form.sections["costs"]} | set(form.more) == set(Settings.model_fields)
    offered = {name for _, items in choices()["strategies"] for name, _ in items}
    assert "ma_crossover" in offered
    for name in sorted(name for name in offered - {"rule"} if STRATEGIES.is_built_in(name)):  # not those of other tests
        entry = make_form({"optimization_config": {"strategies": [name]}}).lists["strategies"][0]
        assert entry.sentence, name
        assert "direction" in [field.name for field in entry.fields] or name == "buy_and_hold", name
    for which, registry in (("classifiers", CLASSIFIERS), ("risk_profiles", RISK_PROFILES)):
        for _, items in choices()[which]:
            for name, said in items:
                if not registry.is_built_in(name):
                    continue
                entry = make_form({"optimization_config": {which: [name]}}).lists[which][0]
                assert said
                assert entry.fields or entry.more, name


def test_a_strategy_of_the_users_own_has_its_parameters() -> None:
    @adm.strategy("form_own")
    def own(bars: Any, window: int = 12, kind: str = "fast", strict: bool = False) -> Any:
        """Buys what has fallen."""
        return (bars.close < bars.close.shift(window)).astype(int)

    entry = make_form({"optimization_config": {"strategies": ["form_own"]}}).lists["strategies"][0]
    assert [(f.name, f.kind, f.usual) for f in entry.fields] == [
        ("window", "number", "12"),
        ("kind", "text", "fast"),
        ("strict", "choice", "false"),
    ]


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("5", 5),
        ("5.5", 5.5),
        ("1,000", 1000),
        ("1e-3", 0.001),
        ("5, 10", [5, 10]),
        ("ten", "ten"),
        ("", None),
        (" ", None),
    ],
)
def test_a_number_is_read_as_it_is_written(typed: str, value: Any) -> None:
    assert meant(field_of("a.b", None, kind="number", sweeps=True), "one", typed) == value


@pytest.mark.parametrize(
    ("value", "mode", "becomes"),
    [
        (10, "range", {"min": 10, "max": 50, "step": 10}),
        (10, "list", [10]),
        ([5, 10, 20], "range", {"min": 5, "max": 20, "step": 5}),
        ([5, 10, 20], "one", 5),
        ({"min": 5, "max": 15, "step": 5}, "list", [5, 10, 15]),
        ({"min": 5, "max": 15, "step": 5}, "one", 5),
        ({"min": 5, "max": 15, "step": 0}, "list", [5, 15]),
        (0.5, "range", {"min": 0.5, "max": 1.0, "step": 0.125}),
        (None, "range", {"min": 7, "max": 35, "step": 7}),
    ],
)
def test_one_value_a_list_and_a_range_become_each_other(value: Any, mode: Any, becomes: Any) -> None:
    field = field_of("a.b", value, kind="number", sweeps=True, usual=7)
    assert as_mode(field, value, mode) == becomes


def test_a_percentage_keeps_every_digit() -> None:
    field = field_of("backtest_config.commission", 0.00123456789, kind="number", unit="%")
    assert field.value == "0.123456789"
    assert meant(field, "one", field.value) == 0.00123456789
    assert meant(field, "one", "0.07") == 0.0007
    assert meant(field, "one", "1%") == 0.01


def test_the_symbols_of_the_sample_are_offered() -> None:
    field = next(f for f in make_form({}).fields if f.name == "symbols")
    assert dict(field.options) == {"": "SP500", "NASDAQ": "NASDAQ", "SP500, NASDAQ": "both"}
    assert meant(field, "one", "SP500, NASDAQ") == ["SP500", "NASDAQ"]
    both = make_form({"data_config": {"symbols": ["SP500", "NASDAQ"]}})
    assert next(f for f in both.fields if f.name == "symbols").value == "SP500, NASDAQ"
    for odd in (5, True, 1.5, {"a": 1}, [[]]):
        assert make_form({"data_config": {"symbols": odd}}).title
