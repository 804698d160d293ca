"""The compiled engine: settings and arrays in, one simulated account out, without holding the GIL."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from adm_notebook.config.settings import Settings, StopDistance
from adm_notebook.engine import fills
from adm_notebook.engine.account import Account, Signals, check_inputs
from adm_notebook.engine.fills import BOOKS, RULES
from adm_notebook.engine.kernels import edges
from adm_notebook.engine.measured import trade_and_measure
from adm_notebook.engine.metrics import SUMS, metrics, metrics_from_sums
from adm_notebook.jit import readonly
from adm_notebook.market.arrays import F64, I8, I64, Bool, Prices
from adm_notebook.market.calendar import Calendar

__all__ = ["Book", "book", "flagged_by", "signals_from_targets", "simulate"]

Number = TypeVar("Number", np.float64, np.int64)

_FILLS = {"next_open": fills.NEXT_OPEN, "close": fills.CLOSE, "prev_close": fills.PREV_CLOSE}
_SIZE_MODES = {
    "fraction": fills.FRACTION,
    "units": fills.UNITS,
    "value": fills.VALUE,
    "volatility": fills.FRACTION,  # of 1, scaled by the strength
    "risk": fills.FRACTION,
}
_OPPOSITES = {"reverse": fills.REVERSE, "close": fills.CLOSE_ONLY, "ignore": fills.IGNORE}
_FINALIZES = {"none": fills.NOT_FINAL, "last_open": fills.LAST_OPEN, "last_close": fills.LAST_CLOSE}
_NO_VALUES = readonly(np.empty(0))
_NO_DAYS = readonly(np.empty(0, np.int64))


class Book(NamedTuple):
    """One simulated account as the kernels leave it; `account` makes columns of it.

    equity      (n_bars,)      money, at each close
    trades      (n_trades, 8)  columns POSITION to EXIT_REASON of `fills`, in order of entry
    unfilled    (n_unfilled, 3)  bar of the decision, side, position in UNFILLED_REASONS
    sums        (SUMS,)        what metrics are made of
    capital, like_peer  what they count from, and how: money before the first bar; see `trade_sums`
    """

    equity: F64
    trades: F64
    unfilled: I64
    sums: F64
    capital: float
    like_peer: bool

    def account(self) -> Account:
        """Its columns, with types of their own."""
        trades, unfilled = self.trades, self.unfilled
        size = np.abs(trades[:, fills.POSITION])
        entry_price = trades[:, fills.ENTRY_PRICE].copy()
        pnl = trades[:, fills.PNL].copy()
        return Account(
            equity=self.equity,
            direction=np.sign(trades[:, fills.POSITION]).astype(np.int8),
            size=size,
            entry_bar=trades[:, fills.ENTRY_BAR].astype(np.int64),
            entry_price=entry_price,
            exit_bar=trades[:, fills.EXIT_BAR].astype(np.int64),
            exit_price=trades[:, fills.EXIT_PRICE].copy(),
            pnl=pnl,
            returns=pnl / (size * entry_price),
            fees=trades[:, fills.FEES].copy(),
            exit_reason=trades[:, fills.EXIT_REASON].astype(np.int8),
            unfilled_bar=unfilled[:, 0].copy(),
            unfilled_side=unfilled[:, 1].astype(np.int8),
            unfilled_reason=unfilled[:, 2].astype(np.int8),
        )

    def metrics(self, calendar: Calendar, settings: Settings) -> dict[str, float]:
        """The metrics of the account; from its sums, where `settings` want what was summed."""
        like_peer = settings.metrics_style == "backtesting.py"
        if settings.initial_capital != self.capital or like_peer != self.like_peer:
            return metrics(self.account(), calendar, settings)
        return metrics_from_sums(self.sums.tolist(), self.equity, len(self.unfilled), calendar, settings, self.capital)


def simulate(prices: Prices, signals: Signals, settings: Settings, *, warmup: int, days: I64 | None = None) -> Account:
    """Trade `signals` on `prices` through one account; may be called from several threads at once.

    Parameters
    ----------
    prices
        bars that have been checked (specification, section 1)
    signals
        flags, and strength and stops if there are any, of the same length; where sizes or stops follow the market,
        `engine.exposure.exposed` has put them in
    settings
        of the account; `settings.warmup` is not read
    warmup
        first bar that may decide, 0 or more
    days
        (n_bars,) the local calendar day of each bar (`Calendar.days`); read where `max_daily_loss` is set

    Returns
    -------
    Account
        equity, trades and unfilled orders

    Raises
    ------
    ConfigError
        where `max_daily_loss` is set, but there are no days.
    ValueError
        where sizes or stops follow the market, but the signals have none.
    """
    return book(prices, signals, settings, warmup=warmup, days=days).account()


def book(
    prices: Prices,
    signals: Signals,
    settings: Settings,
    *,
    warmup: int,
    days: I64 | None = None,
    flagged: Bool | None = None,
) -> Book:
    """The same, as the kernels leave it: for sweeps, where of most accounts only the metrics are wanted.

    Parameters
    ----------
    flagged
        `flagged_by(signals)`, where it is at hand; only read.
    """
    ready = _prepared(settings)
    if ready.asks_for_more:
        check_inputs(signals, settings, days)
    n_bars = prices.close.shape[0]
    ledger = ready.ledger.copy()
    trades, unfilled = np.empty((64, 8)), np.empty((16, 3), np.int64)
    equity, sums = np.empty(n_bars), np.zeros(SUMS)
    if flagged is None:
        flagged = flagged_by(signals)
    if settings.max_daily_loss is None:
        days = _NO_DAYS
    else:
        assert days is not None  # checked above
        flagged = flagged.copy()
        flagged[1:] |= days[1:] != days[:-1]  # before the first decision every day's base is the capital
    inputs = (
        readonly(prices.open),
        readonly(prices.high),
        readonly(prices.low),
        readonly(prices.close),
        readonly(signals.long_entry),
        readonly(signals.long_exit),
        readonly(signals.short_entry),
        readonly(signals.short_exit),
        readonly(flagged),
        _NO_VALUES if signals.strength is None else readonly(signals.strength),
        _NO_VALUES if signals.stop_loss is None else readonly(signals.stop_loss),
        _NO_VALUES if signals.take_profit is None else readonly(signals.take_profit),
        readonly(days),
    )
    capital, like_peer = settings.initial_capital, ready.like_peer
    bar = warmup
    while True:
        bar = trade_and_measure(
            sums, capital, like_peer, warmup, ready.rules, ledger, trades, unfilled, equity, bar, *inputs
        )
        n_trades, n_unfilled = ledger["n_trades"][0], ledger["n_unfilled"][0]
        if bar >= n_bars:
            return Book(equity, trades[:n_trades], unfilled[:n_unfilled], sums, capital, like_peer)
        trades, unfilled = _with_room(trades, n_trades), _with_room(unfilled, n_unfilled)


def flagged_by(signals: Signals) -> Bool:
    """(n_bars,) where any of the four flags is set; can't be written to."""
    flagged = signals.long_entry | signals.long_exit
    flagged |= signals.short_entry
    flagged |= signals.short_exit
    return readonly(flagged)


