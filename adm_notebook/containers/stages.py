"""The work of the stages, twice: whole arrays and compiled kernels, or bar by bar in plain Python.

Containers decide what is done and in which order; how it is computed is the stages' business, and the two
implementations share no code that makes a number.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from adm_notebook.components import Classifier, Decision, Regimes, Strategy
from adm_notebook.components.bars import FeatureOf
from adm_notebook.components.ensembles import Voting
from adm_notebook.config.settings import Settings
from adm_notebook.containers.portfolio import combine, combine_by_time, union_of
from adm_notebook.containers.values import Fills, Orders
from adm_notebook.engine import compiled, reference, reference_exposure, reference_metrics
from adm_notebook.engine import exposure as array_exposure
from adm_notebook.engine import metrics as array_metrics
from adm_notebook.engine.account import Account, Signals
from adm_notebook.engine.compiled import Book
from adm_notebook.engine.exposure import Exposure
from adm_notebook.market import Bars
from adm_notebook.market.arrays import Bool

__all__ = ["BarByBar", "Stages", "WholeArrays"]


class Stages(Protocol):
    """How each stage is computed; arguments and values are the same in both implementations."""

    def classify(self, classifier: Classifier, bars: Bars, feature: FeatureOf) -> Regimes:
        """The regime of every bar."""
        ...

    def exposure(self, settings: Settings, bars: Bars, feature: FeatureOf) -> Exposure:
        """Sizes and stops that move with prices."""
        ...

    def decide(self, strategy: Strategy, bars: Bars, feature: FeatureOf, regimes: Regimes | None) -> Decision:
        """What a strategy wants on every bar."""
        ...

    def vote(self, ensemble: Voting, decisions: Sequence[Decision], regimes: Regimes | None) -> Decision:
        """What an ensemble wants, given what its members do."""
        ...

    def orders(self, decision: Decision, exposure: Exposure, warmup: int) -> Signals:
        """The flags that lead to the positions wanted, with sizes and stops."""
        ...

    def simulate(self, bars: Bars, orders: Orders, settings: Settings) -> Account | Book:
        """Trade them."""
        ...

    def combine(
        self, fills: Sequence[Fills], capitals: Sequence[float], capital: float
    ) -> tuple[Account, tuple[int, ...]]:
        """Several accounts as one, over the union of their times; and each trade's account."""
        ...

    def metrics(self, made: Account | Book, bars: Sequence[Bars], settings: Settings) -> dict[str, float]:
        """The metrics of the specification, over the union of the times of `bars`."""
        ...


class WholeArrays:
    """The composable mode: arrays and compiled kernels; the GIL is released where they run.

    Rows that follow each other often ask for the orders of the same decision from the same bar on, under one risk
    profile after the other: each thread keeps the flags that it made last.
    """

    def __init__(self) -> None:
        self._last = _LastFlags()

    def classify(self, classifier: Classifier, bars: Bars, feature: FeatureOf) -> Regimes:
        """By the classifier's array evaluator."""
        return classifier.classify(bars, feature)

    def exposure(self, settings: Settings, bars: Bars, feature: FeatureOf) -> Exposure:
        """By arrays."""
        return array_exposure.exposure(settings, bars, feature, bars.calendar)

    def decide(self, strategy: Strategy, bars: Bars, feature: FeatureOf, regimes: Regimes | None) -> Decision:
        """By the strategy's array evaluator."""
        return strategy.evaluate(bars, feature, regimes)

    def vote(self, ensemble: Voting, decisions: Sequence[Decision], regimes: Regimes | None) -> Decision:
        """By arrays."""
        return ensemble.vote(decisions, regimes)

    def orders(self, decision: Decision, exposure: Exposure, warmup: int) -> Signals:
        """By arrays."""
        last = self._last
        if last.decision is not decision or last.warmup != warmup:
            if decision.target is not None:
                signals = compiled.signals_from_targets(decision.target, warmup, decision.strength)
            else:
                signals = _flags(decision)
            last.decision, last.warmup = decision, warmup
            last.signals, last.flagged = signals, compiled.flagged_by(signals)
        assert last.signals is not None  # as the decision is kept, so are its flags
        return array_exposure.exposed(last.signals, exposure)

    def simulate(self, bars: Bars, orders: Orders, settings: Settings) -> Book:
        """In the compiled engine."""
        days = bars.calendar.days if settings.max_daily_loss is not None else None
        last, signals, flagged = self._last, orders.signals, None
        if last.signals is not None and all(a is b for a, b in zip(signals[:4], last.signals[:4], strict=True)):
            flagged = last.flagged
        return compiled.book(bars.prices, signals, settings, warmup=orders.warmup, days=days, flagged=flagged)

    def combine(
        self, fills: Sequence[Fills], capitals: Sequence[float], capital: float
    ) -> tuple[Account, tuple[int, ...]]:
        """By arrays."""
        index, _, past = union_of([f.bars for f in fills])
        return combine([f.account for f in fills], capitals, capital, past, len(index))

    def metrics(self, made: Account | Book, bars: Sequence[Bars], settings: Settings) -> dict[str, float]:
        """In one compiled pass; of an account that was traded here, in the same pass as that."""
        calendar = bars[0].calendar if len(bars) == 1 else union_of(bars)[1]
        if isinstance(made, Book):
            return made.metrics(calendar, settings)
        return array_metrics.metrics(made, calendar, settings)


