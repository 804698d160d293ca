"""Compiling in the background, before a first run needs it: the first call of a kernel takes seconds."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd

from adm_notebook.config.settings import Settings
from adm_notebook.engine import compiled
from adm_notebook.engine.metrics import metrics
from adm_notebook.jit import on_warmup, warmups
from adm_notebook.market.arrays import Prices
from adm_notebook.market.calendar import Calendar

__all__ = ["on_warmup", "ready", "start_in_background", "wait"]

_lock = threading.Lock()
_done = threading.Event()
_thread: threading.Thread | None = None


def start_in_background() -> threading.Thread:
    """Compile every kernel that was registered with `on_warmup`, or load it from disk, in a daemon thread.

    Returns at once; a second call returns the thread of the first. A run that starts meanwhile waits for the kernel
    being compiled, not for the others; under a limit on memory it waits for all (`Run._load_code`).
    """
    global _thread
    with _lock:
        if _thread is None:
            _thread = threading.Thread(target=_run, name="adm_notebook-warmup", daemon=True)
            _thread.start()
        return _thread


def wait(timeout: float | None = None) -> bool:
    """Wait for the end of the warm-up, starting it if need be; False if `timeout` (seconds) ran out first."""
    start_in_background()
    return _done.wait(timeout)


def ready() -> bool:
    """Whether a warm-up has ended."""
    return _done.is_set()


def _run() -> None:
    try:
        for call in warmups():
            call()
    finally:
        _done.set()


@on_warmup
def _engine() -> None:
    """The kernels of the engine and the calendar, on three bars."""
    index = pd.date_range("2020-01-01", periods=3, tz="UTC")
    price = np.ones(3)
    signals = compiled.signals_from_targets(np.array([0, 1, 1], dtype=np.int8), 1)
    settings = Settings()
    account = compiled.simulate(Prices(price, price, price, price), signals, settings, warmup=1)
    metrics(account, Calendar.of(index), settings)
