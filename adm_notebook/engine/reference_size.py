"""How many units an order opens: sections 5a, 5b and the cap of section 7 of the specification, in plain Python."""

from __future__ import annotations

import math

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import UNFILLED_REASONS

__all__ = ["TINY", "floored", "opening_size"]

TINY = 1e-8  # units; less than this is no trade
NO_CASH, BELOW_THE_LOT, CANCELLED, _ = range(len(UNFILLED_REASONS))


def opening_size(
    settings: Settings, *, direction: int, strength: float, P: float, f: float, cash: float
) -> tuple[float, int]:
    """Units to open, and the reason to give if they are 0.

    Parameters
    ----------
    settings
        size, lot, commission, margin and `max_position_value` are read.
    direction
        +1 long, -1 short.
    strength
        in (0, 1], scales `settings.size`.
    P, f
        reference price, and the price with slippage at which the order opens; quote currency per unit.
    cash
        B of the specification after the closing leg, money.

    Returns
    -------
    tuple[float, int]
        units, unsigned: 0, or at least 1e-8; and a position in UNFILLED_REASONS, to be read where they are 0.
    """
    # `volatility` and `risk` are a fraction of all the cash, and what they make of it is in the strength.
    is_fraction = settings.scaled or settings.size_mode == "fraction"
    s = strength if settings.scaled else settings.size * strength
    if settings.size_rule == "whole":
        q, why_not = _whole(settings, is_fraction, s, P, f, cash)
    elif direction > 0:
        q, why_not = _fractional_long(settings, is_fraction, s, P, f, cash)
    else:
        q, why_not = _fractional_short(settings, is_fraction, s, P, f, cash)
    if q >= TINY and settings.max_position_value is not None:
        q, why_not = min(q, floored(settings.max_position_value / f, settings.lot)), BELOW_THE_LOT
    return (q, why_not) if q >= TINY else (0.0, why_not)


def _whole(settings: Settings, is_fraction: bool, s: float, P: float, f: float, cash: float) -> tuple[float, int]:
    """5a, backtesting.py: the rate is taken on P rather than on f, and the fixed fee once for each unit."""
    r, F = settings.commission.rate, settings.commission.fixed
    cash = max(0.0, cash)
    if is_fraction:
        u = f + (F + s * P * r) / s
        q = int(cash * (1 / settings.margin) * s // u)
        return float(q), BELOW_THE_LOT if cash > 0 else NO_CASH
    s = floored(s, 1.0)  # a strength below 1 may ask for half a unit
    if s < TINY:
        return 0.0, BELOW_THE_LOT
    u = f + (F + s * P * r) / s
    return (s if s * u <= cash / settings.margin else 0.0), NO_CASH  # `shortfall` has no say here


def _fractional_long(
    settings: Settings, is_fraction: bool, s: float, P: float, f: float, cash: float
) -> tuple[float, int]:
    """5b, vectorbt: what is wanted, or else what the budget allows."""
    r, F = settings.commission.rate, settings.commission.fixed
    budget = min(cash, s * cash) if is_fraction else cash
    wanted = math.inf if is_fraction else _wanted(settings, s, P)
    if wanted < TINY:
        return 0.0, BELOW_THE_LOT
    needed = wanted * f * (1 + r) + F
    if needed <= budget or math.isclose(needed, budget, rel_tol=1e-9):
        return wanted, BELOW_THE_LOT
    if settings.shortfall == "cancel" and not is_fraction:
        return 0.0, CANCELLED
    affordable = (budget - F) / (1 + r) / f
    return (floored(affordable, settings.lot), BELOW_THE_LOT) if affordable >= TINY else (0.0, NO_CASH)


def _fractional_short(
    settings: Settings, is_fraction: bool, s: float, P: float, f: float, cash: float
) -> tuple[float, int]:
    """5b, vectorbt: a fraction shorts what the cash would buy; units and value know no cash limit."""
    r, F = settings.commission.rate, settings.commission.fixed
    if is_fraction:
        affordable = s * (cash - F) / (f * (1 + r))
        if affordable < TINY:
            return 0.0, NO_CASH
        q = floored(affordable, settings.lot)
    else:
        q = _wanted(settings, s, P)
    if q < TINY:
        return 0.0, BELOW_THE_LOT
    return (0.0, NO_CASH) if q * f * (1 - r) < F else (q, BELOW_THE_LOT)


def _wanted(settings: Settings, s: float, P: float) -> float:
    """Units that `units` or `value` ask for."""
    return floored(s if settings.size_mode == "units" else s / P, settings.lot)


def floored(q: float, lot: float) -> float:
    """`q` down to a whole number of lots; within 1e-9 of one it counts as that one.

    So 0.3 is three lots of 0.1, though binary floats make it 2.9999999999999996 of them.
    """
    if lot == 0:
        return q
    lots, nearest = q / lot, round(q / lot)
    return lot * (nearest if math.isclose(lots, nearest, rel_tol=1e-9) else math.floor(lots))