class BarByBar:
    """The traditional mode: plain Python, to be read beside the specification.

    check  called every few thousand bars; whatever it raises ends the row
    watch  called as often while an account is traded, with the bar that comes next and the equity before it
    """

    def __init__(
        self,
        check: Callable[[], None] | None = None,
        watch: Callable[[int, Sequence[float]], None] | None = None,
    ) -> None:
        self.check, self.watch = check, watch

    def classify(self, classifier: Classifier, bars: Bars, feature: FeatureOf) -> Regimes:
        """By the classifier's evaluator for one bar after the other."""
        return classifier.classify_by_bar(bars, feature, self.check)

    def exposure(self, settings: Settings, bars: Bars, feature: FeatureOf) -> Exposure:
        """Bar by bar."""
        return reference_exposure.exposure(settings, bars, feature)

    def decide(self, strategy: Strategy, bars: Bars, feature: FeatureOf, regimes: Regimes | None) -> Decision:
        """By the strategy's evaluator for one bar after the other."""
        return strategy.evaluate_by_bar(bars, feature, self.check, regimes)

    def vote(self, ensemble: Voting, decisions: Sequence[Decision], regimes: Regimes | None) -> Decision:
        """Bar by bar."""
        return ensemble.vote_by_bar(decisions, regimes)

    def orders(self, decision: Decision, exposure: Exposure, warmup: int) -> Signals:
        """Bar by bar."""
        if decision.target is not None:
            signals = reference.signals_from_targets(decision.target, warmup, decision.strength)
        else:
            signals = _flags(decision)
        return reference_exposure.exposed(signals, exposure)

    def simulate(self, bars: Bars, orders: Orders, settings: Settings) -> Account:
        """In the reference engine."""
        days = None
        if settings.max_daily_loss is not None:
            days = reference_exposure.days_of(bars.index)
        return reference.simulate(
            bars.prices, orders.signals, settings, warmup=orders.warmup, check=self.check, watch=self.watch, days=days
        )

    def combine(
        self, fills: Sequence[Fills], capitals: Sequence[float], capital: float
    ) -> tuple[Account, tuple[int, ...]]:
        """By a walk over the union of times."""
        index, _, _ = union_of([f.bars for f in fills])
        times = [list(f.bars.index) for f in fills]
        return combine_by_time([f.account for f in fills], capitals, capital, times, list(index))

    def metrics(self, made: Account | Book, bars: Sequence[Bars], settings: Settings) -> dict[str, float]:
        """In plain Python."""
        assert isinstance(made, Account)  # a book is what the compiled engine leaves
        index = bars[0].index if len(bars) == 1 else union_of(bars)[0]
        return reference_metrics.metrics(made, index, settings)


class _LastFlags(threading.local):
    """Of one thread: the decision whose flags it made last, from which bar on, and those flags."""

    decision: Decision | None = None
    warmup: int = -1
    signals: Signals | None = None
    flagged: Bool | None = None


def _flags(decision: Decision) -> Signals:
    flags = decision.flags
    assert flags is not None  # a decision has a target or flags
    return Signals(flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit, decision.strength)
