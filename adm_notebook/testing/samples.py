"""Bars that components are tested on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.market import Bars
from adm_notebook.market.arrays import Prices

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bars_from", "cuts", "sample_bars", "with_holes"]


def sample_bars(n: int = 300, seed: int = 1) -> pd.DataFrame:
    """A random walk of `n` weekdays from 2020 on, with a flat stretch and volume; the same for the same seed.

    Examples
    --------
    >>> sample_bars(5).columns.tolist()
    ['open', 'high', 'low', 'close', 'volume']
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.02, n)
    steps[n // 2 : n // 2 + n // 10] = 0.0
    close = 100 * np.exp(np.cumsum(steps))
    open_ = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(open_, close) * (1 + rng.uniform(0, 0.01, n))
    low = np.minimum(open_, close) * (1 - rng.uniform(0, 0.01, n))
    volume = np.round(rng.uniform(100, 1000, n))
    index = pd.bdate_range("2020-01-01", periods=n)
    return pd.DataFrame({"open": open_, "high": high, "low": low, "close": close, "volume": volume}, index=index)


def bars_from(frame: pd.DataFrame) -> Bars:
    """A frame as components read it; unlike a run, it takes bars without a close."""
    columns: dict[str, Any] = {name: frame[name].to_numpy(float) for name in ("open", "high", "low", "close")}
    return Bars(
        "TEST", frame.index, Prices(**columns, volume=frame["volume"].to_numpy(float) if "volume" in frame else None)
    )


def with_holes(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the prices of every seventh bar missing, the first among them."""
    holed = frame.copy()
    holed.loc[holed.index[::7], ["open", "high", "low", "close"]] = np.nan
    return holed


def cuts(n: int) -> Iterator[int]:
    """How many of `n` bars to compute something on again, to see whether what came earlier knows later bars."""
    yield from sorted({max(1, round(n * share)) for share in np.linspace(0.15, 0.99, 16)} - {n})
