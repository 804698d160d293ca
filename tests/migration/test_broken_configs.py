"""Old configs that are broken: everything that is wrong is told at once, in the words and at the places of the file."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from old_forms import Case, before, cases, older, older_with_base, today

import adm_notebook as adm

ONE = [{"type": "momentum"}]


def problems(old: Any) -> dict[str, str]:
    with pytest.raises(adm.ConfigError, match="The older config") as caught:
        adm.migrate_config(old)
    return {p.path: p.message for p in caught.value.problems}


def test_a_value_is_told_where_it_stands_in_the_old_config() -> None:
    old = {"portfolio": {"commission": {"type": "percent", "value": "0.1%"}}, "strategies": ONE}
    assert list(problems(old)) == ["portfolio.commission.value"]
    off = {"optimization": {"strategies": [{"type": "momentum", "enabled": False}]}}
    assert list(problems(off)) == ["optimization.strategies"]


def test_a_period_that_ends_before_it_begins_and_a_file_that_is_missing_are_told_where_the_data_stand() -> None:
    backwards = {"symbols": ["SP500"], "source": "sample", "start_date": "2015-01-01", "end_date": "2014-01-01"}
    assert list(problems({"data": backwards, "strategies": ONE})) == ["data"]
    assert list(problems({"data": {"symbols": ["AAPL"], "source": "csv"}, "strategies": ONE})) == ["data.path"]


@pytest.mark.parametrize(("value", "share"), [(1.0, "0.01"), (5, "0.05")])
def test_a_commission_that_is_no_share_may_be_per_cent_or_money(value: float, share: str) -> None:
    said = problems({"portfolio": {"commission": value}, "strategies": ONE})
    written = f"{share} or {{type: fixed, value: {value:g}}}"
    assert said == {"portfolio.commission": f"may be {value:g}% or money for each fill: write {written}"}
    today = adm.WorkflowConfig(backtest_config={"commission": value, "strategy": "momentum"})
    assert adm.migrate_config(today).config.backtest_config["commission"] == value


def test_a_space_of_a_strategy_that_is_none_is_no_second_problem() -> None:
    old = {
        "strategies": [{"type": "ma_crosover", "name": "cross"}, {"type": "rsi"}, {"type": "rsi"}],
        "parameter_space": {"cross.fast_period": [5, 10], "cros.slow_period": [20, 30], "rsi.period": [7, 14]},
    }
    assert problems(old) == {
        "strategies[0].type": "unknown strategy 'ma_crosover'. Did you mean `ma_crossover`?",
        "parameter_space.cros.slow_period": "names no strategy that there is. Did you mean `cross`?",
        "parameter_space.rsi.period": "may be that of 2 strategies that are called rsi; give each a name of its own",
    }


def test_all_problems_at_once_with_line_and_column() -> None:
    text = """\
data: {symbols: SP500, max_bars: '100', source: sample}
portfolio:
  initial_capital: '100,000'
  commission: {type: percentage, value: 5}
strategies:
  - {type: momentm}
  - {type: ma_crossover, parameters: {fast_perod: 2, slow: ...}}
risk:
  limits:
    - {type: drawdown, max_drawdown: 15}
    - {type: drawdwn, limit: 0.1}
  position_sizers: [{type: fixed_percentage, percentage: 5%}]
