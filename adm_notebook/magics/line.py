"""The magic lines, read: words as a shell would part them, options told from names, every slip said at once."""

from __future__ import annotations

import builtins
import difflib
import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = [
    "ACTIONS",
    "FLAGS",
    "OPTIONS",
    "REPLAY_OPTIONS",
    "CellLine",
    "Setting",
    "Word",
    "cell_line",
    "check_name",
    "replay_line",
    "usage_error",
    "words_of",
]

ACTIONS = ("run", "plan", "validate", "migrate")

OPTIONS = ("--mode", "--pattern", "--data", "--set")
FLAGS = ("--background", "--quiet")
REPLAY_OPTIONS = ("--set", "--mode", "--data", "--quiet")
"""What `%adm replay` takes of them."""

_OPENING, _CLOSING = "([{", ")]}"

_HISTORY = re.compile(r"In|Out|_+|_i*|_[oid]h|_i?\d+|__\w+__")
"""Names that IPython and Python keep for themselves."""

_OF_THE_SHELL = frozenset(("get_ipython", "display", "exit", "quit"))
"""What IPython puts into a notebook; without it a kernel is lost."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a magic line; `at` is its 0-based place in the line."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Setting:
    """What follows an option, KEY=VALUE after `--set`; `column` is its 1-based place in the cell's first line."""

    key: str
    value: str
    column: int


@dataclass(frozen=True, slots=True)
class CellLine:
    """What the line of a `%%adm` cell asks for.

    name      the variable for the result
    is_named  whether the user wrote it
    """

    action: str = "run"
    name: str = "result"
    is_named: bool = False
    mode: Setting | None = None
    pattern: Setting | None = None
    data: Setting | None = None
    settings: tuple[Setting, ...] = ()
    background: bool = False
    quiet: bool = False


def usage_error(magic: str, problems: Problem | Iterable[Problem]) -> ConfigError:
    """A magic line that can't be read; says where its form is explained."""
    return ConfigError(problems, title=f"{magic} (its form: %adm help)")


def words_of(line: str) -> list[Word]:
    """The words of a line: parted at blanks, but not inside quotes or brackets.

    Quotes around a word, or around what follows its `=`, are taken off; inside brackets they stay for YAML to read.

    Raises
    ------
    ValueError
        where a quote or a bracket is not closed.

    Examples
    --------
    >>> [w.text for w in words_of("run --set fast=[5, 10] --data 'my prices.csv'")]
    ['run', '--set', 'fast=[5, 10]', '--data', 'my prices.csv']
    """
    words: list[Word] = []
    text, start, quote, brackets = "", -1, "", ""
    for at, c in enumerate(line):
        if quote:
            if c == quote:
                quote = ""
                text += c if brackets else ""
            else:
                text += c
            continue
        if c.isspace() and not brackets:
            if start >= 0:
                words.append(Word(text, start))
            text, start = "", -1
            continue
        opens = c in "'\"" and (start < 0 or text.endswith("=") or bool(brackets))
        start = at if start < 0 else start
        if opens:
            quote = c
            text += c if brackets else ""
            continue
        if c in _OPENING:
            brackets += _CLOSING[_OPENING.index(c)]
        elif brackets and c == brackets[-1]:
            brackets = brackets[:-1]
        text += c
    if quote or brackets:
        raise ValueError(f"{shown(line[start:])} is not closed: {quote or brackets[-1]} is missing")
    if start >= 0:
        words.append(Word(text, start))
    return words


def check_name(name: str) -> str:
    """What is wrong with a name for a variable; empty if nothing is."""
    if not name.isidentifier():
        return "is no name for a variable: letters, digits and _ only, no digit first"
    if _HISTORY.fullmatch(name):
        return "belongs to IPython or Python; choose another name, e.g. my_run"
    if keyword.iskeyword(name):
        kind = "a keyword of Python"
    elif name in _OF_THE_SHELL:
        kind = "a function of IPython"
    elif hasattr(builtins, name):
        kind = "a builtin of Python"
    else:
        return ""
    return f"is {kind}; choose another name, e.g. {name}_run"


def cell_line(line: str) -> CellLine:
    """The line behind `%%adm`.

    Raises
    ------
    ConfigError
        for unknown options, values that are missing, and names that can't be.
    """
    try:
        words = words_of(line)
    except ValueError as error:
        raise usage_error("%%adm", Problem("", str(error))) from None
    reader = _CellLineReader()
    reader.read(words)
    if reader.problems:
        raise usage_error("%%adm", reader.problems)
    action, name = reader.action_and_name()
    if reader.problems:
        raise usage_error("%%adm", reader.problems)
    values = reader.values
    return CellLine(
        action=action,
        name=name or "result",
        is_named=name is not None,
        mode=values.get("--mode"),
        pattern=values.get("--pattern"),
        data=values.get("--data"),
        settings=tuple(reader.settings),
        background="--background" in reader.flags,
        quiet="--quiet" in reader.flags,
    )


