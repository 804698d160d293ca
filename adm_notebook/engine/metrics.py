"""The metrics of one account, from its equity and its trades (specification, section 11)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import EXIT_REASONS, METRICS, Account
from adm_notebook.jit import inner, jit, readonly
from adm_notebook.market.arrays import F64, I8, I64
from adm_notebook.market.calendar import Calendar

__all__ = ["SUMS", "curve_sums", "metrics", "metrics_from_sums", "periods_per_year", "trade_sums"]

OPEN = EXIT_REASONS.index("open")
BLOCK = 1024
"""Bars whose returns are summed on their own: they stay in the cache, and sums of sums keep their digits."""

SUMS = 17
"""How many numbers `curve_sums` and `trade_sums` give together: 5 and 12."""

NEGLIGIBLE = 1e-12  # a deviation this small beside the largest value is rounding


def metrics(
    account: Account, calendar: Calendar, settings: Settings, *, capital: float | None = None
) -> dict[str, float]:
    """The numbers by which backtests are compared, in the order of `METRICS`.

    Parameters
    ----------
    account
        equity and trades; trades in order of entry, which may overlap where several accounts are combined
    calendar
        of the bars whose equity `account` has
    settings
        give `metrics_style`, `periods_per_year` and, unless `capital` is given, the initial capital
    capital
        money that the first return counts from

    Returns
    -------
    dict
        NaN where a metric does not exist, for instance the win rate without a closed trade; inf on overflow. Counts
        are of type int.
    """
    capital = settings.initial_capital if capital is None else capital
    equity = readonly(account.equity)
    of_trades = trade_sums(
        readonly(account.entry_bar),
        readonly(account.exit_bar),
        readonly(account.exit_reason),
        readonly(account.pnl),
        readonly(account.returns),
        readonly(account.fees),
        len(equity),
        settings.metrics_style == "backtesting.py",
    )
    sums = (*curve_sums(equity, capital), *of_trades)
    return metrics_from_sums(sums, equity, len(account.unfilled_bar), calendar, settings, capital)


def metrics_from_sums(
    sums: Sequence[float], equity: F64, n_unfilled: int, calendar: Calendar, settings: Settings, capital: float
) -> dict[str, float]:
    """The same, from what `curve_sums` and `trade_sums` give, in that order.

    In Python's own floats: there is one number of each, and numpy would take several times as long for it.
    """
    mean, deviation, largest, downside, drawdown, *of_trades = sums
    last, n_bars = float(equity[-1]), len(equity)
    ratio = last / capital
    like_peer = settings.metrics_style == "backtesting.py"
    values: dict[str, float] = {
        "total_return": ratio - 1.0,
        "max_drawdown": drawdown,
        "final_equity": last,
        "n_unfilled": n_unfilled,
    }
    if like_peer:
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # inf and NaN are answers here
            values |= _peer_curve_metrics(equity, calendar, drawdown)
    else:
        A = periods_per_year(calendar, settings)
        root = math.sqrt(A)
        if deviation <= NEGLIGIBLE * largest:
            deviation = 0.0
        annual = _power(ratio, A / n_bars) - 1.0 if ratio >= 0.0 else math.nan
        values["annual_return"] = annual
        values["volatility"] = deviation * root
        values["sharpe"] = _ratio(mean, deviation) * root
        values["sortino"] = _ratio(mean * A, math.sqrt(A * downside))
        values["calmar"] = annual / abs(drawdown) if drawdown else math.nan
    values |= _trade_metrics(of_trades, n_bars, like_peer)
    return {name: values[name] if name.startswith("n_") else float(values[name]) for name in METRICS}


def periods_per_year(calendar: Calendar, settings: Settings) -> float:
    """Bars in a year, as `settings` want them counted."""
    if settings.periods_per_year == "auto":
        return calendar.periods_per_year
    if settings.periods_per_year == "spacing":
        return calendar.spacing_periods
    return float(settings.periods_per_year)


def _power(base: float, exponent: float) -> float:
    """`base` to a power, inf on overflow."""
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf


def _ratio(mean: float, deviation: float) -> float:
    """Without deviation inf with the sign of the mean, NaN if that is 0 too; NaN where the deviation is unknown."""
    if deviation == 0.0:
        return math.copysign(math.inf, mean) if mean != 0.0 else math.nan
    return mean / deviation


def _trade_metrics(sums: Sequence[float], n_bars: int, like_peer: bool) -> dict[str, float]:
    wins, gains, losses, total, squares, largest, total_return, gains_r, losses_r, covered, fees = sums[1:]
    n = int(sums[0])
    found = {"n_trades": n, "exposure": covered / n_bars, "fees": fees}
    if n == 0:
        return found | dict.fromkeys(("win_rate", "profit_factor", "expectancy", "avg_trade", "sqn"), math.nan)
    if like_peer:
        gains, losses = gains_r, losses_r
    mean = total / n
    deviation = math.sqrt(squares / (n - 1)) if n > 1 else math.nan
    if deviation <= NEGLIGIBLE * largest:
        deviation = 0.0
    without_losses = math.nan if like_peer or gains == 0.0 else math.inf
    found["win_rate"] = wins / n
    found["profit_factor"] = gains / -losses if losses else without_losses
    found["expectancy"] = total_return / n if like_peer else mean
    found["avg_trade"] = total_return / n
    found["sqn"] = math.nan if like_peer and deviation == 0.0 else math.sqrt(n) * _ratio(mean, deviation)
    return found


def _peer_curve_metrics(equity: F64, calendar: Calendar, drawdown: float) -> dict[str, float]:
    """Annual metrics as backtesting.py's `compute_stats` finds them: from the returns of days, by geometric means."""
    A = calendar.peer_periods_per_year
    of_period = equity[calendar.period_ends]
    r = of_period[1:] / of_period[:-1] - 1.0
    r = r[~np.isnan(r)]
    if not len(r):
        return dict.fromkeys(("annual_return", "volatility", "sharpe", "sortino", "calmar"), np.nan)
    growth = 1.0 + (0.0 if (r <= -1.0).any() else np.expm1(np.log1p(r).mean()))
    annual = growth**A - 1.0
    variance = r.var(ddof=1) if len(r) > 1 else np.nan
    if np.sqrt(variance) <= NEGLIGIBLE * np.abs(r).max():
        variance = 0.0
    volatility = growth**A * np.sqrt(np.expm1(A * np.log1p(variance / growth**2)))
    downside = np.sqrt(A * np.mean(np.minimum(r, 0.0) ** 2))
    return {
        "annual_return": annual,
        "volatility": volatility,
        "sharpe": annual / volatility if volatility else np.nan,
        "sortino": annual / downside if downside else np.nan,
        "calmar": annual / abs(drawdown) if drawdown else np.nan,
    }


