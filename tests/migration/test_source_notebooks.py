"""migrate_source on notebooks: code cells are one program; all else in the file keeps its bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_cases import statements

import adm_notebook as adm

IMPORT = "from src.core.coordinator.coordinator import Coordinator"
NEW_IMPORT = "from adm_notebook import EnhancedCoordinator"
NEW = "EnhancedCoordinator(enable_composable_containers=True)"

FORMATS: list[dict[str, Any]] = [
    {"indent": 1, "ensure_ascii": False},
    {"indent": 2, "ensure_ascii": True},
    {"ensure_ascii": False},
    {"separators": (",", ":"), "ensure_ascii": True},
    {"indent": "\t", "ensure_ascii": False, "sort_keys": True},
]


def notebook(cells: list[Any], **layout: Any) -> str:
    """The JSON of a notebook: text is a code cell, others are cells as they are."""
    return json.dumps(
        {
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3 é"}},
            "nbformat": 4,
            "cells": [cell if isinstance(cell, dict) else code_cell(cell, number) for number, cell in enumerate(cells)],
            "nbformat_minor": 5,
        },
        **layout,
    )


def code_cell(source: str, number: int, *, lines: bool = True) -> dict[str, Any]:
    return {
        "source": source.splitlines(keepends=True) if lines else source,
        "id": f"cell-{number}",
        "cell_type": "code",
        "outputs": [{"output_type": "stream", "name": "stdout", "text": [f"{IMPORT}\n", "é ✓\n"]}],
        "metadata": {"tags": ["é", "keep"], "source": "Coordinator()"},
        "execution_count": number,
    }


def sources(text: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]]


def cells_after(*cells: Any) -> list[str]:
    """The cells' sources after the migration; all else stays, and a second migration changes nothing."""
    old = notebook(list(cells), indent=1, ensure_ascii=False) + "\n"
    migration = adm.migrate_source(old)
    assert adm.migrate_source(migration.text).text == migration.text
    return sources(migration.text)


MARKDOWN = {"cell_type": "markdown", "metadata": {}, "source": [f"{IMPORT}\n", "# Coordinator()"]}


@settings(max_examples=40)
@given(statements(), st.sampled_from(FORMATS), st.sampled_from(["", "\n"]), st.data())
def test_only_the_source_of_code_cells_changes_and_it_changes_as_one_program(
    parts: list[str], layout: dict[str, Any], ending: str, data: st.DataObject
) -> None:
    cells: list[list[str]] = [[]]
    for part in parts:
        if data.draw(st.booleans()):
            cells.append([])
        cells[-1].append(part)
    texts = ["\n".join(cell) for cell in cells]
    mixed = [MARKDOWN, *(code_cell(t, i, lines=data.draw(st.booleans())) for i, t in enumerate(texts)), MARKDOWN]
    old = notebook(mixed, **layout) + ending
    migration = adm.migrate_source(old)
    new = json.loads(migration.text)
    assert migration.text == json.dumps(new, **layout) + ending  # the same bytes, key order and line ends included
    changed = "\n".join(t for t in sources(migration.text)[1:-1] if t)
    program = adm.migrate_source("\n".join(t for t in texts if t) + "\n")
    assert changed + "\n" == program.text
    assert len(migration.undecided) == len(program.undecided)
    expected = json.loads(old)
    for cell, was in zip(new["cells"], expected["cells"], strict=True):
        assert isinstance(cell["source"], type(was["source"]))
        if cell["cell_type"] == "code":
            cell["source"] = was["source"]
    assert new == expected


def test_magics_stay_and_their_neighbours_are_migrated() -> None:
    cell = (
        f"%load_ext adm_notebook\n{IMPORT}\n!ls 'é'\nfiles = !ls \\\n  here\nc = Coordinator()\nc?\n%matplotlib inline"
    )
    assert cells_after(cell) == [cell.replace(IMPORT, NEW_IMPORT).replace("Coordinator()", NEW)]


@pytest.mark.parametrize("magic", ["%%time", "%%capture out --no-stderr", "%%timeit -n 1"])
def test_the_body_of_a_cell_magic_that_runs_python_is_migrated(magic: str) -> None:
    assert cells_after(IMPORT, f"\n{magic}\nc = Coordinator()")[1] == f"\n{magic}\nc = {NEW}"


@pytest.mark.parametrize("magic", ["%%adm", "%%bash", "%%writefile old.py", "%%html", "%%sql"])
def test_other_cell_magics_are_left_alone(magic: str) -> None:
    cell = f"{magic}\nx: 1\nprint Coordinator_()"
    assert cells_after(cell) == [cell]


def test_a_cell_of_another_magic_that_names_older_modules_is_listed() -> None:
    migration = adm.migrate_source(notebook(["x = 1", f"%%writefile old.py\n{IMPORT}\n"]))
    assert not migration.changed
    (left,) = migration.undecided
    assert str(left).startswith("cell 2, line 1: this %%writefile cell names src.core.coordinator.coordinator;")


def test_a_name_that_a_magic_uses_stays() -> None:
    new = cells_after(f"{IMPORT}\nx = Coordinator()", "%time c = Coordinator()")
    kept = NEW.replace("EnhancedCoordinator", "Coordinator")
    assert new == [f"{NEW_IMPORT} as Coordinator\nx = {kept}", "%time c = Coordinator()"]


def test_a_cell_that_is_no_python_is_left_and_listed_and_the_others_are_migrated() -> None:
    old = notebook([IMPORT, "print 'x'", "c = Coordinator()"])
    migration = adm.migrate_source(old)
    assert sources(migration.text) == [NEW_IMPORT, "print 'x'", f"c = {NEW}"]
    (left,) = migration.undecided
    assert (left.cell, left.line) == (2, 1)
    assert "this cell is no Python that can be read" in left.what


def test_await_may_stand_at_the_top_of_a_cell() -> None:
    new = cells_after(IMPORT, "c = Coordinator()\n\nr = await c.execute_workflow(x);")
    assert new[1] == f'c = {NEW}\n\nr = await c.execute_workflow(x, execution_mode="auto");'


def test_changes_marks_and_the_diff_name_their_cells() -> None:
    migration = adm.migrate_source(notebook([MARKDOWN, IMPORT, "x = 1\n# why\nc = Coordinator(1)"]))
    assert [change.path for change in migration.changes] == ["cell 2, line 1", "cell 3, line 3"]
    assert [left.path for left in migration.undecided] == ["cell 3, line 3"]
    mark = "# adm: Coordinator is called with arguments; it takes none here: what did they set?"
    assert sources(migration.text)[2] == f"x = 1\n# why\n{mark}\nc = EnhancedCoordinator(1)"
    assert "--- source (cell 2)\n+++ source (cell 2), migrated\n" in migration.diff


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"cells": [], "nbformat": 4', "is no notebook"),
        ('{"cells": []}', "it has no nbformat"),
        ('{"worksheets": [{"cells": []}], "nbformat": 3}', "open and save it once in JupyterLab"),
        ('{"cells": 3, "nbformat": 4}', "has no list of cells"),
        ("x = 1", "is no notebook"),
    ],
)
def test_what_is_no_notebook_is_refused(text: str, said: str, tmp_path: Any) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(adm.ConfigError, match=said):
        adm.migrate_source(tmp_path / "a.ipynb")
