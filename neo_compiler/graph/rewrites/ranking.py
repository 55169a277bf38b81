"""TopK → comparisons of all pairs: no kernel sorts, and rows of a few hundred values need none."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import constant, dtype, integer, shape

MOST_PAIRS = 1 << 22  # of all rows together
INT64 = ir.DataType.INT64


def top_k(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Values and places of the k first, in order; of equal values the first comes first.

    The place of a value in the order is the number of values that come before it. None for NaN-prone types
    it cannot compare, a k that is not constant, and rows too long for all pairs.
    """
    x, count, sizes = node.inputs[0], constant(node, 1), shape(node.inputs[0])
    kind = dtype(x)
    if x is None or count is None or not sizes or kind is None:
        return None
    axis = integer(node, "axis", -1) % len(sizes)
    length, kept = sizes[axis], int(count.reshape(-1)[0])
    if not 0 < kept <= length or int(np.prod(sizes)) * length > MOST_PAIRS:
        return None
    order = [*(place for place in range(len(sizes)) if place != axis), axis]
    back = [order.index(place) for place in range(len(sizes))]
    rows = build("Transpose", x, perm=order)
    one, other = build("Unsqueeze", rows, np.array([-1])), build("Unsqueeze", rows, np.array([-2]))
    before = build("Greater" if integer(node, "largest", 1) else "Less", other, one)
    earlier = np.tril(np.ones((length, length), bool), -1)
    before = build("Or", before, build("And", build("Equal", other, one), earlier))
    rank = build.reduced("ReduceSum", build.cast(before, INT64), [-1])
    chosen = build("Equal", build("Unsqueeze", rank, np.array([-2])), np.arange(kept)[:, None])
    places = build.reduced("ReduceSum", build("Mul", build.cast(chosen, INT64), np.arange(length)), [-1])
    values = build("GatherElements", rows, places, axis=-1)
    return [build("Transpose", values, perm=back), build("Transpose", places, perm=back)]


def one_hot(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """`values` holds what is off and what is on; indices outside the depth are all off."""
    indices, depth, pair = node.inputs[0], constant(node, 1), node.inputs[2]
    sizes = shape(indices)
    if depth is None or sizes is None or pair is None:
        return None
    count = int(depth.reshape(-1)[0])
    axis = integer(node, "axis", -1) % (len(sizes) + 1)
    whole = build.cast(indices, INT64)
    wrapped = build("Where", build("Less", whole, np.int64(0)), build("Add", whole, np.int64(count)), whole)
    places = np.arange(count).reshape([-1 if place == axis else 1 for place in range(len(sizes) + 1)])
    equal = build("Equal", build("Unsqueeze", wrapped, np.array([axis])), places)
    off, on = (build("Squeeze", build.sliced(pair, i, i + 1, 0), np.array([0])) for i in (0, 1))
    return [build("Where", equal, on, off)]
