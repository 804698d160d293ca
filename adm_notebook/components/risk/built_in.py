"""The profiles that come with the package: three presets of one idea, and `custom`, which presets nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from adm_notebook.components.bars import BarsLike
from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.risk.profile import PROFILE_SETTINGS, RiskProfile, foreign, value_problems
from adm_notebook.config.settings import Settings, StopDistance
from adm_notebook.errors import ConfigError, Problem

__all__ = ["BUILT_IN", "FixedProfile", "PresetType"]


@dataclass(frozen=True, eq=False)
class FixedProfile:
    """Settings under a name, the same for all bars."""

    name: str
    parameters: Mapping[str, Any]
    label: str

    fixed = True

    def settings(self, bars: BarsLike) -> Mapping[str, Any]:
        """Its parameters."""
        return dict(self.parameters)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.parameters.items())})"


@dataclass(frozen=True, eq=False)
class PresetType:
    """A kind of profile whose parameters are settings, some of them preset."""

    name: str
    sentence: str
    source: str = ""
    preset: Mapping[str, Any] = field(default_factory=dict)

    identity = ""
    older_names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> Mapping[str, ParameterInfo]:
        """Every setting that a profile may give; the default of one that is not preset is None: left as it is."""
        found = {}
        for name in PROFILE_SETTINGS:
            info = Settings.model_fields[name]
            kind = {"size": float, "size_mode": str, "trailing": bool}.get(name)
            found[name] = ParameterInfo(kind, self.preset.get(name), info.description or "")
        return found

    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The settings, if a profile may give them; ConfigError for any other."""
        known = list(self.parameters)
        problems = [Problem(f"{path}.{name}", foreign(name, known)) for name in given if name not in self.parameters]
        if problems:
            raise ConfigError(problems)
        return dict(given)

    def build(self, given: Mapping[str, Any], path: str) -> RiskProfile:
        """The profile: its preset with `given` over it.

        Raises
        ------
        ConfigError
            for unknown settings, values out of range, and a `size_mode` that is changed without its `size`.
        """
        given = self.canonical(given, path)
        problems = value_problems(given, path)
        mode = given.get("size_mode")
        if mode is not None and mode != self.preset.get("size_mode") and "size" not in given:
            message = f"is missing beside size_mode {mode}: what it is measured in goes with the mode"
            problems.append(Problem(f"{path}.size", message))
        if problems:
            raise ConfigError(problems)
        label = ", ".join(f"{name} {_text(value)}" for name, value in given.items())
        return FixedProfile(self.name, {**self.preset, **given}, label)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        if value.keys() & {"atr", "std"}:
            return str(StopDistance.model_validate(value))
        return " ".join(str(v) for v in value.values())
    if value is None:
        return "none"
    return f"{value:.10g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


_IDEA = "Faith (2007), Way of the Turtle: a fixed risk a trade, a stop of two average true ranges; the grades are ours"


def _preset(risk: float, multiple: float, drawdown: float) -> dict[str, Any]:
    return {
        "size_mode": "risk",
        "size": risk,
        "stop_loss": {"atr": multiple, "period": 14},
        "max_drawdown": drawdown,
    }


BUILT_IN: tuple[PresetType, ...] = (
    PresetType(
        "conservative",
        "A trade risks 1% of the cash, its stop 2 ATR away; trading ends at 10% drawdown.",
        _IDEA,
        _preset(0.01, 2.0, 0.10),
    ),
    PresetType(
        "moderate",
        "A trade risks 2% of the cash, its stop 3 ATR away; trading ends at 20% drawdown.",
        _IDEA,
        _preset(0.02, 3.0, 0.20),
    ),
    PresetType(
        "aggressive",
        "A trade risks 4% of the cash, its stop 4 ATR away; trading ends at 35% drawdown.",
        _IDEA,
        _preset(0.04, 4.0, 0.35),
    ),
    PresetType("custom", "What its parameters say, and nothing else."),
)
"""In the order of docs/risk.md, where the numbers are explained."""
