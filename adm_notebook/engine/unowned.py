"""Views of arrays that count no references, for kernels that hand arrays from function to function millions of times."""

from __future__ import annotations

from typing import Any, TypeVar

from numba import config, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

__all__ = ["unowned"]

Array = TypeVar("Array")


def _unowned(typing_context: Any, array: Any) -> Any:
    """A view of `array` that is no reference to it, for compiled code only; the caller keeps the array meanwhile.

    numba counts a reference for each function that an array is given to, with an instruction that other cores must
    see: it would take longer than the fill of an order.
    """
    if not isinstance(array, types.Array):
        return None
    view = types.Array(array.dtype, array.ndim, array.layout)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = make_array(signature.args[0])(context, builder, arguments[0])
        made = make_array(signature.return_type)(context, builder)
        populate_array(
            made,
            data=given.data,
            shape=given.shape,
            strides=given.strides,
            itemsize=given.itemsize,
            meminfo=None,
        )
        return made._getvalue()

    return view(array), codegen


def _as_it_is(array: Array) -> Array:
    """Without the compiler there is nothing to spare."""
    return array


unowned = _as_it_is if config.DISABLE_JIT else intrinsic(_unowned)
