"""Classifiers: which regime each bar is in; the built-ins, and those of `@adm.classifier`, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from adm_notebook.components.classifier import Classifier, ClassifierType
from adm_notebook.components.classifiers.base import BuiltInClassifier, ModelClassifierType
from adm_notebook.components.classifiers.built_in import MarketStructure, MomentumRegime, Trend, Volatility
from adm_notebook.components.classifiers.hmm import Hmm
from adm_notebook.components.classifiers.user import UserClassifierType
from adm_notebook.components.registry import Registry
from adm_notebook.components.user_code import check_signature

__all__ = ["CLASSIFIERS", "classifier", "make_classifier"]

F = TypeVar("F", bound=Callable[..., Any])

BUILT_IN: tuple[type[BuiltInClassifier], ...] = (Trend, Volatility, MomentumRegime, MarketStructure, Hmm)
"""In the order in which tables show them."""


def _built_in() -> Mapping[str, ClassifierType]:
    return {model.name: ModelClassifierType(model) for model in BUILT_IN}


CLASSIFIERS: Registry[ClassifierType] = Registry(
    "classifier",
    _built_in,
    {alias: model.name for model in BUILT_IN for alias in model.aliases},
)
"""All classifiers by name: the built-ins, and those of `@adm.classifier`."""


def make_classifier(spec: Mapping[str, Any], path: str = "classifier") -> Classifier:
    """The classifier of one combination.

    Parameters
    ----------
    spec
        `{type, parameters}`: the type by its name or an alias, parameters with single values.
    path
        where it stands in the config, for errors.

    Raises
    ------
    InvalidParameters
        where the classifier's own check refuses the combination (fast >= slow).
    ConfigError
        for unknown types and parameters, and for values that are wrong by themselves.
    """
    kind = CLASSIFIERS.get(spec.get("type"), f"{path}.type")
    below = f"{path}.parameters"
    return kind.build(kind.canonical(spec.get("parameters") or {}, below), below)


@overload
def classifier(function: F) -> F: ...
@overload
def classifier(function: str | None = None) -> Callable[[F], F]: ...
def classifier(function: F | str | None = None) -> F | Callable[[F], F]:
    """Register a function as a classifier: `@adm.classifier`, or `@adm.classifier("name")`.

    Parameters
    ----------
    function
        `f(bars, **params)`: `bars` is a DataFrame open, high, low, close[, volume], the function's own; its keyword
        defaults are the classifier's parameters, their types those of the defaults. It returns, on the index of `bars`,
        a Series of labels (text; NaN, None or "none" as long as it knows nothing). What it says of a bar must be known
        at that bar's close.

    Examples
    --------
    >>> import adm_notebook as adm
    >>> @adm.classifier
    ... def by_its_mean(bars, period=50):
    ...     mean = bars.close.rolling(period).mean()
    ...     return (bars.close > mean).map({True: "above", False: "below"}).where(mean.notna())
    >>> spec = {"type": "by_its_mean", "parameters": {"period": 20}}
    """

    def register(code: F) -> F:
        check_signature(code, "classifier")
        name = (function if isinstance(function, str) else code.__name__).strip().lower()
        said = CLASSIFIERS.register(name, UserClassifierType(name, code))
        if said:
            print(said)
        return code

    return register if function is None or isinstance(function, str) else register(function)
