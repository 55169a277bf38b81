"""Rules of operators that compute element by element, or pictures one by one."""

from __future__ import annotations

from neo_compiler.graph.independent.node import Node, Rows


def broadcast(at: Node) -> Rows:
    """Element by element: operands are aligned at their last axes."""
    rank = len(at.made())
    found = at.aligned(rank)
    if len(found) > 1:
        raise at.refused("it combines different rows")
    (result,) = found
    at.check_spread(result, rank)
    return result


def leading(at: Node) -> Rows:
    """Pictures and the like: the first axis counts independent ones."""
    rows = at.first()
    if at.integer("training_mode", 0):
        raise at.along_batch()
    if rows.axis != 0:
        raise at.refused("the batch is not its first axis")
    return rows
