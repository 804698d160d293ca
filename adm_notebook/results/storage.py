"""A result on disk: a folder of Parquet and JSON, no pickle; what is loaded equals what was saved."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.config import WorkflowConfig
from adm_notebook.engine.account import EXIT_REASONS
from adm_notebook.errors import AdmError, ConfigError, RunError, did_you_mean, shown
from adm_notebook.results.detail import Benchmark, Detail
from adm_notebook.results.folder import PHASES, contents_of, reason, replacing, resolved, short
from adm_notebook.results.result import CONTAINER_COLUMNS, CONTAINER_TYPES
from adm_notebook.results.saved import (
    FILES,
    FORMAT,
    SERIES,
    STATE,
    STATS,
    TRADE_FIELDS,
    TRADES,
    UNFILLED,
    UNFILLED_FIELDS,
    VERSION,
    Damaged,
    Saved,
    SavedBest,
    account_of,
    checked_stats,
    table,
)

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.results.result import WorkflowResult

__all__ = ["check_saved_folder", "load", "save"]


# ---- writing --------------------------------------------------------------------------------------------------------


def save(result: WorkflowResult, directory: str | os.PathLike[str]) -> Path:
    """Write `result` into `directory`; an older result there is replaced, a folder with anything else is refused.

    Returns
    -------
    Path
        of the folder, absolute; `~` and links are followed.

    Raises
    ------
    RunError
        where the folder holds something that is not a result, or can't be written.
    ConfigError
        where the config holds what text can't, such as a function.
    """
    folder = resolved("save", directory)
    try:
        with replacing(folder, FILES, _is_ours) as staging:
            _write(result, staging)
    except AdmError:
        raise
    except (OSError, ValueError, TypeError, NotImplementedError) as error:  # all but the first: of Parquet, of JSON
        raise RunError(f"{short(folder)} can't be written: {reason(error)}") from None
    return folder


def check_saved_folder(directory: str | os.PathLike[str]) -> None:
    """Refuse a folder that `save` would refuse for what it holds, before anything runs.

    Raises
    ------
    RunError
        saying what it holds.
    """
    contents_of(FILES, _is_ours).check(resolved("save", directory))


def _write_phases(result: WorkflowResult, folder: Path) -> list[str]:
    """Earlier phases of a hybrid workflow in folders of their own; the last one is the result itself."""
    names = list(result.phases)
    for i, name in enumerate(names[:-1]):
        inner = folder / PHASES / str(i)
        inner.mkdir(parents=True)
        _write(result.phases[name], inner)
    return names


def _is_ours(folder: Path) -> bool:
    try:
        state = json.loads((folder / STATE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(state, dict) and state.get("format") == FORMAT


def _write(result: WorkflowResult, folder: Path) -> None:
    import pandas as pd

    stats, mixed = _without_mixed_columns(result.stats)
    stats.to_parquet(folder / STATS)
    config, frame_left_out = _config_values(result.config)
    state: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
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
        "rows": {STATS: len(stats)},
        "facts": result.facts.to_json(),
        "best": None,
        "phases": _write_phases(result, folder),
        "containers": result.containers.reset_index().to_dict("records") or None,
    }
    detail, benchmark = result._best_detail, result.benchmark
    if detail is not None:
        account = detail.account
        held = {} if benchmark is None else {"benchmark": benchmark.values}
        for name, frame in (
            (SERIES, pd.DataFrame({"equity": account.equity, **held}, index=detail.index)),
            (TRADES, pd.DataFrame({field: getattr(account, field) for field in TRADE_FIELDS})),
            (UNFILLED, pd.DataFrame({field: getattr(account, field) for field in UNFILLED_FIELDS})),
        ):
            frame.to_parquet(folder / name)
            state["rows"][name] = len(frame)
        state["best"] = {
            "row": detail.row,
            "freq": getattr(detail.index, "freqstr", None),
            "symbols": detail.symbols,
            "strategies": detail.strategies,
            "sleeve": detail.sleeve,
            "settings": None if benchmark is None else benchmark.settings.model_dump(mode="json"),
            "exit_reasons": EXIT_REASONS,
        }
    (folder / STATE).write_text(json.dumps(state, indent=1, ensure_ascii=False, default=_plain), encoding="utf-8")


def _without_mixed_columns(stats: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Columns of swept values of several types (`auto` and 50), which Parquet can't hold, as JSON; and their names.

    None and NaN stay apart, as `null` and `NaN`; mappings and lists stay what they are.
    """
    import pandas as pd

    mixed = [str(name) for name in stats if stats[name].dtype == object]
    for name in mixed:
        stats[name] = pd.array([json.dumps(value, default=_plain) for value in stats[name]], dtype="str")
    return stats, mixed


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def _config_values(config: WorkflowConfig) -> tuple[str, bool]:
    """The config as YAML, and whether a frame, which only the notebook holds, was left out of it."""
    if config.data_config.get("frame") is None:
        return config.to_yaml(), False
    lean = config.copy()
    lean.data_config = {**lean.data_config, "source": "frame"}  # so that a run of it asks for the frame
    del lean.data_config["frame"]
    return lean.to_yaml(), True


# ---- reading --------------------------------------------------------------------------------------------------------


