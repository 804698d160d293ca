"""Files as frames: CSV in whatever dialect a vendor writes it, and Parquet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from adm_notebook.config.data import PARQUET_SUFFIXES, DataConfig
from adm_notebook.errors import DataError
from adm_notebook.market.columns import TIME_NAMES, find_columns, tidy
from adm_notebook.market.tables import Origin

__all__ = ["read_csv", "read_parquet"]

_HEAD = 65_536
_PRICE_WORDS = {"open", "high", "low", "close", "adjclose", "volume", "o", "h", "l", "c"}


def read_parquet(path: Path) -> tuple[pd.DataFrame, Origin]:
    """The whole file; an index that pandas has stored is restored.

    Raises
    ------
    DataError
        if it is no Parquet file.
    """
    try:
        frame = pa_parquet.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} can't be read as Parquet: {_first_line(error)}", _hint(path)) from error
    return frame, Origin.of_rows(path.name)


def read_csv(path: Path, config: DataConfig) -> tuple[pd.DataFrame, Origin, tuple[str, ...]]:
    """The columns of times, prices, volume and symbols, where the file has them; times and symbols as text.

    Delimiter, decimal comma, compression, lines before the header, and Yahoo's header of three lines are recognised.
    A row is called by its line in the file, which is also its row in a spreadsheet: below a header of one line the
    first bar is row 2.

    Raises
    ------
    DataError
        if it is empty, no text, or has lines with another number of fields (with on_bad_data `drop` those are left out,
        and a note says so).
    ConfigError
        if a column can't be found.
    """
    dialect = _dialect(path)
    if dialect.symbols:  # Yahoo's header names each field once a symbol
        names = [f"{name}\t{symbol}" for name, symbol in zip(dialect.names, dialect.symbols, strict=True)]
        wanted, texts = names, names[:1]
    else:
        names = list(dialect.names)
        found = find_columns(names, config.columns, path.name, needs_time=True)
        wanted = list(dict.fromkeys(found.values()))
        texts = [found[ours] for ours in ("time", "date", "symbol") if ours in found]
    broken: list[str] = []

    def on_broken_line(line: pa_csv.InvalidRow) -> str:
        broken.append(line.text)
        return "skip" if config.on_bad_data == "drop" else "error"

    options = {
        "read_options": pa_csv.ReadOptions(column_names=names, skip_rows=dialect.skip),
        "parse_options": pa_csv.ParseOptions(delimiter=dialect.delimiter, invalid_row_handler=on_broken_line),
        "convert_options": pa_csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(texts, pa.string()),
            decimal_point=dialect.decimal,
            strings_can_be_null=True,
        ),
    }
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            table = pa_csv.read_csv(stream, **options)
    except (pa.ArrowException, OSError) as error:
        if broken and config.on_bad_data == "error":
            line, text = _first_of(path, broken)
            fields = f"{text.count(dialect.delimiter) + 1} fields instead of {len(names)}"
            hint = "Correct the line, or drop such lines with data_config.on_bad_data: drop"
            raise DataError(f"{path.name}, row {line:,}: has {fields}: {text.strip()[:60]}", hint) from None
        if "Empty CSV" in str(error):
            raise DataError(f"{path.name} has a header and no rows.") from None
        raise DataError(f"{path.name} can't be read as CSV: {_first_line(error)}", _hint(path)) from error
    frame: pd.DataFrame = table.to_pandas()
    if dialect.symbols:
        frame.columns = pd.MultiIndex.from_arrays([dialect.names, dialect.symbols])
    skipped = frozenset(text.strip("\r\n") for text in broken)

    def name_row(row: int) -> str:
        return f"{path.name}, row {_line_of(path, row, dialect.skip, skipped):,}"

    origin = Origin(path.name, name_row, in_file=True)
    if not broken:
        return frame, origin, ()
    where = f"first {path.name}, row {_first_of(path, broken)[0]:,}"
    plural = "lines" if len(broken) > 1 else "line"
    return frame, origin, (f"{len(broken):,} {plural} without {len(names)} fields dropped, {where}.",)


@dataclass(frozen=True)
class _Dialect:
    """How a CSV file is written: lines up to the first row, names of the columns, and their symbols."""

    delimiter: str
    decimal: str
    skip: int
    names: tuple[str, ...]
    symbols: tuple[str, ...] = ()


def _dialect(path: Path) -> _Dialect:
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            head = stream.read(_HEAD)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} can't be opened: {_first_line(error)}") from error
    if not head.strip():
        raise DataError(f"{path.name} is empty.")
    text = head.decode("utf-8-sig", errors="replace")
    if "\0" in text or text.count("\ufffd") > len(text) // 20:
        raise DataError(f"{path.name} can't be read as CSV: it is no UTF-8 text.", _hint(path))
    lines = text.splitlines()
    at = max(range(min(20, len(lines))), key=lambda k: (_known_names(lines[k]), -k))
    if _known_names(lines[at]) < 2:
        at = next(k for k, line in enumerate(lines) if line.strip())
        if sum(_is_number(name) for name in _fields(lines[at], _delimiter(lines[at]))) > 2:
            hint = "Put one above the first row: Date,Open,High,Low,Close,Volume"
            raise DataError(f"{path.name} has no line of column names; it begins with {lines[at][:60]!r}.", hint)
    delimiter = _delimiter(lines[at])
    names = _fields(lines[at], delimiter)
    following = [_fields(line, delimiter) for line in lines[at + 1 : at + 3]]
    if len(following) == 2 and following[0][:1] == ("Ticker",) and tidy(following[1][0]) in TIME_NAMES:
        tickers = (following[0] + ("",) * len(names))[: len(names)]
        return _Dialect(delimiter, ".", at + 3, (following[1][0], *names[1:]), ("", *tickers[1:]))
    comma = delimiter == ";" and bool(following) and any("," in f and _is_number(f) for f in following[0])
    return _Dialect(delimiter, "," if comma else ".", at + 1, _unique(names))


def _known_names(line: str) -> int:
    return len({tidy(name) for name in _fields(line, _delimiter(line))} & (TIME_NAMES | _PRICE_WORDS))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+([.,]\d*)?", text) is not None


def _delimiter(line: str) -> str:
    return max(",;\t|", key=line.count)


def _fields(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in next(csv.reader(io.StringIO(line), delimiter=delimiter), []))


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as pandas would give them: `Unnamed: 0` for none, `Close.1` for the second of two."""
    given: dict[str, int] = {}
    unique = []
    for k, name in enumerate(names):
        name = name or f"Unnamed: {k}"
        count = given[name] = given.get(name, -1) + 1
        unique.append(f"{name}.{count}" if count else name)
    return tuple(unique)


