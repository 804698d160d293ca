"""The settings of every row: those of `backtest_config`, with what each risk profile lays over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adm_notebook.components import RiskProfile
from adm_notebook.components.risk import overlay
from adm_notebook.config.settings import Settings
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.planning.grids import PROBLEMS_MOST, Given, SettingsGrid
from adm_notebook.planning.planned import PlannedRisk
from adm_notebook.planning.sweeps import Axis

__all__ = ["overridden_sweeps", "resolve_settings"]


def resolve_settings(
    given: Given, profiles: Sequence[PlannedRisk]
) -> tuple[tuple[SettingsGrid, ...], list[Settings], list[str]]:
    """Settings by [combination of a risk profile][combination of swept settings].

    Of a profile that depends on the bars only running it tells: its rows have the settings of `backtest_config` here.

    Returns
    -------
    the grids; settings that show all values in them; and sentences on what a profile overrides

    Raises
    ------
    ConfigError
        for settings that are wrong, alone or together, and for swept settings that a profile sets.
    """
    base = SettingsGrid(given, {}, "backtest_config")
    shown = list(base.shown())
    if not profiles:
        return (base,), shown, []
    grids: list[SettingsGrid] = []
    said: dict[str, None] = {}
    problems: list[Problem] = []
    for profile in profiles:
        for combination in range(profile.n_combinations):
            if len(problems) > PROBLEMS_MOST:
                break
            try:
                grid = _laid_over(given, base, profile, combination, said)
                shown += grid.shown()
                grids.append(grid)
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return tuple(grids), shown, list(said)


def _laid_over(
    given: Given, base: SettingsGrid, planned: PlannedRisk, combination: int, said: dict[str, None]
) -> SettingsGrid:
    profile: RiskProfile = planned.build(combination)
    if not profile.fixed:
        return base
    own = profile.settings(None)  # type: ignore[arg-type]  # a fixed profile looks at no bars
    if problems := overridden_sweeps(own, given.axes, planned.label):
        raise ConfigError(problems)
    _, differing = overlay(given[0], own, planned.path)
    for name in differing:
        said[f"Risk profile {planned.label} sets `{name}`, and so does backtest_config; the profile wins."] = None
    return SettingsGrid(given, own, planned.path)


def overridden_sweeps(own: Mapping[str, Any], axes: Sequence[Axis], label: str) -> list[Problem]:
    """Swept settings that a profile sets: nobody could tell their rows apart."""
    swept = {axis.name.split(".")[0] for axis in axes}
    return [
        Problem(f"backtest_config.{name}", f"is swept, but the risk profile {label} sets it; sweep it in the profile")
        for name in own
        if name in swept
    ]
