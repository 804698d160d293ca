"""pandas, polars and DuckDB read a store's files directly, and see the same."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from signal_cases import bars_of, draft_of, index_of, some_flags, some_targets

import adm_notebook as adm
from adm_notebook.components import Regimes
from adm_notebook.signals import SignalWriter

N = 200


@pytest.fixture(scope="module", params=["Europe/Paris", "UTC", None])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    bars = bars_of("A", index_of(N, request.param))
    regimes = Regimes(("up", "down"), some_targets(N, 3).target, 3)  # type: ignore[arg-type]  # there is one
    regimes = Regimes(regimes.labels, abs(regimes.codes), 3)
    path = tmp_path_factory.mktemp("store") / "signals"
    with SignalWriter(path, draft_of(bars)) as writer:
        trend = writer.add_regimes("A", "trend", regimes)
        for k in range(6):
            decision = some_targets(N, k) if k % 2 else some_flags(N, k)
            writer.add("A", "mine", decision, parameters={"k": k}, classifier=trend, regimes=regimes)
        writer.commit()
    return path


def test_pandas(path: Path) -> None:
    store = adm.SignalStore(path)
    frame = pd.read_parquet(path / "signals.parquet")
    ours = store.signals()
    assert frame["time"].dtype == ours["time"].dtype
    for name in ("combination", "symbol", "strategy", "time", "bar", "price", "regime"):
        pd.testing.assert_series_equal(frame[name], ours[name])
    assert pd.read_parquet(path / "combinations.parquet", columns=["k"])["k"].tolist() == list(range(6))
    assert set(pd.read_parquet(path / "regimes.parquet")["regime"]) <= {"up", "down"}


def test_polars(path: Path) -> None:
    polars = pytest.importorskip("polars")
    ours = adm.SignalStore(path).signals(strategy="mine", k=3)
    theirs = (
        polars.scan_parquet(path / "signals.parquet")
        .join(polars.scan_parquet(path / "combinations.parquet").select("combination", "k"), on="combination")
        .filter(polars.col("k") == 3)
        .sort("bar")
        .collect()
    )
    assert theirs["direction"].to_list() == ours["direction"].tolist()
    assert theirs["price"].to_list() == ours["price"].tolist()
    assert theirs["time"].to_list() == [t.to_pydatetime() for t in ours["time"]]
    assert theirs["regime"].to_list() == ours["regime"].tolist()


def test_duckdb(path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    ours = adm.SignalStore(path).signals(k=2)
    rows = duckdb.sql(
        f"select bar, long_entry, strength, epoch_us(time) from '{path}/signals.parquet' "
        f"join '{path}/combinations.parquet' using (combination) where k = 2 order by bar"
    ).fetchall()
    assert [row[0] for row in rows] == ours["bar"].tolist()
    assert [row[1] for row in rows] == ours["long_entry"].tolist()
    assert [row[2] for row in rows] == ours["strength"].tolist()
    utc = ours["time"] if ours["time"].dt.tz is None else ours["time"].dt.tz_convert("UTC").dt.tz_localize(None)
    assert [row[3] for row in rows] == utc.astype("datetime64[us]").astype("int64").tolist()


def test_files_hold_no_path_of_the_machine(path: Path) -> None:
    for file in path.iterdir():
        assert not re.search(re.escape(str(path.parent)).encode(), file.read_bytes())
