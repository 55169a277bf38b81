"""`auto_pad` and `output_shape` of convolutions and poolings become explicit pads."""

from __future__ import annotations

import onnx_ir as ir

from neo_compiler.graph.values import is_static

WINDOWED = frozenset({"AveragePool", "Conv", "ConvTranspose", "LpPool", "MaxPool"})


def explicit_padding(model: ir.Model) -> None:
    """Write pads that give the shapes already inferred; the importer computes others for SAME_LOWER."""
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        if node.op_type in WINDOWED and not node.domain and _is_implicit(node):
            _write_pads(node)


def _is_implicit(node: ir.Node) -> bool:
    mode = _mode(node)
    shapes = (node.inputs[0], node.outputs[0])
    known = all(value is not None and is_static(value) for value in shapes)
    return known and (mode not in ("", "NOTSET") or "output_shape" in node.attributes)


def _mode(node: ir.Node) -> str:
    attribute = node.attributes.get("auto_pad")
    return "" if attribute is None else attribute.as_string()


def _write_pads(node: ir.Node) -> None:
    source, result = (_extents(value) for value in (node.inputs[0], node.outputs[0]))
    kernel = _integers(node, "kernel_shape") or _extents(node.inputs[1])
    transposed = node.op_type == "ConvTranspose"
    ones = [1] * len(source)
    strides, dilations = _integers(node, "strides") or ones, _integers(node, "dilations") or ones
    small, large = (source, result) if transposed else (result, source)
    spare = [
        (few - 1) * stride + (taps - 1) * gap + 1 - many
        for few, many, taps, stride, gap in zip(small, large, kernel, strides, dilations, strict=True)
    ]
    if transposed:  # what a transposed convolution lacks is added behind its result
        extra = _integers(node, "output_padding") or [0] * len(source)
        extra = [max(more, -space) for more, space in zip(extra, spare, strict=True)]
        spare = [space + more for space, more in zip(spare, extra, strict=True)]
        node.attributes["output_padding"] = ir.AttrInt64s("output_padding", extra)
    total = [max(0, space) for space in spare]
    halves = [count // 2 for count in total]
    others = [count - half for count, half in zip(total, halves, strict=True)]
    pads = halves + others if _mode(node) == "SAME_UPPER" else others + halves
    for name in ("auto_pad", "output_shape"):
        node.attributes.pop(name, None)
    node.attributes["pads"] = ir.AttrInt64s("pads", pads)


def _extents(value: ir.Value | None) -> list[int]:
    if value is None or value.shape is None:
        raise ValueError("a windowed operator without a shape")
    return list(value.shape.numpy()[2:])


def _integers(node: ir.Node, name: str) -> list[int]:
    attribute = node.attributes.get(name)
    return [] if attribute is None else list(attribute.as_ints())
