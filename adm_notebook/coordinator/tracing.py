"""What happened at one bar: from the prices through every container to the order, its fill and the equity.

A row is run again with the reference engine, and what each container gave is kept: nothing of this is recorded while a
workflow runs, so that tracing costs a run nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.components import Decision, Regimes, Strategy
from adm_notebook.components.regimes import NO_REGIME, ONE_REGIME
from adm_notebook.containers import BarByBar, PatternBuilder
from adm_notebook.containers.values import Features, Fills, Orders, RiskSettings, Targets
from adm_notebook.engine.account import EXIT_REASONS, UNFILLED_REASONS, Account, Signals
from adm_notebook.engine.exposure import indicators_of
from adm_notebook.errors import RunError, did_you_mean, shown
from adm_notebook.market import Bars
from adm_notebook.planning import Plan, Row

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.results import WorkflowResult

__all__ = ["Trace", "TraceLine", "trace"]


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One thing that a container gave at the bar.

    path   of the container
    role   of the container
    what   the name of the thing: `close`, `sma(10)`, `regime`, `target`, `order`, `fill`, `equity`
    value  as text
    """

    path: str
    role: str
    what: str
    value: str


@dataclass(frozen=True)
class Trace:
    """What every container of a row gave at one bar, in the order in which they ran.

    row    number of the row in `stats`
    bar    position of the bar
    time   of the bar, as text
    title  `ma_crossover 50/200 on SP500, row 0, bar 201 (1999-10-19)`
    """

    row: int
    bar: int
    time: str
    title: str
    lines: tuple[TraceLine, ...]

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """(path, what, value) of each line."""
        return [(line.path, line.what, line.value) for line in self.lines]

    def frame(self) -> pd.DataFrame:
        """The lines as a table: path, role, what, value."""
        import pandas as pd

        columns = ["path", "role", "what", "value"]
        return pd.DataFrame([[getattr(line, name) for name in columns] for line in self.lines], columns=columns)

    def text(self) -> str:
        """The lines as text, one container after the other."""
        width = max((len(line.what) for line in self.lines), default=0)
        out, last = [self.title], ""
        for line in self.lines:
            if line.path != last:
                out.append(f"  {line.path}")
            last = line.path
            out.append(f"    {line.what:<{width}}  {line.value}")
        return "\n".join(out)

    def __repr__(self) -> str:
        return self.text()


def trace(result: WorkflowResult, row: int | None = None, at: int | str | None = None) -> Trace:
    """What happened at one bar of one row.

    Parameters
    ----------
    result
        of a workflow that simulated.
    row
        number of the row in `result.stats`; the best if left out.
    at
        position of a bar (-1 is the last); a time, such as "2008-09-15"; or "trade 3", the bar that decided the row's
        third trade. Left out: the bar that decided the first trade, or the last bar where there is none.

    Raises
    ------
    RunError
        for a row, a bar or a trade that is not there, and where the bars of the result can't be had any more.
    """
    from adm_notebook.coordinator.coordinator import plan_again

    if result.mode == "hybrid":
        return trace(result.phases[result.metadata["phase"]], row, at)
    plan = plan_again(result)
    number = _row_number(result, row)
    picked = plan.row(number)
    tree = PatternBuilder(plan.tree).build(plan, BarByBar())
    tree.open()
    try:
        given = [tree.products(picked, sleeve) for sleeve in picked.sleeves]
    finally:
        tree.close()
    accounts = [_fills_of(products).account for products in given]
    which, bar = _place(plan, picked, accounts, at)
    sleeve = picked.sleeves[which]
    bars = plan.market[sleeve.symbol]
    strategy = plan.strategies[sleeve.strategy].build(sleeve.combination)
    lines: list[TraceLine] = []
    for node in tree.nodes:
        for what, value in _lines(given[which][node.path], strategy, plan, picked, bars, bar):
            lines.append(TraceLine(node.path, node.role, what, value))
    time = moment(bars, bar)
    name = f"{plan.strategies[sleeve.strategy].label} {strategy.label}".strip()
    return Trace(number, bar, time, f"{name} on {sleeve.symbol}, row {number}, bar {bar:,} ({time})", tuple(lines))


def moment(bars: Bars, bar: int) -> str:
    """The time of a bar as text; of bars without times its label."""
    if not bars.calendar.has_time:
        return f"bar {shown(bars.index[bar])}"
    return str(bars.index[bar].strftime("%Y-%m-%d %H:%M" if bars.calendar.intraday else "%Y-%m-%d"))


# ---- which row, which bar -------------------------------------------------------------------------------------------


def _row_number(result: WorkflowResult, row: int | None) -> int:
    if row is None:
        if result.best is None:
            raise RunError("There is no best row to trace: no row is ok. Name one: row=0, or --row 0.")
        return int(str(result.best.name))
    if row not in result.stats.index:
        raise RunError(f"There is no row {shown(row)}; this result has {len(result.stats):,} (result.stats).")
    status, error = (str(result.stats.at[row, name]) for name in ("status", "error"))
    if status != "ok":
        raise RunError(f"Row {row} is {status}, so nothing can be traced: {error}")
    return int(row)


