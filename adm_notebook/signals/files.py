"""Reading the files of a store, and noticing when they are not those that were written."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from adm_notebook.market.kept import LastFew
from adm_notebook.signals.manifest import Damaged, FileFacts, Manifest

__all__ = ["Files"]

_KEPT = 8
"""Row groups kept in memory: combinations read one after the other mostly lie in the same ones."""


class Files:
    """The Parquet files of one store; safe to use from several threads."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._facts = folder, manifest.files
        self._open: dict[str, tuple[Any, np.ndarray]] = {}
        self._groups: LastFew[pa.Table] = LastFew(_KEPT)
        self._lock = threading.Lock()
        for name in self._facts:
            self._check_size(name)

    def _check_size(self, name: str) -> None:
        facts, path = self._facts.get(name), self._folder / name
        if facts is None:
            raise Damaged(f"{name} is not among its files")
        if not path.is_file():
            raise Damaged(f"{name} is missing")
        if (size := path.stat().st_size) != facts.bytes:
            raise Damaged(f"{name} has {size:,} bytes, but had {facts.bytes:,}")

    def verify(self) -> None:
        """Read every byte, and compare it with what was written.

        Raises
        ------
        Damaged
        """
        for name, facts in self._facts.items():
            self._check_size(name)
            with _readable(name):
                rows = pq.read_metadata(self._folder / name).num_rows
            if FileFacts.of(self._folder / name, rows) != facts:
                raise Damaged(f"{name} is not what was written: its checksum differs")

    def table(self, name: str) -> pa.Table:
        """A whole file."""
        self._check_size(name)
        with _readable(name):
            table = pq.read_table(self._folder / name, page_checksum_verification=True)
        if len(table) != self._facts[name].rows:
            raise Damaged(f"{name} has {len(table):,} rows, but had {self._facts[name].rows:,}")
        return table

    def found(self, name: str, where: Any) -> pa.Table:
        """The rows of a file for which an expression holds; row groups that can have none are not read."""
        self._check_size(name)
        options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
        form = ds.ParquetFileFormat(default_fragment_scan_options=options)
        with _readable(name):
            return ds.dataset(self._folder / name, format=form).to_table(filter=where)

    def rows(self, name: str, first: int, number: int, columns: Sequence[str]) -> pa.Table:
        """`number` rows from `first` on, of some columns."""
        file, starts = self._opened(name)
        if not number:
            return file.schema_arrow.empty_table().select(columns)
        if not 0 <= first <= first + number <= starts[-1]:
            raise Damaged(f"{name} has {starts[-1]:,} rows, not those from {first:,} to {first + number:,}")
        low = int(np.searchsorted(starts, first, side="right")) - 1
        high = int(np.searchsorted(starts, first + number, side="left"))
        parts = [self._group(name, group, columns) for group in range(low, high)]
        return pa.concat_tables(parts).slice(first - int(starts[low]), number)

    def _opened(self, name: str) -> tuple[Any, np.ndarray]:
        """The file, and the number of the first row of each row group, one more than there are."""
        with self._lock:
            if name not in self._open:
                self._check_size(name)
                with _readable(name):
                    file = pq.ParquetFile(self._folder / name, page_checksum_verification=True)
                    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
                self._open[name] = file, np.cumsum([0, *sizes])
            return self._open[name]

    def _group(self, name: str, group: int, columns: Sequence[str]) -> pa.Table:
        key = (name, group, tuple(columns))
        found = self._groups.get(key)
        if found is None:
            file, _ = self._opened(name)
            with self._lock, _readable(name):  # a ParquetFile is for one thread at a time
                found = file.read_row_group(group, columns=list(columns))
            self._groups.put(key, found)
        return found

    def close(self) -> None:
        """Let go of files and memory; they are opened again when they are needed."""
        with self._lock:
            for file, _ in self._open.values():
                file.close()
            self._open = {}
            self._groups = LastFew(_KEPT)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """What pyarrow raises, by which of a file's bytes are wrong, as Damaged."""
    try:
        yield
    except FileNotFoundError:
        raise Damaged(f"{name} is missing") from None
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException):
        raise Damaged(f"{name} is not the Parquet file that was written") from None