@jit
def curve_sums(equity: F64, capital: float) -> tuple[float, float, float, float, float]:
    """What the metrics need to know of an equity curve, in one pass over memory.

    equity     (n_bars,)  money, at each close; n_bars > 0
    capital    scalar     money before the first bar
    mean       of the returns of each bar, the first against `capital`; 0 where the equity before was 0
    deviation  their standard deviation, ddof 1; NaN of a single bar
    largest    the largest of their absolute values
    downside   mean of min(return, 0) squared
    drawdown   min(equity / highest equity so far - 1), 0 or below

    The deviation is that of blocks, each in two passes while it is in the cache, put together as Chan, Golub and
    LeVeque (1983) do, which is Welford's way for blocks: a million returns keep their digits.
    """
    n_bars = equity.shape[0]
    returns = np.empty(BLOCK)
    mean = squares = downside = largest = drawdown = 0.0
    peak, worth_a_look = -np.inf, np.inf
    for start in range(0, n_bars, BLOCK):
        n = min(BLOCK, n_bars - start)
        before = equity[start - 1] if start > 0 else capital
        for k in range(n):
            now = equity[start + k]
            returns[k] = now / before - 1.0 if before != 0.0 else 0.0
            before = now
            if now > peak:
                peak = now
                worth_a_look = _threshold(peak, drawdown)
            elif now < worth_a_look:
                drawdown = min(drawdown, now / peak - 1.0 if peak != 0.0 else -np.inf if now < 0.0 else 0.0)
                worth_a_look = _threshold(peak, drawdown)
        total, losses, most = _block_sums(returns, n)
        largest = max(largest, most)
        block_mean = total / n
        step = block_mean - mean
        mean += step * n / (start + n)
        squares += _squared_distances(returns, n, block_mean) + step * step * start * n / (start + n)
        downside += losses
    deviation = np.sqrt(squares / (n_bars - 1)) if n_bars > 1 else np.nan
    return mean, deviation, largest, downside / n_bars, drawdown


@inner
def _threshold(peak: float, drawdown: float) -> float:
    """Equity below which the drawdown from `peak` may be a new worst: few bars are, so that few are divided.

    A little above the exact value, so that rounding hides none; with a peak of 0 or below every bar is looked at.
    """
    return peak * (1.0 + drawdown) * (1.0 + 1e-15) if peak > 0.0 else np.inf


