"""The compiled engine and the plain one, written apart, agree on trades, equity, unfilled orders and metrics."""

from __future__ import annotations

import numpy as np
from engine_strategies import prices, settings, signals, times
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from adm_notebook.components import Indicator
from adm_notebook.config.settings import Settings
from adm_notebook.engine import compiled, exposure, reference, reference_exposure, reference_metrics
from adm_notebook.engine import metrics as compiled_metrics
from adm_notebook.engine.account import METRICS, Account
from adm_notebook.market.arrays import F64, I8
from adm_notebook.market.bars import Bars
from adm_notebook.market.calendar import Calendar

MONEY = ("expectancy", "fees", "final_equity")


def assert_same_account(fast: Account, plain: Account, capital: float) -> None:
    for name in ("direction", "entry_bar", "exit_bar", "exit_reason"):
        assert_array_equal(getattr(fast, name), getattr(plain, name), err_msg=name)
    for name in ("unfilled_bar", "unfilled_side", "unfilled_reason"):
        assert_array_equal(getattr(fast, name), getattr(plain, name), err_msg=name)
    for name in ("size", "entry_price", "exit_price"):
        assert_allclose(getattr(fast, name), getattr(plain, name), rtol=1e-9, err_msg=name)
    assert_allclose(fast.returns, plain.returns, rtol=1e-9, atol=1e-12)
    for name in ("pnl", "fees", "equity"):
        assert_allclose(getattr(fast, name), getattr(plain, name), rtol=1e-9, atol=1e-9 * capital, err_msg=name)


@hypothesis_settings(max_examples=500)
@given(st.data(), prices(), settings())
def test_both_engines_make_the_same_account_and_metrics(data: st.DataObject, bars, chosen: Settings) -> None:
    n_bars = len(bars.close)
    flags = data.draw(signals(n_bars))
    index = data.draw(times(n_bars))
    market = Bars("TEST", index, bars)

    def feature(indicator: Indicator) -> tuple[F64, ...]:
        return indicator.compute(market)

    calendar = Calendar.of(index)
    found = exposure.exposure(chosen, market, feature, calendar)
    fast = compiled.simulate(bars, exposure.exposed(flags, found), chosen, warmup=chosen.warmup, days=calendar.days)
    same = reference_exposure.exposure(chosen, market, feature)
    assert same.lookback == found.lookback == max((i.lookback for i in exposure.indicators_of(chosen)), default=0)
    days = reference_exposure.days_of(index)
    plain = reference.simulate(bars, reference_exposure.exposed(flags, same), chosen, warmup=chosen.warmup, days=days)
    assert_same_account(fast, plain, chosen.initial_capital)

    measured = compiled_metrics.metrics(fast, calendar, chosen)
    wanted = reference_metrics.metrics(plain, index, chosen)
    assert tuple(measured) == tuple(wanted) == METRICS
    for name in METRICS:
        atol = 1e-9 * chosen.initial_capital if name in MONEY else 1e-12
        assert_allclose(measured[name], wanted[name], rtol=1e-9, atol=atol, err_msg=name)


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=30), st.integers(0, 35))
def test_both_engines_read_a_target_alike(target: list[int], warmup: int) -> None:
    array: I8 = np.array(target, dtype=np.int8)
    for fast, plain in zip(
        compiled.signals_from_targets(array, warmup), reference.signals_from_targets(array, warmup), strict=True
    ):
        assert_array_equal(fast, plain)
