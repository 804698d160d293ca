"""Containers by name: one for each role, `stored_signals`, and the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.registry import Registry
from adm_notebook.patterns.roles import ROLES, role_words

__all__ = ["CONTAINERS", "BuiltInContainer", "ContainerType", "section_of"]

NO_PARAMETERS: Mapping[str, ParameterInfo] = MappingProxyType({})


class ContainerType(Protocol):
    """A kind of container: what it is for, what flows through it, its parameters.

    identity  a digest of the user's code; empty for what this package brings, which its version names
    """

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def consumes(self) -> tuple[str, ...]: ...
    @property
    def may_consume(self) -> tuple[str, ...]: ...
    @property
    def produces(self) -> tuple[str, ...]: ...
    @property
    def parameters(self) -> Mapping[str, ParameterInfo]: ...
    @property
    def identity(self) -> str: ...
    @property
    def sentence(self) -> str: ...


@dataclass(frozen=True, slots=True)
class BuiltInContainer:
    """A container of this package: the config fills it, so it has no parameters of its own.

    section  the config key that fills it; None where no key does
    """

    name: str
    role: str
    consumes: tuple[str, ...]
    may_consume: tuple[str, ...]
    produces: tuple[str, ...]
    sentence: str
    section: str | None
    parameters: Mapping[str, ParameterInfo] = field(default_factory=lambda: NO_PARAMETERS)
    identity: str = ""


def _built_in() -> dict[str, ContainerType]:
    table: dict[str, ContainerType] = {
        role.name: BuiltInContainer(
            role.name, role.name, role.consumes, role.may_consume, role.produces, role.sentence, role.section
        )
        for role in ROLES.values()
    }
    table["stored_signals"] = BuiltInContainer(
        name="stored_signals",
        role="strategy",
        consumes=("bars",),
        may_consume=(),
        produces=("targets", "regimes"),
        sentence="Reads targets and regimes that an earlier run kept in a signal store.",
        section="analysis_config.signals_path",
    )
    return table


CONTAINERS: Registry[ContainerType] = Registry(
    "container", _built_in, reserved=[word for word in role_words() if word not in ROLES]
)


def section_of(role: str, container: str | None) -> str | None:
    """The config key that fills a container: its role's, or that of the built-in; None for a user's own."""
    if container is None or container == role:
        return ROLES[role].section
    found = CONTAINERS.find(container)
    return found.section if isinstance(found, BuiltInContainer) else None
