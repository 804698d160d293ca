"""Texts and numbers as times: ISO 8601, the dates that data vendors write, and seconds since 1970."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["AmbiguousDatesError", "TimesError", "read_times"]

_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%b %d %Y", "%B %d, %Y", "%d %B %Y"),
)
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p", " %H%M%S", "T%H:%M:%S", "T%H:%M")
_DAY_AND_MONTH = r"^\s*(?P<first>\d{1,2})(?P<mark>[/.\-])(?P<second>\d{1,2})[/.\-](?P<year>\d{4}|\d{2})\b"
_ZONED = re.compile(r":\d\d(?:\.\d+)?\s*(?:Z|[+-]\d\d(?::?\d\d)?)$")
_CENTURIES = (19_000_101, 22_001_231)  # whole numbers in between are dates written yyyymmdd
_EARLIEST = 1e8  # seconds: 1973; smaller numbers are rather row numbers than times
_SCALES: tuple[tuple[float, Literal["s", "ms", "us", "ns"]], ...] = (
    (1e11, "s"),
    (1e14, "ms"),
    (1e17, "us"),
    (np.inf, "ns"),
)


class TimesError(ValueError):
    """Times that can't be read at all; the message is half a sentence about them."""


class AmbiguousDatesError(TimesError):
    """Dates such as 3/4/2024, which the data leave undecided."""


def read_times(values: pd.Series) -> tuple[pd.DatetimeIndex, tuple[str, ...]]:
    """Times, in microseconds or finer, in the zone that the values carry; and notes on what had to be chosen.

    What can't be read is NaT. Numbers count seconds, milli-, micro- or nanoseconds since 1970 (their size tells which)
    and are UTC; whole numbers such as 20240131 are dates. Whether 3/4/2024 is in March or April, all values tell.

    Raises
    ------
    TimesError
        if the first value is no time, or day and month can't be told apart.
    """
    if isinstance(values.dtype, (pd.DatetimeTZDtype, pd.PeriodDtype)) or values.dtype.kind == "M":
        if isinstance(values.dtype, pd.PeriodDtype):
            values = values.dt.to_timestamp()
        return pd.DatetimeIndex(values), ()
    if pd.api.types.is_bool_dtype(values.dtype):
        raise TimesError("holds true and false, not times")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _from_numbers(values.to_numpy(dtype=np.float64, na_value=np.nan), values), ()
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TimesError("mixes values of several kinds") from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        try:
            return pd.DatetimeIndex(pd.to_datetime(values)).as_unit("us"), ()
        except ValueError as error:
            said = (
                "mixes times of several zones, or with and without one; pd.to_datetime(times, utc=True) makes them one"
            )
            raise TimesError(said) from error
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        raise TimesError(f"holds {array.type}, not times")
    return _from_texts(pc.utf8_trim_whitespace(array))


def _from_numbers(numbers: np.ndarray, values: pd.Series) -> pd.DatetimeIndex:
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        raise TimesError("is empty")
    if _CENTURIES[0] <= known.min() and known.max() <= _CENTURIES[1] and (known == np.floor(known)).all():
        whole = pd.Series(np.where(np.isfinite(numbers), numbers, 0).astype(np.int64).astype(str), index=values.index)
        dates = pd.to_datetime(whole, format="%Y%m%d", errors="coerce")
        if not dates.isna().all():
            return pd.DatetimeIndex(dates)
    if np.abs(known).max() < _EARLIEST:
        raise TimesError(f"holds numbers up to {known.max():g}, which count no seconds since 1970")
    unit = next(unit for limit, unit in _SCALES if np.abs(known).max() < limit)
    exact = values.to_numpy() if values.dtype.kind in "iu" else numbers  # nanoseconds don't fit into a float
    return pd.to_datetime(exact, unit=unit, utc=True)


def _from_texts(texts: pa.Array) -> tuple[pd.DatetimeIndex, tuple[str, ...]]:
    first = next((t for t in texts[:1000].to_pylist() if t), None)
    if first is None:
        raise TimesError("is empty")
    if re.fullmatch(r"-?\d+(\.\d+)?", first) and not re.fullmatch(r"(19|2[01])\d{6}", first):
        series = pd.to_numeric(pd.Series(texts.to_pandas()), errors="coerce")
        return _from_numbers(series.to_numpy(dtype=np.float64, na_value=np.nan), series), ()
    if first.endswith((" UTC", " GMT")):
        texts, first = pc.replace_substring_regex(texts, " (UTC|GMT)$", "Z"), first[:-4] + "Z"
    if _ZONED.search(first):
        return _from_zoned(texts)
    for unit in ("us", "ns"):
        try:
            return _without_impossible(pd.DatetimeIndex(pc.cast(texts, pa.timestamp(unit)).to_pandas()), texts), ()
        except pa.ArrowInvalid:
            continue
    pattern = _pattern(first, texts)
    if pattern is not None:
        try:
            return _strictly(pd.DatetimeIndex(pc.strptime(texts, pattern, "us").to_pandas()), texts, pattern), ()
        except pa.ArrowInvalid:  # some can't be read, or a fraction of a second, which arrow's parser has no letter for
            series = pd.Series(texts.to_pandas())
            return pd.DatetimeIndex(pd.to_datetime(series, format=pattern, errors="coerce")).as_unit("us"), ()
    raise TimesError(f"holds {first!r}, which is no time that can be read; write times as 2014-03-07 15:30:00")


