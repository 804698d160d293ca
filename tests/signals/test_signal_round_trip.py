"""What is read from a store equals what strategies yielded, to the last bit."""

from __future__ import annotations

import json
import pickle
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_cases import (
    assert_same_decision,
    assert_same_regimes,
    bars_of,
    decisions,
    draft_of,
    index_of,
    indexes,
    regimes_over,
    some_flags,
    some_targets,
)

import adm_notebook as adm
from adm_notebook.components import Decision, Regimes
from adm_notebook.signals import ManifestDraft, SignalWriter
from adm_notebook.signals.sparse import decision_of, regimes_of, rows_of, rows_of_regimes


@given(data=st.data(), n_bars=st.integers(0, 40))
def test_a_decision_is_told_by_the_bars_on_which_it_changes(data: st.DataObject, n_bars: int) -> None:
    decision = data.draw(decisions(n_bars))
    rows = rows_of(decision, n_bars)
    assert_same_decision(decision_of(rows, n_bars, decision.lookback), decision)
    if decision.strength is None and decision.target is not None:
        changes = np.count_nonzero(np.diff(decision.target, prepend=np.int8(0)))
        assert len(rows.bar) == changes
    if decision.strength is None and decision.flags is not None:
        f = decision.flags
        assert len(rows.bar) == (f.long_entry | f.long_exit | f.short_entry | f.short_exit).sum()


@given(data=st.data(), n_bars=st.integers(0, 40))
def test_regimes_are_told_by_their_changes(data: st.DataObject, n_bars: int) -> None:
    regimes = data.draw(regimes_over(n_bars))
    bar, codes = rows_of_regimes(regimes, n_bars)
    assert_same_regimes(regimes_of(bar, codes, regimes.labels, n_bars, regimes.lookback), regimes)
    assert not (np.diff(codes) == 0).any()


