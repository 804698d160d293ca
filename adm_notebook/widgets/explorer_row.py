"""One row of a result as the explorer draws it: equity, drawdown, trades, candles with marks, figures of a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.coordinator.benchmark import buy_and_hold
from adm_notebook.display.equity_chart import money_scale, thin
from adm_notebook.display.measures import measure
from adm_notebook.display.numbers import money, money_decimals, percent, price, price_decimals
from adm_notebook.display.timeaxis import TimeAxis
from adm_notebook.display.words import clip
from adm_notebook.engine.account import EXIT_REASONS, Account
from adm_notebook.engine.period import period_metrics
from adm_notebook.errors import RunError
from adm_notebook.market import Bars
from adm_notebook.market.arrays import F64, I64
from adm_notebook.market.calendar import Calendar
from adm_notebook.planning import Plan
from adm_notebook.results import WorkflowResult
from adm_notebook.widgets.explorer_rows import WINDOW
from adm_notebook.widgets.ohlc import Candles, candles_of, seconds_of

__all__ = ["PERIOD_MEASURES", "ChosenRow", "Mark"]

PERIOD_MEASURES = ("total_return", "sharpe", "max_drawdown", "volatility", "exposure", "n_trades")
"""Figures of a period, beside those of buy and hold."""

POINTS = 1600
"""Points of a curve at most; the first, last, lowest and highest of each stretch are among them."""

MARKS_MOST = 400
"""Marks in a window of candles; where there are more, none is drawn, and the chart says how many there are."""

_OPEN = EXIT_REASONS.index("open")


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry or an exit of a trade on the price.

    bar    of the symbol's bars
    trade  its number among the row's trades
    buys   whether one buys there; else one sells
    won    of an exit: whether the trade made a profit; None of an entry
    """

    bar: int
    price: float
    trade: int
    buys: bool
    won: bool | None
    text: str

    def to_json(self) -> list[Any]:
        """What a page needs of it."""
        return [self.bar, self.price, self.trade, self.buys, self.won, self.text]


