"""A migrated source on screen: every line with its numbers, no code as markup."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import pytest
from display_cases import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from test_card import read

import adm_notebook as adm
from adm_notebook.display.source_view import SourceView, source_html_of
from adm_notebook.migration.sources.migrate import Piece, SourceMigration, Undecided

OLD = """from src.core.coordinator.coordinator import Coordinator

coordinator = Coordinator()
if True:
    result = await coordinator.execute_workflow(config)
"""


def migration(old: str, new: str, undecided: Sequence[Undecided] = (), name: str = "source") -> SourceMigration:
    return SourceMigration(new, old, (), tuple(undecided), name, (Piece(old, new),))


def test_lines_carry_glyph_word_and_both_numbers() -> None:
    text = "".join(read(source_html_of(adm.migrate_source(OLD))).texts)
    assert "removed    1      − from src.core.coordinator.coordinator import Coordinator" in text
    assert "added           1 + from adm_notebook import EnhancedCoordinator" in text
    assert "           4    4   if True:" in text
    assert "added           5 +     result = await coordinator.execute_workflow" in text


@given(st.lists(st.text(max_size=30), max_size=12), st.lists(st.text(max_size=30), max_size=12))
def test_no_code_is_markup_and_every_changed_line_is_there(old: list[str], new: list[str]) -> None:
    before, after = ("".join(f"{line.strip()}\n" for line in lines) for lines in (old, new))
    shown = migration(before, after)
    reader = read(source_html_of(shown))
    assert set(reader.tags) <= {"style", "div", "h3", "p", "pre", "span", "ins", "del", "b", "i", "bdi"}
    diff = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))[2:]
    for kind, tag in (("+", "ins"), ("-", "del")):
        if "\n" in before + after and not any(c in before + after for c in "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
            assert reader.tags.count(tag) == sum(line.startswith(kind) for line in diff)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_code_and_names_stand_there_as_text(hostile: str) -> None:
    shown = migration("a = 1\n", f"{hostile}\n", [Undecided(1, hostile, hostile)], name=hostile)
    reader = read(SourceView(shown, name=hostile, written=hostile)._repr_html_())
    assert "img" not in reader.tags
    assert "script" not in reader.tags
    assert hostile[:12].split("\n")[0] in "".join(reader.texts)


def test_a_long_diff_is_cut_and_says_so() -> None:
    old = "".join(f"x{i} = '{'y' * 1000}'\n" for i in range(400))
    shown = source_html_of(migration(old, old.replace("x", "z")))
    assert len(shown) < 300_000
    assert read(shown).tags.count("del") == 100
    assert "more lines; all of them in the .diff" in shown


def test_what_is_left_to_the_user_stands_above_the_diff() -> None:
    shown = adm.migrate_source(OLD + "other = WorkflowConfig(**settings)\n")
    text = "".join(read(source_html_of(shown)).texts)
    assert len(shown.undecided) >= 1
    assert text.index(shown.undecided[0].path) < text.index("removed    1")


def test_nothing_to_change_is_said() -> None:
    assert "Nothing to change" in source_html_of(adm.migrate_source("x = 1\n"))
    assert repr(SourceView(adm.migrate_source("x = 1\n"))) == "Nothing to change"


def test_each_cell_of_a_notebook_is_named() -> None:
    pieces = (Piece("a = 1\n", "a = 2\n", "cell 2"), Piece("b = 1\n", "b = 2\n", "cell 5"))
    text = "".join(read(source_html_of(SourceMigration("", "", (), (), "my.ipynb", pieces))).texts)
    assert text.index("my.ipynb (cell 2)") < text.index("a = 1") < text.index("my.ipynb (cell 5)") < text.index("b = 2")
