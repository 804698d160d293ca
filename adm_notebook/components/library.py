"""The strategies by name, and how one is built from `{type, parameters}`; what planning asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, overload

from adm_notebook.components.expressions import ExpressionError
from adm_notebook.components.kind import ParameterInfo
from adm_notebook.components.models import ModelKind
from adm_notebook.components.registry import Registry
from adm_notebook.components.rule import RuleType
from adm_notebook.components.strategies import BUILT_IN, BuiltIn
from adm_notebook.components.strategy import (
    RuleStrategy,
    Strategy,
    StrategyType,
    label_of,
)
from adm_notebook.components.user_code import check_signature
from adm_notebook.components.user_strategies import UserStrategyType
from adm_notebook.errors import ConfigError, Problem

__all__ = [
    "STRATEGIES",
    "StrategyRow",
    "canonical_parameters",
    "canonical_type",
    "describe",
    "make_strategy",
    "names",
    "parameters_of",
    "strategy",
]

F = TypeVar("F", bound=Callable[..., Any])


class ModelType(ModelKind[BuiltIn]):
    """A built-in strategy in the registry."""

    last = ("direction",)

    def build(self, given: Mapping[str, Any], path: str) -> RuleStrategy:
        """The strategy; InvalidParameters where its own check refuses values that are well-formed one by one."""
        model = self.read(given, path)
        try:
            rules = model.rules()
        except ExpressionError as error:  # an indicator refuses its window: kama(1)
            raise ConfigError(Problem(path, error.sentence)) from None
        label = label_of(getattr(model, name) for name in model.titled)
        parameters = {name: getattr(model, name) for name in self.parameters}
        return RuleStrategy(self.name, parameters, model.direction, rules, label)


def _built_in() -> Mapping[str, StrategyType]:
    types: list[StrategyType] = [*map(ModelType, BUILT_IN), RuleType()]
    return {t.name: t for t in types}


STRATEGIES: Registry[StrategyType] = Registry(
    "strategy",
    _built_in,
    {alias: model.name for model in BUILT_IN for alias in model.__dict__.get("aliases", ())},
    reserved=("ensemble",),
)
"""All strategies by name: the built-ins, `rule`, and those of `@adm.strategy`."""


def names() -> list[str]:
    """Names of all strategies, in alphabetical order."""
    return STRATEGIES.names()


def canonical_type(name: object, path: str = "type") -> str:
    """The name under which a strategy is known, given that or an older one; ConfigError at `path` if there is none."""
    return STRATEGIES.canonical(name, path)


def canonical_parameters(name: str, parameters: Mapping[str, Any], path: str = "parameters") -> dict[str, Any]:
    """Parameters by the names that the strategy knows them by, values untouched (they may be sweeps).

    Raises
    ------
    ConfigError
        for each name that the strategy doesn't have, at `path`.NAME.
    """
    return STRATEGIES.get(name).canonical(parameters, path)


def parameters_of(name: str) -> Mapping[str, ParameterInfo]:
    """Parameters of a strategy by name: type, default, description; `rule` takes others beside them."""
    return STRATEGIES.get(name).parameters


def make_strategy(spec: Mapping[str, Any], path: str = "strategy") -> Strategy:
    """The strategy of one combination.

    Parameters
    ----------
    spec
        `{type, parameters}`: the type by its name or an alias, parameters with single values.
    path
        where it stands in the config, for errors.

    Raises
    ------
    InvalidParameters
        where the strategy's own check refuses the combination (fast >= slow).
    ConfigError
        for unknown types and parameters, and for values that are wrong by themselves.
    """
    kind = STRATEGIES.get(spec.get("type"), f"{path}.type")
    below = f"{path}.parameters"
    return kind.build(kind.canonical(spec.get("parameters") or {}, below), below)


class StrategyRow(NamedTuple):
    """A row of the table of strategies."""

    name: str
    aliases: tuple[str, ...]
    sentence: str
    source: str
    parameters: Mapping[str, ParameterInfo]


def describe() -> list[StrategyRow]:
    """All strategies, the built-ins first in their order: what each does, where it comes from, its parameters."""
    return [
        StrategyRow(name, STRATEGIES.aliases_of(name), kind.sentence, kind.source, kind.parameters)
        for name, kind in STRATEGIES.snapshot().items()
    ]


@overload
def strategy(function: F) -> F: ...
@overload
def strategy(function: str | None = None) -> Callable[[F], F]: ...
def strategy(function: F | str | None = None) -> F | Callable[[F], F]:
    """Register a function as a strategy: `@adm.strategy`, or `@adm.strategy("name")`.

    Parameters
    ----------
    function
        `f(bars, **params)`: `bars` is a DataFrame open, high, low, close[, volume], the function's own; its keyword
        defaults are the strategy's parameters, their types those of the defaults. It returns, on the index of `bars`, a
        Series of targets (-1, 0, +1; NaN as long as it knows nothing) or a DataFrame with `target` or some of
        `long_entry, long_exit, short_entry, short_exit`, and perhaps `strength` in [0, 1]. What it says of a bar must
        be known at that bar's close.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> @adm.strategy
    ... def above_its_mean(bars, period=50):
    ...     return (bars.close > bars.close.rolling(period).mean()).astype(int)
    >>> spec = {"type": "above_its_mean", "parameters": {"period": 20}}
    """

    def register(code: F) -> F:
        check_signature(code, "strategy")
        name = (function if isinstance(function, str) else code.__name__).strip().lower()
        said = STRATEGIES.register(name, UserStrategyType(name, code))
        if said:
            print(said)
        return code

    return register if function is None or isinstance(function, str) else register(function)
