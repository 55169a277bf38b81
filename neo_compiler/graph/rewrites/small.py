"""QuantizeLinear and DequantizeLinear in elementary operators: of small types, and in blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder, Operand
from neo_compiler.graph.rewrites.node import dtype, integer, shape
from neo_compiler.graph.small_types import FLOATS, WHOLE, wide

FLOAT = ir.DataType.FLOAT
BYTES = frozenset({ir.DataType.INT8, ir.DataType.UINT8})


def quantized(node: ir.Node, operands: Sequence[Operand], build: Builder) -> list[ir.Value] | None:
    """x / scale, rounded to even, plus the zero point, saturated; as the small type's wide form."""
    kind = node.outputs[0].dtype
    scale = _spread(node, operands[1], build)
    if kind is None or scale is None or integer(node, "saturate", 1) != 1:
        return None
    divided = build("Div", build.cast(operands[0], FLOAT), scale)
    if kind in FLOATS:
        return [divided]
    rounded: Operand = build("Round", divided)
    if (zero := _zero_point(node, operands, build)) is not None:
        rounded = build("Add", rounded, zero)
    low, high = (build.scalar(bound, FLOAT) for bound in _range(kind))
    return [build.cast(build("Clip", rounded, low, high), wide(kind) if kind in WHOLE else kind)]


def dequantized(node: ir.Node, operands: Sequence[Operand], build: Builder) -> list[ir.Value] | None:
    """(x - zero point) * scale, in the scale's type."""
    kind = dtype(node.inputs[1])
    scale = _spread(node, operands[1], build)
    if kind is None or scale is None:
        return None
    value = build.cast(operands[0], FLOAT)
    if (zero := _zero_point(node, operands, build)) is not None:
        value = build("Sub", value, zero)
    product = build("Mul", value, scale)
    return [product if kind == FLOAT or kind in FLOATS else build.cast(product, kind)]


CONVERSIONS: dict[str, Callable[[ir.Node, Sequence[Operand], Builder], Sequence[ir.Value] | None]] = {
    "QuantizeLinear": quantized,
    "DequantizeLinear": dequantized,
}


def quantized_blocks(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """QuantizeLinear with a scale for each block of an axis, to types that native code has."""
    kind = node.outputs[0].dtype
    if not integer(node, "block_size", 0) or kind not in BYTES:
        return None
    return quantized(node, node.inputs, build)


def dequantized_blocks(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """DequantizeLinear with a scale for each block of an axis, from types that native code has."""
    if not integer(node, "block_size", 0) or dtype(node.inputs[0]) not in BYTES:
        return None
    return dequantized(node, node.inputs, build)


def _range(kind: ir.DataType) -> tuple[int, int]:
    limits = np.iinfo(kind.numpy()) if kind not in WHOLE else None
    return WHOLE[kind] if limits is None else (int(limits.min), int(limits.max))


def _zero_point(node: ir.Node, operands: Sequence[Operand], build: Builder) -> ir.Value | None:
    """The zero point as floats, spread over the input; None where it is left out."""
    zero = operands[2] if len(operands) > 2 else None
    return None if zero is None else _spread(node, zero, build)


def _spread(node: ir.Node, value: Operand, build: Builder) -> ir.Value | None:
    """A scale or a zero point as floats that broadcast to the input: one, or one a place or block."""
    sizes = shape(node.inputs[0])
    own = tuple(value.shape) if isinstance(value, np.ndarray) else shape(value)
    if sizes is None or own is None or value is None:
        return None
    floats, axis = build.cast(value, FLOAT), integer(node, "axis", 1)
    if integer(node, "block_size", 0):
        axis %= len(sizes)
        block = integer(node, "block_size", 0)
        places = np.arange(sizes[axis], dtype=np.int64) // block
        return build("Gather", floats, places, axis=axis)
    if len(own) == 1 and own != (1,):
        axis %= len(sizes)
        row = [-1 if place == axis else 1 for place in range(len(sizes))]
        return build("Reshape", floats, np.array(row, np.int64))
    return build("Reshape", floats, np.zeros(0, np.int64)) if own else floats
