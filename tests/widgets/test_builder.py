"""The config builder from Python: form and YAML are two sides of one config, and nothing of it is lost on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.config.yaml_text import load_mapping
from adm_notebook.errors import ConfigError
from adm_notebook.widgets.builder import ConfigBuilder

SWEEP = """\
workflow_type: optimization   # a study
data_config:
  max_bars: 400
optimization_config:
  strategies:
    - type: ma_crossover
      name: <img src=x onerror=alert(1)>
      parameters: {fast: {min: 5, max: 15, step: 5}, slow: [30, 60]}
infrastructure_config: {}
"""


def fields(builder: ConfigBuilder) -> dict[str, dict[str, Any]]:
    form = builder.form
    found = [field for section in form["sections"].values() for field in section]
    found += [field for entries in form["lists"].values() for entry in entries for field in entry["fields"]]
    return {field["path"]: field for field in found}


def until(true: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


class View:
    """A view as the page has it: it sends messages, and is sent answers."""

    def __init__(self, builder: ConfigBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
        self.builder, self.number, self.answers = builder, 0, list[dict[str, Any]]()
        monkeypatch.setattr(builder, "send", lambda content, buffers=None: self.answers.append(content))

    def send(self, what: str, **more: Any) -> None:
        self.number += 1
        self.builder._on_message(self.builder, {"do": what, "view": "v", "number": self.number, **more}, [])
        until(lambda: self.builder.seen.get("v") == self.number)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The variables of a notebook."""
    namespace: dict[str, Any] = {}
    monkeypatch.setattr("adm_notebook.widgets.builder._namespace", lambda: namespace)
    return namespace


# ---- the config -----------------------------------------------------------------------------------------------------


def test_an_empty_builder_is_momentum_on_the_sample() -> None:
    builder = ConfigBuilder()
    assert builder.form["title"] == "momentum on SP500"
    assert builder.form["lists"]["strategies"] == []
    assert builder.problems == ()
    assert builder.config == adm.WorkflowConfig()
    assert builder.outlook["rows"] == 1
    assert (builder.preview["symbol"], builder.preview["bars"]) == ("SP500", 5031)
    assert repr(builder) == "<ConfigBuilder>"


def test_what_is_set_is_in_yaml_config_and_form() -> None:
    builder = ConfigBuilder()
    builder.add_strategy("ma_crossover")
    builder.set("optimization_config.strategies[0].parameters.fast", {"min": 5, "max": 20, "step": 5})
    builder.set("backtest_config.commission", 0.001)
    builder.add_classifier("trend")
    builder.add_risk_profile("moderate", stop_loss=0.05)
    builder.set("data_config.symbols", ["NASDAQ"])
    assert builder.problems == ()
    config = builder.config
    assert adm.WorkflowConfig.from_yaml(builder.yaml) == config
    assert config.optimization_config["strategies"] == [
        {"type": "ma_crossover", "parameters": {"fast": {"min": 5, "max": 20, "step": 5}}}
    ]
    assert builder.form["title"] == "ma_crossover on NASDAQ"
    shown = fields(builder)
    assert shown["optimization_config.strategies[0].parameters.fast"]["value"] == ("5", "20", "5")
    assert shown["backtest_config.commission"]["value"] == "0.1"
    assert shown["optimization_config.risk_profiles[0].parameters.stop_loss"]["value"] == "5"
    assert builder.outlook["rows"] == 4


def test_the_builder_starts_from_a_config_and_leaves_it_alone() -> None:
    config = adm.WorkflowConfig(backtest_config={"strategy": "momentum", "size": 0.5})
    builder = adm.ConfigBuilder(config)
    builder.set("backtest_config.strategy.parameters.period", 30)
    assert builder.config.backtest_config == {
        "strategy": {"type": "momentum", "parameters": {"period": 30}},
        "size": 0.5,
    }
    assert config.backtest_config == {"strategy": "momentum", "size": 0.5}
    builder.add_strategy("rsi")
    assert builder.config.optimization_config["strategies"][0]["parameters"] == {"period": 30}
    assert [s["type"] for s in builder.config.optimization_config["strategies"]] == ["momentum", "rsi"]
    assert "strategy" not in builder.config.backtest_config


