"""What differs between two results: rows, metrics, the trades and the equity of the best row; keyed and tolerant."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.engine.account import METRICS
from adm_notebook.results import hooks

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.results.result import WorkflowResult

__all__ = ["ResultDiff", "compare_results"]

_MONEY = ("expectancy", "fees", "final_equity")
_TRADE_VALUES = ("size", "entry_price", "exit_price", "pnl", "return", "fees")
_TRADE_WORDS = ("direction", "exit_bar", "exit_reason")


@dataclass(frozen=True, eq=False, repr=False)
class ResultDiff:
    """The difference between result `a` (old) and `b` (new).

    identical    whether nothing differs beyond the tolerance
    verdict      a sentence: `identical`, `equivalent within 1e-09`, or `different because ...`
    rows         combinations that only one of them has, or whose status or metrics differ: a DataFrame with the
                 identity, `metric`, `old`, `new`
    metrics      of the best rows: a DataFrame `metric, old, new, same`
    trades       of the best rows, aligned by entry: a DataFrame `change` (+, -, ~), entry, `field`, old, new
    first_bar    position of the first bar where the equities of the best rows part, or None
    first_time   its time, or None
    largest_gap  money, the largest distance between the equities
    """

    identical: bool
    verdict: str
    rows: pd.DataFrame = field(repr=False)
    metrics: pd.DataFrame = field(repr=False)
    trades: pd.DataFrame = field(repr=False)
    first_bar: int | None
    first_time: Any
    largest_gap: float

    def __bool__(self) -> bool:
        """Whether something differs."""
        return not self.identical

    def __repr__(self) -> str:
        lines = [self.verdict[:1].upper() + self.verdict[1:] + "."]
        changed = self.metrics[~self.metrics["same"]]
        if len(changed):
            lines.append("Metrics of the best row")
            lines += [f"  ~ {m.metric:<14} {m.old:>16.10g}  {m.new:>16.10g}" for m in changed.itertuples()]
        if len(self.trades):
            lines.append(f"Trades of the best row: {len(self.trades):,} differences")
            lines += [
                f"  {t.change} {t.entry} {t.field}: {t.old} -> {t.new}" for t in self.trades.head(10).itertuples()
            ]
        if self.first_bar is not None:
            lines.append(
                f"Equity parts at bar {self.first_bar:,} ({self.first_time}), by {self.largest_gap:,.2f} at most."
            )
        if len(self.rows):
            lines.append(f"Combinations: {len(self.rows):,} differences (.rows)")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        html: str = hooks.call("diff_html", self)
        return html


def _close(a: Any, b: Any, rtol: float, atol: float) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    if math.isnan(a) and math.isnan(b):
        return True
    return bool(a == b) or abs(a - b) <= max(rtol * max(abs(a), abs(b)), atol)


def compare_results(a: WorkflowResult, b: WorkflowResult, rtol: float = 1e-9) -> ResultDiff:
    """Compare two results.

    Parameters
    ----------
    a, b
        old and new.
    rtol
        relative tolerance of figures; absolutely, 1e-12, and for money that share of the equity's size.

    Returns
    -------
    ResultDiff
        rows are matched by identity and swept parameters, trades by strategy, symbol and time of entry.
    """
    import pandas as pd

    scale = max([1.0, *(float(abs(r.equity).max()) for r in (a, b) if len(r.equity))])
    reasons: list[str] = []
    metrics = pd.DataFrame(
        [
            {
                "metric": name,
                "old": old,
                "new": new,
                "same": _close(old, new, rtol, rtol * scale if name in _MONEY else 1e-12),
            }
            for name in METRICS
            for old, new in [(a.metrics.get(name, math.nan), b.metrics.get(name, math.nan))]
        ]
    )
    rows = _row_differences(a, b, rtol, scale)
    trades = _trade_differences(a.trades, b.trades, rtol, scale)
    first_bar, first_time, gap = _parting(a.equity, b.equity, rtol)
    if a.success != b.success:
        reasons.append(f"one of them failed ({'the new' if a.success else 'the old'} one)")
    if len(trades):
        reasons.append(f"{_count(len(trades), 'difference')} in trades")
    changed = metrics.loc[~metrics["same"], "metric"].tolist()
    if changed:
        differ = "differs" if len(changed) == 1 else "differ"
        reasons.append(f"{_count(len(changed), 'metric')} of the best row {differ}, {changed[0]} first")
    if first_bar is not None:
        reasons.append(f"equity parts at bar {first_bar:,}")
    apart = rows["portfolio"].nunique()
    if apart:
        reasons.append(f"{_count(apart, 'combination')} differ{'s' if apart == 1 else ''}")
    exact = not reasons and _exactly(a, b)
    verdict = (
        "identical"
        if exact
        else f"equivalent within {rtol:g}"
        if not reasons
        else "different because " + "; ".join(reasons)
    )
    return ResultDiff(not reasons, verdict, rows, metrics, trades, first_bar, first_time, gap)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _exactly(a: WorkflowResult, b: WorkflowResult) -> bool:
    return a.trades.equals(b.trades) and np.array_equal(a.equity.to_numpy(), b.equity.to_numpy(), equal_nan=True)


def _keys(stats: pd.DataFrame) -> list[str]:
    ends = list(stats.columns).index(METRICS[0]) if METRICS[0] in stats.columns else len(stats.columns)
    return [str(c) for c in stats.columns[:ends] if c != "portfolio"]


def _row_differences(a: WorkflowResult, b: WorkflowResult, rtol: float, scale: float) -> pd.DataFrame:
    import pandas as pd

    keys = [k for k in _keys(a.stats) if k in _keys(b.stats)]

    def by_key(stats: pd.DataFrame) -> dict[tuple[str, ...], Any]:
        return (
            {tuple(map(str, r[:-1])): r[-1] for r in zip(*(stats[k] for k in keys), stats.index, strict=True)}
            if keys
            else {}
        )

    old, new = by_key(a.stats), by_key(b.stats)
    found: list[dict[str, Any]] = []

    def differ(portfolio: Any, key: tuple[str, ...], metric: str, was: Any, now: Any) -> None:
        found.append(
            {"portfolio": portfolio, **dict(zip(keys, key, strict=True)), "metric": metric, "old": was, "new": now}
        )

    for key in dict.fromkeys([*old, *new]):
        if key not in new:
            differ(old[key], key, "row", "there", "missing")
        elif key not in old:
            differ(new[key], key, "row", "missing", "there")
        else:
            was, now = a.stats.loc[old[key]], b.stats.loc[new[key]]
            if was["status"] != now["status"]:
                differ(old[key], key, "status", was["status"], now["status"])
            elif was["status"] == "ok":
                for name in METRICS:
                    if not _close(was[name], now[name], rtol, rtol * scale if name in _MONEY else 1e-12):
                        differ(old[key], key, name, was[name], now[name])
    return pd.DataFrame(found, columns=["portfolio", *keys, "metric", "old", "new"])


def _trade_differences(a: pd.DataFrame, b: pd.DataFrame, rtol: float, scale: float) -> pd.DataFrame:
    import pandas as pd

    def by_entry(trades: pd.DataFrame) -> dict[tuple[Any, ...], Any]:
        seen: dict[tuple[Any, ...], int] = {}
        keyed = {}
        for trade in trades.to_dict("records"):
            key = (trade["symbol"], trade["strategy"], trade["entry_time"])
            seen[key] = seen.get(key, 0) + 1
            keyed[(*key, seen[key])] = trade
        return keyed

    old, new = by_entry(a), by_entry(b)
    found: list[dict[str, Any]] = []
    for key in sorted(dict.fromkeys([*old, *new]), key=lambda k: (str(k[2]), str(k[:2]), k[3])):
        entry = f"{key[1]} on {key[0]}, {key[2]}"
        if key not in new:
            found.append({"change": "-", "entry": entry, "field": "trade", "old": old[key]["direction"], "new": ""})
        elif key not in old:
            found.append({"change": "+", "entry": entry, "field": "trade", "old": "", "new": new[key]["direction"]})
        else:
            was, now = old[key], new[key]
            names = [n for n in _TRADE_WORDS if was[n] != now[n]]
            names += [
                n for n in _TRADE_VALUES if not _close(was[n], now[n], rtol, rtol * scale if n == "pnl" else 1e-12)
            ]
            found += [{"change": "~", "entry": entry, "field": n, "old": was[n], "new": now[n]} for n in names]
    return pd.DataFrame(found, columns=["change", "entry", "field", "old", "new"])


def _parting(a: pd.Series[float], b: pd.Series[float], rtol: float) -> tuple[int | None, Any, float]:
    """First bar where the equities part, its time, and the largest gap; bars that only one has count as parting."""
    n = min(len(a), len(b))
    x, y = a.to_numpy(float)[:n], b.to_numpy(float)[:n]
    apart = ~np.isclose(x, y, rtol=rtol, atol=rtol * max(1.0, float(np.abs(x).max(initial=0.0))))
    apart |= np.asarray(a.index[:n] != b.index[:n])
    gap = float(np.abs(x - y).max(initial=0.0))
    if apart.any():
        first = int(apart.argmax())
        return first, a.index[first], gap
    if len(a) != len(b):
        longer = a if len(a) > len(b) else b
        return n, longer.index[n], gap
    return None, None, gap
