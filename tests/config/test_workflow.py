"""WorkflowConfig: what the guide types, what is refused, and the way to YAML and back."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adm_notebook as adm
from adm_notebook.config.workflow import SECTIONS

parameters = st.dictionaries(
    st.sampled_from(["fast", "slow", "lookback"]),
    st.integers(1, 300) | st.lists(st.integers(1, 300), min_size=1, max_size=4) | st.floats(0, 1),
    max_size=3,
)
configs = st.builds(
    adm.WorkflowConfig,
    workflow_type=st.sampled_from(list(adm.WorkflowType)),
    parameters=st.fixed_dictionaries({}, optional={"max_indicators": st.integers(1, 99)}),
    backtest_config=st.fixed_dictionaries(
        {}, optional={"initial_capital": st.integers(1, 10**9), "commission": st.floats(0, 0.1)}
    ),
    optimization_config=st.fixed_dictionaries(
        {
            "strategies": st.lists(
                st.fixed_dictionaries({"type": st.just("momentum"), "parameters": parameters}), max_size=3
            )
        }
    ),
    parallel_execution=st.booleans(),
    timeout_seconds=st.none() | st.floats(0.1, 1e6),
)


@given(configs)
def test_yaml_keeps_everything(config: adm.WorkflowConfig) -> None:
    assert adm.WorkflowConfig.from_yaml(config.to_yaml()) == config
    assert adm.WorkflowConfig.from_yaml(config.to_yaml()).to_yaml() == config.to_yaml()


def test_sections_that_are_left_out_can_be_filled_in_later() -> None:
    config = adm.WorkflowConfig()
    for name in SECTIONS:
        getattr(config, name)["key"] = "value"
        assert getattr(config, name) == {"key": "value"}
    assert adm.WorkflowConfig().parameters == {}, "configs share no section"


def test_the_constructor_copies_sections_but_not_the_frame() -> None:
    frame = pd.DataFrame({"close": [1.0]})
    given = {"frame": frame}
    config = adm.WorkflowConfig(data_config=given)
    given["max_bars"] = 1  # type: ignore[assignment]  # a user's dict may hold anything
    assert "max_bars" not in config.data_config
    assert config.copy().data_config["frame"] is frame
    assert config == config.copy()


def test_a_copy_is_independent_to_the_last_list() -> None:
    config = adm.WorkflowConfig(optimization_config={"strategies": [{"type": "rsi", "parameters": {"period": [7]}}]})
    config.copy().optimization_config["strategies"][0]["parameters"]["period"].append(14)
    assert config.optimization_config["strategies"][0]["parameters"]["period"] == [7]


def test_all_problems_come_at_once_with_their_places() -> None:
    with pytest.raises(adm.ConfigError) as caught:
        adm.WorkflowConfig.from_yaml("workflow_type: backtes\nbacktest_confg: {}\nmax_workers: -1\ndata_config: 3\n")
    text = str(caught.value)
    assert text.startswith("WorkflowConfig: 4 problems")
    assert "Did you mean `backtest`? (line 1, column 1)" in text
    assert "Did you mean `backtest_config`? (line 2, column 1)" in text
    assert "max_workers" in text
    assert "data_config" in text


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ({"strategies": [...]}, "optimization_config.strategies[0]"),
        ({"strategies": ...}, "optimization_config.strategies"),
        ({"strategies": [{"type": "momentum", "parameters": {...}}]}, "optimization_config.strategies[0].parameters"),
        ({"strategies": [{"type": "..."}]}, "optimization_config.strategies[0].type"),
    ],
)
def test_dots_copied_from_the_guide_are_named(section: dict[str, object], path: str) -> None:
    with pytest.raises(adm.ConfigError) as caught:
        adm.WorkflowConfig(optimization_config=section)
    assert caught.value.problems[0].path == path
    assert "fill it in" in str(caught.value)


def test_a_file_is_read_and_a_missing_one_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "workflow.yaml"
    path.write_text("backtest_config: {strategy: momentum}")
    assert adm.WorkflowConfig.from_yaml(path) == adm.WorkflowConfig.from_yaml(str(path))
    with pytest.raises(adm.ConfigError, match=r"nothing\.yaml' can't be read: No such file"):
        adm.WorkflowConfig.from_yaml(tmp_path / "nothing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4")
    with pytest.raises(adm.ConfigError, match="not UTF-8"):
        adm.WorkflowConfig.from_yaml(tmp_path / "latin.yaml")


def test_what_text_cannot_hold_is_refused_with_its_path() -> None:
    config = adm.WorkflowConfig(data_config={"frame": pd.DataFrame({"close": [1.0]})})
    with pytest.raises(adm.ConfigError, match=r"data_config\.frame  can't be written as YAML: it is a DataFrame"):
        config.to_yaml()
