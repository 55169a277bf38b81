"""Dimensions along which smaller inputs may be filled up, since what is added changes no other result."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
import onnx_ir as ir

from neo_compiler.dynamic.ranges import Ranges, prepared_at
from neo_compiler.graph.independent import Dependent, Rows, independent
from neo_compiler.parts.task import Task
from neo_compiler.sizes import Sizes

# Operands that tell the shape of a result, and so may differ with the size of a batch.
_SHAPES = {("Expand", 1), ("Reshape", 1), ("Resize", 3)}


def exact_rows(task: Task, ranges: Ranges, name: str) -> dict[str, Rows | None]:
    """Where the rows of each output lie for a batch that the dimension `name` counts.

    Raises Dependent with the reason where filling up would not be exact.
    """
    sizes = ranges.open[name]
    if sizes.low < 1 or sizes.high < 3:
        raise Dependent("there are no rows to repeat, or too few sizes")
    others = {other: row.high for other, row in ranges.open.items()}
    prepared = [
        ir.from_proto(prepared_at(task, ranges, {**others, name: size}).model)
        for size in (sizes.high, sizes.high - 1)
    ]
    _check_same(*prepared)
    return independent(prepared[0], _axes(ranges, name), sizes.high)


def steps(sizes: Sizes) -> list[int]:
    """The sizes that are compiled for a range: each about twice the one before, and the largest."""
    found = [sizes.high]
    while found[-1] > sizes.low:
        found.append(max(sizes.low, (found[-1] + 1) // 2))
    return found[::-1]


def _axes(ranges: Ranges, name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for value, shape in ranges.request.shapes.items():
        if shape.count(name) > 1:
            raise Dependent(f"{value!r} has the dimension twice")
        if name in shape:
            found[value] = shape.index(name)
    return found


def _check_same(one: ir.Model, other: ir.Model) -> None:
    """Whatever differs with the size but shapes could be a sum over the batch, or an average."""
    rows, others = list(one.graph), list(other.graph)
    if [_described(node) for node in rows] != [_described(node) for node in others]:
        raise Dependent("the model has other operators for other sizes")
    for node, twin in zip(rows, others, strict=True):
        for place, (value, like) in enumerate(zip(node.inputs, twin.inputs, strict=True)):
            if (node.op_type, place) not in _SHAPES and _content(value) != _content(like):
                raise Dependent(f"{node.op_type} {node.name!r} has another constant for other sizes")


def _described(node: ir.Node) -> tuple[object, ...]:
    proto: onnx.NodeProto = ir.to_proto(node)
    attributes = sorted(attribute.SerializeToString(deterministic=True) for attribute in proto.attribute)
    return node.domain, node.op_type, attributes, list(_links(node))


def _links(node: ir.Node) -> Iterator[str | None]:
    """The operands that are no constants; constants may be called otherwise."""
    for value in node.inputs:
        yield None if value is None or value.const_value is not None else value.name


def _content(value: ir.Value | None) -> object:
    if value is None or value.const_value is None:
        return None
    array = value.const_value.numpy()
    return array.dtype.str, array.shape, array.tobytes()
