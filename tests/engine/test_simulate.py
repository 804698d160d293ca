"""`adm.simulate`: what it takes, what it returns, and what it says about input that can't be used."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from adm_notebook.engine.account import METRICS
from adm_notebook.engine.simulate import simulate
from adm_notebook.errors import ConfigError, DataError

COLUMNS = ["symbol", "strategy", "direction", "size", "entry_bar", "entry_time", "entry_price", "exit_bar", "exit_time",
           "exit_price", "pnl", "return", "fees", "exit_reason"]  # fmt: skip
ENGINES = ("compiled", "reference")


@pytest.fixture
def bars() -> pd.DataFrame:
    close = [10.0, 11.0, 12.0, 11.0, 10.0, 9.0]
    open_ = [10.0, 10.0, 11.0, 12.0, 11.0, 10.0]
    index = pd.date_range("2024-01-01", periods=6, tz="America/New_York")
    return pd.DataFrame({"open": open_, "high": 13.0, "low": 8.0, "close": close}, index=index)


def on(*days: int, n: int = 6) -> list[bool]:
    return [i in days for i in range(n)]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_order_fills_at_the_next_open_and_the_trade_is_told_in_full(bars: pd.DataFrame, engine: str) -> None:
    result = simulate(bars, {"long_entry": on(1), "long_exit": on(3)}, engine=engine, initial_capital=1100)
    assert list(result.trades) == COLUMNS
    trade = result.trades.iloc[0]
    assert (trade["direction"], trade["exit_reason"]) == ("long", "signal")
    assert (trade["entry_bar"], trade["exit_bar"]) == (2, 4)
    assert (trade["entry_time"], trade["exit_time"]) == (bars.index[2], bars.index[4])
    assert (trade["size"], trade["entry_price"], trade["exit_price"], trade["pnl"]) == (100.0, 11.0, 11.0, 0.0)
    assert result.equity.tolist() == [1100, 1100, 1200, 1100, 1100, 1100]
    assert result.equity.index is bars.index or result.equity.index.equals(bars.index)
    assert result.equity.name == "equity"
    assert tuple(result.metrics) == METRICS
    assert result.warnings == ()


@pytest.mark.parametrize("engine", ENGINES)
def test_without_signals_nothing_is_traded(bars: pd.DataFrame, engine: str) -> None:
    result = simulate(bars, {}, engine=engine)
    assert list(result.trades) == COLUMNS
    assert len(result.trades) == len(result.unfilled) == 0
    assert result.metrics["total_return"] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_orders_that_gave_no_trade_are_listed_and_counted_in_a_warning(bars: pd.DataFrame, engine: str) -> None:
    result = simulate(bars, {"long_entry": on(1), "short_entry": on(5)}, engine=engine, size_mode="units", size=1,
                      shortfall="cancel", initial_capital=5)  # fmt: skip
    assert result.unfilled["reason"].tolist() == ["cancelled", "pending at the end"]
    assert result.unfilled["side"].tolist() == ["long", "short"]
    assert result.unfilled["time"].tolist() == [bars.index[1], bars.index[5]]
    assert result.metrics["n_unfilled"] == 2
    assert result.warnings == ("2 orders gave no trade (1 cancelled, 1 pending at the end): see unfilled",)


def test_presets_and_settings_reach_the_account(bars: pd.DataFrame) -> None:
    result = simulate(bars, {"long_entry": on(0)}, preset="vectorbt", commission=0.01)
    assert result.settings.initial_capital == 100
    assert result.trades["entry_bar"].tolist() == [0]  # vectorbt: at the close of the first bar
    assert result.metrics["fees"] == pytest.approx(100 / 1.01 * 0.01)


def test_price_columns_may_be_capitalised(bars: pd.DataFrame) -> None:
    signals = {"long_entry": on(1)}
    assert simulate(bars.rename(columns=str.title), signals).equity.equals(simulate(bars, signals).equity)


def test_signals_may_be_series_of_the_bars_index_arrays_or_a_frame(bars: pd.DataFrame) -> None:
    plain = simulate(bars, {"long_entry": on(1)})
    for form in (
        {"long_entry": np.array(on(1))},
        {"long_entry": pd.Series(on(1), index=bars.index)},
        {"long_entry": pd.Series(on(1), index=bars.index, dtype="boolean")},
        {"long_entry": pd.Series(on(1), index=bars.index, dtype="object")},
        {"long_entry": [0, 1, 0, 0, 0, 0]},
        pd.DataFrame({"long_entry": on(1)}, index=bars.index),
    ):
        pd.testing.assert_frame_equal(simulate(bars, form).trades, plain.trades)


def test_strength_scales_the_size_of_the_trade_decided_on_its_bar(bars: pd.DataFrame) -> None:
    result = simulate(bars, {"long_entry": on(1), "strength": [1, 0.25, 1, 1, 1, 1]}, initial_capital=1100)
    assert result.trades["size"].tolist() == [25.0]


def test_bars_are_left_as_they_are(bars: pd.DataFrame) -> None:
    before = bars.copy(deep=True)
    simulate(bars, {"long_entry": on(1)})
    pd.testing.assert_frame_equal(bars, before)


def test_a_missing_close_is_allowed_and_equity_carries_the_last_one(bars: pd.DataFrame) -> None:
    bars.iloc[3] = np.nan
    result = simulate(bars, {"long_entry": on(1)}, initial_capital=1100)
    assert_allclose(result.equity, [1100, 1100, 1200, 1200, 1000, 900])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("low", 11.5, "low 11.5"),
        ("high", 9.0, "high 9"),
        ("close", 0.0, "close 0"),
        ("open", -1.0, "open -1"),
        ("high", np.inf, "high inf"),
    ],
)
def test_a_bar_that_cannot_be_is_refused_by_its_number_and_values(
    bars: pd.DataFrame, column: str, value: float, said: str
) -> None:
    bars.loc[bars.index[3], column] = value
    with pytest.raises(DataError, match=f"bar 3 .*{said}"):
        simulate(bars, {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda b: b.drop(columns="close"), "one column close, but the frame has none"),
        (lambda b: b.assign(Close=1.0), "one column close, but the frame has 2: close, Close"),
        (lambda b: b.assign(close="x"), "column close of the bars must be numbers"),
        (lambda b: b.iloc[:0], "there are no bars"),
        (lambda b: b.iloc[::-1], "bar 1 .* is not later than the bar before"),
        (lambda b: b.set_axis(pd.DatetimeIndex([*b.index[:5], pd.NaT])), r"bar 5 has no time \(NaT\)"),
        (lambda b: b["close"], "bars must be a DataFrame, but were a Series"),
        (lambda b: b.assign(close=b["close"] + 1j), "column close of the bars must be numbers, but holds complex"),
        (lambda b: b.assign(close=b["close"].astype(object) + 1j), "must be numbers, but holds complex"),
        (lambda b: b.assign(close=b.index.tz_localize(None)), "must be numbers, but holds times"),
    ],
)
def test_bars_that_cannot_be_used_are_refused(bars: pd.DataFrame, change, said: str) -> None:
    with pytest.raises(DataError, match=said):
        simulate(change(bars), {})


@pytest.mark.parametrize(
    ("signals", "said"),
    [
        ({"long_entri": on(1)}, "unknown column 'long_entri'. Did you mean `long_entry`?"),
        ({"long_entry": on(1, n=5)}, r"one value a bar, 6, but has shape \(5,\)"),
        ({"long_entry": [0, 1, np.nan, 0, 0, 0]}, "long_entry must be true or false, but is nan at bar 2"),
        ({"long_entry": [0, 1, None, 0, 0, 0]}, "long_entry must be true or false, but is None at bar 2"),
        ({"long_exit": [0, 1, 2, 0, 0, 0]}, "long_exit must be true or false, but is 2 at bar 2"),
        ({"short_exit": ["no"] * 6}, "short_exit must be true or false, but is of dtype"),
        ({"strength": [1, 1, 1, 1.5, 1, 1]}, "strength must be between 0 and 1, but is 1.5 at bar 3"),
        ({"strength": [1, 1, 1, np.nan, 1, 1]}, "strength must be between 0 and 1, but is nan at bar 3"),
        ({"long_entry": [[0], [1, 0], 0, 0, 0, 0]}, "one value a bar, but holds lists of different lengths"),
        ({"long_entry": [1j, 0, 0, 0, 0, 0]}, "long_entry must be true or false, but holds complex numbers"),
        ({"long_exit": np.array([np.complex128(1)] * 6, object)}, "true or false, but holds complex numbers"),
        ({"strength": [1 + 1j] * 6}, "strength must be between 0 and 1, but holds complex numbers"),
        ({"long_entry": np.zeros(6, "M8[s]")}, "long_entry must be true or false, but holds times"),
        ([True] * 6, "signals must be a DataFrame or a mapping, but were a list"),
    ],
)
def test_signals_that_cannot_be_used_are_refused(bars: pd.DataFrame, signals, said: str) -> None:
    with pytest.raises(DataError, match=said):
        simulate(bars, signals)


def test_signals_over_another_index_are_refused_naming_the_first_difference(bars: pd.DataFrame) -> None:
    shifted = pd.Series(on(1), index=bars.index + pd.Timedelta(days=1))
    with pytest.raises(DataError, match=r"different indexes: at bar 0 2024-01-02 .* and 2024-01-01"):
        simulate(bars, {"long_entry": shifted})


def test_settings_are_checked_all_at_once(bars: pd.DataFrame) -> None:
    with pytest.raises(ConfigError) as caught:
        simulate(bars, {}, engine="compiled_", comission=0.1, margin=2)  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value).startswith("simulate: 3 problems")
    assert {p.path for p in caught.value.problems} == {"engine", "comission", "margin"}
    assert "Did you mean `commission`?" in str(caught.value)


@pytest.mark.parametrize("wrong", [{}, [], None, "compile"])
@pytest.mark.parametrize("name", ["engine", "preset"])
def test_an_engine_or_preset_that_there_is_not_is_named(bars: pd.DataFrame, name: str, wrong: object) -> None:
    with pytest.raises(ConfigError, match=f"{name}  must be .*, but was {re.escape(repr(wrong))}"):
        simulate(bars, {}, **{name: wrong})


def test_without_times_the_assumed_year_is_a_warning(bars: pd.DataFrame) -> None:
    untimed = bars.reset_index(drop=True)
    assert "252" in simulate(untimed, {}).warnings[0]
    assert simulate(untimed, {}, periods_per_year=365).warnings == ()
    peer = simulate(untimed, {}, preset="backtesting.py")
    assert "no annual metrics" in peer.warnings[0]
    assert np.isnan(peer.metrics["sharpe"])


def test_a_setting_that_a_style_does_not_read_is_a_warning(bars: pd.DataFrame) -> None:
    assert (
        "periods_per_year is not used" in simulate(bars, {}, preset="backtesting.py", periods_per_year=10).warnings[0]
    )


def test_its_repr_is_one_line_with_the_main_numbers(bars: pd.DataFrame) -> None:
    text = repr(simulate(bars, {"long_entry": on(1), "long_exit": on(2)}, initial_capital=1100))
    assert text.startswith("Simulation(6 bars, 1 closed trades, total return +9.09%, sharpe ")
    assert "\n" not in text
