"""Maxima and minima of floats over axes: TVM begins them at the largest finite number, not at infinity.

A row of an attention mask may be all minus infinity, and then its maximum is so too. TVM's schedules split
reductions that they know only, so its own are kept and corrected.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import tvm
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator, mutator

from neo_compiler.lower.rewrite import rewrite
from neo_compiler.lower.values import dtype_of, operator_of

# Operator -> where it should begin.
_STARTS: dict[str, float] = {"relax.max": -math.inf, "relax.min": math.inf}
_OPERATORS: dict[str, Callable[..., relax.Expr]] = {"relax.max": relax.op.max, "relax.min": relax.op.min}


@mutator
class _FromInfinity(PyExprMutator):
    def visit_call_(self, call: relax.Call) -> relax.Expr:
        call = super().visit_call_(call)
        start = _STARTS.get(operator_of(call))
        if start is None or not dtype_of(call.args[0]).startswith("float"):
            return call
        data, dtype = call.args[0], dtype_of(call.args[0])
        infinite = relax.const(start, dtype)
        others = self.builder_.emit(relax.op.astype(relax.op.not_equal(data, infinite), dtype))
        keep = bool(call.attrs.keepdims)
        counted = self.builder_.emit(relax.op.max(others, call.attrs.axis, keepdims=keep))
        found = self.builder_.emit(_OPERATORS[call.op.name](data, call.attrs.axis, keepdims=keep))
        none = relax.op.equal(counted, relax.const(0, dtype))
        return relax.op.where(none, infinite, found)


def from_infinity(module: tvm.IRModule) -> tvm.IRModule:
    """Let the maximum of nothing but minus infinity be minus infinity, and likewise the minimum."""
    return rewrite(_FromInfinity(module), module)
