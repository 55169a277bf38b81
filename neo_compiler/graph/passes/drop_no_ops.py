"""Nodes that return their first input unchanged, now that all shapes are known, become identities."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from neo_compiler.graph.values import is_static


def drop_no_ops(model: ir.Model) -> None:
    """Bypass every node that changes neither the values nor the shape of its first input."""
    for node in list(model.graph):
        unchanged = None if node.domain else NO_OPS.get(node.op_type)
        if unchanged is not None and len(node.outputs) == 1 and unchanged(node):
            _bypass(node)


def _bypass(node: ir.Node) -> None:
    if node.graph is None:
        raise ValueError(f"{node.name} lies in no graph")
    copy = ir.Node("", "Identity", [node.inputs[0]], name=node.name)
    ir.convenience.replace_nodes_and_values(node.graph, node, [node], [copy], node.outputs, copy.outputs)


def _same_shape(node: ir.Node) -> bool:
    source, result = node.inputs[0], node.outputs[0]
    return source is not None and is_static(source) and is_static(result) and source.shape == result.shape


def _same_type(node: ir.Node) -> bool:
    return node.inputs[0] is not None and node.inputs[0].dtype == node.outputs[0].dtype


def _takes_all(node: ir.Node) -> bool:
    """A slice of the same shape that walks forwards; backwards it would reverse."""
    steps = node.inputs[4] if len(node.inputs) > 4 else None
    forwards = steps is None or (
        steps.const_value is not None and bool((steps.const_value.numpy() > 0).all())
    )
    return _same_shape(node) and forwards


def _keeps_order(node: ir.Node) -> bool:
    order = node.attributes.get("perm")
    return order is not None and list(order.as_ints()) == sorted(order.as_ints())


def _is_inference(node: ir.Node) -> bool:
    training = node.inputs[2] if len(node.inputs) > 2 else None
    off = training is None or (training.const_value is not None and not training.const_value.numpy().any())
    return off and "is_test" not in node.attributes


def _is_single(node: ir.Node) -> bool:
    return len(node.inputs) == 1


NO_OPS: dict[str, Callable[[ir.Node], bool]] = {
    "Cast": _same_type,
    "Concat": _is_single,
    "Dropout": _is_inference,
    "Expand": _same_shape,
    "Flatten": _same_shape,
    "Max": _is_single,
    "Mean": _is_single,
    "Min": _is_single,
    "Reshape": _same_shape,
    "Slice": _takes_all,
    "Sum": _is_single,
    "Tile": _same_shape,
    "Transpose": _keeps_order,
}
