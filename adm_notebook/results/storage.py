"""A result on disk: a folder of Parquet and JSON, no pickle; what is loaded equals what was saved."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.config import WorkflowConfig
from adm_notebook.engine.account import EXIT_REASONS, Account
from adm_notebook.errors import ConfigError, RunError
from adm_notebook.results.detail import Benchmark, Detail
from adm_notebook.results.facts import RunFacts

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.results.result import WorkflowResult

__all__ = ["FORMAT", "load", "save"]

FORMAT = 1
"""Raised when the files change in a way that an older version can't read."""

_TRADE_FIELDS = (
    "direction", "size", "entry_bar", "entry_price", "exit_bar", "exit_price", "pnl", "returns", "fees", "exit_reason",
)  # fmt: skip
_UNFILLED_FIELDS = ("unfilled_bar", "unfilled_side", "unfilled_reason")


def save(result: WorkflowResult, directory: Path) -> Path:
    """Write `result` into `directory`; an older result there is replaced, anything else is left alone.

    The folder is written beside its place and moved there when it is complete, so that a crash leaves no half of it.

    Raises
    ------
    RunError
        where the folder holds something that is not a result, or can't be written.
    """
    if (
        directory.exists()
        and not (directory / "result.json").is_file()
        and (directory.is_file() or any(directory.iterdir()))
    ):
        raise RunError(f"{directory} is there and is not a saved result; name a new folder")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    except OSError as error:
        raise RunError(f"{directory} can't be written: {error.strerror}") from None
    try:
        _write(result, staging)
        if directory.exists():
            shutil.rmtree(directory)
        os.replace(staging, directory)  # noqa: PTH105  # replaces a folder, which Path.rename does not on every system
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return directory


def _write(result: WorkflowResult, folder: Path) -> None:
    import pandas as pd

    stats, mixed = _without_mixed_columns(result.stats)
    stats.to_parquet(folder / "stats.parquet")
    config, frame_left_out = _config_values(result.config)
    state: dict[str, Any] = {
        "format": FORMAT,
        "success": result.success,
        "errors": result.errors,
        "warnings": result.warnings,
        "workflow_id": result.workflow_id,
        "workflow_type": result.workflow_type,
        "mode": result.mode,
        "pattern": result.pattern,
        "duration_seconds": result.duration_seconds,
        "metadata": result.metadata,
        "config": config,
        "frame_left_out": frame_left_out,
        "mixed_columns": mixed,
        "facts": result.facts.to_json(),
        "best": None,
    }
    detail, benchmark = result._best_detail, result.benchmark
    if detail is not None and benchmark is not None:
        account = detail.account
        series = pd.DataFrame({"equity": account.equity, "benchmark": benchmark.values}, index=detail.index)
        series.to_parquet(folder / "equity.parquet")
        trades = pd.DataFrame({name: getattr(account, name) for name in _TRADE_FIELDS})
        trades.to_parquet(folder / "trades.parquet")
        unfilled = pd.DataFrame({name: getattr(account, name) for name in _UNFILLED_FIELDS})
        unfilled.to_parquet(folder / "unfilled.parquet")
        state["best"] = {
            "row": detail.row,
            "freq": getattr(detail.index, "freqstr", None),
            "metrics": {k: _encode(v) for k, v in detail.metrics.items()},
            "symbols": detail.symbols,
            "strategies": detail.strategies,
            "sleeve": detail.sleeve,
            "settings": benchmark.settings.model_dump(mode="json"),
            "exit_reasons": EXIT_REASONS,
        }
    (folder / "result.json").write_text(
        json.dumps(state, indent=1, ensure_ascii=False, default=_plain), encoding="utf-8"
    )


def _without_mixed_columns(stats: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Columns of swept values of several types (`auto` and 50), which Parquet can't hold, as JSON; and their names."""
    import pandas as pd

    mixed = [str(name) for name in stats if stats[name].dtype == object]
    for name in mixed:
        stats[name] = pd.array([json.dumps(None if v != v else v, default=_plain) for v in stats[name]], dtype="str")
    return stats, mixed


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "item"):
        return value.item()
    return str(value)


