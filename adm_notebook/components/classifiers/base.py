"""What the built-in classifiers have in common: parameters in a frozen model, labels by condition, two evaluators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from adm_notebook.components.bars import BarsLike, FeatureOf, valid_bars
from adm_notebook.components.classifier import Classifier
from adm_notebook.components.expressions import (
    ByBar,
    Expression,
    Whole,
    bind,
    columns_read,
    features,
    parse_condition,
)
from adm_notebook.components.expressions.kernels import TRUE, UNKNOWN
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.models import ModelKind
from adm_notebook.components.regimes import Regimes
from adm_notebook.components.rules import CHECK_EVERY, leading_nan
from adm_notebook.components.strategy import label_of
from adm_notebook.config.frozen import FrozenConfig
from adm_notebook.errors import ConfigError
from adm_notebook.market.arrays import I8, Bool

__all__ = [
    "BARS",
    "BuiltInClassifier",
    "LabelRules",
    "ModelClassifierType",
    "RuleClassifier",
    "RuleParameters",
    "carried",
    "carried_by_bar",
    "older",
    "over_closes",
    "over_closes_by_bar",
]

BARS = 100_000
"""The longest window that TA-Lib takes."""


def older(**names: str) -> Mapping[str, str]:
    """Older names of parameters, from those of today: `older(fast="fast_period short_window")`."""
    return {old: name for name, many in names.items() for old in many.split()}


# ---- bars without a close -------------------------------------------------------------------------------------------


def over_closes(bars: BarsLike, feature: FeatureOf, classify: Callable[[BarsLike, FeatureOf], I8]) -> I8:
    """Codes that `classify` gives the bars with a close; others carry the code of the bar before, -1 at the start."""
    selected, valid = valid_bars(bars)
    if valid is None:
        return classify(bars, feature)
    return carried(classify(selected, lambda i: tuple(column[valid] for column in feature(i))), valid)


def carried(codes: I8, valid: Bool) -> I8:
    """Codes of the valid bars on all bars, carried over the others; -1 before the first."""
    padded = np.concatenate((np.array([-1], np.int8), codes))
    return padded[np.cumsum(valid)]


def over_closes_by_bar(bars: BarsLike, feature: FeatureOf, classify: Callable[[BarsLike, FeatureOf], list[int]]) -> I8:
    """The same in plain Python; written apart from `over_closes`."""
    selected, valid = valid_bars(bars)
    if valid is None:
        return np.array(classify(bars, feature), np.int8)
    return carried_by_bar(classify(selected, lambda i: tuple(column[valid] for column in feature(i))), valid)


def carried_by_bar(codes: list[int], valid: Bool) -> I8:
    """The same as `carried`, in plain Python."""
    known, last, found = iter(codes), -1, []
    for has_close in valid.tolist():
        if has_close:
            last = next(known)
        found.append(last)
    return np.array(found, np.int8)


# ---- labels by condition --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelRules:
    """A label for each bar, by condition.

    conditions  (label, condition) in order; the first that is true decides. One that is unknown (a NaN in it), before
                any is true, makes the bar `none`
    otherwise   the label where all are false
    sticky      where all are false the label of the bar before stays, if that was not `none`
    """

    conditions: tuple[tuple[str, Expression], ...]
    otherwise: str
    sticky: bool = False

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The conditions, in order."""
        return tuple(condition for _, condition in self.conditions)


