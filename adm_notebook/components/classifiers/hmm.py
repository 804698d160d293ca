"""`hmm`: a Gaussian hidden Markov model of log returns, fitted once on the first bars, filtered forward afterwards."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from adm_notebook.components.bars import BarsLike, FeatureOf
from adm_notebook.components.classifier import Classifier
from adm_notebook.components.classifiers.base import BARS, BuiltInClassifier, older, over_closes, over_closes_by_bar
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.regimes import Regimes
from adm_notebook.components.rules import CHECK_EVERY
from adm_notebook.errors import ConfigError, DataError, Problem
from adm_notebook.jit import jit, on_warmup, readonly
from adm_notebook.market.arrays import F64, I8

__all__ = ["Fit", "Hmm", "HmmClassifier", "fitted"]

LABELS: Mapping[int, tuple[str, ...]] = {2: ("calm", "turbulent"), 3: ("calm", "normal", "turbulent")}
"""Labels by number of states: the states in order of their variance."""

FLATTEST = 1e-3
"""A state whose variance is less than this part of that of all returns has shrunk onto a few equal returns."""

STEEPEST = 1e-3
"""The mean log likelihood counts as maximal where no slope of it is steeper; returns are in standard deviations."""

TIE = 1e-9
"""Probabilities this near are equal, and then the state before stays: rounding never changes a label."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model; returns are in units of `scale`, states in order of variance.

    scale       standard deviation of the log returns that it was fitted on
    mean        (n_states,)
    variance    (n_states,)
    transition  (n_states, n_states)  probability of going from the state of the row to that of the column
    initial     (n_states,)  probabilities before the first return: the long-run shares of the states
    """

    scale: float
    mean: F64
    variance: F64
    transition: F64
    initial: F64


def fitted(close: F64, n_states: int, seed: int, starts: int) -> Fit:
    """The model that fits these closes best: maximum likelihood, from several starting points.

    Both evaluators call this one function, so that they filter with the same numbers. It draws its starting points from
    a generator of its own: the same closes give the same model in every process.

    Parameters
    ----------
    close
        (n_bars,) of the training bars, quote currency
    n_states
        2 or 3
    seed, starts
        the first starting point is the same for every seed; `starts - 1` more are drawn

    Raises
    ------
    DataError
        where none of the starting points leads to a maximum with states that have a variance of their own.
    """
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    returns = np.diff(np.log(close))
    scale = float(returns.std())
    if not scale > 0 or not math.isfinite(scale):
        raise DataError(f"hmm can't be fitted: the first {len(close):,} closes never move", "Choose other prices.")
    model: Any = MarkovRegression(returns / scale, k_regimes=n_states, trend="c", switching_variance=True)
    best, best_likelihood = None, -math.inf
    for start in _starting_points(n_states, float(returns.mean() / scale), seed, starts):
        # on the way it tries variances of 0 and infinite slopes; what it ends with is judged below
        with np.errstate(all="ignore"):
            try:
                found = model.fit(
                    start, em_iter=0, search_reps=0, maxiter=500, cov_type="none", disp=0, warn_convergence=False
                )
            except (np.linalg.LinAlgError, RuntimeError, ValueError):  # it ran to where probabilities are no numbers
                continue
        slope = np.abs(found.mle_retvals["gopt"]).max()
        params = np.asarray(found.params)
        sound = bool(np.isfinite(params).all()) and slope <= STEEPEST and params[-n_states:].min() >= FLATTEST
        if sound and found.llf > best_likelihood + 1e-6:  # equal maxima: the first
            best, best_likelihood = params, float(found.llf)
    if best is None:
        raise DataError(
            f"hmm did not converge: no {n_states} states with a variance of their own explain the first {len(close):,} "
            "closes",
            "Use more train_bars, more starts or fewer n_states; where many closes are equal, longer bars.",
        )
    return _in_order(best, scale, n_states)


def _starting_points(n_states: int, mean: float, seed: int, starts: int) -> Iterator[F64]:
    """Parameters in the order of statsmodels: p[i -> j] for j but the last, i fastest; means; variances."""
    rng = np.random.default_rng(seed)
    means, variances, stay = np.full(n_states, mean), np.geomspace(0.3, 3.0, n_states), 0.95
    for _ in range(starts):
        transition = np.full((n_states, n_states), (1 - stay) / (n_states - 1))
        np.fill_diagonal(transition, stay)
        yield np.concatenate((transition[:, :-1].T.ravel(), means, variances))
        means, variances = rng.normal(mean, 0.3, n_states), np.exp(rng.normal(0.0, 1.0, n_states))
        stay = rng.uniform(0.7, 0.99)


def _in_order(params: F64, scale: float, n_states: int) -> Fit:
    """statsmodels' parameters as a Fit, states sorted by variance."""
    n_free = n_states * (n_states - 1)
    free = params[:n_free].reshape(n_states - 1, n_states).T
    transition = np.column_stack((free, 1 - free.sum(axis=1))).clip(0.0, 1.0)
    mean, variance = params[n_free : n_free + n_states], params[n_free + n_states :]
    order = np.lexsort((mean, variance))
    transition = transition[np.ix_(order, order)]
    # long-run shares p solve p = p transition, with sum 1
    equations = np.vstack((transition.T - np.eye(n_states), np.ones(n_states)))
    initial = np.linalg.lstsq(equations, np.append(np.zeros(n_states), 1.0), rcond=None)[0].clip(0.0, 1.0)
    return Fit(scale, mean[order], variance[order], transition, initial / initial.sum())


