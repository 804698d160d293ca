"""A plan tells which swept values are wrong; it may look at all of them at once, and says the same as building each."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adm_notebook import Coordinator, EnhancedCoordinator, WorkflowConfig
from adm_notebook.components import STRATEGIES
from adm_notebook.components.programs import program_of
from adm_notebook.components.strategies import BUILT_IN
from adm_notebook.errors import ConfigError
from adm_notebook.planning.combinations import WORTH_A_PROGRAM, _wrong_values
from adm_notebook.planning.entries import Entry
from adm_notebook.planning.sweeps import Axis

RULE = {"entry": "sma(n) > close * scale + 1 / n", "exit": "rsi(14) < level"}

VALUES = st.one_of(
    st.integers(-3, 40),
    st.floats(-3.0, 40.0),
    st.sampled_from(
        [0, 1, 2.0, 2.5, True, None, "", "ema", "long", "sma(5) > close", math.nan, math.inf, 10**400, 1e300, [3], {}]
    ),
    st.sampled_from([np.int64(7), np.float64(7.0), np.bool_(True)]),
)


@st.composite
def any_sweep(draw: st.DrawFn) -> tuple[str, dict[str, Any], list[Axis]]:
    """A strategy with some parameters fixed and some swept, whose values may be anything."""
    name = draw(st.sampled_from(["rule", *(model.name for model in BUILT_IN)]))
    names = [*STRATEGIES.get(name).parameters, *(["n", "scale", "level"] if name == "rule" else [])]
    swept = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    axes = [Axis(axis, tuple(draw(st.lists(VALUES, min_size=1, max_size=5)))) for axis in swept]
    fixed = {**RULE, "n": 5, "scale": 1.0, "level": 50} if name == "rule" else {}
    others = [name for name in names if name not in swept and name not in fixed]
    if others and draw(st.booleans()):
        fixed[draw(st.sampled_from(others))] = draw(VALUES)
    return name, {name: value for name, value in fixed.items() if name not in swept}, axes


def said(kind: Any, fixed: dict[str, Any], axes: list[Axis], at_once: bool) -> list[tuple[str, int, list[str]]]:
    program = program_of(kind, fixed, axes, "here.parameters") if at_once else None
    base = {**fixed, **{axis.name: axis.values[0] for axis in axes}}
    wrong = _wrong_values(kind, base, axes, Entry(kind.name, None, {}, "here"), program)
    return [(axis, at, [str(problem) for problem in error.problems]) for axis, at, error in wrong]


@given(any_sweep())
@example(("ma_crossover", {"slow": 20}, [Axis("fast", (5, 0, 30, 2.5, "x", None, 10**9))]))
def test_all_at_once_is_one_by_one(sweep: tuple[str, dict[str, Any], list[Axis]]) -> None:
    name, fixed, axes = sweep
    kind = STRATEGIES.get(name)
    if program_of(kind, fixed, axes) is not None:
        assert said(kind, fixed, axes, True) == said(kind, fixed, axes, False)


@pytest.mark.parametrize("name", ["sharpe", "stop_loss"])
def test_constraints_are_about_parameters_of_strategies(name: str) -> None:
    config = WorkflowConfig(optimization_config={"strategies": ["momentum"], "constraints": [f"{name} > 0.2"]})
    with pytest.raises(ConfigError, match=f"speaks of {name}.* Constraints are about parameters of strategies: "):
        Coordinator().plan(config)


def test_settings_that_are_hardly_meant_are_told() -> None:
    config = WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"]},
        backtest_config={"commission": 0.1},
        optimization_config={"objective": "max_drawdown", "direction": "minimize"},
    )
    said = " ".join(Coordinator().plan(config).warnings)
    assert "`commission` is a fraction: 0.1 means 10%. For 0.1% write 0.001." in said
    assert "ranks the deepest drawdown first, `maximize` the smallest." in said


def with_numbers(kind: Any, n: int) -> WorkflowConfig:
    """Entries of an RSI, a stop and a size, all of one type."""
    parameters = {"entry": [kind(20 + k) for k in range(n)], "period": kind(10)}
    return WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"], "max_bars": 200},
        backtest_config={"stop_loss": [kind(1) / kind(20), kind(1) / kind(16)], "size": kind(1) / kind(2)},
        optimization_config={"strategies": [{"type": "rsi", "parameters": parameters}]},
    )


@pytest.mark.parametrize("n", [3, WORTH_A_PROGRAM])
@pytest.mark.parametrize("kind", [Decimal, Fraction, np.float64])
def test_numbers_of_other_types_are_numbers(n: int, kind: Any) -> None:
    given, floats = with_numbers(kind, n), with_numbers(float, n)
    found, wanted = EnhancedCoordinator().run(given), EnhancedCoordinator().run(floats)
    pd.testing.assert_frame_equal(found.stats, wanted.stats)
    assert found.workflow_id == wanted.workflow_id
    assert given.to_yaml() == floats.to_yaml()


@pytest.mark.parametrize("n", [3, WORTH_A_PROGRAM])
def test_what_no_float_holds_is_refused_however_many_there_are(n: int) -> None:
    with pytest.raises(ConfigError, match=r"period  must be a whole number, but was np.longdouble\(.10.0.\)"):
        Coordinator().plan(with_numbers(np.longdouble, n))


@pytest.mark.parametrize(
    ("type_", "parameters"),
    [("momentum", {"threshold": [0.1, 10**400]}), ("ma_crossover", {"fast": [10**400, 5], "slow": 50})],
)
def test_a_number_too_large_for_a_float_is_named(type_: str, parameters: dict[str, Any]) -> None:
    config = WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"]},
        optimization_config={"strategies": [{"type": type_, "parameters": parameters}]},
    )
    with pytest.raises(ConfigError) as refused:
        Coordinator().plan(config)
    assert [problem.path.rpartition(".")[2] for problem in refused.value.problems][:1] == [
        "threshold[1]" if type_ == "momentum" else "fast[0]"
    ]


def test_of_many_wrong_values_few_are_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, built = STRATEGIES.get("ma_crossover"), []
    build = type(kind).build
    monkeypatch.setattr(type(kind), "build", lambda *given: built.append(given) or build(*given))
    parameters = {"fast": [-k for k in range(1, 5_000)], "slow": 50}
    config = WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"]},
        optimization_config={"strategies": [{"type": "ma_crossover", "parameters": parameters}]},
    )
    with pytest.raises(ConfigError):
        Coordinator().plan(config)
    assert len(built) < 50


@pytest.mark.parametrize("n", [3, WORTH_A_PROGRAM])
def test_a_plan_names_the_place_of_a_wrong_value(n: int) -> None:
    config = WorkflowConfig(
        data_config={"source": "sample", "symbols": ["SP500"]},
        optimization_config={
            "strategies": [
                {"type": "ma_crossover", "parameters": {"fast": [*range(5, 5 + n), -1, "ema"], "slow": [50, 0, 60]}}
            ]
        },
    )
    with pytest.raises(ConfigError) as refused:
        Coordinator().plan(config)
    paths = [problem.path for problem in refused.value.problems]
    entry = "optimization_config.strategies[0].parameters"
    assert paths == [f"{entry}.fast[{n}]", f"{entry}.fast[{n + 1}]", f"{entry}.slow[1]"]
