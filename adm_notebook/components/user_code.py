"""What the user's own functions have in common: their parameters, calling them, and reading the columns they return."""

from __future__ import annotations

import copy
import hashlib
import inspect
import linecache
import textwrap
import tokenize
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from adm_notebook.components.kind import ParameterInfo
from adm_notebook.errors import ConfigError, Problem, SignatureError, StrategyError, did_you_mean, named, shown

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.market.arrays import F64

__all__ = [
    "UserCode",
    "UserFunction",
    "aligned",
    "called",
    "numbers_of",
    "own_parameters",
    "parameters_from",
    "takes_any",
    "takes_bars",
    "type_problem",
    "typed_parameters",
]

Code = Callable[..., Any]

_MUTABLE = (list, dict, set, bytearray, np.ndarray)


def parameters_from(function: Code, behind: int = 1) -> dict[str, ParameterInfo]:
    """The function's parameters behind `bars`: names, defaults, and the types that those imply.

    behind  how many come first that are no parameters of the component: `bars` alone
    """
    found: dict[str, ParameterInfo] = {}
    for parameter in list(inspect.signature(function).parameters.values())[behind:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        kind = type(default) if isinstance(default, (bool, int, float, str)) else None
        found[parameter.name] = ParameterInfo(kind, default, "", required)
    return found


def takes_bars(function: Code) -> bool:
    """Whether bars are handed to it: its first parameter is called `bars`, or has no default and no keyword's place."""
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is None or first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        return False
    return first.name == "bars" or first.default is first.empty


def takes_any(function: Code) -> bool:
    """Whether it has `**params`: then names that its signature doesn't list are parameters too."""
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def identity_of(function: Code) -> str:
    """A digest of the function's source and defaults; of its bytecode, where it has no source.

    Two functions of one name and other code are other work, also in another process.
    """
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):  # no file has it, or one that has changed since
        code = getattr(function, "__code__", None)
        source = repr((code.co_code, code.co_consts, code.co_names)) if code is not None else repr(type(function))
    defaults = {n: repr(p.default) for n, p in parameters_from(function).items()}
    return hashlib.sha256(f"{source}\n{sorted(defaults.items())}".encode()).hexdigest()


def check_signature(function: object, what: str, needs_bars: bool = True) -> None:
    """Refuse, by a SignatureError, what can't be called as `f(bars, **params)`: code is wrong, not a config.

    needs_bars  whether `f(**params)` is refused, too
    """
    if not callable(function):
        raise SignatureError(
            f"@adm.{what} stands before a function: def my_{what}(bars, period=20), but this is {shown(function)}"
        )
    names = list(inspect.signature(function).parameters.values())
    if not needs_bars:
        return
    if not names or names[0].kind not in (names[0].POSITIONAL_ONLY, names[0].POSITIONAL_OR_KEYWORD):
        raise SignatureError(
            f"the first parameter of a {what} is bars: def {getattr(function, '__name__', what)}(bars, period=20)"
        )


def type_problem(info: ParameterInfo, value: Any) -> str:
    """Why a value doesn't fit the type of the parameter's default, or nothing."""
    if info.type is None:
        return ""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if info.type is bool:
        return "" if isinstance(value, bool) else f"must be true or false, but was {shown(value)}"
    if info.type is int:
        whole = is_number and value == value and abs(value) != float("inf") and value == int(value)
        return "" if whole else f"must be a whole number, but was {shown(value)}"
    if info.type is float:
        return "" if is_number and value == value else f"must be a number, but was {shown(value)}"
    return "" if isinstance(value, str) else f"must be text, but was {shown(value)}"


def own_parameters(
    name: str, known: Mapping[str, ParameterInfo], takes_more: bool, given: Mapping[str, Any], path: str
) -> dict[str, Any]:
    """The parameters as given, if the function called `name` has them; ConfigError at `path` for any other."""
    if takes_more:
        return dict(given)
    problems = []
    for parameter in given:
        if parameter not in known:
            listed = f" Known here: {', '.join(known)}" if known else " It has none"
            guess = did_you_mean(parameter, list(known)) or listed
            problems.append(Problem(f"{path}.{parameter}", f"{name} has no such parameter.{guess}"))
    if problems:
        raise ConfigError(problems)
    return dict(given)


