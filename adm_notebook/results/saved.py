"""What a saved result must look like: the shape of its JSON, and that its tables agree with it and with each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adm_notebook.engine.account import EXIT_REASONS, METRICS, UNFILLED_REASONS, Account
from adm_notebook.errors import shown
from adm_notebook.results.facts import RunFacts
from adm_notebook.results.result import IDENTITY

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Damaged", "Saved", "SavedBest", "account_of", "checked_stats", "table"]

FORMAT = "adm_notebook.WorkflowResult"
"""What `format` in result.json says, so that a file of that name by another program is not taken for ours."""

VERSION = 1
"""Raised when the files change in a way that an older version can't read."""

STATE, STATS, SERIES, TRADES, UNFILLED = FILES = (
    "result.json", "stats.parquet", "equity.parquet", "trades.parquet", "unfilled.parquet",
)  # fmt: skip

TRADE_FIELDS = (
    "direction", "size", "entry_bar", "entry_price", "exit_bar", "exit_price", "pnl", "returns", "fees", "exit_reason",
)  # fmt: skip
UNFILLED_FIELDS = ("unfilled_bar", "unfilled_side", "unfilled_reason")


class Damaged(Exception):
    """What is wrong with the files, in a sentence that goes on after `is damaged and can't be read:`."""


class _Model(BaseModel):
    # fields that this version does not know are left out: a later one may add some without a new VERSION
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class SavedBest(_Model):
    """The best row.

    row       its label in `stats`
    freq      frequency of the bars' index, which Parquet does not keep
    symbols, strategies   of its sleeves, one each
    sleeve    (n_trades,)  which of them made each trade; only in a combined portfolio
    settings  of the account, for the metrics of buy and hold; None where the result has no benchmark
    exit_reasons  the words for the codes in trades.parquet
    """

    row: int
    freq: str | None
    symbols: tuple[str, ...] = Field(min_length=1)
    strategies: tuple[str, ...] = Field(min_length=1)
    sleeve: tuple[int, ...] | None
    settings: dict[str, Any] | None
    exit_reasons: tuple[str, ...]


