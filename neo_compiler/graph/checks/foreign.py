"""Which nodes no native code can be made for, and why: known before anything is lowered."""

from __future__ import annotations

import functools

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.checks.operators import supported_operators
from neo_compiler.graph.small_types import SMALL
from neo_compiler.graph.values import is_static

NATIVE_TYPES = frozenset(
    {
        "bool",
        *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
        "float16",
        "float32",
        "float64",
    }
)


def foreign_nodes(model: ir.Model) -> dict[str, str]:
    """For each node that cannot be lowered the reason, by the name of its first output."""
    reasons = {}
    for node in model.graph:
        if reason := _reason(node):
            reasons[node_key(node)] = reason
    return reasons


def node_key(node: ir.Node) -> str:
    """A name that the node has to itself."""
    return next(str(value.name) for value in node.outputs if value.name)


def _reason(node: ir.Node) -> str | None:
    name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
    if name not in _supported():
        return "no native code exists for this operator"
    values = [value for value in (*node.inputs, *node.outputs) if value is not None and value.name]
    for value in () if _is_small_cast(node) else values:
        if not isinstance(value.type, ir.TensorType) or type_name(value) not in NATIVE_TYPES:
            return f"no native code exists for values of type {_spelled(value)}"
    if not all(map(is_static, values)):
        return "the size of the result depends on the data"
    computed = (value for value in values if value.const_value is None and value.shape is not None)
    if any(0 in value.shape.numpy() for value in computed if value.shape is not None):
        return "a tensor without elements"
    return None


def _is_small_cast(node: ir.Node) -> bool:
    """Whether one side is of a small type and the other of one that native code has."""
    if node.op_type != "Cast" or node.domain or node.inputs[0] is None:
        return False
    source, result = node.inputs[0], node.outputs[0]
    return {source.dtype in SMALL, result.dtype in SMALL} == {True, False} and (
        type_name(source) in NATIVE_TYPES or type_name(result) in NATIVE_TYPES
    )


@functools.cache
def _supported() -> frozenset[str]:
    return supported_operators()


def type_name(value: ir.Value) -> str | None:
    """The numpy name of the element type, None where there is no such type."""
    try:
        return None if value.dtype is None else np.dtype(value.dtype.numpy()).name
    except (TypeError, KeyError):
        return None


def _spelled(value: ir.Value) -> str:
    return "that is not known" if value.type is None else str(value.type).lower()
