"""The combinations of a workflow: settings and strategies, swept values as grids, constraints applied."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

import numpy as np

from adm_notebook.components import STRATEGIES, InvalidParameters, StrategyType
from adm_notebook.config.settings import Settings
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.planning.constraints import Constraint
from adm_notebook.planning.plan import PlannedStrategy
from adm_notebook.planning.sections import Sections, StrategyEntry
from adm_notebook.planning.sweeps import Axis, is_swept, values_of

__all__ = ["collect", "settings_of", "strategies_of"]

Found = TypeVar("Found")
Given = ParamSpec("Given")


def collect(
    problems: list[Problem], step: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs
) -> Found | None:
    """What `step` returns; what it finds wrong joins the others, so that a user sees everything at once."""
    try:
        return step(*args, **kwargs)
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def settings_of(given: Mapping[str, Any]) -> tuple[tuple[Settings, ...], tuple[Axis, ...]]:
    """One Settings for each combination of swept settings, and the axes, in the config's order."""
    path = "backtest_config"
    axes: list[Axis] = []
    problems: list[Problem] = []
    for name, value in given.items():
        nested = name in ("commission", "slippage") and isinstance(value, Mapping) and not is_swept(value)
        parts = {f"{name}.{k}": v for k, v in value.items()} if nested else {name: value}
        for part, swept in parts.items():
            if is_swept(swept):
                several = collect(problems, values_of, swept, f"{path}.{part}")
                axes.append(Axis(part, several or (None,)))
    if problems:
        raise ConfigError(problems)
    resolved: list[Settings] = []
    for picked in itertools.product(*(axis.values for axis in axes)):
        values = {k: dict(v) if isinstance(v, Mapping) else v for k, v in given.items()}
        for axis, value in zip(axes, picked, strict=True):
            outer, _, inner = axis.name.partition(".")
            if inner:
                values[outer][inner] = value
            else:
                values[outer] = value
        setting = collect(problems, Settings.resolve, values, path)
        if setting is not None:
            resolved.append(setting)
        elif len(problems) > 20:
            break
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return tuple(resolved), tuple(axes)


def strategies_of(
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
        strategy = collect(problems, _plan_strategy, entry, constraints, left_out, known)
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
            several = collect(problems, values_of, value, f"{entry.parameter_path}.{name}")
            axes.append(Axis(name, several or (None,)))
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
