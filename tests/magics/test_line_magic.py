"""`%adm`: tables, and what is done with the runs of a notebook."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from magic_cases import Cell

import adm_notebook as adm
from adm_notebook.components import CLASSIFIERS, RISK_PROFILES
from adm_notebook.coordinator.tracing import trace
from adm_notebook.magics.commands import COMMANDS
from adm_notebook.patterns import PATTERNS

RUN = "%%adm golden --quiet\ndata_config: {max_bars: 300}\n"
RUN += "backtest_config: {strategy: {type: rsi, parameters: {period: [7, 14]}}}"


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("strategies", ["ma_crossover", "fast=10, slow=30", "rule"]),
        ("strategies rsi", ["rsi", "period=14"]),
        ("indicators", ["SMA(timeperiod=30)", "BBANDS", "Overlap Studies"]),
        ("indicators bbands", ["upperband, middleband, lowerband"]),
        ("classifiers", ["trend", "up, sideways, down", "fast=20, slow=100", "also called"]),
        ("classifiers hmm", ["calm, turbulent", "train_bars=500"]),
        ("risk", ["conservative", "0.01", "2 ATR(14)", "aggressive", "0.35", "Takes size_mode, size"]),
        ("patterns", ["simple_backtest", "data, indicators, portfolio (strategies,", "signal_replay"]),
        ("data", ["SP500", "5,031 daily", "the variable prices: --data prices"]),
        ("runs", ["golden", "2", "composable"]),
    ],
)
def test_a_table_has_a_text_and_an_html_form(shell: InteractiveShell, cell: Cell, line: str, holds: list[str]) -> None:
    cell(RUN.replace("--quiet", "--quiet --mode composable"))
    shell.user_ns["prices"] = pd.DataFrame({"close": [1.0]})
    ran = cell(f"%adm {line}")
    assert ran.success, ran.text
    (output,) = ran.outputs
    assert "<table" in output.data["text/html"]
    text = re.sub(r"\s+", " ", output.data["text/plain"].lower())  # cells wrap
    assert [words for words in holds if words.lower() not in text] == []


@pytest.mark.parametrize("line", ["strategies", "indicators", "classifiers", "risk", "patterns", "data"])
def test_the_text_of_a_table_wraps_and_leaves_nothing_out(cell: Cell, line: str) -> None:
    lines = cell(f"%adm {line}").plain.splitlines()
    assert max(map(len, lines)) <= 120
    assert not any("…" in text for text in lines)


def test_a_filter_that_fits_nothing_says_what_to_type(cell: Cell) -> None:
    assert "Nothing here matches nonsense" in cell("%adm strategies nonsense").plain


def test_without_runs_the_table_says_how_to_start(cell: Cell) -> None:
    assert cell("%adm runs").plain == "Runs of this notebook\nNo runs in this notebook yet. Start with %%adm."


def test_the_time_of_day_stands_in_html_only_and_is_marked(cell: Cell) -> None:
    cell(RUN)
    ran = cell("%adm runs")
    assert re.search(r'<span class="adm-volatile">\d\d:\d\d:\d\d</span>', ran.outputs[0].data["text/html"])
    assert not re.search(r"\d\d:\d\d", ran.plain)


def test_results_made_in_python_are_runs_too(shell: InteractiveShell, cell: Cell) -> None:
    shell.user_ns["mine"] = adm.Coordinator().run(adm.WorkflowConfig(data_config={"max_bars": 50}))
    assert "mine" in cell("%adm runs").plain


def test_the_patterns_are_those_that_are_registered(cell: Cell) -> None:
    text = cell("%adm patterns").plain
    assert [name for name in PATTERNS.names() if f"\n{name}" not in text] == []


def test_show_shows_the_card_again(cell: Cell) -> None:
    shown = cell(RUN.replace(" --quiet", ""))
    again = cell("%adm show golden")
    assert [o.data for o in again.outputs] == [o.data for o in shown.outputs]


def test_plan_of_a_run(cell: Cell) -> None:
    cell(RUN)
    assert cell("%adm plan golden").plain.startswith("Plan: rsi on SP500, 2 combinations")


def test_a_plan_shows_the_limits_that_were_set(cell: Cell) -> None:
    assert "limits" not in cell(RUN.replace("golden --quiet", "plan")).plain
    cell("%config Adm.timeout_seconds = 90")
    limited = cell(f"{RUN.replace('golden --quiet', 'plan')}\nmax_workers: 1\nparameters: {{max_indicators: 50}}").plain
    assert "\n  limits    1 thread, 90 s, 50 indicators at once" in limited


def test_rerun_gives_the_same_result_anew(shell: InteractiveShell, cell: Cell) -> None:
    cell(RUN)
    before = shell.user_ns["golden"]
    assert cell("%adm rerun golden").success
    after = shell.user_ns["golden"]
    assert after is not before
    assert after.compare(before).identical


def test_save_writes_what_load_reads(shell: InteractiveShell, cell: Cell, tmp_path: Path) -> None:
    cell(RUN)
    ran = cell(f"%adm save golden '{tmp_path / 'a folder'}'")
    assert ran.success, ran.text
    assert adm.WorkflowResult.load(tmp_path / "a folder").compare(shell.user_ns["golden"]).identical


def test_saving_onto_a_file_is_an_error_of_one_line(cell: Cell, tmp_path: Path) -> None:
    cell(RUN)
    (tmp_path / "taken").write_text("x")
    ran = cell(f"%adm save golden '{tmp_path / 'taken'}'")
    assert not ran.success
    assert isinstance(ran.error, adm.AdmError)
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("line", ["", "help"])
def test_help_names_every_command(cell: Cell, line: str) -> None:
    ran = cell(f"%adm {line}")
    assert ran.success
    words = (
        "strategies",
        "indicators",
        "classifiers",
        "risk",
        "patterns",
        "pattern NAME",
        "trace NAME",
        "data",
        "runs",
        "show",
        "plan",
        "rerun",
        "save",
        "--set",
        "{{name}}",
    )
    assert [w for w in words if w not in ran.text] == []


@pytest.mark.parametrize("magic", ["%adm", "%%adm"])
def test_the_question_mark_explains_the_magic(shell: InteractiveShell, magic: str) -> None:
    assert f"{magic} " in shell.object_inspect(magic)["docstring"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("strategis", "unknown command. Did you mean `strategies`?"),
        ("nonsense", "unknown command. Known: strategies"),
        ("bild", "unknown command. Did you mean `build`?"),
        ("checklst", "unknown command. Did you mean `checklist`?"),
        ("explore gold", "there is no run 'gold' in this notebook. Did you mean `golden`?"),
        ("clasifiers", "unknown command. Did you mean `classifiers`?"),
        ("classifiers a b", "is written `%adm classifiers [FILTER]`"),
        ("pattern", "is written `%adm pattern NAME`, but was given nothing. Patterns: full_backtest,"),
        ("pattern full_backtst", "unknown pattern 'full_backtst'. Did you mean `full_backtest`?"),
        ("pattern nonsense", "Known: full_backtest, signal_generation"),
        ("trace", "is written `%adm trace NAME [BAR|TIME|trade N] [--row R]`"),
        ("trace gold", "there is no run 'gold' in this notebook. Did you mean `golden`?"),
        ("trace golden --row", "--row  needs the number of a row of NAME.stats, and none is given"),
        ("trace golden --row=best", "but was 'best'"),
        ("trace golden --row 0 --row 1", "--row  stands here twice"),
        ("trace golden --rwo 0", "unknown option. Did you mean `--row`?"),
        ("show", "is written `%adm show NAME`, but was given nothing"),
        ("show gold", "there is no run 'gold' in this notebook. Did you mean `golden`?"),
        ("show text", "holds a str, not a run"),
        ("save golden", "is written `%adm save NAME DIR`"),
        ("runs now", "is written `%adm runs`"),
        ("strategies a b", "is written `%adm strategies [FILTER]`"),
        ("show 'golden", "is not closed"),
    ],
)
def test_an_error_is_short_and_fails_the_cell(shell: InteractiveShell, cell: Cell, line: str, said: str) -> None:
    cell(RUN)
    shell.user_ns["text"] = "x"
    ran = cell(f"%adm {line}")
    assert not ran.success
    assert isinstance(ran.error, adm.AdmError)
    assert said in ran.text
    assert "Traceback" not in ran.text
    assert "%adm help" in ran.text


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(cell: Cell, command: str) -> None:
    ran = cell(f"%adm help {command}")
    assert ran.success
    assert f"%adm {command}" in ran.text.splitlines()[0]
    assert len(ran.text) < 900  # the one command's, and not all of it


def test_help_of_what_cells_do_is_that_of_cells(cell: Cell) -> None:
    assert "%%adm [run|plan|validate|migrate]" in cell("%adm help validate").text
    assert "Did you mean `migrate`" in cell("%adm help migrat").text


# ---- patterns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PATTERNS.names())
def test_a_pattern_is_drawn_with_what_flows_through_it(cell: Cell, name: str) -> None:
    ran = cell(f"%adm pattern {name}")
    assert ran.success, ran.text
    (output,) = ran.outputs
    html, pattern = output.data["text/html"], PATTERNS.get(name)
    assert f"Pattern {name}" in ran.plain
    for node in (node for _, node in pattern.walk()):
        assert f"<bdi>{node.name}</bdi>" in html
        assert node.name in ran.plain
    assert re.search(r"── data +> bars\n", ran.plain)
    assert escape(pattern.to_yaml(), quote=False) in unescaped(html)
    assert max(map(len, ran.plain.splitlines())) <= 80


@pytest.fixture
def own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    for registry in (PATTERNS, CLASSIFIERS, RISK_PROFILES):
        monkeypatch.setattr(registry, "_loaded", dict(registry.snapshot()))


@pytest.mark.usefixtures("own_names")
def test_a_users_own_pattern_is_listed_drawn_and_runs(shell: InteractiveShell, cell: Cell) -> None:
    own = {"name": "no_votes_at_all", "extends": "full_backtest", "remove": ["classifier/risk/portfolio/ensemble"]}
    adm.register_pattern(own)
    assert "no_votes_at_all" in cell("%adm patterns").plain
    drawn = cell("%adm pattern no_votes_at_all").plain
    assert "Extends full_backtest, without" in drawn
    assert "targets, bars, features" not in drawn  # what the ensemble took
    assert cell("%%adm mine --quiet --pattern no_votes_at_all\ndata_config: {max_bars: 60}").success
    assert shell.user_ns["mine"].pattern == "no_votes_at_all"
    assert "ensemble" not in set(shell.user_ns["mine"].containers["role"])


@pytest.mark.usefixtures("own_names")
def test_components_of_the_users_own_are_listed(cell: Cell) -> None:
    @adm.classifier("above_or_below")
    def _(bars: pd.DataFrame, level: float = 5.0) -> pd.Series:
        """Above a level, or below."""
        return pd.Series("above", index=bars.index)

    @adm.risk_profile("a_tenth")
    def _(bars: pd.DataFrame, share: float = 0.1) -> dict[str, float]:
        """A tenth of the cash."""
        return {"size": share}

    found = re.sub(r"\s+", " ", cell("%adm classifiers above_or").plain)
    assert "above_or_below what it returns level=5 Above a level, or below." in found
    found = re.sub(r"\s+", " ", cell("%adm risk a_tenth").plain)
    assert "A tenth of the cash. Gives what its function returns. Parameters: share=0.1." in found


# ---- a trace --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "row", "at"),
    [
        ("trace golden", None, None),
        ("trace golden 200", None, "200"),
        ("trace golden -1", None, "-1"),
        ("trace golden 1999-10-19", None, "1999-10-19"),
        ("trace golden '1999-10-19 00:00'", None, "1999-10-19 00:00"),
        ("trace golden 1999-10-19 00:00", None, "1999-10-19 00:00"),
        ("trace golden trade 1 --row 1", 1, "trade 1"),
        ("trace --row=0 golden trade 1", 0, "trade 1"),
        ("trace golden --row 1 trade 1", 1, "trade 1"),
    ],
)
def test_a_trace_is_that_of_python(
    shell: InteractiveShell, cell: Cell, line: str, row: int | None, at: str | None
) -> None:
    cell(RUN)
    expected = trace(shell.user_ns["golden"], row, at)
    ran = cell(f"%adm {line}")
    assert ran.success, ran.text
    assert ran.plain == expected.text()
    html = ran.outputs[0].data["text/html"]
    assert [value for _, _, value in expected.rows if escape(value, quote=False) not in unescaped(html)] == []


def unescaped(html: str) -> str:
    """Jinja writes an apostrophe by its number."""
    return html.replace("&#39;", "'").replace("&#34;", '"')


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("trace golden 300", "There is no bar 300; there are 300, numbered from 0"),
        ("trace golden trade 99", "There is no trade 99"),
        ("trace golden --row 7", "There is no row 7; this result has 2"),
    ],
)
def test_what_is_not_there_can_not_be_traced(cell: Cell, line: str, said: str) -> None:
    cell(RUN)
    ran = cell(f"%adm {line}")
    assert not ran.success
    assert isinstance(ran.error, adm.RunError)
    assert said in ran.text
    assert "Traceback" not in ran.text


# ---- hybrid ---------------------------------------------------------------------------------------------------------

HYBRID = """%%adm both --quiet --mode hybrid
data_config: {max_bars: 300}
backtest_config: {strategy: {type: rsi, parameters: {period: [7, 14]}}}
parameters:
  phases:
    - {name: screen, mode: composable}
    - {name: confirm, mode: traditional, pattern: full_backtest, take: {from: screen, top: 1},
       config: {optimization_config: {risk_profiles: [moderate]}}}
