"""Files that are migrated: read as they are, written beside the old ones or in their place, complete or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path

from adm_notebook.errors import ConfigError, Problem, RunError
from adm_notebook.folders import nearby, reason, short

__all__ = ["KINDS", "read_text", "write_beside", "write_in_place"]

KINDS = (".py", ".ipynb", ".yaml", ".yml")
"""Suffixes of files that can be migrated."""


def read_text(path: Path) -> str:
    """A file's text, its line ends and byte order mark as they are.

    Raises
    ------
    ConfigError
        where it can't be read, or is not UTF-8.
    """
    said, is_folder = short(path), False
    with suppress(OSError, ValueError):  # what is wrong with the path is told below
        is_folder = path.is_dir()
    if is_folder:
        raise ConfigError(Problem("", f"{said} is a folder; name one of its files"), "migrate")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{said} is not UTF-8 text (byte {error.start:,}); save it as UTF-8"
        raise ConfigError(Problem("", message), "migrate") from None
    except FileNotFoundError:
        raise ConfigError(Problem("", f"there is no file {said}{_near(path)}"), "migrate") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ConfigError(Problem("", f"{said} can't be read: {reason(error)}"), "migrate") from None


def _near(path: Path) -> str:
    from adm_notebook.errors import did_you_mean

    with suppress(OSError):
        names = [each.name for each in path.parent.iterdir() if each.suffix in KINDS]
        return did_you_mean(path.name, names).replace(" Did", ". Did")
    return ""


def write_beside(path: Path, text: str) -> Path:
    """Write the migrated text to a new file beside the old one, `old.migrated.py`.

    Raises
    ------
    RunError
        where that is there already, or can't be written.
    """
    target = path.with_name(f"{path.stem}.migrated{path.suffix}")
    try:
        _create(target, text.encode("utf-8"), path)
    except FileExistsError:
        raise RunError(
            f"{nearby(target)} is there already, and is not overwritten. "
            "Move or delete it and ask again; or write `--write --in-place`, which keeps a backup of the old file."
        ) from None
    except OSError as error:
        raise RunError(f"{nearby(target)} can't be written: {reason(error)}") from None
    return target


def write_in_place(path: Path, old: str, text: str) -> Path:
    """Write the migrated text in the place of the old file, whose bytes are kept in `old.py.bak`; returns that.

    A link stays a link: the file that it leads to is written.

    Raises
    ------
    RunError
        where the file is no longer what was migrated, or can't be written; it is then as it was.
    """
    path = path.resolve()
    kept = old.encode("utf-8")
    try:
        if path.read_bytes() != kept:
            raise RunError(f"{nearby(path)} has changed meanwhile, and is left as it is. Ask again.")
        backup = _backup(path, kept)
        staged = _staged(path, text.encode("utf-8"))
        try:
            shutil.copymode(path, staged)
            staged.replace(path)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunError(f"{nearby(path)} can't be written: {reason(error)}") from None
    return backup


def _backup(path: Path, content: bytes) -> Path:
    """Keep the old bytes in `old.py.bak`, or in `old.py.bak2` and so on: no backup is ever overwritten."""
    number = 1
    while True:
        backup = path.with_name(f"{path.name}.bak{number if number > 1 else ''}")
        try:
            _create(backup, content, path)
        except FileExistsError:
            number += 1
        else:
            return backup


def _create(target: Path, content: bytes, like: Path) -> None:
    """A new file, complete or not at all, as open to others as `like`; FileExistsError where there is one."""
    if target.exists() or target.is_symlink():
        raise FileExistsError(target)
    staged = _staged(target, content)
    try:
        shutil.copymode(like, staged)
        try:
            os.link(staged, target)  # unlike a rename, it fails where somebody has made the file meanwhile
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            with target.open("xb") as file:
                file.write(content)
    finally:
        staged.unlink(missing_ok=True)


def _staged(target: Path, content: bytes) -> Path:
    """The content in a file of its own beside its target, written through to the disk."""
    staged = target.with_name(f".adm-{uuid.uuid4().hex}")
    try:
        with staged.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    return staged
