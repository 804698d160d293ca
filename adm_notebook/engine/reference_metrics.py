"""The reference metrics: section 11 of the specification in plain Python, obvious rather than fast."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import pandas as pd

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import EXIT_REASONS, METRICS, Account

__all__ = ["metrics", "periods_per_year"]

NAN = math.nan
DAY = 86_400.0  # seconds
SATURDAY = 5
OPEN = EXIT_REASONS.index("open")


def metrics(account: Account, index: pd.Index, settings: Settings, *, capital: float | None = None) -> dict[str, float]:
    """All metrics of `account`, by name, in the order of METRICS; `n_trades` and `n_unfilled` are ints.

    Parameters
    ----------
    account
        equity (n_bars,) in money, and trades whose bars count from 0 in `index`; they may overlap.
    index
        (n_bars,) times of the bars, naive or with a zone; any other index means that times are unknown.
    settings
        `metrics_style`, `periods_per_year` and `initial_capital` are read.
    capital
        money that the account started with; None = `settings.initial_capital`.

    Raises
    ------
    ValueError
        if there is no bar.
    """
    equity: list[float] = account.equity.tolist()
    if not equity:
        raise ValueError("metrics need at least one bar, but the account has none; choose a period that holds bars")
    start = settings.initial_capital if capital is None else capital
    closed = [k for k, reason in enumerate(account.exit_reason.tolist()) if reason != OPEN]
    pnl = [float(account.pnl[k]) for k in closed]
    returns = [float(account.returns[k]) for k in closed]
    found: dict[str, float] = {
        "total_return": equity[-1] / start - 1,
        "max_drawdown": min(map(_below_peak, equity, accumulate(equity, max))),
        "n_trades": len(closed),
        "win_rate": _mean([float(p > 0) for p in pnl]),
        "avg_trade": _mean(returns),
        "fees": math.fsum(account.fees.tolist()),
        "final_equity": equity[-1],
        "n_unfilled": len(account.unfilled_bar),
    }
    if settings.metrics_style == "standard":
        A = periods_per_year(index, settings)
        found |= {
            "profit_factor": _or_signed_inf(math.fsum(p for p in pnl if p > 0), -math.fsum(p for p in pnl if p < 0)),
            "expectancy": _mean(pnl),
            "sqn": math.sqrt(len(pnl)) * _or_signed_inf(_mean(pnl), _deviation(pnl)),
            "exposure": _share_of_bars(account, len(equity), inclusive=False),
            **_annual(equity, start, A, found["max_drawdown"]),
        }
    else:
        found |= {
            "profit_factor": _or_nan(math.fsum(x for x in returns if x > 0), -math.fsum(x for x in returns if x < 0)),
            "expectancy": _mean(returns),
            "sqn": math.sqrt(len(pnl)) * _or_nan(_mean(pnl), _deviation(pnl)),
            "exposure": _share_of_bars(account, len(equity), inclusive=True),
            **_annual_by_day(equity, index, found["max_drawdown"]),
        }
    return {name: found[name] for name in METRICS}


def periods_per_year(index: pd.Index, settings: Settings) -> float:
    """A of section 11: the number that `settings.periods_per_year` gives, or what the spacing of `index` says."""
    given = settings.periods_per_year
    if isinstance(given, (int, float)):
        return float(given)
    if not isinstance(index, pd.DatetimeIndex):
        return 252.0
    days_a_year = _days_a_year(index)
    if len(index) < 2:
        return days_a_year
    spacing = _median_spacing(index)
    if given == "spacing":
        return 365 / spacing
    bars_a_day = float(pd.Series(index.date).value_counts().median())
    if bars_a_day > 1:
        return days_a_year * bars_a_day
    if spacing <= 1.5:
        return days_a_year
    for shortest, longest, periods in ((5, 10, 52.0), (26, 45, 12.0), (80, 100, 4.0)):
        if shortest <= spacing <= longest:
            return periods
    return 365 / spacing


def _days_a_year(index: pd.DatetimeIndex) -> float:
    share = _weekend_share(index)
    return 252.0 if share < 1 / 8 else 313.0 if share <= 1 / 5 else 365.0


def _weekend_share(index: pd.DatetimeIndex) -> float:
    """Share of the bars that fall on a Saturday or Sunday of the index's own calendar."""
    return float((index.day_of_week >= SATURDAY).mean())


def _median_spacing(index: pd.DatetimeIndex) -> float:
    """Days of 24 hours from a bar to the next, the median; NaN for a single bar."""
    return float(index.to_series().diff().dt.total_seconds().median()) / DAY