_TRADE = re.compile(r"trade\s*#?\s*(\d+)$", re.IGNORECASE)


def _place(plan: Plan, row: Row, accounts: list[Account], at: int | str | None) -> tuple[int, int]:
    """Which sleeve, and which of its bars."""
    trades = sorted(
        (plan.market[row.sleeves[s].symbol].index[int(bar)], s, int(bar))
        for s, account in enumerate(accounts)
        for bar in account.entry_bar
    )
    if at is None:
        return (trades[0][1], _decided(row, trades[0][2])) if trades else (0, _n_bars(plan, row) - 1)
    if isinstance(at, str) and (found := _TRADE.match(at.strip())):
        number = int(found[1])
        if not 1 <= number <= len(trades):
            there = (
                f"this row has {len(trades):,} trade{'' if len(trades) == 1 else 's'}"
                if trades
                else "this row never traded"
            )
            raise RunError(f"There is no trade {number}: {there}.")
        return trades[number - 1][1], _decided(row, trades[number - 1][2])
    bars = plan.market[row.sleeves[0].symbol]
    if isinstance(at, str) and not re.fullmatch(r"[+-]?\d{1,9}", at.strip()):
        return 0, _bar_at(bars, at.strip())
    bar = int(at)
    if not -bars.n_bars <= bar < bars.n_bars:
        raise RunError(f"There is no bar {bar:,}; there are {bars.n_bars:,}, numbered from 0.")
    return 0, bar % bars.n_bars


def _n_bars(plan: Plan, row: Row) -> int:
    return plan.market[row.sleeves[0].symbol].n_bars


def _decided(row: Row, entry_bar: int) -> int:
    """The bar that decided an order which filled on `entry_bar`."""
    return max(0, entry_bar - 1) if row.settings.fill == "next_open" else entry_bar


def _bar_at(bars: Bars, text: str) -> int:
    import pandas as pd

    if not bars.calendar.has_time:
        raise RunError(f"These bars have no times; name a bar by its number, 0 to {bars.n_bars - 1:,}.")
    try:
        time = pd.Timestamp(text)
    except ValueError:
        near = did_you_mean(text, ["trade 1"])
        message = f"{shown(text)} is no bar: give its number, a time such as {moment(bars, 0)}, or `trade 1`.{near}"
        raise RunError(message) from None
    index = bars.index
    assert isinstance(index, pd.DatetimeIndex)  # there are times
    if index.tz is not None and time.tzinfo is None:
        time = time.tz_localize(index.tz)
    elif index.tz is None and time.tzinfo is not None:
        time = time.tz_localize(None)
    after = int(index.searchsorted(time))
    if after < len(index) and index[after] == time:
        return after
    if time == time.normalize() and after < len(index) and index[after].normalize() == time:
        return after  # a date, of bars within the day
    near_by = [moment(bars, i) for i in (after - 1, after) if 0 <= i < len(index)]
    raise RunError(
        f"There is no bar at {text}; the nearest {'are' if len(near_by) > 1 else 'is'} {' and '.join(near_by)}."
    )


# ---- what the containers gave ---------------------------------------------------------------------------------------


def _fills_of(products: Mapping[str, Mapping[str, Any]]) -> Fills:
    fills = next(kinds["fills"] for kinds in reversed(list(products.values())) if "fills" in kinds)
    assert isinstance(fills, Fills)  # what execution gives
    return fills


def _lines(
    kinds: Mapping[str, Any], strategy: Strategy, plan: Plan, row: Row, bars: Bars, t: int
) -> Iterator[tuple[str, str]]:
    for kind, value in kinds.items():
        if kind == "bars":
            yield from _prices(value, t)
        elif isinstance(value, Features):
            yield from _features(value, strategy, plan, row, t)
        elif kind == "regimes":
            yield "regime", _label(value, t)
        elif isinstance(value, RiskSettings):
            yield from _risk(value, t)
        elif isinstance(value, Targets):
            yield from _targets(value, strategy, t, "target" if kind == "targets" else "signal")
        elif isinstance(value, Orders):
            yield from _orders(value, bars, t)
        elif isinstance(value, Fills):
            yield from _fills(value, t)
        elif kind == "report":
            yield "report", shown(value, 200)


def _prices(bars: Bars, t: int) -> Iterator[tuple[str, str]]:
    for name, column in bars.prices._asdict().items():
        if column is not None:
            yield name, _number(column[t])


def _features(features: Features, strategy: Strategy, plan: Plan, row: Row, t: int) -> Iterator[tuple[str, str]]:
    wanted = list(strategy.indicators)
    if row.classifier is not None:
        wanted += plan.classifiers[row.classifier.entry].build(row.classifier.combination).indicators
    wanted += indicators_of(row.settings)
    for indicator in dict.fromkeys(wanted):
        names = indicator.outputs
        for name, column in zip(names, features.of(indicator), strict=True):
            yield indicator.key.lower() + (f".{name}" if len(names) > 1 else ""), _number(column[t])
    for name, column in features.named.items():
        yield name, _number(column[t])


