"""What differs between two results: rows, metrics, the trades and the equity of the best row; keyed and tolerant."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.engine.account import METRICS
from adm_notebook.errors import RunError, shown
from adm_notebook.results import hooks
from adm_notebook.results.aligned import TradeCounts, trade_differences
from adm_notebook.results.kept import signals_apart
from adm_notebook.results.matched import key_of, row_differences
from adm_notebook.results.parting import Parting, parting
from adm_notebook.results.tolerance import agree, tolerance_of

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.results.result import WorkflowResult

__all__ = ["ResultDiff", "check_rtol", "compare_results"]

_MOST = 6  # lines of a kind in the text


@dataclass(frozen=True, eq=False, repr=False)
class ResultDiff:
    """The difference between result `a` (old) and `b` (new).

    identical    whether nothing differs beyond the tolerance: the verdict is `identical` or `equivalent ...`
    verdict      a sentence: `identical`, `equivalent within 1e-09`, or `different because ...`
    rows         combinations that only one of them has, or whose status or metrics differ: a DataFrame with the
                 identity, `metric`, `old`, `new`
    metrics      of the best rows: a DataFrame `metric, old, new, same`
    trades       of the best rows, aligned by entry: a DataFrame `change` (+, -, ~), entry, `field`, old, new,
                 old_trade, new_trade (positions in `a.trades` and `b.trades`, missing where there is none)
    first_bar    position of the first bar where the equities of the best rows part (in the old one, unless only the
                 new one has that bar), or None
    first_time   its time, or None
    first_gap    money, new less old, at that bar; NaN where only one of them has it; 0 where they don't part
    largest_gap  money, the largest distance between the equities, over the bars that both have
    n_trades     how many trades of the best rows are the same, changed, added, removed
    n_bars       bars of which the equity is the same, and bars of both together
    n_rows       combinations that are the same, and combinations of both together
    old, new     the results themselves: `a` and `b`
    """

    identical: bool
    verdict: str
    rows: pd.DataFrame = field(repr=False)
    metrics: pd.DataFrame = field(repr=False)
    trades: pd.DataFrame = field(repr=False)
    first_bar: int | None
    first_time: Any
    largest_gap: float
    first_gap: float = 0.0
    n_trades: TradeCounts = field(default_factory=TradeCounts)
    n_bars: tuple[int, int] = (0, 0)
    n_rows: tuple[int, int] = (0, 0)
    old: WorkflowResult | None = field(default=None, repr=False)
    new: WorkflowResult | None = field(default=None, repr=False)

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
            first = "" if math.isnan(self.first_gap) else f", by {self.first_gap:+,.2f} there"
            lines.append(f"Equity parts at bar {self.first_bar:,} ({time}){first}, by {gap:,.2f} at most.")
        if len(self.rows):
            lines.append(f"Combinations: {_count(len(self.rows), 'difference')} (.rows)")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        html: str = hooks.call("diff_html", self)
        return html

    def _ipython_display_(self) -> None:
        hooks.call("diff_display", self)


def _more(number: int, where: str) -> list[str]:
    return [f"  ... and {number - _MOST:,} more ({where})"] if number > _MOST else []


def _without_midnight(value: Any) -> str:
    return str(value).removesuffix(" 00:00:00")


def _short(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else _without_midnight(value)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def compare_results(a: WorkflowResult, b: WorkflowResult, rtol: float = 1e-9) -> ResultDiff:
    """Compare two results.

    Parameters
    ----------
    a, b
        old and new.
    rtol
        relative tolerance of figures, from 0 to 1; absolutely, 1e-12, and for money that share of what rounds it: of
        the largest equity, of equities up to their bar, of a trade's figures what it traded.

    Returns
    -------
    ResultDiff
        rows are matched by identity and swept parameters, trades by strategy, symbol and time of entry (one that only
        entered later or earlier is a changed one), equities by time.

    Raises
    ------
    RunError
        if one of them is no result, or `rtol` no number from 0 to 1.
    """
    _check(a, b)
    check_rtol(rtol)
    equities = a.equity, b.equity
    scale = max([1.0, *(float(abs(equity).max()) for equity in equities if len(equity))])
    metrics = _metrics(a.metrics, b.metrics, rtol, scale)
    rows = row_differences(a.stats, b.stats, rtol, scale)
    trades, counts = trade_differences(a.trades, b.trades, rtol, scale)
    apart = parting(*equities, rtol)
    reasons = [*_ends(a, b), *_best_rows(a, b)]
    if len(trades):
        reasons.append(f"{_count(len(trades), 'difference')} in trades")
    changed = metrics.loc[~metrics["same"], "metric"].tolist()
    if changed:
        differ = "differs" if len(changed) == 1 else f"differ, {changed[0]} first"
        named = f" ({changed[0]})" if len(changed) == 1 else ""
        reasons.append(f"{_count(len(changed), 'metric')} of the best row {differ}{named}")
    reasons += _bars(apart, len(equities[0]), len(equities[1]))
    if signals := signals_apart(a, b, rtol):
        reasons.append(signals)
    if rows.n_apart:
        reasons.append(f"{_count(rows.n_apart, 'combination')} differ{'s' if rows.n_apart == 1 else ''}")
    if reasons:
        verdict = "different because " + "; ".join(reasons)
    else:
        exactly = rows.exactly and a.trades.equals(b.trades) and apart.exactly
        verdict = "identical" if exactly else f"equivalent within {rtol:g}"
    return ResultDiff(
        identical=not reasons,
        verdict=verdict,
        rows=rows.frame,
        metrics=metrics,
        trades=trades,
        first_bar=apart.bar,
        first_time=apart.time,
        largest_gap=apart.largest_gap,
        first_gap=apart.gap,
        n_trades=counts,
        n_bars=(apart.n_same, apart.n_all),
        n_rows=(rows.n_all - rows.n_apart, rows.n_all),
        old=a,
        new=b,
    )


def _check(a: object, b: object) -> None:
    from adm_notebook.results.result import WorkflowResult

    for given in (a, b):
        if not isinstance(given, WorkflowResult):
            raise RunError(
                f"a result is compared with another result, but was given {shown(given)}; "
                "WorkflowResult.load(folder) reads a saved one"
            )


def check_rtol(rtol: object) -> None:
    """Refuse what is no tolerance with a RunError."""
    if isinstance(rtol, (bool, np.bool_)) or not isinstance(rtol, (int, float, np.number)) or not 0 <= rtol < 1:
        raise RunError(f"rtol must be a number from 0 to 1, such as 1e-9, but was {shown(rtol)}")


def _metrics(old: dict[str, float], new: dict[str, float], rtol: float, scale: float) -> pd.DataFrame:
    import pandas as pd

    was, now = ([metrics.get(name, math.nan) for name in METRICS] for metrics in (old, new))
    tolerances = np.array([tolerance_of(name, rtol, scale) for name in METRICS])
    return pd.DataFrame({"metric": METRICS, "old": was, "new": now, "same": agree(was, now, rtol, tolerances)})


def _ends(a: WorkflowResult, b: WorkflowResult) -> list[str]:
    """Why results can't be the same whatever their figures: one of them failed, or neither came to anything."""
    if a.success != b.success:
        return [f"one of them failed ({'the new' if a.success else 'the old'} one)"]
    if not a.success and a.best is None and b.best is None:
        return ["both failed, so that there is nothing to compare"]
    return []


def _best_rows(a: WorkflowResult, b: WorkflowResult) -> list[str]:
    """That another combination is the best one: its metrics, trades and equity are then no longer the same thing."""
    if len(a.stats) == len(b.stats) == 1:
        return []  # there is no other one
    old, new = a.best, b.best
    if old is None or new is None:
        return []
    swept = dict.fromkeys([*a.facts.swept, *b.facts.swept])
    names = [n for n in ("symbol", "strategy", *swept) if n in old and n in new and key_of(old[n]) != key_of(new[n])]
    if not names:
        return []
    was, now = (", ".join(f"{name} {_short(row[name])}" for name in names) for row in (old, new))
    return [f"another combination is the best one ({was} was, {now} is now)"]


def _bars(apart: Parting, n_old: int, n_new: int) -> list[str]:
    if apart.bar is None:
        return [apart.odd] if apart.odd else []
    reasons = [apart.odd] if apart.odd else []
    if n_old and n_new and n_old != n_new:
        reasons.append(f"the old one has {n_old:,} bars, the new one {n_new:,}")
    return [*reasons, f"equity parts at bar {apart.bar:,}"]
