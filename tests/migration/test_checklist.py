"""The checklist: each item is checked by what a notebook really does, and nothing is done that was not seen."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import adm_notebook as adm
from adm_notebook.migration.checklist.checklist import PHASES, Checklist, check
from adm_notebook.migration.checklist.proofs import Proofs
from adm_notebook.migration.checklist.session import NoteCell, Session, cells_of

GUIDE = Path(__file__).parents[1] / "guide" / "enhanced-coordinator-migration-guide.md"
DATA = {"symbols": "SP500", "max_bars": 400}
OLD_IMPORT = "from src.core.coordinator.coordinator import Coordinator"


def run(mode: str = "auto", **sections: Any) -> adm.WorkflowResult:
    given: dict[str, Any] = {"data_config": DATA, "backtest_config": {"strategy": "momentum"}, **sections}
    return adm.EnhancedCoordinator().run(adm.WorkflowConfig(**given), execution_mode=mode)


def found(session: Session, kept: Any = None, proofs: Proofs | None = None) -> Checklist:
    return check(session, proofs or Proofs(), kept or {})


def states(checklist: Checklist) -> dict[str, str]:
    return {c.item.name: c.state for items in checklist.phases.values() for c in items}


def words(checklist: Checklist, name: str) -> str:
    return next(c.finding.words for items in checklist.phases.values() for c in items if c.item.name == name)


def test_the_items_are_those_of_the_guide_in_its_order() -> None:
    lines = re.findall(r"^- \[ \] (.*)$", GUIDE.read_text(), re.MULTILINE)
    ours = [item.words for items in PHASES.values() for item in items]
    assert len(ours) == len(lines) == 16
    for line, mine in zip(lines, ours, strict=True):
        first = [w.lower() for w in re.findall(r"\w+", line)][:2]
        assert all(w[:5] in mine.lower() for w in first), (line, mine)


def test_nothing_is_done_in_an_empty_notebook() -> None:
    checklist = found(Session())
    assert set(states(checklist).values()) == {"open"}
    assert all(c.finding.command for items in checklist.phases.values() for c in items)


def test_old_imports_are_found_where_they_stand_and_done_when_rewritten() -> None:
    old = NoteCell("cell 2", "from src.core.coordinator.coordinator import Coordinator\ncoordinator = Coordinator()")
    comment = NoteCell("cell 3", "# from src.core.coordinator.coordinator import Coordinator")
    checklist = found(Session(cells=[old, comment], notebook=Path("mine.ipynb")))
    assert states(checklist)["imports"] == "open"
    assert words(checklist, "imports").startswith("cell 2 still imports the older project; 1 of these")
    beside_magics = NoteCell("cell 4", f"%adm compat on\n{OLD_IMPORT}\n%adm compat off")
    assert "2 of these" in words(found(Session(cells=[old, beside_magics])), "imports")
    new = NoteCell("cell 2", adm.migrate_source(old.text + "\n").text)
    assert states(found(Session(cells=[new, comment])))["imports"] == "done"


@pytest.mark.parametrize(
    "cell",
    [
        f"%%writefile old.py\n{OLD_IMPORT}\n",
        f'script = """\n{OLD_IMPORT}\n"""\nprint(1)',
        f"script = r'''\n{OLD_IMPORT}\n'''",
        f"# {OLD_IMPORT}",
    ],
)
def test_an_import_in_a_script_that_a_cell_writes_is_none_of_the_cell(cell: str) -> None:
    session = Session(cells=[NoteCell("In [1]", cell), NoteCell("In [2]", OLD_IMPORT)])
    assert session.where("src.core") == ["In [2]"]


def test_results_are_compared_by_running_both_ways_and_only_once() -> None:
    session, proofs = Session(runs={"mine": run()}), Proofs()
    checklist = found(session, proofs=proofs)
    assert states(checklist)["results"] == "done"
    assert re.match(
        r"`mine`: (identical|equivalent within 1e-09), \d+ trades?, 17 metrics, 400 bars\.", words(checklist, "results")
    )
    report = proofs.reports[session.runs["mine"].workflow_id].report
    assert states(found(session, proofs=proofs))["performance"] == "done"
    assert proofs.reports[session.runs["mine"].workflow_id].report is report


def test_a_workflow_that_takes_long_is_not_run_for_a_check() -> None:
    config = adm.WorkflowConfig(
        data_config={"symbols": "SP500"},
        optimization_config={
            "strategies": [
                {"type": "ma_crossover", "parameters": {"fast": [5, 6, 7, 8, 9, 10], "slow": [20, 30, 40, 50]}}
            ]
        },
    )
    proofs = Proofs()
    checklist = found(Session(configs={"big": config}), proofs=proofs)
    assert not proofs.reports
    assert states(checklist)["results"] == "open"
    assert "would take long (24 combinations of 5,031 bars)" in words(checklist, "results")


def test_a_config_that_can_not_be_planned_fails_its_item() -> None:
    config = adm.WorkflowConfig(backtest_config={"strategy": "momentm"})
    checklist = found(Session(configs={"typo": config}))
    assert states(checklist)["auto"] == states(checklist)["results"] == "failed"
    assert "Did you mean `momentum`?" in words(checklist, "auto")


def test_patterns_in_use_are_told() -> None:
    plain = run("composable")
    named = run("composable", parameters={"container_pattern": "simple_backtest"})
    both = found(Session(runs={"plain": plain, "named": named}))
    assert states(both)["patterns"] == "open"
    assert words(both, "patterns") == "1 of 2 configs name theirs; not so `plain` (simple_backtest by default)."
    assert states(both)["simple"] == "done"
    assert states(both)["full"] == "unneeded"
    assert states(found(Session(runs={"named": named})))["patterns"] == "done"
    traditional = found(Session(runs={"old": run("traditional")}))
    assert states(traditional)["simple"] == "open"


def test_signals_replays_sweeps_and_limits_are_seen(tmp_path: Path) -> None:
    kept = run(analysis_config={"mode": "signal_generation", "output_path": str(tmp_path / "signals")})
    replay = run(
        backtest_config={"stop_loss": [0.02, 0.05]},
        analysis_config={"mode": "signal_replay", "signals_path": str(tmp_path / "signals")},
        parameters={"max_indicators": 50},
    )
    session = Session(
        runs={"kept": kept, "again": replay}, cells=[NoteCell("cell 1", "async for e in c.stream(config): pass")]
    )
    now = states(found(session))
    assert [now[n] for n in ("signals", "replay", "limits", "parallel", "streaming", "memory")] == ["done"] * 6
    one_thread = run(backtest_config={"strategy": "momentum", "stop_loss": [0.02, 0.05]}, max_workers=1)
    assert states(found(Session(runs={"sweep": one_thread})))["parallel"] == "open"
    assert states(found(Session(runs={"single": run()})))["parallel"] == "unneeded"


def test_what_an_earlier_session_had_done_stays_done_unless_it_is_about_code() -> None:
    kept = {name: {"evidence": f"{name} was seen", "on": "2026-11-20"} for name in ("replay", "imports")}
    checklist = found(Session(), kept)
    assert states(checklist)["replay"] == "done"
    assert states(checklist)["imports"] == "open"
    (again,) = (c for items in checklist.phases.values() for c in items if c.item.name == "replay")
    assert (again.earlier, again.finding.words) == ("2026-11-20", "replay was seen")
    assert checklist.done == {"replay": "replay was seen"}


def test_a_notebooks_cells_are_those_of_its_file_and_those_that_ran(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    cells = [{"cell_type": "markdown", "source": "# src"}, {"cell_type": "code", "source": ["import x\n", "y = 1"]}]
    path.write_text(json.dumps({"cells": cells}))
    assert cells_of(path, ["", "import x\ny = 1", "z = 2"]) == [
        NoteCell("cell 2", "import x\ny = 1"),
        NoteCell("In [2]", "z = 2"),
    ]


@pytest.mark.parametrize("text", ["", "{}", '{"cells": 3}', '{"cells": [{}]}'])
def test_a_notebook_that_can_not_be_read_has_the_cells_that_ran(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    assert cells_of(path, ["", "z = 2"]) == [NoteCell("In [1]", "z = 2")]
