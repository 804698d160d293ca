"""TA-Lib's functions, described by its abstract interface and called by its plain one, which keeps no state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.components.bars import BarsLike, expand
from adm_notebook.errors import DataError, shown
from adm_notebook.market.arrays import F64

if TYPE_CHECKING:
    from adm_notebook.components.indicators import IndicatorFunction, Input

__all__ = ["MA_TYPES", "TalibFunction", "number_text", "talib_functions"]

MA_TYPES = {"sma": 0, "ema": 1, "wma": 2, "dema": 3, "tema": 4, "trima": 5, "kama": 6, "mama": 7, "t3": 8}
"""Moving averages by name, with the number that TA-Lib gives them where a parameter is called `matype`."""

_MA_NAMES = {number: name.upper() for name, number in MA_TYPES.items()}


@dataclass(frozen=True, eq=False)
class TalibFunction:
    """One function of TA-Lib, by its name there; there is one object for each, so that identity is equality."""

    name: str

    measured = False
    identity = ""

    @cached_property
    def _info(self) -> Mapping[str, Any]:
        info: Mapping[str, Any] = _abstract(self.name).info
        return info

    @cached_property
    def _call(self) -> Any:
        return getattr(import_module("talib"), self.name)

    @property
    def sentence(self) -> str:
        """What it is called in full: `Simple Moving Average`."""
        return str(self._info["display_name"])

    @property
    def group(self) -> str:
        """TA-Lib's group: `Overlap Studies`."""
        return str(self._info["group"])

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """Parameters and their defaults, in order."""
        return dict(self._info["parameters"])

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Columns it reads, in order; `periods` (of MAVP) has no default."""
        found: list[str] = []
        for column in self._info["input_names"].values():
            found += [column] if isinstance(column, str) else column
        return tuple(found)

    @cached_property
    def replaceable(self) -> int:
        """How many inputs, from the first, are not bound to a price column."""
        return sum(name in ("price", "price0", "price1", "periods") for name in self._info["input_names"])

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of its outputs: `upperband`, `middleband`, `lowerband`; `real` or `integer` where it has one."""
        return tuple(self._info["output_names"])

    def checked(self, parameters: tuple[Any, ...]) -> tuple[Any, ...]:
        """The parameters, typed; ValueError with a sentence where TA-Lib would refuse them."""
        return _checked(self, parameters, tuple(map(type, parameters)))

    def shown(self, parameters: tuple[Any, ...]) -> list[str]:
        """Parameters as text; moving averages by name, left out at the end where they are the default."""
        names, given = list(self.defaults), list(parameters)
        while names and "matype" in names[-1] and given[-1] == self.defaults[names[-1]]:
            names.pop()
            given.pop()
        return [
            _MA_NAMES.get(value, str(value)) if "matype" in name else number_text(value)
            for name, value in zip(names, given, strict=True)
        ]

    def lookback(self, parameters: tuple[Any, ...]) -> int:
        """Bars before its first output, with these parameters."""
        return _lookback(self.name, parameters)

    def compute(
        self, bars: BarsLike, inputs: tuple[str | Input, ...], parameters: tuple[Any, ...], column: str
    ) -> tuple[F64, ...]:
        """Its outputs over bars that all have a close.

        A NaN in an input (a missing high, 0 / 0 in an expression) would stay in a running sum to the end; so the
        function sees only the bars whose inputs are all there, and gives NaN on the others.
        """
        arrays = tuple(self._series(bars, given) for given in inputs)
        n_bars = len(bars.prices.close)
        if n_bars == 0:
            return tuple(np.empty(0) for _ in self.outputs)
        present = None
        if any(np.isnan(array.min()) for array in arrays):
            present = ~np.any([np.isnan(array) for array in arrays], axis=0)
            if not present.any():
                return tuple(np.full(n_bars, np.nan) for _ in self.outputs)
            arrays = tuple(array[present] for array in arrays)
        found = self._call(*arrays, *parameters)
        columns = tuple(self._float(values, parameters) for values in (found if isinstance(found, tuple) else (found,)))
        return columns if present is None else tuple(expand(values, present) for values in columns)

    def _series(self, bars: BarsLike, given: str | Input) -> F64:
        if not isinstance(given, str):
            return given.values(bars)
        array: F64 | None = getattr(bars.prices, given)
        if array is None:
            raise DataError(
                f"{self.name.lower()} reads volume, but these prices have none",
                "Give prices with a volume column, or use an indicator that reads prices alone.",
            )
        return np.ascontiguousarray(array, dtype=np.float64)

    def _float(self, values: Any, parameters: tuple[Any, ...]) -> F64:
        """TA-Lib writes 0 in the warm-up of its whole-number outputs: that is no value either."""
        if values.dtype == np.float64:
            return values  # type: ignore[no-any-return]  # talib ships no types for arrays
        converted: F64 = values.astype(np.float64)
        converted[: self.lookback(parameters)] = np.nan
        return converted

    def __repr__(self) -> str:
        return self.name


