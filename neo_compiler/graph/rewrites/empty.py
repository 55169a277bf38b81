"""Tensors without elements, and empty lists of axes, which no kernel takes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import constant, integer, operand, shape


def concat(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Operands without elements are left out, as long as one is left."""
    kept = [value for value in node.inputs if 0 not in (shape(value) or ())]
    if not kept or len(kept) == len(node.inputs):
        return None
    return [build("Concat", *kept, axis=integer(node, "axis", 0))]


def split(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Where a part has no elements, the others are slices and that one is a constant."""
    sizes, parts = shape(node.inputs[0]), [shape(value) for value in node.outputs]
    source, kinds = node.inputs[0], [value.dtype for value in node.outputs]
    if source is None or sizes is None or not any(0 in (part or ()) for part in parts):
        return None
    axis, start, results = integer(node, "axis", 0) % len(sizes), 0, []
    for part, kind in zip(parts, kinds, strict=True):
        if part is None or kind is None:
            return None
        end = start + part[axis]
        results.append(
            build("Identity", np.zeros(part, kind.numpy()))
            if 0 in part
            else build.sliced(source, start, end, axis)
        )
        start = end
    return results


def reduction(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """An empty list of axes means all, which leaving it out means too."""
    axes = constant(node, 1)
    if operand(node, 1) is None or axes is None or axes.size or integer(node, "noop_with_empty_axes", 0):
        return None
    return [build(node.op_type, node.inputs[0], keepdims=integer(node, "keepdims", 1))]
