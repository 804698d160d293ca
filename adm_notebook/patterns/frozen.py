"""Parameters that nobody can change: mappings, lists and plain values, frozen and comparable."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from adm_notebook.config.frozen import canonical_json
from adm_notebook.errors import ConfigError, Problem, shown

__all__ = ["FrozenMapping", "canonical", "frozen"]

MAX_DEPTH = 20
_BIG = 2**53


class FrozenMapping(dict[str, Any]):
    """A mapping that can be read, compared, hashed and pickled, and not changed.

    Two are equal where their canonical forms are: 2 and 2.0 are one number, 1 and True are two values.
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a pattern can't be changed; its methods (add, replace, ...) give a new one")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenMapping):
            return NotImplemented if not isinstance(other, dict) else dict(self) == other
        return canonical_json(canonical(self)) == canonical_json(canonical(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none; this one never changes
        return hash(canonical_json(canonical(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMapping, (dict(self),)

    def __deepcopy__(self, _: object) -> FrozenMapping:
        return self

    def __copy__(self) -> FrozenMapping:
        return self


def frozen(value: Any, path: str = "parameters", depth: int = 0) -> Any:
    """`value` with lists as tuples and mappings as `FrozenMapping`.

    Raises
    ------
    ConfigError
        at its own path, for what YAML can't hold or what has no digest: objects, NaN, infinity, keys that are not text.
    """
    if depth > MAX_DEPTH:
        raise _wrong(path[:60], f"is nested more than {MAX_DEPTH} levels deep, or holds itself")
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # numpy's scalars and arrays
        value = value.tolist()
    if value is None or type(value) in (str, bool, int, dt.date, dt.datetime):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _wrong(path, f"must be a finite number, but was {value}")
        return float(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _wrong(path, f"has the key {shown(key)}; keys must be text")
        return FrozenMapping({str(k): frozen(v, f"{path}.{k}", depth + 1) for k, v in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(frozen(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(value))
    raise _wrong(path, f"must be a number, text, true or false, a date, a list or a mapping, but was {shown(value)}")


def canonical(value: Any) -> Any:
    """A frozen value made of what JSON has, so that equal values have one text in every process."""
    if isinstance(value, Mapping):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _BIG:
        return int(value)
    if isinstance(value, (dt.date, dt.datetime)):
        return {"!date": value.isoformat()}
    return value


def _wrong(path: str, message: str) -> ConfigError:
    return ConfigError(Problem(path, message), "Pattern")
