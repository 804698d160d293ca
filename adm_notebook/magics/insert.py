"""`{{name}}` in a cell: notebook variables put into the parsed YAML, never into its text.

Each `{{...}}` is masked, before parsing, by letters of its own length; after parsing the masks are exchanged for the
variables' values. So a list stays a list, what a variable holds can never become YAML, and columns stay as typed.
"""

from __future__ import annotations

import datetime as dt
import re
import types
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from adm_notebook.config.yaml_text import Positions, load_mapping
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["Undefined", "inserted", "look_up", "read_cell", "variables_of"]

_BRACES = re.compile(r"\{\{(.*?)\}\}")

# Tangut: letters to YAML and to repr(), and in nobody's configs. One numbers the insertion, the others frame and fill.
_START, _FILL, _FIRST = "\U00018800", "\U00018801", 0x17000
_MOST = 6000
_MASK = re.compile(f"{_START}([\U00017000-\U000187f7]){_FILL}*")

_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_MAX_DEPTH = 50


class Undefined(LookupError):
    """A `{{name}}` that stands for nothing that could be inserted; its text says why."""


def read_cell(text: str, namespace: Mapping[str, Any], first_line: int = 2) -> tuple[dict[str, Any], Positions]:
    """The mapping that a cell's YAML holds, variables inserted, and where each of its keys stands.

    Parameters
    ----------
    text
        the cell without its magic line.
    namespace
        the notebook's variables.
    first_line
        number of the text's first line in the cell as typed.

    Raises
    ------
    ConfigError
        for YAML that can't be read and variables that can't be inserted, with line and column in the cell as typed.
    """
    insertions = _Insertions(text, namespace, first_line)
    try:
        values, positions = load_mapping("\n" * (first_line - 1) + insertions.masked)
    except ConfigError as error:
        found = [Problem(insertions.bare(p.path), insertions.bare(p.message), p.line, p.column) for p in error.problems]
        raise ConfigError(found, error.title) from None
    filled = insertions.fill(values, "")
    if insertions.problems:
        raise ConfigError(insertions.problems)
    return filled, positions


def inserted(text: str, namespace: Mapping[str, Any]) -> Any:
    """The variable that `{{name}}`, as the whole of `text`, stands for; `text` itself if it is nothing like that.

    Raises
    ------
    Undefined
        where there is no such variable.
    """
    match = _BRACES.fullmatch(text.strip())
    return plain_value(look_up(match[1], namespace)) if match else text


def look_up(expression: str, namespace: Mapping[str, Any]) -> Any:
    """The value of `name` or `name.attr`; nothing is evaluated.

    Raises
    ------
    Undefined
        for other expressions, and for names and attributes that are not there.
    """
    path = expression.strip()
    if not _PATH.fullmatch(path):
        raise Undefined(f"{{{{{path}}}}} can't be inserted: only a variable's name or name.attribute can")
    name, *attributes = path.split(".")
    if name not in namespace:
        known = variables_of(namespace, with_modules=bool(attributes))
        raise Undefined(
            f"{{{{{path}}}}}: there is no variable {name} in this notebook.{did_you_mean(name, known)}".removesuffix(
                "."
            )
        )
    value = namespace[name]
    for attribute in attributes:
        if attribute.startswith("_"):
            raise Undefined(f"{{{{{path}}}}}: {attribute} is a private attribute; only public ones are inserted")
        try:
            value = getattr(value, attribute)
        except AttributeError:
            known = [k for k in dir(value) if not k.startswith("_")]
            message = (
                f"{{{{{path}}}}}: {type(value).__name__} has no attribute {attribute}.{did_you_mean(attribute, known)}"
            )
            raise Undefined(message.removesuffix(".")) from None
    if _is_code(value):
        kind = "a module" if isinstance(value, types.ModuleType) else "a function"
        raise Undefined(f"{{{{{path}}}}} is {kind}; only values can be inserted")
    return value


def variables_of(namespace: Mapping[str, Any], *, with_modules: bool) -> list[str]:
    """Names of the notebook's own variables that can be inserted; modules, too, where an attribute of theirs can."""
    return [
        name
        for name, value in list(namespace.items())
        if not name.startswith("_")
        and name not in ("In", "Out")
        and (not _is_code(value) or (with_modules and isinstance(value, types.ModuleType)))
    ]


