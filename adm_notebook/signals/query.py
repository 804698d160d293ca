"""Which combinations and which times a user means."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from adm_notebook.errors import RunError, did_you_mean, shown
from adm_notebook.signals.manifest import ParameterType
from adm_notebook.signals.spool import FILTERS, column_value

if TYPE_CHECKING:
    from adm_notebook.market.arrays import Bool

__all__ = ["period", "selected"]


def selected(
    combinations: pd.DataFrame,
    kinds: Mapping[str, ParameterType],
    wanted: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> Bool:
    """(n_combinations,) those that a user names.

    Parameters
    ----------
    combinations
        all, with their columns of parameters.
    kinds
        how each of these columns holds values.
    wanted
        `symbol`, `strategy`, `classifier`, `combination`: a value, several, or None for all.
    parameters
        column -> value, or several.

    Raises
    ------
    RunError
        for names that there are not.
    """
    mask = np.ones(len(combinations), np.bool_)
    for name, value in wanted.items():
        if value is None:
            continue
        column = combinations[name]
        values = _several(value)
        known = column.dropna().unique().tolist()
        for one in values:
            if one not in known:
                raise RunError(f"there are no signals of {name} {shown(one)}.{_instead(one, known)}")
        mask &= column.isin(values).to_numpy()
    for name, value in parameters.items():
        column_name = name if name in kinds else f"param.{name}"  # of a parameter called `kind`
        if column_name not in kinds:
            known = [*kinds, *FILTERS]
            guess = did_you_mean(name, known) or f" Known here: {', '.join(known)}"
            raise RunError(f"no combination has a parameter {shown(name)}.{guess}")
        values = [column_value(one, kinds[column_name]) for one in _several(value)]
        mask &= combinations[column_name].isin(values).to_numpy()
    return mask


def _several(value: Any) -> list[Any]:
    """What a user compares with: one value, or the members of a list."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, (Collection, np.ndarray, pd.Series, range)):
        return [value]
    return list(value)


def _instead(value: object, known: Sequence[Any]) -> str:
    if not known:
        return " There are none"
    if all(isinstance(name, str) for name in known):
        return did_you_mean(value, known) or f" There are {', '.join(known[:5])}{', ...' if len(known) > 5 else ''}"
    return f" They are numbered {min(known)} to {max(known)}"


def period(kind: pa.DataType, start: Any, end: Any) -> Any:
    """The expression for bars from `start` to the end of `end`, as `data_config` reads them; None for all.

    A date means its whole day; dates, and times without a zone, are read in the zone of the column. Where bars have
    whole numbers for times, so have `start` and `end`.

    Raises
    ------
    RunError
        for what is no time, or has a zone where the column has none; and where bars have labels.
    """
    found = None
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            bound = _bound(kind, name, value)
            found = bound if found is None else found & bound
    return found


def _bound(kind: pa.DataType, name: str, value: Any) -> Any:
    time = ds.field("time")
    if pa.types.is_integer(kind):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise RunError(f"{name} must be a whole number, as the bars have no times, but was {shown(value)}")
        return time >= int(value) if name == "start" else time <= int(value)
    if not pa.types.is_timestamp(kind):
        raise RunError(f"{name} needs times, but these bars have labels; filter the column `time` of all signals")
    whole_day = _is_date(value)
    stamp = None if isinstance(value, (int, float)) else pd.to_datetime(value, errors="coerce")
    if not isinstance(stamp, pd.Timestamp):  # NaT is none
        raise RunError(f"{name} must be a time, e.g. '2014-03-07 15:30' or '2014-03-07', but was {shown(value)}")
    if name == "end" and whole_day:
        stamp += timedelta(days=1)
    zone = None if kind.tz is None else kind.to_pandas_dtype().tz
    if stamp.tz is not None and zone is None:
        raise RunError(f"{name} has a time zone, but these bars have none: write {shown(str(stamp.tz_localize(None)))}")
    if zone is not None and stamp.tz is None:
        stamp = stamp.tz_localize(zone, ambiguous=name == "start", nonexistent="shift_forward")
    ticks, exact = _ticks(stamp, kind.unit)
    if name == "start":
        return time >= _scalar(ticks if exact else ticks + 1, kind)
    return time < _scalar(ticks, kind) if whole_day and exact else time <= _scalar(ticks, kind)


def _is_date(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip()) is not None
    return isinstance(value, date) and not isinstance(value, datetime)


def _ticks(stamp: pd.Timestamp, unit: str) -> tuple[int, bool]:
    """Since 1970, rounded down; and whether that is exact."""
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
    have, want = per_second[stamp.unit], per_second[unit]
    utc = stamp if stamp.tz is None else stamp.tz_convert("UTC").tz_localize(None)
    value = int(utc.to_datetime64().astype(np.int64))
    whole, rest = divmod(value * want, have)
    return whole, rest == 0


def _scalar(ticks: int, kind: pa.DataType) -> Any:
    return pa.scalar(ticks, pa.int64()).cast(kind)