@dataclass(frozen=True, eq=False)
class HmmClassifier:
    """The classifier with its parameters; the model is fitted when it runs."""

    parameters: Mapping[str, Any]
    labels: tuple[str, ...]
    train_bars: int
    n_states: int
    seed: int
    starts: int
    label: str

    name: ClassVar[str] = "hmm"
    indicators: ClassVar[tuple[Indicator, ...]] = ()
    columns: ClassVar[frozenset[str]] = frozenset(("close",))

    @property
    def lookback(self) -> int:
        """The bars that it is fitted on."""
        return self.train_bars

    def classify(self, bars: BarsLike, feature: FeatureOf) -> Regimes:
        """The regime of every bar, in whole arrays.

        Raises
        ------
        DataError
            where no model can be fitted.
        """
        return Regimes(self.labels, over_closes(bars, feature, lambda b, _: self._codes(b.prices.close)), self.lookback)

    def classify_by_bar(self, bars: BarsLike, feature: FeatureOf, check: Callable[[], None] | None = None) -> Regimes:
        """The same, bar by bar in plain Python; written apart from `classify`, the fit excepted."""
        codes = over_closes_by_bar(bars, feature, lambda b, _: self._codes_by_bar(b.prices.close, check))
        return Regimes(self.labels, codes, self.lookback)

    def _fit(self, close: F64) -> Fit:
        return fitted(close[: self.train_bars], self.n_states, self.seed, self.starts)

    def _codes(self, close: F64) -> I8:
        if len(close) <= self.train_bars:
            return np.full(len(close), -1, np.int8)
        fit = self._fit(close)
        moves = np.diff(np.log(close))[:, np.newaxis] / fit.scale
        density = -0.5 * (np.log(fit.variance) + (moves - fit.mean) ** 2 / fit.variance)
        codes = np.full(len(close), -1, np.int8)
        codes[1:] = filter_nb(readonly(density), readonly(fit.transition), readonly(fit.initial))
        codes[: self.train_bars] = -1
        return codes

    def _codes_by_bar(self, close: F64, check: Callable[[], None] | None) -> list[int]:
        if len(close) <= self.train_bars:
            return [-1] * len(close)
        fit = self._fit(close)
        means, variances, states = fit.mean.tolist(), fit.variance.tolist(), range(self.n_states)
        transition: list[list[float]] = fit.transition.tolist()
        probabilities: list[float] = fit.initial.tolist()
        closes: list[float] = close.tolist()
        codes, state = [-1], 0
        for t in range(1, len(closes)):
            if check is not None and t % CHECK_EVERY == 0:
                check()
            move = math.log(closes[t] / closes[t - 1]) / fit.scale
            expected = [sum(probabilities[i] * transition[i][j] for i in states) for j in states]
            logs = [-0.5 * (math.log(v) + (move - m) ** 2 / v) for m, v in zip(means, variances, strict=True)]
            likely = [e * math.exp(density - max(logs)) for e, density in zip(expected, logs, strict=True)]
            probabilities = [p / sum(likely) for p in likely] if sum(likely) > 0 else expected
            top = max(probabilities)
            if probabilities[state] < top - TIE:
                state = next(j for j in states if probabilities[j] >= top - TIE)
            codes.append(state if t >= self.train_bars else -1)
        return codes

    def __repr__(self) -> str:
        return f"hmm({', '.join(f'{n}={v!r}' for n, v in self.parameters.items())})"