def signals_from_targets(target: I8, warmup: int, strength: F64 | None = None) -> Signals:
    """Flags that follow a target (specification, section 9): entry where it is reached, exit where it is left.

    Parameters
    ----------
    target
        (n_bars,) -1, 0 or +1, known at each close
    warmup
        first bar that may decide; targets before it count as 0, so that one which already holds enters there
    strength
        (n_bars,) in [0, 1], handed on as it is

    Returns
    -------
    Signals
        flags that can't be written to
    """
    flags = np.zeros((4, len(target)), np.bool_)
    edges(readonly(target), warmup, flags)
    flags.flags.writeable = False
    return Signals(flags[0], flags[1], flags[2], flags[3], strength)


class _Prepared(NamedTuple):
    """What kernels read of some settings, and the books of an account before its first bar; never written."""

    settings: Settings
    rules: npt.NDArray[np.void]
    ledger: npt.NDArray[np.void]
    like_peer: bool
    asks_for_more: bool


_PREPARED_AT_MOST = 256
_prepared_by_id: dict[int, _Prepared] = {}


def _prepared(settings: Settings) -> _Prepared:
    """`settings` for the kernels; kept by object, since rows of a sweep share few of them, and they are frozen."""
    found = _prepared_by_id.get(id(settings))
    if found is not None and found.settings is settings:
        return found
    asks = settings.scaled or settings.max_daily_loss is not None
    asks = asks or isinstance(settings.stop_loss, StopDistance) or isinstance(settings.take_profit, StopDistance)
    made = _Prepared(
        settings, rules_of(settings), ledger_of(settings), settings.metrics_style == "backtesting.py", asks
    )
    if len(_prepared_by_id) >= _PREPARED_AT_MOST:
        _prepared_by_id.clear()
    _prepared_by_id[id(settings)] = made
    return made


