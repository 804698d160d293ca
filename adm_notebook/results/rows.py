"""Rows of a sweep in Parquet parts: written while it runs, so that memory holds only those that nobody was told yet."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import RunError
from adm_notebook.folders import Contents, Staging, reason, resolved, short

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KeptRows", "RowsFolder", "check_rows_folder", "read_rows"]

FACTS = "rows.json"
"""What says that a folder is ours."""

KIND = "adm_notebook.rows"


def _facts(folder: Path) -> dict[str, Any]:
    """What rows.json says; nothing where it is not ours."""
    try:
        facts = json.loads((folder / FACTS).read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) and facts.get("kind") == KIND else {}


def _is_ours(folder: Path) -> bool:
    return bool(_facts(folder))


def _is_part(path: Path) -> bool:
    return path.name == FACTS or (path.name.startswith("part-") and path.suffix == ".parquet")


CONTENTS = Contents("the rows of a sweep", 'infrastructure_config: {results: "my_rows"}', _is_ours, _is_part)


def check_rows_folder(path: str) -> None:
    """Refuse a folder that holds what is not ours, before anything runs.

    Raises
    ------
    RunError
        saying what it holds.
    """
    CONTENTS.check(resolved("results", path))


class RowsFolder:
    """A folder of parts under way; it appears at `path` with `commit`, complete, or not at all.

    Each part is a Parquet file with the columns of `WorkflowResult.stats` and `row`, its label; pandas, polars and
    DuckDB read the folder as one table. Rows stand in the order in which they were finished.

    Parameters
    ----------
    path
        of the folder; older rows there are replaced, a folder with anything else is refused.
    kinds
        columns whose type may not depend on the rows of a part: `int64`, `float64` or `str`.
    """

    def __init__(self, path: str, kinds: Mapping[str, str] | None = None) -> None:
        self._kinds = dict(kinds or {})
        self._folder = resolved("results", path)
        self.n_rows = self._parts = 0
        try:
            self._staging = Staging(self._folder, CONTENTS)
        except OSError as error:
            raise RunError(f"{short(self._folder)} can't be written: {reason(error)}") from None

    @property
    def where(self) -> Path:
        """The folder that holds the parts now."""
        return self._staging.path

    def append(self, rows: pd.DataFrame) -> None:
        """Write some rows as a part of their own.

        Raises
        ------
        RunError
            where the disk refuses.
        """
        typed = {name: rows[name].map(_text).astype("str") for name, kind in self._kinds.items() if kind == "str"}
        numbers = {name: kind for name, kind in self._kinds.items() if kind != "str"}
        table = rows.assign(**typed).astype(numbers).reset_index()
        repeating = [name for name in table if table[name].dtype != "float64"]  # a metric hardly has a value twice
        try:
            table.to_parquet(
                self.where / f"part-{self._parts:06}.parquet", index=False, use_dictionary=repeating or False
            )
        except OSError as error:
            raise RunError(f"{short(self._folder)} can't be written: {reason(error)}") from None
        self._parts += 1
        self.n_rows += len(rows)

    def commit(self, **facts: Any) -> KeptRows:
        """Let the folder appear at its place, with some facts about the run."""
        run = uuid.uuid4().hex
        text = json.dumps({"kind": KIND, "run": run, "rows": self.n_rows, **facts}, indent=1)
        (self.where / FACTS).write_text(text, encoding="utf-8")
        self._staging.commit()
        return KeptRows(self._folder, run)

    def discard(self) -> None:
        """What was written is gone."""
        self._staging.discard()


@dataclass(frozen=True)
class KeptRows:
    """The rows of one run in their folder, in which another run may put its own.

    folder  absolute
    run     what rows.json calls this run
    """

    folder: Path
    run: str

    def read(self, row: int | None = None) -> pd.DataFrame:
        """These rows, or the one of that label.

        Raises
        ------
        RunError
            where they are gone, where another run's are in their place, and where they can't be read.
        """
        facts = _facts(self.folder)
        if facts.get("run") != self.run:
            there = "holds the rows of another run by now" if facts else "holds no rows by now"
            what = there if self.folder.exists() else "is gone"
            raise RunError(
                f"{short(self.folder)} {what}, and the rows of this run are not there any more. Run it again, "
                "with `infrastructure_config: {results: ...}` naming a folder of its own."
            )
        return read_rows(self.folder, row=row)


def _text(value: Any) -> str:
    """A value of a column of several types, which Parquet can't hold, as text; nothing where a row has none."""
    return "" if value is None or value != value else f"{value}"


def read_rows(
    folder: str | os.PathLike[str], columns: Sequence[str] | None = None, row: int | None = None
) -> pd.DataFrame:
    """The rows in a folder, labelled and in the order of their numbers.

    Parameters
    ----------
    columns
        some of their columns; None means all.
    row
        the label of one row; None means all.

    Raises
    ------
    RunError
        where the folder is gone, or can't be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(folder)
    parts = sorted(path.glob("part-*.parquet"))
    wanted = None if columns is None else ["row", *columns]
    try:
        only = None if row is None else [("row", "=", row)]
        tables = [pq.read_table(part, columns=wanted, filters=only) for part in parts]
        table = pa.concat_tables(tables, promote_options="permissive").sort_by("row")
    except (OSError, pa.ArrowException) as error:
        said = "holds no rows" if not parts else f"can't be read: {reason(error)}"
        raise RunError(f"{short(path)} {said}") from None
    frame: pd.DataFrame = table.to_pandas().set_index("row")
    return frame
