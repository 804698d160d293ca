"""The tables of a card: headline figures over those of buy and hold, trades, the ranked rows of a sweep, its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.display.grid import Cell, Column, Grid, Row
from adm_notebook.display.measures import HEADLINE, measure
from adm_notebook.display.numbers import (
    Number,
    count,
    missing,
    money,
    money_decimals,
    money_headline,
    percent,
    price,
    price_decimals,
    ratio,
    share,
    value_text,
)  # fmt: skip
from adm_notebook.display.subject import Subject
from adm_notebook.display.sweeps import is_missing, is_numeric, medians, ranked
from adm_notebook.display.words import Name, clip, marked, plural

__all__ = [
    "errors_grid",
    "figures",
    "headline_names",
    "ranked_grid",
    "signals_grid",
    "trade_figures",
    "trades_gist",
    "trades_grid",
]

_CELL_MOST = 40
_SHORT = 12  # characters of chosen values that fit beside the figures
_PARAMETERS_MOST = 8


def headline_names(subject: Subject) -> list[str]:
    """The metrics of the first table; a sweep's objective takes the place of the volatility if it is not among them."""
    objective = subject.result.facts.objective
    if not subject.is_sweep or objective in HEADLINE or objective not in subject.result.metrics:
        return list(HEADLINE)
    return [objective if name == "volatility" else name for name in HEADLINE]


def figures(subject: Subject) -> Grid | None:
    """The strategy's figures in the lead row, under them those they must be seen beside; None where no row is ok."""
    result = subject.result
    if subject.best is None:
        return None
    names = headline_names(subject)
    measures = [measure(name) for name in names]

    def row(heading: Sequence[str], values: Mapping[str, float], kind: str) -> Row:
        toned = kind == "is-lead"
        cells = [m.number(values[m.name], toned=toned and m.name == "total_return", wide=False) for m in measures]
        return Row(cells, heading, kind)

    rows = [row(_lead_heading(subject), result.metrics, "is-lead")]
    if subject.is_sweep and subject.n_ok > 1:
        rows.append(row([f"Median of {subject.n_ok:,}"], medians(subject.stats, names), "is-bench"))
    if result.benchmark is not None:
        rows.append(row(["Buy and hold"], result.benchmark.metrics, "is-bench"))
    return Grid([Column(m.label, m.means) for m in measures], rows)


def _lead_heading(subject: Subject) -> list[str]:
    if not subject.is_sweep:
        return [Name(clip(subject.strategy, 80))]
    values = "/".join(value for _, value in subject.choices)
    if not values or (len(values) > _SHORT and len(subject.choices) > 1):
        return [f"Best, row {subject.best}"]
    return ["Best, ", Name(clip(values, _CELL_MOST))]


# ---- trades ---------------------------------------------------------------------------------------------------------


def trade_figures(subject: Subject) -> Grid | None:
    """Closed trades in sum: one row, or Long, Short and All where both sides trade; None without trades."""
    if not subject.has_trades or subject.detail is None:
        return None
    metrics, account = subject.result.metrics, subject.detail.account
    columns = [
        Column("Closed", "Trades that were closed"),
        *(
            Column(measure(n).label, measure(n).means)
            for n in ("win_rate", "avg_trade", "profit_factor", "fees", "final_equity")
        ),
    ]

    def row(heading: str, m: Mapping[str, float], final: Number) -> Row:
        none = "no closed trades"
        factor = ratio(m["profit_factor"], why=none if not m["n_trades"] else "neither gains nor losses")
        cells = [
            count(m["n_trades"]), share(m["win_rate"], why=none), percent(m["avg_trade"], toned=True, why=none), factor,
            money_headline(m["fees"]), final,
        ]  # fmt: skip
        return Row(cells, [heading], "is-plain")

    final = money_headline(metrics["final_equity"])
    long = account.direction > 0
    if long.all() or not long.any():
        return Grid(columns, [row("Long trades" if long.all() else "Short trades", metrics, final)])
    elsewhere = missing("one account for both sides: see All trades")
    sides = [
        row(word, _side(subject, side), elsewhere) for word, side in (("Long trades", long), ("Short trades", ~long))
    ]
    return Grid(columns, [*sides, row("All trades", metrics, final)])


