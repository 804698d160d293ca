"""What differs between two configs, key by key: entries of lists are matched by what they are called, not by place."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from adm_notebook.migration.changes import ABSENT, Change

if TYPE_CHECKING:
    from adm_notebook.config import WorkflowConfig

__all__ = ["config_changes"]

_NAMED = ("strategies", "classifiers", "risk_profiles", "members", "phases")
"""Lists whose entries have a name, or else a type; a bare text is short for an entry of that type."""

_DEEPEST = 50


class _Leaf(NamedTuple):
    """One value of a config: where it stands, and what it is."""

    path: str
    value: Any


class _Entry(NamedTuple):
    """One entry of a named list: its path, and the key that it is matched by."""

    path: str
    key: tuple[str, ...]


def config_changes(
    old: WorkflowConfig | Mapping[str, Any], new: WorkflowConfig | Mapping[str, Any]
) -> tuple[Change, ...]:
    """One row for each key of two configs, in the order of the new one; what was removed stands where it was.

    Strategies, classifiers, risk profiles, members of ensembles and phases are matched by their name, else by their
    type, however they are ordered; an entry that left the order of the others is a row of its own. 5 and 5.0 are the
    same, 1 and true are not. DataFrames are compared as a whole.

    Examples
    --------
    >>> for row in config_changes({"backtest_config": {"commission": 0}}, {"backtest_config": {"commission": 0.001}}):
    ...     print(row.change, row.path, row.old, row.new)
    ~ backtest_config.commission 0 0.001
    """
    was, was_entries = _read(_mapping(old))
    now, now_entries = _read(_mapping(new))
    rows = [_row(key, was.get(key), now.get(key)) for key in _merged(list(was), list(now))]
    return (*_moved(was_entries, now_entries), *rows)


def _mapping(config: WorkflowConfig | Mapping[str, Any]) -> Mapping[str, Any]:
    from adm_notebook.config import WorkflowConfig

    return config.to_dict() if isinstance(config, WorkflowConfig) else config


_Key = tuple[str, ...]


def _read(config: Mapping[str, Any]) -> tuple[dict[_Key, _Leaf], list[_Entry]]:
    """The values of a config by a key that has no places in it, and the entries of its named lists."""
    leaves: dict[_Key, _Leaf] = {}
    entries: list[_Entry] = []

    def visit(value: Any, path: str, key: _Key, depth: int) -> None:
        name = key[-1] if key else ""
        if isinstance(value, Mapping) and value and depth < _DEEPEST:
            for k, inner in value.items():
                visit(inner, f"{path}.{k}" if path else str(k), (*key, str(k)), depth + 1)
        elif name in _NAMED and _is_listed(value) and depth < _DEEPEST:
            for i, (called, entry) in enumerate(_called(value)):
                entries.append(_Entry(f"{path}[{i}]", (*key, called)))
                given = entry if isinstance(entry, Mapping) else {"type": entry}
                visit(given, f"{path}[{i}]", (*key, called), depth + 1)
        else:
            leaves[key] = _Leaf(path, value)

    visit(config, "", (), 0)
    if leaves.keys() == {()}:  # an empty config
        leaves.clear()
    return leaves, entries


def _is_listed(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(v, (str, Mapping)) for v in value)


def _called(entries: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Each entry with its name, else its type; the second of a name is `name_2`, as results call it."""
    seen: dict[str, int] = {}
    for entry in entries:
        name = str(entry.get("name") or entry.get("type") or "") if isinstance(entry, Mapping) else str(entry)
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}_{seen[name]}"), entry


def _row(key: _Key, was: _Leaf | None, now: _Leaf | None) -> Change:
    if was is None and now is not None:
        return Change("+", now.path, ABSENT, now.value)
    if now is None and was is not None:
        return Change("-", was.path, was.value, ABSENT)
    if was is None or now is None:
        raise ValueError(f"{key} stands in neither config")
    same = _same(was.value, now.value)
    return Change("=" if same else "~", now.path, was.value, now.value, was=was.path if was.path != now.path else "")


def _merged(old: list[_Key], new: list[_Key]) -> list[_Key]:
    """All keys: those of the new config in its order, each removed one behind what it stood behind."""
    there = set(new)
    behind: dict[_Key | None, list[_Key]] = {}
    last: _Key | None = None
    for key in old:
        if key in there:
            last = key
        else:
            behind.setdefault(last, []).append(key)
    merged = list(behind.get(None, ()))
    for key in new:
        merged += [key, *behind.get(key, ())]
    return merged


def _moved(old: list[_Entry], new: list[_Entry]) -> list[Change]:
    """Entries that left the order of their list: the fewest that explain it."""
    places = {entry.key: i for i, entry in enumerate(old)}
    before = {entry.key: entry.path for entry in old}
    lists: dict[_Key, list[_Entry]] = {}
    for entry in new:
        if entry.key in places:
            lists.setdefault(entry.key[:-1], []).append(entry)
    rows = []
    for entries in lists.values():
        kept = _longest_increasing([places[entry.key] for entry in entries])
        rows += [
            Change(">", entry.path, entry.key[-1], entry.key[-1], before[entry.key], "Another place in the list")
            for entry in entries
            if places[entry.key] not in kept
        ]
    return rows


def _longest_increasing(values: list[int]) -> set[int]:
    """A longest increasing subsequence of distinct values, each value pointing at the one before it."""
    tails: list[int] = []
    before: dict[int, int | None] = {}
    for value in values:
        at = bisect_left(tails, value)
        before[value] = tails[at - 1] if at else None
        tails[at : at + 1] = [value]
    kept: set[int] = set()
    value_or_none = tails[-1] if tails else None
    while value_or_none is not None:
        kept.add(value_or_none)
        value_or_none = before[value_or_none]
    return kept


def _same(a: Any, b: Any) -> bool:
    """Whether two values mean the same in a config."""
    if a is b:
        return True
    if hasattr(a, "columns") or hasattr(b, "columns"):  # DataFrames
        return type(a) is type(b) and bool(a.equals(b))
    a, b = (v.tolist() if hasattr(v, "tolist") else v for v in (a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return bool(a == b)
