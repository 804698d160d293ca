"""The words of an expression: what may stand in it at all, checked before Python's parser reads it."""

from __future__ import annotations

import keyword
import re
import unicodedata

from adm_notebook.components.expressions.errors import ExpressionError

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "check_words"]

MAX_LENGTH, MAX_DEPTH = 2_000, 40
"""Characters, and levels of nesting: far more than a rule needs, far less than would hurt."""

_WORD = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<name>[A-Za-z_]\w*)
      | (?P<operator><=|>=|==|!=|[-+*/<>=(),.\[\]])""",
    re.VERBOSE | re.ASCII,
)

_INSTEAD = {
    "&&": "write `and`", "||": "write `or`", "&": "write `and`", "|": "write `or`", "!": "write `not`",
    "<>": "write `!=`", "=>": "write `>=`", "=<": "write `<=`", ">>": "write `>`", "<<": "write `<`",
    "≥": "write `>=`", "≤": "write `<=`", "≠": "write `!=`",
    "//": "write `/`", "÷": "write `/`", "×": "write `*`", "−": "write `-`", "–": "write `-`", "%": "write 0.05 for 5%",
    "**": "there are no powers; multiply", "^": "there are no powers; multiply",
    '"': "leave the quotes out", "'": "leave the quotes out", "“": "leave the quotes out", "”": "leave the quotes out",
    "{": "use ( )", "}": "use ( )", "?": "use `and`, `or`", ":": "for the bar before write close[1]",
    "#": "leave the comment out", ";": "use `and`",
}  # fmt: skip
"""What people type from other languages, and what to type here."""

_LOWER = {"AND", "OR", "NOT", "And", "Or", "Not"}

_NO_WORDS = {*keyword.kwlist, "none", "null"} - {"and", "or", "not", "True", "False"}
"""Python's words that are no part of the language, and what other languages call None."""


def check_words(text: str) -> None:
    """Check length, nesting, and that only numbers, names and the operators of the language stand in it.

    Raises
    ------
    ExpressionError
        at the first thing that does not belong, with what to type instead where that is known.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"has {len(text):,} characters; at most {MAX_LENGTH:,} are read", text, MAX_LENGTH)
    at, depth, before = 0, 0, ""
    while at < len(text):
        pair = text[at : at + 2]
        found = None if pair in _INSTEAD else _WORD.match(text, at)
        if found is None:
            raise _foreign(text, at, pair)
        word = found.group()
        if found.lastgroup == "name" and word in _LOWER:
            raise ExpressionError(f"write `{word.lower()}` in lower case, not `{word}`", text, at)
        if found.lastgroup == "name" and word in _NO_WORDS:
            raise ExpressionError(f"`{word}` is not part of the rule language; it has `and`, `or`, `not`", text, at)
        if found.lastgroup == "name" and "__" in word:
            raise ExpressionError(f"`{word}`: names have no double underscores here", text, at)
        if word == "=" and not (before and depth):
            raise ExpressionError("a single `=` compares nothing; write `==`", text, at)
        depth += (word in ("(", "[")) - (word in (")", "]"))
        if depth > MAX_DEPTH:
            raise ExpressionError(f"is nested more than {MAX_DEPTH} deep", text, at)
        if found.lastgroup != "space":
            before = word if found.lastgroup == "name" else ""
        at = found.end()


def _foreign(text: str, at: int, pair: str) -> ExpressionError:
    word = pair if pair in _INSTEAD else text[at]
    if word[0].isdigit() or word[0] == ".":
        number = re.match(r"[\w.]+", text[at:])
        word = number.group() if number else word
        return ExpressionError(f"`{word}` is no number", text, at)
    if word in _INSTEAD:
        return ExpressionError(f"`{word}` is not part of the rule language; {_INSTEAD[word]}", text, at)
    if not word.isprintable() or word.isspace():  # a no-break space from a web page looks like any other
        named = f"U+{ord(word):04X}, {unicodedata.name(word, 'a control character').lower()},"
        return ExpressionError(f"the character {named} is not part of the rule language; type it anew", text, at)
    return ExpressionError(f"`{word}` is not part of the rule language", text, at)