def test_keys_without_a_field_stay_and_are_named() -> None:
    builder = ConfigBuilder(SWEEP)
    builder.set("infrastructure_config.results", "rows")
    builder.set("backtest_config.portfolio", {"combine": False})
    builder.set("optimization_config.strategies[0].allocation", 0.5)
    assert set(builder.form["rest"]) == {"infrastructure_config.results", "backtest_config.portfolio"}
    entry = builder.form["lists"]["strategies"][0]
    assert load_mapping(entry["rest"])[0] == {"name": "<img src=x onerror=alert(1)>", "allocation": 0.5}
    values = load_mapping(builder.yaml)[0]
    assert values["infrastructure_config"] == {"results": "rows"}
    assert values["backtest_config"] == {"portfolio": {"combine": False}}
    assert "# a study" in builder.yaml


def test_an_ensemble_is_shown_as_its_yaml() -> None:
    builder = ConfigBuilder()
    ensemble = {"type": "ensemble", "method": "majority", "members": ["momentum", "rsi", "macd"]}
    builder.set("optimization_config.strategies", [ensemble])
    entry = builder.form["lists"]["strategies"][0]
    assert load_mapping(entry["rest"])[0] == ensemble
    assert builder.problems == ()


def test_a_strategy_that_is_removed_is_gone_and_the_last_takes_its_list_along() -> None:
    builder = ConfigBuilder()
    builder.add_strategy("momentum")
    builder.add_strategy("rsi")
    builder.remove("optimization_config.strategies[0]")
    assert builder.config.optimization_config["strategies"] == [{"type": "rsi"}]
    builder.remove("optimization_config.strategies[0]")
    assert builder.config == adm.WorkflowConfig()


def test_a_name_that_is_unknown_is_refused_with_the_nearest() -> None:
    builder = ConfigBuilder()
    with pytest.raises(ConfigError, match="Did you mean `ma_crossover`"):
        builder.add_strategy("ma_crossovr")
    with pytest.raises(ConfigError, match="must be a WorkflowConfig"):
        builder.config = {"workflow_type": "backtest"}  # type: ignore[assignment]  # the mistake under test


def test_a_frame_stands_in_the_yaml_by_its_variable(notebook: dict[str, Any]) -> None:
    index = pd.date_range("2024-01-01", periods=60)
    close = pd.Series(range(100, 160), index=index, dtype=float)
    notebook["prices"] = pd.DataFrame({"open": close, "high": close + 1, "low": close - 1, "close": close})
    builder = ConfigBuilder(adm.WorkflowConfig(data_config={"frame": notebook["prices"]}))
    assert "frame: prices" in builder.yaml
    assert builder.config.data_config["frame"] is notebook["prices"]
    assert builder.preview["bars"] == 60
    assert '"frame": prices' in builder.as_python()
    builder.set("data_config.frame", "nothing")
    assert [p.path for p in builder.problems] == ["data_config.frame"]
    unnamed = ConfigBuilder(adm.WorkflowConfig(data_config={"frame": notebook.pop("prices")}))
    assert unnamed.problems == ()
    with pytest.raises(ConfigError, match="is in no variable"):
        unnamed.as_cell()


# ---- problems -------------------------------------------------------------------------------------------------------


def test_a_problem_stands_at_its_field_and_the_config_stays_the_last_that_could_be_planned() -> None:
    builder = ConfigBuilder(SWEEP)
    before = builder.config
    builder.set("optimization_config.strategies[0].parameters.fast.step", 0)
    assert [p.path for p in builder.problems] == ["optimization_config.strategies[0].parameters.fast.step"]
    notice = builder.notices[0]
    assert notice["place"] == "optimization_config.strategies[0].parameters.fast"
    assert (notice["part"], notice["label"], notice["line"]) == ("step", "fast, step", 8)
    assert builder.outlook["state"] == "refused"
    with pytest.warns(UserWarning, match=r"the last config that could be planned. Since then: .*fast.step: "):
        assert builder.config == before
    with pytest.raises(ConfigError, match="step"):
        builder.as_cell()
    builder.set("optimization_config.strategies[0].parameters.fast.step", 10)
    assert builder.problems == ()
    assert builder.outlook["rows"] == 4
    assert builder.config != before


