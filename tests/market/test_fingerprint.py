"""The same bars have the same fingerprint, wherever they come from; other bars another."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_cases import DATA, days, loaded


def fingerprint(frame: pd.DataFrame) -> str:
    return loaded(frame=frame)["frame"].fingerprint


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Paris"])
def test_units_of_time_do_not_matter(unit: str, zone: str | None) -> None:
    frame = days(tz=zone)
    assert fingerprint(frame.set_axis(frame.index.as_unit(unit))) == fingerprint(frame)


def test_dtypes_layout_names_and_extra_columns_do_not_matter() -> None:
    frame = days().round(0)
    whole = fingerprint(frame)
    assert fingerprint(frame.astype("int64")) == whole
    assert fingerprint(frame.astype("float32")) == whole
    assert fingerprint(frame.convert_dtypes()) == whole
    assert fingerprint(frame.astype("double[pyarrow]")) == whole
    assert fingerprint(frame.astype(object)) == whole
    assert fingerprint(frame[frame.columns[::-1]].rename(columns=str.title).assign(vwap=1.0)) == whole
    assert fingerprint(frame.rename_axis("Date").reset_index()) == whole
    assert fingerprint(pd.DataFrame(frame.to_numpy(), index=frame.index, columns=frame.columns)) == whole
    assert loaded(frame={"ABC": frame})["ABC"].fingerprint == whole


def test_files_and_frames_of_the_same_bars_agree(tmp_path: Path) -> None:
    frame = days(50)
    frame.to_csv(tmp_path / "p.csv")
    frame.to_parquet(tmp_path / "p.parquet")
    assert loaded(path=tmp_path / "p.csv")["p"].fingerprint == fingerprint(frame)
    assert loaded(path=tmp_path / "p.parquet")["p"].fingerprint == fingerprint(frame)


def test_all_spellings_of_a_zone_are_one() -> None:
    frame = days()
    assert fingerprint(frame.tz_localize("UTC")) == fingerprint(frame.tz_localize(timezone.utc))  # noqa: UP017 - two spellings
    fixed = frame.tz_localize(timezone(timedelta(hours=-5)))
    assert fingerprint(fixed) == fingerprint(frame.tz_localize("-05:00"))
    assert fingerprint(fixed) != fingerprint(fixed.tz_convert("UTC"))
    assert fingerprint(frame.tz_localize("UTC")) != fingerprint(frame)


@given(st.integers(0, 9), st.sampled_from(["open", "high", "low", "close", "volume"]))
@settings(max_examples=25)
def test_the_last_bit_of_any_number_matters(row: int, column: str) -> None:
    frame = days(10)
    frame[["high", "low"]] *= [1.01, 0.99]  # room for a change of the open or the close
    other = frame.copy()
    other.loc[other.index[row], column] = np.nextafter(other[column].iloc[row], np.inf)
    assert fingerprint(other) != fingerprint(frame)


def test_time_and_volume_matter() -> None:
    frame = days()
    assert fingerprint(frame.shift(1, freq="D")) != fingerprint(frame)
    assert fingerprint(frame.drop(columns="volume")) != fingerprint(frame)
    assert fingerprint(frame.reset_index(drop=True)) != fingerprint(frame)


def test_the_order_and_names_of_symbols_matter_to_the_market() -> None:
    one, two = days(), days(6)
    ab = loaded(frame={"A": one, "B": two}).fingerprint
    assert loaded(frame={"A": one, "B": two}).fingerprint == ab
    assert loaded(frame={"B": two, "A": one}).fingerprint != ab
    assert loaded(frame={"A": two, "B": one}).fingerprint != ab


def test_another_process_finds_the_same_fingerprint() -> None:
    code = (
        "import sys; from adm_notebook.config.data import DataRequest; from adm_notebook.market import load;"
        "print(load(DataRequest.resolve({'path': sys.argv[1]}))['sp500_1999'].fingerprint)"
    )
    path = str(DATA / "sp500_1999.csv")
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == loaded(path=path)["sp500_1999"].fingerprint
