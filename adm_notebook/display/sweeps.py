"""What the rows of a sweep say about each other: rank, median, neighbours, and which parameters matter most.

The rules are those of the specification, section 11, `Comparisons on screen`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from adm_notebook.market.arrays import F64

__all__ = ["axes_of", "is_missing", "is_numeric", "medians", "neighbours", "ok_rows", "plane_of", "ranked"]

_IDENTITY = ("symbol", "strategy", "classifier", "risk_profile")


def ok_rows(stats: pd.DataFrame) -> pd.DataFrame:
    """The rows that ran."""
    return stats[stats["status"] == "ok"] if len(stats) else stats


def ranked(stats: pd.DataFrame, objective: str, maximise: bool) -> pd.DataFrame:
    """The ok rows, best first: infinities rank as numbers, NaN last, equals in their order."""
    return ok_rows(stats).sort_values(objective, ascending=not maximise, kind="stable", na_position="last")


def medians(stats: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """Median of each metric over the ok rows, NaN left out."""
    ok = ok_rows(stats)
    return {name: float(ok[name].astype(float).median()) for name in names}


def is_numeric(column: pd.Series[Any]) -> bool:
    """Whether all values given are numbers (truth values are none)."""
    values = column.dropna()
    if pd.api.types.is_bool_dtype(values.dtype):
        return False
    return pd.api.types.is_numeric_dtype(values.dtype) or all(
        isinstance(v, (int, float)) and not isinstance(v, bool) for v in values
    )


def is_missing(value: Any) -> bool:
    """Whether a row has no such value: NaN or None."""
    return bool(pd.isna(value))


def neighbours(stats: pd.DataFrame, best: int, swept: Sequence[str], objective: str) -> F64:
    """Objective of the ok rows one grid step away from row `best` in any of the swept numeric parameters.

    All else is equal: identity and swept parameters that are no numbers. A step leads to the next value that the
    sweep has for that parameter. Rows whose objective is NaN are left out.
    """
    numeric = [name for name in swept if is_numeric(stats[name])]
    rest = [name for name in (*_IDENTITY, *swept) if name in stats.columns and name not in numeric]
    near = (stats["status"] == "ok").to_numpy() & _equal_to(stats, best, rest)
    at = stats.index.get_loc(best)
    for name in numeric:
        codes = _grid_codes(stats[name])
        near &= np.abs(codes - codes[at]) <= 1 if codes[at] >= 0 else codes < 0
    near[at] = False
    values: F64 = stats[objective].to_numpy(float)[near]
    return values[~np.isnan(values)]


def axes_of(stats: pd.DataFrame, best: int, swept: Sequence[str], objective: str) -> list[str]:
    """The swept parameters that a picture shows: the two with the largest effect, in the config's order.

    A parameter's effect is the spread of the mean objective over its values. Only parameters that vary among rows
    with the identity of row `best` count.
    """
    alike = stats[_equal_to(stats, best, [name for name in _IDENTITY if name in stats.columns])]
    varying = [name for name in swept if alike[name].nunique() > 1 and not is_missing(stats.at[best, name])]
    ok = ok_rows(stats)
    score = ok[objective].astype(float).replace([np.inf, -np.inf], np.nan)

    def effect(name: str) -> float:
        means = score.groupby(ok[name]).mean()
        return float(means.max() - means.min()) if means.notna().any() else 0.0

    if len(varying) <= 2:
        return varying
    chosen = sorted(varying, key=effect, reverse=True)[:2]
    return [name for name in varying if name in chosen]


def plane_of(stats: pd.DataFrame, best: int, swept: Sequence[str], axes: Sequence[str]) -> pd.DataFrame:
    """The rows that share everything with row `best` but the parameters on the axes."""
    held = [name for name in (*_IDENTITY, *swept) if name in stats.columns and name not in axes]
    plane: pd.DataFrame = stats[_equal_to(stats, best, held)]
    return plane


def _equal_to(stats: pd.DataFrame, row: int, names: Sequence[str]) -> Any:
    """(n_rows,) whether a row equals `row` in these columns; missing equals missing."""
    equal = np.ones(len(stats), bool)
    for name in names:
        value = stats.at[row, name]
        equal &= (
            stats[name].isna().to_numpy() if is_missing(value) else (stats[name] == value).fillna(False).to_numpy(bool)
        )
    return equal


def _grid_codes(column: pd.Series[Any]) -> Any:
    """(n_rows,) position of each value among the sorted values of the column; -1 where it is missing."""
    return pd.factorize(column.astype(float), sort=True)[0]
