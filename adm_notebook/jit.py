"""Compiling with numba, the one way this package does it: no fastmath, GIL released, cached on disk where possible."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import config
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic

__all__ = ["by_hand", "inlined", "inner", "jit", "on_warmup", "readonly", "warmups"]

Function = TypeVar("Function", bound=Callable[..., object])
Scalar = TypeVar("Scalar", bound=np.generic)
WarmUp = TypeVar("WarmUp", bound=Callable[[], object])

_COMPILES = not vars(config)["DISABLE_JIT"]
"""With NUMBA_DISABLE_JIT=1 functions stay as they are."""

_OPTIONS: dict[str, Any] = {"nopython": True, "nogil": True, "boundscheck": None}
_FOR_COMPILED_CODE = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}

_warmups: list[Callable[[], object]] = []


def jit(function: Function) -> Function:
    """`function`, compiled at its first call.

    The machine code is kept beside the package, or else in the user's cache folder, and survives restarts. Where
    neither can be written, the function still compiles, in each process anew. Floating point stays as written (no
    fastmath), so the compiled code gives the same bits on every run.

    Functions that `function` calls, and values that it reads, must be imported by name (`from x import f`, not `x.f`):
    a change of these then discards its cached code too.
    """
    if not _COMPILES:
        return function
    compiled = _Entry(function, _OPTIONS)
    with suppress(RuntimeError, OSError):  # numba: "no locator available", neither folder can be written
        vars(compiled)["_cache"] = _Cache(function)
    return cast("Function", compiled)


def inner(function: Function) -> Function:
    """`function`, compiled for other compiled functions, whose machine code holds it: nothing of its own is kept.

    Without what Python needs to call it, it compiles in about three quarters of the time. Python may call it all the
    same; it is compiled once more then.

    It takes arrays on loan: no references to them are counted, which takes longer than the fill of an order where
    arrays go from function to function. So it can neither make nor return one; what it needs is given to it.

    Raises
    ------
    TypeError
        when it is compiled, if it returns an array. numba's own error says so of one that makes an array.
    """
    return _part(function, inline=False)


def inlined(function: Function) -> Function:
    """`inner`, with the code put into that of each function that calls it: where arguments are many and work is little.

    A structure of arrays costs more to hand over than the arithmetic of most such functions.
    """
    return _part(function, inline=True)


def by_hand(generate: Callable[..., object], python: Function) -> Function:
    """A function whose instructions are written by hand, as `numba.extending.intrinsic` has it, for compiled code only.

    Parameters
    ----------
    generate
        what `intrinsic` takes.
    python
        the same for Python, which is all there is with NUMBA_DISABLE_JIT=1.
    """
    if not _COMPILES:
        return python
    made: Any = intrinsic(generate)
    made.source = _stamp(generate)
    return cast("Function", made)


def _part(function: Function, *, inline: bool) -> Function:
    if not _COMPILES:
        return function
    return cast("Function", _Part(function, {**_OPTIONS, **_FOR_COMPILED_CODE, "forceinline": inline}))


class _Entry(CPUDispatcher):
    """A function that Python calls."""

    def __init__(self, function: Callable[..., object], options: dict[str, Any]) -> None:
        super().__init__(function, targetoptions=options)
        self.source = _stamp(function)

    def compile(self, sig: Any) -> Any:
        """Compile, or load from disk, without Python's search for cycles.

        numba makes millions of objects and keeps most of them: looking through these again and again takes a fifth of
        the time. What other threads leave meanwhile is found afterwards.
        """
        collects = gc.isenabled()
        gc.disable()
        try:
            return super().compile(sig)
        finally:
            if collects:
                gc.enable()


class _Part(_Entry):
    """A function without an entry point for Python: a call from there goes to one that has it."""

    def add_overload(self, cres: Any) -> None:
        """Note what was compiled for callers, and keep it from Python."""
        returned = cres.signature.return_type
        if cres.target_context.data_model_manager[returned].contains_nrt_meminfo():
            name = self.py_func.__name__
            raise TypeError(f"{name} returns {returned}, but took its arrays on loan: let it write to one")
        self.overloads[tuple(cres.signature.args)] = cres

    def _compile_for_args(self, *_: object, **__: object) -> Any:
        """What Python calls instead; asked for at each call, as Python is told of no overload."""
        if "_entry" not in vars(self):
            vars(self)["_entry"] = _Entry(self.py_func, _OPTIONS)
        return vars(self)["_entry"]


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
    it calls, and the values that it reads: after a change in another module stale code would be run.
    """

    def __init__(self, function: Callable[..., object]) -> None:
        untyped: Any = super()
        untyped.__init__(function)
        self._function = function
        self.own_stamp = self._impl.locator.get_source_stamp()

    @cached_property
    def source_stamp(self) -> tuple[object, ...]:
        """What the machine code is made from; not asked for before the modules of all callees are imported.

        Files were read when their functions were made: what has changed on disk since is not what is compiled.
        """
        callees = set(_stamps_of_globals(self._function))
        return (_OWN_STAMP, self.own_stamp, *sorted(callees, key=repr))

    def load_overload(self, signature: object, target_context: object) -> Any:
        untyped: Any = super()
        self._cache_file._source_stamp = self.source_stamp
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
        self._cache_file._source_stamp = self.source_stamp
        with suppress(OSError):  # the folder vanished, or the disk is full: the code is in memory all the same
            untyped.save_overload(signature, data)


def _stamps_of_globals(function: Callable[..., object], seen: set[object] | None = None) -> Iterator[object]:
    """What stands for the source of all that a function calls, by way of others too; and the values that it reads."""
    seen = set() if seen is None else seen
    for name in function.__code__.co_names:
        found = function.__globals__.get(name)
        if isinstance(found, bool | int | float | complex | str | bytes | tuple | np.generic):
            yield name, repr(found)
        elif isinstance(found, np.ndarray):
            yield name, found.dtype.str, found.shape, sha256(found.tobytes()).digest()
        callee = getattr(found, "py_func" if isinstance(found, Dispatcher) else "_defn", None)  # or an intrinsic's
        if callee is None or callee in seen:
            continue
        seen.add(callee)
        kept = vars(found).get("_cache")  # numba knows what a notebook's cell held before
        yield kept.own_stamp if isinstance(kept, _Cache) else vars(found).get("source") or _stamp(callee)
        yield from _stamps_of_globals(callee, seen)


def _stamp(function: Callable[..., object]) -> bytes:
    """What stands for the source of a function: a digest of its file, or of the file's name where it can't be read, as
    in a notebook, whose cells have new names.

    Asked for when the function is made, so that it is that of the source that was imported, however long ago.
    """
    file = function.__code__.co_filename
    try:
        known = Path(file).stat()
        return _digest(file, known.st_mtime_ns, known.st_size)
    except OSError:
        return sha256(file.encode()).digest()


@cache
def _digest(file: str, _changed: int, _size: int) -> bytes:
    return sha256(Path(file).read_bytes()).digest()


_OWN_STAMP = _stamp(_stamp)  # how things are compiled is said in this file
