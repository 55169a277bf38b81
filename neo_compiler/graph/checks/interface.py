"""What goes into a model and comes out of it has to be arrays that numpy knows."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.errors import ModelError
from neo_compiler.graph.small_types import SMALL


def check_interface(model: ir.Model) -> None:
    """Raise ModelError for an input or output of a type without numpy's equal, naming who uses it."""
    for kind, values in (("input", model.graph.inputs), ("output", model.graph.outputs)):
        for value in values:
            if value.type is not None and not _is_array(value):
                raise ModelError(
                    f"{kind} {value.name!r} of {_users(value)} is {value.type}: only tensors of numbers can "
                    "be compiled, of truth values, whole numbers of 8 to 64 bits or floats of 16 to 64 bits"
                )


def _is_array(value: ir.Value) -> bool:
    if not isinstance(value.type, ir.TensorType) or value.dtype is None:
        return False
    if value.dtype in SMALL:
        return True
    try:
        kind = np.dtype(value.dtype.numpy())
    except (TypeError, KeyError):
        return False
    return kind.kind in "biuf" and kind.isbuiltin == 1


def _users(value: ir.Value) -> str:
    """The operators that read or make a value."""
    nodes: list[ir.Node | None] = [node for node, _ in value.uses()]
    nodes = nodes or [value.producer()]
    return ", ".join(dict.fromkeys(node.op_type for node in nodes if node is not None)) or "no operator"
