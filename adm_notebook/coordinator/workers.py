"""A few threads that work through batches; daemons, so that user code which never returns can't keep a script alive."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["Workers"]

Task = TypeVar("Task")
Done = TypeVar("Done")


class Workers(Generic[Task, Done]):
    """Calls `work` on each task that is put, on `count` threads; `get` hands over what came of it.

    Attributes
    ----------
    busy
        tasks that were put and not yet handed over.
    """

    def __init__(self, count: int, work: Callable[[Task], Done]) -> None:
        self.busy = 0
        self._work = work
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Done | None, BaseException | None]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, name=f"adm-worker-{i}", daemon=True) for i in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, task: Task) -> None:
        """Queue a task."""
        self.busy += 1
        self._tasks.put(task)

    def get(self) -> Done:
        """What the next finished task returned."""
        done, error = self._done.get()
        self.busy -= 1
        if error is not None:
            raise error
        assert done is not None
        return done

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                self._done.put((self._work(task), None))
            except BaseException as error:  # noqa: BLE001  # `get` raises it where somebody can answer it
                self._done.put((None, error))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self._threads:
            self._tasks.put(None)
