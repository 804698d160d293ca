"""Two results side by side: the verdict first, then equity, metrics, trades and combinations; what is equal folded."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.display.config_rows import config_part
from adm_notebook.display.diff_parts import MOST, Count, Joined, Part, diff_row
from adm_notebook.display.grid import Cell, Column, Row
from adm_notebook.display.joined import html, publish
from adm_notebook.display.measures import Measure, measure
from adm_notebook.display.numbers import (
    INFINITY,
    MINUS,
    Number,
    count,
    missing,
    money,
    percent,
    percent_points,
    price,
    price_decimals,
    ratio,
    value_text,
)  # fmt: skip
from adm_notebook.display.words import Name, Note, Words, clip, plural
from adm_notebook.migration.changes import Change

if TYPE_CHECKING:
    from adm_notebook.display.picture import Chart, Theme
    from adm_notebook.results import ResultDiff, WorkflowResult

__all__ = [
    "below",
    "diff_html_of",
    "display_diff",
    "figures_apart",
    "joined_results",
    "metrics_part",
    "picture_of",
    "sentences_of",
    "titled",
    "trades_part",
]

_FIELDS_MOST = 3  # fields of a trade that have columns of their own
_OPEN_MOST = 8  # trades in the open
_FIELDS = (
    "direction", "entry_time", "entry_price", "size", "exit_time", "exit_price", "exit_reason", "fees", "pnl", "return",
)  # fmt: skip
"""Fields of a trade in the order in which they tell what happened."""

_TELLING = ("exit_time", "fees", "pnl")
"""These say more than the others; a trade that entered at another time says so beneath its time."""

_WORDS = ("direction", "entry_time", "exit_time", "exit_reason")
_FIELD_LABELS = {
    "direction": "Side", "entry_time": "Entered", "entry_price": "Entry price", "size": "Size", "exit_time": "Left",
    "exit_price": "Exit price", "exit_reason": "Exit", "fees": "Fees", "pnl": "Profit", "return": "Return",
}  # fmt: skip


def diff_html_of(diff: ResultDiff) -> str:
    """A ResultDiff as one string of HTML, style sheet included and the picture left out."""
    return html(joined_results(diff, diff.old, diff.new))


def display_diff(diff: ResultDiff, theme: str | None = None, name: str = "diff", because: str = "") -> None:
    """Show a ResultDiff in the current cell: HTML, picture, HTML; `name` and `because` as for `joined_results`."""
    publish(joined_results(diff, diff.old, diff.new, name=name, because=because), theme)


def joined_results(
    diff: ResultDiff,
    old: WorkflowResult | None = None,
    new: WorkflowResult | None = None,
    changes: Sequence[Change] = (),
    *,
    names: tuple[str, str] | None = None,
    because: str = "",
    name: str = "diff",
) -> Joined:
    """Two results, and the two configs that made them, in one view.

    Parameters
    ----------
    names
        what the user calls the old and the new one.
    because
        what explains the difference, half a sentence; the title then tells that instead of what differs.
    name
        what the user calls the difference.
    """
    parts = below(diff, old, new, name)
    draw, alt = picture_of(diff, old, new)
    told = f"different because {because}" if because else diff.verdict
    return Joined(
        title=[titled(f"{told}: same trades, same equity, same metrics" if diff.identical else told)],
        identical=diff.identical,
        sentences=[*_named(names, old, new), *sentences_of(diff)],
        counts=figures_apart(diff, changes),
        above=[config_part(changes)] if changes else [],
        below=parts,
        draw=draw,
        alt=alt,
    )


def _named(names: tuple[str, str] | None, old: WorkflowResult | None, new: WorkflowResult | None) -> list[Words]:
    """Which is the old one and which the new, and in which mode each ran."""
    if names is None or old is None or new is None:
        return []
    modes = [f" ({result.mode})" if result.mode else "" for result in (old, new)]
    return [["Old: ", Name(clip(names[0], 80)), f"{modes[0]}, new: ", Name(clip(names[1], 80)), f"{modes[1]}."]]


def below(
    diff: ResultDiff, old: WorkflowResult | None = None, new: WorkflowResult | None = None, name: str = "diff"
) -> list[Part]:
    """The parts under the picture; `name` is what the user calls the difference."""
    parts = [metrics_part(diff), trades_part(diff, old, new, name)]
    if diff.n_rows[1] > 1 or "row" in set(diff.rows["metric"]):  # of a single one the metrics have told all
        parts.append(_combinations_part(diff, name))
    return parts


def titled(verdict: str) -> str:
    """A verdict as a title: `different because X` reads `Different: X`."""
    said = (
        verdict.replace("different because ", "different: ", 1) if verdict.startswith("different because") else verdict
    )
    return f"{said[:1].upper()}{said[1:]}"


def sentences_of(diff: ResultDiff) -> list[Words]:
    """Where the equities part."""
    if diff.first_bar is None:
        return []
    when = _without_midnight(diff.first_time)
    return [[f"Equity parts at bar {diff.first_bar:,} ({when}) and is apart by {_largest(diff)} at most."]]


def _largest(diff: ResultDiff) -> Number:
    """The largest gap between the equities, as far as money goes."""
    gap = diff.largest_gap
    return Number("0") if gap == 0 else Number("< 0.01", title=f"{gap:.3g}") if gap < 0.005 else money(gap)


def picture_of(diff: ResultDiff, old: WorkflowResult | None, new: WorkflowResult | None) -> tuple[Any, str]:
    """What draws the two equities, and its words; nothing where one of them has none."""
    if old is None or new is None or not len(old.equity) or not len(new.equity):
        return None, ""
    from adm_notebook.display.overlay_chart import alt_of, overlay_chart

    a, b, same = old.equity, new.equity, diff.first_bar is None

    def draw(theme: Theme) -> Chart:
        return overlay_chart(a, b, theme, same=same, parts_at=None if same else (diff.first_bar or 0, diff.first_time))

    return draw, alt_of(a, b, same=same)


def figures_apart(diff: ResultDiff, changes: Sequence[Change] = ()) -> list[Count]:
    """How much of each kind is equal: the strip beneath the verdict."""
    same = int(diff.metrics["same"].sum())
    found = [
        _of("Trades equal", diff.n_trades.same, sum(diff.n_trades)),
        _of("Bars of equity equal", *diff.n_bars),
        _of("Metrics equal", same, len(diff.metrics)),
        Count(
            "Largest difference", _largest(diff), title="Between the equities, in money, over the bars that both have"
        ),
    ]
    if diff.n_rows[1] > 1:
        found.append(_of("Combinations equal", *diff.n_rows))
    if changes:
        found.append(_of("Keys changed", sum(c.change != "=" for c in changes), len(changes)))
    return found


def _of(label: str, n: int, total: int) -> Count:
    return Count(label, count(n), f"{total:,}")


# ---- metrics --------------------------------------------------------------------------------------------------------

_METRIC_COLUMNS = (Column("Metric", left=True), Column("Old"), Column("New"), Column("Difference"))


def metrics_part(diff: ResultDiff) -> Part:
    """Those that differ with by how much; uncoloured: better or worse is not the question."""
    records = _records(diff.metrics)
    apart, equal = ([m for m in records if bool(m["same"]) is same] for same in (False, True))
    gist = [_gist(m) for m in equal if m["metric"] in ("total_return", "sharpe", "max_drawdown")]
    return Part(
        "Metrics",
        _METRIC_COLUMNS,
        [diff_row("~", _metric_cells(m)) for m in apart],
        len(apart),
        equal_columns=(Column("Metric", left=True), Column("Value")),
        equal=[diff_row("=", [[measure(m["metric"]).label], _metric(measure(m["metric"]), m["new"])]) for m in equal],
        total_equal=len(equal),
        equal_title=f"{plural(len(equal), 'metric')} unchanged" if equal else "",
        gist=[", ".join(gist)],
    )


def _gist(record: Any) -> str:
    m = measure(record["metric"])
    return f"{m.label[:1].lower() if m.name != 'sharpe' else 'S'}{m.label[1:]} {m.number(float(record['new']))}"


def _metric_cells(record: Any) -> list[Cell]:
    m, old, new = measure(record["metric"]), float(record["old"]), float(record["new"])
    gap = new - old
    step: Number = missing("one of them is not defined")
    if math.isfinite(gap):
        step = _step(m, gap)
    a, b = _told_apart(m, old, new)
    return [[m.label], a, b, step]


def _told_apart(m: Measure, old: float, new: float) -> tuple[Cell, Cell]:
    """Two values that differ, with as many decimals as it takes to see it."""
    for more in range(7):
        a, b = (_metric(m, x, more) for x in (old, new))
        if str(a) != str(b):
            return a, b
    return _exact(old), _exact(new)


def _metric(m: Measure, x: float, more: int = 0) -> Number:
    """As comparisons have it: percent with two decimals, ratios with three, money with two."""
    why = m.why_missing
    if m.kind in ("change", "level", "share"):
        return percent(x, signed=m.kind == "change", digits=2 + more, why=why)
    if m.kind == "ratio":
        return ratio(x, digits=3 + more, why=why)
    if m.kind == "count":
        return count(x, why=why)
    return money(x, digits=2 + more, signed=m.kind == "gain", why=why)


def _step(m: Measure, gap: float) -> Number:
    """The difference, with as many decimals as it takes not to read as zero."""
    if m.kind == "count":
        return Number(f"{MINUS if gap < 0 else '+' if gap > 0 else ''}{abs(gap):,.0f}")
    first = 3 if m.kind == "ratio" else 2
    for digits in range(first, first + 5):
        if m.kind in ("change", "level", "share"):
            number = percent_points(gap, digits=digits)
        elif m.kind == "ratio":
            number = ratio(gap, digits=digits, signed=True)
        else:
            number = money(gap, digits=digits, signed=True)
        if number.text.strip("0.,"):
            break
    return number


def _exact(value: Any) -> Cell:
    """A value with ten digits: differences may be small."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        return [Name(clip(_without_midnight(value), 60))]
    x = float(value)
    if math.isnan(x):
        return missing()
    if math.isinf(x):
        return Number(f"{MINUS if x < 0 else ''}{INFINITY}")
    return Number(f"{x:,.10g}".replace("-", MINUS))


