"""Small types are computed in wider ones: what a node makes is rounded to the small type by a pair of Casts.

Afterwards a small type lives between two Casts only, or between a Cast and the model's inputs and outputs;
native code has kernels for these.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder, Operand
from neo_compiler.graph.rewrites.small import CONVERSIONS
from neo_compiler.graph.shape_inference.fold import fold
from neo_compiler.graph.small_types import SMALL, wide

# What they make is among what they are given: there is nothing to round.
MOVES = frozenset(
    {
        "Concat", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "Max", "Min",
        "Relu", "Reshape", "Slice", "Split", "Squeeze", "Tile", "Transpose", "Trilu", "Unsqueeze", "Where",
    }
)  # fmt: skip
BITS = frozenset({"BitCast", "ConstantOfShape", "EyeLike"})  # these ask for a type in their own ways
GRAPHS = frozenset({ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS})
OLDEST = 13  # opset

# Small values, and the wide ones with their content.
Wides = dict[ir.Value, ir.Value]


def widen(model: ir.Model) -> None:
    """Let every node but Casts compute with types that native code has."""
    opset = model.graph.opset_imports.get("", 0)
    if opset < OLDEST:
        return
    wides: Wides = {}
    for node in list(model.graph):
        values = (*node.inputs, *node.outputs)
        if any(value is not None and value.dtype in SMALL for value in values) and _is_simple(node):
            _replace(model.graph, node, Builder(node, opset), wides)
    fold(model)


def _is_simple(node: ir.Node) -> bool:
    tensors = all(
        value is None or not value.name or isinstance(value.type, ir.TensorType)
        for value in (*node.inputs, *node.outputs)
    )
    graphs = any(attribute.type in GRAPHS for attribute in node.attributes.values())
    return tensors and not graphs and not node.domain and node.op_type not in BITS


def _replace(graph: ir.Graph, node: ir.Node, build: Builder, wides: Wides) -> None:
    operands = [_wide(value, build, wides) for value in node.inputs]
    convert = CONVERSIONS.get(node.op_type, _copied)
    results = convert(node, operands, build)
    if results is None:
        return
    pairs = [(old, new) for old, new in zip(node.outputs, results, strict=True) if old.name]
    finished = [_finished(node, old, new, build, wides) for old, new in pairs]
    for weight in build.weights:
        graph.register_initializer(weight)
    ir.convenience.replace_nodes_and_values(
        graph, node, [node], build.nodes, [old for old, _ in pairs], finished
    )


def _wide(value: ir.Value | None, build: Builder, wides: Wides) -> Operand:
    """A wide value with the content of a small one; any other value itself."""
    if value is None or value.dtype is None or value.dtype not in SMALL:
        return value
    if value.const_value is not None:
        return value.const_value.numpy().astype(wide(value.dtype).numpy())
    if value not in wides:
        wides[value] = build.cast(value, wide(value.dtype))
    return wides[value]


def _copied(node: ir.Node, operands: Sequence[Operand], build: Builder) -> Sequence[ir.Value]:
    attributes = {name: attribute.value for name, attribute in node.attributes.items()}
    return build.several(len(node.outputs), node.op_type, *operands, **attributes)


def _finished(node: ir.Node, old: ir.Value, new: ir.Value, build: Builder, wides: Wides) -> ir.Value:
    """What takes the place of `old`; where that is small, its wide form is remembered."""
    if old.dtype is None or old.dtype not in SMALL:
        return new
    small = new if node.op_type == "Cast" else build.cast(new, old.dtype)
    wides[small] = new if node.op_type in MOVES else build.cast(small, wide(old.dtype))
    return small
