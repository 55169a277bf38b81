"""Which arguments' memory a kernel may write its result over: those that it reads element by element."""

from __future__ import annotations

from collections.abc import Mapping

import tvm
import tvm_ffi
from tvm import tirx
from tvm.ir.expr import TensorLoad


def overwritable_by(module: tvm.IRModule) -> dict[str, tuple[int, ...]]:
    """For each scheduled kernel of `module`, the parameters over which its result may be written."""
    return {
        variable.name_hint: overwritable(function)
        for variable, function in module.functions.items()
        if isinstance(function, tirx.PrimFunc)
    }


def overwritable(function: tirx.PrimFunc) -> tuple[int, ...]:
    """The positions of a scheduled kernel's parameters over which its last one, its result, may be written.

    Such a parameter has the result's shape and element type, and each of its elements is read only to compute
    the element of the result at the same place, which is written once: by the residual addition behind a
    convolution, say. None where a kernel reads its result, or writes it in more than one statement.
    """
    *given, result = function.params
    stores: list[tirx.BufferStore] = []
    loads: list[TensorLoad] = []
    tvm_ffi.structural_walk(function.body, (tirx.BufferStore, stores.append))
    tvm_ffi.structural_walk(function.body, (TensorLoad, loads.append))
    writes = [store for store in stores if store.buffer.same_as(result)]
    if len(writes) != 1 or any(load.source.same_as(result) for load in loads):
        return ()
    return tuple(
        position
        for position, buffer in enumerate(given)
        if _alike(buffer, result) and _is_read_in_place(buffer, loads, writes[0])
    )


def write_over(module: tvm.IRModule, places: Mapping[str, int]) -> tvm.IRModule:
    """The module in which the kernels of `places` read the parameter there where their result is written.

    They keep all parameters, but never look at that one: so the promise stays true that parameters lie apart,
    and LLVM may still take what does not change out of loops.
    """
    functions = {
        variable: _written_over(function, places[variable.name_hint])
        if variable.name_hint in places
        else function
        for variable, function in module.functions.items()
    }
    return tvm.IRModule(functions, attrs=module.attrs)


def _written_over(function: tirx.PrimFunc, place: int) -> tirx.PrimFunc:
    given, result = function.params[place], function.params[-1]

    def visit(buffer: tirx.Buffer) -> tirx.Buffer:
        return result if buffer.same_as(given) else buffer

    return function.with_body(tvm_ffi.structural_map(function.body, (tirx.Buffer, visit)))


def _alike(buffer: tirx.Buffer, result: tirx.Buffer) -> bool:
    same_type = str(buffer.dtype) == str(result.dtype)
    return same_type and tvm_ffi.structural_equal(buffer.shape, result.shape)


def _is_read_in_place(buffer: tirx.Buffer, loads: list[TensorLoad], write: tirx.BufferStore) -> bool:
    """Whether all loads of the buffer are among the write's operands, at the index that is written."""
    operands: list[TensorLoad] = []
    tvm_ffi.structural_walk(write.value, (TensorLoad, operands.append))
    inside = [load for load in operands if load.source.same_as(buffer)]
    everywhere = [load for load in loads if load.source.same_as(buffer)]
    return len(inside) == len(everywhere) and all(
        tvm_ffi.structural_equal(load.indices, write.indices, map_free_vars=False) for load in inside
    )
