"""The settings of every row: those of `backtest_config`, with what each risk profile lays over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adm_notebook.components import RiskProfile
from adm_notebook.components.risk import overlay
from adm_notebook.config.settings import Settings
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.planning.planned import PlannedRisk
from adm_notebook.planning.sweeps import Axis

__all__ = ["overridden_sweeps", "resolve_settings"]

PROBLEMS_MOST = 20


def resolve_settings(
    given: Sequence[Mapping[str, Any]], axes: Sequence[Axis], profiles: Sequence[PlannedRisk]
) -> tuple[tuple[tuple[Settings, ...], ...], list[str]]:
    """Settings by [combination of a risk profile][combination of swept settings], and what is to be said of them.

    Of a profile that depends on the bars only running it tells: its rows have the settings of `backtest_config` here.

    Raises
    ------
    ConfigError
        for settings that are wrong, alone or together, and for swept settings that a profile sets.
    """
    base = _resolved(given, "backtest_config")
    if not profiles:
        return (base,), []
    rows: list[tuple[Settings, ...]] = []
    said: dict[str, None] = {}
    problems: list[Problem] = []
    for profile in profiles:
        for combination in range(profile.n_combinations):
            if len(problems) > PROBLEMS_MOST:
                break
            try:
                rows.append(_laid_over(given, base, axes, profile, combination, said))
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return tuple(rows), list(said)


def _laid_over(
    given: Sequence[Mapping[str, Any]],
    base: tuple[Settings, ...],
    axes: Sequence[Axis],
    planned: PlannedRisk,
    combination: int,
    said: dict[str, None],
) -> tuple[Settings, ...]:
    profile: RiskProfile = planned.build(combination)
    if not profile.fixed:
        return base
    own = profile.settings(None)  # type: ignore[arg-type]  # a fixed profile looks at no bars
    if problems := overridden_sweeps(own, axes, planned.label):
        raise ConfigError(problems)
    laid = []
    for values in given:
        merged, differing = overlay(values, own, planned.path)
        for name in differing:
            said[f"Risk profile {planned.label} sets `{name}`, and so does backtest_config; the profile wins."] = None
        laid.append(merged)
    return _resolved(laid, planned.path)


def overridden_sweeps(own: Mapping[str, Any], axes: Sequence[Axis], label: str) -> list[Problem]:
    """Swept settings that a profile sets: nobody could tell their rows apart."""
    swept = {axis.name.split(".")[0] for axis in axes}
    return [
        Problem(f"backtest_config.{name}", f"is swept, but the risk profile {label} sets it; sweep it in the profile")
        for name in own
        if name in swept
    ]


def _resolved(given: Sequence[Mapping[str, Any]], path: str) -> tuple[Settings, ...]:
    found: list[Settings] = []
    problems: list[Problem] = []
    for values in given:
        if len(problems) > PROBLEMS_MOST:
            break
        try:
            found.append(Settings.resolve(values, path))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return tuple(found)
