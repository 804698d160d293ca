"""From a WorkflowConfig to a Plan: read the sections, load the bars, lay out the combinations, choose the mode."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from adm_notebook.components import STRATEGIES, InvalidParameters, StrategyType
from adm_notebook.config import WorkflowConfig
from adm_notebook.config.data import DataRequest
from adm_notebook.config.settings import Settings
from adm_notebook.config.workflow import SECTIONS
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.market import Market, load
from adm_notebook.planning.constraints import Constraint, parse_constraint
from adm_notebook.planning.identity import identity_of
from adm_notebook.planning.modes import choose_mode
from adm_notebook.planning.plan import Limits, Plan, PlannedStrategy
from adm_notebook.planning.sections import Sections, StrategyEntry, raise_if, read_sections
from adm_notebook.planning.sweeps import Axis, is_swept, values_of

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
    request = _collect(problems, lambda: DataRequest.resolve(config.data_config))
    settings, setting_axes = _collect(problems, lambda: _settings(sections.settings)) or ((), ())
    constraints = [
        c for p, t in sections.constraints if (c := _collect(problems, lambda p=p, t=t: parse_constraint(t, p)))
    ]
    strategies, left_out = _strategies(sections, constraints, problems)
    if execution_mode not in ("auto", "traditional") or not composable:  # words that are wrong whatever the bars
        _collect(problems, lambda: choose_mode(execution_mode, composable, 1, 1, 1))
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
    digest = _collect(problems, lambda: identity_of(config, sections, settings, strategies, tuple(market)))
    raise_if(problems, config)
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


def _collect(problems: list[Problem], step: Any) -> Any:
    """What `step` returns; what it finds wrong joins the others, so that a user sees everything at once."""
    try:
        return step()
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def _workers(config: WorkflowConfig) -> int:
    if not config.parallel_execution:
        return 1
    if config.max_workers is not None:
        return config.max_workers
    if hasattr(os, "sched_getaffinity"):  # the processors that this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# ---- settings -------------------------------------------------------------------------------------------------------


def _settings(given: Mapping[str, Any]) -> tuple[tuple[Settings, ...], tuple[Axis, ...]]:
    """One Settings for each combination of swept settings, and the axes, in the config's order."""
    path = "backtest_config"
    axes: list[Axis] = []
    problems: list[Problem] = []
    for name, value in given.items():
        nested = name in ("commission", "slippage") and isinstance(value, Mapping) and not is_swept(value)
        parts = {f"{name}.{k}": v for k, v in value.items()} if nested else {name: value}
        for part, swept in parts.items():
            if is_swept(swept):
                values = _collect(problems, lambda part=part, swept=swept: values_of(swept, f"{path}.{part}"))
                axes.append(Axis(part, values or (None,)))
    if problems:
        raise ConfigError(problems)
    resolved = []
    for picked in itertools.product(*(axis.values for axis in axes)):
        values = {k: dict(v) if isinstance(v, Mapping) else v for k, v in given.items()}
        for axis, value in zip(axes, picked, strict=True):
            outer, _, inner = axis.name.partition(".")
            if inner:
                values[outer][inner] = value
            else:
                values[outer] = value
        setting = _collect(problems, lambda values=values: Settings.resolve(values, path))
        if setting is None and len(problems) > 20:
            break
        resolved.append(setting)
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return tuple(resolved), tuple(axes)


# ---- strategies -----------------------------------------------------------------------------------------------------


def _strategies(
    sections: Sections, constraints: list[Constraint], problems: list[Problem]
) -> tuple[list[PlannedStrategy], dict[str, int]]:
    """The strategies with their grids, and how many combinations each constraint dropped."""
    left_out = dict.fromkeys((c.text for c in constraints), 0)
    taken = {e.name for e in sections.strategies if e.name}
    used: set[str] = set()
    planned: list[PlannedStrategy] = []
    known: set[str] = set()
    for entry in sections.strategies:
        found = len(problems)
        strategy = _collect(problems, lambda entry=entry: _plan_strategy(entry, constraints, left_out, known))
        if strategy is None or len(problems) > found:
            continue
        planned.append(_labelled(strategy, entry, used, taken))
    for (path, _), constraint in zip(sections.constraints, constraints, strict=False):
        missing = sorted(constraint.names - known)
        if missing and not problems:
            message = (
                f"speaks of {', '.join(missing)}, which no strategy here has. Parameters: {', '.join(sorted(known))}"
            )
            problems.append(Problem(path, message))
    sizes = [s.n_combinations for s in planned]
    if not problems and planned and (min(sizes) == 0 if sections.combined else sum(sizes) == 0):
        texts = " and ".join(c.text for c in constraints)
        problems.append(Problem("optimization_config.constraints", f"leave no combination: none meets {texts}"))
    if not problems:
        problems += _refused(planned, sections)
    return [s for s in planned if s.n_combinations or sections.combined], left_out


