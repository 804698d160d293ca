"""Programs of swept strategies say what building and evaluating each combination says, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
from component_cases import any_bars, arrays_of, bars_of, bars_with_closes, computed, random_prices
from hypothesis import given, settings
from hypothesis import strategies as st
from strategy_cases import values_of
from test_evaluators_agree import conditions

from adm_notebook.components import STRATEGIES, Decision, Strategy, indicator, programs
from adm_notebook.components.by_regime import RegimeLimitedType
from adm_notebook.components.expressions import Expression, Template, bind, text_of
from adm_notebook.components.expressions.chunk_kernels import BLOCK, LONG_BLOCK
from adm_notebook.components.indicators import INDICATORS
from adm_notebook.components.program_rows import ProgramRows, evaluate
from adm_notebook.components.programs import Program, program_of
from adm_notebook.components.strategies import BUILT_IN, BuiltIn
from adm_notebook.errors import ConfigError, DataError
from adm_notebook.market.bars import Bars


@dataclass(frozen=True)
class Swept:
    """One swept parameter."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Sweep:
    """A strategy with fixed and swept parameters."""

    type: str
    fixed: dict[str, Any]
    axes: tuple[Swept, ...]

    @property
    def grid(self) -> np.ndarray:
        """All combinations, the last axis fastest."""
        every = list(product(*(range(len(axis.values)) for axis in self.axes)))
        return np.array(every, np.int64).reshape(len(every), len(self.axes))

    @property
    def program(self) -> Program:
        """Its program, which there has to be."""
        program = program_of(STRATEGIES.get(self.type), self.fixed, self.axes, "here")
        assert program is not None
        return program

    def parameters(self, positions: Sequence[int]) -> dict[str, Any]:
        """Those of one combination."""
        return {**self.fixed, **{a.name: a.values[at] for a, at in zip(self.axes, positions, strict=True)}}


def evaluated(rows: ProgramRows, bars: Bars) -> np.ndarray:
    """What the rows say over these bars."""
    return evaluate(rows, rows.columns(computed(bars)), bars.prices)


def packed(decision: Decision) -> np.ndarray:
    """A decision as `evaluate` gives it."""
    if decision.target is not None:
        return decision.target
    return sum(flags.astype(np.uint8) << bit for bit, flags in enumerate(arrays_of(decision).values()))


def built(type_: str, parameters: dict[str, Any]) -> Strategy | ConfigError:
    """The strategy of one combination, or why there is none."""
    try:
        return STRATEGIES.get(type_).build(parameters, "here")
    except ConfigError as error:
        return error


def check(sweep: Sweep, bars: Bars, grid: np.ndarray | None = None) -> ProgramRows:
    """Compare each combination with the strategy that is built for it: what it wants, its lookback, its refusal."""
    grid = sweep.grid if grid is None else grid
    rows = sweep.program.rows(grid)
    found = evaluated(rows, bars)
    lookbacks = rows.lookbacks_with(computed(bars), bars.prices.close)
    for row, positions in enumerate(grid.tolist()):
        parameters = sweep.parameters(positions)
        strategy = built(sweep.type, parameters)
        if isinstance(strategy, ConfigError):
            assert type(rows.refused[row]) is type(strategy), parameters
            assert str(rows.refused[row]) == str(strategy), parameters
            assert not found[row].any()
            continue
        assert row not in rows.refused, parameters
        decision = strategy.evaluate(bars, computed(bars))
        np.testing.assert_array_equal(found[row], packed(decision), err_msg=str(parameters))
        assert rows.lookbacks[row] == strategy.lookback, parameters
        assert lookbacks[row] == decision.lookback, parameters
    return rows


@st.composite
def sweeps(draw: st.DrawFn, model: type[BuiltIn]) -> Sweep:
    """A built-in strategy, some of its parameters swept over values that its fields take, the others fixed."""
    fixed: dict[str, Any] = {}
    axes = []
    for name, field in model.model_fields.items():
        values = st.sampled_from(["long", "short", "both"]) if name == "direction" else values_of(field)
        match draw(st.sampled_from(["swept", "swept", "fixed", "default"])):
            case "swept" if len(axes) < 3:
                axes.append(Swept(name, tuple(draw(st.lists(values, min_size=1, max_size=4, unique=True)))))
            case "default":
                pass
            case _:
                fixed[name] = draw(values)
    return Sweep(model.name, fixed, tuple(draw(st.permutations(axes))))


@pytest.mark.parametrize("model", BUILT_IN, ids=lambda model: model.name)
@settings(max_examples=12)
@given(data=st.data(), bars=any_bars())
def test_a_program_says_what_each_combination_of_a_built_in_strategy_says(
    model: type[BuiltIn], data: st.DataObject, bars: Bars
) -> None:
    check(data.draw(sweeps(model)), bars)


RULES = st.fixed_dictionaries(
    {"entry": conditions}, optional={"exit": conditions, "short_entry": conditions, "short_exit": conditions}
)
FAST = st.lists(st.sampled_from([0, 1, 2, 3, 5, 2.5, -1, 1e300, "ema"]), min_size=1, max_size=4, unique=True)


