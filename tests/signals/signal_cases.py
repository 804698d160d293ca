"""Random bars, decisions and regimes, and when two of them are the same to the last bit."""

from __future__ import annotations

from datetime import timedelta, timezone

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from adm_notebook.components import Decision, Flags, Regimes
from adm_notebook.market import Bars, Market, Prices
from adm_notebook.signals import ManifestDraft

FLAGS = ("long_entry", "long_exit", "short_entry", "short_exit")

ZONES = (None, "UTC", "Europe/Paris", "America/New_York", timezone(timedelta(hours=-5)))


def index_of(n_bars: int, zone: object = None, unit: str = "us", freq: str = "D") -> pd.DatetimeIndex:
    return pd.date_range("2020-03-20", periods=n_bars, freq=freq, tz=zone, unit=unit)


def bars_of(symbol: str, index: pd.Index, seed: int = 0) -> Bars:
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, len(index))))
    return Bars(symbol, index, Prices(close, close * 1.01, close * 0.99, close, None))


@st.composite
def indexes(draw: st.DrawFn, n_bars: int) -> pd.Index:
    kind = draw(st.sampled_from(["times", "times", "integers", "labels"]))
    if kind == "times":
        freq = draw(st.sampled_from(["D", "h"]))
        return index_of(n_bars, draw(st.sampled_from(ZONES)), draw(st.sampled_from(["s", "us", "ns"])), freq)
    return pd.RangeIndex(5, 5 + n_bars) if kind == "integers" else pd.Index([f"bar {i}" for i in range(n_bars)])


@st.composite
def decisions(draw: st.DrawFn, n_bars: int) -> Decision:
    """Targets or flags, with any strength that 64 bits can hold: NaN, -0.0 and infinity among them."""
    strength = draw(st.none() | hnp.arrays(np.float64, n_bars, elements=st.floats() | st.sampled_from([0.5, np.nan])))
    lookback = draw(st.integers(0, 300))
    if draw(st.booleans()):
        target = draw(hnp.arrays(np.int8, n_bars, elements=st.integers(-1, 1), fill=st.just(0)))
        return Decision(target, None, strength, lookback)
    flags = [draw(hnp.arrays(np.bool_, n_bars, fill=st.just(False))) for _ in FLAGS]
    return Decision(None, Flags(*flags), strength, lookback)


@st.composite
def regimes_over(draw: st.DrawFn, n_bars: int) -> Regimes:
    labels = tuple(draw(st.lists(st.text("abcü ", min_size=1, max_size=6), min_size=1, max_size=4, unique=True)))
    codes = draw(hnp.arrays(np.int8, n_bars, elements=st.integers(-1, len(labels) - 1)))
    return Regimes(labels, codes, draw(st.integers(0, 300)))


def assert_same_array(a: object, b: object) -> None:
    if a is None or b is None:
        assert a is b
        return
    assert isinstance(a, np.ndarray)
    assert isinstance(b, np.ndarray)
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert a.tobytes() == b.tobytes()


def assert_same_decision(a: Decision, b: Decision) -> None:
    assert a.lookback == b.lookback
    assert_same_array(a.target, b.target)
    assert_same_array(a.strength, b.strength)
    assert (a.flags is None) == (b.flags is None)
    if a.flags is not None and b.flags is not None:
        for name in FLAGS:
            assert_same_array(getattr(a.flags, name), getattr(b.flags, name))


def assert_same_regimes(a: Regimes, b: Regimes) -> None:
    assert (a.labels, a.lookback) == (b.labels, b.lookback)
    assert_same_array(a.codes, b.codes)


def draft_of(*bars: Bars) -> ManifestDraft:
    return ManifestDraft("digest", Market(bars), "workflow_type: analysis\n", {"source": "sample"})


def some_targets(n_bars: int, seed: int) -> Decision:
    """Targets that hold for a while, as those of a strategy do."""
    chosen = np.random.default_rng(seed).integers(-1, 2, n_bars // 5 + 1).astype(np.int8)
    return Decision(np.repeat(chosen, 5)[:n_bars], None, None, 20)


def some_flags(n_bars: int, seed: int) -> Decision:
    drawn = np.random.default_rng(seed).random((4, n_bars)) < 0.1
    strength = np.where(np.arange(n_bars) % 50 < 25, 0.25, 1.0)
    return Decision(None, Flags(*(np.ascontiguousarray(row) for row in drawn)), strength, 5)
