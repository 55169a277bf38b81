"""Indices that are known at run time only stay inside the tensors that they select from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tvm
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator, mutator

from neo_compiler.lower.rewrite import rewrite
from neo_compiler.lower.values import Array, dtype_of, is_constant, operator_of, shape_of


def _axis(call: relax.Call) -> Array:
    return np.array(shape_of(call.args[0])[int(call.attrs.axis)])


def _coordinates(call: relax.Call) -> Array:
    batch = int(getattr(call.attrs, "batch_dims", 0))
    return np.array(shape_of(call.args[0])[batch : batch + shape_of(call.args[1])[-1]])


@dataclass(frozen=True)
class _Bound:
    """How many places an index has; `from_end` where the kernel itself counts negative ones from the end."""

    places: Callable[[relax.Call], Array]
    from_end: bool = False


# The importer turns negative indices of the others into positive ones.
_BOUNDS = {
    "relax.gather_elements": _Bound(_axis),
    "relax.gather_nd": _Bound(_coordinates),
    "relax.scatter_elements": _Bound(_axis, from_end=True),
    "relax.scatter_nd": _Bound(_coordinates),
}


def _clipped_take(_builder: relax.BlockBuilder, call: relax.Call) -> relax.Expr:
    """The importer's mode trusts the index."""
    axis = None if call.attrs.axis is None else int(call.attrs.axis)
    return relax.op.take(*call.args, axis=axis, mode="clip")


def _inside_batch(builder: relax.BlockBuilder, call: relax.Call) -> relax.Expr:
    """The first number of a region is that of the picture which it lies in; the others may be anything."""
    data, regions = call.args
    dtype, free = dtype_of(regions), [np.inf] * (shape_of(regions)[1] - 1)
    lowest = relax.const(np.array([[0, *np.negative(free)]]), dtype)
    highest = relax.const(np.array([[shape_of(data)[0] - 1, *free]]), dtype)
    regions = builder.emit(relax.op.maximum(regions, lowest))
    return relax.Call(call.op, [data, builder.emit(relax.op.minimum(regions, highest))], call.attrs)


# Operators that are kept inside in ways of their own.
_OTHERS: dict[str, Callable[[relax.BlockBuilder, relax.Call], relax.Expr]] = {
    "relax.take": _clipped_take,
    "relax.vision.roi_align": _inside_batch,
}


@mutator
class _KeepInside(PyExprMutator):
    def visit_call_(self, call: relax.Call) -> relax.Expr:
        call = super().visit_call_(call)
        operator = operator_of(call)
        if operator not in _OTHERS.keys() | _BOUNDS.keys() or is_constant(call.args[1]):
            return call
        if operator in _OTHERS:
            return _OTHERS[operator](self.builder_, call)
        bound = _BOUNDS[operator]
        tensor, index, *updates = call.args
        places, dtype = bound.places(call), dtype_of(index)
        lowest = -places if bound.from_end else np.zeros_like(places)
        index = self.builder_.emit(relax.op.maximum(index, relax.const(lowest, dtype)))
        index = self.builder_.emit(relax.op.minimum(index, relax.const(places - 1, dtype)))
        return relax.Call(call.op, [tensor, index, *updates], call.attrs)


def keep_inside(module: tvm.IRModule) -> tvm.IRModule:
    """Clip the indices of gathers and scatters: one out of range would reach into foreign memory."""
    return rewrite(_KeepInside(module), module)
