"""What a user's container gives back, read and checked: from pandas' terms to what containers hand to each other."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adm_notebook.components import Indicator
from adm_notebook.components.classifiers.user import regimes_of
from adm_notebook.components.risk import overlay
from adm_notebook.components.user_code import aligned, numbers_of
from adm_notebook.components.user_strategies import decision_of
from adm_notebook.config.settings import Settings
from adm_notebook.containers.protocol import Place
from adm_notebook.containers.stages import Stages
from adm_notebook.containers.values import Features, Fills, Orders, RiskSettings, Targets
from adm_notebook.engine.exposure import Exposure
from adm_notebook.engine.simulate import Simulation
from adm_notebook.errors import ConfigError, DataError, StrategyError, shown
from adm_notebook.market import Bars, load
from adm_notebook.market.arrays import F64
from adm_notebook.planning import Plan

__all__ = ["Reading", "read"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known where a user's container gives something.

    what      the container, as an error calls it
    given     what it was handed, as containers hand it to each other
    features  indicators over some bars: shared where the run shares
    """

    what: str
    given: Mapping[str, Any]
    place: Place
    plan: Plan
    stages: Stages
    features: Callable[[Bars, Indicator], tuple[F64, ...]]

    @property
    def bars(self) -> Bars:
        """The bars that it was handed; those of the symbol, where it reads none."""
        found: Bars = self.given.get("bars", self.place.bars)
        return found

    def exposure(self, settings: Settings) -> Exposure:
        """What these settings ask of the bars."""
        return self.stages.exposure(settings, self.bars, lambda indicator: self.features(self.bars, indicator))


def read(kind: str, value: Any, at: Reading) -> Any:
    """A value of some kind from what a user's container gave.

    Raises
    ------
    StrategyError
        where it can't be read, naming the container and the bar.
    """
    return _READERS[kind](value, at)


def _bars(value: Any, at: Reading) -> Bars:
    """A DataFrame of prices over the same times."""
    from adm_notebook.config.data import DataRequest

    frame = aligned(at.what, value, at.bars.frame)
    symbol = at.bars.symbol
    try:
        return load(DataRequest.resolve({"frame": {symbol: frame}}))[symbol]
    except (ConfigError, DataError) as error:
        raise StrategyError(f"{at.what} gave bars that can't be used: {error}") from error


def _features(value: Any, at: Reading) -> Features:
    """A Series or DataFrame of columns, beside the indicators that there are."""
    import pandas as pd

    found = aligned(at.what, value, pd.DataFrame(index=at.bars.index))
    if isinstance(found, pd.Series):
        found = found.to_frame(found.name if found.name is not None else at.what.split()[-1])
    before = at.given.get("features")
    named = {} if before is None else dict(before.named)
    named |= {str(name): numbers_of(f"{at.what}, column {name},", found[name]) for name in found.columns}
    bars = at.bars
    return Features(before.of if before is not None else lambda indicator: at.features(bars, indicator), named)


def _regimes(value: Any, at: Reading) -> Any:
    return regimes_of(at.what, value, at.bars.index)


def _targets(value: Any, at: Reading) -> Targets:
    return Targets((decision_of(at.what, value, at.bars.index),), None)


def _settings(value: Any, at: Reading) -> RiskSettings:
    """A dict of settings that a risk profile may give, over those of the config."""
    if not isinstance(value, Mapping):
        wanted = "a dict of settings, such as {'stop_loss': 0.05}"
        raise StrategyError(f"{at.what} must return {wanted}, not {shown(value)}")
    try:
        values, _ = overlay(at.plan.given[at.place.row.setting], value, at.what)
        settings = Settings.resolve(values, at.what)
    except ConfigError as error:
        said = "; ".join(
            f"{problem.path.removeprefix(at.what).lstrip('.')} {problem.message}" for problem in error.problems
        )
        raise StrategyError(f"{at.what} gave settings that can't be used: {said}") from error
    return RiskSettings(settings, at.exposure(settings))


def _orders(value: Any, at: Reading) -> Orders:
    """Flags or targets, with the settings of the account around them."""
    decision = decision_of(at.what, value, at.bars.index)
    risk = at.given.get("settings")
    settings = at.place.row.settings if risk is None else risk.settings
    exposure = at.exposure(settings) if risk is None else risk.exposure
    regimes = at.given.get("regimes")
    longest = max(decision.lookback, exposure.lookback, 0 if regimes is None else regimes.lookback)
    warmup = settings.warmup if isinstance(settings.warmup, int) else 1 + longest
    return Orders(at.stages.orders(decision, exposure, warmup), warmup, settings)


def _fills(value: Any, at: Reading) -> Fills:
    if not isinstance(value, Simulation):
        raise StrategyError(f"{at.what} must return what adm.simulate(bars, orders, ...) returns, not {shown(value)}")
    if len(value.equity) != at.bars.n_bars:
        message = f"simulated {len(value.equity):,} bars, but there are {at.bars.n_bars:,}; keep them all"
        raise StrategyError(f"{at.what} {message}")
    return Fills(value.account, value.settings, at.bars)


def _whatever(value: Any, at: Reading) -> Any:
    """Anything, as it is now: a copy, so that what the user's code keeps and changes later changes nothing here."""
    try:
        return copy.deepcopy(value)
    except Exception as error:
        raise StrategyError(f"{at.what} gave {type(value).__name__}, which can't be copied: {error}") from error


_READERS: Mapping[str, Callable[[Any, Reading], Any]] = {
    "bars": _bars,
    "features": _features,
    "regimes": _regimes,
    "settings": _settings,
    "targets": _targets,
    "orders": _orders,
    "fills": _fills,
    "signals": _whatever,
    "report": _whatever,
}
