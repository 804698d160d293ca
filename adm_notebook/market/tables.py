"""From any frame of prices to one table of arrays a symbol: not checked yet, each row knowing where it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from adm_notebook.errors import ConfigError, DataError, Problem, did_you_mean
from adm_notebook.market.arrays import F64, I64, Prices
from adm_notebook.market.columns import PRICES, TIME_NAMES, find_columns, no_time_column, tidy
from adm_notebook.market.times import AmbiguousDatesError, TimesError, read_times

__all__ = ["Origin", "Table", "choose_symbols", "tables_of"]


@dataclass(frozen=True)
class Origin:
    """Where rows came from, and how an error names one of them.

    label     what the user calls the source: `prices.csv`, `frame`, `frame['SPY']`
    name_row  0-based position in the source -> `prices.csv, row 1,204`
    in_file   whether it is a file: files must have times
    """

    label: str
    name_row: Callable[[int], str]
    in_file: bool = False

    @classmethod
    def of_frame(cls, label: str) -> Origin:
        """A frame of the user's: rows are named so that the name can be typed."""
        return cls(label, lambda row: f"{label}.iloc[{row}]")

    @classmethod
    def of_rows(cls, label: str) -> Origin:
        """A file without lines: rows are counted from 1."""
        return cls(label, lambda row: f"{label}, row {row + 1:,}", in_file=True)


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of one symbol in the source's order.

    index   (n_rows,)  times, NaT where they can't be read; any other index where the source has no times
    prices  (n_rows,)  each; NaN where missing or not a number
    rows    (n_rows,)  position of each row in the source
    texts   our names -> the source's columns, for showing what stood in a row
    owner   keeps the memory of the arrays as it is; see Bars
    """

    symbol: str
    origin: Origin
    index: pd.Index
    prices: Prices
    rows: range | I64
    texts: Mapping[str, pd.Series] = field(repr=False)
    owner: object = field(repr=False)

    def __len__(self) -> int:
        return len(self.index)

    def take(self, which: slice | I64) -> Table:
        """Some of the rows: a slice shares memory, positions copy."""
        arrays: list[F64 | None] = [None if array is None else array[which] for array in self.prices]
        if isinstance(which, slice):
            rows: range | I64 = self.rows[which]
        else:
            rows = np.asarray(self.rows, dtype=np.int64)[which]
        prices = Prices(*arrays)  # type: ignore[arg-type]  # volume alone is optional
        return replace(self, index=self.index[which], prices=prices, rows=rows)

    def text(self, name: str, position: int) -> str:
        """What the source has in the column of our `name`, in this row; empty where it has nothing."""
        series = self.texts.get(name)
        value = None if series is None else series.iloc[int(self.rows[position])]
        return "" if value is None or pd.isna(value) else str(value)


def tables_of(
    frame: pd.DataFrame,
    origin: Origin,
    columns: Mapping[str, str],
    *,
    default_symbol: str,
    wanted: Sequence[str] | None,
) -> tuple[list[Table], tuple[str, ...]]:
    """One table for each symbol wanted, in that order (all, in the order of appearance, if None); and notes.

    Symbols stand in a column (`symbol`, `ticker`), in a level of the index or of the columns, or nowhere: then the
    frame holds one, called by the one name that is wanted, else `default_symbol`.

    Raises
    ------
    ConfigError
        for columns and symbols that are not there.
    DataError
        for times that can't be read.
    """
    if len(frame) == 0:
        raise DataError(f"{origin.label} has no rows.")
    if isinstance(frame.columns, pd.MultiIndex):
        return _by_column_level(frame, origin, columns, default_symbol=default_symbol, wanted=wanted)
    if isinstance(frame.index, pd.MultiIndex):
        frame = _with_levels_as_columns(frame, origin)
    names = [str(name) for name in frame.columns]
    position = {name: at for at, name in reversed(list(enumerate(names)))}
    found = find_columns(names, columns, origin.label)
    series = {ours: frame.iloc[:, position[theirs]] for ours, theirs in found.items()}
    index, notes = _times(frame, series, origin, columns)
    arrays = {name: _numbers(series[name]) for name in PRICES}
    volume = _numbers(series["volume"]) if "volume" in series else None
    if volume is not None and np.isnan(volume).all():
        notes, volume = (
            (*notes, f"{origin.label}: column {found['volume']!r} holds no numbers; volume is left out."),
            None,
        )
    prices = Prices(**arrays, volume=volume)
    whole = Table(default_symbol, origin, index, prices, range(len(frame)), series, frame)
    if "symbol" not in series:
        if wanted and len(wanted) > 1 and default_symbol not in wanted:
            message = f"names {len(wanted)} symbols, but {origin.label} has one series of prices and no column `symbol`"
            raise ConfigError(Problem("data_config.symbols", f"{message}. Name one, or give it that column"))
        name = choose_symbols((wanted[0] if wanted and len(wanted) == 1 else default_symbol,), wanted, origin.label)[0]
        return [replace(whole, symbol=name)], notes
    parts = _by_symbol(series["symbol"], origin)
    chosen = choose_symbols(tuple(parts), wanted, origin.label)
    return [replace(whole.take(parts[name]), symbol=name) for name in chosen], notes


def choose_symbols(available: Sequence[str], wanted: Sequence[str] | None, label: str) -> tuple[str, ...]:
    """The symbols `wanted`, or all.

    Raises
    ------
    ConfigError
        if one is not available.
    """
    listed = ", ".join(available[:20]) + (f" and {len(available) - 20} more" if len(available) > 20 else "")
    problems = [
        Problem("data_config.symbols", f"{label} has no symbol {name!r}, but {listed}{'.' if near else ''}{near}")
        for name, near in ((name, did_you_mean(name, available)) for name in wanted or ())
        if name not in available
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(available) if wanted is None else tuple(wanted)


def _by_column_level(
    frame: pd.DataFrame,
    origin: Origin,
    columns: Mapping[str, str],
    *,
    default_symbol: str,
    wanted: Sequence[str] | None,
) -> tuple[list[Table], tuple[str, ...]]:
    """A frame with columns (field, symbol), in either order, as Yahoo's are."""
    levels = [{tidy(name) for name in frame.columns.get_level_values(k)} for k in range(frame.columns.nlevels)]
    fields = [k for k, level in enumerate(levels) if "close" in level or set(columns.values()) & level]
    if len(levels) != 2 or len(fields) != 1:
        raise ConfigError(
            Problem(
                "data_config.frame",
                f"{origin.label} has columns of {len(levels)} levels; two are read: fields and symbols",
            )
        )
    by_symbol = frame.columns.get_level_values(1 - fields[0])
    by_field = frame.columns.get_level_values(fields[0])
    shared = [
        at for at, name in enumerate(by_field) if tidy(name) in TIME_NAMES
    ]  # a time column has no symbol of its own
    available = list(dict.fromkeys(str(name) for at, name in enumerate(by_symbol) if at not in shared))
    tables: list[Table] = []
    notes: dict[str, None] = {}
    for symbol in choose_symbols(available, wanted, origin.label):
        own = [at for at, name in enumerate(by_symbol) if str(name) == symbol or at in shared]
        part = frame.iloc[:, own].set_axis([str(by_field[at]) for at in own], axis=1)
        read, said = tables_of(part, origin, columns, default_symbol=symbol, wanted=None)
        filled = part[[str(by_field[at]) for at in own if at not in shared]].notna().any(axis=1).to_numpy()
        # rows are empty where only the other symbols have a bar
        tables += read if filled.all() else [table.take(np.flatnonzero(filled)) for table in read]
        notes |= dict.fromkeys(said)
    return tables, tuple(notes)


