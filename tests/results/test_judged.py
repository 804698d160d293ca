"""What a run is judged by is the same on the whole table, part by part, and as a reader of the table would say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.results.judged import Judged, Judging, best_row

VALUES = st.one_of(
    st.floats(-3, 3),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, 1.0 + 1e-10, 1.0 - 1e-10, 1.0 + 1e-8, 1e-13]),
)
ROWS = st.lists(
    st.tuples(VALUES, st.sampled_from(["ok", "ok", "ok", "failed", "invalid"]), st.sampled_from([0, 1, 3, math.nan])),
    min_size=1,
    max_size=25,
)


def plainly(stats: pd.DataFrame, maximise: bool) -> int | None:
    """The best row, by looking at one row after the other."""
    ok = stats[stats["status"] == "ok"]
    known = [value for value in ok["sharpe"] if not math.isnan(value)]
    if not known:
        return int(ok.index[0]) if len(ok) else None
    best = max(known) if maximise else min(known)
    return next(
        int(label)
        for label, value in zip(ok.index, ok["sharpe"], strict=True)
        if value == best or math.isclose(value, best, rel_tol=1e-9, abs_tol=1e-12)
    )


def judged(parts: list[pd.DataFrame], objective: str | None, maximise: bool) -> Judged:
    judging = Judging(objective, maximise)
    for part in parts:
        judging.add(part)
    return judging.judged()


def table(rows: list[tuple[float, str, float]]) -> pd.DataFrame:
    sharpe, status, unfilled = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "sharpe": np.array(sharpe, float),
            "n_unfilled": np.array(unfilled, float),
            "status": list(status),
            "error": ["" if word == "ok" else f"row {i} is {word}" for i, word in enumerate(status)],
        },
        index=pd.Index(np.arange(len(rows)) * 3, name="row"),
    )


@given(rows=ROWS, maximise=st.booleans(), data=st.data())
def test_parts_in_any_order_are_judged_as_their_table_is(
    rows: list[tuple[float, str, float]], maximise: bool, data: st.DataObject
) -> None:
    stats = table(rows)
    owner = np.array([data.draw(st.integers(0, 3)) for _ in rows])
    parts = [stats[owner == k] for k in data.draw(st.permutations(range(4)))]
    expected = Judged(
        n_rows=len(stats),
        n_ok=int((stats["status"] == "ok").sum()),
        unfilled=int((stats["n_unfilled"] > 0).sum()),
        best=plainly(stats, maximise),
        error=str(stats["error"].iloc[0]),
    )
    assert judged(parts, "sharpe", maximise) == expected
    assert judged([stats], "sharpe", maximise) == expected
    assert best_row(stats, "sharpe", maximise) == expected.best


def test_of_values_that_creep_up_only_those_are_kept_that_may_be_best() -> None:
    n = 5_000
    stats = table([(1 + i / n, "ok", 0.0) for i in range(n)])
    judging = Judging("sharpe", True)
    for first in range(0, n, 100):
        judging.add(stats.iloc[first : first + 100])
        assert len(judging._values) == 1
    assert judging.best() == 3 * (n - 1)


def test_where_nothing_was_simulated_rows_are_counted_and_none_is_best() -> None:
    stats = pd.DataFrame({"status": ["failed", "ok"], "error": ["no bars", ""]})
    assert judged([stats], None, True) == Judged(2, 1, 0, None, "no bars")
    assert judged([stats.iloc[:0]], None, True) == Judged(0, 0, 0, None, "")
