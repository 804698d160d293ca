"""One account over a part of its bars, measured as a whole account is."""

from __future__ import annotations

import numpy as np

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import EXIT_REASONS, Account
from adm_notebook.engine.metrics import metrics
from adm_notebook.market.calendar import Calendar

__all__ = ["between", "period_metrics"]

_OPEN = EXIT_REASONS.index("open")


def between(account: Account, start: int, stop: int) -> Account:
    """What an account did from bar `start` to bar `stop` - 1, its bars counted from `start`.

    A trade belongs to the period in which it is closed, with all that it made; before, and in periods that end while
    it is held, it counts as an open one: as time invested, not as a closed trade.
    """
    touching = (account.entry_bar < stop) & (account.exit_bar >= start)
    exit_bar, reason = account.exit_bar[touching], account.exit_reason[touching]
    still_held = exit_bar >= stop
    unfilled = (account.unfilled_bar >= start) & (account.unfilled_bar < stop)
    return Account(
        equity=account.equity[start:stop],
        direction=account.direction[touching],
        size=account.size[touching],
        entry_bar=np.maximum(account.entry_bar[touching] - start, 0),
        entry_price=account.entry_price[touching],
        exit_bar=np.minimum(exit_bar, stop - 1) - start,
        exit_price=account.exit_price[touching],
        pnl=account.pnl[touching],
        returns=account.returns[touching],
        fees=account.fees[touching],
        exit_reason=np.where(still_held, _OPEN, reason).astype(reason.dtype),
        unfilled_bar=account.unfilled_bar[unfilled] - start,
        unfilled_side=account.unfilled_side[unfilled],
        unfilled_reason=account.unfilled_reason[unfilled],
    )


def period_metrics(
    account: Account, start: int, stop: int, calendar: Calendar, settings: Settings, of_period: Calendar | None = None
) -> dict[str, float]:
    """The metrics of the bars `start` to `stop` - 1; over all bars these are the account's own.

    Returns count from the equity at the close before the period, or from the initial capital where there is none. A
    year has as many bars as it has for the whole account.

    Parameters
    ----------
    of_period
        the calendar of the period's bars; only `metrics_style: backtesting.py` needs it, which reads the equity at the
        end of days.
    """
    capital = float(account.equity[start - 1]) if start else settings.initial_capital
    used = of_period if of_period is not None and settings.metrics_style == "backtesting.py" else calendar
    return metrics(between(account, start, stop), used, settings, capital=capital)
