"""The reference engine: one account, bar by bar in plain Python, to be read beside the specification, sections 3 to 9,
and docs/risk.md.

The compiled engine is written apart from this one; that both agree to the last trade is the proof of each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from adm_notebook.config.settings import Settings, StopDistance
from adm_notebook.engine.account import EXIT_REASONS, UNFILLED_REASONS, Account, Signals, check_inputs
from adm_notebook.engine.reference_size import opening_size
from adm_notebook.market.arrays import F64, I8, I64, Prices

__all__ = ["signals_from_targets", "simulate"]

NAN = math.nan
CHECK_EVERY = 4096  # bars

SIGNAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, MAX_DRAWDOWN, RUIN, END, OPEN, MAX_DAILY_LOSS = range(len(EXIT_REASONS))
CANCELLED, PENDING_AT_THE_END = UNFILLED_REASONS.index("cancelled"), UNFILLED_REASONS.index("pending at the end")


def simulate(
    prices: Prices,
    signals: Signals,
    settings: Settings,
    *,
    warmup: int,
    check: Callable[[], None] | None = None,
    watch: Callable[[int, Sequence[float]], None] | None = None,
    days: I64 | None = None,
) -> Account:
    """Trade `signals` on `prices` as `settings` say.

    Parameters
    ----------
    prices
        bars, each array (n_bars,), quote currency per unit; NaN where missing.
    signals
        four flags a bar, (n_bars,), known at the bar's close; strength (n_bars,) in [0, 1]; stops (n_bars,) where they
        follow the market (`reference_exposure.exposed` puts them in).
    settings
        the account. `settings.warmup` and what concerns metrics alone are not read.
    warmup
        first bar that may decide, resolved; from `n_bars` on nothing is traded.
    check
        called every 4096 bars; whatever it raises ends the run.
    watch
        called as often with the bar that comes next and the equity, which is known before it.
    days
        (n_bars,) the local calendar day of each bar, where `max_daily_loss` is set.

    Returns
    -------
    Account
        equity (n_bars,) in money at each close, the trades in order of entry, and the orders that gave no trade.

    Raises
    ------
    ConfigError
        where `max_daily_loss` is set, but there are no days.
    ValueError
        where sizes or stops follow the market, but the signals have none.
    """
    check_inputs(signals, settings, days)
    account = _Simulation(prices, signals, settings, None if days is None else days.tolist())
    for i in range(warmup, account.n_bars):
        if i % CHECK_EVERY == 0:
            if check is not None:
                check()
            if watch is not None:
                watch(i, account.equity)
        account.bar(i)
        if account.ruined:
            break
    account.end()
    return account.result()


def signals_from_targets(target: I8, warmup: int, strength: F64 | None = None) -> Signals:
    """The flags that lead to the positions in `target` (specification, section 9).

    Parameters
    ----------
    target
        (n_bars,) -1, 0 or +1: the position wanted, known at the bar's close.
    warmup
        first bar that may decide; targets before it count as 0, so that one which already holds enters there.
    strength
        (n_bars,) in [0, 1], passed on.
    """
    wanted = [t if i >= warmup else 0 for i, t in enumerate(target.tolist())]
    before = [0, *wanted[:-1]]

    def entries(side: int) -> list[bool]:
        return [now == side and was != side for was, now in zip(before, wanted, strict=True)]

    def exits(side: int) -> list[bool]:
        return [was == side and now != side for was, now in zip(before, wanted, strict=True)]

    long_entry, long_exit, short_entry, short_exit = (
        np.array(flags, dtype=np.bool_) for flags in (entries(+1), exits(+1), entries(-1), exits(-1))
    )
    return Signals(long_entry, long_exit, short_entry, short_exit, strength)


@dataclass(frozen=True, slots=True)
class _Order:
    """What the close of a bar decided: a closing leg, an opening leg, or both (a reversal)."""

    bar: int  # of the decision
    closes: bool
    opens: int  # +1 long, -1 short, 0 without an opening leg
    strength: float = 1.0
    reason: int = SIGNAL  # of the exit


@dataclass(slots=True)
class _Position:
    direction: int  # +1 long, -1 short
    size: float  # units, unsigned
    entry_bar: int
    entry_price: float
    entry_fee: float
    stop_loss: float | None  # fractions of the bases
    take_profit: float | None
    profit_base: float
    stop_base: float  # moves where the stop-loss trails

    def gain(self, price: float) -> float:
        """Money that closing at `price` brings, before fees: position * (exit - entry)."""
        return self.direction * self.size * (price - self.entry_price)


class _Simulation:
    """One account while it trades: `balance` is the B of the specification, and methods are named after its steps."""

    def __init__(self, prices: Prices, signals: Signals, settings: Settings, days: list[int] | None) -> None:
        self.O: list[float] = prices.open.tolist()
        self.H: list[float] = prices.high.tolist()
        self.L: list[float] = prices.low.tolist()
        self.C: list[float] = prices.close.tolist()
        self.n_bars = len(self.C)
        self.long_entry: list[bool] = signals.long_entry.tolist()
        self.long_exit: list[bool] = signals.long_exit.tolist()
        self.short_entry: list[bool] = signals.short_entry.tolist()
        self.short_exit: list[bool] = signals.short_exit.tolist()
        self.strength: list[float] = [1.0] * self.n_bars if signals.strength is None else signals.strength.tolist()
        self.stop_losses = _stops(signals.stop_loss, settings.stop_loss, self.n_bars)
        self.take_profits = _stops(signals.take_profit, settings.take_profit, self.n_bars)

        self.settings = settings
        self.rate, self.fixed = settings.commission.rate, settings.commission.fixed
        self.balance = settings.initial_capital
        self.equity = [settings.initial_capital] * self.n_bars
        self.peak = settings.initial_capital
        self.last_close = NAN  # the last valid one
        self.position: _Position | None = None
        self.pending: _Order | None = None
        self.kept_long_exit = self.kept_short_exit = False  # exit flags of bars without a close
        self.halted = False  # by the limit on drawdown: no more decisions
        self.days = days
        self.day: int | None = None  # the latest so far
        self.day_base = settings.initial_capital  # equity at the end of the day before it
        self.day_over = False  # by the limit on its loss: no more decisions on that day
        self.ruined = False
        self.trades: list[tuple[int, float, int, float, int, float, float, float, float, int]] = []
        self.unfilled: list[tuple[int, int, int]] = []

    # Section 3: the order of events

    def bar(self, i: int) -> None:
        """Steps 1 to 5 on bar `i`, with the limits on drawdown and on the loss of a day between 4 and 5."""
        self.begin_day(i)
        has_close = not math.isnan(self.C[i])
        if has_close:
            self.last_close = self.C[i]
        self.fill_pending(*self.reference_price(i))
        stopped = self.check_stops(i)
        self.mark(i)
        if self.settings.ruin and self.equity[i] <= 0:
            self.ruin(i)
            return
        self.check_drawdown(i)
        self.check_daily_loss(i)
        if self.halted or self.day_over:
            if self.settings.fill == "close":
                self.fill_pending(self.C[i], i)
                self.mark(i)
        elif not has_close:
            self.keep_exit_flags(i)
        elif not (stopped and self.settings.after_stop == "drop"):
            self.place(self.decide(i))
            if self.settings.fill == "close":
                self.fill_pending(self.C[i], i)
                self.mark(i)

    def reference_price(self, i: int) -> tuple[float, int]:
        """Price of an order that fills during bar `i`, and the bar that its fill is stamped with; NaN: not now."""
        if self.settings.fill == "next_open":
            return self.O[i], i
        if self.settings.fill == "prev_close" and i > 0:
            return self.C[i - 1], i - 1
        return NAN, i  # fill = close: nothing fills before the close

    def fill_pending(self, price: float, bar: int) -> None:
        """Step 1; without a price the order waits."""
        if self.pending is not None and not math.isnan(price):
            order, self.pending = self.pending, None
            self.execute(order, price, bar)

    def mark(self, i: int) -> None:
        """Step 3: equity at the last valid close."""
        self.equity[i] = self.balance + (0.0 if self.position is None else self.position.gain(self.last_close))

    def ruin(self, i: int) -> None:
        """Step 4: what is open closes without slippage, and the rest is nothing."""
        self.cancel_pending()
        if self.position is not None:
            self.close(self.last_close, i, RUIN, self.fixed)
        self.balance = 0.0
        self.equity[i:] = [0.0] * (self.n_bars - i)
        self.ruined = True

    def check_drawdown(self, i: int) -> None:
        """The limit `max_drawdown` of section 7: once hit, the position closes and nobody decides any more."""
        limit = self.settings.max_drawdown
        if limit is None or self.halted:
            return
        self.peak = max(self.peak, self.equity[i])
        if self.equity[i] <= self.peak * (1 - limit):
            self.halted = True
            self.cancel_pending()
            if self.position is not None:
                self.pending = _Order(i, closes=True, opens=0, reason=MAX_DRAWDOWN)

    def begin_day(self, i: int) -> None:
        """A day begins on the first bar whose local date is later than that of every bar before it."""
        if self.days is not None and (self.day is None or self.days[i] > self.day):
            self.day, self.day_over = self.days[i], False
            self.day_base = self.equity[i - 1] if i > 0 else self.settings.initial_capital

    def check_daily_loss(self, i: int) -> None:
        """The limit `max_daily_loss`: once hit, the position closes and nothing is decided until the next day."""
        limit = self.settings.max_daily_loss
        if limit is None or self.halted or self.day_over:
            return
        if self.equity[i] <= self.day_base * (1 - limit):
            self.day_over = True
            self.kept_long_exit = self.kept_short_exit = False
            self.cancel_pending()
            if self.position is not None:
                self.pending = _Order(i, closes=True, opens=0, reason=MAX_DAILY_LOSS)

    def end(self) -> None:
        """What `finalize` says, after the last bar."""
        last = self.n_bars - 1
        if self.ruined or last < 0:
            return
        price, bar = self.reference_price(last)
        if self.settings.finalize == "last_open" and not math.isnan(price):
            waiting = self.pending or _Order(last, closes=True, opens=0)
            self.pending = _Order(waiting.bar, True, waiting.opens, waiting.strength, END)
            self.fill_pending(price, bar)
            self.check_stops(last)
            self.mark(last)
        elif self.settings.finalize == "last_close" and self.position is not None:
            self.close(self.last_close, last, END, self.fixed)
            self.mark(last)
        if self.pending is not None and self.pending.opens:
            self.unfilled.append((self.pending.bar, self.pending.opens, PENDING_AT_THE_END))
        if self.position is not None:
            self.record(self.position, last, self.last_close, 0.0, OPEN)

    # Section 4: decide

    def decide(self, i: int) -> _Order | None:
        """The order that the flags of bar `i`, and the exit flags kept for it, ask for."""
        long_entry, short_entry = self.long_entry[i], self.short_entry[i]
        long_exit = self.long_exit[i] or self.kept_long_exit
        short_exit = self.short_exit[i] or self.kept_short_exit
        self.kept_long_exit = self.kept_short_exit = False
        if long_entry and long_exit:
            long_entry = long_exit = False
        if short_entry and short_exit:
            short_entry = short_exit = False
        if long_entry and short_entry:
            long_entry = short_entry = False

        if self.position is None:
            closes, opens = False, +1 if long_entry else -1 if short_entry else 0
        else:
            is_long = self.position.direction > 0
            opposite, exit_flag = (short_entry, long_exit) if is_long else (long_entry, short_exit)
            closes = exit_flag or (opposite and self.settings.opposite != "ignore")
            opens = -self.position.direction if opposite and self.settings.opposite == "reverse" else 0
        if not self.strength[i] > 0:
            opens = 0
        return _Order(i, closes, opens, self.strength[i]) if closes or opens else None

    def keep_exit_flags(self, i: int) -> None:
        """Section 8: an exit flag of a bar without a close stays set until the next decision."""
        if self.settings.preset != "vectorbt":
            self.kept_long_exit |= self.long_exit[i]
            self.kept_short_exit |= self.short_exit[i]

    def place(self, order: _Order | None) -> None:
        """A new order replaces one that still waits for an open; without a new one it goes on waiting."""
        if order is not None:
            self.cancel_pending()
            self.pending = order

    def cancel_pending(self) -> None:
        if self.pending is not None and self.pending.opens:
            self.unfilled.append((self.pending.bar, self.pending.opens, CANCELLED))
        self.pending = None

    # Section 5: fills, size, commission

    def execute(self, order: _Order, P: float, bar: int) -> None:
        """The closing leg and then the opening leg of `order`, from the reference price `P`."""
        leaving = self.position if order.closes else None
        if leaving is not None:
            closing_price = P * (1 - leaving.direction * self.settings.slippage.exit)
            if order.opens and self.settings.commission.fixed_per == "order":
                self.reverse(leaving, closing_price, order, P, bar)
                return
            self.close(closing_price, bar, order.reason, self.fixed)
        if order.opens:
            opening_price = P * (1 + order.opens * self.settings.slippage.entry)
            size, why_not = self.size(order, P, opening_price, self.balance)
            self.open(order, size, why_not, opening_price, bar, self.fixed)

    def reverse(self, leaving: _Position, closing_price: float, order: _Order, P: float, bar: int) -> None:
        """Both legs for one fixed fee, split by size; the opening leg is sized as if the closing leg paid none."""
        opening_price = P * (1 + order.opens * self.settings.slippage.entry)
        proceeds = leaving.gain(closing_price) - leaving.size * closing_price * self.rate
        size, why_not = self.size(order, P, opening_price, self.balance + proceeds)
        share = leaving.size / (leaving.size + size)
        self.close(closing_price, bar, order.reason, self.fixed * share)
        self.open(order, size, why_not, opening_price, bar, self.fixed * (1 - share))

    def size(self, order: _Order, P: float, f: float, cash: float) -> tuple[float, int]:
        return opening_size(self.settings, direction=order.opens, strength=order.strength, P=P, f=f, cash=cash)

    def open(self, order: _Order, size: float, why_not: int, price: float, bar: int, fixed: float) -> None:
        """The opening leg, already sized; one without units is listed among the unfilled."""
        if size == 0:
            self.unfilled.append((order.bar, order.opens, why_not))
            return
        fee = fixed + size * price * self.rate
        self.balance -= fee
        base = price if self.settings.stop_base == "fill" else self.C[order.bar]
        stop_loss, take_profit = self.stop_losses[order.bar], self.take_profits[order.bar]
        self.position = _Position(order.opens, size, bar, price, fee, stop_loss, take_profit, base, base)

    def close(self, price: float, bar: int, reason: int, fixed: float) -> None:
        assert self.position is not None  # callers hold a position
        leaving, self.position = self.position, None
        fee = fixed + leaving.size * price * self.rate
        self.balance += leaving.gain(price) - fee
        self.record(leaving, bar, price, fee, reason)

    def record(self, position: _Position, exit_bar: int, exit_price: float, exit_fee: float, reason: int) -> None:
        p, fees = position, position.entry_fee + exit_fee
        pnl = p.gain(exit_price) - fees
        earned = pnl / (p.size * p.entry_price)
        self.trades.append(
            (p.direction, p.size, p.entry_bar, p.entry_price, exit_bar, exit_price, pnl, earned, fees, reason)
        )

    # Section 6: stops

    def check_stops(self, i: int) -> bool:
        """Step 2: whether a stop closed the position on bar `i`; the stop-loss is looked at first."""
        position = self.position
        if position is None:
            return False
        opened, high, low = self.bar_with_gaps_filled(i)
        d = position.direction
        if position.stop_loss is not None:
            price = _touched(-d, position.stop_base * (1 - d * position.stop_loss), opened, high, low)
            if price is not None:
                moved = position.stop_base != position.profit_base
                self.close(price, i, TRAILING_STOP if moved else STOP_LOSS, self.fixed)
                return True
        if position.take_profit is not None:
            price = _touched(d, position.profit_base * (1 + d * position.take_profit), opened, high, low)
            if price is not None:
                self.close(price, i, TAKE_PROFIT, self.fixed)
                return True
        if self.settings.trailing:
            best = high if d > 0 else low
            if d * best > d * position.stop_base:
                position.stop_base = best
        return False

    def bar_with_gaps_filled(self, i: int) -> tuple[float, float, float]:
        """O, H, L of bar `i`; a missing O is C, a missing H or L the outer of O and C, of those that are there."""
        opened = self.C[i] if math.isnan(self.O[i]) else self.O[i]
        known = [price for price in (opened, self.C[i]) if not math.isnan(price)]
        high = max(known, default=NAN) if math.isnan(self.H[i]) else self.H[i]
        low = min(known, default=NAN) if math.isnan(self.L[i]) else self.L[i]
        return opened, high, low

    def result(self) -> Account:
        trades = list(zip(*self.trades, strict=True)) or [()] * 10
        direction, size, entry_bar, entry_price, exit_bar, exit_price, pnl, returns, fees, reason = trades
        bar, side, why_not = list(zip(*self.unfilled, strict=True)) or [()] * 3
        return Account(
            equity=np.array(self.equity, dtype=np.float64),
            direction=np.array(direction, dtype=np.int8),
            size=np.array(size, dtype=np.float64),
            entry_bar=np.array(entry_bar, dtype=np.int64),
            entry_price=np.array(entry_price, dtype=np.float64),
            exit_bar=np.array(exit_bar, dtype=np.int64),
            exit_price=np.array(exit_price, dtype=np.float64),
            pnl=np.array(pnl, dtype=np.float64),
            returns=np.array(returns, dtype=np.float64),
            fees=np.array(fees, dtype=np.float64),
            exit_reason=np.array(reason, dtype=np.int8),
            unfilled_bar=np.array(bar, dtype=np.int64),
            unfilled_side=np.array(side, dtype=np.int8),
            unfilled_reason=np.array(why_not, dtype=np.int8),
        )


def _stops(
    by_bar: F64 | None, everywhere: float | StopDistance | None, n_bars: int
) -> list[float | None] | list[float]:
    """The fraction of a position that is decided on each bar; None where it has no such stop."""
    if by_bar is not None:
        return [None if math.isnan(fraction) else fraction for fraction in by_bar.tolist()]
    return [everywhere if isinstance(everywhere, float) else None] * n_bars


def _touched(move: int, X: float, opened: float, high: float, low: float) -> float | None:
    """Where a stop at `X` fills that waits for prices to rise (`move` +1) or fall (-1) to it; NaN touches nothing."""
    if move * opened >= move * X:
        return opened
    return X if low <= X <= high else None
