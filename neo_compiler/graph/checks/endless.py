"""Loops that nothing ends: neither the reference nor the device would ever answer."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.traversal import RecursiveGraphIterator

from neo_compiler.errors import UnsupportedOperators

MOST = 1 << 18  # turns; onnxruntime takes microseconds for each, and the comparison has up to twelve runs
WHY = f"its trip count is missing or beyond {MOST}, and its condition stays as it is"
REMEDY = "give it a smaller trip count, or a condition that its body computes"


def refuse_endless(model: ir.Model) -> None:
    """Raise UnsupportedOperators with the Loop nodes that go on for ever once they are entered."""
    found = [str(node.name) for node in RecursiveGraphIterator(model.graph) if _is_endless(node)]
    if found:
        opsets = model.graph.opset_imports
        raise UnsupportedOperators({"Loop": found}, "nothing ends", {"Loop": WHY}, REMEDY, opsets)


def _is_endless(node: ir.Node) -> bool:
    if node.domain or node.op_type != "Loop" or "body" not in node.attributes:
        return False
    return _many(node.inputs[0]) and stays_true(node.attributes["body"].as_graph())


def _many(count: ir.Value | None) -> bool:
    """Whether so many turns never end; None is without limit."""
    if count is None or count.const_value is None or count.dtype != ir.DataType.INT64:
        return count is None
    return bool(count.const_value.numpy().max(initial=0) > MOST)


def stays_true(body: ir.Graph) -> bool:
    """Whether a Loop's condition, once it is true, is true in every turn."""
    condition = body.outputs[0] if body.outputs else None
    while condition is not None and (source := condition.producer()) and source.op_type == "Identity":
        condition = source.inputs[0]
    if condition is None or len(body.inputs) < 2:
        return False
    kept = ir.convenience.get_const_tensor(condition)
    return condition is body.inputs[1] or bool(kept is not None and kept.numpy().all())
