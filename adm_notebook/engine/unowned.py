"""Views of arrays that count no references, for kernels that hand arrays from function to function all the time."""

from __future__ import annotations

from typing import Any

from numba import config, types
from numba.extending import intrinsic
from numba.np import arrayobj

__all__ = ["unowned"]

numpy_arrays: Any = arrayobj  # numba has no types


def _unowned(typing_context: Any, array: Any) -> Any:
    """A view of `array` that is no reference to it, for compiled code only; the caller keeps the array meanwhile.

    numba counts a reference for each function that an array is given to, with an instruction that other cores must
    see: it would take longer than the fill of an order.
    """
    if not isinstance(array, types.Array):
        return None
    view = types.Array(array.dtype, array.ndim, array.layout, readonly=not array.mutable)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = numpy_arrays.make_array(signature.args[0])(context, builder, arguments[0])
        made = numpy_arrays.make_array(signature.return_type)(context, builder)
        numpy_arrays.populate_array(
            made,
            data=given.data,
            shape=given.shape,
            strides=given.strides,
            itemsize=given.itemsize,
            meminfo=None,
        )
        return made._getvalue()

    return view(array), codegen


def _as_it_is(array: Any) -> Any:
    """Without the compiler there is nothing to spare."""
    return array


unowned: Any = _as_it_is if vars(config)["DISABLE_JIT"] else intrinsic(_unowned)
