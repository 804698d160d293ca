"""A folder of ours appears complete or not at all, whatever the system can do, and whoever else writes there."""

from __future__ import annotations

from pathlib import Path

import pytest

from adm_notebook import RunError, folders
from adm_notebook.folders import Contents, Staging

OURS = Contents("our folder", '"mine"', lambda f: (f / "ours").is_file(), lambda p: p.name == "ours" and p.is_file())


@pytest.fixture(params=["in one step", "in two steps", "without locks"], autouse=True)
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the system can do: exchange two folders, only rename them, neither that nor lock them."""
    if request.param != "in one step":
        monkeypatch.setattr(folders, "_exchanged", lambda a, b: False)
    if request.param == "without locks":
        monkeypatch.setattr(folders, "fcntl", None)
    return str(request.param)


def write(folder: Path, text: str) -> None:
    with Staging(folder, OURS) as staging:
        (staging.path / "ours").write_text(text)
        staging.commit()


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_folder_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for text in ("one", "two"):
        write(tmp_path / "mine", text)
        assert (tmp_path / "mine" / "ours").read_text() == text
        assert names(tmp_path) == ["mine"]


def test_a_folder_of_the_longest_name_can_be_written(tmp_path: Path) -> None:
    write(tmp_path / ("x" * 255), "one")
    write(tmp_path / ("x" * 255), "two")
    assert names(tmp_path) == ["x" * 255]


def test_what_is_given_up_is_gone_with_the_folders_made_for_it(tmp_path: Path) -> None:
    with Staging(tmp_path / "deep" / "er" / "mine", OURS) as staging:
        (staging.path / "ours").write_text("one")
        (staging.path / "half").mkdir()
    assert names(tmp_path) == []


def test_files_that_came_in_meanwhile_are_not_lost(tmp_path: Path) -> None:
    write(tmp_path / "mine", "one")
    with Staging(tmp_path / "mine", OURS) as staging:
        (staging.path / "ours").write_text("two")
        (tmp_path / "mine" / "notes.md").write_text("years of work")
        with pytest.raises(RunError, match=r"holds notes\.md beside our folder"):
            staging.commit()
    assert names(tmp_path) == ["mine"]
    assert names(tmp_path / "mine") == ["notes.md", "ours"]
    assert (tmp_path / "mine" / "ours").read_text() == "one"


def test_files_that_came_in_at_the_last_moment_are_said_to_be_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "mine", "one")
    through = folders._through_to_disk

    def late(path: Path) -> None:
        (tmp_path / "mine" / "notes.md").write_text("years of work")
        monkeypatch.setattr(folders, "_through_to_disk", through)

    with Staging(tmp_path / "mine", OURS) as staging:
        (staging.path / "ours").write_text("two")
        monkeypatch.setattr(folders, "_through_to_disk", late)
        with pytest.raises(RunError, match="files that somebody put there meanwhile are now in") as raised:
            staging.commit()
    moved = Path(str(raised.value).rpartition(" in ")[2])
    assert (moved / "notes.md").read_text() == "years of work"
    assert (tmp_path / "mine" / "ours").read_text() == "two"
    write(tmp_path / "mine", "three")  # nor does the next one remove them
    assert (moved / "notes.md").read_text() == "years of work"


def test_what_the_dead_left_is_removed_and_what_they_moved_away_is_put_back(tmp_path: Path, system: str) -> None:
    if system == "without locks":
        pytest.skip("nobody can tell the dead from the living there, so that what they left stays")
    write(tmp_path / "mine", "one")
    dead = Staging(tmp_path / "mine", OURS)
    (dead.path / "half").write_text("")
    dead._unlock()  # as the system does for a process that was killed
    (tmp_path / "mine").rename(dead.path.with_name(f"{dead.path.name}.older"))  # between the two renames
    living = Staging(tmp_path / "mine", OURS)
    assert (tmp_path / "mine" / "ours").read_text() == "one"
    assert names(tmp_path) == sorted([living.path.name, "mine"])
    (living.path / "ours").write_text("two")
    other = Staging(tmp_path / "mine", OURS)
    assert living.path.exists()
    living.commit()
    other.discard()
    assert (tmp_path / "mine" / "ours").read_text() == "two"
    assert names(tmp_path) == ["mine"]
    dead.discard()
