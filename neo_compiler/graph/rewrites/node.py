"""Questions that rewrites ask of a node."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.values import is_static

FLOATS = frozenset({ir.DataType.FLOAT16, ir.DataType.FLOAT, ir.DataType.DOUBLE})


def operand(node: ir.Node, place: int) -> ir.Value | None:
    """The input at `place`, None where it is left out."""
    value = node.inputs[place] if place < len(node.inputs) else None
    return value if value is not None and value.name else None


def constant(node: ir.Node, place: int) -> np.ndarray | None:
    """The value of the input at `place`, None where it is left out or not constant."""
    value = operand(node, place)
    return None if value is None or value.const_value is None else value.const_value.numpy()


def shape(value: ir.Value | None) -> tuple[int, ...] | None:
    """The sizes of a value, None where they are not all known."""
    if value is None or value.shape is None or not is_static(value):
        return None
    return tuple(value.shape.numpy())


def integer(node: ir.Node, name: str, default: int) -> int:
    """An attribute that is a whole number."""
    attribute = node.attributes.get(name)
    return default if attribute is None else attribute.as_int()


def number(node: ir.Node, name: str, default: float) -> float:
    """An attribute that is a number."""
    attribute = node.attributes.get(name)
    return default if attribute is None else attribute.as_float()


def integers(node: ir.Node, name: str) -> list[int]:
    """An attribute that is a list of whole numbers; empty where it is missing."""
    attribute = node.attributes.get(name)
    return [] if attribute is None else list(attribute.as_ints())


def text(node: ir.Node, name: str, default: str) -> str:
    """An attribute that is a word."""
    attribute = node.attributes.get(name)
    return default if attribute is None else attribute.as_string()


def texts(node: ir.Node, name: str) -> list[str]:
    """An attribute that is a list of words; empty where it is missing."""
    attribute = node.attributes.get(name)
    return [] if attribute is None else list(attribute.as_strings())


def dtype(value: ir.Value | None) -> ir.DataType | None:
    """The type of a value's elements."""
    return None if value is None else value.dtype


def reads(node: ir.Node, place: int) -> bool:
    """Whether the node has a result at `place`."""
    return place < len(node.outputs) and bool(node.outputs[place].name)


def floats(node: ir.Node, name: str) -> np.ndarray:
    """An attribute that is a list of numbers, as float32; empty where it is missing."""
    attribute = node.attributes.get(name)
    return np.array([] if attribute is None else attribute.as_floats(), np.float32)


def tensor(node: ir.Node, name: str) -> np.ndarray | None:
    """An attribute that is a tensor, None where it is missing."""
    attribute = node.attributes.get(name)
    return None if attribute is None else attribute.as_tensor().numpy()
