"""What changes between two configs: one row a key, in the words that every view of it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["ABSENT", "Change", "Unmapped"]


class _Absent:
    def __repr__(self) -> str:
        return "(not there)"


ABSENT: Final = _Absent()
"""Stands for the value of a key that a config doesn't have: None is a value."""


@dataclass(frozen=True)
class Change:
    """One key of two configs, or of a config and what it was migrated to.

    change   `+` only in the new one, `-` only in the old one, `~` another value, `>` the same value at another place,
             `=` unchanged
    path     where it stands in the new config, in the old one for `-`: optimization_config.strategies[0].type
    old, new its values; ABSENT where it is not there
    was      its path in the old config where that is another, else ""
    reason   why it changed, a phrase without a full stop: "The older name of the same parameter"
    """

    change: Literal["+", "-", "~", ">", "="]
    path: str
    old: object
    new: object
    was: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Unmapped:
    """A key of an old config that has no place in a new one.

    path    where it stands in the old config
    value   what it says
    advice  what to do about it: a sentence
    """

    path: str
    value: object
    advice: str
