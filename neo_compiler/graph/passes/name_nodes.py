"""Every node gets a name of its own: a message can point at it, and rewrites can name what they add."""

from __future__ import annotations

import onnx_ir as ir


def name_nodes(model: ir.Model) -> None:
    """Name each nameless node after its operator and its place, e.g. `Conv_17`, and tell namesakes apart."""
    taken: set[str] = set()
    for place, node in enumerate(ir.traversal.RecursiveGraphIterator(model.graph)):
        name = node.name or f"{node.op_type}_{place}"
        while name in taken:
            name = f"{name}_{place}"
        node.name = name
        taken.add(name)
