"""Coordinators run plans: in the old way or the new, watched by events, with the same numbers."""

from adm_notebook.coordinator.coordinator import (
    Coordinator,
    EnhancedCoordinator,
    execute_backtest_workflow,
    recompute,
)
from adm_notebook.coordinator.run import Run

__all__ = ["Coordinator", "EnhancedCoordinator", "Run", "execute_backtest_workflow", "recompute"]