def typed_parameters(known: Mapping[str, ParameterInfo], given: Mapping[str, Any], path: str) -> dict[str, Any]:
    """All parameters of a function, typed like their defaults; ConfigError at `path` where one is missing or unfit."""
    problems = [
        Problem(f"{path}.{name}", "is missing: the function gives it no default")
        for name, info in known.items()
        if info.required and name not in given
    ]
    values = {name: info.default for name, info in known.items()}
    for name, value in given.items():
        info = known.get(name)
        if info is not None and (wrong := type_problem(info, value)):
            problems.append(Problem(f"{path}.{name}", wrong))
        elif info is not None and info.type in (int, float):
            values[name] = info.type(value)
        else:
            values[name] = value
    if problems:
        raise ConfigError(problems)
    return values


@dataclass(frozen=True, eq=False)
class UserCode:
    """A function `f(bars, **params)` under a name: what it says of itself, and its parameters."""

    name: str
    code: Code

    @property
    def sentence(self) -> str:
        """The first line of its docstring."""
        return next(iter((self.code.__doc__ or "").strip().splitlines()), "")

    @cached_property
    def identity(self) -> str:
        """A digest of the code."""
        return identity_of(self.code)

    @cached_property
    def parameters(self) -> Mapping[str, ParameterInfo]:
        """Its parameters behind `bars`."""
        return parameters_from(self.code)


@dataclass(frozen=True, eq=False)
class UserFunction(UserCode):
    """Such a function in a registry: a `components.kind.Kind` but for what is built of it."""

    source: ClassVar[str] = "yours"
    older_names: Mapping[str, str] = field(default_factory=dict)

    def canonical(self, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The parameters, if the function has them; ConfigError for any other."""
        return own_parameters(self.name, self.parameters, takes_any(self.code), given, path)


def called(what: str, function: Code, /, *inputs: Any, **parameters: Any) -> Any:
    """What the user's function returns; a list or dict among its parameters, such as a default, is a new one each time.

    Raises
    ------
    StrategyError
        if it raises: with its name, the error, and the last line of the user's own code; the cause is kept.
    """
    own = {n: copy.deepcopy(v) if isinstance(v, _MUTABLE) else v for n, v in parameters.items()}
    try:
        return function(*inputs, **own)
    except Exception as error:
        raise StrategyError(f"{what} raised {named(error)}{_own_line(function, error)}") from error


def _own_line(function: Code, error: BaseException) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    own = [f for f in traceback.extract_tb(error.__traceback__) if code is not None and f.filename == code.co_filename]
    if not own:
        return ""
    line = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0)
    return f"\n  line {own[-1].lineno}, in {own[-1].name}: {line.strip()}"


def aligned(what: str, values: Any, frame: pd.DataFrame) -> Any:
    """The Series, DataFrame or array that came back, if it has one value for each bar; StrategyError else."""
    import pandas as pd

    if isinstance(values, (pd.Series, pd.DataFrame)):
        if len(values) != len(frame):
            raise StrategyError(
                f"{what} returned {len(values):,} values for {len(frame):,} bars; give one for each, NaN where "
                "there is none (dropna() shortens, .reindex(bars.index) mends it)"
            )
        if not values.index.equals(frame.index):
            raise StrategyError(
                f"{what} returned another index than that of bars; keep it: pd.Series(values, index=bars.index)"
            )
        return values
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return aligned(
            what, pd.Series(values, index=frame.index) if len(values) == len(frame) else pd.Series(values), frame
        )
    came = "nothing (is a `return` missing?)" if values is None else f"{type(values).__name__}: {shown(values)}"
    raise StrategyError(f"{what} must return a Series or a DataFrame with one row for each bar, but returned {came}")


def numbers_of(what: str, column: pd.Series[Any]) -> F64:
    """A column as float64, what is missing as NaN; StrategyError if it holds anything but numbers and booleans."""
    try:
        values: F64 = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        odd = next(
            (v for v in column if not isinstance(v, (int, float, np.number, np.bool_)) and v is not None),
            column.iloc[0],
        )
        raise StrategyError(f"{what} must return numbers, but there is {shown(odd)} ({type(odd).__name__})") from None
    if column.dtype.kind in "mM" or str(column.dtype) == "category":
        raise StrategyError(f"{what} must return numbers, but returned {column.dtype}")
    return np.array(values)  # a copy: the function may keep its array and write to it when it is called again
