"""Every block of the README runs as it stands: cells in IPython, Python as a script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import adm_notebook as adm

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
RUNS = ["golden_cross", "sweep", "dips", "mine"]


@pytest.fixture(scope="module")
def shell() -> InteractiveShell:
    shell = InteractiveShell.instance()
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


def test_both_commands_are_marked_for_whoever_runs_them() -> None:
    for mark, said in (("demo", "adm-notebook demo"), ("tests", "-m pytest")):
        block = README.split(f"<!-- {mark} -->")[1].split("```")[1]
        assert said in block
