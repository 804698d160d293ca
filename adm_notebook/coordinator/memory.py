"""How much memory this process holds, and by how much that has grown, where the system says so."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

__all__ = ["GrowthOfMemory", "forget_peak", "held_mb"]

_STATM, _STATUS, _RESET = Path("/proc/self/statm"), Path("/proc/self/status"), Path("/proc/self/clear_refs")


def held_mb() -> float | None:
    """Resident memory in MB; None where it can't be read (it is read from /proc, which Linux has)."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def forget_peak() -> None:
    """Let what the process holds now count as the most it ever held, where the system allows that.

    What was freed is given back first: memory that is taken anew then counts as growth. A `GrowthOfMemory` made after
    it is exact, however much was held before.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # a C library that has no such function
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        _RESET.write_text("5", encoding="ascii")


class GrowthOfMemory:
    """By how much the memory of this process has grown since this was made; other work in the process counts, too."""

    def __init__(self) -> None:
        self._before, self._most_before = held_mb(), _most_held_mb()
        self._seen = 0.0

    def look(self) -> float | None:
        """The growth now, MB; None where it can't be read."""
        now = held_mb()
        if now is None or self._before is None:
            return None
        growth = now - self._before
        self._seen = max(self._seen, growth)
        return growth

    def peak(self) -> float | None:
        """The most it has grown by, MB; None where it can't be read.

        Exact where the process never held as much before, which the system notes; else the most that `look` saw.
        """
        if self.look() is None or self._before is None:
            return None
        most = _most_held_mb()
        if most is not None and self._most_before is not None and most > self._most_before:
            return max(self._seen, most - self._before)
        return self._seen


def _most_held_mb() -> float | None:
    """The most that the process ever held, MB."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, IndexError, ValueError, StopIteration):
        return None