def test_yaml_that_cant_be_read_marks_its_line_and_leaves_the_form() -> None:
    builder = ConfigBuilder(SWEEP)
    before, form = builder.config, builder.form
    builder.yaml = SWEEP.replace("[30, 60]", "[30, 60")
    assert len(builder.problems) == 1
    assert builder.notices[0]["line"] is not None
    assert builder.outlook == {"state": "unread"}
    assert builder.form == form
    with pytest.warns(UserWarning, match="Is a closing bracket missing"):
        assert builder.config == before
    with pytest.raises(ConfigError, match="can't be read"):
        builder.set("backtest_config.commission", 0.1)
    builder.yaml = SWEEP.replace("[30, 60]", "[30, 60, 90]")
    assert builder.problems == ()
    assert builder.outlook["rows"] == 9


def test_a_problem_without_a_field_is_shown_at_its_section_or_below() -> None:
    builder = ConfigBuilder("backtest_config: {comission: 0.1}\nnonsense: 1\n".replace("nonsense: 1\n", "") + "\n")
    assert builder.notices == [] or builder.notices[0]["place"] == "backtest_config"
    assert "Did you mean `commission`" in builder.problems[0].message
    assert builder.notices[0]["place"] == "backtest_config"
    builder.yaml = "nonsense: 1\n"
    assert builder.problems[0].path == "nonsense"
    assert builder.notices[0]["place"] == ""


def test_prices_that_cant_be_read_are_a_problem_of_the_data(tmp_path: Any) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("date,open,high,low,close\n2024-01-01,1,2,3,1\n")
    builder = ConfigBuilder(adm.WorkflowConfig(data_config={"path": str(path)}))
    assert [p.path for p in builder.problems] == ["data_config"]


# ---- what it hands over ---------------------------------------------------------------------------------------------


def test_cell_and_python_run_the_same(notebook: dict[str, Any]) -> None:
    builder = ConfigBuilder(SWEEP)
    first, _, yaml = builder.as_cell("study").partition("\n")
    assert first == "%%adm run study"
    assert adm.WorkflowConfig.from_yaml(yaml) == builder.config
    made: dict[str, Any] = {}
    exec(builder.as_python("study"), made)
    assert made["config"] == builder.config
    run = builder.run("mine")
    assert notebook["mine"] is run
    pd.testing.assert_frame_equal(run.result().stats, made["study"].stats)
    until(lambda: isinstance(notebook["mine"], adm.WorkflowResult))
    until(lambda: builder.run_state["state"] == "finished")
    assert builder.run_state["done"] == 6


def test_a_run_replaces_nothing_that_would_be_lost(notebook: dict[str, Any]) -> None:
    notebook["prices"] = [1, 2, 3]
    builder = ConfigBuilder()
    with pytest.raises(ConfigError, match="prices holds something else"):
        builder.run("prices")
    with pytest.raises(ConfigError, match="must be the name of a variable"):
        builder.run("not a name")
    assert notebook == {"prices": [1, 2, 3]}


def test_python_keeps_dates_and_names_of_every_kind() -> None:
    builder = ConfigBuilder()
    builder.set("data_config.start", pd.Timestamp("2010-01-04").date())
    builder.add_strategy("ma_crossover")
    builder.set("optimization_config.strategies[0].name", 'a "quoted" \u202e\\ name\n')
    made: dict[str, Any] = {}
    exec(builder.as_python().split("result =")[0], made)
    assert made["config"] == builder.config


# ---- views ----------------------------------------------------------------------------------------------------------


