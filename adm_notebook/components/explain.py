"""Why a strategy never entered, in a sentence: the comparison that was never true, and how near it came."""

from __future__ import annotations

import numpy as np
import pandas as pd

from adm_notebook.components.bars import BarsLike, FeatureOf, valid_bars
from adm_notebook.components.expressions import Expression, Whole, features, text_of
from adm_notebook.components.expressions.kernels import TRUE
from adm_notebook.components.expressions.nodes import And, Compare, Number
from adm_notebook.components.rules import Direction, FlagRules, Rules

__all__ = ["why_no_entry"]

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def why_no_entry(rules: Rules, direction: Direction, bars: BarsLike, feature: FeatureOf) -> str | None:
    """A sentence for the first entry condition that was never true; None if there is one that was.

    feature
        outputs over all of `bars`.
    """
    selected, valid = valid_bars(bars)
    picked = feature if valid is None else lambda indicator: tuple(column[valid] for column in feature(indicator))
    entries: list[Expression | None]
    if isinstance(rules, FlagRules):
        entries = [rules.long_entry, rules.short_entry]
    else:
        entries = [rules.up if direction != "short" else None, rules.down if direction != "long" else None]
    whole = Whole(selected, picked)
    conditions = [entry for entry in entries if entry is not None]
    if any((whole.truth(condition) == TRUE).any() for condition in conditions):
        return None
    for condition in conditions:
        sentence = _why(condition, whole, selected.index)
        if sentence:
            return sentence
    return None


def _why(condition: Expression, whole: Whole, times: pd.Index) -> str | None:
    parts = condition.operands if isinstance(condition, And) else (condition,)
    never = [part for part in parts if not (whole.truth(part) == TRUE).any()]
    if not never:
        return f"The conditions of {text_of(condition)} were never true on the same bar."
    return next((s for s in (_of_comparison(part, whole, times) for part in never) if s), None)


def _of_comparison(part: Expression, whole: Whole, times: pd.Index) -> str | None:
    if not isinstance(part, Compare) or part.op in ("==", "!="):
        return None
    left, right, op = part.left, part.right, part.op
    if isinstance(left, Number):
        left, right, op = right, left, _MIRRORED[op]  # type: ignore[assignment]  # a value of that literal
    if not isinstance(right, Number) or isinstance(left, Number):
        return None
    series, limit = text_of(left), f"{right.name} = {right.value:g}" if right.name else f"{right.value:g}"
    values = whole.array(left)
    if np.isnan(values).all():
        longest = max((i.lookback for i in features(left)), default=0)
        return (
            f"{series} has no value: it needs more than {longest:,} bars, and there are {len(values):,}."
            if longest
            else None
        )
    below = op in ("<", "<=")
    at = int(np.nanargmin(values) if below else np.nanargmax(values))
    verb = {"<": "fell below", "<=": "fell to", ">": "rose above", ">=": "rose to"}[op]
    extreme = "lowest" if below else "highest"
    return (
        f"{series} never {verb} {limit}; its {extreme} value was {_figure(float(values[at]))}, on {_when(times, at)}."
    )


def _figure(value: float) -> str:
    return f"{value:,.1f}" if 10 <= abs(value) < 1e6 else f"{value:.3g}"


def _when(times: pd.Index, at: int) -> str:
    if not isinstance(times, pd.DatetimeIndex):
        return f"bar {times[at]}"
    daily = bool((times == times.normalize()).all())
    return str(times[at].strftime("%Y-%m-%d" if daily else "%Y-%m-%d %H:%M"))