@inner
def _block_sums(returns: F64, n: int) -> tuple[float, float, float]:
    """Of the first n returns: their sum, that of min(return, 0) squared, and the largest absolute value.

    Four sums side by side, since each addition waits for the one before it in its own sum only.
    """
    s0 = s1 = s2 = s3 = d0 = d1 = d2 = d3 = m0 = m1 = m2 = m3 = 0.0
    whole = n - n % 4
    for k in range(0, whole, 4):
        a, b, c, d = returns[k], returns[k + 1], returns[k + 2], returns[k + 3]
        s0, s1, s2, s3 = s0 + a, s1 + b, s2 + c, s3 + d
        m0, m1, m2, m3 = max(m0, abs(a)), max(m1, abs(b)), max(m2, abs(c)), max(m3, abs(d))
        a, b, c, d = min(a, 0.0), min(b, 0.0), min(c, 0.0), min(d, 0.0)
        d0, d1, d2, d3 = d0 + a * a, d1 + b * b, d2 + c * c, d3 + d * d
    for k in range(whole, n):
        a = returns[k]
        s0, m0 = s0 + a, max(m0, abs(a))
        a = min(a, 0.0)
        d0 += a * a
    return (s0 + s1) + (s2 + s3), (d0 + d1) + (d2 + d3), max(max(m0, m1), max(m2, m3))


@inner
def _squared_distances(returns: F64, n: int, mean: float) -> float:
    """Sum of the squared distances of the first n returns from `mean`; four sums side by side."""
    s0 = s1 = s2 = s3 = 0.0
    whole = n - n % 4
    for k in range(0, whole, 4):
        a, b, c, d = returns[k] - mean, returns[k + 1] - mean, returns[k + 2] - mean, returns[k + 3] - mean
        s0, s1, s2, s3 = s0 + a * a, s1 + b * b, s2 + c * c, s3 + d * d
    for k in range(whole, n):
        s0 += (returns[k] - mean) * (returns[k] - mean)
    return (s0 + s1) + (s2 + s3)


@jit
def trade_sums(
    entry_bar: I64,
    exit_bar: I64,
    exit_reason: I8,
    pnl: F64,
    returns: F64,
    fees: F64,
    n_bars: int,
    like_peer: bool,
) -> tuple[int, int, float, float, float, float, float, float, float, float, int, float]:
    """Sums over closed trades, the number of bars with any trade open, and the fees of all trades.

    entry_bar, exit_bar, exit_reason, pnl, returns, fees  (n_trades,)  as in `Account`, in order of entry
    n_bars     bars of the account
    like_peer  count bars from entry to exit inclusive, of closed trades only; else an open trade to the last bar
               and a closed one to the bar before its exit
    Returned are the number of closed trades and of those with a gain; of pnl the sum of gains, of losses, of all, of
    squared distances from the mean, and the largest absolute value; of returns the sum, that of gains, of losses;
    the bars covered; and the fees.
    """
    n = wins = covered = until = 0
    gains = losses = largest = total_return = gains_r = losses_r = paid = 0.0
    for k in range(pnl.shape[0]):
        paid += fees[k]
        is_open = exit_reason[k] == OPEN
        if not (is_open and like_peer):
            end = n_bars if is_open else exit_bar[k] + like_peer
            covered += max(0, end - max(entry_bar[k], until))
            until = max(until, end)
        if is_open:
            continue
        n += 1
        wins += pnl[k] > 0.0
        gains += max(pnl[k], 0.0)
        losses += min(pnl[k], 0.0)
        largest = max(largest, abs(pnl[k]))
        total_return += returns[k]
        gains_r += max(returns[k], 0.0)
        losses_r += min(returns[k], 0.0)
    total = gains + losses
    first = offset = squares = 0.0  # distances are measured from the first trade: near constant ones keep their digits
    for k in range(pnl.shape[0] - 1, -1, -1):
        if exit_reason[k] != OPEN:
            first = pnl[k]
    for k in range(pnl.shape[0]):
        if exit_reason[k] != OPEN:
            offset += pnl[k] - first
    for k in range(pnl.shape[0]):
        if exit_reason[k] != OPEN:
            squares += ((pnl[k] - first) - offset / n) ** 2
    return n, wins, gains, losses, total, squares, largest, total_return, gains_r, losses_r, covered, paid