@dataclass(frozen=True)
class ChosenRow:
    """One row that is ok, with the bars that it was traded on.

    label    in `stats`
    account  equity of each bar, and trades in order of entry
    held     (n_bars,) equity of buy and hold
    index    (n_bars,) times of the bars; of all symbols together in a combined portfolio
    symbols  the symbols traded, with their bars
    owner    (n_trades,) position in `symbols` of each trade
    """

    label: int
    account: Account
    held: F64
    index: pd.Index
    calendar: Calendar
    settings: Any
    symbols: tuple[Bars, ...]
    owner: I64

    @classmethod
    def of(cls, result: WorkflowResult, plan: Plan, label: int) -> ChosenRow:
        """The row with that label, computed again unless it is the best.

        Raises
        ------
        RunError
            where there is no such row, or it is not ok.
        """
        detail = result.detail(label)
        row = plan.row(label)
        benchmark = buy_and_hold(plan, row)
        names = list(dict.fromkeys(sleeve.symbol for sleeve in row.sleeves))
        owner = np.zeros(len(detail.account.pnl), np.int64)
        if detail.sleeve is not None:
            owner = np.array([names.index(detail.symbols[s]) for s in detail.sleeve], np.int64)
        return cls(
            label,
            detail.account,
            benchmark.values,
            detail.index,
            benchmark.calendar,
            row.settings,
            tuple(plan.market[name] for name in names),
            owner,
        )

    @property
    def n_bars(self) -> int:
        """Bars of the equity."""
        return len(self.account.equity)

    def moment(self, bar: int) -> str:
        """The time of a bar as text; of bars without times its number."""
        if not self.calendar.has_time:
            return f"bar {bar:,}"
        return str(self.index[bar].strftime("%Y-%m-%d %H:%M" if self.calendar.intraday else "%Y-%m-%d"))

    # ---- the whole history --------------------------------------------------------------------------------------

    def curves(self) -> tuple[dict[str, Any], list[bytes]]:
        """Equity, buy and hold and drawdown, thinned, with their axes; and the points of each, bars and values."""
        equity = np.ascontiguousarray(self.account.equity, np.float64)
        peak = np.maximum.accumulate(equity)
        falls = np.divide(equity, peak, out=np.ones_like(equity), where=peak > 0) - 1.0
        buffers: list[bytes] = []
        for values in (equity, np.ascontiguousarray(self.held, np.float64), falls):
            at = thin(values, POINTS)
            buffers += [at.astype(np.float64).tobytes(), values[at].tobytes()]
        scale = money_scale(equity, self.held)
        places, names, _ = TimeAxis(self.index, side_by_side=True).moments()
        frame = {
            "n_bars": self.n_bars,
            "low": scale.low, "high": scale.high, "log": scale.is_log,
            "ticks": [[float(v), name] for v, name in zip(scale.ticks, scale.labels, strict=True)],
            "times": [[float(x), name] for x, name in zip(places, names, strict=True)],
            "worst": str(percent(float(falls.min()))),
            "deepest": float(falls.min()),
        }  # fmt: skip
        return frame, buffers

    # ---- a period -----------------------------------------------------------------------------------------------

    def period(self, start: int, end: int) -> dict[str, dict[str, float]]:
        """The metrics of bars `start` to `end`, both included, of the row and of buy and hold.

        Returns count from the close before the period. A trade counts as closed in the period in which it is closed,
        with all that it made. Over the whole history these are the row's metrics.
        """
        start, end = sorted((max(0, min(start, self.n_bars - 1)), max(0, min(end, self.n_bars - 1))))
        whole = start == 0 and end == self.n_bars - 1
        of_period = self.calendar
        if self.settings.metrics_style == "backtesting.py" and not whole:
            of_period = Calendar.of(self.index[start : end + 1])
        place = (start, end + 1, self.calendar, self.settings, of_period)
        held = _NO_TRADES._replace(equity=self.held)
        return {
            "row": period_metrics(self.account, *place),
            "held": {**period_metrics(held, *place), "exposure": 1.0},
        }

    def figures(self, start: int, end: int) -> dict[str, Any]:
        """The same written for a page, with the period in words."""
        start, end = sorted((max(0, min(start, self.n_bars - 1)), max(0, min(end, self.n_bars - 1))))
        found = self.period(start, end)
        whole = start == 0 and end == self.n_bars - 1
        said = f"{self.moment(start)} to {self.moment(end)}, {end - start + 1:,} bars"
        rows = []
        for name, of in (("This row", found["row"]), ("Buy and hold", found["held"])):
            cells = []
            for metric in PERIOD_MEASURES:
                value = of[metric]
                if metric == "n_trades" and of is found["held"]:
                    value = float("nan")
                number = measure(metric).number(value, toned=name == "This row")
                cells.append([number.text, number.unit, number.tone, number.title])
            rows.append([name, cells])
        return {
            "period": [start, end],
            "said": f"whole history {said}" if whole else f"selected period {said}",
            "heads": [[measure(m).heading, measure(m).means] for m in PERIOD_MEASURES],
            "rows": rows,
            "view": [[self.bar_of(s, start), self.bar_of(s, end) + 1] for s in range(len(self.symbols))],
        }

    # ---- prices -------------------------------------------------------------------------------------------------

    def bar_of(self, symbol: int, at: int) -> int:
        """The symbol's bar at bar `at` of the equity, or the one before it."""
        bars = self.symbols[symbol]
        if bars.n_bars == self.n_bars and len(self.symbols) == 1:
            return at
        return max(0, int(bars.index.searchsorted(self.index[at], side="right")) - 1)

    def at_of(self, symbol: int, bar: int) -> int:
        """The bar of the equity at a bar of the symbol; the inverse of `bar_of`."""
        bars = self.symbols[symbol]
        if bars.n_bars == self.n_bars and len(self.symbols) == 1:
            return bar
        return min(self.n_bars - 1, int(self.index.searchsorted(bars.index[bar])))

    def candles(self, start: int, end: int, pixels: int, symbol: int = 0) -> Candles:
        """Candles of a symbol's bars `start` to `end` - 1, as many as `pixels` CSS pixels have room for."""
        return candles_of(self.symbols[symbol].prices, start, end, pixels)

    def marks(self, start: int, end: int, symbol: int = 0) -> tuple[list[Mark], int]:
        """Entries and exits on a symbol's bars `start` to `end` - 1, in order of time, and how many there are.

        None are made where they are more than `MARKS_MOST`. A trade that is still open has no exit.
        """
        found = self._marks[symbol]
        inside = np.flatnonzero((found["bar"] >= start) & (found["bar"] < end))
        if len(inside) > MARKS_MOST:
            return [], len(inside)
        account, decimals = self.account, self.decimals[symbol]
        marks = []
        for i in inside:
            trade, is_exit = int(found["trade"][i]), bool(found["is_exit"][i])
            long = account.direction[trade] > 0
            at = float((account.exit_price if is_exit else account.entry_price)[trade])
            side = "long" if long else "short"
            made = f" {percent(float(account.returns[trade]))}" if is_exit else ""
            text = f"{'exit' if is_exit else side} {price(at, decimals)}{made}"
            won = bool(account.pnl[trade] > 0) if is_exit else None
            marks.append(Mark(int(found["bar"][i]), at, trade, bool(long) != is_exit, won, text))
        return marks, len(inside)

    @cached_property
    def _marks(self) -> list[dict[str, Any]]:
        """Of each symbol its entries and exits: bar, trade, and which of both, in order of time."""
        account, found = self.account, []
        closed = account.exit_reason != _OPEN
        for s in range(len(self.symbols)):
            mine = self.owner == s
            trades = np.r_[np.flatnonzero(mine), np.flatnonzero(mine & closed)]
            is_exit = np.r_[np.zeros(int(mine.sum()), bool), np.ones(int((mine & closed).sum()), bool)]
            at = np.where(is_exit, account.exit_bar[trades], account.entry_bar[trades])
            if len(self.symbols) > 1 or self.symbols[s].n_bars != self.n_bars:
                at = np.maximum(0, self.symbols[s].index.searchsorted(self.index[at], side="right") - 1)
            order = np.lexsort((is_exit, trades, at))
            found.append({"bar": at[order], "trade": trades[order], "is_exit": is_exit[order]})
        return found

    @cached_property
    def decimals(self) -> list[int]:
        """Decimals of each symbol's prices: as quoted, but no more than their size deserves."""
        found = []
        for bars in self.symbols:
            close = bars.prices.close
            typical = abs(float(np.median(close)))
            enough = 2 if typical >= 100 else 4 if typical >= 1 else 6
            found.append(min(enough, price_decimals(close[:1000].tolist())))
        return found

    @cached_property
    def seconds(self) -> list[tuple[F64, bool] | None]:
        """Of each symbol the time axis of its chart, as `seconds_of` has it."""
        return [seconds_of(bars.index) for bars in self.symbols]

    def chart(self, start: int, end: int, pixels: int, symbol: int = 0) -> tuple[dict[str, Any], list[bytes]]:
        """Candles and marks for a page: what it needs to know, and time, open, high, low, close of each candle."""
        if not 0 <= symbol < len(self.symbols):
            raise RunError(f"This row trades {len(self.symbols)} symbols; there is no number {symbol}.")
        c = self.candles(start, end, pixels, symbol)
        marks, n_marks = self.marks(c.start, c.stop, symbol)
        clock = self.seconds[symbol]
        times = c.at.astype(np.float64) if clock is None else clock[0][c.at]
        frame = {
            "symbol": symbol,
            "start": c.start, "stop": c.stop, "step": c.step, "n_bars": self.symbols[symbol].n_bars,
            "timed": clock is not None, "utc": clock is not None and clock[1],
            "intraday": bool(self.symbols[symbol].calendar.intraday),
            "decimals": self.decimals[symbol],
            "marks": [mark.to_json() for mark in marks], "n_marks": n_marks,
        }  # fmt: skip
        return frame, [np.ascontiguousarray(a, np.float64).tobytes() for a in (times, c.open, c.high, c.low, c.close)]

    # ---- trades -------------------------------------------------------------------------------------------------

    @property
    def trade_columns(self) -> list[dict[str, Any]]:
        """Headings of `trade_rows`."""
        named = (("#", False), ("Symbol", True), ("Side", True), ("Entered", True), ("at price", False),
                 ("Left", True), ("at price", False), ("Return", False), ("Profit", False), ("Exit", True))  # fmt: skip
        kept = [(label, words) for label, words in named if label != "Symbol" or len(self.symbols) > 1]
        return [{"name": str(i), "label": label, "title": "", "words": words} for i, (label, words) in enumerate(kept)]

    def trade_rows(self, start: int) -> list[list[str]]:
        """At most `WINDOW` trades from number `start` on, in order of entry, as texts."""
        account = self.account
        cents = money_decimals(account.pnl.tolist())
        rows = []
        for k in range(max(0, start), min(max(0, start) + WINDOW, len(account.pnl))):
            owner = int(self.owner[k])
            decimals = self.decimals[owner]
            left = "still open" if account.exit_reason[k] == _OPEN else self.moment(int(account.exit_bar[k]))
            symbol = [clip(self.symbols[owner].symbol, 40)] if len(self.symbols) > 1 else []
            rows.append([
                f"{k + 1:,}", *symbol, "long" if account.direction[k] > 0 else "short",
                self.moment(int(account.entry_bar[k])), str(price(float(account.entry_price[k]), decimals)),
                left, str(price(float(account.exit_price[k]), decimals)),
                str(percent(float(account.returns[k]))),
                str(money(float(account.pnl[k]), digits=cents, signed=True)),
                EXIT_REASONS[account.exit_reason[k]].replace("_", " "),
            ])  # fmt: skip
        return rows

    def place_of(self, trade: int) -> tuple[int, int, int]:
        """The symbol of a trade, and its first and last bar there.

        Raises
        ------
        RunError
            where there is no such trade.
        """
        if not 0 <= trade < len(self.account.pnl):
            raise RunError(f"There is no trade {trade + 1:,}; this row has {len(self.account.pnl):,}.")
        symbol = int(self.owner[trade])
        bars: Sequence[int] = (int(self.account.entry_bar[trade]), int(self.account.exit_bar[trade]))
        return symbol, self.bar_of(symbol, bars[0]), self.bar_of(symbol, bars[1])


_MONEY, _BARS, _CODES = np.empty(0), np.empty(0, np.int64), np.empty(0, np.int8)
_NO_TRADES = Account(
    _MONEY, _CODES, _MONEY, _BARS, _MONEY, _BARS, _MONEY, _MONEY, _MONEY, _MONEY, _CODES, _BARS, _CODES, _CODES
)
