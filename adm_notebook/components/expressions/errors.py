"""What is wrong with an expression, and where."""

from __future__ import annotations

from adm_notebook.errors import AdmError, Problem

__all__ = ["ExpressionError"]

_SHOWN = 76
"""Characters of a long expression that an error shows around the place in question."""


class ExpressionError(AdmError, ValueError):
    """An expression that can't be used: a sentence, the text, and the position (0-based) that is at fault."""

    def __init__(self, sentence: str, text: str, at: int) -> None:
        self.sentence, self.text, self.at = sentence, text, max(0, min(at, len(text)))
        super().__init__(f"{sentence} (column {self.at + 1})\n{self._pointed()}" if text.strip() else sentence)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.sentence, self.text, self.at)

    def _pointed(self, indent: str = "    ") -> str:
        text = "".join(" " if c.isspace() else c for c in self.text)
        start = max(0, min(self.at - _SHOWN // 2, len(text) - _SHOWN))
        window = text[start : start + _SHOWN]
        before, after = "…" if start else "", "…" if start + _SHOWN < len(text) else ""
        return f"{indent}{before}{window}{after}\n{indent}{' ' * (len(before) + self.at - start)}^"

    def problem(self, path: str) -> Problem:
        """The same as a problem of a config."""
        return Problem(path, str(self))