def _side(subject: Subject, side: Any) -> dict[str, float]:
    """The metrics of trades of one side, as the specification has them for all."""
    if subject.detail is None:
        raise ValueError("there is no row to take trades from")
    account = subject.detail.account
    closed = side & _closed(subject)
    benchmark = subject.result.benchmark
    by_return = benchmark is not None and benchmark.settings.metrics_style == "backtesting.py"
    pnl, returns = account.pnl[closed], account.returns[closed]
    scored = returns if by_return else pnl
    gains, losses = float(scored[scored > 0].sum()), float(-scored[scored < 0].sum())
    n = len(pnl)
    return {
        "n_trades": n,
        "win_rate": float((pnl > 0).mean()) if n else float("nan"),
        "avg_trade": float(returns.mean()) if n else float("nan"),
        "profit_factor": gains / losses if losses else float("inf") if gains else float("nan"),
        "fees": float(account.fees[side].sum()),
    }


def _closed(subject: Subject) -> Any:
    from adm_notebook.engine.account import EXIT_REASONS

    if subject.detail is None:
        raise ValueError("there is no row to take trades from")
    return subject.detail.account.exit_reason != EXIT_REASONS.index("open")


def trades_gist(subject: Subject) -> str:
    """`10 closed: 8 won, 2 lost, 1 still open`."""
    if subject.detail is None or not subject.has_trades:
        return "none"
    pnl, closed = subject.detail.account.pnl, _closed(subject)
    won = int((pnl[closed] > 0).sum())
    n, still = int(closed.sum()), int((~closed).sum())
    parts = [f"{won:,} won", f"{n - won:,} lost"] if n else []
    return f"{n:,} closed{': ' if parts else ''}{', '.join(parts)}{f'; {still:,} still open' if still else ''}"


def trades_grid(subject: Subject, most: int = 100) -> tuple[Grid, str]:
    """The trades, at most `most` of them, from both ends; and the sentence that says so, if any are left out."""
    trades = subject.result.trades
    n = len(trades)
    number = np.arange(1, n + 1)
    said = ""
    if n > most:
        half = most // 2
        trades = pd.concat([trades.head(half), trades.tail(half)])
        number = np.r_[number[:half], number[n - half :]]
        said = f"First {half:,} and last {half:,} of {n:,}; all of them in "
    both = trades["direction"].nunique() > 1
    combined = subject.is_combined
    decimals = price_decimals([*trades["entry_price"], *trades["exit_price"]]) if len(trades) else 2
    cents = money_decimals(trades["pnl"])
    columns = [Column("#")]
    columns += [Column("Symbol", left=True), Column("Strategy", left=True)] if combined else []
    columns += [Column("Side", left=True)] if both else []
    columns += [
        Column("Entered", left=True), Column("at price"), Column("Left", left=True), Column("at price"),
        Column("Bars held"), Column("Return", "After costs"), Column("Profit", "After costs"),
        Column("Exit", left=True),
    ]  # fmt: skip
    entered, left = _times(subject, trades["entry_time"]), _times(subject, trades["exit_time"])
    rows = []
    for i, t in enumerate(trades.to_dict("records")):
        cells: list[Cell] = [count(int(number[i]))]
        cells += [[Name(clip(str(t["symbol"]), 24))], [Name(clip(str(t["strategy"]), 24))]] if combined else []
        cells += [[str(t["direction"])]] if both else []
        cells += [
            [entered[i]], price(t["entry_price"], decimals), [left[i]], price(t["exit_price"], decimals),
            count(int(t["exit_bar"]) - int(t["entry_bar"])), percent(t["return"], toned=True),
            money(t["pnl"], digits=cents, signed=True, toned=True), [str(t["exit_reason"]).replace("_", " ")],
        ]  # fmt: skip
        rows.append(Row(cells))
    return Grid(columns, rows), said


def _times(subject: Subject, times: pd.Series[Any]) -> list[str]:
    """Days as ISO dates, with the clock only where bars are intraday; bar numbers where there is no time."""
    if not pd.api.types.is_datetime64_any_dtype(times):
        return [value_text(t) for t in times]
    local = times.dt.tz_localize(None) if times.dt.tz is not None else times
    seconds = subject.is_intraday and bool((local.dt.second != 0).any())
    clock = " %H:%M:%S" if seconds else " %H:%M" if subject.is_intraday else ""
    return [f"{t:%Y-%m-%d{clock}}" for t in local]


# ---- a sweep --------------------------------------------------------------------------------------------------------


