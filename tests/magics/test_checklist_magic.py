"""`%adm checklist`: the notebook is looked at, and what is done is kept beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from magic_cases import Cell

from adm_notebook.magics.checklists import forget_progress
from adm_notebook.migration.checklist.progress import FILE

BODY = "data_config: {symbols: SP500, max_bars: 300}\nbacktest_config: {strategy: momentum}\n"


@pytest.fixture
def notebook(shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook that the shell believes to be."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.ipynb"
    cell = {"cell_type": "code", "source": "from src.core.coordinator.coordinator import Coordinator\n"}
    path.write_text(json.dumps({"cells": [cell]}))
    shell.user_ns["__session__"] = str(path)
    forget_progress(shell)
    return path


def test_items_are_done_as_the_notebook_does_them(cell: Cell, notebook: Path) -> None:
    before = notebook.read_bytes()
    first = cell("%adm checklist")
    assert first.success
    assert first.plain.splitlines()[0] == "0 of 16 done"
    assert "cell 1 still imports the older project" in first.plain
    assert "%adm migrate mine.ipynb --write" in first.plain
    assert cell("%%adm mine --quiet --mode composable --pattern simple_backtest\n" + BODY).success
    second = cell("%adm checklist")
    done = int(second.plain.split()[0])
    assert done >= 6
    assert "mine.ipynb" in second.plain
    kept = json.loads((notebook.parent / FILE).read_text())["notebooks"]["mine.ipynb"]
    assert len(kept) == done
    assert {"auto", "results", "simple", "patterns", "performance", "memory"} <= set(kept)
    assert notebook.read_bytes() == before


def test_a_new_session_knows_what_was_done_and_reset_forgets_it(
    cell: Cell, shell: InteractiveShell, notebook: Path
) -> None:
    assert cell("%%adm mine --quiet\n" + BODY).success
    assert cell("%adm checklist").success
    del shell.user_ns["mine"]
    shell.run_line_magic("reload_ext", "adm_notebook")
    again = cell("%adm checklist")
    assert "earlier session" in again.outputs[0].data["text/html"]
    gone = cell("%adm checklist reset")
    assert gone.success
    assert "forgotten" in gone.text
    assert not (notebook.parent / FILE).exists()
    assert cell("%adm checklist").plain.splitlines()[0] == "0 of 16 done"


def test_a_damaged_file_is_said_on_the_checklist(cell: Cell, notebook: Path) -> None:
    (notebook.parent / FILE).write_text("{")
    assert "can't be read (it is damaged)" in cell("%adm checklist").plain
    assert "can't be read" not in cell("%adm checklist").plain


def test_without_a_known_notebook_progress_is_kept_where_the_kernel_works(
    cell: Cell, shell: InteractiveShell, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del shell.user_ns["__session__"]
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert cell("%%adm mine --quiet\n" + BODY).success
    assert cell("%adm checklist").success
    assert list(json.loads((notebook.parent / FILE).read_text())["notebooks"]) == [""]


@pytest.mark.parametrize(("line", "said"), [("rest", "`%adm checklist reset`"), ("reset now", "reset now")])
def test_slips_are_said(cell: Cell, notebook: Path, line: str, said: str) -> None:
    done = cell(f"%adm checklist {line}")
    assert not done.success
    assert said in str(done.error)
