"""One account, traded and measured in one call: the GIL is let go once for each row of a sweep."""

from __future__ import annotations

from typing import Any

import numpy as np

from adm_notebook.engine.fills import ENTRY_BAR, ENTRY_PRICE, EXIT_BAR, EXIT_REASON, FEES, PNL, POSITION
from adm_notebook.engine.kernels import run_account
from adm_notebook.engine.metrics import curve_sums, trade_sums
from adm_notebook.jit import jit
from adm_notebook.market.arrays import F64, I64, Bool

__all__ = ["trade_and_measure"]


@jit
def trade_and_measure(
    sums: F64,
    capital: float,
    like_peer: bool,
    warmup: int,
    settings: Any,
    ledger: Any,
    trades: F64,
    unfilled: I64,
    equity: F64,
    start: int,
    open_: F64,
    high: F64,
    low: F64,
    close: F64,
    long_entry: Bool,
    long_exit: Bool,
    short_entry: Bool,
    short_exit: Bool,
    flagged: Bool,
    strength: F64,
    stop_loss: F64,
    take_profit: F64,
    days: I64,
) -> int:
    """`run_account`, and once it has come to the end, the sums that metrics are made of.

    sums       (SUMS,)  written at the end: what `curve_sums` and then `trade_sums` return
    capital    scalar   money before the first bar; the equity of bars before `warmup`
    like_peer  scalar   which bars count as covered; see `trade_sums`
    warmup     scalar   the first bar that may decide; from n_bars on nothing is traded
    All others, and what is returned, are those of `run_account`.
    """
    n_bars: int = close.shape[0]
    bar = start
    if start == warmup:
        for i in range(min(warmup, n_bars)):
            equity[i] = capital
    if start < n_bars:
        bar = run_account(
            settings,
            ledger,
            trades,
            unfilled,
            equity,
            start,
            open_,
            high,
            low,
            close,
            long_entry,
            long_exit,
            short_entry,
            short_exit,
            flagged,
            strength,
            stop_loss,
            take_profit,
            days,
        )
    if bar < n_bars or n_bars == 0:
        return bar
    n = ledger[0].n_trades
    pnl = trades[:n, PNL].copy()
    returns = np.empty(n)
    for k in range(n):
        returns[k] = pnl[k] / (abs(trades[k, POSITION]) * trades[k, ENTRY_PRICE])
    sums[0], sums[1], sums[2], sums[3], sums[4] = curve_sums(equity, capital)
    (
        sums[5],
        sums[6],
        sums[7],
        sums[8],
        sums[9],
        sums[10],
        sums[11],
        sums[12],
        sums[13],
        sums[14],
        sums[15],
        sums[16],
    ) = trade_sums(
        trades[:n, ENTRY_BAR].astype(np.int64),
        trades[:n, EXIT_BAR].astype(np.int64),
        trades[:n, EXIT_REASON].astype(np.int8),
        pnl,
        returns,
        trades[:n, FEES].copy(),
        n_bars,
        like_peer,
    )
    return bar
