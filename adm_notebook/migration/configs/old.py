"""An old config as it is read: a mapping, a WorkflowConfig or YAML, and every value of it with its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.workflow import read_text, unfilled
from adm_notebook.config.yaml_text import Positions, load_mapping
from adm_notebook.errors import ConfigError, Problem, shown

__all__ = ["TITLE", "Old", "merged", "read_old"]

TITLE = "The older config"
"""What errors about it begin with."""


class Old:
    """A value of an old config.

    path    where it stands: `strategies[0].parameters.fast_period`; "" is the whole
    fields  of a mapping, by key; empty for anything else
    items   of a list that holds mappings or lists; empty for anything else: a list of plain values is one value
    """

    __slots__ = ("fields", "items", "path", "value")

    def __init__(self, value: Any, path: str = "") -> None:
        self.value: Any = str(value) if isinstance(value, StrEnum) else value
        self.path = path
        self.fields: dict[str, Old] = {}
        self.items: list[Old] = []
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            self.fields = {key: Old(item, f"{path}.{key}" if path else key) for key, item in value.items()}
        elif isinstance(value, (list, tuple)) and any(isinstance(item, (Mapping, list, tuple)) for item in value):
            self.items = [Old(item, f"{path}[{i}]") for i, item in enumerate(value)]

    def __getitem__(self, key: str) -> Old:
        return self.fields[key]

    def __contains__(self, key: str) -> bool:
        return key in self.fields

    def text(self, key: str) -> str:
        """The text in a field; "" where there is none, or something else."""
        value = self.fields[key].value if key in self.fields else ""
        return value if isinstance(value, str) else ""

    def first(self, *keys: str) -> Old | None:
        """The first of these fields that there is."""
        return next((self.fields[key] for key in keys if key in self.fields), None)

    def flattened(self, *keys: str) -> Old:
        """The same with the fields of the first of these fields beside the others; it stands where it stood."""
        inner = self.first(*keys)
        if inner is None or not inner.fields:
            return self
        flat = Old({}, self.path)
        flat.fields = {**{key: item for key, item in self.fields.items() if item is not inner}, **inner.fields}
        flat.value = self.value
        return flat

    def leaves(self) -> Iterator[Old]:
        """The values that hold no others, in order."""
        below = [*self.fields.values(), *self.items]
        if not below:
            yield self
        for item in below:
            yield from item.leaves()

    def listed(self) -> list[Old]:
        """The items of a list, whatever they are; one that is no list stands for a list of itself."""
        if self.items:
            return self.items
        if isinstance(self.value, (list, tuple)):
            return [Old(item, f"{self.path}[{i}]") for i, item in enumerate(self.value)]
        return [self]


def read_old(old: object) -> tuple[Old, Positions]:
    """The whole of an old config, and where its keys stand in its text, if it has one.

    Raises
    ------
    ConfigError
        for anything that is none, and for text that can't be read.
    """
    if isinstance(old, WorkflowConfig):
        return Old(_shallow(old.to_dict())), old.positions
    if isinstance(old, Mapping):
        return Old(_shallow(dict(old))), {}
    if isinstance(old, (str, os.PathLike)):
        values, positions = load_mapping(read_text(old, TITLE), TITLE)
        return Old(values), positions
    message = f"must be a WorkflowConfig, a mapping, YAML text or the path of a file, but was {shown(old)}"
    raise ConfigError(Problem("", message), TITLE)


def _shallow(values: dict[Any, Any]) -> dict[Any, Any]:
    """The same; ConfigError where keys are no text, or values are nested without end."""
    odd = [Problem("", f"has the key {shown(key)}; keys must be text") for key in values if not isinstance(key, str)]
    deep = [p for key, item in values.items() for p in unfilled(item, str(key)) if "50 levels" in p.message]
    if odd or deep:
        raise ConfigError([*odd, *deep], TITLE)
    return values


def merged(root: Old) -> tuple[Old, list[tuple[Old, Old]], list[Old]]:
    """The config with its `base_config` below it; what of that is replaced, each with what replaces it; empty sections.

    A section that stands in both has the keys of both, and an empty one none to replace them with; elsewhere what
    stands outside `base_config` counts.
    """
    base = root.first("base_config")
    if base is None or not base.fields:
        return root, [], []
    replaced: list[tuple[Old, Old]] = []
    empty: list[Old] = []
    whole = Old({})
    whole.fields = {key: item for key, item in root.fields.items() if key != "base_config"}
    for key, below in base.fields.items():
        above = whole.fields.get(key)
        if above is None:
            whole.fields[key] = below
        elif above.fields and below.fields:
            both = Old({}, above.path)
            both.value = {**below.value, **above.value}
            both.fields = {**below.fields, **above.fields}
            whole.fields[key] = both
            replaced += [(item, above[name]) for name, item in below.fields.items() if name in above]
        elif below.fields and above.value in ({}, [], None):
            whole.fields[key] = below
            empty.append(above)
        else:
            replaced.append((below, above))
    whole.value = {key: item.value for key, item in whole.fields.items()}
    return whole, replaced, empty
