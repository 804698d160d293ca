"""What differs between two results: rows, metrics, the trades and the equity of the best row; keyed and tolerant."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.engine.account import METRICS
from adm_notebook.errors import RunError, shown
from adm_notebook.results import hooks

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.results.result import WorkflowResult

__all__ = ["ResultDiff", "compare_results"]

_MONEY = ("expectancy", "fees", "final_equity")
_TRADE_VALUES = ("size", "entry_price", "exit_price", "pnl", "return", "fees")
_TRADE_WORDS = ("direction", "exit_bar", "exit_reason")
_MOST = 6  # lines of a kind in the text


@dataclass(frozen=True, eq=False, repr=False)
class ResultDiff:
    """The difference between result `a` (old) and `b` (new).

    identical    whether nothing differs beyond the tolerance: the verdict is `identical` or `equivalent ...`
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
            lines.append(f"Metrics of the best row: {_count(len(changed), 'difference')}")
            lines += [f"  ~ {m.metric:<14} {m.old:>16.10g}  {m.new:>16.10g}" for m in changed.head(_MOST).itertuples()]
            lines += _more(len(changed), ".metrics")
        if len(self.trades):
            lines.append(f"Trades of the best row: {_count(len(self.trades), 'difference')}")
            lines += [
                f"  {t.change} {_without_midnight(t.entry)} {t.field}: {_short(t.old)} -> {_short(t.new)}"
                for t in self.trades.head(_MOST).itertuples()
            ]
            lines += _more(len(self.trades), ".trades")
        if self.first_bar is not None:
            time, gap = _without_midnight(self.first_time), self.largest_gap
            lines.append(f"Equity parts at bar {self.first_bar:,} ({time}), by {gap:,.2f} at most.")
        if len(self.rows):
            lines.append(f"Combinations: {_count(len(self.rows), 'difference')} (.rows)")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        html: str = hooks.call("diff_html", self)
        return html


def _more(number: int, where: str) -> list[str]:
    return [f"  ... and {number - _MOST:,} more ({where})"] if number > _MOST else []


def _without_midnight(value: Any) -> str:
    return str(value).removesuffix(" 00:00:00")


