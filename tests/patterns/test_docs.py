"""docs/patterns.md: its patterns can run, its Python prints what it says, its table is the code's."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from adm_notebook.patterns import CONTAINERS, PATTERNS, ROLES, register_pattern, section_of, validate
from adm_notebook.patterns.roles import ENSEMBLES

TEXT = (Path(__file__).parents[2] / "docs" / "patterns.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
PATTERNS_THERE = [block for kind, block in BLOCKS if kind == "yaml"]


@pytest.mark.parametrize("block", PATTERNS_THERE)
def test_its_patterns_can_run(block: str) -> None:
    pattern = register_pattern(block)
    assert validate(pattern) == []
    assert PATTERNS.get(pattern.name) is pattern


def test_its_python_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("regime_study.yaml").write_text(PATTERNS_THERE[0])
    for (kind, block), (next_kind, after) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if kind == "python":
            with redirect_stdout(StringIO()) as out:
                exec(compile(block, "docs/patterns.md", "exec"), {})
            assert out.getvalue() == (after if next_kind == "text" else "")


def test_its_table_of_roles_is_the_codes() -> None:
    for role in ROLES.values():
        (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{role.name}` |") and line.count("|") == 6]
        reads, may, gives, filled = (cell.strip() for cell in line.split("|")[2:6])
        assert [reads, may, gives] == [", ".join(kinds) for kinds in (role.consumes, role.may_consume, role.produces)]
        if role.section and role.section != ENSEMBLES:
            assert filled == f"`{role.section}`"
    assert section_of("strategy", "stored_signals") == "analysis_config.signals_path"
    assert CONTAINERS.get("stored_signals").produces == ("targets", "regimes")
