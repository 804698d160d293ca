"""`%adm build`: where the builder starts from, and where it lands."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from magic_cases import Cell

import adm_notebook as adm
from adm_notebook.widgets.builder import ConfigBuilder

CONFIG = adm.WorkflowConfig(data_config={"max_bars": 300}, backtest_config={"strategy": "momentum"})


def test_a_builder_from_scratch_lands_in_a_variable(
    shell: InteractiveShell, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADM_NOTEBOOK_LIVE", "1")
    ran = cell("%adm build")
    assert ran.success
    assert isinstance(shell.user_ns["builder"], ConfigBuilder)
    view, *places = ran.outputs
    assert "application/vnd.jupyter.widget-view+json" in view.data
    assert view.data["text/plain"].startswith("Config builder: momentum on SP500")
    assert len(places) == 3  # the card of a run takes them


def test_without_live_views_its_text_is_shown(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADM_NOTEBOOK_LIVE", "0")
    (shown,) = cell("%adm build").outputs
    assert list(shown.data) == ["text/plain"]


def test_it_starts_from_what_a_variable_holds(shell: InteractiveShell, cell: Cell) -> None:
    result = adm.EnhancedCoordinator().run(CONFIG)
    plan = adm.EnhancedCoordinator().plan(CONFIG)
    shell.push({"config": CONFIG, "result": result, "plan": plan, "text": CONFIG.to_yaml()})
    for name in ("config", "result", "plan", "text"):
        assert cell(f"%adm build {name}").success
        assert shell.user_ns["builder"].config.backtest_config == {"strategy": "momentum"}
        assert shell.user_ns["builder"].config.data_config["max_bars"] == 300
    before = shell.user_ns["builder"]
    assert cell("%adm build builder").success
    assert shell.user_ns["builder"] is before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("build confg", "is no variable of this notebook. Did you mean `config`?"),
        ("build number", "holds no run, plan, WorkflowConfig or YAML text"),
        ("build a b", "is written `%adm build [NAME]`"),
    ],
)
def test_what_it_cant_start_from_is_an_error_of_one_line(
    shell: InteractiveShell, cell: Cell, line: str, said: str
) -> None:
    shell.push({"config": CONFIG, "number": 3})
    ran = cell(f"%adm {line}")
    assert not ran.success
    assert said in ran.text
    assert "Traceback" not in ran.text


def test_another_variable_called_builder_is_left_alone(shell: InteractiveShell, cell: Cell) -> None:
    shell.push({"builder": [1, 2]})
    ran = cell("%adm build")
    assert not ran.success
    assert "the builder would replace it" in ran.text
    assert shell.user_ns["builder"] == [1, 2]
