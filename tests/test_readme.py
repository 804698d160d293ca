"""Every block of the README runs as it stands: cells in IPython, Python as a script."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import adm_notebook as adm

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
RUNS = ["golden_cross", "sweep", "drawn", "dips", "mine", "study", "kept", "stops", "without_risk_level", "found"]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> InteractiveShell:
    shell = InteractiveShell.instance()
    with contextlib.chdir(tmp_path_factory.mktemp("reader")):  # a cell keeps its signals in the current folder
        for language, text in BLOCKS:
            if language in ("", "python"):
                outcome = shell.run_cell(text, store_history=False)
                assert outcome.success, f"{text}\n{outcome.error_before_exec or outcome.error_in_exec}"
    return shell


def test_each_cell_leaves_the_result_that_the_text_speaks_of(shell: InteractiveShell) -> None:
    for name in RUNS:
        assert isinstance(shell.user_ns[name], adm.WorkflowResult), name
        assert shell.user_ns[name].success
    assert shell.user_ns["result"].best is not None


def test_the_card_in_the_picture_is_the_one_that_the_cell_shows(shell: InteractiveShell) -> None:
    assert "+216.5%" in repr(shell.user_ns["golden_cross"])
    assert "best of 263 is fast 55, slow 200" in repr(shell.user_ns["sweep"])


def test_signals_of_the_readme_are_kept_where_it_says_and_traded_under_each_stop(shell: InteractiveShell) -> None:
    kept, stops = shell.user_ns["kept"], shell.user_ns["stops"]
    assert Path(kept.metadata["signals_path"]).name == "my_signals"
    assert len(stops.stats) == 3 * len(kept.stats)
    assert set(stops.stats["stop_loss"]) == {0.02, 0.05, 0.1}


def test_a_random_choice_has_the_rows_that_were_asked_for(shell: InteractiveShell) -> None:
    assert len(shell.user_ns["drawn"].stats) == 200


def test_every_page_of_docs_and_every_tutorial_is_linked_and_every_link_leads_somewhere() -> None:
    linked = set(re.findall(r"\]\(([^)#:]+)\)", README))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= linked
    assert {f"notebooks/{book.name}" for book in (ROOT / "notebooks").glob("*.ipynb")} <= linked
    assert [link for link in linked if not (ROOT / link).exists()] == []


def test_both_commands_are_marked_for_whoever_runs_them() -> None:
    for mark, said in (("demo", "adm-notebook demo"), ("tests", "-m pytest")):
        block = README.split(f"<!-- {mark} -->")[1].split("```")[1]
        assert said in block