@settings(max_examples=300)
@given(rules=RULES, fast=FAST, bars=any_bars())
def test_a_program_says_what_each_combination_of_a_rule_says(
    rules: dict[str, str], fast: list[Any], bars: Bars
) -> None:
    check(Sweep("rule", rules, (Swept("fast", tuple(fast)),)), bars)


@settings(max_examples=80)
@given(rules=RULES, fast=FAST, seed=st.integers(0, 100), missing=st.sampled_from([0.1, 0.5, 1.0]))
def test_missing_highs_and_volumes_are_unknown_there_too(
    rules: dict[str, str], fast: list[Any], seed: int, missing: float
) -> None:
    prices = random_prices(30, seed, holes=0.1)
    gone = np.random.default_rng(seed).random((2, 30)) < missing
    high, volume = np.where(gone[0], np.nan, prices.high), np.where(gone[1], np.nan, prices.volume)
    check(Sweep("rule", rules, (Swept("fast", tuple(fast)),)), bars_of(prices._replace(high=high, volume=volume)))


@settings(max_examples=60)
@given(texts=st.lists(conditions, min_size=1, max_size=3, unique=True), bars=any_bars())
def test_conditions_may_be_swept_themselves(texts: list[str], bars: Bars) -> None:
    check(Sweep("rule", {"exit": "close < open"}, (Swept("entry", tuple(texts)),)), bars)


PIECES = [
    "close[n] > x", "close[n][2] < open", "(close / open)[n] > 1", "(x * 2)[n] > 1", "min(x, 2) / min(x, 0) > close",
    "crosses_above(close[n], sma(3))", "crosses_below(x, close)", "sma(high - x, n) > low", "x > 1", "close / x > 1",
    "close / (x - x) > 1", "x * 1e300 * x > 1", "abs(-x) >= max(close, x, 3)", "sma(close, 3, timeperiod=4) > 1",
    "sma(n) > close or ema(n) > close and not (sma(n) > close)", "bbands(n, x, x, kind).upper < close",
]  # fmt: skip


@pytest.mark.parametrize("text", PIECES)
def test_shifts_numbers_and_what_binding_refuses(text: str) -> None:
    bars = bars_of(random_prices(40, 3, flat=0.3))
    axes = [Swept("n", (2, 1, 0, 50, 2.5, -1)), Swept("x", (1, 0.0, 100.5)), Swept("kind", ("sma", "ema", "no", 3))]
    used = tuple(axis for axis in axes if axis.name in text.replace("min", "").replace("max", ""))
    check(Sweep("rule", {"entry": text, "exit": f"not ({text})"}, used), bars)


@pytest.mark.parametrize("type_", ["ma_crossover", "stochastic", "momentum", "breakout", "vortex"])
@pytest.mark.parametrize("n_bars", [0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1, 2 * BLOCK + 500])
def test_blocks_leave_no_trace(type_: str, n_bars: int) -> None:
    axes = {
        "ma_crossover": (Swept("fast", (1, 2, 40)), Swept("slow", (30, 600, 2))),
        "stochastic": (Swept("entry", (80.0, 40.0)), Swept("period", (5, 3, 1_030))),
        "momentum": (Swept("lookback", (3, BLOCK - 1, BLOCK, 1_500)), Swept("threshold", (0.0, 0.01))),
        "breakout": (Swept("entry", (2, 1_030)), Swept("exit", (3, 20))),
        "vortex": (Swept("period", (2, 1_000)),),
    }[type_]
    bars = bars_of(random_prices(n_bars, 5, flat=0.6))
    check(Sweep(type_, {"direction": "both"}, axes), bars)


@pytest.mark.parametrize("n_bars", [LONG_BLOCK - 1, LONG_BLOCK + 1, 2 * LONG_BLOCK + 5])
def test_long_blocks_leave_no_trace(n_bars: int) -> None:
    """Fewer combinations than series that they read."""
    bars = bars_of(random_prices(n_bars, 7, flat=0.6))
    check(Sweep("macd", {"direction": "both"}, (Swept("fast", (2, 3)),)), bars)
    check(Sweep("stochastic", {"entry": 60.0}, (Swept("period", (5, 9)),)), bars)


def test_a_target_that_stays_is_carried_over_many_blocks() -> None:
    closes = [10.0, 11.0, 12.0, *[12.0] * (3 * BLOCK), 11.0, *[11.0] * BLOCK]
    sweep = Sweep("ma_crossover", {"direction": "both"}, (Swept("fast", (1,)), Swept("slow", (2, 3))))
    targets = evaluated(check(sweep, bars_with_closes(closes)), bars_with_closes(closes))
    assert (targets[0, 2 : 3 * BLOCK] == 1).all()
    assert (targets[0, -BLOCK:] == -1).all()


@settings(max_examples=40)
@given(data=st.data())
def test_a_part_of_a_grid_in_any_order_says_the_same(data: st.DataObject) -> None:
    axes = (Swept("fast", (2, 3, 4)), Swept("slow", (3, 5, 8)), Swept("ma_type", ("sma", "kama", "wma")))
    sweep = Sweep("ma_crossover", {}, axes)
    numbers = data.draw(st.lists(st.integers(0, 26), max_size=20))
    check(sweep, bars_of(random_prices(60, 1)), sweep.grid[numbers].reshape(-1, 3))


