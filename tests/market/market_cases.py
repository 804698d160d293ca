"""Small frames of prices that the tests of this folder share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.config.data import DataRequest
from adm_notebook.market import Market, load

DATA = Path(__file__).parents[1] / "data"


def loaded(**config: Any) -> Market:
    """The market that a `data_config` gives."""
    return load(DataRequest.resolve(config))


def random_walk(index: pd.Index, seed: int = 0) -> pd.DataFrame:
    """Consistent bars with volume over `index`."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(index))))
    open_ = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(open_, close) * (1 + rng.uniform(0, 0.01, len(index)))
    low = np.minimum(open_, close) * (1 - rng.uniform(0, 0.01, len(index)))
    volume = rng.integers(1, 1000, len(index)).astype(float)
    return pd.DataFrame({"open": open_, "high": high, "low": low, "close": close, "volume": volume}, index=index)


def days(n: int = 5, **options: Any) -> pd.DataFrame:
    """`n` daily bars from 2024-01-01."""
    return random_walk(pd.date_range("2024-01-01", periods=n, **options))
