"""Levels: prices of earlier bars that later ones break through; and the benchmark that needs none."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from adm_notebook.components.rules import Rules
from adm_notebook.components.strategies.base import BARS, BuiltIn, older

__all__ = ["Breakout", "BuyAndHold", "PivotPoints"]


class Breakout(BuiltIn):
    """Buys above the highest high of `entry` bars before, sells below the lowest low of `exit`; shorts mirrored."""

    name = "breakout"
    aliases: ClassVar[tuple[str, ...]] = (
        "channel_breakout",
        "donchian_breakout",
        "donchian",
        "donchian_channel",
        "breakout_strategy",
        "turtle",
    )
    older_names = older(
        entry="entry_period entry_window lookback lookback_period period window channel_period",
        exit="exit_period exit_window exit_lookback",
    )
    source = "Donchian's channel as the Turtles traded it: Faith (2007), Way of the Turtle, system 1"
    titled = ("entry", "exit")

    entry: int = Field(20, ge=2, le=BARS, description="bars in the channel that it enters beyond")
    exit: int = Field(10, ge=2, le=BARS, description="bars in the channel that it leaves beyond")

    def rules(self) -> Rules:
        return self._flags(
            long_entry="close > highest(high, entry)[1]",
            long_exit="close < lowest(low, exit)[1]",
            short_entry="close < lowest(low, entry)[1]",
            short_exit="close > highest(high, exit)[1]",
        )


class PivotPoints(BuiltIn):
    """Buys above a resistance set by the bars before, sells below their pivot; shorts mirrored, below a support.

    With H, L and C the highest high, the lowest low and the last close of the `session` bars before this one, the pivot
    is P = (H + L + C) / 3. The resistances are 2P - L, P + (H - L) and H + 2 (P - L); the supports 2P - H, P - (H - L)
    and L - 2 (H - P).
    """

    name = "pivot_points"
    aliases: ClassVar[tuple[str, ...]] = ("pivot", "pivots", "pivot_point", "pivot_breakout", "floor_pivots")
    older_names = older(session="period lookback lookback_period window bars", level="resistance pivot_level")
    source = "Person (2004), A Complete Guide to Technical Trading Tactics: the pivots of floor traders"
    titled = ("session", "level")

    session: int = Field(1, ge=1, le=BARS, description="bars that the pivot is made of: 1 is the bar before, 5 a week")
    level: int = Field(1, ge=1, le=3, description="which resistance it buys above: 1 is the nearest")

    def rules(self) -> Rules:
        high = "high[1]" if self.session == 1 else "highest(high, session)[1]"
        low = "low[1]" if self.session == 1 else "lowest(low, session)[1]"
        pivot = f"(({high} + {low} + close[1]) / 3)"
        resistance, support = {
            1: (f"2 * {pivot} - {low}", f"2 * {pivot} - {high}"),
            2: (f"{pivot} + ({high} - {low})", f"{pivot} - ({high} - {low})"),
            3: (f"{high} + 2 * ({pivot} - {low})", f"{low} - 2 * ({high} - {pivot})"),
        }[self.level]
        return self._flags(
            long_entry=f"close > {resistance}",
            long_exit=f"close < {pivot}",
            short_entry=f"close < {support}",
            short_exit=f"close > {pivot}",
        )


class BuyAndHold(BuiltIn):
    """Buys at the first bar that may trade and holds to the last; what every other strategy is measured against."""

    name = "buy_and_hold"
    aliases: ClassVar[tuple[str, ...]] = ("buy_hold", "buyandhold", "hold")
    source = "the plain benchmark; it reads no indicator"

    @model_validator(mode="after")
    def _goes_long(self) -> Self:
        if self.direction == "short":
            raise ValueError("buy_and_hold only goes long; with direction short it would never trade")
        return self

    def rules(self) -> Rules:
        return self._target("True", "False")