# ---- trades ---------------------------------------------------------------------------------------------------------


def trades_part(
    diff: ResultDiff, old: WorkflowResult | None = None, new: WorkflowResult | None = None, name: str = "diff"
) -> Part:
    """One row a trade: those added or removed, and the fields that differ in the others."""
    trades: dict[int, _Trade] = {}
    by_position: dict[tuple[str, Any, Any], int] = {}
    for t in _records(diff.trades):
        place = by_position.setdefault((str(t["entry"]), t["old_trade"], t["new_trade"]), len(trades))
        trade = trades.setdefault(place, _Trade(str(t["change"]), str(t["entry"]), t["old_trade"], t["new_trade"]))
        if t["field"] != "trade":
            trade.fields[str(t["field"])] = (t["old"], t["new"])
        else:
            trade.side = str(t["old"] or t["new"])
    found = list(trades.values())
    known = old is not None and new is not None
    names = _fields_shown(found, known)
    rests = {trade.rest(names) for trade in found if trade.change == "~"}
    also = len(rests) > 1
    shared = _shared_subject([trade.entry for trade in found])
    shown = found[:MOST]
    if old is not None and new is not None:
        for trade in shown:
            trade.fill(names, old, new)
    digits = {each: _digits(shown, each) for each in names}
    rows = []
    for trade in shown:
        cells: list[Cell] = [_entered(trade, shared)]
        for each in names:
            cells += _pair(each, *trade.fields[each], digits[each]) if each in trade.fields else [[""], [""]]
        rows.append(diff_row(trade.change, [*cells, *([[trade.rest(names)]] if also else [])]))
    columns = [Column("Entered", left=True)]
    for each in names:
        columns += [Column(f"{_FIELD_LABELS.get(each, each)}, old", left=each in _WORDS)]
        columns += [Column("new", left=each in _WORDS)]
    columns += [Column("Also differ", left=True)] if also else []
    counts = diff.n_trades
    said = ", ".join(
        f"{n:,} {word}" if n else f"none {word}"
        for n, word in ((counts.changed, "changed"), (counts.added, "added"), (counts.removed, "removed"))
    )
    equal, equal_columns, gist = _equal_trades(diff, old)
    return Part(
        f"Trades: {said}",
        columns,
        rows,
        len(found),
        f"{name}.trades",
        equal_columns=equal_columns,
        equal=equal,
        total_equal=counts.same,
        equal_title=f"{plural(counts.same, 'trade')} unchanged" if counts.same or not found else "",
        gist=[gist] if gist else (),
        open_most=_OPEN_MOST,
        note=f"In each changed trade differ, too: {rest}." if not also and (rest := "".join(rests)) else "",
    )


