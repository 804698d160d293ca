"""Compiling with numba, the one way this package does it: no fastmath, GIL released, cached on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

__all__ = ["jit"]

Function = TypeVar("Function", bound=Callable[..., object])


def jit(function: Function) -> Function:
    """`function`, compiled at its first call.

    The machine code is kept beside the package, or else in the user's cache folder, and survives restarts. Where
    neither can be written, the function still compiles, in each process anew. Floating point stays as written (no
    fastmath), so the compiled code gives the same bits on every run.
    """
    compiled = njit(nogil=True)(function)
    try:
        compiled.enable_caching()
    except RuntimeError:  # numba: "no locator available", neither folder can be written
        pass
    return cast("Function", compiled)
