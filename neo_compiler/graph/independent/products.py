"""Rules of products of matrices."""

from __future__ import annotations

from neo_compiler.graph.independent.node import Node, Rows


def matmul(at: Node) -> Rows:
    left, right = at.rows
    rank = max(len(at.shape(0)), len(at.shape(1)))
    if min(len(at.shape(0)), len(at.shape(1))) < 2:
        raise at.refused("it multiplies a vector")
    if left is not None and left.axis == len(at.shape(0)) - 1:
        raise at.refused("it sums over the batch")
    if right is not None and right.axis == len(at.shape(1)) - 2:
        raise at.refused("it sums over the batch")
    found = at.aligned(rank)
    result = found.pop()
    if found or (left and right and result.axis >= rank - 2):
        raise at.refused("it combines different rows")
    at.check_spread(result, rank, last=2)
    return result


def gemm(at: Node) -> Rows:
    rows = at.first()
    if rows.axis != (1 if at.integer("transA", 0) else 0):
        raise at.refused("it sums over the batch")
    if len(at.node.inputs) > 2 and at.node.inputs[2] is not None:
        shape = at.shape(2)
        if len(shape) == 2 and shape[0] != 1:
            raise at.refused("an operand has other values for each row")
    return Rows(0, rows.factor)
