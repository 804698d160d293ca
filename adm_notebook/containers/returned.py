"""What a user's container gives back, read and checked: from pandas' terms to what containers hand to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adm_notebook.components.classifiers.user import regimes_of
from adm_notebook.components.risk import overlay
from adm_notebook.components.user_code import aligned, numbers_of
from adm_notebook.components.user_strategies import decision_of
from adm_notebook.config.settings import Settings
from adm_notebook.containers.protocol import Place
from adm_notebook.containers.values import Features, Fills, Orders, RiskSettings, Targets
from adm_notebook.engine import compiled
from adm_notebook.engine.account import Signals
from adm_notebook.engine.exposure import Exposure
from adm_notebook.engine.simulate import Simulation
from adm_notebook.errors import StrategyError, shown
from adm_notebook.market import Bars, load
from adm_notebook.planning import Plan

__all__ = ["read"]


def read(kind: str, what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> Any:
    """A value of some kind from what a user's container gave.

    Parameters
    ----------
    what
        the container, as an error calls it.
    given
        what it was handed, as containers hand it to each other.

    Raises
    ------
    StrategyError
        where it can't be read, naming the bar.
    """
    return _READERS[kind](what, value, given, place, plan)


def _bars(what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> Bars:
    """A DataFrame of prices over the same times."""
    from adm_notebook.config.data import DataRequest

    frame = aligned(what, value, place.bars.frame)
    symbol = place.bars.symbol
    return load(DataRequest.resolve({"frame": {symbol: frame}}))[symbol]


def _features(what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> Features:
    """A Series or DataFrame of columns, beside the indicators that there are."""
    import pandas as pd

    found = aligned(what, value, pd.DataFrame(index=place.bars.index))
    if isinstance(found, pd.Series):
        found = found.to_frame(found.name if found.name is not None else what.split()[-1])
    before = given.get("features")
    named = {} if before is None else dict(before.named)
    named |= {str(name): numbers_of(f"{what}, column {name},", found[name]) for name in found.columns}
    bars = place.bars
    return Features(before.of if before is not None else lambda indicator: indicator.compute(bars), named)


def _regimes(what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> Any:
    return regimes_of(what, value, place.bars.index)


def _targets(what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> Targets:
    return Targets((decision_of(what, value, place.bars.index),), None)


def _settings(what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> RiskSettings:
    """A dict of settings that a risk profile may give, over those of the config."""
    if not isinstance(value, Mapping):
        raise StrategyError(f"{what} must return a dict of settings, such as {{'stop_loss': 0.05}}, not {shown(value)}")
    values, _ = overlay(plan.given[place.row.setting], value, what)
    return RiskSettings(Settings.resolve(values, what), Exposure(None, None, None, 0))


def _orders(what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> Orders:
    """Flags or targets, with the settings of the account around them."""
    decision = decision_of(what, value, place.bars.index)
    risk = given.get("settings")
    settings = place.row.settings if risk is None else risk.settings
    warmup = settings.warmup if isinstance(settings.warmup, int) else 1 + decision.lookback
    if decision.target is not None:
        return Orders(compiled.signals_from_targets(decision.target, warmup, decision.strength), warmup, settings)
    flags = decision.flags
    assert flags is not None  # a decision has a target or flags
    signals = Signals(flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit, decision.strength)
    return Orders(signals, warmup, settings)


def _fills(what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> Fills:
    if not isinstance(value, Simulation):
        raise StrategyError(f"{what} must return what adm.simulate(bars, orders, ...) returns, not {shown(value)}")
    if len(value.equity) != place.bars.n_bars:
        raise StrategyError(
            f"{what} simulated {len(value.equity):,} bars, but there are {place.bars.n_bars:,}; keep them all"
        )
    return Fills(value.account, value.settings, place.bars)


def _whatever(what: str, value: Any, given: Mapping[str, Any], place: Place, plan: Plan) -> Any:
    return value


_READERS: Mapping[str, Callable[[str, Any, Mapping[str, Any], Place, Plan], Any]] = {
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
