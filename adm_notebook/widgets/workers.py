"""A thread that lives while there is something to do: what views ask for is done there, not where messages arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Worker"]


class Worker:
    """Calls `step` once after each `wake`, on a thread of its own; wakes that come meanwhile are one.

    name  of its thread
    step  what is done; where it raises, the thread ends, and the next wake starts another
    """

    def __init__(self, name: str, step: Callable[[], None]) -> None:
        self.name, self._step = name, step
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._again = False

    @property
    def is_current(self) -> bool:
        """Whether the thread that asks is this one."""
        return threading.current_thread() is self._thread

    def wake(self) -> None:
        """There is something to do. Returns at once, on any thread."""
        with self._lock:
            self._again = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        try:
            while True:
                with self._lock:
                    if not self._again:
                        self._thread = None
                        return
                    self._again = False
                self._step()
        except BaseException:
            with self._lock:
                self._thread = None
            raise
