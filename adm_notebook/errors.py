"""Every error that a user can cause, and how it reads.

AdmError
├── ConfigError   (ValueError)    a workflow that can't be planned: lists every problem at once
├── DataError     (ValueError)    prices that can't be used: names file, row and value
├── StrategyError (RuntimeError)  a strategy, indicator or source of the user's raised, or returned what can't be read
├── SignatureError (TypeError)    a function that can't be what it is registered as
├── CompatError   (ModuleNotFoundError)  an import of the older project's that adm.compat has nothing for
├── RunError      (RuntimeError)  a workflow could not go on, or its result is asked for what it doesn't hold
├── RunCancelled  (RuntimeError)  somebody stopped the run
└── RunTimedOut   (TimeoutError)  `timeout_seconds` ran out

In IPython each of them prints its few lines without a traceback and still fails the cell.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "AdmError",
    "CompatError",
    "ConfigError",
    "DataError",
    "Problem",
    "RunCancelled",
    "RunError",
    "RunTimedOut",
    "SignatureError",
    "StrategyError",
    "did_you_mean",
    "named",
    "shown",
]


class AdmError(Exception):
    """Base of all errors that are meant for the user's eyes."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback."""
        return str(self).splitlines()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a config.

    path     where, as a user would write it: `backtest_config.commission`, `optimization_config.strategies[0].type`
    message  what is wrong, what was seen, what is allowed; one or two sentences without a final full stop
    line, column  1-based place in the YAML text, where the config came from one
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None

    def under(self, prefix: str) -> Problem:
        """The same problem, its path seen from one level further out."""
        if not prefix:
            return self
        joint = "" if not self.path or self.path.startswith("[") else "."
        return replace(self, path=f"{prefix}{joint}{self.path}")

    @property
    def place(self) -> str:
        """`line 3, column 7`, or nothing where the config did not come from text."""
        return "" if self.line is None else f"line {self.line}, column {self.column}"


class ConfigError(AdmError, ValueError):
    """A workflow that can't be planned; `problems` holds everything that is wrong with it, in reading order."""

    def __init__(self, problems: Problem | str | Iterable[Problem], title: str = "WorkflowConfig") -> None:
        if isinstance(problems, str):
            problems = Problem("", problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.title = title
        super().__init__(self._text())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems, self.title)

    def _text(self) -> str:
        count = len(self.problems)
        head = f"{self.title}: {count} problem{'' if count == 1 else 's'}"
        width = min(44, max((len(p.path) for p in self.problems), default=0))
        lines = [head]
        for p in self.problems:
            place = f" ({p.place})" if p.place else ""
            lines.append(f"  {p.path:<{width}}{'  ' if width else ''}{p.message}{place}")
        return "\n".join(lines)


class DataError(AdmError, ValueError):
    """Prices that can't be used.

    `hint` is the sentence that helps: what to correct, or which setting to change.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(f"{message}\n{hint}" if hint else message)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.hint)


class StrategyError(AdmError, RuntimeError):
    """The user's own code raised, or returned something that can't be read; the cause is kept for `%tb`."""


class SignatureError(AdmError, TypeError):
    """A function, class or object that can't be the component or container that it is registered as."""


class CompatError(AdmError, ModuleNotFoundError):
    """An import of the older project's that `adm.compat` has nothing for.

    It has no `name`: Python would take its own, shorter message instead.
    """


class RunError(AdmError, RuntimeError):
    """A workflow could not go on, or a result is asked for something that it doesn't hold."""


class RunCancelled(AdmError, RuntimeError):
    """The run was stopped before it was done."""


class RunTimedOut(AdmError, TimeoutError):
    """`timeout_seconds` ran out before the run was done."""


NEAR = 0.61
"""Of 1, how alike a name must be to one that was meant: `golden` and `hold`, at 0.6, are not."""


def did_you_mean(name: object, allowed: Sequence[str]) -> str:
    """` Did you mean X?` for the nearest allowed name, or nothing if none is near.

    >>> did_you_mean("ma_crossovr", ["breakout", "ma_crossover"])
    ' Did you mean `ma_crossover`?'
    """
    lowered = {a.lower(): a for a in reversed(allowed)}
    near = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=NEAR)
    return f" Did you mean `{lowered[near[0]]}`?" if near else ""


def named(error: BaseException) -> str:
    """An error as a sentence names it: its type, and what it says, if anything.

    >>> named(KeyError("close")), named(KeyboardInterrupt())
    ("KeyError: 'close'", 'KeyboardInterrupt')
    """
    said = str(error).strip()
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def shown(value: object, limit: int = 60) -> str:
    """A value as an error shows it: `repr`, on one line, cut short where it is long."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001  # an object's own repr may raise anything, and the message must come out
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
