"""Other votes on kept signals: a replay with changed weights is, to the last bit, the full run with these weights."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from test_signals import MODES, assert_same_result, generation, replay, run
from workflow_cases import LABELS, bars_frame, classifier, plain_strategy, risk_profile, size_and_stops

import adm_notebook as adm

EXAMPLES = int(os.environ.get("ADM_EXAMPLES", "500")) // 20
"""Random ensembles, each run in full, kept, and replayed with another vote, in both modes."""

SLOW = HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large
FORMAT_1 = Path(__file__).parent / "format_1"
"""A store as version 0.1.0 wrote it: an ensemble `vote`, and `limited`, which votes in the regime `up` alone."""

Words = dict[str, Any]

WEIGHT = st.sampled_from([0.1, 0.3, 0.5, 1, 2, 7])


@st.composite
def votes(draw: st.DrawFn, members: list[str], swept: bool = True) -> Words:
    """How an ensemble counts, as its entry says it, the members left out."""
    method = draw(st.sampled_from(["weighted", "weighted", "weighted", "majority", "unanimous", "threshold"]))
    found: Words = {"method": method}
    n = len(members)
    if method == "weighted":
        vector = st.lists(WEIGHT, min_size=n, max_size=n)
        by_member = st.dictionaries(
            st.sampled_from(members),
            st.one_of(WEIGHT, st.lists(WEIGHT, min_size=1, max_size=2, unique=True), st.just({"min": 1, "max": 2}))
            if swept
            else WEIGHT,
            min_size=1,
        )
        vectors = st.lists(vector, min_size=1, max_size=3, unique_by=lambda v: tuple(map(float, v)))
        weights = draw(st.one_of(st.none(), vector, by_member, *([vectors] if swept else [])))
        if weights is not None:
            found["weights"] = weights
        threshold = draw(st.sampled_from([None, 0.3, 0.5, 1.0, *([[0.2, 0.6]] if swept else [])]))
        if threshold is not None:
            found["threshold"] = threshold
    elif method == "threshold":
        found["threshold"] = draw(st.sampled_from([1, 2, 0.5, *([[1, 0.6]] if swept else [])]))
    return found


@st.composite
def ensembles(draw: st.DrawFn) -> tuple[Words, Words]:
    """A workflow with an ensemble, and the vote that a replay changes it to."""
    type_ = draw(st.sampled_from([t for t in LABELS if t != "hmm"]))
    has_regimes = draw(st.booleans())
    labels = LABELS[type_] if has_regimes else ()
    n = draw(st.integers(1, 3))
    members = [{**draw(plain_strategy(labels, sweep=i == 0)), "name": f"m{i}"} for i in range(n)]
    names = [m["name"] for m in members]
    entry: Words = {"type": "ensemble", "name": "vote", "members": members, **draw(votes(names))}
    if labels and draw(st.booleans()):
        entry["regimes"] = draw(st.lists(st.sampled_from([*labels, "none"]), min_size=1, max_size=3, unique=True))
    entries = [entry, *([draw(plain_strategy(labels))] if draw(st.booleans()) else [])]
    optimization: Words = {"strategies": entries}
    if has_regimes:
        optimization["classifiers"] = [draw(classifier(type_))]
    if draw(st.integers(0, 2)) == 0:
        optimization["risk_profiles"] = [draw(risk_profile())]
    backtest: Words = {"warmup": draw(st.sampled_from([0, "auto"])), "commission": draw(st.sampled_from([0, 0.001]))}
    backtest |= draw(size_and_stops())
    if draw(st.integers(0, 3)) == 0:
        backtest["portfolio"] = {"combine": True}
    bars = draw(st.integers(2, 8) if draw(st.integers(0, 5)) == 3 else st.integers(40, 120))
    frames = {name: bars_frame(draw(st.integers(0, 50)), bars + k, ties="rounded") for k, name in enumerate("AB")}
    data = {"frame": frames, **draw(st.sampled_from([{}, {"max_bars": 30}, {"start": "2020-01-05"}]))}
    change = draw(votes(names))
    if change["method"] == entry["method"] and draw(st.booleans()):
        del change["method"]
    return {"data_config": data, "backtest_config": backtest, "optimization_config": optimization}, change


def with_vote(arguments: Words, change: Words) -> Words:
    """The workflow as somebody would write it who wanted that vote from the start."""
    changed = {**arguments, "optimization_config": copy.deepcopy(arguments["optimization_config"])}
    entry = changed["optimization_config"]["strategies"][0]
    other = "method" in change and change["method"] != entry["method"]
    for key in ("weights", "threshold"):
        if other or key in change:
            entry.pop(key, None)
    entry |= change
    return changed


def replay_of(arguments: Words, folder: str | Path, change: Words, label: str = "vote") -> adm.WorkflowConfig:
    config = replay(arguments, folder)
    config.optimization_config["ensembles"] = {label: change}
    return config


@settings(max_examples=EXAMPLES, suppress_health_check=SLOW)
@given(ensembles())
def test_a_replay_with_another_vote_is_the_full_run_with_that_vote(drawn: tuple[Words, Words]) -> None:
    arguments, change = drawn
    assume(change)
    full = adm.WorkflowConfig(**with_vote(arguments, change))
    try:
        plan = adm.EnhancedCoordinator().plan(full)
        kept_plan = adm.EnhancedCoordinator().plan(adm.WorkflowConfig(**arguments))
    except (adm.ConfigError, adm.DataError):  # which is what a full run says of it
        event("refused")
        return
    assume(plan.n_planned <= 40 and kept_plan.n_planned <= 40)
    with TemporaryDirectory() as parent:
        for mode, other in zip(MODES, reversed(MODES), strict=True):
            folder = Path(parent, other)
            if not run(generation(arguments, folder), other).success:
                event("no signals at all")
                return
            event("traded")
            assert_same_result(run(full, mode), run(replay_of(arguments, folder, change), mode))


THREE: list[Any] = [
    "ma_crossover",
    {"type": "momentum", "name": "quick", "parameters": {"lookback": [5, 9], "direction": "both"}},
    "rsi",
]


def three(**entry: Any) -> Words:
    vote = {"type": "ensemble", "name": "vote", "method": "weighted", "members": THREE, **entry}
    return {
        "data_config": {"frame": bars_frame(1, 160)},
        "optimization_config": {"strategies": [vote], "classifiers": ["trend"]},
    }


@pytest.mark.parametrize("mode", MODES)
def test_swept_weights_are_rows_that_equal_runs_of_their_own(mode: str) -> None:
    vectors = [[1, 1, 1], [2, 1, 1], [1, 3, 0.5]]
    swept = run(adm.WorkflowConfig(**three(weights=vectors, threshold=0.4)), mode).stats
    assert swept["weights"].tolist() == ["1:1:1", "2:1:1", "1:3:0.5"] * 2
    ranged = run(adm.WorkflowConfig(**three(weights={"quick": {"min": 1, "max": 3}, "rsi": 2}, threshold=0.4)), mode)
    assert ranged.stats["quick.weight"].tolist() == [1, 2, 3] * 2
    for text, vector in zip(["1:1:1", "2:1:1", "1:3:0.5"], vectors, strict=True):
        alone = run(adm.WorkflowConfig(**three(weights=vector, threshold=0.4)), mode).stats
        rows = swept[swept["weights"] == text]
        assert rows["total_return"].tolist() == alone["total_return"].tolist()
    for weight in (1, 2, 3):
        alone = run(adm.WorkflowConfig(**three(weights=[1, weight, 2], threshold=0.4)), mode).stats
        rows = ranged.stats[ranged.stats["quick.weight"] == weight]
        assert rows["total_return"].tolist() == alone["total_return"].tolist()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("regimes", [None, ["up"], {"up": {"threshold": 0.3}, "sideways": {"rsi.weight": 4}}])
def test_members_are_kept_once_however_many_votes_were_tried(mode: str, regimes: Any, tmp_path: Path) -> None:
    limited = {} if regimes is None else {"regimes": regimes}
    one, many = three(**limited), three(weights=[[1, 1, 1], [2, 1, 1], [1, 1, 5]], threshold=[0.4, 0.6], **limited)
    assert (run(generation(one, tmp_path / "one"), mode)).success
    if isinstance(regimes, dict):  # both labels' votes need what they replace to be given for the others
        many["optimization_config"]["strategies"][0].pop("threshold")
    assert run(generation(many, tmp_path / "many"), mode).success
    stores = [adm.SignalStore(tmp_path / name) for name in ("one", "many")]
    counts = [store.manifest.counts for store in stores]
    assert counts[0].signals == counts[1].signals > 0
    kept = [store.combinations["member"].notna().sum() for store in stores]
    assert kept[0] == kept[1] == (6 if not isinstance(regimes, dict) else 12)
    assert counts[1].ensembles > counts[0].ensembles == 2
    names = [store.combinations["member"].dropna().tolist() for store in stores]
    assert names[0] == names[1]


def test_numbers_of_members_do_not_depend_on_threads(tmp_path: Path) -> None:
    many = three(weights=[[1, 1, 1], [2, 1, 1], [1, 1, 5]], threshold=[0.4, 0.6])
    tables = []
    for workers, mode in ((1, "composable"), (2, "composable"), (1, "traditional")):
        folder = tmp_path / f"{workers}{mode}"
        assert run(generation({**many, "max_workers": workers}, folder), mode).success
        store = adm.SignalStore(folder)
        tables.append((store.combinations.drop(columns=["file", "first_row", "classifier_id"]), store.signals()))
    for combinations, signals in tables[1:]:
        pd.testing.assert_frame_equal(combinations, tables[0][0])
        pd.testing.assert_frame_equal(signals, tables[0][1])


# ---- what is refused ------------------------------------------------------------------------------------------------


NOT_FOR_3 = "must have one weight for each of 3 members, but has 2"
METHODS = "majority, weighted, unanimous, by_regime, threshold"
REFUSED: dict[str, tuple[Any, str]] = {
    "no such ensemble": (
        {"vot": {"weights": [1, 1, 1]}},
        ".vot the store has no ensemble of this name. Did you mean `vote`?",
    ),
    "too few weights": ({"vote": {"weights": [1, 1]}}, f".vote.weights {NOT_FOR_3}"),
    "one vector too short": ({"vote": {"weights": [[1, 1, 1], [1, 2]]}}, f".vote.weights[1] {NOT_FOR_3}"),
    "a vector twice": (
        {"vote": {"weights": [[1, 1, 1], [1, 1, 1]]}},
        ".vote.weights lists (1.0, 1.0, 1.0) twice; name each value once",
    ),
    "no such member": (
        {"vote": {"weights": {"quik": 2}}},
        ".vote.weights.quik there is no such member. Did you mean `quick`?",
    ),
    "a weight of nothing": (
        {"vote": {"weights": {"quick": [1, 0]}}},
        ".vote.weights.quick must be a weight above 0, but was 0",
    ),
    "a word": ({"vote": {"weight": 2}}, ".vote.weight unknown field. Did you mean `weights`?"),
    "other members": (
        {"vote": {"members": ["rsi"]}},
        ".vote.members can't be changed in a replay: what members yielded is in the store",
    ),
    "too high": (
        {"vote": {"threshold": [0.5, 2]}},
        ".vote.threshold[1] must be a score above 0 and at most 1, but was 2",
    ),
    "no method": (
        {"vote": {"method": "weigted"}},
        f".vote.method must be one of {METHODS}, but was 'weigted'. Did you mean `weighted`?",
    ),
    "weights without a part": (
        {"vote": {"method": "majority", "weights": [1, 1, 1]}},
        ".vote.weights plays no part in majority; leave it out, or use weighted",
    ),
    "a list": (
        [1],
        " must be a mapping name of an ensemble: changes, e.g. {ensemble: {weights: [[1, 1], [2, 1]]}}, but was [1]",
    ),
    "nothing changed": (
        {"vote": {}},
        ".vote must be a mapping with method, weights, threshold, e.g. {weights: [2, 1]}, but was {}",
    ),
}


def refused(config: adm.WorkflowConfig) -> str:
    with pytest.raises(adm.ConfigError) as caught:
        adm.EnhancedCoordinator().plan(config)
    problem = caught.value.problems[0]
    return f"{problem.path} {problem.message}"


@pytest.mark.parametrize("case", REFUSED)
def test_votes_that_cannot_be_are_refused_where_they_stand(case: str) -> None:
    ensembles, said = REFUSED[case]
    config = adm.WorkflowConfig(
        optimization_config={"ensembles": ensembles},
        analysis_config={"mode": "signal_replay", "signals_path": str(FORMAT_1)},
    )
    assert refused(config) == f"optimization_config.ensembles{said}"


def test_members_without_regimes_cannot_vote_by_regime() -> None:
    config = adm.WorkflowConfig(
        optimization_config={"ensembles": {"vote": {"method": "by_regime"}}},
        analysis_config={"mode": "signal_replay", "signals_path": str(FORMAT_1)},
    )
    assert refused(config).startswith(
        "optimization_config.ensembles.vote.method does not suit the members that were kept: "
        "members[0].regimes is missing"
    )


def test_where_nothing_is_replayed_an_ensemble_says_itself_how_it_votes() -> None:
    arguments = three()
    arguments["optimization_config"]["ensembles"] = {"vote": {"weights": [1, 1, 1]}}
    assert refused(adm.WorkflowConfig(**arguments)) == (
        "optimization_config.ensembles changes how ensembles of kept signals vote, and plays no part here; "
        "write method, weights and threshold in the ensemble, among the strategies"
    )


def test_what_a_container_made_of_the_votes_cannot_be_counted_again(tmp_path: Path) -> None:
    @adm.container("ensemble")
    def every_other_bar(targets: pd.Series) -> pd.Series:
        return targets.where(np.arange(len(targets)) % 2 == 0, 0)

    arguments = three()
    config = generation(arguments, tmp_path / "s")
    config.analysis_config.pop("mode")
    config.parameters["pattern"] = {
        "name": "own",
        "extends": "signal_generation",
        "add": [{"node": {"role": "ensemble", "container": "every_other_bar", "name": "own"},
                 "inside": "classifier", "after": "ensemble"}],
    }  # fmt: skip
    kept = run(config, "composable")
    assert kept.success, kept.errors
    assert run(replay(arguments, tmp_path / "s"), "composable").success
    said = refused(replay_of(arguments, tmp_path / "s", {"weights": [1, 2, 1]}))
    assert said == (
        "optimization_config.ensembles.vote can't be changed: a container of yours stood behind it, and the store "
        "holds what that gave, not what members yielded. Generate the signals again"
    )


# ---- stores of the format before ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_store_of_the_format_before_is_replayed_and_its_votes_are_counted_again(mode: str, tmp_path: Path) -> None:
    """Of an ensemble limited to regimes that format has the vote alone."""
    older = adm.SignalStore(FORMAT_1)
    older.verify()
    assert older.manifest.format == 1
    full = older.config
    full.analysis_config = {}
    keeping = older.config
    keeping.analysis_config = {**keeping.analysis_config, "output_path": str(tmp_path / "newer")}
    assert run(keeping, mode).success
    again = adm.WorkflowConfig(analysis_config={"mode": "signal_replay", "signals_path": str(FORMAT_1)})
    assert_same_result(run(full, mode), run(again, mode))
    change = {"vote": {"weights": [[1, 1, 3], [2, 1, 1]], "threshold": 0.6}}
    again.optimization_config["ensembles"] = change
    newer = again.copy()
    newer.analysis_config["signals_path"] = str(tmp_path / "newer")
    assert_same_result(run(newer, mode), run(again, mode))
    again.optimization_config["ensembles"] = {"limited": {"method": "unanimous"}}
    assert refused(again) == (
        "optimization_config.ensembles.limited can't be changed: a store of format 1 holds no more of it than its "
        "vote, as it is limited to regimes. Generate the signals again"
    )
    newer.optimization_config["ensembles"] = {"limited": {"method": "unanimous"}}
    full.optimization_config["strategies"][1]["method"] = "unanimous"
    assert_same_result(run(full, mode), run(newer, mode))


def test_the_format_before_is_what_the_manifest_says() -> None:
    assert json.loads((FORMAT_1 / "manifest.json").read_text())["format"] == 1