def _lines(path: Path) -> io.TextIOBase:
    return io.TextIOWrapper(pa.input_stream(str(path), compression="detect"), encoding="utf-8-sig", errors="replace")


def _line_of(path: Path, row: int, skip: int, broken: frozenset[str]) -> int:
    """The 1-based line of a data row; only an error asks for it, so the file is read again."""
    seen = -1
    with _lines(path) as stream:
        for number, line in enumerate(stream, start=1):
            if number > skip and line.strip("\r\n") and line.strip("\r\n") not in broken:
                seen += 1
                if seen == row:
                    return number
    return row + skip + 1


def _first_of(path: Path, broken: Iterable[str]) -> tuple[int, str]:
    """The 1-based number and text of the first broken line: they are reported by several threads, in any order."""
    texts = {text.strip("\r\n") for text in broken}
    with _lines(path) as stream:
        lines = ((number, line.strip("\r\n")) for number, line in enumerate(stream, start=1))
        return next(((number, line) for number, line in lines if line in texts), (0, next(iter(texts))))


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".") + "."


def _hint(path: Path) -> str:
    """What the file is instead, where its first bytes tell."""
    with path.open("rb") as stream:
        start = stream.read(256)
    if start[:4] == b"PAR1":
        return "It is a Parquet file: write data_config.source: parquet"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "Save it as UTF-8."
    is_text = start.isascii() and b"\0" not in start
    return (
        "It is text: write data_config.source: csv" if is_text and path.name.lower().endswith(PARQUET_SUFFIXES) else ""
    )
