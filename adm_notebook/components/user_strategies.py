"""`@adm.strategy`: a user's function as a strategy; what it returns is checked and read as targets or flags."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from adm_notebook.components.bars import BarsLike, FeatureOf, over_valid_bars
from adm_notebook.components.decision import Decision, Flags
from adm_notebook.components.indicators import Indicator
from adm_notebook.components.regimes import Regimes
from adm_notebook.components.rules import Direction, leading_nan
from adm_notebook.components.strategy import Strategy, label_of
from adm_notebook.components.user_code import (
    UserFunction,
    aligned,
    called,
    numbers_of,
    typed_parameters,
)
from adm_notebook.components.user_compiled import Compiled, compiled_with, why_not
from adm_notebook.errors import StrategyError, did_you_mean
from adm_notebook.market.arrays import F64, Bool

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UserStrategy", "UserStrategyType", "decision_of"]

FLAGS = ("long_entry", "long_exit", "short_entry", "short_exit")


@dataclass(frozen=True, eq=False)
class UserStrategy:
    """The user's function with its parameters. It is simply called, in both coordinators.

    machine_code  the same function compiled, which is called in its place and gives the same; None without one
    """

    name: str
    code: Callable[..., Any]
    parameters: Mapping[str, Any]
    machine_code: Compiled | None = None

    direction: Direction = "both"
    indicators: tuple[Indicator, ...] = ()
    lookback = 0
    columns: frozenset[str] = frozenset()
    regimes: ClassVar[tuple[str, ...]] = ()
    members: ClassVar[tuple[Strategy, ...]] = ()

    @property
    def label(self) -> str:
        """Its numbers, as a title has them."""
        return label_of(v for v in self.parameters.values() if isinstance(v, (int, float)) and not isinstance(v, bool))

    def evaluate(self, bars: BarsLike, feature: FeatureOf, regimes: Regimes | None = None) -> Decision:
        """What the function returns for these bars.

        Raises
        ------
        StrategyError
            if it raises, or returns what can't be read.
        """
        return over_valid_bars(bars, feature, lambda selected, _: self._decide(selected))

    def evaluate_by_bar(
        self,
        bars: BarsLike,
        feature: FeatureOf,
        check: Callable[[], None] | None = None,
        regimes: Regimes | None = None,
    ) -> Decision:
        """The same: only the function knows how it works."""
        if check is not None:
            check()
        return self.evaluate(bars, feature)

    def explain_no_entry(self, bars: BarsLike, feature: FeatureOf | None = None) -> str | None:
        """None: what is in the function can't be told from outside."""
        return None

    def _decide(self, bars: BarsLike) -> Decision:
        what = f"strategy {self.name}"
        if self.machine_code is not None:
            with suppress(Exception):  # what Python does then is the answer: an error of its own, or a number
                values = np.asarray(self.machine_code(bars.prices, self.parameters), np.float64)
                if len(values) == len(bars.prices.close):
                    return _targets(what, values, None)
        frame = bars.frame
        index = frame.index  # kept aside: the frame is the function's own, which may change it
        return decision_of(what, called(what, self.code, frame, **self.parameters), index)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.parameters.items())})"


def decision_of(what: str, returned: Any, index: pd.Index) -> Decision:
    """What a user's code returned for the bars of `index`, as a decision: a Series of targets, or a DataFrame.

    Raises
    ------
    StrategyError
        naming `what` and the bar, where it can't be read.
    """
    import pandas as pd

    result = aligned(what, returned, pd.DataFrame(index=index))
    if isinstance(result, pd.Series):
        return _targets(what, numbers_of(what, result), None)
    return _read(what, result)


def _read(what: str, frame: pd.DataFrame) -> Decision:
    """A DataFrame: `target` or some of the four flags, and perhaps `strength`."""
    known = ("target", *FLAGS, "strength")
    for name in frame.columns:
        if name not in known:
            guess = did_you_mean(name, known) or f" It reads {', '.join(known)}"
            raise StrategyError(f"{what} returned a column {name!r} that nobody reads.{guess}")
    if not frame.columns.is_unique:
        raise StrategyError(f"{what} returned a column twice")
    given = [name for name in FLAGS if name in frame.columns]
    if ("target" in frame.columns) == bool(given):
        raise StrategyError(f"{what} must return a column `target`, or some of {', '.join(FLAGS)}, one or the other")
    strength = _strength(what, numbers_of(what, frame["strength"])) if "strength" in frame.columns else None
    if not given:
        return _targets(what, numbers_of(what, frame["target"]), strength)
    columns = {name: numbers_of(f"{what}, column {name},", frame[name]) for name in given}
    for name, values in columns.items():
        _only(f"{what}, column {name},", values, (0.0, 1.0), "true or false")
    never = np.zeros(len(frame), np.bool_)
    flags: list[Bool] = [columns[name] == 1 if name in columns else never for name in FLAGS]
    return Decision(None, Flags(*flags), strength, max(map(leading_nan, columns.values())))


def _targets(what: str, values: F64, strength: F64 | None) -> Decision:
    _only(what, values, (-1.0, 0.0, 1.0), "targets -1, 0 or +1")
    target = np.nan_to_num(values, nan=0.0).astype(np.int8)
    return Decision(target, None, strength, leading_nan(values))


def _only(what: str, values: F64, allowed: tuple[float, ...], words: str) -> None:
    odd = ~(np.isin(values, allowed) | np.isnan(values))
    if odd.any():
        at = int(odd.argmax())
        raise StrategyError(f"{what} must return {words}, but bar {at} has {values[at]:g}")


def _strength(what: str, values: F64) -> F64:
    odd = (values < 0) | (values > 1)
    if odd.any():
        at = int(odd.argmax())
        raise StrategyError(f"{what} must return a strength from 0 to 1, but bar {at} has {values[at]:g}")
    return np.nan_to_num(values, nan=0.0)  # an unknown strength buys nothing


@dataclass(frozen=True, eq=False)
class UserStrategyType(UserFunction):
    """A function `f(bars, **params)` in the registry of strategies."""

    _compiled: dict[Any, Compiled | str] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @cached_property
    def why_python(self) -> str:
        """Why it can't be compiled to give the same numbers, as far as its code tells; empty where it may be."""
        return why_not(self.code)

    def compiled(self, parameters: Mapping[str, Any], volume: bool) -> Compiled | str:
        """The function compiled for parameters of these types and bars with or without volume; or why it is not."""
        key = (volume, *(type(value) for value in parameters.values()))
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = self.why_python or compiled_with(self.code, parameters, volume)
            return self._compiled[key]

    def build(self, given: Mapping[str, Any], path: str) -> UserStrategy:
        """The strategy with these parameters, typed like their defaults."""
        return UserStrategy(self.name, self.code, typed_parameters(self.parameters, given, path))