def _with_levels_as_columns(frame: pd.DataFrame, origin: Origin) -> pd.DataFrame:
    """A frame with rows of (symbol, time), in either order, with both as columns.

    Raises
    ------
    ConfigError
        where it can't be told which level is the time.
    """
    index = frame.index
    assert isinstance(index, pd.MultiIndex)
    levels = range(index.nlevels)
    timed = [
        k for k in levels
        if isinstance(index.levels[k], pd.DatetimeIndex | pd.PeriodIndex) or tidy(index.names[k]) in TIME_NAMES
    ]  # fmt: skip
    taken = {tidy(name) for name in frame.columns} & {"symbol", "time"}
    if len(levels) != 2 or len(timed) != 1 or taken:
        named = ", ".join(str(name) if name is not None else "(no name)" for name in index.names)
        message = f"{origin.label} has an index of the levels {named}: two are read, symbols and times. Name them: "
        raise ConfigError(Problem("data_config.frame", message + 'frame.index.names = ["symbol", "time"]'))
    names = ["time" if k == timed[0] else "symbol" for k in levels]
    return frame.set_axis(index.set_names(names)).reset_index()


def _by_symbol(names: pd.Series, origin: Origin) -> dict[str, slice | I64]:
    codes, unique = pd.factorize(names)
    if (codes < 0).any():
        raise DataError(f"{origin.name_row(int(np.argmax(codes < 0)))}: the symbol is missing.")
    if len({str(name) for name in unique}) < len(unique):
        seen = [str(name) for name in unique]
        twice = next(name for name in seen if seen.count(name) > 1)
        hint = "Write each symbol in one way, as text."
        raise DataError(f"{origin.label}: two symbols read {twice!r}, a number and a text.", hint)
    if len(unique) == 1:
        return {str(unique[0]): slice(0, len(names))}
    order = np.argsort(codes, kind="stable").astype(np.int64)
    ends = np.cumsum(np.bincount(codes))
    return {
        str(name): order[end - count : end] for name, end, count in zip(unique, ends, np.bincount(codes), strict=True)
    }