"""
    with pytest.raises(adm.ConfigError) as caught:
        adm.migrate_config(text)
    assert str(caught.value) == (
        "The older config: 9 problems\n"
        "  data.max_bars                        must be a whole number, but was '100'; write 100 (line 1, column 24)\n"
        "  portfolio.initial_capital            must be a number, but was '100,000'; write 100000 (line 3, column 3)\n"
        "  portfolio.commission.value           is a share of the traded value, below 1, but was 5; 5% is 0.05 "
        "(line 4, column 34)\n"
        "  strategies[0].type                   unknown strategy 'momentm'. Did you mean `momentum`? "
        "(line 6, column 6)\n"
        "  strategies[1].parameters.fast_perod  unknown key. Did you mean `fast_period`? (line 7, column 39)\n"
        "  strategies[1].parameters.slow        was left as `...`; fill it in (line 7, column 54)\n"
        "  risk.limits[0].max_drawdown          must be a share, above 0 and below 1, but was 15; 15% is 0.15 "
        "(line 10, column 24)\n"
        "  risk.limits[1].type                  unknown type 'drawdwn'. Did you mean `drawdown`? (line 11, column 8)\n"
        "  risk.position_sizers[0].percentage   must be a number, but was '5%'; write 0.05 (line 12, column 46)"
    )


@pytest.mark.parametrize(
    ("old", "path", "said"),
    [
        ({"stratgies": ONE}, "stratgies", "Did you mean `strategies`?"),
        ({"strategies": ONE, "optimisation": {}}, "optimisation", "Did you mean `optimization`?"),
        ({"strategies": ONE, "data": {"end_dat": 2020}}, "data.end_dat", "Did you mean `end_date`?"),
        ({"strategies": []}, "strategies", "is empty; name a strategy"),
        ({"strategies": "momentm"}, "strategies", "unknown strategy 'momentm'. Did you mean `momentum`?"),
        ({"strategies": [{"name": "mine"}]}, "strategies[0]", "has no type; write {type: momentum, name: mine}"),
        (
            {"strategies": [{"type": "my_own"}]},
            "strategies[0].type",
            "If it is yours, register it first (@adm.strategy)",
        ),
        ({"strategies": [3]}, "strategies[0]", "must be a strategy's name or {type, parameters}, but was 3"),
        ({"strategies": ONE, "data": [1]}, "data", "must be a section (`name: value`), but was [1]"),
        ({"strategies": ONE, "risk": "high"}, "risk", "must be a section (`name: value`), but was 'high'"),
        ({"strategies": ONE, "type": "backtst"}, "type", "but was 'backtst'. Did you mean `backtest`?"),
        ({"strategies": ONE, "type": "live"}, "type", "live_trading is refused"),
        ({"strategies": ONE, "base_config": "base.yaml"}, "base_config", "names another file; write its sections here"),
        (
            {"strategies": ONE, "backtest_config": {"strategy": "rsi"}},
            "backtest_config.strategy",
            "stands beside strategies",
        ),
        (
            {"strategies": ONE, "data": {"source": "parqet"}},
            "data.source",
            "unknown source 'parqet'. Did you mean `parquet`",
        ),
    ],
)
def test_what_is_wrong_with_sections(old: Any, path: str, said: str) -> None:
    assert said in problems(old)[path]


@pytest.mark.parametrize(
    ("risk", "path", "said"),
    [
        ({"limits": [{"type": "drawdown"}]}, "limits[0]", "has no value; write max_drawdown: ... beside its type"),
        ({"limits": [{"max_drawdown": 0.1}]}, "limits[0]", "has no type; write {type: drawdown, max_drawdown: 0.2}"),
        (
            {"limits": [{"type": "drawdown", "max_drawdown_pct": 0.5}]},
            "limits[0].max_drawdown_pct",
            "may be 0.5% or 50%: write max_drawdown: 0.005 or max_drawdown: 0.5",
        ),
        ({"limits": [{"type": "daily_loss", "max_daily_loss": 2}]}, "limits[0].max_daily_loss", "2% is 0.02"),
        (
            {"limits": [{"type": "position", "max_position": -5}]},
            "limits[0].max_position",
            "must be above 0, but was -5",
        ),
        ({"limits": ["drawdown"]}, "limits[0]", "must be a limit such as"),
        (
            {"position_sizers": [{"type": "fixed"}]},
            "position_sizers[0]",
            "has no size; write size: ... beside its type",
        ),
        (
            {"position_sizers": [{"type": "fixed_percentage", "parameters": {"position_size_pct": 1}}]},
            "position_sizers[0].parameters.position_size_pct",
            "may be 1% or 100%: write position_size: 0.01 or position_size: 1",
        ),
        ({"position_sizers": [{"type": "fixed", "size": 0}]}, "position_sizers[0].size", "must be above 0, but was 0"),
        (
            {"position_sizers": [{"type": "percentage", "percentage": 33.33}]},
            "position_sizers[0].percentage",
            "must be a share, above 0 and at most 1, but was 33.33; 33.33% is 0.3333",
        ),
        (
            {"position_sizers": [{"type": "volatilty", "size": 1}]},
            "position_sizers[0].type",
            "Did you mean `volatility`?",
        ),
        (
            {"limits": [{"type": "drawdown", "max_drawdown": 0.1}, {"type": "drawdown", "max_drawdown": 0.2}]},
            "limits[1].max_drawdown",
            "says the same as risk.limits[0].max_drawdown; keep one of them",
        ),
    ],
)
def test_what_is_wrong_with_sizers_and_limits(risk: Any, path: str, said: str) -> None:
    assert said in problems({"strategies": ONE, "risk": risk})[f"risk.{path}"]


@pytest.mark.parametrize(
    ("optimization", "path", "said"),
    [
        ({"method": "grid_serch"}, "method", "Did you mean `grid_search`?"),
        ({"method": "by_hand"}, "method", "unknown method 'by_hand'. Known: grid, grid_search"),
        (
            {"parameter_space": {"momentm.lookback": [1, 2]}},
            "parameter_space.momentm.lookback",
            "Did you mean `momentum`?",
        ),
        (
            {"parameter_space": {"momentum.lookbak": [1, 2]}},
            "parameter_space.momentum.lookbak",
            "Did you mean `lookback`?",
        ),
        (
            {"parameter_space": {"lookback": {"type": "float", "min": 1, "max": 2}}},
            "parameter_space.lookback",
            "is a range of fractions without a step",
        ),
        (
            {"parameter_space": {"lookback": {"type": "int", "min": "1", "max": 2}}},
            "parameter_space.lookback.min",
            "must be a finite number, but was '1'",
        ),
        (
            {"parameter_space": {"lookback": [1, 2], "momentum.lookback": [3]}},
            "parameter_space.momentum.lookback",
            "says the same as optimization.parameter_space.lookback",
        ),
        ({"parameter_space": [1]}, "parameter_space", "must be a mapping such as"),
        ({"objectives": [{"metric": "sharp_ratio"}]}, "objectives[0].metric", "Did you mean `sharpe_ratio`?"),
        (
            {"objectives": [{"metric": "sharpe", "direction": "sideways"}]},
            "objectives[0].direction",
            "maximize or minimize",
        ),
        ({"constraints": ["lookback_period <"]}, "constraints", "can't be read as a condition"),
    ],
)
def test_what_is_wrong_with_a_search(optimization: Any, path: str, said: str) -> None:
    found = problems({"strategies": [{"name": "momentum", "type": "momentum"}], "optimization": optimization})
    (message,) = [text for place, text in found.items() if place.startswith(f"optimization.{path}")]
    assert said in message


def test_two_strategies_may_have_the_parameter() -> None:
    old = {"strategies": ["momentum", "roc"], "parameter_space": {"window": [5, 10]}}
    assert problems(old) == {
        "parameter_space.window": "may be that of several strategies; write momentum.window and roc.window"
    }


@pytest.mark.parametrize("left", ["...", ...])
def test_dots_are_refused_wherever_they_stand(left: Any) -> None:
    old = {"name": left, "strategies": [{"type": "momentum", "parameters": {"lookback": left}}], "zz": [{"a": left}]}
    assert problems(old) == {
        "name": "was left as `...`; fill it in",
        "strategies[0].parameters.lookback": "was left as `...`; fill it in",
        "zz[0].a": "was left as `...`; fill it in",
    }


def test_what_is_no_config() -> None:
    with pytest.raises(adm.ConfigError, match="must be a WorkflowConfig, a mapping, YAML text or the path of a file"):
        adm.migrate_config(3)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(adm.ConfigError, match="can't be read"):
        adm.migrate_config("nowhere/old.yaml")
    with pytest.raises(adm.ConfigError, match="not YAML"):
        adm.migrate_config("a: [1\nb: 2")
    with pytest.raises(adm.ConfigError, match="the text is empty"):
        adm.migrate_config("# nothing\n")
    with pytest.raises(adm.ConfigError, match="keys must be text"):
        adm.migrate_config({1: 2})
    itself: dict[str, Any] = {"strategies": ONE}
    itself["data"] = itself
    with pytest.raises(adm.ConfigError, match="or holds itself"):
        adm.migrate_config(itself)


def test_a_cell_or_file_in_the_older_form_is_told_to_be_migrated(tmp_path: Path) -> None:
    text = "name: old\nstrategies: [momentum]\ncoordinator: {container_pattern: simple_backtest}\n"
    with pytest.raises(adm.ConfigError) as caught:
        adm.WorkflowConfig.from_yaml(text)
    assert len(caught.value.problems) == 3
    assert all("adm.migrate_config(...) reads (in a cell: %%adm migrate)" in p.message for p in caught.value.problems)
    path = tmp_path / "old.yaml"
    path.write_text(text)
    assert adm.migrate_config(path).config.parameters == {"container_pattern": "simple_backtest"}


# ---- whatever stands in a file --------------------------------------------------------------------------------------

ODD = [
    None, True, False, -1, 0, 3, 0.5, 1e300, float("nan"), "", "x", "5%", "1,000", [], {}, [[1]], [None], ..., b"x",
    {"min": 1, "max": 2}, {"type": "int"}, {"a": {"b": 1}}, {1: 2}, dt.date(2020, 1, 1), (1, 2), {1, 2}, object(),
    [{"x": 1}, "y"], ["a", "b"], {"type": ["x"]}, {"momentum": None}, 10**30, [..., 1], {"values": 3},
]  # fmt: skip


def slots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a config that holds a value."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from slots(item)


@given(data=st.data(), case=cases(), form=st.sampled_from([older, older_with_base, before, today]))
@settings(max_examples=80)
def test_odd_values_anywhere_are_migrated_or_told_with_their_place(data: st.DataObject, case: Case, form: Any) -> None:
    old = form(case)
    places = list(slots(old))
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    holder[key] = copy.copy(data.draw(st.sampled_from(ODD)))
    told: tuple[Any, ...] | None = None
    try:
        migration = adm.migrate_config(old)
    except adm.ConfigError as error:
        told = error.problems
    if told is not None:
        assert told
        assert all(problem.path and problem.message for problem in told)
        return
    assert repr(migration)
    again = adm.migrate_config(migration.config)
    assert {change.change for change in again.changes} == {"="}
