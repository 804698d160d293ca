"""Facts about metrics that no peer's run shows: zeros, gaps, calendars; the numbers are worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, expm1, inf, isnan, log, log1p, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from engines import ENGINES

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import EXIT_REASONS, METRICS, Account

Measure = Callable[..., dict[str, float]]
Trade = tuple[int, int, float, float, str]  # entry bar, exit bar, pnl, return, exit reason


def _account(equity: Sequence[float], trades: Sequence[Trade] = (), fees: float = 0.0, n_unfilled: int = 0) -> Account:
    entry, exit_, pnl, returns, reasons = list(zip(*trades, strict=True)) or [()] * 5
    ones = np.ones(len(trades))
    return Account(
        equity=np.array(equity, dtype=np.float64),
        direction=np.ones(len(trades), dtype=np.int8),
        size=ones,
        entry_bar=np.array(entry, dtype=np.int64),
        entry_price=ones,
        exit_bar=np.array(exit_, dtype=np.int64),
        exit_price=ones,
        pnl=np.array(pnl, dtype=np.float64),
        returns=np.array(returns, dtype=np.float64),
        fees=ones * fees,
        exit_reason=np.array([EXIT_REASONS.index(reason) for reason in reasons], dtype=np.int8),
        unfilled_bar=np.zeros(n_unfilled, dtype=np.int64),
        unfilled_side=np.ones(n_unfilled, dtype=np.int8),
        unfilled_reason=np.zeros(n_unfilled, dtype=np.int8),
    )


@pytest.fixture(params=ENGINES)
def measure(request: pytest.FixtureRequest) -> Measure:
    """Metrics of an equity curve and trades on business days, from a capital of 100."""
    engine = ENGINES[request.param]

    def run(
        equity: Sequence[float],
        trades: Sequence[Trade] = (),
        *,
        index: pd.Index | None = None,
        capital: float | None = None,
        fees: float = 0.0,
        n_unfilled: int = 0,
        **settings: Any,
    ) -> dict[str, float]:
        if index is None:
            index = pd.bdate_range("2024-01-01", periods=len(equity))
        account = _account(equity, trades, fees, n_unfilled)
        resolved = Settings.resolve({"initial_capital": 100.0, **settings})
        return engine.metrics(account, index, resolved, capital=capital)

    return run


ANNUAL = ("annual_return", "volatility", "sharpe", "sortino", "calmar")
OF_TRADES = ("win_rate", "profit_factor", "expectancy", "avg_trade", "sqn")
PEER = "backtesting.py"


# Style "standard"


def test_metrics_come_in_the_order_of_the_tables(measure: Measure) -> None:
    found = measure([100, 101], n_unfilled=3)
    assert tuple(found) == METRICS
    assert type(found["n_trades"]) is int
    assert type(found["n_unfilled"]) is int
    assert found["n_unfilled"] == 3


def test_annual_metrics_by_hand(measure: Measure) -> None:
    found = measure([110, 99, 99, 118.8], periods_per_year=4.0)  # returns 10 %, -10 %, 0, 20 %
    deviation = sqrt((0.05**2 + 0.15**2 + 0.05**2 + 0.15**2) / 3)  # around the mean of 5 %
    assert found["total_return"] == pytest.approx(0.188)
    assert found["annual_return"] == pytest.approx(0.188)  # four bars are a year
    assert found["volatility"] == pytest.approx(deviation * 2)
    assert found["sharpe"] == pytest.approx(0.05 / deviation * 2)
    assert found["sortino"] == pytest.approx(0.05 * 4 / sqrt(4 * 0.1**2 / 4))
    assert found["max_drawdown"] == pytest.approx(-0.1)
    assert found["calmar"] == pytest.approx(1.88)
    assert found["final_equity"] == 118.8


def test_drawdown_does_not_start_from_the_capital(measure: Measure) -> None:
    found = measure([90, 95])  # the peak runs over equity alone
    assert found["max_drawdown"] == 0
    assert isnan(found["calmar"])


def test_equal_returns_have_no_deviation(measure: Measure) -> None:
    found = measure([100 * 1.1 ** (k + 1) for k in range(20)])  # 10 % a bar, to rounding
    assert found["volatility"] == 0
    assert (found["sharpe"], found["sortino"]) == (inf, inf)
    assert isnan(found["calmar"])


def test_equal_losses_have_a_sharpe_of_minus_infinity(measure: Measure) -> None:
    found = measure([100 * 0.9 ** (k + 1) for k in range(20)], periods_per_year=4.0)
    assert found["sharpe"] == -inf
    assert found["sortino"] == pytest.approx(-0.1 * 4 / sqrt(4 * 0.01))


def test_a_flat_account_has_no_ratios(measure: Measure) -> None:
    found = measure([100, 100, 100])
    assert (found["annual_return"], found["volatility"], found["max_drawdown"]) == (0, 0, 0)
    assert all(isnan(found[name]) for name in ("sharpe", "sortino", "calmar"))


def test_one_bar_counts_as_one_day(measure: Measure) -> None:
    found = measure([101])
    assert found["annual_return"] == pytest.approx(1.01**252 - 1)
    assert all(isnan(found[name]) for name in ("volatility", "sharpe", "calmar"))
    assert found["sortino"] == inf


def test_one_bar_on_a_weekend_counts_as_one_of_365_days(measure: Measure) -> None:
    saturday = pd.DatetimeIndex(["2024-01-06"])
    for periods in ("auto", "spacing"):
        found = measure([101], index=saturday, periods_per_year=periods)
        assert found["annual_return"] == pytest.approx(1.01**365 - 1)


def test_growth_beyond_a_float_is_infinite(measure: Measure) -> None:
    assert measure([100 * 100.0])["annual_return"] == inf  # 100 ** 252


def test_a_ruined_account_lost_everything_and_then_stands_still(measure: Measure) -> None:
    found = measure([50, 0, 0, 0], periods_per_year=4.0)
    assert (found["total_return"], found["annual_return"], found["max_drawdown"]) == (-1, -1, -1)
    assert found["sortino"] == pytest.approx((-1.5 / 4) * 4 / sqrt(4 * (0.25 + 1) / 4))  # returns -50 %, -100 %, 0, 0


def test_an_account_below_zero_has_no_annual_return(measure: Measure) -> None:
    found = measure([50, -10], ruin=False)
    assert isnan(found["annual_return"])
    assert found["max_drawdown"] == pytest.approx(-1.2)


def test_without_bars_there_are_no_metrics(measure: Measure) -> None:
    with pytest.raises(ValueError, match="bar"):
        measure([])


def test_without_trades_their_metrics_are_unknown(measure: Measure) -> None:
    found = measure([100, 101])
    assert found["n_trades"] == 0
    assert all(isnan(found[name]) for name in OF_TRADES)
    assert (found["exposure"], found["fees"]) == (0, 0)


def test_trade_metrics_by_hand(measure: Measure) -> None:
    trades = [(0, 1, 10.0, 0.1, "signal"), (1, 2, -5.0, -0.04, "signal"), (2, 3, 0.0, 0.0, "signal")]
    found = measure([100, 110, 105, 105], trades, fees=1.5)
    deviation = sqrt(((10 - 5 / 3) ** 2 + (5 + 5 / 3) ** 2 + (5 / 3) ** 2) / 2)
    assert found["n_trades"] == 3
    assert found["win_rate"] == pytest.approx(1 / 3)  # nothing earned is nothing won
    assert found["profit_factor"] == 2
    assert found["expectancy"] == pytest.approx(5 / 3)
    assert found["avg_trade"] == pytest.approx(0.02)
    assert found["sqn"] == pytest.approx(sqrt(3) * 5 / 3 / deviation)
    assert found["fees"] == 4.5


def test_profit_factor_without_losses(measure: Measure) -> None:
    assert measure([100, 110], [(0, 1, 10.0, 0.1, "signal")])["profit_factor"] == inf
    assert isnan(measure([100, 100], [(0, 1, 0.0, 0.0, "signal")])["profit_factor"])


def test_sqn_needs_two_trades_and_is_infinite_where_they_are_equal(measure: Measure) -> None:
    won = (0, 1, 10.0, 0.1, "signal")
    assert isnan(measure([100, 110], [won])["sqn"])
    assert measure([100, 110], [won, won])["sqn"] == inf


def test_an_open_trade_counts_for_exposure_to_the_last_bar_and_for_fees_only(measure: Measure) -> None:
    found = measure([100, 100, 100, 110, 120], [(3, 4, 20.0, 0.2, "open")], fees=2.0)
    assert found["exposure"] == pytest.approx(2 / 5)
    assert found["fees"] == 2
    assert found["n_trades"] == 0


def test_a_closed_trade_is_not_held_on_its_exit_bar(measure: Measure) -> None:
    assert measure([100] * 5, [(1, 3, 0.0, 0.0, "signal")])["exposure"] == pytest.approx(2 / 5)


def test_overlapping_trades_are_exposed_once(measure: Measure) -> None:
    trades = [(0, 4, 0.0, 0.0, "signal"), (2, 6, 0.0, 0.0, "signal")]
    assert measure([100] * 10, trades)["exposure"] == pytest.approx(0.6)


def test_a_given_capital_replaces_that_of_the_settings(measure: Measure) -> None:
    found = measure([220, 220], capital=200.0, periods_per_year=2.0)
    assert found["total_return"] == pytest.approx(0.1)
    assert found["annual_return"] == pytest.approx(0.1)


# Periods a year


def _session_minutes(days: int) -> pd.DatetimeIndex:
    opens = pd.bdate_range("2024-01-01 09:30", periods=days, tz="America/New_York")
    return pd.DatetimeIndex(sorted(day + pd.Timedelta(minutes=m) for day in opens for m in range(390)))


def _every_day_but_sunday(days: int) -> pd.DatetimeIndex:
    every = pd.date_range("2024-01-01", periods=days)
    return every[every.day_of_week < 6]


@pytest.mark.parametrize(
    ("index", "periods"),
    [
        pytest.param(pd.bdate_range("2024-01-01", periods=300), 252, id="business days"),
        pytest.param(_every_day_but_sunday(350), 313, id="six days a week"),
        pytest.param(pd.date_range("2024-01-01", periods=300), 365, id="every day"),
        pytest.param(pd.date_range("2024-01-01", periods=60, freq="W-FRI"), 52, id="weeks"),
        pytest.param(pd.date_range("2020-01-01", periods=48, freq="MS"), 12, id="months"),
        pytest.param(pd.date_range("2020-01-01", periods=20, freq="QS"), 4, id="quarters"),
        pytest.param(pd.date_range("2001-01-01", periods=9, freq="YS"), 1, id="years"),
        pytest.param(pd.date_range("2024-01-01", periods=99, freq="3D"), 365 / 3, id="every third day"),
        pytest.param(pd.date_range("2024-01-01", periods=24 * 60, freq="h"), 24 * 365, id="hours around the clock"),
        pytest.param(_session_minutes(6), 390 * 252, id="minutes of a session"),
        pytest.param(pd.RangeIndex(50), 252, id="no times"),
    ],
)
def test_periods_a_year_follow_from_the_calendar(measure: Measure, index: pd.Index, periods: float) -> None:
    equity = 100 + np.arange(len(index)) % 2
    guessed, given = measure(equity, index=index), measure(equity, index=index, periods_per_year=float(periods))
    assert [guessed[name] for name in ANNUAL] == pytest.approx([given[name] for name in ANNUAL], rel=1e-12)


def test_days_are_those_of_the_bars_own_zone(measure: Measure) -> None:
    evenings = pd.bdate_range("2024-01-01 20:00", periods=300, tz="America/New_York")  # Fridays are Saturdays in UTC
    equity = 100 + np.arange(300) % 2
    local, naive = measure(equity, index=evenings), measure(equity, index=evenings.tz_localize(None))
    assert local["volatility"] == pytest.approx(naive["volatility"], rel=1e-12)


def test_spacing_divides_365_days_by_the_median_spacing(measure: Measure) -> None:
    minutes = _session_minutes(2)
    equity = 100 + np.arange(len(minutes)) % 2
    spaced = measure(equity, index=minutes, periods_per_year="spacing")
    given = measure(equity, index=minutes, periods_per_year=365.0 * 24 * 60)
    assert spaced["volatility"] == pytest.approx(given["volatility"], rel=1e-12)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_times_does_not_matter(measure: Measure, unit: str) -> None:
    index = pd.date_range("2024-01-01", periods=48, freq="h").as_unit(unit)
    equity = 100 + np.arange(48) % 2
    given = measure(equity, index=index, periods_per_year=24 * 252.0)  # Monday and Tuesday: no weekend seen
    assert measure(equity, index=index)["volatility"] == pytest.approx(given["volatility"], rel=1e-12)


# Style "backtesting.py"


def test_the_peers_annual_metrics_from_day_returns_by_hand(measure: Measure) -> None:
    index = pd.DatetimeIndex(
        ["2024-01-01 10:00", "2024-01-01 15:00", "2024-01-02 10:00", "2024-01-02 15:00", "2024-01-03"]
    )
    found = measure([90, 100, 130, 110, 99], index=index, metrics_style=PEER)  # day returns 10 %, -10 %
    growth = exp((log(1.1) + log(0.9)) / 2)
    annual = growth**252 - 1
    volatility = growth**252 * sqrt(expm1(252 * log1p(0.02 / growth**2)))
    assert found["annual_return"] == pytest.approx(annual)
    assert found["volatility"] == pytest.approx(volatility)
    assert found["sharpe"] == pytest.approx(annual / volatility)
    assert found["sortino"] == pytest.approx(annual / sqrt(252 * 0.01 / 2))
    assert found["max_drawdown"] == pytest.approx(99 / 130 - 1)
    assert found["calmar"] == pytest.approx(annual / (1 - 99 / 130))


@pytest.mark.parametrize(
    ("index", "periods"),
    [
        (pd.bdate_range("2024-01-01", periods=60), 252),
        (pd.date_range("2024-01-01", periods=60), 365),
        (pd.date_range("2024-01-01", periods=60, freq="W-SUN"), 52),
        (pd.date_range("2020-01-31", periods=60, freq="ME"), 12),
        (pd.date_range("2001-12-31", periods=9, freq="YE"), 1),
    ],
)
def test_the_peers_periods_a_year(measure: Measure, index: pd.DatetimeIndex, periods: float) -> None:
    equity = 100 * 1.001 ** np.arange(len(index))
    assert measure(equity, index=index, metrics_style=PEER)["annual_return"] == pytest.approx(1.001**periods - 1)


def test_the_peer_calls_zero_denominators_unknown(measure: Measure) -> None:
    won = (0, 1, 10.0, 0.1, "signal")
    found = measure([100, 110, 121], [won, won], metrics_style=PEER)
    assert found["volatility"] == 0
    assert all(isnan(found[name]) for name in ("sharpe", "sortino", "calmar", "profit_factor", "sqn"))
    assert found["annual_return"] == pytest.approx(1.1**252 - 1)


@pytest.mark.parametrize(
    "index", [pd.date_range("2024-01-01 10:00", periods=3, freq="h"), pd.RangeIndex(3)], ids=["one day", "no times"]
)
def test_without_a_day_return_the_peer_knows_no_year(measure: Measure, index: pd.Index) -> None:
    found = measure([100, 101, 99], index=index, metrics_style=PEER)
    assert all(isnan(found[name]) for name in ANNUAL)
    assert found["total_return"] == pytest.approx(-0.01)


def test_one_day_return_has_no_deviation(measure: Measure) -> None:
    found = measure([100, 99], metrics_style=PEER)
    assert found["annual_return"] == pytest.approx(0.99**252 - 1)
    assert isnan(found["volatility"])
    assert isnan(found["sharpe"])


def test_days_without_money_are_left_out_and_a_total_loss_stops_the_peers_growth(measure: Measure) -> None:
    found = measure([100, 50, 0, 0, 0], metrics_style=PEER)  # day returns -50 %, -100 %
    assert found["annual_return"] == 0
    assert found["volatility"] == pytest.approx(sqrt(expm1(252 * log1p(0.125))))


def test_the_peers_trade_metrics_are_on_returns(measure: Measure) -> None:
    trades = [(0, 1, 10.0, 0.1, "signal"), (1, 3, -5.0, -0.04, "signal"), (4, 4, 1.0, 0.01, "open")]
    found = measure([100, 110, 105, 105, 106], trades, metrics_style=PEER)
    assert found["profit_factor"] == pytest.approx(2.5)
    assert found["expectancy"] == found["avg_trade"] == pytest.approx(0.03)
    assert found["exposure"] == pytest.approx(4 / 5)  # exit bars included, the open trade not
    assert found["n_trades"] == 2


def test_the_peer_counts_local_days(measure: Measure) -> None:
    evenings = pd.DatetimeIndex(["2024-01-01 18:00", "2024-01-01 20:00", "2024-01-02 18:00"], tz="America/New_York")
    found = measure([100, 200, 220], index=evenings, metrics_style=PEER)  # in UTC the second bar is of the next day
    assert found["annual_return"] == pytest.approx(1.1**252 - 1)
