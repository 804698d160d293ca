"""Classifiers: two evaluators that agree, none looks ahead, labels worked out by hand, and what is said when wrong."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from component_cases import any_bars, bars_of, bars_with_closes, computed, random_prices
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adm_notebook.components import CLASSIFIERS, InvalidParameters, Regimes, classifier, make_classifier
from adm_notebook.components.classifiers import BUILT_IN as MODELS
from adm_notebook.components.classifiers.base import LabelRules, RuleClassifier
from adm_notebook.components.classifiers.hmm import filter_nb, fitted
from adm_notebook.components.expressions import bind, parse_condition
from adm_notebook.errors import ConfigError, DataError, StrategyError
from adm_notebook.market.arrays import Prices
from adm_notebook.market.bars import Bars

NAN = float("nan")
BUILT_IN_KINDS = {model.name: CLASSIFIERS.get(model.name) for model in MODELS}


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CLASSIFIERS, "_loaded", dict(CLASSIFIERS.snapshot()))


def labels_of(regimes: Regimes) -> list[str]:
    return ["none" if code < 0 else regimes.labels[code] for code in regimes.codes]


def labels(bars: Bars, type_: str, **parameters: Any) -> list[str]:
    """The label of each bar, on which both evaluators have to agree."""
    built = make_classifier({"type": type_, "parameters": parameters})
    whole, by_bar = built.classify(bars, computed(bars)), built.classify_by_bar(bars, computed(bars))
    assert labels_of(whole) == labels_of(by_bar)
    assert (whole.labels, whole.lookback) == (by_bar.labels, by_bar.lookback)
    return labels_of(whole)


def _kind(name: str, **parameters: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[str, dict[str, object]]]:
    return st.tuples(st.just(name), st.fixed_dictionaries(parameters))


WINDOW = st.integers(2, 8)
BUILT_IN = st.one_of(
    _kind(
        "trend",
        fast=st.integers(2, 4),
        slow=st.integers(5, 9),
        threshold=st.sampled_from([0.0, 0.01]),
        ma_type=st.sampled_from(["sma", "ema", "kama"]),
    ),
    _kind("volatility", period=st.integers(1, 5), average=WINDOW, low_ratio=st.sampled_from([0.5, 0.95])),
    _kind("momentum_regime", fast=st.integers(1, 4), slow=st.integers(5, 9)),
    _kind("market_structure", period=WINDOW, sticky=st.booleans()),
)


@settings(max_examples=200)
@given(kind=BUILT_IN, bars=any_bars(), cut=st.integers(1, 60))
def test_built_in_classifiers_agree_and_do_not_look_ahead(
    kind: tuple[str, dict[str, object]], bars: Bars, cut: int
) -> None:
    built = make_classifier({"type": kind[0], "parameters": kind[1]})
    whole, by_bar = built.classify(bars, computed(bars)), built.classify_by_bar(bars, computed(bars))
    seen = bars.slice(0, min(cut, bars.n_bars))
    part = built.classify(seen, computed(seen))
    np.testing.assert_array_equal(whole.codes, by_bar.codes)
    np.testing.assert_array_equal(part.codes, whole.codes[: seen.n_bars], err_msg="truncated")
    assert whole.labels == by_bar.labels == built.labels
    assert whole.lookback == by_bar.lookback == built.lookback
    assert (whole.codes[: built.lookback] == -1).all()


CONDITIONS = st.sampled_from(
    ["close > sma(3)", "close < close[2]", "rsi(3) > 60", "not close > 100", "close < 100 or rsi(4) < 50", "False",
     "crosses_above(close, sma(2))"]
)  # fmt: skip


@settings(max_examples=150)
@given(conditions=st.lists(CONDITIONS, min_size=1, max_size=4), sticky=st.booleans(), bars=any_bars())
def test_any_labelled_conditions_are_read_in_order_by_both_evaluators(
    conditions: list[str], sticky: bool, bars: Bars
) -> None:
    names = tuple("abcd"[: len(conditions)])
    bound = tuple((n, bind(parse_condition(c), {})) for n, c in zip(names, conditions, strict=True))
    built = RuleClassifier("mine", {}, (*names, "rest"), LabelRules(bound, "rest", sticky), "")
    whole, by_bar = built.classify(bars, computed(bars)), built.classify_by_bar(bars, computed(bars))
    np.testing.assert_array_equal(whole.codes, by_bar.codes)


# ---- by hand --------------------------------------------------------------------------------------------------------


def test_trend_compares_two_averages_and_is_sideways_within_the_band() -> None:
    bars = bars_with_closes([10, 12, 12, 10, 10, 10.3])
    # sma(1) / sma(2) - 1: unknown, 1/11, 0, -1/11, 0, 0.15/10.15
    wanted = ["none", "up", "sideways", "down", "sideways", "up"]
    assert labels(bars, "trend", fast=1, slow=2, threshold=0.01) == wanted
    assert labels(bars, "trend", fast=1, slow=2, threshold=0.0909) == [
        "none",
        "up",
        *["sideways"] * 1,
        "down",
        *["sideways"] * 2,
    ]
    assert labels(bars, "trend", fast=1, slow=2, threshold=0.091)[1:] == ["sideways"] * 5


def test_volatility_compares_the_range_with_its_own_average() -> None:
    close = np.full(6, 100.0)
    width = np.array([9, 2, 2, 4, 2, 0.5])
    bars = bars_of(Prices(close, close + width / 2, close - width / 2, close))
    # natr(1) is the width in percent, from bar 1 on; averages over 2 bars: 2, 3, 3, 1.25
    assert labels(bars, "volatility", period=1, average=2) == ["none", "none", "normal", "high", "low", "low"]
    assert labels(bars, "volatility", period=1, average=2, high_ratio=1.34)[3] == "normal"


def test_prices_that_never_move_have_normal_volatility() -> None:
    assert labels(bars_with_closes([5] * 8), "volatility", period=2, average=3)[-1] == "normal"


def test_momentum_regimes_are_the_signs_of_slow_and_fast_momentum() -> None:
    bars = bars_with_closes([10, 11, 12, 11, 9, 10, 10])
    # against 1 bar before: . + + - - + 0; against 3 before: . . . + - - -
    wanted = ["none", "none", "none", "correction", "bear", "rebound", "rebound"]
    assert labels(bars, "momentum_regime", fast=1, slow=3) == wanted
    assert labels(bars_with_closes([1, 1, 1]), "momentum_regime", fast=1, slow=2)[-1] == "bull"  # no change is no fall


def test_market_structure_is_higher_highs_and_higher_lows_or_lower_ones() -> None:
    bars = bars_with_closes([5, 6, 7, 8, 6, 9, 5, 4, 3, 5])
    # highest of 2, then of the 2 before: 8>6, 8>7, 9>8, 9>8, 5<9, 4<9, 5=5; lowest: 7>5, 6=6, 6<7, 5<6, 4<6, 3<5, 3<4
    wanted = ["none"] * 3 + ["uptrend", "range", "range", "range", "downtrend", "downtrend", "range"]
    assert labels(bars, "market_structure", period=2) == wanted
    sticky = ["none"] * 3 + ["uptrend"] * 4 + ["downtrend"] * 3
    assert labels(bars, "market_structure", period=2, sticky=True) == sticky
    assert labels(bars_with_closes([5] * 6), "market_structure", period=2, sticky=True)[-1] == "range"


def test_bars_without_a_close_carry_the_label_of_the_bar_before() -> None:
    bars = bars_with_closes([NAN, 10, NAN, 12, NAN, 10, NAN])
    wanted = ["none", "none", "none", "up", "up", "down", "down"]
    assert labels(bars, "trend", fast=1, slow=2) == wanted


@pytest.mark.parametrize(
    ("given_name", "name"),
    [("trend_regime", "trend"), ("Volatility-Regime", "volatility"), ("trend classifier", "trend"),
     ("hmm_classifier", "hmm"), ("markov", "hmm")],
)  # fmt: skip
def test_older_names_still_work(given_name: str, name: str) -> None:
    assert CLASSIFIERS.canonical(given_name) == name


def test_older_names_of_parameters_still_work() -> None:
    built = make_classifier({"type": "trend", "parameters": {"short_window": 5, "long_window": 20.0}})
    assert built.parameters == {"fast": 5, "slow": 20, "threshold": 0.01, "ma_type": "sma"}
    assert built.label == "5/20"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "trnd"}, "classifier.type  unknown classifier 'trnd'. Did you mean `trend`?"),
        ({"type": "trend", "parameters": {"fst": 3}}, "classifier.parameters.fst  trend has no such parameter. Did"),
        (
            {"type": "trend", "parameters": {"fast": "x"}},
            "classifier.parameters.fast  must be a whole number, but was 'x'",
        ),
        (
            {"type": "volatility", "parameters": {"low": 2}},
            "low_ratio must be below high_ratio, but they are 2 and 1.25",
        ),
        (
            {"type": "hmm", "parameters": {"n_states": 4}},
            "classifier.parameters.n_states  must be 3 or less, but was 4",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        make_classifier(spec)


def test_a_combination_that_its_own_check_refuses_is_invalid() -> None:
    with pytest.raises(InvalidParameters, match="fast must be shorter than slow, but they are 9 and 5 bars"):
        make_classifier({"type": "trend", "parameters": {"fast": 9, "slow": 5}})


def test_every_built_in_says_what_it_does_and_where_it_comes_from() -> None:
    for name, kind in BUILT_IN_KINDS.items():
        assert kind.sentence.endswith("."), name
        assert kind.source, name
        assert all(info.description for info in kind.parameters.values()), name
        assert kind.build({}, "parameters").labels, name


# ---- hmm ------------------------------------------------------------------------------------------------------------


def two_states(n_bars: int, seed: int = 0, holes: float = 0.0) -> Bars:
    """A random walk whose steps are 0.5% and 3% in turns of 25 bars."""
    rng = np.random.default_rng(seed)
    deviation = np.where(np.arange(n_bars) // 25 % 2 == 0, 0.005, 0.03)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1, n_bars) * deviation))
    close[rng.random(n_bars) < holes] = NAN
    return bars_of(Prices(close, close, close, close))


@settings(max_examples=8)
@given(
    seed=st.integers(0, 1000),
    n_bars=st.integers(1, 140),
    cut=st.integers(1, 140),
    holes=st.sampled_from([0.0, 0.2]),
    n_states=st.just(2),
)
@example(seed=1, n_bars=120, cut=90, holes=0.1, n_states=3)  # a fit with three states takes long: one of them
def test_hmm_agrees_with_itself_and_does_not_look_ahead(
    seed: int, n_bars: int, cut: int, holes: float, n_states: int
) -> None:
    bars = two_states(n_bars, seed, holes)
    parameters = {"train_bars": 60, "starts": 1, "n_states": n_states}
    built = make_classifier({"type": "hmm", "parameters": parameters})
    try:
        whole = built.classify(bars, computed(bars))
    except DataError as error:
        with pytest.raises(DataError, match=re.escape(error.message)):
            built.classify_by_bar(bars, computed(bars))
        return
    by_bar = built.classify_by_bar(bars, computed(bars))
    np.testing.assert_array_equal(whole.codes, by_bar.codes)
    seen = bars.slice(0, min(cut, n_bars))
    np.testing.assert_array_equal(built.classify(seen, computed(seen)).codes, whole.codes[: seen.n_bars])
    assert (whole.codes[:60] == -1).all()
    assert whole.lookback == by_bar.lookback == built.lookback == 60
    if n_bars > 60 and not holes:
        assert (whole.codes[60:] >= 0).all()


def test_hmm_tells_calm_from_turbulent_bars() -> None:
    bars = two_states(600)
    found = labels(bars, "hmm", train_bars=200)
    turbulent = np.arange(600) // 25 % 2 == 1
    agree = (np.array(found) == np.where(turbulent, "turbulent", "calm"))[200:]
    assert agree.mean() > 0.85
    assert set(found[:200]) == {"none"}


def test_hmm_states_are_ordered_by_variance_and_shares_add_up() -> None:
    close = two_states(300).prices.close
    for seed in range(3):  # other starting points, the same states
        fit = fitted(close, 2, seed, 3)
        assert fit.variance[0] < fit.variance[1]
        np.testing.assert_allclose(np.sqrt(fit.variance) * fit.scale, [0.005, 0.03], rtol=0.2)
        np.testing.assert_allclose(fit.transition.sum(axis=1), 1.0)
        np.testing.assert_allclose(fit.initial @ fit.transition, fit.initial, atol=1e-12)


def test_the_forward_filter_is_that_of_the_fitting_library() -> None:
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    close = two_states(300).prices.close
    fit = fitted(close, 2, 0, 3)
    returns = np.diff(np.log(close)) / fit.scale
    model = MarkovRegression(returns, k_regimes=2, trend="c", switching_variance=True)
    given_ = [fit.transition[0, 0], fit.transition[1, 0], *fit.mean, *fit.variance]
    probabilities = model.filter(np.array(given_), cov_type="none").filtered_marginal_probabilities
    density = -0.5 * (np.log(fit.variance) + (returns[:, None] - fit.mean) ** 2 / fit.variance)
    np.testing.assert_array_equal(filter_nb(density, fit.transition, fit.initial), probabilities.argmax(axis=1))


def test_the_filter_by_hand() -> None:
    transition = np.array([[0.9, 0.1], [0.2, 0.8]])
    initial = np.array([0.5, 0.5])
    # expected 0.55 and 0.45, the second state twice as likely: 0.55 to 0.90; then 0.47 and 0.53, evenly likely;
    # the third return is so unlikely in the second state that it must be the first
    density = np.log([[1.0, 2.0], [1.0, 1.0], [1.0, 1e-9]])
    assert filter_nb(density, transition, initial).tolist() == [1, 1, 0]
    evenly = np.full((2, 2), 0.5)
    assert filter_nb(np.zeros((3, 2)), evenly, initial).tolist() == [0, 0, 0]  # a tie is the calmer state
    once = np.array([[0.0, 1.0], [0.0, 0.0]])
    assert filter_nb(once, evenly, initial).tolist() == [1, 1]  # and later the state before


def test_later_closes_do_not_change_the_model_and_every_process_finds_the_same() -> None:
    close = two_states(200).prices.close
    code = (
        "import sys; sys.path.insert(0, 'tests/components'); from test_classifiers import two_states; "
        "from adm_notebook.components.classifiers.hmm import fitted; "
        "fit = fitted(two_states(200).prices.close, 2, 5, 3); "
        "print(b''.join(a.tobytes() for a in (fit.mean, fit.variance, fit.transition, fit.initial)).hex())"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    fit = fitted(close.copy(), 2, 5, 3)
    here = b"".join(a.tobytes() for a in (fit.mean, fit.variance, fit.transition, fit.initial)).hex()
    assert done.stdout.strip() == here


def test_no_model_is_an_error_and_not_a_label() -> None:
    flat = bars_with_closes([100.0] * 50)
    prices = random_prices(200, seed=1, flat=0.6)
    stuck = bars_of(prices)
    for by_bar in (False, True):
        for bars, train, message in (
            (flat, 40, "hmm can't be fitted: the first 40 closes never move"),
            (stuck, 150, "hmm did not converge: no 2 states .* the first 150 closes"),
        ):
            built = make_classifier({"type": "hmm", "parameters": {"train_bars": train}})
            with pytest.raises(DataError, match=message):
                (built.classify_by_bar if by_bar else built.classify)(bars, computed(bars))


def test_without_statsmodels_hmm_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "statsmodels" else found(name))
    with pytest.raises(ConfigError, match=re.escape('pip install "adm-notebook[hmm]"')) as caught:
        make_classifier({"type": "hmm"})
    assert caught.value.problems[0].path == "classifier.parameters"


# ---- the user's own -------------------------------------------------------------------------------------------------


BARS = bars_with_closes([1, 2, 3, 2, 1])


def returning(value: Callable[[pd.DataFrame], Any]) -> None:
    classifier("mine")(lambda bars: value(bars))


def test_a_function_of_labels_is_a_classifier_in_both_coordinators() -> None:
    @classifier
    def by_its_mean(bars: pd.DataFrame, period: int = 2) -> pd.Series:
        """Above or below the average."""
        mean = bars.close.rolling(period).mean()
        return (bars.close > mean).map({True: "above", False: "below"}).where(mean.notna())

    assert labels(BARS, "by_its_mean") == ["none", "above", "above", "below", "below"]
    built = make_classifier({"type": "by_its_mean", "parameters": {"period": 3.0}})
    assert built.parameters == {"period": 3}
    assert built.labels == ()
    found = built.classify(BARS, computed(BARS))
    assert (found.labels, found.lookback) == (("above", "below"), 2)
    assert CLASSIFIERS.get("by_its_mean").sentence == "Above or below the average."


@given(bars=any_bars(), cut=st.integers(1, 60))
def test_labels_of_a_function_are_carried_and_numbered_as_they_appear(bars: Bars, cut: int) -> None:
    returning(lambda frame: frame.close.diff().map(lambda x: None if x != x else "up" if x > 0 else "down"))
    built = make_classifier({"type": "mine"})
    whole, by_bar = built.classify(bars, computed(bars)), built.classify_by_bar(bars, computed(bars))
    assert labels_of(whole) == labels_of(by_bar)
    assert (whole.labels, whole.lookback) == (by_bar.labels, by_bar.lookback)
    seen = bars.slice(0, min(cut, bars.n_bars))
    assert labels_of(built.classify(seen, computed(seen))) == labels_of(whole)[: seen.n_bars]


def test_missing_values_of_any_kind_and_the_word_none_are_no_regime() -> None:
    returning(lambda bars: pd.Series([None, NAN, "none", pd.NA, "up"], index=bars.index, dtype=object))
    assert labels(BARS, "mine") == ["none", "none", "none", "none", "up"]
    returning(lambda bars: np.array(["a", "b", "a", "b", "c"]))
    assert labels(BARS, "mine") == ["a", "b", "a", "b", "c"]
    returning(lambda bars: pd.Series(["x", "x", "y", "y", None], index=bars.index, dtype="category"))
    assert labels(BARS, "mine") == ["x", "x", "y", "y", "none"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda bars: bars.close, "must return labels as text, such as .* but bar 0 has 1.0"),
        (lambda bars: pd.Series(["a", "a", " ", "a", "a"], index=bars.index), "as text, but bar 2 has ' '"),
        (lambda bars: pd.Series(["a", 2, "a", "a", "a"], index=bars.index), "bar 1 has 2"),
        (lambda bars: bars, "must return a Series of labels, but returned a DataFrame"),
        (lambda bars: pd.Series(["a"]), "returned 1 values for 5 bars"),
        (lambda bars: None, "returned nothing"),
        (lambda bars: bars.nothing, "classifier mine raised AttributeError"),
    ],
)
def test_what_a_function_returns_is_checked(value: Callable[[pd.DataFrame], Any], message: str) -> None:
    returning(value)
    for by_bar in (False, True):
        built = make_classifier({"type": "mine"})
        with pytest.raises(StrategyError, match=message):
            (built.classify_by_bar if by_bar else built.classify)(BARS, computed(BARS))


def test_a_function_that_labels_by_number_in_disguise_is_told() -> None:
    returning(lambda bars: bars.close.astype(str))
    bars = bars_with_closes(list(range(1, 150)))
    with pytest.raises(StrategyError, match="at most 100 labels, but bar 100 has one more"):
        make_classifier({"type": "mine"}).classify(bars, computed(bars))


def test_built_in_names_are_kept_and_odd_functions_refused() -> None:
    with pytest.raises(ConfigError, match="is built in and is not replaced; choose another name"):
        classifier("trend")(lambda bars: bars)
    with pytest.raises(TypeError, match="the first parameter of a classifier is bars"):
        classifier("mine")(lambda: None)
    returning(lambda bars: bars.close)
    with pytest.raises(ConfigError, match=r"mine has no such parameter\. It has none"):
        make_classifier({"type": "mine", "parameters": {"period": 3}})


def test_the_page_on_regimes_lists_every_classifier_with_its_labels_and_defaults() -> None:
    page = (Path(__file__).parents[2] / "docs" / "regimes-and-ensembles.md").read_text()
    table = page.partition("Where nothing is known")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| `") and "=" in line]
    assert [row[0].strip("| `") for row in rows] == list(BUILT_IN_KINDS)
    for (name, kind), row in zip(BUILT_IN_KINDS.items(), rows, strict=True):
        assert row[1].startswith(", ".join(f"`{label}`" for label in kind.build({}, "parameters").labels)), name
        assert row[2] == f"`{', '.join(f'{n}={info.default}' for n, info in kind.parameters.items())}`"
        assert row[3].removesuffix(" |") == kind.source
