"""Operators without native code become others that have some."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from neo_compiler.graph.rewrites import REWRITES, Rewrite
from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.shape_inference.fold import set_types
from neo_compiler.graph.values import is_static

OLDEST = 13  # opset; the rewrites write axes as inputs


def lower_operators(model: ir.Model) -> None:
    """Apply the rewrites wherever they fit."""
    opset = model.graph.opset_imports.get("", 0)
    if opset < OLDEST:
        return
    for node in list(model.graph):
        if (rewrite := REWRITES.get(_name(node))) is None:
            continue
        for made in rewrite_node(node, rewrite, opset):
            if not all(is_static(value) for value in made.outputs if value.name):
                set_types(made, model)  # what comes after may ask for them


def rewrite_node(node: ir.Node, rewrite: Rewrite, opset: int) -> list[ir.Node]:
    """Put what the rewrite makes in the node's place, where it applies; returns the new nodes."""
    build = Builder(node, opset)
    results = rewrite(node, build)
    if results is None or not isinstance(node.graph, ir.Graph):
        return []
    _replace(node.graph, node, build, results)
    return build.nodes


def has_rule(node: ir.Node) -> bool:
    """Whether there is a rewrite for the node's operator."""
    return _name(node) in REWRITES


def _name(node: ir.Node) -> str:
    return f"{node.domain}.{node.op_type}" if node.domain else node.op_type


def _replace(graph: ir.Graph, node: ir.Node, build: Builder, results: Sequence[ir.Value | None]) -> None:
    for weight in build.weights:
        graph.register_initializer(weight)
    pairs = [
        (old, new) for old, new in zip(node.outputs, results, strict=False) if old.name and new is not None
    ]
    ir.convenience.replace_nodes_and_values(
        graph, node, [node], build.nodes, [old for old, _ in pairs], [new for _, new in pairs]
    )
