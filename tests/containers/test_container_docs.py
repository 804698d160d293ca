"""docs/containers.md: its Python prints what it says, its tables are the code's, its suite passes."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import adm_notebook.testing
from adm_notebook.containers import State
from adm_notebook.patterns import KINDS, ROLES

PAGE = Path(__file__).parents[2] / "docs" / "containers.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)


def test_its_python_prints_what_it_says() -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for (kind, block), (next_kind, after) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if kind == "python" and "class Test" not in block:
            with redirect_stdout(StringIO()) as out:
                exec(compile(block, "docs/containers.md", "exec"), names)
            said, expected = ([line.rstrip() for line in text.splitlines()] for text in (out.getvalue(), after))
            assert said == (expected if next_kind == "text" else [])


def test_its_suite_passes(tmp_path: Path) -> None:
    blocks = [block for kind, block in BLOCKS if kind == "python"]
    first = blocks[0].split("config = ")[0]
    (suite,) = [block for block in blocks if "class Test" in block]
    (tmp_path / "test_page.py").write_text(first + suite)
    command = [sys.executable, "-m", "pytest", "-p", "no:nbval", "-p", "no:cacheprovider", "-q", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    assert re.search(r"^8 passed", done.stdout, re.MULTILINE), done.stdout


def test_its_tables_are_the_codes() -> None:
    for role in ROLES.values():
        (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{role.name}` |") and line.count("|") == 5]
        reads, may, gives = (cell.strip() for cell in line.split("|")[2:5])
        assert [reads, may, gives] == [", ".join(kinds) for kinds in (role.consumes, role.may_consume, role.produces)]
    for kind in KINDS:
        assert re.search(rf"^\| ({kind}|signals, {kind}|{kind}, report) \|", TEXT, re.MULTILINE), kind
    for state in State:
        assert f"`{state}`" in TEXT or state is State.DISPOSED
    for name in adm_notebook.testing.__all__:
        assert f"`{name}" in TEXT
