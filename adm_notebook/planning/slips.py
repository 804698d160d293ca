"""Slips in naming a strategy that a reader of the error would rather be shown than told: what to type instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adm_notebook.components import canonical_type, parameters_of
from adm_notebook.errors import ConfigError, shown

__all__ = ["as_a_key", "beside_parameters", "in_yaml"]


def beside_parameters(kind: object, key: object, value: Any, entry: str = "") -> str:
    """What is wrong with `lookback` beside `type: momentum`: it is a parameter; nothing, where it is none.

    entry  how the strategy is to be written with it; beside `type` it is the key `parameters` alone
    """
    try:
        known = parameters_of(canonical_type(kind, "type"))
    except ConfigError:  # an unknown strategy is told by itself
        return ""
    if key not in known:
        return ""
    held = f"parameters: {{{key}: {in_yaml(value)}}}"
    return f"is a parameter of {kind}; write {entry.format(held) if entry else held}"


def as_a_key(item: Mapping[Any, Any]) -> str:
    """What is wrong with `{momentum: {lookback: 3}}`, where `type` is left out; nothing, where it is something else."""
    if len(item) != 1:
        return ""
    (kind, value), *_ = item.items()
    try:
        canonical_type(kind, "type")
    except ConfigError:
        return ""
    parameters = value.get("parameters", value) if isinstance(value, Mapping) else None
    if not parameters:
        return f"names a strategy without `type`; write {kind} alone, or {{type: {kind}, parameters: ...}}"
    return f"names a strategy without `type`; write {{type: {kind}, parameters: {in_yaml(parameters)}}}"


def in_yaml(value: Any) -> str:
    """A value as it is typed in YAML, if it is short."""
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{name}: {in_yaml(item)}" for name, item in value.items()) + "}"
    elif isinstance(value, (list, tuple)):
        text = "[" + ", ".join(map(in_yaml, value)) + "]"
    else:
        text = str(value) if isinstance(value, (bool, int, float, str)) else shown(value)
        text = text.lower() if isinstance(value, bool) else text
    return text if len(text) <= 60 else "..."
