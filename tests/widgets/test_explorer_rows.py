"""The explorer's table: what a filter keeps, how rows are ordered, what a window holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adm_notebook.errors import ConfigError
from adm_notebook.widgets.explorer_heat import MOST, heat_map
from adm_notebook.widgets.explorer_rows import WINDOW, Rows


def table(n: int, seed: int = 0, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sharpe = rng.normal(0, 1, n).round(2)
    sharpe[rng.random(n) < 0.1] = np.nan
    given_ = {"symbol": rng.choice(["A", "B"], n), "fast": rng.integers(1, 9, n), **columns}
    return pd.DataFrame(
        {**given_, "sharpe": sharpe, "n_trades": rng.integers(0, 30, n), "status": "ok", "error": None},
        index=np.arange(n) + 3,
    )


def rows(stats: pd.DataFrame) -> Rows:
    return Rows(stats, ["fast"], "sharpe", maximise=True)


OPERATORS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


@given(
    st.integers(0, 99),
    st.sampled_from(["sharpe", "fast", "n_trades"]),
    st.sampled_from(sorted(OPERATORS)),
    st.integers(-2, 20),
)
def test_a_filter_keeps_the_rows_that_meet_it_and_none_without_a_value(
    seed: int, column: str, sign: str, value: int
) -> None:
    stats = table(40, seed)
    shown = rows(stats)
    shown.keep(f"{column} {sign} {value}")
    met = OPERATORS[sign](stats[column], value) & stats[column].notna()
    assert set(shown.labels) == set(stats.index[met])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("symbol == 'A'", lambda s: s["symbol"] == "A"),
        ("symbol == 'A' and not fast > 4", lambda s: (s["symbol"] == "A") & (s["fast"] <= 4)),
        ("n_trades / fast > 3", lambda s: s["n_trades"] / s["fast"] > 3),
        ("2 < fast <= 5 or row == 3", lambda s: s["fast"].between(3, 5) | (s.index == 3)),
        ("`an odd name` > 2", lambda s: s["an odd name"] > 2),
        ("kind == 'ema'", lambda s: s["kind"] == "ema"),
        ("bars.fast >= 2", lambda s: s["bars.fast"] >= 2),
    ],
)
def test_filters_read_text_arithmetic_and_odd_names(text: str, meant) -> None:  # type: ignore[no-untyped-def]
    n = 60
    odd = {
        "an odd name": np.arange(n) % 5,
        "kind": np.where(np.arange(n) % 3, "ema", None),
        "bars.fast": np.arange(n) % 4,
    }
    stats = table(n, **odd)
    shown = rows(stats)
    shown.keep(text)
    assert set(shown.labels) == set(stats.index[meant(stats)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sharp > 0.4", "No column `sharp`. Did you mean `sharpe`?"),
        ("sharpe = 1", "has a single `=`"),
        ("__import__('os').system('x') == 0", "has something a condition can't hold"),
        ("sharpe", "is not a condition"),
        ("symbol > 3", "compares text with numbers"),
        ("`no such` > 3", "No column `no such`"),
        ("fast / 0 > 1", "divides by zero"),
    ],
)
def test_a_filter_that_cannot_be_read_says_why_and_changes_nothing(text: str, said: str) -> None:
    shown = rows(table(20))
    shown.keep("fast > 2")
    before = shown.labels.tolist()
    with pytest.raises(ConfigError) as error:
        shown.keep(text)
    assert said in error.value.problems[0].message
    assert shown.labels.tolist() == before


def test_where_nothing_matches_the_nearest_value_is_named() -> None:
    stats = table(30)
    shown = rows(stats)
    shown.keep("sharpe > 90")
    assert shown.nothing() == f"No row matches. The highest sharpe is {stats['sharpe'].max():.3f}."
    shown.keep("n_trades < 0")
    assert shown.nothing() == f"No row matches. The lowest n_trades is {stats['n_trades'].min()}."
    shown.keep("")
    assert shown.nothing() == ""


@given(st.integers(0, 99), st.sampled_from(["sharpe", "symbol", "n_trades", "row"]), st.booleans())
def test_rows_are_sorted_with_missing_values_last_and_equals_as_planned(
    seed: int, column: str, descending: bool
) -> None:
    stats = table(50, seed).assign(row=lambda s: s.index)
    shown = rows(stats)
    shown.sort(column, descending)
    wanted = stats.sort_values(column, ascending=not descending, kind="stable", na_position="last")
    assert shown.labels.tolist() == wanted.index.tolist()


@given(st.integers(0, 350), st.integers(0, 400))
def test_windows_are_at_most_a_hundred_rows_and_together_the_table(n: int, start: int) -> None:
    shown = rows(table(n))
    window = shown.window(start)
    assert len(window) == max(0, min(WINDOW, n - start))
    assert all(len(row) == len(shown.columns) for row in window)
    assert [row[0] for row in window] == [f"{label:,}" for label in shown.labels[start : start + WINDOW]]


def test_a_hundred_thousand_rows_are_filtered_and_read_by_window() -> None:
    stats = table(100_000)
    shown = rows(stats)
    shown.keep("sharpe > 0.5 and n_trades >= 10")
    assert len(shown) == int(((stats["sharpe"] > 0.5) & (stats["n_trades"] >= 10)).sum())
    assert sum(len(text) for row in shown.window(10_000) for text in row) < 16_000


# ---- the heatmap ----------------------------------------------------------------------------------------------------


def grid(ny: int, nx: int) -> pd.DataFrame:
    y, x = (a.ravel() for a in np.meshgrid(np.arange(ny), np.arange(nx), indexing="ij"))
    stats = table(ny * nx, fast=y, slow=x)
    stats["symbol"] = "A"
    return stats


@given(st.integers(2, 90), st.integers(2, 90))
def test_a_cell_stands_for_the_best_of_its_rows(ny: int, nx: int) -> None:
    stats = grid(ny, nx)
    found = heat_map(stats, int(stats.index[0]), ["fast", "slow"], "sharpe", maximise=True)
    assert found is not None
    assert found.values.shape == (len(found.ys), len(found.xs))
    assert max(found.values.shape) <= MOST
    best = int(stats["sharpe"].idxmax())
    y, x = found.place(best) or (-1, -1)
    assert found.values[y, x] == stats["sharpe"].max()
    for value, label in zip(found.values.ravel(), found.labels.ravel(), strict=True):
        assert stats.at[int(label), "sharpe"] == value or np.isnan(value)


def test_one_parameter_alone_is_a_strip_and_none_is_no_heatmap() -> None:
    stats = grid(1, 6)
    found = heat_map(stats, int(stats.index[2]), ["slow"], "sharpe", maximise=True)
    assert found is not None
    assert (found.rows, found.values.shape) == ("", (1, 6))
    assert heat_map(stats, int(stats.index[2]), [], "sharpe", maximise=True) is None
    assert heat_map(stats, None, ["slow"], "sharpe", maximise=True) is None
