"""Filters of a store give what the same filters give in pandas; names that there are not are answered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_cases import bars_of, draft_of, index_of, some_flags, some_targets

import adm_notebook as adm
from adm_notebook.components import Regimes
from adm_notebook.signals import SignalWriter

N = 120
LAST = pd.Timestamp("2020-03-20", tz="Europe/Paris") + pd.Timedelta(days=N - 1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> adm.SignalStore:
    """Two symbols in Paris, one in New York, one numbered; two strategies, one of them for a classifier."""
    market = [
        bars_of("A", index_of(N, "Europe/Paris"), 1),
        bars_of("B", index_of(N, "Europe/Paris"), 2),
        bars_of("C", index_of(N, "America/New_York"), 3),
        bars_of("D", pd.RangeIndex(N), 4),
    ]
    path = tmp_path_factory.mktemp("store") / "signals"
    with SignalWriter(path, draft_of(*market)) as writer:
        for bars in market:
            codes = (some_targets(N, 9).target + 0).astype("int8")  # type: ignore[operator]  # there is one
            regimes = Regimes(("down", "up"), codes, 3)
            trend = writer.add_regimes(bars.symbol, "trend", regimes)
            for fast in (5, 10):
                for slow in (20, 50):
                    values = {"fast": fast, "slow": slow, "ma": "sma" if fast == 5 else "ema"}
                    writer.add(bars.symbol, "cross", some_targets(N, fast * slow), parameters=values)
                writer.add(
                    bars.symbol,
                    "flagged",
                    some_flags(N, fast),
                    parameters={"fast": fast},
                    classifier=trend,
                    regimes=regimes,
                )
        writer.commit()
    return adm.SignalStore(path)


def one_or_several(*values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values) | st.lists(st.sampled_from(values), unique=True)


def chosen(column: pd.Series, value: Any) -> pd.Series:
    return column.isin(value if isinstance(value, list) else [value])


@settings(max_examples=60)
@given(
    symbol=one_or_several("A", "B", "C", "D"),
    strategy=one_or_several("cross", "flagged"),
    classifier=one_or_several("trend"),
    combination=one_or_several(0, 3, 7, 20),
    parameters=st.fixed_dictionaries(
        {}, optional={"fast": st.sampled_from([5, 10, 11, [5, 10]]), "slow": st.just([20]), "ma": st.just("sma")}
    ),
)
def test_filters_are_those_of_pandas(
    store: adm.SignalStore, symbol: Any, strategy: Any, classifier: Any, combination: Any, parameters: dict[str, Any]
) -> None:
    what = store.combinations
    names = {"symbol": symbol, "strategy": strategy, "classifier": classifier, "combination": combination}
    for name, value in {**names, **parameters}.items():
        if value is not None:
            what = what[chosen(what[name], value)]
    whole = store.signals()
    expected = whole[whole["combination"].isin(what["combination"])]
    found = store.signals(**names, **parameters)
    assert list(found.columns) == list(whole.columns)
    assert len(found) == what["n_signals"].sum()
    assert found["bar"].tolist() == expected["bar"].tolist()
    assert found["price"].tolist() == expected["price"].tolist()
    assert [str(t) for t in found["time"]] == [str(t) for t in expected["time"]]
    assert store.list(**names, **parameters)["combination"].tolist() == what["combination"].tolist()


@settings(max_examples=60)
@given(
    start=st.none() | st.datetimes(pd.Timestamp("2020-03-10"), pd.Timestamp("2020-07-30")),
    end=st.none() | st.datetimes(pd.Timestamp("2020-03-10"), pd.Timestamp("2020-07-30")),
    whole_days=st.booleans(),
    symbol=st.sampled_from(["A", "C"]),
)
def test_a_period_is_that_of_data_config(
    store: adm.SignalStore, start: Any, end: Any, whole_days: bool, symbol: str
) -> None:
    whole = store.signals(symbol=symbol)
    local = whole["time"].dt.tz_localize(None)
    start, end = ((None if at is None else at.date() if whole_days else at) for at in (start, end))
    keep = pd.Series(True, whole.index)
    if start is not None:
        keep &= local >= pd.Timestamp(start)
    if end is not None:
        days = pd.Timedelta(days=1) if whole_days else pd.Timedelta(0)
        keep &= local < pd.Timestamp(end) + days if whole_days else local <= pd.Timestamp(end)
    pd.testing.assert_frame_equal(
        store.signals(symbol=symbol, start=start, end=end), whole[keep].reset_index(drop=True)
    )
    texts = {name: None if at is None else str(at) for name, at in (("start", start), ("end", end))}
    pd.testing.assert_frame_equal(store.signals(symbol=symbol, **texts), whole[keep].reset_index(drop=True))


def test_a_period_of_another_zone_and_of_numbers(store: adm.SignalStore) -> None:
    midnight = pd.Timestamp("2020-04-09 22:00", tz="UTC")  # midnight of the 10th in Paris
    found = store.signals(symbol="A", start=midnight)
    assert found["time"].min() >= pd.Timestamp("2020-04-10", tz="Europe/Paris")
    assert len(found) == len(store.signals(symbol="A", start="2020-04-10"))
    numbers = store.signals(symbol="D", start=10, end=20)
    everything = store.signals(symbol="D")
    assert numbers["bar"].tolist() == everything["bar"][everything["bar"].between(10, 20)].tolist()


def test_columns_say_what_they_hold(store: adm.SignalStore) -> None:
    targets, flagged = store.signals(strategy="cross", symbol="A"), store.signals(strategy="flagged", symbol="A")
    assert set(targets["direction"]) <= {-1, 0, 1}
    assert targets["long_entry"].isna().all()
    assert flagged["direction"].isna().all()
    assert not flagged[["long_entry", "short_exit"]].isna().any(axis=None)
    assert targets["regime"].isna().all()
    assert set(flagged["regime"]) <= {"none", "up", "down"}
    regimes = store.regimes("A", "trend")
    codes = regimes.codes[flagged["bar"]]
    assert flagged["regime"].tolist() == [(*regimes.labels, "none")[code] for code in codes]


def test_it_lists_and_describes(store: adm.SignalStore) -> None:
    assert store.symbols == ("A", "B", "C", "D")
    assert store.strategies == ("cross", "flagged")
    assert store.classifiers == ("trend",)
    described = store.describe()
    assert described["combinations"].sum() == len(store.combinations) == 24
    assert described["signals"].sum() == store.manifest.counts.signals
    assert "flagged" in store._repr_html_()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"symbol": "E"}, "no signals of symbol 'E'. There are A, B, C, D"),
        ({"strategy": "cros"}, "no signals of strategy 'cros'. Did you mean `cross`?"),
        ({"classifier": "x"}, "no signals of classifier 'x'. There are trend"),
        ({"combination": 99}, "no signals of combination 99. They are numbered 0 to 23"),
        ({"fst": 5}, "no combination has a parameter 'fst'. Did you mean `fast`?"),
        ({"start": 5}, "start must be a time"),
        ({"start": "tomorrow, perhaps"}, "start must be a time"),
        ({"symbol": "D", "end": "2020-01-01"}, "end must be a whole number, as the bars have no times"),
    ],
)
def test_what_is_not_there_is_said(store: adm.SignalStore, words: dict[str, Any], said: str) -> None:
    with pytest.raises(adm.RunError, match=re.escape(said)):
        store.signals(**words)


def test_times_without_a_zone_have_no_zone_to_be_asked_in(tmp_path: Path) -> None:
    with SignalWriter(tmp_path / "s", draft_of(bars_of("A", index_of(20)))) as writer:
        writer.add("A", "mine", some_targets(20, 0))
        writer.commit()
    with pytest.raises(adm.RunError, match="start has a time zone, but these bars have none"):
        adm.SignalStore(tmp_path / "s").signals(start=pd.Timestamp("2020-01-01", tz="UTC"))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.decision(99), "there is no combination 99"),
        (lambda s: s.regimes("A", "tren"), "no regimes of classifier 'tren' for 'A'. Did you mean `trend`?"),
        (lambda s: s.regimes("E", "trend"), "no regimes of classifier 'trend' for 'E'"),
        (lambda s: s.regimes("A", "trend", {"window": 3}), 'no parameters {"window":3}; it has some: parameters={}'),
        (lambda s: s.regimes_of(4), "there is no classifier 4; there are 4"),
    ],
)
def test_numbers_and_names_that_there_are_not(store: adm.SignalStore, call: Any, said: str) -> None:
    with pytest.raises(adm.RunError, match=re.escape(said)):
        call(store)
