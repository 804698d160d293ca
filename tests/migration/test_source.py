"""migrate_source: what becomes of programs; they run, keep their comments, and give the results they gave."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_cases import statements

import adm_notebook as adm
from adm_notebook.migration import SourceMigration

COORDINATOR = "from src.core.coordinator.coordinator import Coordinator\n"
ENHANCED = "from adm_notebook import EnhancedCoordinator\n"
KEPT = "from adm_notebook import EnhancedCoordinator as Coordinator\n"
CONSTRUCTED = "EnhancedCoordinator(enable_composable_containers=True)"
DROP_IN = "c = EnhancedCoordinator(enable_composable_containers=False)\nc.execute_workflow(x)"
OURS = "from adm_notebook import WorkflowConfig, WorkflowType\n"
SIGNALS = "analysis_config={'mode': 'signal_replay', 'signals_path': 's'})"
TYPES = "from src.core.coordinator.simple_types import WorkflowConfig, WorkflowType\n"


def migrated(text: str, pattern: str | None = None) -> SourceMigration:
    """The migration, whose result parses, and stays as it is when it is migrated again."""
    migration = adm.migrate_source(text, pattern)
    compile(migration.text.lstrip("\ufeff"), "migrated", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert adm.migrate_source(migration.text, pattern).text == migration.text
    return migration


def results_of(program: str) -> list[adm.WorkflowResult]:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(program, scope)
    results: list[adm.WorkflowResult] = scope["results"]
    return results


newlines = st.sampled_from(["\n", "\n", "\r\n"])


@given(statements(), newlines)
def test_the_result_parses_keeps_its_comments_and_migrates_no_further(parts: list[str], newline: str) -> None:
    program = newline.join("\n".join(parts).split("\n")) + newline
    migration = migrated(program)
    notes = re.compile(r"# note \d+\.")
    assert Counter(notes.findall(migration.text)) == Counter(notes.findall(program))
    assert migration.changed == bool(migration.diff)
    assert migration.text.count("\r") == (migration.text.count("\n") if newline == "\r\n" else 0)
    for left in migration.undecided:
        assert f"# adm: {left.what}; {left.advice}" in migration.text


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(statements())
def test_the_result_without_compat_gives_what_the_program_gave_under_it(parts: list[str]) -> None:
    program = "\n".join(parts) + "\n"
    migration = migrated(program)
    adm.compat.install()
    try:
        older = results_of(program)
    finally:
        adm.compat.uninstall()
    new = results_of(migration.text)
    assert len(older) == len(new) > 0
    for a, b in zip(older, new, strict=True):
        assert a.success
        assert a.workflow_id == b.workflow_id
        assert a.pattern == b.pattern
        assert not adm.compare_results(a, b)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (COORDINATOR + "c = Coordinator()", f"{ENHANCED}c = {CONSTRUCTED}"),
        (
            COORDINATOR + "c = Coordinator()\nr = await c.execute_workflow(x)",
            f'{ENHANCED}c = {CONSTRUCTED}\nr = await c.execute_workflow(x, execution_mode="auto")',
        ),
        (
            "from src.execution.containers import register_execution_containers  # once",
            "from adm_notebook import register_execution_containers  # once",
        ),
        (
            f"from src.core.coordinator.enhanced_coordinator import EnhancedCoordinator\n{DROP_IN}",
            f"{ENHANCED}{DROP_IN}",
        ),
        (
            f"{TYPES}WorkflowConfig(WorkflowType.ANALYSIS, {SIGNALS}",
            OURS
            + "WorkflowConfig(WorkflowType.ANALYSIS, parameters={'container_pattern': 'signal_replay'}, "
            + SIGNALS,
        ),
        (  # names of the older project's strategies, by the table
            TYPES + "WorkflowConfig(optimization_config={'strategies': [{'type': 'moving_average_crossover'}]},"
            " parameters={'container_pattern': 'simple_backtest'})",
            OURS + "WorkflowConfig(optimization_config={'strategies': [{'type': 'ma_crossover'}]},"
            " parameters={'container_pattern': 'simple_backtest'})",
        ),
        (
            "import src.core.coordinator.simple_types as t, os\nt.WorkflowType",
            "import adm_notebook as t, os\nt.WorkflowType",
        ),
        (f"{COORDINATOR}x: 'Coordinator | None' = None", f"{KEPT}x: 'Coordinator | None' = None"),
        (COORDINATOR + "print(f'{Coordinator}')", KEPT + "print(f'{Coordinator}')"),
        (f"{COORDINATOR}def f():\n    global Coordinator", f"{KEPT}def f():\n    global Coordinator"),
        (f"{COORDINATOR}__all__ = ['Coordinator']", f"{KEPT}__all__ = ['Coordinator']"),
        (f"{OURS}WorkflowConfig(backtest_config={{'strategy': s}}, **k)",) * 2,  # today's, by its import
        (
            f"{COORDINATOR}class Mine(Coordinator):\n    def __init__(self):\n        super().__init__()\n",
            f"{ENHANCED}class Mine(EnhancedCoordinator):\n    def __init__(self):\n        super().__init__()\n",
        ),
        ("# no imports\nCoordinator()\n", "# no imports\nCoordinator()\n"),
        ("", ""),
    ],
)
def test_what_becomes_of_it(old: str, new: str) -> None:
    migration = migrated(old)
    assert migration.text == new
    assert not migration.undecided


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (COORDINATOR + "c = Coordinator(3)", 2, "Coordinator is called with arguments"),
        (COORDINATOR + "c = Coordinator()\nc.execute_workflow(x, 'run-1')", 3, "execute_workflow takes config"),
        (COORDINATOR + "if x:\n    Coordinator = None\nCoordinator()", 4, "Coordinator is bound in several places"),
        ("from src.core.coordinator.coordinator import Phase", 1, "nothing for src.core.coordinator.coordinator.Phase"),
        ("import src.core.coordinator.coordinator as c\nprint(c)", 1, "not all that is made of src.core"),
        ("import src.core.coordinator.coordinator as c\nc.Phase()", 1, "not all that is made of src.core"),
        ("\nfrom .simple_types import WorkflowConfig", 2, ".simple_types may be the older project's, or your own"),
        ("from src.core.coordinator.coordinator import *\nPhase()", 1, "Phase may have come with this import"),
        ("from src.core.events import bus", 1, "nothing for src.core.events"),
        (COORDINATOR + "from src.data import load", 2, "src.data is the older project's or your own"),
        (
            f"{COORDINATOR}class Mine(Coordinator):\n    def __init__(self):\n        self.x = 1\n",
            3,
            "this __init__ replaces that of EnhancedCoordinator",
        ),
        (f"{COORDINATOR}import src\n", 2, "src is the older project's or your own"),
        (f"{COORDINATOR}from src import mine\n", 2, "src.mine is the older project's or your own"),
        ("m = load('src.core.coordinator.simple_types')", 1, "this text names src.core.coordinator.simple_types"),
        (TYPES + "def f():\n    return WorkflowConfig(**given)", 3, "this config is not written out"),
        (TYPES + "WorkflowConfig(optimization_config=o)", 2, "its sections are not all written out here"),
        (TYPES + "WorkflowConfig(parameters=p)", 2, "parameters is not written out here"),
        (TYPES + "WorkflowConfig(backtest_config={'strategy': s})", 2, "strategy is not written out here"),
        (
            TYPES + "c = WorkflowConfig(data_config={})\nc.optimization_config['classifiers'] = ['trend']",
            2,
            "optimization_config is used elsewhere, too",
        ),
        (TYPES + "WorkflowConfig(backtest_config={'strategy': 'rsi', 'lookback': 3})", 2, "lookback stands beside"),
        (
            TYPES + "WorkflowConfig(backtest_config={'strategy': 'rsi'}, optimization_config={'strategies': ['rsi']})",
            2,
            "strategy stands beside optimization_config",
        ),
        (TYPES + "WorkflowConfig(workflow_type=WorkflowType.VALIDATION)", 2, "this type of workflow is not run"),
    ],
)
def test_what_can_not_be_decided_is_left_marked_and_listed(text: str, line: int, said: str) -> None:
    migration = migrated(text)
    (left,) = [left for left in migration.undecided if said in left.what]
    assert left.line == line
    assert left.advice
    lines = migration.text.splitlines()
    mark = next(i for i, each in enumerate(lines) if each.strip() == f"# adm: {left.what}; {left.advice}")
    assert not lines[mark + 1].lstrip().startswith("#")
    assert f"? line {line}: {left.what}" in repr(migration)


@pytest.mark.parametrize(
    ("text", "line"), [("x = 1\nprint 'x'\n", 2), ("f(a=1, ...)", 1), ("def f(:\n", 1), ("x = (\n", 1), ("a\0b", 1)]
)
def test_what_does_not_parse_is_said_with_its_line(text: str, line: int) -> None:
    with pytest.raises(adm.ConfigError, match="is no Python that can be read") as raised:
        adm.migrate_source(text)
    assert raised.value.problems[0].line in (line, None)
    assert "\0" in text or f"(line {line}, column" in str(raised.value)


def test_what_is_nested_too_deep_is_refused_in_a_line() -> None:
    with pytest.raises(adm.ConfigError, match="nested too deep to be rewritten"):
        adm.migrate_source(f"{COORDINATOR}x = {' + '.join('1' * 900)}\n")


def test_form_feeds_lone_returns_and_a_byte_order_mark_stay() -> None:
    old = "\ufeff" + COORDINATOR.replace("\n", "\r") + "\f\rdef f():\r\tpass\r\fclass A:\r\n\tmade = Coordinator()\f\r"
    migration = migrated(old)
    assert migration.text == old.replace(
        "src.core.coordinator.coordinator import Coordinator", "adm_notebook import EnhancedCoordinator"
    ).replace("Coordinator()", "EnhancedCoordinator(enable_composable_containers=True)")
    assert [change.line for change in migration.changes] == [1, 6]


def test_a_pattern_that_is_asked_for_is_named_where_it_fits() -> None:
    text = TYPES + (
        "a = WorkflowConfig(backtest_config={'commission': 0.001})\n"
        "b = WorkflowConfig(analysis_config={'mode': 'signal_generation', 'output_path': 's'})\n"
        "c = WorkflowConfig(parameters={'container_pattern': 'simple_backtest'})\n"
    )
    patterns = re.findall(r"'container_pattern': '(\w+)'", migrated(text, "full_backtest").text)
    assert patterns == ["full_backtest", "signal_generation", "simple_backtest"]
    with pytest.raises(adm.ConfigError, match="Did you mean `full_backtest`"):
        adm.migrate_source(text, "full_backtst")


def test_the_migration_says_what_it_comes_to() -> None:
    migration = adm.migrate_source(COORDINATOR + "c = Coordinator(1)\n")
    assert migration.changed
    assert repr(migration).splitlines()[:4] == [
        "source: 2 statements rewritten, 1 place left to you.",
        "? line 2: Coordinator is called with arguments; it takes none here: what did they set?",
        "--- source",
        "+++ source, migrated",
    ]
    first = migration.changes[0]
    assert (first.path, first.old, first.new) == (
        "line 1", COORDINATOR.strip(), "from adm_notebook import EnhancedCoordinator"
    )  # fmt: skip
    again = adm.migrate_source("x = 1\n")
    assert (again.changed, again.diff, repr(again)) == (False, "", "Nothing to migrate in source.")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(adm.ConfigError, match="must be Python text"):
        adm.migrate_source(3)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(adm.ConfigError, match=r"there is no file nowhere\.py"):
        adm.migrate_source("nowhere.py")
