"""Whether a new config can be planned, whatever its prices; what is wrong is told with places of the old one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.data import DataRequest
from adm_notebook.coordinator import EnhancedCoordinator
from adm_notebook.errors import AdmError, ConfigError, Problem
from adm_notebook.market import sample_symbols
from adm_notebook.migration.configs.ledger import Ledger

__all__ = ["problems_of_plan"]


def problems_of_plan(ledger: Ledger, with_others: bool) -> tuple[WorkflowConfig | None, list[Problem]]:
    """The config, and what is wrong with it, each where it stands in the old config.

    Its files need not be there: a few bars stand in for prices that are read from files.

    with_others  whether something is known to be wrong already: then what is missing may follow from that, and is not
                 told
    """
    config: WorkflowConfig | None = None
    found: list[Problem] = []
    values: Any = ledger.new
    try:
        config = WorkflowConfig.from_mapping(values)
    except ConfigError as error:
        found += error.problems
        values = _without(values, [problem.path for problem in error.problems])
    try:
        _plan(config or WorkflowConfig.from_mapping(values), ledger.no_prices)
    except ConfigError as error:
        found += error.problems
    except AdmError as error:
        found.append(Problem("", str(error)))
    with_others = with_others or config is None
    problems = []
    for problem in found:
        path, there = ledger.origin(problem.path)
        if there or not with_others:
            problems.append(Problem(path, problem.message))
    return config, problems


def _without(values: Any, paths: Collection[str], path: str = "") -> Any:
    """The values but for those at some paths: what else is wrong can then be told, too."""
    if isinstance(values, Mapping):
        below = {key: f"{path}.{key}" if path else str(key) for key in values if isinstance(key, str)}
        return {key: _without(values[key], paths, at) for key, at in below.items() if at not in paths}
    if isinstance(values, (list, tuple)):
        kept = [(item, f"{path}[{i}]") for i, item in enumerate(values)]
        return [_without(item, paths, at) for item, at in kept if at not in paths]
    return values


def _plan(config: WorkflowConfig, no_prices: bool) -> None:
    trial = config.copy()
    if (trial.analysis_config or {}).get("mode") == "signal_replay":
        return  # its strategies and bars are those of a store, which is read when it runs
    mode = "hybrid" if trial.parameters.get("phases") is not None else "auto"
    problems: list[Problem] = []
    try:
        request = DataRequest.resolve(trial.data_config)
        unsampled = set(request.config.symbols or ()) - set(sample_symbols()) and not trial.data_config.get("source")
        if request.frame is None and (request.config.source != "sample" or no_prices or unsampled):
            trial.data_config = {"frame": dict.fromkeys(request.config.symbols or ("PRICES",), _BARS)}
    except ConfigError as error:
        problems += error.problems
        trial.data_config = {}
    try:
        EnhancedCoordinator().plan(trial, mode)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)


_DAYS = 10
_BARS = pd.DataFrame(
    {
        **dict.fromkeys(("open", "high", "low", "close"), np.linspace(100.0, 110.0, _DAYS)),
        "volume": np.full(_DAYS, 1000.0),
    },
    index=pd.bdate_range("2024-01-01", periods=_DAYS),
)
"""Bars in place of those that are not read."""
