"""Patterns by name: the library, one YAML file each, and the user's own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from adm_notebook.components.registry import Registry
from adm_notebook.errors import ConfigError, Problem, shown
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.reading import Source, from_text, from_value, is_file_name
from adm_notebook.patterns.validation import validate

__all__ = ["PATTERNS", "get", "library_names", "pattern_from", "register_pattern"]


def _library() -> dict[str, Pattern]:
    folder = files("adm_notebook.patterns") / "library"
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    order = ("simple_backtest", "full_backtest", "signal_generation", "signal_replay")
    patterns = {pattern.name: pattern for pattern in (from_text(text, None).pattern for text in texts)}
    return {name: patterns[name] for name in sorted(patterns, key=lambda n: (order.index(n) if n in order else 9, n))}


PATTERNS: Registry[Pattern] = Registry("pattern", _library)
"""Every pattern by name; those of the library are not replaced."""


def library_names() -> tuple[str, ...]:
    """The patterns that come with the package."""
    return tuple(_library())


def get(name: object, path: str = "parameters.container_pattern") -> Pattern:
    """The pattern of that name; ConfigError at `path`, with what was probably meant, if there is none."""
    return PATTERNS.get(name, path)


def register_pattern(
    pattern: Pattern | Mapping[str, Any] | Sequence[Any] | str | os.PathLike[str], name: str | None = None
) -> Pattern:
    """Make a pattern known by name: to `parameters.container_pattern`, `%adm patterns` and `extends`.

    Registering a name again replaces the pattern and says so; the same pattern again is no change and says nothing.

    Parameters
    ----------
    pattern
        a Pattern, a mapping as the YAML form has it, a list of containers, YAML text, or the path of a YAML file.
    name
        its name; left out, the pattern's own.

    Returns
    -------
    Pattern
        as it is registered.

    Raises
    ------
    ConfigError
        with everything that is wrong with it; for the name of a pattern of the library.

    Example
    -------
    >>> from adm_notebook import register_pattern
    >>> mine = register_pattern({"name": "no_votes", "extends": "simple_backtest", "remove": ["portfolio/ensemble"]})
    >>> print(mine.text())
    no_votes
    ├── data
    ├── indicators
    ├── portfolio
    │   └── strategies
    └── execution
    """
    source = _read(pattern, "", name)
    made = source.pattern if name is None or source.pattern.name == name else source.pattern.named(name)
    problems = source.placed(validate(made))
    if problems:
        raise ConfigError(problems, made.title)
    kept, said = keep(made)
    if said:
        print(said)
    return kept


def keep(pattern: Pattern) -> tuple[Pattern, str]:
    """Make a valid pattern known by its name; as it is known, and a sentence where it replaced another."""
    known = PATTERNS.find(pattern.name)
    if known == pattern and known is not None and known.extends == pattern.extends:
        return known, ""
    return pattern, PATTERNS.register(pattern.name, pattern)


def pattern_from(value: object, path: str = "parameters.pattern") -> Pattern:
    """A pattern as a config holds it, checked: a mapping, a list of containers, a name, or the path of a YAML file.

    Raises
    ------
    ConfigError
        with everything that is wrong with it, each problem's path below `path`.
    """
    if isinstance(value, Pattern):
        source = Source(value, {}, {}, path)
    elif isinstance(value, str) and "\n" not in value and not is_file_name(value):
        return get(value, path)
    else:
        source = _read(value, path, None)
    problems = source.placed(validate(source.pattern))
    if problems:
        raise ConfigError(problems, source.pattern.title)
    return source.pattern


def _read(value: object, path: str, name: str | None) -> Source:
    if isinstance(value, Pattern):
        return Source(value, {}, {}, path)
    if isinstance(value, (str, os.PathLike)):
        return from_text(value, name, path)
    if isinstance(value, (Mapping, list, tuple)):
        return from_value(value, path, name)
    message = f"must be a pattern: a mapping, a list of containers, YAML text or a file's path, but was {shown(value)}"
    raise ConfigError(Problem(path, message), "Pattern")