def load(directory: str | os.PathLike[str]) -> WorkflowResult:
    """The result that `save` wrote into `directory`.

    Raises
    ------
    RunError
        where there is none, where it is damaged, or where a later version wrote it.
    """
    from adm_notebook.results.result import WorkflowResult

    folder = resolved("load", directory)
    try:
        if not folder.exists():
            beside = sorted(each.parent.name for each in folder.parent.glob(f"*/{STATE}"))
            guess = did_you_mean(folder.name, beside).removesuffix(".")
            raise RunError(f"{short(folder)} holds no saved result: there is no such folder.{guess}".removesuffix("."))
        if not (folder / STATE).is_file():
            raise RunError(f"{short(folder)} holds no saved result: there is no {STATE} in it")
        return WorkflowResult(**_read(folder))
    except Damaged as damage:
        raise RunError(f"{folder} is damaged and can't be read: {damage}") from None
    except OSError as error:
        raise RunError(f"{short(folder)} can't be read: {reason(error)}") from None


def _read(folder: Path) -> dict[str, Any]:
    text = (folder / STATE).read_bytes()
    try:
        head = json.loads(text)
    except (ValueError, RecursionError):
        raise Damaged(f"{STATE} is not the JSON that was written") from None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise RunError(f"{folder} holds no saved result: its {STATE} was written by another program")
    if head.get("version") != VERSION:
        raise RunError(
            f"{folder} was written in version {shown(head.get('version'))} of the format; this one reads {VERSION}"
        )
    state = Saved.of(text)
    plain = (
        "success", "errors", "warnings", "workflow_id", "workflow_type", "mode", "pattern", "duration_seconds",
        "metadata", "facts",
    )  # fmt: skip
    values: dict[str, Any] = {name: getattr(state, name) for name in plain}
    try:
        values["config"] = WorkflowConfig.from_yaml(state.config + "\n")  # with a line's end it is no file's name
    except ConfigError as error:
        raise Damaged(f"`config` in {STATE}: {_problems(error)}") from None
    stats = _with_mixed_columns(table(folder, STATS, state), state.mixed_columns)
    values["stats"] = checked_stats(stats, state)
    values["containers"] = _containers(state)
    values["phases"] = _read_phases(state, folder)
    if state.frame_left_out:
        values["recompute"] = _without_frame
    if state.best is not None:
        values |= _read_best(state, state.best, stats, folder)
    return values


def _read_phases(state: Saved, folder: Path) -> dict[str, WorkflowResult | None]:
    """Earlier phases; in the place of the last stands None, which the result itself takes."""
    from adm_notebook.results.result import WorkflowResult

    found: dict[str, WorkflowResult | None] = {}
    for i, name in enumerate(state.phases):
        last = i == len(state.phases) - 1
        found[name] = None if last else WorkflowResult(**_read(folder / PHASES / str(i)))
    return found


def _containers(state: Saved) -> pd.DataFrame | None:
    """The container tree as it ran; a result of an earlier version has none."""
    import pandas as pd

    if state.containers is None:
        return None
    try:
        return (
            pd.DataFrame(state.containers, columns=["path", *CONTAINER_COLUMNS])
            .astype(CONTAINER_TYPES)
            .set_index("path")
        )
    except (TypeError, ValueError, KeyError) as error:
        raise Damaged(f"`containers` in {STATE}: {error}") from None


def _problems(error: ConfigError) -> str:
    return "; ".join(f"{p.path} {p.message}".strip() for p in error.problems)


def _with_mixed_columns(stats: pd.DataFrame, mixed: list[str]) -> pd.DataFrame:
    """The inverse of `_without_mixed_columns`."""
    import pandas as pd

    for name in mixed:
        try:
            decoded = [json.loads(value) for value in stats[name]]
        except (KeyError, TypeError, ValueError):
            raise Damaged(f"column {name} of {STATS} is not what was written") from None
        stats[name] = pd.Series(decoded, index=stats.index, dtype=object)
    return stats


def _without_frame(row: int) -> Detail:
    message = (
        f"Row {row} can't be made again: its bars were a DataFrame of the notebook, which is not saved with a result."
    )
    raise RunError(f"{message} Run the workflow again, or save the frame to a file and use `path:`.")


def _read_best(state: Saved, best: SavedBest, stats: pd.DataFrame, folder: Path) -> dict[str, Any]:
    import pandas as pd

    from adm_notebook.config.frozen import parse
    from adm_notebook.config.settings import Settings
    from adm_notebook.market.calendar import Calendar
    from adm_notebook.results.result import metrics_of

    account, series = account_of(state, best, folder)
    if best.freq is not None:
        try:
            series.index = pd.DatetimeIndex(series.index, freq=best.freq)
        except (TypeError, ValueError):
            raise Damaged(f"the times of {SERIES} are not those of the frequency {shown(best.freq)}") from None
    detail = Detail(
        row=best.row,
        metrics=metrics_of(stats.loc[best.row]),  # type: ignore[arg-type]  # labels are unique, so it is a row
        account=account,
        index=series.index,
        symbols=best.symbols,
        strategies=best.strategies,
        sleeve=best.sleeve,
    )
    if best.settings is None:
        return {"best_detail": detail}
    try:
        settings = parse(Settings, best.settings, path="best.settings")
    except ConfigError as error:
        raise Damaged(f"{_problems(error)}, in {STATE}") from None
    held = series["benchmark"].to_numpy(np.float64)
    benchmark = Benchmark(lambda: held, series.index, Calendar.of(series.index), settings)
    return {"best_detail": detail, "benchmark": benchmark}
