"""`data_config`: which prices a run reads, from where, over which period and in which timeframe."""

from __future__ import annotations

import calendar
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, NoReturn, Self

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError, field_validator, model_validator

from adm_notebook.config.frozen import FrozenConfig, digest_of, problems_of
from adm_notebook.config.timeframe import Timeframe
from adm_notebook.errors import ConfigError, Problem, did_you_mean, shown

__all__ = [
    "COLUMN_TARGETS",
    "CSV_SUFFIXES",
    "PARQUET_SUFFIXES",
    "WRITE_INSTEAD",
    "DataConfig",
    "DataRequest",
    "Frames",
    "located",
    "names_in",
    "not_frames",
]

Frames = pd.DataFrame | Mapping[str, pd.DataFrame]

COLUMN_TARGETS = ("time", "date", "open", "high", "low", "close", "volume", "symbol")
"""Our names of columns: the keys of `data_config.columns`. `date` and `time` together are one moment."""

CSV_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".csv.bz2", ".csv.zst")
PARQUET_SUFFIXES = (".parquet", ".pq", ".parq")

WRITE_INSTEAD = {
    **dict.fromkeys(("file_path", "file", "filename", "data_path", "csv", "csv_path", "parquet", "folder"), "path"),
    **dict.fromkeys(("start_date", "from", "begin", "since"), "start"),
    **dict.fromkeys(("end_date", "to", "until", "stop"), "end"),
    **dict.fromkeys(("frequency", "freq", "interval", "resolution", "bar_size", "resample"), "timeframe"),
    **dict.fromkeys(("symbol", "ticker", "tickers", "instruments"), "symbols"),
    **dict.fromkeys(("df", "data", "dataframe", "frames"), "frame"),
    **dict.fromkeys(("limit", "n_bars", "max_rows", "nrows"), "max_bars"),
}
"""What keys of the section are called elsewhere -> ours."""