@dataclass(slots=True)
class _Trade:
    """A trade that differs: its positions in the old and the new result, and field -> (old, new)."""

    change: str
    entry: str
    old_at: Any
    new_at: Any
    side: str = ""
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def rest(self, names: Sequence[str]) -> str:
        """The fields that differ and have no columns of their own."""
        rest = [n for n in self.fields if n not in names and n != "entry_time"]
        return ", ".join(_FIELD_LABELS.get(n, n).lower() for n in rest)

    def fill(self, names: Sequence[str], old: WorkflowResult, new: WorkflowResult) -> None:
        """What the results know of the fields shown, where the trade has none of them in the difference."""
        if self.change == "~":
            return
        result, at = (old, self.old_at) if self.change == "-" else (new, self.new_at)
        for name in names:
            value = result.trades.iloc[int(at)][name]
            self.fields[name] = (value, None) if self.change == "-" else (None, value)


def _fields_shown(trades: Sequence[_Trade], known: bool) -> list[str]:
    """The fields that differ most often, told in their own order."""
    counted = Counter(name for trade in trades for name in trade.fields if name != "entry_time")
    if not counted:
        return ["exit_time", "pnl"] if trades and known else []
    order = {name: i for i, name in enumerate(_FIELDS)}
    often = sorted(counted, key=lambda n: (n not in _TELLING, -counted[n], order.get(n, 99)))
    return sorted(often[:_FIELDS_MOST], key=lambda n: order.get(n, 99))


