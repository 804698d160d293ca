"""Parquet files that grow by rows, written in row groups, so that little is held in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["ROW_GROUP", "Table"]

ROW_GROUP = 131_072
"""Rows of a group: a few megabytes, the least that is read at once."""

_BYTES = 32 * 2**20  # of rows with long texts, fewer make a group


class Table:
    """A Parquet file under way; not safe to use from several threads at once."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema = path, schema
        self.rows = 0
        self._held: list[pa.RecordBatch] = []
        self._held_rows = self._held_bytes = 0
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        self._writer: Any = pq.ParquetWriter(
            path, schema, compression="zstd", use_dictionary=texts, write_page_checksum=True
        )

    def append(self, batch: pa.RecordBatch) -> None:
        """Add rows behind the others."""
        self._held.append(batch)
        self.rows += len(batch)
        self._held_rows += len(batch)
        self._held_bytes += batch.nbytes
        if self._held_rows >= ROW_GROUP or self._held_bytes >= _BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is held, and the footer."""
        if self._held_rows:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Close the file, which is no good."""
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._held, self.schema), row_group_size=ROW_GROUP)
        self._held, self._held_rows, self._held_bytes = [], 0, 0
