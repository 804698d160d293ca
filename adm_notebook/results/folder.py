"""Where a result is saved: a folder that appears complete or not at all, and never in place of what is not ours."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adm_notebook.errors import RunError, shown

__all__ = ["PHASES", "reason", "replacing", "resolved", "short"]


PHASES = "phases"
"""The folder inside a result's own that holds the earlier phases of a hybrid workflow, each a result."""


def resolved(verb: str, directory: Any) -> Path:
    """The folder that a user of `verb` means, absolute; `~` and links are followed.

    Raises
    ------
    RunError
        where it names none: None, text with a NUL, `~` of an unknown user.
    """
    try:
        return Path(os.path.realpath(Path(directory).expanduser()))
    except (TypeError, ValueError, RuntimeError, OSError) as error:  # OSError: the working folder is gone
        why = f" ({error})" if isinstance(error, (RuntimeError, OSError)) else ""
        raise RunError(f'{verb}({shown(directory)}): name a folder, such as {verb}("my_result"){why}') from None


@contextmanager
def replacing(folder: Path, ours: Sequence[str], is_ours: Callable[[Path], bool]) -> Iterator[Path]:
    """A new folder to write into, which takes the place of `folder` when all is written; or is gone if that fails.

    Parameters
    ----------
    folder
        absolute.
    ours
        names of the files that may be replaced.
    is_ours
        whether a folder with files of these names is one that we wrote.

    Raises
    ------
    RunError
        where `folder` holds what is not ours.
    OSError
        where it can't be written.
    """
    _refuse_what_is_not_ours(folder, ours, is_ours)
    made = [parent for parent in folder.parents if not parent.exists()]
    staging = folder.with_name(f".adm-{uuid.uuid4().hex}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()  # not tempfile's, which nobody else may read: a result is as open as its user's other files
        yield staging
        _move(staging, folder, ours)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        for parent in made:  # the innermost first
            with suppress(OSError):
                parent.rmdir()
        raise


def _refuse_what_is_not_ours(folder: Path, ours: Sequence[str], is_ours: Callable[[Path], bool]) -> None:
    if folder == Path.cwd():
        raise RunError(f'{folder} is the folder you work in; name one inside it, such as save("my_result")')
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is there and is not a folder; name a new folder")
    names = sorted(p.name for p in folder.iterdir()) if folder.exists() else []
    if not names:
        return
    if not is_ours(folder):
        raise RunError(f"{folder} is there and is not a saved result: it holds {_listed(names)}; name a new folder")
    others = [
        name
        for name in names
        if not (name in ours and (folder / name).is_file()) and not _is_phases(folder / name, is_ours)
    ]
    if others:
        them = "it" if len(others) == 1 else "them"
        raise RunError(f"{folder} holds {_listed(others)} beside a saved result; name a new folder, or move {them}")


def _is_phases(path: Path, is_ours: Callable[[Path], bool]) -> bool:
    """Whether it is the folder in which a result keeps its phases: folders of results alone."""
    return path.name == PHASES and path.is_dir() and all(map(is_ours, path.iterdir()))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _move(staging: Path, folder: Path, ours: Sequence[str]) -> None:
    """Move `staging` to `folder`; what was there is removed then, or back in its place if that fails."""
    if not folder.exists():
        staging.rename(folder)
        return
    older = staging.with_name(f"{staging.name}.older")
    folder.rename(older)
    try:
        staging.rename(folder)
    except BaseException:
        older.rename(folder)
        raise
    for name in ours:
        (older / name).unlink(missing_ok=True)
    if (older / PHASES).is_dir():
        shutil.rmtree(older / PHASES)
    older.rmdir()  # which refuses if anything else came in meanwhile


def reason(error: Exception) -> str:
    """Why it failed, as a sentence ends."""
    return str(getattr(error, "strerror", None) or error)


def short(path: Path) -> str:
    """The path as an error shows it: cut where it is over-long."""
    text = str(path)
    return text if len(text) <= 200 else f"{text[:199]}…"