def _label(regimes: Regimes | None, t: int) -> str:
    if regimes is None:
        return f"{ONE_REGIME} (there is no classifier)"
    code = int(regimes.codes[t])
    return NO_REGIME if code < 0 else regimes.labels[code]


def _risk(risk: RiskSettings, t: int) -> Iterator[tuple[str, str]]:
    settings, exposure = risk.settings, risk.exposure
    yield "size", f"{settings.size_mode} {_number(settings.size)}"
    if exposure.scale is not None:
        yield "scale", f"{_number(exposure.scale[t])} of the cash on this bar"
    for name, moving in (("stop_loss", exposure.stop_loss), ("take_profit", exposure.take_profit)):
        fixed = getattr(settings, name)
        if moving is not None:
            yield name, f"{_percent(moving[t])} on this bar ({fixed})"
        elif fixed is not None:
            yield name, _percent(fixed)
    for name in ("max_position_value", "max_drawdown", "max_daily_loss"):
        if getattr(settings, name) is not None:
            yield name, _number(getattr(settings, name))


def _targets(targets: Targets, strategy: Strategy, t: int, what: str) -> Iterator[tuple[str, str]]:
    names = [member.name for member in strategy.members] if len(targets.decisions) > 1 else [what]
    for name, decision in zip(names, targets.decisions, strict=True):
        yield name, _decision(decision, t)


_WANTED = {1: "long", 0: "flat", -1: "short"}


def _decision(decision: Decision, t: int) -> str:
    if decision.target is None:
        flags = decision.flags
        assert flags is not None  # a decision has a target or flags
        said = _flag_words(Signals(flags.long_entry, flags.long_exit, flags.short_entry, flags.short_exit), t)
    else:
        said = _WANTED[int(decision.target[t])]
        if t and decision.target[t] != decision.target[t - 1]:
            said += f" (was {_WANTED[int(decision.target[t - 1])]} on the bar before)"
    if t < decision.lookback:
        said += f"; it knows nothing before bar {decision.lookback:,}"
    return said if decision.strength is None else f"{said}; strength {_number(decision.strength[t])}"


def _flag_words(signals: Signals, t: int) -> str:
    names = ("long_entry", "long_exit", "short_entry", "short_exit")
    set_ = [name for name in names if getattr(signals, name)[t]]
    return ", ".join(set_) or "no flag"


def _orders(orders: Orders, bars: Bars, t: int) -> Iterator[tuple[str, str]]:
    if t < orders.warmup:
        when = moment(bars, orders.warmup) if orders.warmup < bars.n_bars else "never"
        yield "order", f"none: the first bar that may decide is {orders.warmup:,} ({when})"
        return
    yield "order", _flag_words(orders.signals, t)


def _fills(fills: Fills, t: int) -> Iterator[tuple[str, str]]:
    account, bars = fills.account, fills.bars
    next_bars = {t: "on this bar", t + 1: "on the next bar"}
    for k in range(len(account.direction)):
        side = "long" if account.direction[k] > 0 else "short"
        entry, leave = int(account.entry_bar[k]), int(account.exit_bar[k])
        if entry in next_bars:
            size = _number(account.size[k])
            yield "fill", f"{side} {size} at {_number(account.entry_price[k])} {next_bars[entry]}"
        reason = EXIT_REASONS[int(account.exit_reason[k])]
        if leave in next_bars and reason != "open":
            price, pnl = _number(account.exit_price[k]), _number(account.pnl[k])
            yield "fill", f"{side} closed at {price} {next_bars[leave]} ({reason}, pnl {pnl})"
    for k in np.flatnonzero(account.unfilled_bar == t).tolist():
        side = "long" if account.unfilled_side[k] > 0 else "short"
        yield "no trade", f"{side}: {UNFILLED_REASONS[int(account.unfilled_reason[k])]}"
    yield "position", _position(account, t)
    yield "equity", _number(account.equity[t])
    if t + 1 < bars.n_bars:
        yield "equity, next bar", _number(account.equity[t + 1])


def _position(account: Account, t: int) -> str:
    """What is held at the bar's close."""
    last = EXIT_REASONS.index("open")
    for k in range(len(account.direction)):
        open_ = int(account.exit_reason[k]) == last
        if account.entry_bar[k] <= t and (t < account.exit_bar[k] or (open_ and t <= account.exit_bar[k])):
            return f"{account.direction[k] * account.size[k]:+.10g} units since bar {int(account.entry_bar[k]):,}"
    return "flat"


def _number(value: Any) -> str:
    return "–" if value != value else f"{float(value):,.10g}"


def _percent(value: Any) -> str:
    return "–" if value != value else f"{float(value):.4%}"
