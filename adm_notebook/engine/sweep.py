"""Many accounts on the same bars: settings and signals of k rows in, the metrics of k rows out, nothing else kept.

A call runs in one thread and releases the GIL; callers give chunks of rows to as many threads as they like.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import METRICS, NEEDS_TIMES, Signals
from adm_notebook.engine.compiled import ledger_of, rules_of
from adm_notebook.engine.fills import BOOKS, RULES
from adm_notebook.engine.metrics import periods_per_year
from adm_notebook.engine.segment_sweep import room_for, sweep_segments
from adm_notebook.engine.segments import Terrain, terrain_of
from adm_notebook.engine.sweep_kernels import (
    LONG_ENTRY,
    LONG_EXIT,
    SHORT_ENTRY,
    SHORT_EXIT,
    U8,
    Wanted,
    sweep_bars,
)
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.jit import on_warmup, readonly
from adm_notebook.market.arrays import F64, I8, I64, Bool, Prices
from adm_notebook.market.calendar import Calendar

__all__ = ["Accounts", "Ground", "accounts_of", "method_of", "packed", "sweep"]

_NO_DAYS = readonly(np.empty(0, np.int64))
_NOT_VARYING = readonly(np.empty((1, 0)))
_NO_TARGETS = readonly(np.empty((0, 0), np.int8))
_NO_FLAGS = readonly(np.empty((0, 0), np.uint8))


class Accounts(NamedTuple):
    """The settings of k accounts, as kernels read them.

    rules      (k,)  of dtype RULES
    ledgers    (k,)  of dtype BOOKS: before the first bar, with capital and stops
    like_peer  (k,)  whether metrics_style is backtesting.py
    periods    (k,)  bars in a year
    """

    rules: npt.NDArray[np.void]
    ledgers: npt.NDArray[np.void]
    like_peer: Bool
    periods: F64

    def __len__(self) -> int:
        return int(self.rules.shape[0])

    def taken(self, rows: Any) -> Accounts:
        """The accounts at `rows`, whatever numpy takes as an index of one axis; a row may come again."""
        rules, ledgers = _records_at(self.rules, rows), _records_at(self.ledgers, rows)
        return Accounts(rules, ledgers, self.like_peer[rows], self.periods[rows])

    def varied(self, **columns: npt.ArrayLike) -> Accounts:
        """These accounts with other values of some settings, one a row, or one for all.

        Parameters
        ----------
        **columns
            numbers by the name of a setting: `size`, `stop_loss`, `take_profit` (infinite = none), `initial_capital`,
            `rate` and `fixed` of the commission, `entry_slippage`, `exit_slippage`, `lot`, `margin`,
            `max_position_value`, `max_drawdown`, `max_daily_loss` (infinite = none). That they suit the other settings
            is the caller's care, as `Settings` would check it.

        Raises
        ------
        ValueError
            for a name that is none of these.
        """
        made = Accounts(_copied(self.rules), _copied(self.ledgers), self.like_peer, self.periods)
        for name, values in columns.items():
            if name not in VARIABLE:
                raise ValueError(f"{name} can't be varied by row; what can: {', '.join(VARIABLE)}")
            for table, field in VARIABLE[name]:
                (made.rules if table == "rules" else made.ledgers)[field] = values
        return made


VARIABLE: dict[str, tuple[tuple[str, str], ...]] = (
    {"size": (("rules", "order_size"),)}
    | {
        name: (("rules", name),)
        for name in (
            "lot",
            "rate",
            "fixed",
            "entry_slippage",
            "exit_slippage",
            "margin",
            "max_position_value",
            "max_drawdown",
            "max_daily_loss",
        )
    }
    | {
        "initial_capital": (("ledgers", "balance"), ("ledgers", "peak")),
        "stop_loss": (("ledgers", "order_stop_loss"),),
        "take_profit": (("ledgers", "order_take_profit"),),
    }
)
"""Settings that `Accounts.varied` takes, and where kernels read each."""


class Ground(NamedTuple):
    """What all accounts on the same bars share, worked out once.

    prices       bars that have been checked (specification, section 1), read-only
    calendar     of these bars
    terrain      their structures
    """

    prices: Prices
    calendar: Calendar
    terrain: Terrain

    @classmethod
    def of(cls, prices: Prices, calendar: Calendar, *, series: bool = True) -> Ground:
        """The ground of these bars: about 270 bytes a bar, 140 without `series`; a million bars take 0.2 seconds.

        Series are for positions beside cash and for shorts: without them, such positions are walked bar by bar.
        """
        return cls(Prices(*map(readonly, prices[:4])), calendar, terrain_of(prices, series=series))


def accounts_of(settings: Sequence[Settings], calendar: Calendar) -> Accounts:
    """The accounts of these settings, one a row; a row whose settings are the same object as another's costs little.

    Of `initial_capital` to `max_daily_loss` all is read but `warmup`. Where sizes or stops follow the market, give
    `sweep` the strength and the stops of `engine.exposure`.
    """
    seen: dict[int, int] = {}
    distinct: list[Settings] = []
    rows = np.empty(len(settings), np.intp)
    for row, given in enumerate(settings):
        at = seen.setdefault(id(given), len(distinct))
        if at == len(distinct):
            distinct.append(given)
        rows[row] = at
    made = Accounts(
        np.concatenate([rules_of(s) for s in distinct]) if distinct else np.zeros(0, RULES),
        np.concatenate([ledger_of(s) for s in distinct]) if distinct else np.zeros(0, BOOKS),
        np.array([s.metrics_style == "backtesting.py" for s in distinct], dtype=np.bool_),
        np.array([periods_per_year(calendar, s) for s in distinct], dtype=np.float64),
    )
    return made.taken(rows)


def method_of(accounts: Accounts) -> list[Literal["segments", "bars"]]:
    """How each row is computed: from event to event, or bar by bar.

    `bars` where equity is wanted on more bars than those with events: for metrics as backtesting.py computes them, and
    for a limit on the loss of a day. A row by `segments` is computed again by bars where its sums may have lost digits:
    returns below a millionth a bar, or next to no deviation.
    """
    return ["segments" if by_segments else "bars" for by_segments in _by_segments(accounts)]


def _by_segments(accounts: Accounts) -> Bool:
    found: Bool = ~accounts.like_peer & (accounts.rules["max_daily_loss"] == math.inf)
    return found


def packed(signals: Signals) -> U8:
    """The four flags of some signals in one byte a bar, (n_bars,)."""
    flags = signals.long_entry.astype(np.uint8) * np.uint8(LONG_ENTRY)
    flags |= signals.long_exit.astype(np.uint8) * np.uint8(LONG_EXIT)
    flags |= signals.short_entry.astype(np.uint8) * np.uint8(SHORT_ENTRY)
    flags |= signals.short_exit.astype(np.uint8) * np.uint8(SHORT_EXIT)
    return flags


def sweep(
    ground: Ground,
    accounts: Accounts,
    warmups: npt.ArrayLike,
    *,
    targets: I8 | None = None,
    flags: U8 | None = None,
    strength: F64 | None = None,
    stop_loss: F64 | None = None,
    take_profit: F64 | None = None,
    method: Literal["auto", "bars"] | Bool = "auto",
) -> F64:
    """The metrics of k accounts, as `compiled.simulate` and `metrics.metrics` would find them one by one.

    Parameters
    ----------
    ground
        of the bars
    accounts
        k of them
    warmups
        (k,) or a number: first bar that may decide, 0 or more
    targets
        (n_bars,), (1, n_bars) or (k, n_bars): -1, 0 or +1, before `warmup` is applied; one row is shared by all
    flags
        instead of targets, likewise: the four flags in one byte (`packed`)
    strength, stop_loss, take_profit
        likewise: as in `Signals`; None = 1, and the stops of the accounts
    method
        `auto`: that of `method_of`, row by row; `bars`: all of them bar by bar; (k,) booleans: from event to event
        where true

    Returns
    -------
    array
        (k, 17) in the order of `METRICS`; counts are whole numbers

    Raises
    ------
    ConfigError
        where `max_daily_loss` is set, but there are no days: the bars have no times.
    ValueError
        where shapes don't fit, not exactly one of targets and flags is given, or a row can't go from event to event.
    """
    k, n_bars = len(accounts), ground.prices.close.shape[0]
    if n_bars == 0:
        raise ValueError("a sweep needs at least one bar, but there are none")
    if (targets is None) == (flags is None):
        raise ValueError(f"give either targets or flags, but there are {'none' if targets is None else 'both'}")
    wanted = Wanted(
        _NO_TARGETS if targets is None else _rows("targets", targets, np.int8, k, n_bars),
        _NO_FLAGS if flags is None else _rows("flags", flags, np.uint8, k, n_bars),
        _NOT_VARYING if strength is None else _rows("strength", strength, np.float64, k, n_bars),
        _stops("stop_loss", stop_loss, k, n_bars),
        _stops("take_profit", take_profit, k, n_bars),
    )
    first = readonly(np.broadcast_to(np.asarray(warmups, dtype=np.int64), (k,)))
    by_day = bool((accounts.rules["max_daily_loss"] < math.inf).any())
    if by_day and not ground.calendar.has_time:
        raise ConfigError(Problem("max_daily_loss", NEEDS_TIMES))
    metrics, done = np.empty((k, len(METRICS))), np.zeros(k, np.bool_)
    rules, chosen = readonly(accounts.rules), _by_segments(accounts)
    if not isinstance(method, str):
        if method.shape != (k,) or (method & ~chosen).any():
            raise ValueError(f"method must be {k} booleans, and false where equity is wanted on every bar")
        chosen = method
    elif method == "bars":
        chosen = np.zeros(k, np.bool_)
    if chosen.any():
        done[:] = ~chosen
        sweep_segments(
            metrics,
            done,
            _in_order_of_paths(accounts, first),
            rules,
            _copied(accounts.ledgers),
            readonly(accounts.periods),
            first,
            ground.terrain,
            wanted,
            room_for(n_bars),
        )
        done &= chosen  # the others, and those that it was not sure of, go bar by bar
    if done.all():
        return metrics  # most sweeps: what the others need is not even compiled
    sweep_bars(
        metrics,
        done,
        rules,
        _copied(accounts.ledgers),
        readonly(accounts.like_peer),
        readonly(accounts.periods),
        first,
        *ground.prices[:4],
        wanted,
        ground.calendar.days if by_day else _NO_DAYS,
        readonly(ground.calendar.period_ends),
        ground.calendar.peer_periods_per_year,
    )
    return metrics


def _records_at(table: npt.NDArray[np.void], rows: Any) -> npt.NDArray[np.void]:
    """`table[rows]`, which numpy copies field by field where rows are given one by one: twenty times as slow."""
    return table[rows] if isinstance(rows, slice) else table.take(np.arange(len(table))[rows])


def _copied(table: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """A copy of records, which numpy makes field by field, too."""
    return table.view(f"V{table.itemsize}").copy().view(table.dtype)


def _in_order_of_paths(accounts: Accounts, warmups: I64) -> I64:
    """(k,) the rows so that those whose trades may be on the same bars at the same prices follow each other."""
    ledgers, rules = accounts.ledgers, accounts.rules
    return np.lexsort(
        (
            rules["exit_slippage"],
            rules["entry_slippage"],
            ledgers["order_take_profit"],
            ledgers["order_stop_loss"],
            warmups,
        )
    ).astype(np.int64, copy=False)


def _rows(name: str, given: npt.NDArray[Any], dtype: Any, k: int, n_bars: int) -> Any:
    """`given` as (1 or k, n_bars), read-only; not copied where it is of that type already."""
    rows = np.atleast_2d(np.asarray(given))
    if rows.dtype != dtype:
        raise ValueError(f"{name} must be of type {np.dtype(dtype)}, but are {rows.dtype}")
    if rows.ndim != 2 or rows.shape[0] not in (1, k) or rows.shape[1] != n_bars:
        raise ValueError(f"{name} must have shape ({n_bars},) or ({k}, {n_bars}), but have {np.shape(given)}")
    return readonly(rows)


def _stops(name: str, given: F64 | None, k: int, n_bars: int) -> F64:
    if given is None:
        return _NOT_VARYING
    rows: F64 = _rows(name, given, np.float64, k, n_bars)
    return readonly(np.where(np.isnan(rows), math.inf, rows))


@on_warmup
def _kernels() -> None:
    """Both methods, on three bars."""
    price = np.ones(3)
    calendar = Calendar.of(pd.date_range("2020-01-01", periods=3, tz="UTC"))
    ground = Ground.of(Prices(price, price, price, price), calendar)
    accounts, targets = accounts_of([Settings()], calendar), np.array([0, 1, 1], np.int8)
    sweep(ground, accounts, 1, targets=targets)
    sweep(ground, accounts, 1, targets=targets, method="bars")