"""


def test_a_hybrid_run_can_be_listed_planned_shown_traced_and_run_again(shell: InteractiveShell, cell: Cell) -> None:
    assert cell(HYBRID).success
    assert re.search(r"both +rsi 14 on SP500|both +rsi 7 on SP500", cell("%adm runs").plain)
    assert cell("%adm plan both").plain.startswith("Plan: hybrid, 2 phases\nPhase screen\n")
    shown = cell("%adm show both")
    assert "Phases: screen (2 rows), confirm (1 row, shown here)." in re.sub(r"\s+", " ", shown.plain)
    assert "both.phases[&#39;screen&#39;]" in shown.outputs[-1].data["text/html"]
    assert cell("%adm trace both trade 1").plain == trace(shell.user_ns["both"], None, "trade 1").text()
    before = shell.user_ns["both"]
    assert cell("%adm rerun both").success
    assert shell.user_ns["both"].compare(before).identical


def test_a_pattern_is_opened_in_the_editor_by_its_name_or_from_a_variable(shell: InteractiveShell, cell: Cell) -> None:
    ran = cell("%adm edit full_backtest")
    (shown,) = ran.outputs
    assert shown.data["text/plain"] == PATTERNS.get("full_backtest").text()
    assert "application/vnd.jupyter.widget-view+json" in shown.data
    editor = shell.user_ns["editor"]
    assert editor.pattern == PATTERNS.get("full_backtest")
    shell.user_ns["mine"] = editor.pattern.remove("classifier/risk/portfolio/ensemble")
    assert cell("%adm edit mine").success
    assert shell.user_ns["editor"].pattern == shell.user_ns["mine"]
    assert cell("%adm edit").success
    assert shell.user_ns["editor"].pattern.name == "simple_backtest"
    shell.user_ns["editor"] = "my favourite text"
    assert "The editor is the variable `pattern_editor`" in cell("%adm edit").text
    assert shell.user_ns["editor"] == "my favourite text"
    assert "Did you mean `full_backtest`" in cell("%adm edit full_backtst").text


def test_the_explorer_of_a_run_lands_in_a_variable_of_its_own(shell: InteractiveShell, cell: Cell) -> None:
    cell(RUN)
    ran = cell("%adm explore golden")
    assert ran.success, ran.text
    (output,) = ran.outputs
    assert output.data["text/plain"].startswith("rsi on SP500: 2 of 2 rows")
    assert "application/vnd.jupyter.widget-view+json" in output.data
    explorer = shell.user_ns["golden_explorer"]
    assert explorer.selected.equals(shell.user_ns["golden"].best)
    assert cell("%adm explore golden").success  # the cell is run again
    shell.user_ns["golden_explorer"] = 3
    refused = cell("%adm explore golden")
    assert not refused.success
    assert "golden_explorer  would be replaced by the explorer" in refused.text