def _refused(planned: list[PlannedStrategy], sections: Sections) -> list[Problem]:
    """Why nothing could run, where each combination is refused by its strategy's own check; empty if one is not."""
    first: InvalidParameters | None = None
    for strategy in planned:
        refusal = _first_refusal(strategy)
        if refusal is None and not sections.combined:
            return []
        if refusal is not None and sections.combined:
            first = refusal
            break
        first = first or refusal
    if first is None:
        return []
    many = sum(s.n_combinations for s in planned) > 1
    head = "every combination is refused; the first because " if many else ""
    return [Problem(p.path, f"{head}{p.message}") for p in first.problems]


def _first_refusal(strategy: PlannedStrategy) -> InvalidParameters | None:
    """Why the first combination of a strategy is refused, if all of them are."""
    first: InvalidParameters | None = None
    for combination in range(strategy.n_combinations):
        try:
            strategy.build(combination)
        except InvalidParameters as error:
            first = first or error
        else:
            return None
    return first


def _labelled(strategy: PlannedStrategy, entry: StrategyEntry, used: set[str], taken: set[str]) -> PlannedStrategy:
    """The strategy under a label of its own: `name`, else `type`, then `type_2`; a given name is never moved."""
    base = entry.name or strategy.type
    candidates = itertools.chain([base], (f"{base}_{i}" for i in itertools.count(2)))
    label = next(c for c in candidates if c not in used and (c == entry.name or c not in taken))
    used.add(label)
    return replace(strategy, label=label)


def _plan_strategy(
    entry: StrategyEntry, constraints: list[Constraint], left_out: dict[str, int], known: set[str]
) -> PlannedStrategy:
    problems: list[Problem] = []
    kind = STRATEGIES.get(entry.type, entry.type_path)
    given = kind.canonical(entry.parameters, entry.parameter_path)
    axes, fixed = [], {}
    for name, value in given.items():
        if is_swept(value):
            values = _collect(
                problems, lambda name=name, value=value: values_of(value, f"{entry.parameter_path}.{name}")
            )
            axes.append(Axis(name, values or (None,)))
        else:
            fixed[name] = value
    if problems:
        raise ConfigError(problems)
    _check_values(kind, fixed, axes, entry)
    defaults = {name: p.default for name, p in kind.parameters.items()}
    known |= {*defaults, *given}
    grid = np.array(list(itertools.product(*(range(len(a.values)) for a in axes))), dtype=np.int64)
    grid = grid.reshape(-1, len(axes)) if axes else np.zeros((1, 0), np.int64)
    applicable = [c for c in constraints if c.names <= {*defaults, *given}]
    if applicable:
        keep = np.ones(len(grid), bool)
        for i, at in enumerate(grid):
            values = {**defaults, **fixed, **{a.name: a.values[k] for a, k in zip(axes, at, strict=True)}}
            for constraint in applicable:
                try:
                    holds = constraint.holds(values)
                except (TypeError, ZeroDivisionError) as error:
                    why = "it divides by zero" if isinstance(error, ZeroDivisionError) else _compared(error)
                    message = f"{constraint.text} can't be decided for {_listed(values, constraint)}: {why}"
                    raise ConfigError(Problem(constraint.path, message)) from None
                if not holds:
                    keep[i] = False
                    left_out[constraint.text] += 1
                    break
        grid = grid[keep]
    return PlannedStrategy(kind.name, kind, fixed, tuple(axes), grid, entry.parameter_path, entry.allocation)


def _compared(error: TypeError) -> str:
    """Why two values can't be compared or computed with, without Python's words for it."""
    return "a text and a number can't be compared" if "not supported between" in str(error) else str(error)


def _listed(values: Mapping[str, Any], constraint: Constraint) -> str:
    return ", ".join(f"{name} {values[name]}" for name in sorted(constraint.names))


def _check_values(kind: StrategyType, fixed: Mapping[str, Any], axes: list[Axis], entry: StrategyEntry) -> None:
    """Refuse wrong values with the path of the value in its list; parameters that only clash become invalid rows."""
    problems: list[Problem] = []

    def attempt(parameters: Mapping[str, Any], axis: str = "", at: int = 0) -> None:
        try:
            kind.build(parameters, entry.parameter_path)
        except InvalidParameters:
            return
        except ConfigError as error:
            swept = f"{entry.parameter_path}.{axis}" if axis else None
            problems.extend(Problem(f"{swept}[{at}]", p.message) if p.path == swept else p for p in error.problems)

    base = {**fixed, **{axis.name: axis.values[0] for axis in axes}}
    attempt(base, axes[0].name if axes else "", 0)
    for axis in axes:
        for at, value in enumerate(axis.values[1:], 1):
            if len(problems) > 20:
                break
            attempt({**base, axis.name: value}, axis.name, at)
    if problems:
        raise ConfigError(dict.fromkeys(problems))


# ---- shares of the capital ------------------------------------------------------------------------------------------


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
