"""The text that is being edited, and what it says: changes to values are made in the text, the rest of it stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adm_notebook.config.yaml_text import Positions, load_mapping
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.widgets.builder_entries import LISTS
from adm_notebook.widgets.yaml_edit import Path, parse_path, value_at, with_value, without

__all__ = ["Draft"]


class Draft:
    """YAML, as a user writes it.

    text       as it is
    values     what it says; where it can't be read, what it said before
    positions  where its keys stand
    unread     why it can't be read; () where it can
    """

    def __init__(self) -> None:
        self.text = ""
        self.values: dict[str, Any] = {}
        self.positions: Positions = {}
        self.unread: tuple[Problem, ...] = ()

    def read(self, text: str) -> None:
        """Take a text over."""
        self.text = text
        try:
            self.values, self.positions = load_mapping(text) if text.strip() else ({}, {})
            self.unread = ()
        except ConfigError as error:
            self.unread = tuple(error.problems)

    def at(self, path: str) -> Any:
        """The value at a path; None where there is none."""
        return value_at(self.values, parse_path(path))

    def set(self, path: str, value: Any) -> None:
        """Put a value at a path; None takes away what stands there.

        Raises
        ------
        ConfigError
            where the path leads nowhere, or the text can't be read.
        """
        self._check_readable()
        parts = parse_path(path)
        if value is not None:
            self.read(with_value(self._with_entries(parts), parts, value))
        elif value_at(self.values, parts) is not None:
            self.read(without(self.text, parts))

    def _with_entries(self, path: Path) -> str:
        """The text, in which an entry on the way that is a name alone has become a mapping, to hold more."""
        text = self.text
        for i in range(1, len(path)):
            here = value_at(self.values, path[:i])
            if isinstance(here, str) and (isinstance(path[i - 1], int) or path[i - 1] == "strategy"):
                text = with_value(text, path[:i], {"type": here})
        return text

    def remove(self, path: str) -> None:
        """Take away what stands at a path; ConfigError where nothing does."""
        self._check_readable()
        self.read(without(self.text, parse_path(path)))

    def add(self, which: str, kind: str, parameters: Mapping[str, Any]) -> None:
        """Add an entry to one of LISTS, after those that are there.

        Raises
        ------
        ConfigError
            for a type that is not known, with the nearest that is.
        """
        self._check_readable()
        where, registry = LISTS[which]
        if which != "strategies" or kind != "ensemble":
            kind = registry.canonical(kind)
        entry: dict[str, Any] = {"type": kind, **({"parameters": dict(parameters)} if parameters else {})}
        path, short_path = parse_path(where), ("backtest_config", "strategy")
        listed = value_at(self.values, path)
        short = value_at(self.values, short_path) if which == "strategies" else None
        if short is not None and listed is None:  # one strategy has a place of its own, several have not
            self.read(with_value(without(self.text, short_path), path, [short, entry]))
        elif isinstance(listed, list) and listed:
            self.read(with_value(self.text, (*path, len(listed)), entry))
        else:
            self.read(with_value(self.text, path, [entry]))

    def _check_readable(self) -> None:
        if self.unread:
            raise ConfigError(self.unread, "The YAML can't be read, so nothing in it can be changed")
