"""ONNX → Relax, and the importer's own kernels back to operators that later passes understand."""

from __future__ import annotations

import functools

import onnx
import tvm
from onnx import helper, numpy_helper
from tvm import relax
from tvm.relax.expr_functor import PyExprMutator, mutator

from neo_compiler.lower.fold import fold_constants
from neo_compiler.lower.operators import Importer
from neo_compiler.lower.rewrite import producer, rewrite
from neo_compiler.lower.small import without_small_types
from neo_compiler.lower.values import Array, array_of, integers, is_constant, operator_of, shape_of

# Weights of these types are widened by the importer wherever it meets them as constants.
_NARROW = (onnx.TensorProto.INT8, onnx.TensorProto.UINT8)


def to_relax(model: onnx.ModelProto) -> tvm.IRModule:
    """The model's graph as a Relax module with constants inline; its shapes must be static."""
    model, narrow = _without_narrow_weights(without_small_types(model))
    module = Importer({}, "float32", sanitize=False).import_model(model)
    module = relax.transform.DecomposeOpsForInference()(module)
    module = relax.transform.BindParams("main", narrow)(module)
    module = fold_constants(module)
    return rewrite(_Restore(module), module)


def _without_narrow_weights(model: onnx.ModelProto) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """The model with its int8 weights as inputs, and their values."""
    narrow = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.data_type in _NARROW and len(tensor.dims) > 1
    }
    if not narrow:
        return model, {}
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    kept = [tensor for tensor in bare.graph.initializer if tensor.name not in narrow]
    types = [
        helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        for tensor in bare.graph.initializer
        if tensor.name in narrow
    ]
    del bare.graph.initializer[:]
    bare.graph.initializer.extend(kept)
    bare.graph.input.extend(types)
    return bare, narrow


# The importer writes Clip as kernels of its own; as operators they take part in layouts and fusion.
_RESTORED = {"maximum": relax.op.maximum, "minimum": relax.op.minimum}

# It writes Sum, Max and Min as a reduction over a stack: each input would be copied first.
_FOLDS = {"relax.sum": relax.op.add, "relax.max": relax.op.maximum, "relax.min": relax.op.minimum}


@mutator
class _Restore(PyExprMutator):
    def visit_call_(self, call: relax.Call) -> relax.Expr:
        call = super().visit_call_(call)
        operator = operator_of(call)
        if operator in _FOLDS:
            return self._unstacked(call)
        if operator == "relax.nn.conv1d" and str(call.attrs.data_layout) == "NCW":
            return self._flat(call)
        if operator != "relax.call_tir":
            return call
        restore = _RESTORED.get(call.args[0].name_hint.rstrip("0123456789"))
        operands = list(call.args[1].fields)
        return restore(*operands) if restore and len(operands) == 2 else call

    def _flat(self, call: relax.Call) -> relax.Expr:
        """A convolution over one axis as one over two of which the first has a single row."""
        data, weight = call.args
        (stride,), (gap,) = integers(call.attrs.strides), integers(call.attrs.dilation)
        left, right = integers(call.attrs.padding)
        rows = (
            relax.const(array_of(weight)[:, :, None])
            if is_constant(weight)
            else relax.op.expand_dims(weight, 2)
        )
        wide = relax.op.nn.conv2d(
            self.builder_.emit(relax.op.expand_dims(data, 2)),
            rows,
            strides=(1, stride),
            padding=(0, left, 0, right),
            dilation=(1, gap),
            groups=int(call.attrs.groups),
        )
        return relax.op.squeeze(self.builder_.emit(wide), 2)

    def _unstacked(self, call: relax.Call) -> relax.Expr:
        stack = producer(self, call.args[0], "relax.stack")
        axes = call.attrs.axis
        if stack is None or axes is None or integers(axes) != (0,) or int(stack.attrs.axis) != 0:
            return call
        if call.attrs.keepdims or not isinstance(stack.args[0], relax.Tuple):
            return call
        parts = [self._before_broadcast(part, call) for part in stack.args[0].fields]
        combine = _FOLDS[call.op.name]
        return functools.reduce(lambda left, right: self.builder_.emit(combine(left, right)), parts)

    def _before_broadcast(self, expr: relax.Expr, result: relax.Call) -> relax.Expr:
        """An operand without its broadcast, where that changed nothing."""
        broadcast = producer(self, expr, "relax.broadcast_to")
        if broadcast is None or shape_of(broadcast.args[0]) != shape_of(self.builder_.normalize(result)):
            return expr
        return broadcast.args[0]
