"""The fast calendar equals a plain computation with pandas, in any zone, also where clocks change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adm_notebook.errors import DataError
from adm_notebook.market.calendar import Calendar

MINUTE, DAY = 60, 86_400
ZONES = (None, "UTC", "America/New_York", "Europe/Berlin", "America/St_Johns", "America/Havana", "Australia/Lord_Howe")


@st.composite
def times(draw: st.DrawFn) -> pd.DatetimeIndex:
    """Increasing times of any spacing, dense enough at times to cross a change of clocks within a day."""
    n = draw(st.sampled_from([1, 2, 3, 20, 120]) | st.integers(1, 60))
    step = draw(st.sampled_from([1, MINUTE, 5 * MINUTE, 3600, 6 * 3600, DAY, 7 * DAY, 31 * DAY, 92 * DAY, 365 * DAY]))
    gaps = draw(arrays(np.int64, n, elements=st.sampled_from([1, 1, 1, 1, 2, 3, 17])))
    # Changes of clocks: at St John's then a minute after midnight, so that a day's last minutes came twice.
    start = draw(st.sampled_from(["2010-11-07T02:00", "2010-03-13T22:00", "2010-10-02T14:00", "2024-06-03T09:30"]))
    moments = np.datetime64(start, "s") + (np.cumsum(gaps) * step).astype("timedelta64[s]")
    moments = moments[moments < np.datetime64("2200-01-01")]  # nanoseconds end in 2262
    index = pd.DatetimeIndex(moments).as_unit(draw(st.sampled_from(["s", "ms", "us", "ns"])))
    zone = draw(st.sampled_from(ZONES))
    return index if zone is None else index.tz_localize("UTC").tz_convert(zone)


def plain(index: pd.DatetimeIndex) -> dict[str, object]:
    """The specification's words, one after the other, in pandas."""
    local = index.tz_localize(None)
    bars_per_day = pd.Series(1, index=local.normalize()).groupby(level=0).size().median()
    weekend = (local.day_of_week >= 5).mean()
    year = 252 if weekend < 1 / 8 else 313 if weekend <= 1 / 5 else 365
    spacing = (pd.Series(index).diff() / pd.Timedelta(days=1)).median()  # as numbers: a Timedelta rounds to its unit
    if len(index) == 1:
        periods = year
    elif bars_per_day > 1:
        periods = year * bars_per_day
    elif spacing <= 1.5:
        periods = year
    else:
        fits = [p for p, least, most in ((52, 5, 10), (12, 26, 45), (4, 80, 100)) if least <= spacing <= most]
        periods = fits[0] if fits else 365 / spacing
    recent = pd.Series(index[-100:]).diff().median()
    peer = {7: ("W-SUN", 52), 31: ("M", 12), 365: ("Y", 1)}
    freq, peer_periods = peer.get(-1 if pd.isna(recent) else recent.days, ("D", 365 if weekend > 2 / 7 * 0.6 else 252))
    last = pd.Series(np.arange(len(index))).groupby(local.to_period(freq)).last()
    return {"periods_per_year": periods, "peer_periods_per_year": peer_periods, "period_ends": last.to_numpy(),
            "days": local.to_numpy().astype("datetime64[D]").astype(np.int64),
            "days_per_year": year, "spacing_periods": 365 / spacing if len(index) > 1 else year}  # fmt: skip


@hypothesis_settings(max_examples=300)
@given(times())
def test_it_equals_a_plain_computation(index: pd.DatetimeIndex) -> None:
    found = Calendar.of(index)
    for name, value in plain(index).items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=1e-12, err_msg=name)
    assert found.has_time
    assert found.n_bars == len(index)


def business_minutes(days: int, zone: str) -> pd.DatetimeIndex:
    """390 minutes from 9:30 on each of some business days."""
    opens = pd.bdate_range("2020-10-01", periods=days, tz=zone) + pd.Timedelta(hours=9, minutes=30)
    return opens.repeat(390) + pd.to_timedelta(np.tile(np.arange(390), days), unit="min")


def test_a_stock_exchange_in_minutes_across_a_change_of_clocks() -> None:
    index = business_minutes(60, "America/New_York")  # clocks go back on 1 November
    calendar = Calendar.of(index)
    assert calendar.periods_per_year == 252 * 390
    assert calendar.period_ends.tolist() == list(range(389, 60 * 390, 390))
    assert calendar.intraday


@pytest.mark.parametrize(
    ("freq", "label", "periods", "intraday"),
    [
        ("B", "daily", 252, False),
        ("D", "daily", 365, False),
        ("W-FRI", "weekly", 52, False),
        ("MS", "monthly", 12, False),
        ("QS", "quarterly", 4, False),
        ("YS", "yearly", 1, False),
        ("h", "hourly", 365 * 24, True),
        ("4h", "4-hour", 365 * 6, True),
        ("min", "1-minute", 365 * 1440, True),
        ("5min", "5-minute", 365 * 288, True),
        ("30s", "30-second", 365 * 2880, True),
        ("2D", "2-day", 182.5, False),
    ],
)
def test_common_timeframes_have_their_name_and_number_of_bars_a_year(
    freq: str, label: str, periods: float, intraday: bool
) -> None:
    length = {"min": 7 * 1440, "5min": 7 * 288, "30s": 7 * 2880, "YS": 30}.get(freq, 504)  # whole weeks
    calendar = Calendar.of(pd.date_range("2001-01-01", periods=length, freq=freq))
    assert calendar.label == label
    assert calendar.intraday == intraday
    assert calendar.periods_per_year == pytest.approx(periods, rel=0.003)


def test_six_day_weeks_make_a_year_of_313_days() -> None:
    index = pd.date_range("2020-01-01", periods=300, freq="D")
    assert Calendar.of(index[index.day_of_week != 5]).days_per_year == 313


def test_bars_without_times_are_taken_for_days_of_an_exchange_and_a_note_says_so() -> None:
    calendar = Calendar.of(pd.RangeIndex(10))
    assert not calendar.has_time
    assert calendar.periods_per_year == 252
    assert len(calendar.period_ends) == 0
    assert "252" in calendar.notes[0]


def test_a_single_bar_has_a_year_of_days() -> None:
    assert Calendar.of(pd.DatetimeIndex(["2024-01-03"])).periods_per_year == 252
    assert Calendar.of(pd.DatetimeIndex(["2024-01-06"])).spacing_periods == 365  # a Saturday


def test_no_bars_or_a_missing_time_is_an_error() -> None:
    with pytest.raises(DataError, match="no bars"):
        Calendar.of(pd.DatetimeIndex([]))
    with pytest.raises(DataError, match="bar 1 has no time"):
        Calendar.of(pd.DatetimeIndex(["2024-01-03", pd.NaT]))
