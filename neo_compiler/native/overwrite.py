"""Which arguments' memory a kernel may write its result over: those that it reads element by element."""

from __future__ import annotations

from collections.abc import Collection, Iterable

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
    convolution, say. None where a kernel reads its result, or writes it in more than one statement, or where
    an intermediate value serves several elements: LLVM computes it once for them only if it knows that no
    write changes what it is computed from.
    """
    *given, result = function.params
    stores: list[tirx.BufferStore] = []
    loads: list[TensorLoad] = []
    tvm_ffi.structural_walk(function.body, (tirx.BufferStore, stores.append))
    tvm_ffi.structural_walk(function.body, (TensorLoad, loads.append))
    writes = [store for store in stores if store.buffer.same_as(result)]
    if len(writes) != 1 or any(load.source.same_as(result) for load in loads):
        return ()
    if not _has_values_of_its_own(writes[0], function):
        return ()
    return tuple(
        position
        for position, buffer in enumerate(given)
        if _alike(buffer, result) and _is_read_in_place(buffer, loads, writes[0])
    )


def allow_aliases(module: tvm.IRModule, kernels: Collection[str]) -> tvm.IRModule:
    """The module in which LLVM is not told that the parameters of `kernels` are all in different places."""
    functions = {
        variable: function.with_attr("tirx.noalias", False) if variable.name_hint in kernels else function
        for variable, function in module.functions.items()
    }
    return tvm.IRModule(functions, attrs=module.attrs)


def _has_values_of_its_own(write: tirx.BufferStore, function: tirx.PrimFunc) -> bool:
    """Whether every intermediate value that is read for the write belongs to the one element written."""
    inner: list[TensorLoad] = []
    tvm_ffi.structural_walk(write.value, (TensorLoad, inner.append))
    given = [load for load in inner if any(load.source.same_as(row) for row in function.params)]
    return all(load in given or _names(write.indices) <= _names(load.indices) for load in inner)


def _names(indices: Iterable[tirx.PrimExpr]) -> set[str]:
    found: set[str] = set()
    for index in indices:
        tvm_ffi.structural_walk(index, (tirx.Var, lambda var: found.add(var.name)))
    return found


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
