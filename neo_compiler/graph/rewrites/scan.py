"""Running sums and products: doubling distances, log2(n) steps (Hillis and Steele, 1986)."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import constant, dtype, integer, shape

COMBINE = {"CumSum": ("Add", 0), "CumProd": ("Mul", 1)}


def running(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """CumSum and CumProd along a constant axis, forwards or in reverse, with or without the element."""
    x, axis, sizes = node.inputs[0], constant(node, 1), shape(node.inputs[0])
    kind = dtype(x)
    if x is None or axis is None or not sizes or kind is None:
        return None
    combine, neutral = COMBINE[node.op_type]
    along = int(axis.reshape(-1)[0]) % len(sizes)
    count, backwards = sizes[along], integer(node, "reverse", 0) == 1

    def moved(value: ir.Value, distance: int) -> ir.Value:
        """The values `distance` places further along the axis; what comes in is neutral."""
        row = (*sizes[:along], distance, *sizes[along + 1 :])
        entering = np.full(row, neutral, kind.numpy())
        if backwards:
            return build("Concat", build.sliced(value, distance, count, along), entering, axis=along)
        return build("Concat", entering, build.sliced(value, 0, count - distance, along), axis=along)

    exclusive = integer(node, "exclusive", 0) == 1
    if exclusive and count < 2:
        return None
    total, distance = moved(x, 1) if exclusive else x, 1
    while distance < count:
        total = build(combine, total, moved(total, distance))
        distance *= 2
    return [total if total is not x else build("Identity", x)]
