"""One walk over the graph: what is constant is computed, every other value gets its static shape.

Rules that keep an artifact small: a result that is larger than what it is made of and beyond 64 KiB stays
computed at run time, and quantised weights stay quantised.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import onnx
import onnx_ir as ir

from neo_compiler.graph.shape_inference.evaluate import CannotEvaluate, evaluate
from neo_compiler.graph.shape_inference.infer import infer_types
from neo_compiler.graph.values import is_static

GROWTH_LIMIT = 64 * 1024  # bytes
RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
)
SMALL_INTEGERS = frozenset(
    {
        ir.DataType.INT8,
        ir.DataType.UINT8,
        ir.DataType.INT4,
        ir.DataType.UINT4,
        ir.DataType.INT2,
        ir.DataType.UINT2,
    }
)

_KEPT = "neo_compiler.kept"  # in the model's metadata, since several passes fold

log = logging.getLogger(__name__)


def keep(model: ir.Model, names: Collection[str]) -> None:
    """Have these values computed at run time, whatever pass folds constants."""
    model.meta[_KEPT] = frozenset(names)


def fold(model: ir.Model, observed: Mapping[str, onnx.TypeProto] | None = None) -> None:
    """Replace nodes whose inputs are all constant by initializers, and infer the type of all other values.

    `observed` holds types that stand in where the operator's rules tell none.
    """
    known, kept = observed or {}, model.meta.get(_KEPT, frozenset())
    for node in list(model.graph):
        types = infer_types(node, model)
        stays = any(output.name in kept for output in node.outputs)
        values = None if stays else _shape_of(node) or _constant(node, types, model)
        if values is None:
            for output in node.outputs:
                if output.name:
                    _set_type(output, types.get(output.name), known.get(output.name))
        else:
            _replace(node, values)


def set_types(node: ir.Node, model: ir.Model) -> None:
    """Infer the types of a node's results."""
    types = infer_types(node, model)
    for output in node.outputs:
        _set_type(output, types.get(str(output.name)))


def _set_type(
    value: ir.Value, inferred: onnx.TypeProto | None, observed: onnx.TypeProto | None = None
) -> None:
    if observed is not None and (inferred is None or not _type_is_static(inferred)):
        inferred = observed
    if inferred is None:
        if not is_static(value):
            value.shape = None  # what the exporter noted may hold symbols that no longer exist
        return
    value.type = ir.serde.deserialize_type_proto_for_type(inferred)
    value.shape = ir.serde.deserialize_type_proto_for_shape(inferred)


def _type_is_static(kind: onnx.TypeProto) -> bool:
    tensor = kind.tensor_type
    return tensor.HasField("shape") and all(size.HasField("dim_value") for size in tensor.shape.dim)


def _shape_of(node: ir.Node) -> list[np.ndarray] | None:
    """The value of a Shape or Size node whose operand has a static shape."""
    if node.domain or node.op_type not in ("Shape", "Size"):
        return None
    operand = node.inputs[0]
    if operand is None or operand.shape is None or not is_static(operand):
        return None
    shape = np.array(operand.shape.numpy(), np.int64)
    if node.op_type == "Size":
        return [np.array(shape.prod(), np.int64)]
    attributes = node.attributes
    start = attributes["start"].as_int() if "start" in attributes else 0
    end = attributes["end"].as_int() if "end" in attributes else len(shape)
    return [shape[start:end]]


def _constant(
    node: ir.Node, types: Mapping[str, onnx.TypeProto], model: ir.Model
) -> Sequence[np.ndarray] | None:
    operands = [value for value in node.inputs if value is not None]
    if not operands or any(value.const_value is None for value in operands) or not _may_fold(node):
        return None
    limit = max(GROWTH_LIMIT, sum(value.const_value.nbytes for value in operands if value.const_value))
    if sum(map(_type_bytes, types.values())) > limit:
        return None
    try:
        values = evaluate(node, model)
    except CannotEvaluate as error:
        log.info("%s %r stays as it is: %s", node.op_type, node.name, error)
        return None
    return values if sum(value.nbytes for value in values) <= limit else None


def _may_fold(node: ir.Node) -> bool:
    if node.domain or node.op_type in RANDOM or node.op_type == "DequantizeLinear":
        return False
    if node.op_type in ("Div", "Mod") and _divides_by_zero(node):
        return False
    if any(
        attr.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS) for attr in node.attributes.values()
    ):
        return False
    source = node.inputs[0]
    return not (node.op_type == "Cast" and source is not None and source.dtype in SMALL_INTEGERS)


def _divides_by_zero(node: ir.Node) -> bool:
    """Whether whole numbers are divided by zero, or the smallest by -1: either would end the process."""
    divisor = node.inputs[1]
    values = None if divisor is None or divisor.const_value is None else divisor.const_value.numpy()
    return values is not None and values.dtype.kind in "iu" and not (values.all() and (values != -1).all())


def _type_bytes(kind: onnx.TypeProto) -> int:
    """Bytes of a value of this type, 0 where its shape is not known."""
    if not _type_is_static(kind):
        return 0
    tensor = kind.tensor_type
    count = int(np.prod([size.dim_value for size in tensor.shape.dim], dtype=np.int64))
    return int(count * ir.DataType(tensor.elem_type).itemsize)


def _replace(node: ir.Node, values: Sequence[np.ndarray]) -> None:
    graph = node.graph
    if not isinstance(graph, ir.Graph):
        raise TypeError(f"{node.name} lies in no graph")
    for output, array in zip((value for value in node.outputs if value.name), values, strict=True):
        name, tensor = output.name, ir.tensor(array, name=output.name)
        output.name = f"{name}/folded away"
        constant = ir.Value(name=name, const_value=tensor)
        if output.is_graph_output():  # which has to come from a node
            source = ir.Node(
                "", "Constant", [], {"value": ir.AttrTensor("value", tensor)}, outputs=[constant]
            )
            graph.insert_before(node, source)
        else:
            graph.register_initializer(constant)
        constant.shape, constant.dtype = ir.Shape(array.shape), ir.DataType.from_numpy(array.dtype)
        ir.convenience.replace_all_uses_with(output, constant, replace_graph_outputs=True)
    graph.remove(node, safe=True)
