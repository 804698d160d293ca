"""What goes into an engine beside prices and settings, and what comes out: arrays, and the words for their codes."""

from __future__ import annotations

from typing import NamedTuple

from adm_notebook.config.settings import Settings, StopDistance
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.market.arrays import F64, I8, I64, Bool

__all__ = ["EXIT_REASONS", "METRICS", "NEEDS_TIMES", "UNFILLED_REASONS", "Account", "Signals", "check_inputs"]

EXIT_REASONS = (
    "signal",
    "stop_loss",
    "take_profit",
    "trailing_stop",
    "max_drawdown",
    "ruin",
    "end",
    "open",
    "max_daily_loss",
)
"""Words for `Account.exit_reason`, by code."""

UNFILLED_REASONS = ("no cash", "below the lot", "cancelled", "pending at the end")
"""Words for `Account.unfilled_reason`, by code."""

METRICS = (
    "total_return",
    "annual_return",
    "volatility",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "n_trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "avg_trade",
    "sqn",
    "exposure",
    "fees",
    "final_equity",
    "n_unfilled",
)
"""Names of the metrics of the specification, section 11, in the order in which tables show them."""

NEEDS_TIMES = "needs bars with times, to know where a day ends: give them a DatetimeIndex, or leave it out"
"""What is wrong with `max_daily_loss` where the bars have no times."""


class Signals(NamedTuple):
    """What a strategy wants, known at each bar's close (specification, sections 1 and 9).

    long_entry, long_exit, short_entry, short_exit  (n_bars,)  flags
    strength                                         (n_bars,)  in [0, 1], scales the size at the opening; None = 1
    stop_loss, take_profit                           (n_bars,)  fractions for a position decided on that bar, NaN = no
                                                     stop; None = those of the settings
    """

    long_entry: Bool
    long_exit: Bool
    short_entry: Bool
    short_exit: Bool
    strength: F64 | None = None
    stop_loss: F64 | None = None
    take_profit: F64 | None = None


class Account(NamedTuple):
    """One simulated account: equity of each bar, its trades in order of entry, and the orders that gave no trade.

    equity           (n_bars,)    money, at each close
    direction        (n_trades,)  +1 long, -1 short
    size             (n_trades,)  units, unsigned
    entry_bar, exit_bar      (n_trades,)  positions in the bars; of an open trade, exit_bar is the last bar
    entry_price, exit_price  (n_trades,)  quote currency per unit, slippage included
    pnl              (n_trades,)  money, after fees
    returns          (n_trades,)  pnl over the value at entry
    fees             (n_trades,)  money, both fills
    exit_reason      (n_trades,)  position in EXIT_REASONS
    unfilled_bar     (n_unfilled,)  bar of the decision
    unfilled_side    (n_unfilled,)  +1 long, -1 short
    unfilled_reason  (n_unfilled,)  position in UNFILLED_REASONS
    """

    equity: F64
    direction: I8
    size: F64
    entry_bar: I64
    entry_price: F64
    exit_bar: I64
    exit_price: F64
    pnl: F64
    returns: F64
    fees: F64
    exit_reason: I8
    unfilled_bar: I64
    unfilled_side: I8
    unfilled_reason: I8


def check_inputs(signals: Signals, settings: Settings, days: I64 | None) -> None:
    """Refuse an account whose settings need more than it was given.

    Raises
    ------
    ConfigError
        where `max_daily_loss` is set, but there are no days: the bars have no times.
    ValueError
        where sizes or stops follow the market, but `signals` are not those of `exposed`.
    """
    if settings.max_daily_loss is not None and (days is None or len(days) != len(signals.long_entry)):
        raise ConfigError(Problem("max_daily_loss", NEEDS_TIMES))
    lacking = [
        name
        for name, needed, values in (
            ("strength", settings.scaled, signals.strength),
            ("stop_loss", isinstance(settings.stop_loss, StopDistance), signals.stop_loss),
            ("take_profit", isinstance(settings.take_profit, StopDistance), signals.take_profit),
        )
        if needed and values is None
    ]
    if lacking:
        raise ValueError(f"these settings follow the market, but the signals lack {', '.join(lacking)}: see `exposed`")
