"""Rows of two sweeps matched by what they are: identity and swept parameters, never by their place."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from adm_notebook.engine.account import METRICS
from adm_notebook.results.tolerance import agree, tolerance_of

__all__ = ["Rows", "key_of", "row_differences"]

_MEASURES = (*METRICS, "n_signals")


class Rows(NamedTuple):
    """`ResultDiff.rows`, how many combinations it is about, of how many, and whether all figures agree in every bit."""

    frame: pd.DataFrame
    n_apart: int
    n_all: int
    exactly: bool


def row_differences(a: pd.DataFrame, b: pd.DataFrame, rtol: float, scale: float) -> Rows:
    """Compare the `stats` of two results.

    scale  money, the size of the account
    """
    keys = _common_keys(a, b)
    old, new = _by_key(a, keys), _by_key(b, keys)
    both = [key for key in old if key in new]
    i, j = np.array([old[k] for k in both], np.intp), np.array([new[k] for k in both], np.intp)
    changes: dict[tuple[Any, ...], list[tuple[str, Any, Any]]] = {}
    was, now = a["status"].to_numpy(object)[i], b["status"].to_numpy(object)[j]
    for n in np.flatnonzero(was != now):
        changes.setdefault(both[n], []).append(("status", was[n], now[n]))
    ok = (was == "ok") & (now == "ok")
    exactly = len(both) == len(old) == len(new)
    for name in [m for m in _MEASURES if m in a.columns and m in b.columns]:
        x, y = a[name].to_numpy()[i], b[name].to_numpy()[j]
        exactly = exactly and np.array_equal(x[ok].astype(float), y[ok].astype(float), equal_nan=True)
        for n in np.flatnonzero(ok & ~agree(x, y, rtol, tolerance_of(name, rtol, scale))):
            changes.setdefault(both[n], []).append((name, x[n].item(), y[n].item()))
    changes |= {key: [("row", "there", "missing")] for key in old if key not in new}
    changes |= {key: [("row", "missing", "there")] for key in new if key not in old}

    of_a, of_b = (list(zip(stats.index, *(stats[k] for k in keys), strict=True)) for stats in (a, b))
    every = dict.fromkeys([*old, *new])
    found = [
        (*(of_a[old[key]] if key in old else of_b[new[key]]), *change)
        for key in every
        for change in changes.get(key, ())
    ]
    frame = pd.DataFrame(found, columns=["portfolio", *keys, "metric", "old", "new"])
    return Rows(frame, len(changes), len(every), exactly)


def _common_keys(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """The columns that say which combination a row is, in both.

    A classifier or risk profile that is the only one tells no rows apart; one result may name it, the other not.
    """
    keys = [name for name in _keys(a) if name in _keys(b)]
    unsaid = [n for n in ("classifier", "risk_profile") if n in keys and a[n].nunique() <= 1 and b[n].nunique() <= 1]
    return [name for name in keys if name not in unsaid]


def _keys(stats: pd.DataFrame) -> list[str]:
    """The columns that say which combination a row is: all before its figures."""
    names = [str(column) for column in stats.columns]
    ends = next((at for at, name in enumerate(names) if name in (*_MEASURES, "status")), len(names))
    return [name for name in names[:ends] if name != "portfolio"]


def _by_key(stats: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], int]:
    """Position of each row by its identity; equal ones are numbered, as rows of a sweep that the other has not."""
    columns = [[key_of(value) for value in stats[name]] for name in keys]
    seen: Counter[tuple[str, ...]] = Counter()
    found: dict[tuple[Any, ...], int] = {}
    for position in range(len(stats)):
        key = tuple(column[position] for column in columns)
        found[(*key, seen[key])] = position
        seen[key] += 1
    return found


def key_of(value: Any) -> str:
    """What a value of a key is matched by: 5 and 5.0 are one, since a column is of floats where a strategy lacks it."""
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return f"{float(value):.17g}" if number else str(value)
