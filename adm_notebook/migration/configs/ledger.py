"""What became of each value of an old config: put somewhere, left out, without a place, or wrong; nothing is lost."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from adm_notebook.config.workflow import same
from adm_notebook.errors import Problem
from adm_notebook.migration.changes import ABSENT, Change, Unmapped
from adm_notebook.migration.configs.old import Old

__all__ = ["Ledger", "Target", "misspelt", "spelled"]

Target = tuple[str | int, ...]
"""A place in the new config: ("optimization_config", "strategies", 0, "type")."""

_SHORTEST = 4
"""Letters of a key that may be a slip for another."""


def spelled(target: Target) -> str:
    """`optimization_config.strategies[0].type`."""
    text = ""
    for part in target:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class Ledger:
    """The new config while it is made, and the account of the old one.

    new       its values, as `WorkflowConfig.from_mapping` reads them
    changes, unmapped, problems  in the order in which the old config was read
    no_prices                    whether the source of its prices has no place here
    """

    def __init__(self) -> None:
        self.new: dict[str, Any] = {}
        self.changes: list[Change] = []
        self.unmapped: list[Unmapped] = []
        self.problems: list[Problem] = []
        self.no_prices = False
        self._homes: dict[str, str] = {}
        self._put: set[str] = set()
        self._plain: set[str] = set()
        self._settled: set[str] = set()
        self._touched: set[str] = set()

    # ---- what becomes of a value --------------------------------------------------------------------------------

    def put(self, target: Target, value: Any, old: Old | None = None, reason: str = "") -> None:
        """Set a value of the new config; `old` is where it comes from, None where the old one says nothing of it."""
        text = spelled(target)
        if old is not None:
            self.settle(old)
            if text in self._put:
                self.wrong(old, f"says the same as {self._homes[text] or text}; keep one of them")
                return
        if not self._set(target, _copied(value)):
            if old is not None:
                self.wrong(old, f"says the same as {self.origin(spelled(target[:-1]))[0]}; keep one of them")
            return
        self._put.add(text)
        if old is not None and not isinstance(old.value, (Mapping, list, tuple)):
            self._plain.add(text)
        self._homes[text] = "" if old is None else old.path
        if old is None:
            self.changes.append(Change("+", text, ABSENT, value, reason=reason))
            return
        was = "" if old.path == text else old.path
        if not same(old.value, value):
            self.changes.append(Change("~", text, old.value, value, was, reason))
        elif was:
            self.changes.append(Change(">", text, old.value, value, was, reason))
        else:
            self.changes.append(Change("=", text, old.value, value))

    def carry(self, target: Target, old: Old, reason: str = "") -> None:
        """Set a value, or all values of a section or list, as they are."""
        self.home(target, old)
        for key, item in old.fields.items():
            self.carry((*target, key), item, reason)
        for i, item in enumerate(old.items):
            self.carry((*target, i), item, reason)
        if not old.fields and not old.items:
            self.put(target, old.value, old, reason)

    def drop(self, old: Old, reason: str) -> None:
        """Leave values out that mean nothing here, or nothing more: each is told."""
        for leaf in old.leaves():
            self.settle(leaf)
            self.changes.append(Change("-", leaf.path, leaf.value, ABSENT, reason=reason))

    def leave(self, old: Old, advice: str) -> None:
        """Say of a value, with all in it, that it has no place here, and what to do about it."""
        self.settle(old)
        self.unmapped.append(Unmapped(old.path, old.value, advice))

    def wrong(self, old: Old, message: str) -> None:
        """Note a problem of the old config."""
        self.settle(old)
        self.problems.append(Problem(old.path, message))

    def home(self, target: Target, old: Old) -> None:
        """Say where a section or entry of the new config comes from: problems of it stand there."""
        self._homes.setdefault(spelled(target), old.path)

    def settled(self, old: Old) -> bool:
        """Whether something was said of a value as a whole."""
        return old.path in self._settled

    # ---- what is left -------------------------------------------------------------------------------------------

    def rest(self, old: Old, known: Iterable[str], advice: Mapping[str, str] | None = None) -> None:
        """All keys of a section of which nothing has been said yet: misspelt ones are problems, others have no place.

        Parameters
        ----------
        known
            keys that the section may have.
        advice
            what to do about some keys; a sentence each.
        """
        names = sorted(set(known))
        for key, item in old.fields.items():
            if item.path in self._settled:
                continue
            if item.path in self._touched:
                for leaf in item.leaves():
                    self._rest_of(leaf)
            elif advice and key in advice:
                self.leave(item, advice[key])
            elif key in names:
                self.leave(item, "Another key here says it already: leave it out.")
            elif (meant := misspelt(key, names)) and meant not in old.fields:
                self.wrong(item, f"unknown key. Did you mean `{meant}`?")
            else:
                self.leave(item, _no_place(key, names))

    def sweep(self, root: Old, known: Iterable[str]) -> None:
        """The same for the whole config, down to its last value."""
        self.rest(root, known)
        for leaf in root.leaves():
            self._rest_of(leaf)

    def _rest_of(self, old: Old) -> None:
        path = old.path
        if path in self._touched:  # a list of plain values, of which each was told by itself
            return
        while path:
            if path in self._settled:
                return
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        if old.path:
            self.leave(old, _no_place(re.split(r"[.\[]", old.path)[-1], []))

    # ---- where things stand -------------------------------------------------------------------------------------

    def origin(self, path: str) -> tuple[str, bool]:
        """Where a path of the new config stands in the old one; and whether it does at all."""
        known = path
        while known and not self._homes.get(known):
            known = known[: max(known.rfind("."), known.rfind("["), 0)]
        if not known:
            return path, False
        below = "" if known in self._plain else path[len(known) :]  # a number has no parts there
        return f"{self._homes[known]}{below}", True

    def get(self, *target: str) -> Any:
        """A value of the new config; None where there is none."""
        value: Any = self.new
        for part in target:
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def settle(self, old: Old) -> None:
        """Count a value as accounted for: what was said of another says it, too."""
        self._settled.add(old.path)
        path = old.path
        while path:
            self._touched.add(path)
            path = path[: max(path.rfind("."), path.rfind("["), 0)]

    def _set(self, target: Target, value: Any) -> bool:
        """Set a value in the new config; False where something else stands in its way."""
        holder: Any = self.new
        for part, after in pairwise(target):
            empty: Any = [] if isinstance(after, int) else {}
            if isinstance(part, int):
                if part == len(holder):
                    holder.append(empty)
                holder = holder[part]
            else:
                holder = holder.setdefault(part, empty)
            if type(holder) is not type(empty):
                return False
        last = target[-1]
        if isinstance(last, int):
            if last == len(holder):
                holder.append(value)
            else:
                holder[last] = value
        else:
            holder[last] = value
        return True


def misspelt(key: str, known: Iterable[str]) -> str:
    """The known name that `key` is but for one slip of the hand; "" where there is none so near.

    A slip is a letter too many, too few or another, or two that changed places: `entry_threshold` is no slip for
    `exit_threshold`, as alike as they look.

    Examples
    --------
    >>> misspelt("stratgies", ["strategies", "risk"])
    'strategies'
    """
    plain = key.lower()
    if len(plain) < _SHORTEST:
        return ""
    return next((name for name in known if _one_slip(plain, name)), "")


def _one_slip(a: str, b: str) -> bool:
    """Whether two words differ by one letter, or by two neighbours in the other order."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest, other = a[start:], b[start:]
    changed = rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]
    return changed or (rest[:2] == other[:2][::-1] and rest[2:] == other[2:])


def _no_place(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.75)
    meant = f" If it was meant to be `{near[0]}`, rename it and migrate again." if near else ""
    return f"Nothing here reads `{key}`: leave it out, or keep it as a comment.{meant}"


def _copied(value: Any) -> Any:
    """Mappings and lists anew; everything else, a DataFrame too, is shared."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_copied, value)) if type(value) in (list, tuple) else list(map(_copied, value))
    return value
