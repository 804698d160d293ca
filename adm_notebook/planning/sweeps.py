"""Swept values: a list or a range `{min, max, step}` where one value could stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from adm_notebook.components.numbers import is_number
from adm_notebook.errors import ConfigError, Problem, shown

__all__ = ["Axis", "is_swept", "values_of"]

MAX_VALUES = 1_000_000


@dataclass(frozen=True, slots=True)
class Axis:
    """One swept value.

    name    the parameter or setting, as a user writes it
    values  what it takes, in the config's order
    """

    name: str
    values: tuple[Any, ...]


def is_swept(value: object) -> bool:
    """Whether `value` stands for several: a list, or a mapping with `min` and `max`."""
    return isinstance(value, (list, tuple, range)) or (isinstance(value, Mapping) and {"min", "max"} <= value.keys())


def plain(value: Any) -> Any:
    """A number as Python has it: decimals and fractions are floats, numpy's scalars what they hold."""
    if isinstance(value, (Decimal, Fraction)):
        return float(value)
    return value.item() if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0 else value


def values_of(value: Any, path: str) -> tuple[Any, ...]:
    """The values that a list or range stands for, `max` included.

    Steps are taken in decimal arithmetic, so that {min: 0.1, max: 0.3, step: 0.1} is 0.1, 0.2, 0.3.

    Raises
    ------
    ConfigError
        for an empty list, a value that stands twice, and a range that can't be walked.
    """
    values = _range(value, path) if isinstance(value, Mapping) else tuple(map(plain, value))
    if not values:
        raise ConfigError(Problem(path, "is an empty list; name at least one value"))
    seen = [f"{float(v)!r}" if is_number(v) else repr(v) for v in values]
    if len(set(seen)) < len(seen):
        twice = next(v for i, v in enumerate(values) if seen[i] in seen[:i])
        raise ConfigError(Problem(path, f"lists {shown(twice)} twice; name each value once"))
    return values


def _rounded(count: int) -> str:
    return f"{count:,}" if count < 10**12 else f"more than 10^{len(str(count)) - 1}"


def _range(value: Mapping[str, Any], path: str) -> tuple[int, ...] | tuple[float, ...]:
    problems = [
        Problem(f"{path}.{key}", "unknown field of a range; it has min, max and step")
        for key in value
        if key not in ("min", "max", "step")
    ]
    low, high = value["min"], value["max"]
    whole = all(isinstance(v, int) for v in (low, high))
    step = value.get("step")
    if step is None and whole:
        step = 1
    if step is None:
        problems.append(Problem(f"{path}.step", "is missing; a range of fractions needs one"))
    for name, number in (("min", low), ("max", high), ("step", step)):
        if not is_number(number) and not (name == "step" and number is None):
            problems.append(Problem(f"{path}.{name}", f"must be a finite number, but was {shown(number)}"))
    if problems:
        raise ConfigError(problems)
    assert step is not None
    if not step > 0:
        raise ConfigError(Problem(f"{path}.step", f"must be above 0, but was {shown(step)}"))
    if low > high:
        raise ConfigError(Problem(path, f"min must not be above max, but they are {low:g} and {high:g}"))
    first, last, stride = (Decimal(str(v)) for v in (low, high, step))
    count = int((last - first) / stride) + 1
    if count > MAX_VALUES:
        raise ConfigError(
            Problem(path, f"has {_rounded(count)} values; at most {MAX_VALUES:,} are taken. Use a larger step")
        )
    if whole and isinstance(step, int):
        return tuple(range(low, high + 1, step))
    return tuple(float(first + i * stride) for i in range(count))