def test_what_is_typed_into_a_field_is_read_as_it_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = ConfigBuilder(SWEEP)
    view = View(builder, monkeypatch)
    where = "optimization_config.strategies[0].parameters"
    view.send("enter", path=f"{where}.fast", mode="range", typed=["5", "25", "10"])
    view.send("enter", path=f"{where}.slow", mode="list", typed="40, 80,")
    view.send("enter", path="backtest_config.commission", mode="one", typed="0.15")
    view.send("enter", path="backtest_config.initial_capital", mode="one", typed="250,000")
    view.send("enter", path="data_config.start", mode="one", typed="2001-01-01")
    view.send("mode", path=f"{where}.ma_type", mode="list")
    view.send("enter", path=f"{where}.ma_type", mode="list", typed="sma, ema")
    config = builder.config
    assert builder.problems == ()
    assert config.optimization_config["strategies"][0]["parameters"] == {
        "fast": {"min": 5, "max": 25, "step": 10},
        "slow": [40, 80],
        "ma_type": ["sma", "ema"],
    }
    assert config.backtest_config == {"commission": 0.0015, "initial_capital": 250000}
    view.send("enter", path="backtest_config.commission", mode="one", typed="")
    view.send("mode", path=f"{where}.fast", mode="one")
    assert builder.config.backtest_config == {"initial_capital": 250000}
    assert builder.config.optimization_config["strategies"][0]["parameters"]["fast"] == 5
    view.send("enter", path=f"{where}.fast", mode="one", typed="ten")
    assert "but was 'ten'" in builder.problems[0].message


def test_a_setting_is_opened_filled_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = ConfigBuilder()
    view = View(builder, monkeypatch)
    assert "stop_loss" in builder.form["more"]
    view.send("open", path="backtest_config.stop_loss")
    assert fields(builder)["backtest_config.stop_loss"]["value"] == ""
    assert builder.config == adm.WorkflowConfig()
    view.send("enter", path="backtest_config.stop_loss", mode="one", typed="5%")
    assert builder.config.backtest_config == {"stop_loss": 0.05}
    view.send("add", list="risk_profiles", type="custom")
    view.send("open", path="optimization_config.risk_profiles[0].parameters.take_profit")
    assert "optimization_config.risk_profiles[0].parameters.take_profit" in fields(builder)


def test_answers_go_to_the_view_that_asked(monkeypatch: pytest.MonkeyPatch, notebook: dict[str, Any]) -> None:
    builder = ConfigBuilder(SWEEP)
    view = View(builder, monkeypatch)
    view.send("cell")
    assert view.answers[-1]["to"] == "v"
    assert view.answers[-1]["text"] == builder.as_cell()
    view.send("python")
    assert view.answers[-1]["text"] == builder.as_python()
    view.send("name", text="study")
    view.send("run")
    until(lambda: builder.run_state.get("state") == "finished")
    assert isinstance(notebook["study"], adm.WorkflowResult)
    view.send("remove", path="no.such.thing")
    assert view.answers[-1]["kind"] == "said"
    view.send("dance")
    assert "unknown action" in view.answers[-1]["text"]
    view.send("enter")
    assert "could not be read" in view.answers[-1]["text"]
    view.send("yaml", text="a: [")
    view.send("cell")
    assert view.answers[-1]["kind"] == "said"
    view.send("run")
    assert view.answers[-1]["kind"] == "said"


def test_a_run_that_is_stopped_keeps_what_is_finished(
    monkeypatch: pytest.MonkeyPatch, notebook: dict[str, Any]
) -> None:
    builder = ConfigBuilder(SWEEP.replace("step: 5", "step: 1").replace("[30, 60]", "{min: 20, max: 5000}"))
    view = View(builder, monkeypatch)
    view.send("run")
    view.send("stop")
    until(lambda: builder.run_state["state"] == "cancelled")
    result = notebook["result"]
    assert isinstance(result, adm.WorkflowResult)
    assert result.metadata["partial"]
    assert builder.run_state["done"] == len(result.stats) < builder.run_state["total"]


