"""How far a migration is, kept in a small file beside the notebook; damage is said, and never stops anybody."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["FILE", "Kept", "forget", "keep", "read"]

FILE = ".adm_checklist.json"

_FORMAT = 1
_IN_SESSION = "Progress is kept in this session only."
_MOST = 1_000_000  # bytes of a file that is read
_DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file holds.

    items    of one notebook: item -> {"evidence": ..., "on": "2026-11-26"}
    trouble  what is wrong with the file, a sentence; empty if nothing is
    """

    items: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    trouble: str = ""


def read(folder: Path, notebook: str) -> Kept:
    """What was kept of a notebook; of a damaged file nothing, and what is wrong with it."""
    path = folder / FILE
    try:
        if path.stat().st_size > _MOST:
            raise ValueError("it is larger than any checklist")
        items = _notebooks(path).get(notebook, {})
        return Kept({name: dict(item) for name, item in items.items()})
    except FileNotFoundError:
        return Kept()
    except _DAMAGE as error:
        why = getattr(error, "strerror", None) or "it is damaged"
        return Kept(trouble=f"`{FILE}` can't be read ({why}): what earlier sessions had done is not counted.")


def keep(folder: Path, notebook: str, items: Mapping[str, Mapping[str, str]]) -> str:
    """Write what is done, complete or not at all; says in a sentence why it could not, else nothing.

    A damaged file is kept under another name.
    """
    path = folder / FILE
    try:
        notebooks = _notebooks(path)
    except FileNotFoundError:
        notebooks = {}
    except _DAMAGE:
        notebooks = {}
        try:
            path.replace(path.with_name(f"{FILE}.damaged"))
        except OSError as error:
            return f"`{FILE}` is damaged and can't be replaced: {error.strerror or error}. {_IN_SESSION}"
    return _written(path, {**notebooks, notebook: {name: dict(item) for name, item in items.items()}})


def forget(folder: Path, notebook: str) -> str:
    """Take a notebook out of the file; says in a sentence why it could not, else nothing."""
    path = folder / FILE
    try:
        notebooks = _notebooks(path)
    except FileNotFoundError:
        return ""
    except _DAMAGE:
        notebooks = {}
    notebooks.pop(notebook, None)
    if notebooks:
        return _written(path, notebooks)
    try:
        path.unlink()
    except OSError as error:
        return f"`{FILE}` can't be removed: {error.strerror or error}."
    return ""


def _notebooks(path: Path) -> dict[str, dict[str, Any]]:
    """The notebooks in a file; ValueError where it is none of ours."""
    whole = json.loads(path.read_text(encoding="utf-8"))
    notebooks = whole["notebooks"] if isinstance(whole, dict) and whole.get("format") == _FORMAT else None
    if not isinstance(notebooks, dict):
        raise ValueError("it is no checklist")
    for items in notebooks.values():
        for item in items.values():
            if not all(isinstance(value, str) for value in (item["evidence"], item["on"])):
                raise ValueError("it is no checklist")
    return notebooks


def _written(path: Path, notebooks: Mapping[str, Any]) -> str:
    staged = path.with_name(f".adm-{uuid.uuid4().hex}")
    text = json.dumps({"format": _FORMAT, "notebooks": notebooks}, ensure_ascii=False, indent=1, sort_keys=True)
    try:
        try:
            with staged.open("x", encoding="utf-8") as file:
                file.write(f"{text}\n")
                file.flush()
                os.fsync(file.fileno())
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)
    except OSError as error:
        return f"`{FILE}` can't be written: {error.strerror or error}. {_IN_SESSION}"
    return ""
