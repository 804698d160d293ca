"""A built classifier: one set of parameters, ready to label bars; and a kind of classifier, as the registry has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.kind import Kind
from adm_notebook.components.regimes import Regimes

__all__ = ["Classifier", "ClassifierType"]


class Classifier(Protocol):
    """One classifier with its parameters.

    name        its type: `trend`
    parameters  all of them, defaults filled in
    labels      what it can give, `none` left out; () where only running it tells (a user's function)
    indicators  distinct ones, so that a coordinator can compute each once
    lookback    the longest TA-Lib lookback among them; a user's function is measured when it runs (`Regimes.lookback`)
    columns     price columns that it is known to read
    label       the main parameters as a title has them: `50`
    """

    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def indicators(self) -> tuple[Indicator, ...]: ...
    @property
    def lookback(self) -> int: ...
    @property
    def columns(self) -> frozenset[str]: ...
    @property
    def label(self) -> str: ...

    def classify(self, bars: BarsLike, feature: FeatureOf) -> Regimes:
        """The regime of every bar, in whole arrays; a bar without a close has that of the bar before."""
        ...

    def classify_by_bar(self, bars: BarsLike, feature: FeatureOf, check: Callable[[], None] | None = None) -> Regimes:
        """The same, bar by bar in plain Python; `check` is called every 4,096 bars and may raise to stop."""
        ...


class ClassifierType(Kind[Classifier], Protocol):
    """A kind of classifier, in the registry."""
