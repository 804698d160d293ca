"""Frames of odd shapes: read as they are meant, or refused with what to type; never glued into one instrument."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import adm_notebook as adm


def bars(scale: float = 1.0) -> pd.DataFrame:
    close = (100 + np.sin(np.arange(60) / 5)) * scale
    index = pd.date_range("2020-01-01", periods=60)
    return pd.DataFrame({"open": close, "high": close + 1, "low": close - 1, "close": close}, index=index)


def run(frame: object) -> adm.WorkflowResult:
    return adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"frame": frame}))


@pytest.mark.parametrize("names", [[None, None], ["Ticker", None], ["sym", "date"], ["symbol", "time"]])
@pytest.mark.parametrize("swapped", [False, True])
def test_rows_of_symbol_and_time_are_several_instruments(names: list[str | None], swapped: bool) -> None:
    frame = pd.concat({"A": bars(), "B": bars(2)}, names=names)
    result = run(frame.swaplevel() if swapped else frame)
    assert result.facts.symbols == ("A", "B")
    assert (result.facts.n_bars, result.facts.first) == (60, "2020-01-01")


def test_levels_of_which_none_is_a_time_are_asked_about() -> None:
    frame = pd.concat({"A": bars().reset_index(drop=True), "B": bars(2).reset_index(drop=True)})
    with pytest.raises(adm.ConfigError, match=r'frame\.index\.names = \["symbol", "time"\]'):
        run(frame)


def with_index(index: object) -> pd.DataFrame:
    return bars().set_axis(pd.Index(index))


REFUSED = {
    "symbols that read alike": (bars().assign(symbol=[1, "1"] * 30), "two symbols read '1'"),
    "mixed zones": (
        with_index([pd.Timestamp("2020-01-01", tz="UTC"), *pd.date_range("2020-01-02", periods=59)]),
        "mixes times of several zones",
    ),
    "negative volume": (bars().assign(volume=-1.0), "volume is -1.0, but must be a number, 0 or above"),
    "infinite volume": (bars().assign(volume=np.inf), "volume is inf"),
    "numbers that fall": (with_index(range(60, 0, -1)), "the index does not increase"),
    "one number for all": (with_index([5] * 60), "the index does not increase"),
    "unix seconds": (with_index(np.arange(60) * 86_400 + 1_577_836_800), 'unit="s", utc=True'),
}


@pytest.mark.parametrize(("frame", "said"), REFUSED.values(), ids=REFUSED)
def test_what_can_only_be_a_mistake_is_refused(frame: pd.DataFrame, said: str) -> None:
    result = run(frame)
    assert not result.success
    assert said in f"{result.errors[0]} {result.facts.hint}"


def test_two_columns_of_one_name_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("Date,Open,High,Low,Close,Close\n2020-01-01,1,2,1,1.5,900\n2020-01-02,1,2,1,1.5,900\n")
    with pytest.raises(adm.ConfigError, match=r"'Close' and 'Close\.1': say which is meant"):
        adm.EnhancedCoordinator().run(adm.WorkflowConfig(data_config={"path": str(path)}))
    frame = bars()
    frame.columns = ["open", "high", "close", "close"]
    with pytest.raises(adm.ConfigError, match="two columns called 'close': rename one of them"):
        run(frame)
