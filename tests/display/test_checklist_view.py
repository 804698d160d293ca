"""The checklist on screen: four folds, the first with work open, each item with a glyph, a word and its evidence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from display_cases import HOSTILE
from test_card import read

from adm_notebook.display import ChecklistView
from adm_notebook.migration.checklist.checklist import PHASES, Checked, Checklist
from adm_notebook.migration.sources.finding import Finding, State


def checklist(
    states: Sequence[State], words: str = "`a` ran.", trouble: Sequence[str] = (), earlier: str = ""
) -> Checklist:
    given = iter(states)
    phases = {
        phase: [Checked(item, Finding(next(given), words, "12 ms", "%adm show a"), earlier) for item in items]
        for phase, items in PHASES.items()
    }
    return Checklist(phases, "mine.ipynb", trouble)


MIXED: list[State] = ["done"] * 4 + ["done", "unneeded", "open", "open"] + ["failed"] + ["open"] * 7


def test_the_title_counts_and_the_first_phase_with_work_is_open() -> None:
    shown = ChecklistView(checklist(MIXED))._repr_html_()
    reader = read(shown)
    text = " ".join("".join(reader.texts).split())
    assert text.startswith("5 of 16 done, 1 failed, 1 not needed")
    assert reader.tags.count("details") == 4
    assert shown.count("<details open>") == 2  # the first one with work, and the one in which something failed
    assert "Phase 1: Setup 4 of 4 done" in text
    for glyph, word in (("✓", "done"), ("○", "to do"), ("–", "not needed"), ("✕", "failed")):
        assert f"{glyph} {word}" in text


def test_evidence_stands_beneath_its_item_and_a_command_where_there_is_work() -> None:
    text = " ".join("".join(read(ChecklistView(checklist(MIXED))._repr_html_()).texts).split())
    assert text.count("To do it: %adm show a") == MIXED.count("open") + MIXED.count("failed")
    assert text.index("Update imports to use EnhancedCoordinator") < text.index("a ran.")


def test_times_stand_where_they_can_be_left_out() -> None:
    view = ChecklistView(checklist(MIXED, earlier="2026-11-20"))
    assert view._repr_html_().count('<span class="adm-volatile">12 ms, 2026-11-20</span>') == 16
    assert "12 ms" not in repr(view)
    assert "Done in an earlier session." in view._repr_html_()


def test_when_all_is_done_nothing_is_open() -> None:
    shown = ChecklistView(checklist(["done"] * 16))._repr_html_()
    assert "<details open>" not in shown
    assert repr(ChecklistView(checklist(["done"] * 16))).splitlines()[0] == "16 of 16 done"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_evidence_is_markup_nor_any_view_too_large(hostile: str) -> None:
    view = ChecklistView(checklist(["open"] * 16, hostile * 100, [hostile]))
    reader = read(view._repr_html_())
    assert "img" not in reader.tags
    assert "script" not in reader.tags
    assert len(view._repr_html_()) < 60_000


def test_the_text_fits_a_terminal() -> None:
    assert all(len(line) <= 110 for line in repr(ChecklistView(checklist(MIXED))).splitlines())
