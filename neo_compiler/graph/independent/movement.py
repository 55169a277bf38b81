"""Rules of operators that move values, or leave some out."""

from __future__ import annotations

from math import prod

from neo_compiler.graph.independent.node import Node, Rows


def transposed(at: Node) -> Rows:
    rows, rank = at.first(), len(at.shape(0))
    attribute = at.node.attributes.get("perm")
    order = list(reversed(range(rank))) if attribute is None else list(attribute.as_ints())
    return Rows(order.index(rows.axis), rows.factor)


def reshaped(at: Node) -> Rows:
    """Values keep their order: the rows stay together where what lies before them stays the same."""
    rows, shape, made = at.first(), at.shape(0), at.made()
    before = prod(shape[: rows.axis])
    for axis, length in enumerate(made):
        if prod(made[:axis]) == before and length % at.size == 0 and length:
            return Rows(axis, length // at.size)
    raise at.refused("it takes the batch apart")


def concatenated(at: Node) -> Rows:
    found = {row for row in at.rows if row is not None}
    if len(found) > 1 or None in at.rows:
        raise at.refused("it joins different rows")
    (rows,) = found
    if rows.axis == at.integer("axis", 0) % len(at.made()):
        raise at.along_batch()
    return rows


def sliced(at: Node) -> Rows:
    return at.beside(at.axes(3))


def padded(at: Node) -> Rows:
    pads, axes = at.integers("pads", 1) or (), at.axes(3)
    return at.beside([axis for i, axis in enumerate(axes) if pads[i] or pads[i + len(axes)]])


def gathered(at: Node) -> Rows:
    data, index = at.rows
    axis = at.axis(0)
    if data is None and index is not None:
        return Rows(axis + index.axis, index.factor)
    if data is None or index is not None or data.axis == axis:
        raise at.along_batch()
    return data if data.axis < axis else Rows(data.axis + len(at.shape(1)) - 1, data.factor)
