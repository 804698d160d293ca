"""`@adm.classifier`: a user's function as a classifier; what it returns is checked and read as labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from adm_notebook.components.bars import BarsLike, FeatureOf, valid_bars
from adm_notebook.components.classifiers.base import carried, carried_by_bar
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.regimes import NO_REGIME, Regimes
from adm_notebook.components.strategy import label_of
from adm_notebook.components.user_code import (
    UserFunction,
    aligned,
    called,
    typed_parameters,
)
from adm_notebook.errors import StrategyError, shown

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UserClassifier", "UserClassifierType", "regimes_of"]

MOST = 100
"""Labels that a function may give; more are numbers in disguise."""


@dataclass(frozen=True, eq=False)
class UserClassifier:
    """The user's function with its parameters. It is simply called, in both coordinators."""

    name: str
    code: Callable[..., Any]
    parameters: Mapping[str, Any]

    labels: ClassVar[tuple[str, ...]] = ()
    indicators: ClassVar[tuple[Indicator, ...]] = ()
    lookback: ClassVar[int] = 0
    columns: ClassVar[frozenset[str]] = frozenset()

    @property
    def label(self) -> str:
        """Its numbers, as a title has them."""
        return label_of(v for v in self.parameters.values() if isinstance(v, (int, float)) and not isinstance(v, bool))

    def classify(self, bars: BarsLike, feature: FeatureOf) -> Regimes:
        """What the function returns for these bars; labels in the order in which they first appear.

        Raises
        ------
        StrategyError
            if it raises, or returns what can't be read.
        """
        selected, valid = valid_bars(bars)
        found = _coded(self._labels(selected))
        return found if valid is None else replace(found, codes=carried(found.codes, valid))

    def classify_by_bar(self, bars: BarsLike, feature: FeatureOf, check: Callable[[], None] | None = None) -> Regimes:
        """The same, its labels read bar by bar: only the function knows how it works."""
        if check is not None:
            check()
        selected, valid = valid_bars(bars)
        labels: list[str] = []
        codes: list[int] = []
        lookback = 0
        for value in self._labels(selected):
            if value is not None and value not in labels:
                labels.append(value)
            lookback += not labels
            codes.append(-1 if value is None else labels.index(value))
        whole = np.array(codes, np.int8) if valid is None else carried_by_bar(codes, valid)
        return Regimes(tuple(labels), whole, lookback)

    def _labels(self, bars: BarsLike) -> list[str | None]:
        """What the function says of each bar; None where it knows nothing."""
        what = f"classifier {self.name}"
        frame = bars.frame
        index = frame.index  # kept aside: the frame is the function's own, which may change it
        return _labels_of(what, called(what, self.code, frame, **self.parameters), index)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.parameters.items())})"


def regimes_of(what: str, returned: Any, index: pd.Index) -> Regimes:
    """What a user's code returned for the bars of `index`, as regimes: a Series of labels, in order of appearance.

    Raises
    ------
    StrategyError
        naming `what` and the bar, where it can't be read.
    """
    return _coded(_labels_of(what, returned, index))


def _coded(values: list[str | None]) -> Regimes:
    labels = tuple(dict.fromkeys(v for v in values if v is not None))
    position = {label: i for i, label in enumerate(labels)}
    codes = np.array([-1 if v is None else position[v] for v in values], np.int8)
    known = np.flatnonzero(codes >= 0)
    return Regimes(labels, codes, int(known[0]) if len(known) else len(codes))


def _labels_of(what: str, returned: Any, index: pd.Index) -> list[str | None]:
    import pandas as pd

    result = aligned(what, returned, pd.DataFrame(index=index))
    if isinstance(result, pd.DataFrame):
        raise StrategyError(f"{what} must return a Series of labels, but returned a DataFrame; return one column")
    return _read(what, result)


def _read(what: str, column: pd.Series[Any]) -> list[str | None]:
    missing = column.isna().to_numpy()
    found: list[str | None] = []
    for t, value in enumerate(column.tolist()):
        if missing[t] or value == NO_REGIME:
            found.append(None)
        elif isinstance(value, str) and value.strip():
            found.append(value)
        else:
            hint = "" if isinstance(value, str) else ", such as np.where(..., 'up', 'down')"
            raise StrategyError(f"{what} must return labels as text{hint}, but bar {t} has {shown(value)}")
    distinct = dict.fromkeys(v for v in found if v is not None)
    if len(distinct) > MOST:
        raise StrategyError(
            f"{what} must return at most {MOST} labels, but bar {found.index(list(distinct)[MOST])} has one more; "
            "give regimes that strategies can name"
        )
    return found


@dataclass(frozen=True, eq=False)
class UserClassifierType(UserFunction):
    """A function `f(bars, **params)` in the registry of classifiers."""

    def build(self, given: Mapping[str, Any], path: str) -> UserClassifier:
        """The classifier with these parameters, typed like their defaults."""
        return UserClassifier(self.name, self.code, typed_parameters(self.parameters, given, path))
