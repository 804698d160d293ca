"""Rows of a sweep in Parquet parts: written while it runs, so that memory holds only those that nobody was told yet."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adm_notebook.errors import RunError
from adm_notebook.folders import Contents, Staging, reason, resolved, short

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KeptRows", "RowsFolder", "check_rows_folder", "read_rows"]

FACTS, OLDER_FACTS = "_rows.json", "rows.json"
"""What says that a folder is ours; readers of Parquet folders pass over names that begin with `_`."""

KIND = "adm_notebook.rows"


def _facts(folder: Path) -> dict[str, Any]:
    """What the file with facts says; nothing where the folder is not ours."""
    for name in (FACTS, OLDER_FACTS):
        with suppress(OSError, ValueError):
            facts = json.loads((folder / name).read_bytes())
            if isinstance(facts, dict) and facts.get("kind") == KIND:
                return facts
    return {}


def _is_ours(folder: Path) -> bool:
    return bool(_facts(folder))


def _is_part(path: Path) -> bool:
    return path.name in (FACTS, OLDER_FACTS) or (path.name.startswith("part-") and path.suffix == ".parquet")


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
    """A folder of parts under way; it appears at `path` with `commit`, or not at all.

    Each part is a Parquet file with the columns of `WorkflowResult.stats` and `row`, its label; pandas, polars and
    DuckDB read the folder as one table. Rows stand in the order in which they were finished.

    Parameters
    ----------
    path
        of the folder; older rows there are replaced, a folder with anything else is refused.
    kinds
        columns whose type may not depend on the rows of a part: `int64`, `float64` or `str`.
    earlier
        rows of a run that was stopped, which this one goes on with: they come first.

    Raises
    ------
    RunError
        where the folder can't be written, or the earlier rows are not there any more.
    """

    def __init__(self, path: str, kinds: Mapping[str, str] | None = None, earlier: KeptRows | None = None) -> None:
        self._kinds, self._earlier = dict(kinds or {}), earlier
        self._folder = resolved("results", path)
        self.n_rows = self._parts = 0
        if earlier is not None:
            earlier.check()
        try:
            self._staging = Staging(self._folder, CONTENTS)
            if earlier is not None:
                self._take(earlier)
        except OSError as error:
            raise RunError(f"{short(self._folder)} can't be written: {reason(error)}") from None

    def _take(self, earlier: KeptRows) -> None:
        """Put the parts of an earlier run first."""
        for part in earlier.parts():
            shutil.copyfile(part, self._part)
            self._parts += 1
        self.n_rows = len(read_rows(self.where, []))

    @property
    def _part(self) -> Path:
        """The file of the next part."""
        return self.where / f"part-{self._parts:06}.parquet"

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
            table.to_parquet(self._part, index=False, use_dictionary=repeating or False)
        except OSError as error:
            raise RunError(f"{short(self._folder)} can't be written: {reason(error)}") from None
        self._parts += 1
        self.n_rows += len(rows)

    def commit(self, *, planned: int, **facts: Any) -> KeptRows:
        """Let the folder appear at its place, with some facts about the run.

        Where a complete run's rows are there and these are only some of `planned`, those stay, and these go beside
        them, into a folder whose name says that they were stopped.
        """
        run = uuid.uuid4().hex
        text = json.dumps({"kind": KIND, "run": run, "rows": self.n_rows, "planned": planned, **facts}, indent=1)
        (self.where / FACTS).write_text(text, encoding="utf-8")
        before = _facts(self._folder)
        if self.n_rows < planned and before and before.get("rows") == before.get("planned"):
            beside = _free_beside(self._folder)
            with Staging(beside, CONTENTS) as staging:
                for path in self.where.iterdir():
                    path.rename(staging.path / path.name)
                staging.commit()
            self.discard()
            return KeptRows(beside, run, kept_beside=self._folder)
        self._staging.commit()
        if self._earlier is not None and self._earlier.folder != self._folder:
            self._earlier.remove()  # its rows are among these
        return KeptRows(self._folder, run)

    def discard(self) -> None:
        """What was written is gone."""
        self._staging.discard()


def _free_beside(folder: Path) -> Path:
    """`my_rows-stopped`, or `my_rows-stopped-2` and so on, where that holds what is not ours."""
    for n in itertools.count(1):
        beside = folder.with_name(f"{folder.name}-stopped{'' if n == 1 else f'-{n}'}")
        with suppress(RunError):
            CONTENTS.check(beside)
            return beside
    raise AssertionError("there is always another name")


@dataclass(frozen=True)
class KeptRows:
    """The rows of one run in their folder, in which another run may put its own.

    folder       absolute
    run          what the file with facts calls this run
    kept_beside  the folder that was asked for, where it holds the rows of an earlier run that had come to its end
    """

    folder: Path
    run: str
    kept_beside: Path | None = None

    def read(self, row: int | None = None) -> pd.DataFrame:
        """These rows, or the one of that label.

        Raises
        ------
        RunError
            where they are gone, where another run's are in their place, and where they can't be read.
        """
        self.check()
        return read_rows(self.folder, row=row)

    def parts(self) -> Iterator[Path]:
        """Its files, in the order in which they were written."""
        yield from sorted(self.folder.glob("part-*.parquet"))

    def numbers(self) -> list[int]:
        """Labels of these rows.

        Raises
        ------
        RunError
            as `read`.
        """
        self.check()
        found: list[int] = read_rows(self.folder, []).index.tolist()
        return found

    def remove(self) -> None:
        """Remove the folder, if these rows are still what it holds."""
        if _facts(self.folder).get("run") == self.run:
            for path in [*self.parts(), self.folder / FACTS]:
                path.unlink(missing_ok=True)
            with suppress(OSError):  # somebody has put a file there
                self.folder.rmdir()

    def check(self) -> None:
        """Whether these rows are still there.

        Raises
        ------
        RunError
            where they are gone, and where another run's are in their place.
        """
        facts = _facts(self.folder)
        if facts.get("run") != self.run:
            there = "holds the rows of another run by now" if facts else "holds no rows by now"
            what = there if self.folder.exists() else "is gone"
            raise RunError(
                f"{short(self.folder)} {what}, and the rows of this run are not there any more. Run it again, "
                "with `infrastructure_config: {results: ...}` naming a folder of its own."
            )


def _text(value: Any) -> str:
    """A value of a column of several types, which Parquet can't hold, as text; nothing where a row has none."""
    return "" if value is None or value != value else f"{value}"


def read_rows(
    folder: str | os.PathLike[str], columns: Sequence[str] | None = None, row: int | None = None
) -> pd.DataFrame:
    """The rows in a folder, or in one part of it, labelled and in the order of their numbers.

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
    parts = [path] if path.suffix == ".parquet" else sorted(path.glob("part-*.parquet"))
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
