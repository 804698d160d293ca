"""64 bars at once: which of them differ from the bar before, as the bits of one number (little-endian machines)."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.np import arrayobj

from adm_notebook.jit import by_hand
from adm_notebook.market.arrays import I8

__all__ = ["WORD", "changes_from", "lowest_bit"]

WORD = 64  # bars

numpy_arrays: Any = arrayobj  # numba has no types


def _changes_from(typing_context: Any, values: Any, at: Any) -> Any:
    """Bit k is set where `values[at + k]` differs from the value before it, for k in 0 .. 63; compiled code only.

    values  (n,)  contiguous, int8 or uint8
    at      1 or more, at most n - 64, which is not checked
    """
    if not isinstance(values, types.Array) or (values.ndim, values.layout) != (1, "C"):
        return None
    if values.dtype not in (types.int8, types.uint8):
        return None

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = numpy_arrays.make_array(signature.args[0])(context, builder, arguments[0])
        vector = ir.VectorType(ir.IntType(8), WORD)
        here = builder.gep(array.data, [arguments[1]])
        before = builder.gep(array.data, [builder.sub(arguments[1], ir.Constant(arguments[1].type, 1))])
        loaded = []
        for address in (here, before):
            load = builder.load(builder.bitcast(address, vector.as_pointer()))
            load.align = 1
            loaded.append(load)
        return builder.bitcast(builder.icmp_unsigned("!=", *loaded), ir.IntType(WORD))

    return types.uint64(values, types.int64), codegen


def _lowest_bit(typing_context: Any, word: Any) -> Any:
    """Place of the lowest bit that is set; 64 where none is. Compiled code only."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), codegen


def _changes_in_python(values: I8, at: int) -> np.uint64:
    differ = values[at : at + WORD] != values[at - 1 : at - 1 + WORD]
    return np.packbits(differ, bitorder="little").view(np.uint64)[0]  # type: ignore[no-any-return]  # it is one


def _lowest_in_python(word: np.uint64) -> np.uint64:
    return np.uint64((int(word) & -int(word)).bit_length() - 1 if word else WORD)


changes_from = by_hand(_changes_from, _changes_in_python)
lowest_bit = by_hand(_lowest_bit, _lowest_in_python)