def replay_line(line: str) -> tuple[str, CellLine]:
    """The line behind `%adm replay`: whose signals, and what the replay is asked for; its name is the variable's.

    Raises
    ------
    ConfigError
        for unknown options, values that are missing, and names that can't be.
    """
    magic = "%adm replay"
    try:
        words = words_of(line)
    except ValueError as error:
        raise usage_error(magic, Problem("", str(error))) from None
    reader = _CellLineReader(magic, REPLAY_OPTIONS)
    reader.read(words)
    names, form = reader.names, "is written `%adm replay NAME [VARIABLE] [--set KEY=VALUE ...] [--mode M] [--data D]`"
    if not names or len(names) > 2:
        got = f"got {' '.join(names)}" if names else "was given nothing"
        reader.problems.append(Problem("replay", f"{form}, but {got}"))
    elif len(names) == 2 and (wrong := check_name(names[1])):
        reader.problems.append(Problem(shown(names[1]), wrong))
    if reader.problems:
        raise usage_error(magic, reader.problems)
    own = names[0] if names[0].isidentifier() else ""
    name = names[1] if len(names) == 2 else own if own.endswith("_replay") else f"{own}_replay".lstrip("_")
    values = reader.values
    return names[0], CellLine(
        name=name,
        is_named=True,
        mode=values.get("--mode"),
        data=values.get("--data"),
        settings=tuple(reader.settings),
        quiet="--quiet" in reader.flags,
    )


class _CellLineReader:
    """Sorts words into options, flags and names; collects what is wrong."""

    def __init__(self, magic: str = "%%adm", known: Sequence[str] = (*OPTIONS, *FLAGS)) -> None:
        self.magic, self.known = magic, known
        self.problems: list[Problem] = []
        self.values: dict[str, Setting] = {}
        self.settings: list[Setting] = []
        self.flags: set[str] = set()
        self.names: list[str] = []

    def read(self, words: Sequence[Word]) -> None:
        remaining = list(words)
        while remaining:
            word = remaining.pop(0)
            if not word.text.startswith("-"):
                self.names.append(word.text)
                continue
            option, joined, value = word.text.partition("=")
            at = word.at + len(option) + 1
            if option in OPTIONS and not joined and remaining and not remaining[0].text.startswith("--"):
                following = remaining.pop(0)
                joined, value, at = "=", following.text, following.at
            self._option(option, bool(joined), value, at)

    def _option(self, option: str, has_value: bool, value: str, at: int) -> None:
        column = len(self.magic) + 1 + at + 1
        if option not in self.known:
            self.problems.append(Problem(option, _unknown(option, self.known, "option")))
        elif option in FLAGS:
            if has_value:
                self.problems.append(Problem(option, "takes no value"))
            self.flags.add(option)
        elif not value:
            needs = {
                "--set": "KEY=VALUE, e.g. --set commission=0.002",
                "--mode": "a value: auto, traditional, composable or hybrid",
                "--pattern": "a value: the name of a pattern; `%adm patterns` lists them",
                "--data": "a file, a DataFrame's name or `sample`",
            }
            self.problems.append(Problem(option, f"needs {needs.get(option, 'a value')}"))
        elif option == "--set":
            key, equals, text = value.partition("=")
            if not key or not equals or not text.strip():
                self.problems.append(Problem(f"--set {value}", "must be KEY=VALUE, e.g. --set commission=0.002"))
            else:
                self.settings.append(Setting(key.strip(), text, column))
        elif option in self.values:
            self.problems.append(Problem(option, f"stands here twice: {self.values[option].value} and {value}"))
        else:
            self.values[option] = Setting(option, value, column)

    def action_and_name(self) -> tuple[str, str | None]:
        """`[ACTION] [NAME]`; a lone word that all but is an action is taken for a slip, not for a name."""
        action, name = "run", None
        names = list(self.names)
        if names and names[0] in ACTIONS:
            action = names.pop(0)
        elif names and (len(names) > 1 or _is_slip(names[0])):
            message = _unknown(names[0], ACTIONS, "action")
            message += f" To name the result so, write `%%adm run {names[0]}`." if len(names) == 1 else ""
            self.problems.append(Problem(shown(names[0]), message.removesuffix(".")))
            return action, None
        if names:
            name = names.pop(0)
            if wrong := check_name(name):
                self.problems.append(Problem(shown(name), wrong))
        if names:
            self.problems.append(Problem(shown(names[0]), "is one word too many: after the action stands one name"))
        return action, name


def _is_slip(name: str) -> bool:
    """Whether a lone word is an action but for a letter: `validat`, not `run1` or `later`."""
    return name.isalpha() and bool(difflib.get_close_matches(name.lower(), ACTIONS, n=1, cutoff=0.85))


def _unknown(name: str, known: Sequence[str], kind: str) -> str:
    guess = did_you_mean(name, known)
    return f"unknown {kind}.{guess}" if guess else f"unknown {kind}. Known: {', '.join(known)}"