@jit
def filter_nb(density: F64, transition: F64, initial: F64) -> I8:
    """The most probable state after each return, given that return and those before (Hamilton's filter).

    density     (n, n_states)  log density of each return in each state, a constant left out
    transition  (n_states, n_states)  from the state of the row to that of the column
    initial     (n_states,)  probabilities before the first return
    returns     (n,)  state; of states that are equally probable (within 1e-9) the one before, else the first
    """
    n, n_states = density.shape
    states = np.empty(n, np.int8)
    before, now = initial.copy(), np.empty(n_states)
    state = 0
    for t in range(n):
        highest = density[t].max()
        total = 0.0
        for j in range(n_states):
            expected = 0.0
            for i in range(n_states):
                expected += before[i] * transition[i, j]
            now[j] = expected * np.exp(density[t, j] - highest)
            total += now[j]
        if total > 0.0:
            for j in range(n_states):
                before[j] = now[j] / total
        else:  # the one state that this return speaks for can't be reached: the expected shares stand
            for j in range(n_states):
                now[j] = 0.0
                for i in range(n_states):
                    now[j] += before[i] * transition[i, j]
            before[:] = now
        top = before.max()
        if before[state] < top - 1e-9:
            state = 0
            while before[state] < top - 1e-9:
                state += 1
        states[t] = state
    return states


@on_warmup
def _kernels() -> None:
    """The kernel on three returns."""
    half = readonly(np.full((2, 2), 0.5))
    filter_nb(readonly(np.zeros((3, 2))), half, readonly(np.full(2, 0.5)))


class Hmm(BuiltInClassifier):
    """The likeliest state of a hidden Markov model of returns, fitted on the first `train_bars` and then filtered."""

    name = "hmm"
    aliases: ClassVar[tuple[str, ...]] = (
        "hmm_classifier",
        "hmm_regime",
        "hidden_markov",
        "hidden_markov_model",
        "markov",
        "markov_switching",
        "gaussian_hmm",
    )
    older_names = older(
        n_states="states n_components n_regimes k_regimes",
        train_bars="training_bars train_period train_window fit_bars lookback",
        seed="random_state random_seed",
        starts="n_init restarts",
    )
    source = "Hamilton (1989), Econometrica 57(2); fitted with statsmodels' MarkovRegression"
    titled = ("n_states", "train_bars")

    n_states: int = Field(2, ge=2, le=3, description="2: calm, turbulent; 3: calm, normal, turbulent; by variance")
    train_bars: int = Field(500, ge=30, le=BARS, description="bars that it is fitted on; `none` until they have passed")
    seed: int = Field(0, ge=0, description="of the starting points that are drawn")
    starts: int = Field(3, ge=1, le=100, description="starting points of the fit; the likeliest result counts")

    def classifier(self, parameters: Mapping[str, Any]) -> Classifier:
        """The classifier; ConfigError where statsmodels is not installed."""
        if importlib.util.find_spec("statsmodels") is None:
            message = 'hmm is fitted with statsmodels, which is not installed: pip install "adm-notebook[hmm]"'
            raise ConfigError(Problem("", message))
        return HmmClassifier(
            parameters, LABELS[self.n_states], self.train_bars, self.n_states, self.seed, self.starts, self.title
        )