class Saved(_Model):
    """result.json; all that tables don't hold. Names as in WorkflowResult.

    config           as YAML
    frame_left_out   whether the config's bars were a DataFrame, which is not saved
    mixed_columns    columns of `stats` that hold values of several types, as JSON
    rows             of each table, by the name of its file
    containers       one record a container; None where nothing ran
    phases           names of the phases of a hybrid workflow; all but the last have folders of their own
    """

    format: Literal["adm_notebook.WorkflowResult"]
    version: int
    success: bool
    errors: list[str]
    warnings: list[str]
    workflow_id: str
    workflow_type: str
    mode: str
    pattern: str
    duration_seconds: float
    metadata: dict[str, Any]
    config: str
    frame_left_out: bool
    mixed_columns: list[str]
    rows: dict[str, int]
    facts: RunFacts
    best: SavedBest | None
    containers: list[dict[str, Any]] | None = None
    phases: list[str] = []

    @classmethod
    def of(cls, text: bytes) -> Saved:
        """The state in the bytes of a result.json.

        Raises
        ------
        Damaged
            naming the first value that is missing or can't be.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
        if not first["loc"]:
            raise Damaged(f"{STATE} is not the JSON that was written")
        place = ".".join(map(str, first["loc"]))
        said = "is missing" if first["type"] == "missing" else f"can't be {shown(first['input'])}"
        raise Damaged(f"`{place}` in {STATE} {said}")


def table(folder: Path, name: str, state: Saved, *columns: str) -> pd.DataFrame:
    """The table in a Parquet file.

    Raises
    ------
    Damaged
        where it is not there, can't be read, is not as long as it was, or lacks one of the `columns` of numbers.
    """
    import pandas as pd
    from pyarrow import ArrowException

    if not (folder / name).is_file():
        raise Damaged(f"{name} is missing")
    try:
        frame = pd.read_parquet(folder / name)
    except (OSError, ValueError, TypeError, KeyError, ArrowException):  # by which of its bytes are wrong
        raise Damaged(f"{name} is not the Parquet file that was written") from None
    if len(frame) != state.rows.get(name):
        raise Damaged(f"{name} has {_rows(len(frame))}, but had {_rows(state.rows.get(name, 0))}")
    for column in columns:
        if column not in frame.columns:
            raise Damaged(f"{name} has no column {column}")
        if frame[column].dtype.kind not in "if":
            raise Damaged(f"column {column} of {name} holds no numbers")
    return frame


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def checked_stats(stats: pd.DataFrame, state: Saved) -> pd.DataFrame:
    """`stats` as it is, if it can be a result's: a row has one label, and the best of them is ok and has its metrics.

    Raises
    ------
    Damaged
    """
    lacking = [name for name in (*IDENTITY, "status") if name not in stats.columns]
    if lacking:
        raise Damaged(f"{STATS} has no column {lacking[0]}")
    if not stats.index.is_unique:
        raise Damaged(f"{STATS} has rows of the same number")
    best = state.best
    if best is not None:
        if state.facts.objective not in METRICS:
            raise Damaged(f"`facts.objective` in {STATE} can't be {shown(state.facts.objective)}")
        if best.row not in stats.index:
            raise Damaged(f"the best row is number {best.row}, which is not in {STATS}")
        if stats.at[best.row, "status"] != "ok":
            raise Damaged(f"the best row is number {best.row}, which is not ok in {STATS}")
        for name in METRICS:
            if name not in stats.columns or stats[name].dtype.kind not in "if":
                raise Damaged(f"{STATS} has no numbers in a column {name}")
    return stats


def account_of(state: Saved, best: SavedBest, folder: Path) -> tuple[Account, pd.DataFrame]:
    """The account of the best row, and equity.parquet, which holds its equity and that of buy and hold.

    Raises
    ------
    Damaged
        where a table is not as long as it was, or names bars, sleeves or words that there are not.
    """
    held = ("benchmark",) if best.settings is not None else ()
    series = table(folder, SERIES, state, "equity", *held)
    trades = table(folder, TRADES, state, *TRADE_FIELDS)
    unfilled = table(folder, UNFILLED, state, *UNFILLED_FIELDS)
    if not len(series):
        raise Damaged(f"{SERIES} has no bars")
    for name, codes, below in (
        (TRADES, trades["entry_bar"], len(series)),
        (TRADES, trades["exit_bar"], len(series)),
        (TRADES, trades["exit_reason"], len(EXIT_REASONS)),
        (UNFILLED, unfilled["unfilled_bar"], len(series)),
        (UNFILLED, unfilled["unfilled_reason"], len(UNFILLED_REASONS)),
    ):
        if codes.dtype.kind != "i" or not codes.between(0, below - 1).all():
            raise Damaged(f"column {codes.name} of {name} is not within 0 and {below - 1:,}")
    if best.exit_reasons != EXIT_REASONS:
        raise Damaged(f"`best.exit_reasons` in {STATE} are not the words that this version knows")
    if len(best.symbols) != len(best.strategies):
        raise Damaged(f"`best` in {STATE} has {len(best.symbols)} symbols and {len(best.strategies)} strategies")
    if best.sleeve is not None:
        if len(best.sleeve) != len(trades):
            raise Damaged(f"`best.sleeve` in {STATE} has {len(best.sleeve):,} trades, {TRADES} has {len(trades):,}")
        if not all(0 <= sleeve < len(best.symbols) for sleeve in best.sleeve):
            raise Damaged(f"`best.sleeve` in {STATE} names a sleeve that there is not")
    columns = {str(name): column.to_numpy() for frame in (trades, unfilled) for name, column in frame.items()}
    values = {name: columns[name] for name in (*TRADE_FIELDS, *UNFILLED_FIELDS)}
    return Account(equity=series["equity"].to_numpy(np.float64), **values), series