def number_text(value: float) -> str:
    """A number as text that reads back as the same: `20`, `0.7`."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


@lru_cache(maxsize=65_536)
def _checked(function: TalibFunction, parameters: tuple[Any, ...], _types: tuple[type, ...]) -> tuple[Any, ...]:
    """Typed parameters. The types are part of the cache's key, since True, 1 and 1.0 are equal."""
    typed = []
    for (name, default), value in zip(function.defaults.items(), parameters, strict=True):
        typed.append(_typed(function.name.lower(), name, default, value))
    if function.lookback(tuple(typed)) >= 0:
        return tuple(typed)
    for at, (name, value) in enumerate(zip(function.defaults, typed, strict=True)):
        alone = tuple(value if i == at else default for i, default in enumerate(function.defaults.values()))
        if function.lookback(alone) < 0:
            raise ValueError(f"{function.name.lower()}'s {name} must be {_range(function, at)}, but was {value:g}")
    raise ValueError(f"TA-Lib refuses {function.name.lower()}({', '.join(f'{v:g}' for v in typed)})")


def _typed(function: str, name: str, default: Any, value: Any) -> Any:
    if "matype" in name and isinstance(value, str):
        if value.lower() not in MA_TYPES:
            raise ValueError(f"{function}'s {name} must be one of {', '.join(MA_TYPES)}, but was {shown(value)}")
        return MA_TYPES[value.lower()]
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{function}'s {name} must be a number, but was {shown(value)}")
    number = float(value)
    if isinstance(default, float):
        return number
    if not number.is_integer() or abs(number) > 2**31 - 2:
        raise ValueError(f"{function}'s {name} must be a whole number, but was {number:g}")
    return int(number)


def _range(function: TalibFunction, at: int) -> str:
    """What TA-Lib takes for one parameter: it doesn't say, so the lower end is found by asking."""
    defaults: tuple[Any, ...] = tuple(function.defaults.values())

    def takes(value: Any) -> bool:
        return function.lookback((*defaults[:at], value, *defaults[at + 1 :])) >= 0

    name = list(function.defaults)[at]
    if "matype" in name:
        return f"one of {', '.join(MA_TYPES)}"
    if isinstance(defaults[at], int):
        lowest = next((v for v in range(100) if takes(v)), 0)
        return f"{lowest} to 100000" if takes(100_000) else f"{lowest} or more"
    lowest_seen = "0 or more" if takes(0.0) else "above 0"
    highest = next((h for h in (1.0, 100.0) if takes(h) and not takes(1.01 * h)), None)
    return lowest_seen if highest is None else f"{lowest_seen.removesuffix(' or more')} to {highest:g}"


@lru_cache(maxsize=65_536)
def _lookback(name: str, parameters: tuple[Any, ...]) -> int:
    """TA-Lib's lookback; below 0 where a parameter is out of its range."""
    function = _own(name)
    function.set_parameters(dict(zip(function.parameters, parameters, strict=True)))
    return int(function.lookback)


_threads = local()


def _own(name: str) -> Any:
    """This thread's object of the abstract interface, to be set before it is asked: making one takes longer by far."""
    functions: dict[str, Any] = vars(_threads).setdefault("functions", {})
    if name not in functions:
        functions[name] = _abstract(name)
    return functions[name]


def _abstract(name: str, **parameters: Any) -> Any:
    """A new object of TA-Lib's abstract interface: these keep state, so that none is shared."""
    return import_module("talib.abstract").Function(name, **parameters)


@lru_cache(maxsize=1)
def talib_functions() -> Mapping[str, IndicatorFunction]:
    """All functions of the TA-Lib that is installed, by lower-case name."""
    return {name.lower(): TalibFunction(name) for name in import_module("talib").get_functions()}