def _shared_subject(entries: Sequence[str]) -> str:
    """`ma_crossover on SP500`, where all trades are of one strategy on one symbol."""
    subjects = {entry.rpartition(", ")[0] for entry in entries}
    return subjects.pop() if len(subjects) == 1 else ""


def _entered(trade: _Trade, shared: str) -> Words:
    subject, _, when = trade.entry.rpartition(", ")
    beneath = [trade.side] if trade.side else []
    if "entry_time" in trade.fields:
        beneath.append(f"now {_without_midnight(trade.fields['entry_time'][1])}")
    beneath += [subject] if subject != shared else []
    words = [_without_midnight(when)]
    return [*words, Note(clip(", ".join(beneath), 80))] if beneath else words


def _digits(trades: Sequence[_Trade], name: str) -> int:
    """Decimals of one column of sizes or prices."""
    if name not in ("size", "entry_price", "exit_price"):
        return 2
    values = [float(v) for t in trades for v in t.fields.get(name, ()) if v is not None]
    return min(price_decimals(values), 4) if values else 2


def _pair(name: str, old: Any, new: Any, digits: int) -> list[Cell]:
    """Old and new of one field, with as many digits as tell them apart."""
    written = [[""] if value is None else _field(name, value, digits) for value in (old, new)]
    if str(written[0]) == str(written[1]) and not isinstance(old, str):
        return [_exact(old), _exact(new)]
    return written


def _field(name: str, value: Any, digits: int = 2) -> Cell:
    if name in _WORDS:
        return [_without_midnight(value).replace("_", " ")]
    x = float(value)
    if name == "return":
        return percent(x, digits=2)
    if name in ("pnl", "fees"):
        return money(x, digits=2, signed=name == "pnl")
    return price(x, digits)


def _equal_trades(diff: ResultDiff, old: WorkflowResult | None) -> tuple[list[Row], list[Column], str]:
    """The trades that are the same, as the old result has them, and how many of them won."""
    if old is None or not diff.n_trades.same:
        return [], [], ""
    apart = {int(at) for at in diff.trades["old_trade"].dropna()}
    same = old.trades[[i not in apart for i in range(len(old.trades))]]
    won = int((same["pnl"] > 0).sum())
    rows = [
        diff_row(
            "=", [[_without_midnight(t["entry_time"])], [_without_midnight(t["exit_time"])], _field("pnl", t["pnl"])]
        )
        for t in _records(same.head(MOST))
    ]
    columns = [Column("Entered", left=True), Column("Left", left=True), Column("Profit", "After costs")]
    return rows, columns, f"{won:,} won, {len(same) - won:,} lost"


# ---- combinations ---------------------------------------------------------------------------------------------------


def _combinations_part(diff: ResultDiff, name: str) -> Part:
    """Rows that only one has, or whose status or metrics differ."""
    keys = [str(c) for c in diff.rows.columns if c not in ("metric", "old", "new")]
    shown = diff.rows.head(MOST)
    keys = [k for k in keys if k == "portfolio" or shown[k].nunique(dropna=False) > 1] if len(shown) else keys
    rows = []
    for r in _records(shown):
        change = "-" if str(r["new"]) == "missing" else "+" if str(r["old"]) == "missing" else "~"
        m = str(r["metric"])
        cells: list[Cell] = [[Name(clip(value_text(r[k]), 40))] for k in keys]
        cells.append([m if m in ("row", "status") else measure(m).label])
        if m in ("row", "status"):
            cells += [[str(r["old"])], [str(r["new"])]]
        else:
            cells += _told_apart(measure(m), float(r["old"]), float(r["new"]))
        rows.append(diff_row(change, cells))
    labels = {"portfolio": "row", "risk_profile": "risk profile"}
    columns = [Column(clip(labels.get(k, k), 40), left=True) for k in keys]
    columns += [Column("What", left=True), Column("Old"), Column("New")]
    return Part("Combinations", columns, rows, len(diff.rows), f"{name}.rows", open_most=_OPEN_MOST)


def _records(frame: Any) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = frame.to_dict("records")
    return records


def _without_midnight(value: Any) -> str:
    return str(value).removesuffix(" 00:00:00")