@settings(max_examples=30)
@given(data=st.data())
def test_what_is_read_equals_what_was_written(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("store") / "signals"
    sizes = data.draw(st.lists(st.integers(1, 30), min_size=1, max_size=3))
    market = [bars_of(f"S{i}", data.draw(indexes(n)), seed=i) for i, n in enumerate(sizes)]
    written: dict[int, Decision] = {}
    labelled: dict[int, Regimes] = {}
    with SignalWriter(path, draft_of(*market)) as writer:
        for bars in market:
            regimes = data.draw(regimes_over(bars.n_bars))
            number = writer.add_regimes(bars.symbol, "trend", regimes, parameters={"window": 5})
            labelled[number] = regimes
            for k in range(data.draw(st.integers(0, 3))):
                decision = data.draw(decisions(bars.n_bars))
                heeds = data.draw(st.booleans())
                written[
                    writer.add(
                        bars.symbol,
                        "mine",
                        decision,
                        parameters={"k": k, "strange": [1, "x", None, True, 0.5][k]},
                        classifier=number if heeds else None,
                        regimes=regimes if heeds else None,
                    )
                ] = decision
        writer.commit()
    store = adm.SignalStore(path)
    store.verify()
    store.check({bars.symbol: bars for bars in market})
    assert store.symbols == tuple(bars.symbol for bars in market)
    assert store.combinations["combination"].tolist() == sorted(written)
    for number, decision in written.items():
        assert_same_decision(store.decision(number), decision)
    for number, regimes in labelled.items():
        assert_same_regimes(store.regimes_of(number), regimes)
        symbol = market[number].symbol
        assert_same_regimes(store.regimes(symbol, "trend"), regimes)
    table = store.signals()
    assert len(table) == store.manifest.counts.signals == store.combinations["n_signals"].sum()
    for bars in market:
        mine = table[table["symbol"] == bars.symbol]
        np.testing.assert_array_equal(mine["price"], bars.prices.close[mine["bar"]])
        if isinstance(bars.index, pd.DatetimeIndex):
            assert [pd.Timestamp(t) for t in mine["time"]] == list(bars.index[mine["bar"]])
        else:
            assert mine["time"].tolist() == bars.index[mine["bar"]].tolist()


@pytest.mark.parametrize("zone", ["Europe/Paris", None, "UTC"])
@pytest.mark.parametrize("unit", ["s", "ns"])
def test_times_keep_their_zone(zone: str | None, unit: str, tmp_path: Path) -> None:
    bars = bars_of("A", index_of(20, zone, unit))
    with SignalWriter(tmp_path / "s", draft_of(bars)) as writer:
        writer.add("A", "mine", some_targets(20, 0))
        writer.commit()
    assert str(adm.SignalStore(tmp_path / "s").signals()["time"].dt.tz) == str(zone)


def test_a_decision_longer_than_a_row_group_is_read_whole(tmp_path: Path) -> None:
    n = 300_000
    bars = bars_of("A", pd.RangeIndex(n))
    strength = np.random.default_rng(0).random(n)
    dense = Decision(some_targets(n, 1).target, None, strength, 0)
    with SignalWriter(tmp_path / "s", draft_of(bars)) as writer:
        numbers = {writer.add("A", f"s{k}", d): d for k, d in enumerate([some_flags(n, 2), dense, some_targets(n, 3)])}
        writer.commit()
    store = adm.SignalStore(tmp_path / "s")
    for number, decision in numbers.items():
        assert_same_decision(store.decision(number), decision)
    assert_same_decision(pickle.loads(pickle.dumps(store)).decision(1), dense)


def test_threads_may_add_at_once_and_the_same_again(tmp_path: Path) -> None:
    n, bars = 400, bars_of("A", index_of(400))
    given_numbers: list[dict[int, int]] = [{} for _ in range(4)]
    with SignalWriter(tmp_path / "s", draft_of(bars)) as writer:

        def work(found: dict[int, int]) -> None:
            for k in range(60):
                found[k] = writer.add("A", "mine", some_targets(n, k), parameters={"k": k})

        threads = [threading.Thread(target=work, args=(found,)) for found in given_numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.commit()
    assert all(found == given_numbers[0] for found in given_numbers)
    store = adm.SignalStore(tmp_path / "s")
    assert len(store.combinations) == 60
    for k, number in given_numbers[0].items():
        assert_same_decision(store.decision(number), some_targets(n, k))


def test_an_ensemble_names_its_members_and_shares_them(tmp_path: Path) -> None:
    n, bars = 50, bars_of("A", index_of(50))
    with SignalWriter(tmp_path / "s", draft_of(bars)) as writer:
        votes = []
        for threshold in (0.4, 0.6):
            members = [
                writer.add("A", "vote", some_targets(n, k), member=f"m{k}", parameters={"lookback": k}, kind="momentum")
                for k in range(3)
            ]
            votes.append(writer.add_ensemble("A", "vote", members, parameters={"threshold": threshold}, lookback=20))
        with pytest.raises(ValueError, match="must be combinations added for A before it"):
            writer.add_ensemble("A", "other", [17])
        writer.commit()
    store = adm.SignalStore(tmp_path / "s")
    assert [store.members(vote) for vote in votes] == [(0, 1, 2), (0, 1, 2)]
    assert store.members(0) == ()
    assert store.manifest.counts.ensembles == 2
    assert len(store.combinations) == 5
    with pytest.raises(adm.RunError, match="combination 3 is an ensemble: read the decisions of its members 0, 1, 2"):
        store.decision(3)
    assert store.list(threshold=0.6)["combination"].tolist() == [4]


def test_a_combination_that_yields_something_else_the_second_time_is_an_error(tmp_path: Path) -> None:
    bars = bars_of("A", index_of(50))
    with SignalWriter(tmp_path / "s", draft_of(bars)) as writer:
        writer.add("A", "mine", some_targets(50, 0), parameters={"k": 1})
        with pytest.raises(ValueError, match="yielded something else before"):
            writer.add("A", "mine", some_targets(50, 1), parameters={"k": 1})
        with pytest.raises(ValueError, match="combination 0 is taken"):
            writer.add("A", "mine", some_targets(50, 1), parameters={"k": 2}, combination=0)
        with pytest.raises(ValueError, match="B has no bars in the market"):
            writer.add("B", "mine", some_targets(50, 1))
        with pytest.raises(ValueError, match="have no JSON"):
            writer.add("A", "mine", some_targets(50, 1), parameters={"k": np.nan})
        with pytest.raises(ValueError, match="classifier 3 was not added for A"):
            writer.add("A", "mine", some_targets(50, 1), classifier=3)
        assert writer.add("A", "mine", some_targets(50, 0), parameters={"k": 1}) == 0
        writer.commit()
        with pytest.raises(ValueError, match="is written or was given up"):
            writer.add("A", "mine", some_targets(50, 1))
    assert len(adm.SignalStore(tmp_path / "s").combinations) == 1


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (Decision(None, None, None, 0), "has a target or flags"),
        (Decision(np.full(5, 2, np.int8), None, None, 0), "targets are -1, 0 or 1"),
        (Decision(np.zeros(4, np.int8), None, None, 0), "as long as the 5 bars"),
        (Decision(np.zeros(5, np.int64), None, None, 0), "must be int8"),  # type: ignore[arg-type]  # the mistake
        (Decision(np.zeros(5, np.int8), None, np.zeros(5, np.float32), 0), "must be float64"),  # type: ignore[arg-type]
    ],
)
def test_a_decision_that_can_not_be_is_refused(decision: Decision, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        rows_of(decision, 5)


def test_parameters_are_columns_whatever_their_names_and_types(tmp_path: Path) -> None:
    bars = bars_of("A", index_of(50))
    sets = [
        {"fast": 5, "x": 1, "kind": "sma", "mixed": "auto", "on": True, "start": 1},
        {"fast": 10, "x": 0.5, "kind": "ema", "mixed": 50, "on": False, "start": 2},
        {"fast": 20, "mixed": [1, 2]},
    ]
    with SignalWriter(tmp_path / "s", draft_of(bars)) as writer:
        trend = writer.add_regimes(
            "A", "trend", Regimes(("up",), np.zeros(50, np.int8), 3), parameters={"fast": 7}, kind="trend"
        )
        for k, values in enumerate(sets):
            writer.add("A", "mine", some_targets(50, k), parameters=values, classifier=trend if k else None)
        writer.commit()
    store = adm.SignalStore(tmp_path / "s")
    frame = store.combinations
    assert [json.loads(text) for text in frame["parameters"]] == sets
    assert frame["fast"].tolist() == [5, 10, 20]
    assert frame["param.kind"].tolist()[:2] == ["sma", "ema"]
    assert frame["classifier.fast"].tolist()[1:] == [7, 7]
    assert store.list(mixed=50)["combination"].tolist() == [1]
    assert store.list(mixed=["auto", [1, 2]])["combination"].tolist() == [0, 2]
    assert store.list(x=[1, 0.5])["combination"].tolist() == [0, 1]
    assert store.list(kind="ema")["combination"].tolist() == [1]
    assert store.list(on=True)["combination"].tolist() == [0]
    assert store.list(**{"param.start": 2})["combination"].tolist() == [1]
    assert store.list(classifier="trend", **{"classifier.fast": 7})["combination"].tolist() == [1, 2]


def test_a_store_knows_what_it_was_made_from(tmp_path: Path) -> None:
    config = adm.WorkflowConfig(
        workflow_type="analysis",
        data_config={"source": "sample", "symbols": ["SP500"]},
        analysis_config={"mode": "signal_generation", "output_path": "signals"},
    )
    bars = bars_of("SP500", index_of(50))
    with SignalWriter(tmp_path / "s", ManifestDraft.of(config, "abc", {"SP500": bars})) as writer:
        number = writer.add_regimes("SP500", "trend", Regimes(("up",), np.zeros(50, np.int8), 9))
        writer.add("SP500", "mine", some_targets(50, 0), classifier=number)
        writer.commit()
    store = adm.SignalStore(tmp_path / "s")
    assert store.config.to_yaml() == config.to_yaml()
    assert store.data_config == {"source": "sample", "symbols": ["SP500"]}
    assert (store.manifest.digest, store.manifest.format) == ("abc", 2)
    assert store.manifest.symbols["SP500"].fingerprint == bars.fingerprint
    assert store.manifest.lookbacks.strategies == {"mine": 20}
    assert store.manifest.lookbacks.classifiers == {"trend": 9}
    assert repr(store) == f"SignalStore(SP500: 1 combination, {store.manifest.counts.signals} signals)"
    assert str(tmp_path) not in (tmp_path / "s" / "manifest.json").read_text()


def test_a_frame_is_left_out_of_what_is_kept_and_asked_for_again(tmp_path: Path) -> None:
    bars = bars_of("A", index_of(50))
    config = adm.WorkflowConfig(data_config={"frame": bars.frame})
    with SignalWriter(tmp_path / "s", ManifestDraft.of(config, "abc", {"A": bars})) as writer:
        writer.commit()
    store = adm.SignalStore(tmp_path / "s")
    with pytest.raises(adm.RunError, match="were a DataFrame, which is not kept"):
        _ = store.data_config
    assert len(store.signals()) == 0
    assert store.describe().empty
    assert config.data_config["frame"] is not None