def test_one_program_serves_the_grid_part_by_part() -> None:
    sweep = Sweep("rsi", {"direction": "both"}, (Swept("period", (3, 5, 9)), Swept("entry", (20.0, 50.0, 80.0))))
    bars, program, grid = bars_of(random_prices(80, 2)), sweep.program, sweep.grid
    whole = evaluated(program.rows(grid), bars)
    parts = [evaluated(program.rows(grid[at : at + 2]), bars) for at in range(0, len(grid), 2)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_threads_may_share_a_program() -> None:
    sweep = Sweep("macd", {}, (Swept("fast", tuple(range(2, 8))), Swept("signal", tuple(range(2, 12)))))
    bars, program, grid = bars_of(random_prices(3_000, 6)), sweep.program, sweep.grid
    whole = evaluated(sweep.program.rows(grid), bars)
    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(lambda at: evaluated(program.rows(grid[at : at + 5]), bars), range(0, len(grid), 5)))
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_each_distinct_output_is_asked_for_once() -> None:
    bars = bars_of(random_prices(50))
    sweep = Sweep("bollinger", {}, (Swept("period", (3, 5)), Swept("direction", ("long", "short"))))
    rows = check(sweep, bars)
    asked: list[str] = []

    def feature(found: Any) -> Any:
        asked.append(found.key)
        return found.compute(bars)

    assert len(rows.columns(feature)) == len(rows.outputs) == len(set(rows.outputs))
    assert sorted(asked) == ["BBANDS(3, 2, 2)", "BBANDS(5, 2, 2)"]


def test_indicators_are_bound_once_for_distinct_parameters_and_nothing_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []

    def noted(template: Template, values: Mapping[str, Any]) -> Expression:
        calls.append(text_of(template.root))
        return bind(template, values)

    monkeypatch.setattr(programs, "bind", noted)
    kind = STRATEGIES.get("ma_crossover")
    monkeypatch.setattr(kind, "build", lambda *_: pytest.fail("a strategy was built"))
    axes = (Swept("fast", tuple(range(2, 32))), Swept("slow", tuple(range(20, 60))))
    sweep = Sweep("ma_crossover", {}, axes)
    program = sweep.program
    for part in np.array_split(sweep.grid, 7):
        rows = program.rows(part)
        assert all(str(error).endswith("bars") for error in rows.refused.values())
    assert sorted(set(calls)) == ["sma(fast)", "sma(slow)"]
    assert len(calls) == 30 + 40


def test_users_indicators_are_read_and_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(INDICATORS, "_loaded", dict(INDICATORS.snapshot()))

    @indicator
    def program_level(bars, start=3):  # type: ignore[no-untyped-def]  # as a user writes it
        """The close, known from a bar on."""
        return bars.close.where(np.arange(len(bars)) >= start)

    axes = (Swept("start", (0, 4, 30)), Swept("n", (2, 8)))
    check(Sweep("rule", {"entry": "program_level(start) > sma(n)"}, axes), bars_of(random_prices(40, 4, holes=0.2)))


def test_what_a_program_can_not_be() -> None:
    crossover = STRATEGIES.get("ma_crossover")
    limited = RegimeLimitedType(crossover, ["all"], "here")
    assert program_of(limited, {}, ()) is None
    assert program_of(crossover, {"fats": 3}, ()) is None
    assert program_of(crossover, {"fast": 3}, (Swept("fast", (3, 4)),)) is None


def test_values_that_a_field_refuses_are_reported_as_building_reports_them() -> None:
    axes = (Swept("fast", (2, 0, "x", 2.5, 3.0, True)), Swept("slow", (3, 8)))
    check(Sweep("ma_crossover", {}, axes), bars_of(random_prices(30)))
    check(Sweep("ma_crossover", {"slow": -1}, axes[:1]), bars_of(random_prices(30)))


def test_volume_that_is_not_there_is_an_error() -> None:
    prices = random_prices(20)._replace(volume=None)
    rows = Sweep("rule", {"entry": "volume > x"}, (Swept("x", (1, 2)),)).program.rows(np.array([[0], [1]]))
    with pytest.raises(DataError, match="volume"):
        evaluate(rows, [], prices)


def test_columns_and_room_have_to_fit() -> None:
    bars = bars_of(random_prices(20))
    rows = Sweep("rsi", {}, (Swept("period", (3, 4)),)).program.rows(np.array([[0], [1]]))
    columns = rows.columns(computed(bars))
    with pytest.raises(ValueError, match="columns must be 2 arrays of 20 values"):
        evaluate(rows, columns[:1], bars.prices)
    with pytest.raises(ValueError, match="out must be"):
        evaluate(rows, columns, bars.prices, np.zeros((2, 19), np.int8))
    room = np.full((2, 20), 77, np.uint8)
    found = evaluate(rows, columns, bars.prices, room)
    assert np.shares_memory(found, room)
    np.testing.assert_array_equal(room, evaluated(rows, bars))
