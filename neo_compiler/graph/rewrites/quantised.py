"""Operators on quantised tensors → the same on floats, between DequantizeLinear and QuantizeLinear."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import dtype, operand, shape

CONV_ATTRIBUTES = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")


def qlinear_matmul(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Per tensor, per row of the left operand or per column of the right one."""
    a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero = node.inputs
    rows, columns = shape(a), shape(b)
    if rows is None or columns is None or dtype(a_scale) != ir.DataType.FLOAT:
        return None
    left = _floats(build, a, a_scale, a_zero, len(rows) - 2)
    right = _floats(build, b, b_scale, b_zero, len(columns) - 1)
    if left is None or right is None:
        return None
    return [build("QuantizeLinear", build("MatMul", left, right), y_scale, y_zero)]


def qlinear_conv(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """The bias is a whole number in units of the product of both scales."""
    x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero = node.inputs[:8]
    data, weight = _floats(build, x, x_scale, x_zero, 1), _floats(build, w, w_scale, w_zero, 0)
    if data is None or weight is None:
        return None
    operands = [data, weight]
    if (bias := operand(node, 8)) is not None:
        unit = build("Mul", x_scale, w_scale)
        operands.append(build("Mul", build.cast(bias, ir.DataType.FLOAT), unit))
    return [build("QuantizeLinear", build("Conv", *operands, **_attributes(node)), y_scale, y_zero)]


def conv_integer(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Sums of products of bytes: exact in float32 below 2**24, so that is asked of the longest sum."""
    sizes = shape(node.inputs[1])
    if sizes is None or int(np.prod(sizes[1:])) * 255 * 255 >= 1 << 24:
        return None
    data = _shifted(build, node.inputs[0], operand(node, 2), 0)
    weight = _shifted(build, node.inputs[1], operand(node, 3), len(sizes) - 1)
    return [build.cast(build("Conv", data, weight, **_attributes(node)), ir.DataType.INT32)]


def qlinear_binary(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """onnxruntime's QLinearAdd and QLinearMul."""
    a, a_scale, a_zero, b, b_scale, b_zero, y_scale = node.inputs[:7]
    left, right = _floats(build, a, a_scale, a_zero, 0), _floats(build, b, b_scale, b_zero, 0)
    if left is None or right is None:
        return None
    result = build(node.op_type.removeprefix("QLinear"), left, right)
    return [build("QuantizeLinear", result, y_scale, operand(node, 7))]


def _attributes(node: ir.Node) -> dict[str, ir.Attr]:
    return {name: node.attributes[name] for name in CONV_ATTRIBUTES if name in node.attributes}


def _floats(
    build: Builder, value: ir.Value | None, scale: ir.Value | None, zero: ir.Value | None, axis: int
) -> ir.Value | None:
    sizes = shape(scale)
    if sizes is None or len(sizes) > 1:
        return None
    if sizes == (1,):  # one scale for all, written as a list
        scale, zero = (
            None if row is None else build("Squeeze", row, np.zeros(1, np.int64)) for row in (scale, zero)
        )
    if zero is not None and not zero.name:
        zero = None
    return build("DequantizeLinear", value, scale, zero, axis=axis)


def _shifted(build: Builder, value: ir.Value | None, zero: ir.Value | None, trailing: int) -> ir.Value:
    wide = build.cast(value, ir.DataType.FLOAT)
    if zero is None:
        return wide
    shift = build.cast(zero, ir.DataType.FLOAT)
    if shape(zero) not in ((), (1,)):
        shift = build("Reshape", shift, np.array([-1, *[1] * trailing], np.int64))
    return build("Sub", wide, shift)
