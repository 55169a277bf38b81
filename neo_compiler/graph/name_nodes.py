"""Every node gets a name, so that a message can point at it."""

from __future__ import annotations

import onnx_ir as ir


def name_nodes(model: ir.Model) -> None:
    """Name each nameless node after its operator and its place, e.g. `Conv_17`."""
    for place, node in enumerate(ir.traversal.RecursiveGraphIterator(model.graph)):
        if not node.name:
            node.name = f"{node.op_type}_{place}"
