"""The compiled engine: settings and arrays in, one simulated account out, without holding the GIL."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from adm_notebook.config.settings import Settings, StopDistance
from adm_notebook.engine import fills
from adm_notebook.engine.account import Account, Signals, check_inputs
from adm_notebook.engine.fills import BOOKS, RULES
from adm_notebook.engine.kernels import run_account
from adm_notebook.jit import readonly
from adm_notebook.market.arrays import F64, I8, I64, Bool, Prices

__all__ = ["signals_from_targets", "simulate"]

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
    check_inputs(signals, settings, days)
    n_bars = prices.close.shape[0]
    ledger = ledger_of(settings)
    trades, unfilled = np.empty((64, 8)), np.empty((16, 3), np.int64)
    equity = np.empty(n_bars)
    equity[:warmup] = settings.initial_capital
    rules = rules_of(settings)
    flagged = signals.long_entry | signals.long_exit | signals.short_entry | signals.short_exit
    if settings.max_daily_loss is None:
        days = _NO_DAYS
    else:
        assert days is not None  # checked above
        flagged[1:] |= days[1:] != days[:-1]
        flagged[warmup : warmup + 1] = True
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
        _stops(signals.stop_loss),
        _stops(signals.take_profit),
        readonly(days),
    )
    bar = warmup
    while bar < n_bars:
        bar = run_account(rules, ledger, trades, unfilled, equity, bar, *inputs)
        if bar < n_bars:
            trades, unfilled = _with_room(trades, ledger["n_trades"][0]), _with_room(unfilled, ledger["n_unfilled"][0])
    trades, unfilled = trades[: ledger["n_trades"][0]], unfilled[: ledger["n_unfilled"][0]]
    size = np.abs(trades[:, fills.POSITION])
    entry_price = trades[:, fills.ENTRY_PRICE].copy()
    pnl = trades[:, fills.PNL].copy()
    return Account(
        equity=equity,
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
    """
    return Signals(*_edges(target == 1, warmup), *_edges(target == -1, warmup), strength=strength)


def _edges(held: Bool, warmup: int) -> tuple[Bool, Bool]:
    """Where `held` begins and where it ends; bars before `warmup` count as not held."""
    held[:warmup] = False
    entry, exit_ = np.empty_like(held), np.empty_like(held)
    entry[:1], exit_[:1] = held[:1], False
    np.greater(held[1:], held[:-1], out=entry[1:])
    np.less(held[1:], held[:-1], out=exit_[1:])
    return entry, exit_


def rules_of(settings: Settings) -> npt.NDArray[np.void]:
    """`settings` as the record that kernels read, (1,)."""
    rules = np.zeros(1, RULES)
    values = {
        "fill": _FILLS[settings.fill],
        "size_mode": _SIZE_MODES[settings.size_mode],
        "size": 1.0 if settings.scaled else settings.size,
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


def _stops(given: F64 | None) -> F64:
    return _NO_VALUES if given is None else readonly(np.where(np.isnan(given), math.inf, given))
