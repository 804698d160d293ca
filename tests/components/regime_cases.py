"""Regimes for the tests of what depends on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from adm_notebook.components import Decision, Regimes
from adm_notebook.components.regimes import NO_REGIME

LABELS = ("up", "sideways", "down")


def regimes_of(labels: Sequence[str], known: tuple[str, ...] = LABELS) -> Regimes:
    """Regimes with these labels, bar by bar."""
    return Regimes(known, np.array([-1 if x == NO_REGIME else known.index(x) for x in labels], np.int8), 0)


@st.composite
def any_regimes(draw: st.DrawFn, n_bars: int) -> Regimes:
    """Labels that last for a few bars, `none` among them."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    every = draw(st.sampled_from([1, 3, 10]))
    codes = np.repeat(rng.integers(-1, len(LABELS), n_bars // every + 1), every)[:n_bars]
    return Regimes(LABELS, codes.astype(np.int8), 0)


def first_bars(regimes: Regimes, n_bars: int) -> Regimes:
    """The regimes of the first bars."""
    return Regimes(regimes.labels, regimes.codes[:n_bars], regimes.lookback)


def assert_equal(one: Decision, other: Decision) -> None:
    """The two say the same of every bar."""
    assert one.lookback == other.lookback
    assert (one.target is None, one.flags is None) == (other.target is None, other.flags is None)
    if one.target is not None and other.target is not None:
        np.testing.assert_array_equal(one.target, other.target)
    if one.flags is not None and other.flags is not None:
        for name in ("long_entry", "long_exit", "short_entry", "short_exit"):
            np.testing.assert_array_equal(getattr(one.flags, name), getattr(other.flags, name), err_msg=name)
    assert (one.strength is None) == (other.strength is None)
    if one.strength is not None and other.strength is not None:
        np.testing.assert_array_equal(one.strength, other.strength)
