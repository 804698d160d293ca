"""Which rows can't be traded on: times out of order, prices missing, infinite, not positive, or at odds."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd

from adm_notebook.errors import DataError
from adm_notebook.jit import jit, readonly
from adm_notebook.market.arrays import F64, I8, I64
from adm_notebook.market.tables import Table

__all__ = ["checked", "moment"]

NO_TIME, TWICE, BACKWARDS, MISSING, INFINITE, NOT_POSITIVE, HIGH_TOO_LOW, LOW_TOO_HIGH, NO_VOLUME = range(1, 10)

_KINDS = {
    NO_TIME: "time missing",
    TWICE: "time repeated",
    BACKWARDS: "time out of order",
    MISSING: "price missing",
    INFINITE: "price infinite",
    NOT_POSITIVE: "price not above 0",
    HIGH_TOO_LOW: "high below another price",
    LOW_TOO_HIGH: "low above another price",
    NO_VOLUME: "volume below 0 or infinite",
}
_NAT = np.iinfo(np.int64).min


def checked(table: Table, on_bad_data: Literal["error", "drop"]) -> tuple[Table, tuple[str, ...]]:
    """The table without rows that fail a check, and a note on those dropped.

    Time must be later than in the last row that passed. A row counts under the first check that it fails.

    Raises
    ------
    DataError
        with on_bad_data `error`, naming the first row that fails, its values and how many more there are; always if the
        rows run from newest to oldest, or if none passes.
    """
    kinds = np.zeros(len(table), dtype=np.int8)
    times = table.index.asi8 if isinstance(table.index, pd.DatetimeIndex) else np.empty(0, dtype=np.int64)
    prices = table.prices
    bad = classify(
        readonly(times),
        readonly(prices.open),
        readonly(prices.high),
        readonly(prices.low),
        readonly(prices.close),
        kinds,
    )
    if prices.volume is not None:
        wrong = (kinds == 0) & ((prices.volume < 0) | np.isinf(prices.volume))
        kinds[wrong] = NO_VOLUME
        bad += int(wrong.sum())
    if not bad:
        return table, ()
    if len(times) > 1 and (np.diff(times) < 0).all():
        hint = "Sort the rows by time, oldest first."
        raise DataError(f"{table.origin.label} runs from newest to oldest: {moment(table.index[0])} comes first.", hint)
    first = int(np.argmax(kinds != 0))
    sentence = _sentence(table, first, kinds)
    if on_bad_data == "error":
        more = f" {bad - 1:,} more row{'s are' if bad > 2 else ' is'} bad." if bad > 1 else ""
        hint = "Correct the row, or drop such rows with data_config.on_bad_data: drop"
        raise DataError(f"{table.origin.name_row(int(table.rows[first]))}{sentence}{more}", hint)
    if bad == len(table):
        raise DataError(
            f"{table.origin.label}: none of the {bad:,} rows of {table.symbol} can be used. The first is "
            f"{table.origin.name_row(int(table.rows[first]))}{sentence}"
        )
    counts = [(kind, int((kinds == kind).sum())) for kind in _KINDS]
    listed = ", ".join(f"{_KINDS[kind]}: {count:,}" for kind, count in counts if count)
    name = table.origin.name_row(int(table.rows[first]))
    note = f"{bad:,} row{'s' if bad > 1 else ''} of {table.symbol} dropped ({listed}), first {name}{sentence}"
    return table.take(np.flatnonzero(kinds == 0)), (note,)


@jit
def classify(times: I64, open_: F64, high: F64, low: F64, close: F64, kinds: I8) -> int:
    """Write into `kinds` why each row fails, 0 where it passes; return how many fail.

    times                    (n_rows,)  any unit, the smallest integer where missing; (0,) where there are no times
    open_, high, low, close  (n_rows,)  quote currency per unit
    kinds                    (n_rows,)  written
    """
    bad = 0
    timed = times.shape[0] > 0
    last = _NAT
    for i in range(close.shape[0]):
        o, h, l, c = open_[i], high[i], low[i], close[i]  # noqa: E741 - the letters of the specification
        kind = 0
        if timed and times[i] <= last:
            kind = NO_TIME if times[i] == _NAT else TWICE if times[i] == last else BACKWARDS
        elif not (0.0 < l <= o <= h < np.inf and l <= c <= h):
            if np.isnan(o) or np.isnan(h) or np.isnan(l) or np.isnan(c):
                kind = MISSING
            elif np.isinf(o) or np.isinf(h) or np.isinf(l) or np.isinf(c):
                kind = INFINITE
            elif o <= 0.0 or h <= 0.0 or l <= 0.0 or c <= 0.0:
                kind = NOT_POSITIVE
            elif h < l or h < o or h < c:
                kind = HIGH_TOO_LOW
            else:
                kind = LOW_TOO_HIGH
        kinds[i] = kind
        if kind != 0:
            bad += 1
        elif timed:
            last = times[i]
    return bad


def moment(time: object) -> str:
    """A time as errors and notes show it: local, the date alone at midnight, without a zone."""
    if not isinstance(time, pd.Timestamp):
        return str(time)
    text = time.tz_localize(None).isoformat(sep=" ")
    return text.removesuffix(" 00:00:00") if text.endswith(" 00:00:00") else text.removesuffix(":00")


def _sentence(table: Table, row: int, kinds: I8) -> str:
    """` (2014-03-07): high 1,871.3 is below close 1,878.0.`"""
    kind = int(kinds[row])
    when = table.index[row]
    place = "" if kind == NO_TIME or not isinstance(when, pd.Timestamp) else f" ({moment(when)})"
    values = {name: float(getattr(table.prices, name)[row]) for name in ("open", "high", "low", "close")}
    good = np.flatnonzero(kinds[:row] == 0)
    before = moment(table.index[good[-1]]) if good.size else ""
    if kind == NO_TIME:
        text = " ".join(filter(None, (table.text("date", row), table.text("time", row))))
        what = f"the time {text!r} can't be read" if text and text != "nan" else "the time is missing"
    elif kind == TWICE:
        what = "the row before has the same time"
    elif kind == BACKWARDS:
        what = f"the time is earlier than {before} of the row before"
    elif kind == MISSING:
        name = next(n for n, v in values.items() if math.isnan(v))
        text = table.text(name, row)
        what = f"{name} {text!r} is no number" if text and text.lower() != "nan" else f"{name} is missing"
    elif kind == INFINITE:
        what = f"{next(n for n, v in values.items() if math.isinf(v))} is infinite"
    elif kind == NOT_POSITIVE:
        name = next(n for n, v in values.items() if v <= 0)
        what = f"{name} is {values[name]:,}, but prices must be above 0"
    elif kind == NO_VOLUME:
        assert table.prices.volume is not None
        what = f"volume is {table.prices.volume[row]:,}, but must be a number, 0 or above"
    elif kind == HIGH_TOO_LOW:
        name = next(n for n in ("low", "open", "close") if values["high"] < values[n])
        what = f"high {values['high']:,} is below {name} {values[name]:,}"
    else:
        name = next(n for n in ("open", "close") if values["low"] > values[n])
        what = f"low {values['low']:,} is above {name} {values[name]:,}"
    return f"{place}: {what}."
