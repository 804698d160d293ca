"""adm_notebook: backtests in a notebook cell.

`%load_ext adm_notebook`, then a `%%adm` cell; or `EnhancedCoordinator().run(WorkflowConfig(...))` in Python.
Every name below is imported when it is first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from adm_notebook._version import __version__ as __version__

_HOME = {
    "AdmError": "errors",
    "ConfigBuilder": "widgets.builder",
    "ConfigError": "errors",
    "Coordinator": "coordinator",
    "DataError": "errors",
    "DiffView": "widgets.diff",
    "EnhancedCoordinator": "coordinator",
    "PatternEditor": "widgets.editor",
    "Run": "coordinator",
    "RunError": "errors",
    "SignalStore": "signals",
    "Simulation": "engine.simulate",
    "StrategyError": "errors",
    "WorkflowConfig": "config",
    "WorkflowResult": "results",
    "WorkflowType": "config",
    "classifier": "components",
    "compare_results": "results",
    "compat": "migration",
    "container": "containers",
    "execute_backtest_workflow": "coordinator",
    "explore": "widgets.explorer",
    "indicator": "components",
    "is_simple_backtest": "planning",
    "migrate_config": "migration.configs.migrate",
    "migrate_source": "migration",
    "register_execution_containers": "containers",
    "register_pattern": "patterns",
    "register_source": "market",
    "risk_profile": "components",
    "simulate": "engine.simulate",
    "strategy": "components",
    "verify_migration": "migration.proof.verify",
}

__all__ = [  # sorted as dir() sorts, capitals first; a test compares the two
    "AdmError",
    "ConfigBuilder",
    "ConfigError",
    "Coordinator",
    "DataError",
    "DiffView",
    "EnhancedCoordinator",
    "PatternEditor",
    "Run",
    "RunError",
    "SignalStore",
    "Simulation",
    "StrategyError",
    "WorkflowConfig",
    "WorkflowResult",
    "WorkflowType",
    "classifier",
    "compare_results",
    "compat",
    "container",
    "execute_backtest_workflow",
    "explore",
    "indicator",
    "is_simple_backtest",
    "migrate_config",
    "migrate_source",
    "register_execution_containers",
    "register_pattern",
    "register_source",
    "risk_profile",
    "simulate",
    "strategy",
    "verify_migration",
]

if TYPE_CHECKING:
    from adm_notebook.components import classifier, indicator, risk_profile, strategy
    from adm_notebook.config import WorkflowConfig, WorkflowType
    from adm_notebook.containers import container, register_execution_containers
    from adm_notebook.coordinator import Coordinator, EnhancedCoordinator, Run, execute_backtest_workflow
    from adm_notebook.engine.simulate import Simulation, simulate
    from adm_notebook.errors import AdmError, ConfigError, DataError, RunError, StrategyError
    from adm_notebook.market import register_source
    from adm_notebook.migration import compat, migrate_source
    from adm_notebook.migration.configs.migrate import migrate_config
    from adm_notebook.migration.proof.verify import verify_migration
    from adm_notebook.patterns import register_pattern
    from adm_notebook.planning import is_simple_backtest
    from adm_notebook.results import WorkflowResult, compare_results
    from adm_notebook.signals import SignalStore
    from adm_notebook.widgets.builder import ConfigBuilder
    from adm_notebook.widgets.diff import DiffView
    from adm_notebook.widgets.editor import PatternEditor
    from adm_notebook.widgets.explorer import explore


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        from adm_notebook.errors import did_you_mean

        raise AttributeError(f"adm_notebook has no {name}.{did_you_mean(name, __all__)}".removesuffix("."))
    value = getattr(import_module(f"adm_notebook.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext adm_notebook` does: register `%%adm` and `%adm`, and warm the compiled engine up."""
    from adm_notebook.magics import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext adm_notebook` does."""
    from adm_notebook.magics import unload_ipython_extension as unload

    unload(shell)
