"""Signals that two results kept, matched by combination and time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adm_notebook.errors import RunError
from adm_notebook.folders import short
from adm_notebook.results.tolerance import agree

if TYPE_CHECKING:
    import pandas as pd

    from adm_notebook.results.result import WorkflowResult
    from adm_notebook.signals import SignalStore

__all__ = ["kept_store", "signals_apart"]

_FIGURES = ("strength", "price")
_WORDS = ("direction", "long_entry", "long_exit", "short_entry", "short_exit", "regime")


def kept_store(result: WorkflowResult, path: str | None = None) -> SignalStore:
    """The signals that a run kept, or traded: the store that it knew.

    path  of the store, where the result's facts don't hold it

    Raises
    ------
    RunError
        where there is none any more, where it is damaged, and where those of other work are in its place.
    """
    from adm_notebook.signals import SignalStore

    store = SignalStore(str(result.metadata.get("signals_path", path)))
    known = result.metadata.get("signals_digest")
    if known is not None and store.manifest.digest != known:
        raise RunError(
            f"{short(store.path)} holds the signals of other work by now, and those that this run knew are not there "
            "any more. Run it again, with an `analysis_config.output_path` of its own."
        )
    return store


def signals_apart(a: WorkflowResult, b: WorkflowResult, rtol: float) -> str:
    """Why the kept signals differ, half a sentence; empty where they don't, or where one result kept none."""
    paths = [result.metadata.get("signals_path") for result in (a, b)]
    if None in paths or paths[0] == paths[1] or not all(Path(str(path)).is_dir() for path in paths):
        return ""
    old, new = a.signals, b.signals
    moment = "time" if str(old["time"].dtype) == str(new["time"].dtype) else "bar"
    keys = ["combination", "symbol", "strategy", moment]
    both = old.merge(new, on=keys, how="outer", suffixes=("_old", "_new"), indicator=True)
    apart = (both["_merge"] != "both").to_numpy(copy=True)
    for name in _WORDS:
        x, y = (_words(both[f"{name}_{side}"]) for side in ("old", "new"))
        apart |= x != y
    for name in _FIGURES:
        x, y = (both[f"{name}_{side}"].to_numpy(np.float64, na_value=np.nan) for side in ("old", "new"))
        apart |= ~agree(x, y, rtol, 1e-12)
    if not apart.any():
        return ""
    n, first = int(apart.sum()), str(both.loc[apart, moment].min()).removesuffix(" 00:00:00")
    return f"{n:,} signal{' differs' if n == 1 else 's differ'}, the first at {moment} {first}".replace(
        "at time ", "at "
    )


def _words(column: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Values as text, a missing one as nothing."""
    return column.astype("object").where(column.notna(), "").map(str).to_numpy(object)