def ranked_grid(subject: Subject, most: int = 10) -> Grid:
    """The best rows, each with the label that `detail` takes, the chosen one marked."""
    facts, stats = subject.result.facts, subject.stats
    top = ranked(stats, facts.objective, facts.maximise).head(most)
    swept = subject.swept[:_PARAMETERS_MOST]
    numeric = {name: is_numeric(stats[name]) for name in swept}
    others = [
        n for n in ("total_return", "annual_return", "max_drawdown", "n_trades", "win_rate") if n != facts.objective
    ]
    columns = [Column("row", f"The label that {subject.name}.detail(row) takes")]
    columns += [Column(name.replace("_", " "), left=True) for name in subject.varying_names]
    columns += [Column(clip(name, _CELL_MOST), left=not numeric[name]) for name in swept]
    o = subject.objective
    columns.append(Column(o.label, o.means, sort="descending" if facts.maximise else "ascending"))
    columns += [Column(measure(n).heading, measure(n).means) for n in others]
    rows = []
    for label, r in zip(top.index, top.to_dict("records"), strict=True):
        cells: list[Cell] = [Number(str(label))]
        cells += [[Name(clip(str(r[name]), _CELL_MOST))] for name in subject.varying_names]
        for name in swept:
            if is_missing(r[name]):
                cells.append(missing("this strategy has no such parameter"))
            else:
                text = clip(value_text(r[name]), _CELL_MOST)
                cells.append(Number(text) if numeric[name] else [Name(text)])
        cells.append(o.number(float(r[o.name]), compete=True, wide=False))
        cells += [measure(n).number(float(r[n]), wide=False) for n in others]
        rows.append(Row(cells, kind="is-on" if label == subject.best else ""))
    return Grid(columns, rows, rail=True)


def signals_grid(subject: Subject, most: int = 10) -> Grid:
    """What was captured: each combination and the number of its signals; of more than `most`, each strategy."""
    stats = subject.stats[subject.stats["status"] == "ok"]
    return _signals_by_row(subject, stats) if len(stats) <= most else _signals_by_strategy(subject, stats, most)


def _signals_by_strategy(subject: Subject, stats: pd.DataFrame, most: int) -> Grid:
    """A row for each strategy (and symbol, and classifier, where these differ), in the order of the plan."""
    by = list(dict.fromkeys(["strategy", *subject.varying_names]))
    while len(by) > 1 and len(stats.drop_duplicates(by)) > most:
        by.pop()
    grouped = stats.groupby(by, sort=False, dropna=False)["n_signals"].agg(["size", "min", "median", "max"])
    columns = [Column(name.replace("_", " "), left=True) for name in by]
    columns += [
        Column("Rows", "Combinations, with those of classifiers"),
        Column("Fewest signals", "Changes of the target, or bars with a flag, in one row"),
        Column("Median"),
        Column("Most"),
    ]
    rows = []
    for key, values in zip(grouped.index, grouped.to_dict("records"), strict=True):
        names = key if isinstance(key, tuple) else (key,)
        cells: list[Cell] = [[Name(clip(str(name), _CELL_MOST))] for name in names]
        cells += [count(round(float(values[name]))) for name in ("size", "min", "median", "max")]
        rows.append(Row(cells))
    return Grid(columns, rows, rail=True)


def _signals_by_row(subject: Subject, stats: pd.DataFrame) -> Grid:
    swept = subject.swept[:_PARAMETERS_MOST]
    columns = [Column("row"), *(Column(name.replace("_", " "), left=True) for name in subject.varying_names)]
    columns += [Column(clip(name, _CELL_MOST), left=not is_numeric(subject.stats[name])) for name in swept]
    columns.append(Column("Signals", "Changes of the target, or bars with a flag"))
    rows = []
    for label, record in zip(stats.index, stats.to_dict("records"), strict=True):
        cells: list[Cell] = [Number(str(label))]
        cells += [[Name(clip(str(record[name]), _CELL_MOST))] for name in subject.varying_names]
        for name in swept:
            text = clip(value_text(record[name]), _CELL_MOST)
            cells.append(Number(text) if is_numeric(subject.stats[name]) else [Name(text)])
        rows.append(Row([*cells, count(int(record["n_signals"]))]))
    return Grid(columns, rows, rail=True)


def errors_grid(subject: Subject, most: int = 12) -> tuple[Grid, str]:
    """The rows that gave nothing, grouped by their error, most frequent first; and how many errors are left out."""
    bad = subject.stats[subject.stats["status"] != "ok"]
    groups: dict[tuple[str, str], list[int]] = {}
    for label, status, error in zip(bad.index, bad["status"], bad["error"], strict=True):
        groups.setdefault((str(status), str(error)), []).append(int(label))
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    columns = [Column("Rows", left=True), Column("Status", left=True), Column("Error", left=True)]
    rows = [Row([[_labels(labels)], [status], marked(error, 300)]) for (status, error), labels in ordered[:most]]
    rest = len(ordered) - most
    return Grid(columns, rows), f"{plural(rest, 'more error')} in " if rest > 0 else ""


def _labels(labels: Sequence[int]) -> str:
    """`3, 7, 12 and 4 more`."""
    if len(labels) <= 4:
        return ", ".join(map(str, labels))
    return f"{', '.join(map(str, labels[:3]))} and {len(labels) - 3:,} more"
