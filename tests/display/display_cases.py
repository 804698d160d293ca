"""Results made by hand: real simulations are tested elsewhere, here what matters is how they look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.config import WorkflowConfig
from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import EXIT_REASONS, Account
from adm_notebook.engine.metrics import metrics
from adm_notebook.market.calendar import Calendar
from adm_notebook.results import Benchmark, Detail, RunFacts, WorkflowResult
from adm_notebook.results.judged import best_row

CAPITAL = 100_000.0

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "Gleitender-Durchschnitt-Überkreuzungsstrategie",
    "a\"b'c & </script><style>*{display:none}</style>",
    "استراتيجية المتوسط المتحرك",
    "🚀📈 moon 移動平均クロス戦略",
    "$\\frac{1}{0}$ and $x$",
    "x" * 400,
    "line\nbreak\ttab\x00nul",
)


def days(n: int, tz: str | None = None) -> pd.DatetimeIndex:
    return pd.bdate_range("1999-01-04", periods=n, tz=tz)


def minutes(n: int, tz: str | None = "America/New_York") -> pd.DatetimeIndex:
    """One-minute bars of trading days, 390 each."""
    sessions = pd.bdate_range("2024-03-04", periods=-(-n // 390))
    stamps = (sessions.to_numpy()[:, None] + np.timedelta64(570, "m") + np.arange(390) * np.timedelta64(1, "m")).ravel()
    return pd.DatetimeIndex(stamps[:n]).tz_localize(tz)


def walk(n: int, seed: int = 0, drift: float = 2e-4, size: float = 0.01, start: float = 1000.0) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(drift, size, n)
    steps[0] = 0.0
    return start * np.exp(np.cumsum(steps))


def account(
    close: np.ndarray, n_trades: int, *, sides: str = "long", open_last: bool = False, capital: float = 1e5
) -> Account:
    """In and out of `close` at even intervals, in the market two thirds of the time."""
    n = len(close)
    edges = np.linspace(min(1, n - 1), n - 1, 3 * n_trades + 1).astype(np.int64)
    entry, leave = edges[:-1:3], edges[2::3]
    direction = np.ones(n_trades, np.int8)
    if sides == "both":
        direction[1::2] = -1
    elif sides == "short":
        direction[:] = -1
    growth = 1 + direction * (close[leave] / close[entry] - 1)
    cash = CAPITAL * np.cumprod(np.r_[1.0, growth])  # before each trade, and after the last
    size = cash[:-1] / close[entry]
    pnl = np.diff(cash)
    bars = np.arange(n)
    trade = np.searchsorted(entry, bars, side="right") - 1  # the last one entered
    t = np.maximum(trade, 0)
    equity = np.full(n, CAPITAL)
    if n_trades:
        open_ = cash[t] + direction[t] * size[t] * (close - close[entry[t]])
        equity = np.where(trade < 0, CAPITAL, np.where(bars <= leave[t], open_, cash[t + 1]))
    reason = np.zeros(n_trades, np.int8)
    if n_trades > 2:
        reason[1] = EXIT_REASONS.index("stop_loss")
    if open_last and n_trades:
        reason[-1] = EXIT_REASONS.index("open")
    none = np.empty(0, np.int64)
    return Account(
        equity,
        direction,
        size,
        entry,
        close[entry],
        leave,
        close[leave],
        pnl,
        pnl / (size * close[entry]) if n_trades else pnl,
        np.full(n_trades, 12.5),
        reason,
        none,
        none.astype(np.int8),
        none.astype(np.int8),
    )


def benchmark_of(close: np.ndarray, index: pd.Index) -> Benchmark:
    return Benchmark(lambda: close / close[0] * CAPITAL, index, Calendar.of(index), Settings())


def detail_of(
    a: Account,
    index: pd.Index,
    row: int = 0,
    symbols: Sequence[str] = ("SP500",),
    strategies: Sequence[str] = ("ma_crossover",),
    sleeve: tuple[int, ...] | None = None,
) -> Detail:
    measured = metrics(a, Calendar.of(index), Settings())
    return Detail(row, measured, a, index, tuple(symbols), tuple(strategies), sleeve)


def span(index: pd.Index) -> dict[str, Any]:
    if not isinstance(index, pd.DatetimeIndex):
        return {"timeframe": "", "first": "", "last": ""}
    intraday = bool((index.hour != 0).any())
    form = "%Y-%m-%d %H:%M" if intraday else "%Y-%m-%d"
    return {
        "timeframe": "1-minute" if intraday else "daily",
        "first": f"{index[0]:{form}}",
        "last": f"{index[-1]:{form}}",
        "zone": str(index.tz or ""),
    }


DEFAULTS = (
    "No data source named: the bundled sample is used (S&P 500, daily, 1999 to 2018).",
    "No risk profile given: the settings of `backtest_config` apply.",
)
YAML = """workflow_type: backtest
parameters:
  container_pattern: simple_backtest
data_config:
  source: sample
  symbols: [SP500]
backtest_config:
  initial_capital: 100000
  commission: {rate: 0.001, fixed: 0}
optimization_config:
  strategies:
    - type: ma_crossover
      parameters: {fast: 50, slow: 200, ma_type: sma, direction: long}
