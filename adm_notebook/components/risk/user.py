"""`@adm.risk_profile`: a user's function as a risk profile; what it returns is checked and read as settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from adm_notebook.components.bars import BarsLike
from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.risk.profile import PROFILE_SETTINGS, RiskProfile, foreign, value_problems
from adm_notebook.components.strategy import label_of
from adm_notebook.components.user_code import UserFunction, called, parameters_from, takes_bars, typed_parameters
from adm_notebook.errors import StrategyError, shown

__all__ = ["UserProfile", "UserProfileType"]


@dataclass(frozen=True, eq=False)
class UserProfile:
    """The user's function with its parameters; it is called for each symbol, and sees all its bars."""

    name: str
    code: Callable[..., Any]
    parameters: Mapping[str, Any]

    fixed = False

    @property
    def label(self) -> str:
        """Its numbers, as a title has them."""
        return label_of(v for v in self.parameters.values() if isinstance(v, (int, float)) and not isinstance(v, bool))

    def settings(self, bars: BarsLike) -> Mapping[str, Any]:
        """What the function returns for these bars.

        Raises
        ------
        StrategyError
            if it raises, or returns anything but a mapping of settings that a profile may give.
        """
        what = f"risk profile {self.name}"
        found = called(what, self.code, *((bars.frame,) if takes_bars(self.code) else ()), **self.parameters)
        if not isinstance(found, Mapping):
            came = "nothing (is a `return` missing?)" if found is None else f"{type(found).__name__}: {shown(found)}"
            raise StrategyError(f"{what} must return a dict of settings, such as {{'size': 0.5}}, but returned {came}")
        for name in found:
            if name not in PROFILE_SETTINGS:
                raise StrategyError(f"{what} returned {shown(name)}: {foreign(name, list(PROFILE_SETTINGS))}")
        values = {name: _plain(value) for name, value in found.items()}
        wrong = value_problems(values, "its")
        if wrong:
            listed = "; ".join(f"{p.path.removeprefix('its.')} {p.message}" for p in wrong)
            raise StrategyError(f"{what} returned settings that can't be: {listed}")
        return values

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.parameters.items())})"


def _plain(value: Any) -> Any:
    """numpy's numbers as Python's: they are what computing with columns gives."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return value.item() if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0 else value


@dataclass(frozen=True, eq=False)
class UserProfileType(UserFunction):
    """A function `f(bars, **params)` or `f(**params)` in the registry of risk profiles."""

    @cached_property
    def parameters(self) -> Mapping[str, ParameterInfo]:
        """Its parameters behind `bars`, if it takes them."""
        return parameters_from(self.code, 1 if takes_bars(self.code) else 0)

    def build(self, given: Mapping[str, Any], path: str) -> RiskProfile:
        """The profile with these parameters, typed like their defaults."""
        given = self.canonical(given, path)
        return UserProfile(self.name, self.code, typed_parameters(self.parameters, given, path))
