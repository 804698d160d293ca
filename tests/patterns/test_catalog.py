"""The library and a user's own patterns: registering, extending, files, names."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

import adm_notebook as adm
from adm_notebook.errors import ConfigError
from adm_notebook.patterns import PATTERNS, Node, Pattern, get, pattern_from, register_pattern

MINE = """
name: regime_study
description: The market's regime decides, size and stops are fixed.
extends: full_backtest
remove:
  - {path: classifier/risk, keep_children: true}
  - classifier/portfolio/signal_log
add:
  - {node: analysis, inside: classifier, after: execution}
"""


def test_the_library_has_four_patterns_each_in_a_file_of_its_name() -> None:
    names = ["simple_backtest", "full_backtest", "signal_generation", "signal_replay"]
    assert list(PATTERNS.snapshot())[:4] == names
    folder = files("adm_notebook.patterns") / "library"
    assert {entry.name for entry in folder.iterdir()} == {f"{name}.yaml" for name in names}
    for name in names:
        assert get(name).name == name
        assert Pattern.from_yaml((folder / f"{name}.yaml").read_text()) == get(name)


def test_a_pattern_extends_another() -> None:
    mine = adm.register_pattern(MINE)
    assert mine.text() == (
        "regime_study\n"
        "├── data\n"
        "├── indicators\n"
        "└── classifier\n"
        "    ├── portfolio\n"
        "    │   ├── strategies\n"
        "    │   └── ensemble\n"
        "    ├── execution\n"
        "    └── analysis"
    )
    assert mine.extends == "full_backtest"
    assert get("Regime-Study") is mine
    back = Pattern.from_yaml(mine.to_yaml())
    assert back == mine
    assert back.extends == "full_backtest"


def test_edits_are_made_in_the_order_in_which_they_stand() -> None:
    values = {
        "extends": "full_backtest",
        "move": [{"path": "classifier/risk/execution", "inside": "classifier", "after": "risk"}],
        "remove": [{"path": "classifier/risk", "keep_children": True}],
        "replace": [{"path": "classifier", "node": {"role": "classifier", "name": "regime"}}],
        "add": [{"node": "risk", "around": ["regime/portfolio", "regime/execution"]}],
    }
    assert Pattern.from_mapping(values).paths() == (
        "data",
        "indicators",
        "regime",
        "regime/risk",
        "regime/risk/portfolio",
        "regime/risk/portfolio/strategies",
        "regime/risk/portfolio/ensemble",
        "regime/risk/portfolio/signal_log",
        "regime/risk/execution",
    )


def test_running_the_cell_again_is_silent_and_a_change_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    first = register_pattern(MINE)
    assert register_pattern(MINE) is first
    assert capsys.readouterr().out == ""
    changed = register_pattern(MINE.replace("The market's", "A market's"))
    assert capsys.readouterr().out == "The pattern `regime_study` was there already; it is replaced.\n"
    assert get("regime_study") is changed


def test_the_library_is_not_replaced() -> None:
    with pytest.raises(ConfigError, match="simple_backtest  is built in and is not replaced; choose another name"):
        register_pattern(get("full_backtest"), name="simple_backtest")
    assert get("simple_backtest").paths()[2] == "portfolio"


def test_a_pattern_may_extend_a_users_own_and_not_in_a_circle() -> None:
    register_pattern(MINE)
    register_pattern({"name": "second", "extends": "regime_study", "remove": ["classifier/analysis"]})
    assert get("second").extends == "regime_study"
    with pytest.raises(ConfigError, match="goes in a circle: regime_study → second → regime_study"):
        register_pattern({"name": "regime_study", "extends": "second"})
    with pytest.raises(ConfigError, match="goes in a circle: Second → second"):
        register_pattern({"name": "Second", "extends": "second"})


def test_whatever_form_a_pattern_has_it_is_the_same(tmp_path: Path) -> None:
    pattern = register_pattern(MINE)
    file = tmp_path / "regime_study.yaml"
    file.write_text(pattern.to_yaml())
    nameless = tmp_path / "regime_study.yml"
    nameless.write_text(pattern.to_yaml().replace("name: regime_study\n", ""))
    forms = [pattern, pattern.to_dict(), pattern.to_yaml(), file, str(file), nameless, "regime_study"]
    for form in forms:
        assert pattern_from(form) == pattern
    for form in forms[:-1]:
        assert register_pattern(form) is pattern
    named = register_pattern(file, name="other")
    assert (named.name, named.extends, named.nodes) == ("other", "regime_study", pattern.nodes)
    assert pattern_from(["data", {"portfolio": ["strategies"]}, "execution"]).paths()[1] == "portfolio"


def test_files_that_can_not_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing.yaml' can't be read: No such file"):
        register_pattern(tmp_path / "missing.yaml")
    odd = tmp_path / "odd.yaml"
    odd.write_bytes(b"name: \xff")
    with pytest.raises(ConfigError, match="is not UTF-8 text; save it as UTF-8"):
        Pattern.from_yaml(odd)
    with pytest.raises(ConfigError, match="must be YAML text or the path of a file, but was 5"):
        Pattern.from_yaml(5)  # type: ignore[arg-type]


def test_a_pattern_edited_in_python_remembers_where_it_comes_from() -> None:
    mine = get("full_backtest").remove("classifier", keep_children=True).named("no_regimes", "Without regimes.")
    assert mine.extends == "full_backtest"
    assert register_pattern(mine) is mine
    assert "from: full_backtest\n" in mine.to_yaml()
    assert mine.add(Node("analysis"), inside="risk").extends == "full_backtest"