def _is_code(value: object) -> bool:
    """Whether it is a module or a function, rather than a value."""
    return isinstance(value, types.ModuleType) or (callable(value) and not isinstance(value, type))


def plain_value(value: Any, depth: int = 0) -> Any:
    """A value as a config takes it: arrays, ranges and tuples as lists, numpy's numbers as Python's; lists are copied.

    Raises
    ------
    Undefined
        for containers nested too deep, such as a list that holds itself.
    """
    if depth > _MAX_DEPTH:
        raise Undefined(f"a variable is nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, Enum):
        return plain_value(value.value, depth + 1)
    if isinstance(value, Mapping):
        return {key: plain_value(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [plain_value(item, depth + 1) for item in value]
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    if getattr(value, "ndim", None) == 1 and hasattr(value, "tolist"):
        return [plain_value(item, depth + 1) for item in value.tolist()]
    return value


class _Insertions:
    """The insertions of one text: masks them, and exchanges the masks for values."""

    def __init__(self, text: str, namespace: Mapping[str, Any], first_line: int) -> None:
        self.namespace = namespace
        self.problems: list[Problem] = []
        self._expressions: list[str] = []
        self._places: list[tuple[int, int]] = []
        self._first_line = first_line
        for i, line in enumerate(text.split("\n")):
            if (at := line.find(_START)) >= 0:
                message = f"the character {_START} can't be read in a cell; leave it out"
                raise ConfigError(Problem("", message, first_line + i, at + 1))
        self.masked = "\n".join(
            _BRACES.sub(lambda match, i=i: self._mask(match, i), line)  # type: ignore[misc]  # mypy can't infer a lambda with a default
            for i, line in enumerate(text.split("\n"))
        )

    def _mask(self, match: re.Match[str], line: int) -> str:
        number = len(self._expressions)
        place = (self._first_line + line, match.start() + 1)
        if number >= _MOST:
            raise ConfigError(Problem("", f"has more than {_MOST:,} insertions (`{{{{name}}}}`)", *place))
        self._expressions.append(match[1])
        self._places.append(place)
        return f"{_START}{chr(_FIRST + number)}".ljust(len(match[0]), _FILL)

    def bare(self, text: str) -> str:
        """A text with its masks turned back into what the user typed."""
        return _MASK.sub(lambda match: f"{{{{{self._expressions[self._number(match)]}}}}}", text)

    def fill(self, value: Any, path: str) -> Any:
        """The parsed value with variables in the place of masks; collects problems."""
        if isinstance(value, dict):
            return {
                self._key(key, path): self.fill(item, f"{path}.{key}" if path else str(key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.fill(item, f"{path}[{i}]") for i, item in enumerate(value)]
        if not isinstance(value, str) or _START not in value:
            return value
        if match := _MASK.fullmatch(value):
            return self._value(match, self.bare(path))
        return _MASK.sub(lambda match: self._as_text(match, self.bare(path)), value)

    def _key(self, key: Any, path: str) -> Any:
        for match in _MASK.finditer(key) if isinstance(key, str) else ():
            self._problem(
                match, self.bare(path), f"{self.bare(match[0])} stands as a key; variables are inserted as values only"
            )
        return key

    def _value(self, match: re.Match[str], path: str) -> Any:
        try:
            return plain_value(look_up(self._expressions[self._number(match)], self.namespace))
        except Undefined as error:
            self._problem(match, path, str(error))
            return None

    def _as_text(self, match: re.Match[str], path: str) -> str:
        found = len(self.problems)
        value = self._value(match, path)
        if isinstance(value, (str, int, float, dt.date, PurePath)):
            return str(value)
        if len(self.problems) == found:
            kind = f"{self.bare(match[0])} is a {type(value).__name__}"
            self._problem(
                match,
                path,
                f"{kind} ({shown(value, 30)}), which can't stand inside a text; only text, numbers and dates can",
            )
        return ""

    def _number(self, match: re.Match[str]) -> int:
        return min(ord(match[1]) - _FIRST, len(self._expressions) - 1)

    def _problem(self, match: re.Match[str], path: str, message: str) -> None:
        self.problems.append(Problem(path, message, *self._places[self._number(match)]))
