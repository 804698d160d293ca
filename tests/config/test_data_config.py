"""What may stand in `data_config`, and what is said of the rest."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.config.data import DataRequest
from adm_notebook.config.timeframe import Timeframe
from adm_notebook.errors import ConfigError

FRAME = pd.DataFrame({"close": [1.0]})

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "older_path": ({"file_path": "a.csv"}, "data_config.file_path  unknown field. Write `path`"),
    "older_start": ({"start_date": "2020"}, "data_config.start_date  unknown field. Write `start`"),
    "older_timeframe": ({"frequency": "1d"}, "unknown field. Write `timeframe`"),
    "misspelt": ({"symbls": "A"}, "unknown field. Did you mean `symbols`?"),
    "yaml_boolean": ({"symbols": [True]}, "YAML reads ON, NO and YES as booleans; put it in quotes"),
    "number_for_symbol": ({"symbols": 600519}, "must be text, but was 600519; put the symbol in quotes"),
    "symbol_twice": ({"symbols": ["A", "A"]}, "A is named twice"),
    "no_symbol": ({"symbols": []}, "must name at least one symbol"),
    "no_date": ({"start": "soon"}, "must be a date or time such as 2014-03-07 or 2014-03-07 15:30, but was 'soon'"),
    "month_13": ({"start": "2014-13"}, "must be a date or time"),
    "boolean_date": ({"start": True}, "must be a date or time"),
    "end_before_start": ({"start": 2015, "end": 2014}, "start 2015-01-01 is after end 2014-12-31"),
    "timeframe_without_unit": ({"timeframe": 5}, "but was 5 without a unit"),
    "unknown_timeframe": ({"timeframe": "5 parsecs"}, "such as 5min, 1h, 1d, 1w or 1mo, but was '5 parsecs'"),
    "no_length": ({"timeframe": "0d"}, "but was '0d'"),
    "more_than_a_day_less_than_two": ({"timeframe": "36h"}, "bins start at midnight; was '36h'"),
    "no_bars": ({"max_bars": 0}, "must be above 0, but was 0"),
    "half_a_bar": ({"max_bars": 1.5}, "must be a whole number, but was 1.5"),
    "unknown_column": ({"columns": {"clos": "x"}}, "'clos' is none of our columns (time, date, open, high"),
    "unknown_choice": ({"on_bad_data": "ignore"}, "must be 'error' or 'drop', but was 'ignore'"),
    "frame_and_path": ({"frame": FRAME, "path": "a.csv"}, "stands beside frame"),
    "frame_and_source": ({"frame": FRAME, "source": "csv"}, "must be `frame` or left out beside a frame"),
    "frame_of_another_kind": (
        {"frame": [1, 2]},
        "must be a DataFrame, or a mapping symbol -> DataFrame, but was [1, 2]",
    ),
    "no_frame": ({"source": "frame"}, "data_config.frame  is missing"),
    "no_path": ({"source": "csv"}, "data_config.path  is missing"),
    "path_of_sample": ({"source": "sample", "path": "a.csv"}, "is not used by source sample"),
    "unknown_kind": ({"path": "prices.xlsx"}, "can't be told from 'prices.xlsx': write source: csv or source: parquet"),
    "empty_list": ({"path": []}, "must name at least one file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_section_is_refused_in_one_sentence(case: str) -> None:
    given_, message = REFUSED[case]
    with pytest.raises(ConfigError) as caught:
        DataRequest.resolve(given_)
    assert message in str(caught.value)
    assert len(caught.value.problems) == 1


def test_all_problems_are_listed_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        DataRequest.resolve({"file_path": "a", "max_bars": 0, "sourc": "csv", "timeframe": "x"})
    paths = [problem.path for problem in caught.value.problems]
    assert sorted(paths) == [f"data_config.{name}" for name in ("file_path", "max_bars", "sourc", "timeframe")]


@pytest.mark.parametrize(
    ("given_", "source"),
    [
        ({}, "sample"),
        ({"path": "a.csv"}, "csv"),
        ({"path": "a.CSV.GZ"}, "csv"),
        ({"path": Path("a.parquet")}, "parquet"),
        ({"path": ["a.pq", "b.pq"]}, "parquet"),
        ({"path": {"A": "a.tsv"}}, "csv"),
        ({"frame": FRAME}, "frame"),
        ({"path": "a.dat", "source": "csv"}, "csv"),
    ],
)
def test_the_source_is_inferred(given_: dict[str, Any], source: str) -> None:
    assert DataRequest.resolve(given_).config.source == source


def test_frames_and_paths_are_no_part_of_the_digest() -> None:
    one, other = (DataRequest.resolve({"path": f"/{folder}/a.csv", "start": "2020-01-01"}) for folder in "xy")
    assert one.config.digest == other.config.digest
    assert "path" not in one.config.spec
    assert json.loads(json.dumps(one.config.spec)) == one.config.spec
    assert one.config.digest != DataRequest.resolve({"path": "/x/a.csv"}).config.digest
    framed = DataRequest.resolve({"frame": FRAME})
    assert framed.frame is FRAME
    assert "frame" not in framed.config.spec


@pytest.mark.parametrize(
    "written", ["2014-03-07", date(2014, 3, 7), "20140307", " 2014-03-07 "], ids=["text", "date", "digits", "blanks"]
)
def test_a_date_is_a_date_however_it_is_written(written: object) -> None:
    assert DataRequest.resolve({"start": written}).config.start == date(2014, 3, 7)


@pytest.mark.parametrize("written", ["2014-03-07 15:30", "2014-03-07T15:30:00", pd.Timestamp("2014-03-07 15:30")])
def test_a_time_is_a_time_however_it_is_written(written: object) -> None:
    expected = DataRequest.resolve({"start": np.datetime64("2014-03-07T15:30")}).config.start
    assert DataRequest.resolve({"start": written}).config.start == expected


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        *[("1d", "1d"), ("1D", "1d"), ("daily", "1d"), ("day", "1d"), ("24h", "1d"), ("1440min", "1d"), ("2d", "2d")],
        *[
            ("15m", "15min"),
            ("15min", "15min"),
            ("15 minutes", "15min"),
            ("60min", "1h"),
            ("hourly", "1h"),
            ("90s", "90s"),
        ],
        *[
            ("1w", "1w"),
            ("weekly", "1w"),
            ("1mo", "1mo"),
            ("1M", "1mo"),
            ("1m", "1min"),
            ("quarterly", "3mo"),
            ("1y", "12mo"),
        ],
    ],
)
def test_a_timeframe_has_one_form(written: str, canonical: str) -> None:
    assert DataRequest.resolve({"timeframe": written}).config.timeframe == canonical


@given(st.integers(1, 500), st.sampled_from(["s", "min", "d", "w", "mo"]))
def test_the_canonical_form_of_a_timeframe_is_its_own(n: int, unit: str) -> None:
    timeframe = Timeframe.parse(f"{n}{unit}")
    assert Timeframe.parse(str(timeframe)) == timeframe