"""


def result_of(
    stats: pd.DataFrame,
    detail: Detail | None,
    benchmark: Benchmark | None,
    *,
    facts: Mapping[str, Any] = {},
    **changes: Any,
) -> WorkflowResult:
    base: dict[str, Any] = {
        "symbols": ("SP500",),
        "source": "bundled sample",
        "strategy": "ma_crossover 50/200",
        "n_bars": 0,
        "conditions": "Long only, all capital in each trade, 0.1% commission.",
        "defaults": DEFAULTS,
        "resolved": YAML,
        "n_planned": max(len(stats), 1),
    }
    if detail is not None:
        base |= {"n_bars": len(detail.index), **span(detail.index)}
    given: dict[str, Any] = {
        "success": True,
        "config": WorkflowConfig(),
        "stats": stats,
        "workflow_id": "w" * 64,
        "workflow_type": "backtest",
        "mode": "composable",
        "pattern": "simple_backtest",
        "duration_seconds": 1.234,
        "warnings": list(DEFAULTS),
        "metadata": {"mode_reason": "Auto chose composable: `simple_backtest` runs there.", "run_id": "r" * 32},
        "facts": RunFacts(**(base | dict(facts))),
        "best_detail": detail,
        "benchmark": benchmark,
    }
    return WorkflowResult(**(given | changes))


def row_of(values: Mapping[str, float], **identity: Any) -> dict[str, Any]:
    base = {
        "portfolio": 0,
        "symbol": "SP500",
        "strategy": "ma_crossover",
        "classifier": "all",
        "risk_profile": "default",
    }
    return base | identity | dict(values) | {"status": "ok", "error": ""}


def single(
    n: int = 2600,
    n_trades: int = 10,
    index: pd.Index | None = None,
    *,
    name: str = "ma_crossover",
    symbol: str = "SP500",
    close: np.ndarray | None = None,
    account_: Account | None = None,
    facts: Mapping[str, Any] = {},
    sides: str = "long",
    open_last: bool = False,
    **changes: Any,
) -> WorkflowResult:
    """A single backtest."""
    index = days(n) if index is None else index
    close = walk(len(index)) if close is None else close
    a = account(close, n_trades, sides=sides, open_last=open_last) if account_ is None else account_
    detail = detail_of(a, index, symbols=(symbol,), strategies=(name,))
    stats = pd.DataFrame([row_of(detail.metrics, strategy=name, symbol=symbol)])
    title = "ma_crossover 50/200" if name == "ma_crossover" else name
    facts = {"strategy": title, "symbols": (symbol,), **facts}
    return result_of(stats, detail, benchmark_of(close, index), facts=facts, **changes)


def sweep(
    values: Mapping[str, Sequence[Any]],
    *,
    strategies: Sequence[str] = ("ma_crossover",),
    symbols: Sequence[str] = ("SP500",),
    shift: float = 0.0,
    bad: Mapping[int, tuple[str, str]] = {},
    keep: Any = None,
    objective: str = "sharpe",
    maximise: bool = True,
    facts: Mapping[str, Any] = {},
    n_bars: int = 2600,
    **changes: Any,
) -> WorkflowResult:
    """A sweep whose metrics are a smooth hill over its parameters."""
    rows = []
    rng = np.random.default_rng(1)
    for symbol, strategy, *point in product(symbols, strategies, *values.values()):
        chosen = dict(zip(values, point, strict=True))
        if keep is not None and not keep(chosen):
            continue
        rows.append((symbol, strategy, chosen))
    n = len(rows)
    hill = np.zeros(n)
    for name, options in values.items():
        at = np.array([list(options).index(r[2][name]) for r in rows]) / max(len(options) - 1, 1)
        hill -= (at - 0.7) ** 2
    hill = hill * 0.9 + 0.6 + shift + rng.normal(0, 0.03, n) + np.array([0.02 * (len(r[1]) % 3) for r in rows])
    m = {
        "total_return": hill * 4,
        "annual_return": hill * 0.1,
        "volatility": 0.11 + hill * 0.02,
        "sharpe": hill,
        "sortino": hill * 1.4,
        "calmar": hill * 0.5,
        "max_drawdown": -0.3 + hill * 0.1,
        "n_trades": (20 - hill * 10).astype(int),
        "win_rate": 0.5 + hill * 0.3,
        "profit_factor": 1 + hill,
        "expectancy": hill * 900,
        "avg_trade": hill * 0.1,
        "sqn": hill * 2,
        "exposure": 0.6 + hill * 0.1,
        "fees": 3000 + hill,
        "final_equity": 1e5 * (1 + hill * 4),
        "n_unfilled": np.zeros(n, int),
    }
    stats = pd.DataFrame(
        {
            "portfolio": range(n),
            "symbol": [r[0] for r in rows],
            "strategy": [r[1] for r in rows],
            "classifier": "all",
            "risk_profile": "default",
            **{name: [r[2][name] for r in rows] for name in values},
            **m,
            "status": "ok",
            "error": "",
        }
    )
    for row, (status, error) in bad.items():
        stats.loc[row, ["status", "error"]] = [status, error]
        stats.loc[row, list(m)] = np.nan
    best = best_row(stats, objective, maximise)
    index, close = days(n_bars), walk(n_bars)
    detail = None if best is None else detail_of(account(close, 9), index, best)
    settled = {
        "swept": tuple(values),
        "strategy": strategies[0],
        "symbols": tuple(symbols),
        "objective": objective,
        "maximise": maximise,
        **facts,
    }
    return result_of(stats, detail, benchmark_of(close, index), facts=settled, **changes)


def golden_sweep(**changes: Any) -> WorkflowResult:
    """263 pairs of two averages, as the mockup has them."""
    values = {"fast": range(5, 61, 5), "slow": range(20, 251, 10)}
    changes.setdefault("facts", {"left_out": {"fast < slow": 25}, "n_planned": 263})
    return sweep(values, keep=lambda p: p["fast"] < p["slow"], **changes)
