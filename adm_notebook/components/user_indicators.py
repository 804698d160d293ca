"""`@adm.indicator`: a user's function as an indicator, usable in rules by its name like one of TA-Lib's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from adm_notebook.components.bars import BarsLike
from adm_notebook.components.indicators import INDICATORS, Input
from adm_notebook.components.talib_functions import number_text
from adm_notebook.components.user_code import (
    UserCode,
    aligned,
    called,
    check_signature,
    numbers_of,
    type_problem,
)
from adm_notebook.errors import SignatureError, StrategyError, shown
from adm_notebook.market.arrays import F64

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UserIndicator", "indicator"]

Code = Callable[..., Any]
F = TypeVar("F", bound=Code)


@dataclass(frozen=True, eq=False)
class UserIndicator(UserCode):
    """A function `f(bars, **params)` that returns a Series, or a DataFrame with a column for each output."""

    outputs: tuple[str, ...] = ()

    group = "Yours"
    inputs: tuple[str, ...] = ()
    replaceable = 0
    measured = True

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Parameters and their defaults, in order."""
        return {name: info.default for name, info in self.parameters.items()}

    def checked(self, parameters: tuple[Any, ...]) -> tuple[Any, ...]:
        """The parameters, typed like their defaults; ValueError with a sentence where they don't fit."""
        typed = []
        for (name, info), value in zip(self.parameters.items(), parameters, strict=True):
            if info.required and value is None:
                raise ValueError(f"{self.name} needs its parameter {name}")
            wrong = type_problem(info, value)
            if wrong:
                raise ValueError(f"{self.name}'s {name} {wrong}")
            typed.append(info.type(value) if info.type in (int, float) else value)
        return tuple(typed)

    def shown(self, parameters: tuple[Any, ...]) -> list[str]:
        """Parameters as text."""
        return [
            number_text(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else str(v) for v in parameters
        ]

    def lookback(self, parameters: tuple[Any, ...]) -> int:
        """0: only what it returns tells (its leading NaN run)."""
        return 0

    def compute(
        self, bars: BarsLike, inputs: tuple[str | Input, ...], parameters: tuple[Any, ...], column: str
    ) -> tuple[F64, ...]:
        """Call it once with a fresh DataFrame of the bars, and read what it returns."""
        import pandas as pd

        frame, what = bars.frame, f"indicator {self.name}"
        index = frame.index
        found = called(what, self.code, frame, **dict(zip(self.parameters, parameters, strict=True)))
        result = aligned(what, found, pd.DataFrame(index=index))
        if isinstance(result, pd.Series):
            if column or len(self.outputs) > 1:
                raise StrategyError(
                    f"{what} returned one Series, but its output {column or self.outputs[1]} was asked for"
                )
            return (numbers_of(what, result),)
        return tuple(numbers_of(what, series) for series in self._columns(what, result, column))

    def _columns(self, what: str, frame: pd.DataFrame, column: str) -> list[pd.Series[Any]]:
        by_name = {str(name).lower(): name for name in frame.columns}
        listed = ", ".join(map(str, frame.columns)) or "none"
        if self.outputs:
            missing = [name for name in self.outputs if name not in by_name]
            if missing:
                raise StrategyError(f"{what} declares the output {missing[0]}, but returned the columns {listed}")
            return [frame[by_name[name]] for name in self.outputs]
        if not column and len(frame.columns) == 1:
            return [frame.iloc[:, 0]]
        if column not in by_name:
            wanted = (
                f"has no column {column}; it returned {listed}"
                if column
                else f"returned the columns {listed}; say which"
            )
            raise StrategyError(f"{what} {wanted}, such as {self.name}(...).{next(iter(by_name), 'name')}")
        return [frame[by_name[column]]]


@overload
def indicator(function: F) -> F: ...
@overload
def indicator(function: str | None = None, *, outputs: tuple[str, ...] = ()) -> Callable[[F], F]: ...
def indicator(function: F | str | None = None, *, outputs: tuple[str, ...] = ()) -> F | Callable[[F], F]:
    """Register a function as an indicator: `@adm.indicator`, or `@adm.indicator("name", outputs=("upper", "lower"))`.

    Parameters
    ----------
    function
        `f(bars, **params)`: `bars` is a DataFrame open, high, low, close[, volume], the function's own; its keyword
        defaults are the indicator's parameters. It returns a Series, or a DataFrame with a column for each output, on
        the index of `bars`; NaN where it knows nothing yet.
    outputs
        names of the columns that it returns. If they are given, rules that use several of them call the function once;
        else once for each, since nobody knows what it will return.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> @adm.indicator
    ... def typical(bars, period=20):
    ...     return ((bars.high + bars.low + bars.close) / 3).rolling(period).mean()

    and then in a rule: `entry: "close > typical(50)"`.
    """

    def register(code: F) -> F:
        check_signature(code, "indicator")
        name = (function if isinstance(function, str) else code.__name__).strip().lower()
        if not name.isidentifier():
            message = f"an indicator's name is used in rules, so that it must be a plain word, but was {shown(name)}"
            raise SignatureError(message)
        said = INDICATORS.register(name, UserIndicator(name, code, tuple(o.lower() for o in outputs)))
        if said:
            print(said)
        return code

    return register if function is None or isinstance(function, str) else register(function)