def rules_of(settings: Settings) -> npt.NDArray[np.void]:
    """`settings` as the record that kernels read, (1,)."""
    rules = np.zeros(1, RULES)
    values = {
        "fills_at": _FILLS[settings.fill],
        "size_mode": _SIZE_MODES[settings.size_mode],
        "order_size": 1.0 if settings.scaled else settings.size,
        "whole": settings.size_rule == "whole",
        "lot": settings.lot,
        "rate": settings.commission.rate,
        "fixed": settings.commission.fixed,
        "fixed_per_order": settings.commission.fixed_per == "order",
        "entry_slippage": settings.slippage.entry,
        "exit_slippage": settings.slippage.exit,
        "margin": settings.margin,
        "trailing": settings.trailing,
        "stops_from_fill": settings.stop_base == "fill",
        "opposite": _OPPOSITES[settings.opposite],
        "cancels_shortfall": settings.shortfall == "cancel",
        "drops_after_stop": settings.after_stop == "drop",
        "keeps_exits_over_nan": settings.preset != "vectorbt",
        "finalize": _FINALIZES[settings.finalize],
        "ruin": settings.ruin,
        "max_position_value": _or_never(settings.max_position_value),
        "max_drawdown": _or_never(settings.max_drawdown),
        "max_daily_loss": _or_never(settings.max_daily_loss),
    }
    for name, value in values.items():
        rules[name] = value
    return rules


def ledger_of(settings: Settings) -> npt.NDArray[np.void]:
    """The books of an account before its first bar, as the record that kernels change, (1,)."""
    ledger = np.zeros(1, BOOKS)
    values = {
        "balance": settings.initial_capital,
        "peak": settings.initial_capital,
        "order_strength": 1.0,
        "order_stop_loss": _or_never(settings.stop_loss),
        "order_take_profit": _or_never(settings.take_profit),
        "day": np.iinfo(np.int64).min,  # earlier than all
        "day_floor": -math.inf,
    }
    for name, value in values.items():
        ledger[name] = value
    return ledger


def _with_room(table: npt.NDArray[Number], used: int) -> npt.NDArray[Number]:
    """`table`, or a copy twice as long where half of it is used."""
    if 2 * used < table.shape[0]:
        return table
    longer = np.empty((2 * table.shape[0], table.shape[1]), table.dtype)
    longer[: table.shape[0]] = table
    return longer


def _or_never(level: float | StopDistance | None) -> float:
    """The level; infinite where there is none, and where each bar has its own."""
    return float(level) if isinstance(level, (int, float)) else math.inf
