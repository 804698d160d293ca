"""Prices as arrays: what indicators, strategies and engines read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["F64", "I8", "I64", "Bool", "Prices"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I8 = npt.NDArray[np.int8]
Bool = npt.NDArray[np.bool_]


class Prices(NamedTuple):
    """The bars of one instrument, oldest first; all arrays C-contiguous and of one length.

    open, high, low, close  (n_bars,)  quote currency per unit; NaN where missing
    volume                  (n_bars,)  units traded, or None where the source has none; plays no part in fills
    """

    open: F64
    high: F64
    low: F64
    close: F64
    volume: F64 | None = None
