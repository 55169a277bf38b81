"""Operators of one value each that the importer lacks, or has for other types or attributes."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.division import remainder
from neo_compiler.graph.rewrites.node import FLOATS, constant, dtype, integer, operand, reads

SMALL = 0.5  # below this, sinh is a difference of nearly equal numbers


def cosh(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """(exp(x) + exp(-x)) / 2"""
    kind = dtype(node.inputs[0])
    if kind not in FLOATS or kind is None:
        return None
    x = node.inputs[0]
    both = build("Add", build("Exp", x), build("Exp", build("Neg", x)))
    return [build("Mul", both, build.scalar(0.5, kind))]


def sinh(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """(exp(x) - exp(-x)) / 2; for small x the series x + x**3/3! + ... + x**9/9!"""
    kind = dtype(node.inputs[0])
    if kind not in FLOATS or kind is None:
        return None
    x = node.inputs[0]
    difference = build("Sub", build("Exp", x), build("Exp", build("Neg", x)))
    large = build("Mul", difference, build.scalar(0.5, kind))
    square, series = build("Mul", x, x), build.scalar(1 / math.factorial(9), kind)
    total: ir.Value | np.ndarray = series
    for power in (7, 5, 3, 1):
        total = build("Add", build("Mul", square, total), build.scalar(1 / math.factorial(power), kind))
    small = build("Mul", x, total)
    return [build("Where", build("Less", build("Abs", x), build.scalar(SMALL, kind)), small, large)]


def narrowed(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """float64 becomes float16 by way of float32: the device's C library has no function for it at once."""
    if dtype(node.inputs[0]) != ir.DataType.DOUBLE or integer(node, "to", 0) != ir.DataType.FLOAT16:
        return None
    return [build.cast(build.cast(node.inputs[0], ir.DataType.FLOAT), ir.DataType.FLOAT16)]


def is_inf(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """The importer ignores which sign is asked for."""
    x, kind = node.inputs[0], dtype(node.inputs[0])
    negative, positive = integer(node, "detect_negative", 1), integer(node, "detect_positive", 1)
    if kind is None or kind not in FLOATS or (negative and positive):
        return None
    infinite = build.scalar(math.inf if positive else -math.inf, kind)
    if not positive and not negative:
        never = build("IsNaN", x)
        return [build("And", never, build("Not", never))]
    return [build("Equal", x, infinite)]


def power(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Of two types: the wider of them, or float64, computes."""
    base, exponent = node.inputs[:2]
    left, right = dtype(base), dtype(exponent)
    if left is None or right is None or (left == right and left in FLOATS):
        return None
    wide = left if left in FLOATS and left != ir.DataType.FLOAT16 else ir.DataType.DOUBLE
    operands = (
        value if kind == wide else build.cast(value, wide)
        for value, kind in ((base, left), (exponent, right))
    )
    result = build("Pow", *operands)
    if left in FLOATS:
        return [result if left == wide else build.cast(result, left)]
    return [build.cast(build("Round", result), left)]


def modulo(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Of floats, with the sign of the divisor: from fmod, whose cases at 0 and infinity are those of C."""
    kind = dtype(node.inputs[0])
    if kind is not None and kind.is_integer():
        return remainder(node, build)
    if kind is None or kind not in FLOATS or integer(node, "fmod", 0):
        return None
    x, y = node.inputs[:2]
    zero = build.scalar(0, kind)
    rest = build("Mod", x, y, fmod=1)
    differs = build("Less", build("Mul", build("Sign", rest), build("Sign", y)), zero)
    return [build("Where", differs, build("Add", rest, y), rest)]


def dropout(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Nothing happens at inference; the mask, where it is read, is all true."""
    training, ratio = operand(node, 2), constant(node, 1)
    if training is not None:
        flag = constant(node, 2)
        if flag is None or (flag.any() and (ratio is None or ratio.any())):
            return None
    if not reads(node, 1) or dtype(node.outputs[1]) != ir.DataType.BOOL:
        return None
    unknown = build("IsNaN", node.inputs[0])
    return [build("Identity", node.inputs[0]), build("Or", unknown, build("Not", unknown))]


def lp_normalization(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """x divided by its norm along an axis; a row of zeros stays one."""
    x, kind = node.inputs[0], dtype(node.inputs[0])
    if x is None or kind is None or kind not in FLOATS:
        return None
    operator = "ReduceL1" if integer(node, "p", 2) == 1 else "ReduceL2"
    norm = build.reduced(operator, x, [integer(node, "axis", -1)], keep=True)
    divisor = build("Where", build("Equal", norm, build.scalar(0, kind)), build.scalar(1, kind), norm)
    return [build("Div", x, divisor)]
