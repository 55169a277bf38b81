"""Rows of an int8 table are looked up first and widened then: not the whole table at every run."""

from __future__ import annotations

import tvm
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator, mutator

from neo_compiler.lower.rewrite import producer, rewrite
from neo_compiler.lower.values import array_of, is_constant, operator_of, shape_of


@mutator
class _LookUpFirst(PyExprMutator):
    def visit_call_(self, call: relax.Call) -> relax.Expr:
        call = super().visit_call_(call)
        if operator_of(call) != "relax.take" or call.attrs.axis is None or int(call.attrs.axis) != 0:
            return call
        product = producer(self, call.args[0], "relax.multiply")
        for widened, scale in (product.args, reversed(product.args)) if product is not None else ():
            cast = producer(self, widened, "relax.astype")
            if cast is not None and is_constant(scale) and _is_table(cast.args[0], scale, product):
                return self._looked_up(call, cast, scale)
        return call

    def _looked_up(self, take: relax.Call, cast: relax.Call, scale: relax.Expr) -> relax.Expr:
        table, index = cast.args[0], take.args[1]
        rows = self.builder_.emit(relax.op.astype(self._take(table, index, take), str(cast.attrs.dtype)))
        sizes = shape_of(scale)
        if len(sizes) == len(shape_of(table)):
            scale = self._take(scale, index, take) if sizes[0] > 1 else relax.const(array_of(scale)[0])
        return relax.op.multiply(rows, scale)

    def _take(self, table: relax.Expr, index: relax.Expr, like: relax.Call) -> relax.Expr:
        return self.builder_.emit(relax.op.take(table, index, axis=0, mode=str(like.attrs.mode)))


def _is_table(table: relax.Expr, scale: relax.Expr, product: relax.Call) -> bool:
    """Whether the scaled table has the rows of the constant one."""
    if not is_constant(table) or len(shape_of(scale)) > len(shape_of(table)):
        return False
    return bool(shape_of(product)[0] == shape_of(table)[0])


def look_up_first(module: tvm.IRModule) -> tvm.IRModule:
    """Move lookups along the first axis before the cast and the scaling of the table that they read."""
    return rewrite(_LookUpFirst(module), module)
