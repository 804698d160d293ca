"""W4: 500 SMA pairs on 20 symbols of 8,313 daily bars: ours, a plain numba loop, raptorbt and vectorbt in one run.

    python benchmarks/multi_asset.py [--runs 5]

The symbols are made of the two bundled daily series, S&P 500 and NASDAQ: each is a draw of their days, in stretches of
20 that keep what follows what, put together to 8,313 bars, and shaken by up to 0.1% a day, so that no two are alike.
What is measured, and how, is said in `sweep.py`; all symbols are given to ours in one run, and one after the other to
the rest.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import sweep

BARS, SYMBOLS, STRETCH = 8_313, 20, 20


def symbols() -> dict[str, pd.DataFrame]:
    """The frames, by name."""
    import adm_notebook as adm

    plan = adm.Coordinator().plan(adm.WorkflowConfig(data_config={"source": "sample", "symbols": ["SP500", "NASDAQ"]}))
    index = pd.bdate_range("1990-01-01", periods=BARS)
    made = {}
    for number in range(SYMBOLS):
        rng = np.random.default_rng(number)
        prices = plan.market[("SP500", "NASDAQ")[number % 2]].prices
        open_, high, low, close = (np.asarray(column, dtype=np.float64) for column in prices[:4])
        starts = rng.integers(1, len(close) - STRETCH, -(-BARS // STRETCH))
        days = (starts[:, None] + np.arange(STRETCH)).ravel()[:BARS]
        shaken = np.exp(rng.uniform(-0.001, 0.001, BARS))
        to = 100.0 * np.cumprod(close[days] / close[days - 1] * shaken)  # where each day ends
        frame = pd.DataFrame(
            {name: side[days] / close[days] * to for name, side in (("open", open_), ("high", high), ("low", low))},
            index,
        )
        frame["close"] = to
        prices = frame[["open", "high", "low", "close"]]
        frame["high"], frame["low"] = prices.max(axis=1), prices.min(axis=1)  # scaling rounds
        made[f"S{number:02}"] = frame.assign(volume=1.0)
    return made


sweep.WORKS.clear()
sweep.WORKS["W4"] = lambda: sweep.Work(
    "W4", symbols(), tuple(range(5, 105, 5)), tuple(range(105, 355, 10)), 0.001, "1D", scaled=False
)

if __name__ == "__main__":
    sys.exit(sweep.main(__file__, __doc__))
