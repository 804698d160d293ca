"""Where we write a folder: it appears complete or not at all, and never in place of what is not ours."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from adm_notebook.errors import RunError, shown

__all__ = ["Contents", "Staging", "nearby", "reason", "resolved", "short"]

fcntl: Any = None
with suppress(ImportError):  # Windows has none: folders are written without a lock there, and left-overs stay
    fcntl = import_module("fcntl")


@dataclass(frozen=True, slots=True)
class Contents:
    """What we write into a folder, so that nothing else is ever replaced by it.

    what       as errors name it: `a saved result`
    example    of what to type: `save("my_result")`
    is_ours    whether a folder is one that we wrote
    is_part    whether a file or folder in it belongs to what we write
    """

    what: str
    example: str
    is_ours: Callable[[Path], bool]
    is_part: Callable[[Path], bool]

    def check(self, folder: Path) -> None:
        """Refuse a folder that holds what is not ours, before anything is written.

        Raises
        ------
        RunError
            saying what it holds.
        """
        _refuse_what_is_not_ours(folder, self)


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


class Staging:
    """A new folder beside `folder`, to write into; `commit` lets it take that place at once, `discard` removes it.

    A process that is killed leaves `folder` as it was, or as it is to be. What else it left is removed by the next
    one that writes there: the living hold a lock on theirs.

    Parameters
    ----------
    folder
        absolute.

    Raises
    ------
    RunError
        where `folder` holds what is not ours.
    OSError
        where it can't be written.
    """

    def __init__(self, folder: Path, contents: Contents) -> None:
        self.folder, self._contents = folder, contents
        _refuse_what_is_not_ours(folder, contents)
        self._made = [parent for parent in folder.parents if not parent.exists()]
        self._open = True
        self._lock: int | None = None
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._clean()
            self.path = self._staged()
        except BaseException:
            self._remove_parents()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """What was not committed is gone."""
        self.discard()

    def commit(self) -> None:
        """Write everything through to the disk, and let it take the place of `folder`.

        Raises
        ------
        OSError
            where that fails; `folder` is then as it was.
        RunError
            where somebody put files into the older folder meanwhile, saying where they are now.
        """
        _refuse_what_is_not_ours(self.folder, self._contents)
        for path in (*self.path.rglob("*"), self.path):
            _through_to_disk(path)
        older = self._put_in_place()
        self._open = False
        _through_to_disk(self.folder.parent)
        self._unlock()
        left = None if older is None else _removed(older, self._contents)
        if left is not None:
            raise RunError(f"{self.folder} is written; files that somebody put there meanwhile are now in {left}")

    def discard(self) -> None:
        """Remove what was written, and the folders above it that were made for it."""
        if not self._open:
            return
        self._open = False
        shutil.rmtree(self.path, ignore_errors=True)
        self._unlock()
        self._remove_parents()

    def _remove_parents(self) -> None:
        for parent in self._made:  # the innermost first
            with suppress(OSError):
                parent.rmdir()

    # ---- the staging folder, and its lock ---------------------------------------------------------------------------

    @property
    def _prefix(self) -> str:
        """Staging folders of one folder are known by its name, which may be too long to be part of theirs."""
        return f".adm-{hashlib.sha256(os.fsencode(self.folder.name)).hexdigest()[:8]}-"

    def _staged(self) -> Path:
        while True:
            path = self.folder.with_name(f"{self._prefix}{uuid.uuid4().hex}")
            path.mkdir()  # not tempfile's, which nobody else may read: it is as open as its user's other files
            if fcntl is None:
                return path
            lock = _locked(path)
            if lock is None and path.exists():  # a file system without locks: nobody can take it for a left-over
                return path
            if lock is not None and path.exists():
                self._lock = lock
                return path
            if lock is not None:  # another process took it for a left-over before it was locked, and removed it
                os.close(lock)

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _clean(self) -> None:
        """Remove what processes left that were killed while they wrote here; put back what they had moved away."""
        for path in sorted(self.folder.parent.glob(f"{self._prefix}*")):
            lock = _locked(path)
            if lock is None:
                continue
            try:
                if not path.exists():  # whoever had locked it is done
                    continue
                if path.name.endswith(_OLDER) and not self.folder.exists():
                    path.rename(self.folder)
                elif self._contents.is_ours(path):  # complete, so it may have stood in the folder's place
                    _removed(path, self._contents)
                else:
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)

    # ---- taking the place -------------------------------------------------------------------------------------------

    def _put_in_place(self) -> Path | None:
        """Move the staging folder to `folder`; where what was there is now, if anything was."""
        if not self.folder.exists():
            self.path.rename(self.folder)
            return None
        if _exchanged(self.path, self.folder):
            return self.path
        older = self.path.with_name(f"{self.path.name}{_OLDER}")
        lock = _locked(self.folder)  # so that nobody puts it back in between
        try:
            self.folder.rename(older)
            try:
                self.path.rename(self.folder)
            except BaseException:
                older.rename(self.folder)
                raise
        finally:
            if lock is not None:
                os.close(lock)
        return older


_OLDER = ".older"


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the only lock on a folder; the system lets go of it when the process ends, however."""
    if fcntl is None:
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _exchanged(a: Path, b: Path) -> bool:
    """Whether two folders have changed places in one step; not every system and file system can do that."""
    if fcntl is None:
        return False
    library = ctypes.CDLL(None)
    old, new = os.fsencode(a), os.fsencode(b)
    if hasattr(library, "renameat2"):  # Linux: relative to the working folder (-100), RENAME_EXCHANGE (2)
        return bool(library.renameat2(-100, old, -100, new, 2) == 0)
    if hasattr(library, "renamex_np"):  # macOS: RENAME_SWAP (2)
        return bool(library.renamex_np(old, new, 2) == 0)
    return False


