"""What a run is judged by is the same on the whole table, part by part, and as a reader of the table would say."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.results.judged import Judged, best_row, judge
from adm_notebook.results.rows import RowsFolder, read_parts, read_rows

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
    assert judge(lambda: parts, "sharpe", maximise) == expected
    assert judge(lambda: [stats], "sharpe", maximise) == expected
    assert best_row(stats, "sharpe", maximise) == expected.best


@given(rows=ROWS, maximise=st.booleans())
def test_rows_that_were_written_are_judged_as_those_in_memory(
    rows: list[tuple[float, str, float]], maximise: bool, tmp_path_factory: object
) -> None:
    stats = table(rows)
    path: Path = tmp_path_factory.mktemp("judged") / "rows"  # type: ignore[attr-defined]
    folder = RowsFolder(str(path))
    for part in (stats.iloc[1::2], stats.iloc[::2]):
        if len(part):
            folder.append(part)
    folder.commit()
    pd.testing.assert_frame_equal(read_rows(path), stats, check_dtype=False)
    columns = ["sharpe", "n_unfilled", "status", "error"]
    written = judge(lambda: read_parts(path, columns), "sharpe", maximise)
    assert written == judge(lambda: [stats], "sharpe", maximise)


def test_where_nothing_was_simulated_rows_are_counted_and_none_is_best() -> None:
    stats = pd.DataFrame({"status": ["failed", "ok"], "error": ["no bars", ""]})
    assert judge(lambda: [stats], None, True) == Judged(2, 1, 0, None, "no bars")
    assert judge(lambda: [stats.iloc[:0]], None, True) == Judged(0, 0, 0, None, "")
