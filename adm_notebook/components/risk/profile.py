"""A built risk profile, ready to give settings; a kind of profile, as the registry has it; what a profile may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from adm_notebook.components.bars import BarsLike
from adm_notebook.components.kind import Kind
from adm_notebook.config.settings import LIMITS, RISK_SETTINGS, Settings
from adm_notebook.errors import ConfigError, Problem, did_you_mean

__all__ = ["PROFILE_SETTINGS", "RiskProfile", "RiskProfileType", "foreign", "value_problems"]

PROFILE_SETTINGS = (*RISK_SETTINGS, *LIMITS)
"""Settings that a risk profile may give: sizing, stops and limits."""


class RiskProfile(Protocol):
    """One risk profile with its parameters.

    name        its type: `conservative`
    parameters  all that were given or preset; settings for a built-in, arguments for a user's function
    label       what was changed in it, as a title has it: `stop_loss 0.03`; empty where nothing was
    fixed       whether `settings` are the same for all bars
    """

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def label(self) -> str: ...
    @property
    def fixed(self) -> bool: ...

    def settings(self, bars: BarsLike) -> Mapping[str, Any]:
        """Some of PROFILE_SETTINGS, written as in `backtest_config`: to be laid over it with `overlay`.

        Raises
        ------
        StrategyError
            where a user's function raises, or returns what can't be read.
        """
        ...


class RiskProfileType(Kind[RiskProfile], Protocol):
    """A kind of risk profile, in the registry."""


def foreign(name: object, known: list[str]) -> str:
    """Why a name has no place in a profile that knows these; a setting of the account is told its place."""
    elsewhere = [setting for setting in Settings.model_fields if setting not in PROFILE_SETTINGS]
    if name in elsewhere:
        return "is no setting of a risk profile; it belongs into backtest_config"
    if guess := did_you_mean(name, known):
        return f"unknown setting.{guess}"
    if guess := did_you_mean(name, elsewhere):
        return f"unknown setting.{guess} It belongs into backtest_config"
    return f"unknown setting. Known here: {', '.join(known)}"


def value_problems(given: Mapping[str, Any], path: str) -> list[Problem]:
    """What is wrong with the values of a profile's settings, one by one.

    How they fit together is not looked at: the stop that `size_mode: risk` needs may stand in `backtest_config`.
    """
    try:
        Settings.resolve(given, path)
    except ConfigError as error:
        return [problem for problem in error.problems if problem.path != path]
    return []
