"""The gate that a run's work passes again and again: where it pauses, and where it learns that it must end."""

from __future__ import annotations

import threading
import time

from adm_notebook.errors import RunCancelled, RunTimedOut

__all__ = ["Gate"]


class Gate:
    """Set from any thread, checked by the ones that work.

    Parameters
    ----------
    timeout_seconds
        wall time, pauses included, after which `check` raises; None means never.
    """

    def __init__(self, timeout_seconds: float | None = None) -> None:
        self.timeout_seconds = timeout_seconds
        self.started = time.monotonic()
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()

    def check(self) -> None:
        """Wait while paused; raise if the run must end.

        Raises
        ------
        RunCancelled
        RunTimedOut
        """
        while True:
            if self._stop.is_set():
                raise RunCancelled("The run was stopped.")
            if self.timed_out:
                raise RunTimedOut(f"The run took longer than timeout_seconds: {self.timeout_seconds:g}.")
            if self._go.wait(0.05):
                return

    @property
    def timed_out(self) -> bool:
        """Whether the time is up."""
        return self.timeout_seconds is not None and time.monotonic() - self.started > self.timeout_seconds

    @property
    def stopped(self) -> bool:
        """Whether somebody asked the run to end."""
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        """Whether work waits."""
        return not self._go.is_set()

    def stop(self) -> None:
        """End the run at its next check."""
        self._stop.set()
        self._go.set()

    def pause(self) -> None:
        """Let work wait at its next check."""
        if not self._stop.is_set():
            self._go.clear()

    def resume(self) -> None:
        """Let work go on."""
        self._go.set()
