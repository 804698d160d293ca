"""Weights that are swept, and ensembles limited to regimes: their members vote as the whole would decide."""

from __future__ import annotations

from typing import Any

import pytest
from component_cases import any_bars, computed
from hypothesis import given
from hypothesis import strategies as st
from regime_cases import LABELS, any_regimes, assert_equal, first_bars

from adm_notebook.components import STRATEGIES, StrategyType, strategy
from adm_notebook.components.by_regime import RegimeLimitedType
from adm_notebook.components.ensembles import EnsembleType, ensemble_of, ensemble_type, voting
from adm_notebook.components.weights import Weights
from adm_notebook.errors import ConfigError

PATH = "strategies[0]"
MEMBERS: list[Any] = [
    {"type": "ma_crossover", "parameters": {"fast": 2, "slow": 5, "direction": "both"}},
    {"type": "momentum", "name": "quick", "parameters": {"lookback": 3, "direction": "both"}},
    {"type": "momentum", "parameters": {"lookback": 7, "direction": "both"}, "regimes": ["up", "down"]},
]
WEIGHT = st.sampled_from([0.1, 0.3, 1.0, 2.0, 7.0])


def weighted(**more: Any) -> EnsembleType:
    return ensemble_type({"type": "ensemble", "method": "weighted", "members": MEMBERS, **more}, PATH)


def weights_in_force(kind: StrategyType, given: dict[str, Any]) -> tuple[float, ...]:
    found: tuple[float, ...] = voting(kind.build(given, f"{PATH}.parameters")).poll.weights  # type: ignore[union-attr]
    return found


@given(st.tuples(WEIGHT, WEIGHT, WEIGHT))
def test_a_weight_is_the_same_however_it_is_written(vector: tuple[float, ...]) -> None:
    names = ("ma_crossover", "quick", "momentum")
    of_members = [{**member, "weight": weight} for member, weight in zip(MEMBERS, vector, strict=True)]
    by_name = dict(zip(names, vector, strict=True))
    parameters = {f"{name}.weight": weight for name, weight in by_name.items()}
    swept = weighted(weights=[list(vector), [1, 1, 1]])
    assert swept.given["weights"][0] == vector
    for kind, given_ in (
        (weighted(weights=list(vector)), {}),
        (weighted(weights=by_name), {}),
        (weighted(members=of_members), {}),
        (weighted(parameters=parameters), {}),
        (weighted(), parameters),
        (swept, {"weights": Weights(vector)}),
    ):
        assert weights_in_force(kind, dict(given_)) == vector


def test_a_member_that_no_weight_names_weighs_one() -> None:
    assert weights_in_force(weighted(weights={"quick": 3}), {}) == (1.0, 3.0, 1.0)
    kind = weighted(weights={"quick": [2, 5], "momentum": 4})
    assert kind.given["quick.weight"] == [2, 5]
    assert weights_in_force(kind, {"quick.weight": 5}) == (1.0, 5.0, 4.0)


def test_a_parameter_called_weight_is_the_strategys_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STRATEGIES, "_loaded", dict(STRATEGIES.snapshot()))

    @strategy
    def heavy(bars: Any, weight: float = 1.0) -> Any:
        return (bars["close"].diff() > weight).astype(int)

    members = ["heavy", "rsi"]
    kind = ensemble_type(
        {"type": "ensemble", "method": "weighted", "members": members, "parameters": {"heavy.weight": 0.5}}, PATH
    )
    built = kind.build({}, f"{PATH}.parameters")
    assert built.parameters["heavy.weight"] == 0.5
    assert built.poll.weights == (1.0, 1.0)
    with pytest.raises(ConfigError, match="has a parameter `weight` of its own; sweep vectors"):
        ensemble_type(
            {"type": "ensemble", "method": "weighted", "members": members, "weights": {"heavy": [1, 2]}}, PATH
        )


@given(st.data(), any_bars(min_bars=2))
def test_a_limited_ensemble_is_the_vote_of_its_members_under_each_label(data: st.DataObject, bars: Any) -> None:
    """In both ways, at once or bar by bar, and nothing of it depends on later bars."""
    regimes = data.draw(any_regimes(bars.n_bars))
    named = data.draw(st.lists(st.sampled_from([*LABELS, "none"]), min_size=1, max_size=3, unique=True))
    sets = {
        label: {"quick.weight": data.draw(WEIGHT), "threshold": data.draw(st.sampled_from([0.3, 0.6]))}
        for label in named
    }
    swept = data.draw(st.booleans())
    kind = weighted() if swept else weighted(weights=[2, 1, 1])
    limited = RegimeLimitedType(kind, sets if swept else named, f"{PATH}.regimes")
    built = voting(limited.build({}, f"{PATH}.parameters"))
    feature = computed(bars)
    whole = built.evaluate(bars, feature, regimes)
    decisions = [member.evaluate(bars, feature, regimes) for member in built.members]
    assert len(built.names) == len(set(built.names)) == len(decisions)
    assert_equal(built.vote(decisions, regimes), whole)
    assert_equal(built.vote_by_bar(decisions, regimes), whole)
    assert_equal(built.evaluate_by_bar(bars, feature, None, regimes), whole)
    assert whole.strength is None
    n = data.draw(st.integers(1, bars.n_bars))
    early = built.evaluate(bars.slice(0, n), computed(bars.slice(0, n)), first_bars(regimes, n))
    assert early.target is not None
    assert whole.target is not None
    assert early.target.tolist() == whole.target[:n].tolist()


def test_the_ensemble_within_a_limit_is_found() -> None:
    inner = weighted()
    assert ensemble_of(RegimeLimitedType(inner, ["up"], f"{PATH}.regimes")) is inner
    assert ensemble_of(inner) is inner
    assert ensemble_of(STRATEGIES.get("rsi")) is None
