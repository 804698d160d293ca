"""A user's function, compiled, gives the same bits as in Python, or isn't compiled and says why."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.components.user_compiled import compiled_with, why_not
from adm_notebook.components.user_strategies import UserStrategyType
from adm_notebook.errors import StrategyError
from adm_notebook.market import Bars
from adm_notebook.market.arrays import Prices

THRESHOLD = 1.0


def breakout(bars, window=20, factor=1.0, hold=True):  # type: ignore[no-untyped-def]
    high, low, close = bars["high"].to_numpy(), bars.low.values, bars["close"].to_numpy()
    target = np.full(len(bars), np.nan)
    for t in range(window, len(close)):
        if close[t] > factor * np.max(high[t - window : t]):
            target[t] = 1
        elif close[t] < np.min(low[t - window : t]):
            target[t] = -1
        else:
            target[t] = target[t - 1] if hold and not np.isnan(target[t - 1]) else 0
    return target


def whole_arrays(bars, lag=1, scale=0.01):  # type: ignore[no-untyped-def]
    close = bars["close"].to_numpy()
    moved = np.zeros(len(close))
    moved[lag:] = close[lag:] / close[:-lag] - 1.0
    return np.where(np.abs(moved) > scale, np.sign(moved), 0.0)


def running_sum(bars, window=3):  # type: ignore[no-untyped-def]
    total = np.cumsum(bars["close"].to_numpy())
    target = np.zeros(len(total), np.int64)
    for t in range(window, len(total)):
        target[t] = int((total[t] - total[t - window]) / window < bars["close"].to_numpy()[t])
    return target


def fails_on_the_last_bar(bars, beyond=0):  # type: ignore[no-untyped-def]
    target = np.zeros(len(bars["close"]))
    target[len(bars["close"]) + beyond] = 1.0
    return target


def divides(bars, by=0.0):  # type: ignore[no-untyped-def]
    close = bars["close"].to_numpy()
    target = np.zeros(len(close))
    target[0] = 1.0 if close[0] * 2 / by > 1 else 0.0
    return target


def bars_of(seed: int, n: int, volume: bool = False) -> Bars:
    rng = np.random.default_rng(seed)
    close = np.round(100 + np.cumsum(rng.normal(0, 1, n)).clip(-60), 1)  # rounded, so that prices tie
    high, low = close + rng.integers(0, 3, n), close - rng.integers(0, 3, n)
    prices = Prices(close.copy(), high, low, close, rng.random(n) if volume else None)
    return Bars("X", pd.date_range("2020-01-01", periods=n), prices)


def no_feature(indicator: object) -> Any:
    raise AssertionError("a user's function reads bars alone")


CASES: dict[str, tuple[Callable[..., Any], st.SearchStrategy[dict[str, Any]]]] = {
    "breakout": (
        breakout,
        st.fixed_dictionaries({"window": st.integers(1, 30), "factor": st.floats(0.9, 1.1), "hold": st.booleans()}),
    ),
    "whole arrays": (whole_arrays, st.fixed_dictionaries({"lag": st.integers(1, 9), "scale": st.floats(0, 0.05)})),
    "running sum": (running_sum, st.fixed_dictionaries({"window": st.integers(1, 9)})),
}
KINDS = {name: UserStrategyType(name, code) for name, (code, _) in CASES.items()}


@pytest.mark.parametrize("name", CASES)
@given(data=st.data(), seed=st.integers(0, 10_000), n=st.integers(1, 60))
def test_compiled_decisions_are_those_of_python(name: str, data: st.DataObject, seed: int, n: int) -> None:
    kind, bars = KINDS[name], bars_of(seed, n)
    strategy = kind.build(data.draw(CASES[name][1]), "parameters")
    code = kind.compiled(strategy.parameters, volume=False)
    assert not isinstance(code, str), code

    def decided(one: Any) -> Any:
        try:
            return one.evaluate(bars, no_feature)
        except StrategyError as error:
            return str(error)

    ours, theirs = decided(replace(strategy, machine_code=code)), decided(strategy)
    if isinstance(theirs, str):
        assert ours == theirs
        return
    assert ours.lookback == theirs.lookback
    np.testing.assert_array_equal(ours.target, theirs.target)


@pytest.mark.parametrize("code", [fails_on_the_last_bar, divides])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_fails_compiled_is_asked_of_python(code: Callable[..., Any]) -> None:
    kind = UserStrategyType("mine", code)
    strategy = kind.build({}, "parameters")
    machine_code = kind.compiled(strategy.parameters, volume=False)
    assert not isinstance(machine_code, str), machine_code
    compiled = replace(strategy, machine_code=machine_code)
    if code is divides:
        assert compiled.evaluate(bars_of(1, 5), no_feature).target.tolist() == [1, 0, 0, 0, 0]
        return
    with pytest.raises(StrategyError, match=r"raised IndexError: index 5 is out of bounds"):
        compiled.evaluate(bars_of(1, 5), no_feature)


def test_volume_is_there_only_where_the_bars_have_it() -> None:
    def code(bars, least=0.5):  # type: ignore[no-untyped-def]
        return np.where(bars["volume"].to_numpy() > least, 1, 0)

    kind = UserStrategyType("mine", code)
    assert not isinstance(kind.compiled({"least": 0.5}, volume=True), str)
    assert isinstance(kind.compiled({"least": 0.5}, volume=False), str)


def reads_outside(bars, window=3):  # type: ignore[no-untyped-def]
    return np.where(bars["close"].to_numpy() > THRESHOLD, 1, 0)


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "pandas": (lambda bars, n=3: bars["close"].rolling(n).mean(), "`rolling` is known to Python alone"),
    "a mean": (lambda bars, n=3: np.mean(bars["close"].to_numpy()), "the last digits of `mean` would differ"),
    "a logarithm": (lambda bars, n=3: math.log(n), "the last digits of `log` would differ"),
    "a power": (lambda bars, n=3: bars["close"].to_numpy() ** n, "the last digits of `**` would differ"),
    "another's name": (reads_outside, "it reads `THRESHOLD` from outside"),
    "any parameters": (lambda bars, **given: bars, "it takes any parameters (`**` or `*`)"),
    "pandas' module": (lambda bars: pd.Series(0, index=bars.index), "it reads `pd` from outside"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_differ_is_not_compiled_and_named(case: str) -> None:
    code, said = REFUSED[case]
    assert why_not(code) == said


def columns_as_numbers(bars, least=3.0):  # type: ignore[no-untyped-def]
    return np.where(bars["close"] > least, 1, 0)


def two_things(bars, least=3.0):  # type: ignore[no-untyped-def]
    return bars["close"].to_numpy(), least


@pytest.mark.parametrize(
    ("code", "said"),
    [(columns_as_numbers, "it calculates with columns of bars"), (two_things, "it returns no array of numbers")],
)
def test_what_numba_can_not_compile_is_said_in_our_words(code: Callable[..., Any], said: str) -> None:
    assert not why_not(code)
    assert str(compiled_with(code, {"least": 3.0}, volume=False)).startswith(said)
