"""The axis of a swept parameter: which of its values are named, so that names are round and never touch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from adm_notebook.display.numbers import value_text
from adm_notebook.display.picture import drawable, text_width, thinned

__all__ = ["label_of", "longest", "named_ticks"]

_LABEL_MOST = 110  # CSS pixels of a name beside an axis


def label_of(value: Any) -> str:
    """A value as it stands beside an axis."""
    return drawable(value_text(value), _LABEL_MOST, bold=True)


def longest(values: Sequence[Any]) -> Sequence[Any]:
    """The few values that are longest when written."""
    return sorted(values, key=lambda v: -len(value_text(v)))[:8]


def named_ticks(values: Sequence[Any], at: Sequence[float], chosen: int, *, upright: bool) -> dict[int, str]:
    """Names of round values by position, the chosen one always; those that would touch it or each other give way.

    at       CSS pixels of each value along the axis
    upright  whether names stand side by side, not above each other
    """
    longest = max(values, key=lambda v: len(value_text(v)))
    room = text_width(label_of(longest), bold=True) + 10 if upright else 22
    extent = abs(at[-1] - at[0]) or 1.0
    wanted = sorted({*_round_values(values, max(int(extent / room), 1)), chosen})
    labels = {i: label_of(values[i]) for i in wanted}
    if not upright:
        return {i: labels[i] for i in wanted if i == chosen or abs(at[i] - at[chosen]) >= 15}
    kept = thinned([at[i] for i in wanted], list(labels.values()), [int(i == chosen) for i in wanted], gap=8)
    return {wanted[k]: labels[wanted[k]] for k in kept}


def _round_values(values: Sequence[Any], most: int) -> Sequence[int]:
    """Positions of evenly spaced values: multiples of 1, 2, 5 x 10^k if the values are numbers, else every n-th."""
    n = len(values)
    if n <= most + 1:
        return range(n)
    if all(isinstance(v, (int, float, np.number)) for v in values):
        numbers = np.asarray(values, float)
        power = 10.0 ** math.floor(math.log10((numbers[-1] - numbers[0]) / most))
        for step in (power * k for k in (1, 2, 5, 10, 20, 50)):
            hits = np.flatnonzero(np.abs(numbers / step - np.round(numbers / step)) < 1e-6)
            if 2 <= len(hits) <= most:
                return [int(i) for i in hits]
    return range(0, n, -(-n // most))
