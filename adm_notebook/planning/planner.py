"""From a WorkflowConfig to a Plan: read the sections, load the bars, lay out the combinations, choose the mode."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.data import DataRequest
from adm_notebook.config.workflow import SECTIONS
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.market import Market, load
from adm_notebook.planning.combinations import collect, settings_of, strategies_of
from adm_notebook.planning.constraints import parse_constraint
from adm_notebook.planning.identity import identity_of
from adm_notebook.planning.modes import choose_mode
from adm_notebook.planning.plan import Limits, Plan
from adm_notebook.planning.sections import Sections, raise_if, read_sections
from adm_notebook.planning.sweeps import is_swept

__all__ = ["is_simple_backtest", "make_plan"]

MAX_ROWS = 10_000_000


def make_plan(config: WorkflowConfig, execution_mode: str = "auto", composable: bool = True) -> Plan:
    """What a workflow will do; reads prices (to know symbols and bars), runs nothing.

    Parameters
    ----------
    config
        left as it is; the plan keeps a copy.
    execution_mode
        `traditional`, `composable` or `auto`.
    composable
        whether the coordinator has composable containers switched on.

    Raises
    ------
    ConfigError
        listing everything that is wrong with the config.
    DataError
        where prices can't be used.
    """
    config.check()
    config = _normalised(config.copy())
    sections, problems = read_sections(config)
    request = collect(problems, DataRequest.resolve, config.data_config)
    settings, setting_axes = collect(problems, settings_of, sections.settings) or ((), ())
    constraints = [c for p, t in sections.constraints if (c := collect(problems, parse_constraint, t, p))]
    strategies, left_out = strategies_of(sections, constraints, problems)
    if execution_mode not in ("auto", "traditional") or not composable:  # words that are wrong whatever the bars
        collect(problems, choose_mode, execution_mode, composable, 1, 1, 1)
    raise_if(problems, config)
    assert request is not None
    defaults, warnings = list(sections.defaults), list(sections.warnings)
    defaults[:0] = request.notes
    defaults.append("No classifier given: there is one regime, `all`.")
    defaults.append("No risk profile given: the settings of `backtest_config` apply.")
    warnings += dict.fromkeys(sentence for s in settings for sentence in s.slips)
    warnings += _unused_allocations(sections)
    _check_weights(sections, problems)
    raise_if(problems, config)
    try:
        market = load(request)
    except ConfigError as error:
        raise_if(list(error.problems), config)
        raise
    if sections.combined:
        raise_if(_clashing_times(market), config)
    warnings += market.notes
    warnings += dict.fromkeys(note for bars in market.values() for note in bars.calendar.notes)
    limits = Limits(
        workers=_workers(config),
        timeout_seconds=config.timeout_seconds,
        memory_mb=sections.memory_mb,
        indicators=sections.max_indicators,
    )
    sizes = [s.n_combinations for s in strategies]
    per = int(np.prod(sizes, dtype=object)) if sections.combined else len(market) * sum(sizes)
    n_rows = len(settings) * per
    if n_rows > MAX_ROWS:
        message = f"makes {n_rows:,} combinations; at most {MAX_ROWS:,} run at once. Use larger steps or fewer values"
        raise_if([Problem("optimization_config", message)], config)
    n_bars = max(bars.n_bars for bars in market.values())
    digest = collect(problems, identity_of, config, sections, settings, strategies, tuple(market))
    raise_if(problems, config)
    assert digest is not None
    mode, reason = choose_mode(execution_mode, composable, n_rows, n_bars, limits.workers)
    return Plan(
        config=config,
        workflow_type=str(config.workflow_type),
        mode=mode,
        mode_reason=reason,
        pattern=sections.pattern,
        data=request.config,
        market=market,
        strategies=tuple(strategies),
        settings=tuple(settings),
        setting_axes=tuple(setting_axes),
        combined=sections.combined,
        objective=sections.objective,
        maximise=sections.maximise,
        limits=limits,
        digest=digest,
        left_out=left_out,
        defaults=tuple(defaults),
        warnings=tuple(warnings),
        constraints=tuple(c.text for c in constraints),
    )


def is_simple_backtest(config: WorkflowConfig) -> bool:
    """Whether the pattern, explicit or default, is simple_backtest and nothing is swept.

    Examples
    --------
    >>> is_simple_backtest(WorkflowConfig(backtest_config={"strategy": "momentum"}))
    True
    """
    nested = config.optimization_config.get("classifiers") or config.optimization_config.get("risk_profiles")
    implied = config.analysis_config.get("mode") or ("full_backtest" if nested else "simple_backtest")
    if (config.parameters.get("container_pattern") or implied) != "simple_backtest":
        return False
    entries = config.optimization_config.get("strategies") or [config.backtest_config.get("strategy")]
    values: list[Any] = [*config.backtest_config.values()]
    for entry in entries:
        values += (entry.get("parameters") or {}).values() if isinstance(entry, Mapping) else ()
    for value in list(values):
        values += value.values() if isinstance(value, Mapping) else ()
    return not any(map(is_swept, values))


def _workers(config: WorkflowConfig) -> int:
    if not config.parallel_execution:
        return 1
    if config.max_workers is not None:
        return config.max_workers
    if hasattr(os, "sched_getaffinity"):  # the processors that this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _unused_allocations(sections: Sections) -> list[str]:
    if sections.combined:
        return []
    return [
        f"The allocation of {e.name or e.type} ({e.allocation:g}) is not used: each combination has the whole capital. "
        "With backtest_config.portfolio: {combine: true} it would be."
        for e in sections.strategies
        if e.allocation is not None
    ]


def _check_weights(sections: Sections, problems: list[Problem]) -> None:
    if not sections.combined:
        return
    given = [e.allocation for e in sections.strategies if e.allocation is not None]
    total = sum(given)
    if total > 1 + 1e-9:
        problems.append(
            Problem("optimization_config.strategies", f"allocations add up to {total:g}; together they are at most 1")
        )
    elif len(given) < len(sections.strategies) and total >= 1 - 1e-12:
        without = next(e for e in sections.strategies if e.allocation is None)
        message = f"has no allocation, and the others leave nothing of the capital (they add up to {total:g})"
        problems.append(Problem(without.path, message))


def _clashing_times(market: Market) -> list[Problem]:
    """Why the symbols of a combined portfolio have no common axis of time; empty if they have one."""
    kinds: dict[str, str] = {}
    for symbol, bars in market.items():
        zone = getattr(bars.index, "tz", None) is not None
        kinds.setdefault(
            "times with a zone" if zone else "times without a zone" if bars.calendar.has_time else "no times", symbol
        )
    if len(kinds) < 2:
        return []
    seen = " and ".join(f"{symbol} has {kind}" for kind, symbol in kinds.items())
    return [
        Problem(
            "backtest_config.portfolio", f"combines symbols that have no common axis of time: {seen}. Give all the same"
        )
    ]


def _normalised(config: WorkflowConfig) -> WorkflowConfig:
    """The config with numpy's numbers and arrays as Python's, and sections that were set to None as empty ones."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value

    for name in SECTIONS:
        section = getattr(config, name) or {}
        setattr(config, name, {key: item if key == "frame" else plain(item) for key, item in section.items()})
    return config
