"""DataFrames of the notebook: never written to, kept while unchanged, read again once written to."""

from __future__ import annotations

import gc
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from market_cases import days, loaded

from adm_notebook.errors import ConfigError, DataError
from adm_notebook.market import sources


def test_an_unchanged_frame_is_not_read_again() -> None:
    frame = days(100, tz="America/New_York")
    first = loaded(frame=frame)
    assert loaded(frame=frame)["frame"] is first["frame"]
    assert loaded(frame=frame, max_bars=10)["frame"].n_bars == 10
    assert loaded(frame=frame)["frame"] is first["frame"]


def insert_row(frame: pd.DataFrame) -> None:
    frame.loc[frame.index[-1] + pd.Timedelta(days=1)] = frame.iloc[-1]


def set_cell(frame: pd.DataFrame) -> None:
    frame.loc[frame.index[3], "volume"] = 7.0


def set_position(frame: pd.DataFrame) -> None:
    frame.iloc[3, 4] = 7.0


def set_column(frame: pd.DataFrame) -> None:
    frame["volume"] = frame["volume"] * 2


def scale_in_place(frame: pd.DataFrame) -> None:
    frame["volume"] *= 2


def scale_all_in_place(frame: pd.DataFrame) -> None:
    frame *= 2


def move_the_index(frame: pd.DataFrame) -> None:
    frame.index = frame.index + pd.Timedelta(days=1)


def swap_the_names(frame: pd.DataFrame) -> None:
    frame.columns = ["open", "high", "low", "close", "ignored"]


def delete_volume(frame: pd.DataFrame) -> None:
    del frame["volume"]


WRITES = [
    *(insert_row, set_cell, set_position, set_column, scale_in_place),
    *(scale_all_in_place, move_the_index, swap_the_names, delete_volume),
]
MAKES: dict[str, Callable[[], pd.DataFrame]] = {
    "columns": lambda: pd.DataFrame({name: days(20)[name].to_numpy() for name in days()}, index=days(20).index),
    "one_array": lambda: pd.DataFrame(days(20).to_numpy(), index=days(20).index, columns=list(days())),
    "zoned": lambda: days(20, tz="Europe/London"),
    "arrow": lambda: days(20).astype("double[pyarrow]"),
    "masked": lambda: days(20).astype("Float64"),
}


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_a_write_to_the_frame_is_noticed_and_old_bars_stay(write: Callable[[pd.DataFrame], None], make: str) -> None:
    frame = MAKES[make]()
    before = loaded(frame=frame)["frame"]
    fingerprint, was = before.fingerprint, before.frame
    write(frame)
    after = loaded(frame=frame)["frame"]
    assert after.fingerprint == loaded(frame=frame.copy())["frame"].fingerprint != fingerprint
    pd.testing.assert_frame_equal(before.frame, was)


def test_two_writes_between_two_loads_are_noticed() -> None:
    frame = days(20)
    seen = set()
    for k in range(5):
        frame.iloc[3, 4] = 1000.0 + k
        frame.iloc[4, 4] = 1000.0 + k
        seen.add(loaded(frame=frame)["frame"].fingerprint)
    assert len(seen) == 5


def test_a_frame_made_from_an_array_does_not_follow_the_array() -> None:
    array = days(20).to_numpy().copy()
    frame = pd.DataFrame(array, index=days(20).index, columns=list(days()))
    before = loaded(frame=frame)["frame"].frame
    array[:] = 1.0
    pd.testing.assert_frame_equal(loaded(frame=frame)["frame"].frame, before)


def test_nobody_can_write_past_the_frame() -> None:
    frame = days()
    bars = loaded(frame=frame)["frame"]
    with pytest.raises(ValueError, match="read-only"):
        frame.values[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        bars.prices.close[0] = 1.0


def test_loading_leaves_the_frame_alone_and_what_it_returns_is_the_users_own() -> None:
    frame = days()
    copy = frame.copy()
    bars = loaded(frame=frame, timeframe="2d")["frame"]
    pd.testing.assert_frame_equal(frame, copy)
    own = bars.frame
    own["close"] = 0.0
    assert (bars.frame["close"] > 0).all()


def test_a_frame_that_is_gone_is_let_go() -> None:
    gc.collect()
    before = len(sources._kept_frames)
    frame = days()
    loaded(frame=frame)
    assert len(sources._kept_frames) == before + 1
    del frame
    gc.collect()
    assert len(sources._kept_frames) == before


def test_arrays_are_plain_whatever_the_frame_holds() -> None:
    for make in MAKES.values():
        prices = loaded(frame=make())["frame"].prices
        for array in prices:
            assert array is not None
            assert array.dtype == np.float64
            assert array.flags.c_contiguous


def test_times_may_stand_in_the_index_or_in_a_column_under_many_names() -> None:
    frame = days()
    expected = loaded(frame=frame)["frame"].fingerprint
    for name in ("Date", "datetime", "timestamp", "time"):
        assert loaded(frame=frame.rename_axis(name).reset_index())["frame"].fingerprint == expected
    assert loaded(frame=frame.set_axis(frame.index.astype("str")))["frame"].fingerprint == expected
    assert loaded(frame=frame.set_axis(frame.index.to_period("D")))["frame"].fingerprint == expected
    column = frame.assign(when=frame.index).reset_index(drop=True)
    assert loaded(frame=column, columns={"time": "when"})["frame"].fingerprint == expected


def test_a_frame_without_times_is_numbered() -> None:
    bars = loaded(frame=days().reset_index(drop=True))["frame"]
    assert list(bars.index) == [0, 1, 2, 3, 4]
    assert bars.calendar.periods_per_year == 252
    with pytest.raises(ConfigError, match=r"data_config\.start  needs times"):
        loaded(frame=days().reset_index(drop=True), start=2020)


def test_symbols_may_stand_in_a_column_a_level_or_a_mapping() -> None:
    one, two = days(), days(6) * 2
    long = pd.concat({"A": one, "B": two}, names=["symbol", "time"])
    wide = pd.concat({"A": one, "B": two}, axis=1)
    expected = loaded(frame={"A": one, "B": two}).fingerprint
    assert loaded(frame=long).fingerprint == expected
    assert loaded(frame=long.reset_index()).fingerprint == expected
    assert loaded(frame=long.reset_index().sort_values(["time", "symbol"])).fingerprint == expected
    assert loaded(frame=wide).fingerprint == expected
    assert loaded(frame=wide.swaplevel(axis=1)).fingerprint == expected
    assert loaded(frame=wide, symbols="B").symbols == ("B",)


def test_a_bad_row_is_named_so_that_it_can_be_typed() -> None:
    frame = days()
    frame.iloc[2, 1] = np.nan
    with pytest.raises(DataError, match=r"^frame.iloc\[2\] \(2024-01-03\): high is missing"):
        loaded(frame=frame)
    with pytest.raises(DataError, match=r"^frame\['SPY'\].iloc\[2\]"):
        loaded(frame={"SPY": frame})


def test_slices_share_memory() -> None:
    bars = loaded(frame=days(10))["frame"]
    part = bars.slice(2, 5)
    assert np.shares_memory(part.prices.close, bars.prices.close)
    pd.testing.assert_frame_equal(part.frame, bars.frame.iloc[2:5], check_freq=False)
