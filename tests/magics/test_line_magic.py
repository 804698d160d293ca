"""`%adm`: tables, and what is done with the runs of a notebook."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

import adm_notebook as adm
from adm_notebook.magics.commands import AVAILABLE, PATTERNS
from adm_notebook.planning import sections
from conftest import Cell

RUN = "%%adm golden --quiet\ndata_config: {max_bars: 300}\n"
RUN += "backtest_config: {strategy: {type: rsi, parameters: {period: [7, 14]}}}"


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("strategies", ["ma_crossover", "fast=10, slow=30", "rule"]),
        ("strategies rsi", ["rsi", "period=14"]),
        ("indicators", ["SMA(timeperiod=30)", "BBANDS", "Overlap Studies"]),
        ("indicators bbands", ["upperband, middleband, lowerband"]),
        ("patterns", ["simple_backtest    available", "full_backtest      comes with a later version"]),
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
    text = output.data["text/plain"].lower()
    assert [words for words in holds if words.lower() not in text] == []


@pytest.mark.parametrize("line", ["strategies", "indicators", "data"])
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


def test_the_patterns_are_those_of_planning() -> None:
    assert tuple(PATTERNS) == sections.PATTERNS
    assert AVAILABLE == sections.RUNNABLE


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
        "patterns",
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
        ("checklst", "unknown command. Known: strategies"),  # suggests nothing that comes with a later version
        ("diff a b", "`%adm diff` comes with a later version"),
        ("classifiers", "comes with a later version"),
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
