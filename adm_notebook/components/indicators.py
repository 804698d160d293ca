"""Indicators as values: a function, its parameters and its inputs; the same objects for both coordinators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from adm_notebook.components.bars import BarsLike, expand, valid_bars
from adm_notebook.components.own_indicators import own_indicators
from adm_notebook.components.registry import Registry
from adm_notebook.components.talib_functions import talib_functions
from adm_notebook.errors import ConfigError, Problem, did_you_mean
from adm_notebook.market.arrays import F64

__all__ = ["INDICATORS", "Indicator", "IndicatorFunction", "Input", "build", "make_indicator"]


class Input(Protocol):
    """What an indicator reads in place of a price column: the values of an expression. Hashable and immutable."""

    @property
    def key(self) -> str: ...
    @property
    def lookback(self) -> int: ...
    @property
    def columns(self) -> frozenset[str]: ...
    @property
    def measured(self) -> bool: ...
    def values(self, bars: BarsLike) -> F64: ...


class IndicatorFunction(Protocol):
    """A function that makes indicators: one of TA-Lib's, or the user's.

    name      as in `%adm indicators`
    defaults  parameters in order, with their default values
    inputs    names of the columns it reads; `replaceable` of them, the first, may be replaced by other series
    outputs   names of what it gives; () where only calling the function tells
    measured  whether its lookback is known only from what it returns (its leading NaN run)
    """

    def __hash__(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def defaults(self) -> Mapping[str, Any]: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def replaceable(self) -> int: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def measured(self) -> bool: ...
    def checked(self, parameters: tuple[Any, ...]) -> tuple[Any, ...]: ...
    def shown(self, parameters: tuple[Any, ...]) -> list[str]: ...
    def lookback(self, parameters: tuple[Any, ...]) -> int: ...
    def compute(
        self, bars: BarsLike, inputs: tuple[str | Input, ...], parameters: tuple[Any, ...], column: str
    ) -> tuple[F64, ...]: ...


RESERVED = (
    "open", "high", "low", "close", "volume", "and", "or", "not", "true", "false", "abs", "crosses_above",
    "crosses_below",
)  # fmt: skip
"""Words of the rule language, which an indicator's name would never be read as."""


def _built_in() -> Mapping[str, IndicatorFunction]:
    return {**own_indicators(), **talib_functions()}


INDICATORS: Registry[IndicatorFunction] = Registry(
    "indicator", _built_in, {"highest": "max", "lowest": "min"}, RESERVED
)
"""All indicators by name: TA-Lib's, ours where it lacks them, and those of `@adm.indicator`."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator with its parameters: `SMA(10)`, `BBANDS(20, 2, 2)`, `EMA(volume, 20)`; equal ones compute once.

    function    one of `INDICATORS`
    parameters  all of them, defaults filled in, in the function's order
    inputs      price columns or expressions, in the function's order
    column      of a user's function that gives several unnamed ones: the one that is meant
    """

    function: IndicatorFunction
    parameters: tuple[Any, ...] = ()
    inputs: tuple[str | Input, ...] = ()
    column: str = ""

    @property
    def key(self) -> str:
        """Canonical text: equal for equal indicators, in every process."""
        given = self.inputs[: self.function.replaceable]
        series = (
            [i if isinstance(i, str) else i.key for i in given] if given != self.function.inputs[: len(given)] else []
        )
        text = f"{self.function.name}({', '.join(series + self.function.shown(self.parameters))})"
        return f"{text}.{self.column}" if self.column else text

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what `compute` gives, in order."""
        return (self.column or "real",) if not self.function.outputs else self.function.outputs

    @property
    def lookback(self) -> int:
        """Bars before the first value: TA-Lib's, on top of those of its inputs; 0 where it has to be `measured`."""
        below = max((i.lookback for i in self.inputs if not isinstance(i, str)), default=0)
        return below + self.function.lookback(self.parameters)

    @property
    def measured(self) -> bool:
        """Whether a user's function is involved: its lookback is the leading NaN run of what it returns."""
        return self.function.measured or any(i.measured for i in self.inputs if not isinstance(i, str))

    @property
    def columns(self) -> frozenset[str]:
        """Price columns that it reads."""
        found: set[str] = set()
        for given in self.inputs:
            found |= {given} if isinstance(given, str) else given.columns
        return frozenset(found)

    def compute(self, bars: BarsLike) -> tuple[F64, ...]:
        """Its outputs, each (n_bars,) float64: NaN during the warm-up and on bars without a close.

        Raises
        ------
        DataError
            where it reads volume and the bars have none.
        StrategyError
            where the user's function raises, or returns what can't be read.
        """
        selected, valid = valid_bars(bars)
        outputs = self.function.compute(selected, self.inputs, self.parameters, self.column)
        return outputs if valid is None else tuple(expand(values, valid) for values in outputs)

    def __repr__(self) -> str:
        return self.key


