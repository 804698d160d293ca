"""The part of the data that a run is about: from `start` to the end of `end`."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from adm_notebook.config.data import DataConfig
from adm_notebook.errors import ConfigError, DataError, Problem
from adm_notebook.market.checks import moment
from adm_notebook.market.tables import Table

__all__ = ["cut"]


def cut(table: Table, config: DataConfig) -> Table:
    """The rows of the period, in their order; rows without a readable time stay, for the checks to find.

    A date means its whole day; dates, and times without a zone, are read in the data's. In the hour that a clock
    repeats, `start` is the first of the two moments and `end` the second.

    Raises
    ------
    ConfigError
        if the data have no times, or have no zone but start or end does.
    DataError
        if nothing is left, saying which period the data cover.
    """
    if config.start is None and config.end is None:
        return table
    index = table.index
    if not isinstance(index, pd.DatetimeIndex):
        name = "start" if config.start is not None else "end"
        raise ConfigError(
            Problem(
                f"data_config.{name}",
                f"needs times, but {table.origin.label} has none; name their column: columns: {{time: NAME}}",
            )
        )
    inside = np.ones(len(index), dtype=np.bool_)
    if config.start is not None:
        inside &= index >= _stamp(config.start, index, table, last=False)
    if config.end is not None:
        if isinstance(config.end, datetime):
            inside &= index <= _stamp(config.end, index, table, last=True)
        else:
            inside &= index < _stamp(config.end + timedelta(days=1), index, table, last=True)
    if not inside.any():
        known = index.dropna()
        covers = (
            f"it covers {moment(known.min())} to {moment(known.max())}"
            if len(known)
            else "none of its times can be read"
        )
        bounds = " ".join(f"{word} {at}" for word, at in (("from", config.start), ("to", config.end)) if at is not None)
        raise DataError(
            f"{table.origin.label} has no bars of {table.symbol} {bounds}; {covers}.",
            "Change data_config.start or end.",
        )
    inside |= index.isna()
    if inside.all():
        return table
    rows = np.flatnonzero(inside)
    first, last = int(rows[0]), int(rows[-1])
    return table.take(slice(first, last + 1) if last - first + 1 == len(rows) else rows)


def _stamp(at: date, index: pd.DatetimeIndex, table: Table, *, last: bool) -> pd.Timestamp:
    stamp = pd.Timestamp(at)
    if stamp.tz is not None:
        if index.tz is None:
            field = "end" if last else "start"
            raise ConfigError(
                Problem(
                    f"data_config.{field}",
                    f"has a time zone, but the times of {table.origin.label} have none: write {moment(stamp)}",
                )
            )
        return stamp
    return stamp if index.tz is None else stamp.tz_localize(index.tz, ambiguous=not last, nonexistent="shift_forward")
