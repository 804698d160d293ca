"""What counts as a number among the values of a parameter."""

from __future__ import annotations

import sys

__all__ = ["is_number"]


def is_number(value: object) -> bool:
    """Whether it is a finite number that a float holds: neither a boolean, nor a whole number that is too large."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
