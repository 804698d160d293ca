"""A risk profile as it stands in a config, and how it is laid over the settings of `backtest_config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from adm_notebook.components.risk.library import RISK_PROFILES
from adm_notebook.components.risk.profile import PROFILE_SETTINGS, foreign
from adm_notebook.config.settings import StopDistance, VolatilityEstimate
from adm_notebook.errors import ConfigError, Problem, shown

__all__ = ["overlay", "profile_entry"]

KEYS = ("type", "name", "parameters")


def profile_entry(item: Any, path: str) -> tuple[str, str, dict[str, Any]]:
    """Type, name and parameters of a risk profile; its parameters may also stand beside `type`.

    Parameters
    ----------
    item
        a type; or `{type, name, parameters}`, without `type` a `custom` one
    path
        where it stands in the config, for errors

    Returns
    -------
    tuple[str, str, dict[str, Any]]
        the type as the registry knows it; the name, empty where none was given; the parameters in the config's order,
        values untouched (they may be sweeps)

    Raises
    ------
    ConfigError
        for unknown types and parameters, and for parameters that stand twice.
    """
    if isinstance(item, str):
        return RISK_PROFILES.canonical(item, path), "", {}
    if not isinstance(item, Mapping):
        message = f"must be the name of a risk profile or a mapping {{type, name, parameters}}, but was {shown(item)}"
        raise ConfigError(Problem(path, message))
    kind = RISK_PROFILES.get(item.get("type", "custom"), f"{path}.type")
    problems: list[Problem] = []
    name = item.get("name", "")
    if name is None:
        name = ""
    if not isinstance(name, str):
        problems.append(Problem(f"{path}.name", f"must be text, but was {shown(name)}"))
    elif "type" not in item and RISK_PROFILES.find(name) is not None:
        message = f"names a profile that there is; write type: {name}, or give your own another name"
        problems.append(Problem(f"{path}.name", message))
    inner = item.get("parameters")
    if inner is None:
        inner = {}
    if not isinstance(inner, Mapping):
        problems.append(Problem(f"{path}.parameters", f"must be a mapping (name: value), but was {shown(inner)}"))
        inner = {}
    parameters: dict[str, Any] = {}
    for key, value in item.items():
        if key == "parameters":
            try:
                parameters |= kind.canonical(inner, f"{path}.parameters")
            except ConfigError as error:
                problems += error.problems
        elif key in KEYS:
            continue
        elif key in inner:
            problems.append(Problem(f"{path}.{key}", "stands both beside `type` and in `parameters`; keep one"))
        elif key in kind.parameters:
            parameters[key] = value
        else:
            problems.append(Problem(f"{path}.{key}", foreign(key, [*KEYS, *kind.parameters])))
    if problems:
        raise ConfigError(problems)
    return kind.name, name, parameters


def overlay(
    given_backtest: Mapping[str, Any], profile_settings: Mapping[str, Any], path: str
) -> tuple[dict[str, Any], list[str]]:
    """The settings of `backtest_config` with those of a profile over them, and those that both give with other values.

    Parameters
    ----------
    given_backtest
        settings as they were written
    profile_settings
        what `RiskProfile.settings` gave
    path
        where the profile stands in the config, for errors

    Returns
    -------
    tuple[dict[str, Any], list[str]]
        to be resolved by `Settings.resolve`; and names for a warning: there the profile has won

    Raises
    ------
    ConfigError
        for settings that a profile may not give.
    """
    known = list(PROFILE_SETTINGS)
    problems = [Problem(f"{path}.{n}", foreign(n, known)) for n in profile_settings if n not in PROFILE_SETTINGS]
    if problems:
        raise ConfigError(problems)
    differing = [
        name
        for name, value in profile_settings.items()
        if name in given_backtest and _plain(given_backtest[name]) != _plain(value)
    ]
    return {**given_backtest, **profile_settings}, differing


def _plain(value: Any) -> Any:
    """A value as it compares: `none` in words, and mappings with what they leave out."""
    if isinstance(value, str) and value.lower() == "none":
        return None
    if isinstance(value, Mapping):
        for model in (StopDistance, VolatilityEstimate):
            try:
                return model.model_validate(dict(value))
            except ValidationError:
                continue
        return dict(value)
    return value
