"""When figures of two results agree: NaN with NaN, an infinity with itself only, numbers within a tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["agree", "tolerance_of"]

_MONEY = ("expectancy", "fees", "final_equity", "pnl")


def agree(x: Any, y: Any, rtol: float, atol: Any) -> Any:
    """Where figures agree: within `rtol` of the larger one, or within `atol`.

    x, y  (n,) or scalars; what is no number counts as NaN only where it is None
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    finite = np.isfinite(x) & np.isfinite(y)
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf; the largest floats
        near = np.abs(x - y) <= np.maximum(rtol * np.maximum(np.abs(x), np.abs(y)), atol)
    return (x == y) | (np.isnan(x) & np.isnan(y)) | (finite & near)


def tolerance_of(name: str, rtol: float, scale: float) -> float:
    """The absolute one of a figure: of money, a share of the account's size; of others, rounding next to zero."""
    return rtol * scale if name in _MONEY else 1e-12
