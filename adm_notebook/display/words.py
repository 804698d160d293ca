"""Sentences with names and code in them, told apart until they are drawn: names come from users, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = [
    "Code",
    "Key",
    "Name",
    "Note",
    "Now",
    "Was",
    "Words",
    "clip",
    "enumerated",
    "marked",
    "plain",
    "plural",
    "unique",
]


class Name(str):
    """What a user called something."""

    __slots__ = ()


class Code(str):
    """What one types."""

    __slots__ = ()


class Key(Code):
    """A key or a value of a config."""

    __slots__ = ()


class Was(Key):
    """What one typed before: struck through."""

    __slots__ = ()


class Now(Key):
    """What one types now instead."""

    __slots__ = ()


class Note(str):
    """A few small words beneath the others, on a line of their own; where there are no styles, too."""

    __slots__ = ()


Words = Sequence[str]
"""Fragments of a sentence: `Name`, `Code`, or plain words."""

_LINE_BREAKS = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")


def clip(text: str, most: int) -> str:
    """`text` on one line, cut with an ellipsis where it is longer than `most` characters."""
    text = _LINE_BREAKS.sub(" ", text).strip()
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def plain(words: Words) -> str:
    """The sentence as text."""
    return "".join(words)


def enumerated(items: Sequence[str], kind: type[str] = Name) -> list[str]:
    """`a`, `a and b`, `a, b and c` as fragments.

    >>> plain(enumerated(["a", "b", "c"]))
    'a, b and c'
    """
    joints = ["", *[", "] * (len(items) - 2), " and "]
    return [part for joint, item in zip(joints, items, strict=False) for part in (joint, kind(item)) if part]


def marked(text: str, most: int = 600) -> list[str]:
    """A sentence of ours that sets code between backticks, as fragments."""
    parts = clip(text, most).split("`")
    if len(parts) % 2 == 0:  # an unpaired backtick is just a character
        return [clip(text, most)]
    return [Code(part) if i % 2 else part for i, part in enumerate(parts) if part]


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 row`, `1,042 rows`.

    >>> plural(1, "row"), plural(1042, "row"), plural(2, "has", "have")
    ('1 row', '1,042 rows', '2 have')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def unique(items: Iterable[str]) -> list[str]:
    """Each item once, in order of first appearance."""
    return list(dict.fromkeys(items))
