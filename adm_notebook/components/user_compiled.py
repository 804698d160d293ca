"""Users' strategies as machine code: bars as numba sees them, and which functions give the same numbers compiled.

A function is compiled as it is written, `bars` being something that has a DataFrame's columns and hands out their
arrays. Only what gives the same bits in Python and compiled is let through: arithmetic, comparisons, and those
functions of numpy and math that round once, or not at all. Sums are not among them: numpy adds in another order.
"""

from __future__ import annotations

import dis
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from adm_notebook.market.arrays import Prices

__all__ = ["Compiled", "compiled_with", "why_not"]

_EXACT = frozenset(
    """abs absolute all any arange argmax argmin astype bool bool_ ceil copy copysign cumsum diff e empty empty_like
    equal fabs float float64 floor full full_like inf int int64 int8 isfinite isinf isnan isqrt logical_and logical_not
    logical_or max maximum min minimum nan negative ones ones_like pi shape sign signbit size sqrt trunc where zeros
    zeros_like""".split()  # noqa: SIM905  # easier to read so
)
"""Names of numpy, of math and of arrays that give the same bits compiled."""

_BARS = frozenset(("open", "high", "low", "close", "volume", "to_numpy", "values"))
_BUILT_IN = frozenset(
    ("abs", "bool", "enumerate", "float", "int", "len", "max", "min", "range", "reversed", "zip", "ValueError")
)

Compiled = Callable[[Prices, Mapping[str, Any]], npt.NDArray[Any]]
"""Bars and all parameters of a strategy in, what it returns out."""


def why_not(function: Callable[..., Any]) -> str:
    """Why a function can't be compiled with the same numbers, as far as its code tells; empty where it may be.

    Examples
    --------
    >>> why_not(lambda bars, window=20: bars["close"].rolling(window).mean())
    '`rolling` is known to Python alone'
    """
    code = getattr(function, "__code__", None)
    if code is None or inspect.unwrap(function) is not function:
        return "it is no plain function"
    if code.co_flags & (inspect.CO_VARKEYWORDS | inspect.CO_VARARGS):
        return "it takes any parameters (`**` or `*`)"
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
        return "it is a generator"
    if code.co_freevars or code.co_cellvars:
        return f"it reads `{(*code.co_freevars, *code.co_cellvars)[0]}` from outside, or a function within does"
    for step in dis.get_instructions(function):
        if said := _why_not(step, function.__globals__):
            return said
    return ""


def _why_not(step: dis.Instruction, known: Mapping[str, Any]) -> str:
    name = str(step.argval)
    if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
        found = known.get(name)
        if found is np or found is math or (name not in known and name in _BUILT_IN):
            return ""
        return f"it reads `{name}` from outside"
    if step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
        if name in _EXACT or name in _BARS:
            return ""
        if hasattr(np, name) or hasattr(math, name):
            return f"the last digits of `{name}` would differ"
        return f"`{name}` is known to Python alone"
    if step.opname == "BINARY_OP" and step.argrepr.strip("=") in ("**", "@"):
        return f"the last digits of `{step.argrepr.strip('=')}` would differ"
    if step.opname in ("IMPORT_NAME", "STORE_GLOBAL", "STORE_ATTR", "DELETE_ATTR", "MAKE_FUNCTION"):
        return "it imports, defines or changes something of its own"
    return ""


def compiled_with(function: Callable[..., Any], parameters: Mapping[str, Any], volume: bool) -> Compiled | str:
    """The function as machine code for parameters of these types, or why there is none.

    Parameters
    ----------
    function
        that `why_not` lets through.
    parameters
        all that follow `bars`: only their types matter.
    volume
        whether the bars have one.
    """
    for name, value in parameters.items():
        if type(value) not in (bool, int, float, str):
            return f"its parameter `{name}` is no number or text"
    import numba as numba_module
    from numba.core.errors import NumbaError

    from adm_notebook.components.compiled_bars import ARRAY, COLUMNS, entry_of

    numba: Any = numba_module  # without types
    types = numba.types
    n_columns = len(COLUMNS) if volume else len(COLUMNS) - 1
    entry = entry_of(function)
    try:
        entry.compile((types.UniTuple(ARRAY, n_columns), numba.typeof(tuple(parameters.values()))))
    except NumbaError as error:
        return _in_short(error)
    except Exception as error:  # noqa: BLE001  # of numba's many passes; whatever it is, Python can run the function
        return f"numba fails with {type(error).__name__}"
    entry.disable_compile()
    returned = entry.nopython_signatures[-1].return_type
    is_array = isinstance(returned, types.Array) and returned.ndim == 1
    if not is_array or not isinstance(returned.dtype, (types.Integer, types.Float, types.Boolean)):
        return "it returns no array of numbers"
    return lambda prices, given: entry(prices[:n_columns], tuple(given.values()))


def _in_short(error: Exception) -> str:
    """What numba's many lines are about."""
    if "column of bars" in str(error):
        return 'it calculates with columns of bars; `bars["close"].to_numpy()` gives an array'
    lines = [line.strip() for line in str(error).splitlines()]
    dull = ("Failed in", "[1]", "During", "There are", "Invalid use", ">>>", "-", "File")
    telling = next((line for line in lines if line and not line.startswith(dull)), type(error).__name__)
    return f"numba says: {telling[:120].rstrip('.')}"
