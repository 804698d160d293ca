"""Registries: components by name, with aliases; read at planning, written by `@adm.strategy` and its kin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = ["Registry"]

T = TypeVar("T")

_PLURALS = {"strategy": "strategies"}


class Registry(Generic[T]):
    """Components of one kind by name, whatever its case; `-` and space count as `_`.

    Parameters
    ----------
    kind
        what they are, in an error: `strategy`.
    built_in
        gives the built-ins by name; called at first use, so that importing the package stays quick.
    aliases
        other names, each with the name that it stands for.
    reserved
        names that mean something else where these components are named.
    """

    def __init__(
        self,
        kind: str,
        built_in: Callable[[], Mapping[str, T]] = dict,
        aliases: Mapping[str, str] | None = None,
        reserved: Iterable[str] = (),
    ) -> None:
        self.kind = kind
        self._reserved = frozenset(reserved)
        self._built_in: frozenset[str] = frozenset()
        self._load = built_in
        self._loaded: dict[str, T] | None = None
        self._aliases = {_plain(alias): _plain(name) for alias, name in (aliases or {}).items()}
        self._lock = threading.Lock()

    def canonical(self, name: object, path: str = "type") -> str:
        """The name under which a component is known, given that or an alias.

        Raises
        ------
        ConfigError
            at `path`, with what is known and what was probably meant.
        """
        known = self.snapshot()
        plain = _plain(name) if isinstance(name, str) else ""
        if plain in known:
            return plain
        if plain in self._aliases:
            return self._aliases[plain]
        if not isinstance(name, str):
            raise ConfigError(Problem(path, f"must be the name of a {self.kind}, but was {shown(name)}"))
        guess = did_you_mean(name, [*known, *self._aliases])
        listed = "" if guess else f". Known: {', '.join(sorted(known))}"
        if listed and len(known) > 30:
            listed = f". `%adm {_PLURALS.get(self.kind, f'{self.kind}s')}` lists them"
        raise ConfigError(Problem(path, f"unknown {self.kind} {shown(name)}{'.' if guess else ''}{guess or listed}"))

    def get(self, name: object, path: str = "type") -> T:
        """The component of that name or alias; ConfigError at `path` if there is none."""
        known = self.snapshot()
        item = known.get(name) if isinstance(name, str) else None
        return known[self.canonical(name, path)] if item is None else item

    def find(self, name: str) -> T | None:
        """The component of that name or alias, or None."""
        known = self.snapshot()
        plain = _plain(name)
        return known.get(plain) or known.get(self._aliases.get(plain, ""))

    def register(self, name: str, item: T) -> str:
        """Add a component. A user's own of that name is replaced; the sentence returned says so (else it is empty).

        Raises
        ------
        ConfigError
            for the name of a built-in: every config that names it would mean something else from then on.
        """
        plain = _plain(name)
        with self._lock:
            current = self._snapshot_locked()
            if plain in self._built_in or plain in self._aliases or plain in self._reserved:
                message = f"is built in and is not replaced; choose another name, e.g. my_{plain}"
                raise ConfigError(Problem(plain, message), f"The {self.kind}")
            replaced = plain in current
            # a new dict each time: a snapshot that somebody holds never changes under their eyes
            self._loaded = {**current, plain: item}
        return f"The {self.kind} `{plain}` was there already; it is replaced." if replaced else ""

    def is_built_in(self, name: str) -> bool:
        """Whether a name is one of this package's own, which nobody replaces."""
        self.snapshot()
        return _plain(name) in self._built_in

    def snapshot(self) -> Mapping[str, T]:
        """All components by name, as they are now; later registrations don't change it."""
        loaded = self._loaded
        if loaded is not None:
            return loaded
        with self._lock:
            return self._snapshot_locked()

    def _snapshot_locked(self) -> dict[str, T]:
        if self._loaded is None:
            self._loaded = dict(self._load())
            self._built_in = frozenset(self._loaded)
        return self._loaded

    def names(self) -> list[str]:
        """Names in alphabetical order, aliases left out."""
        return sorted(self.snapshot())

    def aliases_of(self, name: str) -> tuple[str, ...]:
        """Other names of a component, as they were declared."""
        return tuple(alias for alias, target in self._aliases.items() if target == name)

    def all_names(self) -> Iterable[str]:
        """Names and aliases: what a user may type."""
        return [*self.snapshot(), *self._aliases]


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
