"""Combined portfolios: several accounts as one (specification, section 10), over the union of their times.

Two implementations, as for everything else: arrays for the composable mode, a walk over the times for the traditional.
Both add what each sleeve has gained to the capital, rather than the sleeves' equity to the uninvested rest: shares such
as 0.1 and 0.9 do not add up to 1 exactly, and a portfolio that never traded would seem to have lost a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.engine.account import Account
from adm_notebook.errors import ConfigError, Problem
from adm_notebook.market.arrays import I64
from adm_notebook.market.calendar import Calendar

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.market import Bars

__all__ = ["combine", "combine_by_time", "union_of"]


def union_of(sleeves: Sequence[Bars]) -> tuple[pd.Index, Calendar, list[I64]]:
    """The union of the sleeves' times, its calendar, and for each sleeve how many of its bars are past at each time.

    Raises
    ------
    ConfigError
        where naive and zone-aware times meet.
    """
    first = sleeves[0]
    if all(bars.index is first.index for bars in sleeves):
        past = np.arange(1, len(first.index) + 1)
        return first.index, first.calendar, [past] * len(sleeves)
    aware = {getattr(bars.index, "tz", None) is not None for bars in sleeves}
    if len(aware) > 1:
        message = "combines symbols with and without a time zone; give all of them one, or none"
        raise ConfigError(Problem("backtest_config.portfolio", message))
    index = first.index
    for bars in sleeves[1:]:
        index = index.union(bars.index)
    return (
        index,
        Calendar.of(index),
        [bars.index.searchsorted(index, side="right").astype(np.int64) for bars in sleeves],
    )


def combine(
    accounts: Sequence[Account], capitals: Sequence[float], total: float, past: Sequence[I64], index_size: int
) -> tuple[Account, tuple[int, ...]]:
    """Accounts as one, by arrays.

    Parameters
    ----------
    accounts
        of the sleeves, in their order.
    capitals
        money that each of them started with.
    total
        capital of the portfolio; what the sleeves leave of it stays uninvested.
    past
        for each sleeve, (n_union,): how many of its bars are past at each time of the union.

    Returns
    -------
    the account over the union's times, trades by time of entry and then order of sleeves; and each trade's sleeve
    """
    gained = np.zeros(index_size)
    for account, capital, at in zip(accounts, capitals, past, strict=True):
        gained += np.concatenate([[0.0], account.equity - capital])[at]
    equity = total + gained
    # the union's bar at which a sleeve's bar b is seen first: where `past` reaches b + 1
    where = [np.searchsorted(at, np.arange(1, len(a.equity) + 1)) for a, at in zip(accounts, past, strict=True)]

    def joined(name: str) -> Any:
        return np.concatenate([getattr(a, name) for a in accounts])

    def moved(name: str) -> Any:
        return np.concatenate([w[getattr(a, name)] for a, w in zip(accounts, where, strict=True)])

    sleeve = np.concatenate([np.full(len(a.direction), i) for i, a in enumerate(accounts)])
    entry, exit_ = moved("entry_bar"), moved("exit_bar")
    order = np.lexsort((np.arange(len(entry)), sleeve, entry))
    pending = moved("unfilled_bar")
    waiting = np.argsort(pending, kind="stable")
    account = Account(
        equity=equity,
        direction=joined("direction")[order],
        size=joined("size")[order],
        entry_bar=entry[order],
        entry_price=joined("entry_price")[order],
        exit_bar=exit_[order],
        exit_price=joined("exit_price")[order],
        pnl=joined("pnl")[order],
        returns=joined("returns")[order],
        fees=joined("fees")[order],
        exit_reason=joined("exit_reason")[order],
        unfilled_bar=pending[waiting],
        unfilled_side=joined("unfilled_side")[waiting],
        unfilled_reason=joined("unfilled_reason")[waiting],
    )
    return account, tuple(sleeve[order].tolist())


def combine_by_time(
    accounts: Sequence[Account],
    capitals: Sequence[float],
    total: float,
    times: Sequence[Sequence[Any]],
    union: Sequence[Any],
) -> tuple[Account, tuple[int, ...]]:
    """Accounts as one, walking the union of times; the plain twin of `combine`.

    Parameters
    ----------
    times
        for each sleeve, the times of its bars.
    union
        all times, in order.
    """
    position = {time: i for i, time in enumerate(union)}
    bars_at = [{time: i for i, time in enumerate(own)} for own in times]
    gained = [0.0] * len(accounts)
    equity: list[float] = []
    for time in union:
        together = 0.0  # one after the other: sum() is compensated from Python 3.12 on, and would round otherwise
        for s, account in enumerate(accounts):
            if time in bars_at[s]:
                gained[s] = float(account.equity[bars_at[s][time]]) - capitals[s]
            together += gained[s]
        equity.append(total + together)
    rows: list[tuple[int, int, int]] = []
    orders: list[tuple[int, int, int]] = []
    for s, account in enumerate(accounts):
        rows += [(position[times[s][int(bar)]], s, k) for k, bar in enumerate(account.entry_bar)]
        orders += [(position[times[s][int(bar)]], s, k) for k, bar in enumerate(account.unfilled_bar)]
    rows.sort()
    orders.sort()

    def column(name: str, which: list[tuple[int, int, int]]) -> Any:
        values = [getattr(accounts[s], name)[k] for _, s, k in which]
        return np.array(values, dtype=getattr(accounts[0], name).dtype)

    def placed(name: str, which: list[tuple[int, int, int]]) -> I64:
        return np.array([position[times[s][int(getattr(accounts[s], name)[k])]] for _, s, k in which], dtype=np.int64)

    same = ("direction", "size", "entry_price", "exit_price", "pnl", "returns", "fees", "exit_reason")
    account = Account(
        equity=np.array(equity),
        entry_bar=placed("entry_bar", rows),
        exit_bar=placed("exit_bar", rows),
        unfilled_bar=placed("unfilled_bar", orders),
        unfilled_side=column("unfilled_side", orders),
        unfilled_reason=column("unfilled_reason", orders),
        **{name: column(name, rows) for name in same},
    )
    return account, tuple(s for _, s, _ in rows)