@dataclass(frozen=True, eq=False)
class RuleClassifier:
    """A classifier made of labelled conditions: each built-in but `hmm`."""

    name: str
    parameters: Mapping[str, Any]
    labels: tuple[str, ...]
    rules: LabelRules
    label: str

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """Distinct ones, in reading order."""
        return features(*self.rules.expressions)

    @property
    def columns(self) -> frozenset[str]:
        """Price columns that its conditions and their indicators read."""
        return frozenset().union(*(columns_read(e) for e in self.rules.expressions))

    @property
    def lookback(self) -> int:
        """The longest TA-Lib lookback among its indicators; price offsets such as close[1] don't count."""
        return max((indicator.lookback for indicator in self.indicators), default=0)

    def classify(self, bars: BarsLike, feature: FeatureOf) -> Regimes:
        """The regime of every bar, in whole arrays."""
        return Regimes(self.labels, over_closes(bars, feature, self._codes), self._measured(feature))

    def classify_by_bar(self, bars: BarsLike, feature: FeatureOf, check: Callable[[], None] | None = None) -> Regimes:
        """The same, bar by bar in plain Python; written apart from `classify`."""
        codes = over_closes_by_bar(bars, feature, lambda b, f: self._codes_by_bar(b, f, check))
        return Regimes(self.labels, codes, self._measured(feature))

    def _codes(self, bars: BarsLike, feature: FeatureOf) -> I8:
        whole = Whole(bars, feature)
        n_bars = len(bars.prices.close)
        codes = np.full(n_bars, -1, np.int8)
        undecided = np.ones(n_bars, np.bool_)
        for label, condition in self.rules.conditions:
            truth = whole.truth(condition)
            codes[undecided & (truth == TRUE)] = self.labels.index(label)
            undecided &= (truth != TRUE) & (truth != UNKNOWN)
        otherwise = self.labels.index(self.rules.otherwise)
        if not self.rules.sticky:
            codes[undecided] = otherwise
            return codes
        decided_at = np.maximum.accumulate(np.where(undecided, -1, np.arange(n_bars)))
        before = np.where(decided_at < 0, -1, codes[np.maximum(decided_at, 0)])
        # what is undecided after `none`, or from the first bar on, is `otherwise`
        return np.where(undecided & (before < 0), otherwise, before).astype(np.int8)

    def _codes_by_bar(self, bars: BarsLike, feature: FeatureOf, check: Callable[[], None] | None) -> list[int]:
        evaluator = ByBar(bars, feature, *self.rules.expressions)
        codes: list[int] = []
        last: str | None = None
        for t in range(len(bars.prices.close)):
            if check is not None and t % CHECK_EVERY == 0:
                check()
            last = self._label_at(evaluator, t, last)
            codes.append(-1 if last is None else self.labels.index(last))
        return codes

    def _label_at(self, evaluator: ByBar, t: int, last: str | None) -> str | None:
        for label, condition in self.rules.conditions:
            truth = evaluator.truth(condition, t)
            if truth is None:
                return None
            if truth:
                return label
        return last if self.rules.sticky and last is not None else self.rules.otherwise

    def _measured(self, feature: FeatureOf) -> int:
        """The lookback; of an indicator of the user's, the leading NaN run of what it gave."""
        return max(
            (max(map(leading_nan, feature(i)), default=0) if i.measured else i.lookback for i in self.indicators),
            default=0,
        )

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.parameters.items())})"


# ---- parameters -----------------------------------------------------------------------------------------------------


class BuiltInClassifier(FrozenConfig):
    """Parameters of a built-in classifier.

    name         its type in a config
    aliases      older names
    older_names  older names of its parameters
    source       where it comes from
    titled       the parameters that a title names
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    older_names: ClassVar[Mapping[str, str]] = {}
    source: ClassVar[str]
    titled: ClassVar[tuple[str, ...]] = ()

    def classifier(self, parameters: Mapping[str, Any]) -> Classifier:
        """The classifier; `parameters` are all of them by name."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """The main parameters as a title has them: `20/100`."""
        return label_of(getattr(self, name) for name in self.titled)


class RuleParameters(BuiltInClassifier):
    """Parameters of a classifier that says its labels as conditions of the rule language.

    labels  what it can give, in the order in which tables show them
    """

    labels: ClassVar[tuple[str, ...]]

    def rules(self) -> LabelRules:
        """Its labels and their conditions, with these parameters."""
        raise NotImplementedError

    def classifier(self, parameters: Mapping[str, Any]) -> Classifier:
        """The classifier that evaluates its rules."""
        return RuleClassifier(self.name, parameters, self.labels, self.rules(), self.title)

    def _labelled(self, otherwise: str, sticky: bool = False, **conditions: str) -> LabelRules:
        """`label="condition"` in order."""
        bound = tuple((label, bind(parse_condition(text), self.__dict__)) for label, text in conditions.items())
        return LabelRules(bound, otherwise, sticky)


class ModelClassifierType(ModelKind[BuiltInClassifier]):
    """A built-in classifier in the registry."""

    def build(self, given: Mapping[str, Any], path: str) -> Classifier:
        """The classifier.

        Raises
        ------
        InvalidParameters
            where its own check refuses values that are well-formed one by one.
        ConfigError
            for values that are wrong by themselves, and where a package that it needs is missing.
        """
        model = self.read(given, path)
        try:
            return model.classifier({name: getattr(model, name) for name in self.parameters})
        except ConfigError as error:
            raise ConfigError([p.under(path) for p in error.problems]) from None
