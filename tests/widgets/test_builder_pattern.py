"""The pattern editor of a config builder: it opens on what the config runs, and what it saves is run."""

from __future__ import annotations

import pytest

import adm_notebook as adm
from adm_notebook.errors import ConfigError
from adm_notebook.patterns import PATTERNS
from adm_notebook.widgets.builder import ConfigBuilder

OWN = """\
data_config: {max_bars: 300}
parameters:
  pattern: {extends: simple_backtest, remove: [portfolio/ensemble]}
"""


@pytest.fixture(autouse=True)
def registry_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns that a test registers go with it."""
    monkeypatch.setattr(PATTERNS, "_loaded", dict(PATTERNS.snapshot()))


def test_it_opens_on_the_pattern_that_planning_has_chosen() -> None:
    builder = ConfigBuilder()
    builder.add_classifier("trend")
    editor = builder.edit_pattern()
    assert editor.pattern.name == "full_backtest"
    assert builder.edit_pattern() is editor is builder.pattern_editor
    builder.close_pattern()
    assert builder.pattern_editor is None
    builder.set("parameters.container_pattern", "simple_backtest")
    assert builder.edit_pattern().pattern.name == "simple_backtest"


def test_what_is_saved_is_what_the_config_runs_each_time() -> None:
    builder = ConfigBuilder("data_config: {max_bars: 300}\n")
    editor = builder.edit_pattern()
    editor.remove("portfolio/ensemble")
    assert builder.config.parameters == {}  # not before it is saved
    editor.save("no_votes")
    assert builder.config.parameters == {"container_pattern": "no_votes"}
    assert ("no_votes", "no_votes") in builder.form["sections"]["pattern"][0]["options"]
    plan = adm.EnhancedCoordinator().plan(builder.config)
    assert "portfolio/ensemble" not in plan.tree.paths()
    editor.set("", "description", "No votes are taken.")
    editor.save("no_votes")
    builder.settle()
    assert builder.form["note"] == "No votes are taken."


def test_a_pattern_that_stands_in_the_config_is_edited_and_gives_way_to_its_saved_form() -> None:
    builder = ConfigBuilder(OWN)
    editor = builder.edit_pattern()
    assert "portfolio/ensemble" not in editor.pattern.paths()
    editor.set("", "description", "Mine.")
    editor.save("mine_alone")
    assert builder.config.parameters == {"container_pattern": "mine_alone"}
    assert builder.config.data_config == {"max_bars": 300}


def test_a_pattern_that_is_not_there_is_said() -> None:
    builder = ConfigBuilder("parameters: {container_pattern: simple_bakctest}\n")
    with pytest.raises(ConfigError, match="simple_backtest"):
        builder.edit_pattern()
    assert builder.pattern_editor is None
