"""Every block of docs/migration.md runs as it stands, and what it speaks of is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import adm_notebook as adm
from adm_notebook.magics.commands import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
OLD = """\
name: Crossover
data: {source: sample, symbols: [SP500], start_date: 2015-01-01}
portfolio: {initial_capital: 100000, commission: {type: percentage, value: 0.001}}
strategies: [{name: cross, type: moving_average_crossover, parameters: {fast_period: 10, slow_period: 50}}]
"""


def test_its_blocks_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "crossover.yaml").write_text(OLD)
    names = {"adm": adm}
    for at, block in enumerate(BLOCKS):
        exec(compile(block, f"block {at} of docs/migration.md", "exec"), names)
    assert names["migration"].unmapped  # type: ignore[attr-defined]  # a Migration
    assert names["report"].old.trades.equals(names["report"].new.trades)  # type: ignore[attr-defined]  # a report
    assert "Equivalent" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "old" / "crossover.yaml").read_text() == OLD


def test_what_it_names_is_there() -> None:
    for path in set(re.findall(r"`adm((?:\.\w+)+)", PAGE)):
        value: object = adm
        for name in path[1:].split("."):
            value = getattr(value, name)
    for command in set(re.findall(r"`%%?adm (\w+)", PAGE)):
        assert command in COMMANDS, command
    for link in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (Path(__file__).parents[2] / "docs" / link).exists(), link
