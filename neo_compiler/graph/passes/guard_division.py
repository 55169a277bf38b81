"""onnxruntime divides whole numbers by zero as the CPU does, which ends the process: guarded models."""

from __future__ import annotations

import onnx
import onnx_ir as ir

from neo_compiler.graph.nodes import all_nodes
from neo_compiler.graph.passes.lower_operators import rewrite_node
from neo_compiler.graph.passes.name_nodes import name_nodes
from neo_compiler.graph.rewrites import REWRITES

DIVISIONS = frozenset({"Div", "Mod"})
OLDEST = 9  # opset; older ones have no Where


def guard_division(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model`, or a copy in which whole numbers divided by zero give zero, also inside of subgraphs.

    Divisions whose types no rule tells stay as they are.
    """
    opset = next((row.version for row in model.opset_import if not row.domain), 0)
    if opset < OLDEST or not any(node.op_type in DIVISIONS for node in all_nodes(model.graph)):
        return model
    graph = ir.from_proto(onnx.shape_inference.infer_shapes(model))
    name_nodes(graph)
    for node in list(ir.traversal.RecursiveGraphIterator(graph.graph)):
        if node.op_type in DIVISIONS and not node.domain and _is_whole(node):
            rewrite_node(node, REWRITES[node.op_type], opset)
    return ir.to_proto(graph)


def _is_whole(node: ir.Node) -> bool:
    kind = node.inputs[1].dtype if node.inputs[1] is not None else None
    return kind is not None and kind.is_integer()
