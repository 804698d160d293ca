"""Where bars come from: the bundled sample, files, frames, and what users register; `load` reads any of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd

from adm_notebook.config.data import DataConfig, DataRequest, Frames, not_frames
from adm_notebook.errors import AdmError, ConfigError, DataError, Problem, StrategyError, did_you_mean, named, shown
from adm_notebook.market.bars import Bars, Market
from adm_notebook.market.checks import checked, moment
from adm_notebook.market.files import read_csv, read_parquet
from adm_notebook.market.kept import KeptByFrame, LastFew
from adm_notebook.market.paths import SourceFiles, find_files
from adm_notebook.market.period import cut
from adm_notebook.market.resample import resample
from adm_notebook.market.tables import Origin, Table, choose_symbols, tables_of

__all__ = ["SourceRow", "describe_sources", "load", "register_source", "sample_symbols", "source_names"]

Source = Callable[[DataConfig], Frames]
AnySource = TypeVar("AnySource", bound=Source)

_BUILT_IN = ("sample", "csv", "parquet", "frame")
_SAMPLE = {"SP500": "sp500.parquet", "NASDAQ": "nasdaq.parquet"}
_registered: dict[str, Source] = {}

_Read = tuple[tuple[Bars, ...], tuple[str, ...]]
_kept_frames: KeptByFrame[_Read] = KeptByFrame()
_kept_files: LastFew[Market] = LastFew(4)


def load(request: DataRequest) -> Market:
    """The bars that a checked `data_config` asks for.

    A frame that was loaded before and has not been written to since, or files that have not changed, cost nothing
    again: the same `Bars` come back, with calendar and fingerprint.

    Raises
    ------
    ConfigError
        for files, symbols and columns that do not exist, and times or timeframes that the data can't give.
    DataError
        for prices that can't be used, naming source, row and value.
    StrategyError
        if a registered source raised, or returned something else than frames.

    Examples
    --------
    >>> market = load(DataRequest.resolve({"source": "sample", "symbols": "NASDAQ", "start": 2018}))
    >>> market["NASDAQ"].n_bars
    251
    """
    config = request.config
    name = config.source or "sample"
    if name == "frame":
        assert request.frame is not None  # resolve() has seen to it
        market = _from_frames(request.frame, config, label="frame", kept=True)
    elif name == "sample":
        market = _from_sample(config, quiet=bool(request.notes))
    elif name in ("csv", "parquet"):
        market = _from_files(find_files(config), config)
    elif name in _registered:
        market = _from_registered(name, config)
    else:
        known = (*_BUILT_IN, *_registered)
        near = did_you_mean(name, known) or f" One of your own is made by @adm.register_source({shown(name)})"
        message = f"must be one of {', '.join(known)}, but was {shown(name)}.{near}"
        raise ConfigError(Problem("data_config.source", message.removesuffix(".")))
    return market


def register_source(name: str) -> Callable[[AnySource], AnySource]:
    """Make a function the source `name`; a second function of that name takes the first one's place, and this is said.

    The function is given the DataConfig and returns a DataFrame, or a mapping symbol -> DataFrame, with columns that a
    CSV file could have; period, checks and resampling are applied to what it returns. It is called anew for each run.

    Raises
    ------
    ConfigError
        if the name is that of a built-in source, or no name.

    Examples
    --------
    >>> @register_source("flat")
    ... def flat(config):
    ...     days = pd.date_range("2024-01-01", periods=3)
    ...     return pd.DataFrame({"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0}, index=days)
    >>> load(DataRequest.resolve({"source": "flat"}))
    Market(flat: 3 bars; flat)
    """
    if not isinstance(name, str) or not name.strip():
        own, seen = getattr(name, "__name__", "my_source"), "a function" if callable(name) else shown(name)
        message = f'needs a name: @adm.register_source("{own}"), but was given {seen}'
        raise ConfigError(Problem("register_source", message))
    if name in _BUILT_IN:
        raise ConfigError(Problem("register_source", f"{name!r} is built in; choose another name"))

    def register(function: AnySource) -> AnySource:
        if name in _registered:
            print(f"The source `{name}` was there already; it is replaced.")
        _registered[name] = function
        return function

    return register


def sample_symbols() -> tuple[str, ...]:
    """The symbols of the bundled sample; the first is the default."""
    return tuple(_SAMPLE)


def source_names() -> tuple[str, ...]:
    """What `data_config.source` may be: the built-in sources, then the registered ones."""
    return (*_BUILT_IN, *_registered)


class SourceRow(NamedTuple):
    """One line of the table of sources; what is only known once a file is read is empty."""

    source: str
    symbol: str
    bars: int | None
    first: pd.Timestamp | None
    last: pd.Timestamp | None
    timeframe: str
    origin: str


def describe_sources() -> tuple[SourceRow, ...]:
    """All sources: each symbol of the sample, then what is read from files and frames, then what users registered."""
    market = load(DataRequest.resolve({"source": "sample", "symbols": list(_SAMPLE)}))
    rows = [
        SourceRow(
            "sample",
            b.symbol,
            b.n_bars,
            b.index[0],
            b.index[-1],
            b.calendar.label,
            "bundled: the `arch` package, NCSA licence",
        )
        for b in market.values()
    ]
    for name, origin in (
        ("csv", "data_config.path: a file, a list, a folder or a glob"),
        ("parquet", "data_config.path: a file, a list, a folder or a glob"),
        ("frame", "data_config.frame: a DataFrame of the notebook"),
    ):
        rows.append(SourceRow(name, "", None, None, None, "", origin))
    for name, function in _registered.items():
        about = (inspect.getdoc(function) or f"registered: {getattr(function, '__name__', name)}").splitlines()[0]
        rows.append(SourceRow(name, "", None, None, None, "", about))
    return tuple(rows)


def _from_sample(config: DataConfig, *, quiet: bool) -> Market:
    folder = Path(__file__).parent / "sample"
    label = "bundled sample"
    default, *others = _SAMPLE
    chosen = choose_symbols(tuple(_SAMPLE), config.symbols or (default,), label)
    files = SourceFiles({name: folder / _SAMPLE[name] for name in chosen}, label, one=False)
    market = _from_files(files, config.model_copy(update={"source": "parquet", "symbols": chosen}))
    if config.symbols or quiet:
        return market
    return market.with_notes((f"No symbol named: {default} is used; the sample also has {', '.join(others)}.",))


def _from_files(files: SourceFiles, config: DataConfig) -> Market:
    by_symbol = dict(files.by_symbol)
    if not files.one:
        by_symbol = {name: by_symbol[name] for name in choose_symbols(tuple(by_symbol), config.symbols, files.label)}
    states = [(name, path.resolve(), path.stat()) for name, path in by_symbol.items()]
    key = (
        config.source,
        config.digest,
        files.one,
        *((name, path, s.st_mtime_ns, s.st_size) for name, path, s in states),
    )
    market = _kept_files.get(key)
    if market is not None:
        return market
    bars: list[Bars] = []
    notes: dict[str, None] = {}
    for name, path in by_symbol.items():
        said: tuple[str, ...] = ()
        if config.source == "parquet":
            frame, origin = read_parquet(path)
        else:
            frame, origin, said = read_csv(path, config)
        read, more = _read(frame, origin, config, name, config.symbols if files.one else None)
        if not files.one and len(read) > 1:
            held = ", ".join(b.symbol for b in read)
            raise ConfigError(
                Problem("data_config.path", f"{path.name} holds several symbols ({held}); give it as the only path")
            )
        bars += read if files.one else [Bars(name, read[0].index, read[0].prices, read[0].owner)]
        notes |= dict.fromkeys((*said, *more))
    market = Market(bars, notes, files.label)
    _kept_files.put(key, market)
    return market


def _from_registered(name: str, config: DataConfig) -> Market:
    try:
        frames = _registered[name](config)
    except AdmError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's function raises is told as theirs, the cause kept
        raise StrategyError(f"source {name!r} raised {named(error)}") from error
    if reason := not_frames(frames):
        raise StrategyError(f"source {name!r}: what it returns {reason}")
    return _from_frames(frames, config, label=name, kept=False)


def _from_frames(frames: Frames, config: DataConfig, *, label: str, kept: bool) -> Market:
    if isinstance(frames, pd.DataFrame):
        bars, notes = _of_frame(frames, Origin.of_frame(label), config, label, config.symbols, kept=kept)
        return Market(bars, notes, label)
    every: list[Bars] = []
    said: dict[str, None] = {}
    for name in choose_symbols(tuple(frames), config.symbols, label):
        bars, notes = _of_frame(frames[name], Origin.of_frame(f"{label}[{name!r}]"), config, name, None, kept=kept)
        if len(bars) > 1:
            held = ", ".join(b.symbol for b in bars)
            raise ConfigError(
                Problem("data_config.frame", f"{label}[{name!r}] holds several symbols ({held}); give it alone")
            )
        every += [bars[0] if bars[0].symbol == name else Bars(name, bars[0].index, bars[0].prices, bars[0].owner)]
        said |= dict.fromkeys(notes)
    return Market(every, said, label)


def _of_frame(
    frame: pd.DataFrame, origin: Origin, config: DataConfig, default: str, wanted: Sequence[str] | None, *, kept: bool
) -> _Read:
    if not kept:
        return _read(frame, origin, config, default, wanted)
    key = (origin.label, default, wanted, config.digest)
    read = _kept_frames.get(frame, key)
    if read is None:
        twin = _kept_frames.twin(frame)
        read = _read(twin, origin, config, default, wanted)
        _kept_frames.put(frame, key, read, twin)
    return read


def _read(frame: pd.DataFrame, origin: Origin, config: DataConfig, default: str, wanted: Sequence[str] | None) -> _Read:
    tables, notes = tables_of(frame, origin, config.columns, default_symbol=default, wanted=wanted)
    bars = []
    for table in tables:
        one, said = _bars_of(table, config)
        bars.append(one)
        notes = (*notes, *said)
    return tuple(bars), notes


def _bars_of(table: Table, config: DataConfig) -> tuple[Bars, tuple[str, ...]]:
    """Period, checks, `max_bars`, timeframe; with on_bad_data `error` only bars that are used are checked."""
    table = cut(table, config)
    if config.max_bars is not None and config.on_bad_data == "error":
        table = table.take(slice(0, config.max_bars))
    table, notes = checked(table, config.on_bad_data)
    if config.max_bars is not None:
        table = table.take(slice(0, config.max_bars))
    index, prices = table.index, table.prices
    if config.period is not None:
        if not isinstance(index, pd.DatetimeIndex):
            raise ConfigError(Problem("data_config.timeframe", f"needs times, but {table.origin.label} has none"))
        index, prices = resample(index, prices, config.period)
        if len(index) == 1 < len(table):
            covered = f"{moment(table.index[0])} to {moment(table.index[-1])}"
            notes = (*notes, f"All {len(table):,} bars of {table.symbol}, {covered}, make one bar of {config.period}.")
    if isinstance(index, pd.DatetimeIndex) and (index[0].year < 1678 or index[-1].year > 2261):
        raise DataError(f"{table.origin.label}: times from {index[0]} to {index[-1]} are not between 1678 and 2261.")
    return Bars(table.symbol, index, prices, table.owner), notes
