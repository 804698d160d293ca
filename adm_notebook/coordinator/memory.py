"""How much memory this process holds, where the system says so."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["held_mb"]

_STATM = Path("/proc/self/statm")


def held_mb() -> float | None:
    """Resident memory in MB; None where it can't be read (it is read from /proc, which Linux has)."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
