"""The gate that a run's work passes again and again: where it pauses, and where it learns that it must end."""

from __future__ import annotations

import threading
import time

from adm_notebook.coordinator.memory import GrowthOfMemory
from adm_notebook.errors import RunCancelled, RunError, RunTimedOut

__all__ = ["Gate"]

WATCH_INTERVAL = 0.05
"""Seconds between two looks at the memory that the process holds."""


class Gate:
    """Set from any thread, checked by the ones that work.

    Parameters
    ----------
    timeout_seconds
        wall time, pauses included, after which `check` raises; None means never.
    memory_mb
        growth of the process's memory since now, MB, above which `check` raises; None means no limit.

    Attributes
    ----------
    growth
        of the process's memory, looked at every few checks.
    """

    def __init__(self, timeout_seconds: float | None = None, memory_mb: float | None = None) -> None:
        self.timeout_seconds, self.memory_mb = timeout_seconds, memory_mb
        self.started = time.monotonic()
        self.stopped_at: float | None = None
        self.growth = GrowthOfMemory()
        self._watched = 0.0
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()

    def check(self) -> None:
        """Wait while paused; raise if the run must end.

        Raises
        ------
        RunCancelled
        RunTimedOut
        RunError
            where memory has grown beyond its limit.
        """
        while True:
            self.check_stop()
            if self.timed_out:
                raise RunTimedOut(f"The run took longer than timeout_seconds: {self.timeout_seconds:g}.")
            self._watch_memory()
            if self._go.is_set() or self._go.wait(0.05):
                return

    def check_stop(self) -> None:
        """Raise if somebody asked the run to end.

        Raises
        ------
        RunCancelled
        """
        if self._stop.is_set():
            raise RunCancelled("The run was stopped.")

    def start_again(self) -> None:
        """Count time and memory from now on."""
        self.started, self.growth = time.monotonic(), GrowthOfMemory()

    def _watch_memory(self) -> None:
        now = time.monotonic()
        if now - self._watched < WATCH_INTERVAL:
            return
        self._watched = now
        growth = self.growth.look()
        if growth is not None and self.memory_mb is not None and growth > self.memory_mb:
            grown = f"the run grew by {growth:,.1f} MB"
            raise RunError(f"Out of memory: `memory_limit_mb` is {self.memory_mb:g}, and {grown}.")

    @property
    def timed_out(self) -> bool:
        """Whether the time is up."""
        return self.timeout_seconds is not None and self.spent > self.timeout_seconds

    @property
    def spent(self) -> float:
        """Seconds that count for a timeout."""
        return time.monotonic() - self.started

    @property
    def overdue(self) -> float:
        """Seconds since the run should have ended, by a stop or a timeout; 0 while it may go on."""
        now, ends = time.monotonic(), []
        if self.stopped_at is not None:
            ends.append(self.stopped_at)
        if self.timeout_seconds is not None:
            ends.append(self.started + self.timeout_seconds)
        return max(0.0, now - min(ends)) if ends else 0.0

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
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()
        self._stop.set()
        self._go.set()

    def pause(self) -> None:
        """Let work wait at its next check."""
        if not self._stop.is_set():
            self._go.clear()

    def resume(self) -> None:
        """Let work go on."""
        self._go.set()
