"""Native code has one static shape for each value: operators whose result depends on the data are refused."""

from __future__ import annotations

import onnx_ir as ir

from neo_compiler.errors import UnsupportedOperators
from neo_compiler.graph.values import is_static


def check_static(model: ir.Model) -> None:
    """Raise UnsupportedOperators with the operators where a shape stops being static.

    Operators outside the default domain have no shape rules here; the lowering finds their shapes.
    """
    found: dict[str, list[str]] = {}
    for node in model.graph:
        known = all(value is None or is_static(value) for value in node.inputs)
        if known and not node.domain and not all(is_static(value) for value in node.outputs if value.name):
            found.setdefault(node.op_type, []).append(str(node.name))
    if found:
        raise UnsupportedOperators(
            found, why="the size of the result depends on the data at", opsets=model.graph.opset_imports
        )
