"""What a strategy yields, as rules: conditions for a target, or for the four flags; evaluated whole or bar by bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.components.decision import Decision, Flags
from adm_notebook.components.expressions import ByBar, Expression, Whole, columns_read, features
from adm_notebook.components.expressions.kernels import carry_nb, target_nb
from adm_notebook.components.indicators import Indicator
from adm_notebook.market.arrays import F64, I8

__all__ = [
    "CHECK_EVERY",
    "Direction",
    "FlagRules",
    "Rules",
    "TargetRules",
    "columns_of",
    "decide",
    "decide_by_bar",
    "expressions_of",
    "indicators_of",
    "leading_nan",
]

Direction = Literal["long", "short", "both"]

CHECK_EVERY = 4_096
"""Bars between two looks at whether the run was stopped."""


@dataclass(frozen=True, slots=True)
class TargetRules:
    """+1 where `up` holds, -1 where `down` does; elsewhere the last target stays (`keep`) or it is 0; unknown is 0."""

    up: Expression
    down: Expression
    keep: bool = False


@dataclass(frozen=True, slots=True)
class FlagRules:
    """A condition for each flag; None is never."""

    long_entry: Expression | None = None
    long_exit: Expression | None = None
    short_entry: Expression | None = None
    short_exit: Expression | None = None


Rules = TargetRules | FlagRules


def expressions_of(rules: Rules) -> tuple[Expression | None, ...]:
    """All its conditions, in order."""
    if isinstance(rules, TargetRules):
        return rules.up, rules.down
    return rules.long_entry, rules.long_exit, rules.short_entry, rules.short_exit


def indicators_of(rules: Rules) -> tuple[Indicator, ...]:
    """The distinct indicators in use, in reading order."""
    return features(*expressions_of(rules))


def columns_of(rules: Rules) -> frozenset[str]:
    """Price columns that rules and their indicators read."""
    return frozenset().union(*(columns_read(e) for e in expressions_of(rules) if e is not None))


def decide(rules: Rules, direction: Direction, bars: BarsLike, feature: FeatureOf) -> Decision:
    """Evaluate in whole arrays, over bars that all have a close."""
    whole = Whole(bars, feature)
    lookback = _lookback(rules, feature)
    if isinstance(rules, FlagRules):
        return Decision(None, Flags(*map(whole.flag, expressions_of(rules))), None, lookback)
    long, short, rest = np.int8(direction != "short"), -np.int8(direction != "long"), np.int8(2 if rules.keep else 0)
    target = target_nb(whole.truth(rules.up), whole.truth(rules.down), rest, long, short)
    return Decision(carry_nb(target) if rules.keep else target, None, None, lookback)


def decide_by_bar(
    rules: Rules, direction: Direction, bars: BarsLike, feature: FeatureOf, check: Callable[[], None] | None
) -> Decision:
    """Evaluate bar by bar in plain Python, over bars that all have a close; written apart from `decide`."""
    evaluator = ByBar(bars, feature, *expressions_of(rules))
    n_bars = len(bars.prices.close)
    lookback = _lookback(rules, feature)
    if isinstance(rules, FlagRules):
        flags = np.zeros((4, n_bars), np.bool_)
        for t in range(n_bars):
            if check is not None and t % CHECK_EVERY == 0:
                check()
            for row, condition in zip(flags, expressions_of(rules), strict=True):
                row[t] = condition is not None and evaluator.truth(condition, t) is True
        return Decision(None, Flags(*flags), None, lookback)
    target: I8 = np.zeros(n_bars, np.int8)
    wanted = 0
    for t in range(n_bars):
        if check is not None and t % CHECK_EVERY == 0:
            check()
        up, down = evaluator.truth(rules.up, t), evaluator.truth(rules.down, t)
        if up is None or down is None:
            wanted = 0
        elif up:
            wanted = 1
        elif down:
            wanted = -1
        elif not rules.keep:
            wanted = 0
        traded = direction == "both" or (wanted > 0) == (direction == "long")
        target[t] = wanted if traded else 0
    return Decision(target, None, None, lookback)


def _lookback(rules: Rules, feature: FeatureOf) -> int:
    """The longest among the indicators: TA-Lib's own; of a user's function, the leading NaN run of what it gave."""
    return max((_measured(feature(i)) if i.measured else i.lookback for i in indicators_of(rules)), default=0)


def _measured(outputs: tuple[F64, ...]) -> int:
    return max((leading_nan(column) for column in outputs), default=0)


def leading_nan(values: F64) -> int:
    """Length of the run of NaN that `values` begin with."""
    known = ~np.isnan(values)
    return int(known.argmax()) if known.any() else len(values)