def _encode(value: float) -> Any:
    """JSON has no infinities: they are written as words."""
    return value if isinstance(value, int) or math.isfinite(value) else str(value)


def _config_values(config: WorkflowConfig) -> tuple[str, bool]:
    """The config as YAML, and whether a frame, which only the notebook holds, was left out of it."""
    if config.data_config.get("frame") is None:
        return config.to_yaml(), False
    lean = config.copy()
    lean.data_config = {**lean.data_config, "source": "frame"}  # so that a run of it asks for the frame
    del lean.data_config["frame"]
    return lean.to_yaml(), True


def load(directory: Path) -> WorkflowResult:
    """The result that `save` wrote into `directory`.

    Raises
    ------
    RunError
        where there is none, where it is damaged, or where a later version wrote it.
    """
    from adm_notebook.results.result import WorkflowResult

    path = directory / "result.json"
    if not path.is_file():
        raise RunError(f"{directory} holds no saved result: there is no result.json in it")
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["format"] != FORMAT:
            raise RunError(f"{directory} was written in format {state['format']}; this version reads format {FORMAT}")
        return WorkflowResult(**_read(state, directory))
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise RunError(f"{directory} is damaged and can't be read: {error}") from error


def _read(state: dict[str, Any], folder: Path) -> dict[str, Any]:
    import pandas as pd

    plain = (
        "success", "errors", "warnings", "workflow_id", "workflow_type", "mode", "pattern", "duration_seconds",
        "metadata",
    )  # fmt: skip
    values: dict[str, Any] = {name: state[name] for name in plain}
    values["config"] = WorkflowConfig.from_yaml(state["config"])
    values["facts"] = RunFacts.from_json(state["facts"])
    stats = pd.read_parquet(folder / "stats.parquet")
    for name in state["mixed_columns"]:
        decoded = [json.loads(v) for v in stats[name]]
        stats[name] = pd.Series([np.nan if v is None else v for v in decoded], index=stats.index, dtype=object)
    values["stats"] = stats
    if state["frame_left_out"]:
        values["recompute"] = _without_frame
    best = state["best"]
    if best is not None:
        values |= _read_best(best, folder)
    return values


def _without_frame(row: int) -> Detail:
    message = (
        f"Row {row} can't be made again: its bars were a DataFrame of the notebook, which is not saved with a result."
    )
    raise RunError(f"{message} Run the workflow again, or save the frame to a file and use `path:`.")


def _read_best(best: dict[str, Any], folder: Path) -> dict[str, Any]:
    import pandas as pd

    from adm_notebook.config.settings import Settings
    from adm_notebook.market.calendar import Calendar

    series = pd.read_parquet(folder / "equity.parquet")
    if best["freq"] is not None:
        series.index = pd.DatetimeIndex(series.index, freq=best["freq"])
    columns = {
        **{n: c.to_numpy() for n, c in pd.read_parquet(folder / "trades.parquet").items()},
        **{n: c.to_numpy() for n, c in pd.read_parquet(folder / "unfilled.parquet").items()},
    }
    account = Account(equity=series["equity"].to_numpy(np.float64), **{str(k): v for k, v in columns.items()})
    detail = Detail(
        row=best["row"],
        metrics={k: float(v) if isinstance(v, str) else v for k, v in best["metrics"].items()},
        account=account,
        index=series.index,
        symbols=tuple(best["symbols"]),
        strategies=tuple(best["strategies"]),
        sleeve=None if best["sleeve"] is None else tuple(best["sleeve"]),
    )
    held = series["benchmark"].to_numpy(np.float64)
    benchmark = Benchmark(
        lambda: held,
        series.index,
        Calendar.of(series.index),
        Settings.model_validate(best["settings"]),
    )
    return {"best_detail": detail, "benchmark": benchmark}
