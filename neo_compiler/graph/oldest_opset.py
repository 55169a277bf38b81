"""A model under the oldest opset in which it means the same, so that more releases of onnxruntime read it."""

from __future__ import annotations

import onnx

from neo_compiler.graph.nodes import all_nodes

OLDEST = 13  # what onnxruntime has run well for years; older ones have other rules for optional inputs
NEWEST_IR = 10


def oldest_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of `model` that asks for no newer opset than the newest of its operators needs."""
    copy: onnx.ModelProto = onnx.ModelProto.FromString(model.SerializeToString())
    for row in copy.opset_import:
        versions = [
            onnx.defs.get_schema(node.op_type, row.version, row.domain).since_version
            for node in all_nodes(copy.graph)
            if node.domain == row.domain and onnx.defs.has(node.op_type, row.domain)
        ]
        least = OLDEST if not row.domain else 1
        row.version = min(row.version, max([least, *versions]))
    copy.ir_version = min(copy.ir_version, NEWEST_IR)
    return copy