class DataConfig(FrozenConfig):
    """The fields of `data_config`, apart from `frame`."""

    source: str | None = Field(None, description="sample, csv, parquet, frame, or a registered source")
    path: str | tuple[str, ...] | dict[str, str] | None = Field(
        None, description="a file, several (a list, or symbol: file), a folder or a glob with one file a symbol"
    )
    symbols: tuple[str, ...] | None = Field(
        None, description="which of the source's symbols; all of its if none is named"
    )
    start: datetime | date | None = Field(None, description="first moment or day, in the data's time zone")
    end: datetime | date | None = Field(None, description="last moment or day, included")
    timeframe: str | None = Field(None, description="resample to bars of this length: 5min, 1h, 1d, 1w, 1mo")
    max_bars: int | None = Field(None, gt=0, description="the first so many bars of the period, before resampling")
    columns: dict[str, str] = Field({}, description="our name: the file's name, where we do not find it ourselves")
    on_bad_data: Literal["error", "drop"] = Field("error", description="what to do with rows that fail the checks")

    @property
    def spec(self) -> dict[str, Any]:
        """What of this belongs to the identity of a run: everything but where files lie."""
        return self.model_dump(mode="json", exclude={"path"})

    @property
    def digest(self) -> str:
        """sha256 of `spec`."""
        return digest_of(self.spec)

    @field_validator("path", mode="before")
    @classmethod
    def _paths_as_text(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            _read_apart(value)
            value = {str(k): _path_text(v) for k, v in value.items()}
        elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            value = tuple(value)
        if isinstance(value, (dict, tuple)) and not value:
            raise ValueError(f"must name at least one file, but was an empty {'list' if value == () else 'mapping'}")
        if isinstance(value, dict):
            return value
        if isinstance(value, tuple):
            return tuple(_path_text(v) for v in value)
        return None if value is None else _path_text(value)

    @field_validator("symbols", mode="before")
    @classmethod
    def _symbols_as_tuple(cls, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, (set, frozenset)):
            example = ", ".join(f'"{name}"' for name in sorted(map(str, value))[:3])
            raise ValueError(f"must be in an order, but was the set {shown(value)}: write a list, [{example}]")
        if isinstance(value, str) and "," in value:
            example = ", ".join(f'"{name.strip()}"' for name in value.split(",") if name.strip())
            raise ValueError(f"must be one symbol or a list, but was {shown(value)}: write a list, [{example}]")
        if isinstance(value, (np.ndarray, pd.Series, pd.Index)):
            value = np.atleast_1d(np.asarray(value)).tolist()
        names = [value] if not isinstance(value, (list, tuple)) else list(value)
        if not names:
            raise ValueError("must name at least one symbol, but was an empty list; leave it out for all")
        for name in names:
            if isinstance(name, bool):
                raise ValueError(
                    f"must be text, but was {name}: YAML reads ON, NO and YES as booleans; put it in quotes"
                )
            if not isinstance(name, str) or not name.strip():
                raise ValueError(f"must be text, but was {shown(name)}; put the symbol in quotes")
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise ValueError(f"{twice[0]} is named twice")
        return tuple(str(name) for name in names)

    @field_validator("max_bars", mode="before")
    @classmethod
    def _whole_number(cls, value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value

    @field_validator("start", "end", mode="before")
    @classmethod
    def _moment(cls, value: Any, info: Any) -> Any:
        return _moment_of(value, last=info.field_name == "end")

    @field_validator("timeframe", mode="before")
    @classmethod
    def _canonical_timeframe(cls, value: Any) -> Any:
        if isinstance(value, (int, float)):
            raise ValueError(f"must be a length of time such as 5min, 1h or 1d, but was {shown(value)} without a unit")
        return str(Timeframe.parse(value)) if isinstance(value, str) else value

    @field_validator("columns", mode="after")
    @classmethod
    def _known_targets(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in COLUMN_TARGETS:
                raise ValueError(
                    f"{shown(name)} is none of our columns ({', '.join(COLUMN_TARGETS)}); "
                    f"write ours first, then the file's: {{close: Adj Close}}.{did_you_mean(name, COLUMN_TARGETS)}"
                )
        return value

    @field_validator("*", mode="before")  # the last one here is the first to run
    @classmethod
    def _plain(cls, value: Any) -> Any:
        """numpy's numbers and texts as Python's."""
        return value.item() if isinstance(value, (np.number, np.bool_, np.str_)) else value

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.start is not None and self.end is not None:
            first, last = (d.date() if isinstance(d, datetime) else d for d in (self.start, self.end))
            if first > last:
                raise ValueError(f"start {self.start} is after end {self.end}")
        return self

    @property
    def period(self) -> Timeframe | None:
        """`timeframe`, parsed."""
        return None if self.timeframe is None else Timeframe.parse(self.timeframe)


@dataclass(frozen=True, eq=False)
class DataRequest:
    """What to load: the checked `config`, and beside it the frame itself, which is no part of any digest.

    notes: sentences about what was filled in because the user left it out.
    """

    config: DataConfig
    frame: Frames | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def resolve(cls, given: Mapping[str, Any] | None, path: str = "data_config") -> Self:
        """`given` as a request: names and values checked, the source inferred where none is named.

        Parameters
        ----------
        given
            the section as typed, or None (the bundled sample). `frame` may be a DataFrame or a mapping symbol ->
            DataFrame; it is taken out, and returned beside the config.
        path
            where it stands in the config, for the error.

        Raises
        ------
        ConfigError
            for all problems at once. Whether files, symbols and columns exist is only known when the data are loaded.
        """
        values = dict(given or {})
        frame = values.pop("frame", None)
        problems: list[Problem] = []
        for key in [k for k in values if k in WRITE_INSTEAD]:
            problems.append(Problem(str(key), f"unknown field. Write `{WRITE_INSTEAD[key]}`"))
            del values[key]
        if frame is not None and (reason := not_frames(frame)):
            problems.append(Problem("frame", reason))
        source, place = values.get("source"), values.get("path")
        if frame is not None and place is not None:
            problems.append(Problem("path", "stands beside frame: which of them is meant? Leave one out"))
        elif frame is not None and source not in (None, "frame"):
            problems.append(Problem("source", f"must be `frame` or left out beside a frame, but was {shown(source)}"))
        elif place is not None and source in ("sample", "frame"):
            problems.append(Problem("path", f"is not used by source {source}: leave out path, or source"))
        elif frame is None and source == "frame":
            problems.append(Problem("frame", "is missing: source `frame` needs a DataFrame"))
        elif place is None and source in ("csv", "parquet"):
            problems.append(Problem("path", f"is missing: source `{source}` needs a file"))
        config: DataConfig | None = None
        notes: tuple[str, ...] = ()
        try:
            config = DataConfig.model_validate(values)
            if config.source is None and not problems:
                inferred, notes = _inferred_source(config, frame)
                config = config.model_copy(update={"source": inferred})
            if config.source == "sample" and config.columns:
                message = "is not used by the bundled sample, whose columns are known: leave it out, or name a `path`"
                problems.append(Problem("columns", message))
        except ValidationError as error:
            problems.extend(_elsewhere(problem) for problem in problems_of(error, DataConfig))
        except _UnknownKindError as error:
            problems.append(Problem("source", str(error)))
        except ValueError as error:
            problems.append(Problem("path", str(error)))
        if problems or config is None:
            raise ConfigError([problem.under(path) for problem in problems])
        return cls(config, frame, notes)


def _elsewhere(problem: Problem) -> Problem:
    """An unknown field that another section has is told so."""
    from adm_notebook.config.homes import stands_elsewhere  # which reads the fields of this module

    said = stands_elsewhere(problem.path, "data_config") if problem.message.startswith("unknown field") else ""
    return Problem(problem.path, said) if said else problem


class _UnknownKindError(Exception):
    """A path of which the name does not tell how to read it."""


def not_frames(frame: object) -> str:
    """What is wrong with something given as `frame`; empty if nothing is."""
    if isinstance(frame, pd.DataFrame):
        return ""
    if not isinstance(frame, Mapping):
        return f"must be a DataFrame, or a mapping symbol -> DataFrame, but was {shown(frame)} ({type(frame).__name__})"
    if not frame:
        return "must hold at least one DataFrame, but was empty"
    for name, value in frame.items():
        if not isinstance(name, str) or not isinstance(value, pd.DataFrame):
            return f"must map symbols (text) to DataFrames, but has {shown(name)}: {type(value).__name__}"
    return ""


def _inferred_source(config: DataConfig, frame: Frames | None) -> tuple[str, tuple[str, ...]]:
    if frame is not None:
        return "frame", ()
    if config.path is None:
        named = f"symbols {', '.join(config.symbols)}" if config.symbols else "S&P 500, daily, 1999 to 2018"
        return "sample", (f"No data source named: the bundled sample is used ({named}).",)
    place = config.path
    if not isinstance(place, str):
        places = list(place.values() if isinstance(place, Mapping) else place)
        kinds = _by_kind(places)
        if len(kinds) > 1:
            raise ValueError(
                f"mixes CSV and Parquet files, {kinds['csv']} and {kinds['parquet']}: give files of one kind"
            )
        return next(iter(kinds)) if kinds else _untold(places[0]), ()
    folder = located(place)
    if not folder.is_dir():
        return next(iter(_by_kind([folder.name]))) if _by_kind([folder.name]) else _untold(place), ()
    kinds = _by_kind(names_in(folder))
    if not kinds:
        raise _UnknownKindError(f"can't be told from {shown(place)}: no CSV or Parquet file is in that folder")
    if len(kinds) > 1:
        _untold(f"{place} ({' and '.join(kinds.values())})")
    return next(iter(kinds)), ()


def _by_kind(names: Sequence[str]) -> dict[str, str]:
    """The sources that the endings of some files tell, each with the first such file."""
    kinds: dict[str, str] = {}
    for name in names:
        for kind, suffixes in (("csv", CSV_SUFFIXES), ("parquet", PARQUET_SUFFIXES)):
            if name.lower().endswith(suffixes):
                kinds.setdefault(kind, name)
    return kinds


def _untold(place: str) -> NoReturn:
    raise _UnknownKindError(f"can't be told from {shown(place)}: write source: csv or source: parquet")


def located(place: str) -> Path:
    """`place` with `~` expanded, whether or not anything is there.

    Raises
    ------
    ValueError
        with half a sentence, if the system can't look it up.
    """
    try:
        path = Path(place).expanduser()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"can't be looked up, {shown(place)}: {reason}") from None
    return path


def names_in(folder: Path) -> list[str]:
    """What is in a folder, sorted.

    Raises
    ------
    ValueError
        with half a sentence, if it may not be read.
    """
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise ValueError(f"can't be read, {shown(str(folder))}: {error.strerror}") from None


def _read_apart(names: Iterable[object]) -> None:
    """Refuse names such as 1 and "1", of which one would take the other's place."""
    seen: dict[str, object] = {}
    for name in names:
        if str(name) in seen:
            raise ValueError(f"{shown(seen[str(name)])} and {shown(name)} read alike; give each symbol its own name")
        seen[str(name)] = name


def _path_text(value: Any) -> str:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(text, str) and re.match(r"[A-Za-z][A-Za-z0-9+.\-]+:/", text):  # Path makes one slash of two
        raise ValueError(
            f"must be a file or folder, but was the URL {shown(text)}: download it first, then give its path"
        )
    if isinstance(text, str) and text.strip() and "\0" not in text:
        return str(text)
    raise ValueError(f"must be the path of a file or folder, but was {shown(value)}")


def _moment_of(value: Any, *, last: bool) -> date | None:
    """A date (its whole day) or a datetime as Python, YAML and pandas write them; years and months count whole."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        text = value.strip()
        if match := re.fullmatch(r"(\d{4})(?:-(\d{1,2}))?", text):
            year, month = int(match[1]), int(match[2] or (12 if last else 1))
            if 1 <= month <= 12 and year > 0:
                return date(year, month, calendar.monthrange(year, month)[1] if last else 1)
        for kind in (date, datetime):
            try:
                return kind.fromisoformat(text)
            except ValueError:
                continue
    elif isinstance(value, np.datetime64) and not np.isnat(value):
        return pd.Timestamp(value).to_pydatetime(warn=False)
    elif isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    elif isinstance(value, date) and value is not pd.NaT:
        return value
    raise ValueError(f"must be a date or time such as 2014-03-07 or 2014-03-07 15:30, but was {shown(value)}")
