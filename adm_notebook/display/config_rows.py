"""Changes of a config as rows: the key with its reason beneath, what it was, what it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from adm_notebook.display.diff_parts import MOST, Joined, Part, diff_row
from adm_notebook.display.grid import Column, Row
from adm_notebook.display.words import Key, Name, Note, Now, Was, Words, clip, plural
from adm_notebook.errors import shown
from adm_notebook.migration.changes import ABSENT, Change, Unmapped

__all__ = ["config_part", "counted_out", "joined_configs", "unmapped_part", "value_said"]

_PATH_MOST, _REASON_MOST, _VALUE_MOST = 200, 300, 120
_GIST_MOST = 4

_COLUMNS = (Column("Key", left=True), Column("Old", left=True), Column("New", left=True))


def config_part(changes: Sequence[Change], title: str = "Configuration", where: str = "") -> Part:
    """What changes, in the open; what doesn't, folded; `where` names what holds all of it."""
    apart = [c for c in changes if c.change != "="]
    equal = [c for c in changes if c.change == "="]
    names = [_last(c.path) for c in equal[:_GIST_MOST]]
    rest = len(equal) - len(names)
    gist = clip(", ".join(names), _REASON_MOST) + (f" and {rest:,} more" if rest else "")
    return Part(
        title,
        _COLUMNS,
        [_row(c) for c in apart[:MOST]],
        len(apart),
        where,
        equal=[_row(c) for c in equal[:MOST]],
        total_equal=len(equal),
        equal_title=f"{plural(len(equal), 'key')} unchanged" if equal else "",
        gist=[gist] if equal else (),
        fixed=True,
    )


def joined_configs(
    changes: Sequence[Change], names: tuple[str, str], unmapped: Sequence[Unmapped] = (), migrated: str = ""
) -> Joined:
    """Two configs: nothing was run.

    Parameters
    ----------
    unmapped, migrated
        where one of them has the older form: its name, and the keys of it that have no place in the form of today.
    """
    apart = sum(c.change != "=" for c in changes)
    old, new = (Name(clip(name, 80)) for name in names)
    migrated_said: Words = [Name(clip(migrated, 80)), " has the older form: what it migrates to was compared."]
    kinds = [("+", "added"), ("-", "removed"), ("~", "changed"), (">", "moved")]
    counted = [(word, sum(c.change == kind for c in changes)) for kind, word in kinds]
    title = f"Different: {counted_out('key', counted)}" if apart else "The same configuration"
    return Joined(
        title=[title],
        identical=not apart,
        sentences=[["Old: ", old, ", new: ", new, "."], *([migrated_said] if migrated else [])],
        above=[config_part(changes), unmapped_part(unmapped)],
    )


def counted_out(noun: str, counts: Sequence[tuple[str, int]]) -> str:
    """`2 keys changed, 1 added`: the kinds of which there are any.

    >>> counted_out("key", [("added", 0), ("changed", 2), ("moved", 1)])
    '2 keys changed, 1 moved'
    """
    (word, n), *others = [(word, n) for word, n in counts if n]
    return ", ".join([f"{plural(n, noun)} {word}", *(f"{n:,} {word}" for word, n in others)])


def unmapped_part(unmapped: Sequence[Unmapped], where: str = "") -> Part:
    """Keys that have no place in the new config, each with what to do about it."""
    rows = [
        diff_row(
            "?",
            [
                [Key(clip(u.path, _PATH_MOST)), Note(clip(u.advice, _REASON_MOST).replace("`", ""))],
                [Key(clip(value_said(u.value), _VALUE_MOST))],
                ["left out"],
            ],
        )
        for u in unmapped[:MOST]
    ]
    return Part("Not mapped", _COLUMNS, rows, len(unmapped), where, fixed=True)


def _row(change: Change) -> Row:
    old, new = value_said(change.old), value_said(change.new)
    renamed = bool(change.was) and _parent(change.was) == _parent(change.path)
    if renamed:  # the older name of the same parameter: its name stands beside the value
        old, new = f"{_last(change.was)}: {old}", f"{_last(change.path)}: {new}"
    moved = change.was and change.was != change.path and not renamed
    reason = [f"From {clip(change.was, _PATH_MOST)}"] if moved else []
    reason += [clip(change.reason, _REASON_MOST)] if change.reason else []
    key: list[str] = [
        Key(clip(change.path, _PATH_MOST)),
        *([Note(". ".join(reason).replace("`", ""))] if reason else []),
    ]
    return diff_row(change.change, [key, _old(change, old), _new(change, new)])


def _old(change: Change, said: str) -> Words:
    if change.old is ABSENT:
        return [""]
    kind: type[Key] = Key if change.change in "=>" else Was
    return [kind(clip(said, _VALUE_MOST))]


def _new(change: Change, said: str) -> Words:
    if change.new is ABSENT:
        return [""]
    kind: type[Key] = Key if change.change in "=>" else Now
    return [kind(clip(said, _VALUE_MOST))]


def value_said(value: Any, depth: int = 0) -> str:
    """A value as a config spells it, on one line.

    >>> value_said({"type": "ma_crossover", "fast": [5, 10.0], "on": True})
    '{type: ma_crossover, fast: [5, 10], on: true}'
    """
    if value is ABSENT:
        return ""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if value.strip() else f'"{value}"'
    if isinstance(value, float):
        return f"{value:.12g}" if math.isfinite(value) else {"nan": ".nan", "inf": ".inf"}.get(str(value), "-.inf")
    if isinstance(value, int):
        return str(value)
    if hasattr(value, "columns"):
        return f"DataFrame of {plural(len(value), 'row')}"
    if isinstance(value, Mapping) and depth < 5:
        inside = (f"{k}: {value_said(v, depth + 1)}" for k, v in list(value.items())[:20])
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, (list, tuple)) and depth < 5:
        return f"[{', '.join(value_said(v, depth + 1) for v in value[:40])}{', …' if len(value) > 40 else ''}]"
    return shown(value, _VALUE_MOST)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _parent(path: str) -> str:
    """The path without its last name, places in lists left out: renaming is no moving."""
    return path.rpartition(".")[0]
