"""Valid parameters of any built-in strategy, drawn from what its model says of them."""

from __future__ import annotations

import math
from typing import Any

import annotated_types
from hypothesis import assume
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from adm_notebook.components import InvalidParameters, Strategy, make_strategy
from adm_notebook.components.strategies import BUILT_IN, BuiltIn

LONGEST = 9
"""Bars in the longest window that is drawn, so that short random walks are more than warm-up."""

SWINGS = (-2.0, -1.0, 0.0, 0.1, 0.25, 0.5, 0.9, 1.0, 1.2)
"""What defaults that aren't windows are multiplied by."""


@st.composite
def any_strategy(draw: st.DrawFn, model: type[BuiltIn] | None = None) -> Strategy:
    """A built-in strategy with parameters that it takes, in any direction."""
    chosen = model or draw(st.sampled_from(BUILT_IN))
    given = {name: draw(values_of(field)) for name, field in chosen.model_fields.items() if name != "direction"}
    given["direction"] = draw(st.sampled_from(["long", "short", "both"]))
    try:
        return make_strategy({"type": chosen.name, "parameters": given})
    except InvalidParameters:
        numbers = [name for name, value in given.items() if isinstance(value, (int, float))]
        in_order = dict(zip(numbers, sorted(given[name] for name in numbers), strict=True))
        typed = {n: int(v) if isinstance(given[n], int) else float(v) for n, v in in_order.items()}
        try:  # short before long, low before high: what most refusals ask for
            return make_strategy({"type": chosen.name, "parameters": {**given, **typed}})
        except ValueError:
            assume(False)
            raise


def values_of(field: FieldInfo) -> st.SearchStrategy[Any]:
    """Values that a field takes by itself; its model may refuse them together."""
    words = getattr(field.annotation, "__args__", None)
    if words:
        return st.sampled_from(words)
    low, high, open_low, open_high = limits_of(field)
    if field.annotation is int:
        return st.integers(int(low), int(min(high, LONGEST)))
    scale = field.default or 0.02
    drawn = sorted({scale * swing for swing in SWINGS})
    allowed = [v for v in drawn if low <= v <= high and not (open_low and v == low) and not (open_high and v == high)]
    return st.sampled_from(allowed)


def limits_of(field: FieldInfo) -> tuple[float, float, bool, bool]:
    """Least and greatest value, and whether each is itself out of bounds."""
    low, high, open_low, open_high = -math.inf, math.inf, False, False
    for part in field.metadata:
        match part:
            case annotated_types.Ge(ge=bound):
                low = float(bound)  # type: ignore[arg-type]  # numbers, in these models
            case annotated_types.Gt(gt=bound):
                low, open_low = float(bound), True  # type: ignore[arg-type]  # as above
            case annotated_types.Le(le=bound):
                high = float(bound)  # type: ignore[arg-type]  # as above
            case annotated_types.Lt(lt=bound):
                high, open_high = float(bound), True  # type: ignore[arg-type]  # as above
    return low, high, open_low, open_high
