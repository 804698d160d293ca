"""What a check of the checklist found: a state, evidence in words, and what one would type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State", "listed"]

State = Literal["done", "open", "unneeded", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    words     the evidence, or what is missing: a sentence; code stands between backticks
    volatile  figures that differ from run to run: times, memory
    command   what would do it; for what is done, nothing
    """

    state: State
    words: str
    volatile: str = ""
    command: str = ""


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b, c and 4 more`.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a and b', 'a, b, c and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
