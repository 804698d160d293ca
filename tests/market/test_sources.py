"""The bundled sample, Parquet, and sources that users register."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from market_cases import DATA, days, loaded

from adm_notebook.config.data import DataConfig, DataRequest
from adm_notebook.errors import ConfigError, StrategyError
from adm_notebook.market import describe_sources, load, register_source, sample_symbols, sources


@pytest.fixture(autouse=True)
def _registry_is_restored() -> Iterator[None]:
    before = dict(sources._registered)
    yield
    sources._registered.clear()
    sources._registered.update(before)


def test_the_sample_holds_the_prices_that_the_peers_were_run_on() -> None:
    prices = loaded(source="sample")["SP500"].prices
    rows = np.column_stack(prices[:4]).astype("<f8")
    digest = (
        "acca94678e91352aeb9f823cc6eafd56b4038da9f657909b95ff07561bb532b0"  # also in tests/fixtures/data_SP500.json
    )
    assert hashlib.sha256(rows.tobytes()).hexdigest() == digest


def test_the_sample_is_two_indices_over_twenty_years() -> None:
    market = loaded(symbols=["SP500", "NASDAQ"])
    assert market.symbols == sample_symbols() == ("SP500", "NASDAQ")
    for bars in market.values():
        assert (bars.n_bars, str(bars.index[0].date()), str(bars.index[-1].date())) == (
            5031,
            "1999-01-04",
            "2018-12-31",
        )
        assert bars.calendar.label == "daily"
    assert market.source_label == "bundled sample"


def test_what_was_left_out_is_said() -> None:
    request = DataRequest.resolve(None)
    assert request.notes == ("No data source named: the bundled sample is used (S&P 500, daily, 1999 to 2018).",)
    assert (load(request).symbols, load(request).notes) == (("SP500",), ())
    assert loaded(source="sample").notes == ("No symbol named: SP500 is used; the sample also has NASDAQ.",)
    with pytest.raises(ConfigError, match=r"no symbol 'SP50', but SP500, NASDAQ\. Did you mean `SP500`"):
        loaded(symbols="SP50")


def test_parquet_keeps_zone_and_index() -> None:
    bars = loaded(path=DATA / "spy_1m.parquet")["spy_1m"]
    assert (bars.n_bars, str(bars.index[0])) == (600, "2024-03-26 13:30:00+00:00")
    daily = loaded(path=DATA / "spy_1m.parquet", timeframe="daily", symbols="SPY")["SPY"].frame
    expected = pd.read_parquet(DATA / "spy_1m.parquet").set_index("timestamp")
    assert daily["volume"].tolist() == expected["volume"].groupby(expected.index.date).sum().tolist()


def test_a_registered_source_is_asked_for_its_frame_each_time() -> None:
    asked: list[DataConfig] = []

    @register_source("mine")
    def mine(config: DataConfig) -> pd.DataFrame:
        asked.append(config)
        return days(10)

    market = loaded(source="mine", symbols="ABC", end="2024-01-04")
    assert (market.symbols, market["ABC"].n_bars, market.source_label) == (("ABC",), 4, "mine")
    loaded(source="mine")
    assert len(asked) == 2
    assert asked[0].symbols == ("ABC",)


def test_the_second_source_of_a_name_takes_the_place_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    register_source("mine")(lambda config: days(3))
    assert capsys.readouterr().out == ""
    register_source("mine")(lambda config: {"A": days(4), "B": days(5)})
    assert capsys.readouterr().out == "The source `mine` was there already; it is replaced.\n"
    assert [bars.n_bars for bars in loaded(source="mine").values()] == [4, 5]
    assert [row.source for row in describe_sources()].count("mine") == 1


def test_a_source_that_raises_is_named_and_its_cause_kept() -> None:
    @register_source("broken")
    def broken(config: DataConfig) -> pd.DataFrame:
        raise KeyError("token")

    with pytest.raises(StrategyError, match="source 'broken' raised KeyError: 'token'") as caught:
        loaded(source="broken")
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_source_must_return_frames() -> None:
    register_source("wrong")(lambda config: [1, 2])  # type: ignore[arg-type,return-value]  # that is what is tested
    with pytest.raises(StrategyError, match=r"must be a DataFrame, or a mapping .* but was \[1, 2\]"):
        loaded(source="wrong")


def test_names_of_sources_are_checked() -> None:
    register_source("broker")(lambda config: days())
    with pytest.raises(ConfigError, match=r"frame, broker, but was 'brokr'\. Did you mean `broker`"):
        loaded(source="brokr")
    with pytest.raises(ConfigError, match="'csv' is built in"):
        register_source("csv")


def test_the_table_of_sources_starts_with_the_sample() -> None:
    rows = describe_sources()
    assert [(row.source, row.symbol, row.bars, row.timeframe) for row in rows[:2]] == [
        ("sample", "SP500", 5031, "daily"),
        ("sample", "NASDAQ", 5031, "daily"),
    ]
    assert {"csv", "parquet", "frame"} <= {row.source for row in rows}