def _without_impossible(index: pd.DatetimeIndex, texts: pa.Array) -> pd.DatetimeIndex:
    """The times read from ISO texts, NaT where the day is not in the calendar: arrow reads 2023-02-31 as 3 March."""
    written = pc.cast(pc.utf8_slice_codeunits(texts, 8, 10), pa.int64())
    read = pc.day(pc.cast(pc.utf8_slice_codeunits(texts, 0, 10), pa.timestamp("s")))
    moved = pc.fill_null(pc.not_equal(written, read), False).to_numpy(zero_copy_only=False)
    return _without(index, moved) if moved.any() else index


def _strictly(index: pd.DatetimeIndex, texts: pa.Array, pattern: str) -> pd.DatetimeIndex:
    """The same for texts of another pattern; only the first days of a month can have been a day that is not there."""
    early = np.flatnonzero(index.day <= 3)
    again = pd.to_datetime(pd.Series(texts.take(pa.array(early)).to_pandas()), format=pattern, errors="coerce")
    moved = early[again.isna().to_numpy()]
    if not moved.size:
        return index
    mask = np.zeros(len(index), np.bool_)
    mask[moved] = True
    return _without(index, mask)


def _without(index: pd.DatetimeIndex, mask: np.ndarray) -> pd.DatetimeIndex:
    """The index with NaT where `mask` is set."""
    return pd.DatetimeIndex(index.where(~mask))


def _from_zoned(texts: pa.Array) -> tuple[pd.DatetimeIndex, tuple[str, ...]]:
    try:
        index = pd.DatetimeIndex(pc.cast(texts, pa.timestamp("us", "UTC")).to_pandas())
        index = _without_impossible(index, texts)
    except pa.ArrowInvalid:
        series = pd.Series(texts.to_pandas())
        index = pd.DatetimeIndex(pd.to_datetime(series, format="ISO8601", errors="coerce", utc=True))
    endings = sorted(ending for ending in pc.unique(pc.utf8_slice_codeunits(texts, -6)).to_pylist() if ending)
    offsets = {offset: ending for ending in endings if (offset := _offset(ending)) is not None}
    if len(offsets) == 1:
        (offset,) = offsets
        return (index.tz_convert(timezone(offset)) if offset else index), ()
    named = ", ".join(offsets.values())
    return index, (f"The times carry several offsets ({named}), which name no time zone: they are read as UTC.",)


def _offset(ending: str) -> timedelta | None:
    """The offset from UTC that ends the text of a time, of which the last six characters are given."""
    if ending.endswith("Z"):
        return timedelta(0)
    match = re.search(r"([+-])(\d\d):?(\d\d)?$", ending)
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return -size if match[1] == "-" else size


def _pattern(first: str, texts: pa.Array) -> str | None:
    """The format that fits the first value, if one does."""
    dates = list(_DATES)
    if match := re.match(_DAY_AND_MONTH, first):
        dates = [_day_or_month_first(match, texts)]
    for pattern in (day + clock for day in dates for clock in _CLOCKS):
        try:
            datetime.strptime(first, pattern)  # noqa: DTZ007 - only the format is of interest
        except ValueError:
            continue
        return pattern
    return None


def _day_or_month_first(match: re.Match[str], texts: pa.Array) -> str:
    mark, year = match["mark"], "%Y" if len(match["year"]) == 4 else "%y"
    day_first, month_first = f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"
    days = pd.Series(pc.unique(pc.utf8_slice_codeunits(texts, 0, 10)).to_pandas())
    parts = days.str.extract(_DAY_AND_MONTH)
    first, second = (pd.to_numeric(parts[name]).max() for name in ("first", "second"))
    if first > 12:
        return day_first
    if second > 12:
        return month_first
    if mark == ".":  # nobody writes the month first with points
        return day_first
    dates = parts["first"] + mark + parts["second"] + mark + parts["year"]
    ordered = [
        pattern
        for pattern in (month_first, day_first)
        if pd.to_datetime(dates, format=pattern, errors="coerce").is_monotonic_increasing
    ]
    if len(ordered) == 1:
        return ordered[0]
    raise AmbiguousDatesError(f"holds dates such as {match[0].strip()}, of which day and month can't be told apart")
