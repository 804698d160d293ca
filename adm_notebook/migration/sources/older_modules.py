"""The one table of the older project's modules: what its imports give, and by which names we have that.

The imports of compat and the rewriting of sources both read it.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MODULES", "PACKAGES", "ROOT", "covered"]

ROOT = "src"

_TYPES = {"WorkflowConfig": "WorkflowConfig", "WorkflowResult": "WorkflowResult", "WorkflowType": "WorkflowType"}
_COORDINATOR = {"Coordinator": "Coordinator"}
_ENHANCED = {
    "EnhancedCoordinator": "EnhancedCoordinator",
    "execute_backtest_workflow": "execute_backtest_workflow",
    "is_simple_backtest": "is_simple_backtest",
}

MODULES: Mapping[str, Mapping[str, str]] = {
    "src.core.coordinator": {**_COORDINATOR, **_ENHANCED, **_TYPES},
    "src.core.coordinator.coordinator": {**_COORDINATOR, **_TYPES},
    "src.core.coordinator.enhanced_coordinator": {**_ENHANCED, **_TYPES},
    "src.core.coordinator.simple_types": _TYPES,
    "src.execution.containers": {"register_execution_containers": "register_execution_containers"},
}
"""Older module -> older name -> the name that `adm_notebook` has for it."""

PACKAGES = ("src", "src.core", "src.execution")
"""Packages on the way to the modules; they give nothing themselves."""


def covered() -> str:
    """What there is, as errors list it: `Coordinator, ... from src.core.coordinator.coordinator`, a line a module."""
    return "\n".join(f"  {module}: {', '.join(sorted(names))}" for module, names in MODULES.items())