def make_indicator(
    name: str, *parameters: Any, inputs: tuple[str | Input, ...] = (), column: str = "", **named: Any
) -> Indicator:
    """An indicator by name: `make_indicator("sma", 10)`, `make_indicator("bbands", 20, nbdevup=2)`.

    Parameters
    ----------
    name
        of a TA-Lib function or of one registered with `@adm.indicator`, in any case.
    parameters, named
        in the function's order, or by name; what is left out has its default.
    inputs
        series to read in place of the default ones (`close`).

    Raises
    ------
    ConfigError
        for unknown names, too many parameters, and values that the function refuses.
    """
    function = INDICATORS.get(name, "indicator")
    try:
        return build(function, parameters, named, inputs, column)
    except ValueError as error:
        raise ConfigError(Problem(function.name.lower(), str(error)), "Indicator") from None


def build(
    function: IndicatorFunction,
    parameters: tuple[Any, ...],
    named: Mapping[str, Any],
    inputs: tuple[str | Input, ...] = (),
    column: str = "",
) -> Indicator:
    """The same for a function at hand; what is wrong is a ValueError with a sentence, for the caller to point with."""
    defaults = function.defaults
    low = function.name.lower()
    if len(parameters) > len(defaults):
        count = f"{len(parameters)} number{'' if len(parameters) == 1 else 's'}"
        raise ValueError(f"{low} takes {', '.join(defaults) or 'no numbers'}, but was given {count}")
    values = dict(defaults)
    values.update(zip(defaults, parameters, strict=False))
    for key, value in named.items():
        if key not in defaults:
            known = f"Known: {', '.join(defaults)}" if defaults else "It has none"
            guess = did_you_mean(key, list(defaults))
            raise ValueError(f"{low} has no parameter `{key}`.{guess or ' ' + known}")
        if key in list(defaults)[: len(parameters)]:
            raise ValueError(f"{low} is given `{key}` twice, by place and by name")
        values[key] = value
    return Indicator(function, function.checked(tuple(values.values())), _inputs(function, inputs), column)


def _inputs(function: IndicatorFunction, given: tuple[str | Input, ...]) -> tuple[str | Input, ...]:
    wanted, low = function.inputs, function.name.lower()
    if not given or given == wanted:
        if "periods" in wanted and not given:
            raise ValueError(
                f"{low} needs two series, the second with the period of each bar: {low}(close, 10 + rsi(14) / 10)"
            )
        return wanted
    if not function.replaceable:
        reads = ", ".join(wanted)
        raise ValueError(
            f"{low} always reads {reads}; leave its series out" if wanted else f"{low} takes no series, only parameters"
        )
    if len(given) > function.replaceable:
        raise ValueError(f"{low} reads {function.replaceable} series, but {len(given)} were given")
    if "periods" in wanted and len(given) < function.replaceable:
        raise ValueError(f"{low} needs two series, the second with the period of each bar")
    return (*given, *wanted[len(given) :])