def _annual(equity: Sequence[float], start: float, A: float, drawdown: float) -> dict[str, float]:
    """The annual metrics of the style `standard`, from the return of each bar."""
    r = [now / before - 1 if before != 0 else 0.0 for before, now in zip([start, *equity[:-1]], equity, strict=True)]
    growth = equity[-1] / start
    annual = _power(growth, A / len(r)) - 1 if growth > 0 else -1.0 if growth == 0 else NAN
    deviation = _deviation(r)
    downside = _root_mean_square_of_losses(r)
    return {
        "annual_return": annual,
        "volatility": deviation * math.sqrt(A),
        "sharpe": _or_signed_inf(_mean(r), deviation) * math.sqrt(A),
        "sortino": _or_signed_inf(_mean(r) * A, downside * math.sqrt(A)),
        "calmar": _or_nan(annual, abs(drawdown)),
    }


def _annual_by_day(equity: Sequence[float], index: pd.Index, drawdown: float) -> dict[str, float]:
    """The annual metrics of the style `backtesting.py` (its `compute_stats`), from the return of each calendar day."""
    r, A = _day_returns(equity, index)
    if not r:
        return dict.fromkeys(("annual_return", "volatility", "sharpe", "sortino", "calmar"), NAN)
    g = 0.0 if min(r) <= -1 else math.exp(_mean([math.log(1 + x) for x in r])) - 1
    annual = _power(1 + g, A) - 1
    deviation = _deviation(r)
    spread = _bounded(math.expm1, A * math.log1p(deviation * deviation / (1 + g) ** 2))
    volatility = _power(1 + g, A) * math.sqrt(spread)
    return {
        "annual_return": annual,
        "volatility": volatility,
        "sharpe": _or_nan(annual, volatility),
        "sortino": _or_nan(annual, _root_mean_square_of_losses(r) * math.sqrt(A)),
        "calmar": _or_nan(annual, abs(drawdown)),
    }


def _day_returns(equity: Sequence[float], index: pd.Index) -> tuple[list[float], float]:
    """Return of each calendar day (week, month, year) that has bars but the first, and how many make a year."""
    if not isinstance(index, pd.DatetimeIndex):
        return [], NAN
    whole_days = math.floor(_median_spacing(index[-100:])) if len(index) > 1 else 0
    calendar = {7: ("W-SUN", 52.0), 31: ("M", 12.0), 365: ("Y", 1.0)}
    weekends_too = _weekend_share(index) > 2 / 7 * 0.6
    freq, A = calendar.get(whole_days, ("D", 365.0 if weekends_too else 252.0))
    last = pd.Series(equity, index=index).groupby(index.tz_localize(None).to_period(freq)).last().tolist()
    return [_ratio(now, before) - 1 for before, now in pairwise(last) if before != 0 or now != 0], A


def _share_of_bars(account: Account, n_bars: int, *, inclusive: bool) -> float:
    """Share of bars with a trade: entry <= bar < exit, or (inclusive, closed trades alone) entry <= bar <= exit."""
    held: set[int] = set()
    spans = zip(account.entry_bar.tolist(), account.exit_bar.tolist(), account.exit_reason.tolist(), strict=True)
    for entry, exit_, reason in spans:
        if inclusive and reason != OPEN:
            held.update(range(entry, exit_ + 1))
        elif not inclusive:
            held.update(range(entry, n_bars if reason == OPEN else exit_))
    return len(held) / n_bars


def _below_peak(equity: float, peak: float) -> float:
    return 0.0 if equity == peak else _ratio(equity, peak) - 1


def _sum(values: Sequence[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # what fsum refuses: overflow on the way, or inf beside -inf
        return float(sum(values))


def _mean(values: Sequence[float]) -> float:
    return _sum(values) / len(values) if values else NAN


def _deviation(values: Sequence[float]) -> float:
    """Standard deviation with ddof 1, in two passes; rounding errors of equal values count as 0. NaN below 2 values.

    Of distances from the first value: the mean of nearly equal values is rounded by more than they differ.
    """
    if len(values) < 2:
        return NAN
    distances = [x - values[0] for x in values]
    mean = _mean(distances)
    deviation = math.sqrt(_sum([(x - mean) * (x - mean) for x in distances]) / (len(values) - 1))
    return 0.0 if deviation <= 1e-12 * max(map(abs, values)) else deviation


def _root_mean_square_of_losses(r: Sequence[float]) -> float:
    return math.sqrt(_mean([min(x, 0.0) * min(x, 0.0) for x in r]))


def _ratio(above: float, below: float) -> float:
    """above / below, where a zero below gives inf with the sign of `above`."""
    return above / below if below != 0 else math.copysign(math.inf, above)


def _or_signed_inf(above: float, below: float) -> float:
    """above / below; over zero inf with the sign of `above`, and NaN if that is 0 too (style `standard`)."""
    if math.isnan(above) or math.isnan(below) or (below == 0 and above == 0):
        return NAN
    return _ratio(above, below)


def _or_nan(above: float, below: float) -> float:
    """above / below, NaN over zero (style `backtesting.py`)."""
    return above / below if below != 0 else NAN


def _power(base: float, exponent: float) -> float:
    """base ** exponent, inf where that is too large for a float."""
    return _bounded(lambda x: base**x, exponent)


def _bounded(function: Callable[[float], float], x: float) -> float:
    try:
        return function(x)
    except OverflowError:
        return math.inf
