"""Rules of operators that compute something over an axis."""

from __future__ import annotations

from collections.abc import Callable

from neo_compiler.graph.independent.node import Node, Rows


def along(default: int) -> Callable[[Node], Rows]:
    """Something over the axis that `axis` tells, and any number of others that are not the batch."""
    return lambda at: at.beside([at.axis(default)])


def normalised(at: Node) -> Rows:
    rows = at.first()
    if rows.axis >= at.axis(-1):
        raise at.along_batch()
    return rows


def reduced(at: Node) -> Rows:
    axes = at.axes(1)
    rows = at.beside(axes)
    if at.integer("keepdims", 1):
        return rows
    return Rows(rows.axis - sum(axis < rows.axis for axis in axes), rows.factor)


def chosen(at: Node) -> Rows:
    """The place of the largest or smallest value along an axis."""
    axis = at.axis(0)
    rows = at.beside([axis])
    return rows if at.integer("keepdims", 1) or axis > rows.axis else Rows(rows.axis - 1, rows.factor)
