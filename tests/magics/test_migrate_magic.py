"""`%adm migrate`, `%%adm migrate`, `%adm compat`: shown inline; files are written when asked, and only then."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from magic_cases import Cell, Ran

import adm_notebook as adm

OLD = "from src.core.coordinator.coordinator import Coordinator\nc = Coordinator()  # mine\n"
NEW = (
    "from adm_notebook import EnhancedCoordinator\nc = EnhancedCoordinator(enable_composable_containers=True)  # mine\n"
)
YAML = "data: {source: sample, symbols: [SP500]}\nstrategies: [{type: momentum}]\nportfolio: {initial_capital: 5000}\n"


def said(ran: Ran) -> str:
    return ran.text + "".join(str(output.data.get("text/plain", "")) for output in ran.outputs) + str(ran.error or "")


def digests(folder: Path) -> dict[str, str]:
    """Every file below a folder, hidden ones too: its name, and the hash of its bytes, mode and time."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(
            path.read_bytes() + repr((path.stat().st_mode, path.stat().st_mtime_ns)).encode()
        ).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that the notebook stands in, with older files."""
    monkeypatch.chdir(tmp_path)
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": [OLD]}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    Path("old.py").write_text(OLD)
    Path("old.ipynb").write_text(json.dumps(notebook))
    Path("old.yaml").write_text(YAML)
    Path("with blanks.py").write_text(OLD)
    Path("broken.py").write_text(f"{OLD}print 'x'\n")
    Path("latin.py").write_bytes("# é\n".encode("latin-1"))
    Path("new.py").write_text("x = 1\n")
    Path("notes.txt").write_text("x")
    Path("sub").mkdir()
    yield tmp_path
    adm.compat.uninstall()


@pytest.mark.parametrize(
    "line",
    [
        "migrate old.py", "migrate old.ipynb", "migrate old.yaml", "migrate old.py --pattern full_backtest",
        "migrate broken.py --write", "migrate broken.py --write --in-place", "migrate latin.py --write",
        "migrate old.py --in-place", "migrate nowhere.py --write", "migrate sub --write", "migrate notes.txt --write",
        "migrate old.py --writ", "migrate new.py --write", "migrate new.py --write --in-place",
        "migrate old.py --write --pattern full_backtst",
    ],
)  # fmt: skip
def test_nothing_is_written_that_was_not_asked_for(cell: Cell, folder: Path, line: str) -> None:
    before = digests(folder)
    cell(f"%adm {line}")
    assert digests(folder) == before


@pytest.mark.parametrize("name", ["old.py", "old.ipynb", "old.yaml"])
def test_a_new_file_is_the_only_one_that_write_writes(cell: Cell, folder: Path, name: str) -> None:
    before, made = digests(folder), name.replace(".", ".migrated.")
    ran = cell(f"%adm migrate {name} --write")
    assert ran.success, said(ran)
    after = digests(folder)
    assert after.pop(made)
    assert after == before
    assert f"Written: {made}. {name} is as it was." in ran.text
    again = cell(f"%adm migrate {name} --write")
    assert not again.success
    assert f"{made} is there already, and is not overwritten. Move or delete it" in said(again)
    assert "--write --in-place" in said(again)
    assert {k: v for k, v in digests(folder).items() if k != made} == before


def test_the_diff_is_shown_and_what_to_type_said(cell: Cell) -> None:
    ran = cell("%adm migrate old.py")
    assert ran.success
    assert "EnhancedCoordinator" in ran.outputs[0].data["text/html"]
    assert "+from adm_notebook import EnhancedCoordinator" in said(ran)
    assert "Nothing is written. `%adm migrate old.py --write` writes old.migrated.py beside it" in ran.text
    blanks = cell('%adm migrate "with blanks.py" --pattern simple_backtest')
    assert '`%adm migrate "with blanks.py" --pattern simple_backtest --write`' in blanks.text


def test_in_place_keeps_every_backup(cell: Cell, folder: Path) -> None:
    path = folder / "old.py"
    path.chmod(0o640)
    before = digests(folder)
    ran = cell("%adm migrate old.py --write --in-place")
    assert "Written: old.py. What it was is kept in old.py.bak." in ran.text
    assert path.read_text() == NEW
    assert (folder / "old.py.bak").read_text() == OLD
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((folder / "old.py.bak").stat().st_mode) == 0o640
    path.write_text(f"{OLD}# again\n")
    cell("%adm migrate old.py --write --in-place")
    assert (folder / "old.py.bak").read_text() == OLD
    assert (folder / "old.py.bak2").read_text() == f"{OLD}# again\n"
    after = digests(folder)
    assert after.keys() - before.keys() == {"old.py.bak", "old.py.bak2"}
    assert {k for k in before if after[k] != before[k]} == {"old.py"}


def test_line_ends_and_a_byte_order_mark_stay_and_a_link_stays_a_link(cell: Cell, folder: Path) -> None:
    content = b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode()
    (folder / "sub" / "real.py").write_bytes(content)
    (folder / "link.py").symlink_to(folder / "sub" / "real.py")
    assert cell("%adm migrate link.py --write --in-place").success
    assert (folder / "link.py").is_symlink()
    assert (folder / "sub" / "real.py").read_bytes() == b"\xef\xbb\xbf" + NEW.replace("\n", "\r\n").encode()
    assert (folder / "sub" / "real.py.bak").read_bytes() == content


def test_a_migrated_file_has_nothing_more_to_write(cell: Cell, folder: Path) -> None:
    cell("%adm migrate old.py --write --in-place")
    before = digests(folder)
    ran = cell("%adm migrate old.py --write --in-place")
    assert ran.success
    assert "old.py is as it should be; nothing is written." in ran.text
    assert digests(folder) == before


def test_a_file_that_can_not_be_written_is_said(cell: Cell, folder: Path) -> None:
    name = f"{'x' * 248}.py"  # with `.migrated` too long for a file system
    (folder / name).write_text(OLD)
    before = digests(folder)
    assert "can't be written: File name too long" in said(cell(f"%adm migrate {name} --write"))
    assert digests(folder) == before


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("migrate", "is written `%adm migrate PATH [--pattern P] [--write] [--in-place]`, but was given nothing"),
        ("migrate a.py b.py", "but got a.py b.py (put quotes around a path with blanks)"),
        ("migrate nowhere.py", "there is no file nowhere.py"),
        ("migrate oldd.py", "there is no file oldd.py. Did you mean `old.py`"),
        ("migrate sub", "sub is a folder; name one of its files"),
        ("migrate notes.txt", "is none of .py, .ipynb, .yaml, .yml"),
        ("migrate latin.py", "latin.py is not UTF-8 text (byte 2); save it as UTF-8"),
        ("migrate broken.py", "is no Python that can be read: Missing parentheses"),
        ("migrate broken.py", "(line 3, column 1)"),
        ("migrate old.py --in-place", "--in-place  says where to write, and only --write writes: add it"),
        ("migrate old.py --writ", "--writ  unknown option. Did you mean `--write`"),
        ("migrate old.py --write=yes", "--write  takes no value"),
        ("migrate old.py --pattern", "--pattern  needs a value"),
        ("migrate old.py --pattern full_backtst", "Did you mean `full_backtest`"),
        ("compat maybe", "is written `%adm compat [on|off]`, but was given maybe"),
    ],
)
def test_a_slip_is_said(cell: Cell, line: str, words: str) -> None:
    ran = cell(f"%adm {line}")
    assert not ran.success
    assert words in said(ran)


def test_a_cell_of_older_yaml_is_shown_and_its_migration_kept(cell: Cell) -> None:
    ran = cell(f"%%adm migrate kept --pattern full_backtest\n{YAML}")
    assert ran.success, said(ran)
    assert "text/html" in ran.outputs[0].data
    found = cell("print(kept.config.backtest_config['initial_capital'], kept.config.parameters['container_pattern'])")
    assert found.text.split() == ["5000", "full_backtest"]
    assert cell(f"%%adm migrate kept\n{YAML}").success
    assert "has no part in a migration" in said(cell(f"%%adm migrate --mode auto\n{YAML}"))
    assert cell("taken = 3").success
    assert "holds an int" in said(cell(f"%%adm migrate taken\n{YAML}"))


def test_what_a_yaml_file_says_and_a_config_has_not_stands_above_it(cell: Cell, folder: Path) -> None:
    (folder / "old.yaml").write_text(f"{YAML}risk: {{limits: [{{type: exposure, max_exposure: 0.5}}]}}\n")
    cell("%adm migrate old.yaml --write")
    text = (folder / "old.migrated.yaml").read_text()
    migration = adm.migrate_config((folder / "old.yaml").read_text())
    above = [line for line in text.splitlines() if line.startswith("#")]
    assert max(map(len, above)) <= 100
    told = " ".join(line.removeprefix("#").strip() for line in above).split("adm: ")[1:]
    assert [one.strip() for one in told] == [
        f"{each.path} = {each.value!r} has no place here. {each.advice}" for each in migration.unmapped
    ]
    assert adm.WorkflowConfig.from_yaml(text) == migration.config
    assert "is as it should be" in cell("%adm migrate old.migrated.yaml --write").text


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("# mine, keep\n", True),
        ("parallel: true  # two cores\n", True),
        ("description: 'no # comment'\n", False),
        ("", False),
    ],
)
def test_comments_that_are_not_taken_over_are_told(cell: Cell, folder: Path, comment: str, told: bool) -> None:
    (folder / "old.yaml").write_text(f"{comment}{YAML}")
    for line in ("old.yaml", "old.yaml --write", "old.yaml --write --in-place"):
        assert ("Comments of the old file are not taken over." in cell(f"%adm migrate {line}").text) is told, line


def test_a_folder_and_a_name_that_is_nearly_one_are_told(cell: Cell, folder: Path) -> None:
    (folder / "old.yaml").write_text(YAML)
    (folder / "below").mkdir()
    assert "below is a folder; name one of its files" in (told := said(cell("%adm migrate below")))
    assert "can't be read" not in told
    assert "Did you mean `old.yaml`?" in said(cell("%adm migrate old.yml"))


def test_compat_is_switched_on_and_off(cell: Cell) -> None:
    assert cell("%adm compat").text.startswith("compat is off.")
    assert cell("%adm compat on").text.startswith("compat is on: imports from `src.core.coordinator`")
    assert cell("from src.core.coordinator.coordinator import Coordinator").success
    assert cell("%adm compat").text.startswith("compat is on")
    assert "4 modules of it are gone from sys.modules" in cell("%adm compat off").text
    assert "src" not in sys.modules
