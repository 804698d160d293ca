"""Longer bars from shorter ones, and the period that a run is about."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_cases import days, loaded, random_walk

from adm_notebook.errors import ConfigError, DataError

ZONES = [None, "UTC", "America/New_York", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata"]
RULES = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Bars at odd minutes of a fortnight in which clocks change in many zones, with gaps."""
    zone = draw(st.sampled_from(ZONES))
    start = draw(st.sampled_from(["2018-03-05", "2018-03-26", "2018-10-29", "2018-11-01", "2018-04-01"]))
    minutes = draw(st.sets(st.integers(0, 14 * 24 * 4), min_size=2, max_size=300))
    index = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.array(sorted(minutes)) * 15, unit="min")
    return random_walk(index.tz_localize(None) if zone is None else index.tz_convert(zone))


def local_midnights(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    day = index.tz_localize(None).normalize()
    return (
        day
        if index.tz is None
        else day.tz_localize(index.tz, ambiguous=np.ones(len(day), bool), nonexistent="shift_forward")
    )


def assert_bars_equal(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(got, expected, check_freq=False, check_names=False, check_index_type=False)


@given(frames())
@settings(max_examples=40)
def test_days_are_the_groups_of_local_days(frame: pd.DataFrame) -> None:
    expected = frame.groupby(local_midnights(frame.index)).agg(RULES)
    if _median_spacing(frame.index) <= pd.Timedelta(days=1):
        assert_bars_equal(loaded(frame=frame, timeframe="1d")["frame"].frame, expected)


@given(frames(), st.sampled_from([45, 60, 240, 420, 1000]))
@settings(max_examples=40)
def test_shorter_bins_count_from_local_midnight(frame: pd.DataFrame, minutes: int) -> None:
    midnight = local_midnights(frame.index)
    length = pd.Timedelta(minutes=minutes)
    expected = frame.groupby(midnight + (frame.index - midnight) // length * length).agg(RULES)
    if _median_spacing(frame.index) <= length:
        assert_bars_equal(loaded(frame=frame, timeframe=f"{minutes}min")["frame"].frame, expected)


def _median_spacing(index: pd.DatetimeIndex) -> pd.Timedelta:
    return index.to_series().diff().median()


@pytest.mark.parametrize(
    ("timeframe", "rule"),
    [("1w", "W-MON"), ("weekly", "W-MON"), ("1mo", "MS"), ("1M", "MS"), ("3mo", "QS"), ("1y", "YS")],
)
@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_weeks_begin_on_monday_and_months_on_their_first(timeframe: str, rule: str, zone: str | None) -> None:
    frame = random_walk(pd.bdate_range("2023-05-03", "2024-05-17", tz=zone))
    expected = frame.resample(rule, closed="left", label="left").agg(RULES)
    assert_bars_equal(loaded(frame=frame, timeframe=timeframe)["frame"].frame, expected)


def test_a_bin_without_bars_is_left_out() -> None:
    frame = random_walk(
        pd.DatetimeIndex(["2024-01-01 10:00", "2024-01-01 10:01", "2024-01-01 13:30", "2024-01-01 13:31"])
    )
    index = loaded(frame=frame, timeframe="1h")["frame"].index
    assert [str(time) for time in index] == ["2024-01-01 10:00:00", "2024-01-01 13:00:00"]


def test_the_own_timeframe_changes_nothing_and_a_finer_one_is_refused() -> None:
    frame = days(20)
    assert loaded(frame=frame, timeframe="1d")["frame"].fingerprint == loaded(frame=frame)["frame"].fingerprint
    with pytest.raises(ConfigError, match="1h is finer than the data, with bars 1 day apart"):
        loaded(frame=frame, timeframe="1h")


def test_the_first_bars_are_taken_before_resampling() -> None:
    frame = random_walk(pd.date_range("2024-01-01", periods=72, freq="1h"))
    bars = loaded(frame=frame, timeframe="1d", max_bars=30, start="2024-01-01 12:00")["frame"]
    assert bars.frame["volume"].tolist() == [frame["volume"].iloc[12:24].sum(), frame["volume"].iloc[24:42].sum()]


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_a_date_means_its_whole_local_day(zone: str | None) -> None:
    frame = random_walk(pd.date_range("2024-03-08", periods=24 * 6, freq="1h", tz=zone))
    index = loaded(frame=frame, start=date(2024, 3, 9), end="2024-03-10")["frame"].index
    assert index[0] == pd.Timestamp("2024-03-09", tz=zone)
    assert index[-1] == pd.Timestamp("2024-03-10 23:00", tz=zone)
    assert len(index) == (47 if zone == "America/New_York" else 48)  # the clock is set forward on the 10th


def test_a_time_is_included_and_years_and_months_are_whole() -> None:
    frame = random_walk(pd.date_range("2023-12-30", periods=24 * 40, freq="1h"))
    assert loaded(frame=frame, end=datetime(2023, 12, 30, 5))["frame"].n_bars == 6  # noqa: DTZ001 - the data have no zone
    assert loaded(frame=frame, end=2023)["frame"].n_bars == 48
    assert loaded(frame=frame, start="2024-01", end="2024-01")["frame"].n_bars == 31 * 24


def test_an_empty_period_is_answered_with_what_the_data_cover() -> None:
    with pytest.raises(DataError, match="no bars of frame from 2030-01-01; it covers 2024-01-01 to 2024-01-05"):
        loaded(frame=days(), start=2030)


def test_a_zone_goes_with_data_that_have_one() -> None:
    with pytest.raises(ConfigError, match="has a time zone, but the times of frame have none: write 2024-01-02"):
        loaded(frame=days(), start="2024-01-02T00:00+00:00")
    frame = days(tz="America/New_York")
    assert loaded(frame=frame, start="2024-01-02T05:00+00:00")["frame"].n_bars == 4
