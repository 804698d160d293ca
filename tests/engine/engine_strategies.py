"""Random bars, signals, settings and time axes, rich in what accounts stumble over: touches, gaps, flat prices, NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adm_notebook.config.settings import Settings
from adm_notebook.engine.account import Signals
from adm_notebook.market.arrays import Prices


@st.composite
def prices(draw: st.DrawFn, max_bars: int = 40, missing: bool = True) -> Prices:
    """Bars on a coarse grid, so that stops are touched exactly, opens gap, and prices stand still."""
    n = draw(st.integers(1, max_bars))
    steps = arrays(np.int64, n, elements=st.sampled_from([0, 0, 0, 1, -1, 2, -2, 5, -5, 20, -20]))
    tails = arrays(np.int64, n, elements=st.integers(0, 4))
    close = np.maximum(100 + np.cumsum(draw(steps)), 1.0)
    open_ = np.maximum(np.append(100.0, close[:-1]) + draw(steps) // 2, 1.0)
    high = np.maximum(open_, close) + draw(tails)
    low = np.maximum(np.minimum(open_, close) - draw(tails), 0.5)
    scale = draw(st.sampled_from([1.0, 1.0, 0.01, 37.3]))
    columns = [open_ * scale, high * scale, low * scale, close * scale]
    if missing and draw(st.booleans()):
        holes = draw(arrays(np.int8, (4, n), elements=st.integers(0, 7)))
        whole = draw(arrays(np.int8, n, elements=st.integers(0, 9)))
        for column, hole in zip(columns, holes, strict=True):
            column[(hole == 7) | (whole == 9)] = np.nan
    return Prices(*columns)


@st.composite
def signals(draw: st.DrawFn, n_bars: int) -> Signals:
    """Four independent flags, sparse or dense, so that all conflicts arise; often a strength, at times 0."""
    flag = arrays(np.int8, n_bars, elements=st.integers(0, draw(st.sampled_from([2, 4, 8]))))
    flags = [draw(flag) == 1 for _ in range(4)]
    strength = arrays(np.float64, n_bars, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.0]))
    return Signals(*flags, draw(st.none() | strength))


def _some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def distances(draw: st.DrawFn) -> dict[str, float]:
    """Stops that follow the market, over few bars, so that they are known on some bars and not on others."""
    return {draw(_some("atr", "std")): draw(_some(0.3, 1.0, 4.0, 60.0)), "period": draw(st.integers(2, 6))}


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    """Any valid combination of settings."""
    whole = draw(st.booleans())
    mode = draw(_some("fraction", "units", "volatility", "risk", *(() if whole else ("value",))))
    sizes: dict[str, tuple[float, ...]] = {
        "fraction": (0.1, 0.5, 1.0, 1 - 2**-52, 1.7),
        "units": (1, 3, 40),
        "value": (30, 900, 50_000),
        "volatility": (0.05, 0.5, 3.0),
        "risk": (0.001, 0.02, 0.5),
    }
    if mode == "units" and not whole:
        sizes["units"] += (0.3, 2.5)
    fill = draw(_some("next_open", "close", "prev_close"))
    stop_loss = draw(st.just(0.03) if mode == "risk" else st.none()) or draw(_some(None, 0.01, 0.05, 0.2, 1.5))
    stop_loss = draw(st.just(stop_loss) | distances())
    given: dict[str, Any] = {
        "preset": draw(_some("default", "backtesting.py", "vectorbt")),
        "initial_capital": draw(_some(30.0, 1000.0, 10_000.0, 123_456.7)),
        "fill": fill,
        "size_mode": mode,
        "size": draw(_some(*sizes[mode])),
        "size_rule": "whole" if whole else "fractional",
        "commission": {
            "rate": draw(_some(0.0, 0.0, 0.001, 0.05)),
            "fixed": draw(_some(0.0, 0.0, 1.0, 7.0)),
            "fixed_per": draw(_some("leg", "order")),
        },
        "slippage": {"entry": draw(_some(0.0, 0.0, 0.01)), "exit": draw(_some(0.0, 0.0, 0.02))},
        "margin": draw(_some(1.0, 0.5, 0.1)) if whole and mode not in ("volatility", "risk") else 1.0,
        "stop_loss": stop_loss,
        "take_profit": draw(_some(None, 0.01, 0.05, 0.2, 1.5) | distances()),
        "trailing": stop_loss is not None and draw(st.booleans()),
        "stop_base": draw(_some("signal_close", "fill")),
        "opposite": draw(_some("reverse", "close", "ignore")),
        "shortfall": draw(_some("cancel", "partial")),
        "after_stop": draw(_some("keep", "drop")),
        "finalize": draw(_some("none", "last_close") if fill == "close" else _some("none", "last_open", "last_close")),
        "ruin": draw(st.booleans()),
        "warmup": draw(st.integers(0, 4)),
        "periods_per_year": draw(_some("auto", "spacing", 252.0)),
        "metrics_style": draw(_some("standard", "backtesting.py")),
        "max_position_value": draw(_some(None, None, 700.0, 3.0)),
        "max_drawdown": draw(_some(None, None, 0.001, 0.05, 0.3)),
        "max_daily_loss": draw(_some(None, None, 0.0001, 0.01, 0.1)),
        "volatility": {"method": draw(_some("std", "atr")), "period": draw(st.integers(2, 6))},
    }
    if not whole:
        given["lot_size"] = draw(_some(0.0, 1.0, 0.1, 0.25))
    return Settings.resolve(given)


ZONES = (None, "UTC", "America/New_York", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe")


@st.composite
def times(draw: st.DrawFn, n_bars: int) -> pd.DatetimeIndex:
    """Increasing times of any spacing, in any zone and unit, often across a change of clocks."""
    minutes = _some(1, 5, 60, 240, 1440, 1440, 7 * 1440, 31 * 1440, 92 * 1440, 365 * 1440)
    step = draw(minutes)
    gaps = draw(arrays(np.int64, n_bars, elements=_some(1, 1, 1, 1, 1, 2, 3, 60 if step < 1440 else 4)))
    start = draw(_some("2004-10-30T20:00", "2010-03-13T22:00", "2010-11-06T23:30", "2024-06-03T09:30"))
    moments = np.datetime64(start, "s") + (np.cumsum(gaps) * step * 60).astype("timedelta64[s]")
    index = pd.DatetimeIndex(moments).as_unit(draw(_some("s", "us", "ns")))
    zone = draw(st.sampled_from(ZONES))
    return index if zone is None else index.tz_localize("UTC").tz_convert(zone)
