"""Compiling with numba, the one way this package does it: no fastmath, GIL released, cached on disk where possible."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

__all__ = ["inlined", "jit", "on_warmup", "readonly", "warmups"]

Function = TypeVar("Function", bound=Callable[..., object])
Scalar = TypeVar("Scalar", bound=np.generic)
WarmUp = TypeVar("WarmUp", bound=Callable[[], object])

_warmups: list[Callable[[], object]] = []


def jit(function: Function) -> Function:
    """`function`, compiled at its first call.

    The machine code is kept beside the package, or else in the user's cache folder, and survives restarts. Where
    neither can be written, the function still compiles, in each process anew. Floating point stays as written (no
    fastmath), so the compiled code gives the same bits on every run.

    Functions that `function` calls must be imported by name (`from x import f`, not `x.f`): a change in their source
    then discards its cached code too.
    """
    return _compiled(function, inline=False)


def inlined(function: Function) -> Function:
    """`jit`, with the code put into that of each function that calls it: where arguments are many and work is little.

    A structure of arrays costs more to hand over than the arithmetic of most such functions.
    """
    return _compiled(function, inline=True)


def _compiled(function: Function, *, inline: bool) -> Function:
    compiled = njit(nogil=True, forceinline=inline)(function)
    if isinstance(compiled, Dispatcher):  # with NUMBA_DISABLE_JIT=1 it is the plain function
        with suppress(RuntimeError, OSError):  # numba: "no locator available", neither folder can be written
            vars(compiled)["_cache"] = _Cache(function)
    return cast("Function", compiled)


def readonly(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """`array` as a contiguous view that can't be written.

    numba compiles a kernel anew for each mixture of writable and read-only arguments, and frames hand out both: passed
    through here they are all of one type.
    """
    flags = array.flags
    if flags.c_contiguous and not flags.writeable:
        return array
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def on_warmup(call: WarmUp) -> WarmUp:
    """Register a call that compiles some kernels on tiny data, to be made in the background before a first run."""
    _warmups.append(call)
    return call


def warmups() -> Iterator[Callable[[], object]]:
    """What was registered with `on_warmup`, in that order; calls registered meanwhile follow."""
    yield from _warmups


class _Cache(FunctionCache):
    """numba's cache on disk, with two differences: no failure of the disk stops a run, and callees count as source.

    numba compares the source of the cached function alone, although its machine code contains that of the functions
    it calls: after a change in another module stale code would be run.
    """

    def __init__(self, function: Callable[..., object]) -> None:
        untyped: Any = super()
        untyped.__init__(function)
        self.source_stamp = (self._impl.locator.get_source_stamp(), *sorted(set(_stamps_of_callees(function))))
        self._cache_file._source_stamp = self.source_stamp

    def load_overload(self, signature: object, target_context: object) -> Any:
        untyped: Any = super()
        try:
            return untyped.load_overload(signature, target_context)
        except OSError:
            return None
        except (EOFError, pickle.UnpicklingError):  # damaged: start afresh
            with suppress(OSError):
                untyped.flush()
            return None

    def save_overload(self, signature: object, data: object) -> None:
        untyped: Any = super()
        with suppress(OSError):  # the folder vanished, or the disk is full: the code is in memory all the same
            untyped.save_overload(signature, data)


def _stamps_of_callees(function: Callable[..., object]) -> Iterator[bytes]:
    for name in function.__code__.co_names:
        callee = function.__globals__.get(name)
        cache = vars(callee).get("_cache") if isinstance(callee, Dispatcher) else None
        if isinstance(cache, _Cache):
            yield from cache.source_stamp
