"""The files of a store, and their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from adm_notebook.market import Bars
from adm_notebook.signals.sparse import FLAGS

__all__ = [
    "CLASSIFIERS",
    "CLASSIFIER_COLUMNS",
    "COMBINATIONS",
    "COMBINATION_COLUMNS",
    "MANIFEST",
    "SPOOL",
    "file_names",
    "is_store_file",
    "regime_schema",
    "signal_schema",
    "time_type",
    "times",
]

MANIFEST, COMBINATIONS, CLASSIFIERS = "manifest.json", "combinations.parquet", "classifiers.parquet"
SPOOL = "combinations.spool"
"""Combinations while they are collected; gone when the store is complete."""

COMBINATION_COLUMNS = pa.schema(
    [
        ("combination", pa.int32()),
        ("symbol", pa.string()),
        ("classifier", pa.string()),
        ("classifier_id", pa.int32()),
        ("strategy", pa.string()),
        ("member", pa.string()),
        ("kind", pa.string()),
        ("identity", pa.string()),
        ("form", pa.string()),
        ("has_strength", pa.bool_()),
        ("lookback_bars", pa.int64()),
        ("n_signals", pa.int64()),
        ("members", pa.list_(pa.int32())),
        ("file", pa.string()),
        ("first_row", pa.int64()),
        ("parameters", pa.string()),
    ]
)
"""One row a combination; a column for each parameter follows.

classifier, classifier_id  where the strategy heeds regimes: whose
strategy, member           its label; of an ensemble's member the ensemble's, and the member's own
kind, identity             its type, and the digest of a user's code
form                       `targets`, `flags`, or `ensemble`: that has no rows of its own, but `members`
lookback_bars              of the decision; many strategies have a parameter `lookback`
members                    combinations that vote, in order
file, first_row            where its `n_signals` rows lie, one after the other
parameters                 canonical JSON
"""

CLASSIFIER_COLUMNS = pa.schema(
    [
        ("classifier_id", pa.int32()),
        ("symbol", pa.string()),
        ("classifier", pa.string()),
        ("kind", pa.string()),
        ("identity", pa.string()),
        ("parameters", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("lookback", pa.int64()),
        ("n_changes", pa.int64()),
        ("file", pa.string()),
        ("first_row", pa.int64()),
    ]
)


def signal_schema(time: pa.DataType) -> pa.Schema:
    """Columns of a file of signals, one row a bar on which a combination said something new."""
    return pa.schema(
        [
            ("combination", pa.int32()),
            ("symbol", pa.string()),
            ("strategy", pa.string()),
            ("time", time),
            ("bar", pa.int32()),
            ("direction", pa.int8()),
            *((name, pa.bool_()) for name in FLAGS),
            ("strength", pa.float64()),
            ("price", pa.float64()),
            ("regime", pa.string()),
        ]
    )


def regime_schema(time: pa.DataType) -> pa.Schema:
    """Columns of a file of regimes, one row a change."""
    return pa.schema(
        [
            ("classifier_id", pa.int32()),
            ("symbol", pa.string()),
            ("classifier", pa.string()),
            ("time", time),
            ("bar", pa.int32()),
            ("regime", pa.string()),
        ]
    )


def time_type(index: pd.Index) -> pa.DataType:
    """The type of a column `time`: times in their zone, whole numbers, or text.

    Parquet has no seconds, so that times in seconds are kept in microseconds.
    """
    if isinstance(index, pd.DatetimeIndex):
        kind = pa.array(index[:0]).type
        return pa.timestamp("us", kind.tz) if kind.unit in ("s", "ms") else kind
    return pa.int64() if index.dtype.kind in "iu" else pa.string()


def times(index: pd.Index) -> pa.Array:
    """(n_bars,) the column `time` of all bars."""
    kind = time_type(index)
    if pa.types.is_timestamp(kind):
        return pa.array(index).cast(kind)
    if pa.types.is_integer(kind):
        return pa.array(index.to_numpy(dtype=np.int64))
    return pa.array([str(label) for label in index], kind)


def file_names(market: Mapping[str, Bars], stem: str) -> dict[str, tuple[str, pa.DataType]]:
    """By symbol: the file that holds its rows, and the type of its times; a file has one zone.

    The first symbol's is `signals.parquet`, the next zone's `signals_2.parquet`.
    """
    found: dict[Any, str] = {}
    files = {}
    for symbol, bars in market.items():
        kind = time_type(bars.index)
        number = len(found) + 1
        name = found.setdefault(kind, f"{stem}.parquet" if number == 1 else f"{stem}_{number}.parquet")
        files[symbol] = name, kind
    return files


def is_store_file(name: str) -> bool:
    """Whether a store has a file of that name."""
    stem, dot, ending = name.partition(".")
    base, _, number = stem.partition("_")
    numbered = base in ("signals", "regimes") and (not number or number.isdecimal())
    return name in (MANIFEST, COMBINATIONS, CLASSIFIERS, SPOOL) or (numbered and dot + ending == ".parquet")
