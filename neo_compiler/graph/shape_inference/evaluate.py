"""The outputs of one node with constant inputs, computed by onnxruntime."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir

from neo_compiler.graph.oldest_opset import oldest_opset
from neo_compiler.ort import OrtError, Session


class CannotEvaluate(Exception):
    """onnxruntime has no kernel for this node or these types, or they have no numpy equivalent."""


def evaluate(node: ir.Node, model: ir.Model) -> list[np.ndarray]:
    """The values of the node's named outputs, in order; every input must be constant.

    Raises CannotEvaluate.
    """
    constants = {str(value.name): value.const_value for value in node.inputs if value is not None}
    feeds = {name: tensor.numpy() for name, tensor in constants.items() if tensor is not None}
    names = [str(value.name) for value in node.outputs if value.name]
    graph = onnx.helper.make_graph(
        [ir.to_proto(node)],
        "constant",
        [
            onnx.helper.make_tensor_value_info(name, tensor.dtype.value, list(tensor.shape.numpy()))
            for name, tensor in constants.items()
            if tensor is not None
        ],
        [onnx.ValueInfoProto(name=name) for name in names],
    )
    opsets = [onnx.helper.make_opsetid(*row) for row in model.graph.opset_imports.items()]
    proto = oldest_opset(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=model.ir_version))
    try:
        return Session(proto.SerializeToString()).run(names, feeds)
    except OrtError as error:
        raise CannotEvaluate(str(error)) from error