def test_a_run_into_a_name_that_is_taken_says_so(monkeypatch: pytest.MonkeyPatch, notebook: dict[str, Any]) -> None:
    notebook["prices"] = [1]
    builder = ConfigBuilder(SWEEP)
    view = View(builder, monkeypatch)
    view.send("name", text=" prices ")
    view.send("run")
    assert builder.run_state["state"] == "refused"
    assert "choose another name" in builder.run_state["message"]


def test_the_estimate_tells_seconds_once_a_view_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = ConfigBuilder(SWEEP)
    view = View(builder, monkeypatch)
    view.send("hello")
    until(lambda: builder.outlook.get("seconds") is not None)
    assert builder.outlook["seconds"] > 0
    assert builder.outlook["megabytes"] > 0


def test_what_a_notebook_saves_of_a_builder_is_small() -> None:
    builder = ConfigBuilder(SWEEP)
    builder.settle()
    state = {k: v for k, v in builder.get_state().items() if not k.startswith("_")}
    assert len(json.dumps(state)) < 40_000
    assert len(builder._esm) < 60_000


HOSTILE = st.sampled_from(
    [
        "<img src=x onerror=alert(1)>",
        "'\"",
        "\u202eabc",
        "\U0001f600",
        "x" * 10_000,
        "a: b",
        "- 1",
        "#",
        "{{x}}",
        " ",
        "1",
    ]
)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("strategy"), st.sampled_from(["ma_crossover", "rsi", "momentum"])),
        st.tuples(st.just("classifier"), st.sampled_from(["trend", "volatility"])),
        st.tuples(st.just("risk"), st.sampled_from(["moderate", "custom"])),
        st.tuples(st.just("name"), HOSTILE),
        st.tuples(st.just("fast"), st.one_of(st.integers(-5, 500), st.lists(st.integers(1, 99), max_size=3), HOSTILE)),
        st.tuples(st.just("commission"), st.one_of(st.floats(allow_nan=False), HOSTILE)),
        st.tuples(st.just("remove"), st.integers(0, 2)),
    ),
    max_size=8,
)


@settings(max_examples=25)
@given(edits=EDITS)
def test_form_yaml_and_values_agree_after_any_edits(edits: list[tuple[str, Any]]) -> None:
    """What was set, and was not removed, is in the text; the form has it; planning says what it thinks of it."""
    builder = ConfigBuilder()
    wanted: dict[str, Any] = {"workflow_type": "backtest"}
    chosen = wanted.setdefault("optimization_config", {})
    for what, value in edits:
        strategies = chosen.setdefault("strategies", [])
        if what == "strategy":
            builder.add_strategy(value)
            strategies.append({"type": value})
        elif what == "classifier":
            builder.add_classifier(value)
            chosen.setdefault("classifiers", []).append({"type": value})
        elif what == "risk":
            builder.add_risk_profile(value)
            chosen.setdefault("risk_profiles", []).append({"type": value})
        elif what == "commission":
            builder.set("backtest_config.commission", value)
            wanted.setdefault("backtest_config", {})["commission"] = value
        elif what == "remove" and value < len(strategies):
            builder.remove(f"optimization_config.strategies[{value}]")
            del strategies[value]
        elif what in ("name", "fast") and strategies:
            path = "optimization_config.strategies[0]"
            builder.set(f"{path}.name" if what == "name" else f"{path}.parameters.fast", value)
            where = strategies[0] if what == "name" else strategies[0].setdefault("parameters", {})
            where[what] = value
        if not strategies:
            del chosen["strategies"]
    if not chosen:
        del wanted["optimization_config"]
    assert load_mapping(builder.yaml)[0] == wanted
    assert len(builder.form["lists"]["strategies"]) == len(chosen.get("strategies", []))
    problems = builder.problems
    assert bool(problems) == (builder.outlook["state"] == "refused")
    if not problems:
        assert adm.WorkflowConfig.from_yaml(builder.yaml) == builder.config
    json.dumps(builder.get_state(["form", "notices", "outlook", "preview"]))
