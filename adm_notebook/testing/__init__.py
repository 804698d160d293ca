"""Suites that users inherit to test their own components: `class TestMine(ContainerSuite)`.

Each is a class of tests for pytest; a fixture says what is tested, and further fixtures with which parameters and bars.
pytest is needed to use them, and is imported when the first of them is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adm_notebook.testing.components import ClassifierSuite, IndicatorSuite, RiskProfileSuite, StrategySuite
    from adm_notebook.testing.containers import ContainerSuite
    from adm_notebook.testing.samples import sample_bars

__all__ = [
    "ClassifierSuite",
    "ContainerSuite",
    "IndicatorSuite",
    "RiskProfileSuite",
    "StrategySuite",
    "sample_bars",
]

_HOME = {"ContainerSuite": "containers", "sample_bars": "samples"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"adm_notebook.testing has no {name}; it has {', '.join(__all__)}")
    home = _HOME.get(name, "components")
    try:
        value = getattr(import_module(f"adm_notebook.testing.{home}"), name)
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        raise ImportError(f"{name} is a suite of tests for pytest; install it: pip install pytest") from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
