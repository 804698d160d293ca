"""What a cell said and left behind; in a module of its own, since every folder's `conftest` has the same name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ran:
    """One cell that was run: whether it succeeded, what it raised, what it printed, and its rich outputs."""

    success: bool
    error: BaseException | None
    text: str
    outputs: list[Any]

    @property
    def plain(self) -> str:
        """The text of the first output."""
        return str(self.outputs[0].data["text/plain"])


Cell = Callable[[str], Ran]
