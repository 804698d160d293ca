"""The folder of a saved result: which files are its own, and how they are replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adm_notebook.folders import Contents, Staging, reason, resolved, short

__all__ = ["PHASES", "contents_of", "reason", "replacing", "resolved", "short"]


PHASES = "phases"
"""The folder inside a result's own that holds the earlier phases of a hybrid workflow, each a result."""


def contents_of(ours: Sequence[str], is_ours: Callable[[Path], bool]) -> Contents:
    """What a saved result consists of: files of these names, and the folder of its phases."""

    def is_part(path: Path) -> bool:
        return (path.name in ours and path.is_file()) or _is_phases(path, is_ours)

    return Contents("a saved result", 'save("my_result")', is_ours, is_part)


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
    with Staging(folder, contents_of(ours, is_ours)) as staging:
        yield staging.path
        staging.commit()


def _is_phases(path: Path, is_ours: Callable[[Path], bool]) -> bool:
    """Whether it is the folder in which a result keeps its phases: folders of results alone."""
    return path.name == PHASES and path.is_dir() and all(map(is_ours, path.iterdir()))
