"""Types and shapes of one node's outputs, by the ONNX operator's own rules."""

from __future__ import annotations

import logging

import onnx
import onnx_ir as ir
from onnx.checker import ValidationError
from onnx.defs import SchemaError
from onnx.shape_inference import InferenceError, infer_node_outputs

DATA_LIMIT = 4096  # bytes: a larger constant is a weight, whose values no shape depends on

log = logging.getLogger(__name__)


def infer_types(node: ir.Node, model: ir.Model) -> dict[str, onnx.TypeProto]:
    """The type of each output of `node` that the operator's rules can tell, by the output's name."""
    try:
        version = model.graph.opset_imports.get(node.domain, 1)
        schema = onnx.defs.get_schema(node.op_type, version, node.domain)
        return infer_node_outputs(
            schema,
            ir.to_proto(node),
            {str(value.name): value_type(value) for value in node.inputs if value is not None},
            {str(value.name): data for value in node.inputs if value is not None and (data := _data(value))},
            opset_imports=[onnx.helper.make_opsetid(*row) for row in model.graph.opset_imports.items()],
            ir_version=model.ir_version,
        )
    except (InferenceError, SchemaError, ValidationError) as error:
        log.info("no shape for %s %r: %s", node.op_type, node.name, error)
        return {}


def value_type(value: ir.Value) -> onnx.TypeProto:
    proto = onnx.ValueInfoProto()
    ir.serde.serialize_value_into(proto, value)
    return proto.type


def _data(value: ir.Value) -> onnx.TensorProto | None:
    tensor = value.const_value
    return ir.to_proto(tensor) if tensor is not None and tensor.nbytes <= DATA_LIMIT else None
