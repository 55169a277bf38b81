"""What no output needs goes: identities, repeated work, dead nodes, unused weights."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import (
    CommonSubexpressionEliminationPass,
    RemoveUnusedNodesPass,
)


def drop_unused(model: ir.Model) -> None:
    """Remove nodes and weights that no output depends on, and optional results that nobody reads."""
    RemoveUnusedNodesPass()(model)


def tidy(model: ir.Model) -> None:
    """Remove identities and repeated work."""
    for node in list(model.graph):
        if node.op_type == "Identity" and not node.domain:
            _bypass(node)
    CommonSubexpressionEliminationPass()(model)
    drop_unused(model)


def _bypass(node: ir.Node) -> None:
    """Let the node's input take its output's place; a value has one name, so it can be only one output."""
    source, result = node.inputs[0], node.outputs[0]
    if source is None or node.graph is None:
        raise ValueError(f"{node.name} lies in no graph or has no input")
    if result.is_graph_output():
        if source.is_graph_input() or source.is_initializer() or source.is_graph_output():
            return
        source.name = result.name
        source.shape, source.type = source.shape or result.shape, source.type or result.type
    ir.convenience.replace_all_uses_with(result, source, replace_graph_outputs=True)
    node.graph.remove(node, safe=True)
