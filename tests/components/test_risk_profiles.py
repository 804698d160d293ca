"""Risk profiles: what a config may say, what the built-ins are, and what a user's function may return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from component_cases import bars_with_closes
from hypothesis import given
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.components.risk import PROFILE_SETTINGS, RISK_PROFILES, overlay, profile_entry
from adm_notebook.config.settings import Settings
from adm_notebook.engine.simulate import simulate
from adm_notebook.errors import ConfigError, StrategyError

PATH = "optimization_config.risk_profiles[0]"
BARS = bars_with_closes([100.0, 101.0, 102.0])
PRESETS = ("conservative", "moderate", "aggressive")


def told(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [f"{p.path.removeprefix(PATH)}: {p.message}" for p in error.value.problems]


# In a config


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("conservative", ("conservative", "", {})),
        ("Low-Risk", ("conservative", "", {})),
        ("balanced", ("moderate", "", {})),
        ("high risk", ("aggressive", "", {})),
        ({"type": "moderate"}, ("moderate", "", {})),
        ({"type": "moderate", "name": "mine"}, ("moderate", "mine", {})),
        ({"type": "moderate", "parameters": {"size": 0.01}}, ("moderate", "", {"size": 0.01})),
        ({"type": "moderate", "size": 0.01}, ("moderate", "", {"size": 0.01})),
        ({"stop_loss": 0.05, "max_drawdown": 0.2}, ("custom", "", {"stop_loss": 0.05, "max_drawdown": 0.2})),
        ({"parameters": {"stop_loss": {"atr": [1, 2]}}}, ("custom", "", {"stop_loss": {"atr": [1, 2]}})),
        ({"type": "custom", "parameters": None}, ("custom", "", {})),
        ({}, ("custom", "", {})),
    ],
)
def test_a_profile_is_a_name_or_a_mapping(item: Any, expected: tuple[str, str, dict[str, Any]]) -> None:
    assert profile_entry(item, PATH) == expected


def test_parameters_stay_in_the_config_s_order() -> None:
    item = {"size": [0.01, 0.02], "parameters": {"stop_loss": [0.1, 0.2]}, "type": "moderate", "max_drawdown": 0.1}
    assert list(profile_entry(item, PATH)[2]) == ["size", "stop_loss", "max_drawdown"]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("conservativ", [": unknown risk profile 'conservativ'. Did you mean `conservative`?"]),
        ({"type": "agressive"}, [".type: unknown risk profile 'agressive'. Did you mean `aggressive`?"]),
        (0.5, [": must be the name of a risk profile or a mapping {type, name, parameters}, but was 0.5"]),
        ({"type": "moderate", "size": 1, "parameters": {"size": 2}},
         [".size: stands both beside `type` and in `parameters`; keep one"]),
        ({"size": 1, "parameters": {"size": 1}}, [".size: stands both beside `type` and in `parameters`; keep one"]),
        ({"stop_los": 0.1}, [".stop_los: unknown setting. Did you mean `stop_loss`?"]),
        ({"paramters": {}}, [".paramters: unknown setting. Did you mean `parameters`?"]),
        ({"parameters": {"max_dradown": 0.1}},
         [".parameters.max_dradown: unknown setting. Did you mean `max_drawdown`?"]),
        ({"comission": 0.1},
         [".comission: unknown setting. Did you mean `commission`? It belongs into backtest_config"]),
        ({"commission": 0.001, "parameters": {"fill": "close"}},
         [".commission: is no setting of a risk profile; it belongs into backtest_config",
          ".parameters.fill: is no setting of a risk profile; it belongs into backtest_config"]),
        ({"parameters": [1]}, [".parameters: must be a mapping (name: value), but was [1]"]),
        ({"name": 3}, [".name: must be text, but was 3"]),
    ],
)  # fmt: skip
def test_what_is_no_profile_is_told_with_its_place(item: Any, said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        profile_entry(item, PATH)
    assert told(caught) == said


# The built-ins


@pytest.mark.parametrize("name", PRESETS)
def test_a_built_in_makes_an_account_of_any_backtest_config(name: str) -> None:
    for backtest in ({}, {"preset": "backtesting.py"}, {"preset": "vectorbt"}, {"size_mode": "units", "size": 5}):
        profile = RISK_PROFILES.get(name).build({}, PATH)
        merged, _ = overlay(backtest, profile.settings(BARS), PATH)
        settings = Settings.resolve(merged)
        assert settings.size_mode == "risk"
        assert settings.slips == []
    assert profile.fixed
    assert profile.label == ""


def test_they_are_in_order_of_what_they_risk() -> None:
    three = [Settings.resolve(RISK_PROFILES.get(n).build({}, PATH).settings(BARS)) for n in PRESETS]
    assert [s.size for s in three] == [0.01, 0.02, 0.04]
    assert [s.max_drawdown for s in three] == [0.10, 0.20, 0.35]
    for settings in three:  # ten full losses in a row are within the limit, twelve are not
        assert 1 - (1 - settings.size) ** 10 < (settings.max_drawdown or 0) < 1 - (1 - settings.size) ** 12


@pytest.mark.parametrize("name", PRESETS)
def test_a_stopped_trade_loses_what_the_profile_says(name: str) -> None:
    settings = RISK_PROFILES.get(name).build({}, PATH).settings(BARS)
    closes = 100 + np.arange(40) % 2  # a true range of 2
    frame = pd.DataFrame({"open": closes, "high": closes + 1.0, "low": closes - 1.0, "close": closes}, dtype=float)
    frame.loc[30:, ["low", "close"]] = 50.0
    result = simulate(frame, {"long_entry": [i == 20 for i in range(40)]}, initial_capital=1000, **settings)
    assert result.trades["exit_reason"].tolist() == ["stop_loss"]
    assert result.trades["pnl"][0] == pytest.approx(-1000 * settings["size"])


def test_what_is_given_replaces_what_is_preset() -> None:
    profile = RISK_PROFILES.get("moderate").build({"stop_loss": {"atr": 2}, "max_drawdown": None}, PATH)
    assert profile.parameters == {
        "size_mode": "risk", "size": 0.02, "stop_loss": {"atr": 2}, "max_drawdown": None
    }  # fmt: skip
    assert profile.label == "stop_loss 2 ATR(14), max_drawdown none"
    assert profile.settings(BARS) == profile.parameters


def test_custom_is_what_is_given() -> None:
    assert RISK_PROFILES.get("custom").build({}, PATH).settings(BARS) == {}
    profile = RISK_PROFILES.get("custom").build({"trailing": True}, PATH)  # the stop may stand in backtest_config
    assert profile.settings(BARS) == {"trailing": True}


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("custom", {"size": -1, "stop_loss": {"art": 2}},
         [".stop_loss.art: unknown field. Did you mean `atr`?", ".size: must be above 0, but was -1"]),
        ("custom", {"max_daily_loss": 3}, [".max_daily_loss: must be 1 or less, but was 3; 3% is 0.03"]),
        ("custom", {"size_mode": "units"},
         [".size: is missing beside size_mode units: what it is measured in goes with the mode"]),
        ("moderate", {"size_mode": "fraction"},
         [".size: is missing beside size_mode fraction: what it is measured in goes with the mode"]),
        ("moderate", {"xyzzy": 0.1}, [f".xyzzy: unknown setting. Known here: {', '.join(PROFILE_SETTINGS)}"]),
    ],
)  # fmt: skip
def test_values_are_checked_one_by_one(kind: str, given: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        RISK_PROFILES.get(kind).build(given, PATH)
    assert told(caught) == said


def test_every_built_in_says_what_it_is_and_what_it_takes() -> None:
    own = [kind for name, kind in RISK_PROFILES.snapshot().items() if RISK_PROFILES.is_built_in(name)]
    assert len(own) >= 4
    for kind in own:
        assert kind.sentence.endswith(".")
        assert kind.identity == ""
        assert tuple(kind.parameters) == PROFILE_SETTINGS
        assert all(info.description for info in kind.parameters.values())


# Over backtest_config


def test_the_profile_wins_and_what_differs_is_named() -> None:
    backtest = {"commission": 0.001, "size": 0.5, "stop_loss": 0.1, "trailing": True}
    merged, differing = overlay(backtest, {"size": 0.2, "stop_loss": 0.1, "max_drawdown": 0.3}, PATH)
    assert merged == {"commission": 0.001, "size": 0.2, "stop_loss": 0.1, "trailing": True, "max_drawdown": 0.3}
    assert differing == ["size"]
    assert backtest["size"] == 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"size": 1}, {"size": 1.0}),
        ({"stop_loss": {"atr": 2}}, {"stop_loss": {"atr": 2.0, "period": 14}}),
        ({"stop_loss": "none"}, {"stop_loss": None}),
        ({"volatility": {}}, {"volatility": {"method": "std", "period": 20}}),
    ],
)
def test_the_same_in_other_words_does_not_differ(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert overlay(one, other, PATH)[1] == overlay(other, one, PATH)[1] == []


def test_only_sizes_stops_and_limits_may_be_laid_over() -> None:
    with pytest.raises(ConfigError) as caught:
        overlay({}, {"fill": "close"}, PATH)
    assert told(caught) == [".fill: is no setting of a risk profile; it belongs into backtest_config"]


@given(st.dictionaries(st.sampled_from(PROFILE_SETTINGS), st.none() | st.floats(0.01, 1)), st.data())
def test_each_setting_comes_from_the_profile_or_else_from_the_config(
    profile: dict[str, Any], data: st.DataObject
) -> None:
    names = st.sampled_from([*PROFILE_SETTINGS, "commission", "fill"])
    backtest = data.draw(st.dictionaries(names, st.none() | st.floats(0.01, 1)))
    merged, differing = overlay(backtest, profile, PATH)
    assert merged.keys() == backtest.keys() | profile.keys()
    for name, value in merged.items():
        assert value == (profile[name] if name in profile else backtest[name])
        assert (name in differing) == (name in profile and name in backtest and profile[name] != backtest[name])


# The user's own


@pytest.fixture
def own(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[Any], Any]]:
    """Registers what a function returns as the profile `own`, and hands it over, built."""
    before = RISK_PROFILES._loaded

    def profile_that_returns(value: Any) -> Any:
        @adm.risk_profile
        def own(bars: pd.DataFrame, risk: float = 0.01) -> Any:
            """Mine."""
            return value(bars, risk) if callable(value) else value

        return RISK_PROFILES.get("own").build({}, PATH)

    yield profile_that_returns
    RISK_PROFILES._loaded = before


def test_a_function_of_the_bars_is_a_profile(own: Callable[[Any], Any]) -> None:
    own(lambda bars, risk: {"size_mode": "risk", "size": risk, "stop_loss": bars.close.max() / 1000})
    kind, name, parameters = profile_entry({"type": "own", "risk": 0.02}, PATH)
    profile = RISK_PROFILES.get(kind).build(parameters, PATH)
    assert (kind, name, profile.label, profile.fixed) == ("own", "", "0.02", False)
    settings = Settings.resolve(profile.settings(BARS))
    assert (settings.size, settings.stop_loss) == (0.02, 0.102)
    assert RISK_PROFILES.get("own").sentence == "Mine."
    assert len(RISK_PROFILES.get("own").identity) == 64


def careful(risk: float = 0.01) -> dict[str, float]:
    return {"size": risk}


def keywords(*, risk: float = 0.01) -> dict[str, float]:
    return {"size": risk}


def either(bars: pd.DataFrame | None = None, risk: float = 0.01) -> dict[str, float]:
    return {"size": risk if bars is not None else 1.0}


@pytest.mark.parametrize("code", [careful, keywords, either])
def test_bars_are_handed_only_to_a_function_that_takes_them(own: Callable[[Any], Any], code: Any) -> None:
    own({})  # so that what is registered here is forgotten afterwards
    adm.risk_profile(code)
    kind = RISK_PROFILES.get(code.__name__)
    assert list(kind.parameters) == ["risk"]
    assert kind.build({"risk": 0.5}, PATH).settings(BARS) == {"size": 0.5}
    assert kind.build({}, PATH).settings(BARS) == {"size": 0.01}


def test_a_function_without_any_parameter_is_a_profile(own: Callable[[Any], Any]) -> None:
    own({})
    adm.risk_profile("fixed_tenth")(lambda: {"size": 0.1})
    kind = RISK_PROFILES.get("fixed_tenth")
    assert kind.build({}, PATH).settings(BARS) == {"size": 0.1}
    with pytest.raises(ConfigError, match=r"fixed_tenth has no such parameter\. It has none"):
        kind.build({"risk": 0.5}, PATH)


def test_a_function_may_change_its_bars(own: Callable[[Any], Any]) -> None:
    def spoil(bars: pd.DataFrame, risk: float) -> dict[str, float]:
        bars["close"] = 0.0
        return {"size": 0.5}

    profile = own(spoil)
    assert profile.settings(BARS) == {"size": 0.5}
    assert BARS.prices.close.tolist() == [100.0, 101.0, 102.0]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "must return a dict of settings, such as {'size': 0.5}, but returned nothing (is a `return` missing?)"),
        (0.5, "but returned float: 0.5"),
        ({"stop_los": 0.1}, "returned 'stop_los': unknown setting. Did you mean `stop_loss`?"),
        (
            {"commission": 0.1},
            "returned 'commission': is no setting of a risk profile; it belongs into backtest_config",
        ),
        ({"size": -1.0}, "returned settings that can't be: size must be above 0, but was -1"),
        ({"stop_loss": {"atr": float("nan")}}, "stop_loss.atr must be a finite number, but was NaN"),
        (lambda bars, risk: 1 / 0, "risk profile own raised ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_function_returns_is_checked(own: Callable[[Any], Any], returned: Any, said: str) -> None:
    profile = own(returned)
    with pytest.raises(StrategyError) as caught:
        profile.settings(BARS)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"riks": 0.1}, [".parameters.riks: own has no such parameter. Did you mean `risk`?"]),
        ({"risk": "much"}, [".parameters.risk: must be a number, but was 'much'"]),
    ],
)
def test_a_function_s_parameters_are_checked(
    own: Callable[[Any], Any], parameters: dict[str, Any], said: list[str]
) -> None:
    own({})
    with pytest.raises(ConfigError) as caught:
        RISK_PROFILES.get("own").build(parameters, f"{PATH}.parameters")
    assert told(caught) == said


def test_running_the_cell_again_replaces_and_says_so(
    own: Callable[[Any], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    own({})
    own({"size": 0.5})
    assert "The risk profile `own` was there already; it is replaced." in capsys.readouterr().out
    assert RISK_PROFILES.get("own").build({}, PATH).settings(BARS) == {"size": 0.5}


def test_built_in_names_are_not_taken() -> None:
    with pytest.raises(ConfigError, match="moderate  is built in and is not replaced"):
        adm.risk_profile("moderate")(lambda bars: {})