def _short(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _agree(x: Any, y: Any, rtol: float, atol: Any) -> Any:
    """Where figures agree: NaN with NaN, an infinity with itself only, numbers within a tolerance."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    finite = np.isfinite(x) & np.isfinite(y)
    with np.errstate(invalid="ignore"):  # inf - inf
        near = np.abs(x - y) <= np.maximum(rtol * np.maximum(np.abs(x), np.abs(y)), atol)
    return (x == y) | (np.isnan(x) & np.isnan(y)) | (finite & near)


def compare_results(a: WorkflowResult, b: WorkflowResult, rtol: float = 1e-9) -> ResultDiff:
    """Compare two results.

    Parameters
    ----------
    a, b
        old and new.
    rtol
        relative tolerance of figures, from 0 to 1; absolutely, 1e-12, and for money that share of the equity's size.

    Returns
    -------
    ResultDiff
        rows are matched by identity and swept parameters, trades by strategy, symbol and time of entry.

    Raises
    ------
    RunError
        if one of them is no result, or `rtol` no number from 0 to 1.
    """
    import pandas as pd

    _check(a, b, rtol)

    scale = max([1.0, *(float(abs(r.equity).max()) for r in (a, b) if len(r.equity))])
    old, new = a.metrics, b.metrics
    metrics = pd.DataFrame(
        {
            "metric": METRICS,
            "old": [old.get(name, math.nan) for name in METRICS],
            "new": [new.get(name, math.nan) for name in METRICS],
        }
    )
    tolerances = [_tolerance(name, rtol, scale) for name in METRICS]
    metrics["same"] = _agree(metrics["old"], metrics["new"], rtol, np.array(tolerances))
    rows, apart = _row_differences(a.stats, b.stats, rtol, scale)
    trades = _trade_differences(a.trades, b.trades, rtol, scale)
    first_bar, first_time, gap = _parting(a.equity, b.equity, rtol)
    reasons: list[str] = []
    if a.success != b.success:
        reasons.append(f"one of them failed ({'the new' if a.success else 'the old'} one)")
    if len(trades):
        reasons.append(f"{_count(len(trades), 'difference')} in trades")
    changed = metrics.loc[~metrics["same"], "metric"].tolist()
    if changed:
        differ = "differs" if len(changed) == 1 else f"differ, {changed[0]} first"
        named = f" ({changed[0]})" if len(changed) == 1 else ""
        reasons.append(f"{_count(len(changed), 'metric')} of the best row {differ}{named}")
    if first_bar is not None:
        reasons.append(f"equity parts at bar {first_bar:,}")
    if apart:
        reasons.append(f"{_count(apart, 'combination')} differ{'s' if apart == 1 else ''}")
    if reasons:
        verdict = "different because " + "; ".join(reasons)
    else:
        verdict = "identical" if _exactly(a, b) else f"equivalent within {rtol:g}"
    return ResultDiff(not reasons, verdict, rows, metrics, trades, first_bar, first_time, gap)


def _check(a: object, b: object, rtol: object) -> None:
    from adm_notebook.results.result import WorkflowResult

    for given in (a, b):
        if not isinstance(given, WorkflowResult):
            raise RunError(
                f"a result is compared with another result, but was given {shown(given)}; "
                "WorkflowResult.load(folder) reads a saved one"
            )
    if isinstance(rtol, (bool, np.bool_)) or not isinstance(rtol, (int, float, np.number)) or not 0 <= rtol < 1:
        raise RunError(f"rtol must be a number from 0 to 1, such as 1e-9, but was {shown(rtol)}")


def _tolerance(name: str, rtol: float, scale: float) -> float:
    """The absolute one: of money, a share of the account's size; of other figures, rounding next to zero."""
    return rtol * scale if name in _MONEY else 1e-12


def _exactly(a: WorkflowResult, b: WorkflowResult) -> bool:
    """Whether results that don't differ agree in every bit of their figures."""
    old, new = a.stats, b.stats
    figures = [name for name in METRICS if name in old.columns]
    return (
        a.trades.equals(b.trades)
        and np.array_equal(a.equity.to_numpy(), b.equity.to_numpy(), equal_nan=True)
        and np.array_equal(old[figures].to_numpy(float), new[figures].to_numpy(float), equal_nan=True)
    )


def _keys(stats: pd.DataFrame) -> list[str]:
    ends = list(stats.columns).index(METRICS[0]) if METRICS[0] in stats.columns else len(stats.columns)
    return [str(c) for c in stats.columns[:ends] if c != "portfolio"]


def _by_key(stats: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], int]:
    """Position of each row by its identity; equal ones are numbered, as rows of a sweep that the other has not."""
    columns = [[_key(value) for value in stats[name]] for name in keys]
    seen: Counter[tuple[str, ...]] = Counter()
    found: dict[tuple[Any, ...], int] = {}
    for position in range(len(stats)):
        key = tuple(column[position] for column in columns)
        found[(*key, seen[key])] = position
        seen[key] += 1
    return found


def _key(value: Any) -> str:
    """5 and 5.0 are one parameter: a column turns to floats where another strategy lacks it."""
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return f"{float(value):.17g}" if number else str(value)


def _row_differences(a: pd.DataFrame, b: pd.DataFrame, rtol: float, scale: float) -> tuple[pd.DataFrame, int]:
    """`ResultDiff.rows`, and how many combinations it is about."""
    import pandas as pd

    keys = [name for name in _keys(a) if name in _keys(b)]
    old, new = _by_key(a, keys), _by_key(b, keys)
    both = [key for key in old if key in new]
    i, j = np.array([old[k] for k in both], np.intp), np.array([new[k] for k in both], np.intp)
    changes: dict[tuple[Any, ...], list[tuple[str, Any, Any]]] = {}
    was, now = a["status"].to_numpy(object)[i], b["status"].to_numpy(object)[j]
    for n in np.flatnonzero(was != now):
        changes.setdefault(both[n], []).append(("status", was[n], now[n]))
    ok = (was == "ok") & (now == "ok")
    for name in [m for m in METRICS if m in a.columns and m in b.columns]:
        x, y = a[name].to_numpy()[i], b[name].to_numpy()[j]
        for n in np.flatnonzero(ok & ~_agree(x, y, rtol, _tolerance(name, rtol, scale))):
            changes.setdefault(both[n], []).append((name, x[n].item(), y[n].item()))
    changes |= {key: [("row", "there", "missing")] for key in old if key not in new}
    changes |= {key: [("row", "missing", "there")] for key in new if key not in old}

    of_a, of_b = (list(zip(stats.index, *(stats[k] for k in keys), strict=True)) for stats in (a, b))
    found = [
        (*(of_a[old[key]] if key in old else of_b[new[key]]), *change)
        for key in dict.fromkeys([*old, *new])
        for change in changes.get(key, ())
    ]
    return pd.DataFrame(found, columns=["portfolio", *keys, "metric", "old", "new"]), len(changes)


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
                n for n in _TRADE_VALUES if not _agree(was[n], now[n], rtol, rtol * scale if n == "pnl" else 1e-12)
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
