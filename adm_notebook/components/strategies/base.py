"""What all built-in strategies are: a frozen parameter model that says its rules in the rule language."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar, Literal

from pydantic import Field

from adm_notebook.components.expressions import bind, parse_condition
from adm_notebook.components.rules import Direction, FlagRules, Rules, TargetRules
from adm_notebook.config.frozen import FrozenConfig

__all__ = ["BARS", "BuiltIn", "MaType", "older"]

MaType = Literal["sma", "ema", "wma", "dema", "tema", "trima", "kama", "t3"]

BARS = 100_000
"""The longest window that TA-Lib takes."""


def older(**names: str) -> Mapping[str, str]:
    """Older names of parameters, from those of today: `older(fast="fast_period short_window")`."""
    return {old: name for name, many in names.items() for old in many.split()}


class BuiltIn(FrozenConfig):
    """Parameters of a built-in strategy; `rules` says what it does with them.

    name         its type in a config
    aliases      older names
    older_names  older names of its parameters
    source       where it comes from
    titled       the parameters that a title names
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    older_names: ClassVar[Mapping[str, str]] = {}
    source: ClassVar[str]
    titled: ClassVar[tuple[str, ...]] = ()

    direction: Direction = Field("long", description="which sides it trades: long, short or both")

    def rules(self) -> Rules:
        """Its conditions, with these parameters."""
        raise NotImplementedError

    def _flags(self, **conditions: str) -> FlagRules:
        """Conditions for the sides that `direction` trades."""
        sides = ("long", "short") if self.direction == "both" else (self.direction,)
        return FlagRules(**{flag: self._bound(text) for flag, text in conditions.items() if flag.startswith(sides)})

    def _target(self, up: str, down: str, keep: bool = False) -> TargetRules:
        """+1 where `up` holds, -1 where `down` does; elsewhere 0, or with `keep` the target before."""
        return TargetRules(self._bound(up), self._bound(down), keep)

    def _bound(self, text: str) -> Any:
        return bind(parse_condition(text), self.__dict__)

    def _refuse_unless_shorter(self, *windows: str) -> None:
        """ValueError unless each window is shorter than the next."""
        for short, long in pairwise(windows):
            a, b = getattr(self, short), getattr(self, long)
            if a >= b:
                raise ValueError(f"{short} must be shorter than {long}, but they are {a} and {b} bars")

    def _refuse_unless_below(self, low: str, high: str, why: str = "") -> None:
        """ValueError unless one parameter is below the other; `why` goes on after their names."""
        a, b = getattr(self, low), getattr(self, high)
        if a >= b:
            raise ValueError(f"{low} must be below {high}{why}, but they are {a:g} and {b:g}")
