"""Patterns: trees of containers that a user can read, change and extend; the library, validation, comparison."""

from adm_notebook.patterns.catalog import PATTERNS, get, pattern_from, register_pattern
from adm_notebook.patterns.flow import Flow, Step, flow
from adm_notebook.patterns.node import Limits, Node
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.registry import CONTAINERS, ContainerType, section_of
from adm_notebook.patterns.roles import KINDS, ROLES, Role, canonical_role
from adm_notebook.patterns.validation import unplaced, validate

__all__ = [
    "CONTAINERS",
    "KINDS",
    "PATTERNS",
    "ROLES",
    "ContainerType",
    "Flow",
    "Limits",
    "Node",
    "Pattern",
    "Role",
    "Step",
    "canonical_role",
    "flow",
    "get",
    "pattern_from",
    "register_pattern",
    "section_of",
    "unplaced",
    "validate",
]
