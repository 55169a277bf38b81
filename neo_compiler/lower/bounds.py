"""Indices that are known at run time only stay inside the tensors that they select from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tvm
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator, mutator

from neo_compiler.lower.rewrite import rewrite
from neo_compiler.lower.values import Array, dtype_of, is_constant, shape_of


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


@mutator
class _KeepInside(PyExprMutator):
    def visit_call_(self, call: relax.Call) -> relax.Expr:
        call = super().visit_call_(call)
        bound = _BOUNDS.get(call.op.name) if isinstance(call.op, tvm.ir.Op) else None
        if bound is None or is_constant(call.args[1]):
            return call
        tensor, index, *updates = call.args
        places, dtype = bound.places(call), dtype_of(index)
        lowest = -places if bound.from_end else np.zeros_like(places)
        index = self.builder_.emit(relax.op.maximum(index, relax.const(lowest, dtype)))
        index = self.builder_.emit(relax.op.minimum(index, relax.const(places - 1, dtype)))
        return relax.Call(call.op, [tensor, index, *updates], call.attrs)


def keep_inside(module: tvm.IRModule) -> tvm.IRModule:
    """Clip the indices of gathers and scatters: one out of range would reach into foreign memory."""
    return rewrite(_KeepInside(module), module)
