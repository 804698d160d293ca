"""The file that a checklist's progress is kept in: complete or not at all, and no damage stops anybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.migration.checklist.progress import FILE, forget, keep, read

items = st.dictionaries(
    st.text(max_size=10), st.fixed_dictionaries({"evidence": st.text(max_size=40), "on": st.just("2026-11-26")})
)


@given(items)
def test_what_is_kept_is_read(tmp_path_factory: pytest.TempPathFactory, kept: dict[str, dict[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("kept")
    assert keep(folder, "a.ipynb", kept) == ""
    assert read(folder, "a.ipynb").items == kept
    assert read(folder, "a.ipynb").trouble == ""
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_notebooks_of_one_folder_do_not_mix(tmp_path: Path) -> None:
    one, other = {"imports": {"evidence": "x", "on": "2026-11-26"}}, {"auto": {"evidence": "y", "on": "2026-11-25"}}
    keep(tmp_path, "a.ipynb", one)
    keep(tmp_path, "b.ipynb", other)
    assert (read(tmp_path, "a.ipynb").items, read(tmp_path, "b.ipynb").items) == (one, other)
    assert forget(tmp_path, "a.ipynb") == ""
    assert (read(tmp_path, "a.ipynb").items, read(tmp_path, "b.ipynb").items) == ({}, other)
    forget(tmp_path, "b.ipynb")
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 5000,
     b'{"format": 2, "notebooks": {}}',
     b'{"format": 1, "notebooks": {"a.ipynb": 3}}',
     b'{"format": 1, "notebooks": {"a.ipynb": {"imports": {}}}}', b'{"format": 1, "notebooks": {"a.ipynb": {"i": 5}}}'],
)  # fmt: skip
def test_a_damaged_file_is_said_kept_aside_and_replaced(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    found = read(tmp_path, "a.ipynb")
    assert found.items == {}
    assert "can't be read" in found.trouble
    assert keep(tmp_path, "a.ipynb", {"auto": {"evidence": "y", "on": "2026-11-25"}}) == ""
    assert (tmp_path / f"{FILE}.damaged").read_bytes() == damage
    assert list(read(tmp_path, "a.ipynb").items) == ["auto"]


def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    said = keep(tmp_path / "nowhere", "a.ipynb", {})
    assert "can't be written" in said
    assert "this session only" in said


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    keep(tmp_path, "a.ipynb", {"auto": {"evidence": "ran", "on": "2026-11-25"}})
    whole = json.loads((tmp_path / FILE).read_text())
    assert whole == {"format": 1, "notebooks": {"a.ipynb": {"auto": {"evidence": "ran", "on": "2026-11-25"}}}}
