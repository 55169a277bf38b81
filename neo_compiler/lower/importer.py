"""ONNX → Relax, and the importer's own kernels back to operators that later passes understand."""

from __future__ import annotations

import onnx
import tvm
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator, mutator
from tvm.relax.frontend.onnx import from_onnx

from neo_compiler.lower.fold import fold_constants


def to_relax(model: onnx.ModelProto) -> tvm.IRModule:
    """The model's graph as a Relax module with constants inline; its shapes must be static."""
    module = from_onnx(model, keep_params_in_input=False)
    module = relax.transform.DecomposeOpsForInference()(module)
    return _restore_operators(fold_constants(module))


# The importer writes Clip as kernels of its own; as operators they take part in layouts and fusion.
_RESTORED = {"maximum": relax.op.maximum, "minimum": relax.op.minimum}


@mutator
class _Restore(PyExprMutator):
    def visit_call_(self, call: relax.Call) -> relax.Expr:
        call = super().visit_call_(call)
        if not isinstance(call.op, tvm.ir.Op) or call.op.name != "relax.call_tir":
            return call
        restore = _RESTORED.get(call.args[0].name_hint.rstrip("0123456789"))
        operands = list(call.args[1].fields)
        return restore(*operands) if restore and len(operands) == 2 else call


def _restore_operators(module: tvm.IRModule) -> tvm.IRModule:
    pass_ = _Restore(module)
    for name, function in module.functions.items():
        if isinstance(function, relax.Function):
            pass_.builder_.update_func(name, pass_.visit_expr(function))
    return relax.transform.DeadCodeElimination()(pass_.builder_.get())
