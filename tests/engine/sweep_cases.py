"""What the tests of sweeps share: one row by the single-account engines, and when two rows of metrics agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from adm_notebook.config.settings import Settings
from adm_notebook.engine import compiled, exposure, reference, reference_exposure, reference_metrics
from adm_notebook.engine import metrics as compiled_metrics
from adm_notebook.engine.account import METRICS, Signals
from adm_notebook.market.arrays import F64, Prices
from adm_notebook.market.bars import Bars
from adm_notebook.market.calendar import Calendar

MONEY = ("expectancy", "fees", "final_equity")


def alone(prices: Prices, index: pd.Index, signals: Signals, settings: Settings, warmup: int) -> F64:
    """The metrics of one account by the compiled engine."""
    calendar = Calendar.of(index)
    days = calendar.days if calendar.has_time else None
    account = compiled.simulate(prices, signals, settings, warmup=warmup, days=days)
    return np.array(list(compiled_metrics.metrics(account, calendar, settings).values()), dtype=np.float64)


def plain(prices: Prices, index: pd.Index, signals: Signals, settings: Settings, warmup: int) -> F64:
    """The same by the reference engine; signals are those before sizes and stops that follow the market are put in."""
    market = Bars("TEST", index, prices)
    found = reference_exposure.exposure(settings, market, lambda indicator: indicator.compute(market))
    days = reference_exposure.days_of(index) if isinstance(index, pd.DatetimeIndex) else None
    traded = reference_exposure.exposed(signals, found)
    account = reference.simulate(prices, traded, settings, warmup=warmup, days=days)
    return np.array(list(reference_metrics.metrics(account, index, settings).values()), dtype=np.float64)


def exposed(prices: Prices, index: pd.Index, signals: Signals, settings: Settings) -> Signals:
    """The signals with sizes and stops that follow the market, as the compiled engine wants them."""
    market = Bars("TEST", index, prices)
    calendar = Calendar.of(index)
    found = exposure.exposure(settings, market, lambda indicator: indicator.compute(market), calendar)
    return exposure.exposed(signals, found)


def assert_same_metrics(found: F64, wanted: F64, capital: float) -> None:
    """To the tolerance of the specification, section 11."""
    for name, ours, theirs in zip(METRICS, found, wanted, strict=True):
        atol = 1e-9 * capital if name in MONEY else 1e-12
        assert_allclose(ours, theirs, rtol=1e-9, atol=atol, err_msg=name)