def _through_to_disk(path: Path) -> None:
    """Ask the system to write a file, or the names in a folder, to the disk now."""
    if fcntl is None and path.is_dir():  # Windows opens no folders
        return
    descriptor = os.open(path, os.O_RDONLY if fcntl is not None else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _removed(folder: Path, contents: Contents) -> Path | None:
    """Remove a staging folder that stood in the place of ours; where the rest is, if it holds something else too."""
    try:
        for path in folder.iterdir():
            if not contents.is_part(path):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        folder.rmdir()
    except FileNotFoundError:  # another process, which writes there too, is removing it
        return None
    except OSError:
        left = folder.with_name(f"left-over-{uuid.uuid4().hex[:8]}")  # where a user sees it, and we never look
        folder.rename(left)
        return left
    return None


# ---- what is there already ------------------------------------------------------------------------------------------


def _refuse_what_is_not_ours(folder: Path, contents: Contents) -> None:
    what = contents.what
    if folder == Path.cwd():
        raise RunError(f"{folder} is the folder you work in; name one inside it, such as {contents.example}")
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is there and is not a folder; name a new folder")
    names = sorted(p.name for p in folder.iterdir()) if folder.exists() else []
    if not names:
        return
    if not contents.is_ours(folder):
        raise RunError(f"{folder} is there and is not {what}: it holds {_listed(names)}; name a new folder")
    others = [name for name in names if not contents.is_part(folder / name)]
    if others:
        them = "it" if len(others) == 1 else "them"
        raise RunError(f"{folder} holds {_listed(others)} beside {what}; name a new folder, or move {them}")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def reason(error: Exception) -> str:
    """Why it failed, as a sentence ends."""
    return str(getattr(error, "strerror", None) or error)


def nearby(path: Path) -> str:
    """The path as a user would type it: from the folder they work in, where it lies in that."""
    with suppress(ValueError, OSError):  # elsewhere; or the working folder is gone
        path = path.relative_to(Path.cwd())
    return short(path)


def short(path: Path) -> str:
    """The path as an error shows it: cut where it is over-long."""
    text = str(path)
    return text if len(text) <= 200 else f"{text[:199]}…"
