"""Patterns: trees of containers that a user can read, change and extend; the library, validation, comparison."""

from adm_notebook.patterns.catalog import PATTERNS, get, pattern_from, register_pattern
from adm_notebook.patterns.compare import Change, PatternDiff, compare_patterns
from adm_notebook.patterns.fitting import Fit, containers_that_fit
from adm_notebook.patterns.flow import Flow, Step, flow
from adm_notebook.patterns.node import Limits, Node
from adm_notebook.patterns.pattern import Pattern
from adm_notebook.patterns.places import unplaced
from adm_notebook.patterns.registry import CONTAINERS, ContainerType, section_of
from adm_notebook.patterns.repairs import Repair, repair_of
from adm_notebook.patterns.roles import KINDS, ROLES, Role, canonical_role
from adm_notebook.patterns.validation import validate

__all__ = [
    "CONTAINERS",
    "KINDS",
    "PATTERNS",
    "ROLES",
    "Change",
    "ContainerType",
    "Fit",
    "Flow",
    "Limits",
    "Node",
    "Pattern",
    "PatternDiff",
    "Repair",
    "Role",
    "Step",
    "canonical_role",
    "compare_patterns",
    "containers_that_fit",
    "flow",
    "get",
    "pattern_from",
    "register_pattern",
    "repair_of",
    "section_of",
    "unplaced",
    "validate",
]
