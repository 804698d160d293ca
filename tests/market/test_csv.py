"""CSV files as vendors write them, and as they should not be."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from market_cases import DATA, days, loaded

from adm_notebook.errors import AdmError, ConfigError, DataError

HEADER = "Date,Open,High,Low,Close,Volume\n"
GOOD = "2024-01-02,10,11,9,10.5,100\n2024-01-03,10.5,12,10,11,100\n"

FIRST, SECOND = pd.Timestamp("2024-01-02 09:30"), pd.Timestamp("2024-01-02 09:31")

DIALECTS = {
    "older_project": "timestamp,open,high,low,close\n2024-01-02 09:30:00,10,11,9,10\n2024-01-02 09:31:00,10,11,9,10\n",
    "date_and_time": "Date,Time,Open,High,Low,Close\n2024-01-02,09:30,10,11,9,10\n2024-01-02,09:31,10,11,9,10\n",
    "metatrader": "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\n"
    "2024.01.02\t09:30:00\t10\t11\t9\t10\t5\n2024.01.02\t09:31:00\t10\t11\t9\t10\t5\n",
    "european": "Date;Open;High;Low;Close\n02.01.2024 09:30;10,0;11,0;9,0;10,0\n02.01.2024 09:31;10,0;11,0;9,0;10,0\n",
    "american": "Date,Close/Last,Volume,Open,High,Low\n01/02/2024 09:30,10,5,10,11,9\n01/02/2024 09:31,10,5,10,11,9\n"
    "01/31/2024 00:00,10,5,10,11,9\n",
    "day_first": "Date,O,H,L,C\n"
    "02/01/2024 09:30,10,11,9,10\n02/01/2024 09:31,10,11,9,10\n31/01/2024 00:00,10,11,9,10\n",
    "order_tells": "Date,O,H,L,C\n"
    "02/01/2024 09:30,10,11,9,10\n02/01/2024 09:31,10,11,9,10\n01/02/2024 00:00,10,11,9,10\n",
    "am_pm": "Date,Open,High,Low,Close\n2024-01-02 09:30:00 AM,10,11,9,10\n2024-01-02 09:31:00 AM,10,11,9,10\n",
    "month_names": 'Date,Open,High,Low,Close\n"Jan 02, 2024 09:30",10,11,9,10\n"Jan 02, 2024 09:31",10,11,9,10\n',
    "line_above_the_header": "https://www.example.com\nunix,date,open,high,low,close\n"
    "1,2024-01-02 09:30:00,10,11,9,10\n2,2024-01-02 09:31:00,10,11,9,10\n",
    "numbered_names": "timestamp,1. open,2. high,3. low,4. close\n"
    "2024-01-02 09:30,10,11,9,10\n2024-01-02 09:31,10,11,9,10\n",
    "unnamed_times": ",O,H,L,C\n2024-01-02 09:30,10,11,9,10\n2024-01-02 09:31,10,11,9,10\n",
    "blank_lines_and_byte_order_mark": "\ufeffDate,O,H,L,C\n\n"
    "2024-01-02 09:30,10,11,9,10\n\n2024-01-02 09:31,10,11,9,10\n",
}
ZONED = {
    "unix_seconds": ("1704187800", "1704187860"),
    "unix_milliseconds": ("1704187800000", "1704187860000"),
    "unix_microseconds": ("1704187800000000", "1704187860000000"),
    "unix_nanoseconds": ("1704187800000000000", "1704187860000000000"),
    "fractions_of_a_second": ("1704187800.0", "1704187860.0"),
    "z": ("2024-01-02T09:30:00Z", "2024-01-02T09:31:00Z"),
    "utc": ("2024-01-02 09:30:00 UTC", "2024-01-02 09:31:00 UTC"),
    "offset": ("2024-01-02 04:30:00-05:00", "2024-01-02 04:31:00-05:00"),
}


def write(folder: Path, text: str, name: str = "prices.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_vendors_dialect_gives_the_same_bars(dialect: str, tmp_path: Path) -> None:
    bars = loaded(path=write(tmp_path, DIALECTS[dialect]))["prices"]
    assert list(bars.index[:2]) == [FIRST, SECOND]
    assert [array[0] for array in bars.prices[:4]] == [10, 11, 9, 10]


@pytest.mark.parametrize("spelling", ZONED)
def test_times_with_a_zone_are_the_same_moment_in_every_spelling(spelling: str, tmp_path: Path) -> None:
    rows = "".join(f"{time},10,11,9,10\n" for time in ZONED[spelling])
    index = loaded(path=write(tmp_path, "timestamp,open,high,low,close\n" + rows))["prices"].index
    assert list(index) == [FIRST.tz_localize("UTC"), SECOND.tz_localize("UTC")]


def test_one_offset_is_kept_and_several_become_utc_with_a_note(tmp_path: Path) -> None:
    head = "timestamp,open,high,low,close\n2024-01-02 00:00:00-05:00,10,11,9,10\n"
    one = loaded(path=write(tmp_path, head, "one.csv"))
    assert str(one["one"].index[0]) == "2024-01-02 00:00:00-05:00"
    several = loaded(path=write(tmp_path, head + "2024-07-02 00:00:00-04:00,10,11,9,10\n", "several.csv"))
    assert str(several["several"].index[1]) == "2024-07-02 04:00:00+00:00"
    assert several.notes == (
        "The times carry several offsets (-04:00, -05:00), which name no time zone: they are read as UTC.",
    )


def test_numbers_that_look_like_dates_are_dates(tmp_path: Path) -> None:
    path = write(tmp_path, "date,open,high,low,close\n20240102,10,11,9,10\n20240103,10,11,9,10\n")
    assert list(loaded(path=path)["prices"].index) == [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-03")]


def test_real_yahoo_prices_are_read_to_the_last_bit() -> None:
    bars = loaded(path=DATA / "sp500_1999.csv")["sp500_1999"]
    with (DATA / "sp500_1999.csv").open(newline="") as stream:
        expected = list(csv.DictReader(stream))
    assert bars.n_bars == len(expected) == 60
    assert bars.index[0] == pd.Timestamp("1999-01-04")
    for name in ("Open", "High", "Low", "Close", "Volume"):
        np.testing.assert_array_equal(getattr(bars.prices, name.lower()), [float(row[name]) for row in expected])


def test_compressed_files_are_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "prices.csv.gz").write_bytes(gzip.compress((HEADER + GOOD).encode()))
    plain = loaded(path=write(tmp_path, HEADER + GOOD))
    assert loaded(path=tmp_path / "prices.csv.gz")["prices"].fingerprint == plain["prices"].fingerprint


def test_yahoos_header_of_three_lines_names_the_symbols(tmp_path: Path) -> None:
    text = (
        "Price,Close,Close,High,High,Low,Low,Open,Open\nTicker,AAPL,MSFT,AAPL,MSFT,AAPL,MSFT,AAPL,MSFT\nDate,,,,,,,,\n"
        "2024-01-02,10,20,11,22,9,19,10,20\n2024-01-03,10,,11,,9,,10,\n2024-01-04,10,20,11,18,9,19,10,20\n"
    )
    path = write(tmp_path, text)
    assert {symbol: bars.n_bars for symbol, bars in loaded(path=path, end="2024-01-03").items()} == {
        "AAPL": 2,
        "MSFT": 1,
    }
    with pytest.raises(DataError, match=r"^prices.csv, row 6 \(2024-01-04\): high 18.0 is below low 19.0"):
        loaded(path=path)


def test_a_symbol_column_makes_several_symbols(tmp_path: Path) -> None:
    text = "date,ticker,open,high,low,close\n2024-01-02,A,1,2,1,2\n2024-01-02,B,3,4,3,4\n2024-01-03,A,1,2,1,2\n"
    path = write(tmp_path, text)
    assert {symbol: bars.n_bars for symbol, bars in loaded(path=path).items()} == {"A": 2, "B": 1}
    assert loaded(path=path, symbols=["B", "A"]).symbols == ("B", "A")


def test_a_file_of_one_symbol_takes_the_name_that_is_given(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + GOOD)
    assert loaded(path=path).symbols == ("prices",)
    assert loaded(path=path, symbols="SPY").symbols == ("SPY",)


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "Tag,Open,High,Low,Close,Adj Close\n2024-01-02,10,11,9,10,9.5\n")
    bars = loaded(path=path, columns={"time": "Tag", "close": "Adj Close"})["prices"]
    assert bars.prices.close[0] == 9.5


MALFORMED = {
    "empty": ("", "prices.csv is empty."),
    "header_only": (HEADER, "prices.csv has no rows."),
    "no_header": (GOOD, "prices.csv has no line of column names; it begins with '2024-01-02,10,11,9,10.5,100'."),
    "missing_columns": ("Date,Open,High,Low,Adj Close\n2024-01-02,1,2,1,2\n", 'example columns: {close: "Adj Close"}'),
    "no_times": ("Open,High,Low,Close,When\n1,2,1,2,x\n", 'example columns: {time: "When"}'),
    "one_name_twice": ("Date,Open,open,High,Low,Close\n2024-01-02,1,1,1,1,1\n", "prices.csv has 'Open' and 'open'"),
    "unsorted": (
        HEADER + GOOD + "2024-01-01,10,11,9,10,1\n",
        "prices.csv, row 4 (2024-01-01): the time is earlier than 2024-01-03 of the row before.",
    ),
    "newest_first": (
        HEADER + "2024-01-03,10,11,9,10,1\n2024-01-02,10,11,9,10,1\n",
        "prices.csv runs from newest to oldest: 2024-01-03 comes first.\nSort the rows by time, oldest first.",
    ),
    "same_time_twice": (
        HEADER + GOOD + "2024-01-03,10,11,9,10,1\n",
        "prices.csv, row 4 (2024-01-03): the row before has the same time.",
    ),
    "price_missing": (HEADER + GOOD + "2024-01-04,10,,9,10,1\n", "prices.csv, row 4 (2024-01-04): high is missing."),
    "price_infinite": (HEADER + GOOD + "2024-01-04,10,inf,9,10,1\n", "row 4 (2024-01-04): high is infinite."),
    "price_negative": (
        HEADER + GOOD + "2024-01-04,-10,11,9,10,1\n",
        "prices.csv, row 4 (2024-01-04): open is -10.0, but prices must be above 0.",
    ),
    "high_below_low": (HEADER + GOOD + "2024-01-04,10,8,9,10,1\n", "row 4 (2024-01-04): high 8.0 is below low 9.0."),
    "high_below_close": (
        HEADER + GOOD + "\n2024-01-04,10,1871.3,9,1878.0,1\n2024-01-05,10,9,9,10,1\n2024-01-06,10,9,9,10,1\n",
        "row 5 (2024-01-04): high 1,871.3 is below close 1,878.0. 2 more rows are bad.\nCorrect the row",
    ),
    "low_above_open": (HEADER + GOOD + "2024-01-04,10,12,11,11.5,1\n", "low 11.0 is above open 10.0."),
    "text_in_a_price": (HEADER + GOOD + "2024-01-04,10,11,9,ten,1\n", "row 4 (2024-01-04): close 'ten' is no number."),
    "line_cut_short": (
        HEADER + GOOD + "2024-01-04,10,11\n",
        "prices.csv, row 4: has 3 fields instead of 6: 2024-01-04,10,11",
    ),
    "text_for_a_time": (
        HEADER + GOOD + "yesterday,10,11,9,10,1\n",
        "prices.csv, row 4: the time 'yesterday' can't be read.",
    ),
    "time_missing": (HEADER + GOOD + ",10,11,9,10,1\n", "prices.csv, row 4: the time is missing."),
    "unknown_zone": (
        HEADER + "2024-01-02 10:00 Mars/Phobos,10,11,9,10,1\n",
        "column 'Date' holds '2024-01-02 10:00 Mars/Phobos', which is no time that can be read",
    ),
    "day_or_month": (HEADER + "3/4/2024,10,11,9,10,1\n4/4/2024,10,11,9,10,1\n", "day and month can't be told apart"),
    "symbol_missing": (
        "Date,Symbol,O,H,L,C\n2024-01-02,A,1,1,1,1\n2024-01-03,,1,1,1,1\n",
        "row 3: the symbol is missing.",
    ),
    "row_numbers": ("Unnamed,Date,O,H,L,C\na,17,1,1,1,1\nb,18,1,1,1,1\n", "numbers up to 18, which count no seconds"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_file_is_refused_in_few_words(case: str, tmp_path: Path) -> None:
    text, message = MALFORMED[case]
    with pytest.raises(AdmError) as caught:
        loaded(path=write(tmp_path, text))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize("name", ["prices.csv", "prices.parquet"])
def test_bytes_that_are_no_table_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(4000))
    with pytest.raises(DataError, match="can't be read as"):
        loaded(path=tmp_path / name)


def test_a_file_of_the_other_kind_is_recognised(tmp_path: Path) -> None:
    days().to_parquet(tmp_path / "prices.csv")
    with pytest.raises(DataError, match=r"It is a Parquet file: write data_config.source: parquet"):
        loaded(path=tmp_path / "prices.csv")
    write(tmp_path, HEADER + GOOD, "prices.parquet")
    with pytest.raises(DataError, match=r"It is text: write data_config.source: csv"):
        loaded(path=tmp_path / "prices.parquet")
    assert loaded(path=tmp_path / "prices.parquet", source="csv")["prices"].n_bars == 2


DROPPED = {
    "unsorted": "1 row of prices dropped (time out of order: 1), first prices.csv, row 4 (2024-01-01): ",
    "text_in_a_price": "1 row of prices dropped (price missing: 1), first prices.csv, row 4 (2024-01-04): close 'ten'",
    "high_below_close": "3 rows of prices dropped (high below another price: 3), first prices.csv, row 5",
    "text_for_a_time": "1 row of prices dropped (time missing: 1), first prices.csv, row 4: the time 'yesterday'",
    "line_cut_short": "1 line without 6 fields dropped, first prices.csv, row 4.",
}


@pytest.mark.parametrize("case", DROPPED)
def test_bad_rows_can_be_dropped_and_a_note_says_which(case: str, tmp_path: Path) -> None:
    market = loaded(path=write(tmp_path, MALFORMED[case][0]), on_bad_data="drop")
    assert list(market["prices"].index) == [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-03")]
    (note,) = market.notes
    assert note.startswith(DROPPED[case])


def test_dropping_does_not_hide_that_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of the 2 rows"):
        loaded(path=write(tmp_path, HEADER + "2024-01-02,1,1,2,1,1\n2024-01-03,1,1,2,1,1\n"), on_bad_data="drop")
    with pytest.raises(DataError, match="newest to oldest"):
        loaded(path=write(tmp_path, MALFORMED["newest_first"][0]), on_bad_data="drop")


def test_bad_rows_outside_the_period_do_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + GOOD + "2024-01-04,10,8,9,10,1\n")
    assert loaded(path=path, end="2024-01-03")["prices"].n_bars == 2
    assert loaded(path=path, max_bars=2)["prices"].n_bars == 2


def test_a_missing_file_is_answered_with_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, HEADER + GOOD, "spy_daily.csv")
    with pytest.raises(ConfigError, match=r"no such file: .*spy_dayly.csv .*There is spy_daily.csv"):
        loaded(path=tmp_path / "spy_dayly.csv")
    with pytest.raises(ConfigError, match="no such folder"):
        loaded(path=tmp_path / "nowhere" / "spy.csv")


def test_a_folder_or_glob_holds_one_file_a_symbol(tmp_path: Path) -> None:
    for name in ("AAA", "BBB"):
        write(tmp_path, HEADER + GOOD, f"{name}.csv")
    assert loaded(path=tmp_path).symbols == ("AAA", "BBB")
    assert loaded(path=f"{tmp_path}/B*.csv").symbols == ("BBB",)
    assert loaded(path=tmp_path, symbols=["BBB"]).symbols == ("BBB",)
    assert loaded(path={"X": tmp_path / "AAA.csv", "Y": tmp_path / "BBB.csv"}).symbols == ("X", "Y")
    assert loaded(path=[tmp_path / "BBB.csv", tmp_path / "AAA.csv"]).source_label == "2 files"
    with pytest.raises(ConfigError, match=r"no symbol 'BB', but AAA, BBB. Did you mean `BBB`"):
        loaded(path=tmp_path, symbols=["BB"])


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + GOOD)
    first = loaded(path=path)
    assert loaded(path=path)["prices"] is first["prices"]
    write(tmp_path, HEADER + GOOD + "2024-01-04,10,11,9,10,1\n")
    assert loaded(path=path)["prices"].n_bars == 3
