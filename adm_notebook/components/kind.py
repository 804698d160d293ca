"""A kind of component, as a registry has it: its name, its parameters, and how one is built of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

__all__ = ["Kind", "ParameterInfo"]

Built = TypeVar("Built", covariant=True)


class ParameterInfo(NamedTuple):
    """What planning, tables and forms need to know of a parameter; `type` is None where any value will do."""

    type: type | None
    default: Any
    description: str = ""
    required: bool = False


class Kind(Protocol[Built]):
    """What it is, its parameters, and how one is built.

    identity  a digest of the user's code; empty for what this package brings, which its version names
    """

    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, ParameterInfo]: ...
    @property
    def older_names(self) -> Mapping[str, str]: ...
    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]: ...
    def build(self, given: Mapping[str, Any], path: str) -> Built: ...
