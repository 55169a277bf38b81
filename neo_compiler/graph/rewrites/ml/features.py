"""What pipelines do with features before a model sees them."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import dtype, floats, integer, integers, number, shape, text

FLOAT = ir.DataType.FLOAT


def as_float(value: ir.Value, build: Builder) -> ir.Value:
    """The value as float32, in which these operators compute."""
    return value if value.dtype == FLOAT else build.cast(value, FLOAT)


def scaler(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """(x - offset) * scale, each one number or one a column."""
    x, offset, scale = node.inputs[0], floats(node, "offset"), floats(node, "scale")
    if x is None or not offset.size or not scale.size:
        return None
    return [build("Mul", build("Sub", as_float(x, build), offset), scale)]


def normalizer(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Rows divided by their norm, of which zero counts as 1; NaN is no maximum."""
    x, norm = node.inputs[0], text(node, "norm", "MAX")
    if x is None:
        return None
    x = as_float(x, build)
    if norm == "L2":
        size = build("Sqrt", build.reduced("ReduceSum", build("Mul", x, x), [-1], keep=True))
    elif norm == "L1":
        size = build.reduced("ReduceSum", build("Abs", x), [-1], keep=True)
    else:
        numbers = build("Where", build("IsNaN", x), np.float32(np.finfo(np.float32).min), x)
        size = build.reduced("ReduceMax", numbers, [-1], keep=True)
    zero = build("Equal", size, np.float32(0))
    return [build("Div", x, build("Where", zero, np.float32(1), size))]


def imputer(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """One value, or NaN, is replaced by a number, or by that of its column."""
    x, kind = node.inputs[0], dtype(node.inputs[0])
    if x is None or kind is None:
        return None
    replaced: float = integer(node, "replaced_value_int64", 0)
    if kind.is_integer():
        values = np.array(integers(node, "imputed_value_int64s"))
    else:
        values, replaced = floats(node, "imputed_value_floats"), number(node, "replaced_value_float", 0.0)
    if not values.size:
        return None
    missing = build("IsNaN", x) if np.isnan(replaced) else build("Equal", x, build.scalar(replaced, kind))
    return [build("Where", missing, values.astype(kind.numpy()), x)]


def binarizer(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """1 above the threshold, else 0; the type stays."""
    x, kind = node.inputs[0], dtype(node.inputs[0])
    if x is None or kind != FLOAT:
        return None
    return [build.cast(build("Greater", x, np.float32(number(node, "threshold", 0.0))), kind)]


def feature_vectorizer(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """The columns of all inputs side by side."""
    parts = [value for value in node.inputs if value is not None]
    sizes = [shape(value) for value in parts]
    widths = integers(node, "inputdimensions")
    if any(size is None or len(size) != 2 for size in sizes):
        return None
    if widths and widths != [size[1] for size in sizes if size]:
        return None  # which would cut or pad them
    return [build("Concat", *(as_float(part, build) for part in parts), axis=1)]


def array_feature_extractor(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Columns by their places; a single row stays a row of a table."""
    x, places, sizes = node.inputs[0], node.inputs[1], shape(node.inputs[0])
    if x is None or places is None or not sizes:
        return None
    rows = build("Unsqueeze", x, np.array([0])) if len(sizes) == 1 else x
    return [build("Gather", rows, build("Reshape", places, np.array([-1])), axis=-1)]
