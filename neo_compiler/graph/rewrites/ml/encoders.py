"""Categories that are numbers: compared with each one that the model knows."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.node import dtype, floats, integer, integers, number, tensor

MOST_KEYS = 4096  # all of which every value is compared with
KINDS = (ir.DataType.FLOAT, ir.DataType.DOUBLE, ir.DataType.INT32, ir.DataType.INT64)


def one_hot_encoder(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """A 1 at the place of the category; all 0 where it is none of them."""
    x, kind, known = node.inputs[0], dtype(node.inputs[0]), integers(node, "cats_int64s")
    if x is None or kind not in KINDS or not known or len(known) > MOST_KEYS:
        return None
    if not integer(node, "zeros", 1):
        return None  # an unknown category would be an error
    whole = build.cast(x, ir.DataType.INT64)
    equal = build("Equal", build("Unsqueeze", whole, np.array([-1])), np.array(known, np.int64))
    return [build.cast(equal, ir.DataType.FLOAT)]


def label_encoder(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """The value of a key, or the default; of equal keys the first counts."""
    x, keys, values = node.inputs[0], _side(node, "keys"), _side(node, "values")
    if x is None or keys is None or values is None or len(keys) != len(values) or len(keys) > MOST_KEYS:
        return None
    if dtype(x) != ir.DataType.from_numpy(keys.dtype):
        return None
    keys, first = np.unique(keys, return_index=True)
    values = values[first]
    rows = build("Unsqueeze", x, np.array([-1]))
    equal = build("Equal", rows, keys)
    if keys.dtype.kind == "f" and np.isnan(keys).any() and _version(node) >= 4:  # before, NaN is no key
        equal = build("Or", equal, build("And", build("IsNaN", rows), np.isnan(keys)))
    hits = build.cast(equal, ir.DataType.INT32)
    place = build("ArgMax", hits, axis=-1, keepdims=0)
    found = build("Greater", build.reduced("ReduceMax", hits, [-1]), np.int32(0))
    return [build("Where", found, build("Gather", values, place), _default(node, values.dtype))]


def _version(node: ir.Node) -> int:
    return node.graph.opset_imports.get(node.domain, 1) if node.graph is not None else 1


def _side(node: ir.Node, name: str) -> np.ndarray | None:
    if (whole := integers(node, f"{name}_int64s")) != []:
        return np.array(whole, np.int64)
    if (real := floats(node, f"{name}_floats")).size:
        return real
    array = tensor(node, f"{name}_tensor")
    return array.reshape(-1) if array is not None and array.size and array.dtype.kind in "if" else None


def _default(node: ir.Node, kind: np.dtype[np.generic]) -> np.ndarray:
    given = tensor(node, "default_tensor")
    if given is not None and given.dtype == kind:
        return given.reshape(())
    if kind.kind == "i":
        return np.array(integer(node, "default_int64", -1), kind)
    return np.array(number(node, "default_float", -0.0), kind)
