"""What the compiled engine leaves of an account, for sweeps: the same numbers as the account itself."""

from __future__ import annotations

from engine_strategies import prices, settings, signals, times
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from adm_notebook.components import Indicator
from adm_notebook.config.settings import Settings
from adm_notebook.engine import compiled, exposure
from adm_notebook.engine.account import METRICS
from adm_notebook.engine.metrics import metrics
from adm_notebook.market.arrays import F64
from adm_notebook.market.bars import Bars
from adm_notebook.market.calendar import Calendar


@hypothesis_settings(max_examples=200)
@given(st.data(), prices(), settings(), settings())
def test_a_book_has_the_metrics_of_its_account(data: st.DataObject, bars, chosen: Settings, other: Settings) -> None:
    n_bars = len(bars.close)
    index = data.draw(times(n_bars))
    market, calendar = Bars("TEST", index, bars), Calendar.of(index)

    def feature(indicator: Indicator) -> tuple[F64, ...]:
        return indicator.compute(market)

    flags = exposure.exposed(data.draw(signals(n_bars)), exposure.exposure(chosen, market, feature, calendar))
    warmup = data.draw(st.integers(0, n_bars + 2))
    merged = data.draw(st.none() | st.just(compiled.flagged_by(flags)))
    book = compiled.book(bars, flags, chosen, warmup=warmup, days=calendar.days, flagged=merged)
    account = compiled.simulate(bars, flags, chosen, warmup=warmup, days=calendar.days)
    for mine, wanted in zip(book.account(), account, strict=True):
        assert_array_equal(mine, wanted)
    for asked in (chosen, other):  # other settings may count from another capital, or in the peer's style
        found, wanted = book.metrics(calendar, asked), metrics(account, calendar, asked)
        assert tuple(found) == METRICS
        assert_array_equal(list(found.values()), list(wanted.values()))


@hypothesis_settings(max_examples=20)
@given(st.data(), prices())
def test_accounts_of_many_settings_do_not_get_those_of_others(data: st.DataObject, bars) -> None:
    """More settings than the engine keeps prepared, made and forgotten: an id may come back, its settings may not."""
    flags = data.draw(signals(len(bars.close)))
    for k in range(600):
        capital = 1000.0 + k
        account = compiled.simulate(bars, flags, Settings.resolve({"initial_capital": capital}), warmup=1)
        assert account.equity[0] == capital
