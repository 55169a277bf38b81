"""Whole numbers divided by zero, and the smallest one by -1: a CPU ends the process there, ONNX is silent.

As in numpy, the quotient and the remainder are then 0, and the smallest number's negative is itself.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import dtype


def quotient(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Div of whole numbers by what is not known to be neither 0 nor -1."""
    x, y = node.inputs[:2]
    kind = dtype(y)
    if kind is None or not kind.is_integer() or _is_harmless(y):
        return None
    # The quotient is multiplied, not selected: TVM would take what it knows in a branch into the divisor.
    zero, one = build.scalar(0, kind), build.scalar(1, kind)
    special = nothing = build("Equal", y, zero)
    factor: ir.Value | np.ndarray = one
    if kind.is_signed():
        minus = build("Equal", y, build.scalar(-1, kind))
        special = build("Or", nothing, minus)
        factor = build("Where", minus, build.scalar(-1, kind), one)
    factor = build("Where", nothing, zero, factor)
    return [build("Mul", build("Div", x, _replaced(build, special, y)), factor)]


def remainder(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Mod of whole numbers: by 0 and by -1 it is what it is by 1, namely 0."""
    x, y = node.inputs[:2]
    kind = dtype(y)
    if kind is None or not kind.is_integer() or _is_harmless(y):
        return None
    special = build("Equal", y, build.scalar(0, kind))
    if kind.is_signed():
        special = build("Or", special, build("Equal", y, build.scalar(-1, kind)))
    attributes = {name: attribute.value for name, attribute in node.attributes.items()}
    return [build("Mod", x, _replaced(build, special, y), **attributes)]


def _replaced(build: Builder, special: ir.Value, divisor: ir.Value | None) -> ir.Value:
    """The divisor, but 1 where it is special."""
    return build("Where", special, build.scalar(1, dtype(divisor) or ir.DataType.INT64), divisor)


def _is_harmless(divisor: ir.Value | None) -> bool:
    """Whether it is constant without such numbers, or already replaced."""
    if divisor is None:
        return True
    if divisor.const_value is not None:
        values = divisor.const_value.numpy()
        return bool(values.all()) and not bool((values.astype(np.int64) == -1).any())
    node = divisor.producer()
    return node is not None and node.op_type == "Where" and _is_one(node.inputs[1])


def _is_one(value: ir.Value | None) -> bool:
    return (
        value is not None and value.const_value is not None and bool((value.const_value.numpy() == 1).all())
    )
