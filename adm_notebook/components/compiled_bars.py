"""Bars as compiled code sees them: `bars["close"].to_numpy()`, `bars.close.values`, `len(bars)`, and nothing else.

A column is no array: what pandas does with one, and numpy with the other, differs (missing values, the divisor of a
deviation, labels), so that code which calculates with columns must be run by pandas.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from numba import njit, types
from numba.core import cgutils as untyped_cgutils
from numba.extending import (
    intrinsic,
    make_attribute_wrapper,
    models,
    overload,
    overload_method,
    register_model,
)

__all__ = ["ARRAY", "COLUMNS", "entry_of"]

COLUMNS = ("open", "high", "low", "close", "volume")
ARRAY = types.Array(types.float64, 1, "C", readonly=True)

cgutils: Any = untyped_cgutils  # numba has no types
_struct_model: Any = models.StructModel


class _ColumnType(types.Type):
    """A column of bars."""

    def __init__(self) -> None:
        super().__init__(name="column of bars")


class _BarsType(types.Type):
    """Bars with these columns."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        super().__init__(name=f"bars({', '.join(columns)})")


@register_model(_ColumnType)
class _ColumnModel(_struct_model):  # type: ignore[misc]  # likewise
    def __init__(self, manager: Any, kind: _ColumnType) -> None:
        super().__init__(manager, kind, [("array", ARRAY)])


@register_model(_BarsType)
class _BarsModel(_struct_model):  # type: ignore[misc]  # likewise
    def __init__(self, manager: Any, kind: _BarsType) -> None:
        super().__init__(manager, kind, [(name, _COLUMN) for name in kind.columns])


_COLUMN = _ColumnType()
make_attribute_wrapper(_ColumnType, "array", "values")
for _name in COLUMNS:
    make_attribute_wrapper(_BarsType, _name, _name)


@overload_method(_ColumnType, "to_numpy")
def _to_numpy(column):  # type: ignore[no-untyped-def]  # numba compares names and annotations with those below
    return lambda column: column.values


@overload(len)
def _length(thing):  # type: ignore[no-untyped-def]  # likewise
    if isinstance(thing, _ColumnType):
        return lambda thing: len(thing.values)
    if isinstance(thing, _BarsType):
        return lambda thing: len(thing.close.values)
    return None


@overload(operator.getitem)
def _item(bars, name):  # type: ignore[no-untyped-def]  # likewise
    if not isinstance(bars, _BarsType) or not isinstance(name, types.StringLiteral):
        return None
    if name.literal_value not in bars.columns:
        return None
    return _GETTERS[name.literal_value]


_GETTERS: dict[str, Callable[..., Any]] = {
    "open": lambda bars, name: bars.open,
    "high": lambda bars, name: bars.high,
    "low": lambda bars, name: bars.low,
    "close": lambda bars, name: bars.close,
    "volume": lambda bars, name: bars.volume,
}


@intrinsic
def _bars(typing_context: Any, arrays: Any) -> Any:
    """Bars of a tuple of arrays, in the order of COLUMNS."""
    kind = _BarsType(COLUMNS[: len(arrays)])

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = cgutils.create_struct_proxy(kind)(context, builder)
        for i, name in enumerate(kind.columns):
            column = cgutils.create_struct_proxy(_COLUMN)(context, builder)
            column.array = builder.extract_value(arguments[0], i)
            if context.enable_nrt:
                context.nrt.incref(builder, ARRAY, column.array)
            setattr(made, name, column._getvalue())
        return made._getvalue()

    return kind(arrays), codegen


def entry_of(function: Callable[..., Any]) -> Any:
    """`function(bars, *parameters)` as one of a tuple of arrays and a tuple of parameters; indices are checked."""
    body = njit(boundscheck=True)(function)

    def entry(arrays, parameters):  # type: ignore[no-untyped-def]  # numba finds the types
        return body(_bars(arrays), *parameters)  # type: ignore[call-arg]  # numba hands the typing context over

    return njit(nogil=True, boundscheck=True)(entry)
