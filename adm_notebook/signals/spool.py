"""Combinations while they are collected: on disk, since there may be a million; then a table with their parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from adm_notebook.config.frozen import canonical_json
from adm_notebook.signals.manifest import ParameterType
from adm_notebook.signals.schema import COMBINATION_COLUMNS, SPOOL
from adm_notebook.signals.tables import Table

__all__ = ["FILTERS", "Spool", "column_value", "parameters_json"]

FILTERS = ("symbol", "strategy", "classifier", "combination", "start", "end")
"""What signals are selected by besides parameters; a parameter of such a name has the column `param.NAME`."""

_BATCH = 10_000
_TYPES: dict[ParameterType, pa.DataType] = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
    "json": pa.string(),
}


class Spool:
    """Rows of combinations.parquet, and what is needed to know its columns of parameters."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SPOOL
        self._writer: Any = pa.ipc.new_file(self._path, COMBINATION_COLUMNS)
        self._held: list[dict[str, Any]] = []
        self._types: dict[str, set[str]] = {}
        self.rows = 0

    def append(self, row: dict[str, Any], parameters: Mapping[str, Any]) -> None:
        """Add a combination; `parameters` are those in its JSON."""
        for name, value in parameters.items():
            self._types.setdefault(name, set()).add(_type_of(value))
        self._held.append(row)
        self.rows += 1
        if len(self._held) >= _BATCH:
            self._flush()

    def write(self, path: Path, classifiers: Mapping[int, Mapping[str, Any]]) -> dict[str, ParameterType]:
        """Write combinations.parquet, and remove the spool.

        Parameters
        ----------
        classifiers
            by their id, the parameters of each: they become columns `classifier.NAME`.

        Returns
        -------
        dict
            column -> how it holds values.
        """
        self._flush()
        self._writer.close()
        own = {name: _column(name) for name in self._types}
        columns: dict[str, ParameterType] = {own[name]: _kind(types) for name, types in self._types.items()}
        theirs: dict[str, set[str]] = {}
        for values in classifiers.values():
            for name, value in values.items():
                theirs.setdefault(name, set()).add(_type_of(value))
        of_classifier = {name: _free(f"classifier.{name}", columns) for name in theirs}
        columns |= {of_classifier[name]: _kind(types) for name, types in theirs.items()}
        schema = pa.schema([*COMBINATION_COLUMNS, *((name, _TYPES[kind]) for name, kind in columns.items())])
        table = Table(path, schema)
        with pa.OSFile(str(self._path)) as file:
            reader = pa.ipc.open_file(file)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                found = [
                    {own[name]: value for name, value in json.loads(text).items()}
                    for text in batch.column("parameters").to_pylist()
                ]
                for row, owner in zip(found, batch.column("classifier_id").to_pylist(), strict=True):
                    if owner is not None:
                        row.update({of_classifier[name]: value for name, value in classifiers[owner].items()})
                arrays = [_array([row.get(name) for row in found], kind) for name, kind in columns.items()]
                table.append(pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=schema))
        table.close()
        self._path.unlink()
        return columns

    def abandon(self) -> None:
        """Close the file, which is no good."""
        self._writer.close()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_batch(pa.RecordBatch.from_pylist(self._held, schema=COMBINATION_COLUMNS))
            self._held = []


def parameters_json(parameters: Mapping[str, Any]) -> str:
    """Canonical JSON of parameters; numpy's numbers as Python's.

    Raises
    ------
    ValueError
        for values that have none: NaN, infinities, functions.
    """
    try:
        return canonical_json({str(name): _plain(value) for name, value in parameters.items()})
    except (TypeError, ValueError) as error:
        raise ValueError(f"parameters {dict(parameters)} have no JSON: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -(2**63) <= value < 2**63 else "json"
    if isinstance(value, float):
        return "float"
    if value is None:
        return "none"
    return "text" if isinstance(value, str) else "json"


def _kind(types: Iterable[str]) -> ParameterType:
    """How a column holds values of these types."""
    found = set(types) - {"none"}
    if len(found) == 1:
        (only,) = found
        kinds: dict[str, ParameterType] = {"bool": "bool", "int": "int", "float": "float", "text": "text"}
        return kinds.get(only, "json")
    return "float" if found == {"int", "float"} else "json"


def _array(values: list[Any], kind: ParameterType) -> pa.Array:
    if kind == "json":
        values = [None if value is None else canonical_json(value) for value in values]
    elif kind == "float":
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, _TYPES[kind])


def _column(name: str) -> str:
    """The column of a strategy's parameter."""
    taken = name in COMBINATION_COLUMNS.names or name in FILTERS
    return f"param.{name}" if taken else name


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """The column of a classifier's parameter; a member called `classifier` may have one of that name."""
    while name in taken:
        name = f"param.{name}"
    return name


def column_value(value: Any, kind: ParameterType) -> Any:
    """A value that a user compares a column with, as the column holds it."""
    return canonical_json(_plain(value)) if kind == "json" else _plain(value)