def _times(
    frame: pd.DataFrame, series: Mapping[str, pd.Series], origin: Origin, columns: Mapping[str, str]
) -> tuple[pd.Index, tuple[str, ...]]:
    """The index if it holds times, else a column of times, else an index that reads as one, else the index as it is."""
    index = frame.index
    asked = bool({"time", "date"} & columns.keys())
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex) and not asked:
        return index, ()
    if "date" in series and "time" in series:
        values = _date_and_time(series["date"], series["time"])
    elif "time" in series or "date" in series:
        values = series["time" if "time" in series else "date"]
    elif not isinstance(index, pd.RangeIndex) and (
        tidy(index.name) in TIME_NAMES or not pd.api.types.is_numeric_dtype(index)
    ):
        values = index.to_series()
    elif origin.in_file:
        names = [str(name) for name in frame.columns]
        unused = [name for name in names if tidy(name) not in {tidy(column.name) for column in series.values()}]
        raise ConfigError(Problem("data_config.columns", no_time_column(origin.label, names, unused)))
    else:
        return _without_times(index, origin), ()
    try:
        return read_times(values)
    except AmbiguousDatesError as error:
        raise DataError(f"{origin.label}: column {values.name!r} {error}.", "Write them as 2024-03-31.") from None
    except TimesError as error:
        hint = "If another column holds the times, say so: data_config.columns: {time: NAME}"
        raise DataError(f"{origin.label}: column {values.name!r} {error}.", hint) from None


def _without_times(index: pd.Index, origin: Origin) -> pd.Index:
    """An index that numbers the bars; refused where it can't be their order, or looks like times written as numbers."""
    if isinstance(index, pd.RangeIndex) and index.step > 0:
        return index
    if index.dtype.kind in "iu" and len(index) and int(index[0]) > 100_000_000:
        hint = 'If it holds seconds since 1970: frame.index = pd.to_datetime(frame.index, unit="s", utc=True)'
        raise DataError(f"{origin.label}: the index holds numbers such as {index[0]:,}, which look like times.", hint)
    if index.dtype.kind in "iuf" and not (index.is_monotonic_increasing and index.is_unique):
        hint = "Sort the rows by time, oldest first, and number them: frame.reset_index(drop=True)"
        raise DataError(f"{origin.label}: the index does not increase from row to row.", hint)
    return index


def _date_and_time(date: pd.Series, time: pd.Series) -> pd.Series:
    days: pd.Series = date.dt.strftime("%Y-%m-%d") if date.dtype.kind == "M" else date.astype(str)
    return days.str.cat(time.astype(str), sep=" ").rename(f"{date.name} {time.name}")


def _numbers(series: pd.Series) -> F64:
    """The values as C-contiguous float64, without a copy where they are that already; NaN for what is no number."""
    array: Any
    if pd.api.types.is_numeric_dtype(series.dtype) and series.dtype.kind != "c":
        array = series.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        array = pd.to_numeric(series.astype("str"), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.ascontiguousarray(array, dtype=np.float64)
